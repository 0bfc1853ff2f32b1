# SPDX-License-Identifier: GPL-2.0-or-later
"""Linear models: ridge regression beside scikit-learn's, its posterior, files, choice of rows."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from conftest import FEATURES
from mlgrain import MLGrainError, load_model
from mlgrain.cli import main
from mlgrain.models import container, ridge
from mlgrain.models.linear import Linear, term_count, terms
from mlgrain.tables import Table


@pytest.fixture(scope="module")
def rows():
    """(features, target): unequal scales, one nearly the sum of two others, one constant."""
    generator = np.random.default_rng(3)
    x = generator.normal(size=(120, 5)) * [1.0, 10.0, 0.1, 1.0, 0.0] + [0.0, 5.0, -1.0, 0.0, 2.0]
    x[:, 3] = x[:, 0] + 0.1 * x[:, 1] + 1e-3 * generator.normal(size=120)
    y = 2.0 + x[:, 0] - 0.3 * x[:, 1] + 5.0 * x[:, 2] ** 2 + 0.2 * generator.normal(size=120)
    return x, y


def plain_basis(x, degree):
    z = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    columns = [np.ones(len(z))] + list(z.T)
    if degree == 2:
        columns += [z[:, i] * z[:, j] for i in range(z.shape[1]) for j in range(i, z.shape[1])]
    return np.array(columns).T


@pytest.mark.parametrize("degree", [1, 2])
def test_is_ridge_regression(rows, degree):
    x, y = rows
    basis = plain_basis(x, degree)
    assert basis.shape[1] == term_count(5, degree)
    deviation = basis[:, 1:].std(axis=0)
    deviation[deviation == 0] = 1.0
    standard = (basis[:, 1:] - basis[:, 1:].mean(axis=0)) / deviation
    for penalty in (1e-4, 0.1):
        known = Ridge(alpha=penalty * len(x)).fit(standard, y)
        model, errors = ridge.fit(x, y, list("abcde"), degree, penalty, novelty=False)
        assert np.allclose(model.predict(x)[0], known.predict(standard), atol=1e-7)
        left_out = cross_val_predict(Ridge(alpha=penalty * len(x)), standard, y, cv=LeaveOneOut())
        # Without a row scikit-learn centers anew and keeps the penalty, as the formula does.
        rmse = np.sqrt(np.mean((left_out - y) ** 2))
        assert np.isclose(errors["leave_one_out"]["rmse"], rmse, rtol=1e-6)


def test_penalty_of_least_error(rows):
    x, y = rows
    _, best = ridge.fit(x, y, list("abcde"), 2, novelty=False)
    for penalty in (1e-8, 1e-2, 10.0):
        _, errors = ridge.fit(x, y, list("abcde"), 2, penalty, novelty=False)
        assert best["leave_one_out"]["rmse"] <= errors["leave_one_out"]["rmse"] * (1 + 1e-9)


def test_posterior(rows):
    """The spread is noise^2 (1 + b A^-1 b), and of the right size for rows that weren't there."""
    x, y = rows
    model, _ = ridge.fit(x, y, list("abcde"), 1, 0.01, novelty=False)
    basis = plain_basis(x, 1)
    weight = 0.01 * len(x) * np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    inverse = np.linalg.inv(basis.T @ basis + np.diag(weight))
    hat = basis @ inverse @ basis.T
    error, leverage = y - hat @ y, np.diagonal(hat)
    assert np.isclose(model.noise ** 2, np.mean(error ** 2 / (1 - leverage)), rtol=1e-8)
    wanted = model.noise * np.sqrt(1 + np.sum((basis @ inverse) * basis, axis=1))
    assert np.allclose(model.predict(x)[1], wanted, rtol=1e-8)
    generator = np.random.default_rng(0)
    ratios = []
    for _ in range(60):
        features = generator.normal(size=(40, 8))
        target = features @ np.arange(8) + generator.normal(size=40)
        unseen = 1.5 * generator.normal(size=(50, 8))
        fitted, _ = ridge.fit(features, target, list("abcdefgh"), novelty=False)
        prediction, spread = fitted.predict(unseen)
        ratios.append((prediction - unseen @ np.arange(8) - generator.normal(size=50)) / spread)
    assert 0.9 < np.std(ratios) < 1.1


def test_far_rows_are_uncertain_and_novel(rows):
    x, y = rows
    model, _ = ridge.fit(x, y, list("abcde"))
    far = x.mean(axis=0) + [0.0, 0.0, 3.0, 0.0, 0.0]
    assert model.predict(far)[1] > 2 * model.noise
    assert model.novelty(far) > model.novelty_limit >= np.quantile(model.novelty(x), 0.99)
    assert model.outside(far) and not model.outside(x).any()


