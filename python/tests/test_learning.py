# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes and energies learned from tables, ridge and boosted trees, joined tables; Table I of Rosenbrock et
al. (2017)."""

from __future__ import annotations

import json
import os
import pathlib

import numpy as np
import pytest

from mlgrain import MLGrainError, load_model
from mlgrain.cli import main
from mlgrain.models import training
from mlgrain.models.measures import class_measures
from mlgrain.tables import Table

REFERENCE = pathlib.Path(os.environ.get("MLGRAIN_REFERENCE_DIR", ""), "ni388")


def run(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A table of 300 rows: shares ler_1 .. ler_4, a class that two of them decide, rare 3, an energy."""
    random = np.random.default_rng(4)
    shares = random.random((300, 4))
    kind = np.where(shares[:, 1] > 0.93, 3.0, (shares[:, 2] > 0.5) + 0.0)
    energy = 500 + 100 * shares[:, 1] - 30 * shares[:, 3]
    file = tmp_path_factory.mktemp("learning") / "t.npz"
    Table([*(f"ler_{k}" for k in range(1, 5)), "kind", "energy", "source"],
          np.column_stack([shares, kind, energy, np.arange(300) % 30])).save(file)
    return file


def final(capsys):
    """The measures of the last line of the output, and those with their spread."""
    lines = capsys.readouterr().out.strip().splitlines()
    words = lines[-1].replace("all rows", "").split()
    values = {key: float(value) for key, value in zip(words[::2], words[1::2]) if key != "+-"}
    spread = {line.split()[0]: (float(line.split()[1]), float(line.split()[3]))
              for line in lines if "+-" in line}
    return spread or values


@pytest.mark.parametrize("kind", training.KINDS)
def test_classes(path, capsys, kind):
    """Each learns them, far better than the most frequent class, and with --balanced the rare one better."""
    words = ["cross-validate", path, "--classify", "--target", "kind", "--kind", kind, "--trees", 30, "--jobs", 1]
    assert run(*words) == 0
    plain = final(capsys)
    assert plain["accuracy"] > 0.85
    assert run(*words, "--balanced", "--group", "source") == 0
    balanced = final(capsys)
    assert balanced["balanced_accuracy"] > (0.8 if kind.startswith("ridge") else 0.9)
    if kind == "ridge":
        assert balanced["balanced_accuracy"] > plain["balanced_accuracy"] + 0.05


def test_splits(path, capsys):
    assert run("cross-validate", path, "--target", "energy", "--kind", "boosted", "--splits", 4, "--test", 0.3) == 0
    found = final(capsys)
    table = Table.load(path)
    features, target, _ = training.clean(table.matrix(table.default_features()), table.column("energy"))
    results = []
    for train, test in training.random_splits(300, 4, 0.3, 0):
        assert len(test) == 90 and not set(train) & set(test)
        estimator = training.make_estimator("boosted").fit(features[train], target[train])
        error = estimator.predict(features[test]) - target[test]
        results.append(1 - np.sqrt(np.mean(error**2)) / target[test].mean())
    np.testing.assert_allclose(found["1-rmse/mean"], [np.mean(results), np.std(results)], rtol=5e-3)
    assert np.std(results) > 0


def test_stored_classifier(path, tmp_path, capsys):
    model = tmp_path / "k.safetensors"
    assert run("forest", path, "-o", model, "--classify", "--balanced", "--target", "kind", "--test", 0.5,
               "--trees", 30, "--jobs", 1) == 0
    forest = load_model(model)
    assert forest.classes == ["0", "1", "3"] and forest.features == [f"ler_{k}" for k in range(1, 5)]
    errors = json.loads(forest.metadata["errors"])
    assert set(errors) == {"train", "test"} and 0.85 < errors["test"]["accuracy"] < 1
    assert set(np.argsort(-forest.importance)[:2]) == {1, 2}
    capsys.readouterr()
    assert run("predict", model, path, "-o", tmp_path / "p.npz") == 0
    found = np.array([0.0, 1, 3])[Table.load(tmp_path / "p.npz").column("class").astype(int) - 1]
    expected = class_measures(Table.load(path).column("kind"), found)["accuracy"]
    assert f"accuracy {expected:.6g}" in capsys.readouterr().out
    assert run("forest", path, "-o", tmp_path / "b", "--kind", "boosted", "--target", "energy") == 0
    table = Table.load(path)
    features, target, _ = training.clean(table.matrix(table.default_features()), table.column("energy"))
    expected = training.make_estimator("boosted").fit(features, target).predict(features)
    np.testing.assert_allclose(load_model(tmp_path / "b").predict(features)[0], expected, rtol=1e-12)


