# SPDX-License-Identifier: GPL-2.0-or-later
"""Models of atoms and grain boundaries for the LAMMPS package ML-GRAIN.

tables      tables of descriptors: from LAMMPS dumps, in .npz files, and samples of their rows
models      forests and Gaussian mixtures: trained, imported, with uncertainty, in files
boundaries  grain boundaries: cells with their atoms, features of whole boundaries
plots       pictures
commands    the command `mlgrain`

The file format is defined in doc/model_format.md of ML-GRAIN.
"""

from ._version import VERSION as __version__
from .errors import MLGrainError
from .models.forest import Forest
from .models.load import load_model
from .models.mixture import Mixture

__all__ = ["Forest", "MLGrainError", "Mixture", "__version__", "load_model"]
