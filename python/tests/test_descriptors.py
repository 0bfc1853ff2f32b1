# SPDX-License-Identifier: GPL-2.0-or-later
"""Descriptors and Voronoi cells in a program: what doesn't depend on how atoms are given, known
values, errors. LAMMPS' values are compared in unittest/python."""

from __future__ import annotations

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled
from mlgrain.descriptors import sfd_names

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
A = 3.615
FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def crystal(cells, noise=0.0, seed=1):
    """(positions, cell, pbc) of copper."""
    corners = np.array(list(np.ndindex(*cells)))
    positions = A * (corners[:, None] + FCC).reshape(-1, 3)
    positions += noise * np.random.default_rng(seed).standard_normal(positions.shape)
    return positions, A * np.array(cells), True


def plain_density(positions, shifts, sigma, rcut):
    """P0_I0 of doc/theory_sfd.md, a sum of Gaussians, up to its constant."""
    result = np.zeros(len(positions))
    for shift in shifts:
        d = np.linalg.norm(positions[None] + shift - positions[:, None], axis=2)
        result += np.where(d < rcut, np.exp(-0.5 * (d / sigma) ** 2), 0).sum(axis=1)
    return result


def test_density_is_a_sum_of_gaussians():
    positions, edges, _ = crystal((2, 2, 2), 0.2)
    shifts = (np.array(list(np.ndindex(5, 5, 5))) - 2) * edges
    own = mlgrain.sfd((positions, edges, True), 0.909, 5.904)[:, 0]
    expected = plain_density(positions, shifts, 0.909, 5.904)
    np.testing.assert_allclose(own / own[0], expected / expected[0], rtol=1e-12)


def test_names_and_shape():
    result = mlgrain.sfd(crystal((2, 2, 2)), 0.909, 5.904)
    assert result.shape == (32, 19) and result.dtype == np.float64
    assert sfd_names()[0] == "P0_I0" and sfd_names()[-1] == "P4_I8" and len(sfd_names()) == 19


def test_cells_thinner_than_the_cutoff():
    one = mlgrain.sfd((np.zeros((1, 3)), A / 2 * (1 - np.eye(3)), True), 0.909, 5.904)
    many = mlgrain.sfd(crystal((4, 4, 4)), 0.909, 5.904)
    np.testing.assert_allclose(many, np.broadcast_to(one, many.shape), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("pbc", [True, False, (True, False, True)])
def test_moved_and_turned(pbc):
    """Where atoms are, and how the box lies in space, changes nothing."""
    positions, edges, _ = crystal((3, 3, 3), 0.1)
    cell = np.diag(edges) + [[0, 0, 0], [1.5, 0, 0], [-0.7, 2.1, 0]]
    expected = mlgrain.sfd((positions, cell, pbc), 0.909, 5.904)
    turn, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))
    turns = np.where(pbc, np.random.default_rng(4).integers(-3, 4, positions.shape), 0)
    moved = ((positions + turns @ cell + [11, -7, 3]) @ turn, cell @ turn, pbc)
    np.testing.assert_allclose(mlgrain.sfd(moved, 0.909, 5.904), expected, rtol=1e-9, atol=1e-12)


def test_threads_and_layout():
    positions, edges, pbc = crystal((5, 5, 5), 0.1)
    expected = mlgrain.sfd((positions, edges, pbc), 0.909, 5.904)
    np.testing.assert_array_equal(mlgrain.sfd((positions, edges, pbc), 0.909, 5.904, threads=3),
                                  expected)
    fortran = np.asfortranarray(positions)
    own = mlgrain.sfd((fortran, np.diag(edges), pbc), 0.909, 5.904)
    np.testing.assert_array_equal(own, expected)
    lists = (positions.tolist(), edges.tolist(), [True] * 3)
    np.testing.assert_array_equal(mlgrain.sfd(lists, 0.909, 5.904), expected)


def test_automatic_width():
    positions, edges, pbc = crystal((3, 3, 3))
    sigma = ((2 * np.pi) ** 1.5 * len(positions) / np.prod(edges)) ** (-1 / 3)
    expected = mlgrain.sfd((positions, edges, pbc), sigma, 6.495 * sigma)
    np.testing.assert_allclose(mlgrain.sfd((positions, edges, pbc)), expected, rtol=1e-8, atol=1e-12)


def test_weights():
    positions, edges, pbc = crystal((3, 3, 3), 0.1)
    weights = np.ones(len(positions))
    weights[7] = 0
    without = np.delete(positions, 7, axis=0)
    own = np.delete(mlgrain.sfd((positions, edges, pbc), 0.909, 5.904, weights=weights), 7, axis=0)
    np.testing.assert_allclose(own, mlgrain.sfd((without, edges, pbc), 0.909, 5.904), rtol=1e-10,
                               atol=1e-13)


