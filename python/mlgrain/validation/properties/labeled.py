# SPDX-License-Identifier: GPL-2.0-or-later
"""Structures that one potential makes, and in which the forces and energies of others are compared
with its own."""

from __future__ import annotations

import dataclasses
import os
import zipfile

import numpy as np

from .common import MILLI, Failure


@dataclasses.dataclass
class Labeled:
    """groups     [structures], whole numbers: what is compared together
    cells      [structures, 3, 3], rows are the edges (Angstrom)
    counts     [structures], numbers of atoms
    positions  [atoms of all structures, 3]
    near       [atoms of all structures], whole numbers: what an atom belongs to, 0 if its force
               doesn't count
    areas      [structures], of boundaries (Angstrom^2)
    energies   [structures], less that of as many atoms of the crystal (eV)
    forces     [atoms of all structures, 3] (eV/Angstrom)
    """

    groups: np.ndarray
    cells: np.ndarray
    counts: np.ndarray
    positions: np.ndarray
    near: np.ndarray
    areas: np.ndarray
    energies: np.ndarray
    forces: np.ndarray

    def group_of_atoms(self):
        return np.repeat(self.groups, self.counts)


def labeled(session, crystal, groups, cells, positions, near, areas):
    """Structures with the labels of the potential at hand; positions and near have one array for
    each structure."""
    energies, forces = [], []
    for cell, x in zip(cells, positions):
        (energy,), (force,) = session.evaluate(cell, [x])
        energies.append(energy - len(x) * float(crystal.e0))
        forces.append(force)
    return Labeled(np.array(groups), np.array(cells), np.array([len(x) for x in positions]),
                   np.concatenate(positions), np.concatenate(near).astype(np.int8),
                   np.array(areas), np.array(energies), np.concatenate(forces))


def again(session, crystal, known):
    """The same structures with the labels of another potential."""
    ends = np.cumsum(known.counts)[:-1]
    return labeled(session, crystal, known.groups, known.cells, np.split(known.positions, ends),
                   np.split(known.near, ends), known.areas)


def write(path, structures):
    with open(path + ".part", "wb") as file:
        np.savez_compressed(file, **vars(structures))
    os.replace(path + ".part", path)


def read(source):
    """Those of a Source."""
    names = [field.name for field in dataclasses.fields(Labeled)]
    try:
        with np.load(source.path, allow_pickle=False) as file:
            return Labeled(**{name: file[name] for name in names})
    except FileNotFoundError:
        raise Failure(f"there are no structures, since {source.name} made none") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise Failure(f"{source.path} is no file of structures; without it, {source.name} makes "
                      "them again") from None


def compared(session, crystal, make):
    """(structures with the labels of the potential at hand, with those of the one that made them):
    made by make() = (groups, cells, positions, near, areas), or read."""
    source = crystal.source
    if source.own:
        found = labeled(session, crystal, *make())
        write(source.path, found)
        return found, found
    known = read(source)
    return again(session, crystal, known), known


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def errors(found, known, near=1):
    """{group: (rms force, rms error of forces, the error in per cent of the known rms force, rms
    error of energies)}: meV/Angstrom, components of forces of atoms that belong to `near`;
    meV/atom."""
    table, group = {}, known.group_of_atoms()
    for one in np.unique(known.groups):
        which, structures = (group == one) & (known.near == near), known.groups == one
        if not which.any():
            raise Failure("there are no atoms whose forces count")
        size, error = rms(known.forces[which]), rms((found.forces - known.forces)[which])
        energy = ((found.energies - known.energies) / known.counts)[structures]
        table[int(one)] = (MILLI * rms(found.forces[which]), MILLI * error, 100.0 * error / size,
                           MILLI * rms(energy))
    return table
