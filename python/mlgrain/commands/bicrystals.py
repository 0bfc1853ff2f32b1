# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain bicrystal: boundaries listed and made; here the options, and symmetric tilts by axis."""

from __future__ import annotations

import argparse
import os

from ..boundaries import bicrystal
from ..boundaries.boundary import KINDS, METALS
from ..errors import MLGrainError
from . import boundary_tasks, common

CUTOFFS = [1.5, 1.75, 2.0, 2.25, 2.5]
GRID = (4, 4)  # of translations
FOR_AXIS = ("plane", "sigma", "angle", "edges", "vacuum", "grid")
NOT_FOR_AXIS = ("max_area", "kind", "metal", "period", "spacing", "terminations")


def add(subparsers):
    parser = common.command(
        subparsers, "bicrystal", "Grain boundaries by their five parameters: which there are, what "
        "each is, and LAMMPS data\nfiles of them. The normal is z. With --axis: symmetric tilts of "
        "cubic crystals about <100>,\n<110>, <111> and <112>, whose normal is y.",
        'mlgrain bicrystal make "Sigma5 (3 1 0)" --a 3.615 -o sigma5.data', None)
    kinds = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_list(kinds)
    _add_make(kinds)
    _add_starts(kinds)
    boundary_tasks.add_tasks(kinds)


def _add_list(kinds):
    task = common.command(
        kinds, "list", "Lists boundaries: all up to a Sigma and an area of their periods, or the "
        "symmetric tilts of an axis\nby misorientation.",
        "mlgrain bicrystal list --max-sigma 9 --max-area 2\n"
        "  mlgrain bicrystal list --axis 110 --max-sigma 20", run_list)
    _add_axis(task)
    task.add_argument("--max-sigma", type=common.whole(3), default=50, metavar="N",
                      help="least common density of coincidence sites is 1/N (default 50)")
    task.add_argument("--max-area", type=boundary_tasks.number, metavar="AREA",
                      help="largest area of a period; in lattice constants squared, or with --a in "
                      "its unit")
    task.add_argument("--kind", choices=KINDS, help="of this kind only")
    task.add_argument("--metal", choices=METALS, help="fcc: energies by the function of Bulatov, "
                      "Reed and Kumar")
    boundary_tasks.add_crystal(task)
    task.add_argument("--csv", metavar="FILE", help="write it as a CSV file, too")


def _add_make(kinds):
    task = common.command(
        kinds, "make", "Writes the LAMMPS data file of a bicrystal. Two equal boundaries in a "
        "periodic box, or one between\nsurfaces. With --axis the normal is y, and one boundary is "
        "made with --vacuum.\n\n" + boundary_tasks.HELP_FORMS,
        'mlgrain bicrystal make "Sigma5 (3 1 0)" --a 3.615 --overlap 1.5 -o sigma5.data\n'
        "  mlgrain bicrystal make --axis 100 --plane 1 3 0 --a 3.615 --overlap 1.5 -o sigma5.data",
        run_make)
    _add_boundary(task)
    task.add_argument("-o", "--output", required=True, metavar="FILE.data")
    task.add_argument("--translation", nargs=2, type=float, default=(0.0, 0.0),
                      metavar=("T1", "T2"),
                      help="of the upper grain, in the vectors of the cell of distinct "
                      "translations (with --axis in periods along x and z; default 0 0)")
    task.add_argument("--overlap", type=length, default=0.0, metavar="D",
                      help="of two atoms closer than this across a boundary remove one (default 0)")


def _add_starts(kinds):
    task = common.command(
        kinds, "starts", "Writes a data file for each start of a search. The starts are all pairs "
        "of a translation and an\noverlap cutoff; of those with the same atoms one is written. "
        "starts.csv lists them.\n\n" + boundary_tasks.HELP_FORMS,
        'mlgrain bicrystal starts "Sigma5 (3 1 0)" --a 3.615 --spacing 1.0 -o sigma5\n'
        "  mlgrain bicrystal starts --axis 100 --plane 1 3 0 --a 3.615 --grid 4 4 -o sigma5",
        run_starts)
    _add_boundary(task)
    task.add_argument("-o", "--output", required=True, metavar="FOLDER")
    task.add_argument("--spacing", type=length, help="of translations, which fill the cell of "
                      f"distinct ones (default {boundary_tasks.SPACING:g})")
    task.add_argument("--grid", nargs=2, type=common.whole(1), metavar=("NX", "NZ"),
                      help="with --axis: translations along x and z (default 4 4)")
    task.add_argument("--overlaps", nargs="+", type=length, default=CUTOFFS, metavar="D",
                      help=f"default {' '.join(map(str, CUTOFFS))}")


