# SPDX-License-Identifier: GPL-2.0-or-later
"""Straight dislocations of report cards: elasticity held to closed forms, energies of cores."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from mlgrain.validation.anisotropic import Line, stiffness
from mlgrain.validation.cylinder import Cylinder
from mlgrain.validation.properties import dislocations, elastic
from mlgrain.validation.properties.common import Crystal, Failure
from mlgrain.validation.properties.dislocations import Dislocation
from mlgrain.validation.session import Session

LMP = os.environ.get("MLGRAIN_LMP") or shutil.which("lmp")
FILES = os.environ.get("MLGRAIN_LAMMPS_POTENTIALS", "")
with_lammps = pytest.mark.skipif(
    not LMP or not os.path.exists(os.path.join(FILES, "Cu_mishin1.eam.alloy")),
    reason="no LAMMPS: MLGRAIN_LMP and MLGRAIN_LAMMPS_POTENTIALS aren't set")

AXES = ((1, 1, -2), (-1, 1, 0), (1, 1, 1))
SHEAR, POISSON = 75.0, 0.3
ISOTROPIC = {"C44": SHEAR, "C12": 2 * SHEAR * POISSON / (1 - 2 * POISSON)}
ISOTROPIC["C11"] = ISOTROPIC["C12"] + 2 * SHEAR
COPPER = {"C11": 170.0, "C12": 123.0, "C44": 76.0}


def medium(constants, axes=AXES):
    return stiffness(constants["C11"], constants["C12"], constants["C44"], axes)


def places(count=40):
    return np.random.default_rng(5).normal(size=(2, count))


def edge(b, y, z):
    """Displacements along b and along the normal (J. P. Hirth, J. Lothe, Theory of Dislocations,
    section 3-4)."""
    square = y * y + z * z
    along = b / (2 * np.pi) * (np.arctan2(z, y) + y * z / (2 * (1 - POISSON) * square))
    normal = -b / (2 * np.pi) * ((1 - 2 * POISSON) / (4 * (1 - POISSON)) * np.log(square)
                                 + (y * y - z * z) / (4 * (1 - POISSON) * square))
    return along, normal


def test_the_stiffness_of_turned_axes():
    stiff = medium(COPPER)
    # C. along <111> and across, from the cubic constants.
    c11, c12, c44 = COPPER.values()
    assert stiff[2, 2, 2, 2] == pytest.approx((c11 + 2 * c12 + 4 * c44) / 3)
    assert stiff[0, 2, 0, 2] == pytest.approx((c11 - c12 + c44) / 3)
    assert stiff == pytest.approx(stiff.transpose(1, 0, 2, 3))
    assert stiff == pytest.approx(stiff.transpose(2, 3, 0, 1))
    assert medium(COPPER, np.eye(3))[0, 0, 1, 1] == pytest.approx(c12)


def test_isotropic_media_are_as_in_textbooks():
    line = Line(medium(ISOTROPIC))
    factors = SHEAR / (4 * np.pi) * np.diag([1, 1 / (1 - POISSON), 1 / (1 - POISSON)])
    assert line.energy == pytest.approx(factors, abs=1e-9)
    y, z = places()
    screw = line.displacement(np.array([2.5, 0, 0]), y, z)
    assert screw[:, 0] == pytest.approx(2.5 / (2 * np.pi) * np.arctan2(z, y))
    assert screw[:, 1:] == pytest.approx(0, abs=1e-12)
    moved = line.displacement(np.array([0, 2.5, 0]), y, z)
    along, normal = edge(2.5, y, z)
    assert moved[:, 1] == pytest.approx(along)
    shift = moved[:, 2] - normal  # a constant is free
    assert shift == pytest.approx(shift[0])


def test_anisotropic_fields_keep_to_their_equations():
    stiff = medium(COPPER)
    line, burgers, h = Line(stiff), np.array([0.3, 1.0, 0.5]), 1e-4
    below, above = line.displacement(burgers, np.array([-1.0, -1.0]), np.array([-1e-9, 1e-9]))
    assert above - below == pytest.approx(burgers, abs=1e-7)
    y, z = places()
    y, z = y[np.hypot(y, z) > 0.3], z[np.hypot(y, z) > 0.3]
    steps = [(0, 0), (h, 0), (0, h)]
    gradient = line.gradient(burgers, y, z)
    for k in (1, 2):
        dy, dz = steps[k]
        change = line.displacement(burgers, y + dy, z + dz) - line.displacement(
            burgers, y - dy, z - dz)
        change -= np.round(change / burgers) * burgers  # across the cut
        assert gradient[..., k] == pytest.approx(change / (2 * h), abs=1e-5)
    assert (gradient[..., 0] == 0).all()
    second = np.stack([(line.gradient(burgers, y + dy, z + dz)
                        - line.gradient(burgers, y - dy, z - dz)) / (2 * h)
                       for dy, dz in steps], axis=-1)
    force = np.einsum("ijkl,...klj->...i", stiff, second)
    assert np.abs(force).max() < 1e-5 * np.abs(stiff).max() * np.abs(second).max()
    # Around the line there is K / r of energy.
    turn = 2 * np.pi * np.arange(360) / 360
    around = line.gradient(burgers, np.cos(turn), np.sin(turn))
    density = 0.5 * np.einsum("ijkl,...ij,...kl->...", stiff, around, around).mean()
    assert 2 * np.pi * density == pytest.approx(burgers @ line.energy @ burgers)


def test_characters_of_lines():
    for lattice, lines in dislocations.LINES.items():
        for angle in lines:
            one = Dislocation(Crystal(lattice, 3.0, 1.0), angle, COPPER)
            cosine = one.b[0] / one.length
            assert np.degrees(np.arccos(cosine)) == pytest.approx(angle, abs=0.6)
            assert one.b[2] == pytest.approx(0) and np.linalg.det(one.axes) > 0
            assert sum(one.parts) == pytest.approx(one.b)
            mixed = Dislocation(Crystal(lattice, 3.0, 1.0), angle, ISOTROPIC)
            sine = 1 - cosine ** 2
            assert mixed.K == pytest.approx(SHEAR / 160.21766 * one.length ** 2 / (4 * np.pi)
                                            * (cosine ** 2 + sine / (1 - POISSON)))
    copper = Dislocation(Crystal("fcc", 3.0, 1.0), 90, COPPER)
    for part in copper.parts:  # <112>/6
        assert np.linalg.norm(part) == pytest.approx(3.0 / np.sqrt(6))


def test_unstable_crystals_are_told():
    for change in ({"C44": -1.0}, {"C12": 171.0}, {"C12": -90.0}):
        with pytest.raises(Failure, match="unstable crystal"):
            Dislocation(Crystal("fcc", 3.6, 1.0), 0, {**COPPER, **change})


def test_what_two_dislocations_have_beyond_a_circle():
    one = Dislocation(Crystal("fcc", 3.6, 1.0), 0, ISOTROPIC)
    one.parts = [0.5 * one.b, 0.5 * one.b]
    for apart in (5.0, 20.0, 34.0):
        # Two screws: the strain's square is |z / (z^2 - (apart/2)^2)|^2, as a series.
        exact = -0.25 * one.K * np.log(1 - (apart / 40.0) ** 4)
        assert one.outside(20.0, apart) == pytest.approx(exact, rel=1e-4)
    assert one.outside(20.0, 0.0) == pytest.approx(0, abs=1e-12)


def test_a_core_energy_from_energies_within_radii():
    one = Dislocation(Crystal("fcc", 3.6, 1.0), 90, COPPER)
    distances = np.linspace(25.0, 50.0, 2000)
    some = np.linspace(25.0, 50.0, 11)
    energies = 0.123 + one.K * np.log(distances / one.length) + 7.0 / distances ** 2
    energies -= np.interp(distances, some, [one.outside(r, 16.0) for r in some])
    found, radii, flat = dislocations.core(one, distances, energies, 50.0, 16.0)
    assert found == pytest.approx(0.123, abs=2e-4)
    assert (radii[0], radii[-1]) == (30.0, 48.0)
    assert flat == pytest.approx(0.123 + 7.0 / radii ** 2, abs=1e-3)
    with pytest.raises(Failure, match="75 Å apart, too far"):
        dislocations.core(one, distances, energies, 50.0, 75.0)


def divided_anew(cylinder, positions, energies, reach=3.0, part=0.03):
    """Energies of atoms, each of which gives a part of its own to each neighbor within reach."""
    edge_x = cylinder.cell[0, 0]
    found = energies.copy()
    for k, place in enumerate(positions):
        step = positions - place
        for image in (-1, 0, 1):
            near = np.linalg.norm(step + [image * edge_x, 0, 0], axis=1) < reach
            found[near] += part * energies[k]
            found[k] -= part * energies[k] * np.count_nonzero(near)
    return found


@with_lammps
def test_core_energies_of_others_sizes_and_divisions(monkeypatch):
    """The energy of a core is neither the cylinder's nor of how energy is divided among atoms, and
    the energy around it grows as anisotropic elasticity has it."""
    crystal = Crystal("bcc", 2.855324, 55.845, -4.1224351)
    found = {}
    with Session([LMP], "eam/fs", [f"* * {FILES}/Fe_mm.eam.fs Fe"], [], 55.845) as session:
        one = Dislocation(crystal, 0, elastic.run(session, crystal)[0])
        center = dislocations.centers(crystal, one)[0]
        for radius in (22.0, 28.0):
            monkeypatch.setitem(dislocations.RADIUS, "bcc", radius)
            cylinder, positions, apart, slip = dislocations.relaxed(session, crystal, one, center,
                                                                    0.0)
            assert (apart, slip) == (0.0, None)
            distances, energies = dislocations.within(session, crystal, cylinder, positions, center)
            found[radius] = dislocations.core(one, distances, energies, radius, 0.0)[0]
    assert found[28.0] == pytest.approx(0.2068, abs=0.001)  # eV/A, as with a radius of 30 A
    assert found[22.0] == pytest.approx(found[28.0], abs=0.002)
    radii = np.linspace(10.0, 26.0, 100)
    steps = energies[np.searchsorted(distances, radii, side="right") - 1]
    assert np.polyfit(np.log(radii), steps, 1)[0] == pytest.approx(one.K, rel=0.02)
    # Of the isotropic medium with Voigt's averages it doesn't.
    assert one.b @ Line(voigt(one.stiff)).energy @ one.b > 1.3 * one.K
    order = np.argsort(np.linalg.norm(cylinder.positions[:, 1:] - center, axis=1), kind="stable")
    own, other = np.diff(energies, prepend=0.0), np.empty_like(energies)
    other[order] = own
    other = divided_anew(cylinder, positions, other)[order]
    assert np.abs(other - own).max() > 0.1 * np.abs(own).max()
    again = dislocations.core(one, distances, np.cumsum(other), 28.0, 0.0)[0]
    assert again == pytest.approx(found[28.0], abs=0.002)


def voigt(stiff):
    """The isotropic medium whose stiffness is the average over all orientations."""
    whole, pairs = np.einsum("iijj", stiff), np.einsum("ijij", stiff)
    shear, c12 = (3 * pairs - whole) / 30, (2 * whole - pairs) / 15
    return stiffness(c12 + 2 * shear, c12, shear, np.eye(3))


@with_lammps
def test_partials_of_copper_and_others(monkeypatch):
    crystal = Crystal("fcc", 3.614927, 63.546, -3.5402183)
    monkeypatch.setitem(dislocations.RADIUS, "fcc", 28.0)
    monkeypatch.setitem(dislocations.LINES, "fcc", {0: (-1, 1, 0)})
    with Session([LMP], "eam/alloy", [f"* * {FILES}/Cu_mishin1.eam.alloy Cu"], [],
                 63.546) as session:
        values, (cores, lines, slips) = dislocations.run(session, crystal)
    # With a radius of 50 A: 13.9 A, 107.5 meV/A.
    assert values["partials_screw"] == pytest.approx(13.8, abs=0.4)
    assert values["core_0"] == pytest.approx(107.5, abs=2.0)
    assert cores["lines"][0][2] == [values["core_0"]]
    slip = np.array(slips["lines"][0][2])
    assert slip[0] == pytest.approx(1.0, abs=0.1) and slip[-1] == 0
    assert np.ptp(lines["lines"][0][2]) < 5.0
