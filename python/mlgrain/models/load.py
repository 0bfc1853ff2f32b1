# SPDX-License-Identifier: GPL-2.0-or-later
"""Model files of any kind."""

from __future__ import annotations

from .forest import Forest
from .mixture import Mixture
from .modelfile import Reader


def load_model(path):
    """The Forest or Mixture in a file."""
    reader = Reader(path)
    return (Forest if reader.kind == "forest" else Mixture).from_reader(reader)
