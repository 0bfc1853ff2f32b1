#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 3 of the study: energies of boundaries from the descriptors of their atoms. In the folder of
the study, after stage 2.

What is to be chosen (which atoms count, which features, what trees) is chosen by cross-validation
among the families that are seen. Two tests follow, in which no family is on both sides:
  unseen   the unseen families, once, by a model of all others
  nested   all families, each predicted by a model, and by choices, that don't know it
and one as the paper has it, with a random fifth of the configurations for the test: metastable states
of one boundary are then on both sides.

Writes gbe.csv, Cu_gbe.safetensors and pictures.
"""

import itertools

import numpy as np
from sklearn.model_selection import GroupKFold

from mlgrain import load_model, plots, training
from mlgrain.boundaries import boundary_features, feature_names
from mlgrain.importers import describe
from mlgrain.modelfile import json_text
from study import AXES, SEED, Database, record, scaled, write_csv

SLABS = [6.0, 8.0, 12.0]  # Angstrom from the boundary
REGIONS = ["mixture", *SLABS]
KINDS = [("random", 0.33), ("random", 1.0), ("extra", 0.33), ("extra", 1.0)]
SETS = ["all", "means"]
TREES = scaled(200)
TREES_TO_CHOOSE = scaled(40)
TWIN = "1 1 1"  # the family of the coherent twin


class Features:
    """features[region]: [configurations, 60]."""

    def __init__(self, db):
        two, six = load_model("Cu_gb2.safetensors"), load_model("Cu_gb6.safetensors")
        self.names = feature_names(six)
        self.means = [k for k, name in enumerate(self.names) if name.startswith("mean_")]
        reference = six.features.index("P2_I0")
        crystal = int(np.argmin(six.means[:, reference]))
        distance = db.distance()
        self.of = {region: [] for region in REGIONS}
        for k in range(len(db.lines)):
            rows = np.flatnonzero(db.source == k)
            atoms = db.descriptors(rows)
            for region in REGIONS:
                inside = two.predict(atoms)[0] == 1 if region == "mixture" else distance[rows] < region
                self.of[region].append(boundary_features(six, atoms[inside], crystal))
        self.of = {region: np.array(rows, np.float32) for region, rows in self.of.items()}

    def matrix(self, choice):
        every = self.of[choice["region"]]
        return every[:, self.means] if choice["set"] == "means" else every

    def columns(self, choice):
        return [self.names[k] for k in self.means] if choice["set"] == "means" else self.names


def estimator(choice, trees=TREES):
    return training.make_estimator(choice["kind"], trees, None, 1, choice["max_features"],
                                   choice["kind"] == "random", SEED, 1)


def choices(**fixed):
    for region, (kind, share), which in itertools.product(REGIONS, KINDS, SETS):
        choice = {"region": region, "kind": kind, "max_features": share, "set": which}
        if all(choice[key] in values for key, values in fixed.items()):
            yield choice


def parts(groups, folds):
    count = min(folds, len(np.unique(groups)))
    return list(GroupKFold(count, shuffle=True, random_state=SEED).split(groups, groups=groups))


def choose(features, energy, family, rows, **fixed):
    """The best choice by cross-validation among these rows, families kept together."""
    scores = []
    for choice in choices(**fixed):
        matrix = features.matrix(choice)[rows]
        predicted, _ = training.cross_validate(lambda: estimator(choice, TREES_TO_CHOOSE), matrix,
                                               energy[rows], parts(family[rows], 4))
        scores.append((training.measures(energy[rows], predicted)["rmse"], choice))
    scores.sort(key=lambda pair: pair[0])
    return scores[0][1], [{"rmse": rmse, **choice} for rmse, choice in scores]


def predict(features, choice, energy, train, test):
    matrix = features.matrix(choice)
    return estimator(choice).fit(matrix[train], energy[train]).predict(matrix[test])


def by_axis(db, rows, truth, predicted):
    """Errors of all rows, of those but the coherent twin, whose energy is like no other's, and of those
    of each axis."""
    result = {"combined": {"rows": len(rows), **training.measures(truth, predicted)}}
    others = np.array([db.lines[k]["family"] != TWIN for k in rows])
    if 1 < others.sum() < len(rows):
        result["without twin"] = {"rows": int(others.sum()),
                                  **training.measures(truth[others], predicted[others])}
    for axis in AXES:
        some = db.axis[rows] == axis
        if some.sum() > 1:
            result[axis] = {"rows": int(some.sum()), **training.measures(truth[some], predicted[some])}
    return result


def nested(db, features):
    """Each family predicted without it; the choice made without it, too."""
    predicted = np.empty(len(db.energy))
    for number, (train, test) in enumerate(parts(db.family, 5), 1):
        choice, _ = choose(features, db.energy, db.family, train)
        predicted[test] = predict(features, choice, db.energy, train, test)
        print(f"  outer fold {number}: {choice}", flush=True)
    return predicted


def tilt_by_tilt(db, features, choice, train, test):
    """Models of one axis each, tested on that axis."""
    result = {}
    for axis in AXES:
        own, other = train[db.axis[train] == axis], test[db.axis[test] == axis]
        if len(own) >= 10 and len(other) > 1:
            predicted = predict(features, choice, db.energy, own, other)
            result[axis] = {"rows": len(other), **training.measures(db.energy[other], predicted)}
    return result


def random_split(count):
    order = np.random.default_rng(SEED).permutation(count)
    part = max(2, round(0.2 * count))
    return np.sort(order[part:]), np.sort(order[:part])


def ship(db, features, seen, unseen):
    """The model for fix forest/atom with mode global: means of the descriptors within a slab. Its
    settings are chosen among the seen families; it is trained with all."""
    choice, _ = choose(features, db.energy, db.family, seen, set=["means"], region=SLABS,
                       kind=["random"])
    matrix, columns = features.matrix(choice), features.columns(choice)
    test = predict(features, choice, db.energy, seen, unseen)
    validated, _ = training.cross_validate(lambda: estimator(choice), matrix, db.energy,
                                           parts(db.family, 5))
    fitted = estimator(choice).fit(matrix, db.energy)
    metadata = {"units": "mJ/m^2", "elements": json_text(["Cu"]), "unit_style": "metal",
                "training_set": f"{db.atoms.metadata.get('training_set', 'boundaries')}; means over "
                                f"the atoms within {choice['region']:g} Angstrom of the plane",
                "estimator": describe(fitted)}
    forest = training.export(fitted, columns, matrix, db.energy, metadata, SEED)
    forest.target = "energy"
    errors = {"train": training.measures(db.energy, forest.predict(matrix)[0]),
              "cross-validated, whole families left out": training.measures(db.energy, validated),
              "unseen families, by the same forest without them":
                  training.measures(db.energy[unseen], test)}
    forest.metadata["errors"] = json_text(errors)
    forest.save("Cu_gbe.safetensors")
    return {"choice": choice, "errors": errors}


def main():
    db = Database()
    features = Features(db)
    seen, unseen = np.flatnonzero(~db.unseen), np.flatnonzero(db.unseen)
    choice, scores = choose(features, db.energy, db.family, seen)
    write_csv("gbe_choices.csv", scores)
    print(f"  chosen: {choice}", flush=True)
    test = predict(features, choice, db.energy, seen, unseen)
    every = np.arange(len(db.energy))
    validated = nested(db, features)
    train, rest = random_split(len(every))
    paper = predict(features, choice, db.energy, train, rest)

    fitted = estimator(choice).fit(features.matrix(choice)[seen], db.energy[seen])
    plots.importances(features.columns(choice), fitted.feature_importances_, "importance-gbe",
                      "Energies of boundaries")
    for name, rows, predicted, title in (
            ("unseen", unseen, test, "Boundaries that the model hasn't seen"),
            ("nested", every, validated, "Nested cross-validation, whole families left out"),
            ("random", rest, paper, "A random fifth of the configurations")):
        note = f"R$^2$ {training.measures(db.energy[rows], predicted).get('r2', np.nan):.3f}"
        plots.parity(db.energy[rows], predicted, "energy (mJ/m$^2$)", f"parity-gbe-{name}", title, note)
    write_csv("gbe.csv", [{"file": line["file"], "axis": line["axis"], "family": line["family"],
                           "unseen": int(db.unseen[k]), "energy": db.energy[k],
                           "predicted_nested": round(float(validated[k]), 3)}
                          for k, line in enumerate(db.lines)])
    order = np.argsort(fitted.feature_importances_)[::-1][:10]
    record(stage3={
        "choice": choice, "configurations": len(db.lines), "families": int(db.family.max() + 1),
        "unseen_families": len(np.unique(db.family[unseen])),
        "train": by_axis(db, seen, db.energy[seen], fitted.predict(features.matrix(choice)[seen])),
        "unseen": by_axis(db, unseen, db.energy[unseen], test),
        "nested": by_axis(db, every, db.energy, validated),
        "random": by_axis(db, rest, db.energy[rest], paper),
        "tilt_by_tilt_unseen": tilt_by_tilt(db, features, choice, seen, unseen),
        "tilt_by_tilt_random": tilt_by_tilt(db, features, choice, train, rest),
        "importance": [[features.columns(choice)[k], float(fitted.feature_importances_[k])]
                       for k in order],
        "shipped": ship(db, features, seen, unseen)})


if __name__ == "__main__":
    main()
