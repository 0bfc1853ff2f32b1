# SPDX-License-Identifier: GPL-2.0-or-later
"""Error bars of properties, without a reference: what numbers become by the corrections of a fit.

A correction is a change of the coefficients that energies are linear in, by which the potential
would give one of its training labels exactly (potentials/uncertainty.py). With g the derivatives of
a property by these coefficients, the error bar is

    max over corrections d of |g^T d|,

times a factor for energies and one for stresses, by which it holds for 95 % of the runs of
configurations that were not trained on, with all their labels (potentials/error_bars.py).

Energies and stresses of relaxed structures change to first order as those of fixed ones do.
"""

from __future__ import annotations

import os

import numpy as np

from ..compiled import core, is_compiled
from ..errors import MLGrainError
from ..models import container

CORRECTIONS, FACTORS = "corrections", "correction_factors"  # tensors of a file of error bars
TWICE = np.sqrt([1, 1, 1, 2, 2, 2])  # in rows of a Jacobian: components off the diagonal


class Corrected(float):
    """A number, and `changes` [corrections] of it, which follow it through arithmetic with plain
    numbers and its like. Functions of NumPy, and float(), see the number only."""

    __array_ufunc__ = None  # so that NumPy's numbers leave arithmetic to this class

    def __new__(cls, value, changes):
        self = super().__new__(cls, value)
        self.changes = changes
        return self

    @property
    def bound(self):
        """The error bar."""
        return float(np.abs(self.changes).max())

    def __add__(self, other):
        return Corrected(float(self) + float(other), self.changes + changes_of(other))

    __radd__ = __add__

    def __sub__(self, other):
        return Corrected(float(self) - float(other), self.changes - changes_of(other))

    def __rsub__(self, other):
        return (-self) + other

    def __neg__(self):
        return Corrected(-float(self), -self.changes)

    def __mul__(self, other):
        value = float(other)
        return Corrected(float(self) * value,
                         self.changes * value + float(self) * changes_of(other))

    __rmul__ = __mul__

    def __truediv__(self, other):
        value = float(self) / float(other)
        return Corrected(value, (self.changes - value * changes_of(other)) / float(other))

    def __rtruediv__(self, other):
        value = float(other) / float(self)
        return Corrected(value, (changes_of(other) - value * self.changes) / float(self))


def changes_of(number):
    """Those of a number; 0 for a plain one."""
    return getattr(number, "changes", 0.0)


class Corrections:
    """Those of a potential of pair_style mtp.

    potential, bars   its file and that of its error bars
    species           index of the crystal's in the potential, or one for each atom
    """

    def __init__(self, potential, bars, species=0):
        tensors, metadata = container.read(bars)
        if CORRECTIONS not in tensors:
            raise MLGrainError(f"{bars}: has no corrections for errors of properties (`mlgrain mtp "
                               "error-bars` makes such a file of a training set with labels)")
        with open(potential, "rb") as file:
            contents = file.read()
        if metadata.get("fingerprint") != core().MTP(str(potential), contents).fingerprint:
            raise MLGrainError(f"{bars}: these error bars belong to another potential")
        self._mtp = core().MTPTraining(str(potential), contents)
        self._corrections = np.array(tensors[CORRECTIONS], dtype=float)
        if (self._corrections.ndim != 2 or not len(self._corrections)
                or self._corrections.shape[1] != self._mtp.linear_count
                or not np.isfinite(self._corrections).all()):
            raise MLGrainError(f"{bars}: {CORRECTIONS} must be rows of {self._mtp.linear_count} "
                               "finite numbers")
        self.factors = np.array(tensors.get(FACTORS, ()), dtype=float)
        if self.factors.shape != (2,) or not (np.isfinite(self.factors) & (self.factors > 0)).all():
            raise MLGrainError(f"{bars}: {FACTORS} must be two positive numbers")
        self._species = species

    def __len__(self):
        return len(self._corrections)

    def energy(self, cell, positions):
        """[corrections] changes of the energy of a periodic cell, eV, with their factor"""
        self._set(cell, positions)
        first = self._mtp.parameter_count - self._mtp.linear_count
        return self.factors[0] * (self._corrections @ self._mtp.rows(1)[:, first:].sum(axis=0))

    def virial(self, cell, positions):
        """[xx yy zz xy xz yz, corrections] changes of minus stress times volume, eV, with their
        factor. For small cells."""
        self._set(cell, positions)
        rows = [self._mtp.jacobian(block)[0] for block in range(self._mtp.blocks)]
        (own,) = rows  # one configuration is in one block
        return self.factors[1] * ((own[-6:] / TWICE[:, None]) @ self._corrections.T)

    def _set(self, cell, positions):
        count = len(positions)
        self._mtp.set_data(np.array([count], dtype=np.int32), np.ascontiguousarray(positions),
                           np.full(count, self._species, dtype=np.int32),
                           np.ascontiguousarray(cell)[None], np.ones((1, 3), dtype=bool),
                           np.zeros(1), np.ones(1), np.zeros((count, 3)), np.zeros(count),
                           np.zeros((1, 6)), np.ones(1), 1)


def find(pair_style, pair_coeffs, path=None):
    """The Corrections of a potential, and the file that has them: `path`, or, if that is None,
    NAME.error.safetensors beside the potential NAME.almtp; (None, None) where there are none."""
    potential, species = _potential(pair_style, pair_coeffs)
    if path is None:
        if potential is None:
            return None, None
        path = os.path.splitext(potential)[0] + ".error.safetensors"
        if not os.path.isfile(path) or CORRECTIONS not in container.read(path)[0]:
            return None, None
    elif potential is None:
        raise MLGrainError(f"{path}: error bars are for pair_style mtp alone, with the potential "
                           "named in pair_coeff")
    return Corrections(potential, path, species), path


def _potential(pair_style, pair_coeffs):
    """(file, index of the species of atom type 1) of pair_style mtp, of several species where it
    is given as an index; (None, None) of others."""
    words = " ".join(pair_coeffs).split()
    if (not is_compiled() or pair_style.split()[:1] != ["mtp"] or len(words) < 3
            or not os.path.isfile(words[2])):
        return None, None
    with open(words[2], "rb") as file:
        count = len(core().species_of_mtp(words[2], file.read())[0])
    if count == 1:
        return words[2], 0
    if len(words) > 3 and words[3].isdigit() and int(words[3]) < count:
        return words[2], int(words[3])
    return None, None
