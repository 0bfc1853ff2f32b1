# SPDX-License-Identifier: GPL-2.0-or-later
"""Grain boundaries: cells with their atoms, and features of whole boundaries."""
