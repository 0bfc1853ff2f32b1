# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain segregation: from energies of some sites to the spectrum of all, and to isotherms."""

from __future__ import annotations

import argparse

import numpy as np

from ..errors import MLGrainError
from ..models import ridge
from ..segregation import isotherm, sites
from ..segregation.spectrum import FEWEST, UNITS, SkewNormal, by_groups, group_rows, spectrum
from . import common, linear

REARRANGED = 2  # flags of the command segregation from here on: not the site's energy, or not surely


def add(subparsers):
    parser = common.command(
        subparsers, "segregation", "Segregation of solutes to boundaries. Chooses sites, learns their "
        "energies, and gives the\nspectrum of all sites and isotherms.",
        "mlgrain segregation learn energies.txt poly.npz -o Cu_Ag.safetensors --solute Ag", None)
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_choose(tasks)
    _add_learn(tasks)
    _add_spectrum(tasks)
    _add_isotherm(tasks)


def _add_choose(tasks):
    task = common.command(
        tasks, "choose", "Chooses sites to calculate. Writes commands of LAMMPS that make a group of them.",
        "mlgrain segregation choose poly.npz -o chosen.in --sites 300 --where c_o[1] -1 0", run_choose)
    task.add_argument("table", metavar="TABLE.npz", help="descriptors of atoms, with their id")
    task.add_argument("-o", "--output", required=True, metavar="FILE.in")
    task.add_argument("--sites", type=common.whole(1), default=300, help="default 300")
    task.add_argument("--method", choices=ridge.METHODS, default="leverage",
                      help="greatest leverage first (default), nearest to the centers of as many "
                      "clusters, or at random")
    task.add_argument("--group", default="chosen", metavar="NAME", help="of the group (default chosen)")
    _add_where(task)
    common.add_features(task)
    common.add_seed(task)


def _add_learn(tasks):
    task = common.command(
        tasks, "learn", "Learns energies of sites from descriptors of the undecorated boundary, by ridge\n"
        "regression; of several tables of descriptors, from that with the least leave-one-out error.\n"
        "`mlgrain predict` and compute linear/atom apply the model.",
        "mlgrain segregation learn energies.txt poly.npz soap.npz -o Cu_Ag.safetensors --solute Ag",
        run_learn)
    task.add_argument("energies", metavar="SITES", help="table of the command segregation, or any text, .csv "
                      "or .npz file with columns id and energy")
    task.add_argument("tables", nargs="+", metavar="TABLE.npz", help="descriptors of atoms, with their id: of "
                      "`mlgrain table`, `mlgrain soap atom` ...")
    task.add_argument("--energy", default="energy", metavar="COLUMN", help="of SITES (default energy)")
    task.add_argument("--flagged", action="store_true", help="keep sites that were left or rearranged, or "
                      "are soft: column flag of 2 or more")
    task.add_argument("--solute", metavar="X", help="what segregates, for the file")
    task.add_argument("--units", default="eV", choices=sorted(UNITS), help="of the energies (default eV)")
    task.add_argument("--table-out", metavar="FILE.npz", help="write energies and descriptors as a table")
    linear.add_fit(task)


def _add_spectrum(tasks):
    task = common.command(
        tasks, "spectrum", "The spectrum of energies: moments, tails, share of sites that the solute "
        "prefers, and\nthe skew-normal function of greatest likelihood. Of all sites, and of each value "
        "of --by.",
        "mlgrain segregation spectrum predicted.npz -o spectrum.csv --column prediction --where c_o[1] -1 0 "
        "--picture spectrum", run_spectrum)
    _add_energies(task)
    task.add_argument("-o", "--output", metavar="FILE.csv")
    task.add_argument("--by", nargs="+", default=[], metavar="COLUMN", help="class, coordination, grain ...: a "
                      "spectrum of each of its values that has 8 sites; with two columns A:B, as grain:other "
                      "of fix grains, of each pair: the boundary of two grains")
    task.add_argument("--picture", metavar="NAME", help="writes NAME.png and NAME.svg, and NAME_COLUMN.png and "
                      ".svg for each COLUMN")


