# SPDX-License-Identifier: GPL-2.0-or-later
"""MaxVol (Goreinov et al. 2010; for potentials: Podryabinkin and Shapeev, Comput. Mater. Sci. 140 (2017)
171) takes as many rows as there are parameters so that no exchange makes the determinant of their
matrix A grow by more than a given factor: with v a row of any atom, the extrapolation grade is the
largest component of v A^-1. Rows of 1e-6 times the unit matrix stand for directions in which the
data do not differ (parameters are redundant: radial functions may be scaled and mixed)."""

import numpy as np

UNIT = 1e-6


def exchange(product, inverse, row, column):
    """Updates inverse = A^-1 and product = rows A^-1 when a row of A becomes another row."""
    change = product[row].copy()
    change[column] -= 1.0
    pivot = product[row, column]
    product -= np.outer(product[:, column] / pivot, change)
    inverse -= np.outer(inverse[:, column] / pivot, change)


def maxvol(rows, threshold):
    """Numbers of the selected rows (-1: a unit row is left) and the matrix A."""
    n = rows.shape[1]
    active, selected = UNIT * np.eye(n), np.full(n, -1)
    while True:
        inverse = np.linalg.inv(active)
        product = rows @ inverse
        swaps = 0
        while swaps < 50:  # then anew, against rounding
            row, column = np.unravel_index(np.abs(product).argmax(), product.shape)
            if abs(product[row, column]) <= threshold:
                break
            exchange(product, inverse, row, column)
            active[column], selected[column] = rows[row], row
            swaps += 1
        print(f"  {swaps} exchanges, largest component {np.abs(product).max():.4f}, "
              f"{(selected < 0).sum()} unit rows left", flush=True)
        if swaps == 0:
            return selected, active
