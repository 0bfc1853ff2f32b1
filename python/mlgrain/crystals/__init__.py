# SPDX-License-Identifier: GPL-2.0-or-later
"""Random crystals, and what is made of them to train potentials on."""
