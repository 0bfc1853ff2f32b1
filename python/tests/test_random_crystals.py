# SPDX-License-Identifier: GPL-2.0-or-later
"""Space groups, random crystals, strains, the recipe; a program in the place of LAMMPS fails as it
might."""

from __future__ import annotations

import itertools
import os
import shutil
import stat

import numpy as np
import pytest

from mlgrain import cli, compiled
from mlgrain.crystals import lammps, perfect, recipe, strains
from mlgrain.crystals.random_crystals import Limits, random_cell, random_crystals
from mlgrain.crystals.spacegroups import space_group
from mlgrain.crystals.structures import Structure, aspect, reduced, relative_distance
from mlgrain.errors import MLGrainError
from mlgrain.potentials import configurations

spglib = pytest.importorskip("spglib")
# LAMMPS, where unittest/python runs these tests beside it; the pair style is one of its core.
LMP = os.environ.get("MLGRAIN_LMP") or shutil.which("lmp")
with_lammps = pytest.mark.skipif(not LMP, reason="no LAMMPS: MLGRAIN_LMP isn't set, no lmp in PATH")
with_core = pytest.mark.skipif(compiled._core is None, reason="no compiled core")
PAIR = ["--pair-style", "lj/cut 5.0", "--pair-coeff", "* * 0.4 2.3"]
LIMITS = Limits(np.array([11.8]), (0.729, 1.331), np.array([[1.7]]), 6.0)
ALLOY = Limits(np.array([10.0, 20.0]), (0.7, 1.3), np.array([[1.6, 1.8], [1.8, 2.0]]), 6.0)


def symmetry(crystal, precision=1e-5):
    return spglib.get_symmetry((crystal.cell, crystal.positions @ np.linalg.inv(crystal.cell),
                                crystal.species), symprec=precision)["rotations"]


def test_all_positions_of_the_tables():
    # International Tables A: 230 groups with 1731 positions in all; groups with known
    # multiplicities
    # in the primitive cell.
    groups = [space_group(number) for number in range(1, 231)]
    assert sum(len(one.positions) for one in groups) == 1731
    assert len({one.symbol for one in groups}) == 230

    def without_freedom(number):
        return sorted(p.multiplicity for p in groups[number - 1].positions if not p.freedom)

    assert without_freedom(1) == []
    assert without_freedom(2) == [1] * 8
    assert without_freedom(221) == [1, 1, 3, 3]
    assert without_freedom(225) == [1, 1, 2, 6]
    assert without_freedom(227) == [2, 2, 4, 4]
    assert without_freedom(229) == [1, 3, 4, 6]
    assert without_freedom(230) == [8, 8, 12, 12]


@pytest.mark.parametrize("number", range(1, 231, 7))
def test_operations_form_a_group(number):
    group = space_group(number)
    operations = {tuple(w.ravel()): t for w, t in zip(group.rotations, group.translations)}
    assert len(operations) == len(group.rotations)
    for (w, t), (v, s) in itertools.product(zip(group.rotations, group.translations), repeat=2):
        product = operations[tuple((w @ v + 0.0).ravel())]
        difference = w @ s + t - product
        assert np.abs(difference - np.round(difference)).max() < 1e-5


@pytest.mark.parametrize("number", range(1, 231, 13))
def test_a_position_has_its_multiplicity(number):
    random = np.random.default_rng(number)
    group = space_group(number)
    for position in group.positions:
        point = position.point + position.directions @ random.random(position.freedom)
        assert len(group.orbit(point)) == position.multiplicity


@pytest.mark.parametrize("number", (2, 15, 62, 88, 122, 161, 194, 227, 230))
def test_a_random_cell_keeps_the_group(number):
    group = space_group(number)
    cell = random_cell(group, 50.0, np.random.default_rng(number))
    assert np.linalg.det(cell) == pytest.approx(50.0)
    metric = cell @ cell.T
    for w in group.rotations:
        assert w.T @ metric @ w == pytest.approx(metric, abs=1e-9)


