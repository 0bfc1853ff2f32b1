# SPDX-License-Identifier: GPL-2.0-or-later
"""Training of moment tensor potentials: configurations, fits, active sets, the commands."""

from __future__ import annotations

import dataclasses
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import mlgrain
from mlgrain import cli, compiled
from mlgrain.commands import mtp as commands_mtp
from mlgrain.errors import MLGrainError
from mlgrain.models import container
from mlgrain.potentials import (carry, configurations, ranks, species, training, uncertainty,
                                zero_points)
from mlgrain.potentials.configurations import Configuration

TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")


def random_configurations(count=12, species=2, seed=0, atoms=8):
    """Atoms not too near each other in triclinic cells."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        cell = np.diag([4.6, 4.8, 5.0]) + random.uniform(-0.3, 0.3, (3, 3))
        grid = np.array(list(np.ndindex(2, 2, 2)))[:atoms] / 2
        made.append(Configuration(grid @ cell + random.uniform(-0.25, 0.25, (atoms, 3)),
                                  random.integers(0, species, atoms).astype(np.int32), cell,
                                  (True, True, True), source="random"))
    return made


def truth(level=8, species=2, seed=3):
    """Contents of a potential with random coefficients."""
    contents = training.new_potential(level, range(species), 4.0, 1.5, 6, seed=seed)
    one = training.Training(contents, random_configurations(1, species))
    parameters = one.parameters
    random = np.random.default_rng(seed)
    parameters[-one.core.linear_count:] = random.normal(size=one.core.linear_count)
    one.parameters = parameters
    return one.core.contents("truth")


def labeled(contents, made):
    """The configurations with a potential's own energies, forces and virials."""
    energy, force, virial = training.Training(contents, made).core.evaluate(1)
    first = 0
    for k, one in enumerate(made):
        one.energy, one.virial = energy[k], virial[k]
        one.forces = force[first:first + len(one)]
        first += len(one)
    return made


@pytest.fixture(scope="module")
def data():
    return labeled(truth(), random_configurations())


@pytest.fixture
def folder(tmp_path, data):
    """A folder with train.cfg and empty.mtp."""
    (tmp_path / "train.cfg").write_text("\n".join(map(configurations.cfg_text, data)))
    (tmp_path / "empty.mtp").write_bytes(training.new_potential(8, range(2), 4.0, 1.5, 6))
    return tmp_path


def run(*words):
    return cli.main(["mtp", *map(str, words)])


def test_cfg_files_are_read_as_written(tmp_path, data):
    one = data[0]
    one = Configuration(one.positions, one.types, one.cell, one.pbc, one.energy, one.forces,
                        one.virial, np.linspace(0, 1, len(one)), {"from": "some words"})
    lone = Configuration(one.positions, one.types, np.zeros((3, 3)), (False,) * 3)
    with gzip.open(tmp_path / "a.cfg.gz", "wt") as file:
        file.write(configurations.cfg_text(one) + "\n\n" + configurations.cfg_text(lone))
    found, second = configurations.read([tmp_path / "a.cfg.gz"])
    for name in ("positions", "cell", "forces", "virial", "force_weights"):
        np.testing.assert_allclose(getattr(found, name), getattr(one, name), rtol=1e-11)
    assert found.pbc == (True,) * 3 and found.energy == pytest.approx(one.energy, rel=1e-14)
    assert found.features == {"from": "some words"}
    np.testing.assert_array_equal(found.types, one.types)
    assert second.pbc == (False,) * 3 and second.energy is None and second.forces is None


def test_cfg_of_mlip(tmp_path):
    """Spaces and columns as MLIP has them; direct coordinates; stress with the other sign."""
    (tmp_path / "a.cfg").write_text(
        "BEGIN_CFG\n Size\n    2\n Supercell\n 4 0 0\n 0 5 0\n 0 0 6\n"
        " AtomData:  id type direct_x direct_y direct_z fx fy fz site_en\n"
        " 1 0 0.5 0.2 0 1 2 3 -1\n 2 1 0 0 0.5 -1 -2 -3 -1\n Energy\n -2.5\n"
        " MinusStress: xx yy zz yz xz xy\n 1 2 3 4 5 6\n Feature EFS_by VASP\nEND_CFG\n")
    one, = configurations.read([tmp_path / "a.cfg"])
    np.testing.assert_allclose(one.positions, [[2, 1, 0], [0, 0, 3]])
    np.testing.assert_array_equal(one.virial, [-1, -2, -3, -6, -5, -4])


@pytest.mark.parametrize("old, new, text", [
    ("END_CFG", "", "no END_CFG"), (" Size\n    8", " Size\n    9", "numbers expected"),
    (" Size\n    8", " Size\n    -8", "number of atoms"), ("Energy", "Enthalpy", "'Enthalpy'"),
    ("cartes_y", "y", "AtomData needs"), ("xx yy", "xx qq", "'qq'"), ("xx yy", "xx xx", "missing"),
    (" Size\n    8\n", "", "before Size"),
    ("BEGIN_CFG\n", "BEGIN_CFG\nBEGIN_CFG\n", "BEGIN_CFG within"),
    (" Energy\n    ", " Energy\n    nan ", "1 numbers expected"),
    (" Energy\n    ", " Energy\n    1e400\n", "not finite")])
def test_malformed_cfg(tmp_path, data, old, new, text):
    whole = configurations.cfg_text(data[0])
    assert old in whole
    (tmp_path / "a.cfg").write_text(whole.replace(old, new, 1))
    with pytest.raises(MLGrainError, match=text) as caught:
        list(configurations.read([tmp_path / "a.cfg"]))
    assert "a.cfg" in str(caught.value)


