# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames of dumps, data files and .xyz, and which of their atoms are selected."""

from __future__ import annotations

import gzip
import lzma

import numpy as np
import pytest

from mlgrain import MLGrainError
from mlgrain.boundaries.selection import Selection, Slab
from mlgrain.tables.frames import Frame, read_frames

TILTED = np.array([[10.0, 0, 0], [-2, 11, 0], [1, 3, 12]])
LOW = np.array([-1.0, 2, 3])
PARTS = np.array([[0.1, 0.2, 0.3], [0.9, 0.5, 0.7], [0.4, 0.8, 0.05]])
PLACES = PARTS @ TILTED + LOW


def dump(bounds, box, names, rows, step=5):
    lines = ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(rows)),
             f"ITEM: BOX BOUNDS {bounds}", *(" ".join(map(repr, map(float, row))) for row in box),
             f"ITEM: ATOMS {names}", *(" ".join(f"{x:.15g}" for x in row) for row in rows)]
    return "\n".join(lines) + "\n"


def box_of_tilted():
    """Bounds of the whole parallelepiped, as dumps have them: corners are spread by the tilts."""
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) @ TILTED + LOW
    tilt = [TILTED[1, 0], TILTED[2, 0], TILTED[2, 1]]
    return np.column_stack([corners.min(axis=0), corners.max(axis=0), tilt])


def rows_of(places):
    return [[7 - k, 1 + k, *place, 10 * k] for k, place in enumerate(places)]


@pytest.mark.parametrize(("names", "places"), [("id type x y z c", PLACES),
                                               ("id type xu yu zu c", PLACES),
                                               ("id type xs ys zs c", PARTS),
                                               ("id type xsu ysu zsu c", PARTS)])
def test_dumps(tmp_path, names, places):
    path = tmp_path / "a.dump"
    path.write_text(dump("xy xz yz pp ff sm", box_of_tilted(), names, rows_of(places)) * 2)
    first, second = read_frames([path], ["c"])
    for frame in (first, second):
        np.testing.assert_allclose(frame.positions, PARTS @ TILTED, rtol=0, atol=1e-12)
        np.testing.assert_allclose(frame.cell, TILTED, rtol=0, atol=1e-12)
        assert frame.pbc == (True, False, False) and frame.timestep == 5
        assert frame.ids.tolist() == [7, 6, 5] and frame.types.tolist() == [1, 2, 3]
        assert frame.columns["c"].tolist() == [0, 10, 20]
    part, length = first.fractions(2)
    np.testing.assert_allclose(part, PARTS[:, 2], atol=1e-12)
    assert length == pytest.approx(12)


def test_compressed_and_orthogonal(tmp_path):
    text = dump("pp pp pp", [[0, 5], [1, 7], [0, 8]], "x y z", [[1, 2, 3]]).encode()
    (tmp_path / "a.dump.gz").write_bytes(gzip.compress(text))
    (tmp_path / "a.dump.xz").write_bytes(lzma.compress(text))
    for frame in read_frames(sorted(tmp_path.glob("a.*"))):
        assert frame.positions.tolist() == [[1, 1, 3]] and frame.pbc == (True, True, True)
        assert frame.ids.tolist() == [1] and frame.types.tolist() == [1]
        np.testing.assert_array_equal(frame.cell, np.diag([5, 6, 8]))
    (tmp_path / "a.dump.xz").write_bytes(lzma.compress(text)[:-30])
    with pytest.raises(MLGrainError, match="a.dump.xz, line .*: the file"):
        list(read_frames([tmp_path / "a.dump.xz"]))


def test_general_triclinic(tmp_path):
    """Edges in any direction, with the origin behind them, as LAMMPS' triclinic/general has it."""
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    cell, origin = TILTED @ turn, np.array([4.0, 5, 6])
    box = np.column_stack([cell, origin])
    path = tmp_path / "a.dump"
    path.write_text(dump("abc origin pp pp ff", box, "id type x y z c", rows_of(PARTS @ cell + origin)))
    (frame,) = read_frames([path])
    np.testing.assert_allclose(frame.cell, cell, atol=1e-12)
    np.testing.assert_allclose(frame.positions, PARTS @ cell, atol=1e-12)
    assert frame.pbc == (True, True, False)


