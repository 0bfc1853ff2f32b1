# SPDX-License-Identifier: GPL-2.0-or-later
"""What is searched: sets of boundaries, each in a metal."""

import csv
import os
import pathlib
import re
from dataclasses import dataclass

import numpy as np

from mlgrain import Boundary
from mlgrain.boundaries import bicrystal

PER_AXIS = int(os.environ.get("BOUNDARIES_PER_AXIS", "26"))
SAMPLE = int(os.environ.get("SAMPLE", "8"))  # every so many of the 408 is taken
LONGEST = 11.0  # largest period of a tilt across its axis, in lattice constants
REFERENCE = pathlib.Path(os.environ.get("MLGRAIN_REFERENCE_DIR", "reference"))

# Grains in Angstrom: this thick at least; and so many times as thick as the boundary's longest period,
# with which strain fields decay, on top of the layer that is held.
THICKNESS, HELD, DECAY = 24.0, 7.0, 0.6


class Missing(Exception):
    """A file that isn't there: says which."""


@dataclass(frozen=True)
class Metal:
    """crystal: of the lattice command; guess: of the lattice constant, Angstrom; brk: its name in the
    energy function of Bulatov, Reed and Kumar, or None; source: of the potential."""

    name: str
    element: str
    mass: float
    crystal: str
    guess: float
    style: str
    potential: str
    brk: str
    source: str


METALS = {metal.name: metal for metal in [
    Metal("copper", "Cu", 63.546, "fcc", 3.615, "eam/alloy", "Cu_mishin1.eam.alloy", "Cu",
          "Mishin et al., Phys. Rev. B 63 (2001) 224106"),
    Metal("nickel", "Ni", 58.71, "fcc", 3.52, "eam/alloy", "NiAlH_jea.eam.alloy", "Ni",
          "Angelo, Moody, Baskes, Modell. Simul. Mater. Sci. Eng. 3 (1995) 289"),
    Metal("aluminium", "Al", 26.98, "fcc", 4.05, "eam/fs", "Al_mm.eam.fs", "Al",
          "Al_mm.eam.fs of LAMMPS (M. I. Mendelev)"),
    Metal("iron", "Fe", 55.845, "bcc", 2.855, "eam/fs", "Fe_mm.eam.fs", None,
          "Mendelev et al., Philos. Mag. 83 (2003) 3977")]}


@dataclass(frozen=True)
class Entry:
    """A boundary of a set. label: names its files; published: {metal: J/m^2}; tilts: (axis, angle) of
    the symmetric tilts that it is."""

    label: str
    boundary: Boundary
    published: dict
    tilts: tuple = ()

    def longest(self, a):
        """Of the two vectors of the period, Angstrom."""
        return a * max(np.linalg.norm(self.boundary.period, axis=1))

    def thickness(self, a):
        return max(THICKNESS, HELD + DECAY * self.longest(a))


@dataclass(frozen=True)
class Set:
    """whole, trials: of a round, with whole planes of atoms and with any fraction; area: of the largest
    cell, in squares of the lattice constant (0: one period only); small: trials of even rounds, which are
    all in cells of up to 2 x 2 periods (0: even rounds are like odd ones); words: further ones for gb_search."""

    name: str
    metal: Metal
    entries: callable
    whole: int
    trials: int
    area: float
    small: int
    words: str
    of: str


def tilts():
    """Symmetric tilts about <100>, <110>, <111> and <112>: as many of each as PER_AXIS says, evenly spread
    over angles. Those about two axes are one boundary."""
    found, turns = {}, {}
    for axis in bicrystal.AXES:
        fitting = [t for t in bicrystal.tilts(axis, 400) if t.periods[0] <= LONGEST]
        for tilt in bicrystal.spread(fitting, PER_AXIS):
            boundary = Boundary.from_quadruple((0, *tilt.normal), tilt.normal)
            found.setdefault(boundary.key, (tilt, boundary))
            turns.setdefault(boundary.key, []).append((axis, round(tilt.angle, 4)))
    return [Entry("_".join([f"S{tilt.sigma}", *map(str, tilt.family)]), boundary, {}, tuple(turns[key]))
            for key, (tilt, boundary) in found.items()]


def read(name):
    path = REFERENCE / name
    try:
        return path.read_text()
    except OSError as error:
        raise Missing(f"{path}: {error.strerror}; MLGRAIN_REFERENCE_DIR names the folder with "
                      "ni388/ and bcc408/") from error


def from_rows(text, lattice):
    """The boundaries of a file of blocks of three lines, directions of crystal 1 and of crystal 2 along
    the axes of a box, the normal first; each block after a line that has a colon."""
    result = []
    for block in re.split(r"^\w+: .*$", text, flags=re.MULTILINE)[1:]:
        rows = [[int(word) for word in line.split()] for line in block.strip().splitlines()[:3]]
        result.append(Boundary.from_rows([row[:3] for row in rows], [row[3:] for row in rows], lattice))
    return result


def olmsted():
    """The 388 boundaries of Olmsted, Foiles and Holm (2009), and their energies."""
    energies = [[float(word) for word in line.split()[1:]]
                for line in read("ni388/fcc1-1.txt").splitlines()[1:] if line.strip()]
    return [Entry(f"{k:03d}", boundary, {"nickel": nickel, "aluminium": aluminium}) for
            k, (boundary, (nickel, aluminium)) in
            enumerate(zip(from_rows(read("ni388/fcc1-3.txt"), "fcc"), energies, strict=True), 1)]


def ratanaphan():
    """Every SAMPLE-th of the 408 bcc boundaries of Ratanaphan et al. (2015), and energies of iron."""
    lines = csv.DictReader(read("bcc408/energies.csv").splitlines())
    published = [float(line["Fe"]) for line in lines]
    return [Entry(f"{k:03d}", boundary, {"iron": energy}) for k, (boundary, energy) in
            enumerate(zip(from_rows(read("bcc408/boundaries.txt"), "bcc"), published, strict=True), 1)
            if (k - 1) % SAMPLE == 0]


_388 = "the 388 boundaries of Olmsted, Foiles and Holm, Acta Mater. 57 (2009) 3694"
SETS = {each.name: each for each in [
    Set("copper-tilts", METALS["copper"], tilts, 16, 184, 18.0, 250, "",
        "symmetric tilts about <100>, <110>, <111> and <112>"),
    *(Set(f"{name}-388", METALS[name], olmsted, 8, 8, 0.0, 0, "moves 1 0 0", _388)
      for name in ("copper", "nickel", "aluminium")),
    Set("iron-408", METALS["iron"], ratanaphan, 8, 24, 0.0, 0, "moves 1 0 0",
        "a sample of the 408 boundaries of Ratanaphan et al., Acta Mater. 88 (2015) 346")]}