def test_damaged_cfg_is_read_or_refused(tmp_path, data):
    """Bytes lost or changed, words replaced: an error that names file and line, or configurations
    whose arrays fit together."""
    one = dataclasses.replace(data[0], force_weights=np.ones(8), features={"from": "words"})
    whole = (configurations.cfg_text(one) + configurations.cfg_text(data[1])).encode()
    words = [b"nan", b"inf", b"-1", b"1e308", b"99999999999", b"0", b"9" * 400, b"\xff\x00",
             b"type", b"Size", b"Supercell", b"END_CFG", b"BEGIN_CFG", b"AtomData:",
             b"PlusStress:", b"1.5"]
    random = np.random.default_rng(11)
    refused = 0
    for trial in range(600):
        kind, at = trial % 4, int(random.integers(len(whole)))
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
        (tmp_path / "a.cfg").write_bytes(damaged)
        try:
            for found in configurations.read([tmp_path / "a.cfg"]):
                count = len(found)
                assert found.types.shape == (count,) and found.positions.shape == (count, 3)
                assert found.forces is None or found.forces.shape == (count, 3)
                for array in (found.positions, found.cell, found.forces, found.virial):
                    assert array is None or np.isfinite(array).all()
        except MLGrainError as error:
            refused += 1
            assert "a.cfg" in str(error)
            assert "line " in str(error) or "holds no configuration" in str(error)
    assert 300 < refused < 600


def test_nothing_to_read(tmp_path):
    (tmp_path / "a.cfg").write_bytes(b"")
    for path, text in ((tmp_path / "a.cfg", "holds no configuration"),
                       (tmp_path / "b.cfg", "can't be")):
        with pytest.raises(MLGrainError, match=text):
            list(configurations.read([path]))


def test_extended_xyz(tmp_path, data):
    ase = pytest.importorskip("ase")
    io = pytest.importorskip("ase.io")
    single = pytest.importorskip("ase.calculators.singlepoint")
    one = data[0]
    atoms = ase.Atoms(numbers=np.array([29, 40])[one.types], positions=one.positions, cell=one.cell,
                      pbc=True)
    xx, yy, zz, xy, xz, yz = -one.virial / atoms.get_volume()
    atoms.calc = single.SinglePointCalculator(atoms, energy=one.energy, forces=one.forces,
                                              stress=[xx, yy, zz, yz, xz, xy])
    atoms.info["config_type"] = "bulk"
    io.write(tmp_path / "a.xyz", atoms, format="extxyz")
    found, = configurations.read([tmp_path / "a.xyz"])
    assert found.features == {"config_type": "bulk"}
    np.testing.assert_allclose(found.virial, one.virial, atol=1e-6)
    np.testing.assert_allclose(found.forces, one.forces, atol=1e-6)
    assert found.energy == pytest.approx(one.energy, abs=1e-6)
    np.testing.assert_array_equal(configurations.species_of([found], [29, 40])[0], one.types)


def test_species_are_labels_or_numbers(data):
    for labels, types in (([5, 9], [9, 5]), ([29, 40], [1, 0])):
        one = Configuration(np.zeros((2, 3)), np.array(types), np.eye(3), (True,) * 3)
        np.testing.assert_array_equal(configurations.species_of([one], labels)[0], [1, 0])
    with pytest.raises(MLGrainError, match="types 3, 5"):
        one.types = np.array([5, 3])
        configurations.species_of([one], [5, 9])


def test_a_fit_finds_the_potential_that_made_the_data(data):
    one = training.Training(training.new_potential(8, range(2), 4.0, 1.5, 6, seed=1), data)
    training.best_start(one, 1, 1)
    first = one.errors()
    done, condition = training.train(one, 60, 1e-6)
    assert one.errors().loss < 1e-4 * first.loss and done <= 60 and condition > 1
    held_out = labeled(truth(), random_configurations(4, seed=9))
    outside = training.Training(one.core.contents("x"), held_out).errors()
    scale = np.sqrt(np.mean([(c.forces**2).mean() for c in held_out]))
    assert outside.force < 0.05 * scale


def test_linear_part_of_the_normal_matrix(data):
    one = training.Training(truth(seed=8), labeled(truth(), data))
    loss, right, matrix = one.normal()
    same_loss, linear_right, linear_matrix = one.normal(linear_only=True)
    first = one.core.parameter_count - one.core.linear_count
    assert same_loss == loss
    np.testing.assert_allclose(linear_right, right[first:], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(linear_matrix, matrix[first:, first:], rtol=1e-12,
                               atol=1e-12 * matrix.max())


def test_steps_keep_the_best_linear_coefficients(data):
    """After a step no change of these lowers the loss, and the step is one down."""
    one = training.Training(training.new_potential(8, range(2), 4.0, 1.5, 6, seed=1),
                            labeled(truth(), data))
    one.solve_linear()
    fit = training.Fit(one)
    before, after = fit.step()
    assert after < 0.9 * before
    assert fit.errors == one.errors()
    _, right, matrix = one.normal(linear_only=True)
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    assert np.abs(right / scale).max() < 1e-6 * np.sqrt(after)


@pytest.mark.parametrize("atoms, subset, sizes", [
    (53874, 6000, [6000, 24000]), (267000, 6000, [6000, 24000, 96000]), (11999, 6000, []),
    (12000, 6000, [6000]), (10**6, 0, [])])
def test_sizes_of_parts(atoms, subset, sizes):
    assert training.sample_sizes(atoms, subset) == sizes


def test_damped_normal_equations():
    random = np.random.default_rng(2)
    root = random.normal(size=(9, 6)) * 10.0**np.arange(6)
    root[:, 4] = 0
    matrix, right = root.T @ root, root.T @ random.normal(size=9)
    damping = random.uniform(0, 0.1, 6)
    damped = training.Damped.of(matrix, damping)
    kept = np.array([0, 1, 2, 3, 5])
    expected = np.linalg.solve((matrix + np.diag(damping * np.diag(matrix)))[np.ix_(kept, kept)],
                               right[kept])
    np.testing.assert_allclose(damped.solve(right)[kept], expected, rtol=1e-9)
    assert damped.solve(right)[4] == 0
    scaled = matrix / np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)) + (matrix == 0))
    scaled[np.arange(6), np.arange(6)] = 1 + damping
    assert damped.condition == pytest.approx(np.linalg.cond(scaled, 1), rel=0.5)
    assert training.Damped.of(np.array([[1.0, 2], [2, 1]]), np.zeros(2)) is None
    with pytest.raises(MLGrainError, match="not finite"):
        training.Damped.of(np.full((2, 2), np.nan), np.zeros(2))


