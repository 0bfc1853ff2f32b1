# SPDX-License-Identifier: GPL-2.0-or-later
"""Trains moment tensor potentials (doc/theory_training.md), by the compiled core."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import time

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from . import zero_points
from .configurations import WEIGHTS, cfg_text, species_of

LINEAR_DAMPING = 1e-10  # of the coefficients that the energy is linear in
FIRST_DAMPING, MOST_DAMPING = 1e-2, 1e12
BENDING_STEP, MOST_BENDING = 0.1, 0.75  # of a step: where its curvature is found, most that counts
CHUNK = 512  # candidates for an active set that are offered together


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of the loss, MLIP's with its defaults: energy / N^scaling, force / N^force_scaling
    and stress / N for a configuration of N atoms. With scale_by_force c > 0 (eV/Angstrom squared),
    a force's weight is multiplied by c / (F^2 + c)."""

    energy: float = 1.0
    force: float = 0.01
    stress: float = 0.001
    scaling: int = 1
    force_scaling: int = 0
    scale_by_force: float = 0.0


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
    """

    def __init__(self, contents, configurations, weights=Weights(), threads=1, name="potential"):
        self.core = core().MTPTraining(name, contents)
        self.threads, self.weights = threads, weights
        self.configurations = configurations
        self._set_data(configurations, weights)

    def _set_data(self, configurations, weights):
        if not configurations:
            raise MLGrainError("there are no configurations to train on")
        species = species_of(configurations, self.core.labels)
        counts = np.array([len(one) for one in configurations], dtype=np.int32)
        size = counts.astype(float)
        for_energy, for_force, for_stress = (np.array([one.weight(name) for one in configurations])
                                             for name in WEIGHTS)

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
        self.core.parameters = values

    def loss(self):
        """The sum over configurations."""
        return _total(self.core.loss(self.threads))

    def errors(self):
        """Errors"""
        return self._errors(self.core.loss(self.threads))

    def _errors(self, sums):
        def rms(kind):
            count = sums[kind + "_count"]
            return np.sqrt(sums[kind + "_squares"] / count) if count else np.nan
        return Errors(_total(sums) / self.core.frames, rms("energy"), rms("force"), rms("virial"))

    def normal(self):
        """(loss, J^T w r, J^T w J)"""
        sums, right, matrix = self.core.normal(self.threads)
        return _total(sums), right, matrix

    def solve_linear(self):
        """Sets species and moment coefficients to the best for the radial functions as they are;
        returns the condition of their normal matrix."""
        first = self.core.parameter_count - self.core.linear_count
        _, right, matrix = self.normal()
        step, condition = core().solve_damped(
            np.ascontiguousarray(matrix[first:, first:]), np.ascontiguousarray(right[first:]),
            np.full(self.core.linear_count, LINEAR_DAMPING))
        if step is None:
            raise MLGrainError("the best moment coefficients can't be found: the normal matrix is "
                               "singular; are the configurations too few or all the same?")
        parameters = self.parameters
        parameters[first:] += step
        self.parameters = parameters
        return condition


def _total(sums):
    return sums["energy"] + sums["force"] + sums["virial"]


class Fit:
    """Levenberg and Marquardt's method for a Training. Steps in the radial coefficients are damped;
    those in the others, which the energy is linear in, hardly. Steps follow the bend of what is
    fitted (geodesic acceleration: M. K. Transtrum, J. P. Sethna, arXiv:1201.5885)."""

    def __init__(self, training, damping=FIRST_DAMPING):
        self.training, self.damping = training, damping
        self.condition = None

    def step(self):
        """One iteration; returns the loss before and after, the same where no step helps."""
        training, count = self.training, self.training.core.parameter_count
        radial = count - training.core.linear_count
        before, right, matrix = training.normal()
        start = training.parameters
        if not np.isfinite(before):
            raise MLGrainError("the loss is not finite: are there atoms on top of each other?")
        while self.damping < MOST_DAMPING:
            for change, condition in self._changes(matrix, right, radial):
                training.parameters = start + change
                after = training.loss()
                if after < before:
                    self.condition = condition
                    self.damping = max(self.damping / 5, LINEAR_DAMPING)
                    return before, after
                training.parameters = start
            self.damping *= 4
        training.parameters = start
        return before, before

    def _changes(self, matrix, right, radial):
        """Steps to try with this damping, and the condition: bent if that is little, straight."""
        damping = np.full(len(right), LINEAR_DAMPING)
        damping[:radial] = self.damping
        change, condition = core().solve_damped(matrix, right, damping)
        if change is None:
            return
        scale = np.sqrt(np.diag(matrix))[:radial]
        curvature = self.training.core.curvature(change, BENDING_STEP, self.training.threads)
        bend, _ = core().solve_damped(matrix, curvature, damping)
        size = np.linalg.norm(scale * change[:radial])
        if bend is not None and 2 * np.linalg.norm(scale * bend[:radial]) <= MOST_BENDING * size:
            yield change + bend / 2, condition
        yield change, condition


def best_start(training, seed, starts, iterations=8, report=None):
    """Sets the parameters that are best after some iterations from each of several starting points.

    report  called with (seed, Errors)
    """
    best = None
    for number in range(seed, seed + starts):
        training.core.start(number)
        zero_points.start_species(training)
        training.solve_linear()
        fit = Fit(training)
        for _ in range(iterations if starts > 1 else 0):
            fit.step()
        errors = training.errors()
        if report and starts > 1:
            report(number, errors)
        if best is None or errors.loss < best[0]:
            best = errors.loss, training.parameters
    training.parameters = best[1]


def train(training, iterations, tolerance=1e-4, patience=5, held_out=None, report=None,
          checkpoint=None):
    """Iterates until the loss falls by less than `tolerance` of itself in `patience` iterations
    together, or that of the held-out configurations has not fallen in 4 * patience; of these, the
    best parameters are kept. Returns the number of iterations and the last condition.

    held_out    another Training, of configurations that are not trained on
    report      called with (iteration, Errors, Errors of those held out or None)
    checkpoint  a Checkpoint
    """
    fit, losses, best = Fit(training), [], None
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
            report(iteration, training.errors(), outside)
        if checkpoint:
            checkpoint.save(fit, iteration)
        if before == after or (len(losses) == patience and
                               losses[0] - after < tolerance * losses[0]):
            break
        if best and iteration - best[1] >= 4 * patience:
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


class Checkpoint:
    """A file with all that a fit needs to go on after it was interrupted; only with the same data,
    weights and kind of potential."""

    def __init__(self, path, training):
        self.path = path
        digest = hashlib.sha256(repr(training.weights).encode())
        for one in training.configurations:
            digest.update(one.positions.tobytes() + one.types.tobytes() + repr(one.energy).encode()
                          + repr([one.weight(name) for name in WEIGHTS]).encode())
        digest.update(str(training.core.parameter_count).encode())
        self.key = digest.hexdigest()

    def load(self, fit):
        """Sets parameters and damping; returns how many iterations were done, 0 without a file that
        belongs to this fit."""
        try:
            with np.load(self.path, allow_pickle=False) as file:
                if str(file["key"]) != self.key:
                    return 0
                fit.training.parameters = file["parameters"]
                fit.damping = float(file["damping"])
                return int(file["iteration"])
        except (OSError, ValueError, KeyError, EOFError):
            return 0

    def save(self, fit, iteration):
        temporary = f"{self.path}.part"
        with open(temporary, "wb") as file:
            np.savez(file, key=self.key, parameters=fit.training.parameters, damping=fit.damping,
                     iteration=iteration)
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


def candidates(training, of_atoms, scaling):
    """Gradients of energies by parameters: of atoms, or of configurations over N^(scaling/2)."""
    rows = training.core.rows(training.threads)
    if of_atoms:
        return rows
    counts = np.array([len(one) for one in training.configurations])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.add.reduceat(rows, first, axis=0) / counts[:, None]**(scaling / 2)


def select(training, threshold=1.001, of_atoms=True, scaling=2, report=None, active=None):
    """ActiveSet: MaxVol in rounds, with thresholds that come down to the one wanted.

    active  an active set to begin with; candidates then only take places that they deserve
    report  called with (round, threshold, exchanges) after each
    """
    rows = candidates(training, of_atoms, scaling)
    selection = core().MTPSelection(rows.shape[1], active)
    total, number = 0, 0
    for limit in (*(t for t in (4.0, 1.5, 1.05) if t > threshold), threshold):
        exchanged = 1
        while exchanged:
            exchanged, number = 0, number + 1
            for first in range(0, len(rows), CHUNK):
                exchanged += selection.offer(rows[first:first + CHUNK], first, limit)[0]
            total += exchanged
            if report:
                report(number, limit, exchanged)
    return ActiveSet(*selection.result(), of_atoms, total)


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


def normal_contents(training):
    """An .npz file: the normal matrix J^T w J [n, n] of the weighted energies, forces and virials
    at the parameters [n], the loss (sum over configurations) and its gradient [n], and the numbers
    of energies, force components and virial components."""
    sums, right, matrix = training.core.normal(training.threads)
    file = io.BytesIO()
    np.savez(file, normal=matrix, gradient=2 * right, parameters=training.parameters,
             loss=_total(sums), counts=[sums[kind + "_count"]
                                        for kind in ("energy", "force", "virial")])
    return file.getvalue()


class Clock:
    """Seconds since it was made."""

    def __init__(self):
        self.start = time.monotonic()

    def __str__(self):
        return f"{time.monotonic() - self.start:.1f} s"
