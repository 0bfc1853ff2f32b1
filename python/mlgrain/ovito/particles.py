# SPDX-License-Identifier: GPL-2.0-or-later
"""Particles of OVITO as the arrays that the rest of the package takes."""

from __future__ import annotations

import numpy as np

from ..compiled import core
from ..errors import MLGrainError


def atoms_of(data):
    """(positions, cell, pbc) of a DataCollection. The cell's origin is left out: it makes no
    difference to neighbors."""
    particles = data.particles
    if particles is None or particles.positions is None:
        raise MLGrainError("there are no particles with positions")
    cell = data.cell
    if cell is None:
        return np.asarray(particles.positions), None, False
    if cell.is2D:
        raise MLGrainError("the simulation cell is two-dimensional; neighborhoods here have three "
                           "dimensions")
    return np.asarray(particles.positions), np.array(cell[:, :3].T), tuple(cell.pbc)


def types_of(data):
    """Types of the particles: (ids that occur, their names, "" for none; and for each particle the
    place of its type in these lists)."""
    types = data.particles.particle_types
    if types is None:
        raise MLGrainError("the particles have no types (property 'Particle Type')")
    named = {one.id: one.name for one in types.types}
    ids, places = np.unique(np.asarray(types), return_inverse=True)
    return ids.tolist(), [named.get(one, "") for one in ids.tolist()], places


def is_symbol(name):
    """Whether it is that of a chemical element."""
    return name in core().SYMBOLS


def weights_of(data, weights):
    """[particles] the weight that each particle has by its type, the first weight that of type 1;
    None for no weights."""
    if not weights:
        return None
    ids, _, places = types_of(data)
    for one in ids:
        if not 1 <= one <= len(weights):
            raise MLGrainError(f"weights: there are {len(weights)}, none for particle type {one}")
    return np.asarray(weights, np.float64)[np.array(ids, np.intp) - 1][places]


def species_of(data, potential):
    """[particles] the species of an MTP that each particle is of: found by the names of types where
    these are chemical symbols, and by their order, type 1 being the first species, where none
    is."""
    if data.particles.particle_types is None and potential.species_count == 1:
        return np.zeros(data.particles.count, np.int32)
    ids, names, places = types_of(data)
    symbols = [is_symbol(name) for name in names]
    if all(symbols):
        species = _by_name(names, potential)
    elif not any(symbols):
        species = _by_order(ids, potential)
    else:
        raise MLGrainError(f"species: particle type {ids[symbols.index(False)]} is not named by a "
                           "chemical symbol, and others are; name all of them, or none")
    return np.array(species, np.int32)[places]


def _by_name(names, potential):
    if potential.species is None:
        if potential.species_count == 1 and len(names) <= 1:
            return [0] * len(names)
        raise MLGrainError(f"species: {potential.path} doesn't name its species; give their "
                           "chemical symbols in the order of the file")
    for name in names:
        if name not in potential.species:
            raise MLGrainError(f"species: {name} is not among the potential's: "
                               + ", ".join(potential.species))
    return [potential.species.index(name) for name in names]


def _by_order(ids, potential):
    for one in ids:
        if not 1 <= one <= potential.species_count:
            raise MLGrainError(f"species: particle type {one}, which no chemical symbol names, has "
                               f"none among the {potential.species_count} of {potential.path}")
    return [one - 1 for one in ids]


def check_elements(data, elements, path):
    """Raises where types are named by elements that a model wasn't trained with."""
    if not elements or data.particles.particle_types is None:
        return
    for name in types_of(data)[1]:
        if is_symbol(name) and name not in elements:
            raise MLGrainError(f"{path} was trained with {', '.join(elements)}, and there are "
                               f"particles of type {name}; if it is meant to serve them, give the "
                               "type another name before (Edit types)")
