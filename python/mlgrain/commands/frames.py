# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that say what atoms of what files are described by power spectra, and how."""

from __future__ import annotations

import argparse
import glob
import os
import sys
import time

import numpy as np

from ..boundaries.selection import GAP, Selection, Slab
from ..errors import MLGrainError
from ..models.modelfile import json_text
from ..representations import Spectra, steps
from ..spectra import load_projection, soap_parameters
from ..tables.frames import read_frames
from . import common

FILES = "dumps (also .gz, .xz, .zst) and data files of LAMMPS, or what ASE reads (.xyz ...); " \
        "patterns in quotes, too"
AXES = {"x": 0, "y": 1, "z": 2}


def above(low):
    """An argparse type: a finite number above `low`, or at least `low` if that is 0."""
    def convert(text):
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not low <= value < np.inf:
            raise argparse.ArgumentTypeError(f"{text} is not a number of at least {low}")
        return value
    return convert


def add_spectra(parser, project=False):
    group = parser.add_argument_group("the vectors, as in compute soap/atom")
    if project:
        group.add_argument("--project", metavar="FILE", help="a projection of `mlgrain soap project`, which "
                           "says all the rest")
    group.add_argument("--soap", nargs=5, required=not project,
                       metavar=("BASIS", "RCUT", "NMAX", "LMAX", "SIGMA"),
                       help="quippy 5.0 18 18 0.5, say, or gto ...")
    group.add_argument("--width", type=above(0), default=0.5,
                       help="quippy: over which neighbors fade out (default 0.5)")
    group.add_argument("--central", type=above(0), default=1.0,
                       help="weight of the atom's own Gaussian (default 1)")
    group.add_argument("--normalise", action="store_true", help="vectors of length 1")


def add_types(parser):
    group = parser.add_argument_group("types of atoms")
    group.add_argument("--species", nargs="+", metavar="N", help="the species of type 1, type 2 ...: 1 "
                       "to 16, or 0 for invisible atoms; or chemical symbols, for files with elements "
                       "(default: types are not told apart)")
    group.add_argument("--weights", nargs="+", type=above(0), metavar="W",
                       help="factors on the Gaussians of atoms of type 1, type 2 ... (default 1)")
    parser.add_argument("--precision", choices=("double", "single"), default="double",
                        help="of the arithmetic (default double)")
    parser.add_argument("--threads", type=common.whole(1), default=1, metavar="N",
                        help="of the processor (default 1)")


def add_files(parser, nargs="+"):
    parser.add_argument("files", nargs=nargs, metavar="FILE", help=FILES)
    group = parser.add_argument_group("which atoms (default: all)")
    group.add_argument("--where", nargs=3, action="append", default=[],
                       metavar=("COLUMN", "LOW", "HIGH"),
                       help="those with a column in this range; may be given several times")
    group.add_argument("--inset", type=above(0), metavar="D", help="those farther than this from the "
                       "outermost ones along --normal: no surfaces")
    group.add_argument("--slab", nargs="+", metavar="COLUMN VALUE", help="those between the outermost "
                       "atoms along --normal whose column has one of these values: c_cna 2 3, say")
    group.add_argument("--padding", type=above(0), default=0.0, metavar="D",
                       help="of the slab, on either side (default 0)")
    group.add_argument("--gap", type=above(0), metavar="D", help="atoms with these values farther apart "
                       "along the normal bound different slabs (default: there is one slab, but "
                       f"{GAP:g} where the box is periodic along it)")
    group.add_argument("--normal", choices=AXES, default="z",
                       help="of the boundaries: that of this face of the box (default z)")
    group = parser.add_argument_group("which frames (default: all)")
    group.add_argument("--window", type=common.whole(1), default=1, metavar="N", help="means of the vectors "
                       "of each atom over every N frames of a file, at finite temperature")
    for name in ("first", "last"):
        group.add_argument(f"--{name}", dest="which", action="store_const", const=name,
                           help=f"the {name} frame of each file only")
    group.add_argument("--boundary", nargs=3, metavar=("X", "Y", "Z"), help="p or other words, as in "
                       "LAMMPS, instead of what files say; data files, which say nothing, count as p p p")
    parser.add_argument("--memory", type=above(0), default=2.0, metavar="GB",
                        help="most that vectors may take at a time (default 2)")
    parser.add_argument("--quiet", action="store_true", help="print no progress")


def add_properties(parser):
    parser.add_argument("--properties", metavar="FILE.csv", help="columns of numbers, and one named file: "
                        "what is known of each file, energies say, becomes columns of the table")


# ---- from options --------------------------------------------------------------------------------


def parameters_of(args):
    basis, rcut, nmax, lmax, sigma = args.soap
    species = species_count(args)
    try:
        numbers = float(rcut), int(nmax), int(lmax), float(sigma)
    except ValueError:
        raise MLGrainError(f"--soap takes a basis and four numbers, the second and third of them whole, "
                           f"not {' '.join(args.soap)}") from None
    return soap_parameters(basis, *numbers, args.width, args.central, args.normalise, species,
                           args.precision)


def species_count(args):
    channels = channels_of(args)
    return 1 if channels is None else max(max(channels.values()) + 1, 1)


