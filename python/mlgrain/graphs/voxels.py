# SPDX-License-Identifier: GPL-2.0-or-later
"""The graph of grains on voxels: of measured microstructures, and others that are no tessellations."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from .polycrystal import Faces

# Of a plane boundary, the vector sum of voxels' faces is 0.58 to 1 times the sum of their areas.
CURVED = 0.5
# How well grains' centers are where faces would have them, beside their centroids; and how far they move
# at most, in lengths of the grain.
ANCHOR, FARTHEST = 0.3, 0.3


@dataclasses.dataclass(frozen=True)
class VoxelGraph:
    """Grains of a Microstructure: parts of voxels with the same label that hang together, by corners at
    least.

    faces   Faces: of each two grains, and image of the second one, that meet
    grains  int64 [nx, ny, nz], 0 .. grains-1
    labels  [grains] of the file
    """

    faces: Faces
    grains: np.ndarray
    labels: np.ndarray

    def pairs_beside(self):
        """(beside [nx, ny, nz], which voxels have another grain beside them, grain and other grain of
        each of these [n, 2]; of several the first of those towards -x +x -y +y -z +z)."""
        other = self.grains.copy()
        for axis in range(3):
            for step in (1, -1):
                moved = np.roll(self.grains, step, axis)
                other = np.where(other == self.grains, moved, other)
        beside = other != self.grains
        return beside, np.column_stack([self.grains[beside], other[beside]])


def of_voxels(microstructure):
    """The VoxelGraph of a periodic Microstructure. Areas and normals are vector sums of the faces of
    voxels, which of a plane are right on the average whatever its direction; a boundary that bends as
    much as a half-sphere is cut by the six directions seen from the smaller grain's center. Spans are
    between centers that make them as normal to the faces as can be, as seeds of a tessellation are."""
    labels, spacing = microstructure.labels, np.asarray(microstructure.spacing, float)
    size = np.array(labels.shape)
    near = _equal_neighbors(labels)
    grains = _parts(near, labels.size)
    images = _images(grains.reshape(labels.shape), near)
    positions = (np.indices(labels.shape).reshape(3, -1).T + 0.5 + images * size) * spacing
    voxels = np.bincount(grains)
    centers = np.column_stack([np.bincount(grains, x) for x in positions.T]) / voxels[:, None]
    first = np.unique(grains, return_index=True)[1]
    found = _VoxelFaces.of(grains, images, positions, size, spacing)
    faces = _joined(found, centers, voxels * spacing.prod(), size * spacing)
    faces = _certain(_between_seeds(faces), spacing.prod() ** (2 / 3))
    return VoxelGraph(faces, grains.reshape(labels.shape), labels.ravel()[first])


def _parts(near, count):
    """[count] which connected part of equal labels each voxel is in."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = coo_matrix((np.ones(near.shape[1], np.int8), tuple(near)), (count, count))
    return connected_components(edges, directed=False)[1].astype(np.int64)


def _equal_neighbors(labels):
    """[2, n] voxel and neighbor that are equal, of all that share a face, an edge or a corner."""
    places = np.arange(labels.size).reshape(labels.shape)
    own, near = [], []
    for step in itertools.product((-1, 0, 1), repeat=3):
        if step > (0, 0, 0):
            equal = np.roll(labels, step, (0, 1, 2)) == labels
            own.append(places[equal])
            near.append(np.roll(places, step, (0, 1, 2))[equal])
    return np.array([np.concatenate(own), np.concatenate(near)])


