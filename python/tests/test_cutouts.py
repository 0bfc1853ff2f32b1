# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells cut out of dumps: centers, weights, files, what the command says."""

from __future__ import annotations

import numpy as np
import pytest

from mlgrain import compiled
from mlgrain.cli import main
from mlgrain.errors import MLGrainError
from mlgrain.potentials import cells, configurations

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")

LATTICE, REPEATS = 3.6, 7


@pytest.fixture(scope="module")
def crystal():
    """(positions, cell, pbc), disturbed fcc."""
    basis = np.array([[0, 0, 0], [0, .5, .5], [.5, 0, .5], [.5, .5, 0]])
    corners = np.stack(np.meshgrid(*[np.arange(REPEATS)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    x = LATTICE * (corners + basis).reshape(-1, 3)
    return (x + np.random.default_rng(1).normal(scale=0.08, size=x.shape),
            np.eye(3) * LATTICE * REPEATS, (True, True, True))


@pytest.fixture
def dump(crystal, tmp_path, monkeypatch):
    x, cell, _ = crystal
    score = np.zeros(len(x))
    score[[100, 900]] = 3, 2
    score[7] = np.nan
    edge = float(cell[0, 0])
    frames = []
    for step in (0, 10):
        frames += ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(x)),
                   "ITEM: BOX BOUNDS pp pp pp", *[f"5 {5 + edge!r}"] * 3,
                   "ITEM: ATOMS id type x y z c_e[2]"]
        frames += [f"{i + 1} 1 {a + 5!r} {b + 5!r} {c + 5!r} {s!r}"
                   for i, ((a, b, c), s) in enumerate(zip(x.tolist(), score.tolist()))]
    (tmp_path / "run.dump").write_text("\n".join(frames) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_cells_have_their_atoms(crystal):
    x, cell, pbc = crystal
    one = cells.cut(x, cell, pbc, 100)
    middle = one.cell.sum(axis=0) / 2
    difference = one.positions - middle - (x[one.atoms] - x[100])
    turns = difference @ np.linalg.inv(cell)
    np.testing.assert_allclose(turns, np.rint(turns), atol=1e-9)
    distance = np.linalg.norm(one.positions - middle, axis=1)
    assert distance.min() < 1e-9 and (one.weights[distance < 4] == 1).all()
    assert (one.weights[distance > 5] == 0).all() and 200 < len(one) < 350
    tried = []
    cells.cut(x, cell, pbc, 100, judge=lambda c: tried.append(c) or c.seam)
    assert [c.number for c in tried] == list(range(24))
    seams = [c.seam for c in tried]
    assert one.seam == min(seams) and max(seams) > 1.5 * min(seams)
    picked = cells.cut(x, cell, pbc, 100, judge=lambda c: abs(c.number - 7))
    assert picked.number == 7 and picked.seam == seams[7]


def test_the_command(dump, crystal, capsys):
    x, cell, pbc = crystal
    assert main(["cells", "run.dump", "-o", "out.cfg", "--score", "c_e[2]", "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "4 cells" in said and "1 atoms whose c_e[2] is not finite" in said
    written = list(configurations.read(["out.cfg"]))
    assert [one.features["center"] for one in written] == ["101", "901", "101", "901"]
    assert written[2].features["timestep"] == "10" and written[0].features["score"] == "3"
    expected = cells.cut(x, cell, pbc, 100)
    np.testing.assert_allclose(written[0].positions, expected.positions, atol=1e-9)
    np.testing.assert_allclose(written[0].force_weights, expected.weights, atol=1e-9)
    assert (written[0].types == 0).all() and written[0].forces is None
    assert main(["cells", "run.dump", "-o", "out.xyz", "--ids", "901", "--last", "--elements",
                 "Cu", "--edge", "12", "--boxes", "3"]) == 0
    ase_io = pytest.importorskip("ase.io")
    atoms = ase_io.read("out.xyz")
    assert set(atoms.get_chemical_symbols()) == {"Cu"} and atoms.pbc.all()
    assert set(atoms.arrays) >= {"weight", "id"} and atoms.get_volume() < 12.9**3
    again = next(configurations.read(["out.xyz"]))
    np.testing.assert_allclose(again.force_weights, atoms.arrays["weight"])


@pytest.mark.parametrize("words, text", [
    (["run.dump", "-o", "out.dat", "--ids", "1"], "should end with"),
    (["run.dump", "-o", "out.cfg"], "one of --score and --ids"),
    (["run.dump", "-o", "out.cfg", "--score", "c_x"], "no column c_x"),
    (["run.dump", "-o", "out.cfg", "--ids", "99999"], "there is no atom 99999"),
    (["run.dump", "-o", "out.xyz", "--ids", "1"], "need chemical symbols"),
    (["run.dump", "-o", "out.cfg", "--ids", "1", "--boxes", "2000"], "out of range"),
])
def test_what_is_wrong(dump, capsys, words, text):
    assert main(["cells", *words]) == 1
    assert text in capsys.readouterr().err


def test_wrong_arrays(crystal):
    x, cell, pbc = crystal
    with pytest.raises(MLGrainError, match="not as many scores"):
        cells.centers(x, cell, pbc, np.zeros(3))
    with pytest.raises(MLGrainError, match="no atom of the center's number"):
        cells.cut(x, cell, pbc, len(x))
    with pytest.raises(MLGrainError, match="no volume"):
        cells.centers(x, np.zeros((3, 3)), pbc, np.zeros(len(x)))
