# SPDX-License-Identifier: GPL-2.0-or-later
"""Data and helpers that the tests share."""

import numpy as np
import pytest

from mlgrain.tables import Table

FEATURES = ["P0_I0", "P1_I0", "P2_I0", "P2_I1", "P2_I2", "P3_I0"]


@pytest.fixture(scope="session")
def data():
    """(features, target): float64, a smooth function with noise."""
    generator = np.random.default_rng(7)
    features = generator.normal(size=(1500, len(FEATURES)))
    target = features[:, 0] ** 2 + 0.5 * features[:, 1] + 0.05 * generator.normal(size=1500)
    return features, target


@pytest.fixture(scope="session")
def table(data):
    features, target = data
    source = np.arange(len(target)) % 6
    return Table([*FEATURES, "energy_density", "source"],
                 np.column_stack([features, target, source]), [f"gb{i}.dump" for i in range(6)])


def dump_text(frames, names="id type x c_s[1] element", words=None):
    """A LAMMPS dump: frames is a list of (timestep, number of atoms)."""
    words = words or (lambda step, i: f"{i} 1 {0.5 * i} {step + i / 8} Cu")
    lines = []
    for step, atoms in frames:
        lines += ["ITEM: UNITS", "metal", "ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS",
                  str(atoms), "ITEM: BOX BOUNDS xy xz yz pp pp pp", "0 10 0.5", "0 11 0", "0 12 0",
                  "ITEM: ATOMS " + names]
        lines += [words(step, i + 1) for i in range(atoms)]
    return "\n".join(lines) + "\n"


def boundary_rows(forest, generator, rows):
    """float32 rows that lie on thresholds of the trees, and one step above and below them."""
    result = generator.normal(size=(rows, len(forest.features))).astype(np.float32)
    for t in range(forest.trees):
        threshold, feature, _, _ = forest.tree(t)
        inner = np.flatnonzero(feature < len(forest.features))
        if not len(inner):
            continue
        node = generator.choice(inner, rows // forest.trees)
        at = generator.integers(0, rows, len(node))
        value = threshold[node]
        step = np.array([-np.inf, 0, np.inf], np.float32)[generator.integers(0, 3, len(node))]
        moved = np.nextafter(value, np.where(step == 0, value, step), dtype=np.float32)
        result[at, feature[node]] = moved
    return result
