#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 2 of the study: a mixture of two classes finds the atoms of the boundaries, one of six names
their environments. Neither sees the unseen families. In the folder of the study.

Writes Cu_gb2.safetensors, Cu_gb6.safetensors, choice.csv, class_means.csv, region.csv and pictures.
"""

import numpy as np

from mlgrain import plots
from mlgrain.models import classes
from study import SEED, Database, record, scaled, write_csv

ROWS = scaled(40000, 2000)  # for each fit
REGULARIZATION = 1e-3  # of covariances: near-perfect crystal makes them singular
NUMBERS = range(2, 11)
CLASSES = 6
SHELLS = range(0, 20, 2)  # Angstrom from the boundary
MAPS = ["3 1 0", "3 1 1", "2 1 1", "3 2 1", "7 1 0", "5 3 1"]  # families that are drawn, where there are


def sample(rows, count):
    if len(rows) <= count:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, count, replace=False))


def fit(db, rows, count, names=None):
    metadata = {key: db.atoms.metadata[key]
                for key in ("descriptor", "unit_style", "elements", "training_set")
                if key in db.atoms.metadata}
    mixture, fitted = classes.fit(db.descriptors(rows), db.names, count, "full", SEED, 3,
                                  REGULARIZATION, metadata, names, db.names.index("P2_I0"))
    print(f"  {count} classes of {len(rows)} atoms{'' if fitted.converged_ else ', NOT converged'}: "
          f"weights {' '.join(f'{w:.3f}' for w in mixture.weights)}", flush=True)
    return mixture


def labels(mixture, db):
    """Class, from 1, of all atoms."""
    pieces = [mixture.predict(db.descriptors(slice(k, k + (1 << 16))))[0] + 1
              for k in range(0, len(db.atoms), 1 << 16)]
    return np.concatenate(pieces)


def write_region(region, distance):
    lines = []
    for low in SHELLS:
        shell = (distance >= low) & (distance < low + 2)
        if shell.any():
            lines.append({"from": low, "to": low + 2, "atoms": int(shell.sum()),
                          "boundary_percent": round(100 * np.mean(region[shell] == 2), 2)})
    write_csv("region.csv", lines)
    return lines


def write_means(db, inside, label, distance):
    """A line for each class: how many of the region's atoms, where, and mean of every descriptor."""
    density = db.atoms.column("energy_density")
    every = db.descriptors()
    lines = []
    for k in range(1, CLASSES + 1):
        rows = inside & (label == k)
        if not rows.any():
            continue
        line = {"class": k, "percent_of_region": round(100 * rows.sum() / inside.sum(), 2),
                "distance": round(float(distance[rows].mean()), 2),
                "energy_density": round(float(density[rows].mean()), 5)}
        means = every[rows].mean(axis=0, dtype=np.float64)
        lines.append({**line, **{n: round(float(m), 4) for n, m in zip(db.names, means)}})
    write_csv("class_means.csv", lines)
    return lines


def draw_maps(db, region, label):
    drawn = []
    for family in MAPS[:scaled(len(MAPS), 1)]:
        places = [k for k, line in enumerate(db.lines)
                  if line["family"] == family and line["minimum"] == "1"]
        if places:
            rows = db.source == places[0]
            line = db.lines[places[0]]
            name = "class-map-" + family.replace(" ", "")
            normal, across = "yx" if line.get("normal", "y") == "y" else "zy"  # along the tilt axis
            plots.atoms(db.atoms.column(normal)[rows], db.atoms.column(across)[rows],
                        [(region[rows], "crystal, boundary", "class"),
                         (label[rows], "class", "class"),
                         (db.atoms.column("energy_density")[rows], "energy density (eV/Å$^3$)",
                          "value")],
                        name, labels=(f"{normal} (Å)", f"{across} (Å)"),
                        title=f"Σ{line['sigma']} ({family.replace(' ', '')}) <{line['axis']}> "
                              f"{float(line['angle']):.1f}°: {db.energy[places[0]]:.0f} mJ/m$^2$")
            drawn.append(name + ".png")
    return drawn


def main():
    db = Database()
    seen = np.flatnonzero(~db.unseen[db.source])
    distance = db.distance()
    two = fit(db, sample(seen, ROWS), 2, ["crystal", "boundary"])
    two.save("Cu_gb2.safetensors")
    region = labels(two, db)
    shells = write_region(region, distance)

    inside = seen[region[seen] == 2]
    scores = classes.choose(db.descriptors(sample(inside, ROWS // 4)), NUMBERS, "full", SEED, 2,
                            REGULARIZATION, ROWS // 4, lambda text: print("  " + text, flush=True))
    write_csv("choice.csv", scores)
    plots.choice(scores, classes.best(scores), "choice", "How many classes of boundary atoms?")
    six = fit(db, sample(inside, ROWS), CLASSES)
    six.save("Cu_gb6.safetensors")
    label = labels(six, db)
    means = write_means(db, region == 2, label, distance)
    some = sample(inside, 8000)
    plots.class_map(six.scaled(db.descriptors(some)), label[some] - 1,
                    [f"class {k + 1}" for k in range(CLASSES)], "classes", "Six classes of atoms")
    record(stage2={"boundary_percent": float(100 * np.mean(region == 2)), "best": classes.best(scores),
                   "shells": shells, "scores": scores, "means": means,
                   "maps": draw_maps(db, region, label)})


if __name__ == "__main__":
    main()
