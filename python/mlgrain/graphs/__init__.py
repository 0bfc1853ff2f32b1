# SPDX-License-Identifier: GPL-2.0-or-later
"""Polycrystals as graphs, and their effective conductivity and stiffness: estimates, and models that
correct them (doc/graph.md).

polycrystal     Polycrystal, Faces: grains and boundaries with tensors; estimates with nothing fitted
voxels          VoxelGraph: grains and boundaries of measured microstructures and others on voxels
microstructures polycrystals drawn at random
samples         sets of them, solved
model           models: Rows to learn from, PolycrystalModel, Predictor
"""

from .model import PolycrystalModel, Prediction, Predictor, Rows, rows_of
from .polycrystal import Faces, Polycrystal, estimates, of_grains, of_run, self_consistent
from .voxels import VoxelGraph, of_voxels

__all__ = ["Faces", "Polycrystal", "PolycrystalModel", "Prediction", "Predictor", "Rows", "VoxelGraph",
           "estimates", "of_grains", "of_run", "of_voxels", "rows_of", "self_consistent"]
