# SPDX-License-Identifier: GPL-2.0-or-later
"""Perfect crystals, and the point defects in them."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from .structures import Structure

# Edges of the conventional cell over the lattice constant, fractional coordinates.
LATTICES = {
    "sc": ((1, 1, 1), [(0, 0, 0)]),
    "bcc": ((1, 1, 1), [(0, 0, 0), (0.5, 0.5, 0.5)]),
    "fcc": ((1, 1, 1), [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]),
    "diamond": ((1, 1, 1), [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0),
                            (0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75),
                            (0.75, 0.75, 0.25)]),
    "hcp": ((1, 3**0.5, (8 / 3)**0.5),
            [(0, 0, 0), (0.5, 0.5, 0), (0.5, 5 / 6, 0.5), (0, 1 / 3, 0.5)]),
}
DUMBBELL = 0.3  # half its length over the lattice constant
DIRECTIONS = {"100": (1, 0, 0), "110": (1, 1, 0), "111": (1, 1, 1)}


def crystal(name, a, species, least_edge):
    """A supercell with edges of at least `least_edge` (Angstrom)."""
    if name not in LATTICES:
        raise MLGrainError(f"{name!r} is none of the crystals {', '.join(LATTICES)}")
    ratios, basis = LATTICES[name]
    edges = a * np.array(ratios)
    repeats = np.ceil(least_edge / edges - 1e-9).astype(int)
    shifts = np.array(np.meshgrid(*map(np.arange, repeats), indexing="ij")).reshape(3, -1).T
    fractional = ((shifts[:, None] + np.array(basis, dtype=float)).reshape(-1, 3)) / repeats
    cell = np.diag(edges * repeats)
    return Structure(cell, fractional @ cell, np.full(len(fractional), species, dtype=np.int32),
                     "CRYSTAL", f"{name}{a:g}")


def vacancy(structure):
    return Structure(structure.cell, structure.positions[1:], structure.species[1:], "VACANCY",
                     f"{structure.ancestry}:VACANCY")


def interstitials(structure, a):
    """Dumbbells along three directions, in the place of the first atom."""
    found = []
    for name, direction in DIRECTIONS.items():
        step = DUMBBELL * a * np.array(direction) / np.linalg.norm(direction)
        positions = np.concatenate([structure.positions[:1] + step, structure.positions[1:],
                                    structure.positions[:1] - step])
        species = np.append(structure.species, structure.species[0])
        found.append(Structure(structure.cell, positions, species, "INTERSTITIAL",
                               f"{structure.ancestry}:INTERSTITIAL{name}"))
    return found
