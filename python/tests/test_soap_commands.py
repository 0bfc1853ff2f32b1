# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain soap and mlgrain ler: beside the functions of the package, and sentences for what is wrong."""

from __future__ import annotations

import csv
import os
import pathlib

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled
from mlgrain.cli import main
from mlgrain.commands import frames as frame_options
from mlgrain.environments import EnvironmentBuilder, LeaderBuilder, load_environments
from mlgrain.spectra import load_projection
from mlgrain.tables import Table
from test_environments import SMALL, crystal
from test_frames import dump

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
SOAP = ["--soap", "quippy", 3.4, 3, 4, 0.5]
SEED = ["--seed", "fcc", 3.52]
REFERENCE = pathlib.Path(os.environ.get("MLGRAIN_REFERENCE_DIR", ""))


def run(*words):
    return main([str(word) for word in words])


def fails(capsys, text, *words):
    capsys.readouterr()
    assert run(*words) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert text in message, message


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(folder, the atoms of two dumps of two frames each): the second frame of a dump has its atoms in
    another order. Column m marks the disordered atoms; upper ones are of type 2."""
    folder, frames = tmp_path_factory.mktemp("soap"), {}
    random = np.random.default_rng(2)
    for name in ("a", "b"):
        texts = []
        for step in (0, 10):
            positions, cell, _ = crystal(seed=len(frames), cells=(3, 3, 4))
            ids = np.arange(1, len(positions) + 1)
            mark, kind = (positions[:, 2] > 7.5).astype(int), 1 + (positions[:, 2] > 10)
            order = np.arange(len(ids)) if step == 0 else random.permutation(len(ids))
            rows = np.column_stack([ids, kind, positions, mark])[order]
            texts.append(dump("pp pp ff", [[0, edge] for edge in cell], "id type x y z m", rows, step))
            frames[name, step] = (positions, cell, (True, True, False)), mark, kind
        (folder / f"{name}.dump").write_text("".join(texts))
    (folder / "known.csv").write_text("file,energy,word\nx/b.dump,2.5,hot\na.dump,1.5,cold\n")
    return folder, frames


def test_mean(files, capsys):
    folder, frames = files
    assert run("soap", "mean", folder / "*.dump", "-o", folder / "m.npz", *SOAP, "--where", "m", 1, 1,
               "--properties", folder / "known.csv") == 0
    assert "4 rows of 31 numbers, from 4 frames of 2 files; energy" in capsys.readouterr().out
    table = Table.load(folder / "m.npz")
    assert table.columns[-4:] == ["atoms", "source", "timestep", "energy"]
    assert table.column("energy").tolist() == [1.5, 1.5, 2.5, 2.5]
    assert table.column("timestep").tolist() == [0, 10, 0, 10]
    for row, (atoms, mark, _) in enumerate(frames.values()):
        expected = mlgrain.soap_mean(atoms, **SMALL, centers=mark == 1)
        np.testing.assert_allclose(table.values[row, :31], expected, rtol=0, atol=1e-15)
        assert table.column("atoms")[row] == mark.sum()
    perfect = mlgrain.soap(crystal(noise=0), **SMALL, centers=[0])[0]
    assert run("soap", "mean", folder / "a.dump", "-o", folder / "x.npz", *SOAP, "--excess", "fcc", 3.52,
               "--normal", "x", "--boundaries", 2, "--last", "--threads", 2) == 0
    (row,) = Table.load(folder / "x.npz").matrix([f"soap_{k}" for k in range(1, 32)])
    atoms = frames["a", 10][0]
    area = 2 * 3 * 4 * 3.52**2
    expected = (mlgrain.soap_mean(atoms, **SMALL) - perfect) * len(atoms[0]) / area
    np.testing.assert_allclose(row, expected, rtol=0, atol=1e-14)
    for kind in ("ridge-unscaled", "random"):  # without --features
        assert run("curve", folder / "m.npz", "-o", folder / "c.csv", "--target", "energy", "--kind",
                   kind, "--sizes", 20, "--folds", 2) == 1  # 4 rows are too few, as it says
    assert "too few" in capsys.readouterr().err


def test_windows(files):
    """Vectors are averaged by atom, whatever the order in the file."""
    folder, frames = files
    (one, mark, _), (two, _, _) = frames["a", 0], frames["a", 10]
    chosen = np.flatnonzero(mark)
    mean = (mlgrain.soap(one, **SMALL)[chosen] + mlgrain.soap(two, **SMALL)[chosen]) / 2
    options = ["--window", 2, "--where", "m", 1, 1]
    assert run("soap", "atom", folder / "a.dump", "-o", folder / "w.npz", *SOAP, *options) == 0
    table = Table.load(folder / "w.npz")
    assert table.column("id").tolist() == (chosen + 1).tolist()
    np.testing.assert_allclose(table.values[:, 7:], mean, rtol=0, atol=1e-15)
    assert run("soap", "mean", folder / "a.dump", "-o", folder / "m2.npz", *SOAP, *options) == 0
    np.testing.assert_allclose(Table.load(folder / "m2.npz").values[0, :31], mean.mean(axis=0), rtol=0,
                               atol=1e-15)
    assert run("ler", "build", folder / "a.dump", "-o", folder / "w.safetensors", *SOAP, *SEED, "--eps",
               0.1, *options) == 0
    builder = EnvironmentBuilder(0.1, ("fcc", 3.52), **SMALL)
    builder.add_vectors(mean, ids=chosen + 1)
    library, expected = load_environments(folder / "w.safetensors"), builder.library()
    np.testing.assert_array_equal(library.sources, expected.sources)
    assert len(library) > 2 and library.atoms.sum() == len(chosen)
    assert run("ler", "count", folder / "w.safetensors", folder / "a.dump", "-o", folder / "wl.npz",
               *options) == 0
    np.testing.assert_allclose(Table.load(folder / "wl.npz").values[0, :len(library)],
                               library.fractions(library.nearest(mean)), atol=1e-15)


def test_lines_of_files():
    """Files of the same name in different folders."""
    lines = [{"file": name} for name in ("p/a.gz", "q/a.gz", "a.gz", "./r/b.gz")]
    for name, expected in (("/x/q/a.gz", "q/a.gz"), ("p/a.gz", "p/a.gz"), ("/y/z/a.gz", "a.gz"),
                           ("r/b.gz", "./r/b.gz"), ("other/b.gz", "./r/b.gz")):
        assert [line["file"] for line in frame_options._line_of(name, lines)] == [expected]
    assert len(frame_options._line_of("/y/a.gz", lines[:2])) == 2 and not frame_options._line_of("c.gz", lines)


def test_atoms_in_pieces(files):
    folder, frames = files
    assert run("soap", "atom", folder / "b.dump", "-o", folder / "p.npz", *SOAP, "--memory",
               50 * 31 * 8e-9) == 0
    table = Table.load(folder / "p.npz")
    expected = np.concatenate([mlgrain.soap(frames["b", step][0], **SMALL) for step in (0, 10)])
    order = np.lexsort((table.column("id"), table.column("timestep")))
    np.testing.assert_allclose(table.values[order, 7:], expected, rtol=0, atol=1e-15)


def test_library(files, capsys):
    """The same as EnvironmentBuilder, with files named; counts and classes of it."""
    folder, frames = files
    assert run("ler", "build", folder / "[ab].dump", "-o", folder / "l.safetensors", *SOAP, *SEED, "--eps",
               0.1) == 0
    builder = EnvironmentBuilder(0.1, ("fcc", 3.52), **SMALL)
    for number, (atoms, _, _) in enumerate(frames.values()):
        builder.add(atoms, step=number)
    library, expected = load_environments(folder / "l.safetensors"), builder.library()
    np.testing.assert_array_equal(library.sources, expected.sources)
    np.testing.assert_allclose(library.vectors, expected.vectors, rtol=0, atol=1e-15)
    with open(folder / "l.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    for line, (atom, step) in list(zip(lines, library.sources))[1:]:
        assert line["file"] == str(folder / "ab"[step // 2]) + ".dump"
        assert [line["timestep"], line["atom"]] == [str(10 * (step % 2)), str(atom)]
    assert run("ler", "count", folder / "l.safetensors", folder / "*.dump", "-o", folder / "l.npz",
               "--properties", folder / "known.csv", "--within", 0.5) == 0
    table = Table.load(folder / "l.npz")
    for row, (atoms, _, _) in enumerate(frames.values()):
        match = library.classify(atoms, within=0.5)
        np.testing.assert_allclose(table.values[row, :len(library)], library.fractions(match), atol=1e-15)
        assert table.column("unknown")[row] == np.mean(match.classes == 0) > 0
    assert run("ler", "atom", folder / "l.safetensors", folder / "a.dump", "-o", folder / "la.npz",
               "--first") == 0
    match = library.classify(frames["a", 0][0])
    np.testing.assert_allclose(Table.load(folder / "la.npz").values[:, -4:], np.stack(match, axis=1), rtol=0,
                               atol=1e-15)
    for words in (["epsilon", folder / "l.safetensors"], ["classes", folder / "l.npz"],
                  ["atoms", folder / "l.safetensors", folder / "a.dump", "--axes", "x", "z"]):
        assert run("ler", "plot", *words, "-o", folder / "picture") == 0
        assert (folder / "picture.png").stat().st_size > 5000
    capsys.readouterr()
    assert run("ler", "show", folder / "l.safetensors", "--most", 3) == 0
    atom, step = library.sources[1]
    assert f"{'ab'[step // 2]}.dump {10 * (step % 2)} atom {atom}" in \
        capsys.readouterr().out.splitlines()[3]


def test_pieces_of_a_frame(files):
    """A frame whose vectors don't fit is reduced in pieces by id: each vector is within 1.25 epsilon of an
    environment, and the order of atoms doesn't matter."""
    (positions, cell, pbc), _, _ = files[1]["a", 0]
    built = []
    for order in (np.arange(len(positions)), np.random.default_rng(1).permutation(len(positions))):
        builder = EnvironmentBuilder(0.1, ("fcc", 3.52), **SMALL, memory=40 * 31 * 8e-9)
        builder.add((positions[order], cell, pbc), ids=order + 1)
        built.append(builder.library())
    np.testing.assert_array_equal(built[0].sources, built[1].sources)
    assert built[0].atoms.sum() == len(positions)
    found = built[0].nearest(mlgrain.soap((positions, cell, pbc), **SMALL))
    assert found.distance.max() < 1.25 * built[0].epsilon


