# SPDX-License-Identifier: GPL-2.0-or-later
"""Grains over time: the tables of fix grains, as arrays, graphs, and sums for each step.

A table is a dictionary of arrays by the names of its columns. A graph of one step has the grains as
nodes and their boundaries as edges; edges are given once, grain1 < grain2.
"""

from __future__ import annotations

import os
import xml.sax.saxutils
import zipfile
from dataclasses import dataclass, field

import numpy as np

from .errors import MLGrainError
from .homogenize.microstructure import Microstructure
from .tables.dumps import read_frame

WORDS = {"structure", "event"}
WHOLE = {"step", "grain", "grain1", "grain2", "grain3", "other", "atoms", "inner", "surface",
         "neighbors", "gained", "shared", "kind", "sigma"}
# What the columns of nodes and edges of a graph are, by default.
NODE_COLUMNS = ("volume", "x", "y", "z", "qw", "qx", "qy", "qz", "spread", "atoms")
EDGE_COLUMNS = ("area", "angle", "ax", "ay", "az", "nx", "ny", "nz", "energy", "volume", "sigma")
LINE_COLUMNS = ("length", "tx", "ty", "tz")


def read_table(path, needed):
    """A table of fix grains. `needed`: columns that must be there."""
    names, rows = None, []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split()
                if not words:
                    continue
                if words[0] == "#":
                    names = words[1:]
                elif names is None:
                    raise MLGrainError(f"{path}: no line with the names of the columns before line "
                                       f"{number}")
                elif len(words) != len(names):
                    raise MLGrainError(f"{path}, line {number}: {len(words)} words in {len(names)} "
                                       "columns")
                else:
                    rows.append(words)
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MLGrainError(f"{path} is no text") from error
    missing = [name for name in needed if name not in (names or [])]
    if missing:
        raise MLGrainError(f"{path} is no table of fix grains: it has no column {missing[0]}")
    return {name: _column(path, name, [row[k] for row in rows]) for k, name in enumerate(names)}


def _column(path, name, words):
    kind = str if name in WORDS else np.int64 if name in WHOLE else np.float64
    try:
        return np.array(words, dtype=kind)
    except ValueError as error:
        raise MLGrainError(f"{path}: column {name} holds something that is no number: "
                           f"{error}") from error


def _rows(table, chosen):
    return {name: values[chosen] for name, values in table.items()}


@dataclass
class Graph:
    """Grains, boundaries and, where they are known, triple lines of a step. index[2, edges],
    line_index[3, lines]: places of the grains among the nodes."""

    step: int
    nodes: dict
    edges: dict
    index: np.ndarray
    lines: dict | None = None
    line_index: np.ndarray | None = None

    def node_values(self, columns=NODE_COLUMNS):
        """[nodes, columns]."""
        return _values(self.nodes, columns)

    def edge_values(self, columns=EDGE_COLUMNS):
        """[edges, columns]."""
        return _values(self.edges, columns)


def _values(table, columns):
    for name in columns:
        if name not in table:
            raise MLGrainError(f"there is no column {name}")
        if table[name].dtype.kind == "U":
            raise MLGrainError(f"column {name} is no number")
    return np.stack([table[name].astype(float) for name in columns], axis=1) if columns \
        else np.empty((len(table["step"]), 0))


@dataclass
class History:
    """The tables of a run."""

    grains: dict
    boundaries: dict | None = None
    events: dict | None = None
    lines: dict | None = None
    steps: np.ndarray = field(init=False)

    def __post_init__(self):
        self.steps = np.unique(self.grains["step"])

    @classmethod
    def read(cls, grains, boundaries=None, events=None, lines=None):
        """From files of fix grains."""
        return cls(read_table(grains, ("step", "grain", "atoms", "volume", "qw")),
                   boundaries and read_table(boundaries, ("step", "grain1", "grain2", "area")),
                   events and read_table(events, ("step", "event", "grain")),
                   lines and read_table(lines, ("step", "grain1", "grain2", "grain3", "length")))

    def frame(self, step):
        """Rows of the grains at a step: the last for each grain, if it is there several times."""
        rows = np.flatnonzero(self.grains["step"] == step)
        if not len(rows):
            raise MLGrainError(f"there is no step {step}")
        return _rows(self.grains, _last(self.grains["grain"][rows], rows))

    def graph(self, step):
        nodes = self.frame(step)
        if self.boundaries is None:
            raise MLGrainError("a graph needs the table of boundaries, too")
        edges, index = _between(self.boundaries, step, nodes["grain"], 2, "a boundary")
        if self.lines is None:
            return Graph(int(step), nodes, edges, index)
        return Graph(int(step), nodes, edges, index,
                     *_between(self.lines, step, nodes["grain"], 3, "a line"))

    def sizes(self):
        """For each step: number of grains, mean volume, mean diameter squared, standard deviation
        of diameters over their mean."""
        found = {name: [] for name in ("grains", "volume", "square", "deviation")}
        for step in self.steps:
            frame = self.frame(step)
            diameter = np.cbrt(6.0 * frame["volume"] / np.pi)
            found["grains"].append(len(diameter))
            found["volume"].append(frame["volume"].mean())
            found["square"].append(np.mean(diameter) ** 2)
            mean = diameter.mean()
            found["deviation"].append(diameter.std() / mean if mean else np.nan)
        return {"step": self.steps, **{name: np.array(values) for name, values in found.items()}}


