# SPDX-License-Identifier: GPL-2.0-or-later
"""Models of stage 3: features of boundaries, and what predicts energies from them. The energy of a
boundary is a sum over atoms, and their mean in a slab of fixed thickness a sum per area. So energies
are almost linear in sums per area and in mean descriptors of slabs, and there the perfect crystal,
whose energy is zero, is a row for training that no boundary has to be relaxed for. Trees predict no
energies beyond those they have seen; with this row they have seen the lowest."""

import itertools

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlgrain import load_model
from mlgrain.models import training
from mlgrain.models.measures import measures
from mlgrain.boundaries.features import boundary_features, feature_names
from study import SEED, scaled

SLABS = [6.0, 8.0, 12.0]  # Angstrom from the boundary
REGIONS = ["mixture", *SLABS]
SETS = ["all", "means"]
TREES = scaled(200)
TREES_TO_CHOOSE, FOLDS_TO_CHOOSE = scaled(40), scaled(4, least=2)
ROWS_TO_CHOOSE = 800  # of thousands of configurations, drawn at random
PENALTIES = np.logspace(-4, 2, 13)  # of the linear model, for features of unit variance
FOREST = [("random", 0.33), ("random", 1.0)]
TREE_KINDS = [*FOREST, ("extra", 0.33), ("extra", 1.0)]
LINEAR_KINDS = [("linear", 1.0), ("linear and extra", 1.0)]
# What is chosen among, by setup.
SETUPS = {
    "paper": {"regions": ["mixture"], "kinds": FOREST[:1], "sets": ["all"]},
    "sums": {"regions": ["mixture"], "kinds": FOREST[:1], "sets": ["sums"]},
    "trees": {"regions": REGIONS, "kinds": TREE_KINDS, "sets": SETS},
    "linear": {"regions": SLABS, "kinds": LINEAR_KINDS, "sets": SETS},
    "shipped": {"regions": SLABS, "kinds": FOREST, "sets": ["means"]},
}


class Features:
    """of[region]: [configurations, 60]; sums: of the descriptors of the mixture's atoms and of ones, per
    area; crystal[region]: features of the perfect crystal, for slabs."""

    def __init__(self, db):
        two, six = load_model("Cu_gb2.safetensors"), load_model("Cu_gb6.safetensors")
        self.names = feature_names(six)
        self.means = [k for k, name in enumerate(self.names) if name.startswith("mean_")]
        reference = int(np.argmin(six.means[:, six.features.index("P2_I0")]))
        distance = db.distance()
        of, sums = {region: [] for region in REGIONS}, []
        for k in range(len(db.lines)):
            rows = np.flatnonzero(db.source == k)
            atoms = db.descriptors(rows)
            for region in REGIONS:
                inside = two.predict(atoms)[0] == 1 if region == "mixture" else distance[rows] < region
                of[region].append(boundary_features(six, atoms[inside], reference))
                if region == "mixture":
                    sums.append([*atoms[inside].sum(axis=0, dtype=float), inside.sum()])
        self.sums = (sums / (db.boundaries() * db.numbers("area"))[:, None]).astype(np.float32)
        self.of = {region: np.array(rows, np.float32) for region, rows in of.items()}
        far = np.flatnonzero(distance >= np.quantile(distance, 0.999))
        ideal = np.median(db.descriptors(far), axis=0)[None]
        row = boundary_features(six, ideal, reference).astype(np.float32)
        self.crystal = {region: row for region in SLABS}

    def columns(self, choice):
        if choice["set"] == "sums":
            return [self.names[k].replace("mean", "sum") for k in self.means] + ["sum_atoms"]
        return [self.names[k] for k in self.places(choice)]

    def places(self, choice):
        return self.means if choice["set"] == "means" else list(range(len(self.names)))

    def matrix(self, choice):
        return (self.sums if choice["set"] == "sums" else
                self.of[choice["region"]][:, self.places(choice)])

    def training_rows(self, choice, energy, rows):
        """Features and energies: the configurations `rows`, and the crystal."""
        matrix, target = self.matrix(choice)[rows], energy[rows]
        if choice["set"] == "sums":
            crystal = np.zeros(matrix.shape[1])
        elif choice["region"] in self.crystal:
            crystal = self.crystal[choice["region"]][self.places(choice)]
        else:
            return matrix, target
        return np.vstack([matrix, crystal]), np.append(target, 0.0)


class Linear:
    """Ridge regression, and at will trees for what it leaves."""

    def __init__(self, trees=None):
        self.line, self.trees = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)), trees

    def fit(self, matrix, target):
        matrix = np.asarray(matrix, np.float64)
        self.line.fit(matrix, target)
        if self.trees is not None:
            self.trees.fit(matrix, target - self.line.predict(matrix))
        return self

    def predict(self, matrix):
        matrix = np.asarray(matrix, np.float64)
        result = self.line.predict(matrix)
        return result if self.trees is None else result + self.trees.predict(matrix)

    def coefficients(self):
        """Constant, and factors of the features as they come."""
        scaler, ridge = self.line[0], self.line[1]
        factors = ridge.coef_ / scaler.scale_
        return float(ridge.intercept_ - factors @ scaler.mean_), factors


def estimator(choice, trees=TREES):
    kind = choice["kind"]
    if kind == "linear":
        return Linear()
    ensemble = training.make_estimator(kind.split()[-1], trees, None, 1, choice["max_features"],
                                       kind == "random", SEED, 1)
    return Linear(ensemble) if kind == "linear and extra" else ensemble


def fit(features, choice, energy, rows, trees=TREES):
    return estimator(choice, trees).fit(*features.training_rows(choice, energy, rows))


def predict(features, choice, energy, train, test, trees=TREES):
    return fit(features, choice, energy, train, trees).predict(features.matrix(choice)[test])


def parts(groups, folds):
    """(train, test) places of a cross-validation that keeps groups together."""
    count = min(folds, len(np.unique(groups)))
    return list(GroupKFold(count, shuffle=True, random_state=SEED).split(groups, groups=groups))


def cross_validated(features, choice, energy, family, rows, folds, trees=TREES):
    """Predictions for `rows`, each by a model that hasn't seen its family."""
    predicted = np.empty(len(rows))
    for train, test in parts(family[rows], folds):
        predicted[test] = predict(features, choice, energy, rows[train], rows[test], trees)
    return predicted


def choose(features, energy, family, rows, setup):
    """The best choice of a setup by cross-validation among these rows, and all with their rmse."""
    scores = []
    if len(rows) > ROWS_TO_CHOOSE:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, ROWS_TO_CHOOSE, replace=False))
    for region, (kind, share), which in itertools.product(setup["regions"], setup["kinds"],
                                                          setup["sets"]):
        choice = {"region": region, "kind": kind, "max_features": share, "set": which}
        predicted = cross_validated(features, choice, energy, family, rows, FOLDS_TO_CHOOSE,
                                    TREES_TO_CHOOSE)
        scores.append({"rmse": measures(energy[rows], predicted)["rmse"], **choice})
    scores.sort(key=lambda score: score["rmse"])
    return {key: value for key, value in scores[0].items() if key != "rmse"}, scores
