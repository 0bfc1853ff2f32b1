# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of error bars for compute mtp/error/atom (doc/mtp.md, "Error bars"): a sketch for leverages,
members of the fit for errors of forces, factors that calibrate these on configurations that were not
trained on, corrections for errors of properties."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from .._version import VERSION
from ..compiled import core
from ..errors import MLGrainError
from ..models import container
from . import uncertainty
from .training import Candidates

CONFIDENCE = np.array([0.5, 0.68, 0.8, 0.9, 0.95, 0.98, 0.99])
LEVERAGE_QUANTILES = (0.5, 0.999, 1.0)
ALWAYS_RIGHT = 1e-6  # eV/Angstrom: forces at places of high symmetry say nothing about others
PROPERTY_CONFIDENCE = 0.95
REACH = 1e-6  # of the largest change: components that symmetry forbids say nothing about others
FORMAT, FORMAT_VERSION = "ml-grain-mtp-error", "1"


@dataclasses.dataclass(frozen=True)
class ErrorBars:
    """What a file holds: tensors, and metadata (strings)."""

    tensors: dict
    metadata: dict

    def write(self, path):
        """Makes the file."""
        container.write(path, self.tensors, self.metadata)

    @property
    def knows_errors(self):
        """Whether there are errors of forces, or leverages only."""
        return "members" in self.tensors


def has_labels(configurations):
    """Whether any of the configurations has what a fit needs."""
    return any(one.forces is not None or one.energy is not None for one in configurations)


def of_fit(trained, contents, calibration=None, seed=0, fit=None, training_set=None,
           calibration_set=None):
    """ErrorBars of a Training with labels.

    contents     of the potential's file, which error bars belong to
    calibration  a Training of configurations that were not trained on; without it, errors in the
                 training set take their place, which are too small where a fit is close to its data
    fit          tensors that `mlgrain mtp train --keep-normal` wrote for this potential, in place of
                 those that the configurations of `trained` give
    """
    random = np.random.default_rng(seed)
    tensors = fit or uncertainty.fit_matrices(trained)
    _check_parameters(tensors["parameters"], trained)
    found = _leverages(trained, tensors["sites"], random)
    first = len(tensors["parameters"]) - trained.core.linear_count
    members = tensors.get("members")
    if members is None:
        members = uncertainty.members(trained, tensors, random)
    differences = (members - tensors["parameters"])[:, first:].astype(np.float32)
    judged = calibration if calibration is not None else trained
    factors = force_factors(judged, tensors["parameters"], differences)
    corrections = uncertainty.corrections(trained, tensors["normal"][first:, first:], random)
    reach = correction_factors(judged, tensors["parameters"], corrections)
    found.update(members=differences, confidence=CONFIDENCE, force_factors=factors,
                 corrections=corrections.astype(np.float32), correction_factors=reach)
    metadata = _metadata(trained, contents, "fit", seed, training_set)
    metadata["calibration_set"] = (
        (calibration_set or _size(calibration)) if calibration is not None
        else "the training set itself")
    return ErrorBars(found, metadata)


def of_structures(structures, contents, seed=0, training_set=None):
    """ErrorBars with leverages only, of a Training whose configurations stand for a training set
    that isn't at hand; they need no labels."""
    first = structures.core.parameter_count - structures.core.linear_count
    sites = np.zeros((structures.core.linear_count,) * 2)
    for _, rows in Candidates(structures, True, 0).parts():
        sites += rows[:, first:].T @ rows[:, first:]
    padded = np.zeros((structures.core.parameter_count,) * 2)
    padded[first:, first:] = sites
    found = _leverages(structures, padded, np.random.default_rng(seed))
    return ErrorBars(found, _metadata(structures, contents, "surrogate", seed, training_set))


def _check_parameters(parameters, trained):
    if parameters.shape != trained.parameters.shape or not np.allclose(
            parameters, trained.parameters, rtol=1e-12, atol=0):
        raise MLGrainError("the fit that was kept is of another potential")


def _leverages(trained, sites, random):
    """The sketch of leverages by the coefficients that energies are linear in, and quantiles of its
    roots in the configurations: a dict of tensors."""
    first = trained.core.parameter_count - trained.core.linear_count
    sketch = uncertainty.sketch(sites[first:, first:], random).astype(np.float32)
    roots = [np.sqrt(((rows[:, first:] @ sketch.T.astype(float))**2).sum(axis=1))
             for _, rows in Candidates(trained, True, 0).parts()]
    return {"sketch": sketch, "leverage": np.quantile(np.concatenate(roots), LEVERAGE_QUANTILES)}


