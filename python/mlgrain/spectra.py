# SPDX-License-Identifier: GPL-2.0-or-later
"""Power spectra of neighborhoods (SOAP), by the compiled core: those that the LAMMPS styles compute
soap/atom and compute soap/mean give, without LAMMPS, and projections of them onto fewer numbers.
doc/theory_soap.md has the formulas."""

from __future__ import annotations

import functools
import operator
import os

import numpy as np

from .atoms import as_arrays, numbers, positive
from .compiled import core, thread_count
from .errors import MLGrainError

BASES = ("quippy", "gto")


def soap(atoms, basis="quippy", *, rcut, nmax, lmax, sigma, width=0.5, central=1.0, normalise=False,
         species=None, weights=None, centers=None, precision="double", threads=1, project=None):
    """Power spectra: float64 [centers, components], components in the order of the program whose
    basis it is (soap_components says which they are).

    basis      "quippy": of quippy's `soap` (GAP); "gto": of DScribe's SOAP, rbf="gto", in Angstrom
    rcut       cutoff, unit of length of the positions; gto: above 1, and neighbors count up to
               rcut + 3.717 sigma
    nmax, lmax radial functions, 1 to 32; largest degree, 0 to 24
    sigma      width of the Gaussians, same unit
    width      quippy: distance over which neighbors fade out before rcut, same unit
    central    weight of the center's own Gaussian
    normalise  whether vectors have length 1
    species    [atoms] numbers or names, each its own channels, in sorted order; None: one species
    weights    [atoms] factor >= 0 of each atom's Gaussian; None: 1
    centers    indices of the atoms whose vectors are wanted, or [atoms] bools; None: all
    precision  of the arithmetic, "double" or "single"
    threads    of the processor
    project    a Projection made for these parameters: [centers, its columns], the spectra are not stored
    """
    task = Task(atoms, basis, rcut, nmax, lmax, sigma, width, central, normalise, species, weights,
                 precision, threads)
    flags, order = chosen_centers(centers, len(task.arrays.positions))
    vectors = task.run(flags, False) if project is None else task.project(flags, project)
    return vectors if order is None else vectors[order]


def soap_mean(atoms, basis="quippy", *, centers=None, project=None, **parameters):
    """The mean of the vectors of soap over its centers, at least one: float64 [components], or of a
    projection's columns. Vectors are not stored. Parameters as those of soap."""
    defaults = {"width": 0.5, "central": 1.0, "normalise": False, "species": None, "weights": None,
                "precision": "double", "threads": 1}
    missing = [name for name in ("rcut", "nmax", "lmax", "sigma") if name not in parameters]
    unknown = parameters.keys() - defaults.keys() - {"rcut", "nmax", "lmax", "sigma"}
    if missing or unknown:
        raise TypeError(f"soap_mean: {', '.join([*missing, *unknown])} missing or unknown")
    task = Task(atoms, basis, **{**defaults, **parameters})
    flags, order = chosen_centers(centers, len(task.arrays.positions))
    if not flags.any():
        raise MLGrainError("centers: there are none to take the mean of")
    if order is not None and len(np.unique(order)) != len(order):
        raise MLGrainError("centers: an atom stands there twice")
    mean = task.run(flags, True)
    if project is not None:
        project.require(task.parameters)
        mean = project(mean)
    return mean[0]


def soap_components(basis="quippy", *, nmax, lmax, species=1):
    """What the components are: a list of (n, n', l, species, species'), all counted from 0; n = -1
    for the last of quippy, which is always 0."""
    parameters = soap_parameters(basis, 2.0, nmax, lmax, 1.0, 0.5, 1.0, False, species,
                                 "double")
    return core().soap_components(parameters)


class Projection:
    """A projection of power spectra onto fewer numbers: (p - mean) @ matrix.

    parameters  of soap_parameters, of the spectra that it is for
    mean        float64 [components]
    matrix      float64 [components, columns], 1 to 4096 columns
    """

    def __init__(self, compiled):
        self._compiled = compiled
        self.parameters = compiled.parameters
        self.mean, self.matrix = compiled.numbers

    @classmethod
    def of(cls, parameters, mean, matrix):
        components = parameters.components
        mean = numbers("mean", mean, (components,), f"[{components}]")
        matrix = numbers("matrix", matrix, (components, -1), f"[{components}, any]")
        return cls(core().soap_projection(parameters, mean, matrix))

    @classmethod
    def principal(cls, parameters, mean, covariance, columns):
        """On the directions in which spectra of this mean and covariance vary most."""
        columns = _whole("columns", columns, 1, min(parameters.components, 4096))
        _, vectors = np.linalg.eigh(covariance)
        vectors = vectors[:, ::-1][:, :columns]
        signs = np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(columns)] < 0, -1.0, 1.0)
        return cls.of(parameters, mean, vectors * signs)

    @classmethod
    def random(cls, parameters, columns, seed=0):
        """On random directions of length sqrt(1/columns): distances are kept on average."""
        columns = _whole("columns", columns, 1, 4096)
        matrix = np.random.default_rng(seed).standard_normal((parameters.components, columns))
        return cls.of(parameters, np.zeros(parameters.components), matrix / np.sqrt(columns))

    @property
    def columns(self):
        return self.matrix.shape[1]

    def save(self, path):
        """Writes a file (doc/projection_format.md); its name never stands for half of one."""
        self._compiled.write(os.fspath(path))

    def require(self, parameters):
        """An error unless it was made for spectra of these parameters."""
        if parameters.as_dict != self.parameters.as_dict:
            raise MLGrainError("project: the projection was made for other parameters of the power spectra")

    def __call__(self, vectors):
        """[any, columns] of vectors [any, components]."""
        return self._compiled.project(numbers("vectors", vectors, (-1, len(self.mean)),
                                              f"[any, {len(self.mean)}]"))

    def compute(self, arrays, channels, weights, flags, parameters, threads):
        """Of atoms as the core takes them."""
        return self._compiled.compute(*arrays, soap_tables(parameters), channels, weights, flags, threads)


