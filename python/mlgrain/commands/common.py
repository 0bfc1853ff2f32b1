# SPDX-License-Identifier: GPL-2.0-or-later
"""Options and small helpers that several subcommands share."""

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import os
import re
import sys

import numpy as np

from ..errors import MLGrainError
from ..models.modelfile import json_text
from ..tables import Table


def command(subparsers, name, text, example, run):
    """A subparser whose help ends with an example."""
    parser = subparsers.add_parser(
        name, help=text[0].lower() + re.split(r"\.\s", text)[0].rstrip(".")[1:], description=text,
        epilog=f"example:\n  {example}", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)
    return parser


def whole(low):
    """An argparse type: a whole number of at least `low`."""
    def convert(text):
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < low:
            raise argparse.ArgumentTypeError(f"{value} is less than {low}")
        return value
    return convert


def number(text):
    """An argparse type."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def positive(text):
    """An argparse type: a finite number above 0."""
    value = number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def not_negative(text):
    """An argparse type: a finite number, 0 or above."""
    value = number(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is below 0 or not finite")
    return value


def fraction(text):
    """An argparse type: from 0 to below 1."""
    value = number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1)")
    return value


def add_seed(parser):
    parser.add_argument("--seed", type=whole(0), default=0, help="of the random numbers (default 0)")


def add_features(parser):
    parser.add_argument("--features", nargs="+", metavar="NAME",
                        help="columns to use (default: the descriptors P0_I0 to P4_I8); patterns "
                        "such as 'soap_*' stand for all columns of such names but the target")


def feature_columns(args, table):
    """The columns that --features names, or the table's descriptors."""
    target = getattr(args, "target", None)
    if not args.features:
        return table.default_features(target)
    names = []
    for word in args.features:
        is_pattern = any(letter in word for letter in "*?") and word not in table.columns
        found = fnmatch.filter(table.columns, word) if is_pattern else [word]
        if not found:
            raise MLGrainError(f"{table.path} has no column like {word}; there are: "
                               f"{' '.join(table.columns[:20])}")
        names += [name for name in found if not (is_pattern and name == target)]
    return list(dict.fromkeys(names))


def add_descriptor(parser):
    group = parser.add_argument_group("what the model file should say")
    group.add_argument("--sfd", nargs=2, type=float, metavar=("SIGMA", "RCUT"),
                       help="the features are strain functional descriptors of this width and cutoff")
    group.add_argument("--unit-style", help="LAMMPS' units of the run, e.g. metal")
    group.add_argument("--elements", nargs="+", help="chemical symbols in the training data")
    group.add_argument("--training-set", help="in words")


def described(args, table=None):
    """Metadata from the options of add_descriptor, or from the table where they are not given."""
    inherited = table.metadata if table is not None else {}
    result = {key: inherited[key] for key in ("descriptor", "unit_style", "elements", "training_set")
              if key in inherited}
    if args.sfd:
        if min(args.sfd) <= 0:
            raise MLGrainError("--sfd takes two positive numbers")
        result["descriptor"] = json_text({"style": "sfd/atom", "sigma": args.sfd[0],
                                          "rcut": args.sfd[1]})
    if args.unit_style:
        result["unit_style"] = args.unit_style
    if args.elements:
        result["elements"] = json_text(args.elements)
    if args.training_set:
        result["training_set"] = args.training_set
    return result


def load_tables(paths):
    """One table of several files with the same columns; their sources stay apart."""
    tables = [Table.load(path) for path in paths]
    first = tables[0]
    if len(tables) == 1:
        return first
    parts, sources = [], []
    for table in tables:
        values = table.matrix(first.columns)
        if "source" in first.columns:
            values[:, first.columns.index("source")] += len(sources)
        parts.append(values)
        sources += table.sources
    return Table(first.columns, np.concatenate(parts), sources, first.metadata,
                 " and ".join(map(str, paths)))


def interval(words):
    """(name, low, high) of an option that takes a column and a range."""
    try:
        low, high = float(words[1]), float(words[2])
    except ValueError:
        raise MLGrainError(f"a column and two numbers expected, not {' '.join(words)}") from None
    return words[0], low, high


def say(text):
    print(text, flush=True)


def progress(text):
    """On standard error: what takes a while now."""
    print(f"mlgrain: {text} ...", file=sys.stderr, flush=True)


def warn(text):
    """On standard error: what may not be as it was meant."""
    print(f"mlgrain: warning: {text}", file=sys.stderr, flush=True)


def show_errors(errors):
    width = max(map(len, errors))
    for name, values in errors.items():
        say(f"  {name:<{width}}  " + "  ".join(f"{key} {value:.6g}" for key, value in values.items()))


def write_csv(path, lines):
    try:
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror}") from error


def read_csv(path, needed):
    """The lines of a CSV file with a header, as dicts of text."""
    try:
        with open(path, newline="") as file:
            lines = list(csv.DictReader(file))
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
    if not lines or not set(needed) <= set(lines[0]):
        raise MLGrainError(f"{path} needs a line of names with {', '.join(needed)}, and lines of data")
    return lines


def numbers(path, lines, key):
    try:
        return np.array([float(line[key]) for line in lines])
    except (TypeError, ValueError):
        raise MLGrainError(f"{path}: column {key} has something that is not a number") from None


def writable(path):
    """Says at once, before the work, that a file can't be written."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise MLGrainError(f"{path} can't be written: {folder} is not a folder one may write to")


def print_json(value):
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    print()
