# SPDX-License-Identifier: GPL-2.0-or-later
"""Cuts periodic cells that a DFT code can do out of large configurations, around the atoms that a
potential knows least of.

  cut.py Cu.almtp polycrystal.dump --edge 11 --most 12 -o cells.xyz

A cell is a cube of the configuration, made periodic. Of atoms that come too near each other across
its faces, one is left out. Its inside is as it was; what its faces join is a grain boundary of another
kind, which a potential for grain boundaries may learn from as well.
"""

import argparse

import ase
import ase.io
import mlgrain
import numpy as np
from ase.neighborlist import neighbor_list
from mlgrain.potentials import configurations

NEAREST = 2.1  # Angstrom


def cell_around(one, center, edge):
    """An Atoms: the cube of this edge around an atom."""
    inverse = np.linalg.inv(one.cell)
    away = (one.positions - one.positions[center]) @ inverse
    away = (away - np.rint(away)) @ one.cell
    inside = (np.abs(away) < edge / 2).all(axis=1)
    atoms = ase.Atoms(f"Cu{inside.sum()}", positions=away[inside] + edge / 2, cell=3 * [edge],
                      pbc=True)
    while True:
        i, j = neighbor_list("ij", atoms, NEAREST)
        if not len(i):
            return atoms
        del atoms[int(np.bincount(np.concatenate([i, j])).argmax())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("potential")
    parser.add_argument("data", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--edge", type=float, default=11.0, help="Angstrom")
    parser.add_argument("--most", type=int, default=12, help="cells of each configuration, at most")
    parser.add_argument("--threshold", type=float, default=1.5, help="of grades")
    options = parser.parse_args()
    potential = mlgrain.MTP(options.potential, species=["Cu"])
    cells = []
    for one in configurations.read(options.data):
        grades = potential.evaluate((one.positions, one.cell, one.pbc)).grades.copy()
        for _ in range(options.most):
            center = int(grades.argmax())
            if grades[center] < options.threshold:
                break
            cells.append(cell_around(one, center, options.edge))
            cells[-1].info["config_type"] = "cut"
            away = (one.positions - one.positions[center]) @ np.linalg.inv(one.cell)
            away = (away - np.rint(away)) @ one.cell
            grades[(np.abs(away) < options.edge / 3).all(axis=1)] = 0  # these are in the cell
    ase.io.write(options.output, cells, format="extxyz")
    print(f"{options.output}: {len(cells)} cells of {sum(map(len, cells)) / max(len(cells), 1):.0f} "
          "atoms on average")


if __name__ == "__main__":
    main()
