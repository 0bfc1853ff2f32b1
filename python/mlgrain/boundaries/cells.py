# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells with the atoms of any boundary; the normal is along z.

Two equal boundaries for every boundary and every translation, without whole periods along the
normal: the third box vector is c = 2 t + l1 + l2, t the translation of crystal 1, l1 and l2 lattice
vectors of the two crystals that lead from one end of a grain to the other. Inversion about the
middle of grain 1 maps grain 1 onto itself, grain 2 onto its image at +c, and one boundary onto the
other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..compiled import core
from ..errors import MLGrainError


@dataclass
class Cell:
    """Atoms of a cell. Grain 1 is above the boundary at z = 0 and grain 2 below it. Lengths are in
    the unit of the crystal's lattice constant."""

    boundary: object  # Boundary or NearBoundary
    box: np.ndarray  # rows: box vectors; a along x, b in the plane xy [3, 3]
    positions: np.ndarray  # [atoms, 3]
    grain: np.ndarray  # [atoms] 1 or 2
    species: np.ndarray  # [atoms] type of the crystal's basis, from 1
    origin: np.ndarray  # lower corner of the box
    boundaries: int  # 2, or 1 between surfaces
    center: np.ndarray  # of inversion, in the middle of grain 1; of no meaning between surfaces
    removed: int = 0  # atoms that were too close
    #: [atoms] 0; between surfaces: 1 in the layer at the bottom that is to be held, 2 in that at
    #: the top that is to move as one.
    layer: np.ndarray = None

    @property
    def area(self):
        """Of one boundary."""
        return self.box[0, 0] * self.box[1, 1]

    def inversion_error(self):
        """The self-check of two equal boundaries: how far, at most, the inversion image of an atom
        is from an atom of its kind and grain."""
        if self.boundaries != 2:
            raise MLGrainError("only a cell with two boundaries has a center of inversion")
        images = 2 * self.center - self.positions
        inverse = np.linalg.inv(self.box)
        worst = 0.0
        for kind in set(zip(self.grain, self.species)):
            mine = (self.grain == kind[0]) & (self.species == kind[1])
            distance = _nearest(images[mine], self.positions[mine], self.box, inverse)
            worst = max(worst, distance.max())
        return worst

    def half(self):
        """[atoms] How much of an atom counts to the half about the boundary at the ends of the box:
        1, or 0, or 1/2 in the middle of a grain. The two halves have the same energy before
        relaxation, and should have after it."""
        height = self.box[2, 2]
        z = np.mod(self.positions[:, 2] - self.center[2] + 1e-6, height) - 1e-6
        middle = (np.abs(z) < 1e-6) | (np.abs(z - height / 2) < 1e-6)
        return np.where(middle, 0.5, (z < height / 2).astype(float))


class Builder:
    """Makes the cells of one boundary; what doesn't depend on translations is worked out once.

    thickness     least thickness of a grain
    repeats       periods along x and y
    terminations  of grain 1 and 2, from 0, places in `offsets`: where a grain ends between two
                  lattice planes, for crystals with several atoms at a lattice point
    """

    def __init__(self, boundary, thickness=30.0, repeats=(1, 1), terminations=(0, 0)):
        self.boundary, self.crystal = boundary, boundary.crystal
        self._core = core().Bicrystal(
            boundary.geometry(), self.crystal.core(), [kind for kind, _ in self.crystal.basis],
            [[float(x) for x in place] for _, place in self.crystal.basis], float(thickness),
            tuple(repeats), tuple(terminations))
        grains = [self._core.grain(which) for which in (0, 1)]
        #: Of both grains: lattice planes, less one; their spacing; how far they go beyond these;
        #: atoms, before any is removed.
        self.counts, self.spacing, self.ends, self.atoms = (list(column) for column in zip(*grains))

    @property
    def axes(self):
        """Rows: the lattice's axes of either crystal in the box [2, 3, 3]."""
        return np.array(self._core.axes())

    def offsets(self, which):
        """Where grain `which` (1 or 2) can end: distances beyond its outermost lattice planes, one
        for each different termination."""
        return self._core.ends(which - 1)

    def cell(self, translation=(0.0, 0.0), gap=0.0, overlap=0.0, surfaces=False, hold=8.0):
        """A cell.

        translation  of grain 1, in the two vectors of the cell of distinct translations
        gap          so much farther apart than at the crystal's density
        overlap      of two atoms closer than this across a boundary, that of grain 2 is removed,
                     and with it its inversion image at the other boundary
        surfaces     one boundary, and surfaces at both ends, in a box that is not periodic along z
        hold         thickness of the layers at either end that are to be held or to move as one
        """
        box, origin, center, removed, positions, grain, species = self._core.place(
            [float(x) for x in translation], gap, overlap, surfaces)
        cell = Cell(self.boundary, np.array(box), positions, grain, species, np.array(origin),
                    1 if surfaces else 2, np.array(center), removed, np.zeros(len(grain), int))
        if surfaces:
            z = positions[:, 2]
            cell.layer[z < z.min() + hold] = 1
            cell.layer[z > z.max() - hold] = 2
        return cell


