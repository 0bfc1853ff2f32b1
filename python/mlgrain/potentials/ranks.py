# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that train one potential together: `mpirun -n N mlgrain mtp train ...`, by mpi4py."""

from __future__ import annotations

import os

import numpy as np

from ..errors import MLGrainError

# What Open MPI, MPICH and Intel MPI, MVAPICH, and Slurm tell a process that they start.
COUNTS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")


class Ranks:
    """Processes with the same configurations, each of which works on its share; or one alone.

    rank, size  of MPI's communicator
    """

    def __init__(self, communicator=None):
        self._communicator = communicator
        self.rank = communicator.Get_rank() if communicator else 0
        self.size = communicator.Get_size() if communicator else 1

    def share(self, items):
        """Those of this process."""
        if len(items) < self.size:
            raise MLGrainError(f"{self.size} processes for {len(items)} configurations: start at "
                               "most one for each")
        return items[self.rank::self.size]

    def sum(self, array):
        """Of the processes' arrays: the same on all of them, to the last bit."""
        if self.size == 1:
            return array
        array = np.ascontiguousarray(array, dtype=float)
        total = np.empty_like(array) if self.rank == 0 else None
        self._communicator.Reduce(array, total, root=0)
        return self.same(total)

    def same(self, value):
        """What the first process has."""
        return value if self.size == 1 else self._communicator.bcast(value, root=0)

    def abort(self):
        """Ends all processes, of which others may be waiting for this one."""
        self._communicator.Abort(1)


ALONE = Ranks()


def started():
    """The Ranks that this process is one of."""
    count = max((int(os.environ[name]) for name in COUNTS
                 if os.environ.get(name, "").isdecimal()), default=1)
    if count < 2:
        return ALONE
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise MLGrainError(f"started as one of {count} processes, which needs mpi4py "
                           f"({error})") from error
    return Ranks(MPI.COMM_WORLD)
