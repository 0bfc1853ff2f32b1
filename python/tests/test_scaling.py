# SPDX-License-Identifier: GPL-2.0-or-later
"""Pipelines of scalers and trees, folded into thresholds: every decision of every node."""

import numpy as np
import pytest
from sklearn import ensemble
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from conftest import FEATURES, boundary_rows
from mlgrain import MLGrainError, load_model
from mlgrain.models.importers import forest_from_ensemble, from_estimator
from mlgrain.models.scaling import _key, _number
from mlgrain.models.trees import LARGEST, traversal_numbers

SCALERS = {
    "standard": [StandardScaler()], "no mean": [StandardScaler(with_mean=False)],
    "no deviation": [StandardScaler(with_std=False)],
    "neither": [StandardScaler(with_mean=False, with_std=False)],
    "range": [MinMaxScaler()], "another range": [MinMaxScaler((-3, 0.7))],
    "clipped": [MinMaxScaler(clip=True)], "robust": [RobustScaler()],
    "robust, no center": [RobustScaler(with_centering=False)],
    "robust, no scale": [RobustScaler(with_scaling=False)], "largest": [MaxAbsScaler()],
    "several": [RobustScaler(), "passthrough", MinMaxScaler(), StandardScaler()],
    "nested": [make_pipeline(MaxAbsScaler(), StandardScaler()), None, MinMaxScaler()],
    "none": ["passthrough"]}


@pytest.fixture(scope="module")
def rows():
    """Features of very different size and offset, one of them constant."""
    generator = np.random.default_rng(3)
    result = generator.normal(size=(1200, len(FEATURES)))
    return result * [1, 1e-3, 1e5, 1e-8, 3, 0] + [0.3, -0.2, 1e5, 0, -40, 7.7]


def pipeline_of(steps, last):
    return Pipeline([(f"s{i}", step) for i, step in enumerate(steps)] + [("last", last)])


def target_of(rows):
    return rows[:, 0] * rows[:, 4] + 1e3 * rows[:, 1] + 1e-5 * rows[:, 2] + 1e8 * rows[:, 3]


def scaled(pipeline, rows):
    """What the pipeline's trees get."""
    before = pipeline[:-1]
    return np.asarray(before.transform(rows) if len(before) else rows)


def check_nodes(pipeline, dtype=np.float64, single=True):
    """Each node sends float32 numbers at its folded threshold, and two steps to either side, where the
    pipeline's node sends them."""
    folded = from_estimator(pipeline, dtype).trees
    last = pipeline[-1]
    members = getattr(last, "estimators_", [last])
    swapped = 0
    for tree, member in zip(folded, np.ravel(members)):
        member = member.tree_
        inner = np.flatnonzero(member.children_left >= 0)
        for step in range(-2, 3):
            keys = np.clip(_key(tree.threshold[inner]) + step, -_key(LARGEST), _key(LARGEST))
            x = np.zeros((len(inner), len(FEATURES)), np.float32)
            x[np.arange(len(inner)), member.feature[inner]] = _number(keys)
            value = scaled(pipeline, x.astype(dtype))[np.arange(len(inner)), member.feature[inner]]
            with np.errstate(over="ignore"):
                value = value.astype(np.float32) if single else value
            wanted = np.where(value <= member.threshold[inner], member.children_left[inner],
                              member.children_right[inner])
            found = np.where(_number(keys) <= tree.threshold[inner], tree.left[inner],
                             tree.right[inner])
            assert np.array_equal(found, wanted), step
        swapped += np.count_nonzero(tree.left[inner] != member.children_left[inner])
    return swapped


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_node(name, dtype, rows):
    last = ensemble.ExtraTreesRegressor(4, random_state=1)
    pipeline = pipeline_of(SCALERS[name], last).fit(rows.astype(dtype), target_of(rows))
    check_nodes(pipeline, dtype)


@pytest.mark.parametrize("last", [
    ensemble.RandomForestRegressor(4, random_state=1), DecisionTreeRegressor(random_state=1),
    ensemble.GradientBoostingRegressor(n_estimators=20, max_depth=4, random_state=1),
    ensemble.RandomForestClassifier(4, random_state=1)], ids=lambda e: type(e).__name__)
def test_same_leaves(last, rows, tmp_path):
    """Rows on the thresholds of the stored forest, and one step off them."""
    pipeline = pipeline_of([StandardScaler(), MinMaxScaler()], last)
    target = target_of(rows)
    if hasattr(last, "predict_proba"):
        target = np.digitize(target, np.quantile(target, [0.2, 0.5, 0.9]))
    pipeline.fit(rows, target)
    forest_from_ensemble(from_estimator(pipeline), FEATURES, target="y").save(tmp_path / "m")
    forest = load_model(tmp_path / "m")
    near = boundary_rows(forest, np.random.default_rng(2), 4000)
    theirs = last.apply(scaled(pipeline, near.astype(np.float64))).astype(int).reshape(len(near), -1)
    ours = forest.leaves(near)
    for t, tree in enumerate(from_estimator(pipeline).trees):
        number, _ = traversal_numbers(tree)
        assert np.array_equal(number[theirs[:, t]], ours[:, t])
    if hasattr(last, "predict_proba"):
        assert np.array_equal(forest.probabilities(near), pipeline.predict_proba(near.astype(float)))
    else:
        assert np.allclose(forest.predict(near)[0], pipeline.predict(near.astype(float)), rtol=1e-12)


