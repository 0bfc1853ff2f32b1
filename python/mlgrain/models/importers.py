# SPDX-License-Identifier: GPL-2.0-or-later
"""Estimators of scikit-learn and ONNX files as trees: what Forest.from_trees takes.

Each function returns an Ensemble. Its prediction, base + scale * (sum or mean of leaf values), is the
estimator's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np

from ..errors import MLGrainError
from .classifier import ForestClassifier
from .forest import Forest
from .scaling import fold, take_apart
from .trees import Tree, round_below, round_down


@dataclass
class Ensemble:
    trees: list
    aggregation: str
    features: int
    base: float = 0.0
    scale: float = 1.0
    description: str = ""
    classes: Optional[list] = None  # names; None: the trees predict a number


def from_estimator(estimator, dtype=np.float64):
    """A regressor or classifier of scikit-learn made of trees, with one output, or a Pipeline of
    scalers and one.

    dtype: in which a Pipeline gets its features: float64, as tables have them, or float32.
    """
    scalers, last = take_apart(estimator)
    result, single = _from_trees(last)
    if scalers:
        fold(result.trees, scalers, result.features, single, dtype)
    else:
        for tree in result.trees:
            tree.threshold = round_down(tree.threshold)
    result.description = describe(estimator)
    return result


def _from_trees(estimator):
    """(Ensemble with float64 thresholds, whether features are rounded to float32 before them)."""
    from sklearn import ensemble as sk
    from sklearn import tree as sktree

    name = type(estimator).__name__
    if not hasattr(estimator, "n_features_in_"):
        raise MLGrainError(f"the estimator, a {name}, is not fitted (or not one of scikit-learn)")
    count = estimator.n_features_in_
    if isinstance(estimator, sk.HistGradientBoostingRegressor):
        return _from_histogram_boosting(estimator, count), False
    if isinstance(estimator, (sk.RandomForestRegressor, sk.ExtraTreesRegressor)):
        trees = [_from_sklearn_tree(member.tree_) for member in estimator.estimators_]
        result = Ensemble(trees, "mean", count)
    elif isinstance(estimator, sktree.DecisionTreeRegressor):
        result = Ensemble([_from_sklearn_tree(estimator.tree_)], "mean", count)
    elif isinstance(estimator, sk.GradientBoostingRegressor):
        trees = [_from_sklearn_tree(member.tree_) for member in estimator.estimators_[:, 0]]
        result = Ensemble(trees, "sum", count, _initial_prediction(estimator),
                          float(estimator.learning_rate))
    elif isinstance(estimator, (sk.RandomForestClassifier, sk.ExtraTreesClassifier)):
        result = _from_classifier(estimator, estimator.estimators_, count)
    elif isinstance(estimator, sktree.DecisionTreeClassifier):
        result = _from_classifier(estimator, [estimator], count)
    else:
        raise MLGrainError(f"a {name} can't be stored; known are random forests, extra trees and "
                           "decision trees, as regressors and classifiers, and (histogram) gradient "
                           "boosting, as regressors. Others may be saved as ONNX files")
    return result, True


def describe(estimator):
    """The estimator with its parameters that are not defaults, on one line."""
    return " ".join(str(estimator).split())


def _from_sklearn_tree(tree):
    if tree.value.shape[1:] != (1, 1):
        raise MLGrainError(f"the estimator predicts {tree.value.shape[1]} outputs; a model file "
                           "holds one")
    return _with_values(tree, tree.value[:, 0, 0])


def _with_values(tree, values):
    return Tree(tree.children_left.astype(np.int64), tree.children_right.astype(np.int64),
                tree.feature.astype(np.int64), np.array(tree.threshold), values,
                tree.weighted_n_node_samples)


def _from_classifier(estimator, members, count):
    if estimator.n_outputs_ != 1:
        raise MLGrainError(f"the estimator predicts {estimator.n_outputs_} outputs; a model file "
                           "holds one")
    classes = _names(estimator.classes_)
    trees = [_with_values(member.tree_, _shares(member.tree_.value[:, 0, :])) for member in members]
    return Ensemble(trees, "mean", count, classes=classes)


def _names(labels):
    """Names of classes."""
    names = [_name(label) for label in labels]
    if len(names) < 2:
        raise MLGrainError("the classifier knows one class only")
    if not all(names) or len(set(names)) < len(names):
        raise MLGrainError(f"the labels of the classes don't make names: {names}")
    return names


def _name(label):
    """A class' label; whole numbers, which are often stored as floating ones, without a point."""
    return f"{label:.0f}" if isinstance(label, float) and label.is_integer() else str(label)


