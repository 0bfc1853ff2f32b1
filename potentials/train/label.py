#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels configurations that pair style mtp saved: reads a .cfg file, takes some of its periodic
configurations, evenly spread, and has LAMMPS compute their energies, forces and virials with the
reference potential. The result is a dump as make_data.py's are."""

import argparse
import pathlib
import sys

import numpy as np
from mlgrain.potentials import configurations

from lammps_run import executable, run_lammps


def dump_text(step, one):
    """A snapshot as a LAMMPS dump; the cell's first edge is along x, its second in the xy plane."""
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = one.cell
    bounds = [(min(0, xy, xz, xy + xz), lx + max(0, xy, xz, xy + xz), xy),
              (min(0, yz), ly + max(0, yz), xz), (0, lz, yz)]
    return "\n".join([
        "ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(one)),
        "ITEM: BOX BOUNDS xy xz yz pp pp pp",
        *(" ".join(f"{value:.16g}" for value in row) for row in bounds),
        "ITEM: ATOMS id type x y z",
        *(f"{i + 1} 1 {r[0]:.12g} {r[1]:.12g} {r[2]:.12g}" for i, r in enumerate(one.positions)),
        ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--lmp", required=True, type=executable, help="LAMMPS")
    parser.add_argument("--eam", required=True, type=pathlib.Path, help="reference potential")
    parser.add_argument("--cfg", required=True, type=pathlib.Path)
    parser.add_argument("--most", type=int, default=10, help="configurations to take at most")
    parser.add_argument("--out", required=True, type=pathlib.Path, help=".dump file to write")
    options = parser.parse_args()

    saved = [one for one in configurations.read([options.cfg]) if all(one.pbc)]
    if not saved:
        sys.exit(f"{options.cfg} holds no periodic configuration")
    count = min(options.most, len(saved))
    chosen = np.unique(np.linspace(0, len(saved) - 1, count).round().astype(int))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    name = options.out.resolve().with_suffix("")
    unlabeled = name.with_suffix(".positions")
    unlabeled.write_text("".join(dump_text(k, saved[i]) for k, i in enumerate(chosen)))
    options.out.unlink(missing_ok=True)
    run_lammps(options.lmp, "in.label", input=unlabeled, name=name, eam=options.eam.resolve())
    unlabeled.unlink()
    print(f"{len(chosen)} of {len(saved)} configurations of {options.cfg} labeled")


if __name__ == "__main__":
    main()
