# SPDX-License-Identifier: GPL-2.0-or-later
"""Energies of free surfaces."""

from __future__ import annotations

from ...boundaries.bicrystal import cross, primitive
from ..cells import between_planes, oriented, repeats
from .common import SURFACE, Property, Row

# Normals, and a direction in the plane.
PLANES = {
    "100": ((1, 0, 0), (0, 1, 1)),
    "110": ((1, 1, 0), (0, 0, 1)),
    "111": ((1, 1, 1), (1, -1, 0)),
    "112": ((1, 1, 2), (1, -1, 0))
}
THICKNESS, VACUUM = 22.0, 20.0  # Angstrom


def rows(_):
    return [Row(f"surface_{name}", f"surface {{{name}}}", "mJ/m²", "surface") for name in PLANES]


def run(session, crystal):
    values = {}
    for name, (normal, x) in PLANES.items():
        directions = (x, primitive(cross(normal, x)), normal)
        counts = repeats(crystal.lattice, crystal.a, directions, (0, 0, THICKNESS))
        cell, positions = oriented(crystal.lattice, crystal.a, directions, counts)
        positions = between_planes(cell, positions, 2)
        cell[2, 2] += VACUUM
        session.put(cell, positions)
        excess = session.relax() - len(positions) * crystal.e0
        values[f"surface_{name}"] = SURFACE * excess / (2 * cell[0, 0] * cell[1, 1])
    return values, []


SURFACES = Property(
    "surfaces", "Surfaces", "quick", 1,
    "Slabs of at least 22 Å between vacua of 20 Å, of the smallest rectangular cell in the plane "
    "(surfaces don't reconstruct), relaxed with the crystal's edges in the plane; excess energy "
    "over the area of both faces.",
    rows, run)
