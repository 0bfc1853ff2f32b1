#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of before.*, after.* and reference.csv, in the current folder: grades.png, the largest
grade and the stress against strain; boundary.png, the atoms colored by grade. Prints a summary."""

import csv

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.colors import BoundaryNorm, ListedColormap

BEFORE, AFTER, REFERENCE = "#b2182b", "#2166ac", "0.25"
LEVELS = [0, 1, 2, 5, 10, 1000]
COLORS = ListedColormap(["#c9d6e2", "#f6d55c", "#f08a24", "#c8281e", "#5b0a4b"])
RANGES = ((0.4, 1, "#eef2f5", "interpolation"), (1, 2, "#fdf3cd", "accurate extrapolation"),
          (2, 10, "#fbdcbd", "reliable: learn from it"), (10, 1e4, "#ecc3c0", "not to be trusted"))
DIAMETER = 2.5  # Angstrom, about the distance of neighbors in copper


def read_csv(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def read_dump(path):
    """Snapshots: the box [3][2] and columns by name."""
    with open(path) as file:
        lines = file.read().splitlines()
    at = 0
    while at < len(lines):
        count = int(lines[at + 3])
        box = np.array([line.split() for line in lines[at + 5:at + 8]], dtype=float)
        names = lines[at + 8].split()[2:]
        values = np.array([line.split() for line in lines[at + 9:at + 9 + count]], dtype=float)
        yield box, dict(zip(names, values.T))
        at += 9 + count


def draw_curves(before, after, reference):
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(7.5, 6.6), sharex=True, layout="constrained")
    highest = 1.3 * max(15.0, before["largest_grade"].max(), after["largest_grade"].max())
    for bottom, top, color, text in RANGES:
        upper.axhspan(bottom, top, color=color, linewidth=0)
        upper.text(0.01, np.sqrt(bottom * min(top, highest)), text, fontsize=9, color="0.35",
                   transform=upper.get_yaxis_transform(), va="center")
    for run, color, label in ((before, BEFORE, "potential as shipped"),
                              (after, AFTER, "after one round of learning")):
        upper.plot(100 * run["strain"], run["largest_grade"], color=color, linewidth=1.4, label=label)
        lower.plot(100 * run["strain"], run["stress_GPa"], color=color, linewidth=1.4, label=label)
    lower.plot(100 * reference["strain"], reference["stress_GPa"], color=REFERENCE, linewidth=1.2,
               linestyle="--", label="reference (EAM)")
    upper.set(yscale="log", ylim=(0.4, highest), ylabel="largest extrapolation grade",
              title="Cu Σ5 (310)[001] boundaries pulled apart at 300 K")
    upper.set_yticks([tick for tick in (0.5, 1, 2, 5, 10, 20, 50, 100) if tick < highest])
    upper.yaxis.set_major_formatter("{x:g}")
    upper.minorticks_off()
    upper.legend(loc="lower right")
    lower.set(xlabel="strain normal to the boundary (%)", ylabel="stress (GPa)", xlim=(0, None))
    lower.grid(alpha=0.3)
    lower.legend(loc="upper right")
    figure.savefig("grades.png", dpi=150)
    plt.close(figure)


def draw_atoms(axes, box, atoms):
    """The cell seen along the tilt axis, nearer atoms above."""
    across, up = box[1], box[0]
    y = (atoms["y"] - across[0]) % np.ptp(across)
    x = (atoms["x"] - up[0]) % np.ptp(up)
    order = np.argsort(atoms["z"])
    size = np.full(len(order), DIAMETER)
    marks = EllipseCollection(size, size, 0 * size, units="xy", transOffset=axes.transData,
                              offsets=np.stack([y, x], axis=1)[order], cmap=COLORS,
                              norm=BoundaryNorm(LEVELS, COLORS.N), edgecolors="0.2", linewidths=0.35)
    marks.set_array(atoms["grade"][order])
    axes.add_collection(marks)
    axes.set_aspect("equal")
    axes.set(xlim=(0, np.ptp(across)), ylim=(0, np.ptp(up)), xticks=[], yticks=[])
    return marks


def draw_boundaries(before, after, times, strains):
    """Both runs side by side, at a few snapshots."""
    longest = max(np.ptp(before[t][0][1]) for t in times)
    height = np.ptp(before[0][0][0])
    width = 6.0
    figure, grid = plt.subplots(len(times), 2, layout="constrained", squeeze=False,
                                figsize=(2 * width, len(times) * (width * height / longest + 0.35) + 1.1))
    for row, time in zip(grid, times):
        for axes, run, name in zip(row, (before, after), ("as shipped", "after one round")):
            box, atoms = run[time]
            marks = draw_atoms(axes, box, atoms)
            axes.set_title(f"{name}, strain {100 * strains[time]:.0f} %: "
                           f"largest grade {atoms['grade'].max():.2g}", fontsize=10)
    bar = figure.colorbar(marks, ax=grid, location="bottom", aspect=50, shrink=0.6, pad=0.02,
                          spacing="uniform", label="extrapolation grade")
    bar.set_ticks(LEVELS[:-1])
    figure.savefig("boundary.png", dpi=100)
    plt.close(figure)


def main():
    before, after, reference = map(read_csv, ("before.csv", "after.csv", "reference.csv"))
    draw_curves(before, after, reference)
    snapshots = [list(read_dump(name)) for name in ("before.dump", "after.dump")]
    largest = [atoms["grade"].max() for _, atoms in snapshots[0]]
    worst = int(np.argmax(largest))
    lengths = [np.ptp(box[1]) for box, _ in snapshots[0]]
    strains = np.array(lengths) / lengths[0] - 1
    strained = int(np.argmax(before["stress_GPa"]))
    times = sorted({strained, worst, len(largest) - 1})
    draw_boundaries(*snapshots, times, strains)
    print(f"{'':>28} {'as shipped':>12} {'after a round':>14}")
    for label, value in (("largest grade of all", lambda run: run["largest_grade"].max()),
                         ("mean of largest grades", lambda run: run["largest_grade"].mean()),
                         ("looks with a grade over 2", lambda run: (run["largest_grade"] > 2).sum()),
                         ("strength (GPa)", lambda run: run["stress_GPa"].max())):
        print(f"{label:>28} {value(before):12.4g} {value(after):14.4g}")
    print(f"{'strength of reference (GPa)':>28} {reference['stress_GPa'].max():12.4g}")


if __name__ == "__main__":
    main()
