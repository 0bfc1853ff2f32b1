#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables (report.md) and pictures of what study.py has left in a folder, as far as it got."""

from __future__ import annotations

import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

# K. Ito, T. Yokoi, K. Hyodo, H. Mori, npj Comput. Mater. 10, 255 (2024): level 24 against DFT
PAPER = {"tilts": 0.037, "tilts 300 K": 82, "cells": "2.17 to 2.44", "cell forces": "80 to 87",
         "grade": 1.72}
COLORS = {"random": "#d6604d", "expert": "#4393c3", "both": "#1a1a1a"}
METALS = ("iron", "copper")


def read(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def tests(folder):
    """[(set, level, results)] of potentials."""
    found = []
    for path in folder.glob("test-*.json"):
        match = re.fullmatch(r"test-(random|expert|both)-(\d+)", path.stem)
        if match:
            found.append((match[1], int(match[2]), read(path)))
    return sorted(found, key=lambda one: (one[1], list(COLORS).index(one[0])))


def number(value, digits=3):
    return "" if value is None else f"{value:.{digits}f}"


def sensible(value):
    """A value of a property; one beyond all bounds is of a potential with a hole at short
    distances."""
    return "" if value is None else value if abs(value) < 1e4 else "collapses"


def mean_error(found, truth):
    """Of energies of the tilts, J/m^2; None where one is missing."""
    if set(found) != set(truth):
        return None
    return float(np.mean([abs(found[key] - truth[key]) for key in truth]))


def tilts_of(truth):
    return f"{len(truth['J_per_m2'])} tilts"


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def table_of_potentials(folder, truth):
    lines = [row("trained on", "level", f"{tilts_of(truth)}: mean error (J/m^2)", "forces 300 K (meV/A)",
                 "600 K", "1000 K", "boundary cells (meV/atom; meV/A)", "triple-line cells",
                 "polycrystal 300 K (meV/atom; meV/A)", "largest grade, 0 to 1000 K",
                 "relaxed: rms volume (%), boundary energy (J/m^2)"),
             row(*["---"] + ["--:"] * 10)]
    for name, level, found in tests(folder):
        e = found["errors"]
        grade = max(one["grade"] for key, one in e.items() if key.startswith("polycrystal"))
        volumes = found.get("volumes") or {}
        pair = [f"{e[key]['energy_meV']:.2f}; {e[key]['force_meV_A']:.0f}"
                for key in ("boundary cells, all atoms", "triple cells, all atoms",
                            "polycrystal 300 K")]
        lines.append(row(
            name, level, number(mean_error(found["tilts"], truth["J_per_m2"])),
            *(f"{e[f'tilts {t} K']['force_meV_A']:.0f}" for t in (300, 600, 1000)), *pair,
            number(grade, 2), f"{volumes['rms_percent']:.2f}, {volumes['boundary_energy']:.3f} "
            f"({volumes['reference_boundary_energy']:.3f})" if volumes else ""))
    lines.append(row("paper", 24, PAPER["tilts"], PAPER["tilts 300 K"], "", "",
                     f"{PAPER['cells']}; {PAPER['cell forces']}", "the same", "", PAPER["grade"],
                     ""))
    return lines


def table_of_properties(folder):
    reference = read(folder / "properties-reference.json")
    names = [f"{name}-{level}" for name, level, _ in tests(folder)]
    values = [read(folder / f"properties-{name}.json") for name in names]
    lines = [row("", "reference", *names), row(*["---"] + ["--:"] * (1 + len(names)))]
    for key in reference:
        if key not in ("cpu_seconds", "energy_eV", "volume_A3"):
            words = key.rsplit("_", 1)
            lines.append(row(f"{words[0].replace('_', ' ')} ({words[1]})", reference[key],
                             *(sensible(one.get(key)) for one in values)))
    return lines


def curves(folder):
    """{frames: [(structures, results)]}"""
    found = {}
    for path in folder.glob("test-curve-*.json"):
        _, _, crystals, frames, _ = path.stem.split("-")
        own = read(folder / path.name.replace("test", "properties"))
        found.setdefault(int(frames), []).append((int(crystals), read(path), own))
    return {frames: sorted(part, key=lambda one: one[0]) for frames, part in sorted(found.items())}


def table_of_curves(folder, truth):
    reference = read(folder / "properties-reference.json")
    others = [key for key in reference if "_minus_" in key]
    lines = [row("random crystals", "frames of perfect crystals and defects", f"{tilts_of(truth)} (J/m^2)",
                 "tilts 300 K (meV/A)", "polycrystal 300 K (meV/A)", "largest grade",
                 "vacancy (eV)",
                 *(key.replace("_", " ") for key in others)), row(*["--:"] * (7 + len(others)))]
    for frames, part in curves(folder).items():
        for crystals, found, own in part:
            e = found["errors"]
            lines.append(row(crystals, frames,
                             number(mean_error(found["tilts"], truth["J_per_m2"])),
                             number(e["tilts 300 K"]["force_meV_A"], 0),
                             number(e["polycrystal 300 K"]["force_meV_A"], 0),
                             number(e["polycrystal 300 K"]["grade"], 2), own.get("vacancy_eV", ""),
                             *(own.get(key, "") for key in others)))
    lines.append(row("reference", "", "", "", "", "", reference["vacancy_eV"],
                     *(reference[key] for key in others)))
    return lines


def line_of_min_dist(folder, truth):
    lines = []
    for path in folder.glob("test-mindist-*.json"):
        level, found = path.stem.split("-")[-1], read(path)
        own, before = (read(folder / f"properties-{name}-{level}.json")
                       for name in ("mindist", "both"))
        e = found["errors"]
        lines.append(f"both-{level} with a min_dist that is the data's: dumbbell "
                     f"{own['dumbbell_eV']} instead of {before['dumbbell_eV']} eV, {tilts_of(truth)} "
                     f"{number(mean_error(found['tilts'], truth['J_per_m2']))} J/m^2, polycrystal "
                     f"300 K {e['polycrystal 300 K']['force_meV_A']:.0f} meV/A.")
    return lines


def table_of_learning(folder, truth):
    level = next((path.stem.split("-")[-1] for path in folder.glob("test-drawn-*.json")), None)
    if level is None:
        return []
    pool = read(folder / "pool.json")
    lines = [f"select-add takes {pool['added']} of {pool['pool']} cells of another polycrystal (largest grade "
             f"{pool['largest_grade']:.2f}).", "",
             row("trained on", f"{tilts_of(truth)} (J/m^2)", "boundary cells", "triple-line cells",
                 "polycrystal 300 K", "polycrystal 1000 K", "largest grade"),
             row(*["---"] + ["--:"] * 6)]
    for name, text in (("random", "random crystals"), ("added", "and those that select-add chose"),
                       ("drawn", f"and {pool['drawn']} at random")):
        found = read(folder / f"test-{name}-{level}.json")
        if found:
            e = found["errors"]
            lines.append(row(
                text, number(mean_error(found["tilts"], truth["J_per_m2"])),
                *(f"{e[key]['energy_meV']:.2f} meV/atom; {e[key]['force_meV_A']:.0f} meV/A"
                  for key in ("boundary cells, all atoms", "triple cells, all atoms",
                              "polycrystal 300 K", "polycrystal 1000 K")),
                number(max(one["grade"] for key, one in e.items() if key.startswith("poly")), 2)))
    return lines


def draw_tilts(folder, name, truth, out):
    found = [one for one in tests(folder) if mean_error(one[2]["tilts"], truth["J_per_m2"])]
    figure, axis = plt.subplots(figsize=(8, 4), constrained_layout=True)
    labels = list(truth["J_per_m2"])
    at = np.arange(len(labels))
    axis.bar(at, [truth["J_per_m2"][key] for key in labels], 0.7, color="0.85",
             label="embedded-atom potential")
    for k, (kind, level, one) in enumerate(found):
        axis.plot(at + 0.08 * (k - 0.5 * len(found)), [one["tilts"][key] for key in labels],
                  marker="_ox^sdv*"[k % 8], linestyle="none", color=COLORS[kind], markersize=7,
                  label=f"{kind}, level {level}")
    axis.set(xticks=at, ylabel="boundary energy (J/m²)", title=f"Symmetric tilts in {name}")
    axis.set_xticklabels([key.replace("[", "<").replace("]", ">") for key in labels], rotation=20,
                         fontsize=8)
    axis.set_ylim(0, 1.35 * axis.get_ylim()[1])
    axis.legend(fontsize=7, ncols=4, loc="upper center")
    figure.savefig(out, dpi=130)
    plt.close(figure)


def draw_forces(folder, name, out):
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
    temperatures = (300, 600, 1000)
    for kind, level, one in tests(folder):
        style = {12: ":", 16: "-", 20: "--", 24: "-."}.get(level, "-")
        errors = one["errors"]
        axes[0].plot(temperatures, [errors[f"tilts {t} K"]["force_meV_A"] for t in temperatures],
                     style, marker="o", color=COLORS[kind], label=f"{kind}, level {level}")
        axes[1].plot((0, *temperatures), [errors[f"polycrystal {t} K"]["grade"]
                                          for t in (0, *temperatures)],
                     style, marker="o", color=COLORS[kind])
    axes[0].plot([300], [PAPER["tilts 300 K"]], "k*", markersize=11,
                 label="Ito et al., DFT, level 24")
    axes[0].set(xlabel="temperature (K)", ylabel="rms force error (meV/Å)",
                title=f"{name}: within 2.46 Å of tilt boundaries")
    axes[1].axhline(PAPER["grade"], color="k", linewidth=0.8)
    axes[1].text(0, PAPER["grade"], " largest of Ito et al.", va="bottom", fontsize=8)
    axes[1].set(xlabel="temperature (K)", ylabel="largest grade",
                title="every atom of a polycrystal")
    axes[0].set_ylim(bottom=0)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, loc="outside right upper")
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(out, dpi=130)
    plt.close(figure)