@pytest.fixture(scope="module")
def crystals():
    return random_crystals(60, (1, 6), LIMITS, 5)


def test_crystals_have_the_symmetry_that_was_drawn(crystals):
    orders = {space_group(n).symbol: len(space_group(n).rotations) for n in range(1, 231)}
    for crystal in crystals:
        drawn = orders[crystal.ancestry.split(":")[1]]
        assert len(symmetry(crystal)) % drawn == 0, crystal.ancestry


def test_crystals_are_primitive_and_of_all_sizes(crystals):
    assert sorted(map(len, crystals)) == sorted(10 * [1, 2, 3, 4, 5, 6])
    for crystal in crystals:
        assert len(spglib.find_primitive((crystal.cell, crystal.positions @ np.linalg.inv(
            crystal.cell), crystal.species), symprec=1e-3)[2]) == len(crystal)


def all_distances(structure, reach=4):
    """Plainly: of every pair of atoms, images up to `reach` cells away."""
    found = []
    shifts = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3))) @ structure.cell
    for i, j in itertools.product(range(len(structure)), repeat=2):
        apart = np.linalg.norm(structure.positions[j] - structure.positions[i] + shifts, axis=1)
        found += [(structure.species[i], structure.species[j], d) for d in apart if d > 0.0]
    return found


def test_distances_volumes_shapes_are_within_the_limits(crystals):
    for crystal in crystals[::4]:
        assert 0.729 <= crystal.volume / len(crystal) / 11.8 <= 1.331
        assert min(d for _, _, d in all_distances(crystal)) >= 1.7
        assert aspect(crystal.cell) <= 6.0


def test_relative_distance_is_that_of_all_pairs():
    random = np.random.default_rng(3)
    for _ in range(20):
        one = Structure(2.5 * np.eye(3) + random.uniform(-0.8, 0.8, (3, 3)),
                        random.uniform(-4, 4, (3, 3)), np.array([0, 1, 1]), "", "")
        plain = min(d / ALLOY.shortest[a, b] for a, b, d in all_distances(one, 6))
        assert relative_distance(one, ALLOY.shortest) == pytest.approx(min(plain, 1.0), rel=1e-9)


def test_the_same_seed_gives_the_same_crystals(crystals):
    again, other = (random_crystals(60, (1, 6), LIMITS, seed) for seed in (5, 6))
    assert all((a.cell == b.cell).all() and (a.positions == b.positions).all()
               for a, b in zip(crystals, again))
    assert any(a.cell.shape != b.cell.shape or (a.cell != b.cell).any()
               for a, b in zip(crystals, other))


def test_species_and_their_distances():
    found = random_crystals(40, (1, 5), ALLOY, 0)
    assert {len(set(one.species)) for one in found} == {1, 2}
    for one in found:
        assert 0.7 <= one.volume / ALLOY.atomic_volume[one.species].sum() <= 1.3
        assert all(d >= ALLOY.shortest[a, b] for a, b, d in all_distances(one, 3))


def test_limits_that_leave_no_room():
    nothing = Limits(np.array([11.8]), (0.7, 1.3), np.array([[4.0]]), 6.0)
    with pytest.raises(MLGrainError, match="too little room"):
        random_crystals(2, (2, 2), nothing, 0)


def test_reduced_is_the_same_crystal():
    random = np.random.default_rng(1)
    for _ in range(10):
        one = Structure(np.diag([4.0, 4.5, 5.0]) + random.uniform(-1.4, 1.4, (3, 3)),
                        random.uniform(-9, 9, (4, 3)), np.zeros(4, dtype=int), "", "")
        made = reduced(one)
        assert made.volume == pytest.approx(one.volume)
        assert (np.triu(made.cell, 1) == 0).all() and (np.diag(made.cell) > 0).all()
        assert np.abs(made.cell[1:, 0]).max() <= 0.5 * made.cell[0, 0] * (1 + 1e-9)
        before, after = (np.sort([d for _, _, d in all_distances(s, 6) if d < 4.0])
                         for s in (one, made))
        assert after == pytest.approx(before, abs=1e-8)


