# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of models and potentials, each read once, and the descriptors that a model wants."""

from __future__ import annotations

import functools
import os

import numpy as np

from ..descriptors import sfd, sfd_names
from ..errors import MLGrainError
from ..models.container import parse_json
from ..models.load import load_model
from ..potentials.mtp import MTP
from .particles import atoms_of, check_elements, weights_of


def model_in(path):
    """The model in a file."""
    return _cached(load_model, path, "model")


def potential_in(path, species=None):
    """The MTP in a file. species: text with chemical symbols, None or empty for the file's own."""
    names = tuple((species or "").replace(",", " ").split()) or None
    return _cached(MTP, path, "potential", names)


def _cached(read, path, what, *rest):
    if not path:
        raise MLGrainError(f"{what}: choose a file")
    try:
        stamp = os.stat(path)
    except OSError as error:
        raise MLGrainError(f"{what}: {path} can't be read: {error.strerror}") from error
    return _read(read, os.path.abspath(path), (stamp.st_mtime_ns, stamp.st_size), *rest)


@functools.lru_cache(maxsize=8)
def _read(read, path, _stamp, *rest):
    return read(path, *rest)


def features_of(data, model, path, threads):
    """[particles, features] the descriptors that a model was trained with, by the parameters in its
    file."""
    names, descriptor = sfd_names(), _json(model, "descriptor", path) or {}
    unknown = [name for name in model.features if name not in names]
    if unknown:
        raise MLGrainError(f"{path} wants {unknown[0]}, which is not a descriptor of single "
                           "particles")
    if descriptor.get("style") != "sfd/atom":
        raise MLGrainError(f"{path} doesn't say with what sigma and rcut its descriptors are made "
                           "(metadata 'descriptor')")
    atoms = atoms_of(data)
    check_elements(data, _elements(model, path), path)
    rows = sfd(atoms, descriptor["sigma"], descriptor["rcut"],
               weights=weights_of(data, descriptor.get("weight")), threads=threads)
    if model.features == names:
        return rows
    return np.ascontiguousarray(rows[:, [names.index(name) for name in model.features]])


def _elements(model, path):
    """Chemical symbols of the training data, or None."""
    elements = _json(model, "elements", path)
    if elements is not None and not (isinstance(elements, list)
                                     and all(isinstance(one, str) for one in elements)):
        raise MLGrainError(f"{path}: metadata 'elements' is not a list of chemical symbols")
    return elements


def _json(model, key, path):
    try:
        return parse_json(model.metadata.get(key, "null"))
    except ValueError as error:
        raise MLGrainError(f"{path}: metadata {key!r} is not valid JSON: {error}") from error