def length(text):
    """An argparse type: a number, not negative."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a length")
    return value


def _add_axis(parser):
    parser.add_argument("--axis", choices=list(bicrystal.AXES),
                        help="symmetric tilts of fcc and bcc about this axis, the normal along y")


def _add_boundary(parser):
    parser.add_argument("boundary", nargs="?", metavar="BOUNDARY",
                        help="as above, instead of --axis")
    _add_axis(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--plane", nargs=3, type=int, metavar=("H", "K", "L"),
                       help="with --axis: Miller indices, at right angles to it as `list` shows it")
    which.add_argument("--sigma", type=common.whole(3), metavar="N", help="with --axis")
    parser.add_argument("--angle", type=float,
                        help="degrees; with --sigma, where there are several")
    boundary_tasks.add_crystal(parser, a_needed=True)
    boundary_tasks.add_tolerance(parser)
    parser.add_argument("--strain", type=length, metavar="S",
                        help="for boundaries without coincidence, or of too large a period: strain "
                        "the crystals in the plane until both have one period, by S at most in "
                        "all, half in each; angles are taken as written")
    parser.add_argument("--period", type=length, metavar="L",
                        help="with --strain: longest vectors of the period (default 30 times --a)")
    size = parser.add_argument_group("size")
    size.add_argument("--edges", nargs=2, type=length, metavar=("X", "Z"),
                      help="with --axis: least length of the box along x and z (default: a period)")
    size.add_argument("--thickness", type=length, default=30.0,
                      help="least thickness of a grain (default 30)")
    size.add_argument("--repeat", nargs="+", type=common.whole(1), metavar="N",
                      help="periods along x and y; with --axis three numbers: along x, of each "
                      "grain along y, along z, instead of the above")
    size.add_argument("--vacuum", type=length, default=0.0,
                      help="with --axis: one boundary, and a gap of this length between the outer "
                      "surfaces")
    size.add_argument("--surfaces", action="store_true",
                      help="one boundary, and surfaces at the ends of a box that is open along z")
    size.add_argument("--gap", type=boundary_tasks.number, default=0.0,
                      help="so much farther apart than at the crystal's density (default 0)")
    size.add_argument("--terminations", nargs=2, type=common.whole(0),
                      metavar=("K1", "K2"), help="which of the different ends the grains have, "
                      "from 0 (in LAMMPS from 1), in crystals with several atoms at a lattice point "
                      "(default 0 0)")
    parser.add_argument("--mass", nargs="+", type=length, metavar="M",
                        help="of the crystal's types of atoms (default: none is written)")
    parser.add_argument("--types", type=int, choices=(1, 2), default=2,
                        help="2: the grains have types of their own, the upper one the first "
                        "(default); 1: types are the crystal's")


def _by_axis(args):
    """Whether a task is about symmetric tilts by axis; checks that it is told in one way."""
    words = getattr(args, "boundary", None)
    if args.axis is None:
        if words is None and args.task != "list":
            raise MLGrainError("which boundary? Write it as `--help` shows, or give --axis and "
                               "--plane")
        others = [name for name in FOR_AXIS if getattr(args, name, None)]
        if others:
            raise MLGrainError(f"--{others[0]} is for --axis")
        if getattr(args, "period", None) and args.strain is None:
            raise MLGrainError("--period is for --strain")
        return False
    if words is not None:
        raise MLGrainError("a boundary and --axis are two ways to say the same: take one")
    if args.cell or args.basis:
        raise MLGrainError("--cell and --basis are not for --axis")
    if args.lattice not in bicrystal.ATOMS_PER_CELL:
        raise MLGrainError(f"--axis is for fcc and bcc, not {args.lattice}")
    others = [name for name in NOT_FOR_AXIS if getattr(args, name, None)]
    if others:
        raise MLGrainError(f"--{others[0].replace('_', '-')} is not for --axis")
    if args.task != "list":
        if not args.plane and not args.sigma:
            raise MLGrainError("--axis needs --plane or --sigma")
        args.a = boundary_tasks.lattice_constant(args)
        if args.surfaces or args.gap:
            raise MLGrainError("--surfaces and --gap are not for --axis; --vacuum makes one "
                               "boundary")
        if args.strain is not None:
            raise MLGrainError("--strain is not for --axis")
        if args.repeat and len(args.repeat) != 3:
            raise MLGrainError("--repeat takes three numbers with --axis")
        if args.mass and len(args.mass) != 1:
            raise MLGrainError("--mass takes one number with --axis")
        args.mass = args.mass and args.mass[0]
    return True


def _boundary(args):
    if args.plane:
        return bicrystal.tilt(args.axis, args.plane, args.lattice)
    found = [b for b in bicrystal.tilts(args.axis, args.sigma, args.lattice)
             if b.sigma == args.sigma]
    if args.angle is not None:
        found = [b for b in found if abs(b.angle - args.angle) < 0.1]
    if len(found) == 1:
        return found[0]
    if not found:
        raise MLGrainError(f"no symmetric <{args.axis}> tilt with these; see mlgrain bicrystal "
                           "list")
    raise MLGrainError(f"several Sigma{args.sigma}: name the --angle, one of "
                       + ", ".join(f"{b.angle:.2f}" for b in found))


def _counts(args, boundary):
    edges = args.edges or (0.0, 0.0)
    return args.repeat or bicrystal.repeats(boundary, args.a, edges, args.thickness)


def run_list(args):
    if not _by_axis(args):
        boundary_tasks.run_list(args)
        return
    boundaries = bicrystal.tilts(args.axis, args.max_sigma, args.lattice)
    lines = [{"angle": f"{b.angle:.4f}", "sigma": b.sigma, "plane": bicrystal.text(b.normal),
              "x": bicrystal.text(b.across), "period_x": f"{b.periods[0]:.4f}",
              "period_y": f"{b.periods[1]:.4f}", "period_z": f"{b.periods[2]:.4f}"}
             for b in boundaries]
    if not lines:
        raise MLGrainError(f"no symmetric <{args.axis}> tilt has a Sigma up to {args.max_sigma}")
    if args.csv:
        common.write_csv(args.csv, lines)
    common.say(f"{len(lines)} symmetric tilts about z = [{bicrystal.text(boundaries[0].axis)}], "
               f"{args.lattice}; periods in lattice constants")
    widths = {key: max(len(key), *(len(str(line[key])) for line in lines)) for key in lines[0]}
    for line in [{key: key for key in widths}, *lines]:
        common.say("  " + "  ".join(f"{line[key]!s:>{width}}" for key, width in widths.items()))


def run_make(args):
    if not _by_axis(args):
        boundary_tasks.run_make(args)
        return
    boundary = _boundary(args)
    cell = bicrystal.bicrystal(boundary, args.a, args.translation, args.overlap,
                               _counts(args, boundary), args.vacuum)
    bicrystal.write_data(args.output, cell, args.mass, args.types)
    edges = " x ".join(f"{edge:.4g}" for edge in cell.edges)
    common.say(f"{args.output}: Sigma{boundary.sigma} ({bicrystal.text(boundary.normal)}) "
               f"[{bicrystal.text(boundary.axis)}], {boundary.angle:.2f} degrees; "
               f"{len(cell.positions)} atoms, {cell.removed} removed; {edges}; "
               f"{cell.boundaries} of area {cell.area:.6g}")


def run_starts(args):
    if not _by_axis(args):
        boundary_tasks.run_starts(args)
        return
    boundary, grid = _boundary(args), args.grid or GRID
    try:
        os.makedirs(args.output, exist_ok=True)
    except OSError as error:
        raise MLGrainError(f"{args.output} can't be made: {error.strerror}") from error
    counts, lines, seen = _counts(args, boundary), [], set()
    for ix in range(grid[0]):
        for iz in range(grid[1]):
            for overlap in args.overlaps:
                shift = ix / grid[0], iz / grid[1]
                cell = bicrystal.bicrystal(boundary, args.a, shift, overlap, counts, args.vacuum)
                if (ix, iz, cell.removed) in seen:  # a larger cutoff removes those atoms and more
                    continue
                seen.add((ix, iz, cell.removed))
                name = f"t{ix}_{iz}_c{overlap:g}.data"
                bicrystal.write_data(os.path.join(args.output, name), cell, args.mass, args.types)
                lines.append({"file": name, "translation_x": shift[0], "translation_z": shift[1],
                              "overlap": overlap, "atoms": len(cell.positions),
                              "removed": cell.removed, "area": f"{cell.area:.8g}",
                              "boundaries": cell.boundaries})
    common.write_csv(os.path.join(args.output, "starts.csv"), lines)
    common.say(f"{args.output}: {len(lines)} starts, listed in starts.csv")
