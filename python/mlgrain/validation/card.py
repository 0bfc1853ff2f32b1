# SPDX-License-Identifier: GPL-2.0-or-later
"""The card: tables, pictures and files of what the suites found."""

from __future__ import annotations

import csv
import json
import os

import numpy as np

from .. import plots
from .._version import VERSION
from ..errors import MLGrainError
from .page import Page
from .properties.common import KINDS
from .reference import SMALLEST, relative

DIGITS = {"Å": 4, "eV": 3, "meV/atom": 1, "GPa": 1, "mJ/m²": 1, "THz": 3, "µs/atom/step": 2, "K": 0,
          "meV/b": 1, "10⁻⁶/K": 2, "meV/Å": 1, "%": 2}


def number(row, value, bound=None):
    digits = DIGITS.get(row.unit, 3)
    text = f"{value:.{digits}f}"
    if bound is None:
        return text
    # An error bar below the last digit keeps one of its own.
    return f"{text} ± " + (f"{bound:.{digits}f}" if bound >= 10.0**-digits else f"{bound:.0e}")


def covered(properties, lattice, results, reference):
    """(numbers whose difference from the reference is within their error bar, numbers that have
    both) of the rows that count."""
    found = [abs(result["values"][row.key] - reference.values[row.key]) <= result["bounds"][row.key]
             for one in properties for result in [results[one.name]] for row in one.rows(lattice)
             if row.kind in KINDS and row.key in result["bounds"] and row.key in reference.values]
    return sum(found), len(found)


def errors_by_kind(properties, lattice, results, reference):
    """{kind: (mean of the relative differences' absolute values, label of the largest, that)} of
    what both a potential and the reference have."""
    found = {}
    for one in properties:
        values = results.get(one.name, {"values": {}})["values"]
        for row in one.rows(lattice):
            if row.kind in KINDS and row.key in values and row.key in reference.values:
                size = abs(relative(row, values[row.key], reference.values[row.key]))
                found.setdefault(row.kind, []).append((size, row.label))
    return {kind: (float(np.mean([size for size, _ in sizes])), max(sizes)[1], max(sizes)[0])
            for kind, sizes in found.items()}


def summary(potentials, properties, lattice, results, reference):
    """What write() keeps in card.json for comparisons: of each potential its numbers, cost,
    errors by kind."""
    lines = []
    for one in potentials:
        values = {key: value for result in results[one.name].values()
                  for key, value in result["values"].items()}
        errors = errors_by_kind(properties, lattice, results[one.name],
                                reference) if reference else {}
        lines.append({
            "name": one.name,
            "pair_style": one.pair_style,
            "pair_coeffs": one.pair_coeffs,
            "trained": one.trained,
            "values": values,
            "bounds": {key: value for result in results[one.name].values()
                       for key, value in result["bounds"].items()},
            "cost": values.get("cost"),
            "errors": {
                kind: size[0]
                for kind, size in errors.items()
            }
        })
    return lines


