# SPDX-License-Identifier: GPL-2.0-or-later
"""What a potential costs."""

from __future__ import annotations

import os
import time

from ..cells import block
from .common import Property, Row

EDGE = 25.0  # Angstrom
LONG_ENOUGH, REPEATS = 0.1, 5  # seconds


def rows(_):
    return [Row("cost", "CPU time", "µs/atom/step", "cost")]


def cpu_time(process):
    """Seconds of CPU time of a process, by number, its threads and its children; None where the
    system doesn't say."""
    total, waiting = 0, [process]
    try:
        while waiting:
            folder = f"/proc/{waiting.pop()}/task"
            for thread in os.listdir(folder):
                with open(f"{folder}/{thread}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
                with open(f"{folder}/{thread}/children", encoding="ascii") as file:
                    waiting += file.read().split()
    except (OSError, ValueError, IndexError):
        return None
    return 1e-9 * total


def timed(session, steps):
    """Seconds that so many steps take: of CPU time, or as they pass."""
    start, before = time.monotonic(), cpu_time(session.process.pid)
    session.do(f"run {steps} post no")
    session.ask()
    after = cpu_time(session.process.pid)
    return time.monotonic() - start if None in (before, after) else after - before


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
    "cost", "Cost", "quick", 3,
    "CPU time, of all ranks and threads, of steps of a run at constant energy of a cube with edges "
    "of 25 Å, at 300 K; the fastest of six runs of at least a tenth of a second. Where the system "
    "doesn't tell CPU time, time as it passes. It depends on the machine.",
    rows, run)
