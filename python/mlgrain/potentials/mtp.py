# SPDX-License-Identifier: GPL-2.0-or-later
"""Moment tensor potentials (doc/theory_mtp.md), by the compiled core: what pair style mtp of LAMMPS
gives, without LAMMPS."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from ..atoms import as_arrays, is_ase, numbers
from ..compiled import core, thread_count
from ..errors import MLGrainError


@dataclasses.dataclass(frozen=True)
class MTPResult:
    """What a potential gives for atoms; arrays are float64. Units are those of the potential's
    file: normally eV and Angstrom.

    energy             of all atoms
    energies           [atoms] site energies, whose sum is the energy
    forces             [atoms, 3]
    virial             [3, 3] symmetric, sum of r f over atoms, which is -dE/d(strain): positive
                       under pressure. The stress of ASE is -virial / volume
    grades             [atoms] extrapolation grades; those of one configuration are all the same.
                       None if they weren't wanted
    grade              the largest of these, or None
    smallest_distance  between two atoms, infinity if none are within the cutoff. Where it is less
                       than the potential's min_dist, nothing was known of such neighborhoods
    gradients          [atoms, parameters] of site energies by the potential's parameters. None if
                       they weren't wanted
    """

    energy: float
    energies: np.ndarray
    forces: np.ndarray
    virial: np.ndarray
    grades: np.ndarray | None
    grade: float | None
    smallest_distance: float
    gradients: np.ndarray | None


class MTP:
    """A moment tensor potential from a file of MLIP-2 (.mtp) or MLIP-3 (.almtp).

    species     chemical symbols in the order of the file's species. Not needed where the file has
                atomic numbers as labels; None otherwise, if there is no need to know them
    cutoff      of neighborhoods, unit of length of the file
    min_dist    the shortest distance between atoms that the potential was made for
    has_grades  whether the file has an active set
    """

    def __init__(self, path, species=None):
        self.path = os.fspath(path)
        try:
            with open(self.path, "rb") as file:
                contents = file.read()
        except OSError as error:
            raise MLGrainError(f"{self.path} can't be read: {error.strerror}") from error
        self._prepare(contents, species)

    @classmethod
    def from_bytes(cls, contents, name="potential", species=None):
        """A potential from the contents of a file; `name` stands for it in messages."""
        made = cls.__new__(cls)
        made.path = name
        made._prepare(bytes(contents), species)
        return made

    def _prepare(self, contents, species):
        self._contents = contents  # for copies and other processes
        self._core = core().MTP(str(self.path), contents)
        self.cutoff, self.min_dist = self._core.cutoff, self._core.min_dist
        self.has_grades = self._core.has_active_set
        self.species = self._names_in_file() if species is None else self._names(species)

    def __getstate__(self):
        return self.path, self.species, self._contents, self.parameters

    def __setstate__(self, state):
        self.path, species, contents, parameters = state
        self._prepare(contents, species)
        self._core.parameters = parameters

    @property
    def species_count(self):
        """Number of species."""
        return self._core.species_count

    @property
    def parameters(self):
        """A copy of all parameters, float64: radial, species, moment coefficients, each in the
        order of the file. Others can be put in their place; not while another thread evaluates."""
        return self._core.parameters

    @parameters.setter
    def parameters(self, values):
        values = numbers("parameters", values, (len(self.parameters),), f"[{len(self.parameters)}]")
        if not np.isfinite(values).all():
            raise MLGrainError("parameters: one is not finite")
        self._core.parameters = values

    def evaluate(self, atoms, species=None, *, grades=None, gradients=False, threads=1):
        """MTPResult for atoms: an Atoms of ASE or (positions, cell, pbc).

        species    [atoms] for each atom its species: whole numbers from 0 in the order of the file,
                   or chemical symbols. None: from the elements of an Atoms of ASE, or all the same
                   where the potential has one species
        grades     whether to compute them, which takes a third more time or so. None: if the file
                   has an active set
        gradients  whether to compute them
        threads    of the processor
        """
        arrays = as_arrays(atoms)
        species = self._indices(atoms, len(arrays.positions), species)
        if grades and not self.has_grades:
            raise MLGrainError(f"grades: {self.path} has no active set")
        grades = self.has_grades if grades is None else bool(grades)
        found = self._core.evaluate(*arrays, species, grades, bool(gradients),
                                    thread_count(threads))
        xx, yy, zz, xy, xz, yz = found.pop("virial")
        return MTPResult(**{"grades": None, "grade": None, "gradients": None, **found},
                         virial=np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))

    def _names_in_file(self):
        labels, symbols = self._core.labels, core().SYMBOLS
        if labels == list(range(len(labels))) or not all(0 < n <= len(symbols) for n in labels):
            return None
        return [symbols[number - 1] for number in labels]

    def _names(self, species):
        names = [species] if isinstance(species, str) else list(species)
        for name in names:
            if name not in core().SYMBOLS:
                raise MLGrainError(f"species: {name!r} is not a chemical symbol")
        if len(names) != self.species_count or len(set(names)) != len(names):
            raise MLGrainError(f"species: {len(set(names))} different ones are given, "
                               f"{self.path} has {self.species_count}")
        return names

    def _indices(self, atoms, count, species):
        """int32 [atoms]"""
        if species is None:
            if not is_ase(atoms):
                if self.species_count > 1:
                    raise MLGrainError("species: needed for each atom, since the potential has "
                                       f"{self.species_count} of them")
                return np.zeros(count, dtype=np.int32)
            return self._of_elements(np.asarray(atoms.numbers))
        values = np.asarray(species)
        if values.shape not in ((), (count,)):
            raise MLGrainError(f"species: shape {list(values.shape)} is not [{count}], the number "
                               "of atoms")
        if values.dtype.kind == "U":
            return np.broadcast_to(self._of_symbols(values), count).astype(np.int32)
        if values.dtype.kind not in "iu" and count:
            raise MLGrainError("species: neither whole numbers nor chemical symbols")
        if ((values < 0) | (values >= self.species_count)).any():
            raise MLGrainError(f"species: one is not within 0 to {self.species_count - 1}, those "
                               f"of {self.path}")
        return np.ascontiguousarray(np.broadcast_to(values, count), dtype=np.int32)

    def _of_symbols(self, values):
        different, inverse = np.unique(values, return_inverse=True)
        if self.species is None:
            raise MLGrainError(f"species: {self.path} doesn't name its species: give numbers from "
                               "0, or names with MTP(path, species=[...])")
        for name in different:
            if name not in self.species:
                raise MLGrainError(f"species: {str(name)!r} is not among the potential's: "
                                   + ", ".join(self.species))
        return np.array([self.species.index(name) for name in different], np.intp)[inverse]

    def _of_elements(self, elements):
        """Of the atomic numbers of an Atoms."""
        if self.species is None:
            if self.species_count == 1 and (elements == elements[:1]).all():
                return np.zeros(len(elements), dtype=np.int32)
            raise MLGrainError(f"species: {self.path} doesn't name its species, so that elements "
                               "can't be found: give names with MTP(path, species=[...])")
        symbols = core().SYMBOLS
        table = np.full(max(len(symbols), elements.max(initial=0)) + 1, -1, dtype=np.int32)
        for index, name in enumerate(self.species):
            table[symbols.index(name) + 1] = index
        found = table[elements]
        if (found < 0).any():
            number = int(elements[found.argmin()])
            name = symbols[number - 1] if 0 < number <= len(symbols) else f"atomic number {number}"
            raise MLGrainError(f"species: {name} is not among the potential's: "
                               + ", ".join(self.species))
        return found
