# SPDX-License-Identifier: GPL-2.0-or-later
"""Effective conductivity and stiffness of periodic microstructures on voxels.

effective       conductivity, stiffness, Effective; the same at another resolution
tensors         phases' tensors: from constants, turned with crystals, layered; bounds
microstructure  Microstructure: grains or phases on voxels, with orientations
files           microstructures in .npy, .npz, .vti, .tesr and DREAM.3D files
polycrystals    lists of grains, as create_polycrystal writes them, on voxels
"""

from .effective import Effective, conductivity, resampled, stiffness
from .files import read_microstructure
from .microstructure import Microstructure
from .polycrystals import GrainList, read_grains
from .tensors import isotropic_bounds, layers, mean_bounds, turned

__all__ = ["Effective", "GrainList", "Microstructure", "conductivity", "isotropic_bounds", "layers",
           "mean_bounds", "read_grains", "read_microstructure", "resampled", "stiffness", "turned"]
