# SPDX-License-Identifier: GPL-2.0-or-later
"""Small periodic cells around atoms of large systems, for reference calculations (doc/cells.md)."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from .configurations import Configuration

APART = 8.0  # Angstrom, of centers


@dataclasses.dataclass(frozen=True)
class Rules:
    """How cells are cut. Lengths in Angstrom.

    edge        of cells
    variation   edges are between edge (1 - variation) and edge (1 + variation)
    boxes       how many are tried
    closest     of two atoms that are nearer than this across the seam, the outer one is left out;
                0: 0.85 of the shortest distance around
    trusted     forces within this distance of the center have weight 1
    fading      over which weights of others fall to 0
    seam_reach  neighbors within it are compared with those before
    """

    edge: float = 15.0
    variation: float = 0.07
    boxes: int = 24
    closest: float = 0.0
    trusted: float = 4.0
    fading: float = 1.0
    seam_reach: float = 5.0

    def _lengths(self):
        lengths = (self.edge, self.variation, self.closest, self.trusted, self.fading,
                   self.seam_reach)
        if not (np.isfinite(lengths).all() and self.edge > 0 and 0 <= self.variation <= 0.5
                and self.closest >= 0 and min(lengths[3:]) > 0 and 1 <= self.boxes <= 1000):
            raise MLGrainError(f"{self} is out of range")
        return lengths


@dataclasses.dataclass(frozen=True)
class Cut:
    """A cell.

    cell       [3, 3] edges in rows, all periodic; as seen in the system, not turned
    positions  [atoms, 3] from a corner of the cell; the center is in its middle
    atoms      int64 [atoms] numbers in the system
    weights    [atoms] of forces: 1 near the center, 0 far from it
    center     number of the center in the system
    removed    atoms that were left out at the seam
    seam       root mean square change of weighted coordination numbers, in parts of their mean;
               both means with a Gaussian of 0.75 `trusted` about the center
    number     of the box among those that were tried
    """

    cell: np.ndarray
    positions: np.ndarray
    atoms: np.ndarray
    weights: np.ndarray
    center: int
    removed: int
    seam: float
    number: int

    def __len__(self):
        return len(self.positions)

    def configuration(self, types, source="", features=None):
        """As training takes it; types: [atoms of the system]."""
        return Configuration(positions=self.positions, types=np.asarray(types)[self.atoms],
                             cell=self.cell, pbc=(True,) * 3, force_weights=self.weights,
                             features=dict(features or {}), source=source)


def _system(positions, cell, periodic):
    """Contiguous arrays; edges that aren't periodic may be zero, and get a length."""
    positions = np.ascontiguousarray(positions, dtype=float)
    cell = np.array(cell, dtype=float)
    for k in range(3):
        if not periodic[k] and not cell[k].any():
            normal = np.cross(cell[k - 2], cell[k - 1])
            cell[k] = normal / np.linalg.norm(normal) if normal.any() else np.eye(3)[k]
    return positions, cell, tuple(map(bool, periodic))


def centers(positions, cell, periodic, score, limit=-np.inf, apart=APART, most=10):
    """Numbers of the atoms with the largest scores above a limit, each at least `apart` from those
    before it; atoms whose score is not finite are passed over."""
    return core().cutout_centers(*_system(positions, cell, periodic),
                                 np.ascontiguousarray(score, dtype=float), limit, apart, most)


def cut(positions, cell, periodic, center, rules=Rules(), judge=None):
    """The Cut around an atom: of all boxes that are tried, that with the smallest seam.

    judge  takes a Cut and gives the number that is to be smallest, instead of the seam
    """
    around = core().Around(*_system(positions, cell, periodic), int(center), rules._lengths(),
                           rules.boxes)
    if judge is None:
        return _made(around.best(), center)
    return min((_made(around.cut(k), center) for k in range(rules.boxes)), key=judge)


def _made(found, center):
    cell, x, atoms, weights, removed, seam, number = found
    return Cut(cell, x + cell.sum(axis=0) / 2, atoms, weights, int(center), removed, seam, number)


def extended_xyz(configuration, names, ids):
    """A configuration without labels as extended XYZ.

    names  [atoms] words for the column species
    ids    [atoms] of the system
    """
    lattice = " ".join(f"{value:.12g}" for value in configuration.cell.ravel())
    features = "".join(f' {key}="{text}"' for key, text in configuration.features.items())
    lines = [str(len(configuration)),
             f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:weight:R:1:id:I:1 pbc="T T T"'
             + features]
    lines += [f"{name} {x:.12g} {y:.12g} {z:.12g} {weight:.6g} {number}"
              for name, (x, y, z), weight, number in zip(names, configuration.positions,
                                                         configuration.force_weights, ids)]
    return "\n".join(lines) + "\n"
