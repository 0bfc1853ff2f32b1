# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe of K. Ito, T. Yokoi, K. Hyodo, H. Mori, npj Comput. Mater. 10, 255 (2024), Table 1,
with any pair style: random crystals relaxed in three stages, strained and shaken; perfect
crystals, warm, with vacancies and interstitials. Every part is kept in a folder, and read from
there the next time."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import time
import zipfile

import numpy as np

from ..errors import MLGrainError
from . import perfect
from .lammps import STAGES
from .random_crystals import random_crystals
from .strains import variants
from .structures import Structure, reduced

SAME_ENERGY, SAME_VOLUME = 1e-4, 1e-3  # eV/atom, part: of crystals that are taken for one
TIMESTEP = 0.002  # ps, for masses of 50
SCALES = (0.975, 1.0, 1.025)  # of lattice constants, at constant volume
DEFECT_EDGE, INTERSTITIAL_EDGE = 8.0, 10.0  # Angstrom, of supercells at least
STILL = 30  # strained perfect crystals
BETWEEN, BETWEEN_ITERATIONS = 100, 5  # frames: steps of a run, iterations of a minimization


@dataclasses.dataclass(frozen=True)
class Recipe:
    """crystals      how many, of atoms[0] to atoms[1] atoms
    tight, loose  Limits of random crystals, and of everything later
    strains       {kind: (number of each relaxed crystal, amplitude)}
    perfect       (species, name of the crystal, lattice constant) each
    temperatures  K, of the perfect crystals
    frames        of each run
    largest_force eV/Angstrom: structures with a larger one are left out
    seed
    """

    crystals: int
    atoms: tuple
    tight: object
    loose: object
    strains: dict
    perfect: list
    temperatures: list
    frames: int
    largest_force: float
    seed: int


class Folder:
    """Where parts are kept. They belong to one set of options; with others, it is an error."""

    def __init__(self, path, options):
        self.path = path
        os.makedirs(path, exist_ok=True)
        name = os.path.join(path, "options.json")
        if os.path.exists(name):
            with open(name, encoding="utf-8") as file:
                if json.load(file) != json.loads(json.dumps(options)):
                    raise MLGrainError(f"{path} holds parts of a run with other options: remove "
                                       "it, or give the same options")
        else:
            with open(name, "w", encoding="utf-8") as file:
                json.dump(options, file)

    def part(self, name, make):
        """What make() returns, a list of structures; at once if it has been made."""
        path = os.path.join(self.path, f"{name}.npz")
        if os.path.exists(path):
            try:
                return load(path)
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                raise MLGrainError(f"{path} can't be read: {error}") from error
        made = make()
        with open(path + ".part", "wb") as file:
            save(file, made)
        os.replace(path + ".part", path)
        return made


def save(file, structures):
    has = np.array([one.energy is not None for one in structures], dtype=bool)
    labeled = [one for one in structures if one.energy is not None]
    np.savez(file, sizes=[len(one) for one in structures],
             cell=np.array([one.cell for one in structures]).reshape(-1, 3, 3),
             positions=np.concatenate([one.positions for one in structures] or [np.zeros((0, 3))]),
             species=np.concatenate([one.species for one in structures] or [np.zeros(0)]),
             kind=np.array([one.kind for one in structures], dtype=str),
             ancestry=np.array([one.ancestry for one in structures], dtype=str), has=has,
             energy=[one.energy for one in labeled],
             forces=np.concatenate([one.forces for one in labeled] or [np.zeros((0, 3))]),
             virial=np.array([one.virial for one in labeled]).reshape(-1, 6))


def load(path):
    with np.load(path) as file:
        data = dict(file)
    found, first, first_force, labeled = [], 0, 0, 0
    for k, size in enumerate(data["sizes"]):
        atoms = slice(first, first + size)
        one = Structure(data["cell"][k], data["positions"][atoms],
                        data["species"][atoms].astype(np.int32), str(data["kind"][k]),
                        str(data["ancestry"][k]))
        first += size
        if data["has"][k]:
            one.energy, one.virial = float(data["energy"][labeled]), data["virial"][labeled]
            one.forces = data["forces"][first_force:first_force + size]
            first_force += size
            labeled += 1
        found.append(one)
    return found


