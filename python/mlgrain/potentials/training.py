# SPDX-License-Identifier: GPL-2.0-or-later
"""Trains moment tensor potentials (doc/theory_training.md), by the compiled core."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
import zipfile

import numpy as np
from scipy import linalg

from ..compiled import core
from ..errors import MLGrainError
from . import zero_points
from .configurations import WEIGHTS, cfg_text, species_of
from .ranks import ALONE

LINEAR_DAMPING = 1e-10  # of the coefficients that the energy is linear in
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-4, 1e-12, 1e12  # of the radial coefficients
LESS_DAMPING, MORE_DAMPING = 8, 16  # times, after a step that helped, and one that did not
CHUNK = 512  # candidates for an active set that are offered together
FIRST_ROWS = 6  # times the parameters: candidates of which the first are chosen


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of the loss, MLIP's with its defaults: energy / N^scaling, force / N^force_scaling
    and stress / N for a configuration of N atoms. With scale_by_force c > 0 (eV/Angstrom squared),
    a force's weight is multiplied by c / (F^2 + c). kinds has factors of all weights of the
    configurations of a kind: ((kind, factor), ...)."""

    energy: float = 1.0
    force: float = 0.01
    stress: float = 0.001
    scaling: int = 1
    force_scaling: int = 0
    scale_by_force: float = 0.0
    kinds: tuple = ()

    def of(self, configurations):
        """[configurations] factors by kind."""
        factors = dict(self.kinds)
        return np.array([factors.get(kind_of(one), 1.0) for one in configurations])


def kind_of(configuration):
    """What a configuration is, in the words of its file: a feature config_type or kind, or the
    file's name."""
    features = configuration.features
    return features.get("config_type") or features.get("kind") or configuration.source


@dataclasses.dataclass(frozen=True)
class Errors:
    """Root mean square errors: energy per atom, force components, virial components per
    configuration; nan where there are no labels. loss is the mean over configurations, which is
    what MLIP prints."""

    loss: float
    energy: float
    force: float
    virial: float

    def __str__(self):
        return (f"loss {self.loss:.6g}, {1e3 * self.energy:.3f} meV/atom, {1e3 * self.force:.2f} "
                f"meV/A, {self.virial:.4f} eV")


def new_potential(level, labels, cutoff, min_dist=1.5, radial_size=8, repulsive=False, seed=0,
                  name=None):
    """The contents of an .mtp file (bytes) that has not been trained."""
    return core().new_mtp(name or f"level{level}", level, list(labels), repulsive, min_dist, cutoff,
                          radial_size, seed)


