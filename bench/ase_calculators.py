#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ase_calculators.py POTENTIAL.mtp [--cells N] [--repeats N]: microseconds of CPU time per atom for energy, forces
and stress of bcc iron through ASE, on one core: mlgrain's calculator beside those of motep (C extension,
numba, jax), in one process, in turns, on the same atoms, which move a little each time, as in a
simulation. The first calls, which compile and make neighbor lists, don't count. Prints a table."""

import argparse
import statistics
import time

import numpy as np
from ase import Atoms

from mlgrain.ase import MTPCalculator

LATTICE = 2.83
STEP = 0.002  # Angstrom: far less than skins of neighbor lists


def iron(cells):
    """Atoms of a hot crystal."""
    corners = np.stack(np.meshgrid(*3 * [np.arange(cells)]), -1).reshape(-1, 3)
    positions = LATTICE * np.concatenate([corners, corners + 0.5])
    atoms = Atoms(len(positions) * ["Fe"], positions, cell=3 * [cells * LATTICE], pbc=True)
    atoms.rattle(0.1, seed=1)
    return atoms


def peers(potential):
    """(name, calculator) of what there is of motep."""
    try:
        from motep.calculator import MTP
        from motep.io.mlip.mtp import read_mtp
    except ImportError as missing:
        print(f"motep is left out: {missing}\n")
        return
    for engine in ("cext", "numba", "jax"):
        try:
            data = read_mtp(potential)
            data.species = [26]
            yield f"motep, {engine}", MTP(data, engine=engine)
        except Exception as problem:  # an engine that isn't installed, or doesn't work here
            print(f"motep's {engine} is left out: {problem}\n")


def evaluate(calculator, atoms):
    """Seconds of CPU time, and energy, forces and stress."""
    begin = time.process_time()
    atoms.calc = calculator
    result = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    return time.process_time() - begin, result


def relative_difference(one, other):
    return max(np.abs(np.subtract(a, b)).max() / np.abs(b).max() for a, b in zip(one, other))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("potential")
    parser.add_argument("--cells", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()

    atoms = iron(arguments.cells)
    everyone = [("mlgrain", MTPCalculator(arguments.potential)), *peers(arguments.potential)]
    seconds, difference = {}, {}
    for name, calculator in list(everyone):
        try:
            for _ in range(2):
                evaluate(calculator, atoms)
                atoms.rattle(STEP, seed=2)
        except Exception as problem:
            print(f"{name} is left out: {problem!r}\n")
            everyone.remove((name, calculator))
    for repeat in range(arguments.repeats):
        atoms.rattle(STEP, seed=3 + repeat)
        expected = None
        for name, calculator in everyone:
            spent, result = evaluate(calculator, atoms)
            expected = expected or result
            seconds.setdefault(name, []).append(spent / len(atoms) * 1e6)
            difference[name] = max(difference.get(name, 0), relative_difference(result, expected))
    own = statistics.median(seconds["mlgrain"])
    print(f"{len(atoms)} atoms:\n")
    print("| calculator | us/atom | range | times mlgrain's time | differs by |")
    print("|---|---|---|---|---|")
    for name, _ in everyone:
        spent = seconds[name]
        print(f"| {name} | {statistics.median(spent):.3g} | {min(spent):.3g} - {max(spent):.3g} | "
              f"{statistics.median(spent) / own:.1f} | {difference[name]:.1e} |")


if __name__ == "__main__":
    main()
