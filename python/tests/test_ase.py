# SPDX-License-Identifier: GPL-2.0-or-later
"""The calculator of ASE, by ASE's own checks: numerical derivatives, caching, relaxation, dynamics,
files. Skipped without ASE."""

from __future__ import annotations

import copy
import os
import pathlib

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled

ase = pytest.importorskip("ase")
pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")

from ase.build import bulk, fcc111, molecule  # noqa: E402
from ase.calculators.calculator import PropertyNotImplementedError  # noqa: E402
from ase.calculators.fd import (calculate_numerical_forces,  # noqa: E402
                                calculate_numerical_stress)
from ase.calculators.test import gradient_test  # noqa: E402

from mlgrain.ase import MTPCalculator  # noqa: E402

TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
COPPER = TOP / "potentials/Cu_eam_16.almtp"
ALLOY = TOP / "unittest/force-styles/CuNi.mtp"


def hot(atoms, seed=1):
    """Moved and strained."""
    atoms.rattle(0.08, seed=seed)
    strain = np.eye(3) + 0.02 * np.random.default_rng(seed).standard_normal((3, 3))
    atoms.set_cell(atoms.cell[:] @ strain, scale_atoms=True)
    return atoms


def copper_crystal():
    return hot(bulk("Cu", cubic=True) * (2, 1, 1)), COPPER


def copper_primitive():
    return hot(bulk("Cu")), COPPER


def copper_slab():
    return hot(fcc111("Cu", (2, 2, 3), vacuum=6)), COPPER


def alloy():
    atoms = hot(bulk("Cu", cubic=True) * (1, 2, 1))
    atoms.symbols[[1, 2, 6]] = "Ni"
    return atoms, ALLOY


@pytest.mark.parametrize("make", [copper_crystal, copper_primitive, copper_slab, alloy])
def test_numerical_derivatives(make):
    atoms, path = make()
    atoms.calc = MTPCalculator(path)
    forces = calculate_numerical_forces(atoms, 1e-4)
    stress = calculate_numerical_stress(atoms, 1e-5)
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=2e-6)
    np.testing.assert_allclose(stress, atoms.get_stress(), atol=2e-8, rtol=2e-6)
    np.testing.assert_allclose(*gradient_test(atoms, [0]), atol=1e-5)


def test_properties():
    atoms, path = copper_crystal()
    atoms.calc = MTPCalculator(path)
    direct = mlgrain.MTP(path).evaluate(atoms)
    assert atoms.get_potential_energy() == direct.energy
    assert atoms.get_potential_energy(force_consistent=True) == direct.energy
    np.testing.assert_array_equal(atoms.get_potential_energies(), direct.energies)
    assert np.isclose(-np.trace(atoms.get_stress(voigt=False)) * atoms.get_volume(),
                      np.trace(direct.virial))
    assert "grade" not in atoms.calc.results
    assert atoms.calc.get_property("grade", atoms) == direct.grade
    np.testing.assert_array_equal(atoms.calc.get_property("grades", atoms), direct.grades)
    assert MTPCalculator(path, grades=True).get_property("grade", atoms) == direct.grade
    assert set(atoms.calc.export_properties()) == {"natoms", "energy", "free_energy", "energies",
                                                   "forces", "stress"}
    assert atoms.calc.name == "mtp"


def test_evaluates_once_for_the_same_atoms(monkeypatch):
    atoms, path = copper_crystal()
    atoms.calc = MTPCalculator(path)
    calls, evaluate = [], mlgrain.MTP.evaluate
    monkeypatch.setattr(mlgrain.MTP, "evaluate",
                        lambda *words, **options: calls.append(1) or evaluate(*words, **options))
    atoms.get_potential_energy()
    atoms.get_forces()
    atoms.get_stress()
    assert len(calls) == 1
    before = atoms.get_forces()
    atoms.positions[0, 0] += 0.01
    assert not np.array_equal(atoms.get_forces(), before) and len(calls) == 2
    before[:] = 0  # ASE gives copies
    assert atoms.get_forces().any() and len(calls) == 2
    atoms.set_initial_magnetic_moments(len(atoms) * [1.0])
    atoms.get_forces()
    assert len(calls) == 2
    for change in (lambda: atoms.set_pbc([True, True, False]), lambda: atoms.rattle(1e-14),
                   lambda: atoms.set_cell(1.01 * atoms.cell[:])):
        change()
        count = len(calls)
        atoms.get_forces()
        assert len(calls) == count + 1


