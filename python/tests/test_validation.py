# SPDX-License-Identifier: GPL-2.0-or-later
"""Report cards of potentials: published values, restarts, failures, pages."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from mlgrain import cli, compiled, plots
from mlgrain.boundaries.seeds import distances
from mlgrain.errors import MLGrainError
from mlgrain.models import container
from mlgrain.validation import band, card, cells, corrected, reference, suite
from mlgrain.validation.corrected import Corrected
from mlgrain.validation.page import Page
from mlgrain.validation.properties import (boundaries, bulk, cost, elastic, faults, hot, labeled,
                                           melting, phonons, polycrystal, screw, surfaces)
from mlgrain.validation.properties.common import (Crystal, Failure, Property, Row, Source,
                                                  curve)
from mlgrain.validation.session import Session, cpu_time

TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
# LAMMPS and its potentials, where unittest/python runs these tests beside it.
LMP = os.environ.get("MLGRAIN_LMP") or shutil.which("lmp")
FILES = os.environ.get("MLGRAIN_LAMMPS_POTENTIALS", "")
COPPER, IRON = (os.path.join(FILES, name) for name in ("Cu_mishin1.eam.alloy", "Fe_mm.eam.fs"))
with_lammps = pytest.mark.skipif(not LMP or not os.path.exists(COPPER),
                                 reason="no LAMMPS: MLGRAIN_LMP and "
                                 "MLGRAIN_LAMMPS_POTENTIALS aren't set")


def run(*words):
    return cli.main(["validate", *map(str, words)])


def numbers(folder):
    """{property: {column: text}} of a card."""
    with open(folder / "card.csv", encoding="utf-8") as file:
        return {line["property"]: line for line in csv.DictReader(file)}


@pytest.mark.parametrize("lattice, directions", [
    ("fcc", ((1, 1, -2), (1, 1, 1), (1, -1, 0))), ("bcc", ((1, -1, -1), (2, 1, 1), (0, -1, 1))),
    ("bcc", ((1, 0, 0), (0, 1, 1), (0, -1, 1)))])
def test_turned_cells_are_perfect_crystals(lattice, directions):
    cell, positions = cells.oriented(lattice, 3.0, directions, (2, 2, 2))
    assert len(positions) == round(np.linalg.det(cell) / 27.0 * cells.ATOMS_PER_CUBE[lattice])
    apart = positions[:, None] - positions
    apart -= np.round(apart / np.diag(cell)) * np.diag(cell)
    distance = np.linalg.norm(apart, axis=2) + 99 * np.eye(len(positions))
    nearest, _ = cells.nearest_neighbors(lattice)
    assert np.allclose(distance.min(axis=1), 3.0 * nearest)
    # (Cells may be so small that a pair is near in several images.)
    moved = cells.between_planes(cell, positions, 1)
    places = np.unique(np.round(moved[:, 1], 6))
    assert places[0] == pytest.approx(cell[1, 1] - places[-1], abs=1e-5)


def test_the_lowest_point_of_a_curve():
    x = np.linspace(0.7, 1.3, 25)
    assert bulk.lowest(x, (x - 1.013) ** 2, 1.0) == pytest.approx(1.013)
    assert bulk.lowest(x, x, 1.0) is None
    assert bulk.lowest(x, np.cos(30 * x), 1.1) == pytest.approx(11 * np.pi / 30, abs=2e-3)
    assert faults.peak(x, 5 - (x - 1.01) ** 2) == pytest.approx(5.0)


def test_error_bars_follow_arithmetic():
    """As differences of slightly changed numbers do."""
    def what(x, y):
        peak = faults.peak(np.array([0.0, 1.0, 2.0]), [x, 2 + y, y])
        return (3 * x - y / x + (2 - x) * y + x / 4 - np.float64(1.5) * y + 1 / y + sum([x, -y])
                + peak)

    size = 1e-6
    changes = np.array([[1.0, 0.0], [-0.5, 2.0], [0.0, -1.0]]) * size
    found = what(Corrected(2.0, changes[:, 0]), Corrected(3.0, changes[:, 1]))
    for k, (dx, dy) in enumerate(changes):
        assert found.changes[k] == pytest.approx(what(2 + dx, 3 + dy) - what(2.0, 3.0), rel=1e-4)
    assert float(found) == pytest.approx(what(2.0, 3.0), rel=1e-14)
    assert found.bound == np.abs(found.changes).max()
    assert max([Corrected(1, changes[0]), Corrected(2, changes[1])]).changes[1] == changes[1, 1]
    assert np.array([found, found]).dtype == float


def test_phonons_of_a_chain_of_springs():
    # Springs k between neighbors along z in a cube of 4 cells: w = 2 sqrt(k/m) |sin(q a/2)|.
    positions = np.array([[0.0, 0.0, z] for z in range(4)])
    constants = np.zeros((4, 3, 3))
    constants[[0, 1, 3], 2, 2] = 2.0, -1.0, -1.0
    vectors = phonons.images(4.0 * np.eye(3), positions)
    for q in (0.0, 0.5 * np.pi, np.pi):
        found = phonons.frequencies(constants, vectors, 4.0, np.array([0, 0, q]))
        assert found[-1] == pytest.approx(phonons.THZ * 2 * 0.5 * abs(np.sin(q / 2)), abs=1e-9)


def test_a_band_finds_the_pass():
    # An atom in a valley along y = x^2/2 with minima at x = -1 and 1, a pass of 0.3 between them.
    def evaluate(images):
        x, y = images[:, :, 0], images[:, :, 1]
        bend = y - 0.5 * x ** 2
        energy = (0.3 * (x ** 2 - 1) ** 2 + 2.0 * bend ** 2).sum(axis=1)
        force = np.zeros_like(images)
        force[:, :, 0] = -1.2 * x * (x ** 2 - 1) + 4.0 * bend * x
        force[:, :, 1] = -4.0 * bend
        return energy, force

    ends = np.array([[[-1, 0.5, 0]], [[1, 0.5, 0]]])
    images = [ends[0] + part * (ends[1] - ends[0]) for part in np.linspace(0, 1, 9)]
    energies, found = band.path(evaluate, images, 1e-3)
    assert energies.max() == pytest.approx(0.3, abs=1e-4) and np.argmax(energies) == 4
    assert np.abs(found[:, 0, 1] - 0.5 * found[:, 0, 0] ** 2).max() < 0.05
    gaps = np.linalg.norm(np.diff(found, axis=0), axis=(1, 2))
    assert gaps.max() < 1.1 * gaps.min()
    with pytest.raises(Failure, match="not relaxed after 3 steps"):
        band.path(evaluate, images, 1e-3, steps=3)


def test_tables_of_references(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("# a comment\nproperty,value,source\nC11,170,\"somebody, 1999\"\n")
    found = reference.read_table(path)
    assert found.values == {"C11": 170.0} and found.sources == {"C11": "somebody, 1999"}
    for text, message in (("", "first line"), ("value\n1\n", "first line"),
                          ("property,value\nC99,1\n", "line 2: there is no property 'C99'"),
                          ("property,value\nC11,x\n", "line 2: 'x' is not a number"),
                          ("property,value\nC11,nan\n", "line 2: 'nan' is not a number"),
                          ("property,value\nC11,1\n\nC11,1\n", "line 4: C11 is there twice"),
                          ("property,value\nC11,1,2\n", "line 2: 3 columns")):
        path.write_text(text)
        with pytest.raises(MLGrainError, match=message):
            reference.read_table(path)
    with pytest.raises(MLGrainError, match="can't be read"):
        reference.read_table(tmp_path / "none.csv")


def test_the_tables_that_ship():
    tables = {path.stem: path for path in (TOP / "potentials/references").glob("*.csv")}
    lattices = {"Al": "fcc", "Cu": "fcc", "Fe": "bcc", "Ni": "fcc", "W": "bcc"}
    assert {f"{element}_dft" for element in lattices} <= set(tables)
    for name, path in tables.items():
        found = reference.read_table(path)
        assert len(found.values) >= 8 and all(found.sources.values())
        lattice = lattices[name.partition("_")[0]]
        rows = {row.key: row for one in suite.PROPERTIES if lattice in one.lattices
                for row in one.rows(lattice)}
        assert set(found.values) <= set(rows), name
        # Units and signs as the suite has them.
        for key, value in found.values.items():
            low, high = {"mJ/m²": (10, 5000), "GPa": (10, 700), "THz": (1, 15), "Å": (2.5, 4.5),
                         "eV": (0, 20)}[rows[key].unit]
            if key == "E_cohesive":
                value = -value
            assert low < value < high or key.startswith("E_divacancy"), (name, key)


def test_cards_are_made_beside_tables_that_ship():
    script = (TOP / "potentials/cards/make.sh").read_text(encoding="utf-8")
    named = {word.removeprefix("references/") for word in script.split()
             if word.startswith("references/")}
    assert len(named) >= 5
    for name in named:
        assert (TOP / "potentials/references" / name).exists(), name


PAIR = ["--pair", "eam/alloy", "--coeff", f"* * {COPPER} Cu"]


@pytest.mark.parametrize(
    "message, words",
    [("-o FOLDER is needed", PAIR), ("--lattice is needed", [*PAIR, "-o", "{}"]),
     ("'hpc' is none of bcc, fcc", [*PAIR, "--lattice", "hpc", "--element", "Cu", "-o", "{}"]),
     ("'Xx' is none of", [*PAIR, "--lattice", "fcc", "--element", "Xx", "-o", "{}"]),
     ("--element is needed", [*PAIR, "--lattice", "fcc", "-o", "{}"]),
     ("--pair and --coeff are needed", ["--lattice", "fcc", "--element", "Cu", "-o", "{}"]),
     ("--coeff is needed", ["--pair", "mtp", "--lattice", "fcc", "--element", "Cu", "-o", "{}"]),
     ("no property 'cost of living'",
      [*PAIR, "--lattice", "fcc", "--element", "Cu", "--only", "cost of living", "-o", "{}"]),
     ("'hope' is none of",
      [*PAIR, "--trained", "hope", "--lattice", "fcc", "--element", "Cu", "-o", "{}"]),
     ("without --reference-pair",
      [*PAIR, "--reference-coeff", "* *", "--lattice", "fcc", "--element", "Cu", "-o", "{}"]),
     ("none.csv can't be read",
      [*PAIR, "--reference", "none.csv", "--lattice", "fcc", "--element", "Cu", "-o", "{}"]),
     ("no-such-program can't be run",
      [*PAIR, "--lammps", "no-such-program", "--lattice", "fcc", "--element", "Cu", "-o", "{}"]),
     ("card.json can't be read", ["--compare", "no-such-folder", "-o", "{}"])])
def test_wrong_options_are_told(message, words, tmp_path, capsys):
    assert run(*(word.replace("{}", str(tmp_path / "card")) for word in words)) == 1
    assert message in capsys.readouterr().err


def test_options_of_a_potential_come_after_it(capsys):
    with pytest.raises(SystemExit):
        run("--coeff", "* *", "--pair", "mtp")
    assert "--pair comes first" in capsys.readouterr().err


def test_the_old_name_of_cross_validation(capsys):
    assert run("no-such-table.npz", "--target", "energy") == 1
    assert "no-such-table.npz" in capsys.readouterr().err


def test_the_list_has_all_rows(capsys):
    assert run("--list") == 0
    text = capsys.readouterr().out
    for key in ("E_vacancy", "fault_stable", "fault_112", "surface_111", "C44", "phonon_H"):
        assert key in text


ROWS = [Row("C11", "C11 | a_b", "GPa", "crystal"), Row("E_vacancy", "vacancy", "eV", "vacancy")]
CURVE = curve("w", "A <curve>", "x", "y", "crystal", [["", [0, 1], [1, 2]]])


def made_up(**values):
    return {"values": values, "curves": [CURVE], "bounds": {}, "failed": None, "seconds": 1.0}


def test_a_card_of_made_up_numbers(tmp_path):
    part = Property("part", "A part", "quick", 1, "By thinking.", lambda _: ROWS, None)
    other = Property("other", "Another", "quick", 1, "No.",
                     lambda _: [Row("B", "B", "GPa", "crystal")], None)
    potentials = [suite.Potential("p", "mtp", ["* * p"], [], ["crystal"]),
                  suite.Potential("<q>", "mtp", ["* * q"], [])]
    fine = {**made_up(), "curves": []}
    results = {"p": {"part": made_up(C11=110.0, E_vacancy=1.1), "other": fine},
               "<q>": {"part": {**fine, "failed": "LAMMPS | stopped <here>"}, "other": fine}}
    known = reference.Reference("table", {"C11": 100.0, "E_vacancy": 1.0}, {"C11": "a & b"})
    pages = card.write(tmp_path, "Cu", "fcc", potentials, [part, other], results, known,
                       "mlgrain ...")
    markdown, page = (pathlib.Path(path).read_text(encoding="utf-8") for path in pages)
    assert "| perfect crystal | yes | 10.0 % | 10.0 % (C11 \\| a\\_b) | ? |  |  |" in markdown
    assert "| vacancies | no | 10.0 % |" in markdown
    assert "| C11 \\| a\\_b | GPa | 100.0 | 110.0 | +10.0 (+10.0 %) |  |  |" in markdown
    assert "\\<q\\>: failed: LAMMPS \\| stopped \\<here\\>" in markdown
    assert "&lt;q&gt;: failed: LAMMPS | stopped &lt;here&gt;" in page and "<q>" not in page
    assert "a &amp; b" in page and "By thinking." in page
    assert (tmp_path / "w.png").exists() and (tmp_path / "differences.png").exists()
    found = numbers(tmp_path)
    assert found["C11"]["p"] == "110.0" and found["C11"]["<q>"] == "failed"
    assert found["B"]["p"] == ""


def test_pages_keep_tables_whole():
    page = Page("T")
    page.table(["a", "b|c"], [["1", "two\nlines"]])
    assert "| a | b\\|c |\n| --- | --: |\n| 1 | two lines |\n" in page.markdown()


def test_cost_against_accuracy(tmp_path, capsys):
    for name, element in (("one", "Cu"), ("two", "Cu"), ("three", "Fe")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(json.dumps({
            "element": element, "lattice": "fcc", "potentials": [
                {"name": name, "cost": 2.0, "errors": {"vacancy": 0.012}},
                {"name": name + "!", "cost": None, "errors": {}}]}))
    assert run("--compare", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "out") == 0
    text = (tmp_path / "out/compare.md").read_text()
    assert "| one | 2.00 | 1.20 |" in text and "| two | 2.00 | 1.20 |" in text
    assert "one!" not in text
    assert (tmp_path / "out/pareto.png").exists()
    assert run("--compare", tmp_path / "one", tmp_path / "three", "-o", tmp_path / "out") == 1
    assert "different crystals" in capsys.readouterr().err
    (tmp_path / "one/card.json").write_text("[1")
    assert run("--compare", tmp_path / "one", "-o", tmp_path / "out") == 1
    assert "is no card" in capsys.readouterr().err


def kept_card(folder, *potentials, element="Cu"):
    """A folder with what --compare reads of a card: potentials are (name, cost, errors)."""
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps({
        "element": element, "lattice": "fcc", "potentials": [
            {"name": name, "cost": cost, "errors": errors} for name, cost, errors in potentials]}))
    return folder


def test_compared_potentials_stand_by_cost(tmp_path):
    one = kept_card(tmp_path / "1", ("slow", 9.0, {"vacancy": 0.01, "surface": 0.002}),
                    ("no cost", None, {"vacancy": 0.5}), ("no errors", 1.0, {}))
    two = kept_card(tmp_path / "2", ("fast", 0.5, {"surface": 0.125, "fault": 0.25}))
    assert run("--compare", one, two, "-o", tmp_path / "out") == 0
    text = (tmp_path / "out/compare.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == ("| potential | µs/atom/step | vacancies (%) | surfaces (%) | "
                        "stacking faults (%) |")
    assert lines[2:] == ["| fast | 0.50 |  | 12.50 | 25.00 |", "| slow | 9.00 | 1.00 | 0.20 |  |"]
    assert "](pareto.png)" in text and "12.50" in (tmp_path / "out/compare.html").read_text()


def test_the_line_joins_potentials_that_no_other_beats(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "save", lambda figure, stem: drawn.append(figure))
    points = [("worse", 2.0, {"vacancy": 12.0, "surface": 1.0}), ("cheap", 1.0, {"vacancy": 10.0}),
              ("dear", 50.0, {"vacancy": 4.0}), ("good", 4.0, {"vacancy": 3.0, "surface": 2.0})]
    plots.cost_and_accuracy(points, [("vacancy", "v"), ("surface", "s")], "unused")
    first, second = drawn[0].axes
    assert first.lines[-1].get_xydata().tolist() == [[1.0, 10.0], [4.0, 3.0]]
    assert second.lines[-1].get_xydata().tolist() == [[2.0, 1.0]]
    assert [len(axes.lines) for axes in (first, second)] == [5, 3]
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == [
        "worse", "cheap", "dear", "good"]
    plots.plt.close(drawn[0])


@pytest.mark.parametrize("text, message", [
    ('{"element": "Cu", "lattice": "fcc", "potentials": []}', "no potentials with a cost"),
    ('{"element": "Cu", "lattice": "fcc"}', "is no card of mlgrain validate: 'potentials'"),
    ('{"lattice": "fcc", "potentials": []}', "is no card of mlgrain validate: 'element'"),
    ("[1]", "is no card"), ("", "is no card"), (b"\xff\xfe", "is no card"),
    ('{"element": "Cu", "lattice": "fcc", "potentials": [{"name": "p", "cost": 1}]}', "'errors'"),
    ('{"element": "Cu", "lattice": "fcc", "potentials": [{"name": "p", "cost": "low", '
     '"errors": {}}]}', "is no card of mlgrain validate: could not convert"),
    ('{"element": "Cu", "lattice": "fcc", "potentials": [{"name": "p", "cost": 1, '
     '"errors": {"vacancy": null}}]}', "is no card")])
def test_what_is_no_card_is_told(text, message, tmp_path, capsys):
    (tmp_path / "card.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run("--compare", tmp_path, "-o", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert message in said and "MLGRAIN_DEBUG" not in said
    assert not (tmp_path / "out").exists()


def test_comparisons_that_cannot_be_written(tmp_path, capsys):
    one = kept_card(tmp_path / "1", ("p", 1.0, {"vacancy": 0.1}))
    (tmp_path / "file").write_text("")
    assert run("--compare", one, "-o", tmp_path / "file") == 1
    assert "file can't be made" in capsys.readouterr().err
    assert run("--compare", one) == 1
    assert "-o FOLDER is needed" in capsys.readouterr().err


@pytest.fixture(scope="module")
def copper(tmp_path_factory):
    """A card of Mishin's copper beside itself and beside what is published for it."""
    folder = tmp_path_factory.mktemp("copper")
    assert run(*PAIR, *PAIR, "--trained", "none", "--lammps", LMP, "--lattice", "fcc", "--element",
               "Cu", "--reference", TOP / "potentials/references/Cu_mishin2001.csv", "--only",
               "phases,elastic,phonons,vacancy,surfaces,faults", "-o", folder) == 0
    return folder


