# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of LAMMPS' dumps, with energies and pressures of thermo output or of atoms."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re

import numpy as np
import pytest

from mlgrain import compiled
from mlgrain.errors import MLGrainError
from mlgrain.potentials import configurations

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")

CELL = np.array([[4.0, 0, 0], [0.5, 5.0, 0], [-0.25, 0.75, 6.0]])
LOW = np.array([1.0, -2.0, 0.5])
PRESSURE = np.array([1e4, 2e4, -3e4, 500.0, -600.0, 700.0])  # bar
BAR = 1e5 * 1e-30 / 1.602176634e-19  # eV/Angstrom^3
NAMES = "id type element x y z fx fy fz"


def frame_text(step, names=NAMES, box="xy xz yz pp pp pp", units=None, seed=0):
    """(text, positions relative to the origin, forces) of two atoms, Zr and Cu."""
    random = np.random.default_rng(seed + step)
    inside, force = random.uniform(0, 1, (2, 3)), random.normal(size=(2, 3))
    x = inside @ CELL
    xy, xz, yz = CELL[1, 0], CELL[2, 0], CELL[2, 1]
    bounds = [(LOW[0] + min(0, xy, xz, xy + xz), LOW[0] + CELL[0, 0] + max(0, xy, xz, xy + xz), xy),
              (LOW[1] + min(0, yz), LOW[1] + CELL[1, 1] + max(0, yz), xz),
              (LOW[2], LOW[2] + CELL[2, 2], yz)]
    lines = ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", "2", "ITEM: BOX BOUNDS " + box,
             *(" ".join(map(repr, row)) for row in np.array(bounds).tolist()),
             "ITEM: ATOMS " + names]
    for k in range(2):
        word = {"id": k + 1, "type": 2 - k, "element": ["Zr", "Cu"][k], "c_pe": -1.5 - k,
                **{a: v for a, v in zip("xyz", x[k] + LOW)},
                **{a + "u": v + 8 for a, v in zip("xyz", x[k] + LOW)},
                **{a + "s": v for a, v in zip("xyz", inside[k])},
                **{"f" + a: v for a, v in zip("xyz", force[k])},
                **{f"c_stress[{i}]": (k + 1) * i * 1000.0 for i in range(1, 7)}}
        lines.append(" ".join(str(word[name]) for name in names.split()))
    head = f"ITEM: UNITS\n{units}\n" if units else ""
    return head + "\n".join(lines) + "\n", x, force


LOG = """LAMMPS (1 Jan 2026)
units           metal
   Step Temp      PotEng   Pxx {names}
         0   600          -7.25     9   {p}
WARNING: something about ten words long is said between two rows of it
        10   500          -8.5      9   {p}
Loop time of 0.1 on 1 procs for 10 steps with 2 atoms
""".format(p=" ".join(map(str, PRESSURE)), names=" ".join(f"c_virial[{k}]" for k in range(1, 7)))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.dump").write_text(frame_text(0)[0] + frame_text(10)[0])
    (tmp_path / "a.log").write_text(LOG)
    return tmp_path


def test_dump_with_a_log_beside_it(folder):
    found = list(configurations.read([folder / "a.dump"]))
    assert [one.energy for one in found] == [-7.25, -8.5]
    for one, step in zip(found, (0, 10)):
        _, x, force = frame_text(step)
        np.testing.assert_allclose(one.positions, x, atol=1e-12)
        np.testing.assert_allclose(one.forces, force, rtol=1e-12)
        np.testing.assert_allclose(one.cell, CELL, atol=1e-12)
        np.testing.assert_allclose(one.virial, PRESSURE * BAR * 120, rtol=1e-9)
        np.testing.assert_array_equal(one.types, [40, 29])
        assert one.pbc == (True,) * 3 and one.features == {"timestep": str(step)}


@pytest.mark.parametrize("names", ["id type xu yu zu fx fy fz", "type xs ys zs fx fy fz"])
def test_other_columns_of_positions(tmp_path, names):
    (tmp_path / "a.dump").write_text(frame_text(0, names)[0])
    one, = configurations.read([tmp_path / "a.dump"])
    shift = 8 if "xu" in names else 0
    np.testing.assert_allclose(one.positions, frame_text(0)[1] + shift, atol=1e-12)
    np.testing.assert_array_equal(one.types, [1, 0])
    assert one.energy is None and one.virial is None
    named, = configurations.read([tmp_path / "a.dump"], elements=["Cu", "Zr"])
    np.testing.assert_array_equal(named.types, [40, 29])


