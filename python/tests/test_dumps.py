# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps and tables: contents, compression, memory, and messages with file and line."""

import gzip
import io
import tracemalloc

import numpy as np
import pytest

from conftest import dump_text
from mlgrain import MLGrainError
from mlgrain.tables import dumps
from mlgrain.tables.dumps import DumpReader, Progress, read_frame
from mlgrain.tables import Table, table_from_dumps


def write(path, text):
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".zst":
        path.write_bytes(pytest.importorskip("zstandard").compress(text.encode()))
    else:
        path.write_text(text)
    return str(path)


@pytest.mark.parametrize("ending", ["dump", "dump.gz", "dump.zst"])
def test_contents(tmp_path, ending):
    path = write(tmp_path / f"a.{ending}", dump_text([(0, 3), (100, 5)]))
    blocks = list(DumpReader(path))
    assert [(b.timestep, b.atoms, len(b.values)) for b in blocks] == [(0, 3, 3), (100, 5, 5)]
    assert blocks[0].columns == ["id", "type", "x", "c_s[1]"]  # element is no number
    assert np.array_equal(blocks[1].values[4], [5, 1, 2.5, 100 + 5 / 8])
    assert np.array_equal(blocks[0].box, [[0, 10, 0.5], [0, 11, 0], [0, 12, 0]])
    (block, _) = DumpReader(path, ["c_s[1]", "id"])
    assert np.array_equal(block.values, [[1 / 8, 1], [2 / 8, 2], [3 / 8, 3]])
    assert read_frame(path)[1]["id"].tolist() == [1, 2, 3, 4, 5]
    assert read_frame(path, 0)[1]["id"].tolist() == [1, 2, 3]


def test_long_frames_come_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(dumps, "LINES_AT_A_TIME", 4)
    path = write(tmp_path / "a.dump", dump_text([(0, 10), (5, 4)]))
    blocks = list(DumpReader(path))
    assert [(b.timestep, b.first, len(b.values)) for b in blocks] == \
        [(0, 0, 4), (0, 4, 4), (0, 8, 2), (5, 0, 4)]
    assert read_frame(path, 0)[1]["id"].tolist() == list(range(1, 11))


@pytest.mark.parametrize("change,reason", [
    (lambda s: s.replace("2 1 1.0 0.25 Cu", "2 1 oops 0.25 Cu"), "line 13: column x is not a number"),
    (lambda s: s.replace("2 1 1.0 0.25 Cu", "2 1 1.0"), "line 13: 3 words"),
    (lambda s: s.replace("2 1 1.0 0.25 Cu", "2 1 1.0 0.25 Cu 7"), "line 13: 6 words"),
    (lambda s: s.replace("NUMBER OF ATOMS\n3", "NUMBER OF ATOMS\nx"), "line 6: a whole number"),
    (lambda s: s.replace("NUMBER OF ATOMS\n3", "NUMBER OF ATOMS\n4"), "ends after 3 of the 4"),
    (lambda s: s.replace("0 11 0", "0 eleven 0"), "line 9: numbers expected"),
    (lambda s: s.replace("ITEM: TIMESTEP\n0\n", ""), "before its timestep"),
    (lambda s: s + "junk\n", "line 15: 'ITEM: ...' expected"),
    (lambda s: "# LAMMPS data file\n" + s, "line 1: 'ITEM: ...' expected"),
    (lambda s: "", "is empty"),
    (lambda s: s[:48], "ends within the header"),
    (lambda s: s.replace("Cu", "Cü"), "damaged")])
def test_messages(tmp_path, change, reason):
    path = tmp_path / "a.dump"
    path.write_bytes(change(dump_text([(0, 3)])).encode())
    with pytest.raises(MLGrainError, match=reason) as caught:
        list(DumpReader(path))
    assert str(path) in str(caught.value)


def test_unknown_column_and_file(tmp_path):
    path = write(tmp_path / "a.dump", dump_text([(0, 3)]))
    with pytest.raises(MLGrainError, match="no column P0_I0; there are: id type x"):
        list(DumpReader(path, ["id", "P0_I0"]))
    with pytest.raises(MLGrainError, match="can't be read"):
        list(DumpReader(tmp_path / "absent"))
    cut = tmp_path / "b.dump.gz"
    cut.write_bytes(gzip.compress(dump_text([(0, 300)]).encode())[:-20])
    with pytest.raises(MLGrainError, match="damaged"):
        list(DumpReader(cut))