def test_species():
    atoms, path = alloy()
    atoms.calc = MTPCalculator(path)
    energy = atoms.get_potential_energy()
    swapped = atoms.copy()
    swapped.numbers = 57 - atoms.numbers  # Cu and Ni change places
    swapped.calc = MTPCalculator(path, species=["Ni", "Cu"])
    assert swapped.get_potential_energy() == energy
    atoms.symbols[0] = "Al"
    with pytest.raises(mlgrain.MLGrainError, match="species: Al is not among .*: Cu, Ni"):
        atoms.get_potential_energy()
    with pytest.raises(mlgrain.MLGrainError, match="grades: "):
        MTPCalculator(path, grades=True)
    with pytest.raises(PropertyNotImplementedError):
        MTPCalculator(path).get_property("grade", swapped)


def test_no_stress_without_a_cell():
    atoms = molecule("C60")
    atoms.numbers[:] = 29
    atoms.positions *= 1.8
    atoms.calc = MTPCalculator(COPPER)
    forces = calculate_numerical_forces(atoms, 1e-4, [0, 7])
    np.testing.assert_allclose(forces, atoms.get_forces()[[0, 7]], atol=2e-6)
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_relaxes_to_the_crystal():
    from ase.optimize import BFGS
    try:
        from ase.filters import FrechetCellFilter as Filter
    except ImportError:
        from ase.constraints import ExpCellFilter as Filter
    atoms, path = copper_primitive()
    atoms.calc = MTPCalculator(path)
    BFGS(Filter(atoms), logfile=None).run(fmax=1e-5, steps=200)
    # the card of the potential: 3.6148 Angstrom
    assert np.isclose((4 * atoms.get_volume()) ** (1 / 3), 3.6148, atol=1e-4)


def test_dynamics_keep_the_energy():
    from ase import units
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
    from ase.md.verlet import VelocityVerlet
    atoms = bulk("Cu", cubic=True) * (2, 2, 2)
    atoms.calc = MTPCalculator(COPPER, threads=2)
    MaxwellBoltzmannDistribution(atoms, temperature_K=600, rng=np.random.default_rng(2))
    before = atoms.get_total_energy()
    VelocityVerlet(atoms, 2 * units.fs).run(100)
    assert abs(atoms.get_total_energy() - before) < 2e-4 * len(atoms)


def test_copies_and_files(tmp_path):
    from ase.io import read
    atoms, path = copper_crystal()
    atoms.calc = MTPCalculator(path)
    energy = atoms.get_potential_energy()
    twin = copy.deepcopy(atoms)
    twin.rattle(0.01, seed=5)
    assert twin.get_potential_energy() != energy == atoms.get_potential_energy()
    for name in ("a.traj", "a.extxyz"):
        atoms.write(tmp_path / name)
        again = read(tmp_path / name)
        assert np.isclose(again.get_potential_energy(), energy, rtol=1e-8)
        np.testing.assert_allclose(again.get_forces(), atoms.get_forces(), atol=1e-7)


def test_sfd_and_voronoi_take_atoms():
    atoms, _ = copper_slab()
    as_tuple = (atoms.positions, atoms.cell[:], atoms.pbc)
    for own, expected in ((mlgrain.sfd(atoms, 0.909, 5.904), mlgrain.sfd(as_tuple, 0.909, 5.904)),
                          (mlgrain.voronoi(atoms).volumes, mlgrain.voronoi(as_tuple).volumes)):
        np.testing.assert_array_equal(own, expected)
