# SPDX-License-Identifier: GPL-2.0-or-later
"""Polycrystals drawn at random, of several kinds, with tensors for grains and boundaries; and the same
on voxels, for the solver.

Everything of one is a function of its kind, a seed and its number, so that a list of numbers is a set.
Lengths are in voxels. Kinds:

uniform   the task of M. Dai, M. F. Demirel, X. Liu, Y. Liang, J.-M. Hu, arXiv:2209.05583: 10 to 399
          Voronoi grains that conduct (1, 1, r), r 0.8 to 1.2, turned by Euler angles that are each drawn
          uniformly; all boundaries are made of voxels with (10^a, 10^b, r 10^c), a, b, c -3 to 2, each
          turned in a way of its own
varied    each boundary conducts in its own way: 10^k, k = s min(angle/15 deg, 1) + d g, g normal, s -3
          to 2, d 0 to 0.7 of the polycrystal, s = 0 for 0 to half of its boundaries. Grains conduct (1,
          1, 10^u), u -1 to 1; half of the polycrystals have Voronoi cells and half log-normal sizes, and
          a third each orientations at random, around one, in a fiber
laguerre  as varied, with wider log-normal sizes than any of it: deviations of ln d of 0.5 to 0.7
columns   as varied, of columns along z
stiffness grains of Al-doped Li7La3Zr2O12, 10 to 399; boundaries have its K, (C11 - C12)/2 and C44, each
          times its own 10^-3 to 1, so that they are positive definite
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from ..homogenize import GrainList, Microstructure, turned
from .polycrystal import Polycrystal, of_grains
from .voxels import of_voxels

KINDS = ("uniform", "varied", "laguerre", "columns", "stiffness")
FEWEST, MOST = 10, 399  # grains
# GPa, of Al-doped Li7La3Zr2O12: C11 187, C12 75.1, C44 71.
LLZO = {"bulk": 112.4, "shear": 55.95, "C44": 71.0}
RANDOM, COMPONENT, FIBER = range(3)
COLUMNS_ALONG_Z = 3
ORIENTATIONS, ORIENTATIONS_SEED = 512, 0  # that stand for those of boundary voxels


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A polycrystal drawn at random.

    grains      GrainList
    tensors     float64 [grains, n, n], n 3 (conductivities) or 6 (stiffnesses)
    pairs       int64 [pairs, 2] of grains that meet, lower number first, ascending
    boundaries  float64 [pairs] conductivities; None if all are made of the tensor `boundary`
    boundary    float64 [n, n] turned at random in each voxel; None if there are `boundaries`
    scalars     the numbers that were drawn, by name
    """

    grains: GrainList
    tensors: np.ndarray
    pairs: np.ndarray
    boundaries: np.ndarray | None
    boundary: np.ndarray | None
    scalars: dict

    def voxels(self, seed):
        """(phases [n, n, n], tensors [phases, 3, 3], fraction of boundary voxels). Voxels with another
        grain beside them are boundary, so that boundaries are two voxels thick.

        seed: of the turns of boundary voxels
        """
        size = np.rint(self.grains.edges).astype(int)
        grain, neighbor, _, _ = self.grains.cells(size)
        beside = np.zeros(grain.shape, bool)
        for axis in range(3):
            other = np.roll(grain, -1, axis) != grain
            beside |= other | np.roll(other, 1, axis)
        count, phases = len(self.tensors), grain.copy()
        if self.boundary is not None:
            number = int(beside.sum())
            phases[beside] = count + np.arange(number)
            generator = np.random.default_rng([seed, 1])
            tensors = turned(self.boundary, euler_quaternions(generator, number))
        else:
            rank = pair_places(self.pairs, count, grain[beside], neighbor[beside])
            phases[beside] = count + rank
            tensors = self.boundaries[:, None, None] * np.eye(3)
        return phases, np.concatenate([self.tensors, tensors]), float(beside.mean())

    def polycrystal(self, fraction):
        """As a Polycrystal whose boundaries have this part of the volume."""
        return self._with_faces(of_grains(self.grains), np.arange(len(self.tensors)), fraction)

    def polycrystal_of_voxels(self, fraction):
        """The same with the graph that its voxels have, as if they had been measured."""
        size = np.rint(self.grains.edges).astype(int)
        graph = of_voxels(Microstructure(self.grains.cells(size)[0], np.ones(3), {}))
        return self._with_faces(graph.faces, graph.labels, fraction)

    def _with_faces(self, faces, numbers, fraction):
        """numbers: [grains of faces] which of the grains they are"""
        tensors, thickness = self.tensors[numbers], faces.thickness_on_voxels(fraction)
        if self.boundary is not None:
            mixture = turned(self.boundary, self.boundary_orientations())
            return Polycrystal.of_mixture(faces, tensors, mixture, thickness)
        pairs = numbers[faces.pairs]
        conductivities = np.ones(len(pairs))
        between = pairs[:, 0] != pairs[:, 1]
        places = pair_places(self.pairs, len(self.tensors), *pairs[between].T)
        # Some may meet in corners of voxels only: the mean.
        place = np.minimum(places, len(self.pairs) - 1)
        meet = (self.pairs[place] == np.sort(pairs[between], axis=1)).all(axis=1)
        mean = np.exp(np.log(self.boundaries).mean())
        conductivities[between] = np.where(meet, self.boundaries[place], mean)
        return Polycrystal(faces, tensors, conductivities[:, None, None] * np.eye(3), thickness)

    def boundary_orientations(self):
        """[n, 4] that represent how boundary voxels are turned."""
        return euler_quaternions(np.random.default_rng(ORIENTATIONS_SEED), ORIENTATIONS)


