#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels configurations that pair style mtp saved: reads a .cfg file, takes some of its periodic
configurations, evenly spread, and has LAMMPS compute their energies, forces and virials with the
reference potential. The result is a dump as make_data.py's are."""

import argparse
import pathlib
import sys

import numpy as np

from frames import dump_text, read_cfg
from lammps_run import executable, run_lammps


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--lmp", required=True, type=executable, help="LAMMPS")
    parser.add_argument("--eam", required=True, type=pathlib.Path, help="reference potential")
    parser.add_argument("--cfg", required=True, type=pathlib.Path)
    parser.add_argument("--most", type=int, default=10, help="configurations to take at most")
    parser.add_argument("--out", required=True, type=pathlib.Path, help=".dump file to write")
    options = parser.parse_args()

    saved = read_cfg(options.cfg)
    if not saved:
        sys.exit(f"{options.cfg} holds no periodic configuration")
    chosen = np.unique(np.linspace(0, len(saved) - 1, min(options.most, len(saved))).round().astype(int))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    name = options.out.resolve().with_suffix("")
    unlabeled = name.with_suffix(".positions")
    unlabeled.write_text("".join(dump_text(k, saved[i].cell, saved[i].x)
                                 for k, i in enumerate(chosen)))
    options.out.unlink(missing_ok=True)
    run_lammps(options.lmp, "in.label", input=unlabeled, name=name, eam=options.eam.resolve())
    unlabeled.unlink()
    print(f"{len(chosen)} of {len(saved)} configurations of {options.cfg} labeled")


if __name__ == "__main__":
    main()
