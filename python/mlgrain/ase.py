# SPDX-License-Identifier: GPL-2.0-or-later
"""Potentials as calculators of ASE, the Atomic Simulation Environment.

    from mlgrain.ase import MTPCalculator
    atoms.calc = MTPCalculator("NiAl.mtp", species=["Ni", "Al"])
"""

from __future__ import annotations

import numpy as np

from .compiled import thread_count
from .errors import MLGrainError
from .potentials.mtp import MTP

try:
    from ase.calculators.calculator import BaseCalculator, all_changes
    from ase.outputs import Properties, all_outputs
    from ase.stress import full_3x3_to_voigt_6_stress
except ImportError as _error:
    raise MLGrainError("mlgrain.ase needs ASE: pip install ase (at least 3.22)") from _error


class MTPCalculator(BaseCalculator):
    """A moment tensor potential as a calculator.

    path     file of MLIP-2 (.mtp) or MLIP-3 (.almtp)
    species  chemical symbols in the order of the file's species; not needed where the file names
             them, or has one species and all atoms are of one element
    grades   compute extrapolation grades every time, not only when they are asked for
    threads  of the processor

    Besides ASE's properties (energy, free_energy, which is the same, energies, forces, stress) it
    has "grade", the largest extrapolation grade, and "grades", that of each atom:
    atoms.calc.get_property("grade", atoms). They need a file with an active set (.almtp).
    """

    def __init__(self, path, species=None, *, grades=False, threads=1):
        super().__init__(parameters={"path": str(path), "species": species})
        self.potential = MTP(path, species)
        self.threads = thread_count(threads)
        self._always_grades = bool(grades)
        self.implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]
        if self.potential.has_grades:
            self.implemented_properties += ["grade", "grades"]
        elif grades:
            raise MLGrainError(f"grades: {self.potential.path} has no active set")

    def _get_name(self):
        return "mtp"

    def calculate(self, atoms, properties=("energy",), system_changes=all_changes):
        """Computes all properties, grades only if they are among the given ones."""
        grades = self._always_grades or bool({"grade", "grades"} & set(properties))
        found = self.potential.evaluate(atoms, grades=grades, threads=self.threads)
        self.atoms = atoms.copy()
        self.results = {"energy": found.energy, "free_energy": found.energy,
                        "energies": found.energies, "forces": found.forces}
        if atoms.cell.rank == 3:
            self.results["stress"] = full_3x3_to_voigt_6_stress(-found.virial / atoms.get_volume())
        if grades:
            self.results.update(grade=found.grade, grades=found.grades)

    def check_state(self, atoms, tol=0.0):
        """What has changed, to the last digit, of all that the results depend on. ASE's own check
        takes a good part of the time that the potential itself does."""
        if self.atoms is None:
            return all_changes
        return [name for name in ("positions", "numbers", "cell", "pbc")
                if not np.array_equal(getattr(self.atoms, name), getattr(atoms, name))]

    def export_properties(self):
        """Those of the results that ASE knows."""
        return Properties({name: value for name, value in self.results.items()
                           if name in all_outputs})
