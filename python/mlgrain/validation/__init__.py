# SPDX-License-Identifier: GPL-2.0-or-later
"""Report cards of potentials: what crystals, defects and boundaries are like with any pair style of
LAMMPS, beside references."""