def test_threads_change_nothing_but_rounding(data):
    contents = truth(seed=8)
    one, two = (training.Training(contents, data * 30, threads=n) for n in (1, 3))
    for a, b in zip(one.core.gradient(1)[1:] + one.core.normal(1)[1:],
                    two.core.gradient(3)[1:] + two.core.normal(3)[1:]):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * np.abs(a).max())


def test_weights_by_kind_and_atom(data):
    """The loss against plain sums."""
    made = [dataclasses.replace(one, features={"kind": "ab"[k % 2]},
                                force_weights=np.linspace(0, 2, len(one)) if k == 3 else None)
            for k, one in enumerate(data)]
    contents = training.Training(truth(seed=8), made).core.contents("x")
    weights = training.Weights(2.0, 0.03, 0.004, 2, 1, 0.5, (("b", 3.0), ("none", 9.0)))
    one = training.Training(contents, made, weights)
    energy, force, virial = one.core.evaluate(1)
    total, first = 0.0, 0
    for k, c in enumerate(made):
        n = len(c)
        own = 1.0 if c.force_weights is None else c.force_weights
        squares = ((force[first:first + n] - c.forces)**2).sum(axis=1)
        part = 2.0 / n**2 * (energy[k] - c.energy)**2
        part += (0.03 / n * own * 0.5 / ((c.forces**2).sum(axis=1) + 0.5) * squares).sum()
        part += 0.004 / n * ((virial[k] - c.virial)**2 * [1, 1, 1, 2, 2, 2]).sum()
        total += part * (3.0 if k % 2 else 1.0)
        first += n
    assert one.loss() == pytest.approx(total, rel=1e-11)


def test_active_sets_of_streamed_candidates(data):
    """Candidates some at a time are those of all; what is selected has the rows that it names."""
    made = data * 30
    one = training.Training(truth(), made)
    rows = one.core.rows(1)
    for of_atoms in (True, False):
        all_of_them = training.Candidates(one, of_atoms, 1)
        expected = rows if of_atoms else rows.reshape(len(made), 8, -1).sum(axis=1) / 8**0.5
        parts = list(all_of_them.parts())
        assert len(parts) > 2 and parts[0][0] == 0
        np.testing.assert_allclose(np.concatenate([part for _, part in parts]), expected,
                                   rtol=1e-12, atol=1e-12)
        found = training.select(one, 1.01, of_atoms, 1)
        chosen = found.numbers >= 0
        assert chosen.any()
        np.testing.assert_allclose(found.matrix[chosen], expected[found.numbers[chosen]],
                                   rtol=1e-12, atol=1e-12)
        assert np.abs(expected @ found.inverse.T).max() < 1.01 + 1e-6
    with pytest.raises(MLGrainError, match="no such blocks"):
        one.core.rows(1, 2, 1)


def test_what_error_bars_need(tmp_path, data, monkeypatch):
    contents = training.new_potential(8, range(2), 4.0, 1.5, 6, seed=1)
    noisy = [dataclasses.replace(one, forces=one.forces + np.random.default_rng(k).normal(
        scale=0.1, size=one.forces.shape)) for k, one in enumerate(data)]
    one, outside = training.Training(contents, noisy), training.Training(contents, data[:3])
    one.solve_linear()
    uncertainty.write(tmp_path / "f.safetensors", one, outside, 4)
    found, metadata = container.read(tmp_path / "f.safetensors")
    n, linear = one.core.parameter_count, one.core.linear_count
    assert metadata["format"] == "ml-grain-fit" and metadata["linear_count"] == str(linear)
    loss, right, matrix = one.normal()
    np.testing.assert_allclose(found["normal"], matrix, rtol=1e-12)
    np.testing.assert_allclose(found["gradient"], 2 * right, rtol=1e-12)
    np.testing.assert_allclose(found["parameters"], one.parameters)
    assert found["loss"].sum() == pytest.approx(loss)
    scores = np.zeros((n, n))
    for c in noisy:
        each = training.Training(one.core.contents("x"), [c])
        _, own, _ = each.normal()
        scores += np.outer(own, own)
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-6, atol=1e-9 * scores.max())
    rows = one.core.rows(1)
    np.testing.assert_allclose(found["sites"], rows.T @ rows, rtol=1e-9, atol=1e-9)
    assert found["sketch"].shape == (16, n)
    monkeypatch.setattr(uncertainty, "SKETCH_ROWS", 4000)
    many = uncertainty.sketch(found["sites"], np.random.default_rng(1))
    scale = 1 / np.sqrt(np.diag(found["sites"]))
    inverse = np.linalg.inv(found["sites"] * np.outer(scale, scale) + 1e-9 * np.eye(n))
    leverage = ((rows * scale @ inverse) * rows * scale).sum(axis=1)
    np.testing.assert_allclose(((rows @ many.T)**2).sum(axis=1), leverage, rtol=0.15)
    sketched = ((rows @ found["sketch"].T)**2).sum(axis=1)
    assert 0.5 < sketched.sum() / leverage.sum() < 2
    # members: H^-1 (sum g g^T) H^-1 in the linear parameters, many of them drawn here
    members = found["members"]
    assert members.shape == (8, n)
    np.testing.assert_array_equal(members[:, :n - linear], members[:1, :n - linear].repeat(8, 0))
    root = uncertainty.sandwich(matrix[-linear:, -linear:], scores[-linear:, -linear:])
    unit = np.sqrt(np.diag(matrix)[-linear:])
    inverse = np.linalg.inv(matrix[-linear:, -linear:] / np.outer(unit, unit)
                            + 1e-9 * np.eye(linear))
    expected = inverse @ (scores[-linear:, -linear:] / np.outer(unit, unit)) @ inverse
    np.testing.assert_allclose(root @ root.T * np.outer(unit, unit), expected,
                               rtol=1e-4, atol=1e-6 * expected.max())
    assert found["held_out_first"].tolist() == [0, 8, 16, 24]
    outside.parameters = one.parameters
    energy, force, _ = outside.core.evaluate(1)
    np.testing.assert_allclose(found["held_out_energy"],
                               energy - [c.energy for c in data[:3]])
    np.testing.assert_allclose(found["held_out_force"],
                               force - np.concatenate([c.forces for c in data[:3]]))


