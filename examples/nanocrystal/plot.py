#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and pictures from what in.nanocrystal has written into the current folder.

Prints, and writes to table.csv and anneal.csv, how well the energy density is predicted; draws a
slice through the nanocrystal colored by grain, class, prediction and error (nanocrystal.png, and each
alone), and means over time (time.png).
"""

import csv

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.colors import BoundaryNorm, ListedColormap

EV_PER_A2 = 16.021766  # in J/m^2
SLICE = 4.0  # Angstrom
DIAMETER = 2.45  # of the circles, Angstrom; nearest neighbors are 2.56 apart
LABEL = "energy density (eV/Å$^3$)"
TRUE, PREDICTED, PLAIN = "#222222", "#d6604d", "#4393c3"


def read_dump(path):
    """The one snapshot of a LAMMPS text dump: lengths of the box [3] and a dict of columns, with
    positions from the box's corner."""
    with open(path) as file:
        head = [file.readline() for _ in range(9)]
        values = np.loadtxt(file, ndmin=2)
    bounds = np.array([line.split() for line in head[5:8]], dtype=float)
    atoms = dict(zip(head[8].split()[2:], values.T))
    for k, axis in enumerate("xyz"):
        atoms[axis] = atoms[axis] - bounds[k, 0]
    atoms["error"] = atoms["prediction"] - atoms["energy_density"]
    return bounds[:, 1] - bounds[:, 0], atoms


def read_named(path):
    """A table of numbers, its columns named by the last line that begins with # before them; of lines
    that begin alike the last counts. A dict of columns, without LAMMPS' prefixes of names."""
    names, rows = [], {}
    with open(path) as file:
        for line in file:
            words = line.split()
            if not line.startswith("#"):
                rows[words[0]] = [float(word) for word in words]
            elif not rows:
                names = [word.removeprefix("v_").removeprefix("c_") for word in words[1:]]
    return dict(zip(names, np.array(list(rows.values())).T))


def measures(atoms, crystal):
    """How well the energy density of a state at rest is predicted, in eV/A^3 and percent. Excess is
    what boundaries add to the crystal's energy density, in the mean over all atoms."""
    true, error = atoms["energy_density"], atoms["error"]
    boundary = atoms["region"] == 2
    return {
        "true_mean": true.mean(),
        "predicted_mean": atoms["prediction"].mean(),
        "error_of_mean": error.mean(),
        "error_percent_of_excess": 100 * error.mean() / (true.mean() - crystal["energy_density"]),
        "rmse": np.sqrt(np.mean(error ** 2)),
        "rmse_boundary": np.sqrt(np.mean(error[boundary] ** 2)),
        "within_3_percent": 100 * np.mean(np.abs(error) <= 0.03 * np.abs(true)),
        "boundary_percent": 100 * boundary.mean(),
    }


def boundary_energies(atoms, crystal_energy, area):
    """Energy of the boundaries in J/m^2: true, and from predicted energy densities."""
    return {key: EV_PER_A2 * (atoms[name] @ atoms["volume"] - len(atoms["id"]) * crystal_energy) / area
            for key, name in (("true_boundary_energy", "energy_density"),
                              ("predicted_boundary_energy", "prediction"))}


