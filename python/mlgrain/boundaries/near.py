# SPDX-License-Identifier: GPL-2.0-or-later
"""Boundaries without coincidence, or of too large a period: a little strain gives them a period."""

from __future__ import annotations

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from .boundary import near_plane, text
from .crystal import crystal as find_crystal


class NearBoundary:
    """A boundary whose grains are strained in its plane so that both have one period, each by half.
    Cells are made of it as of a Boundary.

    strain     largest relative change of a length of one net to fit to the other; a grain has half
               of it
    deviation  degrees by which the rotation between the crystals is another than was asked for
    """

    def __init__(self, matrix, planes, lattice="fcc", most_strain=1e-3, most_length=None):
        """matrix: the rotation from crystal 2 to crystal 1 in space [3, 3]. planes: (h k l) of
        either crystal that meet, with normals that point the same way; they are brought together by
        the smallest rotation. most_strain: what the nets may differ by. most_length: of the
        period's vectors (by default 30 lattice constants)."""
        self.crystal = find_crystal(lattice)
        matrix = np.asarray(matrix, float)
        if matrix.shape != (3, 3):
            raise MLGrainError("matrix: a rotation matrix is needed")
        self.planes = tuple(tuple(int(n) for n in plane) for plane in planes)
        self._made_of = matrix, self.planes, self.crystal, most_strain, most_length
        length = 30 * self.crystal.a if most_length is None else float(most_length)
        self._geometry, self.strain, self.deviation = core().Geometry.near(
            self.crystal.core(), matrix.tolist(), [list(plane) for plane in self.planes],
            float(most_strain), length)

    def __reduce__(self):
        return NearBoundary, self._made_of

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

    @classmethod
    def from_text(cls, words, lattice="fcc", most_strain=1e-3, tolerance=0.5, most_length=None):
        """As Boundary.from_text, with angles and rows as they are written; the plane of crystal 2 is
        the one told, or else of smallest indices, within `tolerance` degrees."""
        crystal = find_crystal(lattice)
        turn, planes = core().boundary_angles(crystal.core(), str(words), float(tolerance))
        return cls(turn, planes, crystal, most_strain, most_length)

    def geometry(self):
        """As Boundary.geometry, with the strains."""
        return self._geometry

    @property
    def period_area(self):
        return abs(np.linalg.det(np.array(self._geometry.period())[:, :2]))

    @property
    def shifts(self):
        """Rows: the cell of distinct translations, on the axes of crystal 1 [2, 3]."""
        return np.array(self._geometry.shift()) @ np.linalg.inv(self._geometry.axes()[0])

    @property
    def title(self):
        return (f"{self.crystal.name} ({text(self.planes[0])}) / ({text(self.planes[1])}), nets "
                f"strained by {self.strain:.2e} in all")

    def __repr__(self):
        return f"<NearBoundary: {self.title}, period {self.period_area:.6g}>"
