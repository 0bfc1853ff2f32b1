# SPDX-License-Identifier: GPL-2.0-or-later
"""The core's models against scikit-learn's: the same leaf for every row in every tree, the same
means to 1e-12, classes and likelihoods. Exit status 77 (skipped) without scikit-learn."""
import os
import sys
import tempfile

try:
    import numpy as np
    from sklearn.ensemble import (ExtraTreesRegressor, GradientBoostingRegressor,
                                  RandomForestRegressor)
    from sklearn.mixture import GaussianMixture
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

import model_writer
from mlgrain_core import Forest, Mixture

rng = np.random.default_rng(42)
folder = tempfile.TemporaryDirectory()


def make_data(rows, features):
    """Rows with repeated, tiny and huge values, and a target that depends on a few of them."""
    x = rng.normal(size=(rows, features))
    x[:, 0] = np.round(x[:, 0], 1)
    x[:, 1] *= 1e-30
    x[:, 2] *= 1e30
    y = np.sin(x[:, 0]) + x[:, 3] * x[:, 4] + 0.1 * rng.normal(size=rows)
    return x, y


def on_thresholds(trees, x):
    """Copies of rows moved to thresholds, and to the nearest float32 and float64 on either side."""
    moved = x[rng.integers(len(x), size=4000)].copy()
    for row in moved:
        tree = trees[rng.integers(len(trees))]
        node = rng.choice(np.flatnonzero(tree.children_left >= 0))
        threshold = tree.threshold[node]
        single = np.float32(threshold)
        row[tree.feature[node]] = rng.choice([
            threshold, np.nextafter(threshold, -np.inf), np.nextafter(threshold, np.inf),
            single, np.nextafter(single, np.float32(-np.inf)),
            np.nextafter(single, np.float32(np.inf))])
    return moved


def compare_forest(name, estimator, features, extra=None, wide=None):
    x, y = make_data(3000, features)
    estimator.fit(x, y)
    trees = model_writer.trees_of(estimator)
    path = os.path.join(folder.name, "forest.safetensors")
    names = [f"f{i}" for i in range(features)]
    model_writer.write_forest(path, estimator, names, extra, wide)
    rows = np.concatenate([x, make_data(3000, features)[0], on_thresholds(trees, x)])
    forest = Forest(path)
    leaves = forest.apply(rows, len(trees))
    rows32 = rows.astype(np.float32)
    for t, tree in enumerate(trees):
        wanted = model_writer.node_numbers(tree)[tree.apply(rows32)]
        assert np.array_equal(leaves[:, t], wanted), f"{name}: leaves of tree {t} differ"
    prediction, spread, _, flags = forest.predict(rows)
    wanted = estimator.predict(rows)
    error = np.max(np.abs(prediction - wanted) / np.maximum(1.0, np.abs(wanted)))
    assert error <= 1e-12, f"{name}: predictions differ by {error}"
    if not hasattr(estimator, "learning_rate"):
        wanted = np.std([tree.predict(rows32)[:, 0] for tree in trees], axis=0)
        assert np.allclose(spread, wanted, rtol=1e-10, atol=1e-12), f"{name}: spreads differ"
    assert not flags.any()
    forest.close()
    print(f"{name}: {len(rows)} rows, {len(trees)} trees: the same leaves, "
          f"predictions to {error:.1e}")


def compare_mixture(features, classes, scaled):
    x = np.concatenate([rng.normal(center, 1.0 + center, size=(800, features))
                        for center in range(classes)])
    shift, scale = (x.mean(axis=0), x.std(axis=0)) if scaled else (None, None)
    z = (x - shift) / scale if scaled else x
    mixture = GaussianMixture(classes, random_state=1).fit(z)
    path = os.path.join(folder.name, "mixture.safetensors")
    model_writer.write_mixture(path, mixture, [f"f{i}" for i in range(features)], shift, scale)
    core = Mixture(path)
    index, likelihood, responsibility, flags = core.predict(x)
    assert np.array_equal(index, mixture.predict(z)), "classes differ"
    error = np.max(np.abs(likelihood - mixture.score_samples(z)))
    assert error <= 1e-9, f"log-likelihoods differ by {error}"
    assert np.allclose(responsibility, mixture.predict_proba(z), rtol=1e-9, atol=1e-12)
    assert not flags.any()
    core.close()
    print(f"mixture of {classes} in {features} dimensions: log-likelihoods to {error:.1e}")


def compare_novelty():
    x, y = make_data(2000, 6)
    x[:, 1:3] = rng.normal(size=(2000, 2))
    estimator = RandomForestRegressor(5, random_state=1).fit(x, y)
    covariance, mean = np.cov(x.T), x.mean(axis=0)
    path = os.path.join(folder.name, "novelty.safetensors")
    model_writer.write_forest(path, estimator, [f"f{i}" for i in range(6)],
                              {"novelty_mean": mean,
                               "novelty_cholesky": model_writer.precision_factor(covariance)})
    forest = Forest(path)
    difference = x - mean
    wanted = np.sqrt(np.sum(difference @ np.linalg.inv(covariance) * difference, axis=1))
    assert np.allclose(forest.predict(x)[2], wanted, rtol=1e-10)
    forest.close()
    print("novelty: the Mahalanobis distance")


compare_forest("random forest", RandomForestRegressor(20, random_state=1), 19)
compare_forest("random forest, wide nodes", RandomForestRegressor(5, random_state=2), 40)
compare_forest("random forest, wide by choice", RandomForestRegressor(5, random_state=3), 7,
               wide=True)
compare_forest("shallow forest", RandomForestRegressor(10, max_depth=3, random_state=4), 31)
compare_forest("extra trees", ExtraTreesRegressor(20, random_state=5), 19)
compare_forest("gradient boosting", GradientBoostingRegressor(n_estimators=50, random_state=6), 8)
compare_mixture(19, 6, True)
compare_mixture(2, 3, False)
compare_novelty()
