#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 1 of the study with boundaries that have been searched: every structure of the set copper-tilts of
examples/boundary-database, lowest and metastable ones.

    searched.py LMP PLUGIN POTENTIAL FOLDER

in the folder that all goes to; FOLDER is that of the database. A structure is a boundary between two
slabs whose outer layers are held: its mobile atoms are what the study sees. Each boundary is a LAMMPS
run of its own, which also makes the snapshot at 300 K of its lowest structure. Boundaries that are
finished are not done again, unless the database has got other structures of them.
"""

import csv
import json
import os
import pathlib
import re
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from database import JOBS, MASS, Crystal, Lammps, compress, read_values, write
from mlgrain.tables.dumps import read_frame

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "boundary-database"))
from collect import frames  # noqa: E402 # structures as they were written

SET = "copper-tilts"
STRUCTURES = int(os.environ.get("STRUCTURES", "0")) or None  # of each boundary, those of lowest energy
ROOM = 0.1  # Angstrom, between the outermost atoms and the box
# From the box's lower faces to atoms that would be on them: one that rounding puts just outside is lost
# when LAMMPS reads it.
BESIDE = 1.2345e-3
EV_PER_AREA = 16021.766  # eV/Angstrom^2 in mJ/m^2

COLUMNS = ["file", "status", "minimum", "axis", "sigma", "angle", "tilts", "plane", "family", "normal",
           "boundaries", "fraction", "cell", "atoms", "area", "energy", "excess_volume",
           "energy_of_atoms"]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def numbers(comment, name):
    """Of a property of a frame of extended XYZ."""
    return np.array(re.search(rf'\b{name}="([^"]*)"', comment).group(1).split(), float)


def write_data(path, comment, lines):
    """A frame as a data file: atoms of both crystals as types 1 and 2, held ones as 3 and 4."""
    cell, (x, y, _) = numbers(comment, "Lattice"), numbers(comment, "Origin") - BESIDE
    heights = [float(line.split()[3]) for line in lines]
    text = ["A structure of a boundary", "", f"{len(lines)} atoms", "4 atom types", "",
            f"{x:.10g} {x + cell[0]:.10g} xlo xhi", f"{y:.10g} {y + cell[4]:.10g} ylo yhi",
            f"{min(heights) - ROOM:.10g} {max(heights) + ROOM:.10g} zlo zhi",
            f"{cell[3]:.10g} 0 0 xy xz yz", "", "Atoms # atomic", ""]
    for k, line in enumerate(lines, 1):
        _, x, y, z, grain, layer = line.split()[:6]
        text.append(f"{k} {int(grain) + (2 if int(layer) else 0)} {x} {y} {z}")
    path.write_text("\n".join(text) + "\n")


class Searched:
    """A boundary: its line of the database's table, those of its structures, and their frames."""

    def __init__(self, line, structures, found):
        self.line, self.structures, self.frames = line, structures, found
        self.folder = pathlib.Path("configurations", line["boundary"])
        self.result = self.folder / "lines.json"

    def finished(self):
        if not self.result.exists():
            return False
        return [line["energy"] for line in self.lines()] == [float(s["energy"]) for s in self.structures]

    def lines(self):
        return json.loads(self.result.read_text())

    def description(self, structure):
        tilts = [tilt.split() for tilt in self.line["tilts"].split("; ")]
        axis, angle = tilts[0]
        return {"status": "ok", "minimum": int(structure["id"] == "1"), "axis": axis.strip("<>"),
                "sigma": self.line["sigma"], "angle": angle, "tilts": self.line["tilts"],
                "plane": self.line["plane_1"], "family": " ".join(self.line["boundary"].split("_")[1:]),
                "normal": "z", "boundaries": 1, "fraction": structure["fraction"],
                "cell": f"{structure['cell_x']} {structure['cell_y']} {structure['shear']}",
                "energy": float(structure["energy"]), "excess_volume": float(structure["volume"])}

    def describe(self, lammps, crystal, expansion):
        """Runs LAMMPS; stores dumps, and last the lines of the table."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = []
        with tempfile.TemporaryDirectory(prefix="cu-boundaries-") as name:
            work = pathlib.Path(name)
            for k, frame in enumerate(self.frames, 1):
                write_data(work / f"{k}.data", *frame)
            lammps.run("in.searched", {"folder": name, "count": len(self.frames), "expansion": expansion,
                                       "seed": 1 + zlib.crc32(self.folder.name.encode()) % 900000})
            for k, (structure, (comment, _)) in enumerate(zip(self.structures, self.frames), 1):
                dump = self.folder / f"{k}.dump.gz"
                compress(work / f"{k}.dump", dump)
                energies = read_frame(work / f"{k}.dump")[1]["energy"]
                cell = numbers(comment, "Lattice")
                area = cell[0] * cell[4]
                excess = (energies.sum() - len(energies) * crystal.energy) / area * EV_PER_AREA
                lines.append({"file": str(dump), **self.description(structure), "atoms": len(energies),
                              "area": round(area, 7), "energy_of_atoms": round(excess, 4)})
            compress(work / "warm.dump", pathlib.Path("thermal", self.folder.name + ".dump.gz"))
        part = self.result.with_suffix(".part")
        part.write_text(json.dumps(lines) + "\n")
        os.replace(part, self.result)


def searched(folder):
    """The boundaries of the database."""
    table = {line["boundary"]: line for line in read(folder / "table.csv")}
    structures = {}
    for line in read(folder / "structures.csv"):
        structures.setdefault(line["boundary"], []).append(line)
    found = frames(folder / "structures.xyz.gz")
    for label, lines in structures.items():
        own = list(islice(found, len(lines)))
        yield Searched(table[label], lines[:STRUCTURES], own[:STRUCTURES])


def measure_expansion(lammps, crystal):
    path = pathlib.Path("expansion.txt")
    if not path.exists():
        lammps.run("in.expansion", {"result": "expansion.new", "lattice_constant": crystal.lattice_constant})
        os.replace("expansion.new", path)
    return read_values(path)["expansion"]


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[4], SET)
    lammps = Lammps(*sys.argv[1:4])
    pathlib.Path("thermal").mkdir(exist_ok=True)
    try:
        crystal = Crystal(lammps)
        expansion = measure_expansion(lammps, crystal)
        every = list(searched(folder))
        missing = [each for each in every if not each.finished()]
        print(f"{len(every)} boundaries, {sum(len(each.structures) for each in every)} structures; "
              f"{len(every) - len(missing)} boundaries there already; {JOBS} at a time", flush=True)
        with ThreadPoolExecutor(JOBS) as pool:
            jobs = [(each, pool.submit(each.describe, lammps, crystal, expansion)) for each in missing]
            for k, (each, job) in enumerate(jobs, len(every) - len(missing) + 1):
                job.result()
                print(f"  {k:3d}/{len(every)}  {each.folder.name}", flush=True)
    except (OSError, RuntimeError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on from here")
    lines = [line for each in every for line in each.lines()]
    lines.sort(key=lambda n: (n["axis"], float(n["angle"]), n["energy"], n["file"]))
    write("table.csv", COLUMNS, lines)
    write("energies.csv", ["file", "energy"], lines)
    worst = max(lines, key=lambda n: abs(n["energy"] - n["energy_of_atoms"]))
    print(f"table.csv: {len(lines)} configurations of {len(every)} boundaries; sums over mobile atoms are "
          f"within {abs(worst['energy'] - worst['energy_of_atoms']):.2f} mJ/m^2 of the search ({worst['file']})")


if __name__ == "__main__":
    main()
