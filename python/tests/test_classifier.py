# SPDX-License-Identifier: GPL-2.0-or-later
"""Forests that tell classes against scikit-learn's: probabilities to the last bit."""

import json

import numpy as np
import pytest
from sklearn import ensemble
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from conftest import FEATURES, boundary_rows
from mlgrain import Forest, ForestClassifier, MLGrainError, load_model
from mlgrain.models.importers import _shares, forest_from_ensemble, from_estimator
from mlgrain.models.trees import Tree
from test_modelfile import rewrite


def classes_of(data, count, names=True):
    """Labels by the size of the target, rows of class k about twice as many as of class k + 1."""
    target = data[1]
    shares = np.cumsum(0.5 ** np.arange(1, count))
    label = np.searchsorted(np.quantile(target, shares), target)
    return np.array([f"class {k}" for k in range(count)])[label] if names else label


def stored(estimator, path):
    forest_from_ensemble(from_estimator(estimator), FEATURES, target="structure").save(path)
    return load_model(path)


def check(estimator, data, path):
    """The same classes and probabilities for the training rows and at the thresholds."""
    forest = stored(estimator, path)
    assert isinstance(forest, ForestClassifier)
    assert len(forest.classes) == len(estimator.classes_)
    near = boundary_rows(forest, np.random.default_rng(2), 3000)
    rows = np.concatenate([data[0].astype(np.float32), near])
    probabilities = forest.probabilities(rows)
    assert np.array_equal(probabilities, estimator.predict_proba(rows))
    label, uncertainty = forest.predict(rows)
    assert np.array_equal(estimator.classes_[label], estimator.predict(rows))
    assert np.array_equal(uncertainty, 1 - probabilities.max(axis=1))
    return forest


@pytest.mark.parametrize("count", range(2, 11))
def test_numbers_of_classes(count, data, tmp_path):
    label = classes_of(data, count, names=count % 2 == 0)
    for estimator in (ensemble.RandomForestClassifier(7, random_state=1),
                      ensemble.ExtraTreesClassifier(7, max_depth=5, random_state=2)):
        check(estimator.fit(data[0], label), data, tmp_path / "m")


@pytest.mark.parametrize("estimator", [
    DecisionTreeClassifier(random_state=1), DecisionTreeClassifier(max_depth=4),
    ensemble.RandomForestClassifier(9, class_weight="balanced", max_depth=6, random_state=1),
    ensemble.RandomForestClassifier(9, class_weight="balanced_subsample", min_samples_leaf=5),
    ensemble.RandomForestClassifier(9, criterion="entropy", max_samples=0.2, max_leaf_nodes=9),
    ensemble.ExtraTreesClassifier(9, class_weight={"class 0": 0.01, "class 1": 3, "class 2": 30},
                                  min_samples_leaf=3),
], ids=str)
def test_weights_and_shapes(estimator, data, tmp_path):
    label = classes_of(data, 3)
    check(estimator.fit(data[0], label), data, tmp_path / "m")
    weight = np.random.default_rng(1).random(len(label)) ** 4
    check(estimator.fit(data[0], label, weight), data, tmp_path / "m")


def test_ties_go_to_the_first(data, tmp_path):
    """Two trees that disagree everywhere."""
    label = np.where(data[0][:, 0] > 0, "a", "b")
    estimator = ensemble.ExtraTreesClassifier(2, max_depth=1, random_state=1, max_features=None)
    estimator.fit(data[0][:, :1].repeat(6, axis=1), label)
    forest = check(estimator, data, tmp_path / "m")
    forest = ForestClassifier.from_trees([stump([1, 0], [0, 1]), stump([0, 1], [1, 0])], ["x"],
                                         classes=["a", "b"])
    label, uncertainty = forest.predict([[-1.0], [1.0]])
    assert np.array_equal(label, [0, 0]) and np.array_equal(uncertainty, [0.5, 0.5])


def stump(left, right):
    value = np.array([[0.5, 0.5], left, right], float)
    return Tree(np.array([1, -1, -1]), np.array([2, -1, -1]), np.zeros(3, int),
                np.zeros(3, np.float32), value, np.ones(3))