MOST_TRANSLATIONS = 10000


def translations(boundary, spacing):
    """A grid over the cell of distinct translations with at most this spacing, in its two
    vectors."""
    if not spacing > 0.0:
        raise MLGrainError("the spacing of translations must be positive")
    lengths = np.linalg.norm(boundary.shifts @ boundary.crystal.axes(), axis=1)
    least = math.sqrt(lengths.prod() / MOST_TRANSLATIONS)
    if spacing < least:
        raise MLGrainError(f"the spacing {spacing:g} makes more than {MOST_TRANSLATIONS} "
                           f"translations; {least:.2g} would do")
    counts = [max(1, math.ceil(length / spacing - 1e-9)) for length in lengths]
    return [(i / counts[0], j / counts[1]) for i in range(counts[0]) for j in range(counts[1])]


def write_data(path, cell, mass=None, by_grain=True):
    """A LAMMPS data file, atom style atomic. by_grain: types 1 to n are the crystal's in grain 1, n
    + 1 to 2 n those in grain 2; else types are the crystal's."""
    b, n = cell.boundary, int(cell.species.max())
    types = cell.species + (n * (cell.grain - 1) if by_grain else 0)
    count = 2 * n if by_grain else n
    (ax, _, _), (xy, by, _), (xz, yz, cz) = cell.box
    low = cell.origin
    lines = [f"{b.title}; normal z; "
             f"boundaries {cell.boundaries}", "",
             f"{len(cell.positions)} atoms", f"{count} atom types", "",
             f"{low[0]:.12g} {low[0] + ax:.12g} xlo xhi",
             f"{low[1]:.12g} {low[1] + by:.12g} ylo "
                                                          "yhi",
             f"{low[2]:.12g} {low[2] + cz:.12g} zlo zhi",
             f"{xy:.12g} {xz:.12g} {yz:.12g} xy xz yz", ""]
    if mass is not None:
        masses = [mass] * n if np.ndim(mass) == 0 else list(mass)
        if len(masses) != n:
            raise MLGrainError(f"masses: the crystal has {n} types of atoms")
        lines += ["Masses", "", *[f"{k + 1} {masses[k % n]:g}" for k in range(count)], ""]
    lines += ["Atoms # atomic", ""]
    lines += [f"{i + 1} {kind} {x:.10f} {y:.10f} {z:.10f}"
              for i, (kind, (x, y, z)) in enumerate(zip(types, cell.positions))]
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror}") from error


def _nearest(points, others, box, inverse):
    """Distance from each point to the nearest of the others, periodic."""
    result = np.empty(len(points))
    for i, point in enumerate(points):
        d = (others - point) @ inverse
        d = (d - np.round(d)) @ box
        result[i] = np.sqrt((d ** 2).sum(axis=1).min())
    return result
