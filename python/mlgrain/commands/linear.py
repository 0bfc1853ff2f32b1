# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain linear: ridge regression, for compute linear/atom."""

from __future__ import annotations

from ..errors import MLGrainError
from ..models import ridge
from . import common


def add(subparsers):
    parser = common.command(
        subparsers, "linear", "Trains a linear model by ridge regression and writes the model file. "
        "Finds the penalty\nof least leave-one-out error, and stores the posterior of the coefficients, "
        "a robust Mahalanobis\nnovelty, the range of each feature, and the errors.",
        "mlgrain linear train.npz -o Cu_gbe.safetensors --target energy --units mJ/m^2", run_linear)
    parser.add_argument("tables", nargs="+", metavar="TABLE.npz")
    parser.add_argument("--target", default="energy", metavar="COLUMN",
                        help="the column to predict (default energy)")
    add_fit(parser)
    parser.add_argument("--units", help="units of the target, for the file")


def add_fit(parser):
    """What `mlgrain segregation learn` has, too."""
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.safetensors")
    common.add_features(parser)
    parser.add_argument("--degree", type=int, choices=(1, 2), default=1,
                        help="2: products of two features are features, too (default 1)")
    parser.add_argument("--penalty", type=float, metavar="LAMBDA", help="on squared coefficients of "
                        "standardised terms, per row (default: by leave-one-out errors)")
    common.add_seed(parser)
    common.add_descriptor(parser)


def run_linear(args):
    table = common.load_tables(args.tables)
    train(args, table, args.target, {"units": args.units} if args.units else {})


def check(args):
    """Stops with an error where what add_fit asks for can't be done."""
    common.writable(args.output)
    if args.penalty is not None and not 0 < args.penalty < float("inf"):
        raise MLGrainError(f"--penalty takes a number above 0, not {args.penalty:g}")


def train(args, table, target, metadata):
    """Fits, writes and reports what add_fit asks for."""
    check(args)
    names = common.feature_columns(args, table)
    model, errors = ridge.fit_table(table, names, target, args.degree, args.penalty, args.seed,
                                    {**common.described(args, table), **metadata})
    model.save(args.output)
    common.say(f"{args.output}: {len(model.coefficients)} terms, {model.metadata['training_rows']} rows, "
               f"{model.metadata['estimator']}; noise {model.noise:.6g}; errors of {target}:")
    common.show_errors(errors)
