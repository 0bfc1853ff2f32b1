# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain bicrystal for boundaries by five parameters: what each is, lists, cells, starts."""

from __future__ import annotations

import argparse
import json
import math
import os

from ..boundaries import cells
from ..boundaries.boundary import METALS, Boundary, boundaries, text
from ..boundaries.crystal import NAMES, Crystal
from ..boundaries.near import NearBoundary
from ..errors import MLGrainError
from . import common

CUTOFFS = [0.0, 1.5, 1.75, 2.0, 2.25, 2.5]
HELP_FORMS = """A BOUNDARY is written, in quotes, as one of
  "Sigma5 (3 1 0)"              label: plane of this family in both crystals;
  "Sigma17b [2 2 1] (2 2 1)"    with the letter of the rotation, and with an axis
  "[0 0 1] 36.87 (3 1 0)"       crystal 2 turned about an axis by an angle, plane of crystal 1
  "q 3 0 0 1 (3 1 0)"           the same by the quadruple of the rotation
  "3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0"
                                directions of crystal 1 | 2 along the axes of a box, normal first
  "euler 0 0 0 36.87 0 0 (3 1 0)"
                                Bunge's angles of both crystals, and the normal in the sample
  "key 5 5 0 0 ..."             what `key` prints
"""


def number(words):
    """An argparse type: a finite number."""
    try:
        value = float(words)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words!r} is not a number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{words} is not finite")
    return value


def add_crystal(parser, a_needed=False):
    """Options of the crystal; --lattice stands in the caller."""
    parser.add_argument("--a", type=number, required=a_needed, default=None if a_needed else 1.0,
                        help="lattice constant" + ("" if a_needed else " (default 1)"))
    parser.add_argument("--c", type=number, help="of hcp (default: a times sqrt(8/3)); (c/a)^2 "
                        "becomes the nearest fraction with a denominator up to 30")


def add_tolerance(parser):
    parser.add_argument("--tolerance", type=number, default=0.01, metavar="DEGREES",
                        help="how far a coincidence may be from the angles given (default 0.01)")


def crystal_of(args):
    if args.c is not None and args.lattice != "hcp":
        raise MLGrainError("--c is for hcp")
    if args.lattice == "hcp":
        return Crystal.hcp(args.a, args.c)
    return Crystal.named(args.lattice, args.a)


def boundary_of(args, words):
    return Boundary.from_text(words, crystal_of(args), args.tolerance)


def add_tasks(kinds):
    """key, distance and energy, which are about boundaries by five parameters only."""
    task = common.command(
        kinds, "key", "Tells what a boundary is: Sigma, kind, periods, CSL and DSC vectors, all "
        "its names, its key.\n\n" + HELP_FORMS, 'mlgrain bicrystal key "Sigma5 (3 1 0)"', run_key)
    task.add_argument("boundary", metavar="BOUNDARY")
    task.add_argument("--lattice", choices=NAMES, default="fcc", help="default fcc")
    task.add_argument("--json", action="store_true", help="as JSON")
    add_crystal(task)
    add_tolerance(task)

    task = common.command(
        kinds, "distance", "Distances of two boundaries in the space of the five parameters.\n\n"
        + HELP_FORMS, 'mlgrain bicrystal distance "Sigma5 (3 1 0)" "Sigma5 (2 1 0)"', run_distance)
    task.add_argument("first", metavar="BOUNDARY")
    task.add_argument("second", metavar="BOUNDARY")
    task.add_argument("--lattice", choices=NAMES, default="fcc", help="default fcc")
    add_crystal(task)
    add_tolerance(task)

    task = common.command(
        kinds, "energy", "Energies by the function of Bulatov, Reed and Kumar (2014) for fcc "
        "metals, in J/m^2.\n\n" + HELP_FORMS,
        'mlgrain bicrystal energy "Sigma3 (1 1 1)" --metals Ni Cu',
        run_energy)
    task.add_argument("boundary", nargs="+", metavar="BOUNDARY")
    task.add_argument("--metals", nargs="+", choices=METALS, default=list(METALS), metavar="METAL",
                      help=f"of {', '.join(METALS)} (default: all)")
    task.set_defaults(lattice="fcc", a=1.0, c=None)
    add_tolerance(task)


def rows_of(vectors):
    return "; ".join(" ".join(f"{x:.6g}" for x in row + 0.0) for row in vectors)


def run_key(args):
    b = boundary_of(args, args.boundary)
    if args.json:
        common.say(json.dumps(as_dictionary(b), indent=1))
        return
    angle, axis = b.disorientation
    lines = [("boundary", f"{b.crystal.name} Sigma{b.sigma}, {b.kind}"),
             ("disorientation", f"{angle:.4f} degrees about [{text(axis)}]"),
             ("planes", f"({text(b.planes[0])}) / ({text(b.planes[1])})"),
             ("quadruple", text(b.quadruple))]
    if b.deviation:
        lines.append(("off by", f"{b.deviation:.3g} degrees from the angle given"))
    lines += [("period", rows_of(b.period)), ("its area", f"{b.period_area:.6g} in units of --a"),
              ("CSL", rows_of(b.csl)), ("DSC", rows_of(b.dsc)),
              ("translations", f"{rows_of(b.shifts)}, area {b.shift_area:.6g}"),
              *[(f"planes of {k}", f"{b.nets(k)[3]:.6g} apart, {b.nets(k)[2]:.6g} a lattice point")
                for k in (1, 2)],
              *[("name" if not k else "", str(name)) for k, name in enumerate(b.names)],
              ("key", "key " + text(b.numbers))]
    if b.crystal.name == "fcc":
        energies = ", ".join(f"{m} {b.brk_energy(m):.4f}" for m in METALS)
        lines.append(("BRK energy", f"{energies} J/m^2"))
    for title, line in lines:
        common.say(f"{title:>14}  {line}")


