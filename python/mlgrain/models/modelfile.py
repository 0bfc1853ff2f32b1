# SPDX-License-Identifier: GPL-2.0-or-later
"""What all models have in common as files: metadata, and shapes and types of tensors."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import sys

import numpy as np

from .._version import VERSION
from ..errors import MLGrainError
from . import container

FORMAT = {"format": "mlgrain", "version": "1"}
KINDS = ("forest", "forest_classifier", "gaussian_mixture", "linear", "polycrystal")


def json_text(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def provenance(seed=None, estimator=None):
    """Metadata that say by what a file was made."""
    import sklearn

    result = {
        "creator": f"mlgrain {VERSION}, scikit-learn {sklearn.__version__}, "
                   f"NumPy {np.__version__}, Python {platform.python_version()}",
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
    if seed is not None:
        result["seed"] = str(seed)
    if estimator is not None:
        result["estimator"] = estimator
    # As the command, or as `python -m mlgrain.cli`; a program that imports the package has its own.
    if sys.argv and os.path.basename(sys.argv[0]) in ("mlgrain", "cli.py"):
        result["command"] = shlex.join(["mlgrain", *sys.argv[1:]])
    return result


def check_features(features):
    """Names as a model file demands them: distinct and not empty."""
    names = list(features)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise MLGrainError("a model needs features, each with a name that is not empty")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise MLGrainError(f"feature {twice!r} is named twice")
    return names


class Reader:
    """A file's tensors and metadata, with the checks that several kinds of model need."""

    def __init__(self, path):
        self.path = path
        self.tensors, self.metadata = container.read(path)
        for key, value in FORMAT.items():
            if self.metadata.get(key) != value:
                raise self.error(f"metadata {key!r} is {self.metadata.get(key)!r}, not {value!r}")
        self.kind = self.metadata.get("kind")
        if self.kind not in KINDS:
            raise self.error(f"metadata 'kind' is {self.kind!r}, not one of {', '.join(KINDS)}")
        features = self.json("features", list)
        try:
            self.features = check_features(features if features is not None else [])
        except MLGrainError as error:
            raise self.error(f"metadata 'features': {error}") from error
        self._check_descriptor(self.json("descriptor", dict))

    def error(self, text):
        return MLGrainError(f"{self.path}: {text}")

    def json(self, key, form):
        """The value of a key that holds JSON of a form (list, dict), or None."""
        if key not in self.metadata:
            return None
        try:
            value = container.parse_json(self.metadata[key])
        except ValueError as error:
            raise self.error(f"metadata {key!r} is not valid JSON: {error}") from error
        if not isinstance(value, form):
            raise self.error(f"metadata {key!r} has the wrong form: {self.metadata[key][:60]}")
        return value

    def _check_descriptor(self, descriptor):
        if descriptor is None:
            return
        if not isinstance(descriptor.get("style"), str):
            raise self.error("metadata 'descriptor' has no style")
        if descriptor["style"] != "sfd/atom":
            return
        weight = descriptor.get("weight", [1.0])
        for number in [descriptor.get("sigma"), descriptor.get("rcut"),
                       *(weight if isinstance(weight, list) and weight else [None])]:
            if not isinstance(number, (int, float)) or isinstance(number, bool) or not number > 0:
                raise self.error("metadata 'descriptor' needs positive numbers sigma, rcut and, if "
                                 "there, weight")

    def tensor(self, name, dtype, shape, needed=True):
        """A tensor as an array after a check of its type and shape; None in a shape means any."""
        if name not in self.tensors:
            if needed:
                raise self.error(f"tensor {name!r} is missing")
            return None
        array = self.tensors[name]
        fits = array.ndim == len(shape) and all(
            want is None or have == want for have, want in zip(array.shape, shape))
        if array.dtype != np.dtype(dtype) or not fits:
            raise self.error(f"tensor {name!r} is {array.dtype}{list(array.shape)}, expected "
                             f"{np.dtype(dtype)}{['any' if n is None else n for n in shape]}")
        if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
            raise self.error(f"tensor {name!r} has numbers that are not finite")
        return array

    def check(self, condition, text):
        if not condition:
            raise self.error(text)

    def feature_range(self):
        limits = self.tensor("feature_range", "<f4", (2, len(self.features)), needed=False)
        self.check(limits is None or np.all(limits[0] <= limits[1]),
                   "tensor 'feature_range' has a smallest value above the largest")
        return limits

    def novelty(self):
        """(mean, U, limit) of the training data; None where the file has none."""
        count = len(self.features)
        limit = self.tensor("novelty_limit", "<f8", (1,), needed=False)
        mean = self.tensor("novelty_mean", "<f8", (count,), needed=False)
        factor = self.tensor("novelty_cholesky", "<f8", (count, count), needed=mean is not None)
        self.check((mean is None) == (factor is None),
                   "tensor 'novelty_cholesky' is there without its mean")
        if factor is not None:
            self.triangle(factor, "novelty_cholesky", strict=False)
        self.check(limit is None or limit[0] > 0, "the novelty's limit is not positive")
        return mean, factor, None if limit is None else float(limit[0])

    def triangle(self, array, name, strict):
        """Checks a stack of upper triangular matrices with positive (or no negative) diagonal."""
        self.check(not np.any(np.tril(array, -1)), f"tensor {name!r} is not upper triangular")
        diagonal = np.diagonal(array, axis1=-2, axis2=-1)
        self.check(np.all(diagonal > 0) if strict else np.all(diagonal >= 0),
                   f"tensor {name!r} has a diagonal that is not positive")
