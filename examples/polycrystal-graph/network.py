#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The graph network of M. Dai, M. F. Demirel, X. Liu, Y. Liang, J.-M. Hu (arXiv:2209.05583), trained on
samples of kind uniform: network.py uniform.jsonl --learn 300. It needs JAX (pip install jax).

Nodes have Bunge's angles, volume, neighbors and the crystal's conductivities; edges, all alike, the
logarithms of the boundary's and 1 for its thickness. Two layers relu([A F, sum_j E_ij, F] W + b), one of
each node alone, and dense layers of all nodes in their order, so that there can't be more than in
training. Learned is log10 of the diagonal; standardized here, with steps larger than 1e-6, which would
move no weight of so few samples."""

import argparse

import jax
import jax.numpy as jnp
import numpy as np

from mlgrain.graphs import baselines, samples
from mlgrain.graphs.polycrystal import of_grains

HIDDEN, WIDE, DENSE, LAST = 64, 128, 1024, 128


def bunge_angles(quaternions):
    w, x, y, z = quaternions.T
    total, difference = np.arctan2(z, w), np.arctan2(y, x)
    return np.column_stack([(total + difference) % (2 * np.pi),
                            2 * np.arctan2(np.hypot(x, y), np.hypot(w, z)),
                            (total - difference) % (2 * np.pi)])


def arrays_of(found):
    """Nodes [n, most, 8], whether two grains meet [n, most, most], edges [n, 4]."""
    most = found.settings.most
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
        own[:count, 5:] = 1.0, 1.0, found.scalars["axis"][row]
        nodes.append(own)
        adjacency.append(meet)
        edges.append([found.scalars[name][row] for name in "abc"] + [1.0])
    largest = np.abs(np.concatenate(nodes)).max(axis=0)
    return (np.array(nodes) / largest, np.array(adjacency), np.array(edges, np.float32))


def initial(key, most, features):
    sizes = {"first": (2 * features + 4, HIDDEN), "second": (2 * HIDDEN + 4, HIDDEN),
             "node": (HIDDEN, WIDE), "dense": (most * WIDE, DENSE), "last": (DENSE, LAST),
             "output": (LAST, 3)}
    keys = jax.random.split(key, len(sizes))
    return {name: (jax.random.normal(k, size) * jnp.sqrt(1.0 / size[0]), jnp.zeros(size[1]))
            for k, (name, size) in zip(keys, sizes.items())}


def network(weights, nodes, adjacency, edges):
    of_edges = adjacency.sum(axis=2, keepdims=True) * edges[:, None, :]
    for name in ("first", "second"):
        together = jnp.concatenate([adjacency @ nodes, of_edges, nodes], axis=2)
        nodes = jax.nn.relu(together @ weights[name][0] + weights[name][1])
    nodes = jax.nn.softplus(jax.nn.softplus(nodes) @ weights["node"][0] + weights["node"][1])
    flat = nodes.reshape(len(nodes), -1)
    for name in ("dense", "last"):
        flat = jax.nn.relu(flat @ weights[name][0] + weights[name][1])
    return flat @ weights["output"][0] + weights["output"][1]


def loss(weights, inputs, target):
    return jnp.mean(jnp.abs(network(weights, *inputs) - target))


@jax.jit
def adam(weights, moments, inputs, target, step, rate):
    gradient = jax.grad(loss)(weights, inputs, target)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradient)
    second = jax.tree.map(lambda m, g: 0.999 * m + 0.001 * g * g, moments[1], gradient)
    moved = jax.tree.map(lambda w, m, v: w - rate * (m / (1 - 0.9 ** step)) / (
        jnp.sqrt(v / (1 - 0.999 ** step)) + 1e-8), weights, first, second)
    return moved, (first, second)


def train(inputs, target, epochs, rate, batch, seed):
    weights = initial(jax.random.PRNGKey(seed), inputs[0].shape[1], inputs[0].shape[2])
    moments = (jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights))
    generator, step, steps = np.random.default_rng(seed), 0, epochs * (len(target) // batch)
    for _ in range(epochs):
        order = generator.permutation(len(target))[:len(target) // batch * batch]
        for chosen in order.reshape(-1, batch):
            step += 1
            now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
            weights, moments = adam(weights, moments, tuple(array[chosen] for array in inputs),
                                    target[chosen], float(step), now)
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("samples", metavar="FILE.jsonl")
    parser.add_argument("--learn", type=int, default=300, help="from so many samples (300); the others "
                        "are for the test")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--rate", type=float, default=1e-3, help="of Adam, falling as a cosine (1e-3)")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = samples.read(args.samples)
    if found.settings.kind != "uniform" or not args.batch <= args.learn < len(found.numbers):
        parser.error("wanted are samples of kind uniform, more than there are to learn from")
    inputs = arrays_of(found)
    target = np.log10(np.diagonal(found.tensors, axis1=1, axis2=2))
    mean, deviation = target[:args.learn].mean(axis=0), target[:args.learn].std(axis=0)
    weights = train(tuple(array[:args.learn] for array in inputs),
                    ((target - mean) / deviation)[:args.learn].astype(np.float32), args.epochs,
                    args.rate, args.batch, args.seed)
    given = 10.0 ** (mean + deviation * np.asarray(network(weights, *inputs)))
    numbers = sum(array.size for array in jax.tree.leaves(weights))
    print(f"{numbers} weights, {args.learn} samples, {args.epochs} epochs; errors in %: of log10 (mean), of "
          "the value (mean, median, 95 %)")
    for name, some in (("training set", slice(None, args.learn)), ("test", slice(args.learn, None))):
        errors = baselines.errors_of(found.tensors[some], np.einsum("nk,kl->nkl", given[some], np.eye(3)))
        print(f"{name:<14}" + "".join(f"{100 * value:9.2f}" for value in
                                      (errors.logarithm, errors.mean, errors.median, errors.most)))


if __name__ == "__main__":
    main()
