# SPDX-License-Identifier: GPL-2.0-or-later
"""Sampling, training, mixtures, calibration, novelty, and features of boundaries."""

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from sklearn.mixture import GaussianMixture

from conftest import FEATURES
from mlgrain import MLGrainError
from mlgrain.boundaries import features as boundaries
from mlgrain.models import classes, training, uncertainty
from mlgrain.tables import sampling
from mlgrain.models.classes import make_mixture, scaling
from mlgrain.models.measures import measures
from mlgrain.models.mixture import Mixture
from mlgrain.tables import Table


# ---- Sampling

def test_curated_sample():
    energy = np.random.default_rng(0).permutation(10000).astype(float)
    energy[17] = np.nan
    rows = sampling.curated(energy, 1800, 200, 400, seed=3)
    assert len(rows) == 2000 == len(np.unique(rows)) and 17 not in rows
    top = set(np.argsort(np.where(np.isnan(energy), -1, energy))[-400:])
    chosen = sum(row in top for row in rows)
    assert 200 <= chosen < 300  # 200, and of the other 200 some 18 % by chance
    assert np.array_equal(rows, sampling.curated(energy, 1800, 200, 400, seed=3))
    assert not np.array_equal(rows, sampling.curated(energy, 1800, 200, 400, seed=4))
    assert len(sampling.curated(energy, 50, 0, 0, seed=0)) == 50
    with pytest.raises(MLGrainError, match="from a pool of 100"):
        sampling.curated(energy, 10, 200, 100, seed=0)
    with pytest.raises(MLGrainError, match="9999 usable"):
        sampling.curated(energy, 10000, 0, 0, seed=0)


def test_sample_per_group():
    groups = np.repeat([0.0, 1.0, 2.0], 500)
    energy = np.random.default_rng(0).normal(size=1500)
    rows = sampling.per_group(groups, energy, 40, 10, 20, seed=1)
    assert np.array_equal(np.bincount(groups[rows].astype(int)), [50, 50, 50])
    with pytest.raises(MLGrainError, match="group 0"):
        sampling.per_group(groups, energy, 500, 10, 20, seed=1)


# ---- Training

def test_training(table):
    forest, estimator, test, errors = training.train(
        table, FEATURES, "energy_density", training.make_estimator(trees=20, seed=4), 4, 0.2)
    features = table.matrix(FEATURES)
    assert len(test) == 300 and forest.metadata["training_rows"] == "1200"
    assert forest.metadata["seed"] == "4" and "n_estimators=20" in forest.metadata["estimator"]
    assert np.array_equal(forest.predict(features)[0], estimator.predict(features))
    expected = measures(table.column("energy_density")[test],
                                 estimator.predict(features[test]))
    assert errors["test"] == pytest.approx(expected)
    assert 0.8 < errors["test"]["r2"] < errors["train"]["r2"] < 1
    assert np.argsort(forest.importance)[-2:].tolist() == [1, 0]
    again = training.train(table, FEATURES, "energy_density",
                           training.make_estimator(trees=20, seed=4), 4, 0.2)[0]
    assert np.array_equal(again.nodes, forest.nodes)
    assert np.array_equal(again.novelty_cholesky, forest.novelty_cholesky)


def test_split_keeps_groups_together(table):
    groups = table.column("source")
    train, test = training.split(len(table), 0.3, 0, groups)
    assert len(train) + len(test) == len(table)
    assert not set(groups[train]) & set(groups[test]) and len(set(groups[test])) == 2
    for train, test in training.folds(len(table), 3, 0, groups):
        assert not set(groups[train]) & set(groups[test])
    with pytest.raises(MLGrainError, match="there are 6"):
        training.folds(len(table), 7, 0, groups)
    with pytest.raises(MLGrainError, match="too few"):
        training.clean(np.full((20, 2), np.nan), np.zeros(20))


def test_cross_validation_and_learning_curve(data):
    features, target = data
    def make():
        return training.make_estimator(trees=5, seed=0)
    parts = training.folds(len(target), 3, 0)
    prediction, results = training.cross_validate(make, features, target, parts)
    train, test = parts[1]
    assert np.array_equal(prediction[test], make().fit(features[train], target[train])
                          .predict(features[test]))
    assert len(results) == 3 and not np.isnan(prediction).any()
    lines = training.learning_curve(make, features, target, parts, [50, 1000], 0)
    assert lines[1]["test_rmse"] < lines[0]["test_rmse"]
    assert all(line["train_rmse"] < line["test_rmse"] for line in lines)
    with pytest.raises(MLGrainError, match="more than the 1000"):
        training.learning_curve(make, features, target, parts, [2000], 0)


# ---- Uncertainty

