# SPDX-License-Identifier: GPL-2.0-or-later
"""Energies of 60 published Al boundaries (Homer et al., 2022) from their mean power spectra."""

from __future__ import annotations

import csv
import lzma
import os
import pathlib

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled
from mlgrain.models import training

FOLDER = pathlib.Path(os.environ.get("MLGRAIN_REFERENCE_DIR", ""), "al100")
VECTOR = {"rcut": 5.0, "nmax": 12, "lmax": 12, "sigma": 0.5}
LATTICE_CONSTANT = 4.05
FCC = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]


def slab(path):
    """(positions, cell, pbc) of a dump whose box is periodic in x and y."""
    with lzma.open(path, "rt") as file:
        lines = file.read().splitlines()
    assert lines[4] == "ITEM: BOX BOUNDS xy xz yz pp pp ss"
    low, high, (xy, xz, yz) = np.loadtxt(lines[5:8]).T
    low = low - [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = high - [max(0, xy, xz, xy + xz), max(0, yz), 0]
    x, y, z = high - low
    positions = np.loadtxt(lines[9:], usecols=(2, 3, 4)) - low
    return positions, np.array([[x, 0, 0], [xy, y, 0], [xz, yz, z]]), (True, True, False)


def test_energies():
    pytest.importorskip("sklearn")
    if compiled._core is None or not (FOLDER / "energies.csv").exists():
        pytest.skip("no compiled core, or MLGRAIN_REFERENCE_DIR has no al100/energies.csv")
    perfect = mlgrain.soap((LATTICE_CONSTANT * np.array(FCC), [LATTICE_CONSTANT] * 3, True), **VECTOR,
                           centers=[0])[0]
    features, energies = [], []
    with open(FOLDER / "energies.csv", newline="") as file:
        for line in csv.DictReader(file):
            positions, cell, pbc = slab(FOLDER / line["file"])
            z = positions[:, 2]
            inside = (z > z.min() + 5) & (z < z.max() - 5)
            mean = mlgrain.soap_mean((positions, cell, pbc), **VECTOR, centers=inside)
            features.append((mean - perfect) * inside.sum() / (cell[0, 0] * cell[1, 1]))
            energies.append(float(line["energy_mJ_m2"]))
    features, energies = np.array(features), np.array(energies)
    assert len(energies) == 60
    for seed in range(3):
        prediction, _ = training.cross_validate(
            lambda: training.make_estimator("ridge-unscaled"), features, energies,
            training.folds(60, 10, seed))
        r2 = 1 - np.mean((prediction - energies) ** 2) / energies.var()
        print(f"R2 {r2:.4f}, mean absolute error {abs(prediction - energies).mean():.2f} mJ/m2")
        assert r2 >= 0.99
