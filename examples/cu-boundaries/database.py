#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 1 of the study: relaxes symmetric tilt boundaries of copper from many starts each.

    database.py LMP PLUGIN POTENTIAL

in the folder that all goes to; README.md says what it then holds. Each start, of a boundary, an
in-plane translation and an overlap cutoff, is a LAMMPS run of its own. Those that are finished are not
done again: an interrupted study goes on where it stopped, and with larger numbers more is added.
"""

import csv
import gzip
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from mlgrain.boundaries import bicrystal
from mlgrain.tables.dumps import read_frame

HERE = pathlib.Path(__file__).resolve().parent
PER_AXIS = int(os.environ.get("BOUNDARIES_PER_AXIS", "24"))
STARTS = int(os.environ.get("STARTS", "8"))
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))

MASS = 63.546
EDGES = 15.0, 7.0  # Angstrom; the least length of the box along x and z
THICKNESS = 30.0  # of a grain; never less than the period along x, with which strain fields decay
LONGEST = 11.0  # largest period along x, in lattice constants
LARGEST = int(os.environ.get("LARGEST_CELL", "3000"))  # atoms

# In quarters of the periods along x and z, and in Angstrom; all pairs are 80 starts, and the first few
# of them already differ in both.
TRANSLATIONS = [(0, 0), (2, 2), (1, 0), (3, 2), (2, 0), (0, 2), (1, 1), (3, 3), (0, 1), (2, 1), (1, 2),
                (3, 0), (2, 3), (0, 3), (1, 3), (3, 1)]
CUTOFFS = [1.5, 2.5, 2.0, 1.75, 2.25]

PERFECT = 1.0  # mJ/m^2: with less than that a cell has become a perfect crystal again
INTERIOR = 0.01  # eV: atoms in the middle of a grain must be this near to the crystal's energy
SAME = 0.1, 5e-4  # mJ/m^2, Angstrom: two results of a boundary nearer than this in both are one

COLUMNS = ["file", "status", "minimum", "axis", "sigma", "angle", "plane", "family", "normal",
           "boundaries", "translation_x", "translation_z", "overlap_cutoff", "atoms", "removed", "area",
           "energy", "excess_volume", "asymmetry", "interior", "force", "pressure", "seconds", "same_as"]


def starts(count):
    """The first `count` of all pairs of a translation and a cutoff."""
    return [(*TRANSLATIONS[k % 16], CUTOFFS[(k + k // 16) % 5]) for k in range(min(count, 80))]


def counts(boundary, a):
    thickness = max(THICKNESS, a * boundary.periods[0])
    return bicrystal.repeats(boundary, a, EDGES, thickness)


def boundaries(axis, a, count):
    """The boundaries of an axis that the study takes."""
    def fits(b):
        atoms = 2 * 4 * math.prod(b.periods) * math.prod(counts(b, a))
        return b.periods[0] <= LONGEST and atoms <= LARGEST
    return bicrystal.spread([b for b in bicrystal.tilts(axis, 400) if fits(b)], count)


class Crystal:
    """The perfect crystal: lattice_constant, energy (eV/atom), volume (Angstrom^3/atom)."""

    def __init__(self, lammps):
        path = pathlib.Path("crystal.txt")
        if not path.exists():
            lammps.run("in.crystal", {"result": "crystal.new"})
            os.replace("crystal.new", path)
        values = read_values(path)
        self.lattice_constant = values["lattice_constant"]
        self.energy, self.volume = values["energy"], values["volume"]


class Lammps:
    def __init__(self, program, plugin, potential):
        self.program = program
        self.common = {"plugin": plugin, "potential": potential, "here": str(HERE)}

    def run(self, name, variables):
        command = [self.program, "-in", str(HERE / name), "-log", "none", "-nocite"]
        for key, value in {**self.common, **variables}.items():
            command += ["-var", key, str(value)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"LAMMPS failed:\n{done.stdout[-1000:]}{done.stderr[-500:]}")


def read_values(path):
    """A file of lines `name number`."""
    return {name: float(value) for name, value in
            (line.split() for line in pathlib.Path(path).read_text().splitlines())}


def compress(path, target):
    part = f"{target}.part"
    with open(path, "rb") as source, gzip.open(part, "wb", 6) as packed:
        shutil.copyfileobj(source, packed)
    os.replace(part, target)


class Start:
    """A boundary with a translation and a cutoff: what is to be run, and its files."""

    def __init__(self, boundary, start):
        self.boundary = boundary
        self.tx, self.tz, self.cutoff = start
        self.stem = pathlib.Path("configurations", boundary.name,
                                 f"t{self.tx}{self.tz}_c{round(100 * self.cutoff)}")
        self.result, self.dump = self.stem.with_suffix(".json"), self.stem.with_suffix(".dump.gz")

    def finished(self):
        return self.result.exists() and json.loads(self.result.read_text())["status"] != "failed"

    def description(self):
        b = self.boundary
        return {"file": str(self.dump), "axis": b.axis_name, "sigma": b.sigma,
                "angle": round(b.angle, 4), "plane": bicrystal.text(b.normal),
                "family": bicrystal.text(b.family), "normal": "y", "boundaries": 2,
                "translation_x": self.tx / 4,
                "translation_z": self.tz / 4, "overlap_cutoff": self.cutoff}

    def relax(self, lammps, crystal):
        """Runs LAMMPS; returns the line of the table. The dump is kept only if the status is ok."""
        begin = time.monotonic()
        a = crystal.lattice_constant
        cell = bicrystal.bicrystal(self.boundary, a, (self.tx / 4, self.tz / 4), self.cutoff,
                                   counts(self.boundary, a))
        line = self.description()
        line.update(atoms=len(cell.positions), removed=cell.removed)
        self.stem.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="cu-boundaries-") as folder:
            data, name = os.path.join(folder, "start.data"), os.path.join(folder, "out")
            bicrystal.write_data(data, cell, MASS)
            lammps.run("in.boundary", {"data": data, "name": name, "crystal_energy": crystal.energy,
                                       "crystal_volume": crystal.volume,
                                       "seed": 1 + zlib.crc32(str(self.stem).encode()) % 900000})
            line.update(judge(name, crystal))
            line["seconds"] = round(time.monotonic() - begin, 1)
            compress(name + ".dump", self.dump)
        return line

    def store(self, line):
        if line["status"] != "ok" and self.dump.exists():
            self.dump.unlink()
        part = str(self.result) + ".part"
        pathlib.Path(part).write_text(json.dumps(line, indent=1) + "\n")
        os.replace(part, self.result)


def judge(name, crystal):
    """Results of a run, and whether they are a boundary's."""
    values, (_, atoms) = read_values(name + ".txt"), read_frame(name + ".dump")
    place = 4 * np.abs(atoms["y"]) / values["length"]  # 0 at a boundary, 1 in mid-grain, 2 at the other
    excess = atoms["energy"] - crystal.energy
    each = [excess[place < 1].sum(), excess[place >= 1].sum()]
    middle = np.abs(excess[np.abs(place - 1) < 0.15])
    result = {"area": values["area"], "energy": values["gbe"], "excess_volume": values["gbv"],
              "asymmetry": abs(each[0] - each[1]) / values["area"] * 16021.766,
              "interior": middle.max(), "force": values["force"],
              "pressure": values["pressure_normal"], "status": "ok"}
    if not result["energy"] > PERFECT:
        result["status"] = "perfect"
    elif not result["interior"] < INTERIOR:
        result["status"] = "disturbed"
    elif not (result["force"] < 0.01 and abs(result["pressure"]) < 100):
        result["status"] = "unrelaxed"
    return {key: round(value, 7) if isinstance(value, float) else value
            for key, value in result.items()}