def leaders(vectors, seed, epsilon):
    """Leader clustering, plainly: numbers of the leaders after the seed, and where each vector falls."""
    all_of, numbers, falls = [seed], [], []
    for number, vector in enumerate(vectors):
        near = [k for k, leader in enumerate(all_of) if np.linalg.norm(vector - leader) < epsilon]
        if not near:
            all_of.append(vector)
            numbers.append(number)
        falls.append(near[0] if near else len(all_of) - 1)
    return numbers, falls


def test_leaders(files):
    folder, frames = files
    vectors = np.concatenate([mlgrain.soap(frames["a", step][0], **SMALL) for step in (0, 10)])
    builder = LeaderBuilder(0.1, ("fcc", 3.52), **SMALL, memory=60 * 31 * 8e-9)
    for step in (0, 10):
        builder.add(frames["a", step][0], step=step)
    numbers, falls = leaders(vectors, builder.seed, builder.epsilon)
    library, half = builder.library(), len(vectors) // 2
    found = {(int(atom), int(step)): int(count) for (atom, step), count in
             zip(library.sources, library.atoms)}
    expected = {(k % half + 1, 10 * (k // half)): falls.count(place)
                for place, k in enumerate(numbers, 1)}
    assert found == {(-1, -1): falls.count(0), **expected} and len(found) > 5
    backward = LeaderBuilder(0.1, ("fcc", 3.52), **SMALL)
    backward.add_vectors(vectors[::-1].copy())
    assert len(backward) == 1 + len(leaders(vectors[::-1], builder.seed, builder.epsilon)[0])
    assert run("ler", "build", folder / "a.dump", "-o", folder / "d.safetensors", *SOAP, *SEED, "--eps", 0.1,
               "--method", "leader", "--first") == 0
    alone = leaders(vectors[:half], builder.seed, builder.epsilon)[0]
    stored = load_environments(folder / "d.safetensors")
    assert sorted(stored.sources[1:, 0].tolist()) == [k + 1 for k in alone]


def test_projections(files, tmp_path, capsys):
    """Principal components, by a plain computation; spectra through them, of atoms and means."""
    folder, frames = files
    path = tmp_path / "p.safetensors"
    assert run("soap", "project", folder / "*.dump", "-o", path, *SOAP, "--columns", 5, "--memory",
               100 * 31 * 8e-9) == 0
    vectors = np.concatenate([mlgrain.soap(atoms, **SMALL) for atoms, _, _ in frames.values()])
    centered = vectors - vectors.mean(axis=0)
    directions = np.linalg.svd(centered, full_matrices=False)[2][:5]
    expected = centered @ directions.T
    shares = (expected**2).sum() / (centered**2).sum()
    assert f"they have {shares:.6f} of the variance" in capsys.readouterr().out and shares > 0.9
    for name, options in (("c", ["--project", path]), ("d", ["--project", path, *SOAP])):
        assert run("soap", "atom", folder / "a.dump", "-o", tmp_path / f"{name}.npz", "--first", *options) == 0
    found = Table.load(tmp_path / "c.npz").values[:, 7:]
    np.testing.assert_array_equal(found, Table.load(tmp_path / "d.npz").values[:, 7:])
    expected = expected[:len(found)]
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, rtol=0, atol=1e-12 * abs(expected).max())
    assert run("soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz", "--first", "--project", path) == 0
    np.testing.assert_allclose(Table.load(tmp_path / "m.npz").values[0, :5], found.mean(axis=0), rtol=0,
                               atol=1e-12 * abs(expected).max())
    projection = load_projection(path)
    atoms = frames["a", 0][0]
    np.testing.assert_allclose(mlgrain.soap(atoms, **SMALL, project=projection, centers=[7, 2], threads=2),
                               found[[7, 2]], rtol=0, atol=1e-15)
    np.testing.assert_allclose(mlgrain.soap_mean(atoms, **SMALL, project=projection), found.mean(axis=0),
                               rtol=0, atol=1e-15)
    with pytest.raises(mlgrain.MLGrainError, match="project: .* other parameters"):
        mlgrain.soap(atoms, **{**SMALL, "sigma": 0.4}, project=projection)
    assert run("soap", "project", "-o", path, *SOAP, "--columns", 400, "--random", "--seed", 3) == 0
    random = load_projection(path)
    ratio = np.linalg.norm(random(centered), axis=1) / np.linalg.norm(centered, axis=1)
    assert 0.8 < np.median(ratio) < 1.2
    path.write_bytes(path.read_bytes()[:-8])
    fails(capsys, "p.safetensors", "soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz", "--project",
          path)
    fails(capsys, "--soap, or --project", "soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz")


def test_types(files, capsys):
    folder, frames = files
    atoms, _, kind = frames["a", 0]
    options = ["--species", 2, 1, "--weights", 1, 0.5]
    assert run("soap", "atom", folder / "a.dump", "-o", folder / "t.npz", *SOAP, "--first", *options) == 0
    expected = mlgrain.soap(atoms, **SMALL, species=2 - kind, weights=np.where(kind == 1, 1, 0.5))
    np.testing.assert_allclose(Table.load(folder / "t.npz").values[:, 7:], expected, rtol=0, atol=1e-15)
    assert run("ler", "build", folder / "a.dump", "-o", folder / "t.safetensors", *SOAP, *SEED, "--eps", 0.2,
               "--first", "--species", 1, 0) == 0
    fails(capsys, "no species was given for atoms of type 2", "soap", "atom", folder / "a.dump", "-o",
          folder / "t.npz", *SOAP, "--species", 1)
    fails(capsys, "should be 1 to the number of species", "soap", "atom", folder / "a.dump", "-o",
          folder / "t.npz", *SOAP, "--species", 1, 3)


def test_sentences(files, capsys, tmp_path):
    folder, _ = files
    mean = ["soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz"]
    fails(capsys, "--soap takes a basis and four numbers", *mean, "--soap", "quippy", 5, 2.5, 3, 0.5)
    fails(capsys, "there are no such files", "soap", "mean", folder / "?.none", "-o", tmp_path / "m.npz",
          *SOAP)
    fails(capsys, "none.dump can't be read", "soap", "mean", folder / "none.dump", "-o",
          tmp_path / "m.npz", *SOAP)
    fails(capsys, "no column q; there are: id type x y z m", *mean, *SOAP, "--where", "q", 0, 1)
    (tmp_path / "n.dump").write_text(dump("pp pp pp", [[0, 9]] * 3, "type x y z", [[1, 2, 3, 4]]) * 2)
    fails(capsys, "without a column id atoms can't be followed", "soap", "mean", tmp_path / "n.dump", "-o",
          tmp_path / "m.npz", *SOAP, "--window", 2)
    fails(capsys, "has 2 frames, fewer than a window of 3", *mean, *SOAP, "--window", 3)
    fails(capsys, "--excess: 'hcp' is not one of", *mean, *SOAP, "--excess", "hcp", 3)
    fails(capsys, "has no line for", "soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz", *SOAP,
          "--properties", _csv(tmp_path, "file,energy\nc.dump,1\n"))
    fails(capsys, "has several lines for", "soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz",
          *SOAP, "--properties", _csv(tmp_path, "file,energy\nu/a.dump,1\nv/a.dump,2\n"))
    fails(capsys, "has no column of numbers", "soap", "mean", folder / "a.dump", "-o", tmp_path / "m.npz",
          *SOAP, "--properties", _csv(tmp_path, "file,energy\na.dump,x\n"))
    fails(capsys, "the table takes", "soap", "atom", folder / "a.dump", "-o", tmp_path / "m.npz", *SOAP,
          "--size", 1e-6)
    fails(capsys, "GB are allowed (--memory)", "soap", "atom", folder / "a.dump", "-o",
          tmp_path / "m.npz", *SOAP, "--window", 2, "--memory", 1e-6)
    assert not (tmp_path / "m.npz").exists()
    build = ["ler", "build", folder / "a.dump", "-o", tmp_path / "l.safetensors", *SOAP]
    fails(capsys, "seed: 'hcp' is not one of", *build, "--seed", "hcp", 3, "--eps", 0.1)
    fails(capsys, "--add is for --method farthest", *build, *SEED, "--eps", 0.1, "--method", "leader",
          "--add", "x")
    fails(capsys, "is not a folder", *build[:3], "-o", tmp_path / "none" / "l", *SOAP, *SEED, "--eps", 0.1)
    fails(capsys, "m.csv", "ler", "count", tmp_path / "m.csv", folder / "a.dump", "-o", tmp_path / "c.npz")


def _csv(folder, text):
    (folder / "m.csv").write_text(text)
    return folder / "m.csv"


def test_published_aluminum(tmp_path, capsys):
    """Energies of 60 Al boundaries (Homer et al., 2022) with two commands."""
    pytest.importorskip("sklearn")
    folder = REFERENCE / "al100"
    if not (folder / "energies.csv").exists():
        pytest.skip("MLGRAIN_REFERENCE_DIR has no al100/energies.csv")
    assert run("soap", "mean", folder / "*.dump.xz", "-o", tmp_path / "asr.npz", "--soap", "quippy", 5.0, 12,
               12, 0.5, "--inset", 5, "--excess", "fcc", 4.05, "--properties", folder / "energies.csv") == 0
    assert run("cross-validate", tmp_path / "asr.npz", "--kind", "ridge-unscaled", "--target", "energy_mJ_m2",
               "--folds", 10) == 0
    line = capsys.readouterr().out.strip().splitlines()[-1]
    assert "all rows" in line and float(line.split()[-1]) > 0.99, line
