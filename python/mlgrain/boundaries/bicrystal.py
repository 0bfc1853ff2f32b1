# SPDX-License-Identifier: GPL-2.0-or-later
"""Symmetric tilt boundaries of cubic crystals: which there are, and cells with their atoms.

A symmetric tilt boundary is a plane (hkl) that holds the tilt axis, with one grain the mirror image of
the other in that plane. Turning a grain by half a turn about the normal gives the same crystal as
mirroring it, since FCC and BCC have centers of inversion: the plane alone, up to the symmetry of the
crystal, defines the boundary. Axis and misorientation angle are a way to name it, and some boundaries
have several: (113) is both a <110> and a <112> tilt.

The angle is twice that between the normal and the mirror plane of the crystal that the axis is counted
from: (010) for <100>, (001) for <110>, (1-10) for <111> and <112>.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError

# Axis, normal at angle 0, third direction, and the largest angle (degrees); beyond, all repeats.
AXES = {
    "100": ((0, 0, 1), (0, 1, 0), (1, 0, 0), 90.0),
    "110": ((1, 1, 0), (0, 0, 1), (1, -1, 0), 180.0),
    "111": ((1, 1, 1), (1, -1, 0), (1, 1, -2), 60.0),
    "112": ((1, 1, 2), (1, -1, 0), (1, 1, -1), 180.0),
}
# Atoms in a cube of edge 2 when half the lattice constant is the unit of length.
ATOMS_PER_CELL = {"fcc": 4, "bcc": 2}


def is_lattice_vector(lattice, v):
    """Whether whole numbers v, in units of half the lattice constant, join two atoms. Rows of v."""
    v = np.asarray(v)
    if lattice == "fcc":
        return v.sum(axis=-1) % 2 == 0
    return (v % 2 == v[..., :1] % 2).all(axis=-1)


def primitive(direction):
    """The smallest whole numbers along a direction."""
    direction = [int(n) for n in direction]
    divisor = math.gcd(*direction) if any(direction) else 1
    return tuple(n // divisor for n in direction)


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


@dataclass(frozen=True)
class Tilt:
    """A symmetric tilt boundary: box x, y, z are `across`, the normal, and the tilt axis."""

    lattice: str  # fcc or bcc
    axis_name: str  # a key of AXES
    normal: tuple  # Miller indices of the plane, in the upper grain
    angle: float  # misorientation about the axis, degrees

    @property
    def axis(self):
        return AXES[self.axis_name][0]

    @property
    def across(self):
        """The direction within the plane at right angles to the axis."""
        return primitive(cross(self.normal, self.axis))

    @property
    def directions(self):
        return self.across, self.normal, self.axis

    @property
    def sigma(self):
        """Atoms of a grain for each site that half a turn about the normal brings into coincidence:
        h^2 + k^2 + l^2, or half of that where it is even."""
        square = sum(n * n for n in self.normal)
        return square // 2 if square % 2 == 0 else square

    @property
    def periods(self):
        """Distances between equal atoms of a grain along x, y, z, in lattice constants."""
        return tuple(0.5 * math.sqrt(dot(p, p)) for p in self.period_vectors)

    @property
    def period_vectors(self):
        """The same as vectors of the crystal, in units of half the lattice constant."""
        return tuple(d if is_lattice_vector(self.lattice, d) else tuple(2 * n for n in d)
                     for d in self.directions)

    @property
    def family(self):
        """The plane up to the symmetry of the crystal: equal for boundaries that are the same."""
        return tuple(sorted((abs(n) for n in self.normal), reverse=True))

    @property
    def name(self):
        plane = "_".join(str(n).replace("-", "m") for n in self.normal)
        return f"tilt{self.axis_name}_sigma{self.sigma}_{plane}"


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def tilt(axis, normal, lattice="fcc"):
    """The boundary with these Miller indices; they must be at right angles to AXES[axis]."""
    check_names(axis, lattice)
    direction, zero, third, _ = AXES[axis]
    normal = primitive(normal)
    if not any(normal) or dot(normal, direction):
        raise MLGrainError(f"the plane {text(normal)} doesn't hold the axis [{text(direction)}]")
    # Signs don't matter: mirror planes of the crystal take each to the positive quadrant.
    up = abs(dot(normal, zero)) / math.sqrt(dot(zero, zero))
    aside = abs(dot(normal, third)) / math.sqrt(dot(third, third))
    result = Tilt(lattice, axis, normal, fold(math.degrees(2 * math.atan2(aside, up)), AXES[axis][3]))
    if result.sigma == 1:
        raise MLGrainError(f"{text(normal)} is a mirror plane of the crystal: there is no boundary")
    return result


def fold(angle, largest):
    """An angle from 0 to 180 degrees brought into 0 to `largest` by the symmetry of the axis."""
    angle %= 2 * largest
    return min(angle, 2 * largest - angle)


def tilts(axis, max_sigma, lattice="fcc"):
    """All symmetric tilt boundaries about an axis, by angle, each once."""
    check_names(axis, lattice)
    _, zero, third, largest = AXES[axis]
    found = {}
    # The normal is (m zero + n third) / 1 or 2, and its square at most twice Sigma.
    reach = 2 * math.sqrt(2 * max_sigma)
    ranges = [range(int(reach / math.sqrt(dot(d, d))) + 1) for d in (zero, third)]
    for m, n in itertools.product(*ranges):
        normal = primitive(m * p + n * q for p, q in zip(zero, third))
        square = dot(normal, normal)
        if math.gcd(m, n) != 1 or square <= 2:  # {100} and {110} are mirror planes of the crystal
            continue
        boundary = tilt(axis, normal, lattice)
        steepness = 2 * math.degrees(math.atan2(n * math.sqrt(dot(third, third)),
                                                m * math.sqrt(dot(zero, zero))))
        if steepness <= largest + 1e-9 and boundary.sigma <= max_sigma:
            found[normal] = boundary
    return sorted(found.values(), key=lambda b: b.angle)


def check_names(axis, lattice):
    if axis not in AXES:
        raise MLGrainError(f"the axis is one of {', '.join(AXES)}, not {axis}")
    if lattice not in ATOMS_PER_CELL:
        raise MLGrainError(f"the lattice is fcc or bcc, not {lattice}")


def text(indices):
    return " ".join(str(n) for n in indices)


def spread(boundaries, count):
    """`count` of them, so that a longer list begins with the shorter one: in turn the one with the
    smallest period across the axis, and the one whose angle is farthest from all before."""
    rest = sorted(boundaries, key=lambda b: (b.periods[0], b.sigma, b.angle))
    chosen = []
    while rest and len(chosen) < count:
        best = 0
        if len(chosen) % 2:
            distance = [min(abs(b.angle - c.angle) for c in chosen) for b in rest]
            best = int(np.argmax(np.round(distance, 6)))
        chosen.append(rest.pop(best))
    return chosen


def grain_cell(boundary):
    """Atoms of the upper grain in the box of its periods, as whole numbers [atoms, 3]: projections
    onto across, normal and axis, each vector in units of half the lattice constant."""
    vectors = np.array(boundary.period_vectors)
    corners = np.array(list(itertools.product((0, 1), repeat=3))) @ vectors
    ranges = [np.arange(low, high + 1) for low, high in zip(corners.min(axis=0), corners.max(axis=0))]
    points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[is_lattice_vector(boundary.lattice, points)]
    directions = np.array(boundary.directions)
    places = points @ directions.T
    ends = (vectors * directions).sum(axis=1)
    places = places[((places >= 0) & (places < ends)).all(axis=1)]
    return places[np.lexsort(places.T)]


@dataclass
class Bicrystal:
    """Atoms of a cell. The boundary is at y = 0; a second one, the same turned by half a turn about y,
    at both ends of y when `vacuum` is 0."""

    boundary: Tilt
    edges: np.ndarray  # of the box, Angstrom (or the unit of the lattice constant); y from -edge/2
    positions: np.ndarray  # [atoms, 3]
    grain: np.ndarray  # 1 upper (y >= 0), 2 lower
    removed: int  # atoms that overlapped
    vacuum: float

    @property
    def area(self):
        return self.edges[0] * self.edges[2]

    @property
    def boundaries(self):
        return 1 if self.vacuum else 2


def repeats(boundary, a, edges, thickness):
    """Fewest periods along x, y, z for a box of at least these edges, and grains so thick."""
    if a <= 0:
        raise MLGrainError("the lattice constant must be positive")
    wanted = (edges[0], thickness, edges[1])
    return [max(1, math.ceil(length / (a * period) - 1e-9))
            for length, period in zip(wanted, boundary.periods)]


def bicrystal(boundary, a, translation=(0.0, 0.0), overlap=0.0, counts=(1, 1, 1), vacuum=0.0):
    """Makes the cell.

    a            lattice constant
    translation  of the upper grain along x and z, in periods of the crystal
    overlap      of two atoms closer than this across a boundary, the one at smaller y is removed; that
                 is the same for both boundaries of the cell, which thus stay equal
    counts       periods along x, of each grain along y, along z
    vacuum       0: periodic along y, with two boundaries. Else one boundary, and a gap of this length
    """
    if a <= 0 or overlap < 0 or vacuum < 0 or min(counts) < 1:
        raise MLGrainError("lattice constant and numbers of periods must be positive, overlap cutoff "
                           "and vacuum not negative")
    periods = a * np.array(boundary.periods)
    scale = 0.5 * a / np.array([math.sqrt(dot(d, d)) for d in boundary.directions])
    cell = grain_cell(boundary) * scale
    shifts = np.stack(np.meshgrid(*[np.arange(n) for n in counts], indexing="ij"), axis=-1)
    crystal = (cell + (shifts.reshape(-1, 1, 3) * periods)).reshape(-1, 3)
    lengths = periods * counts
    upper = crystal + np.array([translation[0] * periods[0], 0.0, translation[1] * periods[2]])
    lower = crystal * [-1, 1, -1] - [0, lengths[1], 0]
    edges = np.array([lengths[0], 2 * lengths[1] + vacuum, lengths[2]])
    for grain in (upper, lower):
        for k in (0, 2):
            grain[:, k] = np.mod(np.round(grain[:, k], 9), edges[k])
    keep_lower = ~close(lower, upper, edges, overlap)
    keep_upper = np.full(len(upper), True) if vacuum else \
        ~close(upper, lower + [0, edges[1], 0], edges, overlap)
    positions = np.concatenate([upper[keep_upper], lower[keep_lower]])
    grain = np.repeat([1, 2], [keep_upper.sum(), keep_lower.sum()])
    return Bicrystal(boundary, edges, positions, grain, 2 * len(crystal) - len(positions), vacuum)


def close(below, above, edges, cutoff):
    """Which atoms below a boundary have one above it nearer than the cutoff; periodic along x, z."""
    result = np.zeros(len(below), bool)
    near = np.flatnonzero(below[:, 1] > above[:, 1].min() - cutoff)
    partners = above[above[:, 1] < below[:, 1].max() + cutoff]
    for i in near:
        d = partners - below[i]
        d[:, ::2] -= edges[::2] * np.round(d[:, ::2] / edges[::2])
        result[i] = ((d * d).sum(axis=1) < cutoff * cutoff * (1 - 1e-9)).any()
    return result


def write_data(path, cell, mass, types=2):
    """A LAMMPS data file, atom style atomic. types 2: the grain is the type; 1: all atoms are alike.
    mass may be None."""
    b, half = cell.boundary, 0.5 * cell.edges[1]
    lines = [f"{b.lattice} symmetric tilt [{text(b.axis)}] Sigma{b.sigma} ({text(b.normal)}) "
             f"{b.angle:.4f} degrees; x [{text(b.across)}]; boundaries {cell.boundaries}", "",
             f"{len(cell.positions)} atoms", f"{types} atom types", "",
             f"0 {cell.edges[0]:.12g} xlo xhi", f"{-half:.12g} {half:.12g} ylo yhi",
             f"0 {cell.edges[2]:.12g} zlo zhi", ""]
    if mass is not None:
        lines += ["Masses", "", *[f"{k + 1} {mass:g}" for k in range(types)], ""]
    lines += ["Atoms # atomic", ""]
    kinds = cell.grain if types == 2 else np.ones(len(cell.grain), int)
    lines += [f"{i + 1} {kind} {x:.10f} {y:.10f} {z:.10f}"
              for i, (kind, (x, y, z)) in enumerate(zip(kinds, cell.positions))]
    try:
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror}") from error
