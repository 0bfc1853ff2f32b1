# SPDX-License-Identifier: GPL-2.0-or-later
"""A polycrystal as a graph: grains and the faces between them, with tensors."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..atoms import numbers
from ..compiled import core
from ..errors import MLGrainError
from ..homogenize import mean_bounds


@dataclasses.dataclass(frozen=True)
class Faces:
    """Grains and faces of a tessellation; each face is there once.

    volumes  float64 [grains]
    pairs    int64 [faces, 2] of grains; two may meet in several faces of a small periodic box, and one
             meets itself where it reaches through the box
    spans    float64 [faces, 3] from the first grain's seed to the second's
    normals  float64 [faces, 3] from the first to the second, length 1
    areas    float64 [faces]
    centers  float64 [faces, 3] centroids of faces, from the first grain's seed; None: halfway along
             the spans
    """

    volumes: np.ndarray
    pairs: np.ndarray
    spans: np.ndarray
    normals: np.ndarray
    areas: np.ndarray
    centers: np.ndarray | None = None

    def distinct(self):
        """[pairs, 2] of different grains that meet, the lower number first, ascending."""
        pairs = self.pairs[self.pairs[:, 0] != self.pairs[:, 1]]
        return np.unique(np.sort(pairs, axis=1), axis=0)

    def thickness_on_voxels(self, fraction):
        """[faces] how thick boundaries are if voxels beside another grain are boundary, and are this part
        of the volume: a voxel at the distance d from a face with the normal n has a neighbor beyond it if
        d is smaller than the largest of |n_x|, |n_y|, |n_z|."""
        between = self.pairs[:, 0] != self.pairs[:, 1]
        widths = np.abs(self.normals).max(axis=1)
        area = (widths * self.areas)[between].sum()
        return widths * (fraction * self.volumes.sum() / area if area > 0.0 else 0.0)


def of_grains(grains):
    """The Faces of a GrainList's tessellation."""
    volume, _, first, neighbor, to, normal, area, center = core().tessellate(
        grains.seeds, grains.weights, tuple(map(float, grains.low)), tuple(map(float, grains.edges)),
        grains.columns)
    own = np.repeat(np.arange(len(volume)), np.diff(first))
    # A face between two grains is a face of both; one with an image of its own is there twice.
    forward = normal @ [1.0, 1e-3, 1e-6] > 0
    once = (own < neighbor) | ((own == neighbor) & forward)
    spans = to.copy()
    if grains.columns:  # the core measures distances across columns
        ends = (own == neighbor) & (np.abs(normal[:, grains.columns - 1]) > 0.5)
        spans[ends] = normal[ends] * grains.edges[grains.columns - 1]
    return Faces(volume, np.column_stack([own, neighbor])[once], spans[once], normal[once], area[once],
                 center[once])


def of_run(graph, edges):
    """The Faces of a step of a run (grains.History.graph), in a periodic box with these edges: with the
    means of positions as centers, and of images of the second grain the nearest that is on its side."""
    edges = numbers("edges", edges, (3,), "[3]")
    centers = graph.node_values(("x", "y", "z"))
    normals = graph.edge_values(("nx", "ny", "nz"))
    length = np.linalg.norm(normals, axis=1)
    known = (length > 0) & (graph.edges["area"] > 0)
    pairs, normals = graph.index.T[known], normals[known] / length[known, None]
    between = centers[pairs[:, 1]] - centers[pairs[:, 0]]
    images = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    spans = (between - edges * np.rint(between / edges))[:, None] + images * edges
    distance = np.linalg.norm(spans, axis=2)
    distance[np.einsum("fki,fi->fk", spans, normals) <= 0] += edges.sum()
    nearest = spans[np.arange(len(spans)), distance.argmin(axis=1)]
    return Faces(graph.nodes["volume"], pairs, nearest, normals, graph.edges["area"][known])


