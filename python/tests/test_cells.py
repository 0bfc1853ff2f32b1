# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of any boundary: two whole crystals, turned as they should be, and two equal boundaries."""

import itertools
import math
import random

import numpy as np
import pytest

from mlgrain import Boundary, Crystal, MLGrainError, NearBoundary
from mlgrain.boundaries.cells import Builder, translations, write_data
from mlgrain.compiled import is_compiled

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the core is not compiled")

A = 3.6
ATOMS = {"sc": 1, "bcc": 2, "fcc": 4, "diamond": 8, "B2": 2, "L1_2": 4, "hcp": 2}


def a15():
    """Of its cubic cell, in an order of no meaning, and moved away from a center of inversion."""
    places = np.array([(0, 0, 0), (0.25, 0, 0.5), (0.75, 0, 0.5), (0.5, 0.25, 0), (0.5, 0.5, 0.5),
                       (0.5, 0.75, 0), (0, 0.5, 0.25), (0, 0.5, 0.75)])
    return Crystal.from_cell(np.eye(3) * 4.5, places + (0.1, 0.2, 0.3), [1, 2, 2, 2, 1, 2, 2, 2],
                             "A15")


def oblique():
    """A triclinic crystal with three atoms."""
    return Crystal.from_cell([(4.0, 0, 0), (1.0, 4.0, 0), (0, 1.0, 4.0)],
                             [(0.1, 0.2, 0.3), (0.4, 0.55, 0.75), (0.8, 0.85, 0.85)], [1, 2, 2],
                             "oblique")


def random_boundary(crystal, seed, size=2, most=30):
    generator = random.Random(seed)
    while True:
        quadruple = [generator.randint(-size, size) for _ in range(4)]
        plane = [generator.randint(-size, size) for _ in range(3)]
        try:
            boundary = Boundary.from_quadruple(quadruple, plane, crystal)
        except MLGrainError:
            continue
        if boundary.period_area < most * crystal.a ** 2:
            return boundary


def samples():
    """Random boundaries of every lattice, and of every kind."""
    for k, name in enumerate(ATOMS):
        for n in range(3):
            yield random_boundary(Crystal.named(name, A), 100 * k + n)
    for label in ("Sigma5 (310)", "Sigma5 (100)", "Sigma3 (111)", "Sigma3 (211)"):
        yield Boundary.from_sigma(label, Crystal.named("fcc", A))
    yield Boundary.from_axis_angle((1, 2, 0), 48.19, (5, 3, 1), Crystal.named("fcc", A))
    yield Boundary.from_axis_angle((0, 0, 1), 36.87, (1, 0, 0), Crystal.named("bcc", A))
    tetragonal = Crystal.custom("rutile", A, gram=[(9, 0, 0), (0, 9, 0), (0, 0, 4)], basis=[
        (1, (0, 0, 0)), (1, (0.5, 0.5, 0.5)), (2, (0.3, 0.3, 0)), (2, (-0.3, -0.3, 0)),
        (2, (0.8, 0.2, 0.5)), (2, (0.2, 0.8, 0.5))])
    yield Boundary.from_quadruple((1, 0, 0, 3), (2, 1, 0), tetragonal)
    yield random_boundary(a15(), 800, most=5)
    yield Boundary.from_quadruple((0, 1, 0, 0), (0, 1, 0), oblique())


SAMPLES = list(samples()) if is_compiled() else []
every = pytest.mark.parametrize("boundary", SAMPLES, ids=[
    f"{b.crystal.name}-{b.sigma}-{b.kind.replace(' ', '_')}" for b in SAMPLES])


def neighbors(cell, of, cutoff):
    """For each of some atoms: vectors to all within the cutoff, and their numbers."""
    box = cell.box
    normals = np.linalg.inv(box)
    reach = cutoff * np.linalg.norm(normals, axis=0)  # in fractions of the box
    images = np.array(list(itertools.product(*(range(-math.ceil(n), math.ceil(n) + 1) for n in reach))))
    fractions = cell.positions @ normals
    fractions -= np.floor(fractions)
    inside = fractions @ box
    everything = fractions[None] + images[:, None]
    image, number = np.nonzero(((everything > -reach - 1e-9) & (everything < 1 + reach + 1e-9)).all(axis=2))
    everything = everything[image, number] @ box
    for i in of:
        d = everything - inside[i]
        r2 = (d ** 2).sum(axis=1)
        near = np.nonzero((r2 < cutoff ** 2) & (r2 > 1e-12))[0]
        yield d[near], number[near]


