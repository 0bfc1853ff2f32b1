# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain validate: report cards of potentials, and cost against accuracy of several."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex

from .. import plots
from ..errors import MLGrainError
from ..validation import card, corrected, reference, suite
from ..validation.cells import ATOMS_PER_CUBE, LATTICES
from ..validation.elements import element
from ..validation.page import Page
from ..validation.properties.common import KINDS
from ..validation.session import Failure, Session
from . import common


class _Potential(argparse.Action):
    """--pair begins a potential; --coeff, --name, --trained and --errors belong to the last
    one."""

    def __call__(self, parser, namespace, value, option_string=None):
        found = getattr(namespace, "potentials", None) or []
        if self.dest == "pair":
            found.append({"pair": value, "coeff": [], "called": None, "trained": None,
                          "errors": None})
        elif not found:
            parser.error(f"{option_string}: --pair comes first")
        elif self.dest == "coeff":
            found[-1]["coeff"].append(value)
        elif found[-1][self.dest] is not None:
            parser.error(f"{option_string} is there twice for one --pair")
        else:
            found[-1][self.dest] = value
        namespace.potentials = found


def add(subparsers):
    task = common.command(
        subparsers, "validate",
        "Report cards of potentials. Crystals, elastic constants, phonons, point defects, "
        "surfaces, stacking faults, dislocations,\nboundaries ... with any pair style of LAMMPS, "
        "several potentials side by side, beside a reference: a page with tables,\ncurves and "
        "pictures. Interrupted, the same command goes on.",
        'mlgrain validate --pair mtp --coeff "* * Fe.almtp Fe" --lattice bcc --element Fe -o card\n'
        '  mlgrain validate --pair mtp --coeff "* * Cu.almtp Cu" --trained crystal,vacancy \\\n'
        '      --pair eam/alloy --coeff "* * Cu_zhou.eam.alloy Cu" --reference-pair eam/alloy \\\n'
        '      --reference-coeff "* * Cu_mishin1.eam.alloy Cu" --lattice fcc --element Cu -o card\n'
        "  mlgrain validate --compare card1 card2 -o pareto", run)
    group = task.add_argument_group("potentials: as many as wanted, each beginning with --pair")
    group.add_argument("--pair", action=_Potential, metavar="WORDS",
                       help="what follows pair_style in an input in metal units")
    group.add_argument("--coeff", action=_Potential, metavar="WORDS",
                       help="what follows pair_coeff, for one atom type; as often as needed")
    group.add_argument("--name",
                       dest="called",
                       action=_Potential,
                       metavar="NAME",
                       help="in tables (default: its file's)")
    group.add_argument("--trained", action=_Potential, metavar="KIND,...",
                       help=f"what is in its training set: some of {', '.join(KINDS)}, or none")
    group.add_argument("--errors", action=_Potential, metavar="FILE.safetensors",
                       help="its error bars, by `mlgrain mtp error-bars`; those in "
                       "NAME.error.safetensors beside a potential NAME are found without this")
    group = task.add_argument_group("the crystal")
    group.add_argument("--lattice", help=" or ".join(LATTICES))
    group.add_argument("--element", metavar="X", help="chemical symbol")
    group.add_argument("--a",
                       type=common.positive,
                       metavar="A",
                       help="about what lattice constant (Angstrom)")
    group.add_argument("--mass", type=common.positive, metavar="M", help="g/mol")
    group = task.add_argument_group("what to compare with")
    group.add_argument("--reference", metavar="TABLE.csv", help="columns property, value, source")
    group.add_argument("--reference-pair", metavar="WORDS", help="or a potential, as --pair")
    group.add_argument("--reference-coeff", action="append", default=[], metavar="WORDS")
    group.add_argument("--reference-name", metavar="NAME")
    task.add_argument(
        "--suite",
        choices=("quick", "full"),
        default="quick",
        help="quick: a minute or two of one core; full: up to an hour (default quick)")
    task.add_argument("--only", metavar="NAME,...", help="these properties only")
    task.add_argument("--list", action="store_true", help="lists properties and their numbers")
    task.add_argument(
        "--compare",
        nargs="+",
        metavar="CARD",
        help="folders of cards: cost against accuracy of their potentials, with a picture")
    task.add_argument("--lammps", default="lmp", metavar="COMMAND", help="LAMMPS (default lmp)")
    task.add_argument("--lammps-setup", action="append", default=[], metavar="LINE",
                      help="a command before pair_style, such as 'plugin load ...'")
    task.add_argument("--timeout", type=common.positive, default=3600.0, metavar="SECONDS",
                      help="LAMMPS is stopped after so long without an answer (default 3600)")
    task.add_argument("-o",
                      "--output",
                      metavar="FOLDER",
                      help="for card.md, card.html and all else")
    task.set_defaults(potentials=[])


