# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain mixture, choose, boundaries: classes of atoms, and what they say of a boundary."""

from __future__ import annotations

import numpy as np

from ..boundaries import features as boundaries
from ..errors import MLGrainError
from ..models import classes
from ..models.mixture import Mixture
from ..tables import Table
from . import common


def add(subparsers):
    parser = common.command(
        subparsers, "mixture", "Fits a Gaussian mixture and writes the model file. Two classes tell "
        "boundary from bulk,\nmore name the environments. Classes come in order of the mean of "
        "--order-by.",
        "mlgrain mixture gb.npz -o Cu_gb2.safetensors --classes 2 --names bulk boundary", run_mixture)
    parser.add_argument("tables", nargs="+", metavar="TABLE.npz")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.safetensors")
    parser.add_argument("--classes", type=common.whole(1), required=True, metavar="K")
    parser.add_argument("--names", nargs="+", help="names of the classes")
    parser.add_argument("--order-by", metavar="FEATURE", help="default: P2_I0, else the first feature")
    parser.add_argument("--rows", type=common.whole(10), default=100000,
                        help="fit to at most so many rows, at random (default 100000)")
    _add_fit(parser)
    common.add_descriptor(parser)

    parser = common.command(
        subparsers, "choose", "Helps to choose the number of classes. Fits mixtures of several "
        "numbers of classes and\ngives the Davies-Bouldin and Calinski-Harabasz indices of each, and "
        "the number that does\nbest in both.",
        "mlgrain choose gb.npz -o choice.csv --from 2 --to 10", run_choose)
    parser.add_argument("tables", nargs="+", metavar="TABLE.npz")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.csv")
    parser.add_argument("--from", dest="first", type=common.whole(2), default=2)
    parser.add_argument("--to", dest="last", type=common.whole(2), default=8)
    parser.add_argument("--rows", type=common.whole(10), default=20000,
                        help="use at most so many rows, at random (default 20000)")
    _add_fit(parser)

    parser = common.command(
        subparsers, "boundaries", "Makes features of whole boundaries. For each value of --group: mean "
        "and kurtosis of each\ndescriptor, mean probability and frequency of each class, and a "
        "histogram of the cosine\nsimilarity to a reference class. `mlgrain forest` then learns the "
        "boundary's energy.",
        "mlgrain boundaries gb.npz -o gbs.npz --mixture Cu_gb6.safetensors --energies gbe.csv",
        run_boundaries)
    parser.add_argument("tables", nargs="+", metavar="TABLE.npz")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    parser.add_argument("--mixture", required=True, metavar="MODEL.safetensors")
    parser.add_argument("--region", metavar="MODEL.safetensors",
                        help="a mixture that tells boundary from bulk: only boundary atoms count")
    parser.add_argument("--region-class", nargs="+", default=["2"], metavar="CLASS",
                        help="the boundary's classes in it, by number or name (default 2)")
    parser.add_argument("--where", nargs=3, metavar=("COLUMN", "LOW", "HIGH"),
                        help="only atoms with a column in this range count, say y -8 8: a slab about "
                        "the boundary")
    parser.add_argument("--group", default="source", metavar="COLUMN",
                        help="what tells boundaries apart (default source: one dump, one boundary)")
    parser.add_argument("--reference", metavar="CLASS",
                        help="class for the similarity (default: that of smallest P2_I0)")
    parser.add_argument("--bins", type=common.whole(1), default=boundaries.SIMILARITY_BINS)
    parser.add_argument("--energies", metavar="FILE.csv",
                        help="columns file and energy: energies of the boundaries, by dump's name")


def _add_fit(parser):
    common.add_features(parser)
    parser.add_argument("--covariance", choices=classes.COVARIANCES, default="full")
    parser.add_argument("--starts", type=common.whole(1), default=3, help="best of so many (default 3)")
    parser.add_argument("--regularization", type=float, default=1e-6,
                        help="added to the diagonal of covariances of the scaled features "
                        "(default 1e-6); too small, and perfect crystal makes them singular")
    common.add_seed(parser)


