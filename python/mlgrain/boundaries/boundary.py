# SPDX-License-Identifier: GPL-2.0-or-later
"""Grain boundaries by their five macroscopic parameters, in exact arithmetic.

    from mlgrain import Boundary
    twin = Boundary.from_sigma("Sigma3 (1 1 1)")
    twin.kind, twin.sigma, twin.brk_energy("Cu")

Crystal 2 is turned by a rotation R about crystal 1 (x_1 = R x_2), and the normal of the boundary,
the plane (h k l) of crystal 1, points from crystal 2 to crystal 1. Directions and planes are on the
axes of the lattice: in cubic crystals they are Miller indices, in others directions are [u v w] of
the three axes, and planes (h k l) hold [u v w] if h u + k v + l w = 0. doc/theory_boundaries.md of
ML-GRAIN has the formulas.
"""

from __future__ import annotations

import math
import operator
import re

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from .crystal import crystal as find_crystal

KINDS = ("symmetric tilt", "twist", "asymmetric tilt", "mixed")
METALS = ("Al", "Ni", "Au", "Cu")
DISTANCES = ("octonion", "octonion-published", "morawiec")
LARGEST_INDEX = 10 ** 9


class Name:
    """One way to name a boundary: crystal 2 is turned about `axis` by `angle` degrees; the boundary
    is along `planes` of crystal 1 and 2. is_twist: the axis is the normal; is_tilt: it is in the
    plane."""

    def __init__(self, axis, angle, planes, is_twist, is_tilt):
        self.axis, self.angle, self.planes = tuple(axis), angle, tuple(map(tuple, planes))
        self.is_twist, self.is_tilt = is_twist, is_tilt

    def __str__(self):
        kind = "twist" if self.is_twist else "tilt" if self.is_tilt else "mixed"
        return (f"{self.angle:.4f} degrees about [{text(self.axis)}], ({text(self.planes[0])}) / "
                f"({text(self.planes[1])}), {kind}")

    def __repr__(self):
        return f"<Name: {self}>"


