# SPDX-License-Identifier: GPL-2.0-or-later
"""Tensors of phases: from constants, turned with their crystals, layered, averaged into bounds."""

from __future__ import annotations

import numpy as np

from ..atoms import numbers
from ..compiled import core
from ..errors import MLGrainError
from .effective import as_tensors

CUBIC = {"C11", "C12", "C44"}
HEXAGONAL = {"C11", "C12", "C13", "C33", "C44"}


def turned(tensor, orientations):
    """[n, 3, 3] or [n, 6, 6]: the tensor of a crystal in n orientations, quaternions [n, 4] with
    v_sample = q v_crystal q*, of any length but 0."""
    array = np.ascontiguousarray(tensor, dtype=np.float64)
    if array.shape not in ((3, 3), (6, 6)):
        raise MLGrainError(f"tensor: shape {list(array.shape)} is not [3, 3] or [6, 6]")
    quaternions = numbers("orientations", orientations, (-1, 4), "[grains, 4]")
    lengths = np.linalg.norm(quaternions, axis=1, keepdims=True)
    if not ((lengths > 0) & np.isfinite(lengths)).all():
        raise MLGrainError("orientations: a quaternion of length 0, or not finite")
    return core().turn_tensor(array, np.ascontiguousarray(quaternions / lengths))


def layers(first, fraction, second, normal):
    """[3, 3]: the conductivity of layers of two phases in turn, the first with this fraction."""
    first, second = (numbers(name, value, (3, 3), "[3, 3]")
                     for name, value in (("first", first), ("second", second)))
    normal = numbers("normal", normal, (3,), "[3]")
    return core().layer_conductivity(first, float(fraction), second, tuple(normal))


def mean_bounds(tensors, fractions):
    """(lower, upper) after Reuss and Voigt, of conductivities or stiffnesses [phases, n, n]: bounds
    of the effective tensor as quadratic forms."""
    array = np.asarray(tensors, dtype=np.float64)
    tensors = as_tensors(tensors, 6 if array.ndim == 3 and array.shape[-1] == 6 else 3)
    fractions = numbers("fractions", fractions, (len(tensors),), "[phases]")
    return core().mean_bounds(tensors, fractions)


def isotropic_bounds(conductivities, fractions):
    """(lower, upper) after Hashin and Shtrikman: bounds of the conductivity of an isotropic mixture
    of isotropic phases."""
    conductivities = numbers("conductivities", conductivities, (-1,), "[phases]")
    fractions = numbers("fractions", fractions, (len(conductivities),), "[phases]")
    return core().isotropic_bounds(conductivities, fractions)


def conductivity_of(words, where):
    """[3, 3] of what a file says: a number, three for the axes, or three rows."""
    array = _array(words, where)
    if array.shape == ():
        return float(array) * np.eye(3)
    if array.shape == (3,):
        return np.diag(array)
    if array.shape == (3, 3):
        return array
    raise MLGrainError(f"{where}: a conductivity is a number, three for the axes, or three rows")


def stiffness_of(words, where):
    """[6, 6] of what a file says: six rows, or constants by name: C11 C12 C44 (cubic), C11 C12 C13
    C33 C44 (hexagonal, axis along z), E nu, or K G (isotropic)."""
    if not isinstance(words, dict):
        array = _array(words, where)
        if array.shape != (6, 6):
            raise MLGrainError(f"{where}: a stiffness is six rows, or constants by name")
        return array
    names = set(words)
    value = {name: float(_array(words[name], where)) for name in names}
    if names == {"E", "nu"}:
        young, nu = value["E"], value["nu"]
        if not -1 < nu < 0.5:
            raise MLGrainError(f"{where}: nu {nu:g} is not within -1 to 0.5")
        return _isotropic(young / (3 * (1 - 2 * nu)), young / (2 * (1 + nu)))
    if names == {"K", "G"}:
        return _isotropic(value["K"], value["G"])
    if names == CUBIC:
        value.update(C13=value["C12"], C33=value["C11"], C66=value["C44"])
    elif names == HEXAGONAL:
        value["C66"] = (value["C11"] - value["C12"]) / 2
    else:
        raise MLGrainError(f"{where}: {', '.join(sorted(names))} are no set of elastic constants; "
                           "C11 C12 C44, C11 C12 C13 C33 C44, E nu, and K G are")
    result = np.zeros((6, 6))
    result[:3, :3] = [[value["C11"], value["C12"], value["C13"]],
                      [value["C12"], value["C11"], value["C13"]],
                      [value["C13"], value["C13"], value["C33"]]]
    result[3:, 3:] = np.diag([value["C44"], value["C44"], value["C66"]])
    return result


def _isotropic(bulk, shear):
    result = np.zeros((6, 6))
    result[:3, :3] = bulk - 2 * shear / 3
    result += np.diag([2 * shear] * 3 + [shear] * 3)
    return result


def _array(words, where):
    try:
        array = np.array(words, dtype=np.float64)
    except (TypeError, ValueError):
        raise MLGrainError(f"{where}: {words!r} is not made of numbers") from None
    if not np.isfinite(array).all():
        raise MLGrainError(f"{where}: a number that is not finite")
    return array
