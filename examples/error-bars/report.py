#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and pictures of what study.py left in a folder: report.py FOLDER writes report.md and *.png
there."""

from __future__ import annotations

import argparse
import pathlib

import matplotlib
import numpy as np
from scipy import stats

from study import CASES, read_frames, say

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

ALARMS = 0.05  # of the atoms
SOLIDS = ("crack", "dislocation", "boundary", "polycrystal", "particle")
SCORES = {"grade": "grade", "leverage": "leverage (16 rows)", "two": "predicted error, 2 members",
          "four": "predicted error, 4 members", "eight": "predicted error, 8 members",
          "force": "size of the force"}
COLUMNS = ["fx", "fy", "fz", "c_grade", "c_four[1]", "c_two[2]", "c_four[2]", "c_eight[2]",
           "c_four[3]"]


class Atoms:
    """Errors and scores of the atoms of one case, and of which run and frame each is."""

    def __init__(self, folder, limit):
        self.limit = limit  # eV/Angstrom
        rows, self.frame = [], []
        names = sorted(path.stem for path in (folder / "scores").glob("*.dump"))
        self.run, self.names = [], names
        for number, name in enumerate(names):
            truth, _ = read_frames(folder / "frames" / f"{name}.dump", ["fx", "fy", "fz"])
            found, frame = read_frames(folder / "scores" / f"{name}.dump", COLUMNS)
            error = np.linalg.norm(found[:, :3] - truth, axis=1)
            rows.append(np.column_stack([error, np.linalg.norm(found[:, :3], axis=1),
                                         found[:, 3:]]))
            self.run.append(np.full(len(found), number))
            self.frame.append(frame)
        self.run, self.frame = np.concatenate(self.run), np.concatenate(self.frame)
        table = np.concatenate(rows)
        self.close = table[:, 7] > 0
        self.counts = np.bincount(self.run[self.close], minlength=len(names))
        # they have a flag of their own, and errors of a wall that no score knows
        table, self.run, self.frame = (array[~self.close]
                                       for array in (table, self.run, self.frame))
        self.error = table[:, 0]
        self.score = dict(zip(("force", "grade", "leverage", "two", "four", "eight"),
                              table[:, 1:7].T))

    def of(self, *kinds):
        """Whether each atom is of a run of these kinds."""
        numbers = [k for k, name in enumerate(self.names) if name.split("_")[0] in kinds]
        return np.isin(self.run, numbers)


def auc(score, bad):
    """How often an atom that is bad has a higher score than one that isn't."""
    count = bad.sum()
    if not 0 < count < len(bad):
        return np.nan
    ranks = stats.rankdata(score)
    return (ranks[bad].sum() - count * (count + 1) / 2) / (count * (len(bad) - count))


def recall(score, bad):
    """Of the bad atoms, the part among those with the highest scores."""
    alarms = np.argsort(score)[::-1][:max(1, round(ALARMS * len(score)))]
    return bad[alarms].sum() / max(1, bad.sum())


def numbers(score, error, limit):
    """Rank correlation; AUC for errors above half the limit and above it; recall."""
    return (stats.spearmanr(score, error)[0], auc(score, error > limit / 2),
            auc(score, error > limit), recall(score, error > limit))


def score_table(atoms):
    """Lines of Markdown."""
    solid = atoms.of(*SOLIDS)
    half, whole = 500 * atoms.limit, 1000 * atoms.limit
    lines = [f"| score | rank correlation | AUC {half:g} meV/Å | AUC {whole:g} meV/Å | found | "
             f"solids: rank correlation | AUC {half:g} meV/Å |", "|---|--:|--:|--:|--:|--:|--:|"]
    for name, text in SCORES.items():
        score = atoms.score[name]
        every = numbers(score, atoms.error, atoms.limit)
        only = numbers(score[solid], atoms.error[solid], atoms.limit)
        lines.append(f"| {text} | {every[0]:.2f} | {every[1]:.3f} | {every[2]:.3f} | "
                     f"{every[3]:.2f} | {only[0]:.2f} | {only[1]:.3f} |")
    return lines


def coverage_table(atoms):
    """Errors, and how many are below what was predicted for 95 %, by run."""
    lines = [f"| frames | atoms | rms error (meV/Å) | above {1000 * atoms.limit:g} meV/Å | below the "
             "predicted error | "
             "predicted / error, median | largest grade | too close, left out |",
             "|---|--:|--:|--:|--:|--:|--:|--:|"]
    kinds = {}
    for number, name in enumerate(atoms.names):
        words = name.split("_")
        group = " ".join(words[:1] if words[0] == "particle" else words[:2])
        kinds.setdefault(group.replace(" 0", ""), []).append(number)
    for kind, runs in kinds.items():
        here = np.isin(atoms.run, runs)
        error, predicted = atoms.error[here], atoms.score["four"][here]
        lines.append(
            f"| {kind} | {here.sum()} | {1e3 * np.sqrt((error**2).mean()):.0f} | "
            f"{100 * (error > atoms.limit).mean():.1f} % | {100 * (error <= predicted).mean():.1f} % | "
            f"{np.median(predicted / np.maximum(error, 1e-6)):.1f} | "
            f"{atoms.score['grade'][here].max():.2f} | {atoms.counts[runs].sum()} |")
    return lines


