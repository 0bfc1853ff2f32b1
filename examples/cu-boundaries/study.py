# SPDX-License-Identifier: GPL-2.0-or-later
"""What stages 2 to 5 of the study have in common: the atoms and boundaries of the database, which of
them are unseen, and where results go. In the folder of the study."""

import csv
import json
import os
import zlib

import numpy as np

from mlgrain.tables import Table, is_descriptor

AXES = ["100", "110", "111", "112"]
SEED = 1
UNSEEN = 0.2  # share of the families of each axis that no model sees before it is tested
RESULTS = "results.json"
SCALE = float(os.environ.get("STUDY_SCALE", "1"))  # of training rows, trees, steps at 300 K; for tests


def scaled(number, least=3):
    return max(least, round(SCALE * number))


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path, lines):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def by_tilt(lines):
    """Lines of table.csv, those of boundaries that are tilts about two axes once for each."""
    for line in lines:
        for tilt in (line.get("tilts") or f"<{line['axis']}> {line['angle']}").split("; "):
            axis, angle = tilt.split()
            yield {**line, "axis": axis.strip("<>"), "angle": angle}


def unseen_families(lines):
    """A fifth of the families of each axis, at least one of several. They are drawn by a checksum of
    the name, so that the split hardly changes as the database grows. A family is unseen under all of
    its axes."""
    result = set()
    for axis in AXES:
        families = sorted({line["family"] for line in lines if line["axis"] == axis},
                          key=lambda name: (zlib.crc32(name.encode()), name))
        if len(families) > 1:
            result.update(families[:max(1, round(UNSEEN * len(families)))])
    return result


class Database:
    """lines: of table.csv, those that are ok, in the order of the table's sources; per line `unseen`
    and `energy`; atoms: the feature table; source: the line of each atom."""

    def __init__(self, path="atoms.npz"):
        self.atoms = Table.load(path)
        known = {line["file"]: line for line in read_csv("table.csv")}
        self.lines = [known[name] for name in self.atoms.sources]
        families = unseen_families(self.lines)
        self.unseen = np.array([line["family"] in families for line in self.lines])
        self.axis = np.array([line["axis"] for line in self.lines])
        self.family = np.unique([line["family"] for line in self.lines], return_inverse=True)[1]
        self.energy = self.numbers("energy")
        self.source = self.atoms.column("source").astype(int)
        self.names = [name for name in self.atoms.columns if is_descriptor(name)]

    def numbers(self, key):
        return np.array([float(line[key]) for line in self.lines])

    def descriptors(self, rows=slice(None)):
        return np.array(self.atoms.values[rows][:, self.atoms.places(self.names)], np.float32)

    def normal(self):
        """Coordinate along the normal of each atom; a boundary is at 0."""
        along = np.array([line.get("normal", "y") == "y" for line in self.lines])[self.source]
        return np.where(along, self.atoms.column("y"), self.atoms.column("z"))

    def boundaries(self):
        """In each cell: two, or one between crystals whose ends are held."""
        return np.array([int(line.get("boundaries", 2)) for line in self.lines])

    def distance(self):
        """Of each atom from the nearest boundary of its cell, in Angstrom."""
        near = np.abs(self.normal())
        far = np.where(self.boundaries() == 2, 0.5 * self.lengths(), np.inf)[self.source]
        return np.minimum(near, np.abs(far - near))

    def lengths(self):
        """Of the cells along the normal: volume over area."""
        volume = np.bincount(self.source, self.atoms.column("volume"), len(self.lines))
        return volume / self.numbers("area")


def results():
    if not os.path.exists(RESULTS):
        return {}
    with open(RESULTS) as file:
        return json.load(file)


def record(**values):
    """Adds to the numbers that the report is made of."""
    every = dict(results(), **values)
    with open(RESULTS + ".part", "w") as file:
        json.dump(every, file, indent=1, sort_keys=True)
        file.write("\n")
    os.replace(RESULTS + ".part", RESULTS)
