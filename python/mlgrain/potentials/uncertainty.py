# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fit leaves behind for error bars (doc/mtp.md, "What error bars need"): covariances of
parameters, sets of parameters drawn from them, leverages, errors on held-out configurations."""

from __future__ import annotations

import json

import numpy as np
from scipy import linalg

from .._version import VERSION
from ..models import container
from .training import Candidates

RIDGE = 1e-9  # of matrices in units in which their diagonals are 1
SKETCH_ROWS, MEMBERS = 16, 8
TRIALS = 256  # directions for which the farthest correction is kept
SAMPLE = 16  # blocks of configurations that tell the median leverage of labels


def write(path, trained, held_out=None, seed=0):
    """Writes a safetensors file for a Training and, perhaps, one of held-out configurations."""
    tensors = fit_matrices(trained)
    random = np.random.default_rng(seed)
    tensors["sketch"] = sketch(tensors["sites"], random)
    tensors["members"] = members(trained, tensors, random)
    if held_out is not None:
        held_out.parameters = trained.parameters
        tensors.update(held_out_errors(held_out))
    metadata = {"format": "ml-grain-fit", "format_version": "1", "creator": f"mlgrain {VERSION}",
                "linear_count": str(trained.core.linear_count), "seed": str(seed),
                "labels": json.dumps(trained.core.labels), "cutoff": repr(trained.core.cutoff)}
    container.write(path, tensors, metadata)


def fit_matrices(trained):
    """Tensors of the fit itself, as they are named in the file."""
    sums, right, normal, scores = trained.core.normal(trained.threads, True)
    sites = np.zeros_like(normal)
    for _, rows in Candidates(trained, True, 0).parts():
        sites += rows.T @ rows
    kinds = ("energy", "force", "virial")
    return {"parameters": trained.parameters, "normal": normal, "gradient": 2 * right,
            "scores": scores, "sites": sites,
            "loss": np.array([sums[kind] for kind in kinds]),
            "counts": np.array([sums[kind + "_count"] for kind in kinds]),
            "size": np.array([len(trained.configurations), trained.atoms], dtype=np.int64)}


def whitened(matrix):
    """(lower Cholesky factor of a matrix, in units in which its diagonal is 1, with RIDGE; these
    units: factors of rows and columns)."""
    diagonal = np.diag(matrix)
    scale = np.divide(1, np.sqrt(diagonal, where=diagonal > 0, out=np.ones_like(diagonal)),
                      where=diagonal > 0, out=np.zeros_like(diagonal))
    scaled = matrix * scale * scale[:, None]
    np.fill_diagonal(scaled, 1 + RIDGE)
    return linalg.cholesky(scaled, lower=True), scale


def sketch(sites, random):
    """[SKETCH_ROWS, parameters] S, with |S v|^2 near the leverage v^T (V^T V)^-1 v of any v."""
    factor, scale = whitened(sites)
    draws = random.normal(size=(SKETCH_ROWS, len(sites))) / np.sqrt(SKETCH_ROWS)
    return linalg.solve_triangular(factor, draws.T, lower=True, trans="T").T * scale


def sandwich(normal, scores):
    """[n, n] a root C^(1/2) of the covariance H^-1 (sum of g g^T over configurations) H^-1."""
    factor, scale = whitened(normal)
    scaled = scores * scale * scale[:, None]
    values, vectors = linalg.eigh(scaled)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return scale[:, None] * linalg.cho_solve((factor, True), root)


def members(trained, tensors, random):
    """[MEMBERS, parameters] parameters drawn from the sandwich covariance of those that the energy
    is linear in; the radial ones are the potential's own."""
    first = len(tensors["parameters"]) - trained.core.linear_count
    root = sandwich(tensors["normal"][first:, first:], tensors["scores"][first:, first:])
    drawn = np.tile(tensors["parameters"], (MEMBERS, 1))
    drawn[:, first:] += random.normal(size=(MEMBERS, len(root))) @ root.T
    return drawn


def corrections(trained, normal, random):
    """[up to TRIALS, linear parameters] changes of the coefficients that energies are linear in,
    each of which makes the potential give one label j exactly,

        - H^-1 j r / (j^T H^-1 j),

    for labels whose leverage j^T H^-1 j is above the median (T. D. Swinburne, D. Perez,
    npj Comput. Mater. (2025), 10.1038/s41524-025-01758-4: "pointwise optimal parameter sets"). Of
    all these the ones are kept that are farthest in some direction: that of a label, or of a
    random change of coefficients. normal: [linear, linear]"""
    factor, scale = whitened(normal)
    whole, linear = trained.core.blocks, len(normal)
    labels, leverages = [], []
    for block in range(0, whole, max(1, whole // SAMPLE)):
        rows, _ = _whitened_labels(trained, block, factor, scale)
        squares = (rows**2).sum(axis=1)
        leverages.append(squares[squares > 0])
        labels.append(rows[squares > 0])
    edge, labels = np.median(np.concatenate(leverages)), np.concatenate(labels)
    chosen = random.choice(len(labels), min(len(labels), TRIALS // 2), replace=False)
    trials = np.concatenate([labels[chosen], random.normal(size=(TRIALS - len(chosen), linear))])
    farthest, found = np.zeros(TRIALS), np.zeros((TRIALS, linear))
    for block in range(whole):
        rows, residuals = _whitened_labels(trained, block, factor, scale)
        squares = (rows**2).sum(axis=1)
        rows, residuals = rows[squares > edge], residuals[squares > edge]
        if not len(rows):
            continue
        moves = -rows * (residuals / squares[squares > edge])[:, None]
        reach = np.abs(trials @ moves.T)
        best = reach.argmax(axis=1)
        better = reach[np.arange(TRIALS), best] > farthest
        farthest[better] = reach[better, best[better]]
        found[better] = moves[best[better]]
    kept = np.unique(found[farthest > 0], axis=0)
    return linalg.solve_triangular(factor, kept.T, lower=True, trans="T").T * scale


def _whitened_labels(trained, block, factor, scale):
    """Weighted derivatives of labels in units in which the normal matrix is 1; residuals."""
    rows, residuals = trained.core.jacobian(block)
    return linalg.solve_triangular(factor, (rows * scale).T, lower=True).T, residuals


def held_out_errors(held_out):
    """The potential minus labels, nan where there are none."""
    energy, force, virial = held_out.core.evaluate(held_out.threads)
    configs = held_out.configurations
    first = np.concatenate([[0], np.cumsum([len(one) for one in configs])])
    force_errors, virial_errors = np.full_like(force, np.nan), np.full_like(virial, np.nan)
    for k, one in enumerate(configs):
        if one.forces is not None:
            force_errors[first[k]:first[k + 1]] = force[first[k]:first[k + 1]] - one.forces
        if one.virial is not None:
            virial_errors[k] = virial[k] - one.virial
    return {"held_out_first": first.astype(np.int64),
            "held_out_energy": energy - np.array([np.nan if one.energy is None else one.energy
                                                  for one in configs]),
            "held_out_force": force_errors, "held_out_virial": virial_errors}
