#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the data from the reference potential: runs LAMMPS for each line of the tables below.

  make_data.py --lmp LMP --eam Cu_mishin1.eam.alloy --out FOLDER

writes FOLDER/train/*.dump, FOLDER/test/*.dump (the same kinds of structure, other random numbers,
longer intervals) and FOLDER/unseen/*.dump (boundaries and a surface that are in neither).
"""

import argparse
import pathlib

from lammps_run import executable, run_lammps

A = 3.615  # lattice constant of the reference, Angstrom
PARTS = {"train": (0, 5, 40), "test": (1000, 2, 70), "unseen": (2000, 3, 70)}  # first number (and
# with it the random numbers), frames a run, steps between them


def crystals():
    for temperature in (300, 600, 900, 1200, 1500):
        a = A * (1 + 1.8e-5 * temperature)
        for strain in (0.01, 0.04):
            yield "crystal", dict(lattice="fcc", a=a, n=3, strain=strain, temperature=temperature)
    for a in (3.40, 3.50, 3.56, 3.70, 3.80, 3.95):
        yield "crystal", dict(lattice="fcc", a=a, n=2, strain=0.02, temperature=100)
    for strain in (0.02, 0.05, 0.08):
        yield "crystal", dict(lattice="fcc", a=A, n=2, strain=strain, temperature=20)
    for vacancies, temperature in ((1, 100), (1, 700), (2, 1100), (6, 900), (1, 1300)):
        yield "crystal", dict(lattice="fcc", a=A * (1 + 1.8e-5 * temperature), n=3, strain=0.01,
                              vacancies=vacancies, temperature=temperature)
    for temperature in (100, 900):
        yield "crystal", dict(lattice="fcc", a=A * 1.01, n=3, strain=0.01, interstitials=1,
                              temperature=temperature)
    for a, temperature in ((2.80, 50), (2.87, 300), (2.95, 100)):
        yield "crystal", dict(lattice="bcc", a=a, n=3, strain=0.03, temperature=temperature)
    for a, temperature in ((2.50, 50), (2.56, 300), (2.60, 900)):
        yield "crystal", dict(lattice="hcp", a=a, n=3, strain=0.03, temperature=temperature)


def quiet():
    """Nearly static: small strains, relaxed defects."""
    for strain in (0.0, 0.002, 0.005, 0.005, 0.01, 0.01, 0.02, 0.02, 0.04, 0.04):
        yield "crystal", dict(lattice="fcc", a=A, n=2, strain=strain, temperature=0)
    for a in (3.45, 3.54, 3.58, 3.60, 3.63, 3.65, 3.75):
        yield "crystal", dict(lattice="fcc", a=a, n=2, strain=0.0, temperature=0)
    for lattice, a in (("bcc", 2.87), ("hcp", 2.556)):
        yield "crystal", dict(lattice=lattice, a=a, n=2, strain=0.0, temperature=0)
    for strain in 10 * (0.003, 0.006, 0.01, 0.015):  # for the elastic constants
        yield "crystal", dict(lattice="fcc", a=A, n=1, strain=strain, temperature=0, frames=1)
    for strain in (0.0, 0.005, 0.01):
        yield "crystal", dict(lattice="fcc", a=A, n=3, strain=strain, vacancies=1, temperature=0)
    for layers in (2, 4):
        yield "fault", dict(shift_x=1, shift_z=0, layers=layers, temperature=1)
    yield from boundaries(("310", "210", "111", "112"), ((2.0, 1),))


def liquids():
    for a, temperature in ((3.75, 1500), (3.80, 1800), (3.70, 2500), (3.90, 1400), (3.60, 1200)):
        yield "liquid", dict(a=a, n=3, temperature=temperature)


SURFACES = {
    "100": dict(x="0 1 0", y="1 0 0", z="0 0 -1", lx=2, ly=3, lz=2),
    "110": dict(x="1 -1 0", y="1 1 0", z="0 0 1", lx=2**0.5 * 1.5, ly=2**0.5 * 2, lz=2),
    "111": dict(x="1 1 -2", y="1 1 1", z="1 -1 0", lx=1.5**0.5 * 2, ly=3**0.5 * 2, lz=2**0.5 * 1.5),
    "210": dict(x="1 -2 0", y="2 1 0", z="0 0 1", lx=5**0.5, ly=5**0.5 * 1.5, lz=2),
    "311": dict(x="0 1 -1", y="3 1 1", z="2 -3 -3", lx=2**0.5 * 1.5, ly=11**0.5, lz=22**0.5 / 2),
}


def slabs(names, temperatures):
    for name in names:
        for temperature in temperatures:
            yield "slab", dict(SURFACES[name], temperature=temperature)


def faults():
    """Slips across the (111) plane: along the path to the intrinsic fault and beyond, and aside."""
    for shift_x, shift_z in ((0.25, 0), (0.5, 0), (0.75, 0), (1, 0), (1.3, 0), (2, 0), (0, 0.25),
                             (0, 0.5), (0.5, 0.25)):
        yield "fault", dict(shift_x=shift_x, shift_z=shift_z, layers=2, temperature=30)
    for temperature in (300, 700):
        yield "fault", dict(shift_x=1, shift_z=0, layers=2, temperature=temperature)


BOUNDARIES = {
    "310": dict(x="1 -3 0", y="3 1 0", z="0 0 1", lx=2.5**0.5, half=10**0.5, lz=3),
    "210": dict(x="1 -2 0", y="2 1 0", z="0 0 1", lx=5**0.5, half=5**0.5, lz=2),
    "510": dict(x="1 -5 0", y="5 1 0", z="0 0 1", lx=6.5**0.5, half=6.5**0.5, lz=2),
    "111": dict(x="1 1 -2", y="1 1 1", z="1 -1 0", lx=1.5**0.5 * 2, half=3**0.5, lz=2**0.5 * 1.5),
    "112": dict(x="1 1 -1", y="1 1 2", z="1 -1 0", lx=3**0.5, half=6**0.5, lz=2**0.5 * 1.5),
    "113": dict(x="3 3 -2", y="1 1 3", z="1 -1 0", lx=5.5**0.5, half=11**0.5, lz=2**0.5),
    "221": dict(x="1 1 -4", y="2 2 1", z="1 -1 0", lx=4.5**0.5, half=3, lz=2**0.5),
    "332": dict(x="1 1 -3", y="3 3 2", z="1 -1 0", lx=11**0.5, half=5.5**0.5, lz=2**0.5),
}


def reversed_direction(words):
    return " ".join(str(-int(word)) for word in words.split())


def boundaries(names, settings):
    for name in names:
        both = BOUNDARIES[name]
        for overlap, temperature in settings:
            yield "boundary", dict(both, x2=reversed_direction(both["x"]),
                                   z2=reversed_direction(both["z"]), overlap=overlap,
                                   temperature=temperature)


def jobs_of(part):
    """Kind and variables of every run of one part of the data."""
    settings = ((1.5, 300), (1.9, 600), (2.3, 900), (1.9, 1200))
    if part == "unseen":
        yield from boundaries(("221", "332"), settings)
        yield from slabs(("311",), (300, 900))
        return
    yield from crystals()
    yield from liquids()
    yield from slabs(("100", "110", "111", "210"), (100, 500, 1000))
    yield from faults()
    yield from boundaries(("310", "210", "510", "111", "112", "113"), settings)
    if part == "train":
        yield from quiet()


def run(lmp, folder, kind, number, values):
    name = folder / f"{number:03d}_{kind}"
    name.with_suffix(".dump").unlink(missing_ok=True)
    run_lammps(lmp, f"in.{kind}", **values, name=name, seed=1000 + 7 * number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lmp", required=True, type=executable, help="LAMMPS")
    parser.add_argument("--eam", required=True, help="file of the reference potential")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--one-in", type=int, default=1, metavar="N",
                        help="one run in N only, to try what the data are for")
    options = parser.parse_args()
    for part in options.parts:
        offset, frames, every = PARTS[part]
        folder = options.out.resolve() / part
        folder.mkdir(parents=True, exist_ok=True)
        jobs = list(jobs_of(part))
        for number, (kind, values) in list(enumerate(jobs))[::options.one_in]:
            run(options.lmp, folder, kind, offset + number,
                {"frames": frames, "every": every, "eam": pathlib.Path(options.eam).resolve(), **values})
            print(f"\r{part}: {number + 1} of {len(jobs)} runs", end="", flush=True)
        print()


if __name__ == "__main__":
    main()