def test_variants(crystals):
    loose = Limits(np.array([11.8]), (0.6, 3.0), np.array([[1.7]]), 6.0)
    wanted = {"TRIAX": (2, 0.8), "SHEAR": (1, 0.8), "RATTLE": (2, 0.5)}
    made = strains.variants(crystals[:20], wanted, loose, 0)
    assert {one.kind for one in made} == set(wanted)
    assert all(loose.hold(one) for one in made)
    # A crystal's variants don't depend on the others.
    alone = strains.variants(crystals[:1], wanted, loose, 0)
    assert all((a.positions == b.positions).all() for a, b in zip(alone, made))
    rattled = [one for one in made if one.kind == "RATTLE"]
    assert any(len(symmetry(one, 1e-3)) == 1 for one in rattled if len(one) > 1)


def test_perfect_crystals_and_defects():
    assert len(perfect.crystal("bcc", 2.855, 0, 8.0)) == 54
    for name, neighbors, distance in (("sc", 6, 1.0), ("bcc", 8, 0.75**0.5), ("fcc", 12, 0.5**0.5),
                                      ("diamond", 4, 3**0.5 / 4), ("hcp", 12, 1.0)):
        one = perfect.crystal(name, 3.0, 0, 3.0)
        found = np.array([d for _, _, d in all_distances(one, 2)])
        assert found.min() == pytest.approx(3.0 * distance)
        assert (found < 3.0 * distance + 1e-6).sum() == neighbors * len(one)
    cell = perfect.crystal("bcc", 2.855, 0, 10.0)
    assert len(perfect.vacancy(cell)) == 127
    assert [len(one) for one in perfect.interstitials(cell, 2.855)] == [129] * 3
    with pytest.raises(MLGrainError, match="none of the crystals"):
        perfect.crystal("tcp", 3.0, 0, 8.0)


def test_parts_are_kept_and_belong_to_their_options(tmp_path, crystals):
    crystals[0].energy, crystals[0].virial = 1.5, np.arange(6.0)
    crystals[0].forces = np.ones((len(crystals[0]), 3))
    folder = recipe.Folder(str(tmp_path / "parts"), {"seed": 0})
    folder.part("one", lambda: crystals)
    found = folder.part("one", lambda: pytest.fail("made again"))
    for a, b in zip(crystals, found):
        assert (a.positions == b.positions).all() and (a.cell == b.cell).all()
        assert (a.ancestry, a.kind) == (b.ancestry, b.kind)
    assert found[0].energy == 1.5 and (found[0].forces == 1).all() and found[1].energy is None
    crystals[0].energy = crystals[0].forces = crystals[0].virial = None
    with pytest.raises(MLGrainError, match="other options"):
        recipe.Folder(str(tmp_path / "parts"), {"seed": 1})
    (tmp_path / "parts" / "one.npz").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(MLGrainError, match="can't be read"):
        recipe.Folder(str(tmp_path / "parts"), {"seed": 0}).part("one", list)


def command(tmp_path, *more, lmp=None):
    return ["mtp", "random-crystals", "--species", "Cu", "--volume", "11.8", *PAIR, "--lammps",
            lmp or LMP or "lmp", "-o", str(tmp_path / "out.cfg"), *more]


@pytest.mark.parametrize("change, text", [
    (["--species", "Cu", "Xx"], "not a chemical symbol"),
    (["--species", "Cu", "Cu"], "given twice"),
    (["--species", "Cu", "Ni"], "--volume: 1 for 2 species"),
    (["--atoms", "5", "2"], "--atoms: 5 is above 2"),
    (["--triax", "1.5", "0.8"], "--triax: 1.5 is not a whole number"),
    (["--crystal", "Ni", "fcc", "3.5"], "Ni is not among the species"),
    (["--crystal", "Cu", "tcp", "3.5"], "'tcp' is none of"),
    (["--crystal", "Cu", "fcc", "-3.5"], "--crystal"),
    (["--crystals", "0"], "nothing to make"),
    (["--min-dist", "1", "2"], "--min-dist: 2 for 1 species"),
    (["--lammps", "/nowhere/lmp"], "/nowhere/lmp can't be run"),
])
@with_core
def test_wrong_arguments(tmp_path, capsys, change, text):
    assert cli.main(command(tmp_path, *change)) == 1
    assert text in capsys.readouterr().err


