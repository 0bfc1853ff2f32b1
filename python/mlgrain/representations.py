# SPDX-License-Identifier: GPL-2.0-or-later
"""Power spectra of the atoms of many frames, in bounded memory: of each atom, means over the atoms of a
frame (the averaged representation, ASR), and means over windows of time."""

from __future__ import annotations

import dataclasses
import typing

import numpy as np

from .atoms import as_arrays
from .compiled import core
from .errors import MLGrainError
from .spectra import soap_tables


@dataclasses.dataclass
class Spectra:
    """What vectors are computed, and of what atoms.

    parameters  of spectra.soap_parameters
    channels    {type: channel from 0, or -1 for invisible}; None: types are not told apart
    weights     {type: factor of an atom's Gaussian}; None: 1
    projection  a Projection of the vectors; None: none
    """

    parameters: typing.Any
    channels: dict | None = None
    weights: dict | None = None
    threads: int = 1
    projection: typing.Any = None

    @property
    def columns(self):
        """Numbers of a vector."""
        return self.parameters.components if self.projection is None else self.projection.columns

    def of_types(self, frame):
        """(int32 [atoms] channels or None, float64 [atoms] weights or None)"""
        return (_by_type(frame, self.channels, np.int32, "species"),
                _by_type(frame, self.weights, np.float64, "weight"))

    def vectors(self, frame, flags):
        """float64 [chosen, columns] of a Frame's atoms for which flags is true, in their order."""
        if self.projection is None:
            return self._run(frame, flags, False)
        return self.projection.compute(as_arrays(frame.atoms), *self.of_types(frame),
                                       np.ascontiguousarray(flags), self.parameters, self.threads)

    def mean(self, frame, flags):
        """float64 [columns]; vectors are not stored."""
        mean = self._run(frame, flags, True)
        return (mean if self.projection is None else self.projection(mean))[0]

    def _run(self, frame, flags, mean):
        return core().soap(*as_arrays(frame.atoms), soap_tables(self.parameters),
                           *self.of_types(frame), np.ascontiguousarray(flags), mean, self.threads)


def _by_type(frame, values, dtype, what):
    if values is None:
        return None
    kinds, place = np.unique(frame.types, return_inverse=True)
    missing = [str(kind) for kind in kinds if kind not in values]
    if missing:
        raise MLGrainError(f"{frame.place}: no {what} was given for atoms of type "
                           f"{', '.join(missing)}")
    return np.array([values[kind] for kind in kinds.tolist()], dtype)[place]


class Step(typing.NamedTuple):
    """A frame of a window of time.

    number   in its window, from 0
    first    the window's first frame
    frame    this one
    indices  of its atoms that are the same, in the same order, in all frames of the window
    """

    number: int
    first: typing.Any
    frame: typing.Any
    indices: np.ndarray

    @property
    def flags(self):
        flags = np.zeros(len(self.frame), bool)
        flags[self.indices] = True
        return flags


def steps(frames, selection, window=1):
    """Yields a Step for each of the frames: windows are so many consecutive frames of one file, and the
    atoms that a Selection chooses in the first frame are followed by their ids. Frames at the end of a
    file that don't fill a window are left out, if there was one before them."""
    number, windows, first, ids = 0, 0, None, None
    for frame in frames:
        if window > 1 and not frame.known:
            raise MLGrainError(f"{frame.place}: without a column id atoms can't be followed over a window")
        if first is not None and frame.path != first.path:
            _check_windows(first, windows, number, window)
            number = windows = 0
        if number == 0:
            first = frame
            indices = np.flatnonzero(selection.flags(frame))
            ids = frame.ids[indices]
        else:
            indices = _places(frame, ids, first)
        yield Step(number, first, frame, indices)
        number = (number + 1) % window
        windows += number == 0
    if first is not None:
        _check_windows(first, windows, number, window)


def _check_windows(frame, windows, frames, window):
    if not windows:
        raise MLGrainError(f"{frame.path} has {frames} frames, fewer than a window of {window}")


def _places(frame, ids, first):
    """Indices of the atoms with these ids."""
    order = np.argsort(frame.ids)
    at = np.minimum(np.searchsorted(frame.ids, ids, sorter=order), len(frame) - 1)
    indices = order[at]
    lost = frame.ids[indices] != ids
    if lost.any():
        raise MLGrainError(f"{frame.place}: atom {ids[lost.argmax()]} of timestep {first.timestep} is "
                           "not among the atoms")
    return indices


def means(all_steps, spectra, window=1):
    """Yields (first frame, number of atoms, mean vector) of each window."""
    total = None
    for step in all_steps:
        mean = spectra.mean(step.frame, step.flags)
        total = mean if step.number == 0 else total + mean
        if step.number == window - 1:
            yield step.first, len(step.indices), total / window


def mean_vectors(all_steps, spectra, window=1, memory=2.0):
    """Yields (first frame, indices of its atoms, vectors [atoms, columns]) of each window: means over
    its frames. More than `memory` GB are refused, before they are taken."""
    total = None
    for step in all_steps:
        sum_of = 8e-9 * len(step.indices) * spectra.columns * (1 if window == 1 else 2)
        if sum_of > memory:
            raise MLGrainError(f"{step.frame.place}: vectors of {len(step.indices)} atoms, "
                               f"{spectra.columns} numbers each, take {sum_of:.3g} GB, where "
                               f"{memory:g} GB are allowed (--memory)")
        vectors = spectra.vectors(step.frame, step.flags)
        order = np.argsort(np.argsort(step.indices, kind="stable"), kind="stable")
        vectors = vectors if (np.diff(order) > 0).all() else vectors[order]
        if step.number == 0:
            total, indices = vectors, step.indices
        else:
            total += vectors
        if step.number == window - 1:
            if window > 1:
                total /= window
            yield step.first, indices, total


def excess(mean, atoms, frame, perfect, axis, boundaries=1):
    """N / A (p - p0): the excess of the mean vector p of N atoms over the perfect crystal's p0, for each
    area of boundary, that of the face of the cell which the edge `axis` joins."""
    area = np.linalg.norm(np.cross(frame.cell[axis - 2], frame.cell[axis - 1]))
    if not area > 0:
        raise MLGrainError(f"{frame.place}: the cell has no area")
    return (mean - perfect) * atoms / (area * boundaries)


class Moments:
    """Mean and covariance of vectors that come some at a time.

    count, mean, covariance ([columns, columns], of all vectors)
    """

    def __init__(self, columns):
        self.count, self._shift = 0, None
        self._sum, self._products = np.zeros(columns), np.zeros((columns, columns))

    def add(self, vectors):
        if self._shift is None:  # differences from what is near the mean lose no digits
            self._shift = vectors.mean(axis=0)
        vectors = vectors - self._shift
        self.count += len(vectors)
        self._sum += vectors.sum(axis=0)
        self._products += vectors.T @ vectors

    @property
    def mean(self):
        return self._shift + self._sum / self.count

    @property
    def covariance(self):
        mean = self._sum / self.count
        return self._products / self.count - np.outer(mean, mean)
