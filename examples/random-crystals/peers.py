# SPDX-License-Identifier: GPL-2.0-or-later
"""Machine-learned potentials of other kinds, of one element, trained on the same structures as ours:
SNAP and quadratic SNAP by LAMMPS' compute snap and least squares, POD by LAMMPS' fitpod, UF3 by the
Python package uf3, the linear atomic cluster expansion by the Python package python-ace.

A structure is ASE's Atoms that know their energy and forces. Each is trained on both; SNAP and the
cluster expansion with the weights that `mlgrain mtp train` has by default (those of MLIP-3), POD with
100 for energies per atom beside 1, UF3 with its default. None is trained on stresses, as ours are."""

from __future__ import annotations

import atexit
import ctypes
import dataclasses
import importlib.util
import pathlib
import subprocess
from collections.abc import Callable

import ase.io
import numpy as np
from ase.calculators.lammps import Prism

FORCE_WEIGHT = 0.1  # the square root of MLIP's, beside 1 for E / sqrt(atoms)
SMALLEST = tuple(10.0**-k for k in range(5, 13))  # singular values kept, relative to the largest
HELD_OUT = 5  # one structure in so many says which of these


@dataclasses.dataclass(frozen=True)
class Peer:
    """name     for tables
    style       pair_style, and what follows it
    module      that training needs besides, "" if none
    train       (structures, folder, lmp) to what follows pair_coeff
    """

    name: str
    style: str
    module: str
    train: Callable

    def missing(self, lmp, styles):
        """What there isn't of what it takes, "" if all is there; styles are those of LAMMPS."""
        if self.style.split()[0] not in styles:
            return f"no pair style {self.style.split()[0]} in this LAMMPS"
        if self.style == "snap" and not Library.path(lmp).exists():
            return f"no {Library.path(lmp)}"
        if self.module and not importlib.util.find_spec(self.module):
            return f"no Python module {self.module}"
        return ""


# ---- Least squares


def solve(blocks, structures):
    """Coefficients of a linear potential with a constant energy per atom first.

    blocks  for each structure descriptors summed over its atoms [1 + 3 atoms, coefficients], then
            their forces, atom by atom
    """
    weighted = []
    for block, one in zip(blocks, structures):
        count = len(one)
        constant = np.zeros(1 + 3 * count)
        constant[0] = count
        rows = np.column_stack([constant, block, np.append(one.get_potential_energy(),
                                                           one.get_forces().ravel())])
        rows[0] /= np.sqrt(count)
        rows[1:] *= FORCE_WEIGHT
        weighted.append(rows)
    held = weighted[::HELD_OUT]
    kept = [rows for k, rows in enumerate(weighted) if k % HELD_OUT]
    test = triangle(held)
    part = solutions(triangle(kept))
    best = int(np.argmin([np.linalg.norm(test @ np.append(one, -1.0)) for one in part]))
    return solutions(triangle(weighted))[best]


def triangle(blocks):
    """R of a QR factorization of all rows, which has their least squares."""
    found = np.zeros((0, blocks[0].shape[1]))
    for start in range(0, len(blocks), 20):
        found = np.linalg.qr(np.vstack([found, *blocks[start:start + 20]]), mode="r")
    return found


def solutions(rows):
    """Coefficients for each of SMALLEST; the last column is what they should give."""
    scale = np.linalg.norm(rows[:, :-1], axis=0)
    scale[scale == 0.0] = 1.0
    left, values, right = np.linalg.svd(rows[:, :-1] / scale, full_matrices=False)
    along = left.T @ rows[:, -1]
    return [right.T @ np.where(values > smallest * values[0], along / values, 0.0) / scale
            for smallest in SMALLEST]


# ---- SNAP


class Library:
    """LAMMPS as a library, through its C interface."""

    GLOBAL, ARRAY, ROWS, COLUMNS = 0, 2, 4, 5

    @staticmethod
    def path(lmp):
        return pathlib.Path(lmp).resolve().parent / "liblammps.so"

    def __init__(self, lmp):
        self.c = ctypes.CDLL(str(self.path(lmp)))
        self.c.lammps_open_no_mpi.restype = ctypes.c_void_p
        self.c.lammps_extract_compute.restype = ctypes.c_void_p
        words = [b"lammps", b"-screen", b"none", b"-log", b"none", b"-nocite"]
        self.handle = ctypes.c_void_p(self.c.lammps_open_no_mpi(
            len(words), (ctypes.c_char_p * len(words))(*words), None))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.c.lammps_close(self.handle)
        atexit.register(self.c.lammps_mpi_finalize)  # a second time it does nothing

    def commands(self, text):
        self.c.lammps_commands_string(self.handle, text.encode())
        if self.c.lammps_has_error(self.handle):
            message = ctypes.create_string_buffer(1000)
            self.c.lammps_get_last_error_message(self.handle, message, len(message))
            raise RuntimeError(message.value.decode())

    def array(self, compute):
        """A compute's global array, a copy."""
        def extract(kind, what):
            return ctypes.cast(self.c.lammps_extract_compute(
                self.handle, compute.encode(), self.GLOBAL, kind), ctypes.POINTER(what))
        rows, columns = (extract(kind, ctypes.c_int)[0] for kind in (self.ROWS, self.COLUMNS))
        values = extract(self.ARRAY, ctypes.POINTER(ctypes.c_double))
        return np.array([np.ctypeslib.as_array(values[k], (columns,)) for k in range(rows)])


