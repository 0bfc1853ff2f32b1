#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets the results in the current folder beside those of Ito et al. (table.csv), and draws Voronoi
volume and energy of the nanocrystal's atoms against the distance from the nearest boundary."""

import csv
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from mlgrain.boundaries.seeds import distances
from mlgrain.tables.dumps import read_frame

JOULE = 16.021766  # J/m^2 in an eV/Angstrom^2
# K. Ito, T. Yokoi, K. Hyodo, H. Mori, npj Comput. Mater. 10, 255 (2024)
GRADE = 1.72  # the largest of two million atoms
PUBLISHED = {"lattice constant (A)": 2.830, "Sigma3 (111) energy (J/m^2)": 1.58,
             "mean boundary energy (J/m^2)": 1.57, "volume at the boundary (%)": 6.0}
BINS = np.arange(0.0, 15.01, 0.5)  # Angstrom
CENTER = 0.5  # Angstrom: atoms this near are at the boundary


def values(path):
    """Lines "name number" of a file."""
    with open(path) as file:
        return {name: float(number) for name, number in (line.split() for line in file)}


def columns(path):
    """A table whose last comment line before the numbers names the columns."""
    names, rows = [], []
    with open(path) as file:
        for line in file:
            if line.startswith("#"):
                names = line[1:].split() if not rows else names
            elif line.strip():
                rows.append([float(word) for word in line.split()])
    return dict(zip(names, np.array(rows).T))


def profile(distance, quantity):
    """Means in the bins."""
    bins = np.digitize(distance, BINS) - 1
    inside = bins < len(BINS) - 1
    count = np.bincount(bins[inside], minlength=len(BINS) - 1)
    return np.bincount(bins[inside], quantity[inside], len(BINS) - 1) / np.maximum(count, 1)


def draw(distance, volume, energy):
    centers = 0.5 * (BINS[1:] + BINS[:-1])
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), constrained_layout=True)
    for axis, quantity, label in ((axes[0], volume, "Voronoi volume over the crystal's (%)"),
                                  (axes[1], energy, "energy over the crystal's (eV)")):
        axis.plot(centers, profile(distance, quantity), "o-", color="#2166ac")
        axis.set(xlabel="distance from the nearest boundary (Å)", ylabel=label)
        axis.axhline(0.0, color="0.5", linewidth=0.8)
        axis.grid(alpha=0.3)
    figure.savefig("profile.png", dpi=150)


def main():
    crystal, whole = values("crystal.txt"), values("polycrystal.txt")
    grains, faces = columns("grains.txt"), columns("boundaries.txt")
    with open("boundary.txt") as file:
        sigma3 = min(float(line.split()[1]) for line in file) / 1000.0
    box, atoms = read_frame("polycrystal.dump")
    low, edge = box[:, 0], box[0, 1] - box[0, 0]
    scale = edge / whole["first_edge"]
    x = (np.stack([atoms[k] for k in "xyz"], axis=1) - low) % edge
    seeds = np.stack([grains[k] for k in "xyz"], axis=1) * scale
    distance = distances(x, seeds, edge)[0]
    volume = 100.0 * (atoms["volume"] / crystal["volume"] - 1.0)
    area = faces["area"].sum() * scale**2
    mean = (whole["energy"] - whole["atoms"] * crystal["energy"]) / area * JOULE
    draw(distance, volume, atoms["energy"] - crystal["energy"])

    found = (crystal["lattice_constant"], sigma3, mean, volume[distance < CENTER].mean())
    print(f"{'':>30} {'here':>9} {'Ito et al.':>11} {'difference':>11}")
    with open("table.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["quantity", "here", "published", "difference_percent"])
        for (name, published), value in zip(PUBLISHED.items(), found):
            relative = 100.0 * (value / published - 1.0)
            print(f"{name:>30} {value:9.3f} {published:11.3f} {relative:+10.1f} %")
            writer.writerow([name, f"{value:.4f}", published, f"{relative:.2f}"])
        if os.path.exists("grades.txt"):
            grades = values("grades.txt")
            print(f"{'largest grade':>30} {max(grades.values()):9.3f} {GRADE:11.3f}   "
                  + ", ".join(f"{grade:.2f} at {t} K" for t, grade in grades.items()))
            writer.writerow(["largest grade", f"{max(grades.values()):.4f}", GRADE, ""])
    print(f"\n{whole['atoms']:.0f} atoms in {len(grains['x'])} grains, edge {edge:.1f} A, "
          f"{len(faces['area'])} boundaries of {area:.0f} A^2, pressure {whole['pressure']:.0f} bar")


if __name__ == "__main__":
    main()
