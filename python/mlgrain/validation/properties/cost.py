# SPDX-License-Identifier: GPL-2.0-or-later
"""What a potential costs."""

from __future__ import annotations

import time

from ..cells import block
from .common import Property, Row

EDGE = 25.0  # Angstrom
LONG_ENOUGH = 0.5  # seconds


def rows(_):
    return [Row("cost", "time", "µs/atom/step", "cost")]


def run(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    session.put(cell, positions)
    session.do("velocity all create 600 4711\nfix move all nve\nrun 5 post no")
    session.ask()
    steps = 10
    while True:
        start = time.monotonic()
        session.do(f"run {steps} post no")
        session.ask()
        seconds = time.monotonic() - start
        if seconds > LONG_ENOUGH or steps > 10000:
            break
        steps *= 2
    session.do("unfix move\nvelocity all set 0 0 0")
    return {"cost": 1e6 * seconds / (steps * len(positions))}, []


COST = Property(
    "cost", "Cost", "quick", 1,
    "Time of steps of a run at constant energy of a cube with edges of 25 Å, at 300 K, for at "
    "least half a second. It depends on the machine and what else it does.",
    rows, run)
