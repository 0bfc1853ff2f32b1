#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is training on random crystals enough for general boundaries? The study of README.md, in parts:
what is there already is kept. study.py iron|copper [PART ...]; run.sh calls it."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

import ase
import numpy as np
from ase.calculators.singlepoint import SinglePointCalculator
from mlgrain import MTP, cli
from mlgrain.boundaries.seeds import distances
from mlgrain.crystals.lammps import Lammps, read_dump
from mlgrain.crystals.structures import Structure
from mlgrain.potentials import configurations

from peers import all_peers

HERE = pathlib.Path(__file__).resolve().parent

JOULE = 16.021766  # J/m^2 in an eV/Angstrom^2
CORE = 2.46  # Angstrom from a boundary: where Ito et al. compare forces
CUBE, CENTER, CLOSEST = 15.0, 4.0, 2.0  # Angstrom: cells cut for labels, as theirs
TEMPERATURES = (300, 600, 1000)
CUTOFF = 5.5  # Angstrom, of all potentials
DRAWN = 20  # frames of boundaries, at least
LOWEST = 8  # level, where costs are compared
REFERENCES = HERE.parents[1] / "potentials" / "references"
# Machine-learned potentials among LAMMPS' own: name, pair_style, pair_coeff with their folder.
ZUO = "* * {0}/Cu_Zuo_JPCA2020"
OTHERS = {"copper": (("SNAP", "snap", f"{ZUO}.snapcoeff {ZUO[4:]}.snapparam Cu"),
                     ("quadratic SNAP", "snap",
                      f"{ZUO}.quadratic.snapcoeff {ZUO[4:]}.quadratic.snapparam Cu"),
                     ("ACE", "pace", "* * {0}/Cu-PBE-core-rep.ace Cu"))}
OF_OTHERS = ("elastic", "surfaces", "faults", "cost")  # properties on their cards


@dataclasses.dataclass(frozen=True)
class Metal:
    symbol: str
    lattice: str
    constant: float  # a guess, Angstrom
    style: str
    file: str
    volume: float
    closest: float
    others: tuple  # (crystal, constant) beside it
    tilts: tuple  # (axis, plane)