def draw_curves(folder, name, truth, out):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), constrained_layout=True)
    for frames, part in curves(folder).items():
        x = [crystals for crystals, _, _ in part]
        label = (f"and {frames} frames of perfect crystals and defects" if frames
                 else "random crystals only")
        color = COLORS["both" if frames else "random"]
        axes[0].plot(x, [one["errors"]["polycrystal 300 K"]["force_meV_A"] for _, one, _ in part],
                     "o-", color=color, label=label)
        axes[1].plot(x, [mean_error(one["tilts"], truth["J_per_m2"]) or np.nan
                         for _, one, _ in part], "o-", color=color)
    axes[0].set(ylabel="rms force error (meV/Å)", title=f"{name}: polycrystal at 300 K")
    axes[1].set(ylabel="mean error (J/m²)", title=f"energies of {tilts_of(truth)}")
    axes[1].axhline(PAPER["tilts"], color="k", linewidth=0.8)
    axes[0].set_ylim(0, 1.25 * axes[0].get_ylim()[1])
    axes[1].set_ylim(0, None)
    axes[0].legend(fontsize=8)
    for axis in axes:
        axis.set(xlabel="random crystals", xlim=(0, None))
        axis.grid(alpha=0.3)
    figure.savefig(out, dpi=130)
    plt.close(figure)


