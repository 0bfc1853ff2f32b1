# SPDX-License-Identifier: GPL-2.0-or-later
"""Zero points of energies: what the atoms of each species have, whatever their surroundings."""

from __future__ import annotations

import dataclasses

import numpy as np

from .configurations import species_of

LEAST = 1e-3  # eV: smaller differences between files are not worth a word
CLEAR = 5.0  # times the error of energies that a difference is above
MOST_LEFT = 0.5  # of the error of energies that may remain if it is taken out


def compositions(configurations, labels):
    """[configurations, species] numbers of atoms."""
    return np.array([np.bincount(species, minlength=len(labels))
                     for species in species_of(configurations, labels)], dtype=float)


def start_species(training):
    """Sets the species coefficients to what fits the energies best with all else as it is, so that
    no large numbers are left to the fit of the other parameters."""
    core = training.core
    known = np.array([one.energy is not None for one in training.own])
    counts = compositions(training.own, core.labels)[known]
    labels = np.array([one.energy for one in training.own if one.energy is not None])
    residual = labels - core.evaluate(training.threads)[0][known]
    size = counts.sum(axis=1)
    fractions = counts / size[:, None]
    matrix = training.ranks.sum(fractions.T @ fractions)
    right = training.ranks.sum(fractions.T @ (residual / size))
    change = np.linalg.lstsq(matrix, right, rcond=1e-12)[0]
    parameters = training.parameters
    first = core.parameter_count - core.linear_count
    parameters[first:first + len(change)] += change
    training.parameters = parameters


@dataclasses.dataclass(frozen=True)
class Difference:
    """Between the energies of a file and of the first named: eV per atom of each species (nan where
    they share none), and root mean square errors (eV/atom) of the best linear fit to all files
    with and without it."""

    source: str
    reference: str
    per_species: np.ndarray
    error_with: float
    error_without: float


def differences(training):
    """List of Difference: files whose energies clearly refer to other zero points than those of the
    file with most configurations. They are fitted together with species and moment coefficients,
    the radial functions being as they are. Takes 8 bytes per atom and parameter."""
    configs = training.configurations
    sources = [one.source for one in configs if one.energy is not None]
    names = sorted(set(sources), key=lambda name: (-sources.count(name), name))
    if len(names) < 2:
        return []
    counts = compositions(configs, training.core.labels)
    columns, owners = _columns(configs, counts, names)
    with_them, without, found = _solve(training, counts.sum(axis=1), columns)
    made = []
    for name in names[1:]:
        values = np.full(counts.shape[1], np.nan)
        for owner, value in zip(owners, found):
            if owner[0] == name:
                values[owner[1]] = value
        inside = np.array([one.source == name for one in configs])
        shift = (counts[inside] @ np.nan_to_num(values)) / counts[inside].sum(axis=1)
        if (np.abs(shift).max() > max(LEAST, CLEAR * with_them)
                and with_them < MOST_LEFT * without):
            made.append(Difference(name, names[0], values, with_them, without))
    return made


def _columns(configs, counts, names):
    """[configurations, unknowns]: atoms of each species in the files but the first, as far as this
    has them, too; and the pairs (file, species)."""
    source = np.array([one.source for one in configs])
    shared = counts[source == names[0]].any(axis=0)
    owners = [(name, k) for name in names[1:] for k in np.flatnonzero(
        shared & counts[source == name].any(axis=0))]
    columns = [np.where(source == name, counts[:, k], 0.0) for name, k in owners]
    return np.array(columns).reshape(len(owners), len(configs)).T, owners


def _solve(training, size, columns):
    """Errors of energies (eV/atom) with the unknowns of the columns and without, and these."""
    core, weights = training.core, training.weights
    known = np.array([one.energy is not None for one in training.configurations])
    labels = np.array([one.energy or 0.0 for one in training.configurations])
    residual = core.evaluate(training.threads)[0] - labels
    weight = known * weights.of(training.configurations) * weights.energy / size**weights.scaling
    first = core.parameter_count - core.linear_count
    starts = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(int)
    rows = np.add.reduceat(core.rows(training.threads)[:, first:], starts, axis=0)
    _, right, normal = training.normal()
    cross = rows.T @ (weight[:, None] * columns)
    matrix = np.block([[normal[first:, first:], cross],
                       [cross.T, columns.T @ (weight[:, None] * columns)]])
    vector = np.concatenate([right[first:], columns.T @ (weight * residual)])
    errors = []
    for count in (len(vector), core.linear_count):
        step = _least_squares(matrix[:count, :count], -vector[:count])
        after = residual + np.hstack([rows, columns])[:, :count] @ step
        errors.append(np.sqrt(np.mean((after / size)[known]**2)))
        if count == len(vector):
            found = step[core.linear_count:]
    return (*errors, found)


def _least_squares(matrix, vector):
    scale = np.sqrt(np.diag(matrix))
    scale[scale == 0] = 1
    return np.linalg.lstsq(matrix / np.outer(scale, scale), vector / scale, rcond=1e-11)[0] / scale


def take_out(configurations, labels, found):
    """Subtracts differences from the energies of their files."""
    for one, counts in zip(configurations, compositions(configurations, labels)):
        for difference in found:
            if one.source == difference.source and one.energy is not None:
                one.energy -= float(counts @ np.nan_to_num(difference.per_species))
