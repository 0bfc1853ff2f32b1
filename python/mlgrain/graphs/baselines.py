# SPDX-License-Identifier: GPL-2.0-or-later
"""What models of polycrystals are to be better than, and how errors are told."""

from __future__ import annotations

import dataclasses

import numpy as np

from .model import fit_process, gaussian_mean, isotropic, mandel, split, function

# S/m; a unit in which the logarithm of conductivities is told elsewhere.
LLZO_CONDUCTIVITY = 1.335e-5


@dataclasses.dataclass(frozen=True)
class Errors:
    """Of diagonal elements: `logarithm` mean of |log10 p - log10 t|/|log10 t|, conductivities times
    1.335e-5 S/m, stiffnesses times 1e9 Pa; `mean`, `median`, `most` (95 % of them are smaller) of
    |p/t - 1|; `ratio`: root mean square of the errors of ln over those that the model expects."""

    logarithm: float
    mean: float
    median: float
    most: float
    ratio: float = np.nan


def errors_of(truth, predicted, expected=None):
    """Errors of tensors [n, size, size]; expected [n]."""
    true, given = (np.diagonal(array, axis1=1, axis2=2) for array in (truth, predicted))
    unit = LLZO_CONDUCTIVITY if truth.shape[-1] == 3 else 1e9
    logarithm = np.abs(np.log10(given / true) / np.log10(true * unit))
    relative = np.abs(given / true - 1.0)
    ratio = np.nan if expected is None else \
        np.sqrt(np.mean((np.log(given / true) / expected[:, None]) ** 2))
    return Errors(float(logarithm.mean()), float(relative.mean()), float(np.median(relative)),
                  float(np.quantile(relative, 0.95)), float(ratio))


def constant(train, test):
    """The geometric mean of the training set's tensors, for each."""
    mean = function(np.log, mandel(train)).mean(axis=0)
    shear = mandel(np.ones_like(train[:1]))
    return np.broadcast_to(function(np.exp, mean) / shear[0], test.shape)


def of_scalars(scalars, tensors, chosen, seed=0):
    """Tensors of the rows that are not chosen for training, by Gaussian processes of numbers [n, k]
    that were drawn, for the isotropic parts of their logarithms: they know no graph."""
    shift, scale = scalars[chosen].mean(axis=0), scalars[chosen].std(axis=0)
    scaled = (scalars - shift) / np.where(scale > 1e-9, scale, 1.0)
    parts, _ = split(function(np.log, mandel(tensors)))
    columns = []
    for target in parts.T:
        process = fit_process(scaled[chosen], target[chosen], seed)
        columns.append(gaussian_mean(scaled[chosen], target[chosen], scaled[~chosen], *process))
    size = tensors.shape[-1]
    logarithm = np.einsum("kn,kij->nij", np.array(columns), isotropic(size))
    return function(np.exp, logarithm) / mandel(np.ones((1, size, size)))
