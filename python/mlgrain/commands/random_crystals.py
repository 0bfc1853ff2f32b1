# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain mtp random-crystals: structures to train on, random crystals and what is made of them."""

from __future__ import annotations

import argparse
import shlex
import shutil
import time

import numpy as np

from ..compiled import core
from ..crystals import recipe
from ..crystals.lammps import Lammps
from ..crystals.perfect import LATTICES
from ..crystals.random_crystals import Limits
from ..errors import MLGrainError
from ..potentials import configurations
from . import common

# Over the distance of neighbors in a close-packed crystal with the atomic volume; of random
# crystals,
# and of all that is made of them.
NEAR, NEARER = 0.75, 2 / 3
# Options that may differ when parts of an interrupted run are used.
UNIMPORTANT = ("run", "name", "task", "words", "jobs", "output", "keep", "lammps", "types_from_zero")


def add(tasks, write):
    """write(path, bytes)"""
    task = common.command(
        tasks, "random-crystals", "Structures to train on: random crystals in all space groups, "
        "relaxed in three stages,\nstrained and shaken; warm crystals, vacancies, interstitials; "
        "energies, forces and stresses\nby any pair style of LAMMPS. Needs LAMMPS and the package "
        "spglib.",
        'mlgrain mtp random-crystals --species Cu --volume 11.8 --pair-style eam/alloy \\\n'
        '      --pair-coeff "* * Cu_mishin1.eam.alloy Cu" --crystal Cu fcc 3.615 -o train.cfg',
        lambda args: run(args, write))
    task.add_argument("--species", nargs="+", required=True, metavar="X",
                      help="chemical symbols; types 1, 2, ... of the pair style")
    task.add_argument("--volume", nargs="+", type=common.positive, required=True, metavar="V",
                      help="Angstrom^3 of an atom of each species")
    task.add_argument("--pair-style", required=True, metavar="WORDS",
                      help="what follows pair_style in an input in metal units")
    task.add_argument("--pair-coeff", action="append", required=True, metavar="WORDS",
                      help="what follows pair_coeff; as often as needed")
    task.add_argument("--lammps", default="lmp", metavar="COMMAND", help="LAMMPS (default lmp)")
    task.add_argument("--lammps-setup", action="append", default=[], metavar="LINE",
                      help="a command before pair_style, such as 'plugin load ...'")
    task.add_argument("-o", "--output", required=True, metavar="OUT.cfg",
                      help="MLIP .cfg, or extended XYZ if the name ends in .xyz or .extxyz")
    task.add_argument("--types-from-zero", action="store_true",
                      help="in .cfg files species are 0, 1, ..., as in potentials that have these as "
                      "labels, not atomic numbers")
    group = task.add_argument_group("random crystals")
    group.add_argument("--crystals", type=common.whole(0), default=1000, metavar="N",
                       help="default 1000")
    group.add_argument("--atoms", nargs=2, type=common.whole(1), default=(1, 10),
                       metavar=("LOW", "HIGH"), help="in the primitive cell (default 1 10)")
    group.add_argument("--lengths", nargs=2, type=common.positive, default=(0.9, 1.1),
                       metavar=("LOW", "HIGH"),
                       help="cube root of volume over that of the atoms (default 0.9 1.1)")
    group.add_argument("--min-dist", nargs="+", type=common.positive, metavar="D",
                       help="of two atoms of each species, Angstrom (default: 2/3 of the distance "
                       "of neighbors if they were close-packed); of different ones the mean")
    for name, number, amplitude, text in (("triax", 2, 0.8, "strains along the axes"),
                                          ("shear", 2, 0.8, "shear strains"),
                                          ("rattle", 2, 0.5, "displacements in Angstrom")):
        group.add_argument(f"--{name}", nargs=2, type=common.not_negative, default=(number, amplitude),
                           metavar=("N", "MOST"), help=f"of each relaxed crystal N with {text} of "
                           f"up to MOST (default {number} {amplitude})")
    group = task.add_argument_group("perfect crystals")
    group.add_argument("--crystal", nargs=3, action="append", default=[],
                       metavar=("SPECIES", "KIND", "A"), help=f"{', '.join(LATTICES)} and lattice "
                       "constant; as often as wanted")
    group.add_argument("--temperatures", nargs="+", type=common.positive, metavar="T",
                       default=[300.0, 600.0, 1000.0, 1500.0, 2000.0, 3000.0],
                       help="K (default 300 600 1000 1500 2000 3000)")
    group.add_argument("--frames", type=common.whole(1), default=4, metavar="N",
                       help="of each run (default 4)")
    group = task.add_argument_group("what is kept")
    group.add_argument("--keep-dist", nargs="+", type=common.positive, metavar="D",
                       help="as --min-dist, of everything (default: 0.75)")
    group.add_argument("--keep-volume", nargs=2, type=common.positive, default=(0.6, 3.0),
                       metavar=("LOW", "HIGH"),
                       help="volume over that of the atoms, of everything (default 0.6 3)")
    group.add_argument("--aspect", type=common.positive, default=6.0,
                       help="longest edge over shortest distance of faces (default 6)")
    group.add_argument("--max-force", type=common.positive, default=50.0, metavar="F",
                       help="eV/Angstrom (default 50)")
    task.add_argument("--jobs", type=common.whole(1), default=1, metavar="N",
                      help="LAMMPS processes at a time (default 1)")
    task.add_argument("--keep", action="store_true",
                      help="the folder OUT.cfg.parts, from which the same command goes on after an "
                      "interruption, is not removed at the end")
    common.add_seed(task)