class Boundary:
    """A boundary; made by the from_ functions below. Boundaries are equal, and have one hash,
    exactly if they are the same: by exchange of the crystals, inversion, and other descriptions of
    either crystal, 2304 ways in cubic ones. What a crystal is called, and its size, don't matter.

    lattice in the functions below: a name (sc, bcc, fcc, diamond, B2, L1_2, hcp) or a Crystal.
    """

    def __init__(self, made, crystal, deviation=0.0, words=None):
        self._core, self.crystal = made, crystal
        #: Angle, degrees, by which a rotation that was given in real numbers is another one.
        self.deviation = deviation
        self._key, self._words = None, words

    def __reduce__(self):
        return _again, (*self.rotation, self.planes[0], self.crystal, self.deviation, self._words)

    # --- ways to make one ---

    @classmethod
    def from_rows(cls, P, Q, lattice="fcc", normal=0):
        """P, Q: 3 x 3 whole numbers. Row i of P is the direction of crystal 1, row i of Q that of
        crystal 2, along axis i of the box. normal: the row (0, 1, 2) that is the boundary's
        normal."""
        crystal = find_crystal(lattice)
        P, Q = _matrix(P, "P"), _matrix(Q, "Q")
        if normal not in (0, 1, 2):
            raise MLGrainError(f"normal: the row of the normal is 0, 1 or 2, not {normal!r}")
        made = crystal.core()
        plane = _primitive(_dot(row, P[normal]) for row in made.gram())
        return cls(core().Boundary.of_rows(made, P, Q, plane), crystal)

    @classmethod
    def from_quadruple(cls, quadruple, plane, lattice="fcc"):
        """Four whole numbers (q0, v): the rotation about [v] by theta, in cubic crystals
        tan(theta/2) = |v| / q0. plane: (h k l) of crystal 1."""
        crystal = find_crystal(lattice)
        return cls(core().Boundary.of_quadruple(crystal.core(), _whole(quadruple, 4, "quadruple"),
                                                _whole(plane, 3, "plane")), crystal)

    @classmethod
    def from_axis_angle(cls, axis, angle, plane, lattice="fcc", tolerance=0.01, largest=1000):
        """Turned about [axis] by `angle` degrees: of the coincidences about this axis that are
        within `tolerance` degrees, the one with the smallest numbers, which are at most
        `largest`."""
        crystal = find_crystal(lattice)
        axis, plane = _whole(axis, 3, "axis"), _whole(plane, 3, "plane")
        axis = _primitive(axis)
        if not any(axis):
            raise MLGrainError("axis: [0 0 0] is no direction")
        made, angle = crystal.core(), _real(angle, "angle")
        ratio, nearest = _turn_ratio(made, axis), math.inf
        for p, q in _fractions(math.tan(math.radians(angle) / 2) / ratio, largest):
            off = abs(_wrap(math.degrees(2 * math.atan2(p * ratio, q)) - angle))
            if off <= tolerance:
                quadruple = [q, *(p * u for u in axis)]
                return cls(core().Boundary.of_quadruple(made, quadruple, plane), crystal, off)
            nearest = min(nearest, off)
        raise MLGrainError(f"angle: no coincidence about [{text(axis)}] with numbers up to "
                           f"{largest} is within {tolerance:g} degrees of {angle:g}; the nearest is "
                           f"off by {nearest:.3g}")

    @classmethod
    def from_matrix(cls, matrix, plane, lattice="fcc", tolerance=0.01, largest=1000):
        """matrix: the rotation from crystal 2 to crystal 1 in space, where the lattice's first axis
        is along x and the second in the plane xy [3, 3]. The nearest coincidence as in
        from_axis_angle, about any axis."""
        crystal = find_crystal(lattice)
        matrix = np.asarray(matrix, float)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or \
                not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6) or \
                np.linalg.det(matrix) < 0:
            raise MLGrainError("matrix: a rotation matrix is needed")
        made, deviation = core().Boundary.near(crystal.core(), matrix.tolist(), float(tolerance),
                                               _index(largest, "largest"),
                                               _whole(plane, 3, "plane"))
        return cls(made, crystal, deviation)

    @classmethod
    def from_euler(cls, first, second, normal, lattice="fcc", tolerance=0.01, largest=1000):
        """Bunge's Euler angles (phi1, Phi, phi2), degrees, of both crystals, which carry a
        crystal's directions to the sample's, and the normal in the sample, from crystal 2 to
        crystal 1. Both become the nearest coincidence and the nearest plane of crystal 1 with whole
        numbers."""
        crystal = find_crystal(lattice)
        turns = [_euler_matrix(_reals(angles, 3, name)) for angles, name in
                 ((first, "first"), (second, "second"))]
        direction = turns[0].T @ _reals(normal, 3, "normal")
        plane = near_plane(crystal.axes() @ direction, tolerance, crystal, largest)
        return cls.from_matrix(turns[0].T @ turns[1], plane, crystal, tolerance, largest)

    @classmethod
    def from_sigma(cls, label, lattice="fcc"):
        """A label as "Sigma5 (3 1 0)", "Sigma13b (7 5 3)" or "Sigma5 [1 0 0] (1 0 0)": the boundary
        with this Sigma whose planes in both crystals are of the family {h k l}, and whose axis is
        of the family <u v w>. Where that leaves several, the symmetric one, if there is just
        one."""
        if not re.match(r"\s*(sigma|s|Σ)\s*\d", str(label), re.IGNORECASE):
            raise MLGrainError(
                f"{label!r} is no label as \"Sigma5 (3 1 0)\" or \"Sigma13b [1 1 1] (1 1 1)\"")
        return cls.from_text(label, lattice)

    @classmethod
    def from_text(cls, words, lattice="fcc", tolerance=0.01):
        """Any of these forms, which LAMMPS' command create_bicrystal takes, too:

        "Sigma5 (3 1 0)", "Sigma17b [2 2 1] (2 2 1)"   a label, as of from_sigma
        "Sigma5 [1 0 0] (1 0 0) / (4 3 0)"             with families of planes in either crystal
        "[0 0 1] 36.87 (3 1 0)"                        as from_axis_angle
        "36.87 degrees about [0 0 1], (3 1 0) / (3 -1 0), tilt"   as names are printed
        "q 3 0 0 1 (3 1 0)"                            as from_quadruple
        "3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0"   as from_rows, the normal first
        "euler 0 0 0 36.87 0 0 (3 1 0)"                as from_euler
        "key 5 5 0 0 ..."                              as from_key

        After a plane of crystal 1 that of crystal 2 may follow, and must be the right one.
        Hexagonal crystals may have four indices. What `title` gives is read, too. tolerance: of
        angles, degrees."""
        crystal = find_crystal(lattice)
        words = str(words).strip().removeprefix(f"{crystal.name} ")
        if "\0" in words:
            raise MLGrainError(f"{words!r} is no text")
        made, deviation = core().Boundary.of_text(crystal.core(), words,
                                                  _real(tolerance, "tolerance"))
        return cls(made, crystal, deviation, words)

    @classmethod
    def from_key(cls, key, lattice="fcc"):
        """From `numbers` of a boundary, 13 whole numbers, or from its `key`."""
        crystal = find_crystal(lattice)
        if isinstance(key, tuple) and len(key) == 2:
            identity, key = key
            if identity != crystal.identity:
                raise MLGrainError(f"key: it is that of a boundary in another crystal than "
                                   f"{crystal.name}")
        n = _whole(key, 13, "key")
        made = core().Boundary.of_matrix(crystal.core(), [n[1:4], n[4:7], n[7:10]], n[0], n[10:])
        return cls(made, crystal)

    # --- what it is ---

    @property
    def sigma(self):
        """One in so many lattice points of either crystal is common to both."""
        return self._core.sigma()

    @property
    def kind(self):
        """symmetric tilt, twist, asymmetric tilt or mixed: the first that any description is."""
        return KINDS[self._core.kind()]

    @property
    def numbers(self):
        """The description that stands for all: divisor and matrix of the rotation, plane (13)."""
        if self._key is None:
            self._key = self._core.key()
        return self._key

    @property
    def key(self):
        """Equal and hashable exactly for boundaries that are the same."""
        return self.crystal.identity, self.numbers

    @property
    def warning(self):
        """A sentence where angles in a text have led to a coincidence with a large Sigma, which is
        rarely meant; else ""."""
        return self._core.warning(self._words, self.deviation) if self._words else ""

    @property
    def canonical(self):
        """The same boundary in the description of its key."""
        return Boundary.from_key(self.numbers, self.crystal)

    @property
    def rotation(self):
        """(3 x 3 whole numbers, divisor): x_1 = R x_2 on the lattice's axes."""
        return self._core.rotation()

    @property
    def quadruple(self):
        """The rotation as in from_quadruple."""
        return tuple(self._core.quadruple())

    @property
    def planes(self):
        """(h k l) in crystal 1 and in crystal 2."""
        return tuple(map(tuple, self._core.planes()))

    @property
    def disorientation(self):
        """(angle in degrees, axis): the rotation of smallest angle."""
        angle, axis = self._core.disorientation()
        return angle, tuple(axis)

    @property
    def names(self):
        """All ways to name it by axis, angle and planes, by angle."""
        return [Name(*each) for each in self._core.names()]

    @property
    def csl(self):
        """Rows: vectors of the coincidence lattice, on the axes of crystal 1 [3, 3]."""
        return _over(self._core.csl())

    @property
    def dsc(self):
        """Rows: displacements that conserve the pattern, on the axes of crystal 1 [3, 3]."""
        return _over(self._core.dsc())

    @property
    def period(self):
        """Rows: what the plane's pattern repeats by, on the axes of crystal 1 [2, 3]."""
        return _over(self._core.period())

    @property
    def period_area(self):
        """Area of the period, in units of the lattice constant: a^2."""
        return self._core.area()

    @property
    def shifts(self):
        """Rows: all distinct translations of a crystal in the plane lie in the cell of these two;
        on the axes of crystal 1 [2, 3]."""
        return _over(self._core.shifts())

    @property
    def shift_area(self):
        return self._core.shift_area()

    def nets(self, which):
        """(vectors in the plane [2, 3], a vector one plane up [3], area, spacing) of the lattice of
        crystal `which`, 1 or 2, on its own axes."""
        if which not in (1, 2):
            raise MLGrainError(f"the crystal is 1 or 2, not {which!r}")
        net, step, divisor, area, spacing = self._core.crystal(which - 1)
        return np.array(net) / divisor, np.array(step) / divisor, area, spacing

    def geometry(self):
        """How both crystals lie in a box whose x is along the period's first vector and z along the
        normal; what cells.Builder makes cells of."""
        return self._core.geometry()

    @property
    def title(self):
        """A line for a file."""
        angle, axis = self.disorientation
        return (f"{self.crystal.name} Sigma{self.sigma} {angle:.4f} degrees [{text(axis)}], "
                f"({text(self.planes[0])}) / ({text(self.planes[1])}), {self.kind}")

    def octonion(self):
        """Unit quaternions of both crystals in a frame whose z is the normal [8]."""
        return np.array(self._core.octonion())

    def distance(self, other, kind="octonion"):
        """Between two boundaries of one lattice, radians. octonion: Chesser et al. 2020, over all
        descriptions, so that it is 0 for equal ones; octonion-published: without those that they
        leave out; morawiec: Glowinski and Morawiec 2014."""
        if not isinstance(other, Boundary) or \
                other.crystal.identity[:2] != self.crystal.identity[:2]:
            raise MLGrainError("distances are those between two boundaries of one lattice")
        if kind not in DISTANCES:
            raise MLGrainError(f"the distance is one of {', '.join(DISTANCES)}, not {kind!r}")
        return core().boundary_distance(self.crystal.core(), self._core.octonion(),
                                        other._core.octonion(), DISTANCES.index(kind))

    def brk_energy(self, metal):
        """Energy in J/m^2 by the function of Bulatov, Reed and Kumar (2014), for fcc Al, Ni, Au,
        Cu."""
        return _brk_energy(self.crystal, self._core.octonion(), metal)

    def __eq__(self, other):
        return self.key == other.key if isinstance(other, Boundary) else NotImplemented

    def __hash__(self):
        return hash(self.key)

    def __repr__(self):
        angle, axis = self.disorientation
        planes = ") / (".join(text(plane) for plane in self.planes)
        return (f"<Boundary: {self.crystal.name} Sigma{self.sigma} {angle:.2f} degrees "
                f"[{text(axis)}], ({planes}), {self.kind}>")