def _metadata(trained, contents, kind, seed, training_set):
    return {"format": FORMAT, "format_version": FORMAT_VERSION, "creator": f"mlgrain {VERSION}",
            "kind": kind, "fingerprint": core().MTP("potential", contents).fingerprint,
            "training_set": training_set or _size(trained), "seed": str(seed),
            "min_dist": repr(trained.core.min_dist), "labels": json.dumps(trained.core.labels)}


def _size(trained):
    return f"{len(trained.configurations)} configurations of {trained.atoms} atoms"


def spreads(judged, parameters, differences):
    """([members/2, atoms] root mean square of how far forces by the first 2, 4, ... members are from
    the potential's, [atoms] errors of the latter, nan where there are no labels)."""
    first = len(parameters) - differences.shape[1]
    judged.parameters = parameters
    forces = judged.core.evaluate(judged.threads)[1]
    squares, found = np.zeros(len(forces)), []
    for number, difference in enumerate(differences, 1):
        changed = parameters.copy()
        changed[first:] += difference
        judged.parameters = changed
        squares += ((judged.core.evaluate(judged.threads)[1] - forces)**2).sum(axis=1)
        if number % 2 == 0:
            found.append(np.sqrt(squares / number))
    judged.parameters = parameters
    labels = [np.full((len(one), 3), np.nan) if one.forces is None else one.forces
              for one in judged.configurations]
    return np.array(found), np.linalg.norm(forces - np.concatenate(labels), axis=1)


def force_factors(judged, parameters, differences):
    """[members/2, confidences] what spreads are multiplied by: conformal quantiles of error over
    spread."""
    found, errors = spreads(judged, parameters, differences)
    known = np.isfinite(errors)
    if not known.any():
        raise MLGrainError("no configuration to calibrate on has forces")
    return np.array([conformal(errors[known], spread[known]) for spread in found])


def correction_factors(judged, parameters, corrections):
    """[2] what changes of energies, and of virials, by corrections are multiplied by, so that the
    largest one is beyond the error for all labels of 95 % of the runs of `judged`: conformal
    quantiles, at least 1. A property is of structures of a kind of its own, and errors of the
    frames of one run are alike: what can be counted on are runs, not labels."""
    judged.parameters = parameters
    ratios = [[], []]
    for block in range(judged.core.blocks):
        rows, residuals = judged.core.jacobian(block)
        atoms = judged.core.first_atom(block + 1) - judged.core.first_atom(block)
        frames = (len(rows) - 3 * atoms) // 7
        reach = np.abs(rows @ corrections.T).max(axis=1)
        errors = np.abs(residuals)
        for kind, labels in enumerate((slice(frames), slice(len(rows) - 6 * frames, None))):
            known = reach[labels] > REACH * reach[labels].max(initial=0)
            found = np.divide(errors[labels], reach[labels], where=known,
                              out=np.full(len(known), -np.inf))
            ratios[kind].append(found.reshape(frames, -1).max(axis=1))
    first = first_of_runs(judged.own)
    return np.array([_factor(np.maximum.reduceat(np.concatenate(one), first)) for one in ratios])


def first_of_runs(configurations):
    """Where runs begin: configurations that follow each other with the same atoms are frames of
    one."""
    atoms = [one.types.tobytes() for one in configurations]
    return [k for k in range(len(atoms)) if not k or atoms[k] != atoms[k - 1]]


def _factor(ratios):
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return 1.0
    level = min(PROPERTY_CONFIDENCE * (len(ratios) + 1) / len(ratios), 1)
    return max(1.0, float(np.quantile(ratios, level, method="higher")))


def conformal(errors, spread):
    """[confidences] factors q: of errors like these, that part is below q times the spread. The
    quantile of n ratios is the one that holds for one more (Vovk et al.)."""
    counted = np.maximum(errors, spread) > ALWAYS_RIGHT
    ratios = errors[counted] / np.maximum(spread[counted], np.finfo(float).tiny)
    if not len(ratios):
        raise MLGrainError("all forces to calibrate on are 0")
    level = np.minimum(CONFIDENCE * (len(ratios) + 1) / len(ratios), 1)
    return np.maximum(np.quantile(ratios, level, method="higher"), np.finfo(float).tiny)
