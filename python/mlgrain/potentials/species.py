# SPDX-License-Identifier: GPL-2.0-or-later
"""Species of a potential that is to be trained, as the configurations need them."""

from __future__ import annotations

from ..compiled import core
from ..errors import MLGrainError


def needed_labels(labels, has_coefficients, types):
    """The labels that a potential needs for configurations with these types.

    A file without coefficients has no labels of its own: they are the types, or 0, 1, ... where the
    types are below the number of its species. Otherwise types that are not known are added, if the
    file's labels and the types are clearly of one kind: numbers from 0, or elements.
    """
    labels, types = list(labels), sorted(types)
    if all(kind in labels for kind in types) or types[-1] < len(labels):
        return labels
    if not has_coefficients:
        return types
    counted = labels == list(range(len(labels)))
    if not any(kind in labels for kind in types) or (not counted and types[0] == 0):
        raise MLGrainError(f"types {', '.join(map(str, types))} in the configurations: the "
                           f"potential has {', '.join(map(str, labels))}")
    return labels + [kind for kind in types if kind not in labels]


def fit_species(name, contents, configurations, seed=0):
    """(contents, labels, new labels): the contents of a potential file, trained or not, with the
    species that the configurations need. Parameters of known species are kept; a new species or
    pair begins with the mean of those that are known."""
    if not configurations:
        raise MLGrainError("there are no configurations to train on")
    labels, has_coefficients = core().species_of_mtp(name, contents)
    types = {int(kind) for one in configurations for kind in one.types}
    if not types:
        raise MLGrainError("the configurations have no atoms")
    needed = needed_labels(labels, has_coefficients, types)
    if has_coefficients and needed == labels:
        return contents, labels, []
    new = [kind for kind in needed if kind not in labels] if has_coefficients else []
    return core().mtp_with_species(name, contents, needed, seed), needed, new