def _again(matrix, divisor, plane, crystal, deviation, words):
    """What pickle makes a Boundary of."""
    made = core().Boundary.of_matrix(crystal.core(), matrix, divisor, plane)
    return Boundary(made, crystal, deviation, words)


def _brk_energy(crystal, octonion, metal):
    if not crystal.is_fcc:
        raise MLGrainError("the function of Bulatov, Reed and Kumar is for fcc metals, not for "
                           f"{crystal.name}")
    if metal not in METALS:
        raise MLGrainError(f"the metal is one of {', '.join(METALS)}, not {metal!r}")
    return core().boundary_energy(METALS.index(metal), octonion)


def brk_energy(words, metal, lattice="fcc", tolerance=0.01):
    """As Boundary.brk_energy of a text; angles without a coincidence within the tolerance are taken
    as they are written."""
    crystal = find_crystal(lattice)
    try:
        return Boundary.from_text(words, crystal, tolerance).brk_energy(metal)
    except MLGrainError:
        return _brk_energy(crystal, core().octonion_of_text(crystal.core(), str(words)), metal)


def classes(most_sigma, lattice="fcc"):
    """All coincidence rotations up to this Sigma, each once: (sigma, angle, axis) by Sigma, then
    angle. In the usual labels of cubic ones, Sigma13a and 13b, letters follow the angle."""
    made = find_crystal(lattice).core()
    found = core().coincidence_classes(made, _index(most_sigma, "most_sigma"))
    return [(sigma, angle, tuple(axis)) for sigma, angle, axis, _ in found]