METALS = {
    "iron": Metal("Fe", "bcc", 2.855, "eam/fs", "Fe_mm.eam.fs", 11.64, 1.7,
                  (("fcc", 3.65), ("hcp", 2.58)),
                  (("110", "1 -1 1"), ("110", "1 -1 2"), ("110", "1 -1 3"), ("110", "3 -3 2"),
                   ("100", "2 1 0"), ("100", "3 1 0"), ("100", "3 2 0"), ("100", "4 1 0"))),
    "copper": Metal("Cu", "fcc", 3.615, "eam/alloy", "Cu_mishin1.eam.alloy", 11.81, 1.8,
                    (("bcc", 2.87), ("hcp", 2.556)),
                    (("110", "1 -1 1"), ("110", "1 -1 3"), ("110", "2 -2 1"), ("110", "3 -3 2"),
                     ("100", "2 1 0"), ("100", "3 1 0"), ("100", "3 2 0"), ("100", "5 1 0"))),
}


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is done; MLGRAIN_STUDY_SIZE names one."""

    crystals: int
    frames: int  # of each run of the perfect crystal
    levels: tuple
    one_level: int  # of curves and of active learning
    curve: tuple  # random crystals in the sets of the learning curve
    edge: float
    grains: int
    cells: int  # of each kind, cut
    hot_frames: int
    steps: int
    iterations: int
    starts: int
    only: tuple = ()  # properties on the cards of part 7; all of the quick suite otherwise
    tilts: int = 8  # of METALS, the first
    peers: tuple = ()  # of those that peers.py trains; all otherwise
    one_in: int = 1  # how many structures of the expert set there are for one that is taken


SIZES = {
    "full": Size(1000, 8, (12, 16, 20, 24), 16, (50, 100, 200, 400), 80.0, 8, 48, 8, 2000, 20, 3),
    "small": Size(300, 2, (12, 16, 20), 12, (25, 75, 150), 40.0, 3, 20, 4, 400, 30, 1),
    "test": Size(12, 1, (6,), 6, (6,), 20.0, 2, 3, 1, 20, 3, 1, ("elastic", "cost"), 2,
                 ("SNAP 4.1",), 3),
}


class Study:
    def __init__(self, metal, size, folder, potentials, lmp):
        self.name, self.metal, self.size = metal, METALS[metal], SIZES[size]
        self.folder, self.lmp = folder / metal, lmp
        self.folder.mkdir(parents=True, exist_ok=True)
        self.eam = potentials
        self.reference = (self.metal.style,
                          f"* * {potentials / self.metal.file} {self.metal.symbol}")

    # ---- Programs

    def path(self, name):
        return self.folder / name

    def run(self, script, must=True, **variables):
        """Runs an input. Without `must` it may fail, as bad potentials make it: False then."""
        words = [str(self.lmp), "-in", str(HERE / script), "-log", "none", "-nocite"]
        for name, value in variables.items():
            words += ["-var", name, str(value)]
        done = subprocess.run(words, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode and must:
            sys.exit(f"\n{' '.join(words)}\n" + "\n".join(done.stdout.splitlines()[-10:]))
        return not done.returncode

    def mlgrain(self, *words):
        """A command; what it prints goes into commands.log."""
        with open(self.path("commands.log"), "a", encoding="utf-8") as log, \
                contextlib.redirect_stdout(log):
            print("mlgrain", *words)
            if cli.main([str(word) for word in words]):
                sys.exit(f"mlgrain {' '.join(map(str, words))} failed")

    def pair(self, potential=None):
        """style and coeff of a potential, or of the reference."""
        style, coeff = ("mtp", f"* * {potential} {self.metal.symbol}") if potential \
            else self.reference
        return {"style": style, "coeff": coeff, "coeff2": f"{coeff} {coeff.split()[-1]}"}

    def lammps(self, potential=None):
        pair = self.pair(potential)
        return Lammps([str(self.lmp)], pair["style"], [pair["coeff"]], 1, [])

    def part(self, name, make):
        """Numbers that make() returns, kept as JSON with the time they took."""
        path = self.path(f"{name}.json")
        if not path.exists():
            print(f"{self.name}: {name} ...", flush=True)
            start = time.process_time(), os.times().children_user
            found = make()
            spent = time.process_time() - start[0] + os.times().children_user - start[1]
            text = json.dumps({"cpu_seconds": round(spent, 1), **found}, indent=1)
            path.with_suffix(".part").write_text(text, encoding="utf-8")
            path.with_suffix(".part").replace(path)
        return json.loads(path.read_text(encoding="utf-8"))

    # ---- 1. Crystal and training data

    def properties(self, potential=None, name="reference"):
        def make():
            out = self.path(f"{name}.properties")
            self.run("in.crystal", must=potential is None, out=out, lattice=self.metal.lattice,
                     a=self.metal.constant,
                     others=" ".join(kind for kind, _ in self.metal.others),
                     constants=" ".join(str(a) for _, a in self.metal.others),
                     **self.pair(potential))
            return {key: float(value) for key, value in
                    (line.split() for line in out.read_text().splitlines())}
        return self.part(f"properties-{name}", make)

    def random_crystals(self, output, crystals, perfect, seed=0, potential=None, *more):
        pair = self.pair(potential)
        words = ["mtp", "random-crystals", "--species", self.metal.symbol, "--volume",
                 self.metal.volume, "--pair-style", pair["style"], "--pair-coeff", pair["coeff"],
                 "--lammps", self.lmp, "--crystals", crystals, "--frames", self.size.frames,
                 "--seed", seed, "-o", output, *more]
        if perfect:
            words += ["--crystal", self.metal.symbol, self.metal.lattice,
                      self.properties()["lattice_constant_A"]]
        self.mlgrain(*words)

    def expert(self):
        """expert.cfg, and counts by kind."""
        def make():
            path = self.path("expert.cfg")
            self.random_crystals(path, 0, True)
            if self.size.one_in > 1:
                expert = list(configurations.read([path]))[::self.size.one_in]
                path.write_text("\n".join(map(configurations.cfg_text, expert)))
            return {"kinds": kinds(path)}
        return self.part("expert", make)

    def data(self):
        """random.cfg and expert.cfg, and counts by kind."""
        def make():
            self.random_crystals(self.path("random.cfg"), self.size.crystals, False)
            return {"kinds": {**kinds(self.path("random.cfg")), **self.expert()["kinds"]}}
        return self.part("data", make)

    # ---- 2. Potentials

    def train(self, name, level, files, start=None, *more):
        """A potential NAME-LEVEL.almtp; `more` are options of `mlgrain mtp train`."""
        output = self.path(f"{name}-{level}.almtp")

        def make():
            empty = self.path(f"empty-{level}.mtp")
            self.mlgrain("mtp", "new", "--level", level, "--species", self.metal.symbol, "--cutoff",
                         CUTOFF, "--min-dist", self.metal.closest, "--repulsive", "-o", empty)
            before = time.monotonic()
            self.mlgrain("mtp", "train", empty, *files, "-o", output, "--iteration-limit",
                         self.size.iterations, "--starts", self.size.starts,
                         *(["--from", start] if start else []), *more)
            self.mlgrain("mtp", "errors", output, *files, "--csv", output.with_suffix(".csv"))
            return {"wall_seconds": round(time.monotonic() - before, 1)}
        self.part(f"train-{name}-{level}", make)
        return output

    # ---- 3. Tests

    def frames(self, paths):
        """Structures of dumps, labeled by the reference."""
        found = [Structure(cell, values[:, 2:5], np.zeros(len(values), np.int32), "", str(path))
                 for path in paths for _, cell, values in read_dump(path)]
        return self.lammps().label(found)

    def tilts(self):
        """Boundaries: energies by the reference, and hot frames of each."""
        a = self.properties()["lattice_constant_A"]

        def make():
            energies = {}
            for k, (axis, plane) in enumerate(self.metal.tilts[:self.size.tilts]):
                starts = self.path(f"starts-{k}")
                self.mlgrain("bicrystal", "starts", "--lattice", self.metal.lattice, "--axis", axis,
                             "--plane", *plane.split(), "--a", a, "--grid", 2, 2, "--overlaps", 1.5,
                             2.0, "-o", starts)
                out = self.path(f"tilt-{k}.txt")
                out.unlink(missing_ok=True)
                for data in sorted(starts.glob("*.data"))[:self.size.cells]:
                    self.run("in.boundary", name=data, out=out, data=data, stretch=1.0,
                             crystal_energy=self.properties()["energy_eV"], **self.pair())
                rows = [line.split() for line in out.read_text().splitlines()]
                lowest = min(rows, key=lambda row: float(row[1]))
                self.path(f"tilt-{k}.data").write_text(
                    pathlib.Path(lowest[0] + ".relaxed").read_text())
                energies[f"[{axis}] ({plane})"] = float(lowest[1])
                for temperature in TEMPERATURES:
                    self.run("in.hot", data=self.path(f"tilt-{k}.data"), temperature=temperature,
                             steps=self.size.steps // 2, frames=self.size.hot_frames,
                             out=self.path(f"tilt-{k}.{temperature}.dump"), **self.pair())
            return {"J_per_m2": energies}
        return self.part("tilts", make)

    def polycrystal(self, seed=4711, name="polycrystal"):
        def make():
            self.run("in.polycrystal", out=self.path(name), lattice=self.metal.lattice,
                     a=self.properties()["lattice_constant_A"], edge=self.size.edge,
                     grains=self.size.grains, seed=seed, steps=self.size.steps, **self.pair())
            self.run("in.volumes", data=self.path(f"{name}.data"), stretch=1.0,
                     out=self.path(f"{name}.reference"), **self.pair())
            return {"edge_A": float(self.path(f"{name}.txt").read_text().split()[1])}
        return self.part(name, make)

    def geometry(self, structure, name="polycrystal"):
        """Of each atom the distances from the nearest boundary and from the nearest triple line."""
        seeds, edge = self.seeds(name), structure.cell[0, 0]
        scale = edge / self.size.edge
        return distances(structure.positions, seeds * scale, edge)

    def seeds(self, name):
        rows, names = [], []
        for line in self.path(f"{name}.grains").read_text().splitlines():
            if line.startswith("#"):
                names = line[1:].split() if not rows else names
            elif line.strip():
                rows.append([float(word) for word in line.split()])
        table = np.array(rows)
        return table[:, [names.index(axis) for axis in "xyz"]]

    def area(self, name="polycrystal"):
        """Of all boundaries as they were made, Angstrom^2."""
        rows, names = [], []
        for line in self.path(f"{name}.boundaries").read_text().splitlines():
            if line.startswith("#"):
                names = line[1:].split() if not rows else names
            elif line.strip():
                rows.append(line.split())
        return sum(float(row[names.index("area")]) for row in rows)

    def cut_cells(self, name="polycrystal", temperature=300, seed=1):
        """{kind: labeled cells} around atoms of boundaries and of triple lines."""
        whole = self.frames([self.path(f"{name}.{temperature}.dump")])[0]
        boundary, third = self.geometry(whole, name)
        random = np.random.default_rng(seed)
        found = {}
        for kind, near in (("boundary", (boundary < 1.0) & (third > 5.0)), ("triple", third < 1.5)):
            centers = random.permutation(np.flatnonzero(near))[:self.size.cells]
            if not len(centers):
                centers = np.argsort(third)[:self.size.cells]
            found[kind] = self.lammps().label([cut(whole, center) for center in centers])
        return found

    def hot_tilts(self, temperature):
        """Labeled frames of boundaries, and which of their atoms are near them."""
        made = self.frames(self.path(f"tilt-{k}.{temperature}.dump")
                           for k in range(self.size.tilts))
        return made, [near_planes(one) for one in made]

    def test_sets(self):
        """{name: (labeled structures, which of their atoms count)}"""
        sets = {f"tilts {temperature} K": self.hot_tilts(temperature)
                for temperature in TEMPERATURES}
        for temperature in (0, *TEMPERATURES):
            one, = self.frames([self.path(f"polycrystal.{temperature}.dump")])
            boundary, _ = self.geometry(one)
            sets[f"polycrystal {temperature} K"] = ([one], [np.ones(len(one), dtype=bool)])
            sets[f"its boundaries {temperature} K"] = ([one], [boundary < CORE])
        for kind, cells in self.cut_cells().items():
            sets[f"{kind} cells"] = (cells, [near_center(one) for one in cells])
            sets[f"{kind} cells, all atoms"] = (cells, [np.ones(len(one), dtype=bool)
                                                        for one in cells])
        return sets

    def test(self, potential, with_volumes=True):
        """Everything about a potential."""
        name = pathlib.Path(potential).stem

        def make():
            own = self.properties(potential, name)
            found = {"tilts": self.tilt_energies(potential, own),
                     "errors": errors(MTP(str(potential)), self.sets(), own["energy_eV"],
                                      self.properties()["energy_eV"])}
            if with_volumes:
                found["volumes"] = self.volumes(potential, own)
            return found
        return self.part(f"test-{name}", make)

    def sets(self):
        if not hasattr(self, "_sets"):
            self._sets = self.test_sets()
        return self._sets

    def tilt_energies(self, potential, own):
        out = self.path("energies.txt")
        out.unlink(missing_ok=True)
        names = list(self.tilts()["J_per_m2"])
        for k in range(len(names)):
            self.run("in.boundary", must=False, name=k, out=out, data=self.path(f"tilt-{k}.data"),
                     stretch=own["lattice_constant_A"] / self.properties()["lattice_constant_A"],
                     crystal_energy=own["energy_eV"], **self.pair(potential))
        return {names[int(k)]: float(value) for k, value in
                (line.split() for line in out.read_text().splitlines())}

    def volumes(self, potential, own):
        """The nanocrystal relaxed by the potential, beside that of the reference; empty if LAMMPS
        fails."""
        out = self.path("volumes.dump")
        stretch = own["lattice_constant_A"] / self.properties()["lattice_constant_A"]
        pair = self.pair(potential)
        pair["style"] += " precision mixed"  # as good for this, and faster
        if not self.run("in.volumes", must=False, data=self.path("polycrystal.data"), out=out,
                        stretch=stretch, **pair):
            return {}
        (_, cell, mine), (_, cell0, truth) = (next(read_dump(path)) for path in
                                              (out, self.path("polycrystal.reference")))
        boundary, _ = self.geometry(Structure(cell0, truth[:, 2:5], None, "", ""))
        volume = mine[:, 6] / own["volume_A3"] - truth[:, 6] / self.properties()["volume_A3"]
        energy = (mine[:, 5].sum() / len(mine) - own["energy_eV"],
                  truth[:, 5].sum() / len(truth) - self.properties()["energy_eV"])
        moved = mine[:, 2:5] @ np.linalg.inv(cell) - truth[:, 2:5] @ np.linalg.inv(cell0)
        moved = np.linalg.norm((moved - np.round(moved)) @ cell0, axis=1)
        near = boundary < CORE
        scale = len(mine) / self.area() * JOULE * (self.size.edge / cell0[0, 0])**2
        return {"rms_percent": 100 * rms(volume), "rms_boundary_percent": 100 * rms(volume[near]),
                "mean_boundary_percent": 100 * volume[near].mean(),
                "reference_boundary_percent": 100 * float(
                    truth[near, 6].mean() / self.properties()["volume_A3"] - 1),
                "moved_A": rms(moved), "boundary_energy": energy[0] * scale,
                "reference_boundary_energy": energy[1] * scale}

    # ---- 4., 5. Learning curves, active learning

    def subset(self, crystals, frames):
        """The structures that come from the first random crystals, and every so manieth of the
        perfect."""
        path = self.path(f"subset-{crystals}-{frames}.cfg")
        chosen = [one for one in configurations.read([self.path("random.cfg")])
                  if int(one.features["ancestry"].split(":")[0]) <= crystals]
        if frames:
            expert = list(configurations.read([self.path("expert.cfg")]))
            chosen += expert[::max(1, len(expert) // frames)][:frames]
        path.write_text("\n".join(configurations.cfg_text(one) for one in chosen))
        return path

    def curve(self):
        rows = []
        level = self.size.one_level
        for crystals in self.size.curve:
            for frames in (0, 30):
                name = f"curve-{crystals}-{frames}"
                potential = self.train(name, level, [self.subset(crystals, frames)])
                rows.append((crystals, frames, self.test(potential, with_volumes=False)))
        return rows

    def min_dist(self):
        """Trained on both sets again, with a min_dist that is the data's."""
        self.test(self.train("mindist", self.size.one_level,
                             [self.path("random.cfg"), self.path("expert.cfg")], None,
                             "--update-mindist"))

    def learn(self):
        """Cells cut from another polycrystal, from which select-add chooses, and as many (at least
        DRAWN) at random; what the potential of random crystals becomes with them."""
        level = self.size.one_level
        first = self.train("random", level, [self.path("random.cfg")])

        def make():
            self.polycrystal(seed=815, name="other")
            pool = [cell for temperature in (600, 1000)
                    for cells in self.cut_cells("other", temperature).values() for cell in cells]
            write_cfg(self.path("pool.cfg"), pool, self.metal.symbol)
            self.mlgrain("mtp", "select-add", first, self.path("pool.cfg"), "-o",
                         self.path("added.cfg"))
            # Without any, the file is empty.
            added = self.path("added.cfg").read_text().count("BEGIN_CFG")
            count = min(len(pool), max(added, DRAWN))
            order = np.random.default_rng(0).permutation(len(pool))[:count]
            write_cfg(self.path("drawn.cfg"), [pool[k] for k in order], self.metal.symbol)
            grades = [MTP(str(first)).evaluate((one.positions, one.cell, (True,) * 3)).grades.max()
                      for one in pool]
            return {"pool": len(pool), "added": added, "drawn": count,
                    "largest_grade": float(max(grades))}
        found = self.part("pool", make)
        for name in ("added", "drawn"):
            if found[name]:
                self.test(self.train(name, level, [self.path("random.cfg"),
                                                   self.path(f"{name}.cfg")], first),
                          with_volumes=False)

    # ---- 6. Published potentials

    def published(self, potential):
        """An active set for it from structures alone; grades of the nanocrystal."""
        name = pathlib.Path(potential).stem
        style = "* * {} 0".format(potential)

        def make():
            pool = self.path(f"{name}-pool.cfg")
            lammps = {"style": "mtp", "coeff": style}
            self.mlgrain("mtp", "random-crystals", "--species", self.metal.symbol, "--volume",
                         self.metal.volume, "--pair-style", lammps["style"], "--pair-coeff",
                         lammps["coeff"], "--lammps", self.lmp, "--crystals", self.size.crystals,
                         "--frames", self.size.frames, "--crystal", self.metal.symbol,
                         self.metal.lattice, 2.83, "--types-from-zero", "-o", pool)
            selected = self.path(f"{name}.almtp")
            self.mlgrain("mtp", "select", potential, pool, "-o", selected)
            self.run("in.polycrystal", out=self.path(name), lattice=self.metal.lattice, a=2.83,
                     edge=self.size.edge, grains=self.size.grains, seed=4711, steps=self.size.steps,
                     **lammps)
            grades = {}
            for temperature in (0, *TEMPERATURES):
                _, cell, values = next(read_dump(self.path(f"{name}.{temperature}.dump")))
                grades[temperature] = float(MTP(str(selected)).evaluate(
                    (values[:, 2:5], cell, (True,) * 3), grades=True).grades.max())
            return {"grades": grades, "atoms": len(values)}
        return self.part(f"published-{name}", make)

    # ---- 7. Cost against accuracy

    def compare(self):
        """Report cards of potentials of all levels and of other kinds, from the expert set, beside
        the reference, and of those for this metal that LAMMPS ships, beside what they were trained
        on; one picture; errors of forces at boundaries."""
        self.expert()
        self.tilts()
        styles = subprocess.run([self.lmp, "-h"], capture_output=True, text=True,
                                check=True).stdout.split()
        levels = [(f"level {level}", "mtp", f"* * {self.trained(f'expert-{level}')} 0")
                  for level in sorted({LOWEST, *self.size.levels})]
        trained = {"levels": levels, "peers": self.peers(styles)}
        print(f"{self.name}: report cards ...", flush=True)
        cards = [self.card(name, potentials, self.size.only, "--trained",
                           "crystal,vacancy,interstitial,warm", "--reference-pair",
                           self.reference[0], "--reference-coeff", self.reference[1])
                 for name, potentials in trained.items() if potentials]
        for name, style, coeff in OTHERS.get(self.name, ()):
            if style.split()[0] in styles:
                cards.append(self.card(
                    name.replace(" ", "-"), [(f"{name} (DFT)", style, coeff.format(self.eam))],
                    self.size.only or OF_OTHERS, "--reference",
                    REFERENCES / f"{self.metal.symbol}_dft.csv"))
        output = self.path("compare")
        self.mlgrain("validate", "--compare", *cards, "-o", output)
        lines = ["| trained on the same set | forces at boundaries, 300 K (meV/A) |", "|---|--:|"]
        lines += [f"| {one[0]} | {self.boundary_forces(*one):.1f} |"
                  for potentials in trained.values() for one in potentials]
        (output / "forces.md").write_text("\n".join(lines) + "\n")
        print(f"{self.name}: {output / 'compare.md'}, {output / 'forces.md'}")

    def card(self, name, potentials, only, *words):
        """The folder of a report card of potentials: (name, pair_style, pair_coeff)."""
        folder = self.path(f"card-{name}")
        of_each = [word for called, style, coeff in potentials
                   for word in ("--pair", style, "--coeff", coeff, "--name", called)]
        self.mlgrain("validate", "--lammps", self.lmp, "--lattice", self.metal.lattice,
                     "--element", self.metal.symbol, *of_each, *words,
                     *(["--only", ",".join(only)] if only else []), "-o", folder)
        return folder

    def peers(self, styles):
        """(name, pair_style, pair_coeff) of those that can be trained here; of others, why not."""
        found = []
        for peer in all_peers(CUTOFF):
            missing = peer.missing(self.lmp, styles)
            if missing or self.size.peers and peer.name not in self.size.peers:
                print(f"{self.name}: without {peer.name}: {missing or 'not in this size'}")
                continue
            slug = peer.name.replace(" ", "-")

            def make(peer=peer, slug=slug):
                folder = self.path(f"peer-{slug}")
                folder.mkdir(exist_ok=True)
                structures = [as_atoms(one) for one in
                              configurations.read([self.path("expert.cfg")])]
                return {"coeff": peer.train(structures, folder, self.lmp)}
            found.append((peer.name, peer.style, self.part(f"peer-{slug}", make)["coeff"]))
        return found

    def boundary_forces(self, name, style, coeff):
        """The rms error of forces at boundaries, which no training set has; meV/Angstrom."""
        def make():
            if not hasattr(self, "_tilts"):
                self._tilts = self.hot_tilts(TEMPERATURES[0])
            structures, counting = self._tilts
            found = Lammps([str(self.lmp)], style, [coeff], 1, []).label(structures)
            return {"force_meV_A": 1e3 * rms(np.concatenate(
                [(mine.forces - one.forces)[which] if mine else np.full((1, 3), np.nan)
                 for mine, one, which in zip(found, structures, counting)]))}
        return self.part(f"forces-{name.replace(' ', '-')}", make)["force_meV_A"]

    # ---- All

    def trained(self, part):
        """A potential of part 2 by its name."""
        name, level = part.split("-")
        random, expert = self.path("random.cfg"), self.path("expert.cfg")
        files = {"random": [random], "expert": [expert], "both": [random, expert]}[name]
        lower = [self.path(f"{name}-{other}.almtp") for other in self.size.levels
                 if other < int(level)]
        start = next((path for path in reversed(lower) if path.exists()), None)
        return self.train(name, int(level), files, start)

    def potentials(self):
        """Names of those of part 2: first all sets at the level that most is done at."""
        levels = sorted(self.size.levels, key=lambda level: level != self.size.one_level)
        return [f"{name}-{level}" for level in levels for name in ("random", "expert", "both")]


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def cut(whole, center):
    """A periodic cube around an atom; of two atoms that its faces bring closer than CLOSEST one is
    left out. The first atom is the center."""
    edge = np.diag(whole.cell)
    apart = whole.positions - whole.positions[center]
    apart -= edge * np.round(apart / edge)
    inside = np.flatnonzero((np.abs(apart) < CUBE / 2).all(axis=1))
    inside = inside[np.argsort((apart[inside]**2).sum(axis=1), kind="stable")]
    x, kept = apart[inside], []
    for k, point in enumerate(x):
        difference = x[kept] - point
        difference -= CUBE * np.round(difference / CUBE)
        if not (np.linalg.norm(difference, axis=1) < CLOSEST).any():
            kept.append(k)
    return Structure(CUBE * np.eye(3), x[kept] + CUBE / 2, np.zeros(len(kept), np.int32), "CUT",
                     f"{whole.ancestry}/{center}")


