# SPDX-License-Identifier: GPL-2.0-or-later
"""Lattice constant, energy of an atom, energy over volume of five crystals."""

from __future__ import annotations

import numpy as np

from ...crystals import perfect
from ..corrected import Corrected
from .common import MILLI, Failure, Property, Row, curve

# Volume of an atom in which a crystal is looked for, over that of bcc and fcc.
ROOMY = {"sc": 1.15, "diamond": 1.6}
FACTORS = np.linspace(0.70, 1.30, 25)  # of volumes
CONVERGED = 1e-8  # of lattice constants, relative
LONE_CELL = 40.0  # Angstrom


def lattice_constant(name, volume):
    """Of a crystal with this volume of an atom."""
    ratios, basis = perfect.LATTICES[name]
    return float(np.cbrt(volume * len(basis) / np.prod(ratios)))


def put(session, name, a):
    """The conventional cell; returns the number of its atoms."""
    structure = perfect.crystal(name, a, 0, 0.5 * a)
    session.put(structure.cell, structure.positions)
    return len(structure)


def energies(session, name, volume):
    """Energy of an atom over volumes around this one: (volumes, energies)."""
    volumes = volume * FACTORS
    found = []
    for one in volumes:
        atoms = put(session, name, lattice_constant(name, one))
        session.do("run 0 post no")
        found.append(session.ask("pe") / atoms)
    return volumes, np.array(found)


def lowest(volumes, found, volume):
    """The volume of the local minimum nearest to `volume`, by a parabola through three points; None
    where the curve has none."""
    inner = [k for k in range(1, len(found) - 1) if found[k] < min(found[k - 1], found[k + 1])]
    if not inner:
        return None
    k = min(inner, key=lambda one: abs(volumes[one] - volume))
    second, first, _ = np.polyfit(volumes[k - 1:k + 2] - volumes[k], found[k - 1:k + 2], 2)
    return volumes[k] - 0.5 * first / second


def at_rest(session, name, volume):
    """(lattice constant at zero pressure, energy of an atom), by the secant method from a volume
    near it."""
    def pressure(a):
        put(session, name, float(a))
        session.do("run 0 post no")
        return -session.stress()[:3].sum()

    before = lattice_constant(name, volume)
    a, p_before = 1.001 * before, pressure(before)
    for _ in range(30):
        p = pressure(a)
        if p == p_before:
            break
        # Error bars follow the last step; the place before is where pressures are what they are.
        here = float(a)
        before, p_before, a = here, p, here - p * (here - before) / float(p - p_before)
        if not 0.5 * before < a < 2.0 * before:
            raise Failure(f"{name}: no lattice constant at zero pressure")
        if abs(a - before) < CONVERGED * a:
            break
    else:
        raise Failure(f"{name}: the pressure does not go to zero")
    atoms = put(session, name, float(a))
    return a, session.energy() / atoms


def corrected_energy(session, crystal, energy):
    """The energy of an atom of the crystal at rest, with its error bar where the session has
    some."""
    if not session.corrections:
        return energy
    structure = perfect.crystal(crystal.lattice, crystal.a, 0, 0.5 * crystal.a)
    return Corrected(energy, session.corrections.energy(structure.cell, structure.positions)
                     / len(structure))


def lattice_rows(_):
    return [Row("a", "lattice constant", "Å", "crystal"),
            Row("E_atom", "energy of an atom in the crystal", "eV", "none"),
            Row("E_cohesive", "cohesive energy, from a lone atom's", "eV", "atom")]


def run_lattice(session, crystal):
    name = crystal.lattice
    volume = crystal.a ** 3 / len(perfect.LATTICES[name][1])
    volumes, found = energies(session, name, volume)
    near = lowest(volumes, found, volume)
    if near is None:
        raise Failure(f"the energy of {name} has no minimum at lattice constants between "
                      f"{lattice_constant(name, volumes[0]):.2f} and "
                      f"{lattice_constant(name, volumes[-1]):.2f} Å (--a says where to look)")
    a, crystal.e0 = at_rest(session, name, near)
    crystal.a = float(a)
    values = {"a": a, "E_atom": crystal.e0}
    session.put(LONE_CELL * np.eye(3), np.full((1, 3), 0.5 * LONE_CELL))
    values["E_cohesive"] = crystal.e0 - session.energy()
    return values, []


LATTICE = Property(
    "lattice", "Crystal", "quick", 1,
    "Energies of the conventional cell at 25 volumes; from the minimum nearest to the expected "
    "volume the secant method goes to zero pressure, to 1e-8 of the lattice constant. The cohesive "
    "energy is that of an atom in the crystal less that of a lone atom; for potentials that were "
    "not trained on lone atoms the latter means nothing, and only differences of the energy of an "
    "atom do.",
    lattice_rows, run_lattice)


def others(lattice):
    return [name for name in ("bcc", "fcc", "hcp", "sc", "diamond") if name != lattice]


def phase_rows(lattice):
    return [Row(f"E_{name}", f"E({name}) - E({lattice})", "meV/atom", "phases")
            for name in others(lattice)]


def run_phases(session, crystal):
    volume = crystal.a ** 3 / len(perfect.LATTICES[crystal.lattice][1])
    values, lines = {}, []
    for name in (crystal.lattice, *others(crystal.lattice)):
        room = volume * ROOMY.get(name, 1.0)
        volumes, found = energies(session, name, room)
        lines.append([name, volumes, found - float(crystal.e0)])
        near = lowest(volumes, found, room)
        if near is None or name == crystal.lattice:
            continue
        a, energy = at_rest(session, name, near)
        if name == "hcp":
            atoms = put(session, name, float(a))
            energy = session.relax("couple xy aniso", force=1e-6) / atoms
        values[f"E_{name}"] = MILLI * (energy - crystal.e0)
    return values, [curve("phases", "Energy over volume", "volume of an atom (Å³)",
                          f"energy above {crystal.lattice} at rest (eV/atom)", "phases", lines)]


PHASES = Property(
    "phases", "Other crystals", "quick", 1,
    "Energies of 25 volumes between 0.7 and 1.3 of the crystal's (sc: of 1.15, diamond: of 1.6 "
    "times it), with the ideal axial ratio for hcp. The table has the energies at zero pressure, "
    "hcp with its own axial ratio; a row is empty where a curve has no minimum.",
    phase_rows, run_phases)