def bin_table(atoms):
    """Errors by grade and by predicted error."""
    above = f"above {1000 * atoms.limit:g} meV/Å"
    lines = [f"| grade | atoms | rms error (meV/Å) | {above} | | predicted error (meV/Å) | "
             f"atoms | rms error (meV/Å) | {above} |",
             "|---|--:|--:|--:|---|---|--:|--:|--:|"]
    grades = (0, 0.5, 1, 1.5, 2, 3, 10, np.inf)
    errors = (0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, np.inf)

    def cells(score, low, high, factor):
        here = (score >= low) & (score < high)
        text = (f"{factor * low:g} - {factor * high:g}" if np.isfinite(high)
                else f"above {factor * low:g}")
        if not here.any():
            return f"{text} | 0 | | "
        error = atoms.error[here]
        return (f"{text} | {here.sum()} | {1e3 * np.sqrt((error**2).mean()):.0f} | "
                f"{100 * (error > atoms.limit).mean():.1f} %")

    for k in range(len(grades) - 1):
        lines.append(f"| {cells(atoms.score['grade'], grades[k], grades[k + 1], 1)} | | "
                     f"{cells(atoms.score['four'], errors[k], errors[k + 1], 1000)} |")
    return lines


def frame_keys(atoms):
    """A number for the frame of each atom."""
    return atoms.run * 100000 + atoms.frame


def frame_lines(atoms):
    """Largest score of a frame against its largest error."""
    _, first = np.unique(frame_keys(atoms), return_inverse=True)

    def largest(values):
        out = np.zeros(first.max() + 1)
        np.maximum.at(out, first, values)
        return out

    error = largest(atoms.error)
    parts = [f"{text} {stats.spearmanr(largest(atoms.score[name]), error)[0]:.2f}"
             for name, text in SCORES.items() if name in ("grade", "leverage", "four")]
    return [f"Rank correlation of the largest score of a frame with its largest error, {len(error)} "
            "frames: " + ", ".join(parts) + "."]


def picture(atoms, path, title):
    """Grade, leverage and predicted error against the true one."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), sharey=True)
    chosen = np.random.default_rng(0).permutation(len(atoms.error))[:20000]
    error = np.maximum(atoms.error[chosen], 1e-5)
    for axis, name in zip(axes, ("grade", "leverage", "four")):
        score = np.maximum(atoms.score[name][chosen], 1e-5)
        for kind in sorted({one.split("_")[0] for one in atoms.names}):
            here = atoms.of(kind)[chosen]
            axis.plot(score[here], error[here], ".", markersize=1.5, alpha=0.5, label=kind)
        axis.set(xscale="log", yscale="log", xlabel={
            "grade": "extrapolation grade", "leverage": "leverage / that of the training set",
            "four": "predicted error (eV/Å)"}[name])
        axis.axhline(atoms.limit, color="0.6", linewidth=0.8)
    line = np.array([1e-4, 10])
    axes[2].plot(line, line, "k-", linewidth=0.8)
    axes[0].axvline(1, color="0.6", linewidth=0.8)
    axes[0].xaxis.set_minor_formatter("")
    axes[0].set_ylabel("true error of the force (eV/Å)")
    axes[2].legend(markerscale=6, fontsize=8, loc="lower right")
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    lines = ["# Scores and true errors of forces", ""]
    for name in CASES:
        if not list((folder / name / "scores").glob("*.dump")):
            continue
        atoms = Atoms(folder / name, CASES[name].limit)
        frames = len(np.unique(frame_keys(atoms)))
        lines += [f"## {name}", "", f"{len(atoms.error)} atoms of {frames} frames, "
                  f"{100 * (atoms.error > atoms.limit / 2).mean():.1f} % of them with errors above "
                  f"{500 * atoms.limit:g}, "
                  f"{100 * (atoms.error > atoms.limit).mean():.1f} % above {1000 * atoms.limit:g} meV/Å; found: of the "
                  f"latter, the part among the {100 * ALARMS:g} % of all with the highest scores. "
                  f"{atoms.counts.sum()} atoms that are flagged as too close to another are left "
                  "out.",
                  "", *score_table(atoms), "", *frame_lines(atoms), "", *coverage_table(atoms), "",
                  *bin_table(atoms), ""]
        picture(atoms, folder / f"{name}.png", name)
    (folder / "report.md").write_text("\n".join(lines), encoding="utf-8")
    say("\n".join(lines))


if __name__ == "__main__":
    main()