# Of the published values, which are rounded; the fault's and surfaces' 0.5 mJ/m^2.
TOLERANCES = {"a": 5e-4, "E_cohesive": 5e-3, "C11": 0.2, "C12": 0.2, "C44": 0.1, "E_vacancy": 0.005,
              "E_migration": 0.005, "fault_stable": 0.1, "surface_100": 0.6, "surface_110": 0.6,
              "surface_111": 0.6}


@with_lammps
def test_copper_is_as_published(copper):
    found = numbers(copper)
    for key, tolerance in TOLERANCES.items():
        line = found[key]
        assert float(line["Cu_mishin1"]) == pytest.approx(float(line["reference"]),
                                                          abs=tolerance), key
    # By potentials/train/validate.py, and by LAMMPS' own inputs there.
    assert float(found["E_bcc"]["Cu_mishin1"]) == pytest.approx(45.50, abs=0.01)
    assert float(found["E_hcp"]["Cu_mishin1"]) == pytest.approx(7.82, abs=0.01)
    assert float(found["fault_unstable"]["Cu_mishin1"]) == pytest.approx(161.3, abs=1.5)
    # The way of the vacancy rises to its middle.
    with open(copper / "results/Cu_mishin1/vacancy.json") as file:
        heights = np.array(json.load(file)["curves"][0]["lines"][0][2])
    assert (np.diff(heights[:6]) > 0.03).all() and (heights == heights[::-1]).all()
    # Longitudinal phonons near the zone's center move at the speed that C11 says.
    with open(copper / "results/Cu_mishin1/phonons.json") as file:
        lines = json.load(file)["curves"][0]["lines"]
    x, highest = np.array(lines[2][1]), np.array(lines[2][2])
    a = float(found["a"]["Cu_mishin1"])
    density = 4 * 63.546 / a ** 3 * 1.66053907  # g/cm^3
    speed = np.sqrt(float(found["C11"]["Cu_mishin1"]) / density) * 1000  # m/s
    assert highest[1] * 1e12 / (x[1] / (a * 1e-10)) == pytest.approx(speed, rel=0.01)


