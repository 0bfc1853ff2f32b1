#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Selects the active set of a trained potential and writes an .almtp file (MLIP-3's format,
neighborhood mode).

The rows are gradients of the energy of one atom by all parameters, for all atoms of the data. MaxVol
(Goreinov et al. 2010; for potentials: Podryabinkin and Shapeev, Comput. Mater. Sci. 140 (2017) 171)
takes as many rows as there are parameters so that no exchange makes the determinant of their
matrix A grow by more than a given factor: with v a row of any atom, the extrapolation grade is the
largest component of v A^-1. Rows of 1e-6 times the unit matrix stand for directions in which the
data do not differ (parameters are redundant: radial functions may be scaled and mixed).
"""

import argparse
import pathlib

import numpy as np

from frames import LARGEST_FORCE, cfg_text, read_data
from mtp import Evaluator, Potential

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


def active_set_bytes(active, selected, evaluator, frames):
    """The part of an .almtp file after the potential."""
    first = np.concatenate([[0], np.cumsum(evaluator.counts)])
    chosen = selected[selected >= 0]
    of_frame = evaluator.frame_of_atom[chosen]
    used = np.unique(of_frame)
    number = {frame: k for k, frame in enumerate(used)}
    head = "".join(f"{key} {value}\n" for key, value in
                   [("energy_weight", 0.0), ("force_weight", 0.0), ("stress_weight", 0.0),
                    ("site_en_weight", 1.0), ("weight_scaling", 2)])
    inverse = np.linalg.inv(active)
    origin, features = [], {frame: [] for frame in used}
    for k, atom in enumerate(selected):
        if atom < 0:
            origin.append("-1 -1")
            continue
        frame = evaluator.frame_of_atom[atom]
        # MLIP counts a frame's equations: its energy, forces, nine stresses, then its atoms
        equation = 1 + 3 * evaluator.counts[frame] + 9 + atom - first[frame]
        origin.append(f"{number[frame]} {equation}")
        features[frame].append(str(equation))
    configurations = "".join(
        cfg_text(frames[frame], [("from", frames[frame].name),
                                 ("selected_eqn_inds", ",".join(features[frame]))]) + "\n"
        for frame in used)
    return (("#MVS_v1.1\n" + head + "#").encode() + active.astype("<f8").tobytes() +
            np.ascontiguousarray(inverse.T).astype("<f8").tobytes() +
            ("\n#\n" + "".join(line + "\n" for line in origin) + "#\n" + configurations).encode())


def save(path, potential, evaluator, frames, selected, active):
    path.write_bytes(potential.text().encode() +
                     active_set_bytes(active, selected, evaluator, frames))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, nargs="+", type=pathlib.Path,
                        help="folders of dumps, .cfg or .almtp files")
    parser.add_argument("--potential", required=True, help=".mtp file")
    parser.add_argument("--out", required=True, type=pathlib.Path, help=".almtp file to write")
    parser.add_argument("--threshold", type=float, default=1.01)
    parser.add_argument("--largest-force", type=float, default=LARGEST_FORCE,
                        help="frames with larger ones are left out (eV/Angstrom)")
    options = parser.parse_args()

    potential = Potential.read(options.potential)
    frames = read_data(options.data, options.largest_force)
    evaluator = Evaluator(potential, frames)
    print(f"{evaluator.real} atoms, {len(potential.theta)} parameters", flush=True)
    selected, active = maxvol(evaluator.gradients(potential.theta), options.threshold)
    save(options.out, potential, evaluator, frames, selected, active)
    print(f"{(selected >= 0).sum()} atoms of "
          f"{len(np.unique(evaluator.frame_of_atom[selected[selected >= 0]]))} frames selected, "
          f"{options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
