# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations with energies, forces and virials: MLIP's .cfg, dumps of LAMMPS, and whatever ASE
reads."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from ..errors import MLGrainError
from .lammps_frames import read_frames
from .packed import BROKEN, open_file, plain_name

WEIGHTS = ("energy_weight", "force_weight", "stress_weight")  # features, factors in the loss
PLACES = {"xx": 0, "yy": 1, "zz": 2, "xy": 3, "xz": 4, "yz": 5}


@dataclasses.dataclass
class Configuration:
    """Atoms, and what is known of them; None where nothing is.

    positions      [atoms, 3]
    types          [atoms] whole numbers: as in the file, atomic numbers where it has elements
    cell           [3, 3], rows are the edges; zeros where pbc is False
    pbc            three bools
    energy         of all atoms
    forces         [atoms, 3]
    virial         [6] xx yy zz xy xz yz: MLIP's PlusStress, minus stress times volume
    force_weights  [atoms] that forces count with in training, besides all other weights
    features       {name: text} of a .cfg file, and what is like them elsewhere
    source         the file
    """

    positions: np.ndarray
    types: np.ndarray
    cell: np.ndarray
    pbc: tuple
    energy: float | None = None
    forces: np.ndarray | None = None
    virial: np.ndarray | None = None
    force_weights: np.ndarray | None = None
    features: dict = dataclasses.field(default_factory=dict)
    source: str = ""

    def __len__(self):
        return len(self.positions)

    def weight(self, name):
        """The feature of this name among WEIGHTS, 1 without one."""
        text = self.features.get(name, "1")
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise MLGrainError(f"{self.source}: {name} is {text[:40]!r}, not a number from 0")
        return value


def read(paths, thermo=(), elements=()):
    """Yields the configurations of files, one file after the other, one configuration in memory at
    a time: .cfg of MLIP, also behind the active set of an .almtp file; .dump and .lammpstrj of
    LAMMPS; or what ASE reads. .gz, .bz2 and .xz are unpacked.

    thermo    files of LAMMPS' thermo output: none (those beside the dumps), one for all dumps, or
              one for each
    elements  chemical symbols of LAMMPS' types 1, 2, ...
    """
    paths = [os.fspath(path) for path in paths]
    dumps = [path for path in paths if is_dump(path)]
    thermo = list(thermo)
    if thermo and len(thermo) not in (1, len(dumps)):
        raise MLGrainError(f"{len(thermo)} files of thermo output for {len(dumps)} dumps")
    printed = dict(zip(dumps, thermo * len(dumps) if len(thermo) == 1 else thermo))
    for path in paths:
        found = 0
        for found, configuration in enumerate(_read_one(path, printed.get(path), elements), 1):
            yield configuration
        if not found:
            raise MLGrainError(f"{path} holds no configuration")


def is_dump(path):
    return plain_name(path).endswith((".dump", ".lammpstrj"))


def _read_one(path, thermo, elements):
    if is_dump(path):
        return (Configuration(**fields) for fields in read_frames(path, thermo, elements))
    is_cfg = plain_name(path).endswith((".cfg", ".cfgs", ".almtp"))
    return read_cfg(path) if is_cfg else read_ase(path)


def read_cfg(path):
    """Yields the configurations of a .cfg file."""
    with open_file(path) as file:
        block, first = None, 0
        try:
            for number, line in enumerate(file, 1):
                words = line.split()
                if words == [b"BEGIN_CFG"]:
                    if block is not None:
                        raise MLGrainError(f"{path}, line {number}: BEGIN_CFG within a "
                                           "configuration")
                    block, first = [], number
                elif block is not None and words == [b"END_CFG"]:
                    yield _Block(path, first, block).configuration()
                    block = None
                elif block is not None:
                    block.append(line)
        except BROKEN as error:
            raise MLGrainError(f"{path} can't be read: {error}") from error
        if block is not None:
            raise MLGrainError(f"{path}: the configuration that begins in line {first} has no "
                               "END_CFG")


