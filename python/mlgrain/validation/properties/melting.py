# SPDX-License-Identifier: GPL-2.0-or-later
"""A bracket of the melting point, from crystal and liquid side by side (J. R. Morris, C. Z. Wang,
K. M. Ho, C. T. Chan, Phys. Rev. B 49, 3109 (1994), at constant temperature)."""

from __future__ import annotations

import numpy as np

from ..cells import block, nearest_neighbors, oriented, repeats
from .common import Failure, Property, Row
from .thermal import time_step

# Angstrom: the cube that is heated; the cell with two halves.
SMALL, WIDTH, LENGTH = 14.0, 17.0, 34.0
FIRST, HOTTEST, RATE = 300.0, 8000.0, 100.0  # K, K, K/ps
LOWEST = 0.6  # of what a perfect crystal stands: melting points are above it
SUPERHEAT = 0.8  # the melting point is about this part of what a perfect crystal stands
ENOUGH = 0.05  # width of the bracket, relative
REST, BETWEEN, MEAN = 3.0, 8.0, 1.0  # ps


def rows(_):
    return [Row("T_melt_low", "crystal grows beside liquid at", "K", "liquid"),
            Row("T_melt_high", "crystal melts beside liquid at", "K", "liquid")]


def stands(session, crystal, step):
    """The temperature at which a perfect crystal that is heated falls to pieces."""
    cell, positions = block(crystal.lattice, crystal.a, SMALL)
    session.put(cell, positions)
    distance = nearest_neighbors(crystal.lattice)[0] * crystal.a
    part = round(1.0 / step)  # 1 ps
    session.do(
        f"velocity all create {2 * FIRST} 4711 mom yes rot no\ncompute moved all msd com yes\n"
        "thermo_style custom step temp pe pxx pyy pzz pxy pxz pyz lx ly lz vol c_moved[4]")
    temperature = FIRST
    while temperature < HOTTEST:
        session.do(f"fix move all npt temp {temperature} {temperature + RATE} 0.1 iso 0 0 1.0\n"
                   f"run {part} post no\nunfix move")
        temperature += RATE
        if session.ask("c_moved[4]") > distance ** 2:
            break
    session.do("uncompute moved\n"
               "thermo_style custom step temp pe pxx pyy pzz pxy pxz pyz lx ly lz vol")
    if temperature >= HOTTEST:
        raise Failure(f"the crystal does not melt below {HOTTEST:g} K")
    return temperature


def halves(session, crystal, guess, step):
    """(cell, positions): crystal, and liquid in the upper half."""
    directions = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    a = 1.015 * crystal.a
    counts = repeats(crystal.lattice, a, directions, (WIDTH, WIDTH, LENGTH))
    cell, positions = oriented(crystal.lattice, a, directions, counts)
    positions = positions[np.argsort(positions[:, 2], kind="stable")]
    half = int(np.count_nonzero(positions[:, 2] < 0.5 * cell[2, 2] - 1e-6))
    session.put(cell, positions)
    session.do(
        f"group upper id > {half}\nvelocity upper create {4 * guess} 4711 mom yes rot no\n"
        f"fix move upper nvt temp {2 * guess} {1.2 * guess} 0.1\nrun {round(4.0 / step)} post no\n"
        "unfix move\ngroup upper delete\nvelocity all set 0 0 0")
    cell, values = session.get()
    return cell, values[:, :3]


def melts(session, start, temperature, step):
    """Whether the crystal becomes less: the energy rises."""
    session.put(*start)
    every = round(MEAN / step / 10)
    session.do(f"velocity all create {temperature} 4711 mom yes rot no\n"
               f"fix move all npt temp {temperature} {temperature} 0.1 aniso 0 0 1.0 couple xy\n"
               f"run {round(REST / step)} post no\nreset_timestep 0\nvariable energy equal pe\n"
               f"fix mean all ave/time {every} 10 {10 * every} v_energy\nrun {10 * every} post no")
    before = session.ask("f_mean")
    session.do(f"unfix mean\nrun {round(BETWEEN / step)} post no\nreset_timestep 0\n"
               f"fix mean all ave/time {every} 10 {10 * every} v_energy\nrun {10 * every} post no")
    after = session.ask("f_mean")
    session.do("unfix mean\nunfix move\nvariable energy delete")
    return after > before


def run(session, crystal):
    step = time_step(crystal.mass)
    session.do(f"timestep {step}")
    limit = stands(session, crystal, step)
    start = halves(session, crystal, SUPERHEAT * limit, step)
    least = low = LOWEST * limit
    high = limit
    while high - low > ENOUGH * low:
        middle = 0.5 * (low + high)
        if melts(session, start, middle, step):
            high = middle
        else:
            low = middle
    if low == least and melts(session, start, low, step):
        raise Failure(f"the crystal melts at {low:.0f} K already, though it stands {limit:.0f} K")
    session.do("timestep 0.001")
    return {"T_melt_low": low, "T_melt_high": high}, []


MELTING = Property(
    "melting", "Melting", "full", 1,
    "A perfect crystal is heated by 100 K/ps until its atoms change places, which is some 25 % "
    "above the melting point. Cells of 17 Å x 17 Å x 34 Å, the upper half melted, are then run at "
    "zero pressure for 12 ps at temperatures between 0.6 of that and that: where the energy rises, "
    "the crystal melts. The interval is halved until it is 5 % wide. So small and short, it is a "
    "bracket only, and high by a few per cent: Mishin's copper, which melts at 1327 K, has 1350 and "
    "1400 K.",
    rows, run)
