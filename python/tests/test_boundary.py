# SPDX-License-Identifier: GPL-2.0-or-later
"""Boundaries by five parameters: every way to make one, keys, names, lists, distances, energies."""

import itertools
import math
import os
import pickle
import random

import numpy as np
import pytest

from mlgrain import Boundary, Crystal, MLGrainError, NearBoundary
from mlgrain.boundaries.boundary import boundaries, brk_energy, classes
from mlgrain.compiled import is_compiled

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the core is not compiled")

SIGMA5 = ([(3, 1, 0), (0, 0, 1), (1, -3, 0)], [(3, 1, 0), (0, 0, -1), (-1, 3, 0)])


def sigma5():
    return Boundary.from_rows(*SIGMA5)


def turns():
    """The 24 rotations of a cube, as matrices."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            m = np.zeros((3, 3), int)
            m[range(3), order] = signs
            if round(np.linalg.det(m)) == 1:
                yield m


def test_what_a_boundary_is():
    b = sigma5()
    assert (b.sigma, b.kind, b.planes) == (5, "symmetric tilt", ((3, 1, 0), (3, 1, 0)))
    angle, axis = b.disorientation
    assert angle == pytest.approx(math.degrees(2 * math.atan(1 / 3))) and axis == (1, 0, 0)
    assert b.period_area == pytest.approx(math.sqrt(10) / 2)
    assert abs(np.linalg.det(b.csl)) == pytest.approx(5 / 4)
    assert abs(np.linalg.det(b.dsc)) == pytest.approx(1 / 20)
    assert np.allclose(b.period @ (3, 1, 0), 0)
    net, step, area, spacing = b.nets(1)
    assert area * spacing == pytest.approx(1 / 4) and np.allclose(net @ (3, 1, 0), 0)
    assert step @ (3, 1, 0) / math.sqrt(10) == pytest.approx(spacing)
    assert b.shift_area == pytest.approx(b.nets(1)[2] * b.nets(2)[2] / b.period_area)
    assert "Sigma5 36.87 degrees [1 0 0], (3 1 0) / (3 1 0), symmetric tilt" in repr(b)
    assert [str(n) for n in b.names][0] == "36.8699 degrees about [1 0 0], (0 3 1) / (0 3 -1), tilt"


def test_all_ways_lead_to_one():
    b = sigma5()
    ways = [Boundary.from_rows(*([rows[1], rows[2], rows[0]] for rows in SIGMA5), normal=2),
            Boundary.from_quadruple((0, 3, 1, 0), (3, 1, 0)),
            Boundary.from_axis_angle((0, 0, 1), 36.87, (3, 1, 0)),
            Boundary.from_axis_angle((0, 0, 2), -36.87, (3, -1, 0)),
            Boundary.from_axis_angle((0, 0, 1), 36.87 + 90, (3, 1, 0)),
            Boundary.from_axis_angle((3, 1, 0), 180, (3, 1, 0)),
            Boundary.from_matrix([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]], (3, 1, 0)),
            Boundary.from_euler((0, 0, 0), (36.87, 0, 0), (3, 1, 0), tolerance=0.01),
            Boundary.from_euler((10, 0, 0), (46.87, 0, 0),
                                (math.cos(math.radians(10 + 18.43495)),
                                 math.sin(math.radians(10 + 18.43495)), 0)),
            Boundary.from_sigma("Sigma5 (3 1 0)"), Boundary.from_sigma("S5 (310)"),
            Boundary.from_sigma("sigma 5a <1 0 0> {3,1,0}"), b.canonical,
            Boundary.from_key(b.numbers)]
    for other in ways:
        assert other == b and hash(other) == hash(b) and other.key == b.key, other
        assert other.sigma == 5 and other.kind == b.kind
        assert other.distance(b) == pytest.approx(0, abs=1e-7)
        assert other.distance(b, "morawiec") == pytest.approx(0, abs=1e-7)
        assert other.brk_energy("Cu") == pytest.approx(b.brk_energy("Cu"), abs=1e-5)
    assert Boundary.from_axis_angle((0, 0, 1), 36.87, (3, 1, 0)).deviation < 2e-4


def test_others_differ():
    b = sigma5()
    others = [Boundary.from_sigma("Sigma5 (210)"), Boundary.from_sigma("Sigma3 (111)"),
              Boundary.from_sigma("Sigma5 (100)"),
              Boundary.from_axis_angle((0, 0, 1), 36.87, (3, -1, 0)),
              Boundary.from_rows(*SIGMA5, lattice="bcc"),
              Boundary.from_rows(*SIGMA5, lattice="diamond")]
    assert len({b, *others}) == 7
    assert b != 5 and b not in others
    for other in others[:4]:
        assert other.distance(b) > 0.05
    assert Boundary.from_rows(*SIGMA5, lattice=Crystal.named("fcc", 4.05)) == b


FCC = [(0, 0, 0), (0, .5, .5), (.5, 0, .5), (.5, .5, 0)]


def test_crystals_are_what_they_are_made_of():
    copper = Crystal.from_cell(3.615 * np.eye(3), FCC, name="copper")
    b = Boundary.from_text("S5(310)", copper)
    assert b == sigma5() and b.brk_energy("Cu") == pytest.approx(sigma5().brk_energy("Cu"))
    eight = [tuple(x + shift for x in place) for place in FCC for shift in (0.1, 0.35)]
    pairs = {"diamond": Crystal.from_cell(5.43 * np.eye(3), eight),
             "B2": Crystal.from_cell(np.eye(3), [(.5, .5, .5), (0, 0, 0)], [2, 1]),
             "L1_2": Crystal.from_cell(np.eye(3), FCC, [1, 2, 2, 2]),
             "hcp": Crystal.from_cell(*Crystal.named("hcp", 2.9).cell())}
    for name, other in pairs.items():
        assert Crystal.named(name).identity == other.identity
    assert len({c.identity for c in [copper, *pairs.values()]}) == 5
    assert Crystal.from_cell(np.eye(3), FCC, [1, 1, 2, 2]).identity != pairs["L1_2"].identity


def test_pickle_and_key():
    hcp = Crystal.hcp(2.95, 4.68)
    made = [Boundary.from_text("[0 0 1] 36.87 (3 1 0)"), Boundary.from_text("Sigma7 (0001)", hcp)]
    for b in made:
        again = pickle.loads(pickle.dumps(b))
        assert again == b and again.planes == b.planes and again.deviation == b.deviation
        assert again.crystal == b.crystal and Boundary.from_key(b.key, b.crystal) == b
    with pytest.raises(MLGrainError, match="another crystal"):
        Boundary.from_key(made[1].key)
    near = NearBoundary.from_text("[1 1 0] 55 (0 0 1)", most_strain=5e-3)
    again = pickle.loads(pickle.dumps(near))
    assert again.strain == near.strain and np.allclose(again.shifts, near.shifts)


def test_strain_of_axes():
    assert Crystal.named("hcp").strain == 0.0
    titanium = Crystal.hcp(2.95, 4.68)
    assert titanium.strain == pytest.approx(abs(titanium.axes()[2, 2] / 4.68 - 1))
    rutile = Crystal.from_cell(np.diag([4.594, 4.594, 2.959]), [(0, 0, 0)])
    assert rutile.strain < 3e-4
    assert Boundary.from_text("[0 0 1] 36.87 (3 1 0)", rutile).sigma == 5


def test_energy_of_angles():
    assert brk_energy("S5(310)", "Cu") == sigma5().brk_energy("Cu")
    assert brk_energy("[0 0 1] 36.87 (3 1 0)", "Cu", tolerance=0.0) == pytest.approx(
        sigma5().brk_energy("Cu"), abs=1e-4)


def test_keys_of_random_descriptions():
    random.seed(3)
    cube = list(turns())
    for _ in range(30):
        quadruple = [random.randint(-4, 4) for _ in range(4)]
        plane = [random.randint(-4, 4) for _ in range(3)]
        try:
            b = Boundary.from_quadruple(quadruple, plane)
        except MLGrainError:
            continue
        matrix, divisor = b.rotation
        r = np.array(matrix) / divisor
        for _ in range(10):
            s, t = random.choice(cube), random.choice(cube)
            turned, normal = s @ r @ t.T, s @ b.planes[0]
            if random.random() < 0.5:
                turned, normal = turned.T, np.round(turned.T @ normal * divisor).astype(int)
            if random.random() < 0.5:
                normal = -normal
            assert Boundary.from_matrix(turned, normal.tolist(), tolerance=1e-5) == b


def test_kinds():
    kinds = {"Sigma5 (100)": "twist", "Sigma3 (111)": "symmetric tilt",
             "Sigma17a [1 0 0] (1 0 0)": "twist"}
    for label, kind in kinds.items():
        assert Boundary.from_sigma(label).kind == kind
    assert Boundary.from_axis_angle((0, 0, 1), 36.87, (1, 0, 0)).kind == "asymmetric tilt"
    assert Boundary.from_axis_angle((1, 2, 0), 48.19, (5, 3, 1)).kind == "mixed"


def test_names_hold_the_known_ones():
    names = Boundary.from_sigma("Sigma3 (111)").names
    assert [(round(n.angle, 2), n.axis) for n in names if n.is_twist][0] == (60.0, (1, 1, 1))
    assert any(n.is_tilt and n.axis == (1, 1, 0) and abs(n.angle - 70.5288) < 1e-3 for n in names)
    assert any(abs(n.angle - 180) < 1e-9 and n.axis == (1, 1, 1) for n in names)


def test_lists():
    assert [len(classes(n)) for n in (29, 49, 99, 199)] == [21, 47, 146, 470]
    assert classes(5) == [(3, pytest.approx(60.0), (1, 1, 1)),
                          (5, pytest.approx(36.8698976), (1, 0, 0))]
    found = boundaries(49, 100.0, Crystal.named("fcc", 3.615))
    assert len(found) == len(set(found)) == 740
    assert all(b.period_area <= 100.0 and b.sigma <= 49 for b in found)
    assert found[0].sigma == 3 and [b.sigma for b in found] == sorted(b.sigma for b in found)
    assert {b.sigma for b in boundaries(9, 3.0, least_sigma=7)} == {7, 9}
    hexagonal = [(sigma, round(angle, 2)) for sigma, angle, _ in classes(14, "hcp")]
    assert hexagonal == [(7, 21.79), (10, 78.46), (11, 62.96), (13, 27.80), (14, 44.42)]


def test_hexagonal():
    b = Boundary.from_axis_angle((0, 0, 1), 21.7868, (0, 0, 1), "hcp")
    assert (b.sigma, b.kind) == (7, "twist")
    other = Boundary.from_axis_angle((0, 0, 1), 21.7868, (0, 0, 1), Crystal.hcp(2.95, 4.68))
    assert other.sigma == 7 and other != b  # about c for any c/a
    rows = Boundary.from_rows([(0, 0, 1), (3, 1, 0), (1, 5, 0)], [(0, 0, 1), (3, 2, 0), (-1, 4, 0)],
                              "hcp")
    assert rows.sigma == 7 and rows == b
    # {10-12}, the most usual twin of hexagonal metals: half a turn about the normal, 86.6 degrees
    # about <11-20>
    twin = Boundary.from_quadruple((0, 16, 8, 9), (1, 0, 2), "hcp")
    assert (twin.sigma, twin.kind, twin.planes[1]) == (17, "symmetric tilt", (1, 0, 2))
    assert twin.disorientation == (pytest.approx(86.63, abs=0.005), (1, 1, 0))
    assert twin == Boundary.from_sigma("Sigma17 (1 0 2)", "hcp")
    assert Crystal.hcp(2.95, 4.68).ratio.denominator <= 30


def test_diamond_and_compounds():
    for name in ("diamond", "B2", "L1_2", "hcp", "fcc", "bcc", "sc"):
        assert Crystal.named(name, 3.0).has_inversion()
    zincblende = Crystal.custom("zincblende", 5.65, "fcc", [
        (1, (0, 0, 0)), (2, (0.25, 0.25, 0.25))])
    assert not zincblende.has_inversion()
    assert Boundary.from_sigma("Sigma3 (111)", zincblende).sigma == 3
    tetragonal = Crystal.custom("tin", 5.83, gram=[(4, 0, 0), (0, 4, 0), (0, 0, 1)])
    assert Boundary.from_quadruple((2, 0, 0, 1), (1, 0, 0), tetragonal).kind == "asymmetric tilt"


def test_energies():
    twin = Boundary.from_sigma("Sigma3 (111)")
    assert twin.brk_energy("Ni") == pytest.approx(0.0624, abs=5e-5)
    known = {"Sigma5 (310)": 0.866, "Sigma5 (210)": 0.929, "Sigma11 (311)": 0.309,
             "Sigma3 (211)": 0.660, "Sigma5 (100)": 0.728, "Sigma3 (111)": 0.0235}
    for label, energy in known.items():
        assert Boundary.from_sigma(label).brk_energy("Cu") == pytest.approx(energy, abs=6e-4)


@pytest.mark.parametrize("make,reason", [
    (lambda: Boundary.from_rows([(1, 0, 0)] * 2, SIGMA5[1]), "P: 3 x 3"),
    (lambda: Boundary.from_rows([(1, 0, 0.5)] * 3, SIGMA5[1]), "P, row 1: 0.5 is not"),
    (lambda: Boundary.from_rows(SIGMA5[0], [(1, 1, 0), (0, 0, 1), (1, -1, 0)]), "isn't whole"),
    (lambda: Boundary.from_rows(SIGMA5[0], SIGMA5[0]), "the two crystals are one"),
    (lambda: Boundary.from_rows(*SIGMA5, normal=3), "normal"),
    (lambda: Boundary.from_rows(*SIGMA5, lattice="hex"), "'hex' is none of"),
    (lambda: Boundary.from_rows([(10 ** 10, 0, 0), (0, 1, 0), (0, 0, 1)], SIGMA5[1]), "too large"),
    (lambda: Boundary.from_quadruple((0, 0, 0, 0), (1, 0, 0)), "four zeros"),
    (lambda: Boundary.from_quadruple((3, 1, 0, 0), (0, 0, 0)), "no plane"),
    (lambda: Boundary.from_quadruple((3, 1, 0), (1, 0, 0)), "4 whole numbers"),
    (lambda: Boundary.from_quadruple((10 ** 8, 3, 1, 7), (1, 0, 0)), "64 bits"),
    (lambda: Boundary.from_axis_angle((0, 0, 1), 36.8, (3, 1, 0), largest=5), "the nearest is off"),
    (lambda: Boundary.from_axis_angle((0, 0, 0), 36.8, (3, 1, 0)), "no direction"),
    (lambda: Boundary.from_axis_angle((0, 0, 1), float("nan"), (3, 1, 0)), "not finite"),
    (lambda: Boundary.from_matrix(np.eye(3) * 2, (3, 1, 0)), "rotation matrix"),
    (lambda: Boundary.from_euler((0, 0, 0), (1, 2), (0, 0, 1)), "second: 3 numbers"),
    (lambda: Boundary.from_euler((0, 0, 0), (30, 0, 0), (0, 0, 0)), "normal: it is zero"),
    (lambda: Boundary.from_sigma("Sigma five"), "no label"),
    (lambda: Boundary.from_sigma("q 3 0 0 1 (3 1 0)"), "no label"),
    (lambda: Boundary.from_text("[0 0 1] 36.87 (3 1 0)", tolerance=-1), "negative"),
    (lambda: Boundary.from_sigma("Sigma5 (1 1 1)"), "no boundary is"),
    (lambda: Boundary.from_sigma("Sigma5b (3 1 0)"), "has 1 rotation"),
    (lambda: Boundary.from_sigma("Sigma13 (1 0 0 1)"), "four indices are for"),
    (lambda: sigma5().brk_energy("Fe"), "one of Al"),
    (lambda: Boundary.from_rows(*SIGMA5, lattice="bcc").brk_energy("Cu"), "fcc metals"),
    (lambda: sigma5().distance(Boundary.from_rows(*SIGMA5, lattice="bcc")), "one lattice"),
    (lambda: sigma5().distance(sigma5(), "best"), "one of octonion"),
    (lambda: sigma5().nets(0), "1 or 2"),
    (lambda: classes(1e9), "from 1 to 10000"),
    (lambda: boundaries(5, -1), "not positive"),
    (lambda: Crystal.named("fcc", -1), "not a length"),
    (lambda: Crystal.custom("x", 1, "hcp"), "given by gram"),
    (lambda: Crystal.custom("x", 1, gram=[(1, 2), (3, 4)]), "3 x 3"),
])
def test_bad_input(make, reason):
    with pytest.raises(MLGrainError) as error:
        make()
    assert reason in str(error.value)


# --- the 388 boundaries of Olmsted, Foiles and Holm, where they are ---

def olmsted():
    folder = os.environ.get("MLGRAIN_REFERENCE_DIR", "")
    path = os.path.join(folder, "ni388", "olmsted_xtal_info.csv")
    if not os.path.exists(path):
        pytest.skip("no reference data: MLGRAIN_REFERENCE_DIR/ni388")
    with open(path, encoding="utf-8") as file:
        names = file.readline().strip().split(",")
        for line in file:
            row = dict(zip(names, line.strip().split(",")))
            yield row, *[[[int(float(row[f"{side}{i}{j}"])) for j in (1, 2, 3)] for i in (1, 2, 3)]
                         for side in "LR"]


def test_olmsted_boundaries():
    small, kinds = set(boundaries(49, 100.0, Crystal.named("fcc", 3.615))), []
    known = 0
    for row, p, q in olmsted():
        b = Boundary.from_rows(p, q, Crystal.named("fcc", 3.615))
        assert b.sigma == int(float(row["Sigma"]))
        assert b.disorientation[0] <= float(row["disorientation"]) + 1e-3
        kinds.append(b.kind)
        if b.sigma <= 49 and b.period_area <= 100.0:
            known += 1
            assert b in small
    assert known == 177
    assert [kinds.count(k) for k in ("symmetric tilt", "twist", "asymmetric tilt", "mixed")] == \
        [89, 99, 194, 6]


def test_crystals_with_less_symmetry_than_their_lattice():
    """Boundaries that only the lattice's symmetry makes one have keys of their own."""
    half = 0.5
    layers = Crystal.custom("L1_0", 3.8, "sc", [(1, (0, 0, 0)), (1, (half, half, 0)),
                                                (2, (half, 0, half)), (2, (0, half, half))])
    blende = Crystal.custom("zincblende", 5.6, "fcc", [(1, (-0.125,) * 3), (2, (0.125,) * 3)])

    def about(axis, plane, crystal):
        return Boundary.from_axis_angle(axis, 36.87, plane, crystal)
    for crystal, same in ((layers, False), ("B2", True), ("diamond", True)):
        along_c, across = about((0, 0, 1), (3, 1, 0), crystal), about((1, 0, 0), (0, 3, 1), crystal)
        assert (along_c == across) is same
        assert about((0, 0, 1), (1, -3, 0), crystal) == about((0, 0, 1), (3, 1, 0), crystal)
    for crystal, same in ((blende, False), ("diamond", True)):
        one = Boundary.from_axis_angle((1, 1, 0), 50.0, (1, 1, 1), crystal, 1.0)
        other = Boundary.from_axis_angle((1, 1, 0), 50.0, (-1, -1, -1), crystal, 1.0)
        assert (one == other) is same
        assert Boundary.from_key(one.numbers, crystal) == one
    # a label is never that of one polarity only
    with pytest.raises(MLGrainError, match="2 boundaries are"):
        Boundary.from_sigma("Sigma3b (111)", blende)
    assert Boundary.from_sigma("Sigma3a (111)", blende).kind == "symmetric tilt"
    polar = [Boundary.from_axis_angle((1, 1, 0), 70.5288, plane, blende)
             for plane in ((1, -1, 1), (-1, 1, -1))]
    assert polar[0] != polar[1] and polar[0].distance(polar[1]) == pytest.approx(0, abs=1e-6)
    # a quarter turn is none of zincblende's own, but an inversion domain
    domain = Boundary.from_axis_angle((0, 0, 1), 90.0, (1, 1, 0), blende)
    assert domain.sigma == 1
    with pytest.raises(MLGrainError, match="the crystal's own"):
        Boundary.from_axis_angle((0, 0, 1), 180.0, (1, 1, 0), blende)
    assert len(boundaries(5, 40.0, blende)) > len(boundaries(5, 40.0, Crystal.named("diamond", 5.6)))
