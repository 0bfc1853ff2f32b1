# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures, each written as PNG and SVG."""

from __future__ import annotations

import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.ticker import LogLocator

from .errors import MLGrainError

ONE, TWO = "#2166ac", "#b2182b"
CLASS_COLORS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#000000"]
MOST_GROUPS = 40  # boxes in a picture
# Everything with very many marks is drawn as pixels inside the SVG, which would be huge otherwise.
MANY = 2000

plt.rcParams.update({"svg.hashsalt": "mlgrain", "axes.axisbelow": True})


def save(figure, stem):
    """Writes stem.png and stem.svg; returns their names."""
    base = os.path.splitext(stem)[0] if stem.endswith((".png", ".svg")) else stem
    paths = [base + ".png", base + ".svg"]
    for path in paths:
        try:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.endswith("svg") else None)
        except OSError as error:
            raise MLGrainError(f"{path} can't be written: {error.strerror}") from error
    plt.close(figure)
    return paths


def parity(truth, prediction, label, stem, title=None, note=None):
    """Prediction against truth, and the distribution of errors."""
    error = prediction - truth
    figure, (axes, below) = plt.subplots(1, 2, figsize=(10.5, 5.0), layout="constrained",
                                         width_ratios=(1.25, 1))
    low, high = min(truth.min(), prediction.min()), max(truth.max(), prediction.max())
    margin = 0.03 * (high - low) or 1.0
    span = (low - margin, high + margin)
    axes.plot(span, span, color="0.5", linewidth=1, zorder=1)
    if len(truth) > MANY:
        density = axes.hexbin(truth, prediction, gridsize=90, bins="log", cmap="viridis", mincnt=1,
                              extent=(*span, *span), zorder=2, rasterized=True)
        figure.colorbar(density, ax=axes, label="rows", shrink=0.9)
    else:
        axes.plot(truth, prediction, "o", markersize=4, color=ONE, alpha=0.6, markeredgewidth=0,
                  zorder=2)
    axes.set(xlim=span, ylim=span, xlabel=f"true {label}", ylabel=f"predicted {label}")
    axes.set_aspect("equal")
    axes.tick_params(axis="x", labelrotation=30)
    if note:
        axes.text(0.04, 0.96, note, transform=axes.transAxes, va="top",
                  bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none"})
    width = 4 * np.sqrt(np.mean(error ** 2)) or 1.0
    many = len(truth) > MANY
    below.hist(np.clip(error, -width, width), 81 if many else 25, range=(-width, width),
               color=ONE)
    below.set_yscale("log" if many else "linear")
    below.axvline(0, color="0.3", linewidth=1)
    below.set(xlabel=f"error of the {label}\n(the outermost bins hold everything beyond)",
              ylabel="rows")
    below.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))
    if title:
        figure.suptitle(title)
    return save(figure, stem)


def importances(names, values, stem, title=None, most=25):
    order = np.argsort(values)[-most:]
    figure, axes = plt.subplots(figsize=(6.5, 0.27 * len(order) + 1.4), layout="constrained")
    axes.barh(range(len(order)), np.asarray(values)[order], color=ONE)
    axes.set_yticks(range(len(order)), [names[i] for i in order])
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.set_xlabel("importance (share of the reduction of variance)")
    axes.grid(axis="x", alpha=0.3)
    if title:
        axes.set_title(title)
    return save(figure, stem)


def class_map(scaled, labels, classes, stem, title=None):
    """Rows in the plane of the two main directions of their scaled features, colored by class."""
    directions = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)[2][:2]
    plane = (scaled - scaled.mean(axis=0)) @ directions.T
    share = plane.var(axis=0) / scaled.var(axis=0).sum()
    figure, (axes, side) = plt.subplots(1, 2, figsize=(10.0, 5.2), layout="constrained",
                                        width_ratios=(2.4, 1))
    for k, name in enumerate(classes):
        rows = labels == k
        axes.plot(*plane[rows].T, "o", markersize=3, markeredgewidth=0, alpha=0.6, label=name,
                  color=CLASS_COLORS[k % len(CLASS_COLORS)], rasterized=len(plane) > MANY)
    limits = np.quantile(plane, [0.001, 0.999], axis=0)
    margin = 0.08 * (limits[1] - limits[0])
    axes.set(xlim=(limits[0, 0] - margin[0], limits[1, 0] + margin[0]),
             ylim=(limits[0, 1] - margin[1], limits[1, 1] + margin[1]),
             xlabel=f"first principal component ({100 * share[0]:.0f} % of the variance)",
             ylabel=f"second ({100 * share[1]:.0f} %)")
    shares = [100 * np.mean(labels == k) for k in range(len(classes))]
    side.barh(range(len(classes)), shares,
              color=[CLASS_COLORS[k % len(CLASS_COLORS)] for k in range(len(classes))])
    for k, value in enumerate(shares):
        side.text(value, k, f" {value:.1f}", va="center")
    side.set_yticks(range(len(classes)), classes)
    side.set(xlabel="atoms (%)", xlim=(0, 1.2 * max(shares)))
    side.invert_yaxis()
    if title:
        figure.suptitle(title)
    return save(figure, stem)