def test_two_processes_train_as_one(folder):
    """mpirun -n 2; skipped without it or mpi4py."""
    pytest.importorskip("mpi4py", reason="no mpi4py")
    launcher = shutil.which("mpirun")
    if launcher is None:
        pytest.skip("no mpirun")
    command = [sys.executable, "-m", "mlgrain", "mtp", "train", str(folder / "empty.mtp"),
               str(folder / "train.cfg"), "--iteration-limit", "4", "--starts", "2",
               "--held-out", "0.2", "--tolerance", "1e-9"]
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1",
                   "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    both = [launcher, "-n", "2"]
    subprocess.run([*command, "-o", str(folder / "one.almtp")], check=True)
    found = subprocess.run([*both, *command, "-o", str(folder / "two.almtp")], check=True,
                           env=environment, stdout=subprocess.PIPE, text=True)
    assert found.stdout.count("species") == 1  # told once
    one, two = (training.Training((folder / name).read_bytes(), list(configurations.read(
        [folder / "train.cfg"]))) for name in ("one.almtp", "two.almtp"))
    assert two.loss() == pytest.approx(one.loss(), rel=1e-4)
    np.testing.assert_allclose(two.core.evaluate(1)[1], one.core.evaluate(1)[1], atol=1e-3)
    wrong = subprocess.run([*both, *command[:-2], "-o", "/nowhere/a.almtp"], env=environment,
                           stderr=subprocess.PIPE, text=True, timeout=120)
    assert wrong.returncode and "/nowhere" in wrong.stderr


def test_processes_share_configurations():
    with pytest.raises(MLGrainError, match="3 processes for 2"):
        group = ranks.Ranks()
        group.size = 3
        group.share([1, 2])


def test_processes_need_mpi4py(monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(MLGrainError, match="one of 2 processes, which needs mpi4py"):
        ranks.started()
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "1")
    assert ranks.started() is ranks.ALONE


def test_weights_leave_out_forces(data):
    """An atom whose force has no weight may have any label."""
    from copy import deepcopy
    changed = deepcopy(data)
    for one in changed:
        one.force_weights = np.ones(len(one))
        one.force_weights[2] = 0
        one.forces[2] = 1e6
    contents = truth()
    assert training.Training(contents, changed).loss() < 1e-15
    assert training.Training(contents, data).loss() < 1e-15


def test_weights_of_configurations(data):
    """Features are factors of each part of the loss, and nothing else may be in their place."""
    contents, parts = truth(seed=8), {}
    for name in ("energy", "force", "stress"):
        others = {"energy": 0.0, "force": 0.0, "stress": 0.0, name: 1.0}
        weights = training.Weights(**others)
        alone = [training.Training(contents, [one], weights).loss() for one in data[:2]]
        made = [dataclasses.replace(one, features={f"{name}_weight": text})
                for one, text in zip(data[:2], ("3", "0"))]
        parts[name] = training.Training(contents, made, weights).loss()
        assert parts[name] == pytest.approx(3 * alone[0], rel=1e-9) and alone[1] > 0
    for text in ("-1", "nan", "much", "inf"):
        bad = dataclasses.replace(data[0], features={"force_weight": text}, source="a.cfg")
        with pytest.raises(MLGrainError, match="a.cfg: force_weight is"):
            training.Training(contents, [bad])


def changed_labels(data, name):
    value = getattr(data[0], name).copy()
    value.flat[1] += 1e-3
    return [dataclasses.replace(data[0], **{name: value}), *data[1:]]


