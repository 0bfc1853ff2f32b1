# SPDX-License-Identifier: GPL-2.0-or-later
"""Feature tables: named columns of numbers, as an uncompressed .npz file.

Members: `values` [rows, columns] float64, `columns` (names), `sources` (the files rows came from;
column `source` holds places in it), `metadata` (a JSON object as text). `values` is mapped, not
read, so that a table may be larger than the memory.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import json
import operator
import os
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

import numpy as np

from ..errors import MLGrainError
from .dumps import DumpReader, Progress, total_size

MARKS = ("source", "timestep")  # columns that a table from dumps has besides those of the dump


@dataclass
class Table:
    columns: list
    values: np.ndarray
    sources: list = field(default_factory=list)
    metadata: dict = field(default_factory=dict)
    path: str = "the table"

    def __len__(self):
        return len(self.values)

    def places(self, names):
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise MLGrainError(f"{self.path} has no column {', '.join(missing)}; there are: "
                               f"{some_of(self.columns)}")
        place = {name: k for k, name in reversed(list(enumerate(self.columns)))}
        return [place[name] for name in names]

    def matrix(self, names):
        """A copy of some columns, [rows, names]."""
        return np.array(self.values[:, self.places(names)])

    def column(self, name):
        return np.array(self.values[:, self.places([name])[0]])

    def with_columns(self, names, arrays):
        """The table with further columns, or columns replaced."""
        keep = [name for name in self.columns if name not in names]
        values = np.column_stack([self.matrix(keep), *arrays])
        return Table(keep + list(names), values, self.sources, self.metadata, self.path)

    def rows(self, chosen):
        """The table with some of its rows: a mask, or numbers."""
        return Table(self.columns, np.array(self.values[chosen]), self.sources, self.metadata,
                     self.path)

    def default_features(self, target=None):
        """The columns of descriptors: P0_I0 ..., else soap_1 ..., else ler_1 ..."""
        for known in (is_descriptor, re.compile(r"soap_\d+$").match, re.compile(r"ler_\d+$").match):
            names = [name for name in self.columns if name != target and known(name)]
            if names:
                return names
        raise MLGrainError(f"{self.path} has no columns of descriptors (P0_I0 ... P4_I8, soap_1 ..., "
                           f"ler_1 ...); name the features. There are: {some_of(self.columns)}")

    def save(self, path):
        with TableWriter(path, self.columns, self.metadata) as writer:
            writer.sources = list(self.sources)
            for begin in range(0, len(self), 1 << 18):
                writer.append(self.values[begin:begin + (1 << 18)])

    @classmethod
    def load(cls, path):
        """Of an .npz file, or of a .csv file with a line of names: its columns of numbers, NaN where a
        field is empty."""
        if str(path).endswith(".csv"):
            return cls(*_read_csv(path), path=str(path))
        try:
            with zipfile.ZipFile(path) as archive, np.load(path) as members:
                parts = {name: members[name] for name in ("columns", "sources", "metadata")}
                values = _map_member(path, archive, "values.npy")
        except OSError as error:
            raise MLGrainError(f"{path} can't be read: {error.strerror or error}") from error
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            raise MLGrainError(f"{path} is no feature table ({error}); `mlgrain table` makes one") \
                from error
        return cls([str(name) for name in parts["columns"]], values,
                   [str(name) for name in parts["sources"]], json.loads(str(parts["metadata"])),
                   str(path))


def some_of(names, most=30):
    """Names for a message."""
    return " ".join(names[:most]) + (f" ... ({len(names)})" if len(names) > most else "")


def is_descriptor(name):
    return len(name) == 5 and name[0] == "P" and name[2:4] == "_I" and (name[1] + name[4]).isdigit()


def _read_csv(path):
    """(names, values [rows, columns]) of the columns of numbers."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
    if len(lines) < 2:
        raise MLGrainError(f"{path} needs a line of names, and lines of data")
    for number, line in enumerate(lines, 1):
        if len(line) != len(lines[0]):
            raise MLGrainError(f"{path}: {len(line)} fields in line {number} of data, but "
                               f"{len(lines[0])} names")
    names, columns = [], []
    for name, *words in zip(*lines):
        try:
            columns.append([float(word) if word.strip() else np.nan for word in words])
            names.append(name.strip())
        except ValueError:
            continue  # words
    if not names or len(set(names)) < len(names):
        raise MLGrainError(f"{path} has no column of numbers, or two of the same name")
    return names, np.array(columns).T.copy()


