# SPDX-License-Identifier: GPL-2.0-or-later
"""Forces and energies in boundaries at temperatures, as K. Ito, T. Yokoi, K. Hyodo, H. Mori, npj
Comput. Mater. 10, 255 (2024) compare them."""

from __future__ import annotations

import numpy as np

from . import boundaries
from .common import Property, Row, curve
from .labeled import compared, errors
from .thermal import time_step

TEMPERATURES = (300, 600, 1000)  # K
CORE = 2.46  # Angstrom from a boundary, as there
WIDTH = 12.0  # Angstrom, of the cells at least
REST, BETWEEN, FRAMES = 2.0, 0.5, 4  # ps, ps, of each boundary and temperature


def rows(_):
    # Only what is a part of something can be a mean with other errors: the rest is listed.
    return [row for t in TEMPERATURES for row in (
        Row(f"hot_rms_{t}", f"rms force in boundaries at {t} K", "meV/Å", "listed"),
        Row(f"hot_force_{t}", f"rms error of forces in boundaries at {t} K", "meV/Å", "listed"),
        Row(f"hot_error_{t}", f"error of forces in boundaries over the rms force, {t} K", "%", "boundary"),
        Row(f"hot_energy_{t}", f"error of energies of cells with boundaries at {t} K", "meV/atom",
            "boundary"))]


def repeated(cell, positions, least):
    """Periods of a cell with edges along x, y, z, so that it is as wide as this along x and z."""
    edges = np.diag(cell)
    counts = [max(1, int(np.ceil(least / edges[k] - 1e-9))) if k != 1 else 1 for k in range(3)]
    shifts = np.array(list(np.ndindex(*counts))) * edges
    return np.diag(edges * counts), (positions[None] + shifts[:, None]).reshape(-1, 3)


def near_planes(cell, positions):
    """Atoms within CORE of the boundaries at y = 0 and half the edge."""
    half = 0.5 * cell[1, 1]
    y = positions[:, 1] % half
    return np.minimum(y, half - y) < CORE


def frames(session, crystal, cell, positions, temperature, count):
    """Yields so many (cell, positions) of a run at zero pressure."""
    step = time_step(crystal.mass)
    session.put(cell, positions)
    session.do(f"timestep {step}\nvelocity all create {2 * temperature} 4711 mom yes rot no\n"
               f"fix move all npt temp {temperature} {temperature} $(100*dt) aniso 0 0 $(1000*dt)")
    for time in (REST, *[BETWEEN] * (count - 1)):
        session.do(f"run {round(time / step)} post no")
        yield session.get()
    session.do("unfix move\ntimestep 0.001")


def make(session, crystal, keys):
    """Frames of all boundaries: temperatures, cells, positions, which atoms are near,
    areas."""
    found = []
    for key in keys:
        _, cell, positions = boundaries.relaxed(session, crystal, key)
        start = repeated(cell, positions, WIDTH)
        for temperature in TEMPERATURES:
            found += [(temperature, box, x, near_planes(box, x), 2 * box[0, 0] * box[2, 2])
                      for box, x in frames(session, crystal, *start, temperature, FRAMES)]
    return tuple(zip(*found))


def run(session, crystal, keys=None):
    keys = keys or boundaries.tilts(crystal.lattice)
    table = errors(*compared(session, crystal, lambda: make(session, crystal, keys)))
    source, values = crystal.source, {}
    for t, (size, force, error, energy) in table.items():
        values[f"hot_rms_{t}"] = size
        if not source.own:
            values[f"hot_force_{t}"] = force
        if not source.own or source.truth:
            values |= {f"hot_error_{t}": error, f"hot_energy_{t}": energy}
    if source.own:
        return values, []
    return values, [curve("hot_forces", "Errors of forces in boundaries", "temperature (K)",
                          "rms error (meV/Å)", "boundary",
                          [["", list(table), [one[1] for one in table.values()]]])]


BOUNDARIES = Property(
    "hot-boundaries", "Grain boundaries at temperatures", "full", 1,
    "The eight symmetric tilts, repeated to widths of at least 12 Å, run at zero pressure (npt, "
    "damping 0.1 and 1 ps at steps of 1 fs) and 300, 600 and 1000 K with the reference potential, "
    "or where there is none with the first potential, which then is no truth: what is given are "
    "differences from it. After 2 ps, four frames 0.5 ps apart of each. Forces (rms of components) "
    "are of atoms within 2.46 Å of where the planes were made, errors in per cent of the rms "
    "force; energies are of whole frames less each potential's own energy of as many atoms of its "
    "crystal. All potentials have the same frames.",
    rows, run, compares=True, alone=False)
