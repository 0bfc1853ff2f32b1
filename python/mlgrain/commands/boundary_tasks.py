# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain bicrystal for boundaries by five parameters: what each is, lists, cells, starts."""

from __future__ import annotations

import argparse
import json
import math
import os

import numpy as np

from ..boundaries import cells
from ..boundaries.boundary import METALS, Boundary, boundaries, brk_energy, text
from ..boundaries.crystal import NAMES, Crystal
from ..boundaries.near import NearBoundary
from ..errors import MLGrainError
from . import common

CUTOFFS = [0.0, 1.5, 1.75, 2.0, 2.25, 2.5]
SPACING = 1.0  # of translations
MOST_CHECKED = 20000  # atoms whose inversion images are looked for, each among all
HELP_FORMS = """A BOUNDARY is written, in quotes, as one of
  "Sigma5 (3 1 0)"              label: plane of this family in both crystals;
  "Sigma17b [2 2 1] (2 2 1)"    with the letter of the rotation, and with an axis
  "Sigma5 (1 0 0) / (4 3 0)"    with families of planes in crystal 1 and 2
  "[0 0 1] 36.87 (3 1 0)"       crystal 2 turned about an axis by an angle, plane of crystal 1
  "36.87 degrees about [0 0 1], (3 1 0) / (3 -1 0), tilt"
                                the same as `key` prints names
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


def lattice(words):
    """An argparse type: a name of a crystal, or a file."""
    if words not in NAMES and not os.path.exists(words):
        raise argparse.ArgumentTypeError(f"{words} is none of {', '.join(NAMES)}, and no file")
    return words


def add_crystal(parser, a_needed=False):
    """Options of the crystal."""
    parser.add_argument("--lattice", type=lattice, default="fcc", metavar="NAME|FILE",
                        help=f"the crystal: one of {', '.join(NAMES)} (default fcc), or a file "
                        "with the cell of any other, which ASE reads (CIF, POSCAR, extended XYZ ...); "
                        "types are its elements by first atom")
    parser.add_argument("--cell", nargs=9, type=number, metavar="X", help="instead of --lattice: "
                        "the three axes of a cell, right-handed")
    parser.add_argument("--basis", nargs=4, action="append", metavar=("TYPE", "X", "Y", "Z"),
                        help="an atom in --cell: type from 1, and place on its axes; as often as "
                        "there are atoms (default: one at the origin)")
    parser.add_argument("--a", type=number, help="lattice constant" + (
        "; not needed with a file or --cell, which it scales" if a_needed else " (default 1)"))
    parser.add_argument("--c", type=number, help="of hcp (default: a times sqrt(8/3)); (c/a)^2 "
                        "becomes the nearest fraction with a denominator up to 30, and a line says "
                        "by how much that strains the crystal")
    parser.set_defaults(a_needed=a_needed)


def add_tolerance(parser):
    parser.add_argument("--tolerance", type=number, default=0.01, metavar="DEGREES",
                        help="how far a coincidence may be from the angles given (default 0.01)")


def lattice_constant(args):
    """Of --a, for crystals that have none of their own."""
    if args.a is None and args.a_needed:
        raise MLGrainError("--a, the lattice constant, is needed")
    return 1.0 if args.a is None else args.a


def crystal_of(args):
    if args.c is not None and args.lattice != "hcp":
        raise MLGrainError("--c is for hcp")
    if args.basis and not args.cell:
        raise MLGrainError("--basis is for --cell")
    made = unstrained(args)
    if made.strain > 1e-9:
        common.warn(f"the crystal is strained by {made.strain:.2g} so that products of its axes are "
                    "fractions")
    return made


def unstrained(args):
    """The crystal of the options; nothing is said yet of what it was strained by."""
    if args.cell:
        made = crystal_of_cell(args)
    elif args.lattice not in NAMES:
        made = Crystal.from_file(args.lattice)
    elif args.lattice == "hcp":
        return Crystal.hcp(lattice_constant(args), args.c)
    else:
        return Crystal.named(args.lattice, lattice_constant(args))
    return made if args.a is None else made.scaled(args.a)


def crystal_of_cell(args):
    atoms = args.basis or [("1", "0", "0", "0")]
    try:
        types = [int(atom[0]) for atom in atoms]
        places = [[float(x) for x in atom[1:]] for atom in atoms]
    except ValueError as error:
        raise MLGrainError(f"--basis takes a type and three numbers: {error}") from None
    return Crystal.from_cell([args.cell[k:k + 3] for k in (0, 3, 6)], places, types)


def boundary_of(args, words):
    return Boundary.from_text(words, crystal_of(args), args.tolerance)


def warn_of_sigma(boundary, atoms=""):
    """Where angles have led to a coincidence that is rarely meant."""
    said = getattr(boundary, "warning", "")
    if said:
        common.warn(f"{atoms}{said}; a larger --tolerance allows a nearer one, --strain of make and "
                    "starts brings the crystals to a small period")


def add_tasks(kinds):
    """key, distance and energy, which are about boundaries by five parameters only."""
    task = common.command(
        kinds, "key", "Tells what a boundary is: Sigma, kind, periods, CSL and DSC vectors, all "
        "its names, its key.\n\n" + HELP_FORMS, 'mlgrain bicrystal key "Sigma5 (3 1 0)"', run_key)
    task.add_argument("boundary", metavar="BOUNDARY")
    task.add_argument("--json", action="store_true", help="as JSON")
    add_crystal(task)
    add_tolerance(task)

    task = common.command(
        kinds, "distance", "Distances of two boundaries in the space of the five parameters.\n\n"
        + HELP_FORMS, 'mlgrain bicrystal distance "Sigma5 (3 1 0)" "Sigma5 (2 1 0)"', run_distance)
    task.add_argument("first", metavar="BOUNDARY")
    task.add_argument("second", metavar="BOUNDARY")
    add_crystal(task)
    add_tolerance(task)

    task = common.command(
        kinds, "energy", "Energies by the function of Bulatov, Reed and Kumar (2014) for fcc "
        "metals, in J/m^2. Angles\nwithout a coincidence within --tolerance are taken as they are "
        "written.\n\n" + HELP_FORMS,
        'mlgrain bicrystal energy "Sigma3 (1 1 1)" --metals Ni Cu',
        run_energy)
    task.add_argument("boundary", nargs="*", metavar="BOUNDARY")
    task.add_argument("--metals", nargs="+", default=[], metavar="METAL",
                      help=f"of {', '.join(METALS)} (default: all)")
    task.set_defaults(lattice="fcc", a=None, c=None, cell=None, basis=None, a_needed=False)
    add_tolerance(task)

    task = common.command(
        kinds, "lattice", "Prints the crystal as LAMMPS' command lattice has it, and keywords for "
        "create_bicrystal and\ngb_search, which make the same boundaries of it.",
        "mlgrain bicrystal lattice --lattice TiO2.cif", run_lattice)
    add_crystal(task)


def run_lattice(args):
    made = crystal_of(args)
    axes, positions, types = made.cell()

    def numbers(values):
        return " ".join(f"{x:.12g}" for x in np.asarray(values) + 0.0)
    common.say(" &\n  ".join(["lattice custom 1.0",
                              *(f"a{k + 1} {numbers(axis)}" for k, axis in enumerate(axes)),
                              *(f"basis {numbers(place)}" for place in positions)]))
    words = [f"basis {site} {kind}" for site, kind in enumerate(types, 1) if kind > 1]
    for command in ("create_bicrystal 1 BOUNDARY", "gb_search BOUNDARY TRIALS SEED"):
        common.say(" ".join(["#", command, *words]))
    if made.symbols:
        common.say("# types: " + " ".join(made.symbols))


def rows_of(vectors):
    return "; ".join(" ".join(f"{x:.6g}" for x in row + 0.0) for row in vectors)


def run_key(args):
    b = boundary_of(args, args.boundary)
    warn_of_sigma(b)
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
    lines += [("period", rows_of(b.period)), ("its area", f"{b.period_area:.6g} in squares of the unit of --a"),
              ("CSL", rows_of(b.csl)), ("DSC", rows_of(b.dsc)),
              ("translations", f"{rows_of(b.shifts)}, area {b.shift_area:.6g}"),
              *[(f"planes of {k}", f"{b.nets(k)[3]:.6g} apart, {b.nets(k)[2]:.6g} a lattice point")
                for k in (1, 2)],
              *[("name" if not k else "", str(name)) for k, name in enumerate(b.names)],
              ("key", "key " + text(b.numbers))]
    if b.crystal.is_fcc:
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
    if b.crystal.is_fcc:
        result["brk_energy"] = {metal: b.brk_energy(metal) for metal in METALS}
    return result


def run_distance(args):
    first, second = boundary_of(args, args.first), boundary_of(args, args.second)
    for boundary in (first, second):
        warn_of_sigma(boundary)
    common.say("the same boundary" if first == second else "two boundaries")
    for kind in ("octonion", "octonion-published", "morawiec"):
        value = first.distance(second, kind)
        common.say(f"{kind:>20}  {value:.6f} = {math.degrees(value):.4f} degrees")


def run_energy(args):
    metals = [word for word in args.metals if word in METALS] or METALS
    # --metals takes all words that follow, boundaries included
    every = args.boundary + [word for word in args.metals if word not in METALS]
    if not every:
        raise MLGrainError("which boundary? Write it as `--help` shows")
    lines = [(words, [brk_energy(words, metal, tolerance=args.tolerance) for metal in metals])
             for words in every]
    common.say(f"{'boundary':<40}" + "".join(f"{metal:>9}" for metal in metals))
    for words, energies in lines:
        common.say(f"{words:<40}" + "".join(f"{energy:9.4f}" for energy in energies))


def run_list(args):
    """Of all kinds, where no tilt axis is given."""
    if args.max_area is None:
        raise MLGrainError("without --axis, --max-area says how large periods may be")
    crystal = crystal_of(args)
    if args.metal and not crystal.is_fcc:
        raise MLGrainError(f"--metal is for fcc, not {crystal.name}")
    found = boundaries(args.max_sigma, args.max_area, crystal)
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
        if args.metal:
            lines[-1]["energy"] = f"{b.brk_energy(args.metal):.4f}"
    if args.csv:
        common.write_csv(args.csv, [{**line, "key": "key " + text(b.numbers)}
                                    for line, b in zip(lines, found)])
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
    builder = cells.Builder(boundary, args.thickness, repeats, args.terminations or (0, 0))
    warn_of_sigma(boundary, f"{sum(builder.atoms)} atoms: ")
    return builder


def run_make(args):
    builder = builder_of(args)
    cell = builder.cell(args.translation, args.gap, args.overlap, args.surfaces)
    cells.write_data(args.output, cell, args.mass, args.types == 2)
    b = builder.boundary
    off = f", its rotation {b.deviation:.3g} degrees from the one given" if b.deviation > 1e-5 \
        else ""
    is_checked = not args.surfaces and len(cell.positions) <= MOST_CHECKED
    common.say(f"{args.output}: {b.title}{off}; {len(cell.positions)} atoms, {cell.removed} "
               f"removed; {cell.boundaries} of area {cell.area:.6g}"
               + (f"; inversion holds to {cell.inversion_error():.1e}" if is_checked else ""))


def run_starts(args):
    builder, lines = builder_of(args), []
    shifts = cells.translations(builder.boundary, SPACING if args.spacing is None else args.spacing)
    try:
        os.makedirs(args.output, exist_ok=True)
    except OSError as error:
        raise MLGrainError(f"{args.output} can't be made: {error.strerror}") from error
    for place, shift in enumerate(shifts):
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
