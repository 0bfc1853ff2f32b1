# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages between grains, for conductivities of samples whose boundaries each have their own:
invariant features in, a tensor out that turns with the sample. Nothing of the estimates goes into it.

Nodes have log tr K/3, log V/mean, and the size of the rest of log K; edges log k, the sum and the
difference of log n.K n of both grains, log d/s, log A/s^2, log t/s, s^3 the mean volume. In each layer
e += m(h_i + h_j, |h_i - h_j|, e), h += u(h, mean of e over faces by area). It gives
    log K = sum V_i/V (a_i + b_i dev log K_i) + sum A d/(3 V) (c_f + d_f (3 n n^T - 1))."""

import jax
import jax.numpy as jnp
import numpy as np

from mlgrain.graphs.model import function, split

HIDDEN, LAYERS = 16, 2


def inputs_of(found, _):
    graphs = [_graph(found.polycrystal(row)) for row in range(len(found.numbers))]
    return tuple(_padded([graph[k] for graph in graphs]) for k in range(len(graphs[0])))


def _padded(arrays):
    result = np.zeros((len(arrays), max(map(len, arrays)), *arrays[0].shape[1:]), arrays[0].dtype)
    for k, array in enumerate(arrays):
        result[k, :len(array)] = array
    return result


def _graph(polycrystal):
    """(node features, parts of volume, rest of log K, edge features, pairs, parts of both grains' areas,
    weights, normals) of one."""
    faces = polycrystal.faces
    some = faces.pairs[:, 0] != faces.pairs[:, 1]
    pairs, areas, normals = faces.pairs[some], faces.areas[some], faces.normals[some]
    volume, size = faces.volumes.sum(), np.cbrt(faces.volumes.mean())
    length = np.sum(faces.spans[some] * normals, axis=1)
    parts, rest = split(function(np.log, polycrystal.tensors))
    nodes = np.column_stack([parts, np.log(faces.volumes / size ** 3),
                             np.sqrt(np.sum(rest ** 2, axis=(1, 2)))])
    along = np.log(np.einsum("fi,fsij,fj->fs", normals, polycrystal.tensors[pairs], normals))
    edges = np.column_stack([
        np.log(polycrystal.boundaries[some][:, 0, 0]), along.sum(axis=1),
        np.abs(along[:, 0] - along[:, 1]),
        np.log(length / size), np.log(areas / size ** 2), np.log(polycrystal.thickness[some] / size)])
    total = np.zeros(len(nodes))
    np.add.at(total, pairs.ravel(), np.repeat(areas, 2))
    arrays = (nodes, faces.volumes / volume, rest, edges, pairs, areas[:, None] / total[pairs],
              areas * length / (3 * volume), normals)
    return tuple(array.astype(np.int32 if array is pairs else np.float32) for array in arrays)


def initial(key, inputs):
    sizes = {"nodes": (inputs[0].shape[-1], HIDDEN), "edges": (inputs[3].shape[-1], HIDDEN),
             "of_nodes": (HIDDEN, 2), "of_edges": (HIDDEN, 2)}
    for layer in range(LAYERS):
        sizes.update({f"message{layer}": (3 * HIDDEN, HIDDEN), f"update{layer}": (2 * HIDDEN, HIDDEN)})
    weights = {}
    for k, (name, (rows, columns)) in zip(jax.random.split(key, len(sizes)), sizes.items()):
        first, second = jax.random.split(k)
        weights[name] = (jax.random.normal(first, (rows, HIDDEN)) * rows ** -0.5, jnp.zeros(HIDDEN),
                         0.3 * jax.random.normal(second, (HIDDEN, columns)) * HIDDEN ** -0.5,
                         jnp.zeros(columns))
    return weights


def _two_layers(x, weights):
    return jax.nn.silu(x @ weights[0] + weights[1]) @ weights[2] + weights[3]


def _of_one(weights, nodes, volumes, rest, edges, pairs, shares, faces, normals):
    h, e = _two_layers(nodes, weights["nodes"]), _two_layers(edges, weights["edges"])
    for layer in range(LAYERS):
        one, other = h[pairs[:, 0]], h[pairs[:, 1]]
        e = e + _two_layers(jnp.concatenate([one + other, jnp.abs(one - other), e], axis=1),
                            weights[f"message{layer}"])
        mean = sum(jnp.zeros_like(h).at[pairs[:, side]].add(shares[:, side, None] * e)
                   for side in (0, 1))
        h = h + _two_layers(jnp.concatenate([h, mean], axis=1), weights[f"update{layer}"])
    a, c = _two_layers(h, weights["of_nodes"]), _two_layers(e, weights["of_edges"])
    plane = 3 * normals[:, :, None] * normals[:, None, :] - jnp.eye(3)
    result = (volumes @ a[:, 0] + faces @ c[:, 0]) * jnp.eye(3)
    result += jnp.einsum("n,nij->ij", volumes * a[:, 1], rest)
    return (result + jnp.einsum("f,fij->ij", faces * c[:, 1], plane)).reshape(-1)


def apply(weights, *inputs):
    return jax.vmap(lambda *one: _of_one(weights, *one))(*inputs)


def targets_of(tensors):
    return function(np.log, tensors).reshape(len(tensors), -1)


def tensors_of(targets, _):
    return function(np.exp, np.asarray(targets, float).reshape(-1, 3, 3))
