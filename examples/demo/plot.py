#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and pictures from sigma5.dump, in the current folder.

Prints, and writes to table.csv, the mean of each quantity over bulk and boundary atoms; draws the
atoms colored by energy density and by P2_I0, and both against the distance from the boundary.
"""

import csv

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

BOUNDARY_HALF_WIDTH = 5.0  # Angstrom
COLORS = "YlOrRd"


def read_dump(path):
    """The one snapshot of a LAMMPS text dump: box bounds [3][2] and a dict of columns."""
    with open(path) as file:
        lines = file.read().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("ITEM: BOX BOUNDS"))
    box = np.array([[float(word) for word in line.split()[:2]] for line in lines[start + 1:start + 4]])
    start = next(i for i, line in enumerate(lines) if line.startswith("ITEM: ATOMS"))
    names = lines[start].split()[2:]
    values = np.array([line.split() for line in lines[start + 1:]], dtype=float)
    return box, dict(zip(names, values.T))


def distance_from_boundary(atoms, low, high):
    """Distance along y to the nearer of the two boundary planes.

    The grains met at y = 0 and at the ends of the periodic cell; relaxation and deleted atoms move
    the planes a little, to the centers of the excess energy density.
    """
    length = high - low
    excess = atoms["energy_density"] - np.median(atoms["energy_density"])
    distances = []
    for start in (0.0, low):
        offset = (atoms["y"] - start + length / 2) % length - length / 2
        near = np.abs(offset) < 2 * BOUNDARY_HALF_WIDTH
        shift = np.average(offset[near], weights=excess[near].clip(min=0.0))
        distances.append(np.abs(offset - shift))
    return np.minimum(*distances)


def write_table(atoms, near):
    """Means and standard deviations, bulk beside boundary."""
    skip = {"id", "type", "x", "y", "z"}
    print(f"{'quantity':>15} {'bulk':>12} {'boundary':>12} {'spread there':>13}")
    with open("table.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["quantity", "bulk_mean", "bulk_std", "boundary_mean", "boundary_std"])
        for name in atoms:
            if name in skip:
                continue
            bulk, boundary = atoms[name][~near], atoms[name][near]
            writer.writerow([name, bulk.mean(), bulk.std(), boundary.mean(), boundary.std()])
            print(f"{name:>15} {bulk.mean():12.6f} {boundary.mean():12.6f} {boundary.std():13.6f}")
    print(f"{'atoms':>15} {np.count_nonzero(~near):12d} {np.count_nonzero(near):12d}")


def draw_atoms(box, atoms, name, label, path):
    """The cell seen along the tilt axis; columns of atoms along it look alike."""
    width, height = box[0, 1] - box[0, 0], box[1, 1] - box[1, 0]
    figure, axes = plt.subplots(figsize=(9.0, 9.0 * width / height + 1.3), layout="constrained")
    order = np.argsort(atoms["z"])
    points = axes.scatter(atoms["y"][order], atoms["x"][order], c=atoms[name][order], cmap=COLORS,
                          s=42, edgecolors="black", linewidths=0.3)
    axes.set_aspect("equal")
    axes.set_xlim(box[1])
    axes.set_ylim(box[0])
    axes.set_xlabel("distance along the boundary normal [310] (Å)")
    axes.set_ylabel("[1$\\bar{3}$0] (Å)")
    axes.set_title("Cu Σ5 (310)[001] tilt boundaries, seen along [001]")
    figure.colorbar(points, ax=axes, label=label, location="bottom", aspect=45, shrink=0.8)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_profile(atoms, distance, path):
    """Energy density and net shear of every atom against its distance from a boundary."""
    figure, panels = plt.subplots(2, 1, figsize=(7.0, 6.0), sharex=True, layout="constrained")
    for axes, name, label in zip(panels, ["energy_density", "P2_I0"],
                                 ["energy density (eV/Å$^3$)", "net shear P2_I0"]):
        axes.plot(distance, atoms[name], "o", markersize=3.5, color="#b2182b")
        axes.axvspan(0, BOUNDARY_HALF_WIDTH, color="#fdae61", alpha=0.2, linewidth=0)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    panels[0].set_title("Cu Σ5 (310)[001]: every atom; shaded: boundary in the table")
    panels[1].set_xlabel("distance from the boundary plane (Å)")
    panels[1].set_xlim(left=-0.3)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    box, atoms = read_dump("sigma5.dump")
    distance = distance_from_boundary(atoms, *box[1])
    write_table(atoms, distance < BOUNDARY_HALF_WIDTH)
    draw_atoms(box, atoms, "energy_density", "energy density (eV/Å$^3$)", "energy_density.png")
    draw_atoms(box, atoms, "P2_I0", "net shear P2_I0", "P2_I0.png")
    draw_profile(atoms, distance, "profile.png")


if __name__ == "__main__":
    main()
