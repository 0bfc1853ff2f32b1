# SPDX-License-Identifier: GPL-2.0-or-later
"""Atoms as users have them, as arrays that the compiled core takes.

`atoms` is everywhere an Atoms of ASE, or a tuple (positions, cell, pbc):
    positions  [atoms, 3], inside the cell or not
    cell       [3, 3], rows are the edges, from the origin; or [3] for a rectangular one. None, or
               zeros, where pbc is False
    pbc        periodic along each edge: a bool, or three
"""

from __future__ import annotations

import typing

import numpy as np

from .errors import MLGrainError


class Arrays(typing.NamedTuple):
    """What the core takes of atoms: float64 [atoms, 3], float64 [3, 3], three bools."""

    positions: np.ndarray
    cell: np.ndarray
    pbc: tuple


def is_ase(atoms):
    """Whether these are an Atoms of ASE (which need not be imported for that)."""
    return hasattr(atoms, "positions") and hasattr(atoms, "cell") and hasattr(atoms, "pbc")


def as_arrays(atoms):
    """Arrays of an Atoms or of a tuple (positions, cell, pbc), not copied where the types fit."""
    if is_ase(atoms):
        positions, cell, pbc = atoms.positions, np.asarray(atoms.cell), atoms.pbc
    else:
        try:
            positions, cell, pbc = atoms
        except (TypeError, ValueError):
            raise MLGrainError("atoms: neither an Atoms of ASE nor a tuple (positions, cell, "
                               "pbc)") from None
    pbc = _pbc(pbc)
    return Arrays(_positions(positions), _cell(cell, pbc), pbc)


def numbers(name, values, shape, what):
    """Contiguous float64 array; -1 in the shape stands for any length."""
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise MLGrainError(f"{name}: not an array of numbers") from None
    if array.ndim != len(shape) or any(n not in (-1, m) for n, m in zip(shape, array.shape)):
        raise MLGrainError(f"{name}: shape {list(array.shape)} is not {what}")
    return array


def positive(name, value):
    """A number above 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise MLGrainError(f"{name}: {value!r} is not a number") from None
    if not 0 < number < np.inf:
        raise MLGrainError(f"{name}: {value!r} is not a positive number")
    return number


def _positions(positions):
    array = numbers("positions", positions, (-1, 3), "[atoms, 3]")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise MLGrainError(f"positions: atom {bad.argmax()} has a coordinate that is not finite")
    return array


def _pbc(pbc):
    array = np.asarray(pbc)
    if array.shape not in ((), (3,)) or array.dtype.kind not in "biu":
        raise MLGrainError(f"pbc: {pbc!r} is neither a bool nor three")
    return tuple(bool(one) for one in np.broadcast_to(array, 3))


def _cell(cell, pbc):
    if cell is None:
        cell = np.zeros((3, 3))
    if np.ndim(cell) == 1:
        cell = np.diag(numbers("cell", cell, (3,), "[3] or [3, 3]"))
    array = numbers("cell", cell, (3, 3), "[3] or [3, 3]")
    if not np.isfinite(array).all():
        raise MLGrainError("cell: an edge is not finite")
    edges = array[list(pbc)]
    lengths = np.linalg.norm(edges, axis=1)
    if not lengths.all() or np.linalg.matrix_rank(edges / lengths[:, None], 1e-8) < len(edges):
        raise MLGrainError("cell: its periodic edges are zero, or lie in one plane or line")
    return array
