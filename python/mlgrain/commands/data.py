# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain table, mlgrain sample, mlgrain join: from dumps to the rows a model is trained with."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from ..tables import Table, table_from_dumps
from ..tables.sampling import curated, per_group
from . import common


def add(subparsers):
    parser = common.command(
        subparsers, "table", "Makes a feature table of LAMMPS dumps. Reads text dumps, also .gz and "
        ".zst,\nin pieces; prints how far it is.",
        "mlgrain table gb*.dump.gz -o gb.npz --sfd 0.909 5.904 --unit-style metal", run_table)
    parser.add_argument("dumps", nargs="+", metavar="DUMP")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    parser.add_argument("--columns", nargs="+", metavar="NAME",
                        help="columns of the dumps to keep (default: all that are numbers)")
    parser.add_argument("--rename", nargs="+", default=[], metavar="OLD=NEW",
                        help="other names for columns, e.g. c_e[1]=energy_density")
    frame = parser.add_mutually_exclusive_group()
    for name in ("first", "last"):
        frame.add_argument(f"--{name}", dest="frame", action="store_const", const=name,
                           help=f"take the {name} frame of each dump only")
    parser.add_argument("--quiet", action="store_true", help="print no progress")
    common.add_descriptor(parser)

    parser = common.command(
        subparsers, "sample", "Draws a curated sample. Takes HIGH rows from the POOL rows of largest "
        "--by, and\nRANDOM rows from all others, so that rare atoms of high energy are well "
        "represented.",
        "mlgrain sample gb.npz -o train.npz --by energy_density --random 180000 --high 20000 "
        "--pool 40000", run_sample)
    parser.add_argument("tables", nargs="+", metavar="TABLE.npz",
                        help="each table is sampled on its own (say one per tilt axis)")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    parser.add_argument("--by", default="energy_density", metavar="COLUMN",
                        help="the column whose largest values are rare (default energy_density)")
    parser.add_argument("--random", type=common.whole(0), default=180000, metavar="N")
    parser.add_argument("--high", type=common.whole(0), default=20000, metavar="N")
    parser.add_argument("--pool", type=common.whole(0), metavar="N", help="default: twice HIGH")
    parser.add_argument("--per", metavar="COLUMN", help="draw as many from each value of a column")
    common.add_seed(parser)

    parser = common.command(
        subparsers, "join", "Puts columns of several tables side by side: rows with the same number in "
        "column --on, or\nin the same order. All rows of the first table need one in each of the others.",
        "mlgrain join ler.csv mobility.csv -o ni.npz --on PID", run_join)
    parser.add_argument("tables", nargs="+", metavar="TABLE", help="feature tables, .npz or .csv")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    parser.add_argument("--on", metavar="COLUMN", help="default: rows are in the same order")


def run_table(args):
    rename = {}
    for pair in args.rename:
        old, sign, new = pair.partition("=")
        if not (sign and old and new):
            raise MLGrainError(f"--rename takes OLD=NEW, not {pair!r}")
        rename[old] = new
    rows = table_from_dumps(args.dumps, args.output, args.columns, rename,
                            common.described(args), args.frame, args.quiet)
    common.say(f"{args.output}: {rows} rows of {len(args.dumps)} dumps; columns "
               + " ".join(Table.load(args.output).columns))


def run_sample(args):
    pool = 2 * args.high if args.pool is None else args.pool
    parts, before = [], None
    for number, path in enumerate(args.tables):
        table = Table.load(path)
        energy, seed = table.column(args.by), args.seed + number
        try:
            rows = curated(energy, args.random, args.high, pool, seed) if args.per is None else \
                per_group(table.column(args.per), energy, args.random, args.high, pool, seed)
        except MLGrainError as error:
            raise MLGrainError(f"{path}: {error}") from error
        parts.append((table, rows))
    result = _joined(parts)
    result.metadata = dict(parts[0][0].metadata)
    result.metadata["sampling"] = (f"{args.random} random + {args.high} of the {pool} of largest "
                                   f"{args.by}, per {args.per or 'table'}, seed {args.seed}")
    before = sum(len(table) for table, _ in parts)
    result.save(args.output)
    common.say(f"{args.output}: {len(result)} of {before} rows")


def run_join(args):
    common.writable(args.output)
    first, *others = (Table.load(path) for path in args.tables)
    columns, parts = list(first.columns), [first.values]
    for table in others:
        rows = np.arange(len(first)) if args.on is None else _rows_with(
            table, args.on, first.column(args.on))
        if args.on is None and len(table) != len(first):
            raise MLGrainError(f"{table.path} has {len(table)} rows, {first.path} {len(first)}; --on says "
                               "which belong together")
        names = [name for name in table.columns if name not in columns]
        if not names:
            raise MLGrainError(f"{table.path} has no column that the tables before it don't have")
        columns += names
        parts.append(table.matrix(names)[rows])
    result = Table(columns, np.concatenate(parts, axis=1), first.sources, first.metadata)
    result.save(args.output)
    common.say(f"{args.output}: {len(result)} rows of {len(columns)} columns")


def _rows_with(table, name, wanted):
    """Of each number in a column the row that has it."""
    column = table.column(name)
    order = np.argsort(column, kind="stable")
    if (np.diff(column[order]) == 0).any():
        raise MLGrainError(f"{table.path}: two rows have the same {name}")
    at = np.minimum(np.searchsorted(column[order], wanted), len(column) - 1)
    lost = column[order[at]] != wanted
    if lost.any():
        raise MLGrainError(f"{table.path} has no row with {name} {wanted[lost.argmax()]:g}")
    return order[at]


def _joined(parts):
    columns, sources, blocks = parts[0][0].columns, [], []
    for table, rows in parts:
        block = np.array(table.values[rows])[:, table.places(columns)]
        if "source" in columns:
            block[:, columns.index("source")] += len(sources)
        sources += table.sources
        blocks.append(block)
    return Table(columns, np.concatenate(blocks), sources)
