# SPDX-License-Identifier: GPL-2.0-or-later
"""Segregation: spectra beside their own distributions, isotherms beside exact ones, the commands."""

import csv

import numpy as np
import pytest

from mlgrain import MLGrainError, load_model
from mlgrain.cli import main
from mlgrain.segregation import isotherm, sites
from mlgrain.segregation.spectrum import UNITS, SkewNormal, by_groups, spectrum
from mlgrain.tables import Table

KT = isotherm.BOLTZMANN


@pytest.mark.parametrize("alpha, mu, sigma", [(-1.5, 4.0, 17.0), (3.5, 0.0, 4.0), (0.0, -2.0, 8.0)])
def test_skew_normal(alpha, mu, sigma):
    """Density as in the paper, moments by quadrature, and a fit that finds the parameters again."""
    from scipy.special import erfc

    function = SkewNormal(alpha, mu, sigma)
    x = np.linspace(mu - 12 * sigma, mu + 12 * sigma, 20001)
    density = function.density(x)
    wanted = (np.exp(-(x - mu) ** 2 / (2 * sigma ** 2)) / (sigma * np.sqrt(2 * np.pi))
              * erfc(-alpha * (x - mu) / (np.sqrt(2) * sigma)))
    assert np.allclose(density, wanted, atol=1e-12 / sigma)
    step = x[1] - x[0]
    mean = np.sum(x * density) * step
    assert np.isclose(mean, function.mean(), atol=1e-6 * sigma)
    assert np.isclose(np.sum((x - mean) ** 2 * density) * step, function.deviation() ** 2, rtol=1e-6)
    found = spectrum(function.energies(4000))
    assert found.distance < 1e-3 and found.sites == 4000
    assert np.isclose(found.fit.alpha, alpha, atol=0.05)
    assert np.allclose([found.fit.mu, found.fit.sigma], [mu, sigma], atol=0.02 * sigma)
    assert np.isclose(found.favorable, np.sum(density[x < 0]) * step, atol=1e-3)


def test_fit_is_the_most_likely():
    from scipy.stats import skewnorm

    energies = np.random.default_rng(2).gumbel(size=400)
    fit = spectrum(energies).fit

    def likelihood(a, b, c):
        return skewnorm.logpdf(energies, a, b, c).sum()

    best = likelihood(fit.alpha, fit.mu, fit.sigma)
    for change in np.random.default_rng(0).normal(scale=0.05, size=(50, 3)):
        assert likelihood(fit.alpha * (1 + change[0]), fit.mu + change[1],
                          fit.sigma * np.exp(change[2])) <= best + 1e-6


def test_spectrum_of_few():
    with pytest.raises(MLGrainError, match="3 energies"):
        spectrum([0.1, 0.2, 0.3, np.nan])
    with pytest.raises(MLGrainError, match="all the same"):
        spectrum(np.ones(50))
    groups = by_groups(np.arange(40.0), np.repeat([1, 2, 3], [20, 15, 5]))
    assert list(groups) == [1, 2] and groups[2].mean == 27.0


def test_groups_of_pairs():
    """Without order; a 0 is no grain."""
    pairs = np.array([[1, 2]] * 6 + [[2, 1]] * 6 + [[3, 1]] * 10 + [[0, 1]] * 9 + [[np.nan, 2]] * 9, float)
    energies = np.arange(40.0)
    groups = by_groups(energies, pairs)
    assert list(groups) == [(1, 2), (1, 3)]
    assert groups[1, 2].sites == 12 and groups[1, 2].mean == 5.5 and groups[1, 3].mean == 16.5
    energies[3:11] = np.nan
    assert list(by_groups(energies, pairs)) == [(1, 3)]


