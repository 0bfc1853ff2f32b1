# SPDX-License-Identifier: GPL-2.0-or-later
"""Libraries of environments in a program: against a plain search, nested, files, errors."""

from __future__ import annotations

import lzma
import os
import pathlib

import numpy as np
import pytest

import mlgrain
from mlgrain import compiled
from mlgrain.environments import EnvironmentBuilder, load_environments

pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
SMALL = {"rcut": 3.4, "nmax": 3, "lmax": 4, "sigma": 0.5}
NICKEL = ("fcc", 3.52)


def crystal(seed=1, cells=(4, 4, 4), noise=0.25):
    """(positions, cell, pbc) of nickel, one half of it displaced at random."""
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    corners = np.array(list(np.ndindex(*cells)))
    positions = 3.52 * (corners[:, None] + basis).reshape(-1, 3)
    upper = positions[:, 2] > 1.76 * cells[2]
    shifts = noise * np.random.default_rng(seed).standard_normal(positions.shape)
    return positions + shifts * upper[:, None], 3.52 * np.array(cells), True


def built(frames, epsilon=0.1, **options):
    builder = EnvironmentBuilder(epsilon, NICKEL, **SMALL, **options)
    for step, atoms in enumerate(frames):
        builder.add(atoms, step=step)
    return builder


def farthest_points(vectors, seed, radius):
    """Numbers of the vectors that are chosen after the seed, by the plain algorithm."""
    distance, chosen = np.linalg.norm(vectors - seed, axis=1), []
    while distance.max() >= radius:
        chosen.append(int(np.argmax(distance >= distance.max() - 1e-9 * np.linalg.norm(seed))))
        distance = np.minimum(distance, np.linalg.norm(vectors - vectors[chosen[-1]], axis=1))
    return chosen


def test_plain_selection():
    atoms = crystal()
    vectors = mlgrain.soap(atoms, **SMALL)
    seed = mlgrain.soap(crystal(noise=0), **SMALL, centers=[0])[0]
    library = built([atoms], 0.05).library()
    epsilon = 0.05 * np.linalg.norm(seed)
    assert library.epsilon == pytest.approx(epsilon, rel=1e-12) and library.seed == "fcc 3.52"
    coreset = farthest_points(vectors, seed, 0.25 * epsilon)
    members, sources, counts = library.coreset
    assert 20 < len(coreset) and sources[1:, 0].tolist() == [i + 1 for i in coreset]
    np.testing.assert_allclose(members[1:], vectors[coreset], rtol=0, atol=1e-12 * epsilon)
    coreset = sorted(coreset)  # of vectors equally far the first atom counts
    unique = [coreset[k] for k in farthest_points(vectors[coreset], seed, epsilon)]
    assert library.sources[1:, 0].tolist() == [i + 1 for i in unique] and 5 < len(library) < 60
    assert library.atoms.sum() == counts.sum() == len(vectors)
    assert library.radius[-1] < library.epsilon <= library.radius[-2]


def test_classes():
    atoms = crystal()
    library = built([atoms]).library()
    other = crystal(seed=5)
    found = library.classify(other, threads=2)
    distances = np.linalg.norm(mlgrain.soap(other, **SMALL)[:, None] - library.vectors, axis=2)
    expected = np.sort(distances, axis=1)
    np.testing.assert_array_equal(found.classes, distances.argmin(axis=1) + 1)
    tolerance = {"rtol": 0, "atol": 1e-12 * library.epsilon + 1e-15}
    np.testing.assert_allclose(found.distance, expected[:, 0], **tolerance)
    np.testing.assert_allclose(found.second, expected[:, 1], **tolerance)
    np.testing.assert_allclose(found.seed, distances[:, 0], **tolerance)
    near = library.classify(other, within=1.0)
    far = expected[:, 0] > library.epsilon
    assert far.any() and ((near.classes == 0) == far).all()
    fractions = library.fractions(near)
    assert fractions.shape == (len(library),)
    assert fractions.sum() == pytest.approx(1 - far.mean(), abs=1e-12)
    assert fractions[0] == np.mean(near.classes == 1) > 0.1
    some = library.classify(other, centers=[200, 3, 200])
    np.testing.assert_array_equal(some.classes, found.classes[[200, 3, 200]])
    again = library.nearest(mlgrain.soap(other, **SMALL))
    np.testing.assert_array_equal(again.classes, found.classes)
    alone = built([crystal(noise=0)]).library()
    assert len(alone) == 1 and (alone.classify(other).second == -1).all()


def test_order_and_threads():
    """Nothing depends on the order of frames and atoms or on threads; atoms keep their IDs."""
    frames = [crystal(seed) for seed in (1, 2)]
    expected = built(frames).library()
    builder = EnvironmentBuilder(0.1, NICKEL, **SMALL)
    for step in (1, 0):
        positions, cell, pbc = frames[step]
        order = np.random.default_rng(step).permutation(len(positions))
        builder.add((positions[order], cell, pbc), ids=order + 1, step=step, threads=3)
    found = builder.library()
    np.testing.assert_array_equal(found.sources, expected.sources)
    np.testing.assert_array_equal(found.atoms, expected.atoms)
    np.testing.assert_allclose(found.vectors, expected.vectors, rtol=0,
                               atol=1e-12 * expected.epsilon)


def test_nested():
    fine = built([crystal()], 0.06, coreset=1.0).library()
    coarse = fine.coarser(2 * fine.epsilon)
    assert 1 < len(coarse) < len(fine)
    np.testing.assert_array_equal(coarse.vectors, fine.vectors[:len(coarse)])
    assert len(coarse) == np.argmax(fine.radius < coarse.epsilon) + 1
    assert len(fine.coarser(fine.epsilon, most=3)) == 3
    with pytest.raises(mlgrain.MLGrainError, match="epsilon: .* below"):
        coarse.coarser(fine.epsilon)


