#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Energies of boundaries from models trained on symmetric tilts only (those of copper-tilts and copper-388),
tested on all other kinds (of copper-388). In the folder of the study, after collect.py. Writes learn.csv and
learn.png.

The tilts themselves are tested in ten folds, each with whole boundaries left out: keys tell which are the
same in both sets.
"""

import csv
import os
import pathlib
import sys

import numpy as np
from scipy.stats import spearmanr

import mlgrain
from collect import frames, write_csv
from mlgrain import plots
from mlgrain.models import training
from mlgrain.models.measures import measures
from report import KINDS
from search import read_crystal

SETS = "copper-tilts", "copper-388"
TILT = "symmetric tilt"
TREES = int(os.environ.get("TREES", "300"))
SEED, FOLDS, FEW = 1, 10, 4
SIGMA, CUTOFF = 0.909, 5.904  # Angstrom, of the descriptors
SOAP = {"basis": "quippy", "rcut": 5.0, "nmax": 8, "lmax": 6, "sigma": 0.5}
FCC = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
MODELS = {"SFD, ridge": ("sfd", "ridge"), "SFD, extra trees": ("sfd", "extra"),
          "SOAP, ridge": ("soap", "ridge-unscaled"), "SOAP, extra trees": ("soap", "extra")}


def vectors(atoms, centers):
    """Sums over some atoms: 19 descriptors, and a power spectrum."""
    return (mlgrain.sfd(atoms, SIGMA, CUTOFF)[centers].sum(axis=0),
            mlgrain.soap_mean(atoms, centers=centers, **SOAP) * centers.sum())


def read_frame(comment, lines):
    """(atoms as mlgrain takes them, which of them move freely, area)."""
    cell = np.array(comment.split('Lattice="')[1].split('"')[0].split(), float).reshape(3, 3)
    rows = np.array([line.split()[1:] for line in lines], float)
    atoms = rows[:, :3], cell, (True, True, False)
    return atoms, rows[:, 4] == 0, np.linalg.norm(np.cross(cell[0], cell[1]))


def features_of(name, a):
    """{sfd, soap}: excesses of a set's structures per area, in the order of structures.csv; kept in a
    file. Atoms that are held see the surface, and don't count."""
    source, path = pathlib.Path(name, "structures.xyz.gz"), pathlib.Path(name, "features.npz")
    if path.exists() and path.stat().st_mtime > source.stat().st_mtime:
        with np.load(path) as known:
            return {key: known[key] for key in ("sfd", "soap")}
    perfect = vectors((a * FCC, [a] * 3, True), np.ones(4, bool))
    rows = {"sfd": [], "soap": []}
    for comment, lines in frames(source):
        atoms, free, area = read_frame(comment, lines)
        for key, sum_, one in zip(rows, vectors(atoms, free), perfect):
            rows[key].append((sum_ - free.sum() / 4 * one) / area)
    rows = {key: np.array(values) for key, values in rows.items()}
    np.savez(path.with_suffix(".part.npz"), **rows)
    os.replace(path.with_suffix(".part.npz"), path)
    return rows


class Part:
    """Structures: features, energy, and key, kind and BRK energy of their boundaries; lowest: whether each
    is the first of its boundary and set."""

    def __init__(self, features, energy, brk, key, kind, lowest):
        self.features, self.energy, self.brk = features, energy, brk
        self.key, self.kind, self.lowest = key, kind, lowest

    @classmethod
    def load(cls, name, a):
        with open(f"{name}/table.csv", newline="") as file:
            table = {line["boundary"]: line for line in csv.DictReader(file)}
        with open(f"{name}/structures.csv", newline="") as file:
            lines = [table[line["boundary"]] | {"energy": line["energy"]} for line in csv.DictReader(file)]
        features, key = features_of(name, a), np.array([line["key"] for line in lines])
        assert len(lines) == len(features["sfd"]), name
        return cls(features, np.array([float(line["energy"]) for line in lines]),
                   np.array([float(line["brk"]) for line in lines]), key,
                   np.array([line["kind"] for line in lines]), np.append(True, key[1:] != key[:-1]))

    def some(self, rows):
        features = {name: values[rows] for name, values in self.features.items()}
        return Part(features, self.energy[rows], self.brk[rows], self.key[rows], self.kind[rows],
                    self.lowest[rows])

    def __add__(self, other):
        features = {name: np.vstack([values, other.features[name]]) for name, values in self.features.items()}
        return Part(features, *(np.append(getattr(self, name), getattr(other, name)) for name in
                                ("energy", "brk", "key", "kind", "lowest")))


