# SPDX-License-Identifier: GPL-2.0-or-later
"""The command: a whole study from dumps to pictures, help, and sentences instead of tracebacks."""

import argparse
import csv
import json
import pathlib
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from conftest import FEATURES, dump_text
from mlgrain import load_model
from mlgrain.cli import main, make_parser
from mlgrain.tables import Table

COMMANDS = ["table", "sample", "join", "soap", "ler", "forest", "cross-validate", "validate", "curve", "import", "mixture",
            "choose", "boundaries", "predict", "info", "plot", "grains", "linear", "segregation", "cells"]
PICTURES = ["parity", "importance", "classes", "choice", "curve", "gb-search", "atoms", "grains"]


def run(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def study(tmp_path_factory, data):
    """A folder with dumps, a table and models."""
    folder = tmp_path_factory.mktemp("study")
    features, target = data
    names = ["id", "type", "x", "y", *FEATURES, "e"]
    for k in range(5):
        def words(_, i, k=k):
            row = 300 * k + i - 1
            return " ".join(f"{v:.10g}" for v in [i, 1 + row % 2, row % 17, row % 23, *features[row], target[row]])
        (folder / f"gb{k}.dump").write_text(dump_text([(0, 300)], " ".join(names), words))
    table = folder / "gb.npz"
    assert run("table", *sorted(folder.glob("gb*.dump")), "-o", table, "--rename",
               "e=energy_density", "--sfd", 0.909, 5.904, "--unit-style", "metal", "--elements",
               "Cu", "--training-set", "a test") == 0
    assert run("forest", table, "-o", folder / "f", "--trees", 10, "--test", 0.2, "--group", "source",
               "--units", "eV/A^3", "--seed", 7, "--estimator", folder / "f.joblib", "--jobs", 1) == 0
    assert run("mixture", table, "-o", folder / "m", "--classes", 2, "--names", "bulk", "gb") == 0
    return folder


def test_models_say_what_they_are(study, capsys):
    forest, mixture = load_model(study / "f"), load_model(study / "m")
    for model in (forest, mixture):
        assert json.loads(model.metadata["descriptor"]) == \
            {"style": "sfd/atom", "sigma": 0.909, "rcut": 5.904}
        assert model.metadata["unit_style"] == "metal" and model.metadata["elements"] == '["Cu"]'
        assert model.metadata["training_set"] == "a test" and model.features == FEATURES
    assert forest.metadata["seed"] == "7" and forest.metadata["units"] == "eV/A^3"
    assert set(json.loads(forest.metadata["errors"])) == {"train", "test", "out_of_bag"}
    capsys.readouterr()
    assert run("info", study / "f", "--json") == 0
    assert json.loads(capsys.readouterr().out)["features"] == FEATURES
    assert run("info", study / "f") == 0
    text = capsys.readouterr().out
    assert "10 trees" in text and "importance     P0_I0 0." in text


def test_predict(study, capsys):
    assert run("predict", study / "f", study / "gb.npz", "-o", study / "p.npz") == 0
    table = Table.load(study / "p.npz")
    estimator = joblib.load(study / "f.joblib")
    expected = estimator.predict(table.matrix(FEATURES).astype(np.float32))
    assert np.allclose(table.column("prediction"), expected, rtol=1e-12)
    assert "rmse" in capsys.readouterr().out
    assert run("predict", study / "m", study / "gb.npz", "-o", study / "pm.npz") == 0
    assert set(np.unique(Table.load(study / "pm.npz").column("class"))) == {1, 2}


def test_sample(study):
    assert run("sample", study / "gb.npz", "-o", study / "s.npz", "--random", 100, "--high", 20) == 0
    table = Table.load(study / "s.npz")
    assert len(table) == 120 and "100 random + 20 of the 40" in table.metadata["sampling"]
    assert run("sample", study / "gb.npz", study / "s.npz", "-o", study / "s2.npz", "--random", 3,
               "--high", 1, "--per", "source", "--pool", 2) == 0
    assert len(Table.load(study / "s2.npz")) == 40
    assert set(Table.load(study / "s2.npz").column("source")) == set(range(10))


def test_validate_and_curve(study, capsys):
    assert run("cross-validate", study / "gb.npz", "--group", "source", "--folds", 3, "--trees", 3, "-o",
               study / "v.npz", "--jobs", 1) == 0
    assert "fold 3" in capsys.readouterr().out
    assert len(Table.load(study / "v.npz").column("prediction")) == 1500
    assert run("curve", study / "gb.npz", "-o", study / "c.csv", "--sizes", 50, 400, "--trees", 3,
               "--jobs", 1) == 0
    with open(study / "c.csv") as file:
        assert [line["rows"] for line in csv.DictReader(file)] == ["50", "400"]
    assert run("plot", "curve", study / "c.csv", "-o", study / "curve") == 0
    check_pictures(study / "curve")


def test_ridge(study, tmp_path, capsys):
    """A linear target with a large offset, which single precision would blur: nearly exact; a
    pattern leaves the target out."""
    random = np.random.default_rng(3)
    features = 1000 + 1e-4 * random.standard_normal((60, 5))
    target = features @ [1.0, -2.0, 0.5, 0.0, 3.0]
    Table([*(f"soap_{i}" for i in range(5)), "soap_target", "other"],
          np.column_stack([features, target, random.standard_normal(60)])).save(tmp_path / "t.npz")
    assert run("cross-validate", tmp_path / "t.npz", "--kind", "ridge", "--features", "soap_*", "--target",
               "soap_target", "--folds", 10, "-o", tmp_path / "p.npz") == 0
    error = Table.load(tmp_path / "p.npz").column("prediction") - target
    assert 0 < abs(error).max() < 1e-3 * target.std()
    assert run("cross-validate", tmp_path / "t.npz", "--kind", "ridge-unscaled", "--features", "soap_*",
               "--target", "soap_target", "-o", tmp_path / "u.npz") == 0
    assert abs(Table.load(tmp_path / "u.npz").column("prediction") - target).max() < 1e-3 * target.std()
    assert run("curve", tmp_path / "t.npz", "-o", tmp_path / "c.csv", "--kind", "ridge", "--features",
               "soap_?", "--target", "soap_target", "--sizes", 20) == 0
    capsys.readouterr()
    assert run("cross-validate", tmp_path / "t.npz", "--features", "sopa_*", "--target", "other") == 1
    assert "no column like sopa_*" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("forest", study / "gb.npz", "-o", tmp_path / "f", "--kind", "ridge")


def test_boundary_energies(study):
    (study / "gbe.csv").write_text("file,energy\n" + "".join(f"gb{k}.dump,{900 + k}\n"
                                                              for k in range(5)))
    assert run("boundaries", study / "gb.npz", "-o", study / "gbs.npz", "--mixture", study / "m",
               "--region", study / "m", "--region-class", "gb", "--energies", study / "gbe.csv") == 0
    table = Table.load(study / "gbs.npz")
    assert table.column("energy").tolist() == [900, 901, 902, 903, 904]
    assert len(table.columns) == 6 + 6 + 2 + 2 + 10 + 2
    assert run("boundaries", study / "gb.npz", "-o", study / "slab.npz", "--mixture", study / "m",
               "--where", "y", 3, 12) == 0
    every, slab = Table.load(study / "gb.npz"), Table.load(study / "slab.npz")
    inside = (every.column("y") >= 3) & (every.column("y") <= 12) & (every.column("source") == 1)
    assert np.isclose(slab.column("mean_P0_I0")[1], every.column("P0_I0")[inside].mean(), rtol=1e-12)


def test_file_says_by_what_it_was_made(study):
    words = ["forest", "drawn.npz", "-o", "c", "--trees", "3", "--jobs", "1", "--seed", "11"]
    subprocess.run([sys.executable, "-m", "mlgrain.cli", "sample", "gb.npz", "-o", "drawn.npz",
                    "--random", "90", "--high", "9", "--seed", "2"], cwd=study, check=True)
    subprocess.run([sys.executable, "-m", "mlgrain.cli", *words], cwd=study, check=True)
    metadata = load_model(study / "c").metadata
    assert metadata["command"] == "mlgrain " + " ".join(words) and metadata["seed"] == "11"
    assert metadata["training_set"] == \
        "a test; 90 random + 9 of the 18 of largest energy_density, per table, seed 2"


def test_import(study, data):
    features = Table.load(study / "gb.npz").matrix(FEATURES)
    estimator = ExtraTreesRegressor(5, random_state=0).fit(features, features[:, 0])
    joblib.dump(estimator, study / "e.joblib")
    assert run("import", study / "e.joblib", "-o", study / "e", "--target", "energy_density",
               "--table", study / "gb.npz") == 0
    forest = load_model(study / "e")
    assert np.allclose(forest.predict(features)[0], estimator.predict(features), rtol=1e-12)
    assert forest.feature_range is not None and forest.novelty_limit > 0
    assert json.loads(forest.metadata["descriptor"])["sigma"] == 0.909
    assert run("import", study / "e.joblib", "-o", study / "e2", "--target", "y") == 0
    assert load_model(study / "e2").features == [f"x{i}" for i in range(6)]


def test_import_classifier(study, data, capsys):
    """A Pipeline with a classifier at its end; the classes are a column of the table."""
    table = Table.load(study / "gb.npz")
    features = table.matrix(FEATURES)
    label = np.where(features[:, 0] > 0.5, 4.0, 7.0)
    table.with_columns(["structure"], [label]).save(study / "labels.npz")
    estimator = make_pipeline(StandardScaler(), ExtraTreesClassifier(5, max_depth=3, random_state=0))
    joblib.dump(estimator.fit(features, label), study / "c.joblib")
    assert run("import", study / "c.joblib", "-o", study / "classes", "--target", "structure",
               "--table", study / "labels.npz", "--features", *FEATURES) == 0
    text = capsys.readouterr().out
    assert "classes 4, 7" in text and "rows are predicted otherwise" in text
    forest = load_model(study / "classes")
    assert forest.classes == ["4", "7"] and forest.novelty_limit > 0
    right = np.mean(estimator.predict(features) == label)
    errors = json.loads(forest.metadata["errors"])["table"]
    assert abs(errors["accuracy"] - right) < 2 / len(label) and 0.5 < errors["balanced_accuracy"] < 1
    assert run("info", study / "classes") == 0
    text = capsys.readouterr().out
    assert "forest: 2 classes, 5 trees" in text and 'classes        ["4", "7"]' in text
    assert run("predict", study / "classes", study / "labels.npz", "-o", study / "c.npz") == 0
    assert "accuracy" in capsys.readouterr().out
    found = Table.load(study / "c.npz")
    same = estimator.classes_[found.column("class").astype(int) - 1] == estimator.predict(features)
    assert np.mean(same) > 0.999
    assert np.allclose(found.column("uncertainty"), 1 - np.maximum(
        found.column("probability_1"), found.column("probability_2")))
    assert run("import", study / "c.joblib", "-o", study / "classes", "--target", "energy_density",
               "--table", study / "labels.npz", "--features", *FEATURES) == 0
    assert "errors" not in load_model(study / "classes").metadata


def check_pictures(stem):
    for ending, start in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        content = pathlib.Path(f"{stem}{ending}").read_bytes()
        assert content.startswith(start) and len(content) > 5000


def test_pictures(study):
    assert run("predict", study / "f", study / "gb.npz", "-o", study / "p.npz") == 0
    assert run("choose", study / "gb.npz", "-o", study / "k.csv", "--to", 3, "--starts", 1,
               "--rows", 200) == 0
    dump = study / "gb1.dump"
    for words in (["parity", study / "p.npz", "--units", "eV/A^3"], ["importance", study / "f"],
                  ["classes", study / "m", study / "gb.npz"], ["choice", study / "k.csv"],
                  ["atoms", dump, "--color", "e", "P0_I0:error", "type:class", "--one-scale",
                   "--where", "x", 2, 9, "--title", "atoms"]):
        assert run("plot", *words, "-o", study / words[0]) == 0
        check_pictures(study / words[0])


SEARCH = """# Sigma5 36.8699 degrees [1 0 0], (0 2 1) / (0 1 2), symmetric tilt; energies and stresses in mJ/m^2
# id energy fraction removed volume stress_xx stress_yy stress_xy cell_x cell_y shear atoms hits trial walker origin
1 942.089314 0.500000 2 0.149664 1 2 3 2 2 1 238 4 5 0 random
2 951.114143 0.000000 0 0.319734 1 2 3 1 1 0 60 88 48 0 splice
"""


def test_picture_of_a_search(tmp_path, capsys):
    table = tmp_path / "gb.txt"
    table.write_text(SEARCH)
    assert run("plot", "gb-search", table, "-o", tmp_path / "gb") == 0
    check_pictures(tmp_path / "gb")
    for text, reason in ((SEARCH.replace("951.114143", "x"), "could not convert"),
                         (SEARCH[:-12], "too short"), ("", "no table"), (SEARCH[:200], "no table")):
        table.write_text(text)
        assert run("plot", "gb-search", table, "-o", tmp_path / "bad") == 1
        assert reason in capsys.readouterr().err
    table.write_text(SEARCH)
    assert run("plot", "gb-search", table, "-o", tmp_path / "bad", "--highest", 900) == 1
    assert "no structure" in capsys.readouterr().err
    assert not list(tmp_path.glob("bad*"))


@pytest.mark.parametrize("words", [[]] + [[c] for c in COMMANDS] + [["plot", p] for p in PICTURES])
def test_help(words, capsys):
    with pytest.raises(SystemExit) as status:
        main([*words, "--help"])
    assert status.value.code == 0
    text = capsys.readouterr().out
    assert "example:\n  mlgrain" in text


def test_each_command_is_in_one_module():
    def names(parser):
        return next(set(action.choices) for action in parser._actions
                    if isinstance(action, argparse._SubParsersAction))

    everything = names(make_parser())
    assert set(COMMANDS) < everything
    for name in everything:
        assert name in names(make_parser(name)) < everything


@pytest.mark.parametrize("words,reason", [
    (["info", "absent"], "absent can't be read"),
    (["info", "gb.npz"], "no model file"),
    (["forest", "absent.npz", "-o", "x"], "absent.npz can't be read"),
    (["forest", "gb.npz", "-o", "none/x"], "can't be written"),
    (["forest", "gb.npz", "-o", "x", "--target", "q"], "no column q"),
    (["forest", "gb.npz", "-o", "x", "--features", "P9_I9"], "no column P9_I9"),
    (["forest", "gb.npz", "-o", "x", "--max-features", "2"], "share"),
    (["mixture", "gb.npz", "-o", "x", "--classes", "2", "--names", "a"], "1 names for 2"),
    (["mixture", "gb.npz", "-o", "x", "--classes", "2", "--order-by", "z"], "--order-by z"),
    (["sample", "gb.npz", "-o", "x.npz"], "usable"),
    (["table", "gb.npz", "-o", "x.npz"], "line"),
    (["table", "gb0.dump", "-o", "x.npz", "--rename", "e"], "OLD=NEW"),
    (["table", "gb0.dump", "-o", "x.npz", "--sfd", "-1", "5"], "positive"),
    (["import", "gb0.dump", "-o", "x", "--target", "y"], "no estimator"),
    (["predict", "f", "f", "-o", "x.npz"], "no feature table"),
    (["plot", "atoms", "gb0.dump", "--color", "q", "-o", "x"], "no column q"),
    (["plot", "atoms", "gb0.dump", "--color", "e", "-o", "x", "--where", "x", "90", "99"], "no atom"),
    (["plot", "atoms", "gb0.dump", "--color", "e", "-o", "x", "--where", "x", "a", "b"], "two numbers"),
    (["boundaries", "gb.npz", "-o", "x.npz", "--mixture", "m", "--where", "x", "90", "99"], "no row"),
    (["plot", "importance", "m", "-o", "x"], "not a forest"),
    (["plot", "parity", "gb.npz", "-o", "x"], "no column prediction"),
    (["plot", "curve", "gb0.dump", "-o", "x"], "needs a line of names"),
    (["boundaries", "gb.npz", "-o", "x.npz", "--mixture", "f"], "not a Gaussian mixture"),
])
def test_problems_are_told_in_a_sentence(study, monkeypatch, capsys, words, reason):
    monkeypatch.chdir(study)
    before = set(study.iterdir())
    assert run(*words) == 1
    text = capsys.readouterr().err
    assert reason in text and text.startswith("mlgrain: ") and "Traceback" not in text
    assert set(study.iterdir()) == before


def test_bad_options(capsys):
    for words in (["forest"], ["forest", "t", "-o", "x", "--trees", "0"], ["nothing"],
                  ["forest", "t", "-o", "x", "--test", "1.5"]):
        with pytest.raises(SystemExit) as status:
            main(words)
        assert status.value.code == 2
