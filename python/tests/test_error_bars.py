# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of error bars for compute mtp/error/atom."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mlgrain import MTP, cli, compiled
from mlgrain.errors import MLGrainError
from mlgrain.models import container
from mlgrain.potentials import configurations, error_bars, training, uncertainty
from mlgrain.validation import corrected
from test_mtp_train import labeled, random_configurations, truth

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")


def run(*words):
    return cli.main(["mtp", *map(str, words)])


def noisy(made, seed):
    """Labels that no potential fits."""
    return [dataclasses.replace(one, forces=one.forces + np.random.default_rng(seed + k).normal(
        scale=0.1, size=one.forces.shape)) for k, one in enumerate(made)]


@pytest.fixture(scope="module")
def fitted():
    """(Training, contents, configurations to calibrate on)"""
    made = labeled(truth(), random_configurations(24))
    one = training.Training(training.new_potential(8, range(2), 4.0, 1.5, 6, seed=1),
                            noisy(made[:16], 0))
    one.solve_linear()
    return one, one.core.contents("fitted"), noisy(made[16:], 99)


@pytest.fixture
def folder(tmp_path, fitted):
    one, contents, outside = fitted
    (tmp_path / "a.mtp").write_bytes(contents)
    for name, made in (("train", one.configurations), ("test", outside)):
        (tmp_path / f"{name}.cfg").write_text("\n".join(map(configurations.cfg_text, made)))
    bare = [dataclasses.replace(c, energy=None, forces=None, virial=None)
            for c in one.configurations]
    (tmp_path / "bare.cfg").write_text("\n".join(map(configurations.cfg_text, bare)))
    return tmp_path


def test_contents_of_a_file(folder, fitted, capsys):
    one, contents, outside = fitted
    assert run("error-bars", folder / "a.mtp", folder / "train.cfg", "--calibrate",
               folder / "test.cfg", "--seed", 3, "--training-set", "random atoms", "-o",
               folder / "a.safetensors") == 0
    assert "8 members" in capsys.readouterr().out
    found, metadata = container.read(folder / "a.safetensors")
    linear, first = one.core.linear_count, one.core.parameter_count - one.core.linear_count
    assert metadata["format"] == "ml-grain-mtp-error" and metadata["kind"] == "fit"
    assert metadata["training_set"] == "random atoms"
    assert metadata["calibration_set"] == f"{len(outside)} configurations of {8 * len(outside)} atoms"
    assert metadata["fingerprint"] == MTP.from_bytes(contents)._core.fingerprint
    assert found["sketch"].shape == (16, linear) and found["sketch"].dtype == np.float32
    rows = one.core.rows(1)[:, first:]
    roots = np.sqrt(((rows @ found["sketch"].T.astype(float))**2).sum(axis=1))
    np.testing.assert_allclose(found["leverage"], np.quantile(roots, [0.5, 0.999, 1]), rtol=1e-9)
    # spreads of forces from sets of parameters, as a potential in Python gives them
    potential = MTP.from_bytes(contents)
    inside = [potential.evaluate((c.positions, c.cell, c.pbc), c.types).forces for c in outside]
    squares, ratios = 0, []
    for number, difference in enumerate(found["members"], 1):
        changed = MTP.from_bytes(contents)
        changed.parameters = changed.parameters + np.concatenate([np.zeros(first), difference])
        forces = [changed.evaluate((c.positions, c.cell, c.pbc), c.types).forces for c in outside]
        squares = squares + ((np.concatenate(forces) - np.concatenate(inside))**2).sum(axis=1)
        if number % 2 == 0:
            ratios.append(np.linalg.norm(np.concatenate(inside) - np.concatenate(
                [c.forces for c in outside]), axis=1) / np.sqrt(squares / number))
    for row, ratio in zip(found["force_factors"], ratios):
        for level, factor in zip(found["confidence"], row):
            covered = (ratio <= factor * (1 + 1e-9)).mean()
            assert level <= covered <= level + 2.1 / len(ratio), (level, covered)


def test_members_are_those_of_the_fit(folder, fitted):
    one = fitted[0]
    uncertainty.write(folder / "fit.safetensors", one, None, 5)
    kept = container.read(folder / "fit.safetensors")[0]
    assert run("error-bars", folder / "a.mtp", folder / "train.cfg", "--fit",
               folder / "fit.safetensors", "-o", folder / "b.safetensors") == 0
    found, metadata = container.read(folder / "b.safetensors")
    np.testing.assert_allclose(found["members"],
                               (kept["members"] - kept["parameters"])[:, -one.core.linear_count:],
                               rtol=1e-6, atol=1e-12)
    assert metadata["calibration_set"] == "the training set itself"


