#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py: report.md and pictures, from the tables of all sets that are there (collect.py) and, if it is,
learn.csv. In the folder of the study."""

import csv
import os
import pathlib

import numpy as np
from scipy.stats import spearmanr

from mlgrain import plots
from mlgrain.boundaries import bicrystal
from mlgrain.models.measures import measures
from sets import SETS, Missing

KINDS = {"symmetric tilt": plots.CLASS_COLORS[0], "asymmetric tilt": plots.CLASS_COLORS[3],
         "twist": plots.CLASS_COLORS[1], "mixed": plots.CLASS_COLORS[2]}
GAIN = 0.5  # mJ/m^2: less counts as the same energy
FEW = 4  # boundaries; of fewer nothing is correlated
OTHER = pathlib.Path(os.environ.get("CU_BOUNDARIES", "../cu-boundaries"), "table.csv")


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def numbers(lines, name):
    return np.array([float(line[name]) if line.get(name) else np.nan for line in lines])


def table(head, rows):
    """Of Markdown; the first column to the left."""
    return [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1),
            *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def against(truth, guess):
    """Numbers of rows, rank correlation, rmse (mJ/m^2), the same as part of the mean, R2; None of few."""
    some = np.isfinite(truth) & np.isfinite(guess)
    if some.sum() < FEW:
        return None
    truth, guess = truth[some], guess[some]
    found = measures(truth, guess)
    return [int(some.sum()), f"{spearmanr(truth, guess).statistic:.3f}", f"{found['rmse']:.1f}",
            f"{100 * found['rmse'] / truth.mean():.1f} %", f"{found['r2']:.3f}"]


def scaled(truth, guess):
    """The guess times the factor that fits the truth best, and that."""
    some = np.isfinite(truth) & np.isfinite(guess)
    factor = (truth[some] @ guess[some]) / (guess[some] @ guess[some]) if some.any() else np.nan
    return factor * guess, factor


def parity(lines, x, y, names, stem, title):
    """Colors say the kind of the boundary."""
    figure, axes = plots.plt.subplots(figsize=(6, 5.4), layout="constrained")
    kinds = np.array([line["kind"] for line in lines])
    for kind, color in KINDS.items():
        some = (kinds == kind) & np.isfinite(x) & np.isfinite(y)
        if some.any():
            axes.plot(x[some], y[some], "o", markersize=4, color=color, alpha=0.7, markeredgewidth=0,
                      label=f"{kind} ({some.sum()})")
    high = 1.05 * max(np.nanmax(x), np.nanmax(y))
    axes.plot([0, high], [0, high], color="0.5", linewidth=1, zorder=1)
    axes.set(xlim=(0, high), ylim=(0, high), xlabel=names[0], ylabel=names[1], title=title)
    axes.set_aspect("equal")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    plots.save(figure, stem)


def over_fraction(structures, stem, title):
    """Energies above the lowest of each boundary."""
    lowest = {}
    for line in structures:
        energy = float(line["energy"])
        lowest[line["boundary"]] = min(energy, lowest.get(line["boundary"], energy))
    above = numbers(structures, "energy") - [lowest[line["boundary"]] for line in structures]
    figure, axes = plots.plt.subplots(figsize=(6.5, 4.6), layout="constrained")
    axes.scatter(numbers(structures, "fraction"), above, s=4, alpha=0.3, color=plots.ONE,
                 rasterized=len(above) > plots.MANY, linewidths=0)
    axes.set(xlim=(-0.03, 1.03), ylim=(-10, 400), xlabel="fraction of a plane taken out", title=title,
             ylabel="energy above the lowest of the boundary (mJ/m$^2$)")
    axes.grid(alpha=0.3)
    plots.save(figure, stem)


def over_angle(entries, lines, structures, stem):
    """Lowest and metastable energies of the tilts over their angles, a panel for each axis."""
    lowest = {line["boundary"]: line for line in lines}
    every = {}
    for line in structures:
        every.setdefault(line["boundary"], []).append(float(line["energy"]))
    figure, panels = plots.plt.subplots(2, 2, figsize=(11, 7.5), layout="constrained")
    for axes, axis in zip(panels.flat, bicrystal.AXES):
        places = sorted((angle, entry.label) for entry in entries for name, angle in entry.tilts
                        if name == axis and entry.label in lowest)
        for angle, label in places:
            energies = every[label]
            axes.plot([angle] * len(energies), energies, ".", markersize=3, color="0.6", alpha=0.5)
        angles = [angle for angle, _ in places]
        axes.plot(angles, [float(lowest[label]["energy_whole_planes"] or "nan") for _, label in places], "x",
                  markersize=5, color=plots.TWO, label="lowest with whole planes")
        axes.plot(angles, [float(lowest[label]["energy"]) for _, label in places], "o-", markersize=4,
                  linewidth=1, color=plots.ONE, label="lowest")
        axes.set(title=f"<{axis}>: {len(places)} boundaries", xlim=(0, bicrystal.AXES[axis][3]),
                 ylim=(0, 1500), xlabel="misorientation (degrees)", ylabel="energy (mJ/m$^2$)")
        axes.grid(alpha=0.3)
    panels.flat[0].legend(fontsize=8)
    plots.save(figure, stem)


def head(which, entries, lines, structures, history):
    """What there is of a set."""
    done = {line["boundary"] for line in lines}
    seconds = sum(float(line["seconds"] or 0) for line in history)
    trials = sum(int(line["whole"]) + int(line["trials"]) for line in history)
    failed = sum(line["status"] != "ok" for line in history)
    missing = len(entries) - len(done)
    return [f"## {which.name}", "",
            f"{which.of[0].upper()}{which.of[1:]}, in {which.metal.name} ({which.metal.source}). "
            f"**{len(done)} of {len(entries)} boundaries**, {len(structures)} distinct structures, from "
            f"{trials} trials in {seconds / 3600:.2f} CPU-hours: {trials / max(1, len(done)):.0f} a boundary, "
            f"where a full round has {which.whole + which.trials}."
            + (f" {missing} have not been searched, mostly those with the largest cells, as these come last."
               if missing else "")
            + (f" {failed} rounds failed or took too long." if failed else ""), ""]


def fractions(lines):
    """Where a fraction of a plane lowers the energy."""
    gain = numbers(lines, "energy_whole_planes") - numbers(lines, "energy")
    best = [k for k in np.argsort(-np.nan_to_num(gain)) if gain[k] > GAIN]
    out = [f"Fractions of a plane lower the energy of {len(best)} of {len(lines)} boundaries by more than "
           f"{GAIN} mJ/m^2. The largest gains:" if best else
           f"Fractions of a plane lower no energy by more than {GAIN} mJ/m^2.", ""]
    if best:
        rows = [[lines[k]["boundary"], lines[k]["plane_1"], lines[k]["energy_whole_planes"],
                 lines[k]["energy"], f"{gain[k]:.1f}", f"{float(lines[k]['fraction']):.3f}",
                 lines[k]["cell"]] for k in best[:20]]
        out += table(["boundary", "plane", "whole planes (mJ/m^2)", "lowest", "gain", "fraction", "cell"],
                     [[*row[:2], f"{float(row[2]):.1f}", f"{float(row[3]):.1f}", *row[4:]] for row in rows])
    return out


def beside_older(entries, lines):
    """Energies beside those of examples/cu-boundaries, if they are there."""
    if not OTHER.exists():
        return []
    older = {}
    for line in read(OTHER):
        if line["status"] == "ok":
            older[line["family"]] = min(float(line["energy"]), older.get(line["family"], np.inf))
    family = {entry.label: " ".join(map(str, sorted(map(abs, entry.boundary.planes[0]), reverse=True)))
              for entry in entries}
    both = [(line, older[family[line["boundary"]]]) for line in lines if family[line["boundary"]] in older]
    difference = np.array([float(line["energy"]) - energy for line, energy in both])
    if not len(difference):
        return []
    rows = [[both[k][0]["boundary"], f"{both[k][1]:.1f}", f"{float(both[k][0]['energy']):.1f}",
             f"{difference[k]:+.1f}"] for k in np.argsort(difference)]
    return [f"Beside the {len(both)} of these in the database of examples/cu-boundaries, which has whole planes "
            f"only: {np.sum(difference < -GAIN)} are lower here, {np.sum(difference > GAIN)} higher, by more "
            f"than {GAIN} mJ/m^2; on average {difference.mean():+.1f}.", "",
            *table(["boundary", "there (mJ/m^2)", "here", "difference"],
                   [row for row in rows if abs(float(row[3])) > GAIN][:30])]


def tilt_section(which, entries, lines, structures):
    over_angle(entries, lines, structures, f"{which.name}-angle")
    return ["![Energy over misorientation](%s-angle.png)" % which.name, "",
            *fractions(lines), *beside_older(entries, lines)]


def compared(which, lines):
    """Rows of a table: what the computed energies are set beside, for all and for each kind."""
    energy = numbers(lines, "energy")
    kinds = np.array([line["kind"] for line in lines])
    published = sorted({name for line in lines for name in line if name.startswith("published_")})
    guesses = {}
    if which.metal.brk:
        guesses["BRK"] = numbers(lines, "brk")
    for name in published:
        metal = name.removeprefix("published_")
        values, factor = scaled(energy, numbers(lines, name))
        guesses[f"published, {metal}, times {factor:.3f}"] = values
        if metal == which.metal.name:
            guesses[f"published, {metal}"] = numbers(lines, name)
    rows = []
    for name, values in guesses.items():
        for kind in ("all", *KINDS):
            some = (kinds == kind) | (kind == "all")
            found = against(energy[some], values[some])
            if found:
                rows.append([f"{name}: {kind}", *found])
    return rows, guesses


def list_section(which, lines):
    """Of a set of boundaries with published energies."""
    rows, guesses = compared(which, lines)
    energy = numbers(lines, "energy")
    out = ["Rank correlation (Spearman), rms difference (mJ/m^2, part of the mean) and R2 of what is set "
           "beside the computed energies; published ones of another metal, or potential, are scaled by "
           "one factor.", "",
           *table(["beside", "boundaries", "rank", "rms", "of mean", "R2"], rows)]
    brk = numbers(lines, "brk")
    for metal in ("nickel", "aluminium"):
        if which.metal.name == metal and (found := against(numbers(lines, f"published_{metal}"), brk)):
            out += [f"BRK beside the published energies of the same {found[0]} boundaries: rank {found[1]}, "
                    f"rms {found[2]} mJ/m^2, {found[3]}, R2 {found[4]}.", ""]
    if np.isfinite(brk).any():
        parity(lines, energy, brk, ("computed (mJ/m$^2$)", "BRK (mJ/m$^2$)"), f"{which.name}-brk",
               f"{which.name}: BRK")
        out += [f"![BRK](%s-brk.png)" % which.name, ""]
    name = min((n for n in guesses if n.startswith("published") and np.isfinite(guesses[n]).sum() >= FEW),
               key=lambda n: np.nanmean((guesses[n] - energy) ** 2), default=None)
    if name:
        parity(lines, energy, guesses[name], ("computed (mJ/m$^2$)", f"{name} (mJ/m$^2$)"),
               f"{which.name}-published", f"{which.name}: published energies")
        difference = energy - guesses[name]
        worst = [k for k in np.argsort(-np.abs(np.nan_to_num(difference)))][:10]
        out += ["![Published](%s-published.png)" % which.name, "",
                f"The largest differences from {name}:", "",
                *table(["boundary", "kind", "computed", "published, scaled", "difference", "atoms", "trials"],
                       [[lines[k]["boundary"], lines[k]["kind"], f"{energy[k]:.1f}",
                         f"{guesses[name][k]:.1f}", f"{difference[k]:+.1f}", lines[k]["atoms"],
                         lines[k]["trials"]] for k in worst])]
    return [*out, *fractions(lines)]


def between_metals(tables):
    """Rank correlations of the sets of one list."""
    rows = []
    names = [name for name in tables if name.endswith("-388")]
    for k, one in enumerate(names):
        for two in names[k + 1:]:
            first = {line["boundary"]: float(line["energy"]) for line in tables[one]}
            second = {line["boundary"]: float(line["energy"]) for line in tables[two]}
            both = [n for n in first if n in second]
            pair = [np.array([each[n] for n in both]) for each in (first, second)]
            found = against(pair[0], scaled(*pair)[0]) if len(both) >= FEW else None
            if found:
                rows.append([f"{one}, {two}", *found])
    return ["## Between metals", "", "Energies of the second are scaled by one factor.", "",
            *table(["sets", "boundaries", "rank", "rms", "of mean", "R2"], rows)] if rows else []


def learned():
    """Section of learn.csv."""
    if not pathlib.Path("learn.csv").exists():
        return []
    lines = read("learn.csv")
    head_line = lines[0]
    out = ["## Models trained on tilts only", "",
           f"Trained on {head_line['train_structures']} structures of {head_line['train_boundaries']} symmetric "
           "tilts (copper-tilts and copper-388), tested on the other kinds of copper-388. "
           "Features are sums over the atoms of a boundary, less the crystal's, per area; models know no "
           "geometry but these. *lowest*: the structure of lowest energy of each boundary. *order*: the rank "
           "correlation among the structures of one boundary, averaged over boundaries with at least "
           f"{FEW}. BRK and the mean of training know nothing of structures.", ""]
    for which in ("all structures", "lowest"):
        some = [line for line in lines if line["which"] == which]
        out += [f"**{which}**", "",
                *table(["features, model", "tested on", "structures", "boundaries", "rmse (mJ/m^2)", "bias",
                        "R2", "rank", "order"],
                       [[line["model"], line["tested"], line["structures"], line["boundaries"], line["rmse"],
                         line["bias"], line["r2"], line["rank"], line["order"]] for line in some])]
    return [*out, "![Parity](learn.png)", ""]


def main():
    out, tables = ["# Database of grain boundaries", ""], {}
    for which in SETS.values():
        folder = pathlib.Path(which.name)
        if not (folder / "table.csv").exists():
            continue
        lines, structures, history = (read(folder / f"{name}.csv") for name in
                                      ("table", "structures", "history"))
        tables[which.name] = lines
        try:
            entries = which.entries()
        except Missing as error:
            raise SystemExit(str(error)) from error
        out += head(which, entries, lines, structures, history)
        out += (tilt_section(which, entries, lines, structures) if which.name == "copper-tilts" else
                list_section(which, lines))
        over_fraction(structures, f"{which.name}-fraction", which.name)
        out += ["![Energy over fraction](%s-fraction.png)" % which.name, ""]
    out += between_metals(tables) + learned()
    pathlib.Path("report.md").write_text("\n".join(out) + "\n")
    print("report.md")


if __name__ == "__main__":
    main()