def run_mixture(args):
    common.writable(args.output)
    table = common.load_tables(args.tables)
    names = common.feature_columns(args, table)
    if args.names is not None and len(args.names) != args.classes:
        raise MLGrainError(f"{len(args.names)} names for {args.classes} classes")
    by = args.order_by or ("P2_I0" if "P2_I0" in names else names[0])
    if by not in names:
        raise MLGrainError(f"--order-by {by} is not among the features {' '.join(names)}")
    features = table.matrix(names)
    if len(features) > args.rows:
        rows = np.random.default_rng(args.seed).choice(len(features), args.rows, replace=False)
        features = features[np.sort(rows)]
    mixture, fitted = classes.fit(features, names, args.classes, args.covariance, args.seed,
                                  args.starts, args.regularization, common.described(args, table),
                                  args.names, names.index(by))
    mixture.save(args.output)
    note = "" if fitted.converged_ else " (the fit did NOT converge)"
    common.say(f"{args.output}: {args.classes} classes{note}; weights, and means of {by}:")
    place = names.index(by)
    means = mixture.means[:, place] * mixture.feature_scale[place] + mixture.feature_shift[place]
    for k, (weight, mean) in enumerate(zip(mixture.weights, means)):
        common.say(f"  {k + 1} {args.names[k] if args.names else '':<12} {weight:8.4f} {mean:12.6g}")


def run_choose(args):
    common.writable(args.output)
    table = common.load_tables(args.tables)
    if args.last < args.first:
        raise MLGrainError(f"--to {args.last} is less than --from {args.first}")
    scores = classes.choose(table.matrix(common.feature_columns(args, table)),
                            range(args.first, args.last + 1), args.covariance, args.seed,
                            args.starts, args.regularization, args.rows, common.progress)
    common.write_csv(args.output, scores)
    for line in scores:
        common.say(f"  {line['classes']:3d} classes: Davies-Bouldin {line['davies_bouldin']:8.4f}  "
                   f"Calinski-Harabasz {line['calinski_harabasz']:10.1f}  BIC {line['bic']:.6g}")
    common.say(f"best in both indices: {classes.best(scores)} classes")


def run_boundaries(args):
    common.writable(args.output)
    table, mixture = common.load_tables(args.tables), Mixture.load(args.mixture)
    region = Mixture.load(args.region) if args.region else None
    region_classes = [boundaries.reference_class(region, name) for name in args.region_class] \
        if region else None
    if args.where:
        name, low, high = common.interval(args.where)
        column = table.column(name)
        table = table.rows((column >= low) & (column <= high))
        if not len(table):
            raise MLGrainError(f"no row has {name} from {low:g} to {high:g}")
    groups, features = boundaries.boundary_table(table, mixture, region, region_classes, args.group,
                                                 args.reference, args.bins)
    columns, values = boundaries.feature_names(mixture, args.bins), [features]
    if args.energies:
        values.append(_energies(args, table, groups))
        columns = columns + ["energy"]
    result = Table(columns + [args.group], np.column_stack([*values, groups]), table.sources,
                   {key: value for key, value in table.metadata.items() if key != "descriptor"})
    result.save(args.output)
    common.say(f"{args.output}: {len(groups)} boundaries, {features.shape[1]} features")


def _energies(args, table, groups):
    if args.group != "source":
        raise MLGrainError("--energies goes by the dumps' names, which takes --group source")
    lines = common.read_csv(args.energies, ("file", "energy"))
    energies = dict(zip((line["file"] for line in lines),
                        common.numbers(args.energies, lines, "energy")))
    result = []
    for group in groups.astype(int):
        path = table.sources[group]
        name = path if path in energies else path.rsplit("/", 1)[-1]
        if name not in energies:
            raise MLGrainError(f"{args.energies} has no energy for {name}")
        result.append(energies[name])
    return np.array(result)
