# SPDX-License-Identifier: GPL-2.0-or-later
"""Boundaries without coincidence, or of too large a period: a little strain gives them a period."""

from __future__ import annotations

import math

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from .boundary import near_plane, text
from .crystal import crystal as find_crystal


class NearBoundary:
    """A boundary whose grains are strained in its plane so that both have one period, each by half.
    Cells are made of it as of a Boundary.

    strain     largest relative change of a length of one net to fit to the other; a grain has half
    of it deviation  degrees by which the rotation between the crystals is another than was asked
    for
    """

    def __init__(self, matrix, planes, lattice="fcc", most_strain=1e-3, most_length=None):
        """matrix: the rotation from crystal 2 to crystal 1 in space [3, 3]. planes: (h k l) of
        either crystal that meet, with normals that point the same way; they are brought together by
        the smallest rotation. most_strain: what the nets may differ by. most_length: of the
        period's vectors (by default 30 lattice constants)."""
        self.crystal = find_crystal(lattice)
        made, axes = self.crystal.core(), self.crystal.axes()
        matrix = np.asarray(matrix, float)
        if matrix.shape != (3, 3) or not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6) or \
                np.linalg.det(matrix) < 0:
            raise MLGrainError("matrix: a rotation matrix is needed")
        self.planes = tuple(tuple(int(n) for n in plane) for plane in planes)
        self._nets = [core().plane_net(made, list(plane)) for plane in self.planes]
        normals = [_unit(np.linalg.inv(axes) @ plane) for plane in self.planes]
        frame = _frame(normals[0])
        second = _between(frame @ matrix @ normals[1], (0, 0, 1)) @ frame @ matrix
        length = 30 * self.crystal.a if most_length is None else float(most_length)
        nets = [(self.nets(k + 1)[0] @ axes @ f.T)[:, :2] for k, f in enumerate((frame, second))]
        first, other, _, deformation, self.strain = core().match_nets(
            nets[0].tolist(), nets[1].tolist(), length, float(most_strain))
        self._fit(frame, second, nets[0], [np.array(first), np.array(other)], np.array(deformation))
        got = self._frames[0].T @ self._frames[1]
        self.deviation = math.degrees(
            math.acos(max(-1.0, min(1.0, (np.trace(got.T @ matrix) - 1) / 2))))

    def _fit(self, first, second, net, counts, deformation):
        """Shares F = Q U: crystal 2 is turned back by Q, crystal 1 strained by the root of U,
        crystal 2 by its inverse. Then the period's first vector is turned to x."""
        u, sizes, v = np.linalg.svd(deformation)
        turn = u @ v
        root = v.T @ np.diag(np.sqrt(sizes)) @ v
        period = counts[0] @ net @ root.T
        if np.linalg.det(period) < 0:
            counts = [whole[::-1] for whole in counts]
            period = period[::-1]
        counts, period = _shorten(counts, period)
        c, s = period[0] / np.linalg.norm(period[0])
        to_x = np.array([[c, s], [-s, c]])
        second = _in_plane(turn.T) @ second
        self._frames = (_in_plane(to_x) @ first, _in_plane(to_x) @ second)
        self._strains = tuple(_in_plane(to_x @ part @ to_x.T)
                              for part in (root, np.linalg.inv(root)))
        self._counts = counts
        self._period = np.column_stack([period @ to_x.T, np.zeros(2)])

    @classmethod
    def from_matrix(cls, matrix, plane, lattice="fcc", most_strain=1e-3, tolerance=0.5, largest=12,
                    most_length=None):
        """plane: (h k l) of crystal 1; that of crystal 2 is the one of smallest indices, at most
        `largest`, within `tolerance` degrees."""
        crystal = find_crystal(lattice)
        normal = np.asarray(matrix, float).T @ np.linalg.inv(crystal.axes()
                            ) @ np.asarray(plane, float)
        other = near_plane(crystal.axes() @ normal, tolerance, crystal, largest)
        return cls(matrix, (plane, other), crystal, most_strain, most_length)

    @classmethod
    def from_boundary(cls, boundary, most_strain=1e-3, tolerance=0.5, largest=12, most_length=None):
        """Of a Boundary, for a smaller period."""
        axes = boundary.crystal.axes()
        matrix, divisor = boundary.rotation
        turn = axes.T @ (np.array(matrix) / divisor) @ np.linalg.inv(axes.T)
        return cls.from_matrix(turn, boundary.planes[0], boundary.crystal, most_strain, tolerance,
                               largest, most_length)

    def nets(self, which):
        """As Boundary.nets, of the crystals without strain."""
        net, step, divisor, area, spacing = self._nets[which - 1]
        return np.array(net) / divisor, np.array(step) / divisor, area, spacing

    def geometry(self):
        """As Boundary.geometry, with the strains."""
        axes = [self.crystal.axes() @ frame.T @ strain.T
                for frame, strain in zip(self._frames, self._strains)]
        nets = [self.nets(which) for which in (1, 2)]
        period = self._period.copy()
        period[0, 1:] = period[1, 2] = 0.0  # but for rounding
        shift = self.shifts @ axes[0]
        shift[:, 2] = 0.0
        return core().Geometry.of(
            [each.tolist() for each in axes],
            [(net @ each).tolist() for (net, *_), each in zip(nets, axes)],
            [(step @ each).tolist() for (_, step, *_), each in zip(nets, axes)],
            [whole.tolist() for whole in self._counts], period.tolist(), shift.tolist())

    @property
    def period_area(self):
        return abs(np.linalg.det(self._period[:, :2]))

    @property
    def shifts(self):
        """Rows: the cell of distinct translations, on the axes of crystal 1 without strain [2,
        3]."""
        one, two = (whole.tolist() for whole in self._counts)
        (a, b), (c, d) = two
        divisor = a * d - b * c
        back = [[d, -b], [-c, a]]  # net 2 = back one / divisor, on the vectors of net 1
        rows = [[sum(back[i][k] * one[k][j] for k in (0, 1)) for j in (0, 1)] for i in (0, 1)]
        basis = _span([[divisor, 0], [0, divisor], *rows])
        net = self.nets(1)[0]
        vectors = np.array(basis) @ net / divisor
        axes = self.crystal.axes()
        _, vectors = _shorten([], vectors @ axes)
        return vectors @ np.linalg.inv(axes)

    @property
    def title(self):
        return (f"{self.crystal.name} ({text(self.planes[0])}) / ({text(self.planes[1])}), nets "
                "strained by "
                f"{self.strain:.2e} in all")

    def __repr__(self):
        return f"<NearBoundary: {self.title}, period {self.period_area:.6g}>"


