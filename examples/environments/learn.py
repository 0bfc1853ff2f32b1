#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""learn.py DATABASE: energies of unseen boundaries from four kinds of features, and three kinds of models.
No family of boundaries is on both sides of a division into training and test rows, and the divisions are
the same for all. Writes learn.csv."""

import csv
import os
import pathlib
import sys
import time

import numpy as np

from mlgrain import plots
from mlgrain.models import training
from mlgrain.models.measures import measures
from mlgrain.tables import Table

SPLITS, TREES, FOLDS = int(os.environ.get("SPLITS", "20")), int(os.environ.get("TREES", "300")), 10
SEED = 1
COLUMNS = {"SFD": ("sfd.npz", "P"), "ASR, small vector": ("asr_small.npz", "soap_"),
           "ASR": ("asr.npz", "soap_"), "LER": ("ler.npz", "ler_")}
# Ridge regression by features: those of one unit keep their relative sizes.
RIDGE = {"SFD": "ridge", "LER": "ridge", "ASR": "ridge-unscaled", "ASR, small vector": "ridge-unscaled"}
MOST_BOOSTED = 500  # features; of more, 50 principal components of the training rows


def families(database, names):
    """The family of each file, as whole numbers."""
    with open(database / "table.csv", newline="") as file:
        family = {line["file"]: line["family"] for line in csv.DictReader(file)}
    known = [family[str(pathlib.Path(name).relative_to(database))] for name in names]
    return np.unique(known, return_inverse=True)[1]


def maker(kind, features):
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    def make():
        estimator = training.make_estimator(kind, TREES, max_features=1 / 3, seed=SEED)
        if kind not in training.RIDGE and features.shape[1] > MOST_BOOSTED:
            return make_pipeline(PCA(50, random_state=SEED), estimator)
        return estimator
    return make


def study(name, kind, features, energy, family, splits):
    """A line of the table, and the predictions of 10 folds."""
    begin = time.process_time()
    folds = training.folds(len(energy), min(FOLDS, len(np.unique(family))), SEED, family)
    predicted, _ = training.cross_validate(maker(kind, features), features, energy, folds)
    seconds = (time.process_time() - begin) / len(folds)
    _, halves = training.cross_validate(maker(kind, features), features, energy, splits)
    means = [1 - half["rmse"] / energy[test].mean() for half, (_, test) in zip(halves, splits)]
    found = measures(energy, predicted)
    return {"features": name, "count": features.shape[1], "model": kind, "rmse": found["rmse"],
            "mae": found["mae"], "r2": found["r2"], "half_rmse": np.mean([h["rmse"] for h in halves]),
            "half_r2": np.mean([half["r2"] for half in halves]), "accuracy": np.mean(means),
            "accuracy_spread": np.std(means), "fit_seconds": seconds}, predicted


def main():
    database = pathlib.Path(sys.argv[1])
    lines, best = [], None
    for name, (path, prefix) in COLUMNS.items():
        table = Table.load(path)
        features = table.matrix([c for c in table.columns if c.startswith(prefix)])
        features = features[:, features.std(axis=0) > 0]
        energy, family = table.column("energy"), families(database, table.sources)
        splits = training.random_splits(len(energy), SPLITS, 0.5, SEED, family)
        for kind in (RIDGE[name], "extra", "boosted"):
            line, predicted = study(name, kind, features, energy, family, splits)
            lines.append(line)
            print(f"  {name:<18} {kind:<15} R2 {line['r2']:.3f}  rmse {line['rmse']:6.2f}  halves "
                  f"{line['accuracy']:.3f} +- {line['accuracy_spread']:.3f}", flush=True)
            if best is None or line["rmse"] < best[0]["rmse"]:
                best = line, predicted
    guess = [1 - energy[test].std() / energy[test].mean() for _, test in splits]
    lines.append({"features": "none: the mean of the others", "count": 0, "model": "", "rmse": energy.std(),
                  "mae": np.abs(energy - energy.mean()).mean(), "r2": 0.0,
                  "half_rmse": energy.std(), "half_r2": 0.0, "accuracy": np.mean(guess),
                  "accuracy_spread": np.std(guess), "fit_seconds": 0.0})
    with open("learn.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    line, predicted = best
    plots.parity(energy, predicted, "energy (mJ/m$^2$)", "parity",
                 f"{line['features']}, {line['model']}: unseen boundaries", f"R$^2$ {line['r2']:.3f}")


if __name__ == "__main__":
    main()