def finished_lines():
    paths = sorted(pathlib.Path("configurations").glob("*/*.json"))
    return [json.loads(path.read_text()) for path in paths]


def same(line, other):
    return abs(line["energy"] - other["energy"]) < SAME[0] and \
        abs(line["excess_volume"] - other["excess_volume"]) < SAME[1]


class Database:
    def __init__(self, lammps, crystal):
        self.lammps, self.crystal = lammps, crystal
        self.lock, self.lines = threading.Lock(), {}
        for line in finished_lines():
            self.lines.setdefault(self.key(line), []).append(line)

    @staticmethod
    def key(line):
        return line["axis"], line["plane"]

    def add(self, start):
        """Relaxes one; called by several threads. Returns its line."""
        try:
            line = start.relax(self.lammps, self.crystal)
        except RuntimeError as error:
            line = {**start.description(), "status": "failed", "error": str(error)}
        with self.lock:
            known = self.lines.setdefault(self.key(line), [])
            for other in known:
                if line["status"] == other["status"] == "ok" and same(line, other):
                    line.update(status="duplicate", same_as=other["file"])
            start.store(line)
            known.append(line)
        return line


def write_tables():
    """table.csv: all that is there, by axis, angle and energy; energies.csv: files and energies of what
    is ok. Returns the lines of that."""
    lines = finished_lines()
    lowest = {}
    for line in lines:
        if line["status"] == "ok":
            key = Database.key(line)
            lowest[key] = min(lowest.get(key, math.inf), line["energy"])
    for line in lines:
        line["minimum"] = int(line["status"] == "ok" and line["energy"] == lowest[Database.key(line)])
    lines.sort(key=lambda n: (n["axis"], n["angle"], n.get("energy", math.inf), n["file"]))
    good = [line for line in lines if line["status"] == "ok"]
    write("table.csv", COLUMNS, lines)
    write("energies.csv", ["file", "energy"], good)
    return good


def write(path, columns, lines):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)


def work(database, missing, total):
    begin, failures = time.monotonic(), 0
    with ThreadPoolExecutor(JOBS) as pool:
        jobs = {pool.submit(database.add, start): start for start in missing}
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                line, start = job.result(), jobs[job]
                left = (time.monotonic() - begin) / done * (len(missing) - done) / 60
                energy = f"{line['energy']:8.2f} mJ/m^2" if "energy" in line else " " * 15
                print(f"  {total - len(missing) + done:4d}/{total}  {start.boundary.name:<30}"
                      f"{start.stem.name:<10}{energy}  {line['status']:<10}{left:5.0f} min left",
                      flush=True)
                failures = failures + 1 if line["status"] == "failed" else 0
                if failures == 5:
                    raise RuntimeError(line["error"])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    lammps = Lammps(*sys.argv[1:])
    try:
        crystal = Crystal(lammps)
        every = [b for axis in bicrystal.AXES
                 for b in boundaries(axis, crystal.lattice_constant, PER_AXIS)]
        planned = [Start(b, start) for start in starts(STARTS) for b in every]
        missing = [start for start in planned if not start.finished()]
        print(f"{len(every)} boundaries, {len(planned)} starts, {len(planned) - len(missing)} of them "
              f"there already; {JOBS} at a time", flush=True)
        work(Database(lammps, crystal), missing, len(planned))
    except RuntimeError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on from here")
    finally:
        good = write_tables()
    print(f"table.csv: {len(good)} configurations of {len({(n['axis'], n['plane']) for n in good})} "
          "boundaries, duplicates and failures apart")


if __name__ == "__main__":
    main()
