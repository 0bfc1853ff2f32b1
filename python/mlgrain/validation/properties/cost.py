# SPDX-License-Identifier: GPL-2.0-or-later
"""What a potential costs."""

from __future__ import annotations

import time

from ..cells import block
from ..session import cpu_time
from .common import Property, Row

EDGE = 25.0  # Angstrom
LONG_ENOUGH, REPEATS = 0.1, 5  # seconds


def rows(_):
    return [Row("cost", "CPU time", "µs/atom/step", "cost")]


def timed(session, steps):
    """Seconds that so many steps take: of CPU time, or as they pass."""
    start, before = time.monotonic(), cpu_time(session.process.pid)
    session.do(f"run {steps} pre no post no")  # what comes before a run is no step
    session.ask()
    after = cpu_time(session.process.pid)
    return time.monotonic() - start if None in (before, after) else after - before


def run(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    session.put(cell, positions)
    session.do("velocity all create 600 4711\nfix move all nve\nrun 2 post no")
    session.ask()
    steps, seconds = 1, timed(session, 1)
    while seconds < LONG_ENOUGH and steps < 10000:
        steps *= 2
        seconds = timed(session, steps)
    seconds = min(seconds, *(timed(session, steps) for _ in range(REPEATS)))
    session.do("unfix move\nvelocity all set 0 0 0")
    return {"cost": 1e6 * seconds / (steps * len(positions))}, []


COST = Property(
    "cost", "Cost", "quick", 4,
    "CPU time, of all ranks and threads, of steps of a run at constant energy of a cube with edges "
    "of 25 Å, at 300 K; the fastest of six runs of at least a tenth of a second. Where the system "
    "doesn't tell CPU time, time as it passes. It depends on the machine.",
    rows, run)
