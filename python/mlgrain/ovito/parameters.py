# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters that several modifiers have."""

from __future__ import annotations

import os

from traits.api import Range


def threads_parameter():
    """Number of threads, 0 for all that there are."""
    return Range(low=0, high=1024, value=0, label="Threads (0: all)")


def thread_number(threads):
    """The number that a threads_parameter stands for."""
    if threads:
        return threads
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 1024)
    return min(os.cpu_count() or 1, 1024)