@with_lammps
def test_a_potential_beside_itself_differs_by_nothing(copper):
    assert set(numbers(copper)["C11"]) == {
        "property", "unit", "reference", "Cu_mishin1", "Cu_mishin1 (2)"
    }
    for key, line in numbers(copper).items():
        assert key == "cost" or line["Cu_mishin1"] == line["Cu_mishin1 (2)"] != "failed", key
    text = (copper / "card.md").read_text(encoding="utf-8")
    assert "| vacancies | ? | " in text and " | no | " in text
    for name in ("phases", "phonons", "migration", "fault_111", "differences"):
        assert f"]({name}.png)" in text and (copper / f"{name}.png").exists()
    page = (copper / "card.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and page.count("<table>") == text.count("| --- |")


@with_lammps
def test_what_is_done_is_not_done_again(copper, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "card"
    shutil.copytree(copper, folder)
    words = [
        *PAIR, "--lammps", LMP, "--lattice", "fcc", "--element", "Cu", "--only", "elastic,surfaces",
        "-o", folder
    ]
    parts = [
        folder / f"results/Cu_mishin1/{name}.json" for name in ("lattice", "elastic", "surfaces")
    ]
    parts[1].write_text(parts[1].read_text()[:100])  # as a kill might leave it
    assert run(*words) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.endswith("kept") for line in said[:3]] == [True, False, True]
    before = json.loads(parts[2].read_text())
    monkeypatch.setattr(suite, "PROPERTIES", [
        one if one.name != "surfaces" else Property(**{**vars(one), "version": one.version + 1})
        for one in suite.PROPERTIES])
    assert run(*words) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.endswith("kept") for line in said[:3]] == [True, True, False]
    assert json.loads(parts[2].read_text())["values"] == before["values"]
    # Another potential in a file of the same name is another potential.
    shutil.copy(COPPER, tmp_path / "p.eam.alloy")
    words[1:4] = ["eam/alloy", "--coeff", f"* * {tmp_path / 'p.eam.alloy'} Cu"]
    for again in (False, True):
        assert run(*words[:-1], tmp_path / "other") == 0
        assert capsys.readouterr().out.splitlines()[0].endswith("kept") is again
    (tmp_path / "p.eam.alloy").write_text((tmp_path / "p.eam.alloy").read_text() + "\n")
    assert run(*words[:-1], tmp_path / "other") == 0
    assert not capsys.readouterr().out.splitlines()[0].endswith("kept")


