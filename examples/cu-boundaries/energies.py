#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 3 of the study: energies of boundaries from the descriptors of their atoms. In the folder of
the study, after stage 2.

Four setups (gbe_models.py): that of the paper; the same with sums per area instead of means; the best
trees; linear models, with trees for the rest at will. What is to be chosen (which atoms count, which
features, what trees) is chosen by cross-validation among the families that are seen. Two tests follow,
in which no family is on both sides:
  unseen   the unseen families, once, by a model of all others
  nested   all families, each predicted by a model, and by choices, that don't know it
and one as the paper has it, with a random fifth of the configurations for the test: metastable states
of one boundary are then on both sides.

Writes gbe.csv, gbe_choices.csv, gbe_curve.csv, Cu_gbe.safetensors, Cu_gbe_linear.in and .safetensors, and
pictures.
"""

import numpy as np

from gbe_models import (SETUPS, TREES, Features, choose, cross_validated, estimator, fit, parts, predict)
from mlgrain import plots
from mlgrain.models import training, uncertainty
from mlgrain.models.importers import describe
from mlgrain.models.linear import Linear
from mlgrain.models.measures import measures
from mlgrain.models.modelfile import json_text
from study import AXES, SEED, Database, record, scaled, write_csv

TWIN = "1 1 1"  # the family of the coherent twin
FOLDS = scaled(5)
SHIPPED_LEAVES = 280000  # of all trees of the forest that ships: less than 5 MB


def by_axis(db, rows, predicted):
    """Errors of all rows, of those but the coherent twin, whose energy is like no other's, and of those
    of each axis."""
    truth = db.energy[rows]
    groups = {"combined": np.ones(len(rows), bool),
              "without twin": np.array([db.lines[k]["family"] != TWIN for k in rows])}
    groups.update({axis: db.axis[rows] == axis for axis in AXES})
    return {name: {"rows": int(some.sum()), **measures(truth[some], predicted[some])}
            for name, some in groups.items() if some.sum() > 1}


def nested(db, features, setup):
    """Each family predicted without it; the choice made without it, too."""
    predicted = np.empty(len(db.energy))
    for train, test in parts(db.family, FOLDS):
        choice, _ = choose(features, db.energy, db.family, train, setup)
        predicted[test] = predict(features, choice, db.energy, train, test)
    return predicted


def tilt_by_tilt(db, features, choice, train, test):
    """Models of one axis each, tested on that axis."""
    result = {}
    for axis in AXES:
        own, other = train[db.axis[train] == axis], test[db.axis[test] == axis]
        if len(own) >= 10 and len(other) > 1:
            predicted = predict(features, choice, db.energy, own, other)
            result[axis] = {"rows": len(other), **measures(db.energy[other], predicted)}
    return result


def random_split(count):
    order = np.random.default_rng(SEED).permutation(count)
    part = max(2, round(0.2 * count))
    return np.sort(order[part:]), np.sort(order[:part])


def draw(db, name, title, tests):
    for test, (rows, predicted) in tests.items():
        note = f"R$^2$ {measures(db.energy[rows], predicted).get('r2', np.nan):.3f}"
        plots.parity(db.energy[rows], predicted, "energy (mJ/m$^2$)", f"parity-gbe-{name}-{test}",
                     f"{title}: {test}", note)


def study(db, features, name, title):
    """All tests of one setup; returns them, and the nested predictions."""
    seen, unseen = np.flatnonzero(~db.unseen), np.flatnonzero(db.unseen)
    train, rest = random_split(len(db.energy))
    choice, scores = choose(features, db.energy, db.family, seen, SETUPS[name])
    print(f"  {title}: {choice}", flush=True)
    tests = {"unseen": (unseen, predict(features, choice, db.energy, seen, unseen)),
             "nested": (np.arange(len(db.energy)), nested(db, features, SETUPS[name])),
             "random": (rest, predict(features, choice, db.energy, train, rest))}
    draw(db, name, title, tests)
    found = {test: by_axis(db, *pair) for test, pair in tests.items()}
    print(f"    R2, unseen boundaries: {found['nested']['combined']['r2']:.3f}", flush=True)
    found.update({
        "choice": choice, "scores": scores,
        "tilt_by_tilt_unseen": tilt_by_tilt(db, features, choice, seen, unseen),
        "tilt_by_tilt_random": tilt_by_tilt(db, features, choice, train, rest)})
    return found, tests["nested"][1]


def importances(db, features, choice):
    rows = np.flatnonzero(~db.unseen)
    values = fit(features, choice, db.energy, rows).feature_importances_
    plots.importances(features.columns(choice), values, "importance-gbe", "Energies of boundaries")
    return [[features.columns(choice)[k], float(values[k])] for k in np.argsort(values)[::-1][:10]]


def learning_curve(db, features, setups):
    """rmse of unseen families against the number of seen ones, for the choice of each setup; means over
    the folds."""
    lines = []
    rng = np.random.default_rng(SEED)
    folds = [(train, test, rng.permutation(np.unique(db.family[train])))
             for train, test in parts(db.family, FOLDS)]
    for share in (0.1, 0.2, 0.35, 0.6, 1.0):
        for name, found in setups.items():
            predicted = np.empty(len(db.energy))
            counts = []
            for train, test, families in folds:
                some = families[:max(2, round(share * len(families)))]
                counts.append(len(some))
                rows = train[np.isin(db.family[train], some)]
                predicted[test] = predict(features, found["choice"], db.energy, rows, test)
            lines.append({"setup": name, "families": round(float(np.mean(counts))),
                          **measures(db.energy, predicted)})
    write_csv("gbe_curve.csv", lines)
    return lines


def draw_curve(lines, titles):
    figure, axes = plots.plt.subplots(figsize=(7.6, 4.0), layout="constrained")
    for (name, title), color in zip(titles.items(), ("0.55", "#e08214", plots.ONE, "#b2182b")):
        some = [line for line in lines if line["setup"] == name]
        axes.plot([n["families"] for n in some], [n["rmse"] for n in some], "o-", color=color, label=title)
    plots.log_log(axes, [n["families"] for n in lines], [n["rmse"] for n in lines])
    axes.set(xlabel="boundaries (families) in the training set",
             ylabel="rmse, unseen boundaries (mJ/m$^2$)")
    figure.legend(loc="outside right center", frameon=False)
    plots.save(figure, "gbe-curve")


def shipped_trees(fitted):
    """So many that they have SHIPPED_LEAVES at most, each as those of the fitted forest."""
    leaves = sum(tree.get_n_leaves() for tree in fitted.estimators_)
    return max(1, min(TREES, int(TREES * SHIPPED_LEAVES / leaves)))


def ship_forest(db, features):
    """The model for fix forest/atom with mode global: means of the descriptors within a slab. Its
    settings are chosen among the seen families; it is trained with all."""
    seen, unseen, every = np.flatnonzero(~db.unseen), np.flatnonzero(db.unseen), np.arange(len(db.energy))
    choice, _ = choose(features, db.energy, db.family, seen, SETUPS["shipped"])
    matrix, columns = features.matrix(choice), features.columns(choice)
    rows, target = features.training_rows(choice, db.energy, every)
    trees = shipped_trees(estimator(choice).fit(rows, target))
    fitted = estimator(choice, trees).fit(rows, target)
    metadata = {"units": "mJ/m^2", "elements": json_text(["Cu"]), "unit_style": "metal",
                "training_set": f"{db.atoms.metadata.get('training_set', 'boundaries')}; means over "
                                f"the atoms within {choice['region']:g} Angstrom of the plane; the "
                                "perfect crystal",
                "estimator": describe(fitted)}
    forest = training.export(fitted, columns, rows, target, metadata, SEED)
    forest.target = "energy"
    validated = cross_validated(features, choice, db.energy, db.family, every, FOLDS, trees)
    test = predict(features, choice, db.energy, seen, unseen, trees)
    errors = {"train": measures(db.energy, forest.predict(matrix)[0]),
              "cross-validated, whole families left out": measures(db.energy, validated),
              "unseen families, by the same forest without them":
                  measures(db.energy[unseen], test)}
    forest.metadata["errors"] = json_text(errors)
    forest.save("Cu_gbe.safetensors")
    return {"choice": choice, "errors": errors}


def ship_linear(db, features):
    """The linear model of mean descriptors, as a LAMMPS variable, and as a file for compute linear/atom."""
    choice = {"region": 12.0, "kind": "linear", "max_features": 1.0, "set": "means"}
    every = np.arange(len(db.energy))
    fitted = fit(features, choice, db.energy, every)
    constant, factors = fitted.coefficients()
    terms = " &\n".join(f"{factor:+.8g}*c_mean[{k}]" for k, factor in enumerate(factors, 1))
    with open("Cu_gbe_linear.in", "w") as file:
        file.write(
            "# Energy of a grain boundary in copper (mJ/m^2) from the mean descriptors of the atoms within\n"
            f"# {choice['region']:g} Angstrom of its plane: see Cu_gbe.md. After\n"
            "#   compute s all sfd/atom 0.909 5.904\n"
            "#   compute mean all reduce/region slab ave c_s[*]\n"
            f'variable        gbe_linear equal "{constant:.6f} &\n{terms}"\n')
    validated = cross_validated(features, choice, db.energy, db.family, every, FOLDS)
    errors = {"train": measures(db.energy, fitted.predict(features.matrix(choice))),
              "cross-validated, whole families left out": measures(db.energy, validated)}
    save_linear(db, features, choice, np.array([constant, *factors]), errors)
    return {"choice": choice, "errors": errors}


def save_linear(db, features, choice, coefficients, errors):
    """Its noise is the rmse of boundaries that it hasn't seen."""
    rows, _ = features.training_rows(choice, db.energy, np.arange(len(db.energy)))
    model = Linear(features.columns(choice), coefficients, target="energy",
                   noise=errors["cross-validated, whole families left out"]["rmse"])
    model.feature_range = np.stack([rows.min(axis=0), rows.max(axis=0)])
    model.novelty_mean, model.novelty_cholesky, model.novelty_limit = uncertainty.novelty(rows, SEED)
    model.metadata = {"units": "mJ/m^2", "elements": json_text(["Cu"]), "unit_style": "metal",
                      "training_set": f"means over the atoms within {choice['region']:g} Angstrom of the "
                                      "planes of boundaries; the perfect crystal",
                      "estimator": "ridge regression", "errors": json_text(errors)}
    model.save("Cu_gbe_linear.safetensors")


TITLES = {"paper": "setup of the paper", "sums": "the same with sums per area", "trees": "best trees",
          "linear": "linear models"}


def main():
    db = Database()
    features = Features(db)
    setups, predicted = {}, {}
    for name, title in TITLES.items():
        setups[name], predicted[name] = study(db, features, name, title)
    write_csv("gbe_choices.csv", [line for found in setups.values() for line in found.pop("scores")])
    write_csv("gbe.csv", [{"file": line["file"], "axis": line["axis"], "family": line["family"],
                           "unseen": int(db.unseen[k]), "energy": db.energy[k],
                           **{f"nested_{name}": round(float(values[k]), 3)
                              for name, values in predicted.items()}}
                          for k, line in enumerate(db.lines)])
    curve = learning_curve(db, features, setups)
    draw_curve(curve, TITLES)
    record(stage3={
        **setups, "configurations": len(db.lines), "families": int(db.family.max() + 1),
        "unseen_families": len(np.unique(db.family[db.unseen])), "curve": curve,
        "importance": importances(db, features, setups["trees"]["choice"]),
        "shipped": ship_forest(db, features), "shipped_linear": ship_linear(db, features)})


if __name__ == "__main__":
    main()