def run(args, write):
    common.writable(args.output)
    numbers = _numbers(args.species)
    lammps = Lammps(shlex.split(args.lammps), args.pair_style, args.pair_coeff, len(numbers),
                    args.lammps_setup, args.jobs)
    made_of = _recipe(args)
    options = {key: value for key, value in vars(args).items() if key not in UNIMPORTANT}
    start = time.monotonic()
    lammps.check(_probe(made_of))
    folder = recipe.Folder(args.output + ".parts", options)
    found = recipe.make(made_of, lammps, folder, common.say)
    _say_kinds(found)
    types = list(range(len(numbers))) if args.types_from_zero else numbers
    text = xyz_text if args.output.endswith((".xyz", ".extxyz")) else cfg_text
    write(args.output, "".join(text(one, args.species, types) for one in found).encode())
    if not args.keep:
        shutil.rmtree(folder.path)
    common.say(f"{args.output}: {len(found)} structures, {sum(map(len, found))} atoms; "
               f"{time.monotonic() - start:.1f} s")


def _numbers(symbols):
    known = core().SYMBOLS
    for symbol in symbols:
        if symbol not in known:
            raise MLGrainError(f"--species: {symbol!r} is not a chemical symbol")
    if len(set(symbols)) != len(symbols):
        raise MLGrainError("--species: a species is given twice")
    return [known.index(symbol) + 1 for symbol in symbols]


def _recipe(args):
    count = len(args.species)
    if len(args.volume) != count:
        raise MLGrainError(f"--volume: {len(args.volume)} for {count} species")
    for name, (low, high) in (("atoms", args.atoms), ("lengths", args.lengths),
                              ("keep-volume", args.keep_volume)):
        if low > high:
            raise MLGrainError(f"--{name}: {low:g} is above {high:g}")
    volume = np.array(args.volume)
    tight = Limits(volume, tuple(np.array(args.lengths)**3),
                   _distances("min-dist", args.min_dist, NEARER, volume), args.aspect)
    loose = Limits(volume, tuple(args.keep_volume),
                   _distances("keep-dist", args.keep_dist, NEAR, volume), args.aspect)
    strains = {}
    for name in ("triax", "shear", "rattle"):
        number, amplitude = getattr(args, name)
        if number != int(number):
            raise MLGrainError(f"--{name}: {number:g} is not a whole number")
        strains[name.upper()] = (int(number), amplitude)
    crystals = [_crystal(args.species, *words) for words in args.crystal]
    if not args.crystals and not crystals:
        raise MLGrainError("--crystals 0 without --crystal leaves nothing to make")
    return recipe.Recipe(args.crystals, tuple(args.atoms), tight, loose, strains, crystals,
                         args.temperatures, args.frames, args.max_force, args.seed)


def _distances(name, given, factor, volume):
    if given and len(given) != len(volume):
        raise MLGrainError(f"--{name}: {len(given)} for {len(volume)} species")
    own = np.array(given) if given else factor * np.cbrt(np.sqrt(2.0) * volume)
    return 0.5 * (own[:, None] + own)


def _crystal(species, symbol, name, constant):
    if symbol not in species:
        raise MLGrainError(f"--crystal: {symbol} is not among the species")
    if name not in LATTICES:
        raise MLGrainError(f"--crystal: {name!r} is none of {', '.join(LATTICES)}")
    try:
        return species.index(symbol), name, common.positive(constant)
    except argparse.ArgumentTypeError as error:
        raise MLGrainError(f"--crystal: {error}") from None


def _probe(made_of):
    """A simple cubic cell with all species, which any pair style should take."""
    volume = made_of.tight.atomic_volume
    edge = float(np.cbrt(2.0 * volume.max()))
    count = len(volume)
    return recipe.Structure(np.diag([edge * count, edge, edge]),
                            np.array([[edge * k, 0.0, 0.0] for k in range(count)]),
                            np.arange(count, dtype=np.int32), "PROBE", "")


def _say_kinds(structures):
    common.say(f"{'kind':<14}{'structures':>10}{'atoms':>9}{'lowest':>11}{'highest eV/atom':>17}"
               f"{'rms force eV/A':>16}")
    for kind in dict.fromkeys(one.kind for one in structures):
        part = [one for one in structures if one.kind == kind]
        energy = [one.energy / len(one) for one in part]
        force = np.sqrt(np.mean(np.concatenate([one.forces for one in part])**2))
        common.say(f"{kind:<14}{len(part):>10d}{sum(map(len, part)):>9d}{min(energy):>11.4f}"
                   f"{max(energy):>17.4f}{force:>16.4f}")


def cfg_text(structure, symbols, types):
    return configurations.cfg_text(configurations.Configuration(
        positions=structure.positions, types=np.array(types)[structure.species],
        cell=structure.cell, pbc=(True, True, True), energy=structure.energy,
        forces=structure.forces, virial=structure.virial,
        features={"kind": structure.kind, "ancestry": structure.ancestry})) + "\n"


def xyz_text(structure, symbols, types):
    """A frame of extended XYZ; the sign of the stress is that of ASE."""
    xx, yy, zz, xy, xz, yz = -structure.virial / structure.volume
    numbers_text = " ".join(f"{value:.12g}" for value in structure.cell.ravel())
    stress = " ".join(f"{value:.12g}" for value in (xx, xy, xz, xy, yy, yz, xz, yz, zz))
    rows = [f"{symbols[kind]} " + " ".join(f"{value:.12g}" for value in (*x, *f)) for kind, x, f in
            zip(structure.species, structure.positions, structure.forces)]
    return (f'{len(structure)}\nLattice="{numbers_text}" Properties=species:S:1:pos:R:3:forces:R:3 '
            f'energy={structure.energy:.15g} stress="{stress}" pbc="T T T" '
            f'config_type={structure.kind} ancestry="{structure.ancestry}"\n'
            + "\n".join(rows) + "\n")
