# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain bicrystal with boundaries by five parameters: all forms, what is printed, files,
problems."""

import csv
import json
import re

import numpy as np
import pytest

from mlgrain import Boundary, MLGrainError
from mlgrain.cli import main
from mlgrain.compiled import is_compiled

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the core is not compiled")

SAME = ["Sigma5 (3 1 0)", "S5(310)", "sigma5a [100] {310}", "[0 0 1] 36.87 (3 1 0)",
        "[0,0,1] -36.8699 (3 -1 0)", "q 0 3 1 0 (3 1 0)", "q 3 0 0 1 (3 1 0)",
        "3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0",
        "3,1,0/0,0,2/1,-3,0|3,1,0/0,0,-2/-1,3,0",
        "euler 0 0 0 36.87 0 0 (3 1 0)", "euler 36.87 0 0, 0 0 0 (3 1 0)",
        "[0 0 1] 36.87 (3 1 0) / (3 -1 0)", "S5[100](3 1 0)/(3 -1 0)",
        "36.8699 degrees about [1 0 0], (0 3 1) / (0 3 -1), tilt",
        "fcc Sigma5 36.8699 degrees [1 0 0], (3 1 0) / (3 1 0), symmetric tilt"]


def run(*words):
    return main(["bicrystal", *(str(word) for word in words)])


@pytest.mark.parametrize("words", SAME)
def test_forms(words, capsys):
    assert Boundary.from_text(words) == Boundary.from_sigma("Sigma5 (310)")
    assert run("key", words) == 0
    key = [line for line in capsys.readouterr().out.splitlines() if line.split()[0] == "key"][0]
    assert Boundary.from_text(key.split(None, 1)[1]) == Boundary.from_text(words)


def test_key(capsys):
    assert run("key", SAME[0], "--a", 2) == 0
    out = capsys.readouterr().out
    for words in ("fcc Sigma5, symmetric tilt", "36.8699 degrees about [1 0 0]", "Cu 0.8661",
                  "area 6.32"):
        assert words in out
    assert run("key", "[0 0 1] 36.865 (3 1 0)") == 0
    assert "0.0049 degrees from the angle given" in capsys.readouterr().out
    assert run("key", SAME[0], "--json", "--lattice", "bcc") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["sigma"] == 5 and len(said["key"]) == 13 and "brk_energy" not in said
    assert said["csl"] == Boundary.from_text(SAME[0], "bcc").csl.tolist()


def test_distance_and_energy(capsys):
    assert run("distance", SAME[0], SAME[3]) == 0
    out = capsys.readouterr().out
    assert "the same boundary" in out and out.count("0.000000") == 3
    assert run("distance", SAME[0], "Sigma5 (210)") == 0
    assert "two boundaries" in capsys.readouterr().out
    assert run("energy", "Sigma3 (111)", SAME[0], "--metals", "Ni", "Cu") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[-2:] == ["0.0624", "0.0235"] and lines[2].split()[-1] == "0.8661"


def test_energy_needs_no_coincidence(capsys):
    angles = "euler 10 20 30 40 50 60 (3 1 0)"
    assert run("energy", angles, "--metals", "Cu", "S5(310)") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and 0.5 < float(lines[1].split()[-1]) < 1.0
    assert lines[2].split() == ["S5(310)", "0.8661"]
    assert run("energy", "S5 (310") == 1
    said = capsys.readouterr()
    assert not said.out and "a label is as" in said.err
    assert run("key", angles) == 1
    assert "'tolerance'" in capsys.readouterr().err


def test_a_large_sigma_is_told(tmp_path, capsys):
    assert run("key", "[0 0 1] 36.9 (3 1 0)") == 0
    said = capsys.readouterr().err
    for words in ("Sigma821969", "Sigma5 (36.8699 degrees about [1 0 0]), 0.0301 degrees away",
                  "--tolerance", "--strain"):
        assert words in said
    assert run("key", "[0 0 1] 36.9 (3 1 0)", "--tolerance", 0.05) == 0
    assert "Sigma5" in capsys.readouterr().out
    for exact in ("q 500 1 0 0 (3 1 0)", "[0 0 1] 36.87 (3 1 0)"):
        assert run("key", exact) == 0
        assert not capsys.readouterr().err
    assert run("make", "[0 0 1] 17 (5 1 0)", "--a", 3.6, "--thickness", 2,
               "-o", tmp_path / "b.data") == 0
    said = capsys.readouterr()
    assert said.err.split("warning: ")[1].split()[0] == re.search(r"(\d+) atoms", said.out)[1]


def test_rows_with_strain(tmp_path, capsys):
    twist = "0 0 1 / 1 0 0 / 0 1 0 | 0 0 1 / 1 1 0 / -1 1 0"
    words = ["make", twist, "--a", 3.615, "--thickness", 2, "-o", tmp_path / "b.data"]
    assert run(*words) == 1
    assert "'strain'" in capsys.readouterr().err
    assert run(*words, "--strain", 0.02) == 0
    assert "inversion holds" in capsys.readouterr().out


def test_strain_of_hcp_is_told(capsys):
    assert run("key", "Sigma7 (0001)", "--lattice", "hcp", "--a", 2.95, "--c", 4.68) == 0
    said = capsys.readouterr()
    assert "strained by 8.9e-05" in said.err and "Sigma7, twist" in said.out
    assert run("key", "Sigma7 (0 0 1)", "--lattice", "hcp") == 0
    assert not capsys.readouterr().err


def test_forms_stay_apart_in_the_help(capsys):
    with pytest.raises(SystemExit):
        run("--help")
    assert "BOUNDARY is" not in capsys.readouterr().out


def test_list(tmp_path, capsys):
    assert run("list", "--max-sigma", 49, "--max-area", 100, "--a", 3.615,
               "--csv", tmp_path / "l.csv") == 0
    assert "740 boundaries" in capsys.readouterr().out
    with open(tmp_path / "l.csv", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    for line in lines[::37]:
        b = Boundary.from_text(f"q {line['quadruple']} ({line['plane']})")
        assert b.sigma == int(line["sigma"]) and b.kind == line["kind"]
        assert b == Boundary.from_text(line["key"])
    assert run("list", "--max-sigma", 5, "--max-area", 2, "--kind", "twist",
               "--lattice", "hcp") == 1
    assert "no boundary" in capsys.readouterr().err
    assert run("list", "--max-sigma", 7, "--max-area", 12, "--lattice", "hcp",
               "--kind", "twist") == 0
    assert "7" in capsys.readouterr().out


def test_make(tmp_path, capsys):
    path = tmp_path / "b.data"
    assert run("make", SAME[0], "--a", 3.615, "--translation", 0.3, 0.2, "--overlap", 1.5,
               "--repeat", 1, 2,
               "--thickness", 20, "--mass", 63.546, "-o", path) == 0
    out = capsys.readouterr().out
    assert "Sigma5" in out and "inversion holds to" in out
    lines = path.read_text().splitlines()
    assert "2 atom types" in lines and "2 63.546" in lines and any("xy xz yz" in x for x in lines)
    assert run("make", "Sigma7 (0 0 1)", "--lattice", "hcp", "--a", 2.95, "--c", 4.68, "--types", 1,
               "--terminations", 1, 0, "-o", path) == 0
    assert "1 atom types" in path.read_text().splitlines()
    capsys.readouterr()
    assert run("make", SAME[0], "--a", 3.615, "--surfaces", "-o", path) == 0
    assert "; 1 of area" in capsys.readouterr().out


def test_make_with_strain(tmp_path, capsys):
    path = tmp_path / "near.data"
    assert run("make", "[1 1 0] 55 (0 0 1)", "--a", 3.615, "--strain", 0.005, "--thickness", 12,
               "-o", path) == 0
    out = capsys.readouterr().out
    assert "(0 0 1) / (-1 1 1)" in out and "strained by 2.77e-03" in out and "0.264 degrees" in out
    assert "inversion holds to" in out
    assert run("make", "[1 1 0] 55 (0 0 1)", "--a", 3.615, "--strain", 0.005, "--period", 4,
               "-o", path) == 1
    assert "no common period" in capsys.readouterr().err


RUTILE = ["--cell", 4.5, 0, 0, 0, 4.5, 0, 0, 0, 3, "--basis", 1, 0, 0, 0,
          "--basis", 1, 0.5, 0.5, 0.5, "--basis", 2, 0.3, 0.3, 0, "--basis", 2, 0.7, 0.7, 0,
          "--basis", 2, 0.8, 0.2, 0.5, "--basis", 2, 0.2, 0.8, 0.5]


def test_crystals_of_cells_and_files(tmp_path, capsys):
    path, again = tmp_path / "b.data", tmp_path / "c.data"
    words = ["make", "[0 0 1] 36.87 (2 1 0)", "--translation", 0.1, 0.2, "--types", 1,
             "--thickness", 12]
    assert run(*words, *RUTILE, "-o", path) == 0
    assert "custom Sigma5" in capsys.readouterr().out
    assert "2 atom types" in path.read_text().splitlines()
    assert run("lattice", *RUTILE) == 0
    out = capsys.readouterr().out
    assert out.startswith("lattice custom 1.0 &\n  a1 4.5 0 0 &\n  a2 0 4.5 0 &\n  a3 0 0 3")
    assert out.count("basis") == 6 + 4 + 4 and out.count(" 2\n") >= 1
    assert run("key", "q 1 0 0 3 (2 1 0)", *RUTILE, "--a", 1) == 0
    assert "Sigma5" in capsys.readouterr().out

    ase = pytest.importorskip("ase")
    numbers = [float(x) for x in RUTILE if not str(x).startswith("--")]
    atoms = np.reshape(numbers[9:], (-1, 4))
    ase.Atoms(["Ti" if kind == 1 else "O" for kind in atoms[:, 0]], scaled_positions=atoms[:, 1:],
              cell=np.reshape(numbers[:9], (3, 3)), pbc=True).write(tmp_path / "rutile.xyz")
    assert run(*words, "--lattice", tmp_path / "rutile.xyz", "-o", again) == 0
    assert path.read_text().splitlines()[1:] == again.read_text().splitlines()[1:]
    capsys.readouterr()
    assert run("lattice", "--lattice", tmp_path / "rutile.xyz") == 0
    assert "# types: Ti O" in capsys.readouterr().out


def test_starts(tmp_path):
    folder = tmp_path / "starts"
    assert run("starts", "Sigma5 (100)", "--a", 3.615, "--spacing", 1.0,
               "--thickness", 10, "-o", folder) == 0
    with open(folder / "starts.csv", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    # 1.14 Angstrom each way: a quarter of the crystal's net would be more
    assert len({(x["translation_1"], x["translation_2"]) for x in lines}) == 4
    assert {x["file"] for x in lines} | {"starts.csv"} == {p.name for p in folder.iterdir()}
    counts = {(x["translation_1"], x["translation_2"], x["atoms"]) for x in lines}
    assert len(counts) == len(lines)
    for line in lines:
        text = (folder / line["file"]).read_text().splitlines()
        atoms = np.array([x.split() for x in text[text.index("Atoms # atomic") + 2:]], float)
        assert len(atoms) == int(line["atoms"])


@pytest.mark.parametrize("words,reason", [
    (["key", "Sigma5"], "a label is as"),
    (["key", "q 1 2 3 (1 0 0)"], "a quadruple is as"),
    (["key", "q 3 0 0 1"], "a quadruple is as"),
    (["key", "key 1 2 3"], "a key has 13"),
    (["key", "3 1 0 / 0 0 1 | 1 0 0 / 0 1 0 / 0 0 1"], "rows are as"),
    (["key", "3 1 x / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0"], "rows are as"),
    (["key", "euler 1 2 3 4 5 y (1 0 0)"], "Euler angles are as"),
    (["key", "Sigma33 (1 1 0)"], "boundaries are \"Sigma33 (1 1 0)\""),
    (["key", "twin"], "boundaries are as"),
    (["key", "[0 0 1] 36.87 (3 1 0)", "--c", "4"], "--c is for hcp"),
    (["list"], "--max-area"),
    (["list", "--max-area", "3", "--lattice", "bcc", "--metal", "Cu"], "--metal is for fcc"),
    (["list", "--axis", "100", "--kind", "twist"], "--kind is not for --axis"),
    (["make", SAME[0], "--edges", "9", "9", "--a", "3", "-o", "x"], "--edges is for --axis"),
    (["make", SAME[0], "--angle", "9", "--a", "3", "-o", "x"], "--angle is for --axis"),
    (["make", SAME[0], "--gap", "-3", "--a", "3", "-o", "x"], "in each other"),
    (["make", SAME[0], "--terminations", "1", "0", "--a", "3", "-o", "x"], "grain 1 are 0 to 0"),
    (["starts", SAME[0], "--grid", "2", "2", "--a", "3", "-o", "x"], "--grid is for --axis"),
    (["starts", SAME[0], "--spacing", "1e-4", "--a", "3", "-o", "x"], "more than 10000"),
    (["starts", "--axis", "100", "--plane", "1", "3", "0", "--spacing", "2", "--a", "3", "-o", "x"],
     "--spacing is not for --axis"),
    (["energy"], "which boundary?"),
    (["key", "[0 0 1] 36.87 (3 1 0) / (3 1 0)"], "(3 -1 0), not (3 1 0)"),
    (["key", "Sigma5 (9999999999 1 0)"], "too large"),
    (["key", SAME[0], "--cell", *"300030003", "--basis", "1", "0", "0", "0", "--basis", "2", "0",
      "0", "0.003"], "atoms 1 and 2"),
    (["make", "--a", "3", "-o", "x"], "which boundary?"),
    (["make", SAME[0], "--axis", "100", "--a", "3", "-o", "x"], "take one"),
    (["make", SAME[0], "--vacuum", "9", "--a", "3", "-o", "x"], "--vacuum is for --axis"),
    (["make", SAME[0], "--repeat", "1", "1", "1", "--a", "3", "-o", "x"], "--repeat"),
    (["make", SAME[0], "--mass", "1", "2", "--a", "3", "-o", "x"], "masses"),
    (["make", "--axis", "100", "--a", "3", "-o", "x"], "--axis needs"),
    (["make", "[0 0 1] 17 (0 0 1)", "--period", "9", "--a", "3", "-o", "x"], "is for --strain"),
    (["make", "--axis", "100", "--plane", "1", "3", "0", "--strain", "0.1", "--a", "3", "-o", "x"],
     "not for --axis"),
    (["make", "--axis", "100", "--plane", "1", "3", "0", "--lattice", "hcp", "--a", "3", "-o", "x"],
     "--axis is for fcc and bcc"),
    (["make", "--axis", "100", "--plane", "1", "3", "0", "--surfaces", "--a", "3", "-o", "x"],
     "--vacuum"),
    (["starts", SAME[0], "--a", "0", "-o", "x/y"], "not a length"),
    (["make", SAME[0], "-o", "x"], "--a, the lattice constant, is needed"),
    (["make", SAME[0], "--basis", "1", "0", "0", "0", "--a", "3", "-o", "x"], "is for --cell"),
    (["key", SAME[0], "--cell", *"100010001", "--basis", "x", "0", "0", "0"], "--basis takes"),
    (["key", SAME[0], "--cell", *"100010001", "--basis", "0", "0", "0", "0"], "types"),
    (["key", SAME[0], "--cell", *"010100001"], "left-handed"),
    (["make", "--axis", "100", "--plane", "1", "3", "0", "--cell", *"100010001", "--a", "3", "-o",
      "x"], "not for --axis"),
    (["key", SAME[0], "--lattice", "."], "can't be read as a crystal"),
])
def test_problems_are_told_in_a_sentence(words, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 1
    error = capsys.readouterr().err
    assert error.startswith("mlgrain: ") and reason in error
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("task", ["list", "make", "starts", "key", "distance", "energy", "lattice"])
def test_help(task, capsys):
    with pytest.raises(SystemExit) as status:
        run(task, "--help")
    assert status.value.code == 0
    assert "example:\n  mlgrain bicrystal " + task in capsys.readouterr().out


def test_indices_may_stand_together():
    assert Boundary.from_text("[110] 70.53 (1-11)") == Boundary.from_text("[1 1 0] 70.53 (1 -1 1)")
    assert Boundary.from_text("q 1 2 0 0 (1-11)").planes[0] == (1, -1, 1)
    with pytest.raises(MLGrainError):
        Boundary.from_text("[1 1] 70.53 (1 -1 1)")
    with pytest.raises(MLGrainError, match="no text"):
        Boundary.from_text("S5(310)\0 and more")


@pytest.mark.parametrize("lattice,label", [("fcc", "Sigma33 (1 1 0)"), ("bcc", "Sigma33 (1 1 0)")])
def test_a_label_of_several_boundaries_lists_some(lattice, label):
    with pytest.raises(MLGrainError) as error:
        Boundary.from_text(label, lattice)
    count, forms = re.match(r"(\d+) boundaries are .* write one of (.*?)(?: \.\.\.)?$",
                            str(error.value)).groups()
    found = {Boundary.from_text(words, lattice) for words in forms.split(", ")}
    assert len(found) == len(forms.split(", ")) == min(3, int(count))
    assert {b.sigma for b in found} == {int(label.split()[0].removeprefix("Sigma"))}
