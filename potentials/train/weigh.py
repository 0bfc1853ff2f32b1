#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes one .cfg file of the dumps of make_data.py, or of the configurations of a potential file, in
which each configuration says what it is and what its energy, forces and stress count in the fit.

  weigh.py data/train/*.dump -o train.cfg

With F the root mean square force (eV/Angstrom) of a configuration, the errors that are aimed at are
0.1 meV + 0.7 meV F for the energy per atom, 5 meV/Angstrom + 0.02 F for forces, still_stress + 0.2 GPa
F for stresses: still crystals count most, and where still_stress (GPa) is small, elastic constants
above all. Its energy has the weight of 30 numbers, its forces together 100, its stresses together 30,
whatever its size. For `mlgrain mtp train --energy-weight 1 --force-weight 1 --stress-weight 1`, which
divides weights of energies and stresses by the number of atoms.
"""

import argparse
import pathlib

import numpy as np
from mlgrain.potentials import configurations

LARGEST_FORCE = 12.0  # eV/Angstrom: configurations with larger ones are left out
GPA = 1.0 / 160.21766208  # in eV/Angstrom^3


def origin_of(one):
    """The run that a configuration is of: the name of its dump, or what its own .cfg file says."""
    return one.features.get("from", pathlib.Path(one.source).stem)


def kind_of(origin):
    """The kind of structure, which make_data.py put into the name of the run."""
    return origin.split(":")[0].split("_")[1]


def weights(one, still_stress):
    """Features of a configuration."""
    count, rms = len(one), np.sqrt((one.forces**2).mean())
    volume = abs(np.linalg.det(one.cell))
    return {"energy_weight": 30 / ((0.1e-3 + 0.7e-3 * rms) * count)**2 * count,
            "force_weight": 100 / (3 * count) / (0.005 + 0.02 * rms)**2,
            "stress_weight": 5 / ((still_stress + 0.2 * rms) * GPA * volume)**2 * count}


def read_data(paths):
    """Configurations of dumps, without those that have large forces: prints how many. Features
    config_type and from say what each is and of which run."""
    kept, count = [], 0
    for count, one in enumerate(configurations.read(paths, elements=["Cu"]), 1):
        if np.abs(one.forces).max() < LARGEST_FORCE:
            origin = origin_of(one)
            one.features = {"config_type": kind_of(origin), "from": origin}
            one.types[:] = 29
            kept.append(one)
    if len(kept) < count:
        print(f"{count - len(kept)} of {count} configurations have forces above {LARGEST_FORCE:g} "
              "eV/A and are left out", flush=True)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", nargs="+", help="dumps of make_data.py, .almtp or .cfg files")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--still-stress", type=float, default=0.002)
    options = parser.parse_args()
    kept = read_data(options.data)
    for one in kept:
        one.features.update((name, f"{value:.8g}")
                            for name, value in weights(one, options.still_stress).items())
    options.output.write_text("\n".join(map(configurations.cfg_text, kept)))
    print(f"{options.output}: {len(kept)} configurations of {sum(map(len, kept))} atoms")


if __name__ == "__main__":
    main()