DATA = """# a title
# 17 atoms would be wrong

3 atoms
2 atom types
0.0 5.0 xlo xhi
-1.0 7.0 ylo yhi
0.0 8.0 zlo zhi
1.0 0.5 -0.25 xy xz yz

Masses

1 58.69
2 63.5

Atoms # charge

3 1 0.5 1.0 0.0 2.0 0 0 0
1 2 -0.5 2.0 1.0 3.0 0 1 0
2 1 0.5 3.0 2.0 4.0 0 0 0

Velocities

1 0 0 0
"""


def test_data_files(tmp_path):
    path = tmp_path / "a.data"
    path.write_text(DATA)
    (frame,) = read_frames([path], ["q"])
    np.testing.assert_array_equal(frame.cell, [[5, 0, 0], [1, 8, 0], [0.5, -0.25, 8]])
    np.testing.assert_array_equal(frame.positions, [[1, 1, 2], [2, 2, 3], [3, 3, 4]])
    assert frame.ids.tolist() == [3, 1, 2] and frame.types.tolist() == [1, 2, 1]
    assert frame.columns["q"].tolist() == [0.5, -0.5, 0.5] and frame.pbc == (True, True, True)
    (frame,) = read_frames([path], pbc=(True, False, True))
    assert frame.pbc == (True, False, True)
    general = DATA.replace("0.0 5.0 xlo xhi", "0 5 0 avec").replace("-1.0 7.0 ylo yhi", "0 0 6 bvec")
    general = general.replace("0.0 8.0 zlo zhi", "7 0 0 cvec").replace("xy xz yz", "abc origin")
    path.write_text(general)
    (frame,) = read_frames([path])
    np.testing.assert_array_equal(frame.cell, [[0, 5, 0], [0, 0, 6], [7, 0, 0]])
    np.testing.assert_array_equal(frame.positions[0], [0, -0.5, 2.25])


@pytest.mark.parametrize(("old", "new", "text"), [
    ("# charge", "", "line 17: the section Atoms should say its style"),
    ("# charge", "# body", "one of atomic, .* it says 'body'"),
    ("# charge", "# full", "line 18: 9 words"),
    ("3 atoms", "4 atoms", "line 21: 0 words"), ("0.0 5.0 xlo", "5.0 0.0 xlo", "no box"),
    ("0.0 5.0 xlo", "nan 5.0 xlo", "no box"), ("Atoms # charge", "Bonds", "ends before the section Atoms"),
    ("1.0 0.0 2.0", "1.0 nan 2.0", "atom 3 has a coordinate"), ("3 1 0.5", "2 1 0.5", "the same id"),
    ("3 1 0.5", "3.5 1 0.5", "column id has numbers that are not whole")])
def test_bad_data_files(tmp_path, old, new, text):
    path = tmp_path / "a.data"
    path.write_text(DATA.replace(old, new))
    with pytest.raises(MLGrainError, match=f"a.data.*{text}"):
        list(read_frames([path]))


@pytest.mark.parametrize(("bounds", "box", "names", "text"), [
    ("", [[0, 5]] * 3, "id x y z", "doesn't say where the box is periodic"),
    ("pp pp pp", [[0, 5], [5, 0], [0, 5]], "id x y z", "BOX BOUNDS are not in order"),
    ("pp pp pp", [[0, 5]] * 3, "id x y q", "no positions among the columns id x y q"),
    ("pp pp pp", [[0, 5]] * 3, "q x y z", "no column c; there are: q x y z")])