def as_dictionary(b):
    angle, axis = b.disorientation
    result = {"crystal": b.crystal.name, "sigma": b.sigma, "kind": b.kind, "angle": angle,
              "axis": axis,
              "planes": b.planes, "quadruple": b.quadruple, "deviation": b.deviation,
              "period": b.period.tolist(), "period_area": b.period_area, "csl": b.csl.tolist(),
              "dsc": b.dsc.tolist(), "shifts": b.shifts.tolist(), "shift_area": b.shift_area,
              "names": [{"axis": n.axis, "angle": n.angle, "planes": n.planes, "twist": n.is_twist,
                         "tilt": n.is_tilt} for n in b.names], "key": b.numbers}
    if b.crystal.name == "fcc":
        result["brk_energy"] = {metal: b.brk_energy(metal) for metal in METALS}
    return result


def run_distance(args):
    first, second = boundary_of(args, args.first), boundary_of(args, args.second)
    common.say("the same boundary" if first == second else "two boundaries")
    for kind in ("octonion", "octonion-published", "morawiec"):
        value = first.distance(second, kind)
        common.say(f"{kind:>20}  {value:.6f} = {math.degrees(value):.4f} degrees")


def run_energy(args):
    common.say(f"{'boundary':<40}" + "".join(f"{metal:>9}" for metal in args.metals))
    for words in args.boundary:
        b = boundary_of(args, words)
        common.say(f"{words:<40}" + "".join(f"{b.brk_energy(m):9.4f}" for m in args.metals))


def run_list(args):
    """Of all kinds, where no tilt axis is given."""
    if args.max_area is None:
        raise MLGrainError("without --axis, --max-area says how large periods may be")
    found = boundaries(args.max_sigma, args.max_area, crystal_of(args))
    if args.kind:
        found = [b for b in found if b.kind == args.kind]
    if not found:
        raise MLGrainError("no boundary is within --max-sigma and --max-area")
    lines = []
    for b in found:
        angle, axis = b.disorientation
        lines.append({"sigma": b.sigma, "angle": f"{angle:.4f}", "axis": text(axis), "kind": b.kind,
                      "plane": text(b.planes[0]), "plane_2": text(b.planes[1]),
                      "area": f"{b.period_area:.4f}", "quadruple": text(b.quadruple)})
        if b.crystal.name == "fcc" and args.metal:
            lines[-1]["energy"] = f"{b.brk_energy(args.metal):.4f}"
    if args.csv:
        common.write_csv(args.csv, lines)
    common.say(f"{len(lines)} boundaries, {found[0].crystal.name}")
    widths = {key: max(len(key), *(len(str(line[key])) for line in lines)) for key in lines[0]}
    for line in [{key: key for key in widths}, *lines]:
        common.say("  " + "  ".join(f"{line[key]!s:>{width}}" for key, width in widths.items()))


def builder_of(args):
    if args.strain is None:
        boundary = boundary_of(args, args.boundary)
    else:
        boundary = NearBoundary.from_text(args.boundary, crystal_of(args), args.strain,
                                          most_length=args.period)
    repeats = args.repeat or (1, 1)
    if len(repeats) != 2:
        raise MLGrainError("--repeat takes the periods along x and y; --thickness says how thick "
                           "grains are")
    return cells.Builder(boundary, args.thickness, repeats, args.terminations)


def run_make(args):
    builder = builder_of(args)
    cell = builder.cell(args.translation, args.gap, args.overlap, args.surfaces)
    cells.write_data(args.output, cell, args.mass, args.types == 2)
    b = builder.boundary
    off = f", its rotation {b.deviation:.3g} degrees from the one given" if b.deviation > 1e-5 \
        else ""
    common.say(f"{args.output}: {b.title}{off}; {len(cell.positions)} atoms, {cell.removed} "
               f"removed; {cell.boundaries} of area {cell.area:.6g}"
               + ("" if args.surfaces else f"; inversion holds to {cell.inversion_error():.1e}"))


def run_starts(args):
    try:
        os.makedirs(args.output, exist_ok=True)
    except OSError as error:
        raise MLGrainError(f"{args.output} can't be made: {error.strerror}") from error
    builder, lines = builder_of(args), []
    for place, shift in enumerate(cells.translations(builder.boundary, args.spacing)):
        seen = set()
        for overlap in args.overlaps:
            cell = builder.cell(shift, args.gap, overlap, args.surfaces)
            if cell.removed in seen:  # a larger cutoff removes those atoms and more
                continue
            seen.add(cell.removed)
            name = f"t{place}_c{overlap:g}.data"
            cells.write_data(os.path.join(args.output, name), cell, args.mass, args.types == 2)
            lines.append({"file": name, "translation_1": f"{shift[0]:.8g}",
                          "translation_2": f"{shift[1]:.8g}", "overlap": overlap,
                          "atoms": len(cell.positions), "removed": cell.removed,
                          "area": f"{cell.area:.8g}", "boundaries": cell.boundaries})
    common.write_csv(os.path.join(args.output, "starts.csv"), lines)
    common.say(f"{args.output}: {len(lines)} starts, listed in starts.csv")
