# SPDX-License-Identifier: GPL-2.0-or-later
"""Forests in model files against the estimators they come from, leaf for leaf."""

import os
import pathlib
import time

import numpy as np
import pytest
from sklearn import ensemble
from sklearn.tree import DecisionTreeRegressor

from conftest import FEATURES, boundary_rows
from mlgrain import Forest, MLGrainError, load_model
from mlgrain.models.importers import forest_from_ensemble, from_estimator
from mlgrain.models.trees import LARGEST, Tree, count_samples, round_below, round_down, traversal_numbers, walk

TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
ESTIMATORS = [
    ensemble.RandomForestRegressor(8, random_state=1),
    ensemble.ExtraTreesRegressor(8, random_state=1),
    ensemble.RandomForestRegressor(3, max_depth=4, random_state=1),
    ensemble.GradientBoostingRegressor(n_estimators=20, max_depth=4, random_state=1),
    ensemble.GradientBoostingRegressor(n_estimators=5, init="zero", random_state=1),
    DecisionTreeRegressor(random_state=1),
]


def stored(estimator, tmp_path, names=FEATURES):
    path = tmp_path / "model.safetensors"
    forest_from_ensemble(from_estimator(estimator), names, target="y").save(path)
    return load_model(path)


def leaf_numbers(estimator, rows):
    """The estimator's own leaves, [rows, trees]."""
    if isinstance(estimator, DecisionTreeRegressor):
        return estimator.apply(rows)[:, None]
    return estimator.apply(rows).astype(int).reshape(len(rows), -1)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_same_leaf_in_every_tree(estimator, data, tmp_path):
    features, target = data
    estimator.fit(features, target)
    forest = stored(estimator, tmp_path)
    rows = np.concatenate([features.astype(np.float32),
                           boundary_rows(forest, np.random.default_rng(2), 4000)])
    ours, theirs = forest.leaves(rows), leaf_numbers(estimator, rows)
    for t, tree in enumerate(from_estimator(estimator).trees):
        number, _ = traversal_numbers(tree)
        assert np.array_equal(number[theirs[:, t]], ours[:, t])
    assert np.allclose(forest.predict(rows)[0], estimator.predict(rows), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["Cu_eden", "Cu_gbe"])
def test_core_and_plain_forest_agree(name):
    """Predictions, spreads, novelties and flags, of rows near and far from the data."""
    pytest.importorskip("mlgrain._core")
    forest = load_model(TOP / f"potentials/{name}.safetensors")
    generator = np.random.default_rng(3)
    if forest.novelty_mean is None:
        forest.novelty_mean, forest.novelty_limit = forest.feature_range.mean(axis=0) * 1.0, 3.0
        forest.novelty_cholesky = np.diag(1 / np.ptp(forest.feature_range, axis=0).astype(float))
    low, high = forest.feature_range.astype(float)
    width = 0.2 * (high - low) + 1e-3
    rows = generator.uniform(low - width, high + width, (5000, len(low)))
    rows[::2] = 0.5 * (low + high) + 0.01 * (rows[::2] - low)
    rows[[3, 4000], [0, 5]] = np.nan, 1e39
    plain = forest.evaluate_plainly(rows)
    assert {0, 1, 2} <= set((plain.flags & 3).tolist()) and (plain.flags & 4).any()
    assert plain.flags[[3, 4000]].tolist() == [1, 1] and np.isnan(plain.novelty[3])
    found = [forest.evaluate(rows, threads) for threads in (1, 3)]
    for one in found:
        assert np.array_equal(one.flags, plain.flags)
        for column in ("prediction", "spread", "novelty"):
            assert np.allclose(getattr(one, column), getattr(plain, column), rtol=1e-9, atol=1e-12,
                               equal_nan=True)
            assert np.array_equal(getattr(one, column), getattr(found[0], column), equal_nan=True)
    for evaluate in forest.evaluate, forest.evaluate_plainly:
        with pytest.raises(MLGrainError, match=f"rows of 2 features for a forest of {len(low)}"):
            evaluate(rows[:, :2])
        assert len(evaluate(rows[:0]).flags) == 0


