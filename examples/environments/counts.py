#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""counts.py LIBRARY: the number of unique environments against the number of boundaries, for several
epsilon: libraries of random parts of the boundaries, from the coresets that the library holds. Writes
counts.csv and counts.png."""

import csv
import sys

import numpy as np

from mlgrain import plots
from mlgrain.compiled import core
from mlgrain.environments import load_environments

REPEATS = 5


def count(library, rows, epsilon):
    """Environments that a part of the coreset gives."""
    vectors, sources, atoms = (np.ascontiguousarray(part[rows]) for part in library.coreset)
    return len(core().environments_choose(library.soap_parameters, epsilon, 0, library.seed,
                                          library.vectors[0], vectors, sources, atoms).radius)


def main():
    library = load_environments(sys.argv[1])
    frame = library.coreset[1][:, 1]
    frames = np.unique(frame[frame >= 0])
    length = np.linalg.norm(library.vectors[0])
    random = np.random.default_rng(1)
    lines = []
    for factor in (1.0, 1.5, 2.5):
        for share in (0.06, 0.12, 0.25, 0.5, 1.0):
            some = max(1, round(share * len(frames)))
            found = [count(library, np.isin(frame, random.choice(frames, some, replace=False)) | (frame < 0),
                           factor * library.epsilon) for _ in range(1 if share == 1 else REPEATS)]
            lines.append({"epsilon": factor * library.epsilon / length, "boundaries": some,
                          "environments": float(np.mean(found)), "spread": float(np.std(found))})
    with open("counts.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    figure, axes = plots.plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    for k, epsilon in enumerate(sorted({line["epsilon"] for line in lines})):
        part = [line for line in lines if line["epsilon"] == epsilon]
        axes.errorbar([n["boundaries"] for n in part], [n["environments"] for n in part],
                      [n["spread"] for n in part], marker="o", capsize=3,
                      color=plots.CLASS_COLORS[k], label=f"epsilon {epsilon:.3g}")
    plots.log_log(axes, [n["boundaries"] for n in lines], [n["environments"] for n in lines])
    axes.set(xlabel="boundaries (configurations)", ylabel="unique environments")
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    plots.save(figure, "counts")


if __name__ == "__main__":
    main()
