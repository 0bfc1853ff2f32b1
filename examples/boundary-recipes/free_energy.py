#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Free energy of a boundary per area, from what in.harmonic or in.springs have printed for a cell with two
boundaries and for one of the crystal:

    free_energy.py harmonic BOUNDARY.log BOUNDARY.dynmat CRYSTAL.log CRYSTAL.dynmat T [T ...]
    free_energy.py springs BOUNDARY.log BOUNDARY.springs CRYSTAL.log CRYSTAL.springs

Classical: all temperatures well above the Debye temperature, or differences, in which hbar cancels.
"""

import re
import sys

import numpy as np

BOLTZMANN = 8.617333262e-5  # eV/K
HBAR = 6.582119569e-4  # eV ps
MASS = 1.0364269e-4  # eV ps^2/Angstrom^2 in a g/mol
MILLIJOULE = 16021.766  # mJ/m^2 in an eV/Angstrom^2


def printed(log):
    """{name: number} of the last lines "name number" of a log."""
    with open(log, encoding="utf-8") as lines:
        found = re.findall(r"^(atoms|energy|area|height|volume|k|temperature) (\S+)$", lines.read(),
                           re.MULTILINE)
    return {name: float(value) for name, value in found}


def log_frequencies(path):
    """Sum of the logarithms of the frequencies (rad/ps) of all modes but the three translations."""
    matrix = np.loadtxt(path)
    size = 3 * int(round((matrix.size / 9)**0.5))
    matrix = matrix.reshape(size, size)
    squares = np.linalg.eigvalsh(0.5 * (matrix + matrix.T))  # "regular": rad^2/(10 fs)^2
    squares = np.sort(squares)[3:] * 1e4
    if squares[0] <= 0:
        sys.exit(f"{path}: a mode without restoring force; relax the cell first")
    return 0.5 * np.log(squares).sum()


def harmonic(boundary_log, boundary_matrix, crystal_log, crystal_matrix, *temperatures):
    boundary, crystal = printed(boundary_log), printed(crystal_log)
    own, reference = log_frequencies(boundary_matrix), log_frequencies(crystal_matrix)
    count = boundary["atoms"]
    per_atom = reference / (crystal["atoms"] - 1)
    energy = boundary["energy"] - count * crystal["energy"] / crystal["atoms"]
    area = 2 * boundary["area"]
    # F = E + kT sum ln(hbar omega/kT): as many modes on both sides
    slope = BOLTZMANN * (own - (count - 1) * per_atom)
    print(f"energy {energy / area * MILLIJOULE:.1f} mJ/m^2, vibrational entropy"
          f" {-slope / area * MILLIJOULE:.3f} mJ/m^2/K")
    for t in map(float, temperatures):
        print(f"{t:.0f} K: {(energy + t * slope) / area * MILLIJOULE:.1f} mJ/m^2")


def of_springs(log, stem, mass):
    """Free energy (eV) of a cell whose center of mass is free."""
    cell = printed(log)
    work = []
    for way in ("forward", "backward"):
        difference, switch = np.loadtxt(f"{stem}.{way}").T
        work.append(np.trapezoid(difference, switch))
    count, kt = cell["atoms"], BOLTZMANN * cell["temperature"]
    omega = (cell["k"] / (mass * MASS))**0.5
    springs = 3 * count * kt * np.log(HBAR * omega / kt)
    center = kt * np.log(count / cell["volume"] *
                         (2 * np.pi * kt / (count * mass * MASS * omega**2))**1.5)
    # Forward, lambda goes from 0 (the potential) to 1 (springs); what both ways lose cancels.
    free = springs + 0.5 * (work[0] - work[1]) + center
    return free, abs(0.5 * (work[0] + work[1])), cell


def springs(boundary_log, boundary_stem, crystal_log, crystal_stem, mass=63.546):
    own, lost, boundary = of_springs(boundary_log, boundary_stem, mass)
    reference, lost_too, crystal = of_springs(crystal_log, crystal_stem, mass)
    ratio, area = boundary["atoms"] / crystal["atoms"], 2 * boundary["area"]
    print(f"{boundary['temperature']:.0f} K: {(own - ratio * reference) / area * MILLIJOULE:.1f} mJ/m^2"
          f" (energy dissipated: {(lost + ratio * lost_too) / area * MILLIJOULE:.1f})")


if __name__ == "__main__":
    {"harmonic": harmonic, "springs": springs}[sys.argv[1]](*sys.argv[2:])
