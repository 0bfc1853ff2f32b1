#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mtp_levels.py [--grades] FOLDER SPECIES CUTOFF LEVEL...: potential files LEVEL.mtp of
the stock levels, for timing: the radial basis of the published potentials for Fe, with this cutoff,
and random coefficients, so small that atoms stay where they are. With --grades, files LEVEL.almtp
too, with an active set selected from random crystals of all species."""

import argparse
import dataclasses
import pathlib

import numpy as np
from mlgrain.compiled import core
from mlgrain.potentials import training
from mlgrain.potentials.configurations import Configuration

MIN_DIST, RADIAL_SIZE, RADIAL = 1.4, 8, 0.1  # so that moments are about 1
ENERGY = 1e-9
LATTICE, ATOMS_PER_PARAMETER = 2.83, 6


def random_crystal(random, species):
    """54 atoms of bcc, more or less dense and hot."""
    lattice, cells = LATTICE * random.uniform(0.97, 1.03), np.array(list(np.ndindex(3, 3, 3)))
    x = lattice * np.concatenate([cells, cells + 0.5])
    x += random.uniform(0.0, 0.15) * random.standard_normal(x.shape)
    return Configuration(x, random.integers(species, size=54), 3 * lattice * np.eye(3), (True,) * 3)


def random_potential(level, species, cutoff, random):
    """A Training with random parameters; its configurations are a few for each parameter."""
    contents = training.new_potential(level, range(species), cutoff, MIN_DIST, RADIAL_SIZE)
    count = core().MTPTraining("new", contents).parameter_count
    made = training.Training(contents, [random_crystal(random, species)
                                        for _ in range(1 + ATOMS_PER_PARAMETER * count // 54)])
    radial = count - made.core.linear_count
    made.parameters = np.concatenate([
        random.uniform(-RADIAL, RADIAL, radial), np.zeros(species),
        random.uniform(-ENERGY, ENERGY, count - radial - species)])
    return made


def active_set(made):
    """Selection doesn't depend on the units of the parameters; those in which all components of
    gradients go up to one keep the matrices sound."""
    rows = made.core.rows(1)
    units = np.abs(rows).max(axis=0)
    selection = core().MTPSelection(rows.shape[1], None)
    while selection.offer(rows / units, 0, 1.01)[0]:
        pass
    found = training.ActiveSet(*selection.result(), True, 0)
    return dataclasses.replace(found, matrix=found.matrix * units, inverse=found.inverse / units)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grades", action="store_true", help="with active sets")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("species", type=int)
    parser.add_argument("cutoff", type=float)
    parser.add_argument("level", type=int, nargs="+")
    options = parser.parse_args()
    for level in options.level:
        made = random_potential(level, options.species, options.cutoff, np.random.default_rng(level))
        name = f"random-level{level}"
        (options.folder / f"{level}.mtp").write_bytes(made.core.contents(name))
        if options.grades:
            contents = training.almtp_contents(made, active_set(made), 2, name)
            (options.folder / f"{level}.almtp").write_bytes(contents)


if __name__ == "__main__":
    main()