def near_center(structure):
    return np.linalg.norm(structure.positions - CUBE / 2, axis=1) < CENTER


def near_planes(structure):
    """Atoms near the boundaries at y = 0 and half the edge of a bicrystal."""
    edge = structure.cell[1, 1]
    y = structure.positions[:, 1] % (edge / 2)
    return np.minimum(y, edge / 2 - y) < CORE


def errors(potential, sets, own, reference):
    """For each set errors of energies (meV/atom, beyond those of the crystal) and of forces
    (meV/A), the rms force, the largest grade."""
    table, known = {}, {}
    for name, (structures, counting) in sets.items():
        energy, force, size, grade = [], [], [], 0.0
        for one, which in zip(structures, counting):
            if id(one) not in known:
                known[id(one)] = potential.evaluate((one.positions, one.cell, (True,) * 3))
            found = known[id(one)]
            energy.append(found.energy / len(one) - own - one.energy / len(one) + reference)
            force.append((found.forces - one.forces)[which])
            size.append(one.forces[which])
            if found.grades is not None:
                grade = max(grade, float(found.grades[which].max()))
        table[name] = {"energy_meV": 1e3 * rms(energy),
                       "force_meV_A": 1e3 * rms(np.concatenate(force)),
                       "rms_force_meV_A": 1e3 * rms(np.concatenate(size)), "grade": grade,
                       "structures": len(structures)}
    return table


