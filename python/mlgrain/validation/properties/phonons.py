# SPDX-License-Identifier: GPL-2.0-or-later
"""Phonons, from forces after one atom is moved (K. Parlinski, Z. Q. Li, Y. Kawazoe, Phys. Rev.
Lett. 78, 4063 (1997))."""

from __future__ import annotations

import itertools

import numpy as np

from ..cells import block
from .common import Property, Row, curve

EDGE, STEP = 14.0, 0.02  # Angstrom
THZ = 15.633302  # of the root of an eV/Angstrom^2 over g/mol, over 2 pi
# In 2 pi / a.
POINTS = {"Γ": (0, 0, 0), "H": (1, 0, 0), "P": (0.5, 0.5, 0.5), "N": (0.5, 0.5, 0),
          "X": (1, 0, 0), "W": (1, 0.5, 0), "L": (0.5, 0.5, 0.5)}
WAYS = {"bcc": "ΓHPΓN", "fcc": "ΓXWΓL"}
BETWEEN = 30  # points of a leg


def rows(lattice):
    names = [("H", "H"), ("N_1", "N, T₁"), ("N_2", "N, T₂"),
             ("N_3", "N, L")] if lattice == "bcc" else \
            [("X_1", "X, T"), ("X_3", "X, L"), ("L_1", "L, T"), ("L_3", "L, L")]
    return [Row(f"phonon_{key}", f"phonon {label}", "THz", "crystal") for key, label in names]


def force_constants(session, cell, positions):
    """[atoms, 3, 3]: of the first atom with all, eV/Angstrom^2."""
    found = np.zeros((len(positions), 3, 3))
    for axis, sign in itertools.product(range(3), (1, -1)):
        moved = positions.copy()
        moved[0, axis] += sign * STEP
        session.put(cell, moved)
        session.do("run 0 post no")
        _, values = session.get("fx", "fy", "fz")
        found[:, axis] -= sign * values[:, 3:6] / (2 * STEP)
    found[0] -= found.sum(axis=0)  # a crystal moved as a whole has no forces
    return found


def images(cell, positions):
    """For each atom the vectors to its nearest images from the first, equally near ones all."""
    shifts = np.array(list(itertools.product((-1, 0, 1), repeat=3))) @ cell
    found = []
    for position in positions - positions[0]:
        apart = position + shifts
        length = np.linalg.norm(apart, axis=1)
        found.append(apart[length < length.min() + 1e-4])
    return found


def frequencies(constants, vectors, mass, q):
    """Three, THz, the lowest first; unstable ones are negative."""
    matrix = sum(one * np.exp(1j * near @ q).mean() for one, near in zip(constants, vectors))
    squares = np.linalg.eigvalsh(0.5 * (matrix + matrix.conj().T)) / mass
    return THZ * np.sign(squares) * np.sqrt(np.abs(squares))


def run(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    constants = force_constants(session, cell, positions)
    vectors = images(cell, positions)

    def at(point):
        return frequencies(constants, vectors, crystal.mass, 2 * np.pi / crystal.a * point)

    values = {}
    for row in rows(crystal.lattice):
        name, _, number = row.key.removeprefix("phonon_").partition("_")
        values[row.key] = float(at(np.array(POINTS[name]))[int(number or 1) - 1])
    way = WAYS[crystal.lattice]
    ends = [np.array(POINTS[name], dtype=float) for name in way]
    x, branches, marks = [], [], [(way[0], 0.0)]
    for low, high, name in zip(ends, ends[1:], way[1:]):
        start = marks[-1][1]
        for part in np.linspace(0, 1, BETWEEN + 1):
            x.append(start + part * np.linalg.norm(high - low))
            branches.append(at(low + part * (high - low)))
        marks.append((name, x[-1]))
    lines = [["", x, branch] for branch in np.transpose(branches)]
    return values, [curve("phonons", "Phonons", "", "frequency (THz)", "crystal", lines, marks)]


PHONONS = Property(
    "phonons", "Phonons", "quick", 1,
    "Cubes with edges of 14 Å or more; one atom is moved by ±0.02 Å along each axis, and the "
    "forces give the dynamical matrix, with atoms at the border shared by their equally near "
    "images. Negative frequencies are imaginary ones: the crystal is unstable.",
    rows, run)
