#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ler_library.py FOLDER COUNT: data files 1.data ... of symmetric tilt boundaries in copper, of about 2060
atoms each, as many as the nickel boundaries of Rosenbrock et al. have where COUNT is 388."""

import itertools
import math
import os
import sys

import numpy as np

from mlgrain.boundaries import bicrystal

ATOMS, A, MASS = 2062, 3.615, 63.546
STARTS = [((0.0, 0.0), 1.5), ((0.5, 0.0), 2.0), ((0.0, 0.5), 2.5), ((0.5, 0.5), 1.75)]


def counts(boundary):
    """Periods along x, y, z: grains of 15 Angstrom at least, and about as many atoms as wanted."""
    few = bicrystal.repeats(boundary, A, (8.0, 8.0), 15.0)
    atoms = 2 * 4 * math.prod(boundary.periods) * math.prod(few)
    return [few[0], few[1], few[2] * max(1, round(ATOMS / atoms))]


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    os.makedirs(folder, exist_ok=True)
    lists = []
    for axis in ("100", "110", "111", "112"):
        fits = [b for b in bicrystal.tilts(axis, 400) if
                0.7 * ATOMS < 8 * math.prod(b.periods) * math.prod(counts(b)) < 1.3 * ATOMS]
        lists.append([(b, start) for start in STARTS for b in bicrystal.spread(fits, 60)])
    chosen = [one for group in itertools.zip_longest(*lists) for one in group if one][:count]
    atoms = []
    for number, (boundary, (shift, overlap)) in enumerate(chosen, 1):
        cell = bicrystal.bicrystal(boundary, A, shift, overlap, counts(boundary))
        bicrystal.write_data(os.path.join(folder, f"{number}.data"), cell, MASS)
        atoms.append(len(cell.positions))
    print(f"{len(atoms)} boundaries, {np.sum(atoms)} atoms")


if __name__ == "__main__":
    main()