def choice(scores, chosen, stem, title=None):
    """The two indices against the number of classes."""
    counts = [line["classes"] for line in scores]
    figure, axes = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    other = axes.twinx()
    axes.plot(counts, [line["davies_bouldin"] for line in scores], "o-", color=ONE)
    other.plot(counts, [line["calinski_harabasz"] for line in scores], "s--", color=TWO)
    axes.set_xlabel("number of classes")
    axes.set_ylabel("Davies-Bouldin index (small is good)", color=ONE)
    other.set_ylabel("Calinski-Harabasz index (large is good)", color=TWO)
    axes.axvline(chosen, color="0.6", linewidth=8, alpha=0.3, zorder=0)
    axes.set_xticks(counts)
    if title:
        axes.set_title(title)
    return save(figure, stem)


def log_log(axes, x, y):
    """Logarithmic axes with plain numbers: at the values of x, and at 1, 1.5, 2, 3, 5, 7 times powers of
    ten along y."""
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(sorted(set(x)), [f"{value:g}" if value < 10000 else f"{value / 1000:g}k"
                                     for value in sorted(set(x))])
    powers = range(int(np.floor(np.log10(min(y)))), int(np.ceil(np.log10(max(y)))) + 1)
    ticks = [head * 10.0 ** power for power in powers for head in (1, 1.5, 2, 3, 5, 7)]
    ticks = [tick for tick in ticks if 0.8 * min(y) <= tick <= 1.25 * max(y)]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)


def curve(lines, label, stem, title=None):
    """rmse of training and test rows against the number of training rows."""
    rows = [line["rows"] for line in lines]
    figure, axes = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    for key, name, color in (("test_rmse", "unseen rows", TWO), ("train_rmse", "training rows", ONE)):
        axes.errorbar(rows, [line[key] for line in lines], [line[key + "_std"] for line in lines],
                      marker="o", color=color, capsize=3, label=name)
    axes.set(xscale="log", yscale="log", xlabel="training rows", ylabel=f"rmse of the {label}")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    if title:
        axes.set_title(title)
    return save(figure, stem)


def structures(fractions, energies, cells, stem, unit="mJ/m²", title=None):
    """Energies of the structures of a boundary over the fraction of a plane taken out, of which 1 is 0
    again; colors say how large their cells are, in periods. The lowest of each fraction are joined."""
    figure, axes = plt.subplots(figsize=(6.5, 4.8), layout="constrained")
    sizes, lowest = sorted(set(cells)), {}
    points = axes.scatter(fractions, energies, c=cells, s=14, cmap="viridis", alpha=0.8)
    for fraction, energy in zip(np.round(fractions, 6), energies):
        lowest[fraction] = min(energy, lowest.get(fraction, energy))
    if 0.0 in lowest:
        lowest.setdefault(1.0, lowest[0.0])
    ends = sorted(lowest)
    axes.plot(ends, [lowest[f] for f in ends], color=ONE, lw=1)
    axes.set(xlim=(-0.03, 1.03), xlabel="fraction of a plane removed", ylabel=f"boundary energy ({unit})")
    axes.grid(alpha=0.3)
    if len(sizes) > 1:
        figure.colorbar(points, label="periods in the cell", ticks=sizes if len(sizes) < 10 else None)
    if title:
        axes.set_title(title)
    return save(figure, stem)


