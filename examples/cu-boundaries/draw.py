#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws gbe.png and gbe.svg from table.csv: energy against misorientation, a panel for each tilt axis;
compares boundaries with the literature (known.csv beside this). In the folder of the study.
"""

import csv
import pathlib
import sys

import numpy as np

from mlgrain import plots
from mlgrain.boundaries import bicrystal
from study import by_tilt, read_csv

HERE = pathlib.Path(__file__).resolve().parent


def numbers(lines, key):
    return np.array([float(line[key]) for line in lines])


def lowest(lines):
    """The minimum of each angle, by angle: where several boundaries have one, of all of them."""
    order = sorted(lines, key=lambda n: (float(n["angle"]), float(n["energy"])))
    return [n for k, n in enumerate(order) if k == 0 or n["angle"] != order[k - 1]["angle"]]


def ends(axis):
    """Angles at which there is no boundary, but crystal: where the normal is {100} or {110}."""
    return {"100": (0, 90), "110": (0, 180), "111": (0,), "112": (0,)}[axis]


def draw(lines, stem):
    plt = plots.plt
    figure, panels = plt.subplots(2, 2, figsize=(11, 7.5), layout="constrained")
    for axes, (axis, values) in zip(panels.flat, bicrystal.AXES.items()):
        of_axis = [line for line in lines if line["axis"] == axis]
        low = lowest(of_axis)
        axes.plot(numbers(of_axis, "angle"), numbers(of_axis, "energy"), "o", markersize=4,
                  markeredgewidth=0, alpha=0.6, color="0.55", label="metastable")
        line = sorted([(float(n["angle"]), float(n["energy"])) for n in low]
                      + [(angle, 0.0) for angle in ends(axis)])
        axes.plot(*np.transpose(line), "-", color=plots.ONE, linewidth=1)
        axes.plot(numbers(low, "angle"), numbers(low, "energy"), "o", markersize=5, color=plots.ONE,
                  label="lowest")
        axes.set(title=f"<{axis}>: {len(low)} boundaries, {len(of_axis)} configurations",
                 xlim=(0, values[3]), ylim=(0, None), xlabel="misorientation (degrees)",
                 ylabel="energy (mJ/m$^2$)")
        axes.grid(alpha=0.3)
        name_some(axes, low)
    if len(lines):
        panels.flat[0].legend(loc="lower center")
    figure.suptitle("Symmetric tilt boundaries in copper")
    return plots.save(figure, stem)


def name_some(axes, low):
    last = axes.get_xlim()[1]
    for line in low:
        if int(line["sigma"]) <= 11:
            angle, energy = float(line["angle"]), float(line["energy"])
            at_edge = angle > 0.95 * last
            axes.annotate(f"Σ{line['sigma']} ({''.join(line['family'].split())})", (angle, energy),
                          xytext=(-5 if at_edge else 0, -14 if energy > 100 else 8),
                          textcoords="offset points", ha="right" if at_edge else "center", fontsize=7,
                          zorder=5, bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none",
                                          "pad": 0.5})


def compare(lines, path):
    """Lowest energies beside known ones, as known.csv of the study and on the screen."""
    result = []
    for known in read_csv(HERE / "known.csv"):
        found = [float(line["energy"]) for line in lines if line["family"] == known["plane"]]
        if found:
            result.append([known["plane"], f"{min(found):.1f}", known["energy"],
                           f"{100 * (min(found) / float(known['energy']) - 1):+.2f}", known["source"]])
    names = ["plane", "energy", "literature", "difference_percent", "source"]
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *result])
    if result:
        print(f"{'plane':<8}{'mJ/m^2':>9}{'literature':>12}{'difference':>12}")
    for plane, energy, literature, difference, _ in result:
        print(f"{plane:<8}{energy:>9}{literature:>12}{difference + ' %':>12}")


def main():
    lines = [line for line in read_csv("table.csv") if line["status"] == "ok"]
    if not lines:
        sys.exit("table.csv has no boundary whose status is ok")
    compare(lines, "known.csv")
    print(*draw(list(by_tilt(lines)), "gbe"))


if __name__ == "__main__":
    main()
