# SPDX-License-Identifier: GPL-2.0-or-later
"""Descriptors of the neighborhoods of atoms, by the compiled core: those that the LAMMPS styles
compute sfd/atom and compute eden/atom give, without LAMMPS."""

from __future__ import annotations

import dataclasses

import numpy as np

from .atoms import as_arrays, numbers, positive
from .compiled import core, thread_count
from .errors import MLGrainError

# A search for neighbors this many nearest-neighbor distances long tells vacuum from the space
# between atoms: those of compute eden/atom, and a little more.
ENOUGH_DISTANCES = 3.3
SAMPLE = 1000


def sfd_names():
    """Names of the columns of sfd: "P0_I0" to "P4_I8"."""
    return list(core().SFD_NAMES)


def sfd(atoms, sigma=None, rcut=None, *, weights=None, threads=1):
    """Strain functional descriptors (doc/theory_sfd.md): float64 [atoms, 19], columns as in
    sfd_names().

    sigma    width of the Gaussian, unit of length of the positions. None: from the mean density of
             the cell, as `compute sfd/atom auto auto` has it; needs a cell with a volume
    rcut     atoms nearer than this are neighbors, same unit. None: 6.495 sigma
    weights  [atoms] factor >= 0 of each atom's Gaussian; None: 1
    threads  of the processor
    """
    arrays = as_arrays(atoms)
    sigma, rcut = sfd_parameters(arrays, sigma, rcut)
    if weights is not None:
        weights = numbers("weights", weights, (len(arrays.positions),), "[atoms]")
        if not ((weights >= 0) & np.isfinite(weights)).all():
            raise MLGrainError("weights: one is negative or not finite")
    return core().sfd(*arrays, sigma, rcut, weights, thread_count(threads))


def sfd_parameters(atoms, sigma=None, rcut=None):
    """(sigma, rcut) that sfd takes for what it is given."""
    sigma = _automatic_sigma(as_arrays(atoms)) if sigma is None else positive("sigma", sigma)
    return sigma, core().sfd_automatic_cutoff(sigma) if rcut is None else positive("rcut", rcut)


def _automatic_sigma(arrays):
    volume = abs(np.linalg.det(arrays.cell))
    if not volume or not len(arrays.positions):
        raise MLGrainError("sigma: it can't be found from the density of a cell without volume or "
                           "without atoms")
    return core().sfd_automatic_sigma(len(arrays.positions) / volume)


@dataclasses.dataclass(frozen=True)
class VoronoiCells:
    """Voronoi cells of atoms.

    volumes  float64 [atoms], unit of length cubed
    faces    int32 [atoms], number of faces
    bounds   int32 [atoms], 0: closed by neighbors, 1: by neighbors and faces of the box, 2: open;
             column 5 of compute eden/atom
    cutoff   how far neighbors were searched, unit of length
    """

    volumes: np.ndarray
    faces: np.ndarray
    bounds: np.ndarray
    cutoff: float

    @property
    def open(self):
        """bool [atoms]: whether an empty sphere of radius cutoff / 2 touches the atom, which faces
        vacuum then; its volume is cut off at a cube of edge cutoff around it."""
        return self.bounds == core().VORONOI_OPEN

    def __iter__(self):
        """volumes, faces, open"""
        return iter((self.volumes, self.faces, self.open))


def voronoi(atoms, cutoff=None, *, walls=True, threads=1):
    """Voronoi cells of atoms, VoronoiCells: `volumes, faces, open = voronoi(atoms)`.

    cutoff   neighbors nearer than this bound a cell, unit of length of the positions. None: 3.3
             times the mean distance of nearest neighbors, which tells vacuum from any space between
             atoms. Volumes of closed cells don't depend on it.
    walls    whether the cell's faces bound Voronoi cells where it isn't periodic, as those of the
             box do in compute eden/atom. Without effect where the cell has no volume.
    threads  of the processor
    """
    arrays, threads = as_arrays(atoms), thread_count(threads)
    walls = bool(walls and np.linalg.det(arrays.cell))
    cutoff = _automatic_cutoff(arrays, threads) if cutoff is None else positive("cutoff", cutoff)
    volumes, faces, bounds, _ = core().voronoi(*arrays, cutoff, walls, None, threads)
    return VoronoiCells(volumes, faces, bounds, cutoff)


def _automatic_cutoff(arrays, threads):
    """From the nearest neighbors of up to SAMPLE atoms, evenly taken from all."""
    count = len(arrays.positions)
    if not count:
        return 1.0
    chosen = np.zeros(count, dtype=bool)
    chosen[np.linspace(0, count - 1, min(count, SAMPLE)).astype(int)] = True
    reach = 2 * _spacing(arrays)
    for _ in range(8):
        nearest = core().voronoi(*arrays, reach, False, chosen, threads)[3][chosen]
        found = nearest[np.isfinite(nearest)]
        if 2 * len(found) > len(nearest):
            return ENOUGH_DISTANCES * float(found.mean())
        reach *= 2
    raise MLGrainError("cutoff: most atoms have no neighbors near them, so that it can't be found "
                       "from these; give it")


def _spacing(arrays):
    """Cube root of the volume per atom, of the cell or of the room that the atoms take up in it:
    where the search for neighbors begins."""
    extent = np.ptp(arrays.positions, axis=0)
    edges = np.linalg.norm(arrays.cell[list(arrays.pbc)], axis=1)
    longest = max([*extent, *edges])
    room = np.prod(np.maximum(extent, 0.01 * longest))
    volume = min(room, abs(np.linalg.det(arrays.cell)) or room)
    if not volume:
        raise MLGrainError("cutoff: it can't be found for atoms without distances; give it")
    return (volume / len(arrays.positions)) ** (1 / 3)
