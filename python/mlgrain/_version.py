# SPDX-License-Identifier: GPL-2.0-or-later
"""The version, readable without importing anything else."""

VERSION = "0.1.0"
