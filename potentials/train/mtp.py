# SPDX-License-Identifier: GPL-2.0-or-later
"""Moment tensor potentials of one species, computed by libmlgrain through ctypes; Evaluator takes
those of several."""

import ctypes
import re
from ctypes import POINTER, c_char, c_double, c_int, c_size_t, c_void_p

import numpy as np

from basis import Basis

RADIAL_BASIS = "RBChebyshev_repuls"


class _File(ctypes.Structure):  # struct mlgrain_mtp_file
    _fields_ = [("species_count", c_int), ("label", POINTER(c_int)), ("basis", c_int),
                ("scaling", c_double), ("min_dist", c_double), ("max_dist", c_double),
                ("radial_size", c_int), ("radial_count", c_int),
                ("radial_coeffs", POINTER(c_double)), ("moment_count", c_int),
                ("basic_count", c_int), ("basic", c_void_p), ("times_count", c_int),
                ("times", c_void_p), ("scalar_count", c_int), ("mapping", c_void_p),
                ("species_coeffs", POINTER(c_double)), ("moment_coeffs", POINTER(c_double)),
                ("grade_mode", c_int), ("energy_weight", c_double), ("force_weight", c_double),
                ("stress_weight", c_double), ("site_weight", c_double), ("weight_scaling", c_int),
                ("parameter_count", c_size_t), ("active_set", c_void_p),
                ("active_inverse", c_void_p)]


class _Atoms(ctypes.Structure):  # struct mlgrain_mtp_atoms
    _fields_ = [("x", c_void_p), ("type", c_void_p), ("species_of_type", c_void_p),
                ("type_count", c_int), ("neighbors", c_void_p), ("neighbor_count", c_void_p),
                ("neighbor_mask", c_int), ("screen", c_void_p), ("screen_extent", c_double)]


class _Result(ctypes.Structure):  # struct mlgrain_mtp_result
    _fields_ = [("site_energy", c_void_p), ("force", c_void_p), ("virial_half", c_void_p),
                ("virial_centroid", c_void_p), ("grade", c_void_p), ("gradient_sum", c_void_p),
                ("virial", c_void_p), ("energy", c_double), ("smallest_distance", c_double)]


class _Error(ctypes.Structure):  # struct mlgrain_error
    _fields_ = [("text", c_char * 512)]