def test_training_again_after_an_interruption(folder, data):
    contents = (folder / "empty.mtp").read_bytes()

    def begin():
        one = training.Training(contents, data)
        training.best_start(one, 0, 1)
        return one, training.Checkpoint(str(folder / "c"), one)

    whole, _ = begin()
    training.train(whole, 6, 1e-12)
    part, checkpoint = begin()
    training.train(part, 4, 1e-12, checkpoint=checkpoint)
    again, checkpoint = begin()
    training.train(again, 6, 1e-12, checkpoint=checkpoint)
    np.testing.assert_allclose(again.parameters, whole.parameters, rtol=1e-6)
    for others, weights, kind in (
            (data[1:], training.Weights(), contents),
            (data, training.Weights(kinds=(("random", 2.0),)), contents),
            (changed_labels(data, "forces"), training.Weights(), contents),
            (changed_labels(data, "virial"), training.Weights(), contents),
            (changed_labels(data, "cell"), training.Weights(), contents),
            (data, training.Weights(),
             training.new_potential(8, range(2), 4.1, 1.5, 6))):
        other = training.Training(kind, others, weights)
        assert training.Checkpoint(str(folder / "c"), other).load(training.Fit(other)) == 0
    whole = (folder / "c").read_bytes()
    for damaged in (b"PK not a file of NumPy", whole[:-30], whole[:500], b""):
        (folder / "c").write_bytes(damaged)
        assert checkpoint.load(training.Fit(again)) == 0


