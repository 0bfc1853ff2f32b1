# SPDX-License-Identifier: GPL-2.0-or-later
"""Bicrystals: which boundaries there are, and that cells hold two crystals, mirrored, and whole."""

import csv
import itertools
import math
import pathlib

import numpy as np
import pytest

from mlgrain import MLGrainError
from mlgrain.boundaries import bicrystal
from mlgrain.boundaries.bicrystal import AXES, is_lattice_vector, tilt, tilts
from mlgrain.cli import main

A = 3.615
# axis, plane, Sigma, angle in degrees: the angle also follows from the indices given with each
KNOWN = [("100", (1, 3, 0), 5, 2 * math.atan(1 / 3)),
         ("100", (1, 2, 0), 5, 2 * math.atan(1 / 2)),
         ("100", (1, 5, 0), 13, 2 * math.atan(1 / 5)),
         ("110", (1, -1, 3), 11, 2 * math.atan(math.sqrt(2) / 3)),
         ("110", (1, -1, 2), 3, 2 * math.atan(math.sqrt(2) / 2)),
         ("110", (1, -1, 1), 3, 2 * math.atan(math.sqrt(2))),
         ("110", (2, -2, 1), 9, 2 * math.atan(2 * math.sqrt(2))),
         ("111", (3, -2, -1), 7, 2 * math.atan(math.sqrt(3) / 5)),
         ("111", (2, -1, -1), 3, math.pi / 3),
         ("112", (1, 1, -1), 3, math.pi),
         ("112", (3, -1, -1), 11, 2 * math.atan(math.sqrt(3 / 2) / 2)),
         ("112", (2, 0, -1), 5, 2 * math.atan(math.sqrt(3 / 2)))]
SAMPLES = [("fcc", "100", (1, 3, 0)), ("fcc", "110", (1, -1, 3)), ("fcc", "111", (5, -4, -1)),
           ("fcc", "112", (4, -2, -1)), ("bcc", "100", (1, 3, 0)), ("bcc", "110", (1, -1, 1)),
           ("bcc", "111", (3, -2, -1)), ("bcc", "112", (2, 0, -1))]


@pytest.mark.parametrize("axis,plane,sigma,angle", KNOWN)
def test_known_boundaries(axis, plane, sigma, angle):
    boundary = tilt(axis, plane)
    assert boundary.sigma == sigma and boundary.angle == pytest.approx(math.degrees(angle), abs=1e-9)
    assert boundary in tilts(axis, sigma)
    degrees = {5: 36.87, 13: 22.62} if axis == "100" and plane[0] == 1 and plane[1] > 2 else {}
    assert round(boundary.angle, 2) == degrees.get(sigma, round(boundary.angle, 2))