class Library:
    """libmlgrain.so"""

    def __init__(self, path):
        self.c = ctypes.CDLL(str(path))
        self.c.mlgrain_mtp_file_free.argtypes = [c_void_p]
        self.c.mlgrain_mtp_free.argtypes = [c_void_p]
        self.c.mlgrain_mtp_workspace_free.argtypes = [c_void_p]
        self.c.mlgrain_mtp_screen.restype = c_double

    def call(self, name, *arguments):
        error = _Error()
        if getattr(self.c, name)(*arguments, ctypes.byref(error)):
            raise RuntimeError(error.text.decode())


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
    """Energies, forces, virials and gradients of many frames with one potential; frames and their
    neighbor lists are set up once. `species` are those of all atoms, 0 if not given."""

    def __init__(self, library, potential, frames, species=None):
        self.library, self.potential = library, potential
        self.counts = np.array([len(frame.x) for frame in frames])
        self.real = int(self.counts.sum())
        self._set_up_atoms(frames, potential.max_dist)
        self._set_up_species(species)
        self._file, self._workspace = c_void_p(), c_void_p()
        text = potential.text().encode()
        library.call("mlgrain_mtp_file_parse", b"trained potential", text, c_size_t(len(text)),
                     ctypes.byref(self._file))
        library.call("mlgrain_mtp_workspace_create", ctypes.byref(self._workspace))
        file = ctypes.cast(self._file, POINTER(_File)).contents
        n, size = potential.radial_parameters, len(potential.theta)
        linear = n + file.species_count
        self._views = [(np.ctypeslib.as_array(file.radial_coeffs, (n,)), slice(0, n)),
                       (np.ctypeslib.as_array(file.species_coeffs, (linear - n,)), slice(n, linear)),
                       (np.ctypeslib.as_array(file.moment_coeffs, (size - linear,)),
                        slice(linear, size))]

    def __del__(self):
        self.library.c.mlgrain_mtp_workspace_free(self._workspace)
        self.library.c.mlgrain_mtp_file_free(self._file)

    def _set_up_atoms(self, frames, cutoff):
        """All frames in one list of atoms, real ones first, then the images around each frame."""
        images, owners, of_frame, lists = [], [], [], []
        first_real, next_image = 0, self.real
        for number, frame in enumerate(frames):
            x, count = frame.x, len(frame.x)
            heights = 1.0 / np.linalg.norm(np.linalg.inv(frame.cell), axis=0)
            inside = np.linalg.solve(frame.cell.T, x.T).T
            reach = np.ceil(cutoff / heights + np.ptp(inside, axis=0)).astype(int)
            shifts = np.array([s for s in np.ndindex(*(2 * reach + 1))]) - reach
            shifts = shifts[np.any(shifts != 0, axis=1)] @ frame.cell
            candidates = (x[None] + shifts[:, None]).reshape(-1, 3)
            owner = np.tile(np.arange(count), len(shifts))
            near = np.all((candidates > x.min(0) - cutoff) & (candidates < x.max(0) + cutoff), axis=1)
            candidates, owner = candidates[near], owner[near]
            every = np.concatenate([x, candidates])
            index = np.concatenate([first_real + np.arange(count),
                                    next_image + np.arange(len(candidates))])
            for i in range(count):
                d2 = ((every - x[i])**2).sum(axis=1)
                d2[i] = np.inf
                lists.append(index[d2 < cutoff**2].astype(np.int32))
            images.append(candidates)
            owners.append(first_real + owner)
            of_frame.append(np.full(len(candidates), number))
            first_real += count
            next_image += len(candidates)
        self.frame_of_atom = np.repeat(np.arange(len(frames)), self.counts)
        self._owner = np.concatenate([np.arange(self.real), *owners])
        self._frame = np.concatenate([self.frame_of_atom, *of_frame])
        self._x = np.ascontiguousarray(np.concatenate([f.x for f in frames] + images))
        self._lists = np.concatenate(lists)
        sizes = np.array([len(one) for one in lists], dtype=np.int32)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self._first = (self._lists.ctypes.data + 4 * starts).astype(np.uintp)
        self._sizes = sizes
        self._center = np.arange(self.real, dtype=np.int32)

    def _set_up_species(self, species):
        """Types of atoms, which are their species, and what the core wants to know of all atoms."""
        if species is None:
            species = np.zeros(self.real, dtype=np.int32)
        self._type = np.asarray(species, dtype=np.int32)[self._owner]
        self._species = np.arange(self._type.max() + 1, dtype=np.int32)
        self._atoms = _Atoms(self._x.ctypes.data, self._type.ctypes.data,
                             self._species.ctypes.data, len(self._species),
                             self._first.ctypes.data, self._sizes.ctypes.data, -1)
        self._screen = np.zeros((len(self._x), 4), dtype=np.float32)
        self._atoms.screen_extent = self.library.c.mlgrain_mtp_screen(
            ctypes.byref(self._atoms), self._x.ctypes.data_as(c_void_p), c_size_t(0),
            c_size_t(len(self._x)), self._screen.ctypes.data_as(c_void_p))
        self._atoms.screen = self._screen.ctypes.data

    def _compute(self, mtp, first, count, result):
        center = c_void_p(self._center.ctypes.data + 4 * first)
        self.library.call("mlgrain_mtp_compute", mtp, self._workspace, ctypes.byref(self._atoms),
                          center, c_size_t(count), ctypes.byref(result))

    def _make(self, theta):
        if theta is not None:
            for view, part in self._views:
                view[:] = theta[part]
        mtp = c_void_p()
        best = self.library.c.mlgrain_simd_best()
        self.library.call("mlgrain_mtp_create", self._file, c_int(best), ctypes.byref(mtp))
        return mtp

    def __call__(self, theta):
        """Energies [frames], forces [real atoms][3], virials [frames][6] for these parameters."""
        energy, force = np.zeros(len(self._x)), np.zeros((len(self._x), 3))
        result = _Result(site_energy=energy.ctypes.data, force=force.ctypes.data)
        mtp = self._make(theta)
        try:
            self._compute(mtp, 0, self.real, result)
        finally:
            self.library.c.mlgrain_mtp_free(mtp)
        frames = len(self.counts)
        virial = np.stack([np.bincount(self._frame, self._x[:, a] * force[:, b], frames)
                           for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))], axis=1)
        folded = np.stack([np.bincount(self._owner, force[:, a], self.real) for a in range(3)], axis=1)
        return np.bincount(self.frame_of_atom, energy[:self.real], frames), folded, virial

    def gradients(self, theta=None):
        """dV_i/dtheta of every real atom; with the parameters of the file if there are none."""
        gradients = np.zeros((self.real, len(self.potential.theta)))
        mtp = self._make(theta)
        try:
            for i in range(self.real):
                self._compute(mtp, i, 1, _Result(gradient_sum=gradients[i].ctypes.data))
        finally:
            self.library.c.mlgrain_mtp_free(mtp)
        return gradients