class _Block:
    """The lines between BEGIN_CFG and END_CFG."""

    def __init__(self, path, first, lines):
        self.path, self.first, self.at = path, first, 0
        try:
            self.lines = [line.decode().split() for line in lines]
        except UnicodeDecodeError:
            raise MLGrainError(f"{path}: the configuration that begins in line {first} is not "
                               "text") from None

    def fail(self, text, line=None):
        number = self.first + (self.at if line is None else line)
        raise MLGrainError(f"{self.path}, line {number}: {text}")

    def next(self):
        if self.at == len(self.lines):
            self.fail("the configuration ends within a list", self.at + 1)
        self.at += 1
        return self.lines[self.at - 1]

    def numbers(self, count=None):
        words = self.next()
        if count is not None and len(words) != count:
            self.fail(f"{count} numbers expected, not {len(words)}")
        try:
            values = [float(word) for word in words]
        except ValueError:
            self.fail(f"numbers expected, not {' '.join(words)[:60]!r}")
        if not np.isfinite(values).all():
            self.fail("a number is not finite")
        return values

    def configuration(self):
        found = {"features": {}, "source": self.path}
        size, edges = None, []
        while self.at < len(self.lines):
            words = self.next()
            if not words:
                continue
            key = words[0]
            if key == "Size":
                size = self.whole(self.numbers(1)[0])
            elif key == "Supercell":
                while self.at < len(self.lines) and len(edges) < 3 and self.is_row():
                    edges.append(self.numbers(3))
            elif key == "AtomData:":
                if size is None:
                    self.fail("AtomData before Size")
                self.atoms(words[1:], size, edges, found)
            elif key == "Energy":
                found["energy"] = self.numbers(1)[0]
            elif key in ("PlusStress:", "MinusStress:"):
                found["virial"] = self.stress(words[1:], 1.0 if key[0] == "P" else -1.0)
            elif key == "Feature":
                if len(words) < 2:
                    self.fail("a Feature without name")
                found["features"][words[1]] = " ".join(words[2:])
            else:
                self.fail(f"unknown key {key!r}")
        if "positions" not in found:
            self.fail("the configuration has no AtomData")
        found["cell"] = np.zeros((3, 3))
        found["cell"][:len(edges)] = np.array(edges).reshape(-1, 3)
        found["pbc"] = tuple(k < len(edges) for k in range(3))
        return Configuration(**found)

    def is_row(self):
        try:
            return len([float(word) for word in self.lines[self.at]]) == 3
        except ValueError:
            return False

    def whole(self, value):
        if value != int(value) or not 0 <= value < 2**31:
            self.fail(f"{value:g} is not a number of atoms or a type")
        return int(value)

    def atoms(self, names, size, edges, found):
        rows = np.array([self.numbers(len(names)) for _ in range(size)]).reshape(size, len(names))
        column = {name: rows[:, k] for k, name in enumerate(names)}

        def three(prefix):
            keys = [prefix + axis for axis in "xyz"]
            return np.stack([column[key] for key in keys], axis=1) if all(
                key in column for key in keys) else None

        direct, positions = three("direct_"), three("cartes_")
        if direct is not None:
            if len(edges) != 3:
                self.fail("direct coordinates need a Supercell of three edges before them")
            positions = direct @ np.array(edges)
        if positions is None or "type" not in column:
            self.fail("AtomData needs type and cartes_x cartes_y cartes_z")
        found["positions"] = positions
        found["types"] = np.array([self.whole(value) for value in column["type"]], dtype=np.int32)
        found["forces"] = three("f")
        found["force_weights"] = column.get("weight")

    def stress(self, names, sign):
        values = self.numbers(len(names))
        virial = np.full(6, np.nan)
        for name, value in zip(names, values):
            if name not in PLACES:
                self.fail(f"{name!r} is not a component of the stress")
            virial[PLACES[name]] = sign * value
        if np.isnan(virial).any():
            self.fail("a component of the stress is missing")
        return virial