def test_bad_dumps(tmp_path, bounds, box, names, text):
    path = tmp_path / "a.dump"
    path.write_text(dump(bounds, box, names, [[1, 2, 3, 4]]))
    with pytest.raises(MLGrainError, match=f"a.dump.*{text}"):
        list(read_frames([path], ["c"] if "c" in text[:11] else []))


def test_other_files(tmp_path):
    ase = pytest.importorskip("ase")
    io = pytest.importorskip("ase.io")
    atoms = ase.Atoms("NiCu", [[1, 2, 3], [2, 3, 4]], cell=TILTED, pbc=(True, True, False))
    atoms.arrays["c"] = np.array([1.5, 2.5])
    io.write(tmp_path / "a.xyz", [atoms, atoms])
    frames = list(read_frames([tmp_path / "a.xyz"], ["c", "x"]))
    assert [frame.timestep for frame in frames] == [0, 1]
    for frame in frames:
        np.testing.assert_allclose(frame.positions, atoms.positions)
        assert frame.types.tolist() == [28, 29] and frame.pbc == (True, True, False)
        assert frame.columns["c"].tolist() == [1.5, 2.5] and frame.columns["x"].tolist() == [1, 2]
    with pytest.raises(MLGrainError, match="no column d"):
        list(read_frames([tmp_path / "a.xyz"], ["d"]))
    for name in ("b.xyz", "b.bin"):
        (tmp_path / name).write_bytes(b"\xff\xfe nonsense\n" * 9)
        with pytest.raises(MLGrainError, match=f"{name} can't be read by ASE"):
            list(read_frames([tmp_path / name]))


# ---- selections ----------------------------------------------------------------------------------


def frame_of(z, mark, pbc, length=100.0):
    z = np.asarray(z, float)
    positions = np.column_stack([np.zeros_like(z), np.zeros_like(z), z])
    return Frame("f", 0, positions, np.diag([1.0, 1, length]), (True, True, pbc),
                 np.arange(len(z)), np.ones(len(z), int), {"m": np.asarray(mark, float), "z": z})


def chosen(frame, **options):
    flags = Selection(**options).flags(frame)
    return frame.positions[flags, 2].tolist()


def test_slabs():
    z = np.arange(0, 100, 5)
    marked = np.isin(z, [30, 45, 70])
    one = list(range(25, 80, 5))
    apart = [25, 30, 35, 40, 45, 50, 65, 70, 75]
    for pbc, gap, expected in [(False, None, one), (False, 20, apart), (True, None, apart),
                               (True, 20, apart), (True, 30, one)]:
        frame = frame_of(z, marked, pbc)
        assert chosen(frame, slab=Slab("m", (1,), 2, 5.0, gap)) == expected
    across = frame_of(z, np.isin(z, [0, 5, 95]), True)
    assert chosen(across, slab=Slab("m", (1,), 2, 5.0)) == [0, 5, 10, 90, 95]
    everywhere = frame_of(z, np.ones(20), True)
    assert len(chosen(everywhere, slab=Slab("m", (1,), 2))) == 20
    with pytest.raises(MLGrainError, match="f, timestep 0: no atom has m 3"):
        chosen(across, slab=Slab("m", (3,), 2))


def test_ranges_and_inset():
    z = np.arange(10, 100, 10)
    frame = frame_of(z, np.isin(z, [10, 50, 90]), False)
    assert chosen(frame, ranges=(("z", 20, 50), ("m", 0, 0))) == [20, 30, 40]
    assert chosen(frame, inset=(2, 10.0)) == [30, 40, 50, 60, 70]
    slab = Slab("m", (1,), 2, 10.0)
    assert chosen(frame, slab=slab) == list(z)
    assert chosen(frame, slab=slab, inset=(2, 5.0)) == [40, 50, 60]  # no surfaces
    with pytest.raises(MLGrainError, match="periodic along z"):
        chosen(frame_of(z, z, True), inset=(2, 5.0))
    with pytest.raises(MLGrainError, match="no atom is selected"):
        chosen(frame, ranges=(("z", 1, 2),))
