# SPDX-License-Identifier: GPL-2.0-or-later
"""What a potential costs."""

from __future__ import annotations

import time

from ..cells import block
from .common import Property, Row

EDGE = 25.0  # Angstrom
LONG_ENOUGH, REPEATS = 0.1, 5  # seconds


def rows(_):
    return [Row("cost", "time", "µs/atom/step", "cost")]


def timed(session, steps):
    """Seconds that so many steps take."""
    start = time.monotonic()
    session.do(f"run {steps} post no")
    session.ask()
    return time.monotonic() - start


def run(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    session.put(cell, positions)
    session.do("velocity all create 600 4711\nfix move all nve\nrun 5 post no")
    session.ask()
    steps, seconds = 5, 0.0
    while seconds < LONG_ENOUGH and steps < 10000:
        steps *= 2
        seconds = timed(session, steps)
    seconds = min(seconds, *(timed(session, steps) for _ in range(REPEATS)))
    session.do("unfix move\nvelocity all set 0 0 0")
    return {"cost": 1e6 * seconds / (steps * len(positions))}, []


COST = Property(
    "cost", "Cost", "quick", 2,
    "Time of steps of a run at constant energy of a cube with edges of 25 Å, at 300 K; the fastest "
    "of six runs of at least a tenth of a second. It depends on the machine, and on what else it "
    "does.",
    rows, run)
