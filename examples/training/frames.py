# SPDX-License-Identifier: GPL-2.0-or-later
"""Structures to train copper on: crystals, strained and warm, with vacancies, and a melt.

  frames.py --seed 1 --count 60 -o train.xyz     makes so many and labels them
"""

import argparse

import ase.io
import numpy as np
from ase import units
from ase.build import bulk
from ase.md.verlet import VelocityVerlet
from reference import calculator, label

A = 3.59  # lattice constant of the reference, Angstrom
CRYSTALS = {
    "fcc": lambda: bulk("Cu", "fcc", A, cubic=True) * (2, 2, 2),
    "bcc": lambda: bulk("Cu", "bcc", 2.86, cubic=True) * (2, 2, 2),
    "hcp": lambda: bulk("Cu", "hcp", 2.54, 4.15) * (3, 2, 2),
}


def crystal(random, kind):
    """Strained by up to some percent, atoms displaced by up to a tenth of an Angstrom or two."""
    atoms = CRYSTALS[kind]()
    strain = random.normal(size=(3, 3)) * random.choice([0.003, 0.01, 0.025])
    atoms.set_cell(atoms.cell @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True)
    atoms.positions += random.normal(size=(len(atoms), 3)) * random.choice([0.01, 0.04, 0.08])
    atoms.info["config_type"] = kind
    return atoms


def vacancy(random):
    atoms = crystal(random, "fcc")
    del atoms[int(random.integers(len(atoms)))]
    atoms.info["config_type"] = "vacancy"
    return atoms


def melt(random):
    """Some steps of molecular dynamics from a crystal with 4000 K, half of which become disorder."""
    atoms = bulk("Cu", "fcc", A * random.uniform(1.0, 1.06), cubic=True) * (2, 2, 2)
    atoms.calc = calculator()
    speeds = np.sqrt(4000 * units.kB / atoms.get_masses())[:, None]
    atoms.set_velocities(speeds * random.normal(size=(len(atoms), 3)))
    VelocityVerlet(atoms, 2 * units.fs).run(int(random.integers(60, 120)))
    atoms = atoms.copy()
    atoms.info["config_type"] = "melt"
    return atoms


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    makers = [lambda r: crystal(r, "fcc"), lambda r: crystal(r, "fcc"), vacancy,
              lambda r: crystal(r, "bcc"), lambda r: crystal(r, "hcp"), melt]
    frames = [label(makers[k % len(makers)](random)) for k in range(options.count)]
    ase.io.write(options.output, frames, format="extxyz")
    print(f"{options.output}: {len(frames)} configurations of {sum(map(len, frames))} atoms")


if __name__ == "__main__":
    main()