class Training:
    """A potential and the configurations that it is trained on.

    contents        bytes of an .mtp or .almtp file
    configurations  list of Configuration
    ranks           Ranks that work together: each has a share of the configurations in `core`, its
                    `own`; sums over them are the same on all
    atoms           of all configurations
    """

    def __init__(self, contents, configurations, weights=Weights(), threads=1, name="potential",
                 ranks=ALONE):
        self.core = core().MTPTraining(name, contents)
        self.threads, self.weights, self.ranks = threads, weights, ranks
        self.configurations = configurations
        self.atoms = sum(len(one) for one in configurations)
        self.own = ranks.share(configurations)
        self._set_data(self.own, weights)

    def _set_data(self, configurations, weights):
        if not configurations:
            raise MLGrainError("there are no configurations to train on")
        species = species_of(configurations, self.core.labels)
        counts = np.array([len(one) for one in configurations], dtype=np.int32)
        size, of_kind = counts.astype(float), weights.of(configurations)
        for_energy, for_force, for_stress = (
            of_kind * np.array([one.weight(name) for one in configurations]) for name in WEIGHTS)

        def stack(shape, values, missing):
            return np.ascontiguousarray(np.concatenate(
                [np.broadcast_to(missing, (len(one), *shape)) if value is None else value
                 for one, value in zip(configurations, values)]), dtype=float)

        def has(values):
            return np.array([value is not None for value in values], dtype=float)

        energies = [one.energy for one in configurations]
        virials = [one.virial for one in configurations]
        forces = stack((3,), [one.forces for one in configurations], 0.0)
        force_weights = stack((), [one.force_weights for one in configurations], 1.0)
        force_weights *= np.repeat(has([one.forces for one in configurations]), counts)
        force_weights *= np.repeat(for_force * weights.force / size**weights.force_scaling,
                                   counts)
        if weights.scale_by_force > 0:
            force_weights *= weights.scale_by_force / ((forces**2).sum(axis=1) +
                                                       weights.scale_by_force)
        self.core.set_data(
            counts, np.concatenate([one.positions for one in configurations]),
            np.concatenate(species), np.array([one.cell for one in configurations]),
            np.array([one.pbc for one in configurations]),
            np.array([0.0 if value is None else value for value in energies]),
            has(energies) * for_energy * weights.energy / size**weights.scaling, forces,
            force_weights,
            np.array([np.zeros(6) if value is None else value for value in virials]),
            has(virials) * for_stress * weights.stress / size, self.threads)

    @property
    def is_trained(self):
        """Whether any coefficient that the energy is linear in is other than 0."""
        return bool(self.parameters[-self.core.linear_count:].any())

    @property
    def parameters(self):
        return self.core.parameters

    @parameters.setter
    def parameters(self, values):
        self.core.parameters = self.ranks.same(values)

    def loss(self):
        """The sum over configurations."""
        return _total(self._sums(self.core.loss(self.threads)))

    def errors(self):
        """Errors"""
        return self._errors(self._sums(self.core.loss(self.threads)))

    def _sums(self, own):
        total = self.ranks.sum(np.array(list(own.values())))
        return dict(zip(own, total.tolist()))

    def _errors(self, sums):
        def rms(kind):
            count = sums[kind + "_count"]
            return np.sqrt(sums[kind + "_squares"] / count) if count else np.nan
        return Errors(_total(sums) / len(self.configurations), rms("energy"), rms("force"),
                      rms("virial"))

    def normal(self, linear_only=False):
        """(loss, J^T w r, J^T w J), of all parameters, or those that the energy is linear in"""
        sums, right, matrix = self.core.normal(self.threads, linear_only=linear_only)
        return _total(self._sums(sums)), self.ranks.sum(right), self.ranks.sum(matrix)

    def gradient(self):
        """(loss, its gradient)"""
        sums, gradient = self.core.gradient(self.threads)
        return _total(self._sums(sums)), self.ranks.sum(gradient)

    def solve_linear(self):
        """Sets species and moment coefficients to the best for the radial functions as they are;
        returns the condition of their normal matrix."""
        condition = self.find_linear()
        if condition is None:
            raise MLGrainError("the best moment coefficients can't be found: the normal matrix is "
                               "singular; are the configurations too few or all the same?")
        return condition

    def find_linear(self):
        """The same; None where they can't be found, and nothing is changed."""
        _, right, matrix = self.normal(linear_only=True)
        damped = Damped.of(matrix, LINEAR_DAMPING)
        if damped is None:
            return None
        parameters = self.parameters
        parameters[-len(right):] -= damped.solve(right)
        self.parameters = parameters
        return damped.condition


def _total(sums):
    return sums["energy"] + sums["force"] + sums["virial"]


class Damped:
    """Solves (H + damping diag(H)) x = y, H = J^T w J, by LAPACK: in unknowns scaled so that H has
    a unit diagonal.

    condition  of the matrix in these unknowns (1-norm)
    """

    def __init__(self, matrix, damping):
        diagonal = np.diag(matrix)
        if not np.isfinite(matrix).all():
            raise MLGrainError("normal equations: a number is not finite")
        self._scale = np.divide(1, np.sqrt(diagonal, where=diagonal > 0,
                                           out=np.ones_like(diagonal)),
                                where=diagonal > 0, out=np.zeros_like(diagonal))
        scaled = matrix * self._scale * self._scale[:, None]
        np.fill_diagonal(scaled, 1 + damping)
        size = np.abs(scaled).sum(axis=0).max()
        self._factor = linalg.cho_factor(scaled, lower=True, overwrite_a=True, check_finite=False)
        inverse_condition, _ = linalg.lapack.dpocon(self._factor[0], size, uplo="L")
        self.condition = 1 / max(inverse_condition, 1e-300)

    @classmethod
    def of(cls, matrix, damping):
        """None where the matrix isn't positive definite: more damping is needed."""
        try:
            return cls(matrix, damping)
        except linalg.LinAlgError:
            return None

    def solve(self, right):
        """x for y; unknowns that don't matter (diagonal 0) get 0."""
        return self._scale * linalg.cho_solve(self._factor, self._scale * right)


