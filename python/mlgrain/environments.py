# SPDX-License-Identifier: GPL-2.0-or-later
"""Libraries of unique environments, and the environments of atoms (LER), by the compiled core: those
of fix ler/build, compute ler/atom and compute ler/count, without LAMMPS, in the same files
(doc/environment_format.md)."""

from __future__ import annotations

import os
import typing

import numpy as np

from .atoms import as_arrays, numbers, positive
from .compiled import core, thread_count
from .errors import MLGrainError
from .spectra import chosen_centers, soap_parameters, soap_tables

# Points of a unit cell, in parts of the lattice constant.
LATTICES = {
    "sc": [[0, 0, 0]],
    "bcc": [[0, 0, 0], [0.5, 0.5, 0.5]],
    "fcc": [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
    "diamond": [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0.25, 0.25, 0.25],
                [0.75, 0.75, 0.25], [0.75, 0.25, 0.75], [0.25, 0.75, 0.75]],
}
MARGIN = 1e-9  # of the seed's length: vectors count as equally far


class Match(typing.NamedTuple):
    """What environments atoms have, arrays of as many numbers.

    classes    int64: 1 for the seed's, 2 for the next of the library; 0: farther than `within` allows
    distance   to that environment
    second     distance to the second nearest; -1 where the library has one only
    seed       distance to the seed
    """

    classes: np.ndarray
    distance: np.ndarray
    second: np.ndarray
    seed: np.ndarray


class Environments:
    """A library: EnvironmentBuilder makes one, load_environments reads one.

    parameters   dict of the arguments of mlgrain.soap that its vectors were made with; species: how
                 many it tells apart
    epsilon      the distance between environments that count as different
    seed         what the first is: "fcc 3.52"
    vectors      float64 [environments, components], in the order of selection
    sources      int64 [environments, 2]: ID of the atom and step; -1, -1 for the seed
    atoms        uint64 [environments]: how many atoms each stands for
    radius       float64 [environments]: the largest distance of a vector to the nearest of the
                 environments up to this one
    """

    def __init__(self, compiled):
        self._compiled = compiled
        self.soap_parameters = compiled.parameters
        self.parameters = compiled.parameters.as_dict
        self.epsilon, self.seed, self.radius = compiled.epsilon, compiled.seed, compiled.radius
        self.vectors, self.sources, self.atoms = compiled.unique

    def __len__(self):
        return len(self.radius)

    @property
    def coreset(self):
        """(vectors, sources, atoms) from which the environments were chosen."""
        return self._compiled.coreset

    def save(self, path):
        """Writes a file; its name never stands for half of one."""
        self._compiled.write(os.fspath(path))

    def coarser(self, epsilon, most=0):
        """The library for a larger epsilon: its environments are the first ones of this one."""
        epsilon = positive("epsilon", epsilon)
        if epsilon < self.epsilon:
            raise MLGrainError(f"epsilon: {epsilon} is below that of the library, {self.epsilon}")
        return Environments(core().environments_choose(
            self._compiled.parameters, epsilon, most, self.seed, self.vectors[0], *self.coreset))

    def nearest(self, vectors, within=None):
        """A Match of vectors [any, components] that mlgrain.soap gave with the same parameters."""
        vectors = numbers("vectors", vectors, (-1, self.vectors.shape[1]), "[any, components]")
        if not np.isfinite(vectors).all():
            raise MLGrainError("vectors: one is not finite")
        return self._match(self._compiled.nearest(vectors), within)

    def classify(self, atoms, *, centers=None, species=None, weights=None, within=None,
                 precision="double", threads=1):
        """A Match of atoms, or of the centers, as in mlgrain.soap; vectors are not stored.

        species    [atoms] channels from 0, where the library tells species apart; -1: atoms that
                   others don't see
        within     atoms farther than this many epsilon from every environment have class 0
        """
        parameters = soap_parameters(*_values(self.parameters), precision)
        task = _Task(atoms, self.parameters["species"], species, weights, threads)
        flags, order = chosen_centers(centers, task.count)
        found = self._compiled.classify(*task.arrays, soap_tables(parameters), task.channels,
                                        task.weights, flags, task.threads)
        return self._match(found if order is None else found[order], within)

    def fractions(self, match):
        """The local environment representation: float64 [environments], the share of the atoms of a
        Match in each class. Atoms of class 0 count among all."""
        counts = np.bincount(match.classes, minlength=len(self) + 1)[1:]
        return counts / max(len(match.classes), 1)

    def _match(self, found, within):
        classes = found[:, 0].astype(np.int64) + 1
        if within is not None:
            classes[found[:, 1] > positive("within", within) * self.epsilon] = 0
        second = np.where(np.isfinite(found[:, 2]), found[:, 2], -1.0)
        return Match(classes, found[:, 1].copy(), second, found[:, 3].copy())