def test_single_leaves(data, tmp_path):
    label = classes_of(data, 3)
    estimator = ensemble.RandomForestClassifier(3, min_samples_leaf=len(label) // 2 + 1)
    forest = stored(estimator.fit(data[0], label), tmp_path / "m")
    assert len(forest.nodes) == 6
    assert np.array_equal(forest.probabilities(data[0]), estimator.predict_proba(data[0]))


def test_kinds_of_labels(data, tmp_path):
    for labels, names in (([True, False], ["False", "True"]), ([2.0, -1.0], ["-1", "2"]),
                          ([7, 4], ["4", "7"]), (["bcc α", "fcc"], ["bcc α", "fcc"])):
        label = np.array(labels)[(data[0][:, 0] > 0).astype(int)]
        estimator = ensemble.RandomForestClassifier(3, random_state=1).fit(data[0], label)
        assert check(estimator, data, tmp_path / "m").classes == names


def test_rows_that_cannot_be_predicted(data, tmp_path):
    estimator = ensemble.RandomForestClassifier(3).fit(data[0], classes_of(data, 4))
    forest = stored(estimator, tmp_path / "m")
    rows = data[0][:5].copy()
    rows[0, 0], rows[1, 1], rows[2, 2] = np.nan, np.inf, 1e39
    label, uncertainty = forest.predict(rows)
    assert np.array_equal(label[:3], [-1, -1, -1]) and np.isnan(uncertainty[:3]).all()
    assert np.isnan(forest.probabilities(rows)[:3]).all() and not np.isnan(uncertainty[3:]).any()
    assert np.array_equal(estimator.classes_[label[3:]], estimator.predict(rows[3:]))
    with pytest.raises(MLGrainError, match="7 features"):
        forest.predict(np.zeros((2, 7)))


def test_few_rows_of_values(data, tmp_path):
    """Leaves of one class share a row."""
    estimator = ensemble.ExtraTreesClassifier(5, random_state=1).fit(data[0], classes_of(data, 4))
    forest = stored(estimator, tmp_path / "m")
    assert np.array_equal(forest.values, np.eye(4)[::-1])


def test_pipeline(data, tmp_path):
    label = classes_of(data, 3)
    estimator = make_pipeline(StandardScaler(), ensemble.RandomForestClassifier(5, random_state=1))
    forest = stored(estimator.fit(data[0], label), tmp_path / "m")
    near = boundary_rows(forest, np.random.default_rng(2), 3000)
    assert np.array_equal(forest.probabilities(near), estimator.predict_proba(near.astype(float)))


def test_file(data, tmp_path):
    estimator = ensemble.RandomForestClassifier(3).fit(data[0], classes_of(data, 3))
    forest = stored(estimator, tmp_path / "m")
    forest.metadata = {"training_set": "a test"}
    forest.novelty_mean, forest.novelty_cholesky = np.zeros(6), np.eye(6)
    forest.save(tmp_path / "m")
    again = ForestClassifier.load(tmp_path / "m")
    assert again.metadata["kind"] == "forest_classifier" and again.target == "structure"
    assert json.loads(again.metadata["classes"]) == ["class 0", "class 1", "class 2"]
    assert np.array_equal(again.values, forest.values) and again.values.shape[1] == 3
    assert np.allclose(again.novelty(data[0]), np.linalg.norm(data[0], axis=1))
    with pytest.raises(MLGrainError, match="forest_classifier, not a forest"):
        Forest.load(tmp_path / "m")


def change_metadata(**values):
    def change(header, _):
        for key, value in values.items():
            if value is None:
                del header["__metadata__"][key]
            else:
                header["__metadata__"][key] = value
    return change


def change_value(place, value):
    def change(header, data):
        begin = header["values"]["data_offsets"][0] + 8 * place
        data[begin:begin + 8] = np.float64(value).tobytes()
    return change


def flatten_values(header, _):
    header["values"]["shape"] = [int(np.prod(header["values"]["shape"]))]


@pytest.mark.parametrize("change,reason", [
    (change_metadata(classes=None), "two classes or more"),
    (change_metadata(classes='["a"]'), "two classes or more"),
    (change_metadata(classes='["a", "b", ""]'), "two classes or more"),
    (change_metadata(classes='["a", "b", 3]'), "two classes or more"),
    (change_metadata(classes='["a", "b"]'), "tensor 'values'"),
    (change_metadata(classes='{"a": 1}'), "wrong form"),
    (change_metadata(kind="forest"), "tensor 'values'"),
    (change_metadata(aggregation="sum"), "not 'mean'"),
    (change_value(0, 0.5), "probabilities of sum 1"), (change_value(1, -0.1), "probabilities"),
    (change_value(0, np.nan), "not finite"), (flatten_values, "tensor 'values'"),
])
def test_damaged_files(change, reason, data, tmp_path):
    path = tmp_path / "m"
    estimator = ensemble.RandomForestClassifier(3).fit(data[0], classes_of(data, 3))
    stored(estimator, path)
    rewrite(path, change)
    with pytest.raises(MLGrainError, match=reason):
        load_model(path)


@pytest.mark.parametrize("tensors,reason", [
    ({"base": 1.0}, "neither a base nor a scale"), ({"scale": 2.0}, "neither a base nor a scale"),
    ({"calibration_spread": [0.0, 1.0], "calibration_error": [0.0, 1.0]}, "no calibration")])
def test_tensors_of_regressors(tensors, reason, data, tmp_path):
    estimator = ensemble.RandomForestClassifier(3).fit(data[0], classes_of(data, 3))
    forest = stored(estimator, tmp_path / "m")
    for name, value in tensors.items():
        setattr(forest, name, value)
    forest.save(tmp_path / "m")
    with pytest.raises(MLGrainError, match=reason):
        load_model(tmp_path / "m")


def test_weights_of_old_versions():
    """scikit-learn before 1.3 keeps weights of rows in the nodes, not shares."""
    assert np.array_equal(_shares(np.array([[3.0, 1.0], [0.0, 1.0]])), [[0.75, 0.25], [0, 1]])
    kept = np.array([[0.1, 0.9], [1 / 3, 1 - 1 / 3]])
    assert np.array_equal(_shares(kept), kept)


def test_unsuitable_classifiers(data):
    features, label = data[0], classes_of(data, 3)
    tree = DecisionTreeClassifier(max_depth=2)
    with pytest.raises(MLGrainError, match="2 outputs"):
        from_estimator(tree.fit(features, np.column_stack([label, label])))
    with pytest.raises(MLGrainError, match="one class only"):
        from_estimator(tree.fit(features, np.zeros(len(features))))
    with pytest.raises(MLGrainError, match="don't make names"):
        from_estimator(tree.fit(features, np.where(label == "class 0", "", label)))
    with pytest.raises(MLGrainError, match="can't be stored"):
        from_estimator(ensemble.GradientBoostingClassifier(n_estimators=2).fit(features, label))


def test_core_and_plain_classifier_agree(tmp_path):
    pytest.importorskip("mlgrain._core")
    generator = np.random.default_rng(5)
    features = generator.normal(size=(600, 4))
    target = (features[:, 0] > 0).astype(int) + (features[:, 1] > 1)
    estimator = ensemble.RandomForestClassifier(7, random_state=1).fit(features, target)
    path = tmp_path / "m"
    forest_from_ensemble(from_estimator(estimator), list("abcd"), target="y").save(path)
    model, rows = load_model(path), generator.normal(size=(3000, 4))
    rows[[5, 2000], [0, 3]] = np.inf, np.nan
    plain = model.evaluate_plainly(rows)
    for threads in (1, 3):
        found = model.evaluate(rows, threads)
        assert np.array_equal(found.prediction, plain.prediction, equal_nan=True)
        assert np.array_equal(found.flags, plain.flags) and found.flags[5] == 1
        assert np.allclose(found.spread, plain.spread, rtol=0, atol=1e-14, equal_nan=True)
        assert np.allclose(found.probabilities, plain.probabilities, rtol=0, atol=1e-14,
                           equal_nan=True)
    assert found.probabilities.shape == (3000, 3)
    assert np.array_equal(found.prediction[6:60], estimator.predict(rows[6:60]) + 1)