class Fit:
    """Variable projection for a Training: radial coefficients take steps of Levenberg and
    Marquardt's method, and the others, which the energy is linear in, are at each place the best
    for them (G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973)).

    damping    of the next step
    condition  of the last step's matrix
    errors     Errors after the last step
    """

    def __init__(self, training, damping=FIRST_DAMPING):
        self.training, self.damping = training, damping
        self.condition, self.errors = None, None

    def step(self):
        """One iteration; returns the loss before and after, the same where no step helps."""
        training = self.training
        before, right, matrix = training.normal()
        start, self.errors = training.parameters, None
        _check(before)
        while self.damping < MOST_DAMPING:
            if self._try(start, self._change(matrix, right)) and self._loss() < before:
                self.damping = max(self.damping / LESS_DAMPING, LEAST_DAMPING)
                return before, self._loss()
            self.damping *= MORE_DAMPING
        training.parameters = start
        self.errors = training.errors()
        return before, before

    def _loss(self):
        return self.errors.loss * len(self.training.configurations)

    def _change(self, matrix, right):
        """Of radial coefficients, from the equations for all; None where they need more damping."""
        radial = len(right) - self.training.core.linear_count
        damping = np.full(len(right), LINEAR_DAMPING)
        damping[:radial] = self.damping
        damped = Damped.of(matrix, damping)
        if damped is None:
            return None
        self.condition = damped.condition
        return self.training.ranks.same(-damped.solve(right))[:radial]

    def _try(self, start, change):
        """Goes there, to the best coefficients behind the radial ones; whether there are such."""
        if change is None:
            return False
        parameters = start.copy()
        parameters[:len(change)] += change
        self.training.parameters = parameters
        if self.training.find_linear() is None:
            return False
        self.errors = self.training.errors()
        return True


def _check(loss):
    if not np.isfinite(loss):
        raise MLGrainError("the loss is not finite: are there atoms on top of each other?")


def sample_sizes(atoms, subset):
    """Atoms of the parts that are fitted one after the other before all `atoms` are: from `subset`,
    four times as many each time, up to a half of all."""
    sizes = []
    while subset and 2 * subset <= atoms:
        sizes.append(int(subset))
        subset *= 4
    return sizes


def best_start(training, seed, starts, iterations=6, report=None):
    """Sets the parameters that are best after some iterations from each of several starting points.

    report  called with (seed, iteration, Errors)
    """
    best = None
    for number in range(seed, seed + starts):
        training.core.start(number)
        zero_points.start_species(training)
        training.solve_linear()
        fit = Fit(training)
        for iteration in range(1, 1 + (iterations if starts > 1 else 0)):
            fit.step()
            if report:
                report(number, iteration, fit.errors)
        errors = fit.errors or training.errors()
        if best is None or errors.loss < best[0]:
            best = errors.loss, training.parameters
    training.parameters = best[1]


def train(training, iterations, tolerance=1e-4, patience=3, held_out=None, report=None,
          checkpoint=None, fit=None):
    """Iterates until the loss falls by less than `tolerance` of itself in `patience` iterations
    together, or that of the held-out configurations has not fallen in 6 * patience; of these, the
    best parameters are kept. Returns the number of iterations and the last condition.

    held_out    another Training, of configurations that are not trained on
    report      called with (iteration, Errors, Errors of those held out or None)
    checkpoint  a Checkpoint
    fit         a Fit of this training, a new one if it is None
    """
    fit, losses, best = fit or Fit(training), [], None
    done = checkpoint.load(fit) if checkpoint else 0
    iteration = done
    for iteration in range(done + 1, iterations + 1):
        before, after = fit.step()
        losses = [*losses, before][-patience:]
        outside = None
        if held_out is not None:
            held_out.parameters = training.parameters
            outside = held_out.errors()
            if best is None or outside.loss < best[0]:
                best = outside.loss, iteration, training.parameters
        if report:
            report(iteration, fit.errors, outside)
        if checkpoint:
            checkpoint.save(fit, iteration)
        if before == after or (len(losses) == patience and
                               losses[0] - after < tolerance * losses[0]):
            break
        if best and iteration - best[1] >= 6 * patience:
            break
    if best:
        training.parameters = best[2]
    return iteration, fit.condition


