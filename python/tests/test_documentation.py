# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs in README.md and doc/python.md run as they stand."""

from __future__ import annotations

import os
import pathlib
import shutil

import numpy as np
import pytest

from mlgrain import compiled

TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))


def programs(page, title):
    """Indented blocks of a section, one text each; blank lines don't end them."""
    section = (TOP / page).read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    blocks, inside = [], False
    for line in section.splitlines():
        if line.startswith("    ") or (inside and not line):
            blocks = blocks if inside else [*blocks, ""]
            blocks[-1] += line[4:] + "\n"
        inside = line.startswith("    ") or (inside and not line)
    return blocks


@pytest.fixture(autouse=True)
def needs():
    pytest.importorskip("ase")
    if compiled._core is None:
        pytest.skip("no compiled core")


def test_readme(monkeypatch):
    monkeypatch.chdir(TOP)
    names = {}
    (block,) = programs("README.md", "In Python")
    command, program = block.split("\n", 1)
    assert command.startswith("pip install ./python")
    exec(program, names)
    assert np.allclose(names["prediction"], -3.54 / 11.81, atol=0.003)
    assert np.isclose(names["atoms"].get_potential_energy(), names["result"].energy)


def test_environments(tmp_path, monkeypatch):
    build = pytest.importorskip("ase.build")
    frames = [build.bulk("Cu", cubic=True).repeat(3) for _ in range(2)]
    frames[1].rattle(0.2, seed=1)
    monkeypatch.chdir(tmp_path)
    names = {"frames": frames}
    (block,) = programs("doc/python.md", "Environments")
    exec(block, names)
    assert len(names["library"]) > 1 and names["library"].atoms.sum() == 216
    assert len(names["found"].classes) == 3 and np.isclose(names["fractions"].sum(), 1)
    assert len(names["load_environments"]("cu.safetensors")) == len(names["library"])


def test_descriptors_and_potentials(tmp_path, monkeypatch):
    shutil.copy(TOP / "potentials/Cu_eam_16.almtp", tmp_path)
    monkeypatch.chdir(tmp_path)
    names = {}
    blocks = programs("doc/python.md", "Descriptors and potentials in a program")
    assert len(blocks) == 2
    for block in blocks:
        exec(block, names)
    assert names["descriptors"].shape == (4, 19) and names["names"][2] == "P2_I0"
    assert names["cells"].faces.tolist() == 4 * [12] and not names["cells"].open.any()
    assert np.isclose(names["result"].energy / 4, -3.54, atol=0.01)
    assert 0 < names["grade"] < 2


def test_segregation():
    names = {}
    exec(programs("doc/python.md", "Linear models and segregation")[-1], names)
    assert names["found"].sites == 1000 and 1e-3 < names["beside"] < 0.5
    assert np.isclose(0.9 * names["crystal"] + 0.1 * names["boundary"], 0.01)
