#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make_boundaries.py FOLDER: what stage 1 of examples/cu-boundaries gives, as small as can be, without
LAMMPS: unrelaxed boundaries, and energies that are about those of the published function of Bulatov et al."""

import csv
import gzip
import pathlib
import sys

import numpy as np

from mlgrain.boundaries import bicrystal

A = 3.615


def write_dump(path, cell):
    low = np.array([0, -0.5 * cell.edges[1], 0])
    lines = ["ITEM: TIMESTEP", "0", "ITEM: NUMBER OF ATOMS", str(len(cell.positions)),
             "ITEM: BOX BOUNDS pp pp pp", *(f"{a:.8g} {a + b:.8g}" for a, b in zip(low, cell.edges)),
             "ITEM: ATOMS id type x y z",
             *(f"{k} 1 {x:.8g} {y:.8g} {z:.8g}" for k, (x, y, z) in enumerate(cell.positions, 1))]
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines) + "\n")


def main():
    folder, lines = pathlib.Path(sys.argv[1]), []
    for axis in ("100", "110", "111"):
        for boundary in bicrystal.spread(bicrystal.tilts(axis, 30), 4):
            counts = bicrystal.repeats(boundary, A, (6.0, 6.0), 12.0)
            cell = bicrystal.bicrystal(boundary, A, overlap=1.8, counts=counts)
            name = f"configurations/tilt{axis}_sigma{boundary.sigma}_{len(lines)}/t00.dump.gz"
            write_dump(folder / name, cell)
            energy = 900 * np.sin(np.radians(min(90, 2 * boundary.angle))) + 50
            lines.append({"file": name, "axis": axis, "sigma": boundary.sigma, "angle": boundary.angle,
                          "plane": bicrystal.text(boundary.normal),
                          "family": bicrystal.text(boundary.family), "energy": f"{energy:.4f}"})
    for name, columns in (("table.csv", list(lines[0])), ("energies.csv", ["file", "energy"])):
        with open(folder / name, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(lines)
    (folder / "crystal.txt").write_text(f"lattice_constant {A}\nenergy -3.54\nvolume 11.81\n")


if __name__ == "__main__":
    main()