def grains_over_time(steps, sizes, diameters, angles, areas, random_angles, stem, length="Å", title=None):
    """How grains grow: number and mean diameter squared over time, diameters over their mean at the
    first and last step, disorientations of boundaries by area beside those of random orientations."""
    figure, ((number, square), (size, angle)) = plt.subplots(2, 2, figsize=(10.0, 7.6),
                                                              layout="constrained")
    mark = "o-" if len(steps) < 40 else "-"
    number.plot(steps, sizes["grains"], mark, color=ONE, markersize=4)
    number.set(xlabel="step", ylabel="grains", ylim=(0, None))
    square.plot(steps, sizes["square"], mark, color=ONE, markersize=4)
    square.set(xlabel="step", ylabel=f"mean diameter, squared ({length}²)")
    bins = np.linspace(0, 2.5, 21)
    for which, color, name in ((0, ONE, "first"), (-1, TWO, "last")):
        ratio = diameters[which] / diameters[which].mean()
        size.hist(np.clip(ratio, 0, 2.5), bins, density=True, histtype="step", color=color,
                  linewidth=1.5, label=f"step {steps[which]}: {len(ratio)} grains")
    size.set(xlabel="diameter / mean diameter", ylabel="density")
    size.legend(frameon=False)
    bins = np.linspace(0, 65, 27)
    angle.hist(random_angles, bins, density=True, color="0.85", label="random, cubic")
    for which, color in ((0, ONE), (-1, TWO)):
        if areas[which].sum() > 0:
            angle.hist(angles[which], bins, weights=areas[which], density=True, histtype="step",
                       color=color, linewidth=1.5, label=f"step {steps[which]}")
    angle.set(xlabel="disorientation (degrees)", ylabel="density, by area")
    angle.legend(frameon=False)
    if title:
        figure.suptitle(title)
    return save(figure, stem)