@with_core
def test_what_lammps_says_is_said(tmp_path, capsys):
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\necho 'ERROR: no such pair style'\nexit 1\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    assert cli.main(command(tmp_path, lmp=str(fake))) == 1
    assert "ERROR: no such pair style" in capsys.readouterr().err


SHIFTS = np.array(list(itertools.product(range(-6, 7), repeat=3)))


def lennard_jones(structure):
    """Energy and forces of PAIR, plainly."""
    energy, forces = 0.0, np.zeros((len(structure), 3))
    for i, j in itertools.product(range(len(structure)), repeat=2):
        apart = structure.positions[j] - structure.positions[i] + SHIFTS @ structure.cell
        r = np.linalg.norm(apart, axis=1)
        apart, r = apart[(r > 0) & (r < 5.0)], r[(r > 0) & (r < 5.0)]
        six = (2.3 / r)**6
        energy += 0.5 * 4 * 0.4 * (six**2 - six).sum()
        forces[i] -= (4 * 0.4 * (12 * six**2 - 6 * six) / r**2) @ apart
    return energy, forces


@with_lammps
def test_labels(crystals):
    run = lammps.Lammps([LMP], "lj/cut 5.0", ["* * 0.4 2.3"], 1, [])
    found = run.label(crystals[:12])
    for before, one in zip(crystals, found):
        energy, forces = lennard_jones(before)
        assert (one.positions == before.positions).all()
        assert one.energy == pytest.approx(energy, rel=1e-6)
        assert one.forces == pytest.approx(forces, rel=1e-5, abs=1e-5 * np.abs(forces).max() + 1e-9)
    # The virial: minus the energy's derivative by a strain, of a crystal without symmetry.
    shaken = strains.variants([max(crystals, key=len)], {"RATTLE": (1, 0.4)}, LIMITS, 0)
    one, step = run.label(shaken)[0], 1e-5
    assert len(set(np.round(one.virial, 1))) == 6
    for place, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        strain = np.zeros((3, 3))
        strain[i, j] = strain[j, i] = step if i == j else 0.5 * step
        ends = [reduced(Structure(one.cell @ (np.eye(3) + sign * strain),
                                  one.positions @ (np.eye(3) + sign * strain), one.species, "", ""))
                for sign in (-1, 1)]
        low, high = (lennard_jones(end)[0] for end in ends)
        assert one.virial[place] == pytest.approx(-(high - low) / (2 * step), rel=1e-4, abs=1e-3)


@with_lammps
def test_stages_lower_the_energy(crystals):
    run = lammps.Lammps([LMP], "lj/cut 5.0", ["* * 0.4 2.3"], 1, [])
    for first, stages in zip(run.label(crystals[:10]), run.relax(crystals[:10])):
        assert [one.kind for one in stages] == ["VOLMIN", "CELLMIN", "INTMIN"]
        energies = [first.energy] + [one.energy for one in run.label(stages)]
        assert all(after <= before + 1e-3 * abs(before) for before, after in
                   zip(energies, energies[1:])), first.ancestry
        # Stage 1 changes the volume only.
        changed = stages[0].cell @ stages[0].cell.T / (first.cell @ first.cell.T + 1e-300)
        diagonal = np.diag(changed)
        assert diagonal == pytest.approx(diagonal[0], rel=1e-5)


