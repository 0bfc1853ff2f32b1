# SPDX-License-Identifier: GPL-2.0-or-later
"""General boundaries and triple lines: a nanocrystal."""

from __future__ import annotations

import numpy as np

from ...boundaries.seeds import distances
from ...crystals.lammps import dump_frames
from .common import MILLI, SURFACE, Failure, Property, Row
from .hot import CORE, frames
from .labeled import compared, errors

EDGE, GRAINS, SEED = 40.0, 4, 4711  # Angstrom
LINE = 1.5  # Angstrom from a triple line
ANNEALED, HOT = 600, 300  # K
FIRST, SECOND = (0.5, 200), (0.1, 500)  # eV/Angstrom and steps of relaxations
BOUNDARY, TRIPLE = 1, 2
PLACES = {"boundary": (BOUNDARY, "boundaries"), "triple": (TRIPLE, "triple lines")}


def rows(_):
    found = [Row("poly_energy", "mean energy of general boundaries", "mJ/m²", "boundary")]
    for name, (_, text) in PLACES.items():
        found += [
            Row(f"poly_rms_{name}", f"rms force in {text} at {HOT} K", "meV/Å", "listed"),
            Row(f"poly_force_{name}", f"rms error of forces in {text} at {HOT} K", "meV/Å",
                "listed"),
            Row(f"poly_error_{name}", f"error of forces in {text} over the rms force", "%", "boundary"),
            Row(f"poly_force0_{name}", f"rms error of forces in relaxed {text}", "meV/Å",
                "listed"),
            Row(f"poly_atom_{name}", f"energy of an atom in relaxed {text}, beyond the crystal's",
                "meV/atom", "listed")
        ]
    return found


def table(text, *names):
    """Columns of a table of create_polycrystal."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    heads = [line for line in lines if line[0].startswith("#")]
    columns = next((line[1:] for line in reversed(heads) if names[0] in line), [])
    if any(name not in columns for name in names):
        raise Failure("create_polycrystal wrote no table with " + ", ".join(names))
    return np.array([[float(line[columns.index(name)]) for name in names] for line in lines
                     if not line[0].startswith("#")])


def created(session, crystal):
    """(cell, positions, seeds, area of all boundaries) as they are made."""
    texts = session.alone(
        f"lattice {crystal.lattice} {crystal.a:.10g}\n"
        f"region whole block 0 {EDGE} 0 {EDGE} 0 {EDGE} units box\ncreate_box 1 whole\n"
        f"create_polycrystal 1 random {GRAINS} {SEED} mindist {0.6 * EDGE / GRAINS ** (1 / 3):.6g} "
        "lloyd 5 grains FOLDER/grains boundaries FOLDER/boundaries",
        "write_dump all custom FOLDER/atoms id type x y z modify sort id format float %.15g")
    (_, cell, values), = dump_frames(texts["atoms"])
    return (cell, values[:, 2:5], table(texts["grains"], "x", "y", "z"),
            table(texts["boundaries"], "area").sum())


def make(session, crystal):
    """The relaxed nanocrystal and a frame at a temperature, as labeled.compared() wants them."""
    cell, positions, seeds, area = created(session, crystal)
    session.put(cell, positions)
    session.relax(None, *FIRST)
    annealed, = frames(session, crystal, *session.get(), ANNEALED, 1)
    session.put(*annealed)
    session.relax("iso", *SECOND)
    relaxed = session.get()
    hot, = frames(session, crystal, *relaxed, HOT, 1)
    found = []
    for temperature, (box, x) in ((0, relaxed), (HOT, hot)):
        # As wide along all three edges as if it were a cube of the same volume.
        edge = np.linalg.det(box) ** (1 / 3)
        boundary, line = distances(x / np.diag(box) * edge, seeds * edge / EDGE, edge)
        near = np.where(line < LINE, TRIPLE, np.where(boundary < CORE, BOUNDARY, 0))
        found.append((temperature, box, x, near, area * (edge / EDGE) ** 2))
    return tuple(zip(*found))


def energies(session, crystal, known):
    """What the relaxed nanocrystal has beyond the crystal, relaxed again by the potential at hand:
    per area (mJ/m^2), and of the atoms of each place as the pair style divides it (meV)."""
    count = known.counts[0]
    session.put(known.cells[0], known.positions[:count])
    session.do("compute energy all pe/atom")
    excess = float(session.relax("iso", *SECOND)) - count * float(crystal.e0)
    cell, values = session.get("c_energy")
    session.do("uncompute energy")
    area = known.areas[0] * (np.linalg.det(cell) / np.linalg.det(known.cells[0])) ** (2 / 3)
    atoms = MILLI * (values[:, 3] - float(crystal.e0))
    near = known.near[:count]
    return SURFACE * excess / area, {name: float(atoms[near == place].mean())
                                     for name, (place, _) in PLACES.items()}


def run(session, crystal):
    found, known = compared(session, crystal, lambda: make(session, crystal))
    source, values = crystal.source, {}
    values["poly_energy"], atoms = energies(session, crystal, known)
    for name, (place, _) in PLACES.items():
        cold, hot = (errors(found, known, place)[temperature] for temperature in (0, HOT))
        values[f"poly_rms_{name}"] = hot[0]
        values[f"poly_atom_{name}"] = atoms[name]
        if not source.own:
            values |= {f"poly_force_{name}": hot[1], f"poly_force0_{name}": cold[1]}
        if not source.own or source.truth:
            values[f"poly_error_{name}"] = hot[2]
    return values, []


POLYCRYSTAL = Property(
    "polycrystal", "Polycrystal", "full", 1,
    "create_polycrystal of this package, which LAMMPS must have, makes four grains in a periodic "
    "cube of 40 Å. The reference potential, or where there is none the first potential, relaxes "
    "them, runs them for 2 ps at 600 K, relaxes them at zero pressure and runs them for 2 ps at "
    "300 K. In these two structures forces of all potentials are compared: of atoms of triple "
    "lines (the third-nearest seed of a grain is at most 3 Å farther than the nearest) and of "
    "others within 2.46 Å of boundaries. Energies are those of the relaxed one, relaxed once "
    "more, 1000 steps at most, by each potential: of boundaries by the area of the cells' faces, "
    "triple lines included; of atoms as the pair style divides it, which is its own affair. A "
    "thousand steps more lower the energy of boundaries by another per cent, so that differences "
    "below that mean nothing.",
    rows, run, compares=True)
