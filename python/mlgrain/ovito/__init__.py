# SPDX-License-Identifier: GPL-2.0-or-later
"""Modifiers for OVITO, by the compiled core: what the styles in LAMMPS give, for any file
that OVITO reads.

    from ovito.io import import_file
    from mlgrain.ovito import ClassesModifier
    pipeline = import_file("gb.dump")
    pipeline.modifiers.append(ClassesModifier(model="Cu_gb2.safetensors"))

SFDModifier       strain functional descriptors, as compute sfd/atom
ClassesModifier   classes of a Gaussian mixture or a classifier, as compute gmm/atom
ForestModifier    energy density, or what else a forest predicts, as fix forest/atom
MTPGradeModifier  extrapolation grade of a moment tensor potential, as compute mtp/grade/atom

Lengths have the unit of the file that OVITO reads; models and potentials are normally for Angstrom.
The package's metadata (python/pyproject.toml) tell OVITO of them.
"""

from ..errors import MLGrainError

try:
    import ovito.pipeline  # noqa: F401
    import ovito.traits  # noqa: F401
except ImportError as _error:
    raise MLGrainError("mlgrain.ovito needs OVITO: pip install 'ovito>=3.10' "
                       f"({_error})") from _error

from .classes import ClassesModifier
from .forest import ForestModifier
from .grade import MTPGradeModifier
from .sfd import SFDModifier

__all__ = ["ClassesModifier", "ForestModifier", "MTPGradeModifier", "SFDModifier"]
