#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""boundaries.py: CPU time of lists and keys of grain boundaries in Python: by mlgrain, and keys by the
definition, all 2304 descriptions, in plain Python and with NumPy. Lines of a table; medians."""

import itertools
import statistics
import time

import numpy as np

from mlgrain import Boundary, Crystal
from mlgrain.boundaries.boundary import boundaries

COPPER = Crystal.named("fcc", 3.615)
REPEATS, SOME, FEW = 9, 200, 10


def turns():
    """The 24 rotations of the cube."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = [[0] * 3 for _ in range(3)]
            for i in range(3):
                matrix[i][order[i]] = signs[i]
            if round(np.linalg.det(matrix)) == 1:
                yield matrix


CUBE = list(turns())
CUBES = np.array(CUBE)


def product(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def plain_key(matrix, divisor, planes):
    """The largest description: matrix, then plane."""
    best = None
    for m, n in ((matrix, planes[0]), ([list(row) for row in zip(*matrix)], planes[1])):
        for s in CUBE:
            left = product(s, m)
            plane = [sum(s[i][k] * n[k] for k in range(3)) for i in range(3)]
            for t in CUBE:
                whole = sum(product(left, t), [])
                for sign in (1, -1):
                    found = whole + [sign * x for x in plane]
                    if best is None or found > best:
                        best = found
    return (divisor, *best)


def numpy_key(matrix, divisor, planes):
    rows = []
    matrix = np.array(matrix)
    for m, n in ((matrix, planes[0]), (matrix.T, planes[1])):
        turned = np.einsum("sij,jk,tkl->stil", CUBES, m, CUBES, optimize=True).reshape(24, 24, 9)
        plane = np.broadcast_to((CUBES @ np.array(n))[:, None], (24, 24, 3))
        both = np.concatenate([turned, plane], axis=2).reshape(-1, 12)
        flipped = both.copy()
        flipped[:, 9:] *= -1
        rows += [both, flipped]
    rows = np.concatenate(rows)
    for column in range(12):  # of those with the largest numbers so far, those with the next largest
        rows = rows[rows[:, column] == rows[:, column].max()]
    return (divisor, *map(int, rows[0]))


def seconds(work, repeats=REPEATS):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main():
    every = boundaries(49, 100.0, COPPER)
    listed = seconds(lambda: boundaries(49, 100.0, COPPER))
    some = every[::len(every) // SOME]
    known = [(b.rotation, b.planes) for b in some]
    for b, ((matrix, divisor), planes) in zip(some[:FEW], known):
        assert plain_key(matrix, divisor, planes) == numpy_key(matrix, divisor, planes) == tuple(b.numbers)

    def keys():
        for (matrix, divisor), planes in known:
            Boundary.from_key([divisor, *sum(map(list, matrix), []), *planes[0]]).numbers

    each = seconds(keys) / len(some)
    by_numpy = seconds(lambda: [numpy_key(*r, planes) for r, planes in known]) / len(some)
    plain = seconds(lambda: [plain_key(*r, planes) for r, planes in known[:FEW]], 3) / FEW
    print(f"| mlgrain, Python | {len(every)} boundaries | {1e3 * listed:.2f} | {1e6 * each:.2f} | |")
    print(f"| all descriptions, NumPy | | | {1e6 * by_numpy:.0f} | |")
    print(f"| all descriptions, plain Python | | | {1e6 * plain:.0f} | |")


if __name__ == "__main__":
    main()
