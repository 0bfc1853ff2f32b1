# SPDX-License-Identifier: GPL-2.0-or-later
"""LAMMPS dump files (text; plain, .gz, .bz2, .xz, .zst), read frame by frame in bounded memory."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError
from .lines import Lines, open_binary
from .plain import is_number

LINES_AT_A_TIME = 1 << 16
NUMBERS_AT_A_TIME = 1 << 23  # however many columns there are


@dataclass
class Block:
    """Consecutive atoms of one frame. A frame of many atoms comes in several blocks."""

    timestep: int
    atoms: int  # in the frame
    box: np.ndarray  # the numbers of BOX BOUNDS, [3, 2], [3, 3] (triclinic), [3, 4] (general)
    columns: list  # names of the columns that were asked for
    values: np.ndarray  # [rows, columns and spare ones], float64
    first: int  # number of the first row within its frame
    boundary: list  # LAMMPS' words for it: ["pp", "pp", "fs"]; empty in files of old versions


class Progress:
    """How much of the input has been read, on standard error; says nothing in the first seconds."""

    def __init__(self, total, quiet=False, stream=sys.stderr):
        self.total, self.quiet, self.stream = max(total, 1), quiet, stream
        self.terminal = stream.isatty()
        self.next = time.monotonic() + (0.5 if self.terminal else 5.0)
        self.shown = False

    def show(self, done, text):
        if self.quiet or time.monotonic() < self.next:
            return
        self.next = time.monotonic() + (0.2 if self.terminal else 10.0)
        line = f"mlgrain: {100 * done / self.total:5.1f} %  {text}"
        print(f"\r{line}\033[K" if self.terminal else line, file=self.stream,
              end="" if self.terminal else "\n", flush=True)
        self.shown = True

    def finish(self):
        if self.shown and self.terminal:
            print("\r\033[K", end="", file=self.stream, flush=True)


class DumpReader:
    """Iterates over the blocks of a dump.

    columns: the names wanted, a function that gives them for those there are, or None for all
    numeric ones. spare: how many more the values of a block
    have, last, which whoever gets the block fills.
    """

    def __init__(self, path, columns=None, progress=None, spare=0):
        self.path, self.wanted, self.progress, self.spare = str(path), columns, progress, spare
        self.rows, self.units = 0, None

    def __iter__(self):
        with open_binary(self.path) as self.raw, Lines(self.path, self.raw) as self.lines:
            yield from self._frames()

    def error(self, text):
        return self.lines.error(text)

    def _frames(self):
        line = self.lines.next()
        if not line:
            raise MLGrainError(f"{self.path} is empty")
        while line:
            if not line.startswith("ITEM: "):
                raise self.error(f"'ITEM: ...' expected, but it reads {line.strip()[:40]!r}")
            frame, names = self._read_head(line)
            yield from self._read_atoms(frame, names)
            line = self.lines.next()

    def _read_head(self, line):
        """Reads up to ITEM: ATOMS; returns what the frame's header says and the columns' names."""
        frame = {}
        while True:
            if line.startswith("ITEM: TIMESTEP"):
                frame["timestep"] = self._integer()
            elif line.startswith("ITEM: NUMBER OF ATOMS"):
                frame["atoms"] = self._integer()
                if frame["atoms"] < 0:
                    raise self.error(f"a frame of {frame['atoms']} atoms")
            elif line.startswith("ITEM: BOX BOUNDS"):
                frame["box_words"] = line.split()[3:]
                frame["box"], frame["boundary"] = self._box(), self._boundary(line)
            elif line.startswith("ITEM: ATOMS"):
                missing = {"timestep", "atoms", "box"} - set(frame)
                if missing:
                    raise self.error(f"the frame has atoms before its {' and '.join(sorted(missing))}")
                names = line.split()[2:]
                if not names:
                    raise self.error("a frame without columns")
                frame["units"] = self.units
                return frame, names
            elif line.startswith("ITEM: UNITS"):  # before the first frame only
                self.units = self.lines.next().strip()
            elif line.startswith("ITEM: "):  # TIME
                self.lines.next()
            else:
                raise self.error(f"'ITEM: ...' expected, but it reads {line.strip()[:40]!r}")
            line = self.lines.next()
            if not line:
                raise self.error("the file ends within the header of a frame")

    def _integer(self):
        line = self.lines.next()
        try:
            return int(line)
        except ValueError:
            raise self.error(f"a whole number expected, but it reads {line.strip()[:40]!r}") from None

    def _box(self):
        rows = []
        for _ in range(3):
            line = self.lines.next()
            try:
                rows.append([float(word) for word in line.split()][:4])
            except ValueError:
                rows.append([])
            if len(rows[-1]) < 2 or len(rows[-1]) != len(rows[0]):
                raise self.error(f"numbers expected, but it reads {line.strip()[:40]!r}")
        return np.array(rows)

    @staticmethod
    def _boundary(line):
        words = line.split()[-3:]
        return words if all(len(word) == 2 and set(word) <= set("pfsm") for word in words) else []

    def _read_atoms(self, frame, names):
        atoms, done = frame["atoms"], 0
        if atoms > 0:
            columns, places = self._choose(names)
        while done < atoms:
            width = len(columns) + self.spare
            most = min(LINES_AT_A_TIME, max(NUMBERS_AT_A_TIME // max(width, 1), 1))
            values = np.empty((min(most, atoms - done), width))
            count = self.lines.rows(names, places, values)
            self.rows += count
            if count < len(values):
                raise self.error(f"the file ends after {done + count} of the {atoms} atoms of "
                                 f"timestep {frame['timestep']}")
            if self.progress is not None:
                self.progress.show(self.raw.tell(), f"{self.path}: timestep {frame['timestep']}, "
                                                    f"{self.rows} rows")
            yield Block(frame["timestep"], atoms, frame["box"], columns, values, done,
                        frame["boundary"])
            done += count

    def _choose(self, names):
        """The names of the columns to read, and for each word of a line its place there or -1."""
        if self.wanted is None:
            words = self.lines.peek().split()
            chosen = [i for i in range(min(len(names), len(words))) if is_number(words[i])]
        else:
            wanted = self.wanted(names) if callable(self.wanted) else self.wanted
            missing = [name for name in wanted if name not in names]
            if missing:
                raise self.error(f"no column {', '.join(missing)}; there are: {' '.join(names)}")
            chosen = [names.index(name) for name in wanted]
            if len(set(chosen)) < len(chosen):
                raise self.error(f"a column is wanted twice: {' '.join(wanted)}")
        places = np.full(len(names), -1, np.int32)
        places[chosen] = np.arange(len(chosen))
        return [names[i] for i in chosen], places


def read_frame(path, timestep=None):
    """One whole frame, the last by default: (box, dict of columns)."""
    best, names = [], None
    for block in DumpReader(path):
        if timestep is not None and block.timestep != timestep:
            continue
        if block.first == 0:
            best = []
        best.append(block.values)
        names, box = block.columns, block.box
    if not best:
        raise MLGrainError(f"{path} has no atoms" if timestep is None
                           else f"{path} has no timestep {timestep}")
    return box, dict(zip(names, np.concatenate(best).T))


def total_size(paths):
    return sum(os.path.getsize(path) for path in paths if os.path.exists(path))
