#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot at 300 K of the lowest configuration of each boundary of the database, for models that
are to serve in molecular dynamics. Snapshots that are there are kept.

    thermal.py LMP PLUGIN POTENTIAL

in the folder of the study. Writes thermal/*.dump.gz, whose names are those of the boundaries' folders.
"""

import os
import pathlib
import sys
import tempfile
import zlib

import numpy as np

from database import Lammps, compress
from mlgrain.tables.dumps import read_frame
from study import read_csv, scaled

STEPS = scaled(400, 40)  # of 2 fs


def write_data(path, box, atoms):
    lines = ["A relaxed boundary", "", f"{len(atoms['x'])} atoms", "2 atom types", ""]
    lines += [f"{low:.10g} {high:.10g} {k}lo {k}hi" for k, (low, high) in zip("xyz", box)]
    lines += ["", "Atoms # atomic", ""]
    columns = np.column_stack([atoms[key] for key in ("id", "type", "x", "y", "z")])
    lines += [f"{int(n)} {int(t)} {x:.9g} {y:.9g} {z:.9g}" for n, t, x, y, z in columns]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def snapshot(lammps, source, target):
    with tempfile.TemporaryDirectory(prefix="cu-boundaries-") as folder:
        data, name = os.path.join(folder, "data"), os.path.join(folder, "out")
        write_data(data, *read_frame(source))
        lammps.run("in.thermal", {"data": data, "name": name, "steps": STEPS,
                                  "seed": 1 + zlib.crc32(target.name.encode()) % 900000})
        compress(name + ".dump", target)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    lammps = Lammps(*sys.argv[1:])
    os.makedirs("thermal", exist_ok=True)
    lowest = [line["file"] for line in read_csv("table.csv") if line["minimum"] == "1"]
    for number, file in enumerate(lowest, 1):
        target = pathlib.Path("thermal", pathlib.Path(file).parent.name + ".dump.gz")
        if not target.exists():
            try:
                snapshot(lammps, file, target)
            except RuntimeError as error:
                sys.exit(f"{file}: {error}")
            print(f"  {number:4d}/{len(lowest)}  {target}", flush=True)


if __name__ == "__main__":
    main()
