#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a moment tensor potential with its reference: errors on frames that it wasn't trained on,
and properties that LAMMPS computes with both (in.properties). Prints two tables in Markdown."""

import argparse
import pathlib
import sys

import numpy as np
from mlgrain.potentials import error_table

from lammps_run import executable, run_lammps
from weigh import read_data


def print_rows(title, compared):
    """A row of the table for each kind of structure, one for all. compared: error_table.Compared."""
    table = error_table.ErrorTable()
    atoms, squares = {}, {}
    for one in compared:
        table.add(one)
        for kind in (table.key(one.configuration), error_table.ALL):
            atoms[kind] = atoms.get(kind, 0) + len(one.configuration)
            squares[kind] = squares.get(kind, 0) + (one.configuration.forces**2).sum()
    for row in table.rows():
        kind = row["kind"]
        force = 1e3 * np.sqrt(squares[kind] / (3 * atoms[kind]))
        print(f"| {title}, {kind} | {row['configurations']} | {atoms[kind]} | {row['energy']:.2f} | "
              f"{row['force']:.1f} | {force:.0f} | {row['stress']:.3f} |")


def print_errors(options):
    contents = options.potential.read_bytes()
    parts = {part: read_data(sorted((options.data / part).glob("*.dump")))
             for part in ("test", "unseen")}
    print("\n| frames | number | atoms | energy (meV/atom) | force (meV/Å) | rms force (meV/Å) | "
          "stress (GPa) |\n|---|--:|--:|--:|--:|--:|--:|")
    for part, frames in parts.items():
        print_rows(part, error_table.compared_stream(contents, frames, name=str(options.potential)))
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
