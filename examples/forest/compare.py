#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compare.py BOUNDARY: predictions of LAMMPS, of scikit-learn and of mlgrain's NumPy reader for the
atoms of the last frame of apply.dump, against each other and against the true energy density; and
LAMMPS' and scikit-learn's energies of the whole boundary against the true one.

Prints the table and writes it to comparison.csv; draws spread.png and .svg. In the folder of run.sh.
"""

import csv
import sys

import joblib
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from mlgrain import load_model
from mlgrain.tables.dumps import read_frame
from mlgrain.models.measures import measures


def predictions(atoms, forest):
    features = np.column_stack([atoms[name] for name in forest.features])
    estimator = joblib.load("estimator.joblib")
    estimator.n_jobs = 1
    return {"LAMMPS, fix forest/atom": atoms["prediction"],
            "scikit-learn": estimator.predict(features.astype(np.float32)),
            "mlgrain (NumPy)": forest.predict(features)[0]}


def write_table(truth, found):
    names = ["program", "rmse", "mae", "r2", "largest_error", "largest_difference_from_scikit_learn"]
    lines = []
    for name, prediction in found.items():
        values = measures(truth, prediction)
        lines.append([name, values["rmse"], values["mae"], values["r2"], values["largest"],
                      np.abs(prediction - found["scikit-learn"]).max()])
    with open("comparison.csv", "w", newline="") as file:
        csv.writer(file).writerows([names, *lines])
    print(f"{'energy density, eV/A^3':<26}{'rmse':>12}{'mae':>12}{'R2':>9}{'largest':>12}"
          f"{'from sklearn':>14}")
    for name, *values in lines:
        print(f"{name:<26}{values[0]:12.6f}{values[1]:12.6f}{values[2]:9.5f}{values[3]:12.6f}"
              f"{values[4]:14.1e}")
    print(f"mean over {len(truth)} atoms: true {truth.mean():.6f}, predicted "
          f"{found['LAMMPS, fix forest/atom'].mean():.6f} eV/A^3; standard deviation of the true "
          f"values {truth.std():.6f}")


def write_parts(atoms):
    """How well crystal and boundary are predicted, each on its own."""
    for name, number in (("crystal", 1), ("boundary", 2)):
        rows = atoms["region"] == number
        values = measures(atoms["energy_density"][rows], atoms["prediction"][rows])
        print(f"  {name:<9} {rows.sum():5d} atoms, mean {atoms['energy_density'][rows].mean():.4f}: "
              f"rmse {values['rmse']:.6f}, mae {values['mae']:.6f}")


def write_boundary_energy(boundary):
    """The relaxed boundary's energy, from the mean descriptors within 8 Angstrom of its plane."""
    with open("gbe.csv") as file:
        (found,) = csv.DictReader(file)
    with open(f"boundaries/{boundary}.energy") as file:
        true = float(file.read())
    forest, estimator = load_model("Cu_gbe.safetensors"), joblib.load("gbe.joblib")
    _, atoms = read_frame(f"boundaries/{boundary}.dump", 0)
    slab = np.abs(atoms["y"]) <= 8
    row = [atoms[name.removeprefix("mean_")][slab].mean() for name in forest.features]
    expected = estimator.predict(np.array([row], np.float32))[0]
    print(f"energy of the boundary, mJ/m^2: true {true:.1f}, LAMMPS {float(found['predicted']):.4f} "
          f"(trees' spread {float(found['spread']):.0f}), scikit-learn {expected:.4f}")


def draw_calibration(atoms, path):
    """Does the spread say how large the error is? rms error in bins of the calibrated spread."""
    order = np.array_split(np.argsort(atoms["spread"]), 15)
    spread = [np.sqrt(np.mean(atoms["spread"][rows] ** 2)) for rows in order]
    error = [np.sqrt(np.mean(atoms["error"][rows] ** 2)) for rows in order]
    figure, axes = plt.subplots(figsize=(5.5, 4.6), layout="constrained")
    span = [0, 1.08 * max(*spread, *error)]
    axes.plot(span, span, color="0.5", linewidth=1)
    axes.plot(spread, error, "o", color="#2166ac")
    axes.set(xlim=span, ylim=span, xlabel="error expected from the spread (eV/Å$^3$)",
             ylabel="rms error found (eV/Å$^3$)",
             title="Unseen boundary at 300 K: is the spread right?")
    axes.grid(alpha=0.3)
    for ending in (".png", ".svg"):
        figure.savefig(path + ending, dpi=150)


def main():
    _, atoms = read_frame("apply.dump")
    forest = load_model("Cu_eden.safetensors")
    write_table(atoms["energy_density"], predictions(atoms, forest))
    write_parts(atoms)
    write_boundary_energy(sys.argv[1])
    draw_calibration(atoms, "spread")


if __name__ == "__main__":
    main()
