# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain cells: small periodic cells around atoms of large systems."""

from __future__ import annotations

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from ..potentials import cells, configurations, streaming
from ..potentials.mtp import MTP
from ..tables.frames import read_frames
from . import common
from .mtp import chemical_symbol, read_bytes, writing

FORMATS = (".cfg", ".xyz", ".extxyz")


def add(subparsers):
    rules = cells.Rules()
    parser = common.command(
        subparsers, "cells", "Cuts small periodic cells around the worst atoms of large systems, "
        "for reference calculations\n(density functional theory). Forces have weights: 1 near the "
        "center, where they are those of the\nlarge system, 0 far from it.",
        "mlgrain cells run.dump -o cells.xyz --score 'c_e[2]' --limit 0.15 --elements Cu", run)
    parser.add_argument("files", nargs="+", metavar="FILE", help="dumps (also .gz, .xz, .zst) of "
                        "LAMMPS, or what ASE reads")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.cfg|OUT.xyz")
    which = parser.add_argument_group("which atoms")
    which.add_argument("--score", metavar="COLUMN", help="atoms with the largest values of this "
                       "column, say the error of compute mtp/error/atom")
    which.add_argument("--limit", type=float, default=-np.inf, metavar="VALUE",
                       help="only those above it (default: none)")
    which.add_argument("--most", type=common.whole(1), default=10, metavar="N",
                       help="of each frame (default 10)")
    which.add_argument("--apart", type=common.not_negative, default=cells.APART, metavar="D",
                       help=f"of each other, Angstrom (default {cells.APART:g})")
    which.add_argument("--ids", nargs="+", type=common.whole(1), metavar="ID",
                       help="these atoms, instead of --score")
    which.add_argument("--last", action="store_true", help="of the last frame of each file only")
    group = parser.add_argument_group("cells (Angstrom)")
    group.add_argument("--edge", type=common.positive, default=rules.edge, help="default 15")
    group.add_argument("--variation", type=common.not_negative, default=rules.variation, metavar="PART",
                       help="of edges (default 0.07)")
    group.add_argument("--boxes", type=common.whole(1), default=rules.boxes, metavar="N",
                       help="are tried, of other edges and orientations (default 24)")
    group.add_argument("--closest", type=common.not_negative, default=rules.closest, metavar="D",
                       help="of two atoms that are nearer than this across the seam, the outer one "
                       "is left out (default: 0.85 of the shortest distance around)")
    group.add_argument("--trusted", type=common.positive, default=rules.trusted, metavar="R",
                       help="radius within which forces have weight 1 (default 4)")
    group.add_argument("--fading", type=common.positive, default=rules.fading, metavar="D",
                       help="over which weights fall to 0 (default 1)")
    group.add_argument("--potential", metavar="FILE.almtp", help="choose boxes by the smallest "
                       "largest grade of this potential, not by the geometry of the seam")
    parser.add_argument("--elements", nargs="+", default=(), metavar="X", type=chemical_symbol,
                        help="of LAMMPS' types 1, 2, ...")
    parser.add_argument("--boundary", nargs=3, metavar="B", choices=("p", "f", "s", "m"),
                        help="instead of what files say")


def run(args):
    if not args.output.endswith(FORMATS):
        raise MLGrainError(f"{args.output}: its name should end with {' or '.join(FORMATS)}")
    if bool(args.score) == bool(args.ids):
        raise MLGrainError("one of --score and --ids says which atoms")
    common.writable(args.output)
    rules = cells.Rules(args.edge, args.variation, args.boxes, args.closest, args.trusted,
                        args.fading)
    judge = _Grades(args.potential) if args.potential else None
    count, atoms = 0, 0
    with writing(args.output) as write:
        for frame in _frames(args):
            for text, size in _cut_frame(args, frame, rules, judge):
                write(text)
                count, atoms = count + 1, atoms + size
    common.say(f"{args.output}: {count} cells"
               + (f" of {atoms / count:.0f} atoms" if count else ""))


def _frames(args):
    pbc = [word == "p" for word in args.boundary] if args.boundary else None
    for path in args.files:
        last = None
        for frame in read_frames([path], [args.score] if args.score else [], pbc):
            if not args.last:
                yield frame
            last = frame
        if args.last:
            yield last


def _centers(args, frame):
    if args.ids:
        place = {number: k for k, number in enumerate(frame.ids.tolist())}
        missing = [number for number in args.ids if number not in place]
        if missing:
            raise MLGrainError(f"{frame.place}: there is no atom {missing[0]}")
        return np.array([place[number] for number in args.ids])
    score = frame.columns[args.score]
    lost = int((~np.isfinite(score)).sum())
    if lost:
        common.say(f"{frame.place}: {lost} atoms whose {args.score} is not finite are passed over")
    return cells.centers(*frame.atoms, score, args.limit, args.apart, args.most)


def _cut_frame(args, frame, rules, judge):
    """Yields (text, atoms) of cells."""
    types = _types(frame, args.elements)
    for center in _centers(args, frame):
        one = cells.cut(*frame.atoms, center, rules, judge and judge.of(types))
        features = {"source": f"{frame.path}", "timestep": str(frame.timestep),
                    "center": str(frame.ids[center]), "seam": f"{one.seam:.4g}"}
        if args.score:
            features["score"] = f"{frame.columns[args.score][center]:.6g}"
        common.say(f"{frame.place}: atom {features['center']}"
                   + (f", {args.score} {features['score']}" if args.score else "")
                   + f": {len(one)} atoms, {one.removed} left out, seam {100 * one.seam:.1f} %")
        config = one.configuration(types, frame.path, features)
        if args.output.endswith(".cfg"):
            text = configurations.cfg_text(config) + "\n"
        else:
            names = _names(config.types, args.elements or frame.elements)
            text = cells.extended_xyz(config, names, frame.ids[one.atoms])
        yield text, len(one)


def _types(frame, elements):
    """Atomic numbers where elements are known, else species from 0."""
    if elements:
        if frame.types.min() < 1 or frame.types.max() > len(elements):
            raise MLGrainError(f"{frame.place}: types are {frame.types.min()} to "
                               f"{frame.types.max()}, --elements names {len(elements)}")
        numbers = np.array([core().SYMBOLS.index(name) + 1 for name in elements])
        return numbers[frame.types - 1].astype(np.int32)
    if frame.elements:
        return frame.types.astype(np.int32)
    return (frame.types - 1).astype(np.int32)


def _names(types, are_elements):
    """Words for the column species of an extended XYZ file."""
    if not are_elements:
        raise MLGrainError("extended XYZ files need chemical symbols: --elements")
    return [core().SYMBOLS[number - 1] for number in types]


class _Grades:
    """Judges cells by the largest grade of a potential."""

    def __init__(self, path):
        contents = read_bytes(path)
        self.potential = MTP.from_bytes(contents, path)
        self.labels = streaming.labels_of(contents, path)
        if not self.potential.has_grades:
            raise MLGrainError(f"{path} has no active set")

    def of(self, types):
        """A judge for the cells of a frame."""
        def grade(one):
            config = one.configuration(types)
            species = configurations.species_of([config], self.labels)[0]
            return self.potential.evaluate((one.positions, one.cell, (True,) * 3), species,
                                           grades=True).grade
        return grade
