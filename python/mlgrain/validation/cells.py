# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of cubic crystals with their axes along any three directions at right angles."""

from __future__ import annotations

import itertools

import numpy as np

from ..boundaries.bicrystal import cross, is_lattice_vector, primitive

LATTICES = ("bcc", "fcc")
ATOMS_PER_CUBE = {"bcc": 2, "fcc": 4}


def nearest_neighbors(lattice):
    """Distance of neighbors over the lattice constant, and a direction to one."""
    return (np.sqrt(3) / 2, (1, 1, 1)) if lattice == "bcc" else (np.sqrt(0.5), (1, 1, 0))


def axes(x, y):
    """x, y and what is at right angles to both, right-handed."""
    return x, y, primitive(cross(x, y))


def oriented(lattice, a, directions, counts=(1, 1, 1)):
    """(cell, positions) of counts periods along each of three directions at right angles, which
    become x, y, z. Atoms are in the cell, the first at its corner."""
    vectors = np.array(
        [d if is_lattice_vector(lattice, d) else 2 * np.array(d) for d in directions])
    corners = np.array(list(itertools.product((0, 1), repeat=3))) @ vectors
    ranges = [np.arange(low, high + 1) for low, high in zip(corners.min(0), corners.max(0))]
    points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[is_lattice_vector(lattice, points)]
    squares = (vectors ** 2).sum(1)
    inside = points @ vectors.T  # over squares: fractional coordinates
    keep = ((inside >= 0) & (inside < squares)).all(1)
    fractional = inside[keep] / squares
    fractional = fractional[np.lexsort(fractional.T)]
    shifts = np.array(list(itertools.product(*map(range, counts))))
    edges = 0.5 * a * np.sqrt(squares)
    positions = (fractional[None] + shifts[:, None]).reshape(-1, 3) * edges
    return np.diag(edges * counts), positions


def repeats(lattice, a, directions, least):
    """Fewest periods for edges of at least these."""
    cell, _ = oriented(lattice, a, directions)
    return [
        max(1, int(np.ceil(length / edge - 1e-9))) for length, edge in zip(least, np.diag(cell))
    ]


def block(lattice, a, least):
    """A cube with edges of at least this along <100>."""
    directions = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    return oriented(lattice, a, directions, repeats(lattice, a, directions, 3 * [least]))


def between_planes(cell, positions, axis):
    """The same, moved along an axis so that a face of the cell is halfway between two planes of
    atoms."""
    height = cell[axis, axis]
    places = np.unique(np.round(positions[:, axis] % height, 6))
    step = np.min(np.diff(np.append(places, height + places[0])))
    moved = positions.copy()
    moved[:, axis] = (moved[:, axis] - places[0] + 0.5 * step) % height
    return moved