def draw(kind, seed, number):
    """The Drawn of a kind with this number; box edge 64."""
    if kind not in KINDS:
        raise MLGrainError(f"{kind!r} is none of {', '.join(KINDS)}")
    return draw_in_box(kind, seed, number, 64)


def draw_in_box(kind, seed, number, edge, fewest=FEWEST, most=MOST):
    """The same in a box of another edge, with `fewest` to `most` grains."""
    generator = np.random.default_rng([seed, number, KINDS.index(kind)])
    count = int(generator.integers(fewest, most + 1))
    edges = np.full(3, float(edge))
    if kind == "uniform":
        return _uniform(generator, count, edges)
    if kind == "stiffness":
        return _stiffness(generator, count, edges)
    return _varied(kind, generator, count, edges)


def euler_quaternions(generator, count):
    """[count, 4] of Bunge's angles, each uniform: the second one 0 to 180 degrees, not its cosine."""
    first, third = np.pi * generator.random((2, count))
    second = 0.5 * np.pi * generator.random(count)
    total, difference = first + third, first - third
    return np.column_stack([np.cos(second) * np.cos(total), np.sin(second) * np.cos(difference),
                            np.sin(second) * np.sin(difference), np.cos(second) * np.sin(total)])


def tetragonal_angles(one, two):
    """Disorientations in degrees of crystals with a fourfold axis along z and twofold ones across it,
    quaternions [n, 4] each."""
    w = (one * two).sum(1)
    v = (one[:, :1] * two[:, 1:] - two[:, :1] * one[:, 1:] - np.cross(one[:, 1:], two[:, 1:]))
    along = np.abs(np.column_stack([w, v[:, 2], (w + v[:, 2]) / np.sqrt(2), (w - v[:, 2]) / np.sqrt(2)]))
    across = np.abs(np.column_stack([v[:, 0], v[:, 1], (v[:, 0] + v[:, 1]) / np.sqrt(2),
                                     (v[:, 0] - v[:, 1]) / np.sqrt(2)]))
    cosine = np.maximum(along.max(1), across.max(1))
    return 2.0 * np.degrees(np.arccos(np.minimum(cosine, 1.0)))


def pair_places(pairs, grains, one, two):
    """Where the pairs of one and two [n] are among `pairs`."""
    key = np.minimum(one, two).astype(np.int64) * grains + np.maximum(one, two)
    return np.searchsorted(pairs[:, 0] * grains + pairs[:, 1], key)