@pytest.mark.parametrize("lattice,axis,plane", SAMPLES)
def test_sigma_counts_coincidence_sites(lattice, axis, plane):
    """Of the lattice points in a cube that both crystals have as a period, 1 in Sigma is common."""
    boundary = tilt(axis, plane, lattice)
    square = sum(n * n for n in plane)
    points = np.array(list(itertools.product(range(2 * square), repeat=3)))
    points = points[is_lattice_vector(lattice, points)]
    turned = 2 * (points @ plane)[:, None] * np.array(plane) - square * points
    whole = (turned % square == 0).all(axis=1)
    common = is_lattice_vector(lattice, turned[whole] // square).sum()
    assert len(points) == common * boundary.sigma


@pytest.mark.parametrize("axis", AXES)
def test_none_is_missing_and_none_comes_twice(axis):
    most = 60
    found = tilts(axis, most)
    direction = AXES[axis][0]
    assert all(np.dot(b.normal, direction) == 0 for b in found)
    assert len({(b.family, round(b.angle, 6)) for b in found}) == len(found)
    expected = set()
    for plane in itertools.product(range(-11, 12), repeat=3):
        if math.gcd(*plane) != 1 or np.dot(plane, direction):
            continue
        square = sum(n * n for n in plane)
        if 2 < square <= 2 * most and square // (2 - square % 2) <= most:
            family = tuple(sorted(map(abs, plane), reverse=True))
            expected.add((family, round(tilt(axis, plane).angle, 6)))
    assert {(b.family, round(b.angle, 6)) for b in found} == expected


def test_spread_only_adds():
    every = tilts("110", 100)
    assert bicrystal.spread(every, 12)[:7] == bicrystal.spread(every, 7)
    assert len(set(bicrystal.spread(every, 1000))) == len(every)


def distances(positions, of, edges):
    """From each of some atoms to all; shortest images in the directions with an edge."""
    d = positions[None] - positions[of][:, None]
    for k, edge in enumerate(edges):
        if edge:
            d[:, :, k] -= edge * np.round(d[:, :, k] / edge)
    return np.sqrt((d ** 2).sum(axis=2))


def cell_of(lattice, axis, plane, **options):
    boundary = tilt(axis, plane, lattice)
    counts = bicrystal.repeats(boundary, A, (12.0, 9.0), 14.0)
    return bicrystal.bicrystal(boundary, A, counts=counts, **options)


@pytest.mark.parametrize("lattice,axis,plane", SAMPLES)
def test_grains_are_whole_crystals(lattice, axis, plane):
    cell = cell_of(lattice, axis, plane, translation=(0.3, 0.6))
    per_cube = {"fcc": 4, "bcc": 2}[lattice]
    assert len(cell.positions) * A ** 3 == pytest.approx(per_cube * np.prod(cell.edges), rel=1e-12)
    assert (cell.grain == 1).sum() == (cell.grain == 2).sum() and cell.removed == 0
    # Away from the boundaries every atom has all neighbors of the crystal, across x and z too.
    y = cell.positions[:, 1]
    middle = np.flatnonzero(np.abs(np.abs(y) - cell.edges[1] / 4) < 2.0)
    assert len(middle) > 10
    shells = {"fcc": [(1 / math.sqrt(2), 12), (1.0, 6)], "bcc": [(math.sqrt(3) / 2, 8), (1.0, 6)]}
    d = np.sort(distances(cell.positions, middle, cell.edges), axis=1)[:, 1:] / A
    first = 0
    for length, count in shells[lattice]:
        assert np.allclose(d[:, first:first + count], length, atol=1e-6)
        first += count
    assert (d[:, first] > 1.01).all()


@pytest.mark.parametrize("lattice,axis,plane", SAMPLES)
def test_lower_grain_mirrors_the_upper_one(lattice, axis, plane):
    """Without a translation: the mirror image of each upper atom lies on a site of the lower grain."""
    cell = cell_of(lattice, axis, plane)
    upper, lower = cell.positions[cell.grain == 1], cell.positions[cell.grain == 2]
    inside = upper[(upper[:, 1] > 0) & (upper[:, 1] < cell.edges[1] / 2 - 0.01)] * [1, -1, 1]
    everything = np.concatenate([lower, inside])
    nearest = distances(everything, np.arange(len(lower), len(everything)), cell.edges)[:, :len(lower)]
    assert len(inside) > 20 and nearest.min(axis=1).max() < 1e-6


@pytest.mark.parametrize("overlap", [0.0, 1.5, 2.0, 2.5])
@pytest.mark.parametrize("lattice,axis,plane", SAMPLES)
def test_both_boundaries_are_the_same(lattice, axis, plane, overlap):
    """Half a turn about y takes the boundary at the end of the box to the one at y = 0."""
    cell = cell_of(lattice, axis, plane, translation=(0.25, 0.75), overlap=overlap)
    shift = cell.edges[1] / 2
    turned = (cell.positions - [0, shift, 0]) * [-1, 1, -1]

    def near(positions):
        y = positions[:, 1] - cell.edges[1] * np.round(positions[:, 1] / cell.edges[1])
        return np.column_stack([positions[:, 0], y, positions[:, 2]])[np.abs(y) < 6.0]
    here, there = near(cell.positions), near(turned)
    # In both, a rigid translation of the whole is free: that of the half turn.
    move = cell.edges * 0
    periods = A * np.array(cell.boundary.periods)
    move[0], move[2] = 0.25 * periods[0], 0.75 * periods[2]
    joined = np.concatenate([here, there + move])
    d = distances(joined, np.arange(len(here), len(joined)), cell.edges)[:, :len(here)]
    assert len(here) == len(there) and d.min(axis=1).max() < 1e-6


@pytest.mark.parametrize("lattice,axis,plane", SAMPLES)
def test_overlap(lattice, axis, plane):
    removed = []
    for cutoff in (0.0, 1.0, 1.5, 2.0, 2.5, 3.0):
        cell = cell_of(lattice, axis, plane, translation=(0.1, 0.2), overlap=cutoff)
        d = distances(cell.positions, np.arange(len(cell.positions)), cell.edges)
        np.fill_diagonal(d, np.inf)
        assert d.min() >= min(cutoff, 0.7 * A) * (1 - 1e-6)
        removed.append(cell.removed)
    assert removed[0] == 0 and removed == sorted(removed) and removed[-1] > 0


def test_translations_are_in_periods():
    one, other = (cell_of("fcc", "110", (1, -1, 3), translation=t) for t in ((0.25, 0.5), (1.25, -0.5)))
    d = distances(np.concatenate([one.positions, other.positions]), np.arange(len(one.positions)),
                  one.edges)[:, len(one.positions):]
    assert d.min(axis=1).max() < 1e-6
    still = cell_of("fcc", "110", (1, -1, 3))
    moved = one.positions[one.grain == 1] - still.positions[still.grain == 1]
    periods = A * np.array(one.boundary.periods)
    wanted = [0.25 * periods[0], 0.0, 0.5 * periods[2]]
    difference = moved - wanted
    assert np.allclose(difference - one.edges * np.round(difference / one.edges), 0, atol=1e-8)


def test_vacuum_leaves_one_boundary():
    cell = cell_of("fcc", "100", (1, 3, 0), overlap=1.5, vacuum=12.0)
    assert cell.boundaries == 1 and cell.area == pytest.approx(cell.edges[0] * cell.edges[2])
    y = cell.positions[:, 1]
    assert cell.edges[1] - np.ptp(y) > 12.0
    periodic = cell_of("fcc", "100", (1, 3, 0), overlap=1.5)
    assert cell.removed == periodic.removed / 2


def read_data(path):
    lines = pathlib.Path(path).read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Atoms"))
    atoms = np.array([line.split() for line in lines[start + 2:]], float)
    bounds = {line.split()[2]: tuple(map(float, line.split()[:2])) for line in lines
              if line.endswith("hi")}
    return lines, atoms, bounds


def run(*words):
    return main([str(word) for word in words])


def test_data_file(tmp_path, capsys):
    path = tmp_path / "gb.data"
    assert run("bicrystal", "make", "--axis", 100, "--sigma", 5, "--angle", 36.87, "--a", A,
               "--overlap", 1.5, "--edges", 10, 7, "--thickness", 20, "--mass", 63.546, "-o", path) == 0
    assert "Sigma5 (1 3 0) [0 0 1], 36.87 degrees" in capsys.readouterr().out
    lines, atoms, bounds = read_data(path)
    assert f"{len(atoms)} atoms" in lines and "2 atom types" in lines and "2 63.546" in lines
    assert bounds["xlo"][1] >= 10 and bounds["zlo"][1] >= 7 and bounds["ylo"][1] >= 20
    for k, edge in enumerate(("xlo", "ylo", "zlo")):
        low, high = bounds[edge]
        assert (atoms[:, 2 + k] >= low).all() and (atoms[:, 2 + k] <= high).all()
    assert (atoms[:, 0] == np.arange(len(atoms)) + 1).all() and set(atoms[:, 1]) == {1, 2}
    boundary = tilt("100", (1, 3, 0))
    assert bounds["xlo"][1] == pytest.approx(2 * A * boundary.periods[0], rel=1e-9)
    assert run("bicrystal", "make", "--axis", 100, "--plane", 1, 3, 0, "--a", A, "--types", 1, "-o",
               path) == 0
    lines, atoms, _ = read_data(path)
    assert set(atoms[:, 1]) == {1} and "Masses" not in lines and "1 atom types" in lines


def test_starts(tmp_path):
    folder = tmp_path / "starts"
    assert run("bicrystal", "starts", "--axis", 110, "--plane", 1, -1, 3, "--a", A, "-o", folder) == 0
    with open(folder / "starts.csv") as file:
        lines = list(csv.DictReader(file))
    assert len({line["file"] for line in lines}) == len(lines)
    assert {float(line["translation_x"]) for line in lines} == {0, 0.25, 0.5, 0.75}
    shifts = [(line["translation_x"], line["translation_z"], line["atoms"]) for line in lines]
    assert len(set(shifts)) == len(shifts) and len({s[:2] for s in shifts}) == 16
    for line in lines:
        _, atoms, _ = read_data(folder / line["file"])
        assert len(atoms) == int(line["atoms"])


def test_list(tmp_path, capsys):
    assert run("bicrystal", "list", "--axis", 110, "--max-sigma", 11, "--csv", tmp_path / "l.csv") == 0
    text = capsys.readouterr().out
    assert "50.4788" in text and "109.4712" in text
    with open(tmp_path / "l.csv") as file:
        assert [int(line["sigma"]) for line in csv.DictReader(file)] == [9, 11, 3, 3, 11, 9]


@pytest.mark.parametrize("words", [[], ["list"], ["make"], ["starts"]])
def test_help(words, capsys):
    with pytest.raises(SystemExit) as status:
        main(["bicrystal", *words, "--help"])
    assert status.value.code == 0
    assert "example:\n  mlgrain bicrystal" in capsys.readouterr().out


@pytest.mark.parametrize("words,reason", [
    (["--plane", 1, 1, 1], "doesn't hold the axis"),
    (["--plane", 0, 0, 0], "doesn't hold the axis"),
    (["--plane", 1, 1, 0], "no boundary"),
    (["--sigma", 5], "36.87, 53.13"),
    (["--sigma", 7], "no symmetric"),
    (["--plane", 1, 3, 0, "--a", 0], "must be positive"),
    (["--plane", 1, 3, 0, "-o", "none/x"], "can't be written"),
])
def test_problems_are_told_in_a_sentence(tmp_path, monkeypatch, capsys, words, reason):
    monkeypatch.chdir(tmp_path)
    assert run("bicrystal", "make", "--axis", 100, "--a", A, "-o", "x.data", *words) == 1
    text = capsys.readouterr().err
    assert reason in text and text.startswith("mlgrain: ")
    assert not list(tmp_path.iterdir())


def test_bad_names():
    with pytest.raises(MLGrainError, match="axis"):
        tilts("123", 9)
    with pytest.raises(MLGrainError, match="lattice"):
        tilts("100", 9, "hcp")
