# SPDX-License-Identifier: GPL-2.0-or-later
"""The screw dislocation <111>/2 of bcc crystals: its cores and the Peierls barrier, in a
cylinder."""

from __future__ import annotations

import numpy as np

from ..band import path
from ..cylinder import Cylinder
from .common import MILLI, Property, Row, curve

RADIUS = 20.0  # Angstrom, of what moves
IMAGES, BAND_FORCE = 7, 5e-3  # with both ends; eV/Angstrom


def rows(_):
    return [Row("screw_hard", "screw dislocation, hard less easy core", "meV/b", "dislocation"),
            Row("screw_peierls", "screw dislocation, Peierls barrier", "meV/b", "dislocation")]


def around(a, center):
    """A cylinder about a point of the plane across <111>, in which columns of atoms are a
    sqrt(6)/3 apart in rows along y, the rows a/sqrt(2) apart."""
    return Cylinder("bcc", a, ((1, 1, 1), (-1, -1, 2), (1, -1, 0)), center, RADIUS)


def displaced(cylinder, where, sign):
    """Positions with a screw dislocation at `where` in the plane."""
    found = cylinder.positions.copy()
    angle = np.arctan2(found[:, 2] - where[1], found[:, 1] - where[0])
    found[:, 0] += sign * cylinder.cell[0, 0] / (2 * np.pi) * angle
    return found


def held_at(cylinder, session, rim, where, sign, columns=0):
    """(energy, positions) with a dislocation at `where` and the rim held as it is in `rim`; so many
    columns next to the dislocation are held along it."""
    start = displaced(cylinder, where, sign)
    start[cylinder.moving:] = rim[cylinder.moving:]
    distance = np.linalg.norm(cylinder.positions[:, 1:] - where, axis=1)
    return cylinder.relax(session, start, np.argsort(distance, kind="stable")[:columns])


def cores(session, crystal):
    """(sign for which the triangle of columns that points up is the easy core's, energy of the
    hard core less that of the easy one). Both are in one cylinder, about the point between
    them."""
    s, h = crystal.a * np.sqrt(6) / 3, crystal.a / np.sqrt(2)
    up, down = np.array([0.5 * s, h / 3]), np.array([s, 2 * h / 3])
    between = 0.5 * (up + down)
    cylinder = around(crystal.a, between)
    differences = {}
    for sign in (1, -1):
        rim = displaced(cylinder, between, sign)
        # With columns held, cores stay where they are put.
        energies = [held_at(cylinder, session, rim, where, sign, 3)[0] for where in (up, down)]
        differences[sign] = energies[1] - energies[0]
    easy = max(differences, key=differences.get)
    return easy, differences[easy]


def barrier(session, crystal, sign):
    """(energies along the way from one easy core to the next, the highest of them)"""
    s, h = crystal.a * np.sqrt(6) / 3, crystal.a / np.sqrt(2)
    up, between = np.array([0.5 * s, h / 3]), np.array([s, h / 3])
    cylinder = around(crystal.a, between)
    rim = displaced(cylinder, between, sign)
    ends = [held_at(cylinder, session, rim, where, sign)[1] for where in (up, up + [s, 0.0])]
    images = [ends[0] + part * (ends[1] - ends[0]) for part in np.linspace(0, 1, IMAGES)]
    energies, images = path(lambda some: cylinder.evaluate(session, some), images, BAND_FORCE)
    top = int(energies.argmax())
    height = (cylinder.energy(session, images[top]) - cylinder.energy(session, images[0])
              if top else 0.0)
    return energies - energies[0], height


def run(session, crystal):
    sign, hard = cores(session, crystal)
    energies, height = barrier(session, crystal, sign)
    values = {"screw_hard": MILLI * hard, "screw_peierls": MILLI * height}
    return values, [
        curve("peierls", "Peierls barrier of the screw dislocation <111>/2", "part of the way",
              "energy (meV/b)", "dislocation",
              [["", np.linspace(0, 1, IMAGES), MILLI * energies]])
    ]


SCREW = Property(
    "screw", "Screw dislocation", "full", 1,
    "A cylinder along <111>, one Burgers vector long: atoms within 20 Å of the dislocation move, "
    "those of a rim of 13 Å are held. Centers of triangles of columns that point up hold an easy "
    "core for one sign of the Burgers vector and a hard one for the other, those that point down "
    "the reverse. Hard and easy core: of one sign, in one cylinder about the point between them, "
    "with one rim (of different signs the rim's outer surface would count, too), the three central "
    "columns held along <111>. Barrier: a nudged elastic band of seven images from one easy core "
    "to the next on {110}, forces to 5 meV/Å; the rim is that of a dislocation halfway, for all "
    "images, which lowers the barrier by about 1 meV/b. Periodic dipoles of DFT's size are no good "
    "for this: as both dislocations can move, they annihilate.",
    rows, run, lattices=("bcc",))