def as_atoms(one):
    """A configuration as ASE's Atoms."""
    atoms = ase.Atoms(one.types, one.positions, cell=one.cell, pbc=True)
    atoms.calc = SinglePointCalculator(atoms, energy=one.energy, forces=one.forces)
    return atoms


def kinds(path):
    """{kind: [structures, atoms]} of a file."""
    counts = {}
    for one in configurations.read([path]):
        row = counts.setdefault(one.features["kind"], [0, 0])
        row[0] += 1
        row[1] += len(one)
    return counts


def write_cfg(path, structures, symbol):
    from mlgrain.commands.random_crystals import cfg_text
    from mlgrain.compiled import core
    numbers = [core().SYMBOLS.index(symbol) + 1]
    path.write_text("".join(cfg_text(one, [symbol], numbers) for one in structures))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":", maxsplit=1)[0])
    parser.add_argument("metal", choices=METALS)
    parser.add_argument("parts", nargs="*", help="data, tests, potentials, curve, mindist, learn, "
                        "compare, published, or a potential such as both-16",
                        default=["data", "tests", "potentials", "curve", "mindist", "learn"])
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--eam", type=pathlib.Path, required=True,
                        help="folder of LAMMPS' potentials")
    parser.add_argument("--lmp", type=pathlib.Path, required=True)
    parser.add_argument("--published", type=pathlib.Path, help="an MTP for iron without active set")
    parser.add_argument("--size", choices=SIZES, default="full")
    options = parser.parse_args()
    study = Study(options.metal, options.size, options.folder, options.eam, options.lmp)
    study.properties()
    for part in options.parts:
        if part.startswith(("random-", "expert-", "both-")):
            study.test(study.trained(part))
        elif part == "data":
            study.data()
        elif part == "tests":
            study.tilts()
            study.polycrystal()
        elif part == "potentials":
            for name in study.potentials():
                study.test(study.trained(name))
        elif part == "curve":
            study.curve()
        elif part == "mindist":
            study.min_dist()
        elif part == "learn":
            study.learn()
        elif part == "compare":
            study.compare()
        elif part == "published" and options.published:
            study.published(options.published)


if __name__ == "__main__":
    main()