def peak_memory(paths, output):
    """(rows, most memory taken) of making a table."""
    tracemalloc.start()
    rows = table_from_dumps(paths, output, ["x", "a"], {"a": "P0_I0"}, {"units": "metal"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return rows, peak


def test_table_and_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(dumps, "LINES_AT_A_TIME", 500)
    paths = [write(tmp_path / f"{i}.dump", dump_text([(k, 4000) for k in range(8)], "id x a b",
                                                     lambda step, i: f"{i} {step} {i / 3} 1e-3"))
             for i in range(2)]
    small = write(tmp_path / "small.dump", dump_text([(0, 40)], "id x a b",
                                                     lambda step, i: f"{i} {step} {i / 3} 1e-3"))
    peak_memory([small], tmp_path / "t.npz")  # imports and caches
    rows, peak = peak_memory(paths, tmp_path / "t.npz")
    assert peak < peak_memory([paths[0]], tmp_path / "u.npz")[1] + 100000
    (tmp_path / "u.npz").unlink()
    (tmp_path / "small.dump").unlink()
    table = Table.load(tmp_path / "t.npz")
    assert rows == len(table) == 64000
    assert isinstance(table.values, np.memmap)
    assert table.columns == ["x", "P0_I0", "source", "timestep"]
    assert table.sources == paths and table.metadata == {"units": "metal"}
    assert np.array_equal(table.column("source"), np.repeat([0, 1], 32000))
    assert np.array_equal(table.column("timestep"), table.column("x"))
    assert table.column("P0_I0")[5] == 2.0
    assert table.default_features() == ["P0_I0"]
    with np.load(tmp_path / "t.npz") as plain:  # a plain .npz file
        assert np.array_equal(plain["values"], table.values)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.dump", "1.dump", "t.npz"]


@pytest.mark.parametrize("frame,rows,step", [("first", 6, 0), ("last", 4, 9)])
def test_table_of_one_frame_each(tmp_path, frame, rows, step):
    paths = [write(tmp_path / f"{i}.dump", dump_text([(0, 3), (5, 1), (9, 2)])) for i in range(2)]
    assert table_from_dumps(paths, tmp_path / "t.npz", frame=frame) == rows
    assert np.array_equal(Table.load(tmp_path / "t.npz").column("timestep"), [step] * rows)


def test_table_messages(tmp_path):
    first = write(tmp_path / "a.dump", dump_text([(0, 3)]))
    second = write(tmp_path / "b.dump", dump_text([(0, 3)], "id x", lambda s, i: f"{i} 1"))
    for arguments, reason in (([[first, second]], "but those before it"),
                              ([[first], ["id", "x"], {"id": "x"}], "same name")):
        with pytest.raises(MLGrainError, match=reason):
            table_from_dumps(arguments[0], tmp_path / "t.npz", *arguments[1:])
        assert not (tmp_path / "t.npz").exists()
    with pytest.raises(MLGrainError, match="no folder"):
        table_from_dumps([first], tmp_path / "none" / "t.npz")
    with pytest.raises(MLGrainError, match="no feature table"):
        Table.load(first)
    with pytest.raises(MLGrainError, match="can't be read"):
        Table.load(tmp_path / "absent.npz")
    table_from_dumps([first], tmp_path / "t.npz")
    with pytest.raises(MLGrainError, match="no column y; there are: id"):
        Table.load(tmp_path / "t.npz").column("y")
    with pytest.raises(MLGrainError, match="name the features"):
        Table.load(tmp_path / "t.npz").default_features()


def test_progress():
    stream = io.StringIO()
    progress = Progress(200, stream=stream)
    progress.show(50, "too early to say")
    progress.next = 0.0
    progress.show(50, "a.dump")
    assert stream.getvalue() == "mlgrain:  25.0 %  a.dump\n"
    quiet = Progress(200, quiet=True, stream=stream)
    quiet.next = 0.0
    quiet.show(100, "b.dump")
    assert "b.dump" not in stream.getvalue()
