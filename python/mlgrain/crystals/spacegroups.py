# SPDX-License-Identifier: GPL-2.0-or-later
"""The 230 space groups: operations in a primitive cell, and their positions, general and special.

Operations are those of spglib (A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Meth.
4, 2384822 (2024)). A position is the set of points that some operations of the group leave where
they are (International Tables A, "Wyckoff positions"). The sets are found from the operations
alone: a point is moved to the nearest fixed point of an operation, then to one of two operations,
then of three.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from ..errors import MLGrainError

TRIALS = 384  # points that look for special positions: they find all 1731 of the tables
SAME = 1e-6  # of fractional coordinates


def spglib():
    """The module, which is optional."""
    try:
        import spglib as module
    except ImportError:
        raise MLGrainError(
            "random crystals need the Python package spglib: pip install spglib") from None
    return module


@dataclasses.dataclass(frozen=True)
class Position:
    """Points with a site symmetry: `point` and `point + directions @ any numbers`, in fractional
    coordinates of the primitive cell; an orbit has `multiplicity` of them in that cell."""

    multiplicity: int
    point: np.ndarray
    directions: np.ndarray  # [3, degrees of freedom]

    @property
    def freedom(self):
        return self.directions.shape[1]


@dataclasses.dataclass(frozen=True)
class SpaceGroup:
    """number       1 to 230
    symbol       of Hermann and Mauguin, short
    rotations    [operations, 3, 3] x' = W x + w in fractional coordinates of the primitive cell
    translations [operations, 3]
    primitive    [3, 3] rows: edges of the primitive cell in fractional coordinates of the
    conventional one
    positions    those that differ; two without freedom are two orbits
    """

    number: int
    symbol: str
    rotations: np.ndarray
    translations: np.ndarray
    primitive: np.ndarray
    positions: tuple

    def images(self, point):
        """[operations, 3], in the cell."""
        return (self.rotations @ point + self.translations) % 1.0

    def orbit(self, point):
        """Different images of a point, [multiplicity, 3]."""
        return _distinct(self.images(point))

    def symmetric_metric(self, metric):
        """The mean over the group of a metric (products of edges) of the primitive cell: one that
        all operations keep."""
        return np.mean(np.swapaxes(self.rotations, 1, 2) @ metric @ self.rotations, axis=0)


def _distinct(points):
    """Points of the cell that are not images of earlier ones by lattice vectors."""
    apart = np.abs((points[:, None] - points + 0.5) % 1.0 - 0.5).max(axis=2)
    return points[np.argmax(apart < SAME, axis=1) == np.arange(len(points))]


@functools.lru_cache(maxsize=None)
def _hall_numbers():
    """{number of the group: its first Hall number, the standard setting}."""
    found = {}
    for hall in range(1, 531):
        found.setdefault(spglib().get_spacegroup_type(hall).number, hall)
    return found


@functools.lru_cache(maxsize=None)
def space_group(number):
    """The SpaceGroup of a number from 1 to 230."""
    hall = _hall_numbers()[number]
    database = spglib().get_symmetry_from_database(hall)
    rotations, translations = database["rotations"].astype(float), database["translations"] % 1.0
    primitive = _primitive_edges(rotations, translations)
    rotations, translations = _in_cell(rotations, translations, primitive)
    return SpaceGroup(
    number,
    spglib().get_spacegroup_type(hall).international_short,
    rotations,
    translations,
    primitive,
    _positions(
        rotations,
        translations,
         number))


def _primitive_edges(rotations, translations):
    """Edges of a primitive cell: of pure translations and lattice vectors the shortest three that
    span their lattice."""
    pure = translations[np.abs(rotations - np.eye(3)).max(axis=(1, 2)) == 0]
    shifts = np.array(np.meshgrid(*3 * [[-1, 0, 1]], indexing="ij")).reshape(3, -1).T
    vectors = (pure[:, None] + shifts).reshape(-1, 3)
    vectors = vectors[np.argsort((vectors**2).sum(axis=1).round(9), kind="stable")]
    vectors = vectors[(vectors**2).sum(axis=1) > SAME]
    for second in range(1, len(vectors)):
        for third in range(second + 1, len(vectors)):
            edges = vectors[[0, second, third]]
            volume = np.linalg.det(edges)
            if abs(abs(volume) * len(pure) - 1.0) < SAME:
                return edges if volume > 0 else edges[[0, 2, 1]]
    raise AssertionError("no primitive cell")


def _in_cell(rotations, translations, primitive):
    """Operations in fractional coordinates of another cell, each once."""
    to_cell = np.linalg.inv(primitive.T)
    rotations = np.round(to_cell @ rotations @ primitive.T, 9)
    translations = (translations @ to_cell.T) % 1.0
    _, first = np.unique(rotations.reshape(len(rotations), 9), axis=0, return_index=True)
    first.sort()
    return rotations[first], translations[first]


def _positions(rotations, translations, seed):
    """The general position, and all special ones that TRIALS points find."""
    count = len(rotations)
    found = [Position(count, np.zeros(3), np.eye(3))]
    if count == 1:
        return tuple(found)
    random = np.random.default_rng(seed)
    points = random.random((TRIALS, 3))
    matrices, sides = np.zeros((TRIALS, 9, 3)), np.zeros((TRIALS, 9))
    seen = set()
    for depth in range(3):
        chosen = random.integers(1, count, TRIALS)
        matrix = rotations[chosen] - np.eye(3)
        # Of the images W x + w + n the one nearest to x.
        side = np.round(np.einsum("kij,kj->ki", matrix, points) + \
                        translations[chosen]) - translations[chosen]
        rows = slice(3 * depth, 3 * depth + 3)
        matrices[:, rows], sides[:, rows] = matrix, side
        missing = sides - np.einsum("kij,kj->ki", matrices, points)
        moved = points + np.einsum("kij,kj->ki", np.linalg.pinv(matrices, rcond=1e-9), missing)
        good = np.abs(np.einsum("kij,kj->ki", matrices, moved) - sides).max(axis=1) < 1e-9
        points[good] = moved[good]
        matrices[~good, rows], sides[~good, rows] = 0.0, 0.0
        found += _new_positions(rotations, translations, points[good] % 1.0, seen)
    return _different(rotations, translations, found)


def _new_positions(rotations, translations, points, seen):
    """The positions of points, those left out that the same operations leave where they are as in
    `seen`."""
    shifts = np.einsum("oij,kj->koi", rotations - np.eye(3), points) + translations
    whole = np.round(shifts)
    on_site = np.abs(shifts - whole).max(axis=2) < SAME
    whole[~on_site] = 0.0
    found = []
    for point, site, steps in zip(points, on_site, whole.astype(np.int8)):
        key = (site.tobytes(), steps.tobytes())
        if key not in seen:
            seen.add(key)
            _, values, rows = np.linalg.svd((rotations[site] - np.eye(3)).reshape(-1, 3))
            found.append(Position(len(rotations) // int(site.sum()), point, rows[values < 1e-9].T))
    return found


def _different(rotations, translations, positions):
    """One of each set of positions that operations map onto each other."""
    steps = np.array(np.meshgrid(*3 * [[-2, -1, 0, 1, 2]], indexing="ij")).reshape(3, -1).T
    kept = {}
    for one in positions:
        others = kept.setdefault((one.multiplicity, one.freedom), [])
        images = (rotations @ one.point + translations) % 1.0
        spans = rotations @ one.directions
        for other, normal, offsets in others:
            along = np.abs(normal @ spans).max(axis=(1, 2), initial=0.0) < SAME
            apart = (images[along] - other.point) @ normal.T
            if (np.abs(apart[:, None] + offsets).max(axis=2) < SAME).any():
                break
        else:
            normal = np.eye(3) - one.directions @ np.linalg.pinv(one.directions)
            others.append((one, normal, np.unique((steps @ normal.T).round(9), axis=0)))
    return tuple(one for others in kept.values() for one, _, _ in others)
