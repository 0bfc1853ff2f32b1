#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes relaxed symmetric tilt boundaries in copper: runs in.boundary for each of a list.

    boundaries.py LMP PLUGIN POTENTIAL

in the folder that the files shall go to. Boundaries that are there already are left alone, so that an
interrupted run goes on where it stopped. Writes energies.csv at the end.
"""

import csv
import itertools
import math
import os
import pathlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
PER_AXIS = int(os.environ.get("BOUNDARIES_PER_AXIS", "16"))
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
GRAIN = 3.5  # least length of a grain along the normal, in lattice constants
# Each tilt axis with two crystal directions that span the plane normal to it.
AXES = {
    "100": ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    "110": ((1, 1, 0), (1, -1, 0), (0, 0, 1)),
    "111": ((1, 1, 1), (1, -1, 0), (1, 1, -2)),
    "112": ((1, 1, 2), (1, -1, 0), (1, 1, -1)),
}


def primitive(direction):
    """The smallest whole numbers along a direction."""
    return np.array(direction) // math.gcd(*(int(abs(n)) for n in direction))


def period(direction):
    """Distance, in lattice constants, between equal atoms of an FCC crystal along a direction."""
    return np.linalg.norm(direction) / (1 if sum(direction) % 2 else 2)


def is_boundary(normal):
    """False where the mirror plane is one of the crystal's: that would be no boundary at all."""
    size = sorted(abs(int(n)) for n in normal)
    return size not in ([0, 0, 1], [0, 1, 1])


def symmetric_tilts(axis, count):
    """The `count` boundaries about an axis with the smallest cells: dicts of variables."""
    z, first, second = (np.array(v) for v in AXES[axis])
    found = {}
    for m, n in itertools.product(range(-12, 13), repeat=2):
        if (m, n) == (0, 0):
            continue
        normal = primitive(m * first + n * second)
        if tuple(normal) < (0, 0, 0) or not is_boundary(normal):
            continue  # a normal and its opposite are the same plane
        x = primitive(np.cross(normal, z))
        # Boundaries that differ by a symmetry of the crystal have the same indices, up to their order.
        kind = (tuple(sorted(abs(normal))), tuple(sorted(abs(x))))
        found.setdefault(kind, (period(x) * period(z), normal, x))
    smallest = sorted(found.values(), key=lambda entry: (entry[0], tuple(entry[1])))[:count]
    return [variables(axis, normal, x, z) for _, normal, x in smallest]


def variables(axis, normal, x, z):
    repeats = math.ceil(GRAIN / period(normal))
    plane = "_".join(str(int(n)).replace("-", "m") for n in normal)
    result = {"name": f"tilt{axis}_{plane}", "xlen": period(x), "zlen": period(z),
              "half": repeats * period(normal)}
    for letter, direction in zip("xyz", (x, normal, z)):
        result.update({f"{letter}{i + 1}": int(direction[i]) for i in range(3)})
    return result


def run(lmp, plugin, potential, boundary, seed):
    """Runs LAMMPS; returns the boundary's energy in mJ/m^2."""
    name = boundary["name"]
    command = [lmp, "-in", str(HERE / "in.boundary"), "-log", "none", "-nocite", "-var", "plugin",
               plugin, "-var", "potential", potential, "-var", "seed", str(seed)]
    for key, value in boundary.items():
        command += ["-var", key, value if isinstance(value, str) else f"{value:.15g}"]
    with open(f"{name}.screen", "w") as screen:
        done = subprocess.run(command, stdout=screen, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        tail = "".join(open(f"{name}.screen").readlines()[-10:])
        raise RuntimeError(f"LAMMPS failed for {name}:\n{tail}")
    os.remove(f"{name}.screen")
    return energy_of(boundary)


def energy_of(boundary):
    return float(pathlib.Path(boundary["name"] + ".energy").read_text())


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    every = [b for axis in AXES for b in symmetric_tilts(axis, PER_AXIS)]
    missing = [b for b in every if not os.path.exists(b["name"] + ".energy")]
    print(f"{len(every)} boundaries, {len(every) - len(missing)} of them there already; "
          f"{JOBS} at a time", flush=True)
    start, total = time.monotonic(), len(missing)
    with ThreadPoolExecutor(JOBS) as pool:
        jobs = {pool.submit(run, *sys.argv[1:], b, 1000 + every.index(b)): b for b in missing}
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                left = (time.monotonic() - start) / done * (total - done)
                print(f"  {done:3d}/{total}  {jobs[job]['name']:<22} {job.result():7.1f} mJ/m^2   "
                      f"{left:4.0f} s left", flush=True)
        except (RuntimeError, OSError) as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(str(error))
    with open("energies.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "energy"])
        writer.writerows([b["name"] + ".dump", energy_of(b)] for b in every)


if __name__ == "__main__":
    main()
