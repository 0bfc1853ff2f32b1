#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How well samples know the conductivity of their grains, which bounds what a model of the grains can learn
from them: solver.py varied.jsonl --skip 450 --count 30. In % of the diagonal elements: how much they vary as
the grains are moved by parts of a voxel, and what they change if each voxel is cut into eight, the microstructure
being the same."""

import argparse
import dataclasses

import numpy as np

from mlgrain import homogenize
from mlgrain.graphs import samples

CLASSES = (0.0, 0.2, 1.0, 3.0, np.inf)  # of the mean conductivity, grains' being 1 across their axis


def diagonal(phases, tensors, tolerance):
    return np.diag(homogenize.conductivity(phases, tensors, tolerance=tolerance).tensor)


def moved(drawn, generator):
    """The grains moved by less than a voxel."""
    grains = drawn.grains
    seeds = (grains.seeds + generator.random(3)) % grains.edges
    return dataclasses.replace(drawn, grains=dataclasses.replace(grains, seeds=seeds))


def spreads(settings, number, shifts, generator):
    """(mean conductivity, deviation over shifts, change with finer voxels), the latter two in %."""
    drawn, tolerance = settings.draw(number), settings.tolerance
    phases, tensors, _ = drawn.voxels(number)
    here = diagonal(phases, tensors, tolerance)
    finer = diagonal(phases.repeat(2, 0).repeat(2, 1).repeat(2, 2), tensors, tolerance)
    others = [diagonal(*moved(drawn, generator).voxels(number)[:2], tolerance) for _ in range(shifts)]
    deviation = np.std([here, *others], axis=0, ddof=1) / here
    return here.mean(), 100 * deviation.mean(), 100 * np.abs(here / finer - 1).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("samples", metavar="FILE.jsonl")
    parser.add_argument("--skip", type=int, default=0, help="the first so many samples (0)")
    parser.add_argument("--count", type=int, default=30, help="of samples (30)")
    parser.add_argument("--shifts", type=int, default=3, help="of the grains (3)")
    args = parser.parse_args()
    found, generator = samples.read(args.samples), np.random.default_rng(0)
    numbers = found.numbers[args.skip:args.skip + args.count]
    if not len(numbers):
        parser.error(f"there are {len(found.numbers)} samples in {args.samples}")
    rows = np.array([spreads(found.settings, int(number), args.shifts, generator) for number in numbers])
    print("| conductivity | samples | moved by parts of a voxel, % | voxels cut into eight, % |")
    print("|---|--:|--:|--:|")
    for low, high in [*zip(CLASSES, CLASSES[1:]), (0.0, np.inf)]:
        own = rows[(rows[:, 0] >= low) & (rows[:, 0] < high), 1:]
        if len(own):
            name = "all" if (low, high) == (0.0, np.inf) else f"{low:g} to {high:g}"
            print(f"| {name} | {len(own)} | {own[:, 0].mean():.2f} | {own[:, 1].mean():.2f} |")


if __name__ == "__main__":
    main()
