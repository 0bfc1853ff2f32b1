# SPDX-License-Identifier: GPL-2.0-or-later
"""test_trainer.py: the trainer of potentials/train with small potentials and random
frames, and that it reads the potential that comes with the package."""

import copy
import pathlib
import tempfile
import unittest

import numpy as np

from active_set import maxvol, save
from basis import Basis
from frames import Frame, cfg_text, dump_text, read_cfg
from mtp import Evaluator, Potential
from train import Problem, improve, solve_linear

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "potentials" / "Cu_eam_16.almtp"
# Shapeev's numbers of basic moments and of scalars, as in MLIP's stock files
STOCK = {2: (1, 1), 4: (1, 2), 6: (5, 5), 8: (11, 9), 16: (130, 92), 18: (201, 163)}


def random_frame(random, atoms=6, edge=5.0):
    """Atoms not too near each other in a triclinic cell."""
    cell = np.array([[edge, 0, 0], [0.3, edge, 0], [-0.4, 0.2, edge]])
    grid = np.array([(i, j, k) for i in range(2) for j in range(2) for k in range(2)][:atoms])
    x = (grid / 2) @ cell + random.uniform(-0.25, 0.25, (atoms, 3))
    return Frame("random:0", cell, x, np.zeros((atoms, 3)), 0.0, np.zeros(6))


def random_potential(random, level=8):
    potential = Potential(Basis(level), 29, 1.9, 4.0, 6)
    potential.theta = random.normal(size=len(potential.theta))
    return potential


def evaluate(potential, *frames):
    return Evaluator(potential, frames)(potential.theta)


def labeled(potential, frames):
    """The frames with this potential's own energies, forces and virials."""
    evaluator = Evaluator(potential, frames)
    energy, force, virial = evaluator(potential.theta)
    for k, frame in enumerate(frames):
        frame.energy, frame.virial = energy[k], virial[k]
        frame.force = force[evaluator.frame_of_atom == k]
    return frames


class Trainer(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(1)
        self.frame = random_frame(self.random)
        self.potential = random_potential(self.random)

    def test_sizes_of_stock_levels(self):
        for level, sizes in STOCK.items():
            basis = Basis(level)
            self.assertEqual((len(basis.basic), len(basis.mapping)), sizes, f"level {level}")

    def test_rotation_changes_no_basis_function(self):
        turn, _ = np.linalg.qr(self.random.normal(size=(3, 3)))
        turned = copy.deepcopy(self.frame)
        turned.cell, turned.x = turned.cell @ turn, turned.x @ turn
        potential = random_potential(self.random, 16)
        evaluator = Evaluator(potential, [self.frame, turned])
        gradients = evaluator.gradients(potential.theta)
        np.testing.assert_allclose(gradients[:6], gradients[6:], rtol=1e-8)
        _, force, _ = evaluator(potential.theta)
        np.testing.assert_allclose(force[:6] @ turn, force[6:], atol=1e-9 * np.abs(force).max())

    def test_forces_and_virial_are_derivatives(self):
        _, force, virial = evaluate(self.potential, self.frame)
        step = 1e-5

        def derivative(change):
            two = [copy.deepcopy(self.frame) for _ in range(2)]
            change(two[0], step)
            change(two[1], -step)
            energy = evaluate(self.potential, *two)[0]
            return (energy[0] - energy[1]) / (2 * step)

        def move(frame, by):
            frame.x[3, 1] += by

        def strain(frame, by):
            matrix = np.eye(3)
            matrix[0, 1] = by
            frame.x, frame.cell = frame.x @ matrix, frame.cell @ matrix

        self.assertAlmostEqual(-derivative(move) / force[3, 1], 1, 6)
        self.assertAlmostEqual(-derivative(strain) / virial[0, 3], 1, 6)

    def test_gradients_are_derivatives(self):
        evaluator = Evaluator(self.potential, [self.frame])
        sums = evaluator.gradients(self.potential.theta).sum(axis=0)
        for k in (0, 7, self.potential.radial_parameters, len(sums) - 1):
            two = [self.potential.theta.copy() for _ in range(2)]
            two[0][k] += 1e-6
            two[1][k] -= 1e-6
            change = (evaluator(two[0])[0][0] - evaluator(two[1])[0][0]) / 2e-6
            self.assertLess(abs(change - sums[k]), 1e-6 * np.abs(sums).max())

    def test_potential_survives_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.mtp"
            path.write_text(self.potential.text())
            again = Potential.read(path)
        self.assertEqual(again.text(), self.potential.text())

    def test_fit_recovers_a_potential(self):
        frames = labeled(self.potential, [random_frame(self.random) for _ in range(12)])
        problem = Problem(self.potential, frames, 0.02)
        linear = self.potential.theta.copy()
        linear[self.potential.radial_parameters:] = 0
        np.testing.assert_allclose(solve_linear(problem, linear), self.potential.theta, atol=1e-2)

        start = self.potential.theta + 0.01 * self.random.normal(size=len(linear))
        for damp_linear in (True, False):
            found = improve(problem, start, 3, lambda theta: None, damp_linear)
            self.assertLess(problem.errors(found)[1], 0.2 * problem.errors(start)[1])

    def test_active_set(self):
        frames = labeled(self.potential, [random_frame(self.random) for _ in range(12)])
        evaluator = Evaluator(self.potential, frames)
        rows = evaluator.gradients(self.potential.theta)
        selected, active = maxvol(rows, 1.01)
        self.assertLessEqual(np.abs(rows @ np.linalg.inv(active)).max(), 1.01 + 1e-6)
        chosen = selected >= 0
        np.testing.assert_array_equal(active[chosen], rows[selected[chosen]])
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.almtp"
            save(path, self.potential, evaluator, frames, selected, active)
            again = read_cfg(path)
        used = np.unique(evaluator.frame_of_atom[selected[chosen]])
        self.assertEqual(len(again), len(used))
        for frame, k in zip(again, used):
            np.testing.assert_allclose(frame.x, frames[k].x, atol=1e-6)
            np.testing.assert_allclose(frame.force, frames[k].force, atol=1e-6)
            np.testing.assert_allclose(frame.virial, frames[k].virial, atol=1e-6)
            self.assertAlmostEqual(frame.energy, frames[k].energy, 6)

    def test_configurations_without_cell_are_left_out(self):
        text = cfg_text(self.frame)
        start = text.index(" Supercell")
        without = text[:start] + text[text.index(" AtomData"):]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.cfg"
            path.write_text(without + "\n" + text)
            self.assertEqual(len(read_cfg(path)), 1)
        self.assertIn("ITEM: NUMBER OF ATOMS\n6\n", dump_text(0, self.frame.cell, self.frame.x))

    def test_shipped_potential(self):
        potential = Potential.read(SHIPPED)
        self.assertEqual((potential.basis.level, potential.label), (16, 29))
        frames = read_cfg(SHIPPED)
        self.assertGreater(len(frames), 20)
        energy, force, _ = evaluate(potential, *frames)
        size = np.array([len(frame.x) for frame in frames])
        error = (energy - [frame.energy for frame in frames]) / size
        self.assertLess(np.sqrt((error**2).mean()), 5e-3)  # the hardest frames of all
        self.assertLess(np.sqrt(((force - np.concatenate([f.force for f in frames]))**2).mean()), 0.1)


if __name__ == "__main__":
    unittest.main()
