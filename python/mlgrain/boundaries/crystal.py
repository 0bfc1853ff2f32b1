# SPDX-License-Identifier: GPL-2.0-or-later
"""Crystals that boundaries are made of: a lattice and the atoms of its cell."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

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
    """Made by named, hcp, custom, from_cell or from_file. Lengths are in the unit of `a`.

    name      what it is called
    a         lattice constant: length of the first axis
    lattice   sc, bcc, fcc, hexagonal or general
    gram      products of the axes, whole numbers up to a factor
    basis     ((type, position), ...) of the atoms at each lattice point, on the axes, about a
              center of inversion if there is one
    strain    by how much lengths of the axes were changed, at most, to make their products rational
    symbols   chemical ones of types 1, 2, ..., where a file has told them
    """

    name: str
    a: float
    lattice: str
    gram: tuple
    basis: tuple
    strain: float = 0.0
    symbols: tuple = ()

    @classmethod
    def named(cls, name, a=1.0):
        """One of NAMES; hcp with the ideal c/a = sqrt(8/3)."""
        if name not in _NAMED:
            raise MLGrainError(f"the crystal {name!r} is none of {', '.join(NAMES)}; others are "
                               "made by Crystal.custom")
        lattice, basis = _NAMED[name]
        if lattice == "hexagonal":
            return cls.hcp(a)
        gram = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
        return cls(name, _positive(a, "a"), lattice, gram, tuple(basis))

    @classmethod
    def hcp(cls, a=1.0, c=None, largest=30):
        """Hexagonal close packed. (c/a)^2 becomes the nearest fraction with a denominator up to
        `largest`, as boundaries other than rotations about c are coincidences only then: see
        `ratio`, and `strain`."""
        a = _positive(a, "a")
        wanted = Fraction(8, 3) if c is None else Fraction((_positive(c, "c") / a) ** 2)
        square = wanted.limit_denominator(largest)
        if not square:
            raise MLGrainError(f"c = {c:g} is too small beside a = {a:g}")
        b, d = square.denominator, square.numerator
        gram = ((2 * b, -b, 0), (-b, 2 * b, 0), (0, 0, 2 * d))
        return cls("hcp", a, "hexagonal", gram, tuple(_NAMED["hcp"][1]),
                   abs(math.sqrt(square / wanted) - 1.0))

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

    @classmethod
    def from_cell(cls, axes, positions, types=None, name="custom"):
        """The crystal of a cell as programs give it, conventional or not.

        axes       rows: the axes, right-handed, in any frame [3, 3]
        positions  of the atoms, on these axes [n, 3]
        types      from 1 [n] (by default all 1)

        Indices of planes and directions are those of these axes; in the orthogonal cell of a
        hexagonal crystal, 1 : sqrt(3) : c, those of a_1, a_2 at 120 degrees, and c. Products of
        axes become the nearest fractions with denominators up to 30 (`strain`). What repeats by fcc
        or bcc translations in a cubic cell is one site. MLGrainError: not three axes, positions or
        types, left-handed axes or such without volume, no atom or more than 200, two at one
        place."""
        axes, positions = _array(axes, (3, 3), "axes"), _array(positions, (-1, 3), "positions")
        types = [1] * len(positions) if types is None else [int(kind) for kind in types]
        if len(types) != len(positions) or min(types, default=1) < 1:
            raise MLGrainError("types: a whole number from 1 is needed for each atom")
        made, types, places, strain = core().Lattice.of_cell(axes.tolist(), types,
                                                             positions.tolist())
        gram, (primitive, divisor) = tuple(map(tuple, made.gram())), made.primitive()
        lattice = "general"
        if np.array_equal(gram, gram[0][0] * np.eye(3)):
            points = divisor ** 3 / abs(np.linalg.det(np.array(primitive, float)))
            lattice = {1: "sc", 2: "bcc", 4: "fcc"}[round(points)]
        basis = tuple((kind, tuple(Fraction(x).limit_denominator(10 ** 9) for x in place))
                      for kind, place in zip(types, places))
        return cls(name, float(np.linalg.norm(made.frame(), axis=0)[0]), lattice, gram, basis,
                   strain)

    @classmethod
    def from_file(cls, path):
        """The crystal of a file with its cell, in any format that ASE reads (CIF, POSCAR, extended
        XYZ, LAMMPS data ...). Types are from 1 in the order in which elements come first."""
        try:
            import ase.io
        except ImportError as error:
            raise MLGrainError(f"{path}: to read crystals needs ASE: pip install ase") from error
        try:
            atoms = ase.io.read(path)
        except Exception as error:  # its readers raise all kinds
            raise MLGrainError(f"{path} can't be read as a crystal: {error}") from error
        symbols = tuple(dict.fromkeys(atoms.get_chemical_symbols()))
        types = [1 + symbols.index(symbol) for symbol in atoms.get_chemical_symbols()]
        if atoms.cell.rank < 3:
            raise MLGrainError(f"{path} has no cell of three axes")
        try:
            made = cls.from_cell(atoms.cell.array, atoms.get_scaled_positions(), types,
                                 os.path.splitext(os.path.basename(path))[0])
        except MLGrainError as error:
            raise MLGrainError(f"{path}: {error}") from error
        return replace(made, symbols=symbols)

    def scaled(self, a):
        """With another lattice constant."""
        return replace(self, a=_positive(a, "a"))

    def cell(self):
        """(axes [3, 3], positions on them [n, 3], types [n]) of the cell of the axes, with all
        lattice points in it: what from_cell takes."""
        primitive, divisor = self.core().primitive()
        steps = np.stack(np.meshgrid(*[range(divisor)] * 3), axis=-1).reshape(-1, 3)
        points = np.unique(steps @ np.array(primitive) % divisor, axis=0) / divisor
        positions = np.array([[float(x) for x in place] for _, place in self.basis])
        every = (positions[:, None] + points[None]).reshape(-1, 3)
        types = np.repeat([kind for kind, _ in self.basis], len(points))
        return self.axes(), every - np.floor(every + 1e-9), types

    @property
    def ratio(self):
        """(c/a)^2, a fraction."""
        return Fraction(self.gram[2][2], self.gram[0][0])

    @property
    def is_fcc(self):
        """Whether it is fcc with one atom at a lattice point, whatever it is called."""
        return self.lattice == "fcc" and len(self.basis) == 1

    @cached_property
    def identity(self):
        """What two crystals have in common whose boundaries can be the same: all but name, size and
        origin. (products of the axes, vectors of the lattice, atoms)"""
        divisor = math.gcd(*(n for row in self.gram for n in row))
        gram = tuple(tuple(n // divisor for n in row) for row in self.gram)
        vectors, over = self.core().primitive()
        return gram, (tuple(map(tuple, vectors)), over), self._arrangement()

    def _arrangement(self):
        """The atoms' types and places, seen from the atom of the rarest type from which they come
        first in order."""
        vectors, over = self.core().primitive()
        types = [kind for kind, _ in self.basis]
        places = np.array([[float(x) for x in place] for _, place in self.basis])
        steps = places @ np.linalg.inv(np.array(vectors, float) / over)
        rarest = min(types, key=lambda kind: (types.count(kind), kind))

        def seen_from(origin):  # 0.123, as no usual place is where rounding cuts then
            rounded = np.rint((steps - origin) * 1e5 + 0.123).astype(int) % 100000
            return tuple(sorted(zip(types, map(tuple, rounded.tolist()))))
        return min(seen_from(step) for kind, step in zip(types, steps) if kind == rarest)

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


def _array(values, shape, name):
    try:
        array = np.asarray(values, float).reshape(shape)
    except (TypeError, ValueError):
        array = np.empty(0)
    if not array.size or not np.isfinite(array).all():
        raise MLGrainError(f"{name}: finite numbers are needed, "
                           f"{' x '.join('n' if n < 0 else str(n) for n in shape)}")
    return array


def _whole_matrix(values, name):
    try:
        rows = tuple(tuple(int(x) for x in row) for row in values)
    except (TypeError, ValueError):
        rows = ()
    if len(rows) != 3 or any(len(row) != 3 for row in rows):
        raise MLGrainError(f"{name}: 3 x 3 whole numbers are needed")
    return rows
