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
    constant: float  # Angstrom
    mass: float
    volume: float  # Angstrom^3 of an atom
    level: int
    shipped: bool  # trained on the data of potentials/train, else on random crystals


CASES = {
    "copper": Case("Cu", "eam/alloy", "Cu_mishin1.eam.alloy", 3.615, 63.546, 11.81, 16, True),
    "random": Case("Cu", "eam/alloy", "Cu_mishin1.eam.alloy", 3.615, 63.546, 11.81, 16, False),
    "aluminium": Case("Al", "eam/fs", "Al_mm.eam.fs", 4.045, 26.982, 16.55, 20, False),
}


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is done."""

    frames: int  # of each run, about
    boundaries: tuple
    repeats: int  # of runs that differ in random numbers alone
    crystals: int
    iterations: int
    parts: tuple  # of the data of potentials/train that are trained on, and calibrated on


SIZES = {
    "full": Size(12, ("310", "210", "113", "221", "332"), 3, 600, 60, ("train", "test")),
    "small": Size(6, ("310", "221"), 1, 200, 30, ("train", "test")),
    "test": Size(2, ("310",), 1, 12, 4, ("test", "unseen")),
}


class Study:
    """One case in its folder."""

    def __init__(self, name, options):
        self.name, self.case, self.size = name, CASES[name], SIZES[options.size]
        self.lmp, self.eam = options.lmp, options.eam / self.case.file
        self.base = options.folder  # what cases share
        self.folder = options.folder / name
        (self.folder / "frames").mkdir(parents=True, exist_ok=True)
        (self.folder / "scores").mkdir(exist_ok=True)
        self.potential = self.folder / "potential.almtp"
        self.bars = self.folder / "potential.error.safetensors"

    def run(self):
        """All parts, in order."""
        if self.case.shipped:
            self.training_data()
        else:
            self.random_crystals()
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
                   self.base / "data", "--parts", part)
            dumps = sorted((self.base / "data" / part).glob("*.dump"))
            python(TRAIN / "weigh.py", *dumps, "-o", text.with_suffix(".part"))
            text.with_suffix(".part").rename(text)
        shutil.copy(HERE.parent.parent / "potentials" / "Cu_eam_16.almtp", self.potential)

    def random_crystals(self):
        """A potential that saw no defect but vacancies and interstitials."""
        one, text = self.case, self.folder / "train.cfg"
        if not text.exists():
            say(f"{self.name}: random crystals ...")
            mlgrain("mtp", "random-crystals", "--species", one.symbol, "--volume", one.volume,
                    "--crystal", one.symbol, "fcc", one.constant, "--crystals", self.size.crystals,
                    "--pair-style", one.style, "--pair-coeff", f"* * {self.eam} {one.symbol}",
                    "--lammps", self.lmp, "-o", text)
        if not self.potential.exists():
            say(f"{self.name}: training ...")
            empty = self.folder / "empty.mtp"
            mlgrain("mtp", "new", "--level", one.level, "--species", one.symbol, "--cutoff", 5.5,
                    "--min-dist", 1.9, "--repulsive", "-o", empty)
            mlgrain("mtp", "train", empty, text, "--iteration-limit", self.size.iterations,
                    "--starts", 2, "--held-out", 0.1, "--error-bars", self.bars, "-o",
                    self.potential)

    def error_bars(self):
        """Those of the potential that ships; others got them in training."""
        if self.bars.exists():
            return
        say(f"{self.name}: error bars ...")
        training, calibration = (self.folder / f"{part}.cfg" for part in self.size.parts)
        mlgrain("mtp", "error-bars", self.potential, training, "--calibrate", calibration,
                "--energy-weight", 1, "--force-weight", 1, "--stress-weight", 1, "-o", self.bars)

    # ---- frames

    def jobs(self):
        """(kind_number, input, variables) of all runs."""
        a, frames = self.case.constant, self.size.frames
        hot = a * 1.05
        for number, plane in enumerate(self.size.boundaries):
            both = dict(BOUNDARIES[plane])
            yield f"boundary_{plane}", "in.pulled", dict(
                both, x2=reversed_direction(both["x"]), z2=reversed_direction(both["z"]),
                lx=2 * both["lx"], half=2 * both["half"], a=a, rate=RATE, seed=17 + number,
                frames=frames, every=round(15 / frames / 0.002))
        yield "crack_0", "in.crack", dict(a=a, rate=RATE, seed=5, frames=frames,
                                          every=round(10 / frames / 0.002))
        for temperature in (10, 300):
            yield f"dislocation_{temperature}", "in.dislocation", dict(
                a=a, temperature=temperature, seed=6, frames=max(1, frames // 4), every=50)
        for temperature in (300, 900):
            yield f"polycrystal_{temperature}", "in.polycrystal", dict(
                a=a, edge=8, grains=4, temperature=temperature, seed=7, frames=max(1, frames // 4),
                every=100)
        for radius in (1.3, 1.5, 1.9):
            for repeat in range(self.size.repeats):
                yield f"particle_{round(10 * radius)}_{repeat}", "in.particle", dict(
                    a=a, radius=radius, temperature=300 + 450 * repeat, seed=8 + repeat,
                    frames=frames, every=50)
        for name, constant, temperature in (("warm", hot, 2000), ("hot", 1.08 * a, 3500),
                                            ("dense", 0.95 * a, 3000)):
            yield f"liquid_{name}", "in.liquid", dict(a=constant, temperature=temperature, seed=9,
                                                      frames=max(1, frames // 3), every=100)
        for lattice, constant, cells in (("sc", 0.66 * a, 6), ("bcc", 0.73 * a, 5),
                                         ("fcc", 0.885 * a, 4), ("diamond", 1.5 * a, 3)):
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
        self.lammps(script, out=out, style=one.style, file=self.eam, mass=one.mass,
                    elements=self.elements(name), **variables)
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
    parser.add_argument("--size", choices=SIZES, default="full")
    options = parser.parse_args()
    options.folder, options.eam = options.folder.resolve(), options.eam.resolve()
    Study(options.case, options).run()


if __name__ == "__main__":
    main()
