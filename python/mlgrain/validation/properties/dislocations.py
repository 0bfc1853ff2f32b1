# SPDX-License-Identifier: GPL-2.0-or-later
"""Straight dislocations of several characters, <110>/2 on {111} of fcc and <111>/2 on {110} of bcc
crystals: energies of their cores, and how far apart the partials of fcc ones are.

With K = b B b of anisotropic elasticity (anisotropic.py), atoms within R of a line have per length

    E(R) = E_core + K ln(R / |b|) - D(R) + O(1/R^2),

which says what E_core is: the core's radius is the Burgers vector's length. D is what the fields of
two partials have beyond R more than that of one dislocation between them. E(R) is a sum of energies
of atoms, but far from the line it doesn't matter how a potential divides its energy among them:
atoms are centers of inversion, so that what passes through the circle from one division to another
vanishes as 1/R^2."""

from __future__ import annotations

import numpy as np

from ..anisotropic import Line, stiffness
from ..cells import oriented
from ..cylinder import Cylinder
from ..session import EV_PER_CUBE
from . import elastic
from .common import MILLI, Failure, Property, Row, curve

RADIUS = {"fcc": 50.0, "bcc": 30.0}  # Angstrom, of what moves
NEAR = 1.2  # of half the distance of {111} planes: atoms next to the glide plane
APART = 20.0  # Angstrom: of the partials of the first one at first
AGAIN = 1  # times that the rim is made once more, for the distance that was found
STARTS = {"fcc": 1, "bcc": 2}  # places of the line within a period across it
FIRST, LAST = 0.6, 2.0  # radii R: from this part of what moves to so many Angstrom from its rim
NORMAL = {"fcc": (1, 1, 1), "bcc": (1, -1, 0)}
BURGERS = {"fcc": (-1, 1, 0), "bcc": (1, 1, 1)}
# Along the line, by the angle between it and the Burgers vector (degrees).
LINES = {"fcc": {0: (-1, 1, 0), 30: (-2, 1, 1), 60: (0, 1, -1), 90: (1, 1, -2)},
         "bcc": {0: (1, 1, 1), 35: (1, 1, 0), 55: (0, 0, 1), 71: (1, 1, -1), 90: (1, 1, -2)}}
NAMES = {0: "screw", 90: "edge"}


def rows(lattice):
    found = [Row(f"partials_{NAMES[angle]}",
                 f"{NAMES[angle]} dislocation, distance of its partials", "Å", "dislocation")
             for angle in (90, 0)] if lattice == "fcc" else []
    for angle in LINES[lattice]:
        name = f"{angle}°" + (f" ({NAMES[angle]})" if angle in NAMES else "")
        found += [
            Row(f"core_{angle}", f"core energy, {name}", "meV/Å", "dislocation"),
            Row(f"line_{angle}", f"K of this, {name}", "meV/Å", "listed")
        ]
    return found


