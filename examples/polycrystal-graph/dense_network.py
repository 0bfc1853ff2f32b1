# SPDX-License-Identifier: GPL-2.0-or-later
"""The graph network of M. Dai, M. F. Demirel, X. Liu, Y. Liang, J.-M. Hu (arXiv:2209.05583), for kinds
uniform and stiffness.

Nodes have Bunge's angles, volume, neighbors and three numbers of the crystal; edges, all alike, the
logarithms of the boundary's and 1 for its thickness. Two layers relu([A F, sum_j E_ij, F] W + b), one of
each node alone, and dense layers of all nodes in their order, so that there can't be more than in
training. It gives three logarithms: of the diagonal, or of K, (C11 - C12)/2 and C44."""

import jax
import jax.numpy as jnp
import numpy as np

from mlgrain.graphs.microstructures import LLZO
from mlgrain.graphs.polycrystal import of_grains
from mlgrain.homogenize.writing import bunge_angles

HIDDEN, WIDE, DENSE, LAST = 64, 128, 1024, 128


def inputs_of(found, most):
    """Nodes [n, most, 8], whether two grains meet [n, most, most], edges [n, 4]."""
    nodes, adjacency, edges = [], [], []
    for row, number in enumerate(found.numbers):
        drawn = found.settings.draw(int(number))
        faces, count = of_grains(drawn.grains), len(drawn.tensors)
        meet = np.zeros((most, most), np.float32)
        pairs = faces.distinct()
        meet[pairs[:, 0], pairs[:, 1]] = meet[pairs[:, 1], pairs[:, 0]] = 1.0
        own = np.zeros((most, 8), np.float32)
        own[:count, :3] = bunge_angles(drawn.grains.orientations)
        own[:count, 3], own[:count, 4] = faces.volumes, meet.sum(axis=1)[:count]
        own[:count, 5:] = (1.0, 1.0, found.scalars["axis"][row]) if "axis" in found.scalars else \
            tuple(LLZO.values())
        nodes.append(own)
        adjacency.append(meet)
        edges.append([found.scalars[name][row] for name in "abc"] + [1.0])
    largest = np.abs(np.concatenate(nodes)).max(axis=0)
    return (np.array(nodes) / largest, np.array(adjacency), np.array(edges, np.float32))


def initial(key, inputs):
    _, most, features = inputs[0].shape
    sizes = {"first": (2 * features + 4, HIDDEN), "second": (2 * HIDDEN + 4, HIDDEN),
             "node": (HIDDEN, WIDE), "dense": (most * WIDE, DENSE), "last": (DENSE, LAST),
             "output": (LAST, 3)}
    keys = jax.random.split(key, len(sizes))
    return {name: (jax.random.normal(k, size) * jnp.sqrt(1.0 / size[0]), jnp.zeros(size[1]))
            for k, (name, size) in zip(keys, sizes.items())}


def apply(weights, nodes, adjacency, edges):
    of_edges = adjacency.sum(axis=2, keepdims=True) * edges[:, None, :]
    for name in ("first", "second"):
        together = jnp.concatenate([adjacency @ nodes, of_edges, nodes], axis=2)
        nodes = jax.nn.relu(together @ weights[name][0] + weights[name][1])
    nodes = jax.nn.softplus(jax.nn.softplus(nodes) @ weights["node"][0] + weights["node"][1])
    flat = nodes.reshape(len(nodes), -1)
    for name in ("dense", "last"):
        flat = jax.nn.relu(flat @ weights[name][0] + weights[name][1])
    return flat @ weights["output"][0] + weights["output"][1]


def targets_of(tensors):
    if tensors.shape[1] == 3:
        return np.log(np.diagonal(tensors, axis1=1, axis2=2))
    along = np.diagonal(tensors, axis1=1, axis2=2)[:, :3].mean(axis=1)
    across = tensors[:, [0, 0, 1], [1, 2, 2]].mean(axis=1)
    shear = np.diagonal(tensors, axis1=1, axis2=2)[:, 3:].mean(axis=1)
    return np.log(np.column_stack([(along + 2 * across) / 3, (along - across) / 2, shear]))


def tensors_of(targets, size):
    if size == 3:
        return np.einsum("nk,kl->nkl", np.exp(targets), np.eye(3))
    bulk, half, shear = np.exp(targets).T[:, :, None, None]
    upper = np.diag([1.0, 1, 1, 0, 0, 0])
    ones = np.zeros((6, 6))
    ones[:3, :3] = 1.0
    return (bulk - 2 * half / 3) * ones + 2 * half * upper + shear * (np.eye(6) - upper)