def channels_of(args):
    """{type: channel from 0 or -1} or None."""
    if not args.species:
        return None
    if all(word.isdigit() for word in args.species):
        numbers = [int(word) for word in args.species]
        if sorted(set(numbers) - {0}) != list(range(1, max(numbers) + 1)) or max(numbers) > 16:
            raise MLGrainError(f"--species {' '.join(args.species)}: these should be 1 to the number of "
                               "species, at most 16, or 0")
        return {kind: number - 1 for kind, number in enumerate(numbers, 1)}
    try:
        from ase.data import atomic_numbers
    except ImportError:
        raise MLGrainError("--species: chemical symbols are for files that ASE reads, which isn't "
                           "installed") from None
    unknown = [word for word in args.species if word not in atomic_numbers]
    if unknown or len(set(args.species)) < len(args.species):
        raise MLGrainError(f"--species {' '.join(args.species)}: neither numbers nor different chemical "
                           "symbols")
    return {atomic_numbers[word]: k for k, word in enumerate(args.species)}


def weights_of(args):
    return None if not args.weights else dict(enumerate(args.weights, 1))


def spectra_of(args):
    path = getattr(args, "project", None)
    projection = load_projection(path) if path else None
    if projection is None and args.soap is None:
        raise MLGrainError("--soap, or --project, has to say what the vectors are")
    if args.soap is None:
        parameters = with_precision(projection.parameters, args)
    else:
        parameters = parameters_of(args)
    if projection is not None and parameters.as_dict != projection.parameters.as_dict:
        raise MLGrainError(f"{path} was made for other vectors than those of --soap and what goes with it")
    return Spectra(parameters, channels_of(args), weights_of(args), args.threads, projection)


def with_precision(parameters, args):
    """Parameters of a file, with the precision of the options, and as many species as these have."""
    p, count = parameters.as_dict, species_count(args)
    if p["species"] != count:
        raise MLGrainError(f"the file tells {p['species']} species apart, --species {count}")
    return soap_parameters(*(p[key] for key in (
        "basis", "rcut", "nmax", "lmax", "sigma", "width", "central", "normalise", "species")),
        args.precision)


def selection_of(args):
    slab = None
    if args.slab:
        name, *words = args.slab
        try:
            values = tuple(float(word) for word in words)
        except ValueError:
            values = ()
        if not values:
            raise MLGrainError("--slab takes a column and the values that mark an atom")
        slab = Slab(name, values, AXES[args.normal], args.padding, args.gap)
    inset = None if args.inset is None else (AXES[args.normal], args.inset)
    return Selection(tuple(common.interval(words) for words in args.where), inset, slab)


def expanded(files):
    """Names, where patterns stand for the files that they match."""
    result = []
    for name in files:
        found = [name] if os.path.exists(name) or not glob.has_magic(name) else sorted(glob.glob(name))
        if not found:
            raise MLGrainError(f"{name}: there are no such files")
        result += found
    return result


class Told:
    """The frames of the options; says every few seconds on standard error where it is. `names` are the
    files, `frames` how many frames were read."""

    def __init__(self, args):
        self.args, self.names, self.frames = args, expanded(args.files), 0
        self.next = time.monotonic() + 5.0
        pbc = None
        if args.boundary:
            pbc = [word.startswith("p") for word in args.boundary]
        self.pbc = pbc

    def steps(self):
        selection = selection_of(self.args)
        return steps(self._frames(selection.columns), selection, self.args.window)

    def _frames(self, columns):
        for name in self.names:
            frames, last = read_frames([name], columns, self.pbc), None
            for frame in frames:
                self._tell(frame)
                last = frame
                if self.args.which != "last":
                    yield frame
                if self.args.which == "first":
                    break
            if self.args.which == "last":
                yield last

    def _tell(self, frame):
        self.frames += 1
        if not self.args.quiet and time.monotonic() > self.next:
            self.next = time.monotonic() + 10.0
            place = self.names.index(frame.path) + 1
            print(f"mlgrain: file {place} of {len(self.names)}: {frame.place}", file=sys.stderr,
                  flush=True)


def _line_of(name, lines):
    """The line of a table whose column file means this file: the same path, or one that ends in the
    other; else the only one with the same last part. None, or several, if there is not one."""
    parts = os.path.normpath(name).split(os.sep)
    ends = {os.sep.join(parts[k:]) for k in range(len(parts))}
    exact = [line for line in lines if os.path.normpath(line["file"]) in ends]
    if exact:  # the longest
        return [max(exact, key=lambda line: len(os.path.normpath(line["file"])))]
    return [line for line in lines if os.path.basename(line["file"]) == parts[-1]]


def properties_of(path, names, taken):
    """{column: float64 [files]} of a CSV file: those of numbers, NaN where a field is empty."""
    lines = common.read_csv(path, ("file",))
    found = []
    for name in names:
        line = _line_of(name, lines)
        if len(line) != 1:
            raise MLGrainError(f"{path} has {'several lines' if line else 'no line'} for {name}")
        found += line
    columns = {}
    for key in lines[0]:
        if key in ("file", None) or key in taken:
            continue
        try:
            values = [float(line[key]) if line[key] else np.nan for line in found]
        except (TypeError, ValueError):
            continue  # words
        if np.isfinite(values).any():
            columns[key] = np.array(values)
    if not columns:
        raise MLGrainError(f"{path} has no column of numbers")
    return columns


def descriptor_text(style, parameters, **further):
    """For the metadata of tables and models."""
    return json_text({"style": style, **parameters.as_dict, **further})


def write_rows(path, names, rows, sources, properties, metadata):
    """A table with a row for each window: (values of names, source, timestep)."""
    from ..tables import Table

    if not rows:
        raise MLGrainError("there are no frames")
    values = np.array([[*row, source, timestep] for row, source, timestep in rows])
    columns = [*names, "source", "timestep"]
    known = properties_of(properties, sources, columns) if properties else {}
    place = values[:, -2].astype(int)
    values = np.column_stack([values, *(column[place] for column in known.values())])
    Table([*columns, *known], values, list(sources), metadata).save(path)
    return list(known)