def _map_member(path, archive, name):
    """A member of an uncompressed .npz as a mapped array."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        with archive.open(name) as member:
            return np.lib.format.read_array(member)
    with archive.open(name) as member:
        np.lib.format.read_magic(member)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        head = member.tell()
    if 0 in shape:
        return np.empty(shape, dtype)
    with open(path, "rb") as file:
        file.seek(info.header_offset + 26)
        lengths = np.frombuffer(file.read(4), "<u2")
    begin = info.header_offset + 30 + int(lengths.sum()) + head
    return np.memmap(path, dtype, "r", begin, shape, "F" if fortran else "C")


class TableWriter:
    """Writes rows, once and in order, to a table that need not fit in memory.

    The file appears under its name when it is whole. The header of `values` and the checksum of the
    member are put right at the end, when the number of rows is known.
    """

    def __init__(self, path, columns, metadata):
        self.path, self.columns, self.metadata = str(path), list(columns), metadata
        self.sources, self.rows = [], 0

    def __enter__(self):
        folder = os.path.dirname(os.path.abspath(self.path))
        if not os.path.isdir(folder):
            raise MLGrainError(f"{self.path} can't be written: there is no folder {folder}")
        self.file = open(self.path + ".part", "wb")
        self.archive = zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED)
        self.member = self.archive.open("values.npy", "w", force_zip64=True)
        self.member.write(_values_header(0, 0))
        return self

    def append(self, values):
        self.member.write(np.ascontiguousarray(values, np.float64))
        self.rows += len(values)

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self._complete()
                os.replace(self.path + ".part", self.path)
        finally:
            for part in (self.member, self.archive, self.file):
                with contextlib.suppress(Exception):  # of a file that is given up
                    part.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path + ".part")

    def _complete(self):
        self.member.close()
        info = self.archive.getinfo("values.npy")
        header = _values_header(self.rows, len(self.columns))
        change = zlib.crc32(_values_header(0, 0)) ^ zlib.crc32(header)
        info.CRC ^= _crc_after(change, info.file_size - len(header))
        for name, array in (("columns", np.array(self.columns, dtype=np.str_)),
                            ("sources", np.array(self.sources, dtype=np.str_)),
                            ("metadata", np.array(json.dumps(self.metadata)))):
            with self.archive.open(name + ".npy", "w") as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
        self.archive.close()
        self.file.seek(info.header_offset)
        self.file.write(info.FileHeader(zip64=True) + header)
        self.file.close()


def _values_header(rows, columns):
    """The header of the .npy file, as long for any number of rows; numbers begin at byte 192."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    return np.lib.format.magic(1, 0) + struct.pack("<H", 122) + text.ljust(121).encode() + b"\n"


def _crc_after(change, zeros):
    """What a change of a CRC-32 becomes after so many further bytes; it is linear in them."""
    def times(matrix, vector):
        return functools.reduce(operator.xor, (matrix[k] for k in range(32) if vector >> k & 1), 0)

    matrix = [zlib.crc32(b"\0", 1 << k) ^ zlib.crc32(b"\0") for k in range(32)]  # of one byte
    while zeros:
        if zeros & 1:
            change = times(matrix, change)
        matrix = [times(matrix, column) for column in matrix]  # of twice as many
        zeros >>= 1
    return change


def table_from_dumps(dumps, output, columns=None, rename=None, metadata=None, frame=None,
                     quiet=False):
    """Writes a table of all atoms in some dumps; returns the number of rows.

    rename: dict from names in the dump to names in the table. frame: "first" or "last", to take only
    that frame of each dump.
    """
    rename = rename or {}
    size, before, writer = total_size(dumps), 0, None
    progress = Progress(size, quiet)
    writer = TableWriter(output, [], metadata or {})
    with writer:
        writer.sources = [str(path) for path in dumps]
        for number, path in enumerate(dumps):
            step = _timestep(path, frame) if frame else None
            offset = _Shifted(progress, before)
            for block in DumpReader(path, columns, offset, spare=len(MARKS)):
                if step is not None and block.timestep != step:
                    continue
                names = [rename.get(name, name) for name in block.columns] + list(MARKS)
                if not writer.columns:
                    writer.columns = names
                elif writer.columns != names:
                    raise MLGrainError(f"{path} has columns {' '.join(names[:-2])}, but those before "
                                       f"it {' '.join(writer.columns[:-2])}; name the columns wanted")
                block.values[:, -len(MARKS):] = number, block.timestep
                writer.append(block.values)
            before += os.path.getsize(path)
        progress.finish()
        if len(set(writer.columns)) != len(writer.columns):
            raise MLGrainError(f"two columns have the same name: {' '.join(writer.columns)}")
        if not writer.rows:
            raise MLGrainError("the dumps have no atoms")
    return writer.rows


def _timestep(path, frame):
    """Of the first or the last frame of a dump that has atoms."""
    step = None
    for block in DumpReader(path, []):
        step = block.timestep
        if frame == "first":
            break
    if step is None:
        raise MLGrainError(f"{path} has no atoms")
    return step


class _Shifted:
    """Progress within one of several files."""

    def __init__(self, progress, before):
        self.progress, self.before = progress, before

    def show(self, done, text):
        self.progress.show(self.before + done, text)