def test_files(tmp_path):
    frames = [crystal(seed) for seed in (1, 2)]
    parts = []
    for step, atoms in enumerate(frames):
        builder = EnvironmentBuilder(0.1, NICKEL, **SMALL)
        builder.add(atoms, step=step)
        builder.library().save(tmp_path / f"{step}.safetensors")
        parts.append(load_environments(tmp_path / f"{step}.safetensors"))
    merged = EnvironmentBuilder(0.1, NICKEL, **SMALL)
    for part in parts:
        merged.add_library(part)
    whole, found = built(frames).library(), merged.library()
    assert found.parameters == whole.parameters == {
        "basis": "quippy", "width": 0.5, "central": 1.0, "normalise": False, "species": 1, **SMALL}
    np.testing.assert_array_equal(found.vectors, whole.vectors)
    np.testing.assert_array_equal(found.sources, whole.sources)
    np.testing.assert_array_equal(found.atoms, whole.atoms)
    with pytest.raises(mlgrain.MLGrainError, match="missing"):
        load_environments(tmp_path / "missing.safetensors")
    (tmp_path / "short").write_bytes((tmp_path / "0.safetensors").read_bytes()[:-8])
    with pytest.raises(mlgrain.MLGrainError, match="short"):
        load_environments(tmp_path / "short")
    other = EnvironmentBuilder(0.1, ("fcc", 3.6), **SMALL)
    with pytest.raises(mlgrain.MLGrainError, match="another seed"):
        other.add_library(whole)
    other = EnvironmentBuilder(0.1, NICKEL, **{**SMALL, "sigma": 0.4})
    with pytest.raises(mlgrain.MLGrainError, match="other parameters"):
        other.add_library(whole)


def test_species():
    """Channels are numbers, not the sorted names of a frame, which may lack some."""
    positions, cell, pbc = crystal()
    channels = np.arange(len(positions)) % 2
    builder = EnvironmentBuilder(0.1, NICKEL, **SMALL, species=2)
    builder.add((positions, cell, pbc), species=channels)
    library = builder.library()
    vectors = mlgrain.soap((positions, cell, pbc), **SMALL, species=channels)
    found = library.classify((positions, cell, pbc), species=channels)
    np.testing.assert_array_equal(found.classes, library.nearest(vectors).classes)
    ones = library.classify((positions, cell, pbc), species=np.ones(len(positions), int))
    zeros = library.classify((positions, cell, pbc), species=np.zeros(len(positions), int))
    assert abs(ones.seed - zeros.seed).max() > library.epsilon
    with pytest.raises(mlgrain.MLGrainError, match="species: not .* 0 to 1"):
        library.classify((positions, cell, pbc))
    with pytest.raises(mlgrain.MLGrainError, match="species: a channel"):
        library.classify((positions, cell, pbc), species=channels + 1)


@pytest.mark.parametrize(("options", "text"), [
    ({"epsilon": 0}, "epsilon"), ({"epsilon": np.nan}, "epsilon"), ({"seed": ("hcp", 3)}, "seed"),
    ({"seed": ("fcc", -1)}, "seed"), ({"seed": "fcc"}, "seed"), ({"seed": ("fcc", 0.01)}, "seed"),
    ({"coreset": 1.5}, "coreset"), ({"coreset": 0}, "coreset"), ({"rcut": -1}, "rcut"),
    ({"basis": "poly"}, "basis")])
def test_wrong_options(options, text):
    with pytest.raises(mlgrain.MLGrainError, match=f"^{text}: "):
        EnvironmentBuilder(**{"epsilon": 0.1, "seed": NICKEL, **SMALL, **options})


def test_wrong_atoms():
    positions, cell, pbc = crystal()
    builder = EnvironmentBuilder(0.1, NICKEL, **SMALL)
    for options, text in [({"ids": [1]}, "ids"), ({"ids": -np.arange(len(positions))}, "ids"),
                          ({"weights": -np.ones(len(positions))}, "weights"),
                          ({"threads": 0}, "threads"), ({"centers": [9999]}, "centers")]:
        with pytest.raises(mlgrain.MLGrainError, match=f"^{text}: "):
            builder.add((positions, cell, pbc), **options)
    positions[3, 1] = np.nan
    with pytest.raises(mlgrain.MLGrainError, match="^positions: atom 3"):
        builder.add((positions, cell, pbc))
    library = builder.library()
    with pytest.raises(mlgrain.MLGrainError, match="^vectors: shape"):
        library.nearest(np.zeros((2, 3)))
    with pytest.raises(mlgrain.MLGrainError, match="^vectors: one"):
        library.nearest(np.full((1, 31), np.nan))
    with pytest.raises(mlgrain.MLGrainError, match="^within: "):
        library.nearest(library.vectors, within=0)


def test_published_seed():
    """The perfect crystal's vector of gblearn's libraries."""
    folder = pathlib.Path(os.environ.get("MLGRAIN_REFERENCE_DIR", ""), "soap")
    if not (folder / "seed.txt.xz").exists():
        pytest.skip("MLGRAIN_REFERENCE_DIR has no soap/seed.txt.xz")
    with lzma.open(folder / "seed.txt.xz", "rt") as file:
        seed = np.loadtxt(file).ravel()
    builder = EnvironmentBuilder(0.0025, NICKEL, rcut=3.2, nmax=12, lmax=12, sigma=0.5,
                                 absolute=True)
    assert builder.epsilon == 0.0025
    np.testing.assert_allclose(builder.seed, seed, rtol=0, atol=1e-9 * np.linalg.norm(seed))