def atoms(x, y, panels, stem, labels=("x (Å)", "y (Å)"), title=None, box=None, one_scale=False):
    """Positions colored by one quantity a panel: (values, label, kind), kind one of value, error
    (diverging, centered at 0) and class (whole numbers from 1). one_scale: all panels of kind value
    have the same colors for the same values."""
    width, height = (np.ptp(x), np.ptp(y)) if box is None else (box[0][1] - box[0][0],
                                                               box[1][1] - box[1][0])
    across = 2 if len(panels) > 2 and height > 0.4 * width else 1
    down = -(-len(panels) // across)
    inches = 9.0 / across + 1.0  # of a panel with its colorbar; the atoms take three quarters
    each = np.clip(0.75 * inches * height / width, 0.8, 8.0) + 0.5
    figure, grid = plt.subplots(down, across, figsize=(inches * across, each * down + 0.6),
                                layout="constrained", sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(panels):]:
        axes.set_axis_off()
    size = np.clip(0.8 * (inches * 0.75 * 72) ** 2 * (height / width) / len(x), 1.0, 90.0)
    scales = [_scale(values) for values, _, kind in panels if kind == "value"]
    common = [min(low for low, _ in scales), max(high for _, high in scales)] \
        if one_scale and scales else None
    for axes, (values, label, kind) in zip(grid.flat, panels):
        style = {"s": size, "edgecolors": "black", "linewidths": 0.2 if size > 8 else 0.0,
                 "rasterized": len(x) > MANY}
        bar = {"ax": axes, "label": label, "pad": 0.02, "shrink": 0.85}
        if kind == "class":
            colors, ticks = _class_colors(values)
            bar["ticks"] = ticks
        elif kind == "error":
            limit = np.quantile(np.abs(values), 0.998) or 1.0
            colors = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
            bar["extend"] = "both" if np.abs(values).max() > limit else "neither"
        else:
            low, high = common or _scale(values)
            colors = {"cmap": "viridis", "vmin": low, "vmax": high}
            bar["extend"] = "min" if values.min() < low else "neither"
        figure.colorbar(axes.scatter(x, y, c=values, **style, **colors), **bar).minorticks_off()
        axes.set_aspect("equal")
        if box is not None:
            axes.set(xlim=box[0], ylim=box[1])
    for axes in grid[-1]:
        axes.set_xlabel(labels[0])
    for axes in grid[:, 0]:
        axes.set_ylabel(labels[1])
    if title:
        figure.suptitle(title)
    return save(figure, stem)


def environments(lines, stem, title=None):
    """Numbers of unique environments against epsilon: (name, radius after each, in parts of the seed's
    length) of each library."""
    figure, axes = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    for k, (name, radius) in enumerate(lines):
        # Between two radii the number is constant: for radius[n - 1] < epsilon there are n.
        known = radius > 0
        axes.step(radius[known], np.arange(1, len(radius) + 1)[known], where="pre", label=name,
                  color=CLASS_COLORS[k % len(CLASS_COLORS)])
    axes.set(xscale="log", yscale="log", ylabel="unique environments",
             xlabel="epsilon (parts of the length of the crystal's vector)")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    if title:
        axes.set_title(title)
    return save(figure, stem)


def shares(values, stem, title=None):
    """Shares of classes [rows, classes]: the mean of all rows, and the range of most of them."""
    order = np.argsort(-values.mean(axis=0), kind="stable")
    values = values[:, order]
    figure, axes = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    place = np.arange(1, len(order) + 1)
    low, high = np.quantile(values, [0.1, 0.9], axis=0)
    axes.vlines(place, np.maximum(low, 1e-6), np.maximum(high, 1e-6), color="0.6",
                label="from 10 to 90 % of the rows")
    axes.plot(place, np.maximum(values.mean(axis=0), 1e-6), "o", color=ONE, markersize=3, label="mean")
    axes.set(yscale="log", xlabel="classes, by mean share", ylabel="share of atoms")
    if len(order) <= 40:
        axes.set_xticks(place, [str(k + 1) for k in order], fontsize=7)
    axes.set_ylim(bottom=max(1e-6, 0.5 * values.mean(axis=0)[values.mean(axis=0) > 0].min()))
    axes.grid(axis="y", alpha=0.3)
    axes.legend()
    if title:
        axes.set_title(title)
    return save(figure, stem)


def marked_atoms(x, y, classes, chosen, stem, labels=("x (Å)", "y (Å)"), title=None):
    """Positions: atoms of chosen classes in colors, others small and grey."""
    width, height = np.ptp(x) or 1.0, np.ptp(y) or 1.0
    inches = float(np.clip(9.0 * width / height, 4.0, 10.0))
    tall = float(np.clip(inches * height / width, 2.0, 10.0))
    figure, axes = plt.subplots(figsize=(inches + 1.6, tall + 0.8), layout="constrained")
    size = float(np.clip(0.55 * (72 * inches) ** 2 * (height / width) / max(len(x), 1), 3.0, 120.0))
    rest = ~np.isin(classes, chosen)
    axes.scatter(x[rest], y[rest], s=0.35 * size, color="0.8", edgecolors="none",
                 rasterized=len(x) > MANY)
    for k, number in enumerate(chosen):
        some = classes == number
        axes.scatter(x[some], y[some], s=size, color=CLASS_COLORS[k % len(CLASS_COLORS)],
                     edgecolors="black", linewidths=0.3, label=f"{number} ({np.count_nonzero(some)})",
                     rasterized=len(x) > MANY)
    axes.set_aspect("equal")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    figure.legend(title="class (atoms)", loc="outside right upper", frameon=False)
    if title:
        axes.set_title(title)
    return save(figure, stem)


def segregation_spectrum(energies, fit, groups, stem, units="eV", by=None, title=None):
    """Density of energies of sites with the function fitted to it; groups: {name: energies} beside it."""
    energies = np.asarray(energies)[np.isfinite(energies)]
    low, high = np.quantile(energies, [0.001, 0.999])
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    bins = np.linspace(low, high, int(np.clip(np.sqrt(len(energies)), 12, 80)) + 1)
    axes.hist(np.clip(energies, low, high), bins, density=True, color="0.82",
              label=f"{len(energies)} sites")
    x = np.linspace(low, high, 400)
    axes.plot(x, fit.density(x), color="black", linewidth=1.5,
              label=f"α {fit.alpha:.2f}, μ {fit.mu:.3g}, σ {fit.sigma:.3g} {units}")
    most = sorted(groups.items(), key=lambda item: -len(item[1]))[:len(CLASS_COLORS) - 1]
    for k, (name, some) in enumerate(most):
        few = np.linspace(low, high, int(np.clip(np.sqrt(len(some)), 8, 50)) + 1)
        axes.hist(np.clip(some, low, high), few, density=True, histtype="step", linewidth=1.4,
                  color=CLASS_COLORS[k], label=f"{(by or '').replace('_', ' ')} {name}: {len(some)}")
    axes.axvline(0.0, color="0.5", linewidth=0.8)
    axes.set(xlim=(low, high), ylabel=f"density (1/{units.replace('kJ/mol', '(kJ/mol)')})",
             xlabel=f"segregation energy ({units}); below 0 the solute prefers the boundary")
    axes.legend(frameon=False, fontsize=9)
    if title:
        axes.set_title(title)
    return save(figure, stem)


def segregation_groups(groups, stem, units="eV", by=None, title=None):
    """Energies of groups of sites, {name: energies}: quantiles of each, the lowest median first. The bars reach
    from the 5 to the 95 % quantile, the boxes from 25 to 75 %."""
    if not groups:
        raise MLGrainError(f"there are no groups of sites{f' by {by}' if by else ''} to draw")
    groups = {name: np.asarray(some)[np.isfinite(some)] for name, some in groups.items()}
    order = sorted(groups, key=lambda name: -np.median(groups[name]))[-MOST_GROUPS:]
    figure, axes = plt.subplots(figsize=(7.0, 1.2 + 0.28 * len(order)), layout="constrained")
    low, left, middle, right, high = np.transpose(
        [np.quantile(groups[name], [0.05, 0.25, 0.5, 0.75, 0.95]) for name in order])
    y = np.arange(len(order))
    axes.hlines(y, low, high, color="0.3", linewidth=1.0)
    axes.barh(y, right - left, left=left, height=0.6, color="0.85", edgecolor="0.3")
    axes.plot(middle, y, "|", color=TWO, markersize=9, markeredgewidth=2.0)
    axes.set_yticks(y, [f"{name}  ({len(groups[name])})" for name in order], fontsize=9)
    axes.axvline(0.0, color="0.5", linewidth=0.8)
    left_out = len(groups) - len(order)
    axes.set(xlabel=f"segregation energy ({units}); below 0 the solute prefers the boundary",
             ylabel=(by or "group").replace("_", " ") + " (sites)" + (f", {left_out} more" if left_out else ""))
    if title:
        axes.set_title(title)
    return save(figure, stem)


def segregation_isotherm(lines, stem, title=None, points=()):
    """Content of boundaries, from the lines of an isotherm: against temperature, a line for each content,
    and against content, a line for each temperature. points: (temperature, content, X_gb) to compare."""
    key = "X_total" if "X_total" in lines[0] else "X_c"
    figure, both = plt.subplots(1, 2, figsize=(10.0, 4.4), layout="constrained", sharey=True)
    whose = "content of the " + ("whole" if key == "X_total" else "crystal")
    for axes, along, across, label in (
            (both[0], "temperature", key, f"temperature (K); at the lines: {whose}"),
            (both[1], key, "temperature", whose)):
        values = sorted({line[across] for line in lines})
        if len(values) > 8:
            values = [values[k] for k in np.linspace(0, len(values) - 1, 8).astype(int)]
        colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(values)))
        for value, color in zip(values, colors):
            part = sorted((line[along], line["X_gb"]) for line in lines if line[across] == value)
            axes.plot(*zip(*part), "o-" if len(part) < 30 else "-", markersize=3, color=color,
                      label=f"{value:g}" + (" K" if across == "temperature" else ""))
            if across == key:
                axes.annotate(f" {value:g}", part[-1], color=color, va="center")
            here = [(point[0 if along == "temperature" else 1], point[2]) for point in points
                    if point[1 if along == "temperature" else 0] == value]
            if here:
                axes.plot(*zip(*here), "s", color=color, markeredgecolor="black", markersize=6)
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
        if across == key:
            low, high = axes.get_xlim()
            axes.set_xlim(low, high + 0.2 * (high - low))
        else:
            axes.legend(frameon=False, fontsize=8)
    both[0].set(ylabel="content of boundary sites", yscale="log")
    both[1].set(xscale="log")
    if title:
        figure.suptitle(title)
    return save(figure, stem)


