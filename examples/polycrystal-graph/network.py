#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Graph networks, trained on samples to be compared with models: network.py uniform.jsonl --learn 300.
They need JAX (pip install jax).

Kinds uniform and stiffness: that of the literature (dense_network.py), which may begin with weights that it has
learned from other samples (--start); other conductivities: messages between grains
(message_network.py). What is learned is the logarithm."""

import argparse

import dense_network
import jax
import jax.numpy as jnp
import message_network
import numpy as np

from mlgrain.graphs import baselines, samples


def train(network, inputs, target, args, weights=None):
    """Weights of least mean absolute error, by Adam, from these or random ones."""
    @jax.jit
    def step_of(weights, moments, some, wanted, step, rate):
        gradient = jax.grad(lambda w: jnp.mean(jnp.abs(network.apply(w, *some) - wanted)))(weights)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradient)
        second = jax.tree.map(lambda m, g: 0.999 * m + 0.001 * g * g, moments[1], gradient)
        moved = jax.tree.map(lambda w, m, v: w - rate * (m / (1 - 0.9 ** step)) / (
            jnp.sqrt(v / (1 - 0.999 ** step)) + 1e-8), weights, first, second)
        return moved, (first, second)

    weights = weights or network.initial(jax.random.PRNGKey(args.seed), inputs)
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


def standardized(target, of):
    return ((target - of.mean(axis=0)) / of.std()).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("samples", metavar="FILE.jsonl")
    parser.add_argument("--learn", type=int, default=300, help="from so many samples (300); the others "
                        "are for the test")
    parser.add_argument("--start", metavar="FILE.jsonl", help="learn from all of these first")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--rate", type=float, default=1e-3, help="of Adam, falling as a cosine (1e-3)")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    files = [samples.read(path) for path in (args.start, args.samples) if path]
    found, kinds = files[-1], [one.settings.kind for one in files]
    if not args.batch <= args.learn < len(found.numbers):
        parser.error("wanted are more samples than there are to learn from, and these at least a batch")
    network = dense_network if set(kinds) <= {"uniform", "stiffness"} else message_network
    if args.start and network is message_network:
        parser.error("--start is for kinds uniform and stiffness")
    most = max(one.settings.most for one in files)
    weights = None
    if args.start:
        target = network.targets_of(files[0].tensors)
        weights = train(network, network.inputs_of(files[0], most), standardized(target, target), args)
        print(f"{len(target)} samples of {args.start} first")
    inputs, target = network.inputs_of(found, most), network.targets_of(found.tensors)
    known = target[:args.learn]
    weights = train(network, tuple(array[:args.learn] for array in inputs), standardized(known, known),
                    args, weights)
    outputs = [network.apply(weights, *(array[row:row + args.batch] for array in inputs))
               for row in range(0, len(target), args.batch)]
    given = network.tensors_of(known.mean(axis=0) + known.std() * np.concatenate(outputs),
                               found.tensors.shape[1])
    numbers = sum(array.size for array in jax.tree.leaves(weights))
    print(f"{numbers} weights, {args.learn} samples, {args.epochs} epochs; errors in %: of log10 (mean), "
          "of the value (mean, median, 95 %)")
    for name, some in (("training set", slice(None, args.learn)), ("test", slice(args.learn, None))):
        errors = baselines.errors_of(found.tensors[some], given[some])
        print(f"{name:<14}" + "".join(f"{100 * value:9.2f}" for value in
                                      (errors.logarithm, errors.mean, errors.median, errors.most)))


if __name__ == "__main__":
    main()