@with_lammps
def test_error_bars_compared_with_another_potential(tmp_path):
    """What a correction changes is what a potential with a little of it gives."""
    potential = TOP / "potentials/Cu_eam_16.almtp"
    coeffs = [f"* * {potential} Cu"]
    corrections, bars = corrected.find("mtp", coeffs)
    assert bars == str(TOP / "potentials/Cu_eam_16.error.safetensors")
    assert corrected.find("eam/alloy", [f"* * {COPPER} Cu"]) == (None, None)
    with pytest.raises(MLGrainError, match="pair_style mtp alone"):
        corrected.find("eam/alloy", [f"* * {COPPER} Cu"], bars)
    number, part = 3, 1e-3
    change = container.read(bars)[0]["corrections"][number].astype(float)
    other = compiled.core().MTPTraining("other", potential.read_bytes())
    parameters = other.parameters
    parameters[-len(change):] += part * change
    other.parameters = parameters
    (tmp_path / "other.mtp").write_bytes(other.contents("other"))
    found = []
    for words, own in ((coeffs, corrections), ([f"* * {tmp_path / 'other.mtp'} Cu"], None)):
        crystal = Crystal("fcc", 3.615, 63.546)
        with Session([LMP], "mtp", words, [], 63.546, corrections=own) as session:
            values, _ = bulk.run_lattice(session, crystal)
            crystal.a = 3.6149
            values |= elastic.run(session, crystal)[0]
            values |= surfaces.run(session, crystal)[0]
        found.append(values)
    for key, value in found[0].items():
        factor = corrections.factors[int(key in ("a", "C11", "C12", "C44", "B"))]  # by stresses
        difference = factor * (found[1][key] - float(value)) / part
        assert value.changes[number] == pytest.approx(difference, rel=0.03,
                                                      abs=2e-3 * value.bound), key
        assert value.bound > 0, key