def _scale(values):
    return np.quantile(values, 0.002), values.max()


def _class_colors(values):
    """One color for each class from 1 to the largest there is, and the numbers for the color bar."""
    count = max(1, int(values.max()))
    colors = [CLASS_COLORS[k % len(CLASS_COLORS)] for k in range(count)]
    ticks = np.arange(1, count + 1)
    return {"cmap": ListedColormap(colors),
            "norm": BoundaryNorm(np.arange(0.5, count + 1), count)}, ticks


def curves(sets, x, y, stem, marks=(), title=None, dashed=()):
    """Lines of several sets, a color each: (name, [(label, xs, ys) ...]). Lines with labels have one
    kind of line each, in all sets. Sets that are named in `dashed` are black. marks: (label, x) of
    vertical lines."""
    figure, axes = plt.subplots(figsize=(8.0, 4.6), layout="constrained")
    kinds = ["-", "--", "-.", ":", (0, (7, 2, 1, 2, 1, 2)), (0, (1, 4))]
    labels = list(dict.fromkeys(label for _, lines in sets for label, _, _ in lines if label))
    for k, (name, lines) in enumerate(sets):
        black = name in dashed
        for j, (label, xs, ys) in enumerate(lines):
            style = kinds[labels.index(label) % len(kinds)] if label else "--" if black else "-"
            axes.plot(xs, ys, linestyle=style, linewidth=1.0 if black else 1.6,
                      color="black" if black else CLASS_COLORS[k % 7], zorder=3 if black else 2,
                      marker="o" if len(xs) < 30 and not labels and not black else None, markersize=3.5,
                      label=name if j == 0 else None)
    for label in labels:
        axes.plot([], [], color="0.4", linestyle=kinds[labels.index(label) % len(kinds)], label=label)
    if marks:
        axes.set_xticks([place for _, place in marks], [label for label, _ in marks])
        for _, place in marks:
            axes.axvline(place, color="0.8", linewidth=0.8, zorder=0)
        axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
        axes.set_xlim(marks[0][1], marks[-1][1])
    axes.set(xlabel=x, ylabel=y)
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False, handlelength=3.0)
    if title:
        axes.set_title(title)
    return save(figure, stem)