class Dislocation:
    """One character in a crystal: directions of its cylinder, medium, and Burgers vectors b
    (whole) and `parts` in the coordinates of these, Angstrom.

    K    energy per length and logarithm of the radius, eV/Angstrom
    """

    def __init__(self, crystal, angle, constants):
        c11, c12, c44 = (float(constants[key]) / EV_PER_CUBE for key in ("C11", "C12", "C44"))
        if min(c11 - c12, c11 + 2 * c12, c44) <= 0:
            raise Failure("there is no elasticity of dislocations in an unstable crystal")
        along, normal = np.array(LINES[crystal.lattice][angle]), np.array(NORMAL[crystal.lattice])
        across = np.cross(normal, along)
        across //= np.gcd.reduce(across)
        self.axes = tuple(tuple(int(k) for k in one) for one in (along, across, normal))
        self.stiff = stiffness(c11, c12, c44, self.axes)
        self.line = Line(self.stiff)
        turn = np.array(self.axes) / np.linalg.norm(self.axes, axis=1)[:, None]
        self.b = 0.5 * crystal.a * (turn @ BURGERS[crystal.lattice])
        self.K = self.b @ self.line.energy @ self.b
        self.length = np.linalg.norm(self.b)
        aside = np.cross([0.0, 0.0, 1.0], self.b) / (2 * np.sqrt(3))
        # Shockley partials with the intrinsic fault, not like planes on like, between them.
        self.parts = [0.5 * self.b + aside, 0.5 * self.b - aside] if crystal.lattice == "fcc" \
            else [self.b]

    def repulsion(self):
        """b1 B b2 of the partials, to which their distance is proportional."""
        return self.parts[0] @ self.line.energy @ self.parts[-1]

    def places(self, apart):
        """y of each part."""
        return [0.5 * apart, -0.5 * apart] if len(self.parts) == 2 else [0.0]

    def displacement(self, y, z, apart):
        """[atoms, 3] of the parts, so far apart in the glide plane."""
        return sum(self.line.displacement(b, y - place, z)
                   for b, place in zip(self.parts, self.places(apart)))

    def outside(self, radius, apart, nodes=12, angles=120):
        """D: energy per length beyond a radius that the parts have more than one dislocation in
        their middle."""
        t, weights = np.polynomial.legendre.leggauss(nodes)
        t = 0.5 * (t + 1)  # radius / r
        turn = 2 * np.pi * np.arange(angles) / angles
        y, z = (radius / t[:, None] * one for one in (np.cos(turn), np.sin(turn)))
        parts = sum(self.line.gradient(b, y - place, z)
                    for b, place in zip(self.parts, self.places(apart)))
        whole = self.line.gradient(self.b, y, z)
        density = 0.5 * np.einsum("ijkl,...ij,...kl->...", self.stiff, parts - whole,
                                  parts + whole)
        return float(0.5 * weights @ (density.mean(axis=1) * 2 * np.pi * radius ** 2 / t ** 3))


def disregistry(cylinder, positions, dislocation, spacing, center):
    """(places along y, how far the crystal above the glide plane has slipped over that below,
    along the Burgers vector, from 0 to b). spacing: of planes along the normal."""
    height = cylinder.positions[:, 2] - center[1]
    slip = (positions - cylinder.positions) @ dislocation.b / dislocation.length
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


def within(session, crystal, cylinder, positions, center):
    """(distances of atoms from the line, in order; energies of all up to each, beyond the
    crystal's, per length)"""
    session.do("compute energy all pe/atom")
    cylinder.energy(session, positions)
    _, values = session.get("c_energy")
    session.do("uncompute energy")
    distances = np.linalg.norm(cylinder.positions[:, 1:] - center, axis=1)
    order = np.argsort(distances, kind="stable")
    return distances[order], np.cumsum(values[order, 3] - float(crystal.e0)) / cylinder.cell[0, 0]


def core(dislocation, distances, energies, radius, apart):
    """(core energy, radii R, E(R) - K ln(R / b) + D(R)): the first is what these become where
    1/R^2 is 0."""
    first, last = max(FIRST * radius, 0.5 * apart + 2 * dislocation.length), radius - LAST
    if last - first < 0.2 * radius:
        raise Failure(f"the partials are {apart:.0f} Å apart, too far for the cylinder")
    radii = np.linspace(first, last, 100)
    found = energies[np.searchsorted(distances, radii, side="right") - 1]
    found = found - dislocation.K * np.log(radii / dislocation.length)
    some = np.linspace(first, last, 8)
    found += np.interp(radii, some, [dislocation.outside(one, apart) for one in some])
    terms = np.array([np.ones_like(radii), radii ** -2.0]).T
    return np.linalg.lstsq(terms, found, rcond=None)[0][0], radii, found


def relaxed(session, crystal, dislocation, center, apart):
    """(cylinder, positions, distance of the partials, [places along y, slip there]): from partials
    so far apart; 0 and nothing where there are none."""
    cylinder = Cylinder(crystal.lattice, crystal.a, dislocation.axes, center,
                        RADIUS[crystal.lattice])
    y, z = (cylinder.positions[:, 1:] - center).T
    field = dislocation.displacement(y, z, apart)
    _, positions = cylinder.relax(session, cylinder.positions + field)
    if len(dislocation.parts) == 1:
        return cylinder, positions, 0.0, None
    spacing = crystal.a / np.sqrt(3)
    for _ in range(AGAIN):
        slip = disregistry(cylinder, positions, dislocation, spacing, center)
        change = dislocation.displacement(y, z, distance(*slip, dislocation.length)) - field
        field = field + change
        _, positions = cylinder.relax(session, positions + change)
    slip = disregistry(cylinder, positions, dislocation, spacing, center)
    return cylinder, positions, distance(*slip, dislocation.length), slip


