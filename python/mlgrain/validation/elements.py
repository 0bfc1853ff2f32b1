# SPDX-License-Identifier: GPL-2.0-or-later
"""Masses of elements, and about how large their crystals are: where searches begin."""

from __future__ import annotations

from ..errors import MLGrainError

# g/mol (standard atomic weights), and Angstrom^3 of an atom in the crystal at room temperature, to
# two or three digits.
ELEMENTS = {
    "Li": (6.94, 21.3), "Be": (9.0122, 8.1), "C": (12.011, 5.7), "Na": (22.990, 39.5),
    "Mg": (24.305, 23.2), "Al": (26.982, 16.6), "Si": (28.085, 20.0), "K": (39.098, 75.3),
    "Ca": (40.078, 43.6), "Sc": (44.956, 25.0), "Ti": (47.867, 17.7), "V": (50.942, 13.9),
    "Cr": (51.996, 12.0), "Mn": (54.938, 12.2), "Fe": (55.845, 11.8), "Co": (58.933, 11.1),
    "Ni": (58.693, 10.9), "Cu": (63.546, 11.8), "Zn": (65.38, 15.2), "Ge": (72.630, 22.6),
    "Sr": (87.62, 56.1), "Y": (88.906, 33.0), "Zr": (91.224, 23.3), "Nb": (92.906, 18.0),
    "Mo": (95.95, 15.6), "Ru": (101.07, 13.6), "Rh": (102.91, 13.8), "Pd": (106.42, 14.7),
    "Ag": (107.87, 17.1), "Cd": (112.41, 21.6), "Ba": (137.33, 63.3), "Hf": (178.49, 22.3),
    "Ta": (180.95, 18.0), "W": (183.84, 15.9), "Re": (186.21, 14.7), "Os": (190.23, 14.0),
    "Ir": (192.22, 14.2), "Pt": (195.08, 15.1), "Au": (196.97, 17.0), "Pb": (207.2, 30.3),
    "Th": (232.04, 32.9), "U": (238.03, 20.8),
}


def element(symbol):
    """(mass, volume of an atom)"""
    if symbol not in ELEMENTS:
        raise MLGrainError(f"--element: {symbol!r} is none of {', '.join(ELEMENTS)} (for another, "
                           "give --mass and --a)")
    return ELEMENTS[symbol]
