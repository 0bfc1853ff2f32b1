# SPDX-License-Identifier: GPL-2.0-or-later
"""Potential files beside MLIP-3's own: what `mlp` made of files of ours, and its untrained files
(data/mlip)."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest

from mlgrain import cli, compiled
from mlgrain.potentials import configurations, training
from mlgrain.potentials.configurations import Configuration

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
DATA = pathlib.Path(__file__).parent / "data" / "mlip"


@pytest.mark.parametrize("name, of_atoms", [("plain", False), ("repulsive", True)])
def test_mlip_reads_what_is_written_here(tmp_path, name, of_atoms):
    """Its energies, forces, stresses and grades for a file of ours are ours."""
    assert cli.main(["mtp", "grade", str(DATA / f"{name}.almtp"), str(DATA / "in.cfg"),
                     "-o", str(tmp_path / "out.cfg")]) == 0
    ours = list(configurations.read([tmp_path / "out.cfg"]))
    efs, grades = (list(configurations.read([DATA / f"{name}-{kind}.cfg"]))
                   for kind in ("efs", "grades"))
    for one, theirs, graded in zip(ours, efs, grades):
        assert one.energy == pytest.approx(theirs.energy, rel=1e-12)
        np.testing.assert_allclose(one.forces, theirs.forces, atol=1e-6)
        np.testing.assert_allclose(one.virial, theirs.virial, atol=1e-5)
        assert float(one.features["MV_grade"]) == pytest.approx(
            float(graded.features["MV_grade"]), rel=1e-5)
    assert len(ours) == len(efs) == len(grades) == 3
    if of_atoms:
        np.testing.assert_allclose(last_column(tmp_path / "out.cfg"),
                                   last_column(DATA / f"{name}-grades.cfg"), atol=1e-4)


def last_column(path):
    """Of all atoms: their grades."""
    rows = [line.split() for line in path.read_text().splitlines()]
    return [float(words[-1]) for words in rows
            if len(words) > 5 and words[0].isdecimal() and words[1].isdecimal()]


def sums_over_functions(level):
    """Their number, and sums of roots of their values in nine neighborhoods: of sizes, with signs,
    of powers, and of products between neighborhoods. Roots bring the largest down to the others."""
    k = np.arange(1, 10)
    positions = np.mod(np.outer(k, [0.731, 0.373, 0.517]) * 4.2
                       + 0.3 * np.sin(np.outer(k * k, [1, 2, 3])), 4.5)
    one = training.Training(
        training.new_potential(level, [0], 4.4, 1.5, 8),
        [Configuration(positions, np.zeros(9, dtype=np.int32), np.diag([4.6, 4.7, 4.8]),
                       (True,) * 3)])
    radial = one.core.parameter_count - one.core.linear_count
    parameters = np.zeros(one.core.parameter_count)
    parameters[:radial] = np.cos(np.arange(radial)**1.5)
    one.parameters = parameters
    values = one.core.rows(1)[:, radial + 1:]
    roots = np.sign(values) * np.abs(values)**0.25
    return [values.shape[1], np.abs(roots).sum(), roots.sum(), (roots**2).sum(), (roots**3).sum(),
            (roots[0] * roots[1]).sum(), (roots[0] * roots[1] * roots[2]).sum()]


@pytest.mark.parametrize("level", range(2, 30, 2))
def test_basis_functions_are_those_of_stock_files(level):
    expected = json.loads((DATA / "stock_bases.json").read_text())[str(level)]
    np.testing.assert_allclose(sums_over_functions(level), expected, rtol=1e-9)
