#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""draw.py DATABASE A: where the environments that matter most to the forest sit: in the boundaries that
have most of them. Writes important.png."""

import csv
import pathlib
import sys

import numpy as np

from mlgrain import plots
from mlgrain.commands.ler import importances_of
from mlgrain.environments import load_environments
from mlgrain.tables import Table
from mlgrain.tables.frames import read_frames

SHOWN, PICTURES = 6, 4


def chosen_boundaries(shares, important, families):
    """Rows, of different families, each with the largest share of one of the important classes."""
    rows = []
    for k in important:
        for row in np.argsort(-shares[:, k - 1]):
            if families[row] not in [families[other] for other in rows]:
                rows.append(int(row))
                break
    return rows[:PICTURES]


def main():
    database = pathlib.Path(sys.argv[1])
    library, table = load_environments("cu.safetensors"), Table.load("ler.npz")
    order = np.argsort(-importances_of("Cu_ler.safetensors", len(library)), kind="stable") + 1
    important = [int(k) for k in order if k > 1][:SHOWN]
    with open(database / "table.csv", newline="") as file:
        known = {line["file"]: line for line in csv.DictReader(file)}
    lines = [known[str(pathlib.Path(name).relative_to(database))] for name in table.sources]
    shares = table.matrix([f"ler_{k}" for k in range(1, len(library) + 1)])
    rows = chosen_boundaries(shares, important, [line["family"] for line in lines])
    figure, grid = plots.plt.subplots(1, len(rows), figsize=(3.4 * len(rows), 5.2), layout="constrained",
                                      squeeze=False)
    for axes, row in zip(grid[0], rows):
        (frame,) = read_frames([table.sources[row]], ["x", "y", "z"])
        classes = library.classify(frame.atoms).classes
        x, y, z = (frame.columns[axis] for axis in "xyz")
        near = (np.abs(y) < 14) & (x - x.min() < 22)
        rest = near & ~np.isin(classes, important)
        axes.scatter(x[rest], y[rest], s=14, color="0.85", edgecolors="none")
        other = rest & (classes > 1)
        axes.scatter(x[other], y[other], s=14, color="0.6", edgecolors="none")
        for k, number in enumerate(important):
            some = near & (classes == number)
            axes.scatter(x[some], y[some], s=46, color=plots.CLASS_COLORS[k], edgecolors="black",
                         linewidths=0.4)
        line = lines[row]
        axes.set_aspect("equal")
        axes.set_title(f"$\\Sigma${line['sigma']} ({line['plane']}) [{line['axis']}]\n"
                       f"{float(line['energy']):.0f} mJ/m$^2$", fontsize=10)
        axes.set_xlabel("x (Å)")
    grid[0, 0].set_ylabel("y (Å)")
    handles = [plots.plt.Line2D([], [], marker="o", linestyle="", color=plots.CLASS_COLORS[k],
                                markeredgecolor="black", label=str(number))
               for k, number in enumerate(important)]
    figure.legend(handles=handles, title="environment", loc="outside right center", frameon=False)
    plots.save(figure, "important")


if __name__ == "__main__":
    main()