@with_lammps
def test_error_bars_are_in_the_card_and_published(tmp_path, capsys):
    words = ["--pair", "mtp", "--coeff", f"* * {TOP / 'potentials/Cu_eam_16.almtp'} Cu",
             "--reference-pair", "eam/alloy", "--reference-coeff", f"* * {COPPER} Cu", "--lammps",
             LMP, "--lattice", "fcc", "--element", "Cu", "--only", "elastic,surfaces", "-o",
             tmp_path]
    assert run(*words) == 0
    first = capsys.readouterr().out.splitlines()
    found = numbers(tmp_path)
    for key in ("a", "C11", "surface_111"):
        assert float(found[key]["Cu_eam_16 error bar"]) > 0
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    c11 = found["C11"]
    assert (f"{float(c11['Cu_eam_16']):.1f} ± {float(c11['Cu_eam_16 error bar']):.1f}") in text
    inside = sum(abs(float(line["Cu_eam_16"]) - float(line["reference"]))
                 <= float(line["Cu_eam_16 error bar"])
                 for key, line in found.items() if key != "E_atom")
    assert f"Of {len(found) - 1} numbers that the reference has, too, {inside} differ" in text
    # a lattice constant that is kept has its energy's error bar again
    (tmp_path / "results/Cu_eam_16/surfaces.json").unlink()
    assert run(*words) == 0
    assert "Cu_eam_16        Crystal                          kept" in capsys.readouterr().out
    assert numbers(tmp_path)["surface_111"] == found["surface_111"] and first


@with_lammps
def test_iron_is_as_published(tmp_path):
    assert run("--pair", "eam/fs", "--coeff", f"* * {IRON} Fe", "--lammps", LMP, "--lattice", "bcc",
               "--element", "Fe", "--only", "elastic,vacancy,divacancy,interstitials,faults,cost",
               "-o", tmp_path) == 0
    found = {key: line["Fe_mm"] for key, line in numbers(tmp_path).items()}
    # M. I. Mendelev, S. Han, D. J. Srolovitz, G. J. Ackland, D. Y. Sun, M. Asta, Philos. Mag. 83,
    # 3977 (2003), potential 2, as it is quoted; interstitials at constant volume there.
    for key, value, tolerance in (("a", 2.8553, 1e-3), ("E_cohesive", -4.122, 1e-3),
                                  ("C11", 243.4, 1.0), ("C12", 145.0, 1.0), ("C44", 116.0, 1.0),
                                  ("E_vacancy", 1.71, 0.01), ("E_SIA_110", 3.53, 0.05),
                                  ("E_SIA_111", 4.02, 0.05), ("E_SIA_100", 4.34, 0.05)):
        assert float(found[key]) == pytest.approx(value, abs=tolerance), key
    assert 0.1 < float(found["cost"]) < 1000.0 and float(found["E_divacancy_2"]) > 0.1
    # Mirror images of each other, but for {112}.
    with open(tmp_path / "results/Fe_mm/faults.json") as file:
        even, odd = (np.array(one["lines"][0][2]) for one in json.load(file)["curves"])
    assert even == pytest.approx(even[::-1], abs=0.05) and odd.max() > even.max()
    assert np.abs(odd - odd[::-1]).max() > 5.0


@with_lammps
def test_boundaries_are_as_published():
    crystal = Crystal("fcc", 3.614927, 63.546, -3.5402183)
    with Session([LMP], "eam/alloy", [f"* * {COPPER} Cu"], [], 63.546) as session:
        for key, value in (("boundary_3_111", 22.24), ("boundary_11_113", 309.8)):
            one = boundaries.tilts("fcc")[key]
            energy, cell, positions = boundaries.lowest(session, crystal, one)
            assert energy == pytest.approx(value, abs=0.3), key
            session.put(cell, positions)
            excess = session.energy() - len(positions) * crystal.e0
            assert excess * 8010.88 / (cell[0, 0] * cell[2, 2]) == pytest.approx(energy, abs=1e-3)


def test_starts_that_fail_are_left_out():
    class Some(Quiet):
        """Energies by the number of the start; the first one stops LAMMPS, in the second one two
        atoms fall into each other."""

        closed = 0

        def put(self, cell, positions):
            self.at = cell, positions

        def relax(self, force):
            if self.at[1][0, 0] == 0.0:
                raise Failure("Non-numeric pressure")
            return {1.0: -99.0, 2.0: -7.0, 3.0: -8.0}[self.at[1][0, 0]]

        def get(self):
            return self.at

        def close(self):
            self.closed += 1

    cells = [(9 * np.eye(3), np.array([[float(k), 0, 0], [1.5 if k == 1 else 5.0, 0, 0]]))
             for k in range(4)]
    crystal, session = Crystal("bcc", 2.8, 55.8, -4.0), Some()
    found = boundaries.relaxations(session, crystal, cells, force=0.1)
    assert [one[0] for one in found] == [0.0, 1.0] and session.closed == 1
    assert len(boundaries.relaxations(session, crystal, cells, 1, force=0.1)) == 1
    with pytest.raises(Failure, match="Non-numeric"):
        boundaries.relaxations(session, crystal, cells[:1], force=0.1)
    with pytest.raises(Failure, match="fall into"):
        boundaries.relaxations(session, crystal, cells[1:2], force=0.1)


@with_lammps
def test_the_screw_dislocation_of_iron_is_as_published():
    # This potential's barrier has two humps with a metastable core between them.
    crystal = Crystal("bcc", 2.855324, 55.845, -4.1224351)
    with Session([LMP], "eam/fs", [f"* * {IRON} Fe"], [], 55.845) as session:
        values, (way,) = screw.run(session, crystal)
    energies = np.array(way["lines"][0][2])
    assert values["screw_peierls"] == pytest.approx(9.7, abs=0.3)
    assert energies == pytest.approx(energies[::-1], abs=0.3)
    assert energies[3] == pytest.approx(3.4, abs=0.5) and energies[2] > 6.0 < energies[4]
    assert values["screw_hard"] == pytest.approx(176, abs=3)  # at a radius of 30 A: 175.9


