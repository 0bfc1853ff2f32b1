# SPDX-License-Identifier: GPL-2.0-or-later
"""Elastic constants, from stresses."""

from __future__ import annotations

import numpy as np

from ..cells import block
from .common import Property, Row

STRAIN = 0.002


def rows(_):
    return [Row("C11", "C11", "GPa", "crystal"), Row("C12", "C12", "GPa", "crystal"),
            Row("C44", "C44", "GPa", "crystal"),
            Row("B", "bulk modulus (C11 + 2 C12)/3", "GPa", "crystal")]


def stress(session, crystal, gradient):
    """Of the crystal whose cell's rows are turned into those times the gradient."""
    cell, positions = block(crystal.lattice, crystal.a, 0.5 * crystal.a)
    session.put(cell @ gradient, positions @ gradient)
    session.do("run 0 post no")
    return session.stress()


def run(session, crystal):
    along, shear = np.zeros((3, 3)), np.zeros((3, 3))
    along[0, 0] = shear[1, 0] = STRAIN
    pull = (stress(session, crystal, np.eye(3) + along)
            - stress(session, crystal, np.eye(3) - along)) / (2 * STRAIN)
    tilt = (stress(session, crystal, np.eye(3) + shear)
            - stress(session, crystal, np.eye(3) - shear)) / (2 * STRAIN)
    c11, c12, c44 = pull[0], 0.5 * (pull[1] + pull[2]), tilt[5]
    return {"C11": c11, "C12": c12, "C44": c44, "B": (c11 + 2 * c12) / 3}, []


ELASTIC = Property(
    "elastic", "Elastic constants", "quick", 1,
    "Stresses of the conventional cell, strained by ±0.002 along x (C11, C12) and sheared by a "
    "tilt of ±0.002 (C44); central differences. In bcc and fcc no atom moves within the cell.",
    rows, run)