def test_out_of_bag_is_scikit_learns(data):
    features, target = data[0].astype(np.float32), data[1]
    forest = RandomForestRegressor(30, oob_score=True, random_state=0).fit(features, target)
    count, total, _ = uncertainty._out_of_bag_sums(forest, features, target)
    assert count.min() > 0
    assert np.allclose(target + total / count, forest.oob_prediction_)
    small = RandomForestRegressor(30, max_samples=0.3, random_state=0).fit(features, target)
    count, _, _ = uncertainty._out_of_bag_sums(small, features, target)
    assert count.mean() == pytest.approx(30 * np.exp(-0.3), rel=0.02)


def test_calibrated_spread_tells_the_error():
    """Noise that grows along one feature: in each bin of spread the error must be as announced."""
    generator = np.random.default_rng(1)
    features = generator.uniform(0, 1, (4000, 2)).astype(np.float32)
    target = features[:, 1] + features[:, 0] * generator.normal(size=4000)
    forest, _, test, _ = training.train(
        Table(["a", "b", "t"], np.column_stack([features, target])), ["a", "b"], "t",
        training.make_estimator(trees=100, seed=0), 0, 0.5)
    prediction, spread = forest.predict(features[test])
    error = prediction - target[test]
    for rows in np.array_split(np.argsort(spread), 5):
        found, announced = (np.sqrt(np.mean(v[rows] ** 2)) for v in (error, spread))
        assert announced == pytest.approx(found, rel=0.25)
    assert np.sqrt(np.mean(spread ** 2)) == pytest.approx(np.sqrt(np.mean(error ** 2)), rel=0.08)
    points = forest.calibration_spread
    assert np.all(np.diff(points) > 0) and len(points) == len(forest.calibration_error)


def test_calibration_of_equal_spreads():
    assert uncertainty.calibration(np.zeros(200), np.ones(200)) is None


def test_novelty_is_robust():
    generator = np.random.default_rng(0)
    mixing = generator.normal(size=(4, 4))
    good = generator.normal(size=(3000, 4)) @ mixing + 3
    spoiled = good.copy()
    spoiled[:150] += 50
    mean, factor, _ = uncertainty.novelty(spoiled, 0)
    assert np.allclose(mean, 3, atol=0.2)
    assert np.array_equal(factor, np.triu(factor)) and np.all(np.diagonal(factor) >= 0)
    expected = np.sqrt(np.einsum("ri,ij,rj->r", good - 3, np.linalg.inv(mixing.T @ mixing), good - 3))
    found = np.linalg.norm((good - mean) @ factor, axis=1)
    assert np.corrcoef(found, expected)[0, 1] > 0.99 and np.median(found / expected) == \
        pytest.approx(1, abs=0.15)
    assert np.linalg.norm((spoiled[:150] - mean) @ factor, axis=1).min() > found.max()