def test_sums_over_atoms(tmp_path):
    names = "type x y z c_pe " + " ".join(f"c_stress[{i}]" for i in range(1, 7))
    (tmp_path / "a.lammpstrj").write_text(frame_text(0, names)[0])
    one, = configurations.read([tmp_path / "a.lammpstrj"])
    assert one.energy == pytest.approx(-4.0) and one.forces is None
    np.testing.assert_allclose(one.virial, -3000 * np.arange(1, 7) * BAR, rtol=1e-9)


def test_other_forms_of_thermo_output(folder):
    yaml = ("---\nkeywords: ['Step', 'Temp', 'PotEng', 'Pxx', 'Pyy', 'Pzz', 'Pxy', 'Pxz', 'Pyz', "
            "]\ndata:\n  - [0, 0, -7.25, {p}, ]\n  - [10, 5, -8.5, {p}, ]\n...\n").format(
                p=", ".join(map(str, PRESSURE)))
    table = "# TimeStep PotEng\n0 -7.25\n10 -8.5\n"
    commas = "Step,PotEng\n0,-7.25\n10,-8.5\n"
    for name, text in (("b.yaml", yaml), ("b.thermo", table), ("b.csv", commas)):
        (folder / name).write_text(text)
        first, second = configurations.read([folder / "a.dump"], thermo=[folder / name])
        assert (first.energy, second.energy) == (-7.25, -8.5)
        assert second.virial is None  # warm: Pxx has a kinetic part
        if name == "b.yaml":
            np.testing.assert_allclose(first.virial, PRESSURE * BAR * 120, rtol=1e-9)
        else:
            assert first.virial is None


@pytest.mark.parametrize("pack, ending", [(gzip.compress, "gz"), (bz2.compress, "bz2"),
                                          (lzma.compress, "xz")])
def test_packed_files(folder, pack, ending):
    text = (folder / "a.dump").read_bytes()
    (folder / f"c.dump.{ending}").write_bytes(pack(text))
    (folder / f"d.log.{ending}").write_bytes(pack(LOG.encode()))
    found = list(configurations.read([folder / f"c.dump.{ending}"],
                                     thermo=[folder / f"d.log.{ending}"]))
    assert [one.energy for one in found] == [-7.25, -8.5]
    (folder / f"c.dump.{ending}").write_bytes(pack(text)[:-20])
    with pytest.raises(MLGrainError, match="damaged or cut off"):
        list(configurations.read([folder / f"c.dump.{ending}"]))
    (folder / f"d.log.{ending}").write_bytes(pack(LOG.encode())[:-20])
    with pytest.raises(MLGrainError, match="d.log"):
        list(configurations.read([folder / "a.dump"], thermo=[folder / f"d.log.{ending}"]))


def test_several_dumps(folder):
    (folder / "b.dump").write_text(frame_text(0)[0])
    (folder / "b.log").write_text(LOG.replace("-7.25", "-9.25"))
    paths = [folder / "a.dump", folder / "b.dump"]
    assert [one.energy for one in configurations.read(paths)] == [-7.25, -8.5, -9.25]
    assert [one.energy for one in configurations.read(paths, [folder / "b.log"])] == [
        -9.25, -8.5, -9.25]
    logs = [folder / "b.log", folder / "a.log"]
    assert [one.energy for one in configurations.read(paths, logs)] == [-9.25, -8.5, -7.25]
    with pytest.raises(MLGrainError, match="3 files of thermo output for 2 dumps"):
        list(configurations.read(paths, [*logs, folder / "a.log"]))


def test_units_real(folder):
    (folder / "a.dump").write_text(frame_text(0, units="real")[0])
    (folder / "a.log").write_text(LOG.replace("metal", "real"))
    one, = configurations.read([folder / "a.dump"])
    assert one.energy == pytest.approx(-7.25 * 4184 / 96485.33212, rel=1e-9)
    np.testing.assert_allclose(one.forces, frame_text(0)[2] * 0.0433641, rtol=1e-6)
    np.testing.assert_allclose(one.virial, 1.01325 * PRESSURE * BAR * 120, rtol=1e-6)


def test_boxes_that_are_not_periodic(tmp_path):
    (tmp_path / "a.dump").write_text(frame_text(0, box="xy xz yz pp ff pp")[0])
    one, = configurations.read([tmp_path / "a.dump"])
    assert one.pbc == (True, False, True)
    np.testing.assert_allclose(one.cell, CELL * [[1], [0], [1]], atol=1e-12)


