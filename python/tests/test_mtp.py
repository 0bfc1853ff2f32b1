# SPDX-License-Identifier: GPL-2.0-or-later
"""Moment tensor potentials in a program: derivatives, copies, species, errors. LAMMPS' values are
compared in unittest/python."""

from __future__ import annotations

import copy
import os
import pathlib
import pickle
import re

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
COPPER = TOP / "potentials/Cu_eam_16.almtp"
ALLOY = TOP / "unittest/force-styles/CuNi.mtp"


def two_species(count=12, seed=0):
    """(positions, cell, pbc), species: a triclinic cell thinner than twice the cutoff."""
    random = np.random.default_rng(seed)
    cell = np.array([[5.0, 0.3, 0], [-0.4, 5.2, 0.8], [0.5, 0, 6.1]])
    grid = np.array(list(np.ndindex(2, 2, 3)))[:count] / [2, 2, 3]
    return (grid @ cell + random.uniform(-0.2, 0.2, (count, 3)), cell, True), \
        random.integers(0, 2, count)


@pytest.fixture(scope="module")
def alloy():
    return mlgrain.MTP(ALLOY)


def test_shapes_and_sums(alloy):
    atoms, species = two_species()
    result = alloy.evaluate(atoms, species)
    assert alloy.species == ["Cu", "Ni"] and alloy.cutoff == 4.0 and not alloy.has_grades
    assert result.energies.shape == (12,) and result.forces.shape == (12, 3)
    assert result.virial.shape == (3, 3) and result.grades is None and result.gradients is None
    assert np.isclose(result.energies.sum(), result.energy, rtol=1e-13)
    np.testing.assert_allclose(result.forces.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_array_equal(result.virial, result.virial.T)


def test_forces_virial_and_gradients_are_derivatives(alloy):
    (positions, cell, pbc), species = two_species()
    here, step = alloy.evaluate((positions, cell, pbc), species, gradients=True), 1e-5

    def slope(energy):
        return (energy(step) - energy(-step)) / (2 * step)

    for atom, axis in ((0, 0), (5, 2)):
        def moved(by):
            other = positions.copy()
            other[atom, axis] += by
            return alloy.evaluate((other, cell, pbc), species).energy
        assert np.isclose(slope(moved), -here.forces[atom, axis], rtol=1e-6, atol=1e-7)

    for a, b in ((0, 0), (1, 2)):
        def strained(by):
            strain = np.eye(3)
            strain[a, b] += by
            return alloy.evaluate((positions @ strain, cell @ strain, pbc), species).energy
        assert np.isclose(slope(strained), -here.virial[a, b], rtol=1e-6, atol=1e-7)

    parameters = alloy.parameters
    for k in (0, 11, len(parameters) - 8, len(parameters) - 1):
        def trained(by):
            other = mlgrain.MTP(ALLOY)
            other.parameters = parameters + by * (np.arange(len(parameters)) == k)
            return other.evaluate((positions, cell, pbc), species).energies
        np.testing.assert_allclose(slope(trained), here.gradients[:, k], rtol=1e-5, atol=1e-7)


def test_larger_cells_and_threads(alloy):
    """A cell of 4 x 3 x 5 others is the same material, with any number of threads."""
    (positions, cell, pbc), species = two_species()
    small = alloy.evaluate((positions, cell, pbc), species)
    shifts = np.array(list(np.ndindex(4, 3, 5))) @ cell
    many = ((positions[None] + shifts[:, None]).reshape(-1, 3), cell * [[4], [3], [5]], pbc)
    for threads in (1, 3):
        large = alloy.evaluate(many, np.tile(species, 60), threads=threads)
        assert np.isclose(large.energy, 60 * small.energy, rtol=1e-12)
        np.testing.assert_allclose(large.forces, np.tile(small.forces, (60, 1)), atol=1e-11)
        np.testing.assert_allclose(large.virial, 60 * small.virial, rtol=1e-11, atol=1e-9)


def test_grades():
    copper = mlgrain.MTP(COPPER)
    positions = 3.615 / 2 * np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    crystal = copper.evaluate((positions, 3 * [3.615], True))
    assert copper.species == ["Cu"] and copper.has_grades
    assert crystal.grades.shape == (4,) and crystal.grade == crystal.grades.max() < 1.1
    crowded = copper.evaluate((0.8 * positions, 3 * [0.8 * 3.615], True))
    assert crowded.grade > 10
    assert copper.evaluate((positions, 3 * [3.615], True), grades=False).grade is None


def test_grades_of_configurations(tmp_path):
    """The same active set, said to be one of configurations: one grade, of the sum of gradients."""
    contents = COPPER.read_bytes()
    for name, value in ((b"energy_weight", b"1.0"), (b"site_en_weight", b"0.0")):
        contents = re.sub(rb"^%s \S+$" % name, b"%s %s" % (name, value), contents, count=1,
                          flags=re.MULTILINE)
    path = tmp_path / "one.almtp"
    path.write_bytes(contents)
    generator = np.random.default_rng(1)
    corners = np.array(list(np.ndindex(2, 2, 2)))
    atoms = (corners * 2.5 + generator.uniform(-.1, .1, (8, 3)), 3 * [5.0], True)
    sites, whole = mlgrain.MTP(COPPER), mlgrain.MTP(path)
    gradients = sites.evaluate(atoms, gradients=True).gradients
    result = whole.evaluate(atoms, threads=2)
    assert (result.grades == result.grade).all()
    lone = sites.evaluate((np.zeros((1, 3)), 3 * [2.5], True), gradients=True)
    single = whole.evaluate((np.zeros((1, 3)), 3 * [2.5], True))
    assert np.isclose(single.grade, lone.grade, rtol=1e-9) and len(gradients) == 8
    crystal = whole.evaluate((corners * 2.5, 3 * [5.0], True))
    assert np.isclose(crystal.grade, single.grade, rtol=1e-8)  # the mean gradient is the same


def test_parameters_and_copies(alloy):
    atoms, species = two_species()
    changed = mlgrain.MTP(ALLOY)
    changed.parameters = 2 * alloy.parameters
    for other in (copy.deepcopy(changed), pickle.loads(pickle.dumps(changed)),
                  mlgrain.MTP.from_bytes(ALLOY.read_bytes())):
        twin = alloy if other.path == "potential" else changed
        assert other.species == ["Cu", "Ni"]
        assert other.evaluate(atoms, species).energy == twin.evaluate(atoms, species).energy
    with pytest.raises(mlgrain.MLGrainError, match="parameters: shape"):
        changed.parameters = [1.0]
    with pytest.raises(mlgrain.MLGrainError, match="parameters: one"):
        changed.parameters = np.nan * alloy.parameters


def test_species(alloy):
    atoms, species = two_species()
    expected = alloy.evaluate(atoms, species).energy
    names = np.array(["Cu", "Ni"])[species]
    assert alloy.evaluate(atoms, names).energy == expected
    assert alloy.evaluate(atoms, names.tolist()).energy == expected
    swapped = mlgrain.MTP(ALLOY, species=["Ni", "Cu"])
    assert swapped.evaluate(atoms, np.array(["Ni", "Cu"])[species]).energy == expected
    assert alloy.evaluate(atoms, 0).energy == alloy.evaluate(atoms, np.zeros(12, int)).energy


@pytest.mark.parametrize("species, said", [
    (None, "species: needed"),
    ([0, 1], "species: shape"),
    (np.full(12, 2), "species: one is not within 0 to 1"),
    (np.full(12, -1), "species: one"),
    (np.full(12, 0.5), "species: neither"),
    (["Cu"] * 11 + ["Al"], "species: 'Al' is not among the potential's: Cu, Ni"),
])
def test_errors_of_species(alloy, species, said):
    with pytest.raises(mlgrain.MLGrainError, match=said):
        alloy.evaluate(two_species()[0], species)


def test_errors(alloy, tmp_path):
    with pytest.raises(mlgrain.MLGrainError, match="nowhere.mtp can't be read"):
        mlgrain.MTP(tmp_path / "nowhere.mtp")
    with pytest.raises(mlgrain.MLGrainError, match="grades: .* has no active set"):
        alloy.evaluate(*two_species(), grades=True)
    for names, said in (("Cu", "species: 1 different"), (["Cu", "Cu"], "species: 1 different"),
                        (["Cu", "Xx"], "species: 'Xx' is not a chemical symbol")):
        with pytest.raises(mlgrain.MLGrainError, match=said):
            mlgrain.MTP(ALLOY, species=names)
    cut = ALLOY.read_bytes()
    for k in range(0, len(cut), 301):
        with pytest.raises(mlgrain.MLGrainError, match="cut.mtp"):
            mlgrain.MTP.from_bytes(cut[:k], "cut.mtp")


def test_potential_without_names():
    text = ALLOY.read_bytes().replace(b"29-", b"0-").replace(b"28-", b"1-") \
        .replace(b"-29\n", b"-0\n").replace(b"-28\n", b"-1\n")
    unnamed = mlgrain.MTP.from_bytes(text, "unnamed")
    atoms, species = two_species()
    assert unnamed.species is None
    named = mlgrain.MTP(ALLOY)
    assert unnamed.evaluate(atoms, species).energy == named.evaluate(atoms, species).energy
    with pytest.raises(mlgrain.MLGrainError, match="species: unnamed doesn't name"):
        unnamed.evaluate(atoms, np.array(["Cu", "Ni"])[species])


def test_lone_atoms(alloy):
    result = alloy.evaluate(([[0, 0, 0], [50, 0, 0]], None, False), [0, 1])
    np.testing.assert_array_equal(result.forces, 0)
    assert result.smallest_distance == np.inf
    assert alloy.evaluate((np.zeros((0, 3)), None, False), []).energy == 0
