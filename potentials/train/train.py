#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fits a moment tensor potential of one species to energies, forces and stresses.

Weighted nonlinear least squares in all parameters at once, by the method of Levenberg and Marquardt.
The energy is linear in the species and moment coefficients, so their columns of the Jacobian are
energies and forces of one basis function each; those of the radial coefficients are forward
differences. First, with the radial functions given, the linear ones are solved for.
"""

import argparse
import pathlib
import time

import numpy as np

from basis import Basis
from frames import LARGEST_FORCE, read_data
from mtp import Evaluator, Potential

LINEAR_DAMPING = 1e-10
GPA = 1.0 / 160.21766208  # in eV/Angstrom^3


class Problem:
    """Residuals of all frames, in units of the errors that are aimed at.

    With F the root mean square force (eV/Angstrom) of a frame, these are 0.1 meV + 0.7 meV F for the
    energy per atom, 5 meV/Angstrom + 0.02 F for forces, still_stress + 0.2 GPa F for stresses: still
    crystals count most, and where still_stress (GPa) is small, elastic constants above all. A
    frame's energy has the weight of 30 numbers, its forces together 100, its stresses together 30,
    whatever its size."""

    def __init__(self, potential, frames, still_stress):
        self.evaluator = Evaluator(potential, frames)
        self.radial_parameters = potential.radial_parameters
        size = np.array([len(frame.x) for frame in frames])
        self.size = size
        self.volume = np.array([frame.volume for frame in frames])
        rms = np.array([np.sqrt((frame.force**2).mean()) for frame in frames])
        self.energy_factor = 30**0.5 / ((0.1e-3 + 0.7e-3 * rms) * size)
        self.force_factor = ((100 / (3 * size))**0.5 / (0.005 + 0.02 * rms))[self.evaluator.frame_of_atom]
        self.stress_factor = 5**0.5 / ((still_stress + 0.2 * rms) * GPA * self.volume)
        self.energy = np.array([frame.energy for frame in frames])
        self.force = np.concatenate([frame.force for frame in frames])
        self.virial = np.stack([frame.virial for frame in frames])
        self.target = self._scale(self.energy, self.force, self.virial)

    def _scale(self, energy, force, virial):
        return np.concatenate([energy * self.energy_factor,
                               (force * self.force_factor[:, None]).ravel(),
                               (virial * self.stress_factor[:, None]).ravel()])

    def residuals(self, theta):
        return self._scale(*self.evaluator(theta)) - self.target

    def columns(self, theta, wanted):
        """Columns of the Jacobian."""
        columns = np.empty((len(wanted), len(self.target)))
        here = self._scale(*self.evaluator(theta))
        none = theta.copy()
        none[self.radial_parameters:] = 0.0
        wall = self._scale(*self.evaluator(none))  # what depends on no parameter
        step = 1e-6
        for row, k in zip(columns, wanted):
            if k < self.radial_parameters:
                other = theta.copy()
                other[k] += step
                row[:] = (self._scale(*self.evaluator(other)) - here) / step
            else:
                only = none.copy()
                only[k] = 1.0
                row[:] = self._scale(*self.evaluator(only)) - wall
        return columns

    def errors(self, theta):
        """Root mean square errors: energy (meV/atom), force (meV/Angstrom), stress (GPa)."""
        energy, force, virial = self.evaluator(theta)
        return (1e3 * np.sqrt((((energy - self.energy) / self.size)**2).mean()),
                1e3 * np.sqrt(((force - self.force)**2).mean()),
                np.sqrt((((virial - self.virial) / self.volume[:, None] / GPA)**2).mean()))


def solve_damped(normal, gradient, damping):
    """(normal + damping diag(normal)) step = -gradient, in scaled unknowns; one damping or many."""
    scale = np.sqrt(np.diag(normal)) + 1e-30
    matrix = normal / np.outer(scale, scale)
    matrix[np.diag_indices_from(matrix)] += damping
    return -np.linalg.solve(matrix, gradient / scale) / scale


def solve_linear(problem, theta):
    """The best species and moment coefficients for the radial functions as they are."""
    linear = np.arange(problem.radial_parameters, len(theta))
    theta = theta.copy()
    theta[linear] = 0.0
    columns = problem.columns(theta, linear)
    theta[linear] = solve_damped(columns @ columns.T, columns @ problem.residuals(theta),
                                 LINEAR_DAMPING)
    return theta


def improve(problem, theta, iterations, save, damp_linear, damping=1e-3):
    """Levenberg-Marquardt; save(theta) is called after every step that helps. Without damp_linear,
    only the steps in the radial coefficients are damped: fast near the end, but not far from it."""
    damped = np.arange(len(theta)) < (len(theta) if damp_linear else problem.radial_parameters)
    residuals = problem.residuals(theta)
    cost = residuals @ residuals
    start = time.time()
    for iteration in range(1, iterations + 1):
        columns = problem.columns(theta, np.arange(len(theta)))
        normal, gradient = columns @ columns.T, columns @ residuals
        before = cost
        for _ in range(12):
            trial = theta + solve_damped(normal, gradient, np.where(damped, damping, LINEAR_DAMPING))
            trial_residuals = problem.residuals(trial)
            trial_cost = trial_residuals @ trial_residuals
            if trial_cost < cost:
                break
            damping *= 4
        else:
            break
        theta, residuals, cost, damping = trial, trial_residuals, trial_cost, damping / 5
        save(theta)
        print(f"iteration {iteration}: cost {cost / len(residuals):.4f}, damping {damping:.1e}, errors "
              "%.3f meV/atom %.1f meV/A %.3f GPa, " % problem.errors(theta) +
              f"{time.time() - start:.0f} s", flush=True)
        if before - cost < 1e-4 * before:
            break
    return theta


def starting_potential(options):
    """Radial functions that are Chebyshev polynomials, a little disturbed."""
    potential = Potential(Basis(options.level), options.label, options.min_dist, options.cutoff,
                          options.radial_size)
    random = np.random.default_rng(options.seed)
    shape = potential.radial_count, potential.radial_size
    radial = np.eye(*shape) + 0.1 * random.normal(size=shape)
    potential.theta[:potential.radial_parameters] = radial.ravel()
    return potential


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, nargs="+", type=pathlib.Path,
                        help="folders of dumps, .cfg or .almtp files")
    parser.add_argument("--out", required=True, type=pathlib.Path, help=".mtp file to write")
    parser.add_argument("--start", help=".mtp or .almtp file to begin with")
    parser.add_argument("--level", type=int, default=16)
    parser.add_argument("--label", type=int, default=29, help="atomic number")
    parser.add_argument("--min-dist", type=float, default=1.9, help="Angstrom")
    parser.add_argument("--cutoff", type=float, default=5.5, help="Angstrom")
    parser.add_argument("--radial-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="use one of so many frames")
    parser.add_argument("--iterations", type=int, default=30)
    parser.add_argument("--finish", action="store_true",
                        help="near the end of a fit: steps in the linear coefficients aren't damped, "
                             "and the stresses of still crystals count more")
    parser.add_argument("--largest-force", type=float, default=LARGEST_FORCE,
                        help="frames with larger ones are left out (eV/Angstrom)")
    options = parser.parse_args()

    potential = Potential.read(options.start) if options.start else starting_potential(options)
    frames = read_data(options.data, options.largest_force)[::options.every]
    problem = Problem(potential, frames, 0.002 if options.finish else 0.02)
    print(f"{len(frames)} frames, {problem.evaluator.real} atoms, {len(potential.theta)} parameters",
          flush=True)

    def save(theta):
        potential.theta = theta
        options.out.write_text(potential.text())

    theta = potential.theta
    if not options.start:
        theta = solve_linear(problem, theta)
        print("radial functions as they are: errors %.2f meV/atom %.1f meV/A %.2f GPa"
              % problem.errors(theta), flush=True)
    save(improve(problem, theta, options.iterations, save, not options.finish))


if __name__ == "__main__":
    main()
