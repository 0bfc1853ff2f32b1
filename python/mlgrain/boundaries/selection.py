# SPDX-License-Identifier: GPL-2.0-or-later
"""Which atoms of a frame belong to its grain boundaries: by columns of the file, and by slabs about
marked atoms."""

from __future__ import annotations

import typing

import numpy as np

from ..errors import MLGrainError

GAP = 10.0  # default of Slab, where the box is periodic along the normal


class Slab(typing.NamedTuple):
    """Atoms between the outermost marked atoms along a normal, and some more.

    column   of the file
    values   of it which mark an atom: 2 and 3 (hcp, bcc) of compute cna/atom in gblearn and pyrelate
    axis     the normal: 0, 1, 2, that of the faces which the edge joins
    padding  how far beyond the outermost marked atoms others count
    gap      marked atoms farther apart than this along the normal bound different slabs. None: any
             number of boundaries is one slab, but where the box is periodic along the normal 10
    """

    column: str
    values: tuple
    axis: int = 2
    padding: float = 0.0
    gap: float | None = None


class Selection(typing.NamedTuple):
    """Atoms that all of these allow.

    ranges   (column, low, high), both included
    inset    (axis, distance) or None: atoms farther than that from the outermost ones along the normal,
             which is not periodic: no surfaces
    slab     a Slab or None; its marked atoms are among those that the others allow
    """

    ranges: tuple = ()
    inset: tuple | None = None
    slab: Slab | None = None

    @property
    def columns(self):
        """Of the file, which this needs."""
        return [name for name, _, _ in self.ranges] + ([self.slab.column] if self.slab else [])

    def flags(self, frame):
        """bool [atoms] of a Frame; at least one is chosen."""
        chosen = np.ones(len(frame), bool)
        for name, low, high in self.ranges:
            chosen &= (frame.columns[name] >= low) & (frame.columns[name] <= high)
        if self.inset is not None:
            chosen &= _within(frame, *self.inset)
        if self.slab is not None:
            chosen &= in_slab(frame, self.slab, chosen)
        if not chosen.any():
            raise MLGrainError(f"{frame.place}: no atom is selected")
        return chosen


def _within(frame, axis, distance):
    if frame.pbc[axis]:
        raise MLGrainError(f"{frame.place}: the box is periodic along {'xyz'[axis]}, where there are no "
                           "outermost atoms")
    place, _ = _along(frame, axis)
    return (place > place.min() + distance) & (place < place.max() - distance)


def _along(frame, axis):
    """(places of the atoms along the normal of the faces which an edge joins, length of the cell)"""
    if not frame.pbc[axis] and not np.linalg.det(frame.cell):
        return frame.positions[:, axis], np.inf
    part, length = frame.fractions(axis)
    return length * (part % 1.0 if frame.pbc[axis] else part), length


def in_slab(frame, slab, chosen):
    """bool [atoms]; chosen: [atoms] those which may mark"""
    marked = np.isin(frame.columns[slab.column], slab.values) & chosen
    if not marked.any():
        raise MLGrainError(f"{frame.place}: no atom has {slab.column} "
                           f"{' or '.join(f'{value:g}' for value in slab.values)}")
    periodic = frame.pbc[slab.axis]
    place, length = _along(frame, slab.axis)
    gap = slab.gap if slab.gap is not None else GAP if periodic else np.inf
    low, high = _slabs(np.sort(place[marked]), gap, length if periodic else None)
    inside = np.zeros(len(place), bool)
    for a, b in zip(low - slab.padding, high + slab.padding):
        offset = (place - a) % length if periodic else place - a
        inside |= (offset >= 0) & (offset <= b - a)
    return inside


def _slabs(places, gap, period):
    """(lower, upper) ends of the runs of sorted places with no gap in them; along a period the upper
    end may be beyond it."""
    ends = np.flatnonzero(np.diff(places) > gap)
    low, high = np.concatenate([places[:1], places[ends + 1]]), np.concatenate(
        [places[ends], places[-1:]])
    if period is not None and low[0] + period - high[-1] <= gap:
        if len(low) == 1:  # marked atoms all around
            return low, low + period
        low, high = low[1:], np.append(high[1:-1], high[0] + period)
    return low, high