def energies(cell, cutoff):
    """A pair energy of each atom that depends on the kinds, and is smooth at the cutoff."""
    result = np.zeros(len(cell.positions))
    for i, (d, atoms) in enumerate(neighbors(cell, range(len(cell.positions)), cutoff)):
        r2 = (d ** 2).sum(axis=1) / cutoff ** 2
        weight = 1 + 0.3 * (cell.species[atoms] != cell.species[i])
        result[i] = (weight * (1 - r2) ** 2 * np.exp(-3 * r2)).sum()
    return result


@every
def test_two_equal_boundaries(boundary):
    """Random translations, overlaps removed or not: the halves' energies agree, and inversion takes
    atoms to atoms."""
    generator = np.random.default_rng(1)
    builder = Builder(boundary, thickness=9.0)
    for overlap in (0.0, 0.6 * A):
        cell = builder.cell(generator.random(2), gap=0.1, overlap=overlap)
        assert cell.inversion_error() < 1e-8 and (cell.removed > 0) <= (overlap > 0)
        if len(cell.positions) > 400:
            continue
        energy, half = energies(cell, 1.1 * A), cell.half()
        first, second = (energy * (1 - half)).sum(), (energy * half).sum()
        assert half.sum() == pytest.approx(len(half) / 2)
        assert first == pytest.approx(second, rel=1e-7)
        assert np.ptp(energy) > 1e-3


@every
def test_grains_are_whole_crystals(boundary):
    """At the density of the crystal; in the middle of either grain each atom has the neighbors that
    it has in the crystal, turned as the box's axes say."""
    builder = Builder(boundary, thickness=12.0)
    cell = builder.cell()
    crystal = boundary.crystal
    axes = crystal.axes()
    density = {**ATOMS, "rutile": 6, "A15": 8, "oblique": 3}[crystal.name]
    density /= abs(np.linalg.det(axes))
    lengths = [count * d for count, d in zip(builder.counts, builder.spacing)]
    natural = len(cell.positions) / density / cell.area - sum(lengths)
    assert cell.box[2, 2] - sum(lengths) == pytest.approx(
        max(natural, 2 * (sum(builder.ends) + 0.08 * A)), abs=1e-8)
    primitive, divisor = crystal.core().primitive()
    cutoff = 1.05 * A
    steps = np.array(list(itertools.product(range(-5, 6), repeat=3)))
    steps = steps @ np.array(primitive) / divisor
    places = [(kind, np.array([float(x) for x in place])) for kind, place in crystal.basis]
    z = cell.positions[:, 2]
    for which in (1, 2):
        mine = np.flatnonzero(cell.grain == which)
        middle = z[mine].min() / 2 + z[mine].max() / 2
        i = mine[np.argmin(np.abs(z[mine] - middle))]
        d, atoms = next(neighbors(cell, [i], cutoff))
        got = np.column_stack([d, cell.species[atoms]])
        expected = []
        for _, center in [p for p in places if p[0] == cell.species[i]]:
            shell = np.concatenate([np.column_stack([
                (steps + place - center) @ builder.axes[which - 1],
                np.full(len(steps), kind)]) for kind, place in places])
            r = np.linalg.norm(shell[:, :3], axis=1)
            expected.append(shell[(r < cutoff) & (r > 1e-9)])
        assert any(len(shell) == len(got) and
                   (np.abs(got[:, None] - shell[None]).sum(axis=2).min(axis=1) < 1e-6).all()
                   for shell in expected)


@every
def test_between_surfaces(boundary):
    cell = Builder(boundary, thickness=10.0).cell((0.3, 0.4), surfaces=True, hold=3.0)
    z = cell.positions[:, 2]
    assert cell.boundaries == 1 and cell.box[2].tolist()[:2] == [0.0, 0.0]
    assert (z >= cell.origin[2] - 1e-9).all()
    assert (z <= cell.origin[2] + cell.box[2, 2] + 1e-9).all()
    assert z[cell.layer == 1].max() < z[cell.layer == 0].min()
    assert z[cell.layer == 2].min() > z[cell.layer == 0].max()
    assert z[cell.grain == 1].min() > z[cell.grain == 2].max()


