#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How far can error bars of moment tensor potentials be believed? Parts of the study of README.md:
what is there already is kept. study.py CASE --folder FOLDER ...; run.sh calls it."""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
from mlgrain import cli

HERE = pathlib.Path(__file__).resolve().parent
TRAIN = HERE.parent.parent / "potentials" / "train"
sys.path.append(str(TRAIN))
from make_data import BOUNDARIES, reversed_direction  # noqa: E402

RATE = 0.02  # strain per ps of what is pulled apart


@dataclasses.dataclass(frozen=True)
class Case:
    """A metal, the potential that stands for the truth, and what was trained on it."""

    symbol: str
    style: str
    file: str
    lattice: str
    constant: float  # Angstrom
    mass: float
    volume: float  # Angstrom^3 of an atom
    level: int
    source: str  # SHIPPED, TRAINED, or the name of a potential of examples/random-crystals
    limit: float = 0.1  # eV/Angstrom: errors above it should be found

    @property
    def dense(self):
        """Lattice constant of an fcc crystal as dense as this one, Angstrom."""
        return self.constant * (1 if self.lattice == "fcc" else 2**(1 / 3))


SHIPPED = "shipped"  # trained on the data of potentials/train
TRAINED = "trained"  # on random crystals and perfect ones, here
COPPER = ("Cu", "eam/alloy", "Cu_mishin1.eam.alloy", "fcc", 3.615, 63.546, 11.81)
IRON = ("Fe", "eam/fs", "Fe_mm.eam.fs", "bcc", 2.855, 55.845, 11.64)
CASES = {
    "copper": Case(*COPPER, 16, SHIPPED),
    "random": Case(*COPPER, 16, TRAINED),
    "aluminium": Case("Al", "eam/fs", "Al_mm.eam.fs", "fcc", 4.045, 26.982, 16.55, 20, TRAINED),
    # typical errors are twice as large as in the others
    "iron": Case(*IRON, 20, "both", 0.2),
    "iron-random": Case(*IRON, 20, "random", 0.2),
}
SETS = {"both": ("random", "expert"), "random": ("random",)}  # training sets of the latter

# x, y, z along the slip direction, the normal of the slip plane, the line of edge dislocations;
# Burgers vector and distance of slip planes in lattice constants
SLIP = {"fcc": dict(ox="1 -1 0", oy="1 1 1", oz="-1 -1 2", burgers=0.5**0.5, apart=3**-0.5),
        "bcc": dict(ox="1 1 1", oy="1 -1 0", oz="1 1 -2", burgers=0.75**0.5, apart=0.5**0.5)}


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is done."""

    frames: int  # of each run, about
    boundaries: tuple
    repeats: int  # of runs that differ in random numbers alone
    crystals: int
    iterations: int
    parts: tuple  # of the data of potentials/train that are trained on, and calibrated on
    one_in: int = 1  # how many runs of these data there are for one that is done
    faster: int = 1  # so many times pulls, and what else is run before the first frames
    edge: int = 8  # of polycrystals, in lattice constants of an fcc crystal as dense


SIZES = {
    "full": Size(12, ("310", "210", "113", "221", "332"), 3, 600, 60, ("train", "test")),
    "small": Size(6, ("310", "221"), 1, 200, 30, ("train", "test")),
    "test": Size(1, ("310",), 1, 12, 4, ("test", "unseen"), 4, 5, 6),
}


