# SPDX-License-Identifier: GPL-2.0-or-later
"""Model files of any kind."""

from __future__ import annotations

from ..errors import MLGrainError
from .classifier import ForestClassifier
from .forest import Forest
from .linear import Linear
from .mixture import Mixture
from .modelfile import Reader

KINDS = {"forest": Forest, "forest_classifier": ForestClassifier, "gaussian_mixture": Mixture,
         "linear": Linear}


def load_model(path):
    """The Forest, ForestClassifier, Linear or Mixture in a file."""
    reader = Reader(path)
    if reader.kind not in KINDS:
        raise MLGrainError(f"{path} is a model of {reader.kind}s: mlgrain.graphs reads it")
    return KINDS[reader.kind].from_reader(reader)
