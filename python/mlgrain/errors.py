# SPDX-License-Identifier: GPL-2.0-or-later
"""The one exception this package raises for what a user can put right."""


class MLGrainError(Exception):
    """Says in a sentence what is wrong with the input."""