def write_states(found, crystal, area):
    """The measures of each state, beside each other."""
    rows = {}
    for name, (_, atoms) in found.items():
        rows[name] = measures(atoms, crystal) | boundary_energies(atoms, crystal["energy"], area)
    keys = list(next(iter(rows.values())))
    with open("table.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["state", *keys])
        writer.writerows([name, *row.values()] for name, row in rows.items())
    texts = {"true_mean": ("mean energy density, true (eV/A^3)", ".5f"),
             "predicted_mean": ("  predicted", ".5f"),
             "error_of_mean": ("  error of the mean", "+.5f"),
             "error_percent_of_excess": ("  in % of the boundaries' excess", "+.1f"),
             "rmse": ("rmse over all atoms (eV/A^3)", ".5f"),
             "rmse_boundary": ("  over boundary atoms", ".5f"),
             "within_3_percent": ("atoms predicted within 3 % (%)", ".1f"),
             "boundary_percent": ("boundary atoms (%)", ".1f"),
             "true_boundary_energy": ("energy of the boundaries, true (J/m^2)", ".3f"),
             "predicted_boundary_energy": ("  from predictions", ".3f")}
    print(f"{'at rest':<40}" + "".join(f"{name:>15}" for name in rows))
    for key, (text, form) in texts.items():
        print(f"{text:<40}" + "".join(f"{format(row[key], form):>15}" for row in rows.values()))


def write_anneal(hot, rest):
    """Averages over the anneal, at temperature and at rest, both without the start."""
    with open("anneal.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["when", "times", "true_mean", "predicted_mean", "rmse", "largest_error_of_mean"])
        print(f"\n{'averages over the anneal (eV/A^3)':<40}{'true':>15}{'predicted':>15}{'rmse':>15}")
        for name, table in (("at temperature", hot), ("at rest", rest)):
            true, predicted = table["true"][1:], table["predicted"][1:]
            row = [true.mean(), predicted.mean(), np.sqrt(np.mean(table["rmse"][1:] ** 2))]
            writer.writerow([name, len(true), *row, np.abs(predicted - true).max()])
            print(f"{name + f', {len(true)} times':<40}" + "".join(f"{value:15.5f}" for value in row))


def cut(box, atoms):
    """The atoms of a slice in the middle of the box, upper ones last."""
    inside = np.flatnonzero(np.abs(atoms["z"] - box[2] / 2) < SLICE / 2)
    return {name: values[inside[np.argsort(atoms["z"][inside])]] for name, values in atoms.items()}


def circles(axes, box, part, values, **style):
    """The slice's atoms; those at the rim are drawn at the other side too."""
    shifts = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    copies = [np.column_stack([part["x"] + x * box[0], part["y"] + y * box[1]]) for x, y in shifts]
    points, colors = np.concatenate(copies), np.tile(values, len(shifts))
    near = np.all((points > -DIAMETER) & (points < box[:2] + DIAMETER), axis=1)
    count = np.count_nonzero(near)
    atoms = EllipseCollection(np.full(count, DIAMETER), np.full(count, DIAMETER), np.zeros(count),
                              units="xy", offsets=points[near], offset_transform=axes.transData,
                              edgecolors="#00000066", linewidths=0.15, **style)
    atoms.set_array(colors[near])
    axes.add_collection(atoms)
    return atoms


def middle(box, part, rows):
    """Center of some atoms of the slice, through the periodic boundaries."""
    center = []
    for axis, length in zip("xy", box):
        angle = np.angle(np.exp(2j * np.pi * part[axis][rows] / length).mean())
        center.append(length * (angle / (2 * np.pi) % 1))
    return center


def draw_grains(axes, box, part):
    """Each grain in its color, with its number."""
    wheel = plt.get_cmap("tab20")(np.arange(20))[np.r_[0:20:2, 1:20:2]]
    count = int(part["i_grain"].max())
    colors = 0.25 + 0.75 * wheel[np.arange(count) % len(wheel), :3]
    circles(axes, box, part, part["i_grain"], cmap=ListedColormap(colors),
            norm=BoundaryNorm(np.arange(count + 1) + 0.5, count))
    for grain in np.unique(part["i_grain"]).astype(int):
        rows = part["i_grain"] == grain
        if np.count_nonzero(rows) > 60:
            axes.text(*middle(box, part, rows), str(grain), ha="center", va="center", fontsize=11,
                      fontweight="bold", bbox={"boxstyle": "circle,pad=0.25", "facecolor": "white",
                                               "edgecolor": "none", "alpha": 0.8})


def draw_classes(axes, box, part, everything):
    """Classes in the order of their mean energy density, the crystal's first."""
    numbers = [k for k in range(1, 7) if np.any(everything["class"] == k)]
    means = {k: everything["prediction"][everything["class"] == k].mean() for k in numbers}
    order = sorted(numbers, key=means.get)
    rank = np.zeros(7)
    rank[order] = np.arange(len(order))
    colors = ["#d9d9d9", "#80b1d3", "#3690c0", "#fed976", "#fd8d3c", "#bd0026"]
    if len(order) < len(colors):
        colors = [colors[round(k)] for k in np.linspace(0, 5, len(order))]
    atoms = circles(axes, box, part, rank[part["class"].astype(int)], cmap=ListedColormap(colors),
                    norm=BoundaryNorm(np.arange(len(order) + 1) - 0.5, len(order)))
    bar = axes.figure.colorbar(atoms, ax=axes, ticks=range(len(order)), shrink=0.92, pad=0.02)
    shares = [100 * np.mean(everything["class"] == k) for k in order]
    bar.ax.set_yticklabels([f"{k}: {share:.0f} %" for k, share in zip(order, shares)])
    bar.ax.minorticks_off()
    bar.set_label("class: share of all atoms, by energy density")


def draw_prediction(axes, box, part, everything, crystal):
    limits = (crystal["energy_density"] - 0.002, np.quantile(everything["energy_density"], 0.99))
    axes.set_facecolor(plt.get_cmap("magma")(0.0))
    atoms = circles(axes, box, part, part["prediction"], cmap="magma", clim=limits)
    axes.figure.colorbar(atoms, ax=axes, label=LABEL, shrink=0.92, pad=0.02, extend="both")


def draw_error(axes, box, part, everything):
    limit = np.quantile(np.abs(everything["error"]), 0.99)
    atoms = circles(axes, box, part, part["error"], cmap="RdBu_r", clim=(-limit, limit))
    axes.figure.colorbar(atoms, ax=axes, label="error of the " + LABEL, shrink=0.92, pad=0.02,
                         extend="both")


def draw_slice(box, atoms, crystal, title):
    """Four panels: grains, classes, prediction, error; and each in a file of its own."""
    part = cut(box, atoms)
    panels = {
        "grains": ("grains", lambda axes: draw_grains(axes, box, part)),
        "classes": ("classes of atoms", lambda axes: draw_classes(axes, box, part, atoms)),
        "prediction": ("predicted energy density",
                       lambda axes: draw_prediction(axes, box, part, atoms, crystal)),
        "error": ("predicted less true energy density", lambda axes: draw_error(axes, box, part, atoms)),
    }
    figure, grid = plt.subplots(2, 2, figsize=(11.0, 9.4), layout="constrained")
    for place, (text, draw) in zip(grid.flat, panels.values()):
        draw_panel(place, box, text, draw)
    figure.suptitle(title)
    figure.savefig("nanocrystal.png", dpi=110)
    plt.close(figure)
    for name, (text, draw) in panels.items():
        figure, axes = plt.subplots(figsize=(8.0, 6.8), layout="constrained")
        draw_panel(axes, box, text, draw)
        figure.savefig(name + ".png", dpi=110)
        plt.close(figure)


def draw_panel(axes, box, text, draw):
    axes.set(xlim=(0, box[0]), ylim=(0, box[1]), aspect="equal", title=text, xlabel="x (Å)",
             ylabel="y (Å)")
    draw(axes)


def draw_time(hot, rest, crystal, path):
    """Mean energy density at temperature and at rest, boundary atoms and temperature over time."""
    figure, panels = plt.subplots(3, 1, figsize=(7.0, 7.8), sharex=True, layout="constrained",
                                  height_ratios=(1.4, 1.4, 1))
    for axes, table, text in zip(panels, (hot, rest), ("at temperature", "the same atoms at rest")):
        axes.plot(table["time"], table["true"], "-", color=TRUE, label="true")
        axes.plot(table["time"], table["predicted"], "o", color=PREDICTED, markersize=5,
                  label="predicted")
        axes.set_ylabel("mean " + LABEL)
        axes.set_title(text, loc="left", fontsize=10)
    panels[1].axhline(crystal["energy_density"], color="0.5", linestyle=":", label="perfect crystal")
    panels[1].set_ylim(crystal["energy_density"] - 0.001, rest["true"].max() + 0.002)
    panels[2].plot(rest["time"], 100 * rest["fraction"], "o-", color=PLAIN)
    panels[2].set_ylabel("boundary atoms (%)", color=PLAIN)
    panels[2].set_xlabel("time (ps)")
    other = panels[2].twinx()
    # At the start velocities are those of twice the temperature, and atoms at rest.
    other.plot(hot["time"][1:], hot["thermo_temp"][1:], "--", color=PREDICTED)
    other.set_ylabel("temperature (K)", color=PREDICTED)
    for axes in panels[:2]:
        axes.legend(loc="best")
    for axes in panels:
        axes.grid(alpha=0.3)
        axes.ticklabel_format(axis="y", useOffset=False)
    figure.suptitle("Annealing the nanocrystal: predicted during the run")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main():
    found = {"relaxed": read_dump("start.dump"), "annealed": read_dump("final.dump")}
    hot, rest, boundaries = map(read_named, ("hot.txt", "rest.txt", "boundaries.txt"))
    area = boundaries["area"][boundaries["grain1"] != boundaries["grain2"]].sum()
    with open("crystal.txt") as file:
        crystal = {name: float(value) for name, value in map(str.split, file)}
    write_states(found, crystal, area)
    write_anneal(hot, rest)
    box, atoms = found["annealed"]
    draw_slice(box, atoms, crystal, f"Copper, {int(atoms['i_grain'].max())} grains, "
               f"{len(atoms['id'])} atoms, annealed: a slice of {SLICE:.0f} Å")
    draw_time(hot, rest, crystal, "time.png")


if __name__ == "__main__":
    main()
