# SPDX-License-Identifier: GPL-2.0-or-later
"""Moment tensor potentials of one species, and many frames evaluated with one; Evaluator takes those of
several species."""

import os
import re

import numpy as np
from mlgrain.potentials.configurations import Configuration
from mlgrain.potentials.training import Training

from basis import Basis

RADIAL_BASIS = "RBChebyshev_repuls"


class Potential:
    """Parameters, and the text of the file that holds them.

    radial [radial_count][radial_size], species (eV), moments [scalars]; `theta` is all of them in
    the order of the core: radial, species, moments. The radial basis has a repulsive wall below
    min_dist, against the deep holes that polynomials have where there are no data."""

    def __init__(self, basis, label, min_dist, max_dist, radial_size, scaling=0.1):
        self.basis, self.label = basis, label
        self.min_dist, self.max_dist, self.scaling = min_dist, max_dist, scaling
        self.radial_size = radial_size
        self.radial_count = basis.radial_count
        self.radial_parameters = self.radial_count * radial_size
        self.theta = np.zeros(self.radial_parameters + 1 + len(basis.mapping))

    def text(self):
        def numbers(values, form=".15e"):
            return "{" + ", ".join(format(value, form) for value in values) + "}"

        def rows(values):
            return "{" + ", ".join(numbers(row, "d") for row in values) + "}"

        n, basis = self.radial_parameters, self.basis
        radial = self.theta[:n].reshape(self.radial_count, self.radial_size)
        return "\n".join([
            "MTP", "version = 1.1.0", f"potential_name = {self.label}-level{basis.level}",
            f"scaling = {self.scaling:.15e}", "species_count = 1", "potential_tag = ",
            f"radial_basis_type = {RADIAL_BASIS}", f"\tmin_dist = {self.min_dist:.15e}",
            f"\tmax_dist = {self.max_dist:.15e}", f"\tradial_basis_size = {self.radial_size}",
            f"\tradial_funcs_count = {self.radial_count}", "\tradial_coeffs",
            f"\t\t{self.label}-{self.label}", *("\t\t\t" + numbers(row) for row in radial),
            f"alpha_moments_count = {basis.moment_count}",
            f"alpha_index_basic_count = {len(basis.basic)}",
            f"alpha_index_basic = {rows(basis.basic)}",
            f"alpha_index_times_count = {len(basis.times)}",
            f"alpha_index_times = {rows(basis.times)}",
            f"alpha_scalar_moments = {len(basis.mapping)}",
            f"alpha_moment_mapping = {numbers(basis.mapping, 'd')}",
            f"species_coeffs = {numbers(self.theta[n:n + 1])}",
            f"moment_coeffs = {numbers(self.theta[n + 1:])}", ""])

    @classmethod
    def read(cls, path):
        """The potential of a file that text() wrote, with or without an active set."""
        with open(path, "rb") as file:
            text = file.read().split(b"#MVS", 1)[0].decode()

        def value(key):
            return re.search(rf"^\s*{key} = (.*)$", text, re.MULTILINE).group(1)

        def floats(line):
            return [float(word) for word in line.strip(" \t{}").split(",")]

        if value("radial_basis_type") != RADIAL_BASIS:
            raise ValueError(f"{path} has another radial basis than {RADIAL_BASIS}")
        level = int(value("potential_name").rsplit("level", 1)[1])
        rows = re.search(r"(\d+)-\d+\n((?:\s*\{[^{}]*\}\n)+)alpha_moments_count", text)
        made = cls(Basis(level), int(rows.group(1)), float(value("min_dist")),
                   float(value("max_dist")), int(value("radial_basis_size")),
                   float(value("scaling")))
        made.theta = np.array([x for row in rows.group(2).splitlines() for x in floats(row)] +
                              floats(value("species_coeffs")) + floats(value("moment_coeffs")))
        return made


class Evaluator:
    """Energies, forces, virials and gradients of many frames with one potential. `species` are those of
    all atoms, 0 if not given. Threads: OMP_NUM_THREADS (1)."""

    def __init__(self, potential, frames, species=None):
        self.counts = np.array([len(frame.x) for frame in frames])
        self.real = int(self.counts.sum())
        self.frame_of_atom = np.repeat(np.arange(len(frames)), self.counts)
        species = np.zeros(self.real, int) if species is None else np.asarray(species)
        configurations = [
            Configuration(positions=frame.x, types=types, cell=frame.cell, pbc=(True, True, True))
            for frame, types in zip(frames, np.split(species, np.cumsum(self.counts)[:-1]))]
        self._training = Training(potential.text().encode(), configurations, name="trained potential",
                                  threads=int(os.environ.get("OMP_NUM_THREADS", "1")))

    def __call__(self, theta):
        """Energies [frames], forces [real atoms][3], virials [frames][6] for these parameters."""
        self._training.parameters = theta
        return self._training.core.evaluate(self._training.threads)

    def gradients(self, theta=None):
        """dV_i/dtheta of every real atom; with the parameters of the file if there are none."""
        if theta is not None:
            self._training.parameters = theta
        return self._training.core.rows(self._training.threads)
