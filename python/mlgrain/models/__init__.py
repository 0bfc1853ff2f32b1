# SPDX-License-Identifier: GPL-2.0-or-later
"""Trained models: forests and Gaussian mixtures, their files, training and uncertainty."""
