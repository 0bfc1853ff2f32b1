# SPDX-License-Identifier: GPL-2.0-or-later
"""Curated samples (Mishra et al.): many rows at random, and some of the rare ones of high energy."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError


def curated(energy, random, high, pool, seed):
    """Row numbers, increasing: `high` of the `pool` rows of highest energy, `random` of the others.

    The paper takes 180000, 20000 and 40000; for each of several tilt axes together 40000 and 10000.
    Rows whose energy is not finite are never taken.
    """
    energy = np.asarray(energy)
    usable = np.flatnonzero(np.isfinite(energy))
    if not 0 <= high <= pool:
        raise MLGrainError(f"{high} rows can't be drawn from a pool of {pool}")
    if pool > len(usable) or random + high > len(usable):
        raise MLGrainError(f"{random} + {high} rows, with a pool of {pool}, can't be drawn from "
                           f"{len(usable)} usable ones")
    generator = np.random.default_rng(seed)
    top = usable[np.argpartition(energy[usable], len(usable) - pool)[len(usable) - pool:]] \
        if pool else np.empty(0, np.int64)
    rare = generator.choice(np.sort(top), high, replace=False)
    others = np.setdiff1d(usable, rare, assume_unique=True)
    return np.sort(np.concatenate([rare, generator.choice(others, random, replace=False)]))


def per_group(groups, energy, random, high, pool, seed):
    """The same within each value of `groups`."""
    parts = []
    for index, group in enumerate(np.unique(groups)):
        rows = np.flatnonzero(groups == group)
        try:
            parts.append(rows[curated(energy[rows], random, high, pool, [seed, index])])
        except MLGrainError as error:
            raise MLGrainError(f"group {group:g}: {error}") from error
    return np.sort(np.concatenate(parts))