def snap(twojmax, cutoff, quadratic):
    settings = {"rfac0": 0.99363, "rmin0": 0, "bzeroflag": 0, "quadraticflag": int(quadratic)}

    def train(structures, folder, lmp):
        data = folder / "structure.data"
        keywords = " ".join(f"{key} {value}" for key, value in settings.items() if key != "rfac0")
        blocks = []
        with Library(lmp) as library:
            for one in structures:
                prism = Prism(one.cell)
                ase.io.write(data, one, format="lammps-data", prismobj=prism, masses=True)
                library.commands(f"""clear
                    units metal
                    atom_modify map array sort 0 0.0
                    box tilt large
                    read_data {data}
                    pair_style zero {cutoff}
                    pair_coeff * *
                    compute descriptors all snap {cutoff} {settings['rfac0']} {twojmax} 0.5 1.0 {keywords}
                    thermo_style custom step c_descriptors[1][1]
                    run 0 post no""")
                rows = library.array("descriptors")[:1 + 3 * len(one), :-1]
                forces = rows[1:].reshape(-1, 3, rows.shape[1])
                turned = np.einsum("ij,ajc->aic", prism.rot_mat, forces)  # from LAMMPS' axes
                blocks.append(np.vstack([rows[:1], turned.reshape(rows[1:].shape)]))
        coefficients = solve(blocks, structures)
        symbol = structures[0].symbols[0]
        files = folder / "potential.snapcoeff", folder / "potential.snapparam"
        files[0].write_text(f"1 {len(coefficients)}\n{symbol} 0.5 1.0\n"
                            + "".join(f"{value:.17g}\n" for value in coefficients))
        files[1].write_text(f"rcutfac {cutoff}\ntwojmax {twojmax}\n"
                            + "".join(f"{key} {value}\n" for key, value in settings.items()))
        return f"* * {files[0]} {files[1]} {symbol}"

    return train


# ---- POD


def pod(cutoff, **basis):
    """basis: lines of LAMMPS' file of parameters."""
    def train(structures, folder, lmp):
        symbol = structures[0].symbols[0]
        parameters = {"species": symbol, "pbc": "1 1 1", "rin": 1.0, "rcut": cutoff,
                      "bessel_polynomial_degree": 4, "inverse_polynomial_degree": 8, **basis}
        data = {"file_format": "extxyz", "file_extension": "xyz",
                "path_to_training_data_set": folder, "path_to_test_data_set": folder,
                "fitting_weight_energy": 100.0, "fitting_weight_force": 1.0,
                "fitting_regularization_parameter": 1e-12, "precision_for_pod_coefficients": 14,
                "error_analysis_for_training_data_set": 1, "error_analysis_for_test_data_set": 0,
                "basename_for_output_files": folder / "potential"}
        for name, lines in (("parameters", parameters), ("data", data)):
            (folder / f"{name}.pod").write_text("".join(f"{key} {value}\n"
                                                        for key, value in lines.items()))
        ase.io.write(folder / "structures.xyz", structures, format="extxyz")
        subprocess.run([lmp, "-log", "none", "-nocite"], check=True, text=True,
                       stdout=(folder / "fitpod.txt").open("w"),
                       input=f"units metal\nfitpod {folder}/parameters.pod {folder}/data.pod\n")
        return f"* * {folder}/parameters.pod {folder}/potential_coefficients.pod {symbol}"

    return train


# ---- UF3


def uf3(cutoff, of_trios, resolution, of_trio_resolution, one_in):
    """one_in: one structure in so many, since uf3 takes half a minute for a hundred atoms."""
    def train(structures, folder, lmp):
        from uf3.data.composition import ChemicalSystem
        from uf3.data.io import DataCoordinator
        from uf3.regression.least_squares import WeightedLinearModel, dataframe_to_tuples
        from uf3.representation.bspline import BSplineBasis
        from uf3.representation.process import BasisFeaturizer

        symbol = structures[0].symbols[0]
        pair, trio = (symbol,) * 2, (symbol,) * 3
        basis = BSplineBasis(
            ChemicalSystem([symbol], degree=3), offset_1b=False,
            r_min_map={pair: 0.001, trio: [0.001] * 3},
            r_max_map={pair: cutoff, trio: [of_trios, of_trios, 2 * of_trios]},
            resolution_map={pair: resolution, trio: of_trio_resolution})
        known = DataCoordinator()
        known.dataframe_from_lists(structures[::one_in], prefix="one", energies=[
            one.get_potential_energy() for one in structures[::one_in]],
            forces=[one.get_forces() for one in structures[::one_in]])
        features = BasisFeaturizer(basis).evaluate(known.consolidate(), progress=None)
        model = WeightedLinearModel(basis, regularizer=basis.get_regularization_matrix())
        model.fit(*dataframe_to_tuples(features, n_elements=1), weight=0.5)
        path = folder / "potential.uf3"
        path.write_text(uf3_text(basis, model.coefficients, pair, trio))
        return f"* * {path} {symbol}"

    return train


