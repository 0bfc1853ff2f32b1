# SPDX-License-Identifier: GPL-2.0-or-later
"""Dislocations <110>/2 on {111} of fcc crystals: how far apart their partials are."""

from __future__ import annotations

import numpy as np

from ..cylinder import Cylinder
from . import elastic
from .common import Failure, Property, Row, curve

RADIUS = 50.0  # Angstrom
NEAR = 1.2  # of half the distance of {111} planes: atoms next to the glide plane
APART = 20.0  # Angstrom: of the two halves of the Burgers vector at first
PASSES = 2  # the rim is made once more for the distance that was found
# Along the line, in the glide plane across it, normal; the Burgers vector is along the line (screw)
# or across it (edge).
LINES = {"edge": ((1, 1, -2), (-1, 1, 0), (1, 1, 1)), "screw": ((-1, 1, 0), (-1, -1, 2), (1, 1, 1))}


def rows(_):
    return [
        Row(f"partials_{name}", f"{name} dislocation, distance of its partials", "Å", "dislocation")
        for name in LINES
    ]


def displacement(name, y, z, b, poisson):
    """Of a dislocation at the origin in an isotropic medium (J. P. Hirth, J. Lothe, Theory of
    Dislocations, sections 3-2, 3-4), along b and along the normal; the cut is at y < 0."""
    angle = np.arctan2(z, y)
    if name == "screw":
        return b / (2 * np.pi) * angle, np.zeros_like(y)
    square = y * y + z * z
    along = b / (2 * np.pi) * (angle + y * z / (2 * (1 - poisson) * square))
    normal = -b / (2 * np.pi) * ((1 - 2 * poisson) / (4 * (1 - poisson)) * np.log(square)
                                 + (y * y - z * z) / (4 * (1 - poisson) * square))
    return along, normal


def start(cylinder, name, b, poisson, center, apart):
    """Two halves of the dislocation, so far apart in the glide plane."""
    found = cylinder.positions.copy()
    axis = 0 if name == "screw" else 1
    y, z = (cylinder.positions[:, 1:] - center).T
    for side in (-0.5, 0.5):
        along, normal = displacement(name, y - side * apart, z, 0.5 * b, poisson)
        found[:, axis] += along
        found[:, 2] += normal
    return found


def disregistry(cylinder, positions, name, a, center):
    """(places along y, how far the crystal above the glide plane has slipped over that below,
    along the Burgers vector, from 0 to b)."""
    axis = 0 if name == "screw" else 1
    spacing = a / np.sqrt(3)
    height = cylinder.positions[:, 2] - center[1]
    slip = (positions - cylinder.positions)[:, axis]
    sides = []
    for sign in (1, -1):
        row = (np.abs(height - sign * 0.5 * spacing) < 0.5 * spacing * (NEAR - 1)) \
            & (np.arange(len(slip)) < cylinder.moving)
        y = np.round(cylinder.positions[row, 1], 4)
        places = np.unique(y)
        sides.append((places, np.array([slip[row][y == place].mean() for place in places])))
    (above, up), (below, down) = sides
    y = np.linspace(max(above[0], below[0]), min(above[-1], below[-1]), 400)
    difference = np.interp(y, below, down) - np.interp(y, above, up)
    difference -= difference[-1]
    return y - center[0], difference * np.sign(difference[0])


def distance(y, slip, b):
    """Of the places where a quarter and three quarters of the Burgers vector have slipped: each
    partial has half of it along the Burgers vector."""
    def crossing(level):
        above = np.flatnonzero((slip[:-1] - level) * (slip[1:] - level) <= 0)
        if not len(above):
            raise Failure("the dislocation has left the middle of the cylinder")
        k = above[len(above) // 2]
        return y[k] + (level - slip[k]) * (y[k + 1] - y[k]) / (slip[k + 1] - slip[k] or 1.0)

    return abs(crossing(0.25 * b) - crossing(0.75 * b))


def run(session, crystal):
    constants, _ = elastic.run(session, crystal)
    poisson = constants["C12"] / (constants["C11"] + constants["C12"])
    b = crystal.a / np.sqrt(2)
    values, lines = {}, []
    for name, directions in LINES.items():
        # Halfway between two {111} planes, and not on an atom.
        center = np.array([0.1, -0.5 * crystal.a / np.sqrt(3)])
        cylinder = Cylinder("fcc", crystal.a, directions, center, RADIUS)
        apart = APART
        for _ in range(PASSES):
            _, relaxed = cylinder.relax(session, start(cylinder, name, b, poisson, center, apart))
            y, slip = disregistry(cylinder, relaxed, name, crystal.a, center)
            apart = distance(y, slip, b)
        values[f"partials_{name}"] = apart
        lines.append([name, y, slip / b])
    return values, [
        curve("partials", "Slip across the glide plane of dislocations",
              "distance from the middle (Å)", "slip / b", "dislocation", lines)
    ]


PARTIALS = Property(
    "partials", "Dislocations", "full", 1,
    "Cylinders one period long: atoms within 50 Å of the line move, those of a rim of 13 Å are "
    "held as isotropic elasticity has them (Poisson's ratio C12/(C11 + C12)), for two halves of "
    "the Burgers vector: first 20 Å apart, then as far as was found. The partials are where the "
    "slip across the glide plane is a quarter and three quarters of the Burgers vector. The rim "
    "squeezes them: with 75 instead of 50 Å Mishin's copper has 33.2 instead of 30.3 Å (edge), "
    "13.6 instead of 13.2 Å (screw), so compare potentials with each other.",
    rows, run, lattices=("fcc",))
