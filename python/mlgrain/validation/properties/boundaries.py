# SPDX-License-Identifier: GPL-2.0-or-later
"""Energies of symmetric tilt boundaries."""

from __future__ import annotations

import itertools

import numpy as np

from ...boundaries import bicrystal
from ..cells import nearest_neighbors
from .common import SURFACE, Failure, Property, Row

# Axis, plane.
BOUNDARIES = [("110", (1, -1, 1)), ("110", (1, -1, 2)), ("110", (1, -1, 3)), ("110", (2, -2, 1)),
              ("110", (3, -3, 2)), ("110", (1, -1, 4)), ("100", (3, 1, 0)), ("100", (2, 1, 0))]
THICKNESS = 20.0  # Angstrom, of a grain at least
TRANSLATIONS = (0.0, 0.5)  # in periods, along both directions of the plane
OVERLAPS = (0.0, 0.65, 0.82, 0.94)  # of neighbors' distance: nearer atoms are taken out
COARSE, FINAL = 0.02, 3  # eV/Angstrom, of the first relaxation; how many go on after it
STEPS = 500  # of the first relaxation: most take a tenth, but atoms that fall don't come to rest
FALLEN = 0.5  # of neighbors' distance: atoms so near have fallen into each other


def tilts(lattice):
    """{key: boundary}"""
    found = {}
    for axis, plane in BOUNDARIES:
        one = bicrystal.tilt(axis, plane, lattice)
        indices = "".join(str(abs(n)) for n in plane)
        found[f"boundary_{one.sigma}_{indices}"] = one
    return found


def rows(lattice):
    return [Row(key, f"boundary Σ{one.sigma} ({key.rpartition('_')[2]})", "mJ/m²", "boundary")
            for key, one in tilts(lattice).items()]


def starts(boundary, lattice, a):
    """Different cells, each with two equal boundaries: (cell, positions)."""
    counts = bicrystal.repeats(boundary, a, (0, 0), THICKNESS)
    nearest = a * nearest_neighbors(lattice)[0]
    seen = set()
    for translation in itertools.product(TRANSLATIONS, repeat=2):
        for overlap in OVERLAPS:
            made = bicrystal.bicrystal(boundary, a, translation, overlap * nearest, counts)
            if (translation, made.removed) in seen:
                continue
            seen.add((translation, made.removed))
            yield np.diag(made.edges), made.positions % made.edges


def relaxed(session, crystal, key):
    """(energy in mJ/m^2, cell, positions) of the lowest of the starts of a boundary, relaxed; found
    once for each crystal."""
    if key not in crystal.boundaries:
        crystal.boundaries[key] = lowest(session, crystal, tilts(crystal.lattice)[key])
    return crystal.boundaries[key]


def lowest(session, crystal, boundary):
    """The same of any boundary."""
    coarse = relaxations(session, crystal, starts(boundary, crystal.lattice, crystal.a),
                         force=COARSE, steps=STEPS)
    (excess, cell, positions), *_ = relaxations(
        session, crystal, [one[1:] for one in coarse], FINAL, box="y")
    return SURFACE * excess / (2 * cell[0, 0] * cell[2, 2]), cell, positions


def relaxations(session, crystal, cells, most=None, **how):
    """[(excess energy, cell, positions)], the lowest first, of the first `most` of some (cell,
    positions) that can be relaxed. With starts whose atoms are near to each other, some potentials
    make LAMMPS stop, or let atoms fall into each other."""
    found, failed = [], Failure("atoms fall into each other")
    for cell, positions in cells:
        try:
            session.put(cell, positions)
            excess = session.relax(**how) - len(positions) * crystal.e0
            cell, positions = session.get()
        except Failure as error:
            session.close()
            failed = error
            continue
        if shortest(cell, positions) > FALLEN * nearest_neighbors(crystal.lattice)[0] * crystal.a:
            found.append((excess, cell, positions))
        if len(found) == most:
            break
    if not found:
        raise failed
    return sorted(found, key=lambda one: one[0])


def shortest(cell, positions):
    """The shortest distance of two atoms in a box with edges along x, y, z."""
    apart = positions[:, None] - positions
    edges = np.diag(cell)
    apart -= np.round(apart / edges) * edges
    return np.sqrt((apart ** 2).sum(axis=2) + np.diag(np.full(len(positions), np.inf))).min()


def run(session, crystal):
    return {key: relaxed(session, crystal, key)[0] for key in tilts(crystal.lattice)}, []


BOUNDARY = Property(
    "boundaries", "Grain boundaries", "full", 1,
    "Symmetric tilts in periodic cells of two equal boundaries, grains of at least 20 Å, one "
    "period in the plane. Of 2 x 2 translations with all atoms and with those taken out that are "
    "nearer than 0.65, 0.82 and 0.94 of the distance of neighbors, the three lowest after a coarse "
    "relaxation are relaxed at zero pressure normal to the plane; the lowest counts. So energies "
    "are upper bounds; gb_search finds ground states. Starts at which "
    "LAMMPS stops, or atoms fall into each other, are left out.",
    rows, run)


# Of gb_search: name, plane, trials, area of the largest cells over the square of the lattice
# constant.
SEARCHED = {"boundary_search_5_210": "Sigma5 (2 1 0)", "boundary_search_5_310": "Sigma5 (3 1 0)"}
TRIALS, AREA, SEED = 100, 10.0, 1


def search_rows(_):
    return [Row(key, f"boundary {name.replace('Sigma', 'Σ')}, searched", "mJ/m²", "boundary")
            for key, name in SEARCHED.items()]


def run_search(session, crystal):
    values = {}
    for key, name in SEARCHED.items():
        texts = session.alone(
            f"boundary p p f\nlattice {crystal.lattice} {crystal.a:.10g}\n"
            f'create_bicrystal 1 "{name}" surfaces yes',
            f'min_style lbfgs\ngb_search "{name}" {TRIALS} {SEED} '
            f"area {AREA * crystal.a ** 2:.6g} table FOLDER/table")
        lines = [line.split() for line in texts.get("table", "").splitlines()
                 if line and not line.startswith("#")]
        if not lines:
            raise Failure("gb_search found nothing")
        values[key] = float(lines[0][1])
    return values, []


SEARCH = Property(
    "search", "Grain boundaries, searched", "full", 1,
    "gb_search of this package, which LAMMPS must have: 100 trials (seed 1) in cells of up to 10 "
    "squares of the lattice constant, with the fraction of a plane of atoms as a degree of "
    "freedom. Ground states of large cells take more trials.",
    search_rows, run_search)