def _images(grains, near):
    """[voxels, 3] in which periodic image each voxel is, so that each grain is in one piece: by
    shortest ways inside the grain from the voxel that is deepest in it."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order

    size, count, parts = np.array(grains.shape), grains.size, int(grains.max()) + 1
    order = np.lexsort((-_depth(grains).ravel(), grains.ravel()))
    roots = order[np.unique(grains.ravel()[order], return_index=True)[1]]
    # One search, from a node before all roots.
    rows, columns = np.concatenate([near, [np.full(parts, count), roots]], axis=1)
    graph = csr_matrix((np.ones(len(rows), np.int8), (rows, columns)), (count + 1, count + 1))
    before = breadth_first_order(graph, count, directed=False)[1][:count].astype(np.int64)
    before[roots] = roots
    places = np.column_stack(np.unravel_index(np.arange(count), grains.shape))
    # Neighbors whose places differ by the box less one are in images next to each other.
    images = -np.trunc((places - places[before]) * 1.5 / size).astype(np.int64)
    images[:, size < 3] = 0
    # Steps from the voxel before become those from 2, 4, ... voxels before.
    while (before != before[before]).any():
        images += images[before]
        before = before[before]
    images[_meet_themselves(grains, images)] = 0
    return images


def _depth(grains):
    """[nx, ny, nz] after how many steps of taking off its outer voxels each is an outer one."""
    depth, inside = np.zeros(grains.shape, int), np.ones(grains.shape, bool)
    while True:
        left = inside.copy()
        for axis in range(3):
            for step in (1, -1):
                left &= np.roll(inside, step, axis) & (np.roll(grains, step, axis) == grains)
        if not left.any() or np.array_equal(left, inside):
            return depth
        inside = left
        depth += inside


def _meet_themselves(grains, images):
    """[voxels, 3] whether the voxel's grain meets its own image along the axis with half its mean
    cross section, as columns do. These are cut at the end of the box, all in the same plane."""
    number = grains.ravel()
    result = np.empty(images.shape, bool)
    for axis, length in enumerate(grains.shape):
        near, image = _next(axis, images, grains.shape)
        meets = (number == number[near]) & (image[:, axis] != 0)
        sections = np.bincount(number) / length
        result[:, axis] = (np.bincount(number[meets], minlength=len(sections)) > 0.5 * sections)[number]
    return result


def _next(axis, images, shape):
    """(the next voxel along the axis [voxels], in which image [voxels, 3] its grain is, seen from that
    of the voxel)"""
    near = np.roll(np.arange(len(images)).reshape(shape), -1, axis)
    at_end = np.zeros((*shape, 3), np.int64)
    np.moveaxis(at_end, axis, 0)[-1, ..., axis] = 1
    near = near.ravel()
    return near, images - images[near] + at_end.reshape(-1, 3)


@dataclasses.dataclass
class _VoxelFaces:
    """Faces of voxels between grains, the lower number first, in the first grain's frame.

    pairs      int64 [n, 2]
    images     int64 [n, 3] of the second grain
    positions  float64 [n, 3]
    vectors    float64 [n, 3] areas, from the first grain to the second
    """

    pairs: np.ndarray
    images: np.ndarray
    positions: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, grains, images, positions, size, spacing):
        found = [cls._along(axis, grains, images, positions, size, spacing) for axis in range(3)]
        return cls(*(np.concatenate([getattr(one, field.name) for one in found])
                     for field in dataclasses.fields(cls)))

    @classmethod
    def _along(cls, axis, grains, images, positions, size, spacing):
        near, image = _next(axis, images, size)
        some = (grains != grains[near]) | image.any(axis=1)
        pairs, image = np.column_stack([grains, grains[near]])[some], image[some]
        unit = np.eye(3)[axis]
        place = positions[some] + 0.5 * spacing[axis] * unit
        vectors = np.tile(unit * spacing.prod() / spacing[axis], (len(pairs), 1))
        # A grain that meets itself does so in images that are opposite.
        sign = np.sign(image @ [9, 3, 1])
        back = (pairs[:, 0] > pairs[:, 1]) | ((pairs[:, 0] == pairs[:, 1]) & (sign < 0))
        place[back] -= image[back] * size * spacing
        image[back] *= -1
        vectors[back] *= -1
        pairs[back] = pairs[back, ::-1]
        return cls(pairs, image, place, vectors)


def _joined(found, centers, volumes, box):
    """Faces of those of voxels."""
    spans = centers[found.pairs[:, 1]] + found.images * box - centers[found.pairs[:, 0]]
    keys = np.column_stack([found.pairs, found.images])
    face, vectors, sums = _sums(keys, found)
    bent = np.linalg.norm(vectors, axis=1) < CURVED * sums
    smaller = volumes[found.pairs[:, 0]] <= volumes[found.pairs[:, 1]]
    seen = found.positions - centers[found.pairs[:, 0]] - np.where(smaller[:, None], 0.0, spans)
    extent = np.sqrt(np.column_stack([np.bincount(face, x * x) for x in seen.T]))[face]
    axis = np.abs(seen / np.where(extent > 0, extent, 1.0)).argmax(axis=1)
    side = 1 + 2 * axis + (np.take_along_axis(seen, axis[:, None], 1)[:, 0] > 0)
    keys = np.column_stack([keys, np.where(bent[face], side, 0)])
    face, vectors, sums = _sums(keys, found)
    areas = np.linalg.norm(vectors, axis=1)
    some = areas > 0
    weights = np.linalg.norm(found.vectors, axis=1)
    middles = np.column_stack([np.bincount(face, weights * x) for x in found.positions.T]) / sums[:, None]
    one = np.unique(face, return_index=True)[1][some]
    return Faces(volumes, found.pairs[one], spans[one], vectors[some] / areas[some, None], areas[some],
                 middles[some] - centers[found.pairs[one, 0]])


def _sums(keys, found):
    """(face of each voxel's face, vector sum of each face's, and sum of their areas)"""
    face = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    vectors = np.column_stack([np.bincount(face, x) for x in found.vectors.T])
    return face, vectors, np.bincount(face, np.linalg.norm(found.vectors, axis=1))


def _between_seeds(faces):
    """Spans and centers of faces from points x in grains, which are where
        sum_f A_f |(1 - n n^T) (span + x_j - x_i)|^2 + ANCHOR sum_i V_i^(2/3) x_i^2
    is least, from the centroids."""
    from scipy.sparse import csr_matrix, diags
    from scipy.sparse.linalg import spsolve

    count, (one, other) = len(faces.areas), faces.pairs.T
    across = np.eye(3) - faces.normals[:, :, None] * faces.normals[:, None, :]
    rows = np.broadcast_to(np.arange(3 * count).reshape(count, 3, 1), (2, count, 3, 3))
    columns = np.broadcast_to(3 * np.stack([other, one])[..., None, None] + np.arange(3),
                              (2, count, 3, 3))
    values = np.sqrt(faces.areas)[:, None, None] * np.stack([across, -across])
    matrix = csr_matrix((values.ravel(), (rows.ravel(), columns.ravel())),
                        (3 * count, 3 * len(faces.volumes)))
    anchor = diags(np.repeat(ANCHOR * faces.volumes ** (2 / 3), 3))
    wanted = np.einsum("fij,fj->fi", values[0], faces.spans).ravel()
    moves = spsolve((matrix.T @ matrix + anchor).tocsc(), -(matrix.T @ wanted)).reshape(-1, 3)
    length = np.linalg.norm(moves, axis=1)
    most = FARTHEST * np.cbrt(faces.volumes)
    moves *= np.where(length > most, most / np.where(length > 0, length, 1.0), 1.0)[:, None]
    return dataclasses.replace(faces, spans=faces.spans + moves[other] - moves[one],
                               centers=faces.centers - moves[one])


def _certain(faces, voxel):
    """Normals turned towards the spans by as much of the difference as `voxel`, the area of a face of one,
    may have made: a normal is wrong by about sqrt(voxel/area)."""
    length = np.linalg.norm(faces.spans, axis=1)
    toward = np.divide(faces.spans, length[:, None], out=faces.normals.copy(), where=length[:, None] > 0)
    apart = ((faces.normals - toward) ** 2).sum(axis=1)
    part = np.minimum(1.0, voxel / np.maximum(faces.areas * apart, 1e-300))[:, None]
    normals = (1.0 - part) * faces.normals + part * toward
    # Those that are cut, of grains around others, may be far from the span.
    fine = (normals * faces.normals).sum(axis=1) > 0.0
    normals = np.where(fine[:, None], normals, faces.normals)
    return dataclasses.replace(faces, normals=normals / np.linalg.norm(normals, axis=1)[:, None])