def uf3_text(basis, coefficients, pair, trio):
    """LAMMPS' file, which has no energy of a lone atom."""
    _, of_pair, of_trio = np.split(coefficients, np.cumsum(basis.partition_sizes)[:-1])
    grid = basis.decompress_3B(of_trio, trio)
    knots = basis.knots_map[trio]
    header = "#UF3 POT UNITS: metal"
    lines = [header, f"2B {' '.join(pair)} 0 3 nk",
             f"{basis.r_max_map[pair]} {len(basis.knots_map[pair])}", words(basis.knots_map[pair]),
             str(len(of_pair)), words(of_pair), "#",
             header, f"3B {' '.join(trio)} 0 3 nk",
             f"{words(basis.r_max_map[trio][::-1])} {' '.join(str(len(one)) for one in knots[::-1])}",
             *map(words, knots[::-1]), " ".join(map(str, grid.shape)),
             *(words(row) for plane in grid for row in plane), "#"]
    return "\n".join(lines) + "\n"


def words(values):
    return " ".join(f"{value:.15g}" for value in values)


# ---- Atomic cluster expansion


def ace(cutoff, functions, radial, angular):
    def train(structures, folder, lmp):
        import pandas
        from pyace import ACEBBasisSet, create_multispecies_basis_config
        from pyace.linearacefit import LinearACEDataset

        symbol = structures[0].symbols[0]
        basis = ACEBBasisSet(create_multispecies_basis_config({
            "deltaSplineBins": 0.001, "elements": [symbol],
            "embeddings": {"ALL": {"npot": "FinnisSinclair", "fs_parameters": [1, 1],
                                   "ndensity": 1}},
            "bonds": {"ALL": {"radbase": "SBessel", "radparameters": [5.25], "rcut": cutoff,
                              "dcut": 0.01, "NameOfCutoffFunction": "cos",
                              "core-repulsion": [0.0, 5.0]}},
            "functions": {"number_of_functions_per_element": functions,
                          "ALL": {"nradmax_by_orders": radial, "lmax_by_orders": angular}}}))
        matrix = LinearACEDataset(basis, pandas.DataFrame({"ase_atoms": structures})).get_design_matrix(max_workers=1)
        blocks, first = [], len(structures)
        for k, one in enumerate(structures):
            last = first + 3 * len(one)
            blocks.append(np.vstack([matrix[k] * len(one), matrix[first:last]]))
            first = last
        coefficients = solve(blocks, structures)
        basis.basis_coeffs = coefficients[1:]
        path = folder / "potential.yace"
        basis.to_ACECTildeBasisSet().save_yaml(str(path))
        text = path.read_text().replace("E0: [0]", f"E0: [{coefficients[0]:.15g}]", 1)
        path.write_text(text)
        return f"* * {path} {symbol}"

    return train


def all_peers(cutoff):
    """Those that are compared: SNAP with the settings of Y. Zuo et al. (2020), the others with this
    cutoff (Angstrom); POD with terms of four and of seven bodies, UF3 with as many knots as Nb.uf3,
    which LAMMPS ships. Numbers in names are those of coefficients, or of SNAP the cutoff."""
    four = {"twobody_number_radial_basis_functions": 6, "threebody_number_radial_basis_functions": 5,
            "threebody_angular_degree": 4, "fourbody_number_radial_basis_functions": 4,
            "fourbody_angular_degree": 3}
    seven = {"twobody_number_radial_basis_functions": 8, "threebody_number_radial_basis_functions": 8,
             "threebody_angular_degree": 6, "fourbody_number_radial_basis_functions": 5,
             "fourbody_angular_degree": 4, "fivebody_number_radial_basis_functions": 3,
             "fivebody_angular_degree": 3, "sixbody_number_radial_basis_functions": 2,
             "sixbody_angular_degree": 2, "sevenbody_number_radial_basis_functions": 2,
             "sevenbody_angular_degree": 2}
    return [
        Peer("SNAP 4.1", "snap", "", snap(8, 4.1, False)),
        Peer("quadratic SNAP 3.9", "snap", "", snap(6, 3.9, True)),
        Peer("POD 60", "pod", "", pod(cutoff, **four)),
        Peer("POD 177", "pod", "", pod(cutoff, **seven)),
        Peer("ACE 100", "pace", "pyace", ace(cutoff, 100, [12, 5, 3, 2], [0, 4, 3, 2])),
        Peer("ACE 500", "pace", "pyace", ace(cutoff, 500, [15, 8, 5, 3, 2], [0, 5, 4, 3, 2])),
        Peer("UF3", "uf3 3", "uf3", uf3(cutoff, 4.0, 24, [8, 8, 16], 8)),
    ]
