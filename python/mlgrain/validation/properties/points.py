# SPDX-License-Identifier: GPL-2.0-or-later
"""Vacancies, their migration, divacancies, self-interstitials."""

from __future__ import annotations

import numpy as np

from ..cells import block, nearest_neighbors
from .common import Property, Row, curve

EDGE = 17.0  # Angstrom, of cells at least
# Atoms of a dumbbell stand so far from the site, in lattice constants, along each axis.
DUMBBELLS = {"110": (0.25, 0.25, 0.0), "111": (0.21, 0.21, 0.21), "100": (0.36, 0.0, 0.0)}
HOLES = {"bcc": {"octahedral": (0.5, 0.5, 0.0), "tetrahedral": (0.5, 0.25, 0.0)},
         "fcc": {"octahedral": (0.5, 0.5, 0.5), "tetrahedral": (0.25, 0.25, 0.25)}}
PATH = (0.1, 0.2, 0.3, 0.4, 0.5)  # parts of the way of an atom into the vacancy


def relaxed(session, cell, positions):
    """Energy at zero pressure."""
    session.put(cell, positions)
    session.relax()
    return session.relax("iso")


def without(cell, positions, *places):
    """The positions but for those nearest to these places."""
    keep = np.ones(len(positions), bool)
    for place in places:
        keep[np.argmin(_apart(cell, positions, place))] = False
    return positions[keep]


def _apart(cell, positions, place):
    step = positions - np.asarray(place)
    step -= np.round(step / np.diag(cell)) * np.diag(cell)
    return np.linalg.norm(step, axis=1)


def vacancy_rows(_):
    return [Row("E_vacancy", "vacancy, formation", "eV", "vacancy"),
            Row("E_migration", "vacancy, migration", "eV", "vacancy")]


def run_vacancy(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    least = relaxed(session, cell, without(cell, positions, (0, 0, 0)))
    values = {"E_vacancy": least - (len(positions) - 1) * crystal.e0}
    heights = _migration(session, crystal, least)
    way = [0.0, *PATH]
    whole = [*way, *(1 - s for s in way[-2::-1])]
    energy = [*heights, *heights[-2::-1]]
    values["E_migration"] = max(energy)
    return values, [curve("migration", "A neighbor goes into a vacancy", "part of the way",
                          "energy (eV)", "vacancy", [["", whole, energy]])]


def _migration(session, crystal, least):
    """Energies above the vacancy's along the first half of the way. The cell stays as the
    vacancy's is; atoms begin between their places before and after."""
    cell, here = session.get()
    scale = cell[0, 0] / round(cell[0, 0] / crystal.a)  # the lattice constant in this cell
    sites = np.round(2 * here / scale) * 0.5 * scale
    step = 0.5 * scale * np.array(nearest_neighbors(crystal.lattice)[1])
    # What is left behind is the inversion image, about half the step, of what was there before.
    after = np.empty_like(here)
    hopping = int(np.argmin(_apart(cell, sites, step)))
    for k, site in enumerate(sites):
        if k == hopping:
            site = np.zeros(3)
        partner = int(np.argmin(_apart(cell, sites, step - site)))
        offset = here[partner] - sites[partner]
        after[k] = site - (offset - np.round(offset / cell[0, 0]) * cell[0, 0])
    far = int(np.argmax(np.minimum(_apart(cell, sites, 0), _apart(cell, sites, step))))
    order = [hopping, far, *(k for k in range(len(sites)) if k not in (hopping, far))]
    move = after - here
    move -= np.round(move / cell[0, 0]) * cell[0, 0]
    heights = [0.0]
    for part in PATH:
        session.put(cell, (here + part * move)[order])
        session.do("group held id 1 2\nfix plane held planeforce "
                   + " ".join(str(n) for n in nearest_neighbors(crystal.lattice)[1]))
        heights.append(session.relax() - least)
        session.do("unfix plane\ngroup held delete")
    return heights


VACANCY = Property(
    "vacancy", "Vacancy", "quick", 1,
    "Cubes with edges of 17 Å or more, relaxed to 1e-3 eV/Å, then with their volume, at zero "
    "pressure; E(N - 1) - (N - 1) E_atom. Migration: a neighbor is held, in turn, in planes at "
    "right angles to its way into the vacancy, and so is the atom farthest from both, so that the "
    "crystal can't follow; all others relax in the vacancy's cell. The second half of the way is "
    "the mirror image of the first, and nothing is held by force at the middle. The barrier is the "
    "highest point, in the middle or not.",
    vacancy_rows, run_vacancy)


def divacancy_rows(_):
    return [Row("E_divacancy_1", "divacancy, first neighbors, binding", "eV", "vacancy"),
            Row("E_divacancy_2", "divacancy, second neighbors, binding", "eV", "vacancy")]


def run_divacancy(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    one = relaxed(session, cell, without(cell, positions, (0, 0, 0)))
    whole = len(positions) * crystal.e0
    values = {}
    neighbors = (0.5 * np.array(nearest_neighbors(crystal.lattice)[1]), np.array([1.0, 0.0, 0.0]))
    for k, place in enumerate(neighbors):
        two = relaxed(session, cell, without(cell, positions, (0, 0, 0), crystal.a * place))
        values[f"E_divacancy_{k + 1}"] = 2 * one - two - whole
    return values, []


DIVACANCY = Property(
    "divacancy", "Divacancies", "quick", 1,
    "As the vacancy. Binding energy 2 E(vacancy) - E(divacancy): positive where they attract each "
    "other.",
    divacancy_rows, run_divacancy)


def interstitial_rows(_):
    return [*(Row(f"E_SIA_{name}", f"dumbbell <{name}>", "eV", "interstitial")
              for name in DUMBBELLS),
            *(Row(f"E_SIA_{name}", f"{name} interstitial", "eV", "interstitial")
              for name in ("octahedral", "tetrahedral"))]


def run_interstitials(session, crystal):
    cell, positions = block(crystal.lattice, crystal.a, EDGE)
    values = {}

    def formed(name, atoms):
        values[f"E_SIA_{name}"] = relaxed(session, cell, atoms) - len(atoms) * crystal.e0

    rest = without(cell, positions, (0, 0, 0))
    for name, half in DUMBBELLS.items():
        step = crystal.a * np.array(half)
        formed(name, np.concatenate([rest, [step, -step]]))
    for name, place in HOLES[crystal.lattice].items():
        formed(name, np.concatenate([positions, [crystal.a * np.array(place)]]))
    return values, []


INTERSTITIALS = Property(
    "interstitials", "Self-interstitials", "quick", 1,
    "As the vacancy, at zero pressure: at constant volume they are some 0.04 eV higher. Dumbbells "
    "begin with atoms at ±0.25 a along two axes (110), ±0.21 a along three (111), ±0.36 a along "
    "one (100). Nothing breaks the symmetry of the start on purpose, so a row may be a saddle "
    "point that only symmetry holds.",
    interstitial_rows, run_interstitials)