def run(args):
    if args.list:
        return _list()
    if not args.output:
        raise MLGrainError("-o FOLDER is needed")
    if args.compare:
        return _compare(args.compare, args.output)
    job = _job(args)
    potentials = _potentials(args)
    compared = _reference(args)
    properties = suite.chosen(args.suite, args.lattice, args.only.split(",") if args.only else None,
                              len(potentials) == 1 and not isinstance(compared, suite.Potential))
    command = shlex.split(args.lammps)
    for one in (*potentials, *([compared] if isinstance(compared, suite.Potential) else [])):
        _check(one, command, job.mass)
    _folder(args.output)
    job.truth = isinstance(compared, suite.Potential)
    job.source = compared if job.truth else potentials[0]
    if job.truth:
        results = suite.run(compared, properties, job, common.say)
        compared = reference.of_potential(compared, results)
    results = {one.name: suite.run(one, properties, job, common.say) for one in potentials}
    pages = card.write(args.output, args.element or "crystal", args.lattice, potentials, properties,
                       results, compared, shlex.join(["mlgrain", *args.words]))
    failed = sum(one["failed"] is not None for found in results.values() for one in found.values())
    common.say(f"{' and '.join(pages)}" + (f"; {failed} properties failed" if failed else ""))
    return None


def _list():
    for one in suite.PROPERTIES:
        common.say(f"{one.name} ({one.suite}): {one.title}")
        for row in {row.key: row for lattice in one.lattices for row in one.rows(lattice)}.values():
            common.say(f"    {row.key:<22} {row.label} ({row.unit})")


def _job(args):
    if args.lattice not in LATTICES:
        raise MLGrainError(f"--lattice: {args.lattice!r} is none of {', '.join(LATTICES)}"
                           if args.lattice else f"--lattice is needed: {' or '.join(LATTICES)}")
    mass, a = args.mass, args.a
    if mass is None or a is None:
        if args.element is None:
            raise MLGrainError("--element is needed (or --mass and --a)")
        known_mass, volume = element(args.element)
        mass = mass or known_mass
        a = a or round((volume * ATOMS_PER_CUBE[args.lattice]) ** (1 / 3), 4)
    return suite.Job(args.lattice, a, mass, shlex.split(args.lammps), args.output, args.timeout)


def _potentials(args):
    if not args.potentials:
        raise MLGrainError(
            "--pair and --coeff are needed: what follows pair_style and pair_coeff in an input")
    found = []
    for one in args.potentials:
        if not one["coeff"]:
            raise MLGrainError(f"--pair {one['pair']}: --coeff is needed")
        name = one["called"] or _name(one["pair"], one["coeff"])
        used = [other.name for other in found]
        if name in used:
            others = (f"{name} ({k})" for k in range(2, len(used) + 3))
            name = next(other for other in others if other not in used)
        found.append(suite.Potential(name, one["pair"], one["coeff"], args.lammps_setup,
                                     _trained(one["trained"]),
                                     *corrected.find(one["pair"], one["coeff"], one["errors"])))
    return found