def _shares(values):
    """The probabilities in nodes; scikit-learn before 1.3 has weights of training rows there."""
    totals = values.sum(axis=1, keepdims=True)
    return np.array(values) if np.allclose(totals, 1) else values / totals


def _initial_prediction(estimator):
    initial = estimator.init_
    if isinstance(initial, str) and initial == "zero":
        return 0.0
    if not hasattr(initial, "constant_"):
        raise MLGrainError(f"gradient boosting that starts from a {type(initial).__name__} can't be "
                           "stored: the start must be a constant")
    return float(np.ravel(initial.constant_)[0])


def _from_histogram_boosting(estimator, count):
    if estimator.loss in ("poisson", "gamma"):
        raise MLGrainError(f"the loss {estimator.loss!r} takes the exponential of the trees' sum, "
                           "which a model file can't express")
    if estimator.is_categorical_ is not None and np.any(estimator.is_categorical_):
        raise MLGrainError("splits on categories can't be stored")
    trees = []
    for (predictor,) in estimator._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        trees.append(Tree(np.where(leaf, -1, nodes["left"].astype(np.int64)),
                          np.where(leaf, -1, nodes["right"].astype(np.int64)),
                          nodes["feature_idx"].astype(np.int64), np.array(nodes["num_threshold"]),
                          nodes["value"], nodes["count"].astype(float)))
    return Ensemble(trees, "sum", count, float(np.ravel(estimator._baseline_prediction)[0]))


# ---- ONNX