def compare_zero_points(contents, configurations, weights, seed=0, threads=1, name="potential"):
    """Differences of zero points between files (zero_points.differences), with radial functions
    that are fitted to forces and stresses: energies hardly count, or they would bend these."""
    little = dataclasses.replace(weights, energy=1e-6 * weights.energy)
    one = Training(contents, configurations, little, threads, name)
    if not one.is_trained:
        best_start(one, seed, 1)
        train(one, 16)
    whole = Training(contents, configurations, weights, threads, name)
    whole.parameters = one.parameters
    return zero_points.differences(whole)


def _form(potential):
    """All of a potential's file but its parameters."""
    parameters = potential.parameters
    potential.parameters = np.zeros_like(parameters)
    contents = potential.contents("form")
    potential.parameters = parameters
    return contents


class Checkpoint:
    """A file with all that a fit needs to go on after it was interrupted; only with the same data
    (all labels and weights of theirs), weights and kind of potential (basis, cutoff, species)."""

    def __init__(self, path, training):
        self.path = path
        digest = hashlib.sha256(repr(training.weights).encode())
        for one in training.configurations:
            weights = [one.weight(name) for name in WEIGHTS]
            digest.update(repr((one.energy, one.pbc, len(one), weights)).encode())
            for array in (one.positions, one.types, one.cell, one.forces, one.virial,
                          one.force_weights):
                digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        digest.update(_form(training.core))
        self.key = digest.hexdigest()

    def reached(self, ranks):
        """Atoms of the part that was fitted last, or of all; 0 without a file that belongs to this
        fit."""
        found = self._read(ranks)
        return found[0] if found else 0

    def load(self, fit):
        """Sets parameters and damping; returns how many iterations were done on the configurations
        of the fit, 0 if the file is of another part."""
        found = self._read(fit.training.ranks)
        if not found or found[0] != fit.training.atoms:
            return 0
        _, iteration, fit.damping, fit.training.parameters = found
        return iteration

    def _read(self, ranks):
        """(atoms, iteration, damping, parameters), or None; from the first of the processes."""
        found = None
        if ranks.rank == 0:
            try:
                with np.load(self.path, allow_pickle=False) as file:
                    if str(file["key"]) == self.key:
                        found = (int(file["atoms"]), int(file["iteration"]),
                                 float(file["damping"]), file["parameters"])
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                found = None
        return ranks.same(found)

    def save(self, fit, iteration):
        if fit.training.ranks.rank:
            return
        temporary = f"{self.path}.part"
        with open(temporary, "wb") as file:
            np.savez(file, key=self.key, atoms=fit.training.atoms, iteration=iteration,
                     damping=fit.damping, parameters=fit.training.parameters)
        os.replace(temporary, self.path)

    def remove(self):
        if os.path.exists(self.path):
            os.remove(self.path)


@dataclasses.dataclass(frozen=True)
class ActiveSet:
    """matrix [n, n] and its transposed inverse; numbers [n] of the atoms (or configurations) that
    were chosen, -1 where none was needed."""

    matrix: np.ndarray
    inverse: np.ndarray
    numbers: np.ndarray
    of_atoms: bool
    exchanges: int