def test_novelty_of_flat_directions():
    """A feature that never varies has no weight; one that is a copy of another keeps finite."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 2))
    rows = np.column_stack([x, x[:, 0], np.full(500, 7.0)])
    mean, factor, limit = uncertainty.novelty(rows, 0)
    assert np.all(np.isfinite(factor)) and np.isfinite(limit)
    assert not factor[3].any() and not factor[:, 3].any()
    moved = rows[0] + [0, 0, 1.0, 0]
    assert np.linalg.norm((moved - mean) @ factor) > 10 * limit


# ---- Mixtures

@pytest.mark.parametrize("covariance", classes.COVARIANCES)
def test_mixture_is_scikit_learns(tmp_path, covariance):
    generator = np.random.default_rng(0)
    centers = np.array([[0, 0, 0], [4, 0, 100], [0, 5, -100.0]])
    labels = generator.integers(0, 3, 900)
    rows = centers[labels] + generator.normal(size=(900, 3)) * [1, 1, 20]
    mixture, fitted = classes.fit(rows, ["P2_I0", "b", "c"], 3, covariance, seed=1)
    assert isinstance(fitted, GaussianMixture) and np.all(np.diff(mixture.means[:, 0]) >= 0)
    mixture.save(tmp_path / "m")
    again = Mixture.load(tmp_path / "m")
    found, likelihood, responsibilities = again.predict(rows)
    scaled = again.scaled(rows)
    assert np.array_equal(found, fitted.predict(scaled))
    assert np.allclose(likelihood, fitted.score_samples(scaled), rtol=1e-12)
    assert np.allclose(responsibilities, fitted.predict_proba(scaled), atol=1e-12)
    rows[3, 1] = np.nan
    found, likelihood, _ = again.predict(rows)
    assert found[3] == -1 and np.isnan(likelihood[3]) and np.all(found[:3] >= 0)


def test_core_and_plain_mixture_agree():
    pytest.importorskip("mlgrain._core")
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(5000, 19)) + 2 * generator.integers(0, 2, (5000, 1))
    mixture, _ = classes.fit(rows, [f"f{i}" for i in range(19)], 3, seed=1)
    rows[[3, 4000], [0, 18]] = np.nan, np.inf
    plain = mixture.predict_plainly(rows)
    for threads in 1, 3:
        found = mixture.predict(rows, threads)
        assert np.array_equal(found[0], plain[0])
        assert np.allclose(found[1], plain[1], rtol=1e-12, equal_nan=True)
        assert np.allclose(found[2], plain[2], rtol=0, atol=1e-12, equal_nan=True)
    for predict in mixture.predict, mixture.predict_plainly:
        with pytest.raises(MLGrainError, match="rows of 18 features for a mixture of 19"):
            predict(rows[:, 1:])
    assert [len(part) for part in mixture.predict(np.empty((0, 19)))] == [0, 0, 0]


def test_number_of_classes():
    generator = np.random.default_rng(0)
    centers = 12 * generator.normal(size=(4, 5))
    rows = centers[generator.integers(0, 4, 500)] + generator.normal(size=(500, 5))
    scores = classes.choose(rows, range(2, 7), seed=0)
    assert classes.best(scores) == 4
    assert min(scores, key=lambda line: line["bic"])["classes"] == 4


def test_scaling_of_constant_columns():
    shift, scale = scaling(np.column_stack([np.full(50, 3.0), np.arange(50.0)]))
    assert scale[0] == 1 and shift[0] == 3 and scale[1] > 10
    assert make_mixture(3, seed=5).random_state == 5


# ---- Boundaries

def make_classes(rows):
    return classes.fit(rows, ["P2_I0", "b", "c"], 2, seed=0, class_names=["bulk", "gb"])[0]


def test_boundary_features():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(400, 3)) + 5 * (generator.random((400, 1)) < 0.3)
    mixture = make_classes(rows)
    features = boundaries.boundary_features(mixture, rows, 0, bins=4)
    values = dict(zip(boundaries.feature_names(mixture, 4), features))
    assert len(values) == len(features) == 3 + 3 + 2 + 2 + 4
    assert values["mean_b"] == pytest.approx(rows[:, 1].mean())
    assert values["kurtosis_c"] == pytest.approx(stats.kurtosis(rows[:, 2]))
    labels, _, responsibilities = mixture.predict(rows)
    assert values["frequency_2"] == np.mean(labels == 1)
    assert values["probability_1"] == pytest.approx(responsibilities[:, 0].mean())
    scaled, center = mixture.scaled(rows), mixture.means[0]
    cosine = [row @ center / np.linalg.norm(row) / np.linalg.norm(center) for row in scaled]
    assert values["similarity_4"] == pytest.approx(np.mean(np.array(cosine) >= 0.5))
    assert sum(values[f"similarity_{i}"] for i in range(1, 5)) == pytest.approx(1)


def test_boundary_table():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(600, 3)) + 5 * (generator.random((600, 1)) < 0.3)
    mixture = make_classes(rows)
    table = Table(["P2_I0", "b", "c", "source"], np.column_stack([rows, np.arange(600) % 3]))
    groups, features = boundaries.boundary_table(table, mixture, mixture, [1])
    labels = mixture.predict(rows)[0]
    chosen = rows[(labels == 1) & (np.arange(600) % 3 == 2)]
    assert groups.tolist() == [0, 1, 2]
    assert np.allclose(features[2, :3], chosen.mean(axis=0))
    assert boundaries.reference_class(mixture) == 0
    assert boundaries.reference_class(mixture, "gb") == boundaries.reference_class(mixture, "2") == 1
    with pytest.raises(MLGrainError, match="bulk, gb"):
        boundaries.reference_class(mixture, "3")


def test_kurtosis_of_a_constant_is_zero():
    assert boundaries.mean_and_kurtosis(np.full((9, 1), 0.1))[1] == 0


def test_unscaled_ridge_keeps_relative_sizes():
    """One factor for all features changes nothing, one for a single feature does."""
    random = np.random.default_rng(4)
    features = random.standard_normal((40, 30)) * np.geomspace(1, 1e-3, 30)
    target = features[:, 0] + 0.3 * random.standard_normal(40)
    def predict(kind, factor):
        return training.make_estimator(kind).fit(features * factor, target).predict(features * factor)
    last = np.where(np.arange(30) == 29, 1e4, 1.0)
    np.testing.assert_allclose(predict("ridge-unscaled", 7.0), predict("ridge-unscaled", 1.0), rtol=1e-9)
    assert abs(predict("ridge-unscaled", last) - predict("ridge-unscaled", 1.0)).max() > 0.01
    np.testing.assert_allclose(predict("ridge", last), predict("ridge", 1.0), rtol=1e-9)
