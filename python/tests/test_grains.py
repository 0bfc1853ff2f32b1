# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of fix grains: read, as graphs, in files, drawn; what is wrong with them told in a sentence."""

import xml.etree.ElementTree

import numpy as np
import pytest

from mlgrain import MLGrainError
from mlgrain.cli import main
from mlgrain.grains import History, random_disorientations

GRAINS = """\
# step grain structure atoms inner surface volume diameter x y z qw qx qy qz spread
0 2 fcc 500 400 0 4000.0 19.7 1 2 3 1 0 0 0 0.5
0 5 fcc 300 200 0 2400.0 16.6 4 5 6 0.6 0.8 0 0 0.4
0 9 hcp 100 50 0 800.0 11.5 7 8 9 0 1 0 0 0.3
10 2 fcc 550 410 0 4500.0 20.5 1 2 3 1 0 0 0 0.5
10 9 hcp 110 50 0 900.0 12.0 7 8 9 0 1 0 0 0.3
10 9 hcp 111 51 0 901.0 12.0 7 8 9 0 1 0 0 0.3
"""
BOUNDARIES = """\
# step grain1 grain2 area facearea angle ax ay az nx ny nz energy volume sigma
0 2 5 100.0 130.0 36.87 1 0 0 1 0 0 0.9 0.3 5
0 5 9 50.0 66.0 0 0 0 0 0 1 0 nan nan 0
10 2 9 70.0 91.0 0 0 0 0 0 1 0 0.8 0.2 0
"""
EVENTS = """\
# step event grain other atoms shared
10 death 5 2 300 40
"""


@pytest.fixture
def files(tmp_path):
    paths = []
    for name, text in (("g.txt", GRAINS), ("b.txt", BOUNDARIES), ("e.txt", EVENTS)):
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    return paths


def run(*words):
    return main([str(word) for word in words])


def test_frames_and_graphs(files):
    history = History.read(*files)
    assert list(history.steps) == [0, 10]
    assert list(history.frame(10)["atoms"]) == [550, 111]  # of the same grain the last line
    assert list(history.frame(0)["structure"]) == ["fcc", "fcc", "hcp"]
    graph = history.graph(0)
    assert graph.index.tolist() == [[0, 1], [1, 2]]
    assert np.array_equal(graph.node_values(("volume", "atoms")), [[4000, 500], [2400, 300], [800, 100]])
    assert np.array_equal(graph.edge_values(("area", "sigma")), [[100, 5], [50, 0]])
    assert np.isnan(graph.edge_values(("energy",))[1, 0])
    sizes = history.sizes()
    assert list(sizes["grains"]) == [3, 2] and np.isclose(sizes["volume"][0], 2400)
    diameter = np.cbrt(6 / np.pi * np.array([4000.0, 2400.0, 800.0]))
    assert np.isclose(sizes["square"][0], diameter.mean() ** 2)
    assert np.isclose(sizes["deviation"][0], diameter.std() / diameter.mean())
    assert list(history.events["event"]) == ["death"]


def test_files(files, tmp_path, capsys):
    assert run("grains", *files[:2], "--events", files[2], "--npz", tmp_path / "g.npz", "--graphml",
               tmp_path / "g.graphml", "--step", 0, "--edges", "area", "angle") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["0", "3", "2400"] and lines[2].split()[-1] == "1"
    arrays = np.load(tmp_path / "g.npz")
    assert arrays["node_start"].tolist() == [0, 3, 5] and arrays["edge_start"].tolist() == [0, 2, 3]
    assert arrays["grain"].tolist() == [2, 5, 9, 2, 9]
    assert arrays["edge_index"].tolist() == [[0, 1, 0], [1, 2, 1]]
    assert arrays["edge_attr"].tolist() == [[100, 36.87], [50, 0], [70, 0]]
    assert arrays["edge_columns"].tolist() == ["area", "angle"] and arrays["x"].shape == (5, 10)
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = xml.etree.ElementTree.parse(tmp_path / "g.graphml").getroot()
    nodes, edges = list(root.iter(space + "node")), list(root.iter(space + "edge"))
    assert [node.get("id") for node in nodes] == ["2", "5", "9"]
    assert [(edge.get("source"), edge.get("target")) for edge in edges] == [("2", "5"), ("5", "9")]
    keys = {key.get("id"): key.get("attr.type") for key in root.iter(space + "key")}
    assert keys["node_structure"] == "string" and keys["edge_area"] == "double"
    data = {item.get("key"): item.text for item in edges[0]}
    assert float(data["edge_area"]) == 100 and data["edge_sigma"] == "5"
    assert not list(tmp_path.glob("*.part"))


def test_picture(files, tmp_path):
    assert run("plot", "grains", *files[:2], "-o", tmp_path / "growth") == 0
    assert (tmp_path / "growth.png").stat().st_size > 10000 and (tmp_path / "growth.svg").exists()


def test_random_disorientations():
    angles = random_disorientations()
    assert abs(angles.mean() - 40.74) < 0.1  # Mackenzie's mean, 40 degrees 44 minutes
    assert 62.0 < angles.max() <= 62.8


@pytest.mark.parametrize("text, words", [
    ("", "has no column step"),
    ("1 2 3\n", "no line with the names of the columns before line 1"),
    ("# step grain\n0 1\n", "has no column atoms"),
    (GRAINS.replace("0 5 fcc 300", "0 5 fcc"), "line 3: 15 words in 16 columns"),
    (GRAINS.replace("2400.0", "many"), "column volume holds something that is no number"),
    (GRAINS.replace("0 5 fcc", "0 6 fcc"), "a boundary is of a grain that isn't there"),
    ("# step grain atoms volume qw\n", "holds no grains")])
def test_what_is_wrong(files, tmp_path, capsys, text, words):
    files[0].write_text(text)
    assert run("grains", *files[:2], "--npz", tmp_path / "bad.npz") == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "bad.npz").exists()


def test_arguments(files, tmp_path, capsys):
    assert run("grains", files[0], "--npz", tmp_path / "a.npz") == 1
    assert "need the table of boundaries" in capsys.readouterr().err
    assert run("grains", *files[:2], "--graphml", tmp_path / "a", "--step", 7) == 1
    assert "there is no step 7" in capsys.readouterr().err
    assert run("grains", *files[:2], "--npz", tmp_path / "a.npz", "--nodes", "weight") == 1
    assert "there is no column weight" in capsys.readouterr().err
    assert run("grains", *files[:2], "--npz", tmp_path / "a.npz", "--nodes", "structure") == 1
    assert "is no number" in capsys.readouterr().err
    assert run("grains", tmp_path / "none") == 1
    assert "can't be read" in capsys.readouterr().err
    with pytest.raises(MLGrainError, match="needs the table of boundaries"):
        History.read(files[0]).graph(0)
