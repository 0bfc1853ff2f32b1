#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 4 of the study: energy density of atoms from their descriptors. In the folder of the study,
after stage 2; snapshots of thermal.py are used where there are some.

Random and curated samples, two kinds of unseen atoms (of unseen families of boundaries; and, as in the
paper, those of the same boundaries that were not drawn), learning curves, and two models of the seen
families: Cu_eden_large.safetensors, fully grown, of relaxed boundaries, and Cu_eden.safetensors, of
less than 5 MB, of relaxed boundaries and the snapshots.
"""

import os
import pathlib

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.model_selection import GroupKFold

from mlgrain import load_model, plots
from mlgrain.models import training
from mlgrain.models.importers import describe
from mlgrain.models.measures import measures
from mlgrain.models.modelfile import json_text
from mlgrain.tables.sampling import curated
from mlgrain.tables import Table
from study import AXES, SEED, Database, record, scaled, write_csv

ROWS = scaled(200000)  # of a sample; fewer where there are fewer atoms
TREES = scaled(30)
SHARES = [0.33, 0.5, 1.0]  # of the descriptors tried at each split
SHIPPED_TREES, SHIPPED_LEAVES = scaled(36), 8000
ROUNDING = 4e-6  # eV/A^3, of the shipped forest's leaf values: few distinct ones make a small file
THERMAL_ROWS = ROWS // 2


def draw(density, rows, count, high, seed=SEED):
    """Curated sample of about `count` of these rows, or of six tenths of them; `high` the share of those
    from the pool of highest energy, which is twice as large."""
    count = int(min(count, 0.6 * len(rows)))
    top = int(high * count)
    return rows[curated(density[rows], count - top, top, 2 * top, seed)]


def sample(db, density, rows, how):
    if how == "random":
        return draw(density, rows, ROWS, 0.0)
    if how == "curated":  # of 200000: 180000 at random, 20000 of the 40000 of highest energy
        return draw(density, rows, ROWS, 0.1)
    axes = db.axis[db.source[rows]]  # for each tilt axis 40000 and 10000
    return np.sort(np.concatenate([draw(density, rows[axes == axis], ROWS // 4, 0.2)
                                   for axis in AXES if np.any(axes == axis)]))


def forest(share, trees=TREES, leaves=None):
    return RandomForestRegressor(trees, max_features=share, max_leaf_nodes=leaves, random_state=SEED)


def errors(db, density, region, estimator, train, test):
    """Of the training rows, of the test rows, and of those of them that are in a boundary."""
    predicted = estimator.predict(db.descriptors(test))
    inside = region[test] == 2
    return {"train_rows": len(train), "test_rows": len(test),
            "train": measures(density[train], estimator.predict(db.descriptors(train))),
            "test": measures(density[test], predicted),
            "test_boundary": measures(density[test][inside], predicted[inside])}, predicted


def choose(db, density, rows):
    """Share of the descriptors, by cross-validation with whole families left out."""
    rows = draw(density, rows, ROWS // 10, 0.1)
    family = db.family[db.source[rows]]
    matrix, scores = db.descriptors(rows), []
    parts = list(GroupKFold(min(3, len(np.unique(family)))).split(rows, groups=family))
    for share in SHARES:
        predicted, _ = training.cross_validate(lambda: forest(share, TREES // 3), matrix, density[rows],
                                               parts)
        scores.append({"max_features": share, **measures(density[rows], predicted)})
        print(f"  max_features {share}: rmse {scores[-1]['rmse']:.6f}", flush=True)
    return min(scores, key=lambda line: line["rmse"])["max_features"], scores


def compare(db, density, region, share, seen, unseen):
    """Samplings, on both kinds of unseen atoms; returns results and the estimator that is kept."""
    result, kept = {}, None
    every = np.arange(len(density))
    for split, pool in (("boundaries", seen), ("atoms", every)):
        for how in ("random", "curated", "tilts"):
            rows = sample(db, density, pool, how)
            test = unseen if split == "boundaries" else np.setdiff1d(every, rows, assume_unique=True)
            fitted = forest(share).fit(db.descriptors(rows), density[rows])
            result[f"{split} {how}"], predicted = errors(db, density, region, fitted, rows, test)
            line = result[f"{split} {how}"]
            print(f"  unseen {split:<11}{how:<8} rmse {line['test']['rmse']:.6f}, R2 "
                  f"{line['test']['r2']:.5f}", flush=True)
            if (split, how) == ("boundaries", "tilts"):
                kept = fitted, rows
            if how == "tilts":
                plots.parity(density[test], predicted, "energy density (eV/Å$^3$)",
                             f"parity-density-{split}", f"Unseen {split}",
                             f"R$^2$ {line['test']['r2']:.4f}\nrmse {line['test']['rmse']:.5f}")
    rows = kept[1]
    boosted = HistGradientBoostingRegressor(max_iter=scaled(500), max_leaf_nodes=127, learning_rate=0.1,
                                            random_state=SEED)
    boosted.fit(db.descriptors(rows), density[rows])
    result["boundaries tilts boosted"], _ = errors(db, density, region, boosted, rows, unseen)
    return result, kept


def learning_curves(db, density, share, seen, unseen):
    """Over the families at 50000 rows or fewer, and over the rows, all families."""
    lines = []
    families = np.random.default_rng(SEED).permutation(np.unique(db.family[db.source[seen]]))
    counts = sorted({len(families) >> k for k in range(5)} - {0})
    tasks = [("families", count, ROWS // 4) for count in counts] + \
        [("rows", len(families), ROWS >> k) for k in (4, 3, 2, 1, 0)]
    for what, count, size in tasks:
        pool = seen[np.isin(db.family[db.source[seen]], families[:count])]
        rows = draw(density, pool, size, 0.1)
        fitted = forest(share, max(1, TREES // 2)).fit(db.descriptors(rows), density[rows])
        values = measures(density[unseen], fitted.predict(db.descriptors(unseen)))
        lines.append({"curve": what, "families": count, "rows": len(rows), "rmse": values["rmse"],
                      "r2": values["r2"]})
        print(f"  {count} families, {len(rows)} rows: rmse {values['rmse']:.6f}", flush=True)
    write_csv("density_curve.csv", lines)
    draw_curves(lines)
    return lines


def draw_curves(lines):
    figure, panels = plots.plt.subplots(1, 2, figsize=(9.5, 4.0), layout="constrained", sharey=True)
    for axes, what, label in zip(panels, ("families", "rows"),
                                 ("boundaries (families) in the training set",
                                  "training rows, of all these boundaries")):
        some = [line for line in lines if line["curve"] == what]
        axes.plot([n[what] for n in some], [1e3 * n["rmse"] for n in some], "o-", color=plots.ONE)
        plots.log_log(axes, [n[what] for n in some], [1e3 * n["rmse"] for n in lines])
        axes.set(xlabel=label)
    panels[0].set_ylabel("rmse, unseen boundaries (10$^{-3}$ eV/Å$^3$)")
    plots.save(figure, "density-curve")


class Thermal:
    """Atoms of the snapshots: descriptors, density, and which are of unseen families."""

    def __init__(self, db):
        table = Table.load("thermal.npz")
        unseen = {pathlib.Path(line["file"]).parent.name: bool(u)
                  for line, u in zip(db.lines, db.unseen)}
        names = [pathlib.Path(name).name.removesuffix(".dump.gz") for name in table.sources]
        self.unseen = np.array([unseen[name] for name in names])[table.column("source").astype(int)]
        self.descriptors = table.matrix(db.names).astype(np.float32)
        self.density = table.column("energy_density")


def export(fitted, db, matrix, density, words, tests):
    metadata = {**{key: db.atoms.metadata[key] for key in ("descriptor", "unit_style", "elements")
                   if key in db.atoms.metadata}, "units": "eV/A^3", "training_set": words,
                "estimator": describe(fitted)}
    model = training.export(fitted, db.names, matrix, density, metadata, SEED)
    model.target = "energy_density"
    found = {"train": measures(density, model.predict(matrix)[0])}
    for name, (other, truth) in tests.items():
        found[name] = measures(truth, model.predict(other)[0])
    model.metadata["errors"] = json_text(found)
    return model, found


def ship(db, density, share, rows, unseen, large):
    """Both models; returns their errors."""
    tests = {"unseen boundaries": (db.descriptors(unseen), density[unseen])}
    matrix, target = db.descriptors(rows), density[rows]
    words = db.atoms.metadata.get("training_set", "boundaries")
    if os.path.exists("thermal.npz"):
        thermal = Thermal(db)
        tests["unseen boundaries at 300 K"] = (thermal.descriptors[thermal.unseen],
                                               thermal.density[thermal.unseen])
        some = draw(thermal.density, np.flatnonzero(~thermal.unseen), THERMAL_ROWS, 0.2)
        both = np.concatenate([matrix, thermal.descriptors[some]])
        target_both = np.concatenate([target, thermal.density[some]])
        words_both = words + "; and snapshots of them at 300 K"
    else:
        both, target_both, words_both = matrix, target, words
    grown = forest(share, SHIPPED_TREES).fit(both, target_both)
    errors_grown = {name: measures(truth, grown.predict(other))
                    for name, (other, truth) in tests.items()}
    del grown
    model, errors_large = export(large, db, matrix, target, words, tests)
    model.save("Cu_eden_large.safetensors")
    small = forest(share, SHIPPED_TREES, SHIPPED_LEAVES).fit(both, target_both)
    for tree in small.estimators_:
        tree.tree_.value[...] = np.round(tree.tree_.value / ROUNDING) * ROUNDING
    model, errors_small = export(small, db, both, target_both, words_both, tests)
    model.save("Cu_eden.safetensors")
    plots.importances(db.names, small.feature_importances_, "importance-density",
                      "Energy density of atoms")
    return {"large": errors_large, "grown": errors_grown, "shipped": errors_small,
            "shipped_rows": len(both),
            "megabytes": {name: os.path.getsize(name) / 1e6
                          for name in ("Cu_eden_large.safetensors", "Cu_eden.safetensors")},
            "importance": dict(zip(db.names, map(float, small.feature_importances_)))}


def main():
    db = Database()
    density = db.atoms.column("energy_density")
    two = load_model("Cu_gb2.safetensors")
    region = np.concatenate([two.predict(db.descriptors(slice(k, k + (1 << 16))))[0] + 1
                             for k in range(0, len(density), 1 << 16)])
    mask = db.unseen[db.source]
    seen, unseen = np.flatnonzero(~mask), np.flatnonzero(mask)
    share, scores = choose(db, density, seen)
    compared, (large, rows) = compare(db, density, region, share, seen, unseen)
    record(stage4={"max_features": share, "scores": scores, "atoms": len(density),
                   "deviation": float(density.std()), "compared": compared,
                   "curves": learning_curves(db, density, share, seen, unseen),
                   "models": ship(db, density, share, rows, unseen, large)})


if __name__ == "__main__":
    main()
