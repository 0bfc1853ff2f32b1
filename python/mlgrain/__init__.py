# SPDX-License-Identifier: GPL-2.0-or-later
"""Models of atoms and grain boundaries for the LAMMPS package ML-GRAIN.

dumps        LAMMPS dump files, frame by frame
tables       feature tables: named columns of numbers in an .npz file
sampling     curated samples of a table
container    safetensors files
forest       forests as in a model file: write, read, check, predict with NumPy
mixture      Gaussian mixtures, likewise
trees        decision trees as plain arrays, and their layout in a model file
importers    scikit-learn estimators and ONNX files -> trees
training     random forests, cross-validation, learning curves
classes      Gaussian mixtures, and how many classes to take
uncertainty  out-of-bag calibration, robust Mahalanobis novelty
boundaries   features of whole grain boundaries
plots        pictures
bicrystal    symmetric tilt boundaries: which there are, and cells with their atoms

The file format is defined in doc/model_format.md of ML-GRAIN.
"""

from ._version import VERSION as __version__
from .errors import MLGrainError
from .forest import Forest
from .mixture import Mixture
from .modelfile import load_model

__all__ = ["Forest", "MLGrainError", "Mixture", "__version__", "load_model"]
