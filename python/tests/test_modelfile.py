# SPDX-License-Identifier: GPL-2.0-or-later
"""Model files: what is written comes back, and damaged ones are refused with the reason."""

import json
import os
import stat
import struct

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from conftest import FEATURES
from mlgrain import Forest, MLGrainError, load_model
from mlgrain.models import classes, container
from mlgrain.models.importers import forest_from_ensemble, from_estimator


@pytest.fixture
def forest(data):
    features, target = data
    estimator = RandomForestRegressor(3, max_depth=5, random_state=0).fit(features, target)
    result = forest_from_ensemble(from_estimator(estimator), FEATURES, target="energy density")
    result.novelty_mean, result.novelty_cholesky = features.mean(0), np.eye(6)
    result.novelty_limit, result.base = 5.0, 0.5
    result.calibration_spread, result.calibration_error = np.array([0.0, 1.0]), np.array([0.1, 2.0])
    result.feature_range = np.array([features.min(0), features.max(0)], np.float32)
    result.metadata = {"descriptor": '{"style": "sfd/atom", "sigma": 0.909, "rcut": 5.904}',
                       "training_set": "Cu <100> – a test", "units": "eV/A^3"}
    return result


@pytest.mark.parametrize("library", [True, False])
def test_round_trip(forest, data, tmp_path, monkeypatch, library):
    if library and container.library_save is None:
        pytest.skip("safetensors is not installed")
    if not library:
        monkeypatch.setattr(container, "library_save", None)
    path = tmp_path / "m.safetensors"
    forest.save(path)
    again = load_model(path)
    assert isinstance(again, Forest) and again.features == FEATURES
    assert again.metadata["training_set"] == "Cu <100> – a test"
    assert again.target == "energy density" and again.base == 0.5 and again.novelty_limit == 5.0
    for name in ("nodes", "tree_start", "values", "novelty_mean", "novelty_cholesky",
                 "calibration_spread", "calibration_error", "feature_range"):
        assert np.array_equal(getattr(again, name), getattr(forest, name)), name
        assert getattr(again, name).dtype == getattr(forest, name).dtype, name
    features = data[0]
    assert np.array_equal(again.predict(features), forest.predict(features))
    expected = np.linalg.norm(features - features.mean(0), axis=1)
    assert np.allclose(again.novelty(features), expected)


def test_both_writers_agree(forest, tmp_path, monkeypatch):
    """The library reads what the fallback writes."""
    library = pytest.importorskip("safetensors.numpy")
    monkeypatch.setattr(container, "library_save", None)
    forest.save(tmp_path / "plain")
    tensors = library.load_file(tmp_path / "plain")
    assert np.array_equal(tensors["nodes"], forest.nodes)
    assert np.array_equal(tensors["feature_range"], forest.feature_range)


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_files_are_for_whom_the_umask_lets_read(tmp_path, mask):
    before = os.umask(mask)
    try:
        container.write(tmp_path / "m", {"a": np.zeros(2)}, {"key": "1"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "m").st_mode) == 0o666 & ~mask


def test_no_file_is_left_when_writing_fails(tmp_path):
    with pytest.raises(MLGrainError, match="strings"):
        container.write(tmp_path / "m", {"a": np.zeros(2)}, {"key": 1})
    with pytest.raises(Exception):
        container.write(tmp_path / "m", {"a": np.zeros(2), "b": np.array([None])}, {"key": "1"})
    assert list(tmp_path.iterdir()) == []