def make(recipe, lammps, folder, report=lambda text: None):
    """All structures of a recipe with labels. report(text) gets counts and times."""
    timed = _Timed(folder, report)
    random = []
    if recipe.crystals:
        random = timed("random", f"{recipe.crystals} random crystals", lambda: random_crystals(
            recipe.crystals, recipe.atoms, recipe.tight, recipe.seed))
        relaxed = timed("relaxed", "relaxed in three stages", lambda: _kept(
            itertools.chain.from_iterable(lammps.relax(random)), recipe.loose))
        # Crystals that have relaxed to the same need their labels to be found.
        relaxed = timed("labeled", "of them labeled and different", lambda: _different(
            [one for one in lammps.label(relaxed) if one is not None]))
        last = [one for one in relaxed if one.kind == list(STAGES)[-1]]
        random = [one for one in random if recipe.loose.hold(one)] + relaxed
        random += timed("strained", "strained and shaken", lambda: variants(
            last, recipe.strains, recipe.loose, recipe.seed))
    if recipe.perfect:
        random += timed("perfect", "perfect crystals and defects",
                        lambda: _kept(_perfect(recipe, lammps), recipe.loose))
    found = timed("all", "in all, labeled", lambda: _small_forces(_complete(lammps, random),
                                                                  recipe.largest_force))
    return found


class _Timed:
    def __init__(self, folder, report):
        self.folder, self.report = folder, report

    def __call__(self, name, text, make_it):
        start = time.monotonic()
        found = self.folder.part(name, make_it)
        self.report(f"{len(found):7d} structures, {sum(map(len, found)):7d} atoms: {text}; "
                    f"{time.monotonic() - start:.1f} s")
        return found


def _kept(structures, limits):
    return [one for one in structures if limits.hold(one)]


def _complete(lammps, structures):
    """Those that have no labels get them; what LAMMPS fails at is left out."""
    done = iter(lammps.label([one for one in structures if one.energy is None]))
    found = [one if one.energy is not None else next(done) for one in structures]
    return [one for one in found if one is not None]


def _small_forces(structures, largest):
    return [one for one in structures if np.abs(one.forces).max() <= largest]


def _different(structures):
    """The first of those of a kind, of the same composition, whose energies and volumes are the
    same."""
    seen, found = {}, []
    for one in structures:
        n = len(one)
        energy, volume = one.energy / n, np.log(one.volume / n)
        near = seen.setdefault((one.kind, tuple(np.bincount(one.species))), {})
        place = (round(energy / SAME_ENERGY), round(volume / SAME_VOLUME))
        around = itertools.product((place[0] - 1, place[0], place[0] + 1),
                                   (place[1] - 1, place[1], place[1] + 1))
        if not any(abs(energy - other[0]) < SAME_ENERGY and abs(volume - other[1]) < SAME_VOLUME
                   for key in around for other in near.get(key, ())):
            near.setdefault(place, []).append((energy, volume))
            found.append(one)
    return found


def _perfect(recipe, lammps):
    """Frames of runs and minimizations of perfect crystals and what is made of them."""
    found, starts, commands = [], [], []
    for species, name, a in recipe.perfect:
        cell = perfect.crystal(name, a, species, DEFECT_EDGE)
        small = reduced(perfect.crystal(name, a, species, 0.5 * a))
        found.append(small)
        found += [dataclasses.replace(one, kind="CRYSTAL") for one in variants(
            [small], {"TRIAX": (STILL // 2, 0.05), "SHEAR": (STILL // 2, 0.05)}, recipe.loose,
            recipe.seed)]
        for start, temperature in itertools.product(
    (cell, perfect.vacancy(cell)), recipe.temperatures):
            for factor in (None, *SCALES):
                starts.append(start if factor in (None, 1.0) else _scaled(start, factor))
                commands.append(_dynamics(temperature, factor is None, recipe, len(starts)))
        larger = perfect.crystal(name, a, species, INTERSTITIAL_EDGE)
        for start in (perfect.vacancy(cell), *perfect.interstitials(larger, a)):
            starts.append(start)
            commands.append(_RELAX)
    every = [BETWEEN_ITERATIONS if one is _RELAX else BETWEEN for one in commands]
    frames = lammps.run(starts, commands, every)
    for start, command, one in zip(starts, commands, frames):
        kind = start.kind if start.kind != "CRYSTAL" else "WARM"
        # Runs begin with the still crystal.
        found += [dataclasses.replace(frame, kind=kind) for frame in
                  (one if command is _RELAX else one[1:])]
    return found


_RELAX = """\
minimize 0 0.01 200 400
fix 1 all box/relax iso 0 vmax 0.001
minimize 0 0.01 200 400
unfix 1
"""


def _scaled(structure, factor):
    return dataclasses.replace(structure, cell=factor * structure.cell,
                               positions=factor * structure.positions,
                               ancestry=f"{structure.ancestry}*{factor:g}")


def _dynamics(temperature, at_pressure, recipe, number):
    ensemble = (f"npt temp {temperature:g} {temperature:g} 0.1 aniso 0 0 0.5" if at_pressure else
                f"nvt temp {temperature:g} {temperature:g} 0.1")
    seed = 1 + (recipe.seed * 7919 + number * 104729) % 899999999
    return (f"timestep {TIMESTEP}\nvelocity all create {2 * temperature:g} {seed} mom yes rot no\n"
            f"fix 1 all {ensemble}\nrun {BETWEEN * recipe.frames}\nunfix 1\n")
