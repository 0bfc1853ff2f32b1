# SPDX-License-Identifier: GPL-2.0-or-later
"""Extrapolation grades in OVITO."""

from __future__ import annotations

import numpy as np
from ovito.pipeline import ModifierInterface
from ovito.traits import FilePath
from traits.api import Range, Str

from ..errors import MLGrainError
from .models import potential_in
from .parameters import thread_number, threads_parameter
from .particles import atoms_of, species_of


class MTPGradeModifier(ModifierInterface):
    """Gives particles the property "Grade": how far a moment tensor potential extrapolates in their
    neighborhoods, as compute mtp/grade/atom does; the potential can't be trusted above 10.

    potential  a file of MLIP-3 with an active set (.almtp); its unit of length, normally Angstrom,
               is that of the positions
    species    chemical symbols in the order of the file's species, with blanks between them. Empty:
               those that the file names. Particles are matched by the names of their types, or,
               where no name is a chemical symbol, by the types' order: type 1 is the first species
    threshold  grades above it are counted
    threads    of the processor; 0: all

    Attributes: Grade.max, the largest grade; Grade.count, the number of particles above the
    threshold; Grade.smallest_distance between two particles.
    """

    potential = FilePath(label="Potential file")
    species = Str(label="Species (empty: of the file)")
    threshold = Range(low=0.0, value=2.0, label="Count grades above")
    threads = threads_parameter()

    def modify(self, data, **_):
        potential = potential_in(self.potential, self.species)
        if not potential.has_grades:
            raise MLGrainError(f"potential: {self.potential} has no active set, which grades need")
        atoms = atoms_of(data)
        found = potential.evaluate(atoms, species_of(data, potential), grades=True,
                                   threads=thread_number(self.threads))
        data.particles_.create_property("Grade", data=found.grades)
        data.attributes.update({
            "Grade.max": found.grade,
            "Grade.count": int(np.count_nonzero(found.grades > self.threshold)),
            "Grade.smallest_distance": found.smallest_distance})
