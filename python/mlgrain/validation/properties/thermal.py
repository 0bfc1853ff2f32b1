# SPDX-License-Identifier: GPL-2.0-or-later
"""Thermal expansion, by molecular dynamics."""

from __future__ import annotations

import numpy as np

from ..cells import ATOMS_PER_CUBE, block
from .common import Failure, Property, Row, curve

EDGE = 14.0  # Angstrom
TEMPERATURES = (300, 600, 900)  # K
REST, MEAN = 5.0, 10.0  # ps
LARGEST = 1.1  # of the lattice constant at 0 K: beyond it, this is no crystal any more


def time_step(mass):
    """ps: 2 fs for copper and heavier atoms, less for lighter ones."""
    return round(0.002 * min(1.0, np.sqrt(mass / 60.0)), 5)


def rows(_):
    return [*(Row(f"a_{t}", f"lattice constant at {t} K", "Å", "warm") for t in TEMPERATURES),
            Row("expansion", "linear expansion, mean from 300 to 900 K", "10⁻⁶/K", "warm")]


def run(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    step = time_step(crystal.mass)
    found = []
    for temperature in TEMPERATURES:
        session.put(cell, positions)
        samples = round(MEAN / step / 10)
        session.do(
            f"timestep {step}\nvelocity all create {2 * temperature} 4711 mom yes rot no\n"
            f"fix move all npt temp {temperature} {temperature} $(100*dt) iso 0 0 $(1000*dt)\n"
            f"run {round(REST / step)} post no\nreset_timestep 0\nvariable volume equal vol\n"
            f"fix mean all ave/time 10 {samples} {10 * samples} v_volume\n"
            f"run {10 * samples} post no")
        volume = session.ask("f_mean")
        session.do("unfix mean\nunfix move\nvariable volume delete\ntimestep 0.001")
        a = (volume / len(positions) * ATOMS_PER_CUBE[crystal.lattice]) ** (1 / 3)
        if a > LARGEST * crystal.a:
            raise Failure(
                f"the crystal is none any more at {temperature} K: its lattice constant would be "
                f"{a:.2f} Å")
        found.append(a)
    values = {f"a_{t}": a for t, a in zip(TEMPERATURES, found)}
    values["expansion"] = 1e6 * (found[-1] - found[0]) / (TEMPERATURES[-1] -
                                                          TEMPERATURES[0]) / found[0]
    return values, [
        curve("expansion", "Thermal expansion", "temperature (K)", "a / a(0 K) - 1 (%)", "warm",
              [["", [0, *TEMPERATURES], [0.0, *(100 * (a / crystal.a - 1) for a in found)]]])
    ]


EXPANSION = Property(
    "thermal", "Thermal expansion", "full", 1,
    "Cubes with edges of 14 Å or more at zero pressure (npt, damping 0.1 and 1 ps at steps of 1 "
    "fs): 5 ps, then the mean volume of 10 ps. Without quantum effects, which matter below the "
    "Debye temperature.",
    rows, run)