def boundaries(most_sigma, most_area, lattice="fcc", least_sigma=1):
    """All boundaries with Sigma from least_sigma to most_sigma whose period's area is at most
    most_area (in units of the crystal's lattice constant), each once, by Sigma, angle, area."""
    crystal = find_crystal(lattice)
    made = crystal.core()
    return [Boundary(core().Boundary.of_matrix(made, matrix, divisor, plane), crystal)
            for (matrix, divisor), plane in
            core().boundaries(made, _index(least_sigma, "least_sigma"),
                              _index(most_sigma, "most_sigma"), _real(most_area, "most_area"))]


def text(indices):
    return " ".join(str(n) for n in indices)


def near_plane(components, tolerance, crystal, largest):
    """The plane (h k l) with the smallest whole numbers, up to `largest`, within `tolerance`
    degrees of the one whose normal has these components along the lattice's axes."""
    components = np.asarray(components, float)
    size = np.abs(components).max()
    if not size > 0.0:
        raise MLGrainError("normal: it is zero")
    dual = np.linalg.inv(crystal.axes())
    wanted, best = dual @ components, math.inf
    for n in range(1, _index(largest, "largest") + 1):
        plane = np.round(components / size * n).astype(int)
        got = dual @ plane
        sine = np.linalg.norm(np.cross(got, wanted)) / np.linalg.norm(got) / np.linalg.norm(wanted)
        best = min(best, math.degrees(math.asin(min(1.0, sine))))
        if best <= tolerance:
            return _primitive(int(k) for k in plane)
    raise MLGrainError(f"normal: no plane with indices up to {largest} is within {tolerance:g} "
                       f"degrees; the best is off by {best:.3g} degrees")


