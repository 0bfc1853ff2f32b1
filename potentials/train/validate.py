#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a moment tensor potential with its reference: errors on frames that it wasn't trained on,
and properties that LAMMPS computes with both (in.properties). Prints two tables in Markdown."""

import argparse
import pathlib
import sys

import numpy as np

from frames import LARGEST_FORCE, read_data
from lammps_run import executable, run_lammps
from mtp import Evaluator, Potential

GPA = 1.0 / 160.21766208  # in eV/Angstrom^3


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def kind_of(frame):
    """The kind of structure, which make_data.py put into the name."""
    return frame.name.split(":")[0].split("_")[1]


class Errors:
    """Errors of the potential on some frames."""

    def __init__(self, potential, frames):
        evaluator = Evaluator(potential, frames)
        energy, force, virial = evaluator(potential.theta)
        size = np.array([len(frame.x) for frame in frames])
        volume = np.array([frame.volume for frame in frames])
        self.of_atom = evaluator.frame_of_atom
        self.energy = 1e3 * (energy - [frame.energy for frame in frames]) / size
        self.reference_force = np.concatenate([frame.force for frame in frames])
        self.force = 1e3 * (force - self.reference_force)
        self.stress = (virial - [frame.virial for frame in frames]) / volume[:, None] / GPA
        self.kinds = np.array([kind_of(frame) for frame in frames])

    def print_rows(self, title):
        for kind in [*dict.fromkeys(self.kinds), None]:
            frames = np.ones(len(self.kinds), bool) if kind is None else self.kinds == kind
            atoms = frames[self.of_atom]
            print(f"| {title}, {kind or 'all'} | {frames.sum()} | {atoms.sum()} | "
                  f"{rms(self.energy[frames]):.2f} | {rms(self.force[atoms]):.1f} | "
                  f"{1e3 * rms(self.reference_force[atoms]):.0f} | {rms(self.stress[frames]):.3f} |")


def print_errors(options):
    potential = Potential.read(options.potential)
    parts = {part: read_data([options.data / part], LARGEST_FORCE) for part in ("test", "unseen")}
    print("\n| frames | number | atoms | energy (meV/atom) | force (meV/Å) | rms force (meV/Å) | "
          "stress (GPa) |\n|---|--:|--:|--:|--:|--:|--:|")
    for part, frames in parts.items():
        Errors(potential, frames).print_rows(part)
    print()


def properties(options, name, style, potential):
    """Names and values that in.properties writes; kept in a file NAME.txt."""
    out = options.work / f"{name}.txt"
    coefficients = f"* * {potential.resolve()} Cu"
    run_lammps(options.lmp, "in.properties", out=out, style=style, coeff=coefficients,
               coeff2=coefficients + " Cu")
    return dict(line.split() for line in out.read_text().splitlines())


def print_properties(options):
    reference = properties(options, "reference", "eam/alloy", options.eam)
    fitted = properties(options, "fitted", "mtp", options.potential)
    print("| property | reference | MTP | difference | |\n|---|--:|--:|--:|--:|")
    for name, text in reference.items():
        a, b = float(text), float(fitted[name])
        words = name.split("_")
        print(f"| {' '.join(words[:-1])} ({words[-1]}) | {text} | {fitted[name]} | {b - a:+.4g} | "
              f"{100 * (b - a) / abs(a):+.2f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--lmp", required=True, type=executable,
                        help="LAMMPS, with the plugin in LAMMPS_PLUGIN_PATH")
    parser.add_argument("--eam", required=True, type=pathlib.Path, help="reference potential")
    parser.add_argument("--potential", required=True, type=pathlib.Path)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="what make_data.py made")
    parser.add_argument("--work", required=True, type=pathlib.Path, help="folder for files")
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    print_errors(options)
    sys.stdout.flush()
    print_properties(options)


if __name__ == "__main__":
    main()
