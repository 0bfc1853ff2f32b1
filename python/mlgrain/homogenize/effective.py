# SPDX-License-Identifier: GPL-2.0-or-later
"""Effective conductivity and stiffness, by the compiled core (doc/theory_homogenization.md)."""

from __future__ import annotations

import dataclasses
import operator
import typing

import numpy as np

from ..compiled import core, thread_count
from ..errors import MLGrainError

SCHEMES = ("rotated", "full")


@dataclasses.dataclass(frozen=True)
class Effective:
    """An effective tensor and how it was found.

    tensor      float64 [3, 3] conductivity, or [6, 6] stiffness (Voigt: xx yy zz yz xz xy, shear as
                angles), in the unit of the phases
    iterations  int [loads] of conjugate gradients, for each of 3 or 6 mean gradients
    errors      float64 [loads] by what part the last eight iterations changed the value
    memory      bytes of the computation, without fields
    gradient    float64 [loads, nx, ny, nz, 3 or 6] gradient, or strain, of each voxel: its mean is
                the unit load; None if it was not asked for
    flux        the same of flux, or stress
    """

    tensor: np.ndarray
    iterations: np.ndarray
    errors: np.ndarray
    memory: int
    gradient: np.ndarray | None = None
    flux: np.ndarray | None = None


def conductivity(phases, tensors, *, spacing=1.0, scheme="rotated", tolerance=1e-6,
                 iterations=10000, threads=1, fields=False, watch=None):
    """Effective conductivity (of heat, charge, or what diffuses) of a periodic box of voxels.

    phases      integers [nx, ny, nz]: element [i, j, k] is the phase of the voxel that spans
                i .. i + 1 along x, j .. j + 1 along y, k .. k + 1 along z
    tensors     [phases, 3, 3] conductivities, symmetric and positive definite; [phases]: isotropic
    spacing     edge of a voxel, or three
    scheme      "rotated": one gradient per voxel; "full": trilinear elements, an upper bound
    tolerance   iterations end when the last eight have changed the value by less than this part
    iterations  most of them for one load; MLGrainError if they are not enough
    threads     of the processor; the result doesn't depend on it
    fields      True: gradient and flux of every voxel, too
    watch       called as watch(load, iteration, error) after each iteration; an exception ends it
    """
    tensors = as_tensors(tensors, 3)
    return _run(phases, tensors, spacing, scheme, tolerance, iterations, threads, fields, watch)


def stiffness(phases, tensors, *, spacing=1.0, tolerance=1e-6, iterations=10000, threads=1,
              fields=False, watch=None):
    """Effective stiffness of a periodic box of voxels; tensors [phases, 6, 6] in Voigt's notation,
    xx yy zz yz xz xy, shear as angles. The rest as for conductivity."""
    tensors = as_tensors(tensors, 6)
    return _run(phases, tensors, spacing, "rotated", tolerance, iterations, threads, fields, watch)


def resampled(phases, spacing=1.0, finer=True):
    """(phases, spacing) with every voxel cut into 2 x 2 x 2, or, where `finer` is False, with 2 x 2 x
    2 joined into one of the phase most of them have. Along an axis with one voxel nothing is done."""
    made, edges = core().resample_voxels(_phases(phases), _spacing(spacing), bool(finer))
    return made.transpose(2, 1, 0), np.array(edges)


def as_tensors(tensors, size):
    """float64 [phases, size, size]; of conductivities numbers will do."""
    try:
        array = np.asarray(tensors, dtype=np.float64)
    except (TypeError, ValueError):
        raise MLGrainError("tensors: not an array of numbers") from None
    if array.ndim == 1 and size == 3:
        array = array[:, None, None] * np.eye(3)
    if array.ndim != 3 or array.shape[1:] != (size, size) or not len(array):
        raise MLGrainError(f"tensors: shape {list(array.shape)} is not [phases, {size}, {size}]")
    return np.ascontiguousarray(array)


def _phases(phases):
    """int32 [nz, ny, nx]"""
    array = np.asarray(phases)
    if array.ndim != 3 or not array.size:
        raise MLGrainError(f"phases: shape {list(array.shape)} is not [nx, ny, nz]")
    if array.dtype.kind not in "biu":
        raise MLGrainError(f"phases: {array.dtype} are not integers")
    if array.dtype.kind != "b" and not (array.min() >= 0 and array.max() < 2**31):
        raise MLGrainError("phases: one is negative or too large")
    return np.ascontiguousarray(array.transpose(2, 1, 0), dtype=np.int32)


def _spacing(spacing):
    try:
        return tuple(float(edge) for edge in np.broadcast_to(np.asarray(spacing, float), (3,)))
    except (TypeError, ValueError):
        raise MLGrainError(f"spacing: {spacing!r} is neither a number nor three") from None


def _real(name, value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise MLGrainError(f"{name}: {value!r} is not a number") from None


def _whole(name, value):
    try:
        count = operator.index(value)
    except TypeError:
        raise MLGrainError(f"{name}: {value!r} is not a whole number") from None
    if not 1 <= count < 2**31:
        raise MLGrainError(f"{name}: {count} is not 1 or more")
    return count


class _Found(typing.NamedTuple):
    tensor: np.ndarray
    iterations: np.ndarray
    errors: np.ndarray
    memory: int
    gradient: np.ndarray | None
    flux: np.ndarray | None


def _run(phases, tensors, spacing, scheme, tolerance, iterations, threads, fields, watch):
    if scheme not in SCHEMES:
        raise MLGrainError(f"scheme: {scheme!r} is none of {', '.join(SCHEMES)}")
    voxels = _phases(phases)
    found = _Found(*core().homogenize(voxels, _spacing(spacing), tensors, scheme == "full",
                                      _real("tolerance", tolerance),
                                      _whole("iterations", iterations), thread_count(threads),
                                      bool(fields), watch))
    return Effective(found.tensor, found.iterations, found.errors, found.memory,
                     _by_axes(found.gradient, voxels.shape), _by_axes(found.flux, voxels.shape))


def _by_axes(field, shape):
    if field is None:
        return None
    loads = len(field)
    return field.reshape(loads, *shape, loads).transpose(0, 3, 2, 1, 4)
