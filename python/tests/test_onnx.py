# SPDX-License-Identifier: GPL-2.0-or-later
"""ONNX TreeEnsembleRegressor and TreeEnsembleClassifier files: every comparison, and converters' files
where they are there."""

import pathlib

import numpy as np
import pytest

from mlgrain import MLGrainError
from mlgrain.models.importers import forest_from_ensemble, from_onnx

onnx = pytest.importorskip("onnx")
DATA = pathlib.Path(__file__).parent / "data"


def write(path, modes, before=None, **changes):
    """A stump for each mode: feature 1 against 0.1, true 1, false 2; base value 0.25."""
    ids = np.arange(len(modes))
    attributes = {
        "n_targets": 1, "base_values": [0.25], "nodes_treeids": np.repeat(ids, 3).tolist(),
        "nodes_nodeids": [0, 1, 2] * len(ids), "nodes_featureids": [1, 0, 0] * len(ids),
        "nodes_modes": [word for mode in modes for word in (mode, "LEAF", "LEAF")],
        "nodes_values": [0.1, 0.0, 0.0] * len(ids), "nodes_truenodeids": [1, 0, 0] * len(ids),
        "nodes_falsenodeids": [2, 0, 0] * len(ids), "target_ids": [0, 0] * len(ids),
        "target_treeids": np.repeat(ids, 2).tolist(), "target_nodeids": [1, 2] * len(ids),
        "target_weights": [1.0, 2.0] * len(ids)}
    attributes.update(changes)
    node = onnx.helper.make_node("TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml",
                                 **attributes)
    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        ([before] if before else []) + [node], "g",
        [onnx.helper.make_tensor_value_info("X", floats, [None, 2])],
        [onnx.helper.make_tensor_value_info("Y", floats, [None, 1])])
    onnx.save(onnx.helper.make_model(graph), str(path))


@pytest.mark.parametrize("mode,compare", [("BRANCH_LEQ", np.less_equal), ("BRANCH_LT", np.less),
                                          ("BRANCH_GT", np.greater),
                                          ("BRANCH_GTE", np.greater_equal)])
def test_comparisons(tmp_path, mode, compare):
    path = tmp_path / "m.onnx"
    write(path, [mode, mode])
    forest = forest_from_ensemble(from_onnx(str(path)), ["a", "b"])
    threshold = np.float32(0.1)
    x = np.array([np.nextafter(threshold, np.float32(s)) for s in (-1, 1)] + [threshold], np.float32)
    rows = np.column_stack([np.zeros(3, np.float32), x])
    expected = 0.25 + 2 * np.where(compare(x, threshold), 1.0, 2.0)
    assert np.array_equal(forest.predict(rows)[0], expected)


@pytest.mark.parametrize("changes,reason", [
    ({"aggregate_function": "MAX"}, "MAX"), ({"post_transform": "LOGISTIC"}, "LOGISTIC"),
    ({"n_targets": 2}, "2 outputs"), ({"nodes_values": [0.1]}, "different lengths"),
    ({"target_nodeids": [1, 5]}, "not there"), ({"nodes_nodeids": [0, 1, 3]}, "not")])
def test_refused(tmp_path, changes, reason):
    path = tmp_path / "m.onnx"
    write(path, ["BRANCH_LEQ"], **changes)
    with pytest.raises(MLGrainError, match=reason):
        from_onnx(str(path))


def test_other_operations_are_refused(tmp_path):
    path = tmp_path / "m.onnx"
    write(path, ["BRANCH_EQ"])
    with pytest.raises(MLGrainError, match="BRANCH_EQ"):
        from_onnx(str(path))
    write(path, ["BRANCH_LEQ"], onnx.helper.make_node("Exp", ["X"], ["Z"]))
    with pytest.raises(MLGrainError, match="Exp"):
        from_onnx(str(path))
    path.write_bytes(b"no such thing")
    with pytest.raises(MLGrainError, match="no ONNX file"):
        from_onnx(str(path))