# --- arguments ---

def _index(value, name):
    try:
        number = operator.index(value)
    except TypeError:
        if not (isinstance(value, float) and value.is_integer()):
            raise MLGrainError(f"{name}: {value!r} is not a whole number") from None
        number = int(value)
    if abs(number) > LARGEST_INDEX:
        raise MLGrainError(f"{name}: {number} is too large")
    return number


def _whole(values, count, name):
    try:
        numbers = [_index(value, name) for value in values]
    except TypeError:
        raise MLGrainError(f"{name}: {count} whole numbers are needed, not {values!r}") from None
    if len(numbers) != count:
        raise MLGrainError(f"{name}: {count} whole numbers are needed, not {len(numbers)}")
    return numbers


def _matrix(values, name):
    try:
        rows = list(values)
    except TypeError:
        rows = []
    if len(rows) != 3:
        raise MLGrainError(f"{name}: 3 x 3 whole numbers are needed")
    return [_whole(row, 3, f"{name}, row {i + 1}") for i, row in enumerate(rows)]


def _real(value, name):
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise MLGrainError(f"{name}: {value!r} is not a number") from None
    if not math.isfinite(number):
        raise MLGrainError(f"{name}: {number} is not finite")
    return number


def _reals(values, count, name):
    try:
        numbers = [_real(value, name) for value in values]
    except TypeError:
        numbers = []
    if len(numbers) != count:
        raise MLGrainError(f"{name}: {count} numbers are needed")
    return np.array(numbers)


def _over(pair):
    numbers, divisor = pair
    return np.array(numbers) / divisor


def _dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def _primitive(values):
    values = list(values)
    divisor = math.gcd(*values) or 1
    return [n // divisor for n in values]


def _wrap(angle):
    return (angle + 180) % 360 - 180


def _turn_ratio(made, axis):
    """r of tan(theta/2) = r p / q for the quadruple (q, p axis): sqrt(v^T G v / det G)."""
    gram = np.array(made.gram(), dtype=object)
    v = np.array(axis, dtype=object)
    a, b, c = gram
    determinant = _dot(a, (b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2],
                           b[0] * c[1] - b[1] * c[0]))
    return math.sqrt((v @ gram @ v) / determinant)


def _fractions(value, largest):
    """(p, q) without common factor, p / q near a value, with growing numbers up to `largest`."""
    largest = _index(largest, "largest")
    for n in range(1, largest + 1):
        p, q = (round(value * n), n) if abs(value) <= 1 else \
            (int(math.copysign(n, value)), round(n / abs(value)))
        if math.gcd(p, q) == 1:
            yield p, q


def _euler_matrix(degrees):
    c1, c, c2 = np.cos(np.radians(degrees))
    s1, s, s2 = np.sin(np.radians(degrees))
    return np.array([[c1 * c2 - s1 * s2 * c, -c1 * s2 - s1 * c2 * c, s1 * s],
                     [s1 * c2 + c1 * s2 * c, -s1 * s2 + c1 * c2 * c, -c1 * s],
                     [s2 * s, c2 * s, c]])