class Study:
    """One case in its folder."""

    def __init__(self, name, options):
        self.name, self.case, self.size = name, CASES[name], SIZES[options.size]
        self.lmp, self.eam = options.lmp, options.eam / self.case.file
        self.base = options.folder  # what cases share
        self.crystals = options.crystals / "iron"  # where examples/random-crystals has left it
        self.folder = options.folder / name
        frames = self.base / f"frames-{self.case.symbol}"  # those of one truth
        for one in (frames, self.folder):
            one.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "frames").exists():
            (self.folder / "frames").symlink_to(os.path.relpath(frames, self.folder))
        (self.folder / "scores").mkdir(exist_ok=True)
        self.potential = self.folder / "potential.almtp"
        self.bars = self.folder / "potential.error.safetensors"

    def run(self):
        """All parts, in order."""
        if self.case.source == SHIPPED:
            self.training_data()
        elif self.case.source == TRAINED:
            self.random_crystals()
        else:
            self.studied()
        self.error_bars()
        for job in self.jobs():
            self.frames(*job)
            self.scores(job[0])

    # ---- potential and error bars

    def training_data(self):
        """Data as those of the potential that ships, of the same programs."""
        for part in self.size.parts:
            text = self.folder / f"{part}.cfg"
            if text.exists():
                continue
            say(f"{self.name}: data ({part}) ...")
            python(TRAIN / "make_data.py", "--lmp", self.lmp, "--eam", self.eam, "--out",
                   self.base / "data", "--parts", part, "--one-in", self.size.one_in)
            dumps = sorted((self.base / "data" / part).glob("*.dump"))
            python(TRAIN / "weigh.py", *dumps, "-o", text.with_suffix(".part"))
            text.with_suffix(".part").rename(text)
        shutil.copy(HERE.parent.parent / "potentials" / "Cu_eam_16.almtp", self.potential)

    def make_crystals(self, output, count, perfect, seed):
        """Random crystals and what they turn into, with perfect ones and point defects."""
        one = self.case
        if output.exists():
            return
        say(f"{self.name}: random crystals ...")
        mlgrain("mtp", "random-crystals", "--species", one.symbol, "--volume", one.volume,
                *(("--crystal", one.symbol, one.lattice, one.constant) if perfect else ()),
                "--crystals", count, "--pair-style", one.style, "--pair-coeff",
                f"* * {self.eam} {one.symbol}", "--lammps", self.lmp, "--seed", seed, "-o", output)

    def random_crystals(self):
        """A potential that saw no defect but vacancies and interstitials."""
        one, text = self.case, self.folder / "train.cfg"
        self.make_crystals(text, self.size.crystals, True, 0)
        if not self.potential.exists():
            say(f"{self.name}: training ...")
            empty = self.folder / "empty.mtp"
            mlgrain("mtp", "new", "--level", one.level, "--species", one.symbol, "--cutoff", 5.5,
                    "--min-dist", 1.9, "--repulsive", "-o", empty)
            mlgrain("mtp", "train", empty, text, "--iteration-limit", self.size.iterations,
                    "--starts", 2, "--held-out", 0.1, "--error-bars", self.bars, "-o",
                    self.potential)

    def studied(self):
        """A potential of the study of random crystals; others of their kind calibrate it."""
        name = f"{self.case.source}-{self.case.level}.almtp"
        made = self.crystals / name
        if not made.exists():
            sys.exit(f"{self.name}: {made} is missing, which examples/random-crystals/run.sh iron "
                     "makes")
        shutil.copy(made, self.potential)
        self.make_crystals(self.folder / "other.cfg", self.size.crystals // 6,
                           "expert" in SETS[self.case.source], 1)

    def error_bars(self):
        """Those of a potential that was there; others got them in training."""
        if self.bars.exists():
            return
        say(f"{self.name}: error bars ...")
        if self.case.source == SHIPPED:
            *training, calibration = (self.folder / f"{part}.cfg" for part in self.size.parts)
            weights = ("--energy-weight", 1, "--force-weight", 1, "--stress-weight", 1)
        else:
            training = [self.crystals / f"{part}.cfg" for part in SETS[self.case.source]]
            calibration, weights = self.folder / "other.cfg", ()
        mlgrain("mtp", "error-bars", self.potential, *training, "--calibrate", calibration,
                *weights, "-o", self.bars)

    # ---- frames

    def jobs(self):
        """(kind_number, input, variables) of all runs."""
        a, dense, frames = self.case.constant, self.case.dense, self.size.frames
        faster = self.size.faster
        for number, plane in enumerate(self.size.boundaries):
            both = dict(BOUNDARIES[plane])
            yield f"boundary_{plane}", "in.pulled", dict(
                both, x2=reversed_direction(both["x"]), z2=reversed_direction(both["z"]),
                lx=2 * both["lx"], half=2 * both["half"], a=a, rate=RATE * faster,
                seed=17 + number, frames=frames, every=round(15 / faster / frames / 0.002))
        yield "crack_0", "in.crack", dict(a=a, rate=RATE * faster, seed=5, frames=frames,
                                          every=round(10 / faster / frames / 0.002))
        for temperature in (10, 300):
            yield f"dislocation_{temperature}", "in.dislocation", dict(
                SLIP[self.case.lattice], a=a, temperature=temperature, seed=6,
                frames=max(1, frames // 4), every=50)
        for temperature in (300, 900):
            yield f"polycrystal_{temperature}", "in.polycrystal", dict(
                a=a, edge=round(self.size.edge * dense / a), grains=4, temperature=temperature,
                seed=7, frames=max(1, frames // 4), every=100)
        for radius in (1.3, 1.5, 1.9):
            for repeat in range(self.size.repeats):
                yield f"particle_{round(10 * radius)}_{repeat}", "in.particle", dict(
                    a=a, radius=radius * dense / a, temperature=300 + 450 * repeat, seed=8 + repeat,
                    frames=frames, every=50)
        for name, constant, temperature in (("warm", 1.05 * dense, 2000),
                                            ("hot", 1.08 * dense, 3500),
                                            ("dense", 0.95 * dense, 3000)):
            yield f"liquid_{name}", "in.liquid", dict(a=constant, temperature=temperature, seed=9,
                                                      frames=max(1, frames // 3), every=100)
        for lattice, constant, cells in (("sc", 0.66 * dense, 6), ("bcc", 0.73 * dense, 5),
                                         ("fcc", 0.885 * dense, 4),
                                         ("diamond", 1.5 * dense, 3)):
            for shake in (0.02, 0.1):
                yield f"phase_{lattice}_{round(1000 * shake)}", "in.phase", dict(
                    lattice=lattice, a=constant, cells=cells, shake=shake, seed=10, frames=1, every=5)

    def frames(self, name, script, variables):
        """Runs the truth."""
        out = self.folder / "frames" / name
        if out.with_suffix(".done").exists():
            return
        say(f"{self.name}: {name} ...")
        one = self.case
        self.lammps(script, **{"out": out, "style": one.style, "file": self.eam, "mass": one.mass,
                               "elements": self.elements(name), "lattice": one.lattice,
                               "faster": self.size.faster, **variables})
        out.with_suffix(".done").touch()

    def scores(self, name):
        """Runs the potential over the frames."""
        frames, scores = self.folder / "frames" / name, self.folder / "scores" / f"{name}.dump"
        if scores.exists():
            return
        part = scores.with_suffix(".part")
        self.lammps("in.scores", out=frames, elements=self.elements(name),
                    potential=self.potential, bars=self.bars, scores=part,
                    boundary="s p p" if name.startswith("crack") else "p p p")
        part.rename(scores)

    def elements(self, name):
        """Of the types of a run: grains of boundaries have one each."""
        return " ".join([self.case.symbol] * (2 if name.startswith("boundary") else 1))

    def lammps(self, script, **variables):
        """One run; exits with LAMMPS' last lines if it fails."""
        command = [self.lmp, "-in", HERE / script, "-log", "none", "-nocite"]
        for key, value in variables.items():
            command += ["-var", key, str(value)]
        done = subprocess.run(list(map(str, command)), cwd=HERE, capture_output=True, text=True,
                              check=False)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))}\n"
                     + "".join(done.stdout.splitlines(keepends=True)[-10:]) + done.stderr)


def read_frames(path, columns):
    """[atoms of all frames, columns] of a dump, one number a frame for each atom."""
    rows, frame, number = [], [], 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("ITEM: NUMBER"):
                count = int(next(file))
            elif line.startswith("ITEM: ATOMS"):
                names = line.split()[2:]
                wanted = [names.index(one) for one in columns]
                block = np.array([next(file).split() for _ in range(count)], dtype=float)
                rows.append(block[:, wanted])
                frame += [number] * count
                number += 1
    return np.concatenate(rows), np.array(frame)


def python(script, *words):
    """Runs a program of this package."""
    subprocess.run([sys.executable, str(script), *map(str, words)], check=True)


def mlgrain(*words):
    """Runs a task of the command of that name; ends where it fails."""
    if cli.main([str(word) for word in words]):
        sys.exit(1)


def say(text):
    """Says what is done next."""
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--lmp", required=True, type=os.path.abspath)
    parser.add_argument("--eam", required=True, type=pathlib.Path, help="folder of potentials")
    parser.add_argument("--crystals", type=pathlib.Path, default=pathlib.Path("random-crystals"),
                        help="folder of the study examples/random-crystals")
    parser.add_argument("--size", choices=SIZES, default="full")
    options = parser.parse_args()
    for name in ("folder", "eam", "crystals"):
        setattr(options, name, getattr(options, name).resolve())
    Study(options.case, options).run()


if __name__ == "__main__":
    main()