def load_projection(path):
    """The Projection of a file."""
    return Projection(core().soap_projection_read(os.fspath(path)))


class Task:
    """Arguments, checked."""

    def __init__(self, atoms, basis, rcut, nmax, lmax, sigma, width, central, normalise, species,
                 weights, precision, threads):
        self.arrays, self.threads = as_arrays(atoms), thread_count(threads)
        count = len(self.arrays.positions)
        self.channels, kinds = _channels(species, count)
        self.weights = weights
        if weights is not None:
            self.weights = numbers("weights", weights, (count,), "[atoms]")
            if not ((self.weights >= 0) & np.isfinite(self.weights)).all():
                raise MLGrainError("weights: one is negative or not finite")
        self.parameters = soap_parameters(basis, rcut, nmax, lmax, sigma, width, central, normalise,
                                      kinds, precision)

    def project(self, flags, projection):
        projection.require(self.parameters)
        return projection.compute(self.arrays, self.channels, self.weights, flags, self.parameters,
                                  self.threads)

    def run(self, flags, mean):
        return core().soap(*self.arrays, soap_tables(self.parameters), self.channels, self.weights,
                           flags, mean, self.threads)


def soap_parameters(basis, rcut, nmax, lmax, sigma, width, central, normalise, species, precision):
    if basis not in BASES:
        raise MLGrainError(f"basis: {basis!r} is neither 'quippy' nor 'gto'")
    if precision not in ("double", "single"):
        raise MLGrainError(f"precision: {precision!r} is neither 'double' nor 'single'")
    parameters = core().soap_parameters(
        basis, positive("rcut", rcut), _whole("nmax", nmax, 1, 32), _whole("lmax", lmax, 0, 24),
        positive("sigma", sigma), _not_negative("width", width), _not_negative("central", central),
        bool(normalise), _whole("species", species, 1, 16), precision == "single")
    if not parameters.components:
        raise MLGrainError(f"rcut, sigma or width: basis {basis} can't have rcut {rcut}, sigma "
                           f"{sigma}, width {width}")
    return parameters


def soap_tables(parameters):
    """What the core needs to compute vectors of these; those of the last few are kept."""
    return _tables(parameters.arguments)


@functools.lru_cache(maxsize=4)
def _tables(arguments):
    return core().SoapTables(core().soap_parameters(*arguments))


def _whole(name, value, low, high):
    try:
        number = operator.index(value)
    except TypeError:
        raise MLGrainError(f"{name}: {value!r} is not a whole number") from None
    if not low <= number <= high:
        raise MLGrainError(f"{name}: {number} is not within {low} to {high}")
    return number


def _not_negative(name, value):
    return 0.0 if value == 0 else positive(name, value)


def _channels(species, count):
    """int32 [atoms] or None, and how many there are."""
    if species is None:
        return None, 1
    labels = np.asarray(species)
    if labels.shape != (count,):
        raise MLGrainError(f"species: shape {list(labels.shape)} is not [atoms]")
    kinds, channels = np.unique(labels, return_inverse=True)
    if len(kinds) > 16:
        raise MLGrainError(f"species: {len(kinds)} are more than 16")
    return np.ascontiguousarray(channels, dtype=np.int32), max(len(kinds), 1)


def chosen_centers(centers, count):
    """bool [atoms], and the rows of the vectors of these in the order of the centers, or None."""
    if centers is None:
        return np.ones(count, dtype=bool), None
    chosen = np.asarray(centers)
    if chosen.dtype == bool and chosen.shape == (count,):
        return np.ascontiguousarray(chosen), None
    if chosen.size == 0:
        return np.zeros(count, dtype=bool), None
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise MLGrainError("centers: neither indices of atoms nor [atoms] bools")
    if chosen.min() < 0 or chosen.max() >= count:
        raise MLGrainError(f"centers: an index is not within 0 to {count - 1}")
    flags = np.zeros(count, dtype=bool)
    flags[chosen] = True
    return flags, np.searchsorted(np.flatnonzero(flags), chosen)
