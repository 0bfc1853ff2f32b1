# SPDX-License-Identifier: GPL-2.0-or-later
"""Files to read, unpacked by the ending of their names."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib

from ..errors import MLGrainError

_OPEN = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error)  # what reading a damaged file raises


def plain_name(path):
    """The name without the ending that says how the file is packed."""
    stem, ending = os.path.splitext(path)
    return stem if ending in _OPEN else path


def open_file(path):
    """A file to read bytes from, unpacked."""
    try:
        return _OPEN.get(os.path.splitext(path)[1], open)(path, "rb")
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error


def text_lines(path):
    """The lines of a text, one by one."""
    try:
        with open_file(path) as file:
            for line in file:
                yield line.decode("utf-8", "replace")
    except BROKEN as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