def _trained(text):
    if text is None:
        return None
    kinds = [] if text == "none" else text.split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise MLGrainError(f"--trained: {kind!r} is none of {', '.join(KINDS)}")
    return kinds


def _name(pair, coeffs):
    """Of the first file that is named, without its endings; else the pair style."""
    for word in " ".join(coeffs).split():
        if re.search(r"\.[A-Za-z]", word):
            return os.path.basename(word).split(".")[0]
    return pair.split()[0]


def _reference(args):
    """None, a Reference, or the Potential that is to be one."""
    if not args.reference_pair:
        if args.reference_coeff:
            raise MLGrainError("--reference-coeff without --reference-pair")
        return reference.read_table(args.reference) if args.reference else None
    if args.reference:
        raise MLGrainError("give either --reference or --reference-pair")
    if not args.reference_coeff:
        raise MLGrainError("--reference-pair: --reference-coeff is needed")
    name = args.reference_name or _name(args.reference_pair, args.reference_coeff)
    # The name also says where its results are kept, beside those of a potential of the same name.
    return suite.Potential(f"{name} (reference)", args.reference_pair, args.reference_coeff,
                           args.lammps_setup)


def _check(potential, command, mass):
    """That LAMMPS takes the potential: what is wrong with its words or files is said before
    anything begins."""
    with Session(command, potential.pair_style, potential.pair_coeffs, potential.setup,
                 mass) as session:
        try:
            session.ask()
        except Failure as failure:
            raise MLGrainError(f"{potential.name}: LAMMPS says: {failure}") from None


def _folder(path):
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise MLGrainError(f"{path} can't be made: {error.strerror}") from error


def _compare(folders, output):
    """Cost and mean errors of all potentials of some cards; a picture where there are both."""
    points, element_names = [], set()
    for folder in folders:
        found = _card(os.path.join(folder, "card.json"))
        element_names.add(f"{found['element']}, {found['lattice']}")
        points += [(one["name"], one["cost"], {
            kind: 100 * size
            for kind, size in one["errors"].items()
        }) for one in found["potentials"] if one["cost"] and one["errors"]]
    if len(element_names) > 1:
        raise MLGrainError(
            f"--compare: the cards are of different crystals: {'; '.join(sorted(element_names))}")
    if not points:
        raise MLGrainError(
            "--compare: the cards have no potentials with a cost and errors against a reference")
    kinds = [(kind, label) for kind, label in KINDS.items()
             if any(kind in one[2] for one in points)]
    _folder(output)
    title = f"Cost and accuracy: {element_names.pop()}"
    plots.cost_and_accuracy(points, kinds, os.path.join(output, "pareto"))
    page = Page(title)
    page.table(["potential", "µs/atom/step", *(f"{label} (%)" for _, label in kinds)], [[
        name, f"{cost:.2f}", *(f"{errors[kind]:.2f}" if kind in errors else "" for kind, _ in kinds)
    ] for name, cost, errors in sorted(points, key=lambda one: one[1])])
    page.small(
        "Mean absolute differences from each card's reference; the line in the picture joins the "
        "potentials that no "
        "other one beats in both cost and accuracy.")
    page.picture("pareto.png", title)
    for name, text in (("compare.md", page.markdown()), ("compare.html", page.html())):
        with open(os.path.join(output, name), "w", encoding="utf-8") as file:
            file.write(text)
    common.say(os.path.join(output, "compare.md"))


def _card(path):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        return {"element": str(found["element"]), "lattice": str(found["lattice"]), "potentials": [
            {"name": str(one["name"]), "cost": float(one["cost"] or 0),
             "errors": {kind: float(size) for kind, size in dict(one["errors"]).items()}}
            for one in found["potentials"]]}
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise MLGrainError(f"{path} is no card of mlgrain validate: {error}") from error