def centers(crystal, dislocation):
    """Where lines are put: halfway between two planes, and not on an atom."""
    cell, positions = oriented(crystal.lattice, crystal.a, dislocation.axes)
    plane = np.unique(np.round(positions[:, 2], 4))
    columns = np.unique(np.round(positions[np.abs(positions[:, 2]) < 1e-3, 1], 4))
    period = cell[1, 1] / len(columns)
    height = -0.5 * (plane[1] - plane[0])
    return [np.array([0.1 + period * k / STARTS[crystal.lattice], height])
            for k in range(STARTS[crystal.lattice])]


def run(session, crystal):
    constants, _ = elastic.run(session, crystal)
    values, slips, energies = {}, [], []
    ratio = None  # of the partials' distance and their repulsion
    for angle in LINES[crystal.lattice]:
        one = Dislocation(crystal, angle, constants)
        found = []
        for center in centers(crystal, one):
            cylinder, positions, apart, slip = relaxed(
                session, crystal, one, center, ratio * one.repulsion() if ratio else APART)
            atoms = within(session, crystal, cylinder, positions, center)
            found.append((*core(one, *atoms, RADIUS[crystal.lattice], apart), apart, slip))
        energy, radii, flat, apart, slip = min(found, key=lambda each: each[0])
        values[f"core_{angle}"], values[f"line_{angle}"] = MILLI * energy, MILLI * one.K
        energies.append([f"{angle}°", radii, MILLI * flat])
        if slip:
            ratio = apart / one.repulsion()
            if angle in NAMES:
                values[f"partials_{NAMES[angle]}"] = apart
                slips.append([NAMES[angle], slip[0], slip[1] / one.length])
    return values, curves(crystal.lattice, values, energies, slips)


def curves(lattice, values, energies, slips):
    angles = list(LINES[lattice])
    found = [curve("core_energies", "Core energies of dislocations",
                   "angle between line and Burgers vector (degrees)", "core energy (meV/Å)",
                   "dislocation", [["", angles, [values[f"core_{angle}"] for angle in angles]]]),
             curve("line_energies", "Energies of dislocations within R, less K ln(R/b) - D(R)",
                   "R (Å)", "energy (meV/Å)", "dislocation", energies)]
    if slips:
        found.append(curve("partials", "Slip across the glide plane of dislocations",
                           "distance from the middle (Å)", "slip / b", "dislocation", slips))
    return found


DISLOCATIONS = Property(
    "dislocations", "Dislocations", "full", 1,
    "Cylinders one period long about lines at several angles to the Burgers vector, <110>/2 on "
    "{111} in fcc and <111>/2 on {110} in bcc crystals: atoms within 50 Å (fcc) or 30 Å (bcc) of "
    "the line move, those of a rim of 13 Å are held as anisotropic elasticity with the constants of "
    "this card has them; in fcc for two Shockley partials, first 20 Å apart (or as those of the "
    "line before say), then as far as was found. The partials are where the slip across the glide "
    "plane is a quarter and three quarters of the Burgers vector. In bcc the lower of two starts, at "
    "different places between columns of atoms. Core energy: energy per length of the atoms within "
    "R of the line, beyond the crystal's, less K ln(R/b) - D(R), with K = b·B·b of anisotropic "
    "elasticity (Barnett, Lothe) and D what the fields of two partials have beyond R more than that "
    "of one dislocation; a constant and a term in 1/R² are fitted from 0.6 of the radius of what "
    "moves to 2 Å from its rim. So the core's radius is b; with another one, r, K ln(r/b) is added.",
    rows, run)