def test_isotherm_of_one_energy():
    """McLean's, and a closed system by its quadratic equation."""
    energy, temperature, content = -0.2, 700.0, 0.003
    factor = np.exp(-energy / (KT * temperature)) * content / (1 - content)
    found = isotherm.boundary_content([energy] * 3, temperature, content)
    assert np.isclose(found, factor / (1 + factor), rtol=1e-12)
    assert np.isclose(isotherm.effective_energy(temperature, content, found), energy, rtol=1e-9)
    fraction, total = 0.2, 0.05
    crystal, boundary = isotherm.closed_system([energy], temperature, total, fraction)
    q = np.exp(-energy / (KT * temperature))
    # (1 - f) x + f q x/(1 - x + q x) = total
    a, b, c = (1 - fraction) * (q - 1), (1 - fraction) - total * (q - 1) + fraction * q, -total
    wanted = (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)
    assert np.isclose(crystal, wanted, rtol=1e-10)
    assert np.isclose((1 - fraction) * crystal + fraction * boundary, total, rtol=1e-12)


def test_isotherm_limits():
    energies = SkewNormal(-1.5, 0.04, 0.17).energies(500)
    for temperature in (5.0, 300.0, 3000.0):
        for total in (1e-6, 0.02, 0.5):
            for fraction in (0.0, 0.1, 1.0):
                crystal, boundary = isotherm.closed_system(energies, temperature, total, fraction)
                whole = (1 - fraction) * crystal + fraction * boundary
                assert np.isclose(whole, total, rtol=1e-9) and 0 <= crystal <= 1
    for shift in (-1.0, 1.0):  # all energies of one sign
        crystal, boundary = isotherm.closed_system(energies + shift, 600.0, 0.02, 0.1)
        assert np.isclose(0.9 * crystal + 0.1 * boundary, 0.02, rtol=1e-9)
    # so cold that all solute is on the best sites: 10 of 500 hold 2 % of the boundary
    assert np.isclose(isotherm.closed_system(energies, 5.0, 0.02, 1.0)[1], 0.02)
    taken = isotherm.occupation(energies, 1e-3, 1e-6)
    assert set(np.round(taken, 9)) <= {0.0, 1.0} and np.all((taken > 0.5) == (energies < 1e-6))
    assert np.isclose(isotherm.boundary_content(energies, 1e7, 0.01), 0.01, rtol=1e-3)
    for bad in ((energies, 0.0, 0.1), (energies, 300.0, 0.0), (energies, 300.0, 1.0)):
        with pytest.raises(MLGrainError):
            isotherm.boundary_content(*bad)
    with pytest.raises(MLGrainError, match="from 0 to 1"):
        isotherm.closed_system(energies, 300.0, 0.1, 1.5)


def test_sum_of_spectrum_is_the_integral():
    function, temperature, content = SkewNormal(-1.5, 0.04, 0.17), 600.0, 0.001
    x = np.linspace(-1.5, 1.5, 40001)
    taken = 1 / (1 + (1 - content) / content * np.exp(x / (KT * temperature)))
    wanted = np.sum(function.density(x) * taken) * (x[1] - x[0])
    assert np.isclose(isotherm.boundary_content(function.energies(4000), temperature, content), wanted,
                      rtol=2e-3)


# ---- Tables and commands

