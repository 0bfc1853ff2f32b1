# SPDX-License-Identifier: GPL-2.0-or-later
"""What a card compares with: tables of values with their sources, or another potential's
results."""

from __future__ import annotations

import csv
import dataclasses
import math

from ..errors import MLGrainError
from .suite import PROPERTIES

# Differences are relative to the reference's value, or to this where it is smaller, by unit.
SMALLEST = {
    "eV": 0.1,
    "meV/atom": 10.0,
    "mJ/m²": 20.0,
    "GPa": 10.0,
    "THz": 0.5,
    "Å": 0.1,
    "K": 10.0,
    "meV/b": 5.0,
    "meV/Å": 20.0,
    "10⁻⁶/K": 1.0,
    "%": 100.0
}


@dataclasses.dataclass
class Reference:
    """name          in pictures
    values        {key: number}
    sources       {key: text}
    results       those of a potential, or None
    description   in one line
    """

    name: str
    values: dict
    sources: dict
    results: dict | None = None
    description: str = ""


def known_rows():
    """{key: Row} of all properties of all lattices."""
    return {
        row.key: row
        for one in PROPERTIES
        for lattice in one.lattices
        for row in one.rows(lattice)
    }


def read_table(path):
    """A CSV file with columns property, value, and, if wanted, source; # begins a comment line."""
    known = known_rows()
    values, sources = {}, {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = [(number, line) for number, line in enumerate(file, 1)
                     if line.strip() and not line.startswith("#")]
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise MLGrainError(f"{path} is not a text file") from None
    rows = list(csv.reader(line for _, line in lines))
    names = [name.strip() for name in rows[0]] if rows else []
    if "property" not in names or "value" not in names:
        raise MLGrainError(
            f"{path}: the first line must name the columns property and value (and source)")
    for (number, _), words in zip(lines[1:], rows[1:]):
        where = f"{path}, line {number}"
        if len(words) != len(names):
            raise MLGrainError(f"{where}: {len(words)} columns instead of {len(names)}")
        one = {name: word.strip() for name, word in zip(names, words)}
        key = one["property"]
        if key not in known:
            raise MLGrainError(
                f"{where}: there is no property {key!r}; `mlgrain validate --list` shows them")
        if key in values:
            raise MLGrainError(f"{where}: {key} is there twice")
        try:
            values[key] = float(one["value"])
        except ValueError:
            values[key] = math.nan
        if not math.isfinite(values[key]):
            raise MLGrainError(f"{where}: {one['value']!r} is not a number")
        sources[key] = one.get("source", "")
    return Reference(path, values, sources, description=f"the table {path}")


def of_potential(potential, results):
    """What a potential of a suite gave, as a reference."""
    values = {key: value for one in results.values() for key, value in one["values"].items()}
    return Reference(
        potential.name, values, {}, results,
        f"the potential {potential.name}: pair_style {potential.pair_style}, pair_coeff " +
        "; ".join(potential.pair_coeffs))


def relative(row, value, reference):
    """The difference in parts of the reference."""
    return (value - reference) / max(abs(reference),
                                     SMALLEST.get(row.unit, 0.0) or abs(reference) or 1.0)