def test_structures_without_labels(folder, fitted, capsys):
    """Leverages of the same structures do not depend on labels."""
    one = fitted[0]
    assert run("error-bars", folder / "a.mtp", folder / "bare.cfg", "-o",
               folder / "c.safetensors") == 0
    assert "no errors of forces" in capsys.readouterr().out
    assert run("error-bars", folder / "a.mtp", folder / "train.cfg", "-o",
               folder / "d.safetensors") == 0
    found, metadata = container.read(folder / "c.safetensors")
    other = container.read(folder / "d.safetensors")[0]
    assert metadata["kind"] == "surrogate" and set(found) == {"sketch", "leverage"}
    assert "members" in other
    np.testing.assert_allclose(found["sketch"], other["sketch"], rtol=1e-4, atol=1e-4)
    rows = one.core.rows(1)[:, -one.core.linear_count:]
    assert 0.3 < np.median(((rows @ found["sketch"].T)**2).sum(axis=1)) / np.median(
        np.einsum("ij,jk,ik->i", rows, np.linalg.pinv(rows.T @ rows, 1e-9), rows)) < 3


def test_training_leaves_error_bars(folder):
    assert run("train", folder / "a.mtp", folder / "train.cfg", "-o", folder / "e.mtp",
               "--iteration-limit", 2, "--held-out", 0.25, "--error-bars",
               folder / "e.safetensors") == 0
    found, metadata = container.read(folder / "e.safetensors")
    assert metadata["fingerprint"] == MTP(folder / "e.mtp")._core.fingerprint
    assert metadata["calibration_set"] == "4 configurations of 32 atoms"
    assert found["members"].any()


def test_corrections_are_the_farthest_of_those_of_all_labels(folder, fitted):
    one = fitted[0]
    assert run("error-bars", folder / "a.mtp", folder / "train.cfg", "-o", folder / "p.st") == 0
    found = container.read(folder / "p.st")[0]["corrections"].astype(float)
    linear = one.core.linear_count
    rows, residuals = map(np.concatenate, zip(*map(one.core.jacobian, range(one.core.blocks))))
    used = rows.any(axis=1)
    rows, residuals = rows[used], residuals[used]
    normal = rows.T @ rows
    np.testing.assert_allclose(normal, one.core.normal(1, linear_only=True)[2], rtol=1e-9,
                               atol=1e-12 * normal.max())
    scale = 1 / np.sqrt(np.diag(normal))
    inverse = np.linalg.inv(normal * scale * scale[:, None] + 1e-9 * np.eye(linear))
    inverse *= scale * scale[:, None]
    leverages = np.einsum("ij,jk,ik->i", rows, inverse, rows)
    every = -(rows @ inverse) * (residuals / leverages)[:, None]
    every = every[leverages > np.median(leverages)]
    assert 0 < len(found) <= 256
    # each one is of a label, which it makes right
    apart = np.abs(found[:, None] - every).max(axis=2) / np.abs(found).max(axis=1)[:, None]
    assert apart.min(axis=1).max() < 1e-5
    gone = rows[leverages > np.median(leverages)][apart.argmin(axis=1)]
    left = residuals[leverages > np.median(leverages)][apart.argmin(axis=1)]
    np.testing.assert_allclose((gone * found).sum(axis=1), -left, rtol=1e-4,
                               atol=1e-6 * np.abs(residuals).max())
    # and they reach about as far as all do
    for direction in np.random.default_rng(5).normal(size=(20, len(rows))) @ rows:
        assert 0.6 < np.abs(found @ direction).max() / np.abs(every @ direction).max() < 1.001


