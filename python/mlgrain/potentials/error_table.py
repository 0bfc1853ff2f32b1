# SPDX-License-Identifier: GPL-2.0-or-later
"""Root mean square errors of energies, forces and stresses by kind of structure."""

from __future__ import annotations

import dataclasses

import numpy as np

from . import streaming, training
from .training import kind_of

GPA = 160.21766208  # of an eV/Angstrom^3
LABELS = {"energy": 1e3, "force": 1e3, "stress": GPA}  # meV/atom, meV/Angstrom, GPa
ALL = "all"


@dataclasses.dataclass
class Compared:
    """A configuration beside a potential's own values of it: all None where there is no label."""

    configuration: object
    energy: float | None
    forces: np.ndarray | None
    virial: np.ndarray | None

    def differences(self):
        """Arrays of (energy per atom, force components, stresses), None without labels."""
        one = self.configuration
        return (None if self.energy is None else (self.energy - one.energy) / len(one),
                None if self.forces is None else self.forces - one.forces,
                None if self.virial is None else
                (self.virial - one.virial) / abs(np.linalg.det(one.cell)))


def compared(one):
    """Compared for each configuration of a Training."""
    energy, force, virial = one.core.evaluate(one.threads)
    first = 0
    for k, c in enumerate(one.configurations):
        yield Compared(c, None if c.energy is None else energy[k],
                       None if c.forces is None else force[first:first + len(c)],
                       None if c.virial is None else virial[k])
        first += len(c)


def compared_stream(contents, configurations, threads=1, name="potential", atoms=None):
    """Compared for each configuration, of which a batch is in memory at a time.

    contents  bytes of an .mtp or .almtp file
    atoms     of a batch, about; None: streaming.ATOMS
    """
    types, labels = None, None
    for batch in streaming.batches(configurations, atoms):
        if types is None:
            labels = np.array(streaming.labels_of(contents, name))
            types = streaming.TypeReader(labels.tolist())
        known = [dataclasses.replace(c, types=labels[types.species(c)]) for c in batch]
        yield from compared(training.Training(contents, known, threads=threads, name=name))


class ErrorTable:
    """Sums of squares by `key` of the configurations, which the rows call `name`."""

    def __init__(self, key=kind_of, name="kind"):
        self.key, self.name, self.sums = key, name, {}

    def add(self, compared):
        sums = self.sums.setdefault(self.key(compared.configuration), np.zeros((len(LABELS), 3)))
        for row, difference in zip(sums, compared.differences()):
            row[0] += 1
            if difference is not None:
                row[1] += np.size(difference)
                row[2] += np.sum(np.square(difference))

    def rows(self):
        """Dicts: the kind, configurations, energy (meV/atom), force (meV/Angstrom), stress (GPa);
        of several kinds, one more for all."""
        sums = dict(self.sums)
        if len(sums) > 1:
            sums[ALL] = sum(sums.values())
        return [{self.name: kind, "configurations": int(part[0, 0]),
                 **{label: float(unit * np.sqrt(row[2] / row[1])) if row[1] else float("nan")
                    for row, (label, unit) in zip(part, LABELS.items())}}
                for kind, part in sums.items()]
