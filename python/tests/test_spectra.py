# SPDX-License-Identifier: GPL-2.0-or-later
"""Power spectra in a program: the vectors of other programs that the core's tests have, what
doesn't depend on how atoms are given, errors."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
VECTORS = pathlib.Path(__file__).parents[2] / "unittest/core/soap_vectors.txt"
SMALL = {"rcut": 4.0, "nmax": 3, "lmax": 4, "sigma": 0.5}


def crystal(cells=(3, 3, 3), noise=0.08, seed=1):
    """(positions, cell, pbc) of nickel."""
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    corners = np.array(list(np.ndindex(*cells)))
    positions = 3.52 * (corners[:, None] + basis).reshape(-1, 3)
    positions += noise * np.random.default_rng(seed).standard_normal(positions.shape)
    return positions, 3.52 * np.array(cells), True


def cases():
    """(program, parameters, tolerance, positions, species, vectors) of each case."""
    words = iter(VECTORS.read_text().split("\n", 2)[2].split())
    for word in words:
        assert word == "case"
        program = next(words)
        assert next(words) == "parameters"
        basis = next(words)
        rcut, nmax, lmax, sigma, width, central, normalise, kinds, tolerance = (
            float(next(words)) for _ in range(9))
        assert next(words) == "points"
        points = np.array([[float(next(words)) for _ in range(4)] for _ in range(int(next(words)))])
        assert next(words) == "vectors"
        shape = int(next(words)), int(next(words))
        vectors = np.array([float(next(words)) for _ in range(shape[0] * shape[1])]).reshape(shape)
        parameters = {"basis": basis, "rcut": rcut, "nmax": int(nmax), "lmax": int(lmax),
                      "sigma": sigma, "width": width, "central": central,
                      "normalise": bool(normalise)}
        species = points[:, 3].astype(int) if kinds > 1 else None
        yield program, parameters, tolerance, points[:, :3], species, vectors


def test_other_programs():
    if not VECTORS.exists():
        pytest.skip("the vectors are in the checkout only")
    count = 0
    for program, parameters, tolerance, positions, species, vectors in cases():
        own = mlgrain.soap((positions, None, False), **parameters, species=species,
                           centers=range(len(vectors)))
        assert own.shape == vectors.shape
        assert abs(own - vectors).max() <= tolerance * abs(vectors).max(), (program, parameters)
        count += 1
    assert count == 20


def test_periodic_images():
    """One atom of a crystal's cell has the vector of an atom far inside a cluster."""
    positions, edges, _ = crystal((1, 1, 1))
    shifts = 3.52 * (np.array(list(np.ndindex(5, 5, 5))) - 2)
    cluster = np.concatenate([positions, *(positions + s for s in shifts if s.any())])
    own = mlgrain.soap((positions, edges, True), **SMALL)
    expected = mlgrain.soap((cluster, None, False), **SMALL, centers=range(4))
    np.testing.assert_allclose(own, expected, rtol=0, atol=1e-12 * abs(expected).max())


def test_centers():
    atoms = crystal()
    everything = mlgrain.soap(atoms, **SMALL)
    assert everything.shape == (108, 31)
    np.testing.assert_array_equal(mlgrain.soap(atoms, **SMALL, centers=[7, 3, 7, 50]),
                                  everything[[7, 3, 7, 50]])
    flags = np.arange(108) % 5 == 2
    np.testing.assert_array_equal(mlgrain.soap(atoms, **SMALL, centers=flags), everything[flags])
    assert mlgrain.soap(atoms, **SMALL, centers=[]).shape == (0, 31)


def test_mean():
    atoms = crystal()
    flags = np.arange(108) % 5 == 2
    for threads in (1, 3):
        own = mlgrain.soap_mean(atoms, **SMALL, centers=flags, threads=threads)
        expected = mlgrain.soap(atoms, **SMALL, centers=flags).mean(axis=0)
        np.testing.assert_allclose(own, expected, rtol=1e-13)


def test_threads_and_precision():
    atoms = crystal((4, 4, 4))
    expected = mlgrain.soap(atoms, **SMALL)
    np.testing.assert_array_equal(mlgrain.soap(atoms, **SMALL, threads=3), expected)
    single = mlgrain.soap(atoms, **SMALL, precision="single")
    error = abs(single - expected).max() / abs(expected).max()
    assert 1e-9 < error < 3e-6


def test_species_and_weights():
    positions, edges, pbc = crystal()
    names = np.where(np.arange(108) % 3 == 0, "Ni", "Cu")
    two = mlgrain.soap((positions, edges, pbc), **SMALL, species=names)
    assert two.shape == (108, 6 * 7 // 2 * 5 + 1)
    kinds = np.array(mlgrain.soap_components(nmax=3, lmax=4, species=2))
    assert len(kinds) == two.shape[1] and kinds[-1, 0] == -1
    within = (kinds[:, 3] == 0) & (kinds[:, 4] == 0)  # "Cu" comes first
    alone = mlgrain.soap((positions, edges, pbc), **SMALL, weights=names == "Cu")
    np.testing.assert_allclose(two[:, within], alone, rtol=0, atol=1e-12 * abs(alone).max())


@pytest.mark.parametrize("change, words", [
    ({"basis": "poly"}, "basis: 'poly'"),
    ({"rcut": -1}, "rcut: -1"),
    ({"nmax": 0}, "nmax: 0"),
    ({"nmax": 2.5}, "nmax: 2.5"),
    ({"lmax": 25}, "lmax: 25"),
    ({"sigma": float("nan")}, "sigma"),
    ({"width": 5}, "width"),
    ({"width": -1}, "width: -1"),
    ({"central": -1}, "central"),
    ({"basis": "gto", "rcut": 0.9}, "rcut"),
    ({"basis": "gto", "nmax": 30}, "depend on each other"),
    ({"species": [1, 2]}, "species: shape"),
    ({"species": np.arange(108)}, "more than 16"),
    ({"weights": -np.ones(108)}, "weights"),
    ({"centers": [108]}, "centers"),
    ({"centers": [0.5]}, "centers"),
    ({"precision": "half"}, "precision"),
    ({"threads": 0}, "threads"),
])
def test_refused(change, words):
    with pytest.raises(mlgrain.MLGrainError, match=words):
        mlgrain.soap(crystal(), **{**SMALL, **change})


def test_refused_means():
    with pytest.raises(mlgrain.MLGrainError, match="centers"):
        mlgrain.soap_mean(crystal(), **SMALL, centers=[])
    with pytest.raises(mlgrain.MLGrainError, match="twice"):
        mlgrain.soap_mean(crystal(), **SMALL, centers=[1, 1])
    with pytest.raises(TypeError, match="colour"):
        mlgrain.soap_mean(crystal(), **SMALL, colour="red")
    with pytest.raises(TypeError, match="sigma"):
        mlgrain.soap_mean(crystal(), rcut=4.0, nmax=3, lmax=4)