@with_lammps
def test_a_potential_that_is_not_there(tmp_path, capsys):
    words = ["--lammps", LMP, "--lattice", "fcc", "--element", "Cu", "-o", tmp_path / "card"]
    assert run("--pair", "eam/alloy", "--coeff", "* * none.eam.alloy Cu", *words) == 1
    assert "none.eam.alloy" in capsys.readouterr().err
    assert run("--pair", "eam/aloy", "--coeff", "* *", *words) == 1
    assert "eam/aloy" in capsys.readouterr().err
    assert run("--pair", "lj/cut 8.0", "--coeff", "* * 1.0", *words) == 1
    assert "LAMMPS says: ERROR" in capsys.readouterr().err
    assert not (tmp_path / "card").exists()


@with_lammps
def test_a_potential_without_numbers_fails_and_the_rest_goes_on(tmp_path):
    assert run("--pair", "lj/cut 8.0", "--coeff", "* * 1e308 2.5", "--name", "bad", *PAIR,
               "--lammps", LMP, "--lattice", "fcc", "--element", "Cu", "--only", "elastic", "-o",
               tmp_path) == 0
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "bad: failed: pe is " in text and "bad: failed: there is no lattice constant" in text
    assert numbers(tmp_path)["C11"]["bad"] == "failed"
    assert float(numbers(tmp_path)["C11"]["Cu_mishin1"]) == pytest.approx(169.9, abs=0.2)


@with_lammps
def test_a_property_that_fails_leaves_the_others(tmp_path):
    def stops(session, crystal):
        session.put(10 * np.eye(3), np.zeros((1, 3)))
        session.do("fix hold all setforce 0 0 0\nno_such_command")
        return {"x": session.ask("pe")}, []

    def infinite(_session, _crystal):
        return {"x": np.inf}, []

    def rows(_):
        return [Row("x", "x", "eV", "crystal")]

    job = suite.Job("fcc", 3.6, 63.546, [LMP], str(tmp_path))
    properties = [Property(name, name, "quick", 1, "", rows, what) for name, what in
                  (("stops", stops), ("infinite", infinite))]
    found = suite.run(suite.Potential("Cu", "eam/alloy", [f"* * {COPPER} Cu"], []),
                      [bulk.LATTICE, *properties, suite.elastic.ELASTIC], job)
    assert "no_such_command" in found["stops"]["failed"] and found["stops"]["values"] == {}
    assert found["infinite"]["failed"] == "x is not a finite number"
    assert found["elastic"]["failed"] is None and found["elastic"]["values"]["C44"] > 70
    # What failed is tried again, unlike what did not.
    again = suite.run(suite.Potential("Cu", "eam/alloy", [f"* * {COPPER} Cu"], []),
                      [bulk.LATTICE, properties[1]], job)
    assert again["infinite"]["failed"]
    assert again["lattice"]["seconds"] == found["lattice"]["seconds"]


