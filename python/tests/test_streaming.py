# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are read once pass by in bounded memory, and give what they gave as a whole."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest

from mlgrain import cli, compiled
from mlgrain.errors import MLGrainError
from mlgrain.potentials import configurations, error_table, streaming, training
from mlgrain.potentials.configurations import Configuration

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")


def one_configuration(seed):
    random = np.random.default_rng(seed)
    grid = np.array(list(np.ndindex(2, 2, 2))) * 2.5
    return Configuration(grid + random.uniform(-0.3, 0.3, (8, 3)),
                         random.integers(0, 2, 8).astype(np.int32), 5.0 * np.eye(3), (True,) * 3,
                         random.normal(), random.normal(size=(8, 3)), random.normal(size=6),
                         features={"kind": f"k{seed % 3}"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streaming")
    texts = [configurations.cfg_text(one_configuration(seed)) for seed in range(30)]
    (folder / "short.cfg").write_text("\n".join(texts * 4))
    with gzip.open(folder / "long.cfg.gz", "wt") as file:
        for _ in range(32):
            file.write("\n".join(texts))
    contents = training.new_potential(6, range(2), 4.0, 1.5, 4)
    one = training.Training(contents, [one_configuration(seed) for seed in range(30)])
    one.solve_linear()
    active = training.select(one, of_atoms=True)
    (folder / "a.almtp").write_bytes(training.almtp_contents(one, active, 2, "a"))
    return folder


def peak_of(*words):
    """Bytes of memory that a command takes at most."""
    tracemalloc.start()
    try:
        assert cli.main(["mtp", *map(str, words)]) == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("task", ["evaluate", "grade", "convert", "mindist", "errors"])
def test_memory_does_not_grow_with_the_file(folder, task, monkeypatch):
    """960 configurations take no more than 120."""
    monkeypatch.setattr(streaming, "ATOMS", 400)
    def words(name):
        start = [] if task in ("convert", "mindist") else [folder / "a.almtp"]
        end = [] if task in ("mindist", "errors") else ["-o", folder / "out.cfg"]
        return [task, *start, folder / name, *end]
    peak_of(*words("short.cfg"))  # what is imported and kept
    short = peak_of(*words("short.cfg"))
    assert peak_of(*words("long.cfg.gz")) < 1.3 * short + 2e5


def test_errors_of_batches_are_those_of_the_whole(folder):
    contents = (folder / "a.almtp").read_bytes()
    tables = []
    for atoms in (40, 10**6):
        table = error_table.ErrorTable()
        for one in error_table.compared_stream(
                contents, configurations.read([folder / "short.cfg"]), atoms=atoms):
            table.add(one)
        tables.append(table.rows())
    assert [row["kind"] for row in tables[0]] == ["k0", "k1", "k2", "all"]
    for a, b in zip(*tables):
        for name in ("configurations", "energy", "force", "stress"):
            assert a[name] == pytest.approx(b[name], rel=1e-9)


def test_nothing_is_left_of_a_file_that_could_not_be_finished(folder, tmp_path):
    text = (folder / "short.cfg").read_text()
    (tmp_path / "cut.cfg").write_text(text[:len(text) // 2 + 100])
    (tmp_path / "out.cfg").write_text("before")
    for task in ("evaluate", "grade"):
        assert cli.main(["mtp", task, str(folder / "a.almtp"), str(tmp_path / "cut.cfg"), "-o",
                         str(tmp_path / "out.cfg")]) != 0
    assert cli.main(["mtp", "convert", str(tmp_path / "cut.cfg"), "-o",
                     str(tmp_path / "out.cfg")]) != 0
    assert (tmp_path / "out.cfg").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.cfg", "out.cfg"]


def with_types(*types):
    return Configuration(np.zeros((len(types), 3)), np.array(types), np.eye(3), (True,) * 3,
                         source="x.cfg")


def test_species_one_after_the_other():
    """As for all of them at once; where what came before would have been read wrongly, an error."""
    for labels, made in (([29, 40], [with_types(40, 29), with_types(29)]),
                         ([29, 40], [with_types(1, 0), with_types(1)]),
                         ([0, 1, 5], [with_types(1), with_types(2, 0)])):
        types = streaming.TypeReader(labels)
        for one, expected in zip(made, configurations.species_of(made, labels)):
            np.testing.assert_array_equal(types.species(one), expected)
    types = streaming.TypeReader([1, 2])
    np.testing.assert_array_equal(types.species(with_types(1, 1)), [0, 0])
    with pytest.raises(MLGrainError, match="x.cfg: types 0, 1"):
        types.species(with_types(0, 1))
    with pytest.raises(MLGrainError, match="types 3"):
        streaming.TypeReader([1, 2]).species(with_types(3))


def test_batches():
    made = [with_types(*[0] * size) for size in (3, 3, 8, 1, 1)]
    assert [[len(one) for one in batch] for batch in streaming.batches(made, 5)] == [
        [3, 3], [8], [1, 1]]
