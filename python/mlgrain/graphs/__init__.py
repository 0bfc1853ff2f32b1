# SPDX-License-Identifier: GPL-2.0-or-later
"""Polycrystals as graphs, and their effective conductivity and stiffness: estimates, and models that
correct them (doc/graph.md).

polycrystal     Polycrystal, Faces: grains and boundaries with tensors; estimates with nothing fitted
microstructures polycrystals drawn at random
samples         sets of them, solved
model           models: Rows to learn from, PolycrystalModel, Predictor
"""

from .model import PolycrystalModel, Prediction, Predictor, Rows, rows_of
from .polycrystal import Faces, Polycrystal, estimates, of_grains, of_run, self_consistent

__all__ = ["Faces", "Polycrystal", "PolycrystalModel", "Prediction", "Predictor", "Rows", "estimates",
           "of_grains", "of_run", "rows_of", "self_consistent"]
