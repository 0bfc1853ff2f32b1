#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Mobility or shear coupling of a boundary, from what in.motion has written:

    motion.py mobility FILE [FILE ...]     from the random walk (Z. T. Trautt, M. Upmanyu, A. Karma, Science 314, 632
                                           (2006)): M = A d<h^2>/dt / (2 k T)
    motion.py coupling FILE [FILE ...]     displacement of the crystal over that of the boundary

h is the position of the boundary, here the thickness of the grain below it.
"""

import re
import sys

import numpy as np

BOLTZMANN = 8.617333262e-5  # eV/K
SI = 1e-10 / 1e-12 / (1.602176634e-19 / 1e-30)  # (m/s)/Pa in an (Angstrom/ps)/(eV/Angstrom^3)


def read(path):
    with open(path, encoding="utf-8") as lines:
        area, kelvin = re.search(r"area (\S+) Angstrom\^2, (\S+) K", next(lines)).groups()
    return float(area), float(kelvin), np.loadtxt(path).T


def mobility(*paths):
    """The slope of the mean square displacement over the first tenth of each run."""
    slopes = []
    for path in paths:
        area, kelvin, (time, h, _) = read(path)
        lags = np.arange(1, max(3, len(time) // 10))
        squares = [np.mean((h[lag:] - h[:-lag])**2) for lag in lags]
        # with a constant: what the boundary rattles without going anywhere
        slope = np.polyfit(time[lags] - time[0], squares, 1)[0]
        slopes.append(area * slope / (2 * BOLTZMANN * kelvin) * SI)
        print(f"{path}: {slopes[-1]:.3g} m/s/Pa, moved by {h[-1] - h[0]:.1f} Angstrom")
    if len(slopes) > 1:
        print(f"mean {np.mean(slopes):.3g} +- {np.std(slopes, ddof=1) / len(slopes)**0.5:.2g} m/s/Pa")


def coupling(*paths):
    for path in paths:
        _, _, (_, h, shift) = read(path)
        slope = np.polyfit(shift, h, 1)[0]
        print(f"{path}: boundary moves by {slope:.3f} of the displacement, beta = {1 / slope:.3f}")


if __name__ == "__main__":
    {"mobility": mobility, "coupling": coupling}[sys.argv[1]](*sys.argv[2:])
