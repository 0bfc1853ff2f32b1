# SPDX-License-Identifier: GPL-2.0-or-later
"""Models of atoms and grain boundaries, the Python part of the LAMMPS package ML-GRAIN.

descriptors  of the neighborhoods of atoms: sfd, voronoi
spectra      of neighborhoods: soap, soap_mean
environments unique ones among them, and which of them atoms have
representations of many frames: means over atoms and windows of time
potentials   moment tensor potentials: MTP
ase          a calculator of ASE for them
ovito        modifiers for OVITO
tables       tables of descriptors: from LAMMPS dumps, in .npz files, and samples of their rows
models       forests and Gaussian mixtures: trained, imported, with uncertainty, in files
boundaries   grain boundaries: Boundary, by five parameters; cells with their atoms, features
homogenize   effective conductivity and stiffness of microstructures on voxels
grains       tables of fix grains: graphs, sizes, voxels
plots        pictures
commands     the command `mlgrain`

The file format of models is defined in doc/model_format.md of ML-GRAIN.
"""

import importlib

from ._version import VERSION as __version__
from .errors import MLGrainError

# What is imported when it is first asked for, so that `import mlgrain` takes no time.
_HOME = {
    "Boundary": "boundaries.boundary",
    "Crystal": "boundaries.crystal",
    "Forest": "models.forest",
    "ForestClassifier": "models.classifier",
    "MTP": "potentials.mtp",
    "Mixture": "models.mixture",
    "NearBoundary": "boundaries.near",
    "load_model": "models.load",
    "sfd": "descriptors",
    "sfd_names": "descriptors",
    "soap": "spectra",
    "soap_components": "spectra",
    "soap_mean": "spectra",
    "voronoi": "descriptors",
}

__all__ = ["MLGrainError", "__version__", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module("." + _HOME[name], __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *_HOME])
