# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of sites, as LAMMPS' command segregation writes them, and as plain columns of numbers."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from ..tables import Table


def read_sites(path):
    """A Table of an .npz or .csv file, or of text: columns of numbers between spaces, their names in the
    last line that begins with # before them."""
    if str(path).endswith((".npz", ".csv")):
        return Table.load(path)
    names, rows = [], []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split()
                if line.startswith("#"):
                    names = line[1:].split() if not rows else names
                elif words:
                    rows.append(_numbers(path, number, words, names))
    except (OSError, UnicodeDecodeError) as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
    if not rows:
        raise MLGrainError(f"{path} has no lines of numbers")
    if len(set(names)) < len(names):
        raise MLGrainError(f"{path} has two columns of the same name: {' '.join(names)}")
    return Table(names, np.array(rows), path=str(path))


def _numbers(path, number, words, names):
    if len(words) != len(names):
        raise MLGrainError(f"{path}: {len(words)} numbers in line {number}, but {len(names)} names in the "
                           "line before the data that begins with #")
    try:
        return [float(word) for word in words]
    except ValueError:
        raise MLGrainError(f"{path}: line {number} has something that is not a number") from None


def with_descriptors(sites, table, on="id"):
    """The table's rows of those atoms for which there are energies, with the sites' other columns."""
    wanted, have = sites.column(on), table.column(on)
    for name, values in ((sites.path, wanted), (table.path, have)):
        if len(np.unique(values)) < len(values):
            raise MLGrainError(f"{name}: two rows have the same {on}")
    order = np.argsort(have)
    at = order[np.minimum(np.searchsorted(have[order], wanted), len(have) - 1)]
    lost = have[at] != wanted
    if lost.any():
        raise MLGrainError(f"{table.path} has no row with {on} {wanted[lost.argmax()]:g}, of {sites.path}")
    names = [name for name in sites.columns if name not in table.columns]
    return table.rows(at).with_columns(names, [sites.matrix(names)])