def test_general_triclinic_boxes_are_refused(tmp_path):
    (tmp_path / "a.dump").write_text(
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS abc origin pp pp pp\n"
        "4 0 0 1\n0 5 0 1\n0 0 6 1\nITEM: ATOMS type x y z\n1 0 0 0\n")
    with pytest.raises(MLGrainError, match="general triclinic"):
        list(configurations.read([tmp_path / "a.dump"]))


@pytest.mark.parametrize("old, new, text", [
    ("NUMBER OF ATOMS\n2", "NUMBER OF ATOMS\n3", "line 12: 9 words expected"),
    ("fx fy fz\n", "fx fy fq\n", None),
    ("fx fy fz\n", "fx fy fy\n", "twice"), (" x y z", " p q r", "no columns x y z"),
    (" Zr ", " Zz ", "line 10: 'Zz' is not a chemical symbol"),
    (" element", " name", None), (" Zr ", " 1 1 ", "9 words expected, not 10"),
    ("pp pp pp", "", "which boundaries"), ("xy xz yz pp", "abc origin pp", "general triclinic"),
    ("ITEM: TIMESTEP", "ITEM: UNITS\nlj\nITEM: TIMESTEP", "dump, metal in"),
    ("1 2 Zr", "1 2 Zr nan", "words expected"), ("TIMESTEP\n0", "TIMESTEP\n5", "timestep 5"),
])
def test_malformed_dumps(folder, old, new, text):
    whole = (folder / "a.dump").read_text()
    assert old in whole
    (folder / "a.dump").write_text(whole.replace(old, new, 1))
    if text is None:
        assert len(list(configurations.read([folder / "a.dump"]))) == 2
        return
    with pytest.raises(MLGrainError, match=re.escape(text)) as caught:
        list(configurations.read([folder / "a.dump"]))
    assert "a.dump" in str(caught.value) or "a.log" in str(caught.value)


@pytest.mark.parametrize("old, new, text", [
    ("PotEng", "TotEng", "no lines of thermo"), ("  10  ", "  11  ", "timestep 10"),
    ("-8.5", "nan", "energy of timestep 10"), (" 10 ", " 0 ", "different energies for timestep 0"),
    (" 10 ", " 10.5 ", "line 6: 10.5"), (" 20000.0 ", " inf ", "pressure of timestep 0"),
    ("metal", "lj", "units lj"), ("", None, "can't be read")])
def test_malformed_thermo_output(folder, old, new, text):
    assert old in LOG
    (folder / "a.log").rename(folder / "b.log")
    if new is not None:
        (folder / "b.log").write_text(LOG.replace(old, new, 1))
    with pytest.raises(MLGrainError, match=text):
        list(configurations.read([folder / "a.dump"],
                                 [folder / ("none.log" if new is None else "b.log")]))


def test_damaged_dumps_are_read_or_refused(folder):
    """Bytes lost or changed, words replaced, in dump or log: an error that names the file, or
    configurations whose arrays fit together."""
    texts = {name: (folder / name).read_bytes() for name in ("a.dump", "a.log")}
    words = [b"nan", b"inf", b"-1", b"1e308", b"99999999999", b"0", b"9" * 400, b"\xff\x00", b"id",
             b"ITEM:", b"[", b"keywords:", b"1.5", b"x", b"Step"]
    random = np.random.default_rng(13)
    refused = 0
    for trial in range(600):
        kind, name = trial % 4, ("a.dump", "a.dump", "a.log")[trial % 3]
        whole = texts[name]
        at = int(random.integers(len(whole)))
        if kind == 0:
            damaged = whole[:at]
        elif kind == 1:
            damaged = whole[:at] + whole[at + int(random.integers(1, 60)):]
        elif kind == 2:
            other = bytes(random.integers(0, 256, 2, dtype=np.uint8))
            damaged = whole[:at] + other + whole[at + 1:]
        else:
            pieces = re.split(rb"(\s+)", whole)
            pieces[2 * int(random.integers(len(pieces) // 2))] = words[random.integers(len(words))]
            damaged = b"".join(pieces)
        for other in texts:
            (folder / other).write_bytes(damaged if other == name else texts[other])
        try:
            for found in configurations.read([folder / "a.dump"]):
                count = len(found)
                assert found.types.shape == (count,) and found.positions.shape == (count, 3)
                assert found.forces is None or found.forces.shape == (count, 3)
                assert found.energy is None or np.isfinite(found.energy)
                for array in (found.positions, found.cell, found.forces, found.virial):
                    assert array is None or np.isfinite(array).all()
        except MLGrainError as error:
            refused += 1
            assert "a.dump" in str(error) or "a.log" in str(error)
    assert 200 < refused < 600
