#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Selects the active set of a trained potential and writes an .almtp file (MLIP-3's format,
neighborhood mode).

The rows are gradients of the energy of one atom by all parameters, for all atoms of the data.
"""

import argparse
import pathlib

import numpy as np

from frames import LARGEST_FORCE, cfg_text, read_data
from maxvol import maxvol
from mtp import Evaluator, Potential


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
