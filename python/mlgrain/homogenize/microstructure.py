# SPDX-License-Identifier: GPL-2.0-or-later
"""Grains or phases on voxels."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..errors import MLGrainError


@dataclasses.dataclass(frozen=True)
class Microstructure:
    """Labels on voxels, periodic.

    labels        integers [nx, ny, nz]
    spacing       float64 [3] edges of a voxel
    orientations  {label: quaternion [4] with v_sample = q v_crystal q*}, of labels that are grains
    name          of the file, for messages
    structures    {label: fcc, hcp, bcc, sc or diamond}, where it is known
    """

    labels: np.ndarray
    spacing: np.ndarray
    orientations: dict
    name: str = "microstructure"
    structures: dict = dataclasses.field(default_factory=dict)

    def phases(self):
        """(phases [nx, ny, nz] 0 .. n-1, the labels they stand for [n])"""
        found, phases = np.unique(self.labels, return_inverse=True)
        return phases.reshape(self.labels.shape).astype(np.int32), found

    def with_boundary(self, label, sides=2):
        """A microstructure in which voxels with another grain beside them (one of six, across the
        ends of the box, too) have this label. sides 2: on both sides of the boundary, two voxels
        thick; 1: where the neighbor towards +x, +y or +z is another grain, one voxel thick."""
        return self._with(label, self._beside(sides))

    def with_thick_boundary(self, label, thickness):
        """The same for voxels whose centers are within thickness/2 of a boundary. Boundaries are at
        least two voxels thick."""
        away = self.boundary_distances(0.5 * thickness)
        return self._with(label, self._beside(2) | (away < 0.5 * thickness))

    def filled(self, label):
        """A microstructure in which voxels with this label have that of the nearest ones with
        another, counting faces of voxels; of several towards -x +x -y +y -z +z the first."""
        labels, open_ones = self.labels.copy(), self.labels == label
        if open_ones.all():
            raise MLGrainError(f"{self.name}: all voxels have the label {label}")
        while open_ones.any():
            before, left = labels.copy(), open_ones.copy()
            for axis in range(3):
                for step in (1, -1):
                    take = open_ones & ~np.roll(left, step, axis)
                    labels[take] = np.roll(before, step, axis)[take]
                    open_ones &= ~take
        return dataclasses.replace(self, labels=labels)

    def boundary_distances(self, most):
        """[nx, ny, nz] how far voxels' centers are from the nearest boundary, which lies half the
        shortest edge of a voxel outside the centers beside it; right up to `most`. Without boundaries,
        infinite."""
        from scipy.ndimage import distance_transform_edt

        beside = self._beside(2)
        if not beside.any():
            return np.full(beside.shape, np.inf)
        pad = [(min(int(most / edge) + 1, count),) * 2
               for edge, count in zip(self.spacing, beside.shape)]
        inside = tuple(slice(low, low + count) for (low, _), count in zip(pad, beside.shape))
        away = distance_transform_edt(~np.pad(beside, pad, mode="wrap"), sampling=self.spacing)
        return away[inside] + 0.5 * self.spacing.min()

    def _beside(self, sides):
        beside = np.zeros(self.labels.shape, bool)
        for axis in range(3):
            other = np.roll(self.labels, -1, axis) != self.labels
            beside |= other
            if sides == 2:
                beside |= np.roll(other, 1, axis)
        return beside

    def _with(self, label, chosen):
        if (self.labels == label).any():
            raise MLGrainError(f"{self.name}: there is a grain {label}, the label for boundaries")
        return dataclasses.replace(self, labels=np.where(chosen, label, self.labels))