def test_boxes_are_short():
    """As LAMMPS wants them: no tilt is more than half of the edge it is along."""
    for boundary in SAMPLES:
        for repeats in ((1, 1), (2, 3)):
            builder = Builder(boundary, thickness=8.0, repeats=repeats)
            (a, zero, zero2), (xy, b, zero3), (xz, yz, c) = builder.cell((0.1, 0.9)).box
            assert zero == 0 and abs(zero2) + abs(zero3) < 1e-9 and min(a, b, c) > 0
            assert abs(xy) <= a / 2 + 1e-9 and abs(xz) <= a / 2 + 1e-9 and abs(yz) <= b / 2 + 1e-9
            area = np.prod(repeats) * boundary.period_area
            assert a * b == pytest.approx(area, rel=1e-9)


def test_overlaps_are_removed():
    boundary = Boundary.from_sigma("Sigma5 (310)", Crystal.named("fcc", A))
    builder = Builder(boundary, thickness=10.0, repeats=(1, 2))
    removed = []
    for overlap in (0.0, 1.5, 2.0, 2.4):
        cell = builder.cell((0.2, 0.3), gap=-0.5, overlap=overlap)
        shortest = min(np.sqrt((d ** 2).sum(axis=1)).min()
                       for d, _ in neighbors(cell, range(len(cell.positions)), 2.6))
        assert shortest >= overlap * (1 - 1e-9)
        removed.append(cell.removed)
    assert removed == sorted(removed) and removed[-1] > removed[0] == 0
    assert all(n % 2 == 0 for n in removed)


def test_distinct_translations_repeat():
    """A translation by a vector of the cell of distinct ones gives the same atoms, up to a
    shift."""
    boundary = Boundary.from_axis_angle((0, 0, 1), 36.87, (1, 0, 0), Crystal.named("fcc", A))
    builder = Builder(boundary, thickness=9.0)
    values = [np.sort(energies(builder.cell(t), 1.1 * A))
              for t in ((0.3, 0.2), (1.3, 0.2), (0.3, -0.8), (0.8, 0.2))]
    assert np.allclose(values[0], values[1], rtol=1e-9)
    assert np.allclose(values[0], values[2], rtol=1e-9)
    assert not np.allclose(values[0], values[3], rtol=1e-4)
    grid = translations(boundary, 1.0)
    assert len(set(grid)) == len(grid) and all(0 <= x < 1 for pair in grid for x in pair)


def test_terminations():
    boundary = Boundary.from_sigma("Sigma3 (111)", Crystal.named("diamond", 5.43))
    assert len(Builder(boundary).offsets(1)) == 2
    cells = [Builder(boundary, 10.0, terminations=t).cell() for t in ((0, 0), (1, 1), (0, 1))]
    assert all(cell.inversion_error() < 1e-8 for cell in cells)
    assert len({len(cell.positions) for cell in cells}) > 1
    ordered = Boundary.from_sigma("Sigma5 (100)", Crystal.named("L1_2", A))
    assert len(Builder(ordered).offsets(1)) == 2


def test_data_file(tmp_path):
    boundary = Boundary.from_sigma("Sigma5 (210)", Crystal.named("B2", A))
    cell = Builder(boundary, 9.0).cell((0.2, 0.4))
    write_data(tmp_path / "b.data", cell, mass=[50.0, 60.0])
    lines = (tmp_path / "b.data").read_text().splitlines()
    assert f"{len(cell.positions)} atoms" in lines and "4 atom types" in lines
    assert [line for line in lines if line.endswith("xy xz yz")][0].split()[:3] == \
        [f"{x:.12g}" for x in (cell.box[1, 0], cell.box[2, 0], cell.box[2, 1])]
    rows = np.array([line.split() for line in lines[lines.index("Atoms # atomic") + 2:]], float)
    assert np.allclose(rows[:, 2:], cell.positions, atol=1e-9)
    assert {tuple(t) for t in np.column_stack([rows[:, 1], cell.species, cell.grain]).astype(int)} \
        == {(1, 1, 1), (2, 2, 1), (3, 1, 2), (4, 2, 2)}
    assert "3 50" in lines and "4 60" in lines