def test_many_features(tmp_path, capsys):
    """Of SOAP vectors, say: no covariance of hundreds of numbers from fewer rows."""
    random = np.random.default_rng(1)
    values = random.random((40, 450))
    Table([f"soap_{k}" for k in range(1, 451)] + ["energy"],
          np.column_stack([values, values[:, 7]])).save(tmp_path / "t.npz")
    assert run("forest", tmp_path / "t.npz", "-o", tmp_path / "m", "--target", "energy", "--trees", 3,
               "--jobs", 1) == 0
    assert "no novelty measure" in capsys.readouterr().out
    assert load_model(tmp_path / "m").features[449] == "soap_450"


def test_join(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("PID,x,word\n1,10,u\n2,20,v\n\n3,,w\n")
    (tmp_path / "b.csv").write_text('"PID","y","x"\n3,0.3,9\n1,0.1,9\n2,0.2,9\n4,0.4,9\n')
    assert run("join", tmp_path / "a.csv", tmp_path / "b.csv", "-o", tmp_path / "c.npz", "--on", "PID") == 0
    table = Table.load(tmp_path / "c.npz")
    assert table.columns == ["PID", "x", "y"]
    np.testing.assert_array_equal(table.values, [[1, 10, 0.1], [2, 20, 0.2], [3, np.nan, 0.3]])
    assert run("join", tmp_path / "a.csv", tmp_path / "c.npz", "-o", tmp_path / "d.npz") == 0
    assert Table.load(tmp_path / "d.npz").column("y").tolist() == [0.1, 0.2, 0.3]
    capsys.readouterr()
    for text, words in (("b.csv has 4 rows", ["a", "b"]), ("has no row with PID 4", ["b", "a", "--on", "PID"]),
                        ("two rows have the same x", ["a", "b", "--on", "x"]),
                        ("has no column z", ["a", "b", "--on", "z"]),
                        ("no column that the tables before", ["a", "a"])):
        names = [tmp_path / f"{word}.csv" if len(word) == 1 and word in "ab" else word for word in words]
        assert run("join", *names, "-o", tmp_path / "e.npz") == 1
        assert text in capsys.readouterr().err


@pytest.mark.parametrize(("text", "message"), [
    ("", "needs a line of names"), ("a,b\n1\n", "1 fields in line 2"), ("a,a\n1,2\n", "same name"),
    ("a\nx\n", "no column of numbers"), ("a\n\x00\xff", "can't be read|no column")])
def test_bad_csv(tmp_path, text, message):
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(MLGrainError, match=f"a.csv.*({message})"):
        Table.load(tmp_path / "a.csv")


def test_sentences(path, tmp_path, capsys):
    validate = ["cross-validate", path, "--target", "kind"]
    for text, words in (
            ("don't look like classes", ["cross-validate", path, "--target", "energy", "--classify"]),
            ("--balanced is for --classify", [*validate, "--balanced"]), ("--rate takes", [*validate, "--rate", 0]),
            ("-o is for --folds", [*validate, "--splits", 2, "-o", tmp_path / "v.npz"]),
            ("too few rows", [*validate, "--splits", 2, "--test", 0]),
            ("no class has as many rows", [*validate, "--classify", "--folds", 290]),
            ("can't be stored", ["forest", path, "-o", tmp_path / "m", "--target", "kind", "--classify",
                                 "--kind", "boosted"])):
        capsys.readouterr()
        assert run(*words) == 1
        assert text in capsys.readouterr().err, words


def test_table_one(tmp_path, capsys):
    """The table of Rosenbrock et al. with the published LER of 388 Ni boundaries, half of them for training:
    energies 0.885 +- 0.009 (1 - rmse/mean), three classes of mobility 0.743."""
    if not (REFERENCE / "ler.csv").exists():
        pytest.skip("MLGRAIN_REFERENCE_DIR has no ni388/ler.csv")
    energies = np.loadtxt(REFERENCE / "olm_properties.txt", usecols=0)
    (tmp_path / "energy.csv").write_text("energy\n" + "\n".join(map(str, energies)) + "\n")
    assert run("join", REFERENCE / "ler.csv", REFERENCE / "mobility.csv", "-o", tmp_path / "a.npz", "--on",
               "PID") == 0
    assert run("join", tmp_path / "a.npz", tmp_path / "energy.csv", "-o", tmp_path / "ni.npz") == 0
    words = ["cross-validate", tmp_path / "ni.npz", "--features", "Tx-*", "--kind", "boosted", "--splits", 6]
    capsys.readouterr()
    assert run(*words, "--target", "energy") == 0
    mean, _ = final(capsys)["1-rmse/mean"]
    assert 0.87 < mean < 0.91, mean
    assert run(*words, "--target", "M3", "--classify") == 0
    mean, _ = final(capsys)["accuracy"]
    assert 0.69 < mean < 0.77, mean
