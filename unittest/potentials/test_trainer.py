# SPDX-License-Identifier: GPL-2.0-or-later
"""test_trainer.py: the scripts of potentials/train around `mlgrain mtp train`: weights, snapshots for
LAMMPS, and that the potential that comes with the package knows its own configurations."""

import pathlib
import tempfile
import unittest

import numpy as np
from mlgrain.potentials import configurations, error_table, training
from mlgrain.potentials.configurations import Configuration

from label import dump_text
from weigh import GPA, read_data, weights

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "potentials" / "Cu_eam_16.almtp"


def random_configuration(random, atoms=6, edge=5.0):
    """Atoms not too near each other in a triclinic cell."""
    cell = np.array([[edge, 0, 0], [0.3, edge, 0], [-0.4, 0.2, edge]])
    grid = np.array(list(np.ndindex(2, 2, 2))[:atoms]) / 2
    return Configuration(grid @ cell + random.uniform(-0.25, 0.25, (atoms, 3)),
                         np.full(atoms, 29, np.int32), cell, (True,) * 3, random.normal(),
                         random.normal(size=(atoms, 3)), random.normal(size=6), source="a.dump")


class Trainer(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(1)

    def test_weights_are_those_of_the_errors_aimed_at(self):
        """The loss is 30 times the mean square of energies in units of theirs, and so on."""
        contents = training.new_potential(8, [29], 4.0, 1.9, 6, True)
        for atoms in (6, 8):
            one = random_configuration(self.random, atoms)
            one.features = {name: f"{value:.15g}" for name, value in weights(one, 0.01).items()}
            made = training.Training(contents, [one], training.Weights(1.0, 1.0, 1.0))
            energy, force, virial = made.core.evaluate(1)
            rms = np.sqrt((one.forces**2).mean())
            volume = np.linalg.det(one.cell)
            parts = [((energy[0] - one.energy) / atoms) / (0.1e-3 + 0.7e-3 * rms),
                     (force - one.forces) / (0.005 + 0.02 * rms),
                     (virial[0] - one.virial)[[0, 1, 2, 3, 3, 4, 4, 5, 5]] / volume / GPA
                     / (0.01 + 0.2 * rms)]
            expected = (30 * parts[0]**2 + 100 * (parts[1]**2).mean() + 5 * (parts[2]**2).sum())
            self.assertAlmostEqual(made.loss() / expected, 1, 9)

    def test_what_is_left_out_and_what_is_kept(self):
        names = "id type x y z fx fy fz c_pe"
        frames = [f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 4\n"
                  f"0 4\n0 4\nITEM: ATOMS {names}\n1 1 0 0 0 0 {force} 0 -3.5\n"
                  for step, force in ((0, 1.5), (10, 12.5))]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "007_slab.dump"
            path.write_text("".join(frames))
            kept, = read_data([path])
        self.assertEqual(kept.features, {"config_type": "slab", "from": "007_slab"})
        self.assertEqual(kept.types.tolist(), [29])
        self.assertEqual((kept.energy, kept.forces[0, 1]), (-3.5, 1.5))

    def test_snapshots_for_lammps(self):
        one = random_configuration(self.random)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.dump"
            path.write_text(dump_text(7, one))
            again, = configurations.read([path])
        np.testing.assert_allclose(again.positions, one.positions, atol=1e-9)
        np.testing.assert_allclose(again.cell, one.cell, atol=1e-9)

    def test_shipped_potential(self):
        known = read_data([SHIPPED])
        self.assertGreater(len(known), 20)
        self.assertLessEqual({one.features["config_type"] for one in known},
                             {"crystal", "liquid", "slab", "fault", "boundary"})
        table = error_table.ErrorTable(lambda one: "all")
        for one in error_table.compared_stream(SHIPPED.read_bytes(), known):
            table.add(one)
        row, = table.rows()
        self.assertLess(row["energy"], 5)  # meV/atom: the hardest configurations of all
        self.assertLess(row["force"], 100)  # meV/Angstrom


if __name__ == "__main__":
    unittest.main()
