# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps and tables: contents, compression, memory, and messages with file and line."""

import gzip
import io
import itertools
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from conftest import dump_text
from mlgrain import MLGrainError
from mlgrain.tables import dumps, lines, plain
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


def words_of_numbers():
    """Words that LAMMPS and others write for numbers, hard ones among them."""
    generator = np.random.default_rng(3)
    numbers = [struct.unpack("<d", generator.bytes(8))[0] for _ in range(3000)]
    numbers += list(generator.normal(size=3000))
    words = [form % x for form in ("%g", "%.17g", "%.20g", "%-1.16e", "%20.15g") for x in numbers]
    words += [str(int.from_bytes(generator.bytes(k % 19 + 1), "little")) for k in range(190)]
    return words + ["-0", "-0.0", "+1", "1.", ".5", "inf", "-inf", "Infinity", "nan", "-nan",
                    "1e999", "-1e999", "1e-999", "5e-324", "2.4703282292062327e-324",
                    "9007199254740993"]


@pytest.mark.parametrize("newline", ["\n", " \n", "\r\n"])
def test_numbers_are_those_of_python(tmp_path, newline):
    words = words_of_numbers()
    text = dump_text([(0, len(words))], "id v element",
                     lambda step, i: f"{i} \t {words[i - 1]}  1Cu")
    path = tmp_path / "a.dump"
    path.write_bytes(text.replace("\n", newline).encode())
    values = read_frame(path)[1]["v"]
    expected = np.array([float(word) for word in words])
    assert np.array_equal(values.view(np.uint64), expected.view(np.uint64))  # to the bit


@pytest.mark.parametrize("ending", ["dump", "dump.gz", "dump.zst"])
def test_lines_cross_the_pieces_read(tmp_path, monkeypatch, ending):
    text = dump_text([(0, 40), (7, 0), (9, 23)])
    path = write(tmp_path / f"a.{ending}", text)
    whole = [(b.timestep, b.values) for b in DumpReader(path)]
    assert [len(values) for _, values in whole] == [40, 23]
    longest = max(map(len, text.splitlines())) + 1
    for size in range(longest, longest + 40):
        monkeypatch.setattr(lines, "BYTES_AT_A_TIME", size)
        pieces = list(DumpReader(path))
        assert [b.timestep for b in pieces] == [0, 9]
        assert all(np.array_equal(b.values, values) for b, (_, values) in zip(pieces, whole))
    monkeypatch.setattr(lines, "BYTES_AT_A_TIME", longest - 1)
    with pytest.raises(MLGrainError, match="line 11: a line of more than 36 characters"):
        list(DumpReader(path))


def test_a_cut_is_always_seen(tmp_path):
    """A file that ends anywhere but at the end of a frame is an error, in the last number, too."""
    text = dump_text([(0, 2), (5, 3)])
    first, path = len(dump_text([(0, 2)])), tmp_path / "a.dump"
    for size in range(1, len(text)):
        path.write_text(text[:size])
        if size == first:
            assert [b.timestep for b in DumpReader(path)] == [0]
            continue
        with pytest.raises(MLGrainError, match="ends|expected|without columns"):
            list(DumpReader(path))


def test_frames_that_differ(tmp_path):
    text = (dump_text([(0, 2)], "id x element", lambda s, i: f"{i} {i / 2} Cu")
            + dump_text([(1, 0)]).replace("xy xz yz pp pp pp\n0 10 0.5\n0 11 0\n0 12 0",
                                          "pp pp pp\n0 10\n0 11\n0 12")
            + dump_text([(2, 1)], "x x id", lambda s, i: f"7 8 {i}"))
    path = write(tmp_path / "a.dump", text)
    first, last = DumpReader(path)
    assert (first.columns, last.columns) == (["id", "x"], ["x", "x", "id"])
    assert last.values.tolist() == [[7, 8, 1]]
    assert [b.values.tolist() for b in DumpReader(path, ["x"])] == [[[0.5], [1]], [[7]]]
    assert [b.values.shape for b in DumpReader(path, [], spare=1)] == [(2, 1), (1, 1)]
    with pytest.raises(MLGrainError, match="line 11: a column is wanted twice: id id"):
        list(DumpReader(path, ["id", "id"]))
    with pytest.raises(MLGrainError, match="has columns x x id, but those before it id x"):
        table_from_dumps([path], tmp_path / "t.npz")