def maker(kind):
    return lambda: training.make_estimator(kind, TREES, max_features=1 / 3, seed=SEED)


def predictions(train, test):
    """{model: (of the tilts, each without its own boundary; of the test)}"""
    groups = np.unique(train.key, return_inverse=True)[1]
    folds = training.folds(len(groups), min(FOLDS, groups.max() + 1), SEED, groups)
    result = {}
    for name, (features, kind) in MODELS.items():
        own, other = train.features[features], test.features[features]
        left_out, _ = training.cross_validate(maker(kind), own, train.energy, folds)
        # the crystal is one more row, whose energy is known
        fitted = maker(kind)().fit(np.vstack([own, np.zeros(own.shape[1])]), np.append(train.energy, 0.0))
        result[name] = left_out, fitted.predict(other)
        print(f"  {name}", flush=True)
    result["BRK"] = train.brk, test.brk
    mean = train.energy.mean()
    result["mean of the tilts"] = np.full(len(train.energy), mean), np.full(len(test.energy), mean)
    return result


def order(key, energy, guess):
    """Mean rank correlation among the structures of one boundary."""
    found = [spearmanr(energy[key == k], guess[key == k]).statistic for k in np.unique(key)
             if (key == k).sum() >= FEW and np.ptp(guess[key == k]) > 0]
    return f"{np.mean(found):.3f}" if found else ""


def line_of(model, tested, which, part, rows, guess):
    energy, guess = part.energy[rows], guess[rows]
    found = measures(energy, guess)
    ranked = len(energy) >= FEW and np.ptp(guess) > 0
    return {"model": model, "tested": tested, "which": which, "structures": len(energy),
            "boundaries": len(np.unique(part.key[rows])), "rmse": f"{found['rmse']:.1f}",
            "bias": f"{np.mean(guess - energy):+.1f}", "r2": f"{found.get('r2', np.nan):.3f}",
            "rank": f"{spearmanr(energy, guess).statistic:.3f}" if ranked else "",
            "order": order(part.key[rows], energy, guess)}


def tests(train, test, found):
    """Lines of learn.csv."""
    size = {"train_structures": len(train.energy), "train_boundaries": len(np.unique(train.key))}
    for which in ("all structures", "lowest"):
        chosen = [part.lowest | (which != "lowest") for part in (train, test)]
        for model, (left_out, guess) in found.items():
            yield size | line_of(model, "symmetric tilts, left out", which, train, chosen[0], left_out)
            for kind in KINDS:
                rows = chosen[1] & (test.kind == kind)
                if rows.sum() > 1:
                    yield size | line_of(model, kind, which, test, rows, guess)


def draw(train, test, found):
    figure, panels = plots.plt.subplots(1, len(MODELS), figsize=(4.2 * len(MODELS), 4.6),
                                        layout="constrained", sharex=True, sharey=True)
    high = 1.05 * test.energy.max()
    for axes, model in zip(panels, MODELS):
        for kind, color in KINDS.items():
            rows = test.kind == kind
            if not rows.any():
                continue
            axes.plot(test.energy[rows], found[model][1][rows], ".", markersize=3, color=color, alpha=0.5,
                      label=kind, rasterized=rows.sum() > plots.MANY)
        axes.plot([0, high], [0, high], color="0.5", linewidth=1, zorder=1)
        axes.set(xlim=(0, high), ylim=(0, high), xlabel="energy (mJ/m$^2$)", title=model)
        axes.set_aspect("equal")
    panels[0].set_ylabel("predicted (mJ/m$^2$)")
    panels[0].legend(fontsize=8, markerscale=3)
    plots.save(figure, "learn")


def main():
    a = read_crystal("crystal-copper.txt")["lattice_constant"]
    tilts, listed = (Part.load(name, a) for name in SETS)
    train, test = tilts + listed.some(listed.kind == TILT), listed.some(listed.kind != TILT)
    if not len(test.energy):
        sys.exit("all boundaries are symmetric tilts: there is nothing to test models on")
    found = predictions(train, test)
    write_csv(pathlib.Path("learn.csv"), list(tests(train, test, found)))
    draw(train, test, found)
    print("learn.csv")


if __name__ == "__main__":
    main()
