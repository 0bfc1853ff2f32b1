# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations that pass by once: species that are found as they come, batches."""

from __future__ import annotations

import numpy as np

from ..compiled import core
from ..errors import MLGrainError

ATOMS = 20000  # in memory at a time

def labels_of(contents, name="potential"):
    """The labels of the species of an .mtp or .almtp file's contents."""
    return core().MTPTraining(name, contents).labels


class TypeReader:
    """Makes species of a potential of the types in configurations, one after the other: types are
    its labels as long as all are among them, else species counted from 0, as in
    configurations.species_of for all of them at once."""

    def __init__(self, labels):
        self.labels = list(labels)
        self.number = {label: k for k, label in enumerate(self.labels)}
        self.seen, self.are_labels = set(), True

    def species(self, configuration):
        """[atoms], int32"""
        kinds, inverse = np.unique(configuration.types, return_inverse=True)
        kinds = [int(kind) for kind in kinds]
        if self.are_labels and not all(kind in self.number for kind in kinds):
            if any(self.number[kind] != kind for kind in self.seen):
                self._fail(configuration, kinds)
            self.are_labels = False
        if not self.are_labels and not all(0 <= kind < len(self.labels) for kind in kinds):
            self._fail(configuration, kinds)
        self.seen.update(kinds)
        table = [self.number[kind] if self.are_labels else kind for kind in kinds]
        return np.array(table, dtype=np.int32)[inverse.reshape(-1)]

    def _fail(self, configuration, kinds):
        raise MLGrainError(f"{configuration.source}: types {', '.join(map(str, kinds))} in a "
                           f"configuration: the potential has {', '.join(map(str, self.labels))}")


def batches(configurations, atoms=None):
    """Lists of configurations with about so many atoms together, ATOMS if not given."""
    atoms = ATOMS if atoms is None else atoms
    batch, count = [], 0
    for one in configurations:
        batch.append(one)
        count += len(one)
        if count >= atoms:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch
