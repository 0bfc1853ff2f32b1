# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference calculation of the tutorial: ASE's effective medium theory in the place of DFT.

  reference.py IN ... -o OUT.xyz     labels configurations: energies, forces, stresses

With a code for DFT, only calculator() changes; ASE has calculators for most of them.
"""

import argparse

import ase
import ase.io
from ase.calculators.emt import EMT
from mlgrain.potentials import configurations


def calculator():
    return EMT()


def label(atoms):
    """A copy with energy, forces and, where it is periodic in three directions, stress."""
    atoms = atoms.copy()
    atoms.calc = calculator()
    atoms.get_potential_energy()
    atoms.get_forces()
    if all(atoms.pbc):
        atoms.get_stress()
    return atoms


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", help="configurations in any form that mlgrain reads")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--element", default="Cu")
    options = parser.parse_args()
    labeled = []
    for one in configurations.read(options.data):
        atoms = ase.Atoms(f"{options.element}{len(one)}", positions=one.positions, cell=one.cell,
                          pbc=one.pbc)
        atoms.info["config_type"] = one.features.get("config_type", one.source)
        labeled.append(label(atoms))
    ase.io.write(options.output, labeled, format="extxyz")
    print(f"{options.output}: {len(labeled)} configurations of {sum(map(len, labeled))} atoms")


if __name__ == "__main__":
    main()