def _last(key, rows):
    """Of rows with the same key the last, ascending by key."""
    _, first = np.unique(key[::-1], return_index=True)
    return rows[len(rows) - 1 - first]


def _between(table, step, grains, count, what):
    """Rows of a step, the last for each pair (count 2) or triple of grains, and the places of these
    among `grains`."""
    rows = np.flatnonzero(table["step"] == step)
    names = [f"grain{k + 1}" for k in range(count)]
    numbers = np.stack([table[name][rows] for name in names])
    _, group = np.unique(numbers, axis=1, return_inverse=True)
    chosen = _rows(table, _last(group.reshape(-1), rows))
    index = np.stack([np.searchsorted(grains, chosen[name]) for name in names])
    known = index < len(grains)
    for k, name in enumerate(names):
        if not known[k].all() or (grains[index[k]] != chosen[name]).any():
            raise MLGrainError(f"step {step}: {what} is of a grain that isn't there")
    return chosen, index


def random_disorientations(count=200000, seed=0):
    """Disorientations of cubic crystals oriented at random, in degrees: J. K. Mackenzie's
    distribution, Biometrika 45 (1958) 229, as draws."""
    q = np.random.default_rng(seed).standard_normal((count, 4))
    q = np.sort(np.abs(q / np.linalg.norm(q, axis=1, keepdims=True)), axis=1)[:, ::-1]
    cosine = np.max([q[:, 0], (q[:, 0] + q[:, 1]) / np.sqrt(2.0), q.sum(axis=1) / 2.0], axis=0)
    return 2.0 * np.degrees(np.arccos(np.minimum(cosine, 1.0)))


def write_npz(path, history, node_columns=NODE_COLUMNS, edge_columns=EDGE_COLUMNS):
    """All steps in one file of NumPy: doc/python.md says what is in it."""
    graphs = [history.graph(step) for step in history.steps]
    arrays = {
        "step": history.steps,
        "node_start": np.cumsum([0] + [len(g.nodes["step"]) for g in graphs]),
        "edge_start": np.cumsum([0] + [g.index.shape[1] for g in graphs]),
        "grain": np.concatenate([g.nodes["grain"] for g in graphs]),
        "x": np.concatenate([g.node_values(node_columns) for g in graphs]),
        "edge_index": np.concatenate([g.index for g in graphs], axis=1),
        "edge_attr": np.concatenate([g.edge_values(edge_columns) for g in graphs]),
        "node_columns": np.array(node_columns), "edge_columns": np.array(edge_columns)}
    if history.lines is not None:
        arrays |= {
            "line_start": np.cumsum([0] + [g.line_index.shape[1] for g in graphs]),
            "line_index": np.concatenate([g.line_index for g in graphs], axis=1),
            "line_attr": np.concatenate([_values(g.lines, LINE_COLUMNS) for g in graphs]),
            "line_columns": np.array(LINE_COLUMNS)}
    _write_whole(path, lambda draft: _save(draft, arrays))


def _save(draft, arrays):
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.ascontiguousarray(values), allow_pickle=False)


