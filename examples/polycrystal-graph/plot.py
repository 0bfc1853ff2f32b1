#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of what run.sh has left in the current folder: predicted beside true values and error bars
(parity.png), errors of estimates and models (errors.png), a polycrystal (sample.png)."""

import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from mlgrain.graphs import samples

SETS = {"uniform": "uniform", "varied": "varied", "larger": "varied,\nmore grains",
        "laguerre": "laguerre", "columns": "columns", "stiffness": "stiffness"}
METHODS = {"voigt": "#bdbdbd", "self_consistent": "#969696", "coated": "#92c5de", "local": "#4393c3",
           "network": "#fdb863", "coupled": "#d6604d", "cubic": "#7fbf7b",
           "predicted": "#67001f"}


def diagonals(found, name):
    return np.diagonal(found[name], axis1=1, axis2=2)


def draw_parity(found):
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.8))
    for panel, name in zip(axes, ("coupled", "cubic", "predicted")):
        true, given = diagonals(found, "truth").ravel(), diagonals(found, name).ravel()
        if name == "predicted":
            bar = np.repeat(found["expected"], 3)
            panel.errorbar(true, given, yerr=2 * bar * given, fmt="none", ecolor="#f4a582", lw=0.8)
        panel.loglog(true, given, ".", ms=4, color=METHODS[name])
        ends = [true.min(), true.max()]
        panel.loglog(ends, ends, "k-", lw=0.6)
        error = np.abs(given / true - 1)
        panel.set_title(f"{'model' if name == 'predicted' else name}: mean error "
                        f"{100 * error.mean():.1f} %", fontsize=10)
        panel.set_xlabel("conductivity, solver")
    axes[0].set_ylabel("conductivity, estimate or model")
    figure.tight_layout()
    figure.savefig("parity.png", dpi=130)


def draw_errors(all_found):
    figure, panel = plt.subplots(figsize=(9, 4))
    width = 0.8 / len(METHODS)
    for m, (name, color) in enumerate(METHODS.items()):
        heights = [100 * np.mean(np.abs(diagonals(found, name) / diagonals(found, "truth") - 1))
                   if name in found else np.nan for found in all_found.values()]
        panel.bar(np.arange(len(heights)) + (m - 3) * width, heights, width, color=color,
                  label="model" if name == "predicted" else name.replace("_", " "))
    panel.set_yscale("log")
    panel.set_ylim(0.5, 3000)
    panel.set_xticks(range(len(all_found)), [SETS[name] for name in all_found])
    panel.set_ylabel("mean error of the value (%)")
    panel.legend(ncols=3, fontsize=8)
    figure.tight_layout()
    figure.savefig("errors.png", dpi=130)


def draw_sample(path):
    settings = samples.read(path).settings
    drawn = settings.draw(0)
    phases, tensors, _ = drawn.voxels(0)
    conductivity = np.log10(np.trace(tensors, axis1=1, axis2=2) / 3)[phases[:, :, 0]]
    figure, panel = plt.subplots(figsize=(4.6, 3.8))
    image = panel.imshow(conductivity.T, origin="lower", cmap="viridis")
    panel.set_xticks([])
    panel.set_yticks([])
    figure.colorbar(image, label="log$_{10}$ mean conductivity")
    figure.tight_layout()
    figure.savefig("sample.png", dpi=130)


def main():
    all_found = {}
    for name in SETS:
        if os.path.exists(f"{name}.npz"):
            with np.load(f"{name}.npz") as file:
                all_found[name] = dict(file)
    draw_errors(all_found)
    if "varied" in all_found:
        draw_parity(all_found["varied"])
        draw_sample("larger.jsonl")


if __name__ == "__main__":
    main()
