# SPDX-License-Identifier: GPL-2.0-or-later
"""Strained and shaken structures."""

from __future__ import annotations

import numpy as np

from .structures import reduced

TRIES = 10  # for one that the limits allow
SMALL = 0.05  # the other strains of each kind, and those of RATTLE


def triaxial(structure, amplitude, random):
    """Its edges' directions stretched or compressed by up to `amplitude`, with a little shear."""
    return _strained(structure, random.uniform(-amplitude, amplitude, 3),
                     random.uniform(-SMALL, SMALL, 3))


def sheared(structure, amplitude, random):
    return _strained(structure, random.uniform(-SMALL, SMALL, 3),
                     random.uniform(-amplitude, amplitude, 3))


def rattled(structure, amplitude, random):
    """Atoms moved by up to `amplitude` (Angstrom; uniform in a ball), the cell strained a
    little."""
    cell, positions = _strained(structure, random.uniform(-SMALL, SMALL, 3),
                                random.uniform(-SMALL, SMALL, 3))
    directions = random.normal(size=positions.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return cell, positions + amplitude * directions * np.cbrt(random.random((len(positions), 1)))


def _strained(structure, normal, shear):
    """cell and positions; the strain tensor is symmetric."""
    xx, yy, zz = normal
    yz, xz, xy = shear
    change = np.eye(3) + np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    return structure.cell @ change, structure.positions @ change


KINDS = {"TRIAX": triaxial, "SHEAR": sheared, "RATTLE": rattled}


def variants(structures, wanted, limits, seed):
    """wanted: {kind: (number of each structure, amplitude)}. Those that the limits allow, in ten
    tries each."""
    found = []
    for k, structure in enumerate(structures):
        for place, (kind, (count, amplitude)) in enumerate(wanted.items()):
            random = np.random.default_rng([seed, 2, k, place])
            for number in range(1, count + 1):
                for _ in range(TRIES):
                    cell, positions = KINDS[kind](structure, amplitude, random)
                    if np.linalg.det(cell) <= 0 or not limits.hold_volume(cell, structure.species):
                        continue
                    one = reduced(structure.derived(kind, cell, positions, number))
                    if limits.hold(one):
                        found.append(one)
                        break
    return found