def test_average(tmp_path):
    path = tmp_path / "m.onnx"
    write(path, ["BRANCH_LEQ"] * 4, aggregate_function="AVERAGE")
    forest = forest_from_ensemble(from_onnx(str(path)), ["a", "b"])
    assert forest.aggregation == "mean"
    assert np.array_equal(forest.predict([[0, 0], [0, 1]])[0], [1.25, 2.25])


@pytest.mark.parametrize("name", ["xgboost", "xgboost_forest", "lightgbm"])
def test_boosted_forests(name):
    """Files that data/make_boosted.py made."""
    known = np.load(DATA / "boosted.npz")
    forest = forest_from_ensemble(from_onnx(str(DATA / f"{name}.onnx")), list("abcdef"))
    prediction = forest.predict(known["features"])[0]
    assert forest.trees == 8 and np.ptp(prediction) > 1
    # leaf values in the files are float32, and so are XGBoost's sums
    assert np.allclose(prediction, known[name], rtol=1e-6, atol=1e-6)


def test_files_of_skl2onnx(tmp_path, data):
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor

    features, target = data[0].astype(np.float32), data[1]
    for estimator in (RandomForestRegressor(5, random_state=0),
                      GradientBoostingRegressor(n_estimators=10, random_state=0)):
        estimator.fit(features, target)
        path = tmp_path / "m.onnx"
        path.write_bytes(skl2onnx.to_onnx(estimator, features[:1]).SerializeToString())
        forest = forest_from_ensemble(from_onnx(str(path)), list("abcdef"))
        # the file holds float32 leaf values
        assert np.allclose(forest.predict(features)[0], estimator.predict(features), atol=1e-5)


def test_files_of_lightgbm(tmp_path, data):
    lightgbm = pytest.importorskip("lightgbm")
    onnxmltools = pytest.importorskip("onnxmltools")
    from onnxmltools.convert.common.data_types import FloatTensorType

    features, target = data[0].astype(np.float32), data[1]
    model = lightgbm.LGBMRegressor(n_estimators=15, n_jobs=1, verbose=-1).fit(features, target)
    path = tmp_path / "m.onnx"
    path.write_bytes(onnxmltools.convert_lightgbm(
        model, initial_types=[("X", FloatTensorType([None, 6]))], zipmap=False).SerializeToString())
    forest = forest_from_ensemble(from_onnx(str(path)), list("abcdef"))
    error = np.abs(forest.predict(features)[0] - model.predict(features))
    # LightGBM splits between float64 values; a row may lie within float32's rounding of a threshold
    assert np.quantile(error, 0.99) < 1e-5


def test_files_of_xgboost(tmp_path, data):
    xgboost = pytest.importorskip("xgboost")
    onnxmltools = pytest.importorskip("onnxmltools")
    from onnxmltools.convert.common.data_types import FloatTensorType

    features, target = data[0].astype(np.float32), data[1]
    path = tmp_path / "m.onnx"
    for model in (xgboost.XGBRegressor(n_estimators=15, n_jobs=1),
                  xgboost.XGBRFRegressor(n_estimators=15, n_jobs=1)):
        model.fit(features, target)
        path.write_bytes(onnxmltools.convert_xgboost(
            model, initial_types=[("X", FloatTensorType([None, 6]))]).SerializeToString())
        forest = forest_from_ensemble(from_onnx(str(path)), list("abcdef"))
        assert np.allclose(forest.predict(features)[0], model.predict(features), atol=1e-5)