@pytest.mark.parametrize("change,reason", [
    (lambda s: s.replace("2 1 1.0 0.25 Cu", "2 1 oops 0.25 Cu"), "line 13: column x is not a number"),
    (lambda s: s.replace("2 1 1.0 0.25 Cu", "2 1 1.0"), "line 13: 3 words"),
    (lambda s: s.replace("2 1 1.0 0.25 Cu", "2 1 1.0 0.25 Cu 7"), "line 13: 6 words"),
    (lambda s: s.replace("NUMBER OF ATOMS\n3", "NUMBER OF ATOMS\nx"), "line 6: a whole number"),
    (lambda s: s.replace("NUMBER OF ATOMS\n3", "NUMBER OF ATOMS\n4"), "ends after 3 of the 4"),
    (lambda s: s.replace("0 11 0", "0 eleven 0"), "line 9: numbers expected"),
    (lambda s: s.replace("ITEM: TIMESTEP\n0\n", ""), "before its timestep"),
    (lambda s: s.replace("NUMBER OF ATOMS\n3", "NUMBER OF ATOMS\n-3"), "line 6: a frame of -3"),
    (lambda s: s.replace("0 11 0", "0 11"), "line 9: numbers expected"),
    (lambda s: s.replace("0 10 0.5", "0"), "line 8: numbers expected"),
    (lambda s: s.replace("ATOMS id type x c_s[1] element", "ATOMS"), "line 11: a frame without"),
    (lambda s: s.replace("2 1 1.0", "2 1 1_0"), "line 13: column x is not a number: '1_0'"),
    (lambda s: s.replace("2 1 1.0", "2 1 1\0"), "line 13: the file is damaged: a byte 0x00"),
    (lambda s: s.replace("2 1 1.0 0.25 Cu\n", "\n"), "line 13: 0 words"),
    (lambda s: s + "junk", "line 15: 'ITEM: ...' expected"),
    (lambda s: s[:-1], "ends after 2 of the 3"),
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
    packed = gzip.compress(dump_text([(0, 300)]).encode())
    for damaged in (packed[:-20], packed[:200] + bytes(40) + packed[240:], packed[:-6] + bytes(6),
                    b"x"):
        cut.write_bytes(damaged)
        with pytest.raises(MLGrainError, match="line .*damaged"):
            list(DumpReader(cut))
    spoilt = tmp_path / "c.dump.zst"
    write(spoilt, dump_text([(0, 300)]))
    packed = spoilt.read_bytes()
    for damaged in packed[:-20], packed[:100] + bytes(40) + packed[140:], b"xxxxxxxx":
        spoilt.write_bytes(damaged)
        with pytest.raises(MLGrainError, match="line |is empty"):
            list(DumpReader(spoilt))


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
    assert table.values.flags.aligned
    with np.load(tmp_path / "t.npz") as plain:  # a plain .npz file
        assert np.array_equal(plain["values"], table.values)
    with zipfile.ZipFile(tmp_path / "t.npz") as archive:
        assert archive.testzip() is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.dump", "1.dump", "t.npz"]


@pytest.mark.parametrize("frame,rows,step", [("first", 6, 0), ("last", 4, 9)])
def test_table_of_one_frame_each(tmp_path, frame, rows, step):
    paths = [write(tmp_path / f"{i}.dump", dump_text([(0, 3), (5, 1), (9, 2)])) for i in range(2)]
    assert table_from_dumps(paths, tmp_path / "t.npz", frame=frame) == rows
    assert np.array_equal(Table.load(tmp_path / "t.npz").column("timestep"), [step] * rows)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError("no space left")])
def test_no_half_written_table(tmp_path, monkeypatch, failure):
    """What stops the work leaves the table there was, and nothing beside it."""
    path = write(tmp_path / "a.dump", dump_text([(k, 50) for k in range(10)]))
    table_from_dumps([path], tmp_path / "t.npz", ["x"])
    before, calls = (tmp_path / "t.npz").read_bytes(), itertools.count()

    def stop(self, *_):
        if next(calls) == 5:
            raise failure

    monkeypatch.setattr(Progress, "show", stop)
    with pytest.raises(type(failure) if isinstance(failure, OSError) else failure):
        table_from_dumps([path], tmp_path / "t.npz", ["id"])
    assert (tmp_path / "t.npz").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.dump", "t.npz"]


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


def damaged(generator, text):
    """The text with a few characters replaced, or taken out."""
    for _ in range(generator.integers(0, 3)):
        k = generator.integers(0, len(text))
        text = text[:k] + generator.choice(list(b"\0\t\n 05.-+enaixXu\xc3_")).tobytes()[:1] \
            + text[k + generator.integers(0, 2):]
    return text


def test_core_and_plain_reader_agree():
    """On good and damaged lines: numbers to the bit, how much was read, messages."""
    core = pytest.importorskip("mlgrain._core")
    generator, words, failures = np.random.default_rng(5), words_of_numbers(), 0
    for _ in range(2000):
        chosen = [words[k] for k in generator.integers(0, len(words), 12)]
        text = "".join(" ".join(chosen[k:k + 4]) + "\n" for k in (0, 4, 8))
        text = damaged(generator, text.encode())
        columns = np.array(generator.permutation([0, 1, 3, -1]), np.int32)
        results = []
        for reader in (core.read_rows, plain.read_rows):
            values = np.zeros((generator.integers(2, 4) if not results else len(values), 4))
            try:
                done = reader("a.dump", 7, list("abcd"), columns,
                              np.frombuffer(text, np.uint8), values)
            except MLGrainError as error:
                done, values[:] = str(error), 0
            results.append((done, values.tobytes()))
        assert results[0] == results[1], (text, results)
        failures += isinstance(results[0][0], str)
    assert 200 < failures < 1800