def _seeds_on_voxels(generator, count, edges):
    """Distinct voxels, each moved by ten steps to a neighbor; equal ones are drawn anew."""
    size = edges.astype(int)
    steps = np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    seeds = np.empty((0, 3), int)
    while len(seeds) < count:
        more = generator.integers(0, size, (count - len(seeds), 3))
        more = more + steps[generator.integers(0, 6, (len(more), 10))].sum(axis=1)
        seeds = np.unique(np.concatenate([seeds, more % size]), axis=0)
    return seeds + 0.5  # a voxel's center


def _uniform(generator, count, edges):
    along = generator.uniform(0.8, 1.2)
    exponents = generator.uniform(-3, 2, 3)
    boundary = 10.0 ** exponents * [1.0, 1.0, along]
    grains = GrainList(_seeds_on_voxels(generator, count, edges), euler_quaternions(generator, count),
                       np.zeros(count), np.zeros(3), edges)
    scalars = {"axis": along, "a": exponents[0], "b": exponents[1], "c": exponents[2],
               "log_grains": np.log(count)}
    return Drawn(grains, turned(np.diag([1.0, 1.0, along]), grains.orientations),
                 of_grains(grains).distinct(), None, np.diag(boundary), scalars)


def _stiffness(generator, count, edges):
    exponents = generator.uniform(-3, 0, 3)
    bulk, shear, c44 = np.array(list(LLZO.values())) * 10.0 ** exponents
    seeds = _seeds_on_voxels(generator, count, edges)
    quaternions = generator.standard_normal((count, 4))
    grains = GrainList(seeds, quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True),
                       np.zeros(count), np.zeros(3), edges)
    scalars = {"a": exponents[0], "b": exponents[1], "c": exponents[2], "log_grains": np.log(count)}
    return Drawn(grains, turned(_cubic(**LLZO), grains.orientations), of_grains(grains).distinct(),
                 None, _cubic(bulk, shear, c44), scalars)


def _cubic(bulk, shear, C44):
    """[6, 6] of K, (C11 - C12)/2 and C44."""
    result = np.diag([2 * shear] * 3 + [C44] * 3)
    result[:3, :3] += bulk - 2 * shear / 3
    return result


def _random_grains(kind, generator, count, edges):
    columns = 0
    if kind == "columns":  # as far across as grains of the other kinds
        columns, count = COLUMNS_ALONG_Z, max(4, round(count ** (2 / 3)))
    spread = generator.uniform(0.5, 0.7) if kind == "laguerre" else \
        generator.uniform(0.1, 0.5) * generator.integers(0, 2)
    texture = int(generator.integers(0, 3))
    angle = generator.uniform(5.0, 40.0)
    quaternion, direction = generator.standard_normal(4), generator.standard_normal(3)
    found = core().random_grains(
        count, (0.0, 0.0, 0.0), tuple(edges), columns, int(generator.integers(0, 2**62)), 0.0, 0,
        float(spread), texture, tuple(quaternion / np.linalg.norm(quaternion)), (0.0, 0.0, 1.0),
        tuple(direction), float(angle))
    return (GrainList(*found, np.zeros(3), edges, columns),
            {"size_spread": spread, "texture": texture, "log_grains": np.log(count)})


def draw_conductivities(generator, orientations, pairs):
    """(along, exponents [pairs], scalars): as of the kind varied, grains with these orientations
    conduct (1, 1, 10^along) and boundaries 10^exponents."""
    along = generator.uniform(-1, 1)
    slope, deviation, special = generator.uniform([-3, 0, 0], [2, 0.7, 0.5])
    angles = tetragonal_angles(*(orientations[pairs[:, k]] for k in range(2)))
    general = generator.random(len(pairs)) >= special
    exponents = slope * np.minimum(angles / 15.0, 1.0) * general \
        + deviation * generator.standard_normal(len(pairs))
    return along, exponents, {"axis": along, "slope": slope, "deviation": deviation, "special": special,
                              "mean": exponents.mean(), "spread": exponents.std()}


def _varied(kind, generator, count, edges):
    grains, scalars = _random_grains(kind, generator, count, edges)
    pairs = of_grains(grains).distinct()
    along, exponents, more = draw_conductivities(generator, grains.orientations, pairs)
    return Drawn(grains, turned(np.diag([1.0, 1.0, 10.0**along]), grains.orientations), pairs,
                 10.0**exponents, None, {**scalars, **more})
