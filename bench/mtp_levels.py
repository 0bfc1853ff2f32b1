#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mtp_levels.py [--grades] FOLDER SPECIES CUTOFF LEVEL...: potential files LEVEL.mtp of
the stock levels, for timing: the radial basis of the published potentials for Fe, with this cutoff,
and random coefficients, so small that atoms stay where they are. With --grades, files LEVEL.almtp
too, with an active set selected from random crystals of all species."""

import argparse
import pathlib
import sys
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "potentials/train"))
from basis import Basis  # noqa: E402
from maxvol import maxvol  # noqa: E402

MIN_DIST, RADIAL_SIZE, SCALING = 1.4, 8, 0.01  # so that moments are about 1
ENERGY = 1e-9
LATTICE, ATOMS_PER_PARAMETER = 2.83, 6


def numbers(values, form=".15e"):
    return "{" + ", ".join(format(value, form) for value in values) + "}"


def potential_text(basis, species, cutoff, random):
    """The file of an untrained potential."""
    def rows(values):
        return "{" + ", ".join(numbers(row, "d") for row in values) + "}"

    radial = []
    for i in range(species):
        for j in range(species):
            radial.append(f"\t\t{i}-{j}")
            radial += ["\t\t\t" + numbers(random.uniform(-1, 1, RADIAL_SIZE))
                       for _ in range(basis.radial_count)]
    return "\n".join([
        "MTP", "version = 1.1.0", f"potential_name = random-level{basis.level}",
        f"scaling = {SCALING:.15e}", f"species_count = {species}", "potential_tag = ",
        "radial_basis_type = RBChebyshev", f"\tmin_dist = {MIN_DIST:.15e}",
        f"\tmax_dist = {cutoff:.15e}", f"\tradial_basis_size = {RADIAL_SIZE}",
        f"\tradial_funcs_count = {basis.radial_count}", "\tradial_coeffs", *radial,
        f"alpha_moments_count = {basis.moment_count}",
        f"alpha_index_basic_count = {len(basis.basic)}",
        f"alpha_index_basic = {rows(basis.basic)}",
        f"alpha_index_times_count = {len(basis.times)}",
        f"alpha_index_times = {rows(basis.times)}",
        f"alpha_scalar_moments = {len(basis.mapping)}",
        f"alpha_moment_mapping = {numbers(basis.mapping, 'd')}",
        f"species_coeffs = {numbers([0.0] * species)}",
        f"moment_coeffs = {numbers(random.uniform(-ENERGY, ENERGY, len(basis.mapping)))}", ""])


def random_crystal(random):
    """54 atoms of bcc, more or less dense and hot."""
    lattice, cells = LATTICE * random.uniform(0.97, 1.03), np.array(list(np.ndindex(3, 3, 3)))
    x = lattice * np.concatenate([cells, cells + 0.5])
    x += random.uniform(0.0, 0.15) * random.standard_normal(x.shape)
    return SimpleNamespace(x=x, cell=3 * lattice * np.eye(3))


def active_set(text, basis, species, cutoff, random):
    """The part of an .almtp file after the potential. Selection doesn't depend on the units of the
    parameters; those in which all components of gradients go up to one keep the matrices sound."""
    from mtp import Evaluator  # which needs the package mlgrain

    radial = species**2 * basis.radial_count * RADIAL_SIZE
    n = radial + species + len(basis.mapping)
    potential = SimpleNamespace(max_dist=cutoff, radial_parameters=radial, theta=np.zeros(n),
                                text=lambda: text)
    frames = [random_crystal(random) for _ in range(1 + ATOMS_PER_PARAMETER * n // 54)]
    evaluator = Evaluator(potential, frames, random.integers(species, size=54 * len(frames)))
    rows = evaluator.gradients()
    units = np.abs(rows).max(axis=0)
    active = maxvol(rows / units, 1.01)[1]
    inverse = np.linalg.inv(active)
    head = "#MVS_v1.1\nenergy_weight 0\nforce_weight 0\nstress_weight 0\nsite_en_weight 1\n"
    return (head.encode() + b"weight_scaling 2\n#" + (active * units).astype("<f8").tobytes() +
            (inverse.T / units).astype("<f8").tobytes() + b"\n#\n" + n * b"-1 -1\n" + b"#\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grades", action="store_true", help="with active sets")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("species", type=int)
    parser.add_argument("cutoff", type=float)
    parser.add_argument("level", type=int, nargs="+")
    options = parser.parse_args()
    for level in options.level:
        random, basis = np.random.default_rng(level), Basis(level)
        text = potential_text(basis, options.species, options.cutoff, random)
        (options.folder / f"{level}.mtp").write_text(text)
        if options.grades:
            made = active_set(text, basis, options.species,
                              options.cutoff, random)
            (options.folder / f"{level}.almtp").write_bytes(text.encode() + made)


if __name__ == "__main__":
    main()