def test_a_part_goes_on_after_an_interruption(folder, data, capsys, monkeypatch):
    """The second part is interrupted; the first isn't fitted again."""
    (folder / "many.cfg").write_text("\n".join(map(configurations.cfg_text, data * 6)))
    words = ["train", folder / "empty.mtp", folder / "many.cfg", "-o", folder / "a.mtp",
             "--iteration-limit", 4, "--starts", 1, "--subset", 40, "--tolerance", 1e-9]
    save = training.Checkpoint.save

    def stop(self, fit, iteration):
        save(self, fit, iteration)
        if fit.training.atoms > 100 and iteration == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.Checkpoint, "save", stop)
    assert run(*words) == 130
    assert "goes on" not in capsys.readouterr().out
    monkeypatch.setattr(training.Checkpoint, "save", save)
    assert run(*words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("goes on where it was with 160 atoms" in line for line in lines)
    firsts = [k for k, line in enumerate(lines) if "configurations first" in line]
    assert len(firsts) == 1 and lines[firsts[0] + 1].split()[0] == "3"
    assert not (folder / "a.mtp.checkpoint").exists()


@pytest.mark.parametrize("mode", ["nbh", "cfg"])
def test_commands(folder, capsys, mode, data):
    assert run("train", folder / "empty.mtp", folder / "train.cfg", "-o", folder / "a.almtp",
               "--iteration-limit", 20, "--al-mode", mode, "--starts", 2, "--held-out", 0.2) == 0
    assert not (folder / "a.almtp.checkpoint").exists()
    assert "held out" in (folder / "a.almtp.md").read_text()
    assert run("grade", folder / "a.almtp", folder / "train.cfg", "-o", folder / "g.cfg") == 0
    assert run("evaluate", folder / "a.almtp", folder / "train.cfg", "-o", folder / "e.cfg") == 0
    graded = list(configurations.read([folder / "g.cfg"]))
    grades = [float(one.features["MV_grade"]) for one in graded]
    assert len(graded) == len(data) and max(grades) >= 0.999
    capsys.readouterr()
    assert run("errors", folder / "a.almtp", folder / "e.cfg", "--csv", folder / "e.csv") == 0
    line = capsys.readouterr().out.splitlines()[1].split()
    assert float(line[2]) < 1e-6 and float(line[3]) < 1e-5
    assert run("select", folder / "a.almtp", folder / "train.cfg", "-o", folder / "b.almtp",
               "--al-mode", mode, "--threshold", 1.01) == 0
    assert run("grade", folder / "b.almtp", folder / "train.cfg", "-o", folder / "g.cfg") == 0
    grades = [float(one.features["MV_grade"]) for one in configurations.read([folder / "g.cfg"])]
    assert max(grades) < 1.0101
    capsys.readouterr()
    assert run("select-add", folder / "b.almtp", folder / "train.cfg", "-o", folder / "s.cfg",
               "--threshold", 1.02) == 0
    assert f"0 of {len(data)} configurations" in capsys.readouterr().out
    stretched = random_configurations(3, seed=5)
    stretched[1].positions[0] += 0.9
    (folder / "new.cfg").write_text("\n".join(map(configurations.cfg_text, stretched)))
    assert run("select-add", folder / "b.almtp", folder / "new.cfg", "-o", folder / "s.cfg") == 0
    if "0 of 3" not in capsys.readouterr().out:
        assert list(configurations.read([folder / "s.cfg"]))
    assert run("info", folder / "b.almtp") == 0
    text = capsys.readouterr().out
    assert ("of atoms" if mode == "nbh" else "of configurations") in text and "4" in text


def shortest(one):
    """The shortest distance in a configuration, from all pairs and 27 cells."""
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
    images = (one.positions[:, None] + shifts @ one.cell).reshape(-1, 3)
    distance = np.linalg.norm(images[:, None] - one.positions, axis=2)
    return distance[distance > 1e-9].min()


def test_min_dist_of_the_data(folder, capsys, data):
    expected = min(map(shortest, data))
    words = ["train", folder / "empty.mtp", folder / "train.cfg", "-o", folder / "a.almtp",
             "--iteration-limit", 1, "--starts", 1]
    assert run(*words) == 0
    assert f"no distance in the data is below {expected:.4f}" in capsys.readouterr().out
    assert run(*words, "--update-mindist") == 0
    trained = training.Training((folder / "a.almtp").read_bytes(), data)
    assert trained.core.min_dist == pytest.approx(0.99 * expected, rel=1e-9)
    words[1] = folder / "a.almtp"
    capsys.readouterr()
    assert run(*words, "--update-mindist") == 1
    assert "a trained potential keeps its min_dist" in capsys.readouterr().err
    (folder / "empty.mtp").write_bytes(training.new_potential(8, range(2), 4.0, 3.0, 6))
    words[1] = folder / "empty.mtp"
    assert run(*words) == 0
    assert f"distances of {expected:.4f}, below the potential's min_dist, 3" in \
        capsys.readouterr().out


def test_errors_by_kind_of_structure(folder, capsys, data):
    """Labels are wrong by known amounts: energies of one kind, forces of another."""
    (folder / "truth.mtp").write_bytes(truth())
    made = []
    for k, one in enumerate(data):
        features = {"config_type": "bulk"} if k < 4 else {"kind": "surface"} if k < 8 else {}
        made.append(dataclasses.replace(
            one, features=features, energy=one.energy + (0.008 * len(one) if k < 4 else 0),
            forces=one.forces + (0.02 if 4 <= k < 8 else 0), virial=None if k < 8 else one.virial))
    (folder / "kinds.cfg").write_text("\n".join(map(configurations.cfg_text, made)))
    assert run("errors", folder / "truth.mtp", folder / "kinds.cfg", "--csv", folder / "e.csv",
               "--parity", folder / "p") == 0
    lines = {line.split()[0]: [float(word) for word in line.split()[1:]]
             for line in capsys.readouterr().out.splitlines()[1:5]}
    nan = float("nan")
    expected = {"bulk": [4, 8, 0, nan], "surface": [4, 0, 20, nan],
                str(folder / "kinds.cfg"): [4, 0, 0, 0],
                "all": [12, 8 / 3**0.5, 20 / 3**0.5, 0]}
    assert list(lines) == list(expected)
    for kind, values in expected.items():
        np.testing.assert_allclose(lines[kind], values, atol=0.006)
    assert (folder / "e.csv").read_text().startswith("kind,configurations,energy")
    for name in ("p-energy.png", "p-energy.svg", "p-force.png", "p-force.svg"):
        assert (folder / name).stat().st_size > 1000


def test_mindist_and_convert(folder, capsys, data):
    assert run("mindist", folder / "train.cfg") == 0
    least = float(capsys.readouterr().out.split()[1])
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
    expected = np.inf
    for one in data:
        images = one.positions[None] + (shifts @ one.cell)[:, None]
        r = np.linalg.norm(images[:, :, None] - one.positions, axis=3)
        expected = min(expected, r[r > 1e-9].min())
    assert least == pytest.approx(expected, abs=1e-6)
    assert run("convert", folder / "train.cfg", folder / "train.cfg", "-o", folder / "c.cfg") == 0
    assert len(list(configurations.read([folder / "c.cfg"]))) == 2 * len(data)


def test_new_potentials(tmp_path, capsys):
    assert run("new", "--level", 10, "--species", "Cu", "Zr", "--cutoff", 5,
               "-o", tmp_path / "a.mtp") == 0
    assert "parameters" in capsys.readouterr().out
    assert mlgrain.MTP(tmp_path / "a.mtp").species == ["Cu", "Zr"]
    for words, text in ((["--level", 30], "level 30"), (["--species", "Cu", "Xx"], "'Xx'"),
                        (["--cutoff", 1], "1.5 to 1"), (["--species", "Cu", "Cu"], "label 29")):
        options = {"--level": [8], "--species": ["Cu"], "--cutoff": [5], words[0]: words[1:]}
        flat = [word for key, values in options.items() for word in (key, *values)]
        assert run("new", *flat, "-o", tmp_path / "b.mtp") == 1
        assert text in capsys.readouterr().err and not (tmp_path / "b.mtp").exists()


def test_rewritten_potentials_are_the_same(tmp_path, capsys):
    """From fewer products, with the active set. One that can't be rewritten stays as it is."""
    build = pytest.importorskip("ase.build")
    path = TOP / "potentials/Cu_eam_16.almtp"
    assert run("rewrite", path, "-o", tmp_path / "Cu.almtp") == 0
    after, before = map(int, re.search(r": (\d+) products in place of (\d+)",
                                       capsys.readouterr().out).groups())
    assert after < 0.95 * before
    old, new = mlgrain.MTP(path), mlgrain.MTP(tmp_path / "Cu.almtp")
    np.testing.assert_array_equal(old.parameters, new.parameters)
    crystal = build.bulk("Cu", cubic=True) * (3, 3, 3)
    crystal.rattle(0.1, seed=1)
    one, two = (each.evaluate(crystal, grades=True) for each in (old, new))
    assert two.energy == pytest.approx(one.energy, rel=1e-12)
    np.testing.assert_allclose(two.forces, one.forces, atol=1e-10)
    np.testing.assert_allclose(two.grades, one.grades, rtol=1e-6)

    assert run("rewrite", tmp_path / "Cu.almtp", "-o", tmp_path / "again.almtp") == 1
    assert "it stays as it is" in capsys.readouterr().err
    other = re.sub(rb"(alpha_index_times = \{\{\d+, \d+, )1,", rb"\g<1>3,", truth(species=1))
    (tmp_path / "other.mtp").write_bytes(other)
    assert run("rewrite", tmp_path / "other.mtp", "-o", tmp_path / "again.almtp") == 1
    assert "aren't those of a level" in capsys.readouterr().err
    assert not (tmp_path / "again.almtp").exists()


def without_coefficients(contents):
    """As MLIP's stock files are."""
    text = re.sub(r"\tradial_coeffs\n.*?(?=alpha_moments_count)", "", contents.decode(), flags=re.S)
    return re.sub(r"(species_coeffs|moment_coeffs) = .*\n", "", text).encode()


def test_training_starts_from_files_without_coefficients(folder, capsys):
    """One has the functions of the stock file, so the result is the same as from `new`."""
    stock = without_coefficients((folder / "empty.mtp").read_bytes())
    (folder / "stock.mtp").write_bytes(stock)
    for name in ("empty", "stock"):
        assert run("train", folder / f"{name}.mtp", folder / "train.cfg", "-o",
                   folder / f"{name}-trained.mtp", "--iteration-limit", 3, "--starts", 1) == 0
    one, two = (mlgrain.MTP(folder / f"{name}-trained.mtp") for name in ("empty", "stock"))
    np.testing.assert_array_equal(one.parameters, two.parameters)
    with pytest.raises(MLGrainError, match="not been trained"):
        mlgrain.MTP(folder / "stock.mtp")
    # one species in the file, as MLIP's have; those of the configurations are taken
    (folder / "stock.mtp").write_bytes(stock.replace(b"species_count = 2", b"species_count = 1"))
    capsys.readouterr()
    assert run("train", folder / "stock.mtp", folder / "train.cfg", "-o", folder / "b.mtp",
               "--iteration-limit", 1, "--starts", 1) == 0
    assert "species 0, 1\n" in capsys.readouterr().out
    assert mlgrain.MTP(folder / "b.mtp").species_count == 2
    for old, new, text in ((b"alpha_scalar_moments = 9", b"", "alpha_moment_mapping"),
                           (b"species_count = 2", b"species_count = 999999", "too many")):
        (folder / "bad.mtp").write_bytes(stock.replace(old, new))
        assert run("train", folder / "bad.mtp", folder / "train.cfg", "-o", folder / "x.mtp") == 1
        message = capsys.readouterr().err
        assert text in message and "bad.mtp, line" in message
    half = re.sub(rb"moment_coeffs = .*\n", b"", (folder / "empty.mtp").read_bytes())
    (folder / "half.mtp").write_bytes(half)
    assert run("train", folder / "half.mtp", folder / "train.cfg", "-o", folder / "x.mtp") == 1
    assert "has no moment_coeffs" in capsys.readouterr().err


def test_species_are_added_to_a_trained_potential(folder, capsys):
    """Of old species nothing changes; a new one begins as the mean of the old ones."""
    contents = truth(species=2)
    made = random_configurations(4, 2)
    before = training.Training(contents, made)
    grown = core_with_species(contents, [1, 7, 0])
    for one in made:
        one.types = np.array([2, 0])[one.types]
    after = training.Training(grown, made)
    assert after.core.labels == [1, 7, 0]
    for a, b in zip(before.core.evaluate(1), after.core.evaluate(1)):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
    shape = before.core.radial_shape
    old = before.parameters[:np.prod(shape)].reshape(shape)
    new = after.parameters[:9 * np.prod(shape[2:])].reshape(3, 3, *shape[2:])
    np.testing.assert_array_equal(new[0, 2], old[1, 0])
    for pair in ((1, 0), (1, 1), (2, 1)):
        np.testing.assert_allclose(new[pair], old.mean(axis=(0, 1)), rtol=1e-12)

    lone = truth(species=1)
    (folder / "one.mtp").write_bytes(lone)
    assert run("train", folder / "one.mtp", folder / "train.cfg", "-o", folder / "two.almtp",
               "--iteration-limit", 2) == 0
    assert "species 0, 1, of which 1 are new" in capsys.readouterr().out
    assert mlgrain.MTP(folder / "two.almtp").species_count == 2


@pytest.mark.parametrize("level, radial_size, functions", [(12, 6, 9), (14, 8, 9), (8, 6, 9)])
def test_a_higher_level_begins_as_a_lower_one(data, level, radial_size, functions):
    contents = training.new_potential(level, range(2), 4.0, 1.5, radial_size, seed=4)
    contents = re.sub(rb"\nscaling = \S+", b"\nscaling = 0.25", contents)
    lower, higher = training.Training(truth(), data), training.Training(contents, data)
    assert carry.carry_over(lower, higher) == functions
    for a, b in zip(lower.core.evaluate(1), higher.core.evaluate(1)):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * np.abs(a).max())


