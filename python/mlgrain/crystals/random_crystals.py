# SPDX-License-Identifier: GPL-2.0-or-later
"""Random crystals in all space groups, as M. Poul, L. Huber, E. Bitzek, J. Neugebauer, Phys. Rev.
B 107, 104103 (2023) train potentials on: random groups, lattices and occupied positions."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..errors import MLGrainError
from .spacegroups import space_group, spglib
from .structures import Structure, aspect, reduced, relative_distance

TRIES = 2000  # in a row for one crystal
PRECISION = 1e-3  # Angstrom: spglib's tolerance when a crystal turns out to be more symmetric


@dataclasses.dataclass(frozen=True)
class Limits:
    """What structures are kept.

    atomic_volume [species]  Angstrom^3
    volume        (low, high) of the volume over that of the atoms
    shortest      [species, species] shortest distances, Angstrom
    aspect        largest ratio of an edge of the reduced cell to a distance between faces
    """

    atomic_volume: np.ndarray
    volume: tuple
    shortest: np.ndarray
    aspect: float

    def hold_volume(self, cell, species):
        ratio = abs(np.linalg.det(cell)) / self.atomic_volume[species].sum()
        return bool(self.volume[0] <= ratio <= self.volume[1])

    def hold(self, structure):
        return (self.hold_volume(structure.cell, structure.species)
                and aspect(structure.cell) <= self.aspect
                and relative_distance(structure, self.shortest) >= 1.0)


def random_crystals(count, atoms, limits, seed):
    """`count` crystals of atoms[0] to atoms[1] atoms in the primitive cell, equally many of each
    number as far as possible. The same for the same arguments."""
    random = np.random.default_rng([seed, 1])
    sizes = np.arange(atoms[0], atoms[1] + 1)
    room = np.full(len(sizes), count // len(sizes))
    room[len(sizes) - count % len(sizes):] += 1
    found, failed = [], 0
    while len(found) < count:
        wanted = int(random.choice(sizes[room > 0]))
        crystal = random_crystal(wanted, limits, random)
        place = -1 if crystal is None else len(crystal) - atoms[0]
        if not 0 <= place < len(sizes) or room[place] == 0:
            failed += 1
            if failed > TRIES:
                raise MLGrainError(f"no random crystal of {wanted} atoms was found in {TRIES} "
                                   "tries: the limits of volume and distance leave too little room")
            continue
        failed = 0
        room[place] -= 1
        found.append(dataclasses.replace(crystal, ancestry=f"{len(found) + 1}:{crystal.ancestry}"))
    return found


def random_crystal(atoms, limits, random):
    """One with a random space group among all 230, or None where the draw doesn't lead to one. Its
    ancestry is the symbol of the group that was drawn."""
    group = space_group(int(random.integers(1, 231)))
    positions = choose_positions(group, atoms, random)
    if positions is None:
        return None
    fractional, species = [], []
    for position in positions:
        point = position.point + position.directions @ random.uniform(-1.0, 1.0, position.freedom)
        orbit = group.orbit(point)
        if len(orbit) != position.multiplicity:
            return None
        fractional.append(orbit)
        species += [int(random.integers(len(limits.atomic_volume)))] * len(orbit)
    species = np.array(species, dtype=np.int32)
    volume = limits.atomic_volume[species].sum() * random.uniform(*np.cbrt(limits.volume))**3
    cell = random_cell(group, volume, random)
    crystal = Structure(cell, np.concatenate(fractional) @ cell, species, "RANDSPG", group.symbol)
    crystal = reduced(crystal)
    return primitive(crystal) if limits.hold(crystal) else None


def choose_positions(group, atoms, random):
    """Random positions of a group with so many atoms in all, or None. A position without freedom
    is taken at most once."""
    free = list(group.positions)
    chosen, left = [], atoms
    while left:
        fitting = [k for k, one in enumerate(free) if one.multiplicity <= left]
        if not fitting:
            return None
        k = fitting[int(random.integers(len(fitting)))]
        chosen.append(free[k])
        left -= free[k].multiplicity
        if not free[k].freedom:
            del free[k]
    return chosen


def random_cell(group, volume, random):
    """A primitive cell that the group allows: random edges and angles of the conventional one,
    their metric's mean over the group's operations."""
    lengths = np.exp(random.uniform(-np.log(2.0), np.log(2.0), 3))
    cosines = np.cos(np.radians(random.uniform(60.0, 120.0, 3)))
    metric = np.outer(lengths, lengths)
    for (i, j), cosine in zip(((1, 2), (0, 2), (0, 1)), cosines):
        metric[i, j] *= cosine
        metric[j, i] *= cosine
    lowest = np.linalg.eigvalsh(metric)[0]
    if lowest < 0.01:
        metric += (0.01 - lowest) * np.eye(3)
    metric = group.symmetric_metric(group.primitive @ metric @ group.primitive.T)
    cell = np.linalg.cholesky(metric)
    return cell * np.cbrt(volume / np.linalg.det(cell))


def primitive(crystal):
    """Its reduced primitive cell."""
    found = spglib().find_primitive((crystal.cell, crystal.positions @ np.linalg.inv(crystal.cell),
                                     crystal.species), symprec=PRECISION)
    if found is None or len(found[2]) == len(crystal):
        return crystal
    cell, fractional, species = found
    return reduced(dataclasses.replace(crystal, cell=np.array(cell), positions=fractional @ cell,
                                       species=np.array(species, dtype=np.int32)))
