# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells with the atoms of any boundary; the normal is along z.

Two equal boundaries for every boundary and every translation, without whole periods along the
normal: the third box vector is c = 2 t + l1 + l2, t the translation of crystal 1, l1 and l2 lattice
vectors of the two crystals that lead from one end of a grain to the other. Inversion about the
middle of grain 1 maps grain 1 onto itself, grain 2 onto its image at +c, and one boundary onto the
other.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError

# Planes of atoms at a boundary are at least so far apart, in lattice constants, to begin with.
LEAST_GAP = 0.08


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
    terminations  of grain 1 and 2, numbers from 0 to `terminations(1)` - 1: where a grain ends
                  between
                  two lattice planes, for crystals with several atoms at a lattice point
    """

    def __init__(self, boundary, thickness=30.0, repeats=(1, 1), terminations=(0, 0)):
        if not 0.0 < thickness < math.inf or min(repeats) < 1:
            raise MLGrainError("the thickness must be positive and repeats at least 1")
        self.boundary, self.crystal = boundary, boundary.crystal
        #: Rotations from the Cartesian frame of either crystal to that of the box.
        self.frames, counts, self._strains, period = boundary.geometry()
        plane = period * np.array(repeats)[:, None]
        plane[0, 1:] = plane[1, 2] = 0.0  # but for rounding
        plane[1] -= plane[0] * round(plane[1, 0] / plane[0, 0])
        self.plane = plane
        self.layers = [self._layer(which, counts[which] * np.array(repeats)[:, None])
                       for which in (0, 1)]
        self.spacing = [boundary.nets(which)[3] for which in (1, 2)]
        self.counts = [max(1, math.ceil(thickness / d - 1e-9)) for d in self.spacing]
        self.ends = []
        for which in (0, 1):
            ends = self.offsets(which + 1)
            if not 0 <= terminations[which] < len(ends):
                raise MLGrainError(f"grain {which + 1} has {len(ends)} terminations, from 0; there "
                                   "is "
                                   f"no {terminations[which]}")
            self.ends.append(ends[terminations[which]])

    def _in_box(self, which, vectors):
        """Vectors on the axes of a crystal in the box."""
        return vectors @ self.crystal.axes() @ self.frames[which].T @ self._strains[which].T

    def _layer(self, which, whole):
        """Of one lattice plane: points of the net within `whole` of its vectors, and the step to
        the next."""
        net, step, _, _ = self.boundary.nets(which + 1)
        net, step = self._in_box(which, net), self._in_box(which, step)
        (a, b), (c, d) = whole.tolist()
        determinant = a * d - b * c
        corners = np.array([(0, 0), (a, b), (c, d), (a + c, b + d)])
        ranges = [np.arange(low, high + 1) for low, high in zip(corners.min(0), corners.max(0))]
        points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 2)
        place = points @ np.array([[d, -b], [-c, a]]) * (1 if determinant > 0 else -1)
        inside = ((place >= 0) & (place < abs(determinant))).all(axis=1)
        return points[inside] @ net, step

    def _basis(self, which):
        places = np.array([[float(x) for x in position] for _, position in self.crystal.basis])
        return self._in_box(which, places), np.array([kind for kind, _ in self.crystal.basis])

    def offsets(self, which):
        """Where grain `which` (1 or 2) can end: distances beyond its outermost lattice planes, one
        for each different termination."""
        d = self.spacing[which - 1]
        heights = self._basis(which - 1)[0][:, 2]
        return sorted({round(h - d * math.floor(h / d + 1e-9), 9) for h in (*heights, *-heights)})

    def _grain(self, which):
        """Positions and kinds of a grain that begins at height 0 of its own lattice planes and ends
        at the last, each with what is beyond it."""
        (points, step), (basis, kinds) = self.layers[which], self._basis(which)
        d, end = self.spacing[which], self.ends[which]
        top = self.counts[which] * d + end
        sign = 1 if which == 0 else -1  # grain 2 goes downwards
        found, types = [], []
        for place, kind in zip(basis, kinds):
            # all k with -end <= sign (k d + height) <= top
            first = math.ceil((-end - sign * place[2]) / d - 1e-6)
            last = math.floor((top - sign * place[2]) / d + 1e-6)
            for k in range(first, last + 1):
                found.append(points + sign * k * step + place)
                types += [kind] * len(points)
        return np.concatenate(found), np.array(types)

    def cell(self, translation=(0.0, 0.0), gap=0.0, overlap=0.0, surfaces=False, hold=8.0):
        """A cell.

        translation  of grain 1, in the two vectors of the cell of distinct translations
        gap          so much farther apart than at the crystal's density
        overlap      of two atoms closer than this across a boundary, that of grain 2 is removed,
                     and
                     with it its inversion image at the other boundary
        surfaces     one boundary, and surfaces at both ends, in a box that is not periodic along z
        hold         thickness of the layers at either end that are to be held or to move as one
        """
        if not surfaces and not self.crystal.has_inversion():
            raise MLGrainError(f"{self.crystal.name} has no center of inversion: its boundaries "
                               "come one "
                               "to a cell, between surfaces")
        if not (overlap >= 0.0 and math.isfinite(overlap) and math.isfinite(gap)):
            raise MLGrainError("the overlap must not be negative, and the gap a number")
        (upper, upper_kinds), (lower, lower_kinds) = self._grain(0), self._grain(1)
        shift, ends = self._shift(translation, gap, len(upper), len(lower))
        upper = upper + shift
        c = 2 * shift + ends[0] + ends[1]
        for k in (1, 0):
            c -= self.plane[k] * round(c[k] / self.plane[k, k])
        box = np.array([self.plane[0], self.plane[1], c])
        center = shift + ends[0] / 2
        if surfaces:
            box[2] = (0, 0, upper[:, 2].max() - lower[:, 2].min())
        keep = ~self._too_close(lower, upper, overlap)
        if not surfaces:  # the same at the other end of the grain
            for i in np.flatnonzero(~keep):
                keep[_find(-ends[1] - lower[i], lower, self.plane)] = False
        positions = np.concatenate([upper, lower[keep]])
        grain = np.repeat([1, 2], [len(upper), keep.sum()])
        origin = np.array([0.0, 0.0, lower[:, 2].min()])
        if not surfaces:
            origin[2] = -ends[1][2] - shift[2] / 2
        cell = Cell(self.boundary, box, _wrapped(positions, self.plane), grain,
                    np.concatenate([upper_kinds, lower_kinds[keep]]), origin, 1 if surfaces else 2,
                    center, int((~keep).sum()), np.zeros(len(grain), int))
        if surfaces:
            z = cell.positions[:, 2]
            cell.layer[z < z.min() + hold] = 1
            cell.layer[z > z.max() - hold] = 2
        return cell

    def _shift(self, translation, gap, upper, lower):
        """Translation of grain 1, and lattice vectors along both grains."""
        b = self.boundary
        shift = np.asarray(translation, float) @ self._in_box(0, b.shifts)
        ends = [count * layer[1] for count, layer in zip(self.counts, self.layers)]
        volume = abs(np.linalg.det(self.crystal.axes()))
        points = round(volume / (b.nets(1)[2] * self.spacing[0]))
        per_atom = volume / points / len(self.crystal.basis)
        area = self.plane[0, 0] * self.plane[1, 1]
        height = 0.5 * ((upper + lower) * per_atom / area - ends[0][2] - ends[1][2])
        beyond = self.ends[0] + self.ends[1]
        shift[2] = max(height, beyond + LEAST_GAP * self.crystal.a) + gap
        return shift, ends

    def _too_close(self, lower, upper, overlap):
        result = np.zeros(len(lower), bool)
        if not overlap:
            return result
        near = np.flatnonzero(lower[:, 2] > upper[:, 2].min() - overlap)
        partners = upper[upper[:, 2] < lower[:, 2].max() + overlap]
        reach = [math.ceil(overlap / height) for height in
                 (np.linalg.norm(self.plane[0]) * self.plane[1, 1] / np.linalg.norm(self.plane[1]),
                  self.plane[1, 1])]
        images = [i * self.plane[0] + j * self.plane[1] for i, j in
                  itertools.product(*(range(-n - 1, n + 2) for n in reach))]
        for i in near:
            d = partners - lower[i]
            for k in (1, 0):
                d = d - self.plane[k] * np.round(d[:, k] / self.plane[k, k])[:, None]
            squares = np.min([((d + image) ** 2).sum(axis=1).min() for image in images])
            result[i] = squares < overlap ** 2 * (1 - 1e-9)
        return result


def translations(boundary, spacing):
    """A grid over the cell of distinct translations with at most this spacing, in its two
    vectors."""
    if not spacing > 0.0:
        raise MLGrainError("the spacing of translations must be positive")
    vectors = boundary.shifts @ boundary.crystal.axes()
    counts = [max(1, math.ceil(np.linalg.norm(v) / spacing - 1e-9)) for v in vectors]
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


def _wrapped(positions, plane):
    positions = positions.copy()
    for k in (1, 0):
        steps = np.floor(np.round(_components(positions, plane)[:, k], 9))
        positions -= plane[k] * steps[:, None]
    return positions


def _components(positions, plane):
    """Of positions in the plane, in its two vectors."""
    return positions[:, :2] @ np.linalg.inv(plane[:, :2])


def _find(point, positions, plane):
    """Which position is at this point, up to periods in the plane."""
    d = positions - point
    parts = _components(d, plane)
    d[:, :2] -= np.round(parts) @ plane[:, :2]
    return int(np.argmin((d ** 2).sum(axis=1)))


def _nearest(points, others, box, inverse):
    """Distance from each point to the nearest of the others, periodic."""
    result = np.empty(len(points))
    for i, point in enumerate(points):
        d = (others - point) @ inverse
        d = (d - np.round(d)) @ box
        result[i] = np.sqrt((d ** 2).sum(axis=1).min())
    return result
