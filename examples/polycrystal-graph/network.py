#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Graph networks, trained on samples to be compared with models: network.py uniform.jsonl --learn 300.
They need JAX (pip install jax).

Kind uniform: that of the literature (dense_network.py); other conductivities: messages between grains
(message_network.py). What is learned is the logarithm."""

import argparse

import dense_network
import jax
import jax.numpy as jnp
import message_network
import numpy as np

from mlgrain.graphs import baselines, samples


def train(network, inputs, target, args):
    """Weights of least mean absolute error, by Adam."""
    @jax.jit
    def step_of(weights, moments, some, wanted, step, rate):
        gradient = jax.grad(lambda w: jnp.mean(jnp.abs(network.apply(w, *some) - wanted)))(weights)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradient)
        second = jax.tree.map(lambda m, g: 0.999 * m + 0.001 * g * g, moments[1], gradient)
        moved = jax.tree.map(lambda w, m, v: w - rate * (m / (1 - 0.9 ** step)) / (
            jnp.sqrt(v / (1 - 0.999 ** step)) + 1e-8), weights, first, second)
        return moved, (first, second)

    weights = network.initial(jax.random.PRNGKey(args.seed), inputs)
    moments = (jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights))
    generator, step = np.random.default_rng(args.seed), 0
    batches = len(target) // args.batch
    for _ in range(args.epochs):
        order = generator.permutation(len(target))[:batches * args.batch]
        for chosen in order.reshape(-1, args.batch):
            step += 1
            rate = args.rate * 0.5 * (1 + np.cos(np.pi * step / (args.epochs * batches)))
            weights, moments = step_of(weights, moments, tuple(array[chosen] for array in inputs),
                                       target[chosen], float(step), rate)
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("samples", metavar="FILE.jsonl")
    parser.add_argument("--learn", type=int, default=300, help="from so many samples (300); the others "
                        "are for the test")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--rate", type=float, default=1e-3, help="of Adam, falling as a cosine (1e-3)")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = samples.read(args.samples)
    if found.settings.kind == "stiffness" or not args.batch <= args.learn < len(found.numbers):
        parser.error("wanted are samples of conductivities, more than there are to learn from")
    network = dense_network if found.settings.kind == "uniform" else message_network
    inputs, target = network.inputs_of(found), network.targets_of(found.tensors)
    mean, deviation = target[:args.learn].mean(axis=0), target[:args.learn].std()
    weights = train(network, tuple(array[:args.learn] for array in inputs),
                    ((target - mean) / deviation)[:args.learn].astype(np.float32), args)
    given = network.tensors_of(mean + deviation * np.asarray(network.apply(weights, *inputs)))
    numbers = sum(array.size for array in jax.tree.leaves(weights))
    print(f"{numbers} weights, {args.learn} samples, {args.epochs} epochs; errors in %: of log10 (mean), "
          "of the value (mean, median, 95 %)")
    for name, some in (("training set", slice(None, args.learn)), ("test", slice(args.learn, None))):
        errors = baselines.errors_of(found.tensors[some], given[some])
        print(f"{name:<14}" + "".join(f"{100 * value:9.2f}" for value in
                                      (errors.logarithm, errors.mean, errors.median, errors.most)))


if __name__ == "__main__":
    main()