def test_voronoi_of_a_crystal():
    cells = mlgrain.voronoi(crystal((3, 3, 3), 1e-3))
    np.testing.assert_allclose(cells.volumes.sum(), (3 * A) ** 3, rtol=1e-13)
    np.testing.assert_allclose(cells.volumes, A**3 / 4, rtol=1e-2)
    assert (cells.faces >= 12).all() and not cells.open.any() and not cells.bounds.any()
    np.testing.assert_allclose(cells.cutoff, 3.3 * A / np.sqrt(2), rtol=2e-3)


def test_voronoi_of_a_slab():
    positions, edges, _ = crystal((3, 3, 4))
    edges = edges + [0, 0, 20]
    volumes, faces, is_open = mlgrain.voronoi((positions + [0, 0, 10], edges, (True, True, False)))
    surface = np.isin(positions[:, 2], [positions[:, 2].min(), positions[:, 2].max()])
    np.testing.assert_array_equal(is_open, surface)
    np.testing.assert_allclose(volumes[~surface], A**3 / 4, rtol=1e-9)
    assert (faces > 0).all()


def test_voronoi_between_walls():
    """Walls close the cells of a box that is full of atoms, and are left out if not wanted."""
    positions, edges, _ = crystal((3, 3, 3), 0.05)
    atoms = (positions + A / 4, np.diag(edges) * [[-1], [1], [1]], False)
    atoms[0][:, 0] *= -1  # a left-handed box
    cells = mlgrain.voronoi(atoms)
    np.testing.assert_allclose(cells.volumes.sum(), np.prod(edges), rtol=1e-12)
    assert set(cells.bounds) == {0, 1}
    assert mlgrain.voronoi(atoms, walls=False).open.sum() > 20
    assert mlgrain.voronoi((atoms[0], None, False)).open.sum() > 20


def test_no_atoms():
    nothing = (np.zeros((0, 3)), [5, 5, 5], True)
    assert mlgrain.sfd(nothing, 0.9, 5).shape == (0, 19)
    assert len(mlgrain.voronoi(nothing).volumes) == 0


GOOD = crystal((2, 2, 2))


@pytest.mark.parametrize("atoms, arguments, said", [
    ((GOOD[0], GOOD[1]), (0.9, 5), "atoms: "),
    (5, (0.9, 5), "atoms: "),
    ((GOOD[0][:, :2], GOOD[1], True), (0.9, 5), "positions: shape"),
    ((np.where(np.arange(96).reshape(32, 3) == 7, np.nan, GOOD[0]), GOOD[1], True), (0.9, 5),
     "positions: atom 2 "),
    (([["a", 0, 0]], GOOD[1], True), (0.9, 5), "positions: not"),
    ((GOOD[0], [1, 2], True), (0.9, 5), "cell: shape"),
    ((GOOD[0], [1, 2, np.inf], True), (0.9, 5), "cell: an edge"),
    ((GOOD[0], None, True), (0.9, 5), "cell: its periodic edges"),
    ((GOOD[0], [[1, 0, 0], [0, 1, 0], [1, 1, 0]], True), (0.9, 5), "cell: its periodic edges"),
    ((GOOD[0], GOOD[1], (True, False)), (0.9, 5), "pbc: "),
    ((GOOD[0], GOOD[1], "yes"), (0.9, 5), "pbc: "),
    (GOOD, (-1, 5), "sigma: "),
    (GOOD, ("wide", 5), "sigma: "),
    (GOOD, (0.9, np.nan), "rcut: "),
    (GOOD, (0.9, 1e9), "2\\^31"),
    ((GOOD[0], None, False), (), "sigma: "),
])
def test_errors(atoms, arguments, said):
    with pytest.raises(mlgrain.MLGrainError, match=said):
        mlgrain.sfd(atoms, *arguments)


def test_errors_of_options():
    for options, said in (({"threads": 0}, "threads: "), ({"threads": 1.5}, "threads: "),
                          ({"weights": [1, 2]}, "weights: shape"),
                          ({"weights": -np.ones(32)}, "weights: one")):
        with pytest.raises(mlgrain.MLGrainError, match=said):
            mlgrain.sfd(GOOD, 0.9, 5, **options)
    with pytest.raises(mlgrain.MLGrainError, match="cutoff: "):
        mlgrain.voronoi(GOOD, cutoff=0)
    with pytest.raises(mlgrain.MLGrainError, match="cutoff: "):
        mlgrain.voronoi(([[0, 0, 0]], None, False))
    same = (np.zeros((2, 3)), [5, 5, 5], True)
    with pytest.raises(mlgrain.MLGrainError, match="atoms . and . are at one place"):
        mlgrain.voronoi(same, 5)


def test_without_the_compiled_core(monkeypatch):
    monkeypatch.setattr(compiled, "_core", None)
    with pytest.raises(mlgrain.MLGrainError, match="compiled core"):
        mlgrain.sfd(GOOD, 0.9, 5)
