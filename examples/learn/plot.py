# SPDX-License-Identifier: GPL-2.0-or-later
"""plot.py NAME...: errors of all forces in NAME.dump, from NAME.true.dump, against time:
errors.csv, errors.png, and a table."""

import csv
import sys

import matplotlib
import numpy as np

from mlgrain.tables.dumps import DumpReader
from mlgrain.tables.frames import read_frames

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

FORCES = ("fx", "fy", "fz")
TITLES = {"nothing": "nothing learned", "linear": "by predicted error, radial functions fixed",
          "random": "cells at random", "grade": "cells by grade",
          "error": "cells by predicted error", "full": "after the full fit"}
STEP = 0.002  # ps


def true_forces(path):
    """{timestep: [atoms, 3]} of a dump without positions."""
    found = {}
    for block in DumpReader(path, ["fx", "fy", "fz"]):
        found.setdefault(block.timestep, []).append(block.values)
    return {step: np.concatenate(parts) for step, parts in found.items()}


def errors(name):
    """Rows (time, rms error, largest error), eV/Angstrom."""
    truth, rows = true_forces(f"{name}.true.dump"), []
    for frame in read_frames([f"{name}.dump"], FORCES):
        force = np.stack([frame.columns[key] for key in FORCES], axis=1)
        error = np.linalg.norm(force - truth[frame.timestep], axis=1)
        rows.append((STEP * frame.timestep, np.sqrt((error**2).mean() / 3), error.max()))
    return np.array(rows)


def main(names):
    found = {name: errors(name) for name in names}
    with open("errors.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["run", "time_ps", "rms_eV_per_A", "largest_eV_per_A"])
        writer.writerows([name, *row] for name, rows in found.items() for row in rows.tolist())
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.6), constrained_layout=True)
    for name, rows in found.items():
        for axis, column in zip(axes, (1, 2)):
            seen = rows[:, 1] > 1e-6  # a perfect crystal's forces are 0
            axis.semilogy(rows[seen, 0], 1e3 * rows[seen, column], label=TITLES.get(name, name))
        late = rows[len(rows) // 2:]
        print(f"{name:<8} rms {1e3 * rows[:, 1].mean():7.1f} meV/A, second half "
              f"{1e3 * late[:, 1].mean():7.1f}; largest {rows[:, 2].max():6.2f} eV/A")
    for axis, text in zip(axes, ("rms of force components (meV/Å)", "largest error (meV/Å)")):
        axis.set_xlabel("time (ps)")
        axis.set_ylabel(text)
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig("errors.png", dpi=130)


if __name__ == "__main__":
    main(sys.argv[1:])