def write_classifier(path, **changes):
    """Two stumps of three classes: feature 1 against 0.1."""
    attributes = {
        "classlabels_strings": ["a", "b", "c"], "nodes_treeids": [0, 0, 0, 1, 1, 1],
        "nodes_nodeids": [0, 1, 2] * 2, "nodes_featureids": [1, 0, 0] * 2,
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"] * 2, "nodes_values": [0.1, 0.0, 0.0] * 2,
        "nodes_truenodeids": [1, 0, 0] * 2, "nodes_falsenodeids": [2, 0, 0] * 2,
        "class_ids": [0, 1, 2, 0, 1], "class_treeids": [0, 0, 0, 1, 1],
        "class_nodeids": [1, 1, 2, 1, 2], "class_weights": [0.2, 0.3, 0.5, 0.5, 0.5]}
    attributes.update(changes)
    attributes = {name: value for name, value in attributes.items() if value != []}
    node = onnx.helper.make_node("TreeEnsembleClassifier", ["X"], ["L", "P"], domain="ai.onnx.ml",
                                 **attributes)
    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node, onnx.helper.make_node("ZipMap", ["P"], ["Z"], domain="ai.onnx.ml")], "g",
        [onnx.helper.make_tensor_value_info("X", floats, [None, 2])],
        [onnx.helper.make_tensor_value_info("L", onnx.TensorProto.STRING, [None])])
    onnx.save(onnx.helper.make_model(graph), str(path))


def test_classifier(tmp_path):
    path = tmp_path / "m.onnx"
    write_classifier(path)
    forest = forest_from_ensemble(from_onnx(str(path)), ["x", "y"])
    assert forest.classes == ["a", "b", "c"]
    rows = [[0, 0.05], [0, 0.2]]
    assert np.allclose(forest.probabilities(rows), [[0.7, 0.3, 0], [0, 0.5, 0.5]], atol=1e-7)
    assert np.array_equal(forest.predict(rows)[0], [0, 1])


def test_classifier_of_two_classes(tmp_path):
    """Weights of one class only are those of the second label, whatever their class_ids."""
    path = tmp_path / "m.onnx"
    write_classifier(path, classlabels_strings=[], classlabels_int64s=[3, 8], class_ids=[0] * 4,
                     class_treeids=[0, 0, 1, 1], class_nodeids=[1, 2, 1, 2],
                     class_weights=[0.5, 0.1, 0.25, 0.0])
    forest = forest_from_ensemble(from_onnx(str(path)), ["x", "y"])
    assert forest.classes == ["3", "8"]
    assert np.allclose(forest.probabilities([[0, 0.05], [0, 0.2]]), [[0.25, 0.75], [0.9, 0.1]],
                       atol=1e-7)


@pytest.mark.parametrize("changes,reason", [
    ({"post_transform": "SOFTMAX"}, "SOFTMAX"), ({"class_ids": [0, 1, 3, 0, 1]}, "not there"),
    ({"class_ids": [0, 1, 2]}, "different lengths"), ({"class_nodeids": [1, 1, 5, 1, 2]}, "not there"),
    ({"class_weights": [0.2, 0.3, 0.7, 0.5, 0.5]}, "don't hold probabilities"),
    ({"class_weights": [0.7, -0.2, 0.5, 0.5, 0.5]}, "don't hold probabilities"),
    ({"base_values": [0.1, 0.2, 0.3]}, "base values"), ({"classlabels_strings": ["a"]}, "not there")])
def test_classifiers_refused(tmp_path, changes, reason):
    path = tmp_path / "m.onnx"
    write_classifier(path, **changes)
    with pytest.raises(MLGrainError, match=reason):
        from_onnx(str(path))


@pytest.mark.parametrize("count", [2, 4])
def test_skl2onnx(tmp_path, count):
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.ensemble import RandomForestClassifier

    features = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
    label = np.digitize(features[:, 0] + features[:, 1] ** 2, np.linspace(0, 1, count - 1))
    estimator = RandomForestClassifier(9, max_depth=5, random_state=0).fit(features, label)
    path = tmp_path / "m.onnx"
    path.write_bytes(skl2onnx.to_onnx(estimator, features[:1]).SerializeToString())
    forest = forest_from_ensemble(from_onnx(str(path)), list("abcd"))
    assert np.allclose(forest.probabilities(features), estimator.predict_proba(features), atol=1e-6)