def test_file(rows, tmp_path):
    x, y = rows
    model, _ = ridge.fit(x, y, list("abcde"), 2, metadata={"units": "eV"})
    path = str(tmp_path / "m.safetensors")
    model.save(path)
    again = load_model(path)
    assert isinstance(again, Linear) and again.degree == 2 and again.metadata["units"] == "eV"
    for ours, theirs in zip(model.predict(x), again.predict(x)):
        assert np.array_equal(ours, theirs)
    assert np.array_equal(model.novelty(x), again.novelty(x))
    broken = np.array([[np.nan, 1, 1, 1, 2], [1, 1, np.inf, 1, 2]])
    assert np.isnan(np.array(again.predict(broken))).all()


@pytest.mark.parametrize("change, words", [
    ({"degree": "3"}, "neither 1 nor 2"), ({"degree": "1"}, "is float64.21"),
    ({"noise": np.array([-1.0])}, "noise is negative"), ({"coefficients": None}, "is missing"),
    ({"feature_scale": np.zeros(5)}, "scale is not positive"),
    ({"coefficients": np.full(21, np.nan)}, "not finite"),
    ({"covariance_factor": np.ones((21, 21))}, "not upper triangular"),
    ({"novelty_mean": None}, "without its mean"), ({"target": None}, "no target")])
def test_bad_file(rows, tmp_path, change, words):
    model, _ = ridge.fit(*rows, list("abcde"), 2)
    path = str(tmp_path / "m.safetensors")
    model.save(path)
    tensors, metadata = container.read(path)
    tensors = {name: np.array(value) for name, value in tensors.items()}
    for key, value in change.items():
        part = metadata if key in ("degree", "target") else tensors
        part.pop(key) if value is None else part.update({key: value})
    container.write(path, tensors, metadata)
    with pytest.raises(MLGrainError, match=words):
        load_model(path)


def test_most_leverage():
    """Greedily the largest determinant, beside trying all rows each time."""
    x = np.random.default_rng(5).normal(size=(40, 3))
    basis = terms(x, 1)
    scaled = basis / np.where(basis.std(axis=0) > 0, basis.std(axis=0), 1.0)
    chosen = list(ridge._most_leverage(basis, 12))
    matrix = 1e-3 * np.eye(4)
    for k, row in enumerate(chosen):
        rest = [r for r in range(40) if r not in chosen[:k]]
        gains = [np.linalg.slogdet(matrix + np.outer(scaled[r], scaled[r]))[1] for r in rest]
        assert rest[int(np.argmax(gains))] == row
        matrix += np.outer(scaled[row], scaled[row])


@pytest.mark.parametrize("method", ridge.METHODS)
def test_choice(method):
    x = np.random.default_rng(5).normal(size=(300, 4))
    x[100:] = x[100:102].repeat(100, axis=0)  # many alike: no row is chosen twice
    for count in (1, 20, 150):
        chosen = ridge.choose(x, count, method, seed=1)
        assert len(set(chosen)) == count and max(chosen) < 300
        assert np.array_equal(chosen, ridge.choose(x, count, method, seed=1))
    with pytest.raises(MLGrainError, match="301 of 300"):
        ridge.choose(x, 301, method)


def test_command(table, tmp_path, capsys):
    path, made, out = (str(tmp_path / name) for name in ("t.npz", "m.safetensors", "p.npz"))
    table.save(path)
    words = ["linear", path, "-o", made, "--target", "energy_density", "--units", "eV/A^3", "--sfd",
             "0.9", "5.9"]
    assert main([*words, "--degree", "2"]) == 0
    assert main(["predict", made, path, "-o", out]) == 0
    assert main(["info", made]) == 0
    told = capsys.readouterr().out
    assert "28 terms, 1500 rows" in told and "linear model of degree 2: 28 terms" in told
    result = Table.load(out)
    error = result.column("prediction") - table.column("energy_density")
    assert np.std(error) < 0.06 and np.allclose(result.column("spread"), 0.05, rtol=0.2)
    model = load_model(made)
    assert model.features == FEATURES and model.metadata["units"] == "eV/A^3"
    for bad, words_of in ((["--penalty", "0"], "above 0"), (["--target", "no"], "no column no")):
        assert main([*words[:4], *bad]) == 1
        assert words_of in capsys.readouterr().err