class Candidates:
    """Gradients of energies by parameters, of atoms, or of configurations over N^(scaling/2); some
    hundred at a time, since all of them can be more than memory holds."""

    def __init__(self, training, of_atoms, scaling):
        self.training, self.of_atoms, self.scaling = training, of_atoms, scaling
        counts = [len(one) for one in training.configurations]
        self._first_atom = np.concatenate([[0], np.cumsum(counts)])

    def parts(self, every=1):
        """(number of the first, [candidates, parameters]) for each part, or for some of them."""
        core, threads = self.training.core, self.training.threads
        step = 2 * threads
        for block in range(0, core.blocks, every * step):
            last = min(block + step, core.blocks)
            rows = core.rows(threads, block, last)
            atom, end = core.first_atom(block), core.first_atom(last)
            if not self.of_atoms:
                first, final = np.searchsorted(self._first_atom, [atom, end])
                starts = self._first_atom[first:final + 1]
                rows = (np.add.reduceat(rows, starts[:-1] - atom, axis=0)
                        / np.diff(starts)[:, None]**(self.scaling / 2))
                atom = int(first)
            for begin in range(0, len(rows), CHUNK):
                yield atom + begin, rows[begin:begin + CHUNK]

    def first_choice(self, count):
        """(numbers, candidates): those of a part of all that differ most, by a QR decomposition
        with pivoting."""
        every = max(1, self.training.atoms // (FIRST_ROWS * count))
        numbers, rows = [], []
        for first, part in self.parts(every):
            numbers.append(np.arange(first, first + len(part)))
            rows.append(part)
        numbers, rows = np.concatenate(numbers), np.concatenate(rows)
        size = np.sqrt((rows**2).mean(axis=0))
        scaled = rows / np.where(size > 0, size, 1)
        chosen = linalg.qr(scaled.T, mode="r", pivoting=True, overwrite_a=True)[1][:count]
        return numbers[chosen], rows[chosen]


def select(training, threshold=1.001, of_atoms=True, scaling=2, report=None, active=None):
    """ActiveSet: MaxVol in rounds, with thresholds that come down to the one wanted. Candidates are
    computed anew in each round.

    active  an active set to begin with; candidates then only take places that they deserve
    report  called with (round, threshold, exchanges) after each
    """
    candidates = Candidates(training, of_atoms, scaling)
    count = training.core.parameter_count
    selection = core().MTPSelection(count, active)
    total, number, chosen = 0, 0, np.zeros(0, dtype=np.int64)
    if active is None:
        chosen, rows = candidates.first_choice(count)
        total = selection.offer(np.ascontiguousarray(rows), 0, threshold)[0]
    limits = [t for t in (4.0, 1.5, 1.05) if t > threshold]  # a round each
    exchanged, limit = 1, None
    while exchanged or limit != threshold:
        limit = limits.pop(0) if limits else threshold
        exchanged, number = 0, number + 1
        for first, rows in candidates.parts():
            exchanged += selection.offer(np.ascontiguousarray(rows), len(chosen) + first, limit)[0]
        total += exchanged
        if report:
            report(number, limit, exchanged)
    matrix, inverse, numbers = selection.result()
    # those of the first choice have the numbers 0 ... len(chosen) - 1, all others come behind
    of_first = (numbers >= 0) & (numbers < len(chosen))
    numbers[of_first] = chosen[numbers[of_first]]
    numbers[~of_first & (numbers >= 0)] -= len(chosen)
    return ActiveSet(matrix, inverse, numbers, of_atoms, total)


def almtp_contents(training, active, scaling, name):
    """The contents of an .almtp file, with the configurations that the active set is of."""
    head = training.core.contents_with_active_set(name, active.matrix, active.inverse,
                                                  active.of_atoms, scaling)
    counts = np.array([len(one) for one in training.configurations])
    first = np.concatenate([[0], np.cumsum(counts)])
    chosen = active.numbers[active.numbers >= 0]
    frame_of = np.searchsorted(first, chosen, side="right") - 1 if active.of_atoms else chosen
    used = np.unique(frame_of)
    place = {frame: k for k, frame in enumerate(used)}
    origin, equations = [], {frame: [] for frame in used}
    for number in active.numbers:
        if number < 0:
            origin.append("-1 -1")
            continue
        frame, equation = number, 0
        if active.of_atoms:
            frame = np.searchsorted(first, number, side="right") - 1
            # MLIP counts a frame's equations: its energy, forces, nine stresses, then its atoms
            equation = 1 + 3 * counts[frame] + 9 + number - first[frame]
        origin.append(f"{place[frame]} {equation}")
        equations[frame].append(str(equation))
    texts = [cfg_text(training.configurations[frame], features=[
        ("selected_eqn_inds", ",".join(equations[frame]))]) + "\n" for frame in used]
    return head + ("\n#\n" + "".join(line + "\n" for line in origin) + "#\n" +
                   "".join(texts)).encode()


class Clock:
    """Seconds since it was made."""

    def __init__(self):
        self.start = time.monotonic()

    def __str__(self):
        return f"{time.monotonic() - self.start:.1f} s"
