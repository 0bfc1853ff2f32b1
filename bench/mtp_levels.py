#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mtp_levels.py FOLDER SPECIES CUTOFF LEVEL...: potential files LEVEL.mtp of the stock levels, for
timing: the radial basis of the published potentials for Fe, with this cutoff, and random
coefficients, so small that atoms stay where they are."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "potentials/train"))
from basis import Basis  # noqa: E402

MIN_DIST, RADIAL_SIZE, SCALING = 1.4, 8, 1e-9


def numbers(values, form=".15e"):
    return "{" + ", ".join(format(value, form) for value in values) + "}"


def text(basis, species, cutoff, random):
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
        f"moment_coeffs = {numbers(random.uniform(-1, 1, len(basis.mapping)))}", ""])


def main():
    folder, species, cutoff = pathlib.Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    for level in map(int, sys.argv[4:]):
        made = text(Basis(level), species, cutoff, np.random.default_rng(level))
        (folder / f"{level}.mtp").write_text(made)


if __name__ == "__main__":
    main()