def test_thresholds_are_exercised(data, tmp_path):
    """The rows of the test above meet thresholds: rounding to nearest would send some elsewhere."""
    features, target = data
    estimator = ensemble.RandomForestRegressor(8, random_state=1).fit(features, target)
    forest = stored(estimator, tmp_path)
    rows = boundary_rows(forest, np.random.default_rng(2), 4000)
    trees = from_estimator(estimator).trees
    for tree, member in zip(trees, estimator.estimators_):
        tree.threshold = member.tree_.threshold.astype(np.float32)
    wrong = Forest.from_trees(trees, FEATURES, target="y")
    assert np.any(wrong.leaves(rows) != forest.leaves(rows))


def test_histogram_boosting(data, tmp_path):
    features, target = data
    features = features.astype(np.float32)  # it compares float64; these it then bins alike
    estimator = ensemble.HistGradientBoostingRegressor(max_iter=30, random_state=1)
    estimator.fit(features, target)
    forest = stored(estimator, tmp_path)
    assert np.allclose(forest.predict(features)[0], estimator.predict(features), rtol=1e-12)
    assert np.all(forest.predict(features)[1] == 0)
    estimator = ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=3)
    with pytest.raises(MLGrainError, match="exponential"):
        from_estimator(estimator.fit(features, target ** 2))


def test_spread_is_that_of_the_trees(data, tmp_path):
    features, target = data
    estimator = ensemble.RandomForestRegressor(9, random_state=3).fit(features, target)
    every = np.array([tree.predict(features.astype(np.float32)) for tree in estimator.estimators_])
    forest = stored(estimator, tmp_path)
    assert np.allclose(forest.predict(features)[1], every.std(axis=0), rtol=1e-9, atol=1e-12)
    forest.calibration_spread, forest.calibration_error = np.array([0.1, 0.2]), np.array([1.0, 3.0])
    assert np.allclose(forest.calibrate(np.array([0.0, 0.15, 0.4])), [1.0, 2.0, 6.0])


def test_rows_that_cannot_be_predicted(data, tmp_path):
    features, target = data
    estimator = ensemble.RandomForestRegressor(3, random_state=3).fit(features, target)
    forest = stored(estimator, tmp_path)
    rows = features[:5].copy()
    rows[0, 0], rows[1, 1], rows[2, 2] = np.nan, np.inf, 1e39
    prediction, spread = forest.predict(rows)
    assert np.array_equal(np.isnan(prediction), [True, True, True, False, False])
    assert np.array_equal(np.isnan(spread), np.isnan(prediction))
    assert np.allclose(prediction[3:], estimator.predict(rows[3:]))
    with pytest.raises(MLGrainError, match="7 features"):
        forest.predict(np.zeros((2, 7)))
    forest.feature_range = np.array([features.min(0), features.max(0)], np.float32)
    assert not forest.outside(features).any()
    assert forest.outside(features + 0.5).any()


def test_wide_nodes(tmp_path):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(300, 40))
    target = features[:, 35] + features[:, 2]
    estimator = ensemble.RandomForestRegressor(4, random_state=0).fit(features, target)
    forest = stored(estimator, tmp_path, [f"x{i}" for i in range(40)])
    assert forest.nodes.ndim == 2
    rows = boundary_rows(forest, generator, 500)
    assert np.allclose(forest.predict(rows)[0], estimator.predict(rows), rtol=1e-12)
    narrow = stored(ensemble.RandomForestRegressor(4).fit(features[:, :31], target), tmp_path,
                    [f"x{i}" for i in range(31)])
    assert narrow.nodes.ndim == 1


def plain_numbers(tree):
    """The order that doc/model_format.md gives, node by node."""
    number, following, stack = {0: 0}, 2, [0]
    while stack:
        node = stack.pop()
        if tree.left[node] < 0:
            continue
        left, right = tree.left[node], tree.right[node]
        number[left], number[right] = following, following + 1
        following += 2
        hot, cold = (right, left) if tree.samples[left] < tree.samples[right] else (left, right)
        stack += [cold, hot]
    return number, following