def cfg_text(configuration, columns=(), features=()):
    """A configuration in MLIP's .cfg format. columns: pairs of a name and an array [atoms] behind
    the forces; features: pairs of a name and a text besides its own."""
    c = configuration
    names = ["id", "type", "cartes_x", "cartes_y", "cartes_z"]
    numbers = [c.positions]
    if c.forces is not None:
        names += ["fx", "fy", "fz"]
        numbers.append(c.forces)
    if c.force_weights is not None:
        columns = [("weight", c.force_weights), *columns]
    names += [name for name, _ in columns]
    numbers += [np.asarray(values)[:, None] for _, values in columns]
    table = np.concatenate(numbers, axis=1)
    lines = ["BEGIN_CFG", " Size", f"    {len(c)}"]
    if any(c.pbc):
        lines += [" Supercell", *("    " + " ".join(f"{value:.12g}" for value in edge)
                                  for edge, along in zip(c.cell, c.pbc) if along)]
    lines += [" AtomData:  " + " ".join(names)]
    lines += [f"    {i + 1} {kind} " + " ".join(f"{value:.12g}" for value in row)
              for i, (kind, row) in enumerate(zip(c.types, table))]
    if c.energy is not None:
        lines += [" Energy", f"    {c.energy:.15g}"]
    if c.virial is not None:
        xx, yy, zz, xy, xz, yz = (f"{value:.12g}" for value in c.virial)
        lines += [" PlusStress:  xx yy zz yz xz xy", f"    {xx} {yy} {zz} {yz} {xz} {xy}"]
    lines += [f" Feature   {name} {text}" for name, text in [*c.features.items(), *features]]
    return "\n".join([*lines, "END_CFG", ""])


def read_ase(path):
    """Yields the configurations of a file that ASE knows."""
    try:
        import ase.io
    except ImportError:
        raise MLGrainError(f"{path} is not a .cfg file, and ASE, which reads others, isn't "
                           "installed") from None
    try:
        for atoms in ase.io.iread(path, index=":"):
            yield from_ase(atoms, path)
    except MLGrainError:
        raise
    except Exception as error:  # each of its readers raises its own
        raise MLGrainError(f"{path} can't be read by ASE: {error}") from error


def from_ase(atoms, source=""):
    """The configuration of an Atoms with a calculator that holds results."""
    found = atoms.calc.results if atoms.calc is not None else {}
    energy = found.get("free_energy", found.get("energy", atoms.info.get("energy")))
    forces = found.get("forces", atoms.arrays.get("forces"))
    virial = None
    if "stress" in found:
        xx, yy, zz, yz, xz, xy = np.asarray(found["stress"], dtype=float)
        virial = -atoms.get_volume() * np.array([xx, yy, zz, xy, xz, yz])
    elif "virial" in atoms.info:
        matrix = np.reshape(np.asarray(atoms.info["virial"], dtype=float), (3, 3))
        virial = np.array([matrix[0, 0], matrix[1, 1], matrix[2, 2], matrix[0, 1], matrix[0, 2],
                           matrix[1, 2]])
    weights = atoms.arrays.get("weight")
    return Configuration(
        positions=np.array(atoms.positions, dtype=float),
        types=np.array(atoms.numbers, dtype=np.int32), cell=np.array(atoms.cell[:], dtype=float),
        pbc=tuple(bool(along) for along in atoms.pbc),
        energy=None if energy is None else float(energy),
        forces=None if forces is None else np.array(forces, dtype=float), virial=virial,
        force_weights=None if weights is None else np.array(weights, dtype=float),
        features={name: str(atoms.info[name]) for name in ("config_type", *WEIGHTS)
                  if name in atoms.info}, source=source)


def species_of(configurations, labels):
    """For each configuration the species [atoms] of a potential with these labels, int32: types are
    labels if all are among them, else species counted from 0."""
    types = sorted({int(kind) for one in configurations for kind in np.unique(one.types)})
    if all(kind in labels for kind in types):
        number = {label: k for k, label in enumerate(labels)}
    elif all(kind < len(labels) for kind in types):
        number = {k: k for k in range(len(labels))}
    else:
        raise MLGrainError(f"types {', '.join(map(str, types))} in the configurations: the "
                           f"potential has {', '.join(map(str, labels))}")
    return [np.array([number[int(kind)] for kind in one.types], dtype=np.int32)
            for one in configurations]
