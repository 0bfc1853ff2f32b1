#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Mobility or shear coupling of a boundary, from what in.motion has written:

    motion.py mobility FILE [FILE ...]     from the random walk (Z. T. Trautt, M. Upmanyu, A. Karma,
                                           Science 314, 632 (2006)): M = A d<h^2>/dt / (2 k T)
    motion.py coupling FILE [FILE ...]     displacement of the crystals over that of the boundary
"""

import re
import sys

import numpy as np

BOLTZMANN = 8.617333262e-5  # eV/K
SI = 1e-10 / 1e-12 / (1.602176634e-19 / 1e-30)  # (m/s)/Pa in an (Angstrom/ps)/(eV/Angstrom^3)


def read(path):
    """Area, temperature; time, way of the boundary, displacements along x and y."""
    with open(path, encoding="utf-8") as lines:
        found = re.search(r"area (\S+) Angstrom\^2, (\S+) K", next(lines, ""))
    if not found:
        sys.exit(f"{path}: not written by in.motion")
    columns = np.loadtxt(path, ndmin=2).T
    if columns.shape[0] != 4 or columns.shape[1] < 30:
        sys.exit(f"{path}: fewer than 30 lines of four numbers")
    return float(found[1]), float(found[2]), columns


def mobility(*paths):
    """The slope of the mean square displacement over the first tenth of each run."""
    slopes = []
    for path in paths:
        area, kelvin, (time, h, _, _) = read(path)
        lags = np.arange(1, max(3, len(time) // 10))
        squares = [np.mean((h[lag:] - h[:-lag])**2) for lag in lags]
        # with a constant: what the boundary rattles without going anywhere
        slope = np.polyfit(time[lags] - time[0], squares, 1)[0]
        slopes.append(area * slope / (2 * BOLTZMANN * kelvin) * SI)
        print(f"{path}: {slopes[-1]:.3g} m/s/Pa, moved by {h[-1] - h[0]:.1f} Angstrom")
    if len(slopes) > 1:
        error = np.std(slopes, ddof=1) / len(slopes)**0.5
        print(f"mean {np.mean(slopes):.3g} +- {error:.2g} m/s/Pa")


def coupling(*paths):
    """By a straight line of h over the displacement, which is imposed; its spread by the lines
    through thirds of the run."""
    for path in paths:
        _, _, (_, h, _, along) = read(path)
        slope = np.polyfit(along, h, 1)[0]
        parts = [1 / np.polyfit(*part, 1)[0] for part in zip(np.array_split(along, 3),
                                                             np.array_split(h, 3))]
        print(f"{path}: crystals displaced by {along[-1] - along[0]:.2f}, boundary moved by "
              f"{h[-1] - h[0]:.2f} Angstrom: beta = {1 / slope:.3f}, {min(parts):.2f} to "
              f"{max(parts):.2f} in thirds of the run")


if __name__ == "__main__":
    tasks = {"mobility": mobility, "coupling": coupling}
    if len(sys.argv) < 3 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    tasks[sys.argv[1]](*sys.argv[2:])