def write(folder, element, lattice, potentials, properties, results, reference, command):
    """Writes card.md, card.html, card.csv, card.json and pictures into a folder; returns the
    names of the two pages."""
    page = Page(f"Report card: {element}, {lattice}")
    page.text("Made by mlgrain " + VERSION + ":")
    page.code(command)
    page.table(["potential", "pair_style", "pair_coeff", "in its training set", "CPU seconds"], [[
        one.name, one.pair_style, "; ".join(one.pair_coeffs),
        "not told" if one.trained is None else ", ".join(one.trained) or "nothing of this",
        f"{sum(result['seconds'] for result in results[one.name].values()):.0f}"
    ] for one in potentials])
    if reference:
        page.text(f"Reference: {reference.description or reference.name}.")
        _summary(page, potentials, properties, lattice, results, reference)
        _bars(page, folder, potentials, properties, lattice, results, reference)
    _error_bars(page, potentials, properties, lattice, results, reference)
    for one in properties:
        _property(page, folder, one, lattice, potentials, results, reference)
    lines = summary(potentials, properties, lattice, results, reference)
    try:
        for name, text in (("card.md", page.markdown()), ("card.html", page.html()),
                           ("card.json", json.dumps({"element": element, "lattice": lattice,
                                                     "reference": reference and reference.name,
                                                     "potentials": lines}, indent=1))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        _csv(os.path.join(folder, "card.csv"), properties, lattice, potentials, results, reference)
    except OSError as error:
        raise MLGrainError(f"{folder} can't be written: {error.strerror}") from error
    return [os.path.join(folder, name) for name in ("card.md", "card.html")]


def _summary(page, potentials, properties, lattice, results, reference):
    """As Table I of R. Freitas, Y. Cao, MRS Communications 12, 510 (2022)."""
    page.heading("What was trained on, and how large errors are")
    kinds = dict.fromkeys(row.kind for one in properties for row in one.rows(lattice)
                          if row.kind in KINDS)
    names, rows = ["defect"], [[KINDS[kind]] for kind in kinds]
    for one in potentials:
        errors = errors_by_kind(properties, lattice, results[one.name], reference)
        names += [f"{one.name}: trained on", "mean error", "largest"]
        for line, kind in zip(rows, kinds):
            trained = "?" if one.trained is None else "yes" if kind in one.trained else "no"
            mean, label, most = errors.get(kind, (None, "", 0.0))
            line += [trained, "" if mean is None else f"{100 * mean:.1f} %",
                     "" if mean is None else f"{100 * most:.1f} % ({label})"]
    page.table(names, rows)
    least = ", ".join(f"{size:g} {unit}" for unit, size in SMALLEST.items())
    page.small(
        "Mean of the absolute differences from the reference over the numbers of each kind below, "
        "relative to the "
        f"reference's value, or to the following where it is smaller: {least}.")


def _error_bars(page, potentials, properties, lattice, results, reference):
    with_bars = [one for one in potentials if one.corrections]
    if not with_bars:
        return
    page.text("Error bars (±) are the largest changes of a number by corrections of the fit that "
              "would give one of its training labels exactly, times factors for energies and "
              "stresses by which this holds for 95 % of the runs of configurations that were not "
              "trained on; structures stay as they are. They know nothing of what no coefficient "
              "can mend.")
    for one in with_bars:
        inside, count = covered(properties, lattice, results[one.name],
                                reference) if reference else (0, 0)
        page.text(f"{one.name}: error bars of {len(one.corrections)} corrections, times "
                  f"{one.corrections.factors[0]:.2f} (energies) and "
                  f"{one.corrections.factors[1]:.2f} (stresses), from {one.bars}"
                  + (f". Of {count} numbers that the reference has, too, {inside} differ by less "
                     "than their error bar." if count else "."))


def _bars(page, folder, potentials, properties, lattice, results, reference):
    labels, keys = [], []
    for one in properties:
        for row in one.rows(lattice):
            if row.kind in KINDS and row.key in reference.values:
                labels.append(row.label)
                keys.append((one.name, row))
    if not keys:
        return
    series = [(one.name, [100 * relative(row, results[one.name][name]["values"][row.key],
                                         reference.values[row.key])
                          if row.key in results[one.name][name]["values"] else np.nan
                          for name, row in keys]) for one in potentials]
    plots.relative_differences(labels, series, os.path.join(folder, "differences"))
    page.picture("differences.png", "Differences from the reference")


def _property(page, folder, one, lattice, potentials, results, reference):
    page.heading(one.title)
    rows = one.rows(lattice)
    compared = reference and any(row.key in reference.values for row in rows if row.kind in KINDS)
    names = ["", "unit", *(["reference"] if compared else [])]
    for potential in potentials:
        names += [potential.name, *(["difference"] if compared else [])]
    lines = []
    for row in rows:
        known = reference.values.get(row.key) if compared else None
        line = [
            row.label, row.unit,
            *(["" if known is None else number(row, known)] if compared else [])
        ]
        for potential in potentials:
            result = results[potential.name][one.name]
            value = result["values"].get(row.key)
            line.append("" if value is None else
                        number(row, value, result["bounds"].get(row.key)))
            if compared:
                line.append("" if known is None or value is None else
                            f"{value - known:+.{DIGITS.get(row.unit, 3)}f} "
                            f"({100 * relative(row, value, known):+.1f} %)")
        lines.append(line)
    page.table(names, lines)
    for potential in potentials:
        failed = results[potential.name][one.name]["failed"]
        if failed:
            page.text(f"{potential.name}: failed: {failed}")
    if reference and reference.results and reference.results[one.name]["failed"]:
        page.text(f"{reference.name}: failed: {reference.results[one.name]['failed']}")
    page.small(f"How: {one.recipe}")
    if compared:
        _sources(page, rows, reference)
    _curves(page, folder, one, potentials, results, reference)


def _sources(page, rows, reference):
    by_source = {}
    for row in rows:
        if reference.sources.get(row.key):
            by_source.setdefault(reference.sources[row.key], []).append(row.label)
    for source, labels in by_source.items():
        page.small(f"Reference of {'; '.join(labels)}: {source}")


def _curves(page, folder, one, potentials, results, reference):
    """A picture for each curve that any potential has, with all of them."""
    found = {}
    sets = [(potential.name, results[potential.name]) for potential in potentials]
    if reference and reference.results:
        sets.append((reference.name, reference.results))
    for name, result in sets:
        for curve in result.get(one.name, {"curves": []})["curves"]:
            found.setdefault(curve["key"], []).append((name, curve))
    for key, curves in found.items():
        first = curves[0][1]
        plots.curves([(name, curve["lines"]) for name, curve in curves], first["x"], first["y"],
                     os.path.join(folder, key), marks=first["marks"], title=first["title"],
                     dashed=[name for name, _ in sets[len(potentials):]])
        page.picture(f"{key}.png", first["title"])


def _csv(path, properties, lattice, potentials, results, reference):
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        with_bars = [one for one in potentials if one.corrections]
        table.writerow(["property", "unit", "reference", *(one.name for one in potentials),
                        *(f"{one.name} error bar" for one in with_bars)])
        for one in properties:
            for row in one.rows(lattice):
                known = reference.values.get(row.key, "") if reference else ""
                table.writerow([row.key, row.unit, known, *(
                    results[potential.name][one.name]["values"].get(
                        row.key, "failed" if results[potential.name][one.name]["failed"] else "")
                    for potential in potentials), *(
                        results[potential.name][one.name]["bounds"].get(row.key, "")
                        for potential in with_bars)])