def relative_differences(labels, series, stem, limit=50.0):
    """Bars, per cent: (name, values) for each of several; those beyond the limit end there with their
    number."""
    figure, axes = plt.subplots(figsize=(7.5, 0.24 * len(labels) * max(1.0, 0.5 * len(series)) + 1.4),
                                layout="constrained")
    width = 0.8 / len(series)
    limit = min(limit, 1.15 * max((abs(v) for _, values in series for v in values if np.isfinite(v)),
                                  default=1.0) or 1.0)
    for k, (name, values) in enumerate(series):
        values = np.array(values, dtype=float)
        place = np.arange(len(labels)) + (k - 0.5 * (len(series) - 1)) * width
        axes.barh(place, np.clip(values, -limit, limit), width, label=name,
                  color=CLASS_COLORS[k % len(CLASS_COLORS)])
        for at, value in zip(place, values):
            if abs(value) > limit:
                axes.text(np.sign(value) * limit * 0.98, at, f"{value:+.0f}", va="center", fontsize=7,
                          ha="right" if value > 0 else "left", color="white")
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlim=(-limit, limit), xlabel="difference (%)")
    axes.axvline(0, color="0.3", linewidth=1)
    axes.grid(axis="x", alpha=0.3)
    if len(series) > 1:
        axes.legend(fontsize=8)
    return save(figure, stem)


def cost_and_accuracy(points, kinds, stem, title=None):
    """Errors (per cent) over cost, a panel for each kind (key, label): points are (name, cost, {key:
    error}). A line joins those that no other beats in both."""
    across = min(4, len(kinds))
    down = -(-len(kinds) // across)
    figure, grid = plt.subplots(down, across, figsize=(2.9 * across, 2.6 * down + 0.6),
                                layout="constrained", squeeze=False, sharex=True)
    costs = [cost for _, cost, _ in points]
    for axes in grid.flat[len(kinds):]:
        axes.set_axis_off()
    for axes, (key, label) in zip(grid.flat, kinds):
        best = []
        for k, (name, cost, errors) in sorted(enumerate(points), key=lambda one: one[1][1]):
            if key not in errors:
                continue
            error = max(errors[key], 1e-3)
            axes.plot(cost, error, "osD^v"[k // len(CLASS_COLORS) % 5], label=name,
                      color=CLASS_COLORS[k % len(CLASS_COLORS)])
            if not best or error < best[-1][1]:
                best.append((cost, error))
        axes.plot(*zip(*best), color="0.6", linewidth=1, zorder=0)
        axes.set(xscale="log", yscale="log", title=label,
                 xlim=(0.6 * min(costs), 1.6 * max(costs)))
        axes.margins(y=0.25)
        axes.grid(alpha=0.3)
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            axis.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 2, 5)))
            axis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.tick_params(labelbottom=True)
    names = {}
    for axes in grid.flat:
        for handle, name in zip(*axes.get_legend_handles_labels()):
            names.setdefault(name, handle)
    order = [name for name, _, _ in points if name in names]
    figure.legend([names[name] for name in order], order, loc="outside lower center", fontsize=8,
                  frameon=False, ncols=min(7, len(order)))
    for axes in grid[:, 0]:
        axes.set_ylabel("mean error (%)")
    for axes in grid.flat[max(0, len(kinds) - across):len(kinds)]:
        axes.set_xlabel("cost (µs/atom/step)")
    if title:
        figure.suptitle(title)
    return save(figure, stem)
