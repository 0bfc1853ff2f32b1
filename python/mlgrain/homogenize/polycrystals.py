# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of grains, as create_polycrystal writes and reads them, on voxels."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..atoms import numbers
from ..compiled import core, thread_count
from ..errors import MLGrainError
from .effective import as_tensors
from .microstructure import Microstructure

MOST_VOXELS = 32768  # along an edge


@dataclasses.dataclass(frozen=True)
class GrainList:
    """Grains of a periodic rectangular box.

    seeds         float64 [grains, 3]
    orientations  float64 [grains, 4], v_sample = q v_crystal q*
    weights       float64 [grains], 0: Voronoi cells
    low, edges    float64 [3] of the box
    columns       1, 2, 3: grains are columns along x, y, z; 0: they are not
    """

    seeds: np.ndarray
    orientations: np.ndarray
    weights: np.ndarray
    low: np.ndarray
    edges: np.ndarray
    columns: int = 0

    def cells(self, n, threads=1):
        """Cells on n = (nx, ny, nz) voxels: (grain [nx, ny, nz] 0 .. grains-1, the grain behind the
        nearest boundary, how far the voxel's center is from that, its normal [nx, ny, nz, 3])."""
        low, edges = tuple(map(float, self.low)), tuple(map(float, self.edges))
        found = core().voxelize(self.seeds, self.weights, low, edges, _size(n),
                                thread_count(threads), self.columns)
        return tuple(array.transpose(2, 1, 0, *range(3, array.ndim)) for array in found)

    def microstructure(self, n, thickness=0.0, boundary=None, threads=1):
        """Voxels whose labels are grains, counted from 1 as in the list; those with their center
        within thickness/2 of a boundary have the label `boundary`, by default 0."""
        grain, _, distance, _ = self.cells(n, threads)
        labels = grain + 1
        if thickness:
            labels = np.where(distance < 0.5 * thickness, boundary or 0, labels)
        orientations = {g + 1: q for g, q in enumerate(self.orientations)}
        return Microstructure(labels, self.edges / np.array(n), orientations)

    def with_boundaries(self, n, conductivities, boundary, thickness, threads=1):
        """(phases [nx, ny, nz], tensors [phases, 3, 3]) with boundaries of any thickness: voxels of
        one that is thinner than they are have tensors in which its resistance is right
        (doc/theory_homogenization.md).
            conductivities  [grains, 3, 3]
            boundary        [3, 3]
        """
        conductivities = as_tensors(conductivities, 3)
        if len(conductivities) != len(self.seeds):
            raise MLGrainError(f"conductivities: {len(conductivities)} for {len(self.seeds)} grains")
        boundary = numbers("boundary", boundary, (3, 3), "[3, 3]")
        size = _size(n)
        low, edges = tuple(map(float, self.low)), tuple(map(float, self.edges))
        grain, neighbor, distance, normal = core().voxelize(self.seeds, self.weights, low, edges,
                                                            size, thread_count(threads),
                                                            self.columns)
        spacing = tuple(edge / count for edge, count in zip(edges, size))
        phases, tensors = core().boundary_voxels(grain.ravel(), neighbor.ravel(), distance.ravel(),
                                                 normal.reshape(-1, 3), spacing, float(thickness),
                                                 conductivities, boundary)
        return phases.reshape(grain.shape).transpose(2, 1, 0), tensors


def read_grains(path, edges, low=(0.0, 0.0, 0.0)):
    """The grains of a file that create_polycrystal wrote (its keyword grains) or could read, in a
    periodic box with these edges and low corner."""
    low, edges = (numbers(name, value, (3,), "[3]") for name, value in (("low", low),
                                                                        ("edges", edges)))
    if not ((edges > 0) & np.isfinite(edges) & np.isfinite(low)).all():
        raise MLGrainError(f"edges: {list(edges)} are no lengths of a box")
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    found = core().read_grains(str(path), text, tuple(low), tuple(edges))
    return GrainList(*found, low, edges)


def _size(n):
    try:
        size = tuple(int(count) for count in n)
    except (TypeError, ValueError):
        size = ()
    if len(size) != 3 or not all(1 <= count <= MOST_VOXELS for count in size):
        raise MLGrainError(f"n: {n!r} is not three numbers of voxels")
    return size