@pytest.fixture
def files(tmp_path):
    """A table of atoms whose energy is linear in their descriptors, and energies of some of them in a
    table as the command segregation writes it."""
    generator = np.random.default_rng(1)
    names = [f"P{k}_I0" for k in range(5)]
    features = generator.normal(size=(400, 5))
    energy = features @ [0.1, -0.05, 0.02, 0.0, 0.03] - 0.1 + 0.01 * generator.normal(size=400)
    ids = generator.permutation(400) + 1.0
    boundary = (np.arange(400) < 300).astype(float)
    grain = np.arange(400) % 3 + 1.0
    other = (np.arange(400) % 3 + 1 + np.arange(400) // 3 % 2) % 3 + 1.0
    Table(["id", *names, "boundary", "grain", "other"],
          np.column_stack([ids, features, boundary, grain, other])).save(str(tmp_path / "atoms.npz"))
    some = generator.choice(300, 120, replace=False)
    lines = ["# sites of solute 2", "# id type x energy flag"]
    lines += [f"{ids[k]:.0f} 1 {0.1 * k:.3f} {energy[k]:.8f} 0" for k in some]
    lines += [f"{ids[350]:.0f} 1 0.0 -3.0 4", f"{ids[351]:.0f} 1 0.0 nan 8"]
    (tmp_path / "sites.txt").write_text("\n".join(lines) + "\n")
    return tmp_path, energy


def run(*words):
    return main(["segregation", *map(str, words)])


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_from_sites_to_isotherm(files, capsys):
    folder, energy = files
    model, predicted = folder / "Ag.safetensors", folder / "predicted.npz"
    assert run("learn", folder / "sites.txt", folder / "atoms.npz", "-o", model, "--solute", "Ag",
               "--table-out", folder / "learned.npz") == 0
    assert "2 of 122 sites were left or rearranged" in capsys.readouterr().out
    loaded = load_model(str(model))
    assert loaded.metadata["solute"] == "Ag" and loaded.metadata["units"] == "eV"
    assert loaded.metadata["training_rows"] == "120" and 0.008 < loaded.noise < 0.012
    assert len(Table.load(str(folder / "learned.npz"))) == 120
    assert main(["predict", str(model), str(folder / "atoms.npz"), "-o", str(predicted)]) == 0
    assert np.std(Table.load(str(predicted)).column("prediction") - energy) < 0.012

    chosen = ["--column", "prediction", "--where", "boundary", 1, 1]
    assert run("spectrum", predicted, *chosen, "--by", "grain", "grain:other", "-o", folder / "s.csv",
               "--picture", folder / "s") == 0
    told = capsys.readouterr().out
    assert "sites are 0.75 of all rows" in told
    lines = read_csv(folder / "s.csv")
    assert [line["of"] for line in lines] == ["all", "1", "2", "3", "1-2", "1-3", "2-3"]
    assert [line["by"] for line in lines] == ["sites"] + 3 * ["grain"] + 3 * ["grain:other"]
    assert sum(int(line["sites"]) for line in lines[4:]) == 300
    assert int(lines[4]["sites"]) == 100  # half of grain 1's and half of grain 2's
    for name in ("s_grain", "s_grain_other"):
        assert (folder / f"{name}.png").stat().st_size > 5000 and (folder / f"{name}.svg").exists()
    assert lines[0]["sites"] == "300" and np.isclose(float(lines[0]["mean"]), energy[:300].mean(), atol=0.003)
    assert (folder / "s.png").stat().st_size > 5000

    assert run("isotherm", predicted, *chosen, "--temperature", 400, 800, "--content", 0.001, 0.01,
               "--fraction", 0.75, "-o", folder / "i.csv", "--picture", folder / "i") == 0
    lines = read_csv(folder / "i.csv")
    assert len(lines) == 4 and (folder / "i.svg").exists()
    for line in lines:
        whole = 0.25 * float(line["X_c"]) + 0.75 * float(line["X_gb"])
        assert np.isclose(whole, float(line["X_total"]), rtol=1e-9)
    assert float(lines[0]["X_gb"]) > float(lines[2]["X_gb"])


def test_learns_from_the_better_descriptors(files, capsys):
    """Of two tables that with the less leave-one-out error, on the rows where both are finite; and what was
    learned is predicted beside the columns of the other."""
    folder, energy = files
    atoms = Table.load(str(folder / "atoms.npz"))
    noise = 0.3 * np.random.default_rng(3).normal(size=(400, 5))
    worse = atoms.matrix([f"P{k}_I0" for k in range(5)]) + noise
    learned = [int(line.split()[0]) for line in (folder / "sites.txt").read_text().splitlines()[2:]]
    worse[atoms.column("id") == learned[0]] = np.nan
    names = [f"soap_{k}" for k in range(1, 6)]
    order = np.random.default_rng(4).permutation(400)  # rows need not be in the same order
    Table(["id", *names], np.column_stack([atoms.column("id"), worse])[order]).save(str(folder / "worse.npz"))
    model = folder / "m.safetensors"
    for tables in (["worse.npz", "atoms.npz"], ["atoms.npz", "worse.npz"]):
        assert run("learn", folder / "sites.txt", *(folder / name for name in tables), "-o", model) == 0
        told = capsys.readouterr().out
        assert f"learned from {folder / 'atoms.npz'}" in told and told.count("5 descriptors") == 2
        loaded = load_model(str(model))
        assert loaded.features[0] == "P0_I0" and loaded.metadata["training_rows"] == "119"
    assert run("learn", folder / "sites.txt", folder / "worse.npz", "-o", model) == 0
    assert main(["predict", str(model), str(folder / "worse.npz"), "--join", str(folder / "atoms.npz"), "-o",
                 str(folder / "p.npz")]) == 0
    predicted = Table.load(str(folder / "p.npz"))
    assert set(atoms.columns) | {"prediction"} <= set(predicted.columns)
    boundary = dict(zip(atoms.column("id"), atoms.column("boundary")))
    assert [boundary[k] for k in predicted.column("id")] == predicted.column("boundary").tolist()
    known = dict(zip(atoms.column("id"), energy))
    error = predicted.column("prediction") - [known[k] for k in predicted.column("id")]
    assert 0.012 < np.nanstd(error) < 0.06 and np.count_nonzero(np.isnan(error)) == 1
    assert run("learn", folder / "sites.txt", folder / "nosuch.npz", folder / "atoms.npz", "-o", model) == 1
    assert "nosuch.npz" in capsys.readouterr().err


def test_isotherm_of_literature(tmp_path):
    words = ["isotherm", "--temperature", 500, "--content", 0.001, "-o", tmp_path / "i.csv"]
    assert run(*words, "--skew-normal", -1.5, 4, 17, "--units", "kJ/mol") == 0
    energies = SkewNormal(-1.5, 4.0, 17.0).energies() / UNITS["kJ/mol"]
    (line,) = read_csv(tmp_path / "i.csv")
    assert np.isclose(float(line["X_gb"]), isotherm.boundary_content(energies, 500, 0.001))


@pytest.mark.parametrize("method", ["kmeans", "leverage", "random"])
def test_choose(files, method):
    folder, _ = files
    assert run("choose", folder / "atoms.npz", "-o", folder / "c.in", "--sites", 40, "--method", method,
               "--where", "boundary", 1, 1, "--group", "mine") == 0
    words = [line.split() for line in (folder / "c.in").read_text().splitlines() if line[0] != "#"]
    assert all(line[:3] == ["group", "mine", "id"] for line in words)
    chosen = {float(word) for line in words for word in line[3:]}
    table = Table.load(str(folder / "atoms.npz"))
    assert len(chosen) == 40 and chosen <= set(table.column("id")[:300])


@pytest.mark.parametrize("text, words", [
    ("", "no lines of numbers"), ("1 2\n", "2 numbers in line 1, but 0 names"),
    ("# id energy\n1 0.1\n2\n", "1 numbers in line 3"), ("# id energy\n1 x\n", "not a number"),
    ("# id id\n1 2\n", "two columns")])
def test_bad_sites(tmp_path, text, words):
    path = tmp_path / "sites.txt"
    path.write_text(text)
    with pytest.raises(MLGrainError, match=words):
        sites.read_sites(str(path))


def test_bad_input(files, tmp_path, capsys):
    folder, _ = files
    atoms, good = folder / "atoms.npz", folder / "sites.txt"
    (folder / "lost.txt").write_text("# id energy\n" + "".join(f"{k} 0.1\n" for k in range(395, 410)))
    (folder / "twice.txt").write_text("# id energy\n" + "3 0.1\n" * 20)
    out = ["-o", folder / "m.safetensors"]
    for words, said in (
            (["learn", folder / "lost.txt", atoms, *out], "no row with id 401"),
            (["learn", folder / "twice.txt", atoms, *out], "two rows have the same id"),
            (["learn", good, atoms, *out, "--energy", "E"], "no column E"),
            (["learn", folder / "none.txt", atoms, *out], "can't be read"),
            (["spectrum", good, "--column", "energie"], "no column energie"),
            (["spectrum", good, "--by", "x:y"], "no column y"),
            (["spectrum", good, "--by", "x:id:flag"], "more than two columns"),
            (["spectrum", good, "--where", "x", "5", "4"], "make no spectrum"),
            (["choose", atoms, "-o", folder / "c.in", "--sites", 401], "has 400 sites"),
            (["isotherm", "--temperature", 300, "--content", 0.1, "-o", folder / "i.csv"], "is needed"),
            (["isotherm", "--temperature", 300, "--content", 0.1, "-o", folder / "i.csv",
              "--skew-normal", 0, 0, 0], "not above 0")):
        assert run(*words) == 1
        assert said in capsys.readouterr().err
