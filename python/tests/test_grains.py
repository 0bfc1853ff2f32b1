# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of fix grains: read, as graphs, in files, drawn; what is wrong with them, told."""

import re
import xml.etree.ElementTree

import numpy as np
import pytest

try:
    import h5py
except ImportError:
    h5py = None

from mlgrain import MLGrainError
from mlgrain.cli import main
from mlgrain.grains import History, random_disorientations, voxels
from mlgrain.homogenize.files import euler_quaternions, read_microstructure
from mlgrain.homogenize.writing import bunge_angles

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
LINES = """\
# step grain1 grain2 grain3 length edgelength tx ty tz spread
0 2 5 9 12.5 15.0 0 0 1 3.0
10 2 5 9 1.5 2.0 0 0 1 3.0
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
    assert np.array_equal(graph.node_values(("volume", "atoms")),
                          [[4000, 500], [2400, 300], [800, 100]])
    assert np.array_equal(graph.edge_values(("area", "sigma")), [[100, 5], [50, 0]])
    assert np.isnan(graph.edge_values(("energy",))[1, 0])
    sizes = history.sizes()
    assert list(sizes["grains"]) == [3, 2] and np.isclose(sizes["volume"][0], 2400)
    diameter = np.cbrt(6 / np.pi * np.array([4000.0, 2400.0, 800.0]))
    assert np.isclose(sizes["square"][0], diameter.mean() ** 2)
    assert np.isclose(sizes["deviation"][0], diameter.std() / diameter.mean())
    assert list(history.events["event"]) == ["death"]


def test_files(files, tmp_path, capsys):
    lines = files[0].read_text().splitlines()  # with a column that no XML name can be
    files[0].write_text("\n".join([lines[0] + " c_s[1]", *(line + " 0.5" for line in lines[1:])]))
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
    keys = {(key.get("for"), key.get("attr.name")): key for key in root.iter(space + "key")}
    assert keys["node", "structure"].get("attr.type") == "string"
    assert keys["edge", "area"].get("attr.type") == "double"
    ids = [key.get("id") for key in root.iter(space + "key")]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w.:-]+", name) for name in ids)
    data = {item.get("key"): item.text for item in edges[0]}
    assert float(data[keys["edge", "area"].get("id")]) == 100
    assert data[keys["edge", "sigma"].get("id")] == "5"
    data = {item.get("key"): item.text for item in nodes[1]}
    assert float(data[keys["node", "c_s[1]"].get("id")]) == 0.5
    assert not list(tmp_path.glob("*.part"))


def test_lines(files, tmp_path, capsys):
    (tmp_path / "l.txt").write_text(LINES.rsplit("\n", 2)[0] + "\n0 2 5 9 13.5 16.0 0 1 0 3.0\n")
    words = ("grains", *files[:2], "--lines", tmp_path / "l.txt", "--npz", tmp_path / "g.npz")
    assert run(*words) == 0
    arrays = np.load(tmp_path / "g.npz")
    assert arrays["line_start"].tolist() == [0, 1, 1]
    assert arrays["line_index"].tolist() == [[0], [1], [2]]
    assert arrays["line_attr"].tolist() == [[13.5, 0, 1, 0]]  # of the same line the last
    assert arrays["line_columns"].tolist() == ["length", "tx", "ty", "tz"]
    (tmp_path / "l.txt").write_text(LINES)  # grain 5 is no more at step 10
    assert run(*words) == 1
    assert "step 10: a line is of a grain that isn't there" in capsys.readouterr().err


def test_voxels(tmp_path):
    random = np.random.default_rng(3)
    low, edges, size = np.array([-3.0, 2.0, 0.5]), np.array([12.0, 9.0, 10.0]), (6, 5, 7)
    positions = low + edges * (random.random((300, 3)) * 1.2 - 0.1)  # some are beyond the faces
    grain = random.integers(0, 4, 300)
    found = voxels(positions, grain, low, edges, size)
    assert np.allclose(found.spacing, edges / size)
    for i, j, k in np.ndindex(*size):
        d = positions - (low + found.spacing * (np.array([i, j, k]) + 0.5))
        d -= edges * np.round(d / edges)
        assert found.labels[i, j, k] == grain[np.argmin((d ** 2).sum(axis=1))]
    with pytest.raises(MLGrainError, match="finite"):
        voxels(positions * np.nan, grain, low, edges, size)
    with pytest.raises(MLGrainError, match="no atoms"):
        voxels(np.empty((0, 3)), [], low, edges, size)


def check_dream3d(path):
    with h5py.File(path) as file:
        container = file["DataContainers/ImageDataContainer"]
        assert container["CellData/Phases"][0, 0, :, 0].tolist() == [1, 2, 2, 1, 0]
        assert np.allclose(container["CellData/EulerAngles"][0, 0, 1:3, 1], np.pi)
        assert container["CellEnsembleData/CrystalStructures"][:, 0].tolist() == [999, 1, 0]
        assert container["CellFeatureData/Phases"][[0, 2, 9], 0].tolist() == [0, 1, 2]


def test_voxel_files(files, tmp_path, capsys):
    frame = [(k, 1.0 * k, 0.5, 0.5, number, k != 1)
             for k, number in enumerate((2, 9, 9, 2, 0))]
    dump = tmp_path / "atoms.dump"
    dump.write_text("ITEM: TIMESTEP\n10\nITEM: NUMBER OF ATOMS\n5\nITEM: BOX BOUNDS pp pp pp\n"
                    "-0.5 4.5\n0 1\n0 2\nITEM: ATOMS id x y z f_g[1] f_g[3]\n" +
                    "".join(" ".join(str(float(word)) for word in row) + "\n" for row in frame))
    for name in ("v.npz", "v.vti", "v.inl", *(["v.dream3d"] if h5py else [])):
        assert run("grains", *files[:2], "--dump", dump, "--voxels", tmp_path / name, "--size",
                   5, 1, 2) == 0
        found = read_microstructure(tmp_path / name)
        assert found.labels.tolist() == [[[2, 2]], [[9, 9]], [[9, 9]], [[2, 2]], [[0, 0]]]
        assert np.allclose(found.spacing, 1.0)
        if name != "v.vti":
            for number, q in ((2, (1, 0, 0, 0)), (9, (0, 1, 0, 0))):
                assert np.isclose(abs(np.dot(found.orientations[number], q)), 1.0, atol=1e-6)
    if h5py:
        check_dream3d(tmp_path / "v.dream3d")
    lines = (tmp_path / "v.inl").read_text().splitlines()
    assert lines[-10:-8] == ["0.000000 0.000000 0.000000 0.5 0.5 0.5 2 1 43",
                             "0.000000 3.141593 0.000000 1.5 0.5 0.5 9 2 62"]
    assert "# X_Dim: 5" in lines and "# Z_step: 1" in lines
    assert run("grains", *files[:2], "--dump", dump, "--inner", "f_g[3]", "--voxels",
               tmp_path / "v.npz", "--size", 5, 1, 2) == 0
    found = read_microstructure(tmp_path / "v.npz")
    assert found.labels.tolist() == [[[2, 2]], [[0, 0]], [[9, 9]], [[2, 2]], [[0, 0]]]
    capsys.readouterr()
    good = ["--dump", dump, "--voxels", tmp_path / "v.npz"]
    for words, message in ((["--dump", dump], "go together"),
                           (["--dump", dump, "--voxels", tmp_path / "v.txt"], "are written to"),
                           ([*good, "--column", "g"], "no column g"),
                           ([*good, "--inner", "h"], "no column h"),
                           ([*good, "--step", 0], "no timestep 0")):
        assert run("grains", *files[:2], *words) == 1
        assert message in capsys.readouterr().err


def test_bunge_angles():
    q = np.random.default_rng(5).standard_normal((200, 4))
    q = np.concatenate([q / np.linalg.norm(q, axis=1, keepdims=True), np.eye(4)])
    back = euler_quaternions(bunge_angles(q))
    assert np.allclose(np.abs((q * back).sum(axis=1)), 1.0)


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
