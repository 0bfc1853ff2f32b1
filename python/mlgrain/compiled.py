# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiled core, mlgrain._core, for what needs it; the rest of the package does without."""

from __future__ import annotations

import operator

from .errors import MLGrainError

try:
    from . import _core
    _reason = None
except ImportError as _error:
    _core, _reason = None, str(_error)


def is_compiled():
    """Whether the core is there, for what also has a plain version."""
    return _core is not None


def core():
    """The module mlgrain._core."""
    if _core is None:
        raise MLGrainError("this needs the compiled core of mlgrain, which isn't here "
                           f"({_reason}): install the package with 'pip install ./python' in a "
                           "checkout of ML-GRAIN")
    return _core


def thread_count(threads):
    """`threads` as a whole number from 1 to 1024."""
    try:
        count = operator.index(threads)
    except TypeError:
        raise MLGrainError(f"threads: {threads!r} is not a whole number") from None
    if not 1 <= count <= 1024:
        raise MLGrainError(f"threads: {count} is not within 1 to 1024")
    return count
