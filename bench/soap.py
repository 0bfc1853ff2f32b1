# SPDX-License-Identifier: GPL-2.0-or-later
"""soap.py SOAP_CORE: see soap.sh."""

import os
import re
import statistics
import subprocess
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
from ase.build import bulk
from dscribe.descriptors import SOAP
from quippy.descriptors import Descriptor

CASES = [("quippy", 8, 6), ("quippy", 12, 12), ("quippy", 18, 18), ("gto", 8, 6), ("gto", 12, 9)]
RCUT, SIGMA, REPEATS = 5.0, 0.5, 5


def nickel():
    atoms = bulk("Ni", cubic=True, a=3.52) * (6, 6, 6)
    atoms.positions += np.random.default_rng(1).normal(0.0, 0.08, atoms.positions.shape)
    return atoms


def quippy(nmax, lmax):
    descriptor = Descriptor(f"soap cutoff={RCUT} cutoff_transition_width=0.5 n_max={nmax} "
                            f"l_max={lmax} atom_sigma={SIGMA} normalise=F")
    return lambda atoms: descriptor.calc(atoms)


def gto(nmax, lmax):
    soap = SOAP(species=["Ni"], r_cut=RCUT, n_max=nmax, l_max=lmax, sigma=SIGMA, periodic=True)
    return soap.create


def seconds(call, atoms):
    start = time.process_time()
    call(atoms)
    return time.process_time() - start


def own(core, basis, nmax, lmax, precision):
    """Microseconds per atom of each level of vector instructions, the widest last."""
    line = [core, basis, str(RCUT), str(nmax), str(lmax), str(SIGMA), precision, "6", "3"]
    text = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    return [float(value) for value in re.findall(r"([\d.]+) us per atom", text)]


def main():
    atoms, core = nickel(), sys.argv[1]
    print("| basis, nmax/lmax | double | narrower vectors | single | the program, as called | "
          "net | ratio | net |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for basis, nmax, lmax in CASES:
        peer = {"quippy": quippy, "gto": gto}[basis]
        call, empty = peer(nmax, lmax), quippy(1, 0) if basis == "quippy" else lambda atoms: None
        times = {"double": [], "narrow": [], "single": [], "called": [], "empty": []}
        for _ in range(REPEATS):
            levels = own(core, basis, nmax, lmax, "double")
            times["double"].append(levels[-1])
            times["narrow"].append(levels[-2] if len(levels) > 1 else levels[-1])
            times["single"].append(own(core, basis, nmax, lmax, "single")[-1])
            times["called"].append(1e6 * seconds(call, atoms) / len(atoms))
            times["empty"].append(1e6 * seconds(empty, atoms) / len(atoms))
        t = {name: statistics.median(values) for name, values in times.items()}
        net = t["called"] - t["empty"]
        print(f"| {basis} {nmax}/{lmax} | {t['double']:.2f} | {t['narrow']:.2f} | "
              f"{t['single']:.2f} | {t['called']:.0f} | {net:.0f} | {t['called'] / t['double']:.0f} | "
              f"{net / t['double']:.0f} |", flush=True)
    print(f"\nmicroseconds per atom, {len(atoms)} atoms of nickel, rcut {RCUT}, sigma {SIGMA}, CPU "
          f"time, one core, median of {REPEATS} alternating repeats")


if __name__ == "__main__":
    main()