def test_training_from_a_lower_level(folder, capsys):
    (folder / "low.mtp").write_bytes(truth(species=1))
    for level, cutoff, result, text in ((10, 4, 0, "9 of 16"), (4, 4, 1, "more radial"),
                                        (10, 5, 1, "1.5 to 5")):
        assert run("new", "--level", level, "--species", 0, 1, "--cutoff", cutoff, "--radial-size",
                   6, "-o", folder / "new.mtp") == 0
        capsys.readouterr()
        assert run("train", folder / "new.mtp", folder / "train.cfg", "-o", folder / "x.mtp",
                   "--from", folder / "low.mtp", "--iteration-limit", 1) == result
        captured = capsys.readouterr()
        assert text in captured.out + captured.err
    assert run("train", folder / "new.mtp", folder / "train.cfg", "-o", folder / "x.mtp", "--from",
               folder / "empty.mtp") == 1
    assert "not been trained" in capsys.readouterr().err


def shifted(data, source, shift):
    """Copies, from another file, with energies from other zero points."""
    made = []
    for one in data:
        counts = np.bincount(one.types, minlength=2)
        made.append(dataclasses.replace(one, source=source, energy=one.energy + counts @ shift))
    return made


def test_large_energies_leave_a_fit_as_good(data):
    """Of all electrons, say: 1e5 eV per atom change no force of the fit."""
    errors = []
    for shift in ([0, 0], [-1e5, -3e4]):
        one = training.Training(training.new_potential(8, range(2), 4.0, 1.5, 6),
                                shifted(data, "a", np.array(shift)))
        training.best_start(one, 0, 1)
        training.train(one, 3, 1e-9)
        errors.append(one.errors())
    assert errors[1].force == pytest.approx(errors[0].force, rel=1e-3)
    assert errors[1].energy == pytest.approx(errors[0].energy, rel=1e-3)