def _add_isotherm(tasks):
    task = common.command(
        tasks, "isotherm", "How much solute is on the sites, by temperature and content, without interaction "
        "between\nsolutes. With --fraction in a closed system: the contents are then those of the whole.",
        "mlgrain segregation isotherm predicted.npz -o isotherm.csv --column prediction --temperature 300 "
        "600 900 --content 0.001 0.01 --fraction 0.1 --picture isotherm", run_isotherm)
    _add_energies(task, optional=True)
    task.add_argument("-o", "--output", metavar="FILE.csv", required=True)
    task.add_argument("--skew-normal", nargs=3, type=float, metavar=("ALPHA", "MU", "SIGMA"),
                      help="instead of a table: a spectrum from the literature, in --units")
    task.add_argument("--temperature", nargs="+", type=common.positive, required=True, metavar="T", help="in K")
    task.add_argument("--content", nargs="+", type=_share, required=True, metavar="X",
                      help="of the crystal, or with --fraction of the whole; a fraction of sites")
    task.add_argument("--fraction", type=_share, metavar="F", help="share of all sites in boundaries")
    task.add_argument("--picture", metavar="NAME", help="writes NAME.png and NAME.svg")


def _add_energies(task, optional=False):
    task.add_argument("table", metavar="TABLE", nargs="?" if optional else None,
                      help="text, .csv or .npz, with the energies in a column")
    task.add_argument("--column", default="energy", help="with the energies (default energy)")
    task.add_argument("--units", default="eV", choices=sorted(UNITS), help="of the energies (default eV)")
    _add_where(task)


def _add_where(task):
    task.add_argument("--where", nargs=3, metavar=("COLUMN", "LOW", "HIGH"),
                      help="only rows with a column in this range are sites")


def _share(text):
    if common.positive(text) >= 1:
        raise argparse.ArgumentTypeError(f"{text} is not below 1")
    return float(text)


def _where(args, table):
    """The rows that are sites."""
    if not args.where:
        return np.ones(len(table), bool)
    name, low, high = common.interval(args.where)
    column = table.column(name)
    return (column >= low) & (column <= high)


def run_choose(args):
    common.writable(args.output)
    table = sites.read_sites(args.table)
    features = table.matrix(common.feature_columns(args, table))
    rows = np.flatnonzero(_where(args, table) & np.isfinite(features).all(axis=1))
    if len(rows) < args.sites:
        raise MLGrainError(f"{args.table} has {len(rows)} sites with finite descriptors, not {args.sites}")
    chosen = rows[ridge.choose(features[rows], args.sites, args.method, seed=args.seed)]
    words = [f"{number:.0f}" for number in table.column("id")[chosen]]
    with open(args.output, "w", encoding="utf-8") as file:
        file.write(f"# {args.sites} of {len(rows)} sites of {args.table}, by {args.method}\n")
        for first in range(0, len(words), 15):
            file.write(f"group {args.group} id {' '.join(words[first:first + 15])}\n")
    common.say(f"{args.output}: {args.sites} of {len(rows)} sites")


def run_learn(args):
    linear.check(args)
    energies = sites.read_sites(args.energies)
    if "flag" in energies.columns and not args.flagged:
        good = energies.column("flag") < REARRANGED
        if not good.all():
            common.say(f"{np.count_nonzero(~good)} of {len(good)} sites were left or rearranged, or are soft")
        energies = energies.rows(good)
    together = [_joined(args, energies, path) for path in args.tables]
    best = together[0] if len(together) == 1 else _best(args, together)
    if args.table_out:
        best.save(args.table_out)
    metadata = {"units": args.units}
    if args.solute:
        metadata["solute"] = args.solute
    linear.train(args, best, args.energy, metadata)


def _joined(args, energies, path):
    """Energies with the descriptors of the sites."""
    table = sites.read_sites(path)
    if args.energy in table.columns and args.energy != "id":
        raise MLGrainError(f"{path} has a column {args.energy}, too")
    return sites.with_descriptors(energies, table)