@pytest.mark.parametrize("make,reason", [
    (lambda b: Builder(b, thickness=0), "thickness"),
    (lambda b: Builder(b, repeats=(0, 1)), "repeats"),
    (lambda b: Builder(b, terminations=(1, 0)), "terminations"),
    (lambda b: Builder(b).cell(overlap=-1), "overlap"),
    (lambda b: Builder(b).cell(gap=math.nan), "gap"),
    (lambda b: translations(b, 0), "spacing"),
    (lambda b: Builder(b).cell(surfaces=True).inversion_error(), "two boundaries"),
    (lambda b: write_data("none/x", Builder(b).cell()), "can't be written"),
    (lambda b: write_data("x", Builder(b).cell(), mass=[1, 2]), "1 types"),
    (lambda b: Builder(Boundary.from_sigma("Sigma3 (111)", Crystal.custom(
        "zincblende", 5.65, "fcc", [(1, (0, 0, 0)), (2, (0.25, 0.25, 0.25))]))).cell(),
     "no center of inversion"),
])
def test_bad_input(make, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MLGrainError) as error:
        make(Boundary.from_sigma("Sigma5 (310)"))
    assert reason in str(error.value)
    assert not list(tmp_path.iterdir())


# --- near coincidence ---

def turned(axis, degrees):
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + s * k + (1 - c) * k @ k


NEAR = [((1, 1, 1), 20.0, ((1, 1, 1), (1, 1, 1)), "fcc"),
        ((1, 1, 0), 55.0, ((0, 0, 1), (-1, 1, 1)), "fcc"),
        ((0, 0, 1), 45.0, ((0, 0, 1), (0, 0, 1)), "bcc"),
        ((0, 0, 1), 17.0, ((0, 0, 1), (0, 0, 1)), "hcp"),
        ((1, 0, 0), 45.0, ((0, 1, 0), (0, 1, -1)), "B2"),
        ((1, 1, 1), 33.0, ((1, 1, 1), (1, 1, 1)), "diamond")]


@pytest.mark.parametrize("axis,degrees,planes,name", NEAR)
def test_near_boundaries(axis, degrees, planes, name):
    """Within the strain, near the rotation, with two equal boundaries, whose cell of distinct
    translations is what it is, and with each grain a crystal but for half of the strain."""
    crystal = Crystal.named(name, A)
    b = NearBoundary(turned(axis, degrees), planes, crystal, most_strain=0.02, most_length=12 * A)
    assert 0 < b.strain <= 0.02 and 0 <= b.deviation < 12
    geometry, axes = b.geometry(), crystal.axes()
    period, nets = np.array(geometry.period()), np.array(geometry.nets())
    counts, placed = np.array(geometry.counts()), np.array(geometry.axes())
    rotations = []
    for k in (0, 1):
        u, stretches, v = np.linalg.svd(np.linalg.inv(axes) @ placed[k])
        rotations.append((u @ v).T)
        assert np.abs(stretches - 1).max() <= 0.51 * b.strain + b.strain ** 2
        assert np.allclose(counts[k] @ nets[k], period, atol=1e-9)
        on_axes = nets[k] @ np.linalg.inv(placed[k]) @ np.linalg.inv(
            np.array(crystal.core().primitive()[0]) / crystal.core().primitive()[1])
        assert np.allclose(on_axes, np.round(on_axes), atol=1e-9)
        normal = np.linalg.inv(placed[k]) @ planes[k]
        assert np.allclose(np.cross(normal, (0, 0, 1)), 0) and normal[2] > 0
    off = np.degrees(np.arccos((np.trace(rotations[0].T @ rotations[1] @ turned(axis, degrees).T)
                                - 1) / 2))
    assert off == pytest.approx(b.deviation, abs=1e-5)
    areas = [abs(np.linalg.det(whole)) for whole in counts]
    area = np.linalg.norm(np.cross(*geometry.shift()))
    assert area == pytest.approx(b.period_area / areas[0] / areas[1], rel=1e-9)
    assert np.linalg.norm(np.cross(*(b.shifts @ axes))) == pytest.approx(area, rel=0.02)
    builder = Builder(b, thickness=8.0)
    values = [np.sort(energies(builder.cell(t), 1.1 * A)) for t in ((0.3, 0.2), (1.3, -0.8))]
    assert np.allclose(values[0], values[1], rtol=1e-7)
    cell = builder.cell((0.3, 0.2), overlap=0.5 * A)
    assert cell.inversion_error() < 1e-8
    energy, half = energies(cell, 1.1 * A), cell.half()
    assert (energy * half).sum() == pytest.approx((energy * (1 - half)).sum(), rel=1e-7)