@with_lammps
def test_lammps_stops_at_one(crystals):
    """A structure at which LAMMPS stops is left out; those after it are done. Here two atoms are
    at the same place."""
    bad = Structure(np.diag([4.0, 4.0, 4.0]), np.zeros((2, 3)), np.zeros(2, dtype=int), "RANDSPG",
                    "bad")
    some = [*crystals[:4], bad, *crystals[4:8]]
    run = lammps.Lammps([LMP], "lj/cut 5.0", ["* * 0.4 2.3"], 1, [])
    labeled = run.label(some)
    assert [one is None for one in labeled] == [one is bad for one in some]
    relaxed = run.relax(some)
    assert [len(one) for one in relaxed] == [0 if one is bad else 3 for one in some]


@with_lammps
def test_a_process_that_fails_once(crystals, tmp_path):
    """By what surrounds it, not by a structure: none is left out."""
    once = tmp_path / "lmp"
    once.write_text(f"#!/bin/sh\nif mkdir {tmp_path}/begun 2>&-; then exit 3; fi\n"
                    f"exec {LMP} \"$@\"\n")
    once.chmod(0o755)
    run = lammps.Lammps([str(once)], "lj/cut 5.0", ["* * 0.4 2.3"], 1, [])
    assert all(one is not None for one in run.label(crystals[:4]))
    assert (tmp_path / "begun").is_dir()


@with_lammps
@with_core
def test_the_command(tmp_path, capsys):
    more = ["--crystals", "6", "--atoms", "1", "3", "--crystal", "Cu", "fcc", "3.6",
            "--temperatures", "300", "--frames", "2"]
    assert cli.main(command(tmp_path, *more, "--keep")) == 0
    first = (tmp_path / "out.cfg").read_text()
    out = capsys.readouterr().out
    for kind in ("RANDSPG", "VOLMIN", "CELLMIN", "INTMIN", "TRIAX", "SHEAR", "RATTLE", "CRYSTAL",
                 "WARM", "VACANCY", "INTERSTITIAL"):
        assert kind in out
    found = list(configurations.read([tmp_path / "out.cfg"]))
    assert all(one.energy is not None and one.forces is not None and one.virial is not None
               and set(one.types) == {29} for one in found)
    # A run that was interrupted goes on from its parts; one from nothing, with more jobs, is the
    # same.
    (tmp_path / "out.cfg").unlink()
    for name in ("all.npz", "strained.npz"):
        (tmp_path / "out.cfg.parts" / name).unlink()
    assert cli.main(command(tmp_path, *more, "--jobs", "2")) == 0
    assert (tmp_path / "out.cfg").read_text() == first
    assert not (tmp_path / "out.cfg.parts").exists()
    assert cli.main(command(tmp_path, *more)) == 0
    assert (tmp_path / "out.cfg").read_text() == first
    assert cli.main(command(tmp_path, *more, "--seed", "1")) == 0
    assert (tmp_path / "out.cfg").read_text() != first


@with_lammps
@with_core
def test_extended_xyz_is_the_same(tmp_path):
    pytest.importorskip("ase")
    more = ["--crystals", "3", "--atoms", "1", "3"]
    assert cli.main(command(tmp_path, *more)) == 0
    assert cli.main(command(tmp_path, *more, "-o", str(tmp_path / "out.xyz"))) == 0
    assert cli.main(command(tmp_path, *more, "-o", str(tmp_path / "zero.cfg"),
                            "--types-from-zero")) == 0
    assert all(set(one.types) == {0} for one in configurations.read([tmp_path / "zero.cfg"]))
    cfg, xyz = (list(configurations.read([tmp_path / f"out.{end}"])) for end in ("cfg", "xyz"))
    assert len(cfg) == len(xyz) > 0
    for a, b in zip(cfg, xyz):
        assert (a.types == b.types).all() and a.energy == pytest.approx(b.energy)
        assert a.forces == pytest.approx(b.forces) and a.positions == pytest.approx(b.positions)
        assert a.virial == pytest.approx(b.virial, abs=1e-9)
        assert a.features["kind"] == b.features["config_type"]