def report(root, name):
    folder = root / name
    truth = read(folder / "tilts.json")
    if truth is None or not tests(folder):
        return []
    data = read(folder / "data.json")
    lines = [f"## {name.capitalize()}", "", row("kind", "structures", "atoms"),
             row("---", "--:", "--:"),
             *(row(kind, *counts) for kind, counts in data["kinds"].items()), "",
             *table_of_potentials(folder, truth), "", *table_of_properties(folder), ""]
    draw_tilts(folder, name, truth, root / f"{name}_tilts.png")
    draw_forces(folder, name, root / f"{name}_forces.png")
    if curves(folder):
        lines += [*table_of_curves(folder, truth), ""]
        draw_curves(folder, name, truth, root / f"{name}_curves.png")
    lines += [*line_of_min_dist(folder, truth), "", *table_of_learning(folder, truth), ""]
    for path in sorted(folder.glob("published-*.json")):
        found = read(path)
        grades = ", ".join(f"{grade:.2f} at {t} K" for t, grade in found["grades"].items())
        lines += [f"{path.stem.replace('published-', '')}: largest grades of {found['atoms']} "
                  f"atoms: {grades}.", ""]
    spent = sum(read(path).get("cpu_seconds", 0) for path in folder.glob("*.json"))
    lines += [f"{spent / 60:.0f} minutes of one core in all.", ""]
    return lines


def main():
    root = pathlib.Path(sys.argv[1])
    lines = [line for name in METALS for line in report(root, name)]
    (root / "report.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