PASSIVE = {"Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "ZipMap"}
ENSEMBLES = {"TreeEnsembleRegressor", "TreeEnsembleClassifier"}
AGGREGATES = {"SUM": "sum", "AVERAGE": "mean"}
WEIGHT_ERROR = 1e-4  # of probabilities in float32, times the number of trees
LEFT_IF = {"BRANCH_LEQ": True, "BRANCH_LT": True, "BRANCH_GT": False, "BRANCH_GTE": False}


def from_onnx(path):
    """A TreeEnsembleRegressor or TreeEnsembleClassifier in an ONNX file, with nothing before or after it
    but casts."""
    try:
        import onnx
        from onnx.helper import get_attribute_value
    except ImportError:
        raise MLGrainError("reading ONNX files takes the Python package onnx (pip install onnx)") \
            from None
    try:
        graph = onnx.load(path).graph
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    except Exception as error:  # protobuf's decoder has its own, unrelated exceptions
        raise MLGrainError(f"{path} is no ONNX file: {error}") from error
    found = [node for node in graph.node if node.op_type in ENSEMBLES]
    others = {node.op_type for node in graph.node} - PASSIVE - ENSEMBLES
    if len(found) != 1 or others:
        what = ", ".join(sorted(others)) or "no other"
        raise MLGrainError(f"{path} has {len(found)} {' or '.join(sorted(ENSEMBLES))} nodes and {what} "
                           "operations; one and nothing else can be stored")
    attributes = {a.name: get_attribute_value(a) for a in found[0].attribute}
    make = _classifier_from_attributes if found[0].op_type == "TreeEnsembleClassifier" else \
        _from_attributes
    return make(path, attributes, _input_width(path, graph))


def _input_width(path, graph):
    initial = {tensor.name for tensor in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in initial]
    if len(inputs) != 1:
        raise MLGrainError(f"{path} takes {len(inputs)} inputs; one matrix of features is expected")
    shape = inputs[0].type.tensor_type.shape.dim
    return int(shape[1].dim_value) if len(shape) == 2 else 0


def _from_attributes(path, attributes, width):
    aggregate = attributes.get("aggregate_function", b"SUM").decode()
    if aggregate not in AGGREGATES:
        raise MLGrainError(f"{path}: trees combined by {aggregate} can't be stored")
    _refuse_transform(path, attributes)
    if attributes.get("n_targets", 1) != 1:
        raise MLGrainError(f"{path} predicts {attributes['n_targets']} outputs; a model file holds 1")
    columns = _onnx_nodes(path, attributes)
    columns["value"] = _leaf_values(path, attributes, columns)
    width = width or int(columns["feature"].max()) + 1
    base = _numbers(attributes, "base_values")
    return Ensemble(_split_into_trees(path, columns), AGGREGATES[aggregate], width,
                    float(base[0]) if len(base) else 0.0, description="ONNX TreeEnsembleRegressor")


def _refuse_transform(path, attributes):
    post = attributes.get("post_transform", b"NONE").decode()
    if post != "NONE":
        raise MLGrainError(f"{path}: a forest whose sum is transformed ({post}) can't be stored")


def _classifier_from_attributes(path, attributes, width):
    """As skl2onnx writes forests: weights of classes that are probabilities over the number of trees."""
    _refuse_transform(path, attributes)
    if len(_numbers(attributes, "base_values")):
        raise MLGrainError(f"{path}: a classifier with base values can't be stored")
    labels = [word.decode() for word in attributes.get("classlabels_strings", [])] or \
        [str(number) for number in attributes.get("classlabels_int64s", [])]
    columns = _onnx_nodes(path, attributes)
    kinds = np.asarray(attributes.get("class_ids", []), np.int64)
    if np.any(kinds < 0) or np.any(kinds >= len(labels)):
        raise MLGrainError(f"{path}: a weight of a class that is not there")
    weights = np.stack([_leaf_values(path, attributes, columns, "class", kinds == k)
                        for k in range(len(labels))], axis=1) * len(np.unique(columns["tree"]))
    if len(labels) == 2 and len(np.unique(kinds)) == 1:  # the weights are then those of the second class
        weights = np.stack([1 - weights.sum(axis=1), weights.sum(axis=1)], axis=1)
    leaf = columns["left"] < 0
    totals = weights[leaf].sum(axis=1, keepdims=True)
    if np.any(weights[leaf] < -WEIGHT_ERROR) or np.any(np.abs(totals - 1) > WEIGHT_ERROR):
        raise MLGrainError(f"{path}: the leaves of the trees don't hold probabilities")
    weights = np.maximum(weights, 0)
    weights[leaf] /= weights[leaf].sum(axis=1, keepdims=True)
    columns["value"] = weights
    return Ensemble(_split_into_trees(path, columns), "mean",
                    width or int(columns["feature"].max()) + 1,
                    description="ONNX TreeEnsembleClassifier", classes=_names(labels))


def _numbers(attributes, name):
    """An attribute that is a list of floats, or the tensor of doubles that can stand in its place."""
    if name + "_as_tensor" in attributes:
        from onnx.numpy_helper import to_array
        return np.asarray(to_array(attributes[name + "_as_tensor"]), np.float64)
    return np.asarray(attributes.get(name, []), np.float64)


def _onnx_nodes(path, attributes):
    """All trees' nodes as parallel columns, comparisons turned into <=."""
    def integers(name):
        return np.asarray(attributes.get(name, []), np.int64)

    modes = np.array([mode.decode() for mode in attributes.get("nodes_modes", [])])
    columns = {"tree": integers("nodes_treeids"), "node": integers("nodes_nodeids"),
               "feature": integers("nodes_featureids"), "true": integers("nodes_truenodeids"),
               "false": integers("nodes_falsenodeids"), "threshold": _numbers(attributes, "nodes_values")}
    if not len(modes) or any(len(column) != len(modes) for column in columns.values()):
        raise MLGrainError(f"{path}: the lists of nodes are empty or of different lengths")
    unknown = set(modes) - set(LEFT_IF) - {"LEAF"}
    if unknown:
        raise MLGrainError(f"{path}: splits by {', '.join(sorted(unknown))} can't be stored")
    leaf = modes == "LEAF"
    strict = np.isin(modes, ["BRANCH_LT", "BRANCH_GTE"])
    swap = np.isin(modes, [mode for mode, true_is_left in LEFT_IF.items() if not true_is_left])
    with np.errstate(over="ignore"):
        threshold = np.where(strict, round_below(columns["threshold"]),
                             round_down(columns["threshold"]))
    left = np.where(swap, columns["false"], columns["true"])
    right = np.where(swap, columns["true"], columns["false"])
    columns.update(threshold=threshold, left=np.where(leaf, -1, left),
                   right=np.where(leaf, -1, right))
    return columns


def _leaf_values(path, attributes, columns, kind="target", chosen=None):
    """Sum of the targets given for each node (more than one for a node are added, as ONNX says).

    chosen: a mask, which of the targets to take.
    """
    trees = np.asarray(attributes.get(f"{kind}_treeids", []), np.int64)
    nodes = np.asarray(attributes.get(f"{kind}_nodeids", []), np.int64)
    weights = _numbers(attributes, f"{kind}_weights")
    if not len(trees) == len(nodes) == len(weights) == len(weights if chosen is None else chosen):
        raise MLGrainError(f"{path}: the lists of targets are of different lengths")
    if chosen is not None:
        trees, nodes, weights = trees[chosen], nodes[chosen], weights[chosen]
    place = {key: index for index, key in enumerate(zip(columns["tree"].tolist(),
                                                        columns["node"].tolist()))}
    try:
        at = [place[key] for key in zip(trees.tolist(), nodes.tolist())]
    except KeyError as error:
        raise MLGrainError(f"{path}: a target for node {error} which is not there") from None
    return np.bincount(np.array(at, np.int64), weights, minlength=len(columns["tree"]))


def _split_into_trees(path, columns):
    trees = []
    for identity in np.unique(columns["tree"]):
        rows = np.flatnonzero(columns["tree"] == identity)
        order = rows[np.argsort(columns["node"][rows], kind="stable")]
        node, left, right = (columns[name][order] for name in ("node", "left", "right"))
        if np.any(node != np.arange(len(node))):
            raise MLGrainError(f"{path}: the nodes of tree {identity} are not numbered from 0")
        below = np.zeros(len(node))
        trees.append(Tree(left, right, columns["feature"][order], columns["threshold"][order],
                          columns["value"][order], below))
    return trees


def forest_from_ensemble(ensemble, names, **rest):
    """A Forest or ForestClassifier of an Ensemble, its features named."""
    if len(names) != ensemble.features:
        raise MLGrainError(f"{len(names)} feature names for trees over {ensemble.features} features")
    for tree in ensemble.trees:
        if not tree.samples.any():
            _count_leaves(tree, names)
    if ensemble.classes is not None:
        return ForestClassifier.from_trees(ensemble.trees, names, classes=ensemble.classes, **rest)
    return Forest.from_trees(ensemble.trees, names, aggregation=ensemble.aggregation,
                             base=ensemble.base, scale=ensemble.scale, **rest)


def _count_leaves(tree, names):
    """Where nothing is known of the rows that pass through, take the larger subtree for the hotter."""
    tree.check(len(names), "a tree")
    tree.samples = np.ones(len(tree.left))
    for nodes in reversed(tree.levels()):
        nodes = nodes[tree.left[nodes] >= 0]
        tree.samples[nodes] = tree.samples[tree.left[nodes]] + tree.samples[tree.right[nodes]]