def _best(args, tables):
    """Of tables of the same sites that whose descriptors have the least leave-one-out error, at the sites
    where those of all are finite."""
    names = [common.feature_columns(args, table) for table in tables]
    good = np.all([np.isfinite(table.matrix([*some, args.energy])).all(axis=1)
                   for table, some in zip(tables, names)], axis=0)
    tables = [table.rows(good) for table in tables]
    errors = []
    for table, some in zip(tables, names):
        _, found = ridge.fit_table(table, some, args.energy, args.degree, args.penalty, args.seed, novelty=False)
        errors.append(found["leave_one_out"]["rmse"])
        common.say(f"  {table.path}: {len(some)} descriptors, leave-one-out error {errors[-1]:.6g}")
    best = tables[int(np.argmin(errors))]
    common.say(f"  learned from {best.path}")
    return best


def run_spectrum(args):
    table = sites.read_sites(args.table)
    chosen = _where(args, table)
    energies = table.column(args.column)[chosen]
    columns = {by: _groups(table, by)[chosen] for by in args.by}
    whole = spectrum(energies)
    results = [("sites", "all", whole)]
    for by, groups in columns.items():
        results += [(by, _name(key), one) for key, one in by_groups(energies, groups).items()]
    for by, name, one in results:
        fit = one.fit
        common.say(f"  {by} {name}: {one.sites} sites, mean {one.mean:.4g}, deviation {one.deviation:.4g}, "
                   f"{100 * one.favorable:.1f} % below 0; alpha {fit.alpha:.3g}, mu {fit.mu:.4g}, sigma "
                   f"{fit.sigma:.4g} {args.units}")
    if args.where:
        common.say(f"sites are {np.count_nonzero(chosen) / len(table):.6g} of all rows")
    if args.output:
        common.writable(args.output)
        common.write_csv(args.output, [{"by": by, "of": name, **one.row()} for by, name, one in results])
    if args.picture:
        _draw_spectra(args, energies, whole, columns)


def _groups(table, by):
    """A column, or two of them beside each other."""
    names = by.split(":")
    if len(names) > 2:
        raise MLGrainError(f"--by {by} has more than two columns")
    values = [table.column(name) for name in names]
    return np.column_stack(values) if len(names) == 2 else values[0]


def _name(key):
    return "-".join(f"{one:g}" for one in key) if isinstance(key, tuple) else f"{key:g}"


def _draw_spectra(args, energies, whole, columns):
    from .. import plots

    files = []
    first = {}
    for by, groups in columns.items():
        parts = {_name(key): energies[rows] for key, rows in group_rows(groups).items()
                 if len(rows) >= FEWEST}
        first = first or parts
        files += plots.segregation_groups(parts, f"{args.picture}_{by.replace(':', '_')}", args.units, by)
    files += plots.segregation_spectrum(energies, whole.fit, first, args.picture, args.units,
                                        next(iter(columns), None))
    common.say(" ".join(files))


def run_isotherm(args):
    common.writable(args.output)
    if (args.table is None) == (args.skew_normal is None):
        raise MLGrainError("either a table of energies or --skew-normal is needed")
    if args.skew_normal:
        if not args.skew_normal[2] > 0:
            raise MLGrainError("sigma of --skew-normal is not above 0")
        energies = SkewNormal(*args.skew_normal).energies()
    else:
        table = sites.read_sites(args.table)
        energies = table.column(args.column)[_where(args, table)]
    energies = energies[np.isfinite(energies)] / UNITS[args.units]
    if not len(energies):
        raise MLGrainError("there are no energies that are finite")
    lines = isotherm.table(energies, args.temperature, args.content, args.fraction)
    common.write_csv(args.output, lines)
    for line in lines:
        common.say("  " + "  ".join(f"{key} {value:.6g}" for key, value in line.items()))
    if args.picture:
        from .. import plots

        common.say(" ".join(plots.segregation_isotherm(lines, args.picture)))
