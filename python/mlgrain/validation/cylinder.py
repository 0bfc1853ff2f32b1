# SPDX-License-Identifier: GPL-2.0-or-later
"""Cylinders of crystal around a straight dislocation: atoms near it move, a rim around them is
held."""

from __future__ import annotations

import numpy as np

from .cells import oriented

RIM, VACUUM = 13.0, 15.0  # Angstrom: twice a usual cutoff; empty space around it


class Cylinder:
    """Perfect crystal with three directions along x (the axis), y, z, one period long, about a
    point of the yz plane in which an atom is at the origin. Atoms that are held come last.

    cell, positions   of the perfect crystal
    moving            how many atoms move
    """

    def __init__(self, lattice, a, directions, center, radius):
        reach = radius + RIM
        edges = np.diag(oriented(lattice, a, directions)[0])
        counts = [1, *(2 * np.ceil(reach / edges[1:] + 1).astype(int))]
        cell, positions = oriented(lattice, a, directions, counts)
        # An atom near the middle becomes the origin of the plane.
        middle = positions[np.argmin(
            np.linalg.norm(positions[:, 1:] - 0.5 * np.diag(cell)[1:], axis=1))]
        positions = positions - [0, *middle[1:]]
        distance = np.linalg.norm(positions[:, 1:] - np.array(center), axis=1)
        inside = distance < reach
        order = np.argsort(distance[inside] >= radius, kind="stable")
        self.positions = positions[inside][order]
        self.moving = int(np.count_nonzero(distance < radius))
        size = 2 * reach + VACUUM
        self.cell = np.diag([edges[0], size, size])
        self.shift = np.array([0.0, 0.5 * size - center[0], 0.5 * size - center[1]])

    def relax(self, session, positions, held=(), force=2e-3):
        """(energy, positions of atoms) with the rim, and x of some atoms, held."""
        session.put(self.cell, positions + self.shift)
        session.do(f"group rim id > {self.moving}\nfix rim rim setforce 0 0 0")
        if len(held):
            session.do(f"group line id {' '.join(str(k + 1) for k in held)}\n"
                       "fix line line setforce 0 NULL NULL")
        energy = session.relax(force=force, dmax=0.02)
        _, relaxed = session.get()
        session.do("unfix rim\ngroup rim delete"
                   + ("\nunfix line\ngroup line delete" if len(held) else ""))
        # In the same image as before.
        move = relaxed - self.shift - positions
        move -= np.round(move / np.diag(self.cell)) * np.diag(self.cell)
        return energy, positions + move

    def energy(self, session, positions):
        """Of atoms where they are."""
        session.put(self.cell, positions + self.shift)
        return session.energy()

    def evaluate(self, session, images):
        """Energies and forces of several sets of positions; no forces on the rim."""
        energies, forces = session.evaluate(self.cell, np.asarray(images) + self.shift)
        forces[:, self.moving:] = 0.0
        return energies, forces
