# SPDX-License-Identifier: GPL-2.0-or-later
"""Crystals that boundaries are made of: a lattice and the atoms of its cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..compiled import core
from ..errors import MLGrainError

_CUBIC = {"sc": 0, "bcc": 1, "fcc": 2}
_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)
_ORIGIN = (0, 0, 0)
# Name: lattice, and atoms (type, position on the axes) about a center of inversion, for each point
# of the lattice.
_NAMED = {
    "sc": ("sc", [(1, _ORIGIN)]),
    "bcc": ("bcc", [(1, _ORIGIN)]),
    "fcc": ("fcc", [(1, _ORIGIN)]),
    "diamond": ("fcc", [(1, (-_QUARTER / 2,) * 3), (1, (_QUARTER / 2,) * 3)]),
    "B2": ("sc", [(1, _ORIGIN), (2, (_HALF,) * 3)]),
    "L1_2": ("sc", [(1, _ORIGIN), (2, (_HALF, _HALF, 0)), (2, (_HALF, 0, _HALF)),
                    (2, (0, _HALF, _HALF))]),
    "hcp": ("hexagonal", [(1, (-Fraction(1, 6), -Fraction(1, 3), -_QUARTER)),
                          (1, (Fraction(1, 6), Fraction(1, 3), _QUARTER))]),
}
NAMES = tuple(_NAMED)


@dataclass(frozen=True)
class Crystal:
    """Made by named, hcp or custom. Lengths are in the unit of `a`.

    name      what it is called
    a         lattice constant: length of the first axis
    lattice   sc, bcc, fcc, hexagonal or general
    gram      products of the axes, whole numbers up to a factor
    basis     ((type, position), ...) of the atoms at each lattice point, on the axes, about a
              center
              of inversion if there is one
    """

    name: str
    a: float
    lattice: str
    gram: tuple
    basis: tuple

    @classmethod
    def named(cls, name, a=1.0):
        """One of NAMES; hcp with the ideal c/a = sqrt(8/3)."""
        if name not in _NAMED:
            raise MLGrainError(f"the crystal {name!r} is none of {', '.join(NAMES)}; others are "
                               "made "
                               "by Crystal.custom")
        lattice, basis = _NAMED[name]
        if lattice == "hexagonal":
            return cls.hcp(a)
        gram = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
        return cls(name, _positive(a, "a"), lattice, gram, tuple(basis))

    @classmethod
    def hcp(cls, a=1.0, c=None, largest=30):
        """Hexagonal close packed. (c/a)^2 becomes the nearest fraction with a denominator up to
        `largest`, as boundaries other than rotations about c are coincidences only then: see
        `ratio`.
        """
        a = _positive(a, "a")
        square = Fraction(8, 3) if c is None else \
            Fraction((_positive(c, "c") / a) ** 2).limit_denominator(largest)
        if not square:
            raise MLGrainError(f"c = {c:g} is too small beside a = {a:g}")
        b, d = square.denominator, square.numerator
        gram = ((2 * b, -b, 0), (-b, 2 * b, 0), (0, 0, 2 * d))
        return cls("hcp", a, "hexagonal", gram, tuple(_NAMED["hcp"][1]))

    @classmethod
    def custom(cls, name, a, lattice="sc", basis=((1, _ORIGIN),), gram=None):
        """Any other: `basis` on the lattice sc, bcc or fcc, or on the axes whose products are
        `gram` (symmetric whole numbers, up to a factor)."""
        if gram is None and lattice not in _CUBIC:
            raise MLGrainError(f"the lattice is sc, bcc or fcc, or given by gram, not {lattice!r}")
        if gram is not None:
            lattice, gram = "general", _whole_matrix(gram, "gram")
        else:
            gram = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
        atoms = []
        for kind, position in basis:
            position = tuple(Fraction(x).limit_denominator(1000000) for x in position)
            if len(position) != 3 or int(kind) < 1:
                raise MLGrainError("basis: atoms are (type from 1, (x, y, z))")
            atoms.append((int(kind), position))
        if not atoms:
            raise MLGrainError("basis: no atom")
        return cls(name, _positive(a, "a"), lattice, gram, tuple(atoms))

    @property
    def ratio(self):
        """(c/a)^2, a fraction."""
        return Fraction(self.gram[2][2], self.gram[0][0])

    @property
    def identity(self):
        """What two crystals have in common whose boundaries can be the same: all but the size."""
        return self.name, self.lattice, self.gram, self.basis

    def core(self):
        """The lattice in the compiled core, with the symmetry that the atoms leave of its own."""
        if self.lattice in _CUBIC:
            made = core().Lattice.cubic(_CUBIC[self.lattice], self.a)
        elif self.lattice == "hexagonal":
            made = core().Lattice.hexagonal([self.ratio.numerator, self.ratio.denominator], self.a)
        else:
            made = core().Lattice.of_gram(self.gram, self.a / math.sqrt(self.gram[0][0]))
        if len(self.basis) == 1:
            return made
        return made.with_atoms([kind for kind, _ in self.basis],
                               [[float(x) for x in place] for _, place in self.basis])

    def axes(self):
        """Rows: the axes, the first along x, the second in the plane xy [3, 3]."""
        return np.array(self.core().frame()).T

    def has_inversion(self):
        """Whether the atoms are as the opposite ones, so that a cell can have two equal
        boundaries."""
        primitive, divisor = self.core().primitive()
        inverse = np.linalg.inv(np.array(primitive, float) / divisor)

        def same(first, second):
            steps = np.array([float(p - q) for p, q in zip(first, second)]) @ inverse
            return np.allclose(steps, np.round(steps), atol=1e-6)
        return all(any(kind == other and same(position, [-x for x in place])
                       for other, place in self.basis) for kind, position in self.basis)


def crystal(which, a=1.0):
    """A Crystal, or the one of this name."""
    return which if isinstance(which, Crystal) else Crystal.named(which, a)


def _positive(value, name):
    value = float(value)
    if not 0.0 < value < math.inf:
        raise MLGrainError(f"{name} = {value:g} is not a length")
    return value


def _whole_matrix(values, name):
    try:
        rows = tuple(tuple(int(x) for x in row) for row in values)
    except (TypeError, ValueError):
        rows = ()
    if len(rows) != 3 or any(len(row) != 3 for row in rows):
        raise MLGrainError(f"{name}: 3 x 3 whole numbers are needed")
    return rows
