#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sfd_means.py DATABASE TABLE.npz: the excess of the 19 strain functional descriptors over the crystal's,
for each area, of the atoms within 8 Angstrom of the boundary at y = 0; computed anew, to be timed like the
others."""

import csv
import pathlib
import sys

import numpy as np

import mlgrain
from mlgrain.representations import excess
from mlgrain.tables import Table
from mlgrain.tables.frames import read_frames

SIGMA, CUTOFF = 0.909, 5.904  # Angstrom
FCC = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])


def main():
    database, output = pathlib.Path(sys.argv[1]), sys.argv[2]
    constant = float((database / "crystal.txt").read_text().split("lattice_constant")[1].split()[0])
    with open(database / "energies.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    perfect = mlgrain.sfd((constant * FCC, [constant] * 3, True), SIGMA, CUTOFF)[0]
    rows = []
    for number, line in enumerate(lines):
        (frame,) = read_frames([database / line["file"]], ["y"])
        some = np.abs(frame.columns["y"]) <= 8
        mean = mlgrain.sfd(frame.atoms, SIGMA, CUTOFF)[some].mean(axis=0)
        rows.append([*excess(mean, some.sum(), frame, perfect, 1), number, float(line["energy"])])
    Table([*mlgrain.sfd_names(), "source", "energy"], np.array(rows),
          [str(database / line["file"]) for line in lines]).save(output)


if __name__ == "__main__":
    main()