def test_order_of_nodes(data):
    features, target = data
    estimator = ensemble.RandomForestRegressor(3, random_state=1).fit(features, target)
    for tree in from_estimator(estimator).trees:
        number, count = traversal_numbers(tree)
        assert (dict(enumerate(number.tolist())), count) == plain_numbers(tree)


def test_single_leaf(tmp_path):
    estimator = ensemble.RandomForestRegressor(2).fit(np.zeros((5, 2)), np.full(5, -0.25))
    forest = stored(estimator, tmp_path, ["a", "b"])
    assert np.array_equal(forest.tree_start, [0, 2, 4])
    assert np.array_equal(forest.predict(np.ones((3, 2)))[0], np.full(3, -0.25))


def test_rounding_of_thresholds():
    generator = np.random.default_rng(5)
    exact = generator.normal(size=2000) * 10.0 ** generator.integers(-44, 38, 2000)
    exact = np.concatenate([exact, exact.astype(np.float32), [0.0, -0.0, 1e300, np.inf]])
    down, below = round_down(exact), round_below(exact)
    for step in (-np.inf, 0.0, np.inf):
        for start in (down, below):
            with np.errstate(over="ignore"):
                x = np.nextafter(start, np.float32(step)) if step else start
            x = np.where(np.isfinite(x), x, LARGEST)
            assert np.array_equal(x <= down, x.astype(np.float64) <= exact)
            assert np.array_equal(x <= below, x.astype(np.float64) < exact)


def test_samples_by_counting(data):
    features, target = data
    estimator = DecisionTreeRegressor(random_state=0).fit(features, target)
    (tree,) = from_estimator(estimator).trees
    known = tree.samples.copy()
    count_samples([tree], features.astype(np.float32))
    assert np.array_equal(tree.samples, known)
    assert np.array_equal(walk(tree, features.astype(np.float32)), estimator.apply(features))


def test_malformed_trees_are_refused():
    def tree(left, right, feature=0, threshold=0.0):
        size = len(left)
        return Tree(np.array(left), np.array(right), np.full(size, feature),
                    np.full(size, threshold, np.float32), np.zeros(size), np.ones(size))

    Forest.from_trees([tree([1, -1, -1], [2, -1, -1])], ["a"])
    for broken, reason in ((tree([1, -1, -1], [1, -1, -1]), "one parent"),
                           (tree([1, -1, -1], [3, -1, -1]), "doesn't have"),
                           (tree([1, 0, -1], [2, 2, -1]), "one parent"),
                           (tree([-1, 2, 1, -1, -1], [-1, 3, 4, -1, -1]), "one parent"),
                           (tree([1, -1, -1], [2, -1, -1], 1), "beyond"),
                           (tree([1, -1, -1], [2, -1, -1], 0, np.inf), "not finite")):
        with pytest.raises(MLGrainError, match=reason):
            Forest.from_trees([broken], ["a"])


def test_unsuitable_estimators(data):
    features, target = data
    with pytest.raises(MLGrainError, match="not fitted"):
        from_estimator(ensemble.RandomForestRegressor())
    with pytest.raises(MLGrainError, match="can't be stored"):
        from_estimator(ensemble.AdaBoostRegressor(n_estimators=2).fit(features, target))
    two = np.column_stack([target, target])
    with pytest.raises(MLGrainError, match="2 outputs"):
        from_estimator(ensemble.RandomForestRegressor(2).fit(features, two))
    fitted = ensemble.RandomForestRegressor(2).fit(features, target)
    with pytest.raises(MLGrainError, match="named twice"):
        forest_from_ensemble(from_estimator(fitted), ["a"] * 6)
    with pytest.raises(MLGrainError, match="5 feature names"):
        forest_from_ensemble(from_estimator(fitted), list("abcde"))


def test_large_forest_exports_quickly():
    """Fully grown trees of 50000 leaves; a loop over nodes would take minutes."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(80000, 2))
    tree = ensemble.ExtraTreesRegressor(1, random_state=0).fit(features, generator.normal(size=80000))
    members = from_estimator(tree).trees * 4
    start = time.perf_counter()
    forest = Forest.from_trees(members, ["a", "b"])
    assert time.perf_counter() - start < 20
    assert len(forest.nodes) > 4 * 150000