def test_zero_points_of_files_are_found(data):
    """Exactly with the radial functions of the potential that made the data."""
    shift = np.array([0.7, -2.0])
    more = labeled(truth(), random_configurations(10, seed=21))
    empty = training.new_potential(8, range(2), 4.0, 1.5, 6)
    for contents, tolerance in ((truth(), 1e-8), (empty, 0.1)):
        both = shifted(data, "a", 0 * shift) + shifted(more, "b", shift)
        found, = training.compare_zero_points(contents, both, training.Weights())
        assert (found.source, found.reference) == ("b", "a")
        assert found.error_with < 0.5 * found.error_without
        np.testing.assert_allclose(found.per_species, shift, atol=tolerance)
        zero_points.take_out(both, [0, 1], [found])
        rest = [a.energy - b.energy for a, b in zip(both[len(data):], more)]
        assert np.abs(rest).max() < 8 * tolerance
        both = shifted(data, "a", 0 * shift) + shifted(more, "b", 0 * shift)
        assert training.compare_zero_points(contents, both, training.Weights()) == []


def test_training_aligns_energies_of_files(folder, capsys, data):
    more = shifted(labeled(truth(), random_configurations(10, seed=21)), "", np.array([0.7, -2.0]))
    (folder / "more.cfg").write_text("\n".join(map(configurations.cfg_text, more)))
    loss = {}
    for option in ((), ("--align-energies",)):
        assert run("train", folder / "empty.mtp", folder / "train.cfg", folder / "more.cfg", "-o",
                   folder / "a.mtp", "--iteration-limit", 20, *option) == 0
        text = capsys.readouterr().out
        assert "more.cfg differs from" in text and "eV per atom of 1" in text
        assert ("--align-energies takes" in text) == (not option)
        loss[bool(option)] = float(re.findall(r"^ *\d+  loss (\S+),", text, re.M)[-1])
    assert loss[True] < 0.2 * loss[False]


def core_with_species(contents, labels):
    return compiled.core().mtp_with_species("grown", contents, labels, 0)


def test_species_that_are_needed():
    for labels, known, types, needed in (
            ([0], False, [29, 40], [29, 40]), ([0, 1], False, [0, 1], [0, 1]),
            ([0, 1, 2], False, [1], [0, 1, 2]), ([29], True, [29, 40], [29, 40]),
            ([29, 40], True, [0, 1], [29, 40]), ([0], True, [0, 1], [0, 1]),
            ([40, 29], True, [29], [40, 29])):
        assert species.needed_labels(labels, known, types) == needed
    for labels, types in (([29], [40]), ([0], [29, 40]), ([1], [0, 1]), ([13, 29], [0, 1, 2])):
        with pytest.raises(MLGrainError, match="the potential has"):
            species.needed_labels(labels, True, types)
    with pytest.raises(MLGrainError, match="label 3"):
        core_with_species(truth(), [3, 3])


def test_the_normal_matrix_is_kept(folder, data):
    assert run("train", folder / "empty.mtp", folder / "train.cfg", "-o", folder / "a.mtp",
               "--iteration-limit", 2, "--starts", 1, "--held-out", 0.2, "--kind-weight",
               f"{folder / 'train.cfg'}=1", "--keep-normal", folder / "n.safetensors") == 0
    inside = list(configurations.read([folder / "train.cfg"]))
    inside = commands_mtp._split(inside, 0.2, 0)[0]
    one = training.Training((folder / "a.mtp").read_bytes(), inside)
    kept, _ = container.read(folder / "n.safetensors")
    np.testing.assert_allclose(kept["parameters"], one.parameters, rtol=1e-14)
    sums, gradient = one.core.gradient(1)[:2]
    scale = np.abs(gradient).max()
    np.testing.assert_allclose(kept["gradient"], gradient, rtol=1e-6, atol=1e-7 * scale)
    assert kept["loss"].sum() == pytest.approx(one.loss(), rel=1e-9)
    direction = np.random.default_rng(1).normal(size=len(gradient))
    product = one.core.product(direction, 1)
    np.testing.assert_allclose(kept["normal"] @ direction, product, rtol=1e-6,
                               atol=1e-9 * np.abs(product).max())
    np.testing.assert_array_equal(kept["counts"], [len(inside), 24 * len(inside),
                                                   sums["virial_count"]])


def test_wrong_input(folder, capsys, data):
    for words, text in (
            (("train", folder / "empty.mtp", folder / "no.cfg", "-o", folder / "x.mtp"), "no.cfg"),
            (("train", folder / "no.mtp", folder / "train.cfg", "-o", folder / "x.mtp"), "no.mtp"),
            (("train", folder / "train.cfg", folder / "train.cfg", "-o", folder / "x.mtp"), "MTP"),
            (("grade", folder / "empty.mtp", folder / "train.cfg", "-o", folder / "x.cfg"),
             "active set"),
            (("select-add", folder / "empty.mtp", folder / "train.cfg", "-o", folder / "x.cfg"),
             "active set"),
            (("errors", folder / "empty.mtp", folder / "empty.mtp"), "empty.mtp")):
        assert run(*words) == 1
        assert text in capsys.readouterr().err
    same = Configuration(np.zeros((2, 3)), np.zeros(2, dtype=np.int32), 5 * np.eye(3), (True,) * 3,
                         1.0)
    (folder / "same.cfg").write_text(configurations.cfg_text(same))
    assert run("train", folder / "empty.mtp", folder / "same.cfg", "-o", folder / "x.mtp") == 1
    assert not (folder / "x.mtp").exists()