def rewrite(path, change):
    """Changes a file's header (a dict) and data (a bytearray) through change(header, data)."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8:8 + length]), bytearray(content[8 + length:])
    text = change(header, data)
    text = json.dumps(header) if text is None else text
    text = text.encode() + b" " * (-len(text.encode()) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))


def metadata(key, value):
    def change(header, _):
        if value is None:
            del header["__metadata__"][key]
        else:
            header["__metadata__"][key] = value
    return change


def number(tensor, place, value, form):
    def change(header, data):
        begin = header[tensor]["data_offsets"][0] + place * struct.calcsize(form)
        struct.pack_into(form, data, begin, value)
    return change


def node(place, feature, child, low=0):
    return number("nodes", place, low | feature << 32 | child << 37, "<Q")


def entry(tensor, key, value):
    def change(header, _):
        header[tensor][key] = value
    return change


def twice(header, _):
    return json.dumps(header)[:-1] + ', "values": {}}'


def gap(header, data):
    data += bytes(8)


DAMAGE = [
    (metadata("format", "other"), "'format'"),
    (metadata("version", "2"), "'version'"),
    (metadata("kind", "network"), "'kind'"),
    (metadata("target", None), "'target' is missing"),
    (metadata("aggregation", "median"), "'aggregation'"),
    (metadata("features", "[1, 2]"), "'features'"),
    (metadata("features", '["a", "a", "b", "c", "d", "e"]'), "named twice"),
    (metadata("features", '["a"'), "not valid JSON"),
    (metadata("features", '["a", "b"]'), "'feature_range' is"),
    (metadata("descriptor", '{"style": "sfd/atom", "sigma": -1, "rcut": 5}'), "positive"),
    (metadata("descriptor", '{"style": "sfd/atom", "sigma": NaN, "rcut": 5}'), "not valid JSON"),
    (metadata("aggregation", "sum"), "no spread"),
    (metadata("seed", 3), "object of strings"),
    (entry("values", "dtype", "F32"), "takes"),
    (entry("values", "dtype", "F99"), "unknown dtype"),
    (entry("values", "shape", [-1]), "malformed shape"),
    (entry("values", "shape", [1 << 62]), "takes"),
    (entry("values", "data_offsets", [0]), "malformed data_offsets"),
    (entry("novelty_cholesky", "shape", [36]), "'novelty_cholesky' is"),
    (twice, "twice"),
    (gap, "bytes of data"),
    (number("values", 0, float("nan"), "<d"), "not finite"),
    (number("novelty_cholesky", 6, 1.0, "<d"), "upper triangular"),
    (number("novelty_cholesky", 0, -1.0, "<d"), "diagonal"),
    (number("novelty_limit", 0, -1.0, "<d"), "limit"),
    (number("calibration_spread", 1, 0.0, "<d"), "increase"),
    (number("feature_range", 0, 1e9, "<f"), "smallest value above"),
    (number("tree_start", 0, 2, "<Q"), "tree_start"),
    (number("tree_start", 1, 3, "<Q"), "tree_start"),
    (node(0, 0, 3), "not a pair"),
    (node(0, 0, 0), "not a pair"),
    (node(0, 0, 1 << 20), "not a pair"),
    (node(0, 0, 4), "one parent"),
    (node(0, 7, 2), "a feature that is not there"),
    (node(0, 0, 2, 0x7f800000), "threshold that is not finite"),
    (node(1, 0, 2), "node 1"),
    (node(1, 6, 2), "its own child"),
    (node(1, 6, 1, 1), "node 1"),
    (node(1, 6, 1, 1 << 31), "value that is not there"),
]


@pytest.mark.parametrize("change,reason", DAMAGE)
def test_damaged_files_are_refused(forest, tmp_path, change, reason):
    path = tmp_path / "m.safetensors"
    forest.save(path)
    load_model(path)
    rewrite(path, change)
    with pytest.raises(MLGrainError, match=reason):
        load_model(path)


def test_files_cut_off_or_changed_never_crash(forest, tmp_path):
    path = tmp_path / "m.safetensors"
    forest.save(path)
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    refused = 0
    for trial in range(300):
        broken = bytearray(content)
        if trial % 3 == 0:
            broken = broken[:generator.integers(0, len(broken))]
        else:
            for at in generator.integers(0, [2000, len(broken)][trial % 2], 3):
                broken[at] = generator.integers(0, 256)
        path.write_bytes(broken)
        try:
            load_model(path)
        except MLGrainError:
            refused += 1
    assert refused > 150


def test_mixture_damage(data, tmp_path):
    path = tmp_path / "m.safetensors"
    mixture, _ = classes.fit(data[0], FEATURES, 2, class_names=["bulk", "boundary"])
    for change, reason in ((number("weights", 0, 2.0, "<d"), "sum 1"),
                           (number("feature_scale", 0, 0.0, "<d"), "scale"),
                           (number("precisions_cholesky", 0, 0.0, "<d"), "diagonal"),
                           (metadata("classes", '["one"]'), "2 classes"),
                           (number("means", 0, float("inf"), "<d"), "not finite")):
        mixture.save(path)
        assert load_model(path).classes == ["bulk", "boundary"]
        rewrite(path, change)
        with pytest.raises(MLGrainError, match=reason):
            load_model(path)
    with pytest.raises(MLGrainError, match="can't be read"):
        load_model(tmp_path / "absent")