@dataclasses.dataclass(frozen=True)
class Polycrystal:
    """Grains and boundaries with their tensors, n = 3 (conductivities) or 6 (stiffnesses, Voigt: xx yy
    zz yz xz xy, shear as angles), in the frame of the sample.

    faces      Faces
    tensors    float64 [grains, n, n]
    boundaries float64 [faces, n, n]; of faces where a grain meets itself it isn't used
    thickness  of boundaries, of all or float64 [faces]: their volume is that times the areas
    voigt      float64 [faces, n, n] where boundaries are mixtures on a small scale: Voigt's means in
               them, `boundaries` then being what they are effectively; None: they are not
    reuss      the same of Reuss' means
    """

    faces: Faces
    tensors: np.ndarray
    boundaries: np.ndarray
    thickness: float | np.ndarray
    voigt: np.ndarray | None = None
    reuss: np.ndarray | None = None

    def __post_init__(self):
        faces, count = self.faces, len(self.faces.areas)
        size = np.shape(self.tensors)[-1] if np.ndim(self.tensors) == 3 else 0
        if size not in (3, 6):
            raise MLGrainError(f"tensors: shape {list(np.shape(self.tensors))} is not [grains, 3, 3] or "
                               "[grains, 6, 6]")
        shapes = {"volumes": (len(faces.volumes),), "areas": (count,), "spans": (count, 3),
                  "normals": (count, 3)}
        for name, shape in shapes.items():
            object.__setattr__(faces, name, numbers(name, getattr(faces, name), shape, str(list(shape))))
        if faces.centers is not None:
            object.__setattr__(faces, "centers", numbers("centers", faces.centers, (count, 3),
                                                         str([count, 3])))
        object.__setattr__(faces, "pairs", np.ascontiguousarray(faces.pairs, dtype=np.int64))
        if faces.pairs.shape != (count, 2):
            raise MLGrainError(f"pairs: shape {list(faces.pairs.shape)} is not [{count}, 2]")
        thickness = np.broadcast_to(self.thickness, count) if np.ndim(self.thickness) == 0 \
            else self.thickness
        object.__setattr__(self, "thickness", numbers("thickness", thickness, (count,), f"[{count}]"))
        for name, rows in (("tensors", len(faces.volumes)), ("boundaries", count), ("voigt", count),
                           ("reuss", count)):
            if getattr(self, name) is not None:
                shape = (rows, size, size)
                object.__setattr__(self, name, numbers(name, getattr(self, name), shape,
                                                       str(list(shape))))

    @classmethod
    def of_mixture(cls, faces, tensors, mixture, thickness):
        """All boundaries are the same mixture of phases with these tensors [n, 3, 3] or [n, 6, 6] in
        equal parts."""
        equal = np.ones(len(mixture))
        reuss, voigt = mean_bounds(mixture, equal)
        spread = [np.broadcast_to(tensor, (len(faces.areas), *tensor.shape))
                  for tensor in (self_consistent(mixture, equal), voigt, reuss)]
        return cls(faces, tensors, spread[0], thickness, *spread[1:])

    def arrays(self):
        """What functions of the core take."""
        faces = self.faces
        return core().GraphArrays(faces.volumes, faces.pairs, faces.spans, faces.normals,
                                  faces.areas, faces.centers, self.tensors, self.boundaries, self.voigt,
                                  self.reuss, self.thickness)


def self_consistent(tensors, fractions):
    """The self-consistent estimate of inclusions [n, 3, 3] or [n, 6, 6] with these fractions."""
    array = np.asarray(tensors, dtype=np.float64)
    size = 6 if array.ndim == 3 and array.shape[-1] == 6 else 3
    array = numbers("tensors", array, (-1, size, size), "[phases, 3, 3] or [phases, 6, 6]")
    return core().self_consistent(numbers("fractions", fractions, (len(array),), "[phases]"), array)


def estimates(polycrystal):
    """Estimates of the effective tensor with nothing fitted (doc/theory_graphs.md), by name:

    voigt reuss             means over grains and boundaries
    self_consistent         of grains and boundaries; grains, boundary: of either alone
    coated                  grains in a matrix of what boundaries are together
    boundary_voigt, _reuss  means over the boundaries
    series, network         conductivity: resistors of half a grain, boundary, half a grain; and beside
                            them conduction along boundaries
    coupled                 conductivity: fields inside grains, across boundaries and along them
    quadratic, cubic        conductivity: the least energy of potentials that are polynomials of degree 2
                            or 3 in each grain
    """
    return core().graph_estimates(polycrystal.arrays())
