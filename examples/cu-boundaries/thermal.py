#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot at 300 K of the lowest configuration of each boundary of the database, for models that
are to serve in molecular dynamics. Snapshots that are there are kept.

    thermal.py LMP PLUGIN POTENTIAL

in the folder of the study. Writes thermal/*.dump.gz, whose names are those of the boundaries' folders.
"""

import gzip
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zlib

import numpy as np

from mlgrain.tables.dumps import read_frame
from study import read_csv

HERE = pathlib.Path(__file__).resolve().parent


def write_data(path, box, atoms):
    lines = ["A relaxed boundary", "", f"{len(atoms['x'])} atoms", "2 atom types", ""]
    lines += [f"{low:.10g} {high:.10g} {k}lo {k}hi" for k, (low, high) in zip("xyz", box)]
    lines += ["", "Atoms # atomic", ""]
    columns = np.column_stack([atoms[key] for key in ("id", "type", "x", "y", "z")])
    lines += [f"{int(n)} {int(t)} {x:.9g} {y:.9g} {z:.9g}" for n, t, x, y, z in columns]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def snapshot(program, plugin, potential, source, target):
    with tempfile.TemporaryDirectory(prefix="cu-boundaries-") as folder:
        data, name = os.path.join(folder, "data"), os.path.join(folder, "out")
        write_data(data, *read_frame(source))
        seed = 1 + zlib.crc32(target.name.encode()) % 900000
        done = subprocess.run(
            [program, "-in", str(HERE / "in.thermal"), "-log", "none", "-nocite", "-var", "plugin",
             plugin, "-var", "potential", potential, "-var", "data", data, "-var", "name", name,
             "-var", "seed", str(seed)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"LAMMPS failed for {source}:\n{done.stdout[-1000:]}{done.stderr[-500:]}")
        part = target.with_suffix(".part")
        with open(name + ".dump", "rb") as text, gzip.open(part, "wb", 6) as packed:
            shutil.copyfileobj(text, packed)
        os.replace(part, target)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    os.makedirs("thermal", exist_ok=True)
    lowest = [line["file"] for line in read_csv("table.csv") if line["minimum"] == "1"]
    for number, file in enumerate(lowest, 1):
        target = pathlib.Path("thermal", pathlib.Path(file).parent.name + ".dump.gz")
        if not target.exists():
            snapshot(*sys.argv[1:], file, target)
            print(f"  {number:4d}/{len(lowest)}  {target}", flush=True)


if __name__ == "__main__":
    main()