def load_environments(path):
    """The Environments of a file of fix ler/build, or of Environments.save."""
    return Environments(core().environments_read(os.fspath(path)))


class EnvironmentBuilder:
    """Collects environments of any number of frames, as fix ler/build does of steps.

    epsilon    in parts of the length of the seed's vector, or with absolute=True a distance
    seed       (lattice, constant) of the perfect crystal: ("fcc", 3.52); sc, bcc, fcc, diamond
    basis ...  as in mlgrain.soap; species: how many are told apart
    coreset    part of epsilon down to which the vectors of a frame are represented, above 0, to 1
    memory     most that vectors of a frame may take, GB

    Frames are kept as their coresets. While one is added, the vectors of its atoms that are unlike the
    seed are in memory; where all of its vectors would take more than `memory` it is reduced in pieces,
    by the atoms' ids.
    """

    def __init__(self, epsilon, seed, basis="quippy", *, rcut, nmax, lmax, sigma, width=0.5,
                 central=1.0, normalise=False, species=1, coreset=0.25, absolute=False,
                 precision="double", memory=1.0):
        self._memory = positive("memory", memory)
        self._parameters = soap_parameters(basis, rcut, nmax, lmax, sigma, width, central, normalise,
                                           species, precision)
        self._species = species
        lattice, constant = _lattice(seed)
        self.seed_text = f"{lattice} {constant:.10g}"
        self.seed = crystal_vector(self._parameters, lattice, constant)
        length = float(np.linalg.norm(self.seed))
        if not length > 0:
            raise MLGrainError("seed: its vector is 0")
        self._part = positive("coreset", coreset)
        if self._part > 1:
            raise MLGrainError(f"coreset: {coreset} is above 1")
        self.epsilon = positive("epsilon", epsilon) * (1.0 if absolute else length)
        self._margin = MARGIN * length
        self._sets = [(self.seed[None], np.full((1, 2), -1, np.int64), np.zeros(1, np.uint64))]

    def __len__(self):
        """How many vectors the coreset has."""
        return sum(len(one[0]) for one in self._sets)

    def add(self, atoms, *, ids=None, step=0, centers=None, species=None, weights=None, threads=1):
        """Collects the environments of a frame.

        ids, step  [atoms] and a number: where the file says that environments come from; ids also
                   decide between vectors equally far. None: 1 for the first atom
        others     as in Environments.classify
        """
        task = _Task(atoms, self._species, species, weights, threads)
        flags, _ = chosen_centers(centers, task.count)
        ids = _ids(ids, task.count)
        for some in self._pieces(flags, ids):
            self._take(*core().environments_coreset(
                *task.arrays, soap_tables(self._parameters), task.channels, task.weights, some,
                task.threads, ids, int(step), self.seed, self._part * self.epsilon, self._margin))

    def add_vectors(self, vectors, *, ids=None, step=0):
        """The same for vectors [any, components] that are there, means over a window of time, say."""
        vectors = numbers("vectors", vectors, (-1, len(self.seed)), "[any, components]")
        if not np.isfinite(vectors).all():
            raise MLGrainError("vectors: one is not finite")
        ids = _ids(ids, len(vectors))
        for some in self._pieces(np.ones(len(vectors), bool), ids):
            self._take(*core().environments_coreset_of_vectors(
                vectors if some.all() else vectors[some], ids if some.all() else ids[some],
                int(step), self.seed, self._part * self.epsilon, self._margin))

    def add_library(self, library):
        """Takes in the coreset of a library made with the same parameters and seed."""
        if library.parameters != self._parameters.as_dict:
            raise MLGrainError("library: made with other parameters of the power spectra")
        if np.linalg.norm(library.vectors[0] - self.seed) > 1e3 * self._margin:
            raise MLGrainError("library: it has another seed")
        vectors, sources, atoms = library.coreset
        is_seed = sources[:, 0] < 0
        self._sets[0][2][0] += atoms[is_seed].sum(dtype=np.uint64)
        self._keep((vectors[~is_seed], sources[~is_seed], atoms[~is_seed]))

    def library(self, most=0):
        """The Environments chosen among all that was collected; no more than `most`, if not 0."""
        sets = tuple(np.ascontiguousarray(np.concatenate(parts)) for parts in zip(*self._sets))
        self._sets = [sets]  # instead of its parts: they need not be there twice
        return Environments(core().environments_choose(
            self._parameters, self.epsilon, most, self.seed_text, self.seed, *sets))

    def _pieces(self, flags, ids):
        """Flags of at most so many atoms at a time that their vectors fit into the memory, in the
        order of ids."""
        most = max(1, int(1e9 * self._memory / (8 * len(self.seed))))
        chosen = np.flatnonzero(flags)
        if len(chosen) <= most:
            return [flags]
        chosen = chosen[np.argsort(ids[chosen], kind="stable")]
        return [_flags(part, len(flags)) for part in np.array_split(chosen, -(-len(chosen) // most))]

    def _take(self, found, like_seed):
        self._sets[0][2][0] += np.uint64(like_seed)
        self._keep(found)

    def _keep(self, found):
        if len(found[0]):
            self._sets.append(found)


class LeaderBuilder:
    """Collects environments by leader clustering, as gblearn and pyrelate do: atoms are gone through
    once, in the order in which they come, and each that is not within epsilon of an environment is the
    next one. Another order of frames or atoms gives other environments, some 15 % more or fewer; this is
    for comparison with those programs. Arguments as of EnvironmentBuilder.

    In the library `atoms` counts those that fell to an environment because it was the first of them
    within epsilon.
    """

    def __init__(self, epsilon, seed, basis="quippy", **options):
        if "coreset" in options:
            raise TypeError("LeaderBuilder: a coreset is not needed")
        self._frame = EnvironmentBuilder(epsilon, seed, basis, **options)
        self.epsilon, self.seed = self._frame.epsilon, self._frame.seed
        self._leaders = self._frame.seed[None]
        self._sources, self._counts = np.full((1, 2), -1, np.int64), np.zeros(1, np.uint64)

    def __len__(self):
        return len(self._leaders)

    def add(self, atoms, *, ids=None, step=0, centers=None, species=None, weights=None, threads=1):
        """As EnvironmentBuilder.add, in the order of the atoms."""
        builder = self._frame
        task = _Task(atoms, builder._species, species, weights, threads)
        flags, _ = chosen_centers(centers, task.count)
        ids = _ids(ids, task.count)
        for some in builder._pieces(flags, np.arange(task.count)):
            self.add_vectors(core().soap(*task.arrays, soap_tables(builder._parameters), task.channels,
                                         task.weights, some, False, task.threads),
                             ids=ids[some], step=step)

    def add_vectors(self, vectors, *, ids=None, step=0):
        """As EnvironmentBuilder.add_vectors, in the order of the vectors."""
        vectors = numbers("vectors", vectors, (-1, len(self.seed)), "[any, components]")
        if not np.isfinite(vectors).all():
            raise MLGrainError("vectors: one is not finite")
        ids, before = _ids(ids, len(vectors)), len(self)
        found = core().environments_lead(self._leaders, vectors, self.epsilon)
        leaders, first, counts = np.unique(found, return_index=True, return_counts=True)
        new = first[leaders >= before]
        self._leaders = np.concatenate([self._leaders, vectors[new]])
        self._sources = np.concatenate(
            [self._sources, np.stack([ids[new], np.full(len(new), int(step))], axis=1)])
        self._counts = np.concatenate([self._counts, np.zeros(len(new), np.uint64)])
        self._counts[leaders] += counts.astype(np.uint64)

    def library(self, most=0):
        """The Environments: all leaders, in the order in which farthest-point sampling takes them."""
        builder = self._frame
        return Environments(core().environments_choose(
            builder._parameters, builder.epsilon, most, builder.seed_text, builder.seed,
            self._leaders, self._sources, self._counts))


def _ids(ids, count):
    """Whole numbers, of whatever type."""
    ids = np.ascontiguousarray(np.arange(1, count + 1) if ids is None else ids)
    if ids.shape == (count,) and ids.dtype.kind in "iuf":
        with np.errstate(invalid="ignore"):
            whole = ids.astype(np.int64)
        if (whole == ids).all() and (whole >= 0).all():
            return whole
    raise MLGrainError("ids: not [atoms] whole numbers of at least 0")


def _flags(chosen, count):
    flags = np.zeros(count, bool)
    flags[chosen] = True
    return flags


class _Task:
    """Atoms, checked."""

    def __init__(self, atoms, kinds, species, weights, threads):
        self.arrays, self.threads = as_arrays(atoms), thread_count(threads)
        self.count = len(self.arrays.positions)
        self.channels, self.weights = None, weights
        if kinds > 1 or species is not None:
            self.channels = _channels(species, kinds, self.count)
        if weights is not None:
            self.weights = numbers("weights", weights, (self.count,), "[atoms]")
            if not ((self.weights >= 0) & np.isfinite(self.weights)).all():
                raise MLGrainError("weights: one is negative or not finite")


def _channels(species, kinds, count):
    channels = np.asarray(species)
    if channels.shape != (count,) or channels.dtype.kind not in "iu":
        raise MLGrainError(f"species: not [atoms] channels, 0 to {kinds - 1}")
    if count and (channels.min() < -1 or channels.max() >= kinds):
        raise MLGrainError(f"species: a channel is not within 0 to {kinds - 1} (-1: invisible)")
    return np.ascontiguousarray(channels, np.int32)


def _values(parameters):
    return [parameters[key] for key in ("basis", "rcut", "nmax", "lmax", "sigma", "width", "central",
                                        "normalise", "species")]


def _lattice(seed):
    try:
        lattice, constant = seed
    except (TypeError, ValueError):
        raise MLGrainError(f"seed: {seed!r} is not (lattice, constant)") from None
    if lattice not in LATTICES:
        raise MLGrainError(f"seed: {lattice!r} is not one of {', '.join(LATTICES)}")
    return lattice, positive("seed", constant)


def crystal_vector(parameters, lattice, constant):
    """The perfect crystal's vector, by the same code as all others; all its atoms are of the first
    species. parameters: of spectra.soap_parameters."""
    if parameters.reach > 50 * constant:
        raise MLGrainError("seed: the lattice constant is too small")
    points = constant * np.array(LATTICES[lattice], float)
    arrays = as_arrays((points, [constant] * 3, True))
    flags = np.arange(len(points)) == 0
    channels = np.zeros(len(points), np.int32)
    return core().soap(*arrays, soap_tables(parameters), channels, None, flags, False, 1)[0]