def test_near_a_coincidence_is_the_coincidence():
    copper = Crystal.named("fcc", A)
    exact = Boundary.from_sigma("Sigma5 (100)", copper)
    near = NearBoundary.from_boundary(exact, most_strain=1e-6)
    assert near.strain < 1e-9 and near.deviation < 1e-5
    assert near.period_area == pytest.approx(exact.period_area, rel=1e-9)
    one, two = (Builder(b, 9.0).cell() for b in (exact, near))
    assert np.allclose(np.sort(energies(one, 1.1 * A)), np.sort(energies(two, 1.1 * A)), rtol=1e-8)
    large = Boundary.from_axis_angle((0, 0, 1), 37.0, (0, 0, 1), copper)
    small = NearBoundary.from_boundary(large, most_strain=3e-3)
    assert large.sigma > 5 and small.period_area == pytest.approx(exact.period_area, rel=1e-3)
    assert small.deviation == pytest.approx(0.13, abs=0.011) and small.strain < 3e-3


def test_near_boundaries_by_text():
    one = NearBoundary.from_text("[1 1 0] 55 (0 0 1)", "fcc", 0.02, 0.5)
    two = NearBoundary.from_matrix(turned((1, 1, 0), 55.0), (0, 0, 1), "fcc", 0.02, 0.5)
    assert one.planes == two.planes and one.title == two.title
    assert one.deviation == pytest.approx(two.deviation, abs=1e-9)
    assert np.allclose(one.geometry().axes(), two.geometry().axes())
    label = NearBoundary.from_text("Sigma5 (310)", "fcc", 1e-6)
    exact = Boundary.from_sigma("Sigma5 (310)")
    assert label.period_area == pytest.approx(exact.period_area)
    bunge = NearBoundary.from_text("euler 0 0 0 17 0 0 (0 0 1)", "fcc", 0.02)
    turn = NearBoundary.from_text("[0 0 1] 17 (0 0 1)", "fcc", 0.02)
    assert bunge.period_area == pytest.approx(turn.period_area)
    with pytest.raises(MLGrainError, match="a turn is as"):
        NearBoundary.from_text("[1 1 0] 55")
    with pytest.raises(MLGrainError, match="no plane with indices"):
        NearBoundary.from_text("[1 1 0] 55.123456 (0 0 1)", tolerance=0.0)


def test_near_boundaries_that_are_none():
    with pytest.raises(MLGrainError, match="no common period"):
        NearBoundary(turned((1, 1, 1), 20.0), ((1, 1, 1), (1, 1, 1)), most_strain=1e-9)
    with pytest.raises(MLGrainError, match="rotation matrix"):
        NearBoundary(np.ones((3, 3)), ((1, 1, 1), (1, 1, 1)))
    with pytest.raises(MLGrainError, match="the same way"):
        NearBoundary(np.eye(3), ((1, 1, 1), (-1, -1, -1)))
    with pytest.raises(MLGrainError, match="largest strain"):
        NearBoundary(turned((1, 1, 1), 20.0), ((1, 1, 1), (1, 1, 1)), most_strain=0.5)
    with pytest.raises(MLGrainError, match="no plane"):
        NearBoundary(np.eye(3), ((0, 0, 0), (1, 1, 1)))


# --- crystals of cells and files ---

