# SPDX-License-Identifier: GPL-2.0-or-later
"""LAMMPS dump files (text; plain, .gz, .zst), read frame by frame in bounded memory."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import sys
import time
from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError

LINES_AT_A_TIME = 1 << 16


@dataclass
class Block:
    """Consecutive atoms of one frame. A frame of many atoms comes in several blocks."""

    timestep: int
    atoms: int  # in the frame
    box: np.ndarray  # the numbers of BOX BOUNDS, [3, 2 or more]
    columns: list  # names of the columns that were asked for
    values: np.ndarray  # [rows, columns], float64
    first: int  # number of the first row within its frame


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
    """Iterates over the blocks of a dump. `columns`: the names wanted, None for all numeric ones."""

    def __init__(self, path, columns=None, progress=None):
        self.path, self.wanted, self.progress = str(path), columns, progress
        self.line = 0  # number of the line read last
        self.rows = 0

    def error(self, text, line=None):
        return MLGrainError(f"{self.path}, line {line or self.line}: {text}")

    def __iter__(self):
        with open_binary(self.path) as raw:
            self.raw = raw
            try:
                with decompressed(self.path, raw) as self.file:
                    yield from self._frames()
            except (EOFError, gzip.BadGzipFile, UnicodeDecodeError) as error:
                raise self.error(f"the file is damaged or cut off: {error}") from error
            except Exception as error:
                if type(error).__name__ == "ZstdError":
                    raise self.error(f"the file is damaged or cut off: {error}") from error
                raise

    def _next_line(self):
        line = self.file.readline()
        if line:
            self.line += 1
        return line

    def _frames(self):
        line = self._next_line()
        if not line:
            raise MLGrainError(f"{self.path} is empty")
        while line:
            if not line.startswith("ITEM: "):
                raise self.error(f"'ITEM: ...' expected, but it reads {line.strip()[:40]!r}")
            frame, names = self._read_head(line)
            yield from self._read_atoms(frame, names)
            line = self._next_line()

    def _read_head(self, line):
        """Reads up to ITEM: ATOMS; returns what the frame's header says and the columns' names."""
        frame = {}
        while True:
            if line.startswith("ITEM: TIMESTEP"):
                frame["timestep"] = self._integer()
            elif line.startswith("ITEM: NUMBER OF ATOMS"):
                frame["atoms"] = self._integer()
            elif line.startswith("ITEM: BOX BOUNDS"):
                frame["box"] = np.array([self._floats(self._next_line()) for _ in range(3)])
            elif line.startswith("ITEM: ATOMS"):
                missing = {"timestep", "atoms", "box"} - set(frame)
                if missing:
                    raise self.error(f"the frame has atoms before its {' and '.join(sorted(missing))}")
                return frame, line.split()[2:]
            elif line.startswith("ITEM: "):  # UNITS, TIME
                self._next_line()
            else:
                raise self.error(f"'ITEM: ...' expected, but it reads {line.strip()[:40]!r}")
            line = self._next_line()
            if not line:
                raise self.error("the file ends within the header of a frame")

    def _integer(self):
        line = self._next_line()
        try:
            return int(line)
        except ValueError:
            raise self.error(f"a whole number expected, but it reads {line.strip()[:40]!r}") from None

    def _floats(self, line):
        try:
            return [float(word) for word in line.split()][:3]
        except ValueError:
            raise self.error(f"numbers expected, but it reads {line.strip()[:40]!r}") from None

    def _read_atoms(self, frame, names):
        columns, places, done = None, None, 0
        while done < frame["atoms"]:
            count = min(LINES_AT_A_TIME, frame["atoms"] - done)
            lines = list(itertools.islice(self.file, count))
            if len(lines) < count:
                self.line += len(lines)
                raise self.error(f"the file ends after {done + len(lines)} of the "
                                 f"{frame['atoms']} atoms of timestep {frame['timestep']}")
            if columns is None:
                columns, places = self._choose(names, lines[0])
            values = self._parse(lines, names, places)
            self.line += count
            self.rows += count
            if self.progress is not None:
                self.progress.show(self.raw.tell(), f"{self.path}: timestep {frame['timestep']}, "
                                                    f"{self.rows} rows")
            yield Block(frame["timestep"], frame["atoms"], frame["box"], columns, values, done)
            done += count

    def _choose(self, names, first):
        if self.wanted is not None:
            missing = [name for name in self.wanted if name not in names]
            if missing:
                raise self.error(f"no column {', '.join(missing)}; there are: {' '.join(names)}")
            return list(self.wanted), [names.index(name) for name in self.wanted]
        words = first.split()
        places = [i for i in range(min(len(names), len(words))) if is_number(words[i])]
        return [names[i] for i in places], places

    def _parse(self, lines, names, places):
        if not places:
            return np.empty((len(lines), 0))
        try:
            if all(len(line.split()) == len(names) for line in lines):
                return np.loadtxt(lines, usecols=places, ndmin=2, comments=None)
        except ValueError:
            pass
        return self._parse_slowly(lines, names, places)

    def _parse_slowly(self, lines, names, places):
        """The same, to find the line that is wrong."""
        values = np.empty((len(lines), len(places)))
        for row, line in enumerate(lines):
            words, number = line.split(), self.line + row + 1
            if len(words) != len(names):
                raise self.error(f"{len(words)} words, but the frame has {len(names)} columns "
                                 f"({' '.join(names)})", number)
            for k, place in enumerate(places):
                if not is_number(words[place]):
                    raise self.error(f"column {names[place]} is not a number: {words[place]!r}",
                                     number)
                values[row, k] = float(words[place])
        return values


def is_number(word):
    try:
        float(word)
        return True
    except ValueError:
        return False


def open_binary(path):
    try:
        return open(path, "rb")
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error


def decompressed(path, raw):
    """A text file over an open binary one, by the ending of its name."""
    if path.endswith(".gz"):
        return io.TextIOWrapper(gzip.GzipFile(fileobj=raw), encoding="ascii")
    if path.endswith((".zst", ".zstd")):
        try:
            import zstandard
        except ImportError:
            raise MLGrainError(f"{path}: reading .zst files takes the Python package zstandard "
                               "(pip install zstandard)") from None
        stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return io.TextIOWrapper(io.BufferedReader(stream), encoding="ascii")
    return io.TextIOWrapper(raw, encoding="ascii")


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