def test_a_program_that_hangs_or_dies_is_told(tmp_path):
    script = tmp_path / "lmp"
    for body, message in (("sleep 100", "did not answer for 1 s"), ("exit 3", "status 3"),
                          ("echo ERROR: out of luck; exit 1", "out of luck")):
        script.write_text(f"#!/bin/sh\n{'exec ' if body.startswith('sleep') else ''}{body}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        with Session([str(script)], "mtp", ["* *"], [], 1.0, timeout=1.0) as session, \
                pytest.raises(Failure, match=message):
            session.ask("pe")


@with_lammps
def test_a_reference_potential_that_fails_is_told_and_numbers_are_compared(tmp_path):
    words = ["--lammps", LMP, "--lattice", "fcc", "--element", "Cu", "--only", "elastic"]
    assert run(*PAIR, "--reference-pair", "lj/cut 8.0", "--reference-coeff", "* * 1e308 2.5",
               *words, "-o", tmp_path / "bad") == 0
    text = (tmp_path / "bad/card.md").read_text(encoding="utf-8")
    assert "lj/cut (reference): failed: there is no lattice constant" in text
    assert run(*PAIR, "--reference-pair", "eam/alloy", "--reference-coeff", f"* * {COPPER} Cu",
               *words, "-o", tmp_path / "good") == 0
    text = (tmp_path / "good/card.md").read_text(encoding="utf-8")
    assert "| perfect crystal | ? | 0.0 % | 0.0 %" in text and "pair\\_style eam/alloy" in text


@with_lammps
def test_a_process_beside_the_others_is_heard():
    box = "region whole block 0 10 0 10 0 10\ncreate_box 1 whole"
    with Session([LMP], "eam/alloy", [f"* * {COPPER} Cu"], [], 63.546) as session:
        texts = session.alone(box, 'print "42" file FOLDER/answer')
        assert texts["answer"].split() == ["42"]
        with pytest.raises(Failure, match="no_such_command"):
            session.alone(box, "no_such_command")


@pytest.mark.skipif(cpu_time(os.getpid()) is None, reason="this system tells no CPU time")
def test_cpu_time_is_of_what_works():
    before, own = cpu_time(os.getpid()), time.process_time()
    while time.process_time() < own + 0.1:
        pass
    worked = cpu_time(os.getpid()) - before
    assert worked == pytest.approx(time.process_time() - own, abs=0.02)
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        end = time.monotonic() + 30.0
        while cpu_time(child.pid) < 0.1 and time.monotonic() < end:
            time.sleep(0.01)
        assert cpu_time(os.getpid()) - before > worked + 0.1
    finally:
        child.kill()
        child.wait()
    assert cpu_time(child.pid) is None


@with_lammps
@pytest.mark.skipif(cpu_time(os.getpid()) is None, reason="not Linux")
def test_killed_it_leaves_no_lammps_and_goes_on(tmp_path, capfd):
    words = ["validate", *PAIR, "--lammps", LMP, "--lattice", "fcc", "--element", "Cu", "-o",
             str(tmp_path)]
    script = "import sys; from mlgrain.cli import main; sys.exit(main())"
    child = subprocess.Popen([sys.executable, "-c", script, *words, "--only", "elastic,melting"])
    end = time.monotonic() + 200.0
    while not list(tmp_path.glob("results/*/elastic.json")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)  # melting has begun
    children = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    child.kill()
    child.wait()
    while time.monotonic() < end and any(alive(process) for process in children):
        time.sleep(0.05)
    assert children and not any(alive(process) for process in children)
    assert cli.main([*words, "--only", "elastic"]) == 0
    assert re.search("Elastic constants +kept", capfd.readouterr().out)


@pytest.mark.parametrize("melts_at", [1210.0, 1600.0, 1990.0])
def test_the_melting_point_is_in_its_bracket(monkeypatch, melts_at):
    monkeypatch.setattr(melting, "stands", lambda *_: 2000.0)
    monkeypatch.setattr(melting, "halves", lambda *_: None)
    monkeypatch.setattr(melting, "melts", lambda _session, _start, t, _step: t > melts_at)
    values, _ = melting.run(Quiet(), Crystal("bcc", 2.8, 55.8))
    assert values["T_melt_low"] <= melts_at < values["T_melt_high"] < 1.06 * values["T_melt_low"]


def test_a_crystal_that_melts_at_once_is_told(monkeypatch):
    monkeypatch.setattr(melting, "stands", lambda *_: 2000.0)
    monkeypatch.setattr(melting, "halves", lambda *_: None)
    monkeypatch.setattr(melting, "melts", lambda *_: True)
    with pytest.raises(Failure, match="melts at 1200 K already"):
        melting.run(Quiet(), Crystal("bcc", 2.8, 55.8))


class Quiet:
    """A session that does nothing."""

    def do(self, commands):
        pass


def test_a_suite_leaves_out_what_says_nothing_of_one_potential():
    names = [[one.name for one in suite.chosen("full", "bcc", alone=alone)]
             for alone in (False, True)]
    assert [name for name in names[0] if name not in names[1]] == ["hot-boundaries"]
    assert [one.name for one in suite.chosen("quick", "bcc", ["hot-boundaries"], True)] \
        == ["lattice", "hot-boundaries"]


def alive(process):
    """Whether it runs, and doesn't just wait to be forgotten."""
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_errors_of_forces_that_count():
    known = labeled.Labeled(np.array([300, 600]), np.array([np.eye(3)] * 2), np.array([2, 3]),
                            np.zeros((5, 3)), np.array([1, 0, 1, 1, 2]), np.ones(2),
                            np.array([1.0, 2.0]), np.ones((5, 3)))
    found = dataclasses.replace(known, energies=np.array([1.004, 1.991]),
                                forces=known.forces + 0.1 * np.arange(5)[:, None])
    table = labeled.errors(found, known)
    assert table[300] == pytest.approx((1000.0, 0.0, 0.0, 2.0))
    assert table[600] == pytest.approx((1e3 * np.sqrt((1.2**2 + 1.3**2) / 2),
                                        1e2 * np.sqrt(6.5), 1e1 * np.sqrt(6.5), 3.0))
    with pytest.raises(Failure, match="no atoms whose forces count"):
        labeled.errors(found, dataclasses.replace(known, near=np.zeros(5)))
    assert labeled.errors(*(dataclasses.replace(one, groups=np.array([1, 1]))
                            for one in (found, known)), 2)[1][1] == pytest.approx(400.0)


def test_atoms_near_the_planes_of_a_repeated_cell():
    cell = np.diag([5.0, 40.0, 13.0])
    edges, x = hot.repeated(cell, np.array([[1.0, y, 2.0] for y in (0, 2.4, 2.5, 18, 22.4, 39)]),
                            12.0)
    assert np.diag(edges) == pytest.approx([15.0, 40.0, 13.0]) and len(x) == 18
    assert sorted(x[::6, 0]) == [1.0, 6.0, 11.0]
    assert hot.near_planes(edges, x).tolist() == 3 * [True, True, False, True, True, True]


@pytest.fixture
def short(monkeypatch):
    """Runs of one boundary that end soon."""
    one = boundaries.tilts("fcc")["boundary_3_111"]
    monkeypatch.setattr(boundaries, "tilts", lambda lattice: {"boundary_3_111": one})
    monkeypatch.setattr(boundaries, "TRANSLATIONS", (0.0,))
    monkeypatch.setattr(boundaries, "OVERLAPS", (0.0,))
    monkeypatch.setattr(hot, "FRAMES", 2)
    monkeypatch.setattr(hot, "REST", 0.2)
    monkeypatch.setattr(hot, "BETWEEN", 0.1)


@with_lammps
def test_potentials_are_compared_in_hot_boundaries(short, tmp_path, capsys):
    zhou = ["--pair", "eam/alloy", "--coeff", f"* * {FILES}/Cu_zhou.eam.alloy Cu"]
    words = [*PAIR, *zhou, "--reference-pair", "eam/alloy", "--reference-coeff", f"* * {COPPER} Cu",
             "--lammps", LMP, "--lattice", "fcc", "--element", "Cu", "--only", "hot-boundaries"]
    assert run(*words, "-o", tmp_path) == 0
    found = numbers(tmp_path)
    sizes = [float(found[f"hot_rms_{t}"]["reference"]) for t in hot.TEMPERATURES]
    # Forces of a harmonic crystal grow as the square root of the temperature.
    assert sizes[1] / sizes[0] == pytest.approx(np.sqrt(2), rel=0.25) and sizes[2] > sizes[1] > 300
    for t, size in zip(hot.TEMPERATURES, sizes):
        same = {key: float(found[f"hot_{key}_{t}"]["Cu_mishin1"]) for key in
                ("force", "error", "energy")}
        assert max(same.values()) < 1e-4, t
        other = {key: float(found[f"hot_{key}_{t}"]["Cu_zhou"]) for key in same}
        assert other["error"] == pytest.approx(100 * other["force"] / size)
        assert 5.0 < other["error"] < 100.0 and 0.1 < other["energy"] < 50.0
        assert found[f"hot_force_{t}"]["reference"] == ""
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "| grain boundaries | ? | 0.0 % |" in text and "](hot_forces.png)" in text
    # Kept, and made again by whom it needs: without the structures, the reference.
    capsys.readouterr()
    assert run(*words, "-o", tmp_path) == 0
    assert all(line.endswith("kept") for line in capsys.readouterr().out.splitlines()[:6])
    structures, = (tmp_path / "results").glob("*/hot-boundaries-*.npz")
    structures.unlink()
    (tmp_path / "results/Cu_zhou/hot-boundaries.json").unlink()
    assert run(*words, "-o", tmp_path) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.endswith("kept") for line in said[:6]] == [True, False, True, True, True, False]
    again = numbers(tmp_path)
    for key, line in found.items():
        assert float(again[key]["Cu_zhou"]) == pytest.approx(float(line["Cu_zhou"]), rel=1e-6), key


