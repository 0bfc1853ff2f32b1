# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters of a trained potential for one of another level that is to be trained, and new
moments for a trained one."""

from __future__ import annotations

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from .configurations import Configuration
from .training import Training, new_potential

PROBES, SAME = 3, 1e-9
LEVELS = range(2, 29)


def carry_over(trained, empty):
    """Sets parameters of `empty`, a Training, to those of `trained`, another, whose functions are
    the same; returns how many moment coefficients these are.

    Radial functions are the same where the radial basis, min_dist and cutoff are; there may be more
    of them, of more polynomials. Which functions of moments are the same is found from their values
    in random neighborhoods. Coefficients of the others are 0.
    """
    _check(trained.core, empty.core)
    _carry_radial(trained.core, empty.core)
    old, new = (_values(one.core) for one in (trained, empty))
    place = _same_columns(old, new)
    count = trained.core.species_count
    parameters, source = empty.parameters, trained.parameters
    first, source_first = (one.core.parameter_count - one.core.linear_count
                           for one in (empty, trained))
    parameters[first:first + count] = source[source_first:source_first + count]
    parameters[first + count:] = 0
    known = place >= 0
    parameters[first + count:][place[known]] = source[source_first + count:][known]
    empty.parameters = parameters
    return int(known.sum())


def with_new_moments(contents, name):
    """Contents of a trained potential (bytes) with the moments that a new one of its level has.

    Its functions are the same, and so are its parameters, in number and order, and its active set;
    but they may be computed from fewer products of moments. MLGrainError if they aren't the
    functions of any level.
    """
    old = core().MTPTraining(name, contents)
    for level in LEVELS:
        new = _new_like(old, level)
        if new.linear_count > old.linear_count:
            break
        if (new.linear_count, new.radial_shape) != (old.linear_count, old.radial_shape):
            continue
        _carry_radial(old, new)
        place = _same_columns(_values(old), _values(new))
        if (place >= 0).all():
            return core().mtp_with_moments(name, contents, new.contents("new"), place.tolist())
    raise MLGrainError(f"{name}: its functions aren't those of a level up to {LEVELS[-1]}")


def _new_like(old, level):
    contents = new_potential(level, old.labels, old.cutoff, old.min_dist, old.radial_shape[3],
                             old.is_repulsive)
    return core().MTPTraining("new", contents)


def _check(old, new):
    if (old.is_repulsive, old.min_dist, old.cutoff) != (new.is_repulsive, new.min_dist, new.cutoff):
        raise MLGrainError(
            f"radial functions differ: the trained potential has distances {old.min_dist:g} to "
            f"{old.cutoff:g}, the other one {new.min_dist:g} to {new.cutoff:g}"
            + (", and another basis" if old.is_repulsive != new.is_repulsive else ""))
    if old.labels != new.labels:
        raise MLGrainError(f"the trained potential has the species {old.labels}, the other one "
                           f"{new.labels}")
    if any(a > b for a, b in zip(old.radial_shape, new.radial_shape)):
        raise MLGrainError("the trained potential has more radial functions, or of more "
                           "polynomials, than the other one")


def _carry_radial(old, new):
    """Radial functions are multiplied by the scaling of the file, which may differ."""
    source, target = old.parameters, new.parameters
    shape, larger = old.radial_shape, new.radial_shape
    radial = target[:np.prod(larger)].reshape(larger)
    radial[:, :, :shape[2]] = 0
    radial[:, :, :shape[2], :shape[3]] = (source[:np.prod(shape)].reshape(shape)
                                          * old.scaling / new.scaling)
    new.parameters = target


def _probes(core):
    """Atoms of random species in a box, none too near to another."""
    random = np.random.default_rng(5)
    step = max(1.05 * core.min_dist, 0.4 * core.cutoff)
    grid = step * np.array(list(np.ndindex(3, 3, 3)))
    return [Configuration(grid + random.uniform(-0.2, 0.2, grid.shape) * step,
                          random.choice(core.labels, len(grid)).astype(np.int32), np.zeros((3, 3)),
                          (False,) * 3) for _ in range(PROBES)]


def _values(core):
    """[atoms, functions] of moments."""
    probe = Training(core.contents("probe"), _probes(core))
    return probe.core.rows(1)[:, -(core.linear_count - core.species_count):]


def _same_columns(old, new):
    """For each column of `old` the number of the same one of `new`, -1 where there is none."""
    place = np.full(old.shape[1], -1)
    size = np.linalg.norm(old, axis=0)
    free = np.ones(new.shape[1], dtype=bool)
    for k in range(old.shape[1]):
        difference = np.linalg.norm(new - old[:, k:k + 1], axis=0)
        nearest = int(np.where(free, difference, np.inf).argmin())
        if free[nearest] and difference[nearest] <= SAME * size[k]:
            place[k], free[nearest] = nearest, False
    return place