def _unit(v):
    return v / np.linalg.norm(v)


def _frame(normal):
    """Rows: two directions across a normal, and the normal."""
    aside = np.eye(3)[np.argmin(np.abs(normal))]
    x = _unit(np.cross(aside, normal))
    return np.array([x, np.cross(normal, x), normal])


def _between(start, end):
    """The smallest rotation from one unit vector to another."""
    v, c = np.cross(start, end), float(np.dot(start, end))
    if c < -0.5:
        raise MLGrainError("planes: their normals don't point the same way")
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + c)


def _in_plane(matrix):
    result = np.eye(3)
    result[:2, :2] = matrix
    return result


def _shorten(counts, vectors):
    """Two vectors made short, with the whole numbers that they are of other vectors."""
    vectors, counts = vectors.copy(), [whole.copy() for whole in counts]
    while True:
        i = int(vectors[0] @ vectors[0] < vectors[1] @ vectors[1])  # the longer one loses
        n = round(vectors[0] @ vectors[1] / (vectors[1 - i] @ vectors[1 - i]))
        shorter = vectors[i] - n * vectors[1 - i]
        if shorter @ shorter > (1 - 1e-9) * (vectors[i] @ vectors[i]):
            return counts, vectors
        for rows in (vectors, *counts):
            rows[i] -= n * rows[1 - i]


def _span(rows):
    """Two vectors that span the same lattice as several of two whole numbers."""
    for k in (0, 1):
        for other in range(k + 1, len(rows)):
            while rows[other][k]:
                n = rows[k][k] // rows[other][k]
                rows[k], rows[other] = rows[other], [
                    p - n * q for p, q in zip(rows[k], rows[other])]
    return rows[:2]