@with_lammps
def test_the_first_potential_is_compared_with_no_one(short, tmp_path):
    coeffs = [[f"* * {FILES}/Cu_zhou.eam.alloy Cu"], [f"* * {COPPER} Cu"]]
    both = [suite.Potential(name, "eam/alloy", words, []) for name, words in zip("ab", coeffs)]
    job = suite.Job("fcc", 3.615, 63.546, [LMP], str(tmp_path), source=both[0])
    properties = suite.chosen("full", "fcc", ["hot-boundaries"])
    found = [suite.run(one, properties, job)["hot-boundaries"] for one in both]
    assert list(found[0]["values"]) == [f"hot_rms_{t}" for t in hot.TEMPERATURES]
    assert found[1]["values"]["hot_error_300"] > 5.0 and len(found[1]["curves"]) == 1
    # As a reference it has other results, and another file is another source's.
    job.truth = True
    assert suite.run(both[0], properties, job)["hot-boundaries"]["values"]["hot_error_300"] < 1e-9


def test_distances_from_boundaries_and_triple_lines():
    # Seeds in a square, columns along z: boundaries halfway, lines where four cells meet.
    seeds = np.array([[2.0, 2.0, 5.0], [7.0, 2.0, 5.0], [2.0, 7.0, 5.0], [7.0, 7.0, 5.0]])
    x = np.array([[2.0, 3.0, 5.0], [4.0, 2.0, 5.0], [4.5, 4.5, 5.0], [14.1, -7.0, 5.0],
                  [4.5, 2.0, 5.0]])
    boundary, line = distances(x, seeds, 10.0)
    assert boundary == pytest.approx([1.5, 0.5, 0.0, 0.4, 0.0])
    corner = np.hypot(2.5, 5.0)
    assert line[2] == pytest.approx(0.0) and line[4] == pytest.approx(0.5 * (corner - 2.5))
    exact = np.array([np.hypot(2.5, 1.5), np.hypot(0.5, 2.5), 0.0, np.hypot(0.4, 1.5), 2.5])
    assert (line <= exact + 1e-9).all()
    many = np.tile(x, (2000, 1))
    assert (distances(many, seeds, 10.0)[1] == np.tile(line, 2000)).all()


def test_tables_of_create_polycrystal():
    text = "# metal units\n# grain x y z\n1 2 3 4\n2 5 6 7\n"
    assert polycrystal.table(text, "z", "x").tolist() == [[4.0, 2.0], [7.0, 5.0]]
    with pytest.raises(Failure, match="no table with area"):
        polycrystal.table(text, "area")


@with_lammps
def test_potentials_are_compared_in_a_nanocrystal(short, tmp_path, monkeypatch):
    monkeypatch.setattr(polycrystal, "EDGE", 20.0)
    monkeypatch.setattr(polycrystal, "GRAINS", 2)
    monkeypatch.setattr(polycrystal, "SECOND", (0.5, 60))
    pair = {"Cu_mishin1": suite.Potential("Cu", "eam/alloy", [f"* * {COPPER} Cu"], [])}
    pair["Cu_zhou"] = suite.Potential("Z", "eam/alloy", [f"* * {FILES}/Cu_zhou.eam.alloy Cu"], [])
    job = suite.Job("fcc", 3.615, 63.546, [LMP], str(tmp_path), source=pair["Cu_mishin1"],
                    truth=True)
    found = {}
    for name, one in pair.items():
        result = suite.run(one, suite.chosen("full", "fcc", ["polycrystal"]), job)["polycrystal"]
        assert result["failed"] is None
        found[name] = result["values"]
    own, other = found.values()
    assert set(other) == {row.key for row in polycrystal.rows("fcc")}
    assert own["poly_error_triple"] < 1e-9 and "poly_force_triple" not in own
    # General boundaries of copper: some 0.6 to 1.2 J/m^2.
    assert 400 < own["poly_energy"] < 1500 and 400 < other["poly_energy"] < 1500
    for place in polycrystal.PLACES:
        assert 300 < own[f"poly_rms_{place}"] < 700 and 20 < own[f"poly_atom_{place}"] < 300
        assert other[f"poly_force_{place}"] == pytest.approx(
            0.01 * other[f"poly_error_{place}"] * own[f"poly_rms_{place}"])
        assert 5 < other[f"poly_error_{place}"] < 100 and other[f"poly_force0_{place}"] > 10
    # The potential's own division of energy adds up to what the boundaries' area has.
    structures, = (tmp_path / "results").glob("*/polycrystal-*.npz")
    with np.load(structures) as file:
        near, count = file["near"], file["counts"][0]
        assert set(near) == {0, 1, 2} and file["areas"][1] > file["areas"][0] > 500
        excess = file["energies"][0]
        assert polycrystal.SURFACE * excess / file["areas"][0] == pytest.approx(
            own["poly_energy"], rel=0.15)  # which is relaxed some steps more
        core = sum(np.count_nonzero(near[:count] == place) * own[f"poly_atom_{name}"]
                   for name, (place, _) in polycrystal.PLACES.items())
        assert 0.4 * excess < 1e-3 * core < 1.1 * excess


def test_structures_that_are_not_there_or_cut_short(tmp_path):
    source = Source(str(tmp_path / "s.npz"), "Cu", False, True)
    with pytest.raises(Failure, match="Cu made none"):
        labeled.read(source)
    known = labeled.Labeled(*(np.arange(3.0) + k for k in range(8)))
    labeled.write(source.path, known)
    assert (labeled.read(source).forces == known.forces).all()
    whole = (tmp_path / "s.npz").read_bytes()
    for text in (b"", b"no", whole[:-40], whole[:100]):
        (tmp_path / "s.npz").write_bytes(text)
        with pytest.raises(Failure, match="no file of structures"):
            labeled.read(source)
    with open(source.path, "wb") as file:
        np.savez(file, groups=np.arange(3))
    with pytest.raises(Failure, match="no file of structures"):
        labeled.read(source)
