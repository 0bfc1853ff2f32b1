# SPDX-License-Identifier: GPL-2.0-or-later
"""Atoms of many files, frame by frame: dumps and data files of LAMMPS, and what ASE reads (.xyz ...).

One frame is in memory at a time, with the columns that are asked for.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError
from .dumps import DumpReader
from .lines import Lines, open_binary

POSITIONS = (("x", "y", "z"), ("xu", "yu", "zu"), ("xs", "ys", "zs"), ("xsu", "ysu", "zsu"))
# Words of a line of a data file's section Atoms, but for image flags.
STYLES = {"atomic": "id type x y z", "charge": "id type q x y z", "full": "id mol type q x y z",
          "sphere": "id type diameter density x y z",
          "ellipsoid": "id type ellipsoidflag density x y z",
          "dipole": "id type q x y z mux muy muz",
          **dict.fromkeys(("bond", "angle", "molecular"), "id mol type x y z")}
COMPRESSED = (".gz", ".xz", ".zst", ".zstd")


@dataclass
class Frame:
    """The atoms of one time.

    positions  [atoms, 3], from the origin of the cell
    cell       [3, 3], rows are the edges
    pbc        three bools
    ids        int64 [atoms]; 1, 2, ... where the file has none
    known      whether atoms have their ids, or their order, in all frames: not in dumps without ids
    elements   whether types are atomic numbers
    types      int64 [atoms], LAMMPS' types, or atomic numbers of what ASE has read
    columns    {name: [atoms]}, those asked for
    """

    path: str
    timestep: int
    positions: np.ndarray
    cell: np.ndarray
    pbc: tuple
    ids: np.ndarray
    types: np.ndarray
    columns: dict
    known: bool = True
    elements: bool = False

    def __len__(self):
        return len(self.positions)

    @property
    def atoms(self):
        """As mlgrain.soap takes them."""
        return self.positions, self.cell, self.pbc

    @property
    def place(self):
        """For messages."""
        return f"{self.path}, timestep {self.timestep}"

    def fractions(self, axis):
        """Of the cell along an edge: [atoms], and the distance of the faces that it joins."""
        normal = np.cross(self.cell[axis - 2], self.cell[axis - 1])
        area = np.linalg.norm(normal)
        volume = abs(np.dot(normal, self.cell[axis]))
        if not volume:
            raise MLGrainError(f"{self.place}: the cell has no volume")
        return self.positions @ normal / np.dot(normal, self.cell[axis]), volume / area


def read_frames(paths, columns=(), pbc=None, progress=None):
    """Yields every Frame of files, one file after the other.

    columns   names of further columns of numbers
    pbc       three bools instead of what files say. Data files say nothing, and count as periodic, as
              LAMMPS has it without command boundary
    progress  called with the text of where it is, after each frame
    """
    for path in map(os.fspath, paths):
        found = 0
        for frame in _reader_of(path)(path, tuple(dict.fromkeys(columns)), pbc):
            if pbc is not None:
                frame.pbc = tuple(pbc)
            _check(frame)
            found += 1
            if progress is not None:
                progress(frame.place)
            yield frame
        if not found:
            raise MLGrainError(f"{path} has no atoms")


def _check(frame):
    bad = ~np.isfinite(frame.positions).all(axis=1)
    if bad.any():
        raise MLGrainError(f"{frame.place}: atom {frame.ids[bad.argmax()]} has a coordinate that is "
                           "not finite")
    if len(np.unique(frame.ids)) < len(frame.ids):
        raise MLGrainError(f"{frame.place}: two atoms have the same id")


def _reader_of(path):
    name = path
    while name.endswith(COMPRESSED):
        name = os.path.splitext(name)[0]
    if name.endswith((".xyz", ".extxyz")):
        return _ase_frames
    with open_binary(path) as raw, Lines(path, raw) as lines:
        try:
            for number in range(40):
                line = lines.next()
                if number == 0 and line.startswith("ITEM: "):
                    return _dump_frames
                if re.match(r"\s*\d+\s+atoms\s*(#.*)?$", line):
                    return _data_frames
        except MLGrainError as error:
            if not isinstance(error.__cause__, UnicodeDecodeError):
                raise
            return _ase_frames  # no text: a format of ASE's
    return _ase_frames


# ---- dumps ---------------------------------------------------------------------------------------


class _DumpColumns:
    """Which columns of a dump are wanted: DumpReader asks for them."""

    def __init__(self, path, further):
        self.path, self.further, self.positions = path, further, None

    def __call__(self, names):
        for positions in POSITIONS:
            if set(positions) <= set(names):
                self.positions = positions
                wanted = [*positions, *(name for name in ("id", "type") if name in names)]
                return wanted + [name for name in self.further if name not in wanted]
        raise MLGrainError(f"{self.path}: no positions among the columns {' '.join(names)}; they are "
                           "x y z, xu yu zu, xs ys zs or xsu ysu zsu")


def _dump_frames(path, further, pbc):
    wanted, parts = _DumpColumns(path, further), []
    for block in DumpReader(path, wanted):
        parts.append(block.values)
        if block.first + len(block.values) == block.atoms:
            yield _dump_frame(path, block, np.concatenate(parts), wanted, pbc)
            parts = []


def _dump_frame(path, block, values, wanted, pbc):
    if not block.boundary and pbc is None:
        raise MLGrainError(f"{path}, timestep {block.timestep}: BOX BOUNDS doesn't say where the box is "
                           "periodic; give --boundary")
    columns = dict(zip(block.columns, values.T))
    cell, origin = _cell_of_box(block.box, f"{path}, timestep {block.timestep}")
    positions = np.stack([columns[name] for name in wanted.positions], axis=1)
    if "s" in wanted.positions[0]:
        positions = positions @ cell
    else:
        positions -= origin
    place = f"{path}, timestep {block.timestep}"
    return Frame(path, block.timestep, positions, cell,
                 tuple(word == "pp" for word in block.boundary),
                 _whole(columns.get("id"), len(values), "id", place, 1),
                 _whole(columns.get("type"), len(values), "type", place, 0),
                 {name: columns[name].copy() for name in wanted.further}, "id" in columns)


def _whole(values, count, name, place, first):
    """int64 of a column; without it first, first + 1 ... for ids, ones for types."""
    if values is None:
        return np.arange(1, count + 1) if first else np.ones(count, np.int64)
    if not (np.abs(values) < 2**53).all() or (values != np.floor(values)).any():
        raise MLGrainError(f"{place}: column {name} has numbers that are not whole")
    return values.astype(np.int64)


def _cell_of_box(box, place):
    """(edges as rows, origin) of the numbers of BOX BOUNDS."""
    if not np.isfinite(box).all():
        raise MLGrainError(f"{place}: BOX BOUNDS has a number that is not finite")
    if box.shape[1] == 4:  # general triclinic: edges, and the origin in the last column
        return box[:, :3].copy(), box[:, 3].copy()
    xy, xz, yz = box[:, 2] if box.shape[1] == 3 else (0.0, 0.0, 0.0)
    low = box[:, 0] - [min(0, xy, xz, xy + xz), min(0, yz), 0]  # BOX BOUNDS bounds the tilted box
    high = box[:, 1] - [max(0, xy, xz, xy + xz), max(0, yz), 0]
    if not (high > low).all():
        raise MLGrainError(f"{place}: BOX BOUNDS are not in order")
    x, y, z = high - low
    return np.array([[x, 0, 0], [xy, y, 0], [xz, yz, z]]), low


# ---- data files ----------------------------------------------------------------------------------


def _data_frames(path, further, _):
    with open_binary(path) as raw, Lines(path, raw) as lines:
        head, style = _data_head(lines)
        cell, origin = _data_cell(lines, head)
        lines.next()  # an empty line
        names = _data_names(lines, style, len(lines.peek().split()))
        wanted = ["id", "type", "x", "y", "z", *(n for n in further if n not in ("id", "type"))]
        missing = [name for name in wanted if name not in names]
        if missing:
            raise lines.error(f"the section Atoms has no {', '.join(missing)}; it has "
                              f"{' '.join(names)}")
        places = np.full(len(names), -1, np.int32)
        for k, name in enumerate(wanted):
            places[names.index(name)] = k
        values = np.empty((head["atoms"], len(wanted)))
        count = lines.rows(names, places, values)
        if count < len(values):
            raise lines.error(f"the file ends after {count} of {len(values)} atoms")
    columns = dict(zip(wanted, values.T))
    if len(values):
        yield Frame(path, 0, values[:, 2:5] - origin, cell, (True, True, True),
                    _whole(columns["id"], len(values), "id", path, 1),
                    _whole(columns["type"], len(values), "type", path, 0),
                    {name: columns[name].copy() for name in further})


def _data_head(lines):
    """What the header says, and the atom style behind the word Atoms, which is read last."""
    head = {}
    lines.next()  # the title
    while True:
        line = lines.next()
        if not line:
            raise lines.error("the file ends before the section Atoms")
        text, _, comment = line.partition("#")
        words = text.split()
        if words[:1] == ["Atoms"]:
            if "atoms" not in head:
                raise lines.error("the section Atoms comes before the number of atoms")
            return head, comment.strip()
        try:
            if words[1:] == ["atoms"]:
                head["atoms"] = int(words[0])
            elif len(words) in (4, 5, 6) and words[-1].endswith(("hi", "yz", "vec", "origin")):
                numbers = [float(word) for word in words if word[0] in "+-.0123456789"]
                head[" ".join(words[len(numbers):])] = numbers
        except ValueError:
            raise lines.error(f"numbers expected, but it reads {line.strip()[:40]!r}") from None


def _data_cell(lines, head):
    """(edges as rows, origin)"""
    if "avec" in head:
        box = [head.get(key, []) for key in ("avec", "bvec", "cvec", "abc origin")]
        if any(len(row) != 3 for row in box):
            raise lines.error("the header lacks avec, bvec, cvec or abc origin")
        return np.array(box[:3]), np.array(box[3])
    rows = [head.get(key, []) for key in ("xlo xhi", "ylo yhi", "zlo zhi")]
    tilt = head.get("xy xz yz", [0.0, 0.0, 0.0])
    if any(len(row) != 2 or not row[0] < row[1] for row in rows) or len(tilt) != 3:
        raise lines.error("the header has no box: xlo xhi, ylo yhi, zlo zhi in order")
    low, high = np.array(rows).T
    (x, y, z), (xy, xz, yz) = high - low, tilt
    return np.array([[x, 0, 0], [xy, y, 0], [xz, yz, z]]), low


def _data_names(lines, style, width):
    if not style and width in (5, 8):
        style = "atomic"
    if style not in STYLES:
        raise lines.error("the section Atoms should say its style (Atoms # charge), one of "
                          f"{', '.join(STYLES)}" + (f"; it says {style!r}" if style else ""))
    names = STYLES[style].split()
    return names + ["ix", "iy", "iz"] if width == len(names) + 3 else names


# ---- all else ------------------------------------------------------------------------------------


def _ase_frames(path, further, _):
    try:
        import ase.io
    except ImportError:
        raise MLGrainError(f"{path} is neither a dump nor a data file of LAMMPS, and ASE, which reads "
                           "others, isn't installed") from None
    frames = ase.io.iread(path, index=":")
    step = 0
    while True:
        try:
            atoms = next(frames)
        except StopIteration:
            return
        except Exception as error:  # each of its readers raises its own
            raise MLGrainError(f"{path} can't be read by ASE: {error}") from error
        if len(atoms):
            yield _ase_frame(path, int(atoms.info.get("timestep", step)), atoms, further)
        step += 1


def _ase_frame(path, step, atoms, further):
    place = f"{path}, timestep {step}"
    known = {name: values for name, values in atoms.arrays.items()
             if np.ndim(values) == 1 and np.asarray(values).dtype.kind in "biuf"}
    missing = [name for name in further if name not in known and name not in ("x", "y", "z")]
    if missing:
        raise MLGrainError(f"{place}: no column {', '.join(missing)}; there are: {' '.join(known)}")
    columns = {name: np.asarray(known[name], float) if name in known
               else atoms.positions[:, "xyz".index(name)].copy() for name in further}
    ids = known.get("id")
    return Frame(path, step, np.array(atoms.positions, float), np.array(atoms.cell[:], float),
                 tuple(bool(one) for one in atoms.pbc),
                 _whole(None if ids is None else np.asarray(ids, float), len(atoms), "id", place, 1),
                 np.asarray(atoms.numbers, np.int64), columns, elements=True)