def test_cells_of_named_crystals():
    """Conventional and primitive cells, turned, repeated, are the crystals that have names."""
    fcc = [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    turn = turned((1, 2, 3), 40.0)
    made = Crystal.from_cell(3.6 * np.eye(3) @ turn.T, np.array(fcc) + 0.05, name="fcc")
    assert (made.lattice, len(made.basis), made.strain) == ("fcc", 1, pytest.approx(0, abs=1e-12))
    assert made.a == pytest.approx(3.6) and made.has_inversion()
    named = Crystal.named("fcc", 3.6)
    assert Boundary.from_sigma("Sigma5 (310)", made).numbers == \
        Boundary.from_sigma("Sigma5 (310)", named).numbers
    diamond = Crystal.from_cell(5.4 * np.eye(3), fcc + [tuple(np.array(x) + 0.25) for x in fcc])
    assert diamond.lattice == "fcc" and len(diamond.basis) == 2 and diamond.has_inversion()
    primitive = Crystal.from_cell([(0, 1.8, 1.8), (1.8, 0, 1.8), (1.8, 1.8, 0)], [(0, 0, 0)])
    assert primitive.lattice == "general"
    assert len(primitive.core().images([1, 0, 0], True)) == 48
    assert Boundary.from_axis_angle((1, 1, 1), 60.0, (1, 1, 1), primitive).sigma == 3
    axes, positions, types = Crystal.named("L1_2", 3.6).cell()
    again = Crystal.from_cell(axes, positions, types, "L1_2")
    assert again.cell()[2].tolist().count(1) == 1 and again.lattice == "sc"
    assert Boundary.from_sigma("Sigma5 (210)", again).numbers == \
        Boundary.from_sigma("Sigma5 (210)", "L1_2").numbers
    tetragonal = Crystal.from_cell(np.diag([4.594, 4.594, 2.959]), [(0, 0, 0)])
    assert 2e-4 < tetragonal.strain < 4e-4  # 22/53 = 0.41509 for 0.41486


@pytest.mark.parametrize("axes,positions,types,reason", [
    (np.eye(3), [], None, "positions"),
    (np.eye(3)[:2], [(0, 0, 0)], None, "axes"),
    (np.eye(3)[[1, 0, 2]], [(0, 0, 0)], None, "left-handed"),
    (np.ones((3, 3)), [(0, 0, 0)], None, "in a plane"),
    (np.eye(3) * math.nan, [(0, 0, 0)], None, "finite"),
    (np.eye(3), [(0, 0, math.inf)], None, "finite"),
    (np.eye(3), [(0, 0, 0)], [1, 1], "types"),
    (np.eye(3), [(0, 0, 0)], [0], "types"),
    (np.eye(3), np.random.default_rng(1).random((201, 3)), None, "201 atoms"),
])
def test_cells_that_are_none(axes, positions, types, reason):
    with pytest.raises(MLGrainError, match=reason):
        Crystal.from_cell(axes, positions, types)


def test_crystals_of_files(tmp_path):
    ase = pytest.importorskip("ase")
    axes, positions, types = a15().cell()
    symbols = ["Si" if kind == 1 else "Cr" for kind in types]
    path = tmp_path / "Cr3Si.vasp"
    ase.Atoms(symbols, scaled_positions=positions, cell=axes, pbc=True).write(path, format="vasp")
    made = Crystal.from_file(path)
    assert made.name == "Cr3Si" and sorted(made.symbols) == ["Cr", "Si"]
    assert [kind for kind, _ in made.basis].count(1 + made.symbols.index("Si")) == 2
    boundary = random_boundary(a15(), 800, most=5)
    same = Boundary.from_quadruple(boundary.quadruple, boundary.planes[0], made)
    assert same.numbers == boundary.numbers
    assert same.period_area == pytest.approx(boundary.period_area)
    (tmp_path / "bad.cif").write_text("nothing")
    for name, reason in (("bad.cif", "can't be read"), ("none.cif", "can't be read")):
        with pytest.raises(MLGrainError, match=reason):
            Crystal.from_file(tmp_path / name)
    ase.Atoms("Cu").write(tmp_path / "atom.xyz")
    with pytest.raises(MLGrainError, match="no cell of three axes"):
        Crystal.from_file(tmp_path / "atom.xyz")
