# SPDX-License-Identifier: GPL-2.0-or-later
"""Periodic structures, their distances and shapes."""

from __future__ import annotations

import dataclasses

import numpy as np

from .spacegroups import spglib


@dataclasses.dataclass
class Structure:
    """cell [3, 3]: rows are the edges, Angstrom. positions [atoms, 3]. species [atoms]: counted
    from 0. kind: how it was made. ancestry: of which, and how. energy (eV), forces [atoms, 3]
    (eV/Angstrom) and virial [6] (eV; xx yy zz xy xz yz, minus stress times volume): None before
    they are known."""

    cell: np.ndarray
    positions: np.ndarray
    species: np.ndarray
    kind: str
    ancestry: str
    energy: float | None = None
    forces: np.ndarray | None = None
    virial: np.ndarray | None = None

    def __len__(self):
        return len(self.positions)

    @property
    def volume(self):
        return float(abs(np.linalg.det(self.cell)))

    def derived(self, kind, cell, positions, step=""):
        """One made of this."""
        return Structure(cell, positions, self.species, kind, f"{self.ancestry}:{kind}{step}")


def reduced(structure):
    """The same structure, turned, with Niggli's cell as LAMMPS takes it: the first edge along x,
    the second in the xy plane, tilts of at most half an edge. Positions are in the cell. A
    left-handed cell is mirrored."""
    cell = spglib().niggli_reduce(structure.cell, eps=1e-7)
    cell = structure.cell if cell is None else cell
    _, upper = np.linalg.qr(cell.T)
    turned = upper.T * np.sign(np.diag(upper))
    positions = structure.positions @ np.linalg.inv(cell) @ turned
    turned[1] -= np.round(turned[1, 0] / turned[0, 0]) * turned[0]
    turned[2] -= np.round(turned[2, 1] / turned[1, 1]) * turned[1]
    turned[2] -= np.round(turned[2, 0] / turned[0, 0]) * turned[0]
    return dataclasses.replace(structure, cell=turned,
                               positions=positions @ np.linalg.inv(turned) % 1.0 @ turned)


def relative_distance(structure, shortest):
    """The least of distance over `shortest` [species, species] of all pairs of atoms, images
    included, as long as it is below one; 1 where there are none nearer."""
    reach = float(np.max(shortest))
    heights = structure.volume / np.linalg.norm(np.cross(structure.cell[[1, 2, 0]],
                                                         structure.cell[[2, 0, 1]]), axis=1)
    fractional = structure.positions @ np.linalg.inv(structure.cell) % 1.0
    ranges = [np.arange(-n, n + 1) for n in np.ceil(reach / heights).astype(int)]
    if np.prod([len(one) for one in ranges]) > 100000:
        return 0.0  # a cell as flat as that holds no crystal
    shifts = np.array(np.meshgrid(*ranges, indexing="ij")).reshape(3, -1).T @ structure.cell
    positions = fractional @ structure.cell
    apart = np.linalg.norm(positions[:, None, None] - positions[None, :, None] + shifts, axis=3)
    limits = np.asarray(shortest)[structure.species[:, None], structure.species]
    ratio = apart / limits[..., None]
    ratio[np.arange(len(positions)), np.arange(len(positions)), len(shifts) // 2] = np.inf
    return float(min(ratio.min(), 1.0))


def aspect(cell):
    """The longest edge over the smallest distance between opposite faces."""
    heights = abs(np.linalg.det(cell)) / \
                  np.linalg.norm(np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1)
    return float(np.linalg.norm(cell, axis=1).max() / heights.min())
