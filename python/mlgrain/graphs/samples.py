# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of polycrystals with the effective tensors that the solver finds for them.

A file of samples is text, a JSON object on each line. The first says what kind they are, with which
seed and edge (in voxels) of the box they were drawn, and to what tolerance solved; each of the others
has `number`, `fraction` (of boundary voxels), `scalars` (what was drawn) and `tensor` (rows). The
polycrystals are not in it: microstructures.draw_in_box makes them again.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os

import numpy as np

from .. import homogenize
from ..errors import MLGrainError
from . import microstructures

HEADER = ("kind", "seed", "edge", "tolerance", "fewest", "most")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What all samples of a file have in common: kind (microstructures.KINDS), seed, edge of the box in
    voxels, the solver's tolerance, and between how many grains are drawn."""

    kind: str
    seed: int = 0
    edge: int = 64
    tolerance: float = 1e-4
    fewest: int = microstructures.FEWEST
    most: int = microstructures.MOST

    def draw(self, number):
        return microstructures.draw_in_box(self.kind, self.seed, number, self.edge, self.fewest,
                                           self.most)


@dataclasses.dataclass
class Samples:
    """A file's settings, and arrays in the order of `numbers`."""

    settings: Settings
    numbers: np.ndarray
    fractions: np.ndarray
    tensors: np.ndarray
    scalars: dict

    def some(self, chosen):
        return Samples(self.settings, self.numbers[chosen], self.fractions[chosen],
                       self.tensors[chosen],
                       {name: values[chosen] for name, values in self.scalars.items()})

    def numbers_drawn(self):
        """[n, k] the scalars, and the fraction of boundary voxels."""
        return np.column_stack([*self.scalars.values(), self.fractions])

    def polycrystal(self, row, of_voxels=False):
        """of_voxels: with the graph that the voxels have"""
        drawn = self.settings.draw(int(self.numbers[row]))
        make = drawn.polycrystal_of_voxels if of_voxels else drawn.polycrystal
        return make(self.fractions[row])


def solve(settings, number):
    """The line of one sample, as a dict."""
    drawn = settings.draw(number)
    phases, tensors, fraction = drawn.voxels(number)
    if tensors.shape[1] == 3:
        found = homogenize.conductivity(phases, tensors, tolerance=settings.tolerance)
    else:
        found = homogenize.stiffness(phases, tensors, tolerance=settings.tolerance)
    return {"number": number, "fraction": fraction,
            "scalars": {name: float(value) for name, value in drawn.scalars.items()},
            "tensor": found.tensor.tolist()}


def make(path, settings, count, processes=1, progress=None):
    """Solves samples 0 .. count-1 into a file, those that it has already left out, on several processes.
    A line that was cut short when the last run ended is taken out first.

    progress: called as progress(done, count) after each
    """
    done = _reopen(path, settings)
    left = [number for number in range(count) if number not in done]
    with open(path, "a", encoding="utf-8") as file:
        for made, line in enumerate(_solved(settings, left, processes), 1):
            file.write(json.dumps(line) + "\n")
            file.flush()
            if progress:
                progress(count - len(left) + made, count)


def _solved(settings, numbers, processes):
    if processes == 1 or len(numbers) < 2:
        yield from (solve(settings, number) for number in numbers)
        return
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        yield from pool.map(solve, [settings] * len(numbers), numbers)


def _reopen(path, settings):
    """Numbers that are in the file, which is begun if it isn't there."""
    if not os.path.exists(path) or not os.path.getsize(path):
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(json.dumps(dataclasses.asdict(settings)) + "\n")
        except OSError as error:
            raise MLGrainError(f"{path} can't be written: {error.strerror}") from error
        return set()
    with open(path, "rb") as file:
        text = file.read()
    whole = text[:text.rfind(b"\n") + 1]
    if len(whole) < len(text):
        with open(path, "r+b") as file:
            file.truncate(len(whole))
    found = read(path)
    if found.settings != settings:
        raise MLGrainError(f"{path} holds samples of other settings: {found.settings}")
    return set(found.numbers.tolist())


def read(path):
    """The Samples of a file, by number."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
    if not lines:
        raise MLGrainError(f"{path} is empty")
    header = _object(path, 1, lines[0], HEADER)
    settings = Settings(**{name: header[name] for name in HEADER})
    if settings.kind not in microstructures.KINDS:
        raise MLGrainError(f"{path}: kind {settings.kind!r} is none of "
                           f"{', '.join(microstructures.KINDS)}")
    rows = [_object(path, k, line, ("number", "fraction", "scalars", "tensor"))
            for k, line in enumerate(lines[1:], 2)]
    rows.sort(key=lambda row: row["number"])
    size = 6 if settings.kind == "stiffness" else 3
    try:
        tensors = np.array([row["tensor"] for row in rows], np.float64).reshape(-1, size, size)
        names = list(rows[0]["scalars"]) if rows else []
        scalars = {name: np.array([row["scalars"][name] for row in rows], float) for name in names}
        return Samples(settings, np.array([row["number"] for row in rows], np.int64),
                       np.array([row["fraction"] for row in rows], np.float64), tensors, scalars)
    except (TypeError, ValueError, KeyError) as error:
        raise MLGrainError(f"{path}: a sample is malformed: {error}") from error


def _object(path, number, line, names):
    try:
        found = json.loads(line)
    except ValueError as error:
        raise MLGrainError(f"{path}, line {number}: {error}") from error
    missing = [name for name in names if not isinstance(found, dict) or name not in found]
    if missing:
        raise MLGrainError(f"{path}, line {number} has no {missing[0]}")
    return found
