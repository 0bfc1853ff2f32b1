# SPDX-License-Identifier: GPL-2.0-or-later
"""Places of atoms among the Voronoi cells of grains' seeds in a cubic periodic box."""

from __future__ import annotations

import numpy as np

CHUNK = 4096  # atoms at a time


def distances(positions, seeds, edge):
    """Of each atom the distance from the nearest boundary, which is the plane halfway between its
    two nearest seeds, and a lower bound of that from the nearest triple line: half of how much
    farther the third-nearest seed is than the nearest."""
    shifts = edge * np.array(list(np.ndindex(3, 3, 3))) - edge
    images = (np.asarray(seeds)[:, None] + shifts).reshape(-1, 3)
    x = np.asarray(positions) % edge
    boundary, line = np.empty(len(x)), np.empty(len(x))
    for first in range(0, len(x), CHUNK):
        part = slice(first, first + CHUNK)
        apart = np.linalg.norm(x[part, None] - images, axis=2)
        nearest = np.argpartition(apart, (0, 1, 2), axis=1)[:, :3]
        one, two, three = np.take_along_axis(apart, nearest, axis=1).T
        between = np.linalg.norm(images[nearest[:, 1]] - images[nearest[:, 0]], axis=1)
        boundary[part] = (two**2 - one**2) / (2 * between)
        line[part] = 0.5 * (three - one)
    return boundary, line