def write_graphml(path, graph):
    """The graph of a step, with all columns, as networkx, yEd or Gephi read it."""
    kinds = {"i": "long", "f": "double", "U": "string"}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    for place, table in (("node", graph.nodes), ("edge", graph.edges)):
        # ids are XML name tokens, which columns' names, as v_x[1], need not be
        lines += [f'<key id="{place}{k}" for="{place}" '
                  f'attr.name={xml.sax.saxutils.quoteattr(name)} '
                  f'attr.type="{kinds[values.dtype.kind]}"/>'
                  for k, (name, values) in enumerate(table.items())]
    lines.append(f'<graph id="step{graph.step}" edgedefault="undirected">')
    for row, number in enumerate(graph.nodes["grain"]):
        lines.append(f'<node id="{number}">{_data("node", graph.nodes, row)}</node>')
    for row in range(graph.index.shape[1]):
        one, two = graph.edges["grain1"][row], graph.edges["grain2"][row]
        data = _data("edge", graph.edges, row)
        lines.append(f'<edge source="{one}" target="{two}">{data}</edge>')
    lines += ["</graph>", "</graphml>", ""]

    def write(draft):
        with open(draft, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
    _write_whole(path, write)


def _data(place, table, row):
    return "".join(f'<data key="{place}{k}">{_text(values[row])}</data>'
                   for k, values in enumerate(table.values()))


def _text(value):
    if isinstance(value, np.str_):
        return xml.sax.saxutils.escape(str(value))
    return "NaN" if value != value else repr(value.item())


def _write_whole(path, write):
    """Under its name is never half of a file."""
    draft = f"{path}.part"
    try:
        write(draft)
        os.replace(draft, path)
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror}") from error


def voxels(positions, grain, low, edges, size, orientations=None, structures=None):
    """A Microstructure of a rectangular periodic box: each voxel has the grain of the atom nearest
    to its center.

    positions     [n, 3] of atoms
    grain         [n] their grains; 0: none
    low, edges    corner and edges of the box
    size          numbers of voxels along x, y, z
    orientations  {grain: quaternion}
    structures    {grain: fcc, ...}
    """
    from scipy.spatial import cKDTree

    low, edges, size = (np.asarray(value, np.float64) for value in (low, edges, size))
    if not (edges > 0).all() or not np.isfinite(positions).all():
        raise MLGrainError("voxels need a box with a volume and atoms whose positions are finite")
    if not len(positions):
        raise MLGrainError("there are no atoms to make voxels of")
    size = size.astype(int)
    spacing = edges / size
    inside = np.mod(np.asarray(positions, np.float64) - low, edges)
    inside[inside >= edges] = 0.0  # mod rounds up to the edge
    tree = cKDTree(inside, boxsize=edges)
    labels = np.empty(size, np.int64)
    y, z = (spacing[d] * (np.arange(size[d]) + 0.5) for d in (1, 2))
    plane = np.stack(np.meshgrid(y, z, indexing="ij"), axis=-1).reshape(-1, 2)
    for i in range(size[0]):
        centers = np.column_stack([np.full(len(plane), spacing[0] * (i + 0.5)), plane])
        labels[i] = np.asarray(grain)[tree.query(centers)[1]].reshape(size[1:])
    return Microstructure(labels, spacing, dict(orientations or {}),
                          structures=dict(structures or {}))


def voxels_of_dump(path, column, size, history=None, step=None, inner=None):
    """voxels() of a frame of a dump, the last by default, with the grains' orientations at
    that step.

    column   of the dump that holds grain numbers, such as f_g[1]
    inner    column that is 0 for atoms of boundaries, such as f_g[3]: they are in no grain then
    """
    box, columns = read_frame(path, step)
    if box.shape != (3, 2):
        raise MLGrainError(f"{path}: voxels are made of rectangular boxes only")
    for names in (("x", "y", "z"), ("xu", "yu", "zu"), ("xs", "ys", "zs")):
        if all(name in columns for name in names):
            break
    else:
        raise MLGrainError(f"{path} has no columns x y z")
    for name in (column, inner):
        if name is not None and name not in columns:
            raise MLGrainError(f"{path} has no column {name}")
    positions = np.column_stack([columns[name] for name in names])
    edges = box[:, 1] - box[:, 0]
    if names[0] == "xs":
        positions = box[:, 0] + positions * edges
    orientations, structures = {}, {}
    if history is not None:
        frame = history.frame(history.steps[-1] if step is None else step)
        quaternions = np.column_stack([frame[name] for name in ("qw", "qx", "qy", "qz")])
        orientations = dict(zip(frame["grain"].tolist(), quaternions))
        structures = dict(zip(frame["grain"].tolist(), map(str, frame.get("structure", ()))))
    grain = columns[column].astype(np.int64)
    if inner is not None:
        grain[columns[inner] == 0] = 0
    return voxels(positions, grain, box[:, 0], edges, size, orientations, structures)
