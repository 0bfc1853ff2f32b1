# SPDX-License-Identifier: GPL-2.0-or-later
"""Minimum energy paths by nudged elastic bands: tangents of G. Henkelman, H. Jonsson, J. Chem.
Phys. 113, 9978 (2000), minimized by FIRE (E. Bitzek et al., Phys. Rev. Lett. 97, 170201
(2006))."""

from __future__ import annotations

import numpy as np

from .session import Failure

STEP, LARGEST_STEP, LONGEST_MOVE = 0.05, 0.25, 0.05
SPRING = 1.0  # eV/Angstrom^2


def tangents(energies, images):
    """Of the images between the ends: toward the neighbor of higher energy, mixed at extrema."""
    found = []
    for k in range(1, len(images) - 1):
        ahead, back = images[k + 1] - images[k], images[k] - images[k - 1]
        up, down = energies[k + 1] - energies[k], energies[k - 1] - energies[k]
        if up > 0 >= down:
            one = ahead
        elif down > 0 >= up:
            one = back
        else:
            most, least = max(abs(up), abs(down)), min(abs(up), abs(down))
            one = ahead * most + back * least if up > down else ahead * least + back * most
            if not one.any():
                one = ahead + back
        found.append(one / (np.linalg.norm(one) or 1.0))
    return np.array(found)


def path(evaluate, images, force, steps=300):
    """Relaxes the images [images, atoms, 3] between the first and the last, whose forces across
    the path become at most `force` for every atom. evaluate(images) returns energies and forces,
    which are zero for atoms that stay where they are. Returns energies and images."""
    images = np.array(images, dtype=float)
    (first, last), _ = evaluate(images[[0, -1]])
    velocity, step, mix, good = np.zeros_like(images[1:-1]), STEP, 0.1, 0
    for _ in range(steps):
        inner, forces = evaluate(images[1:-1])
        energies = np.array([first, *inner, last])
        along = tangents(energies, images)
        lengths = np.linalg.norm(np.diff(images, axis=0), axis=(1, 2))
        parallel = np.sum(forces * along, axis=(1, 2))
        across = forces - parallel[:, None, None] * along
        if np.linalg.norm(across, axis=2).max() < force:
            return energies, images
        total = across + SPRING * (lengths[1:] - lengths[:-1])[:, None, None] * along
        power = np.sum(total * velocity)
        if power > 0:
            velocity = (
                1 - mix) * velocity + mix * np.linalg.norm(velocity) / np.linalg.norm(total) * total
            good += 1
            if good > 5:
                step, mix = min(1.1 * step, LARGEST_STEP), 0.99 * mix
        else:
            velocity, step, mix, good = np.zeros_like(velocity), 0.5 * step, 0.1, 0
        velocity = velocity + step * total
        move = step * velocity
        most = np.linalg.norm(move, axis=2).max()
        images[1:-1] += move * min(1.0, LONGEST_MOVE / most)
    raise Failure(f"the path is not relaxed after {steps} steps")