def test_histogram_boosting(rows):
    """It compares what the scaler gives as it is, in double precision."""
    pipeline = make_pipeline(StandardScaler(), ensemble.HistGradientBoostingRegressor(
        max_iter=30, random_state=1)).fit(rows, target_of(rows))
    forest = forest_from_ensemble(from_estimator(pipeline), FEATURES, target="y")
    near = boundary_rows(forest, np.random.default_rng(2), 4000)
    assert np.allclose(forest.predict(near)[0], pipeline.predict(near.astype(np.float64)),
                       rtol=1e-12)


@pytest.mark.parametrize("factor", [-1.0, np.inf, -np.inf])
def test_scales_that_turn_or_vanish(factor, rows):
    """Only by hand: scikit-learn's own scales are positive. An infinite one makes all numbers zero."""
    pipeline = make_pipeline(StandardScaler(with_mean=False), DecisionTreeRegressor(random_state=1))
    pipeline.fit(rows, target_of(rows))
    pipeline[0].scale_ = pipeline[0].scale_ * factor
    assert check_nodes(pipeline) > 0
    pipeline[0].scale_ = pipeline[0].scale_ * np.nan
    with pytest.raises(MLGrainError, match="StandardScaler makes NaN"):
        from_estimator(pipeline)


def test_far_thresholds(rows):
    """All numbers, or none, are on a side where a threshold is beyond what the scaler can give."""
    pipeline = make_pipeline(MinMaxScaler(clip=True), DecisionTreeRegressor(max_depth=1))
    pipeline.fit(rows, target_of(rows))
    whole = pipeline[-1].tree_
    for threshold, goes_left in ((2.0, True), (-1.0, False), (np.inf, True)):
        whole.threshold[0] = threshold
        check_nodes(pipeline)
        (tree,) = from_estimator(pipeline).trees
        ends = np.array([-LARGEST, 0, LARGEST], np.float32)
        found = np.where(ends <= tree.threshold[0], tree.left[0], tree.right[0])
        wanted = whole.children_left[0] if goes_left else whole.children_right[0]
        assert np.all(found == wanted)


def test_formula_is_not_enough(rows):
    """The tests above would see thresholds that are moved by the inverse formula instead."""
    pipeline = make_pipeline(StandardScaler(), ensemble.ExtraTreesRegressor(10, random_state=1))
    pipeline.fit(rows, target_of(rows))
    differ, count = 0, 0
    for tree, member in zip(from_estimator(pipeline).trees, pipeline[-1].estimators_):
        member = member.tree_
        inner = np.flatnonzero(member.children_left >= 0)
        feature = member.feature[inner]
        by_formula = (member.threshold[inner] * pipeline[0].scale_[feature]
                      + pipeline[0].mean_[feature]).astype(np.float32)
        differ += np.count_nonzero(by_formula != tree.threshold[inner])
        count += len(inner)
    assert 0.1 * count < differ


def test_keys_of_numbers():
    values = np.array([-LARGEST, -1, -1e-45, 0, 1e-45, 1, LARGEST], np.float32)
    keys = _key(values)
    assert np.all(np.diff(keys) > 0) and np.array_equal(_number(keys), values)
    assert np.array_equal(_number(keys[1:-1] + 1), np.nextafter(values[1:-1], LARGEST))


def test_refused(rows):
    target = target_of(rows)
    last = DecisionTreeRegressor(max_depth=3)
    with pytest.raises(MLGrainError, match="Pipeline with a PCA can't be stored"):
        from_estimator(make_pipeline(StandardScaler(), PCA(6), last).fit(rows, target))
    with pytest.raises(MLGrainError, match="StandardScaler is not fitted"):
        from_estimator(make_pipeline(StandardScaler(), last))
    with pytest.raises(MLGrainError, match="has no estimator"):
        from_estimator(Pipeline([("a", "passthrough"), ("b", "passthrough")]))
    with pytest.raises(MLGrainError, match="a MinMaxScaler, is not fitted|a MinMaxScaler can't be"):
        from_estimator(make_pipeline(StandardScaler(), MinMaxScaler()).fit(rows))
    fitted = make_pipeline(StandardScaler(), last).fit(rows, target)
    fitted.steps[0] = ("other", StandardScaler().fit(rows[:, :3]))
    with pytest.raises(MLGrainError, match="different numbers of features"):
        from_estimator(fitted)
