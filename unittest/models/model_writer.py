# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes model files as doc/model_format.md defines them, from scikit-learn's estimators, with
nothing but NumPy: for the tests and benchmarks of the core, which must not depend on the exporter
that they are to agree with."""
import json

import numpy as np


def write_safetensors(path, tensors, metadata):
    kinds = {"float64": "F64", "float32": "F32", "uint64": "U64", "uint32": "U32"}
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    names = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    header, offset = {"__metadata__": metadata}, 0
    for name in names:
        array = tensors[name]
        header[name] = {"dtype": kinds[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in names:
            file.write(tensors[name].astype(tensors[name].dtype.newbyteorder("<")).tobytes())


def float32_not_above(threshold):
    """The largest float32 <= threshold."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def node_numbers(tree):
    """The place of each of scikit-learn's nodes within its tree in the file."""
    left, right, samples = tree.children_left, tree.children_right, tree.n_node_samples
    left, right, samples = left.tolist(), right.tolist(), samples.tolist()
    number = [0] * len(left)
    following, stack = 2, [0]
    while stack:
        node = stack.pop()
        if left[node] < 0:
            continue
        number[left[node]], number[right[node]] = following, following + 1
        following += 2
        hot, cold = left[node], right[node]
        if samples[hot] < samples[cold]:
            hot, cold = cold, hot
        stack += [cold, hot]
    return np.array(number, dtype=np.uint64)


def lay_out(tree, features, value_place, wide):
    """The nodes of one tree; value_place: for each node, where its value stands in `values`."""
    number = node_numbers(tree)
    leaf = tree.children_left < 0
    threshold = float32_not_above(np.where(leaf, 0.0, tree.threshold)).view(np.uint32)
    low = np.where(leaf, value_place, threshold).astype(np.uint64)
    feature = np.where(leaf, features, tree.feature).astype(np.uint64)
    child = np.where(leaf, number, number[tree.children_left])
    nodes = np.zeros((len(number) + 1, 2), dtype=np.uint64)
    nodes[1] = [np.uint64(features) << np.uint64(32), 1]
    nodes[number, 0] = low | feature << np.uint64(32)
    nodes[number, 1] = child
    return nodes if wide else nodes[:, 0] | nodes[:, 1] << np.uint64(37)


def tree_tensors(trees, features, wide=None):
    """nodes, tree_start and values of a list of scikit-learn's Tree objects, of a regressor or a
    classifier."""
    if wide is None:
        wide = features > 31 or max(tree.node_count for tree in trees) > 2**27 - 2
    all_values = np.concatenate([tree.value[:, 0] for tree in trees])
    is_leaf = np.concatenate([tree.children_left < 0 for tree in trees])
    values, place = np.unique(all_values[is_leaf], axis=0, return_inverse=True)
    values = values[:, 0] if values.shape[1] == 1 else values
    places = np.zeros(len(all_values), dtype=np.uint64)
    places[is_leaf] = place.ravel()
    nodes, start, first = [], [0], 0
    for tree in trees:
        nodes.append(lay_out(tree, features, places[first:first + tree.node_count], wide))
        first += tree.node_count
        start.append(start[-1] + len(nodes[-1]))
    return {"nodes": np.concatenate(nodes), "tree_start": np.array(start, dtype=np.uint64),
            "values": values}


def trees_of(estimator):
    """The Tree objects of a forest or a gradient boosting regressor."""
    return [member.tree_ for member in np.ravel(estimator.estimators_)]


def forest_metadata(features, **more):
    metadata = {"format": "mlgrain", "version": "1", "kind": "forest",
                "features": json.dumps(list(features)), "target": "test", "aggregation": "mean"}
    return {**metadata, **more}


def float32_range(x):
    x = x.astype(np.float32)
    return np.stack([x.min(axis=0), x.max(axis=0)])


def write_forest(path, estimator, features, extra=None, wide=None, **metadata):
    """estimator: RandomForestRegressor, ExtraTreesRegressor or GradientBoostingRegressor."""
    tensors = tree_tensors(trees_of(estimator), len(features), wide)
    if hasattr(estimator, "learning_rate"):
        tensors["base"] = np.array([estimator.init_.constant_[0, 0]])
        tensors["scale"] = np.array([estimator.learning_rate])
        metadata = {"aggregation": "sum", **metadata}
    tensors.update(extra or {})
    write_safetensors(path, tensors, forest_metadata(features, **metadata))


def precision_factor(covariance):
    """U, upper triangular, with inverse(covariance) = U U^T."""
    lower = np.linalg.cholesky(covariance)
    return np.triu(np.linalg.inv(lower).T)


def write_mixture(path, mixture, features, shift=None, scale=None, extra=None, **metadata):
    """mixture: GaussianMixture with full covariances, of (x - shift)/scale."""
    tensors = {"weights": mixture.weights_, "means": mixture.means_,
               "precisions_cholesky": np.triu(mixture.precisions_cholesky_)}
    if shift is not None:
        tensors["feature_shift"] = shift
    if scale is not None:
        tensors["feature_scale"] = scale
    tensors.update(extra or {})
    write_safetensors(path, tensors, {"format": "mlgrain", "version": "1",
                                      "kind": "gaussian_mixture",
                                      "features": json.dumps(list(features)), **metadata})