def held_out_changes(contents, outside, folder):
    """For each configuration [(changes, error)] of the energy and of components of the virial."""
    for one in outside:
        kept = corrected.Corrections(folder / "a.mtp", folder / "q.st", one.types)
        found = MTP.from_bytes(contents).evaluate((one.positions, one.cell, one.pbc), one.types)
        virial = found.virial[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
        yield ([(kept.energy(one.cell, one.positions), found.energy - one.energy)],
               list(zip(kept.virial(one.cell, one.positions), virial - one.virial)))


def test_changes_of_energies_and_virials_by_corrections(folder, fitted):
    """They are those of a potential with other coefficients."""
    one, contents, outside = fitted
    assert run("error-bars", folder / "a.mtp", folder / "train.cfg", "--calibrate",
               folder / "test.cfg", "-o", folder / "q.st") == 0
    changes = container.read(folder / "q.st")[0]["corrections"].astype(float)
    factors = container.read(folder / "q.st")[0]["correction_factors"]
    # of held-out runs 95 % are within the largest change, with all their labels
    first = error_bars.first_of_runs(outside)
    for kind, factor in enumerate(factors):
        worst = [max(abs(error) / np.abs(change).max() for change, error in one[kind])
                 for one in held_out_changes(contents, outside, folder)]
        runs = np.maximum.reduceat(worst, first)
        inside = np.mean(runs <= 1 + 1e-5)
        assert 0.95 <= inside <= (0.95 + 2.1 / len(runs) if factor > 1 else 1)
    kept = corrected.Corrections(folder / "a.mtp", folder / "q.st", species=1)
    assert len(kept) == len(changes)
    cell, positions = outside[0].cell, outside[0].positions
    energies, virials = kept.energy(cell, positions), kept.virial(cell, positions)
    system = (positions, cell, (True,) * 3)
    types = np.ones(len(positions), dtype=int)
    before = MTP.from_bytes(contents).evaluate(system, types)
    for k in (0, len(changes) - 1):
        other = MTP.from_bytes(contents)
        parameters = other.parameters
        parameters[-one.core.linear_count:] += changes[k]
        other.parameters = parameters
        after = other.evaluate(system, types)
        assert energies[k] == pytest.approx(factors[0] * (after.energy - before.energy), rel=1e-9)
        difference = (after.virial - before.virial)[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
        np.testing.assert_allclose(virials[:, k], factors[1] * difference, rtol=1e-8,
                                   atol=1e-9 * np.abs(after.virial).max())
    with pytest.raises(MLGrainError, match="no corrections"):
        run_bare = folder / "bare.st"
        run("error-bars", folder / "a.mtp", folder / "bare.cfg", "-o", run_bare)
        corrected.Corrections(folder / "a.mtp", run_bare)
    tensors, metadata = container.read(folder / "q.st")
    container.write(folder / "r.st", {**tensors, "corrections": changes[:, 1:]}, metadata)
    with pytest.raises(MLGrainError, match="must be rows of"):
        corrected.Corrections(folder / "a.mtp", folder / "r.st")
    container.write(folder / "r.st", tensors, {**metadata, "fingerprint": "0"})
    with pytest.raises(MLGrainError, match="another potential"):
        corrected.Corrections(folder / "a.mtp", folder / "r.st")


def test_runs_are_told_by_their_atoms(fitted):
    one = fitted[2][0]
    more = dataclasses.replace(one, types=np.append(one.types, one.types[0]))
    other = dataclasses.replace(one, types=one.types[::-1].copy())
    assert (one.types != other.types).any()
    assert error_bars.first_of_runs([one, one, more, more, one, other]) == [0, 2, 4, 5]


def test_fingerprints(fitted):
    contents = fitted[1]
    one, other = MTP.from_bytes(contents), MTP.from_bytes(contents)
    assert one._core.fingerprint == other._core.fingerprint
    parameters = other.parameters
    parameters[2] *= 1 + 1e-12
    other.parameters = parameters
    assert one._core.fingerprint != other._core.fingerprint


def test_conformal_factors():
    random = np.random.default_rng(1)
    spread = random.uniform(0.1, 2, 5000)
    errors = spread * np.abs(random.normal(size=5000))
    factors = error_bars.conformal(errors, spread)
    np.testing.assert_allclose(factors[[1, 4]], [0.994, 1.96], rtol=0.05)
    assert (np.diff(factors) > 0).all()
    # places of high symmetry, where nothing can be wrong, don't count
    still = np.concatenate([errors, np.full(20000, 1e-12)])
    np.testing.assert_array_equal(
        error_bars.conformal(still, np.concatenate([spread, np.full(20000, 1e-15)])), factors)
    assert error_bars.conformal(np.array([1.0]), np.array([0.5]))[-1] == 2.0
    with pytest.raises(MLGrainError, match="all forces"):
        error_bars.conformal(np.zeros(3), np.zeros(3))


def test_wrong_input(folder, capsys):
    other = truth(seed=8)
    (folder / "other.mtp").write_bytes(other)
    (folder / "empty.mtp").write_bytes(training.new_potential(8, range(2), 4.0, 1.5, 6))
    assert run("train", folder / "a.mtp", folder / "train.cfg", "-o", folder / "f.mtp",
               "--iteration-limit", 1, "--keep-normal", folder / "fit.safetensors") == 0
    for words, text in (
            ((folder / "empty.mtp", folder / "train.cfg"), "not been trained"),
            ((folder / "other.mtp", folder / "train.cfg", "--fit", folder / "fit.safetensors"),
             "another potential"),
            ((folder / "a.mtp", folder / "bare.cfg", "--calibrate", folder / "test.cfg"),
             "with labels"),
            ((folder / "a.mtp", folder / "train.cfg", "--calibrate", folder / "bare.cfg"),
             "no configuration to calibrate on"),
            ((folder / "a.mtp", folder / "train.cfg", "--fit", folder / "train.cfg"), "train.cfg")):
        capsys.readouterr()
        assert run("error-bars", *words, "-o", folder / "x.safetensors") == 1
        assert text in capsys.readouterr().err
        assert not (folder / "x.safetensors").exists()
