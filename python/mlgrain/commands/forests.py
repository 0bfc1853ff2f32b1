# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain forest, validate, curve, import: regressors made of trees, and imported classifiers."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from ..models import training
from ..models.classifier import ForestClassifier, classes_of
from ..models.forest import usable_rows
from ..models.measures import class_measures, measures
from ..models.modelfile import json_text, provenance
from ..tables import Table
from . import common


def add(subparsers):
    parser = common.command(
        subparsers, "forest", "Trains a random forest and writes the model file. Calibrates its "
        "spread with the\nout-of-bag rows and stores a robust Mahalanobis novelty, the range and the "
        "importance\nof each feature, and the errors.",
        "mlgrain forest train.npz -o Cu_eden.safetensors --target energy_density --units eV/A^3 "
        "--test 0.2", run_forest)
    _add_training(parser, sorted([*training.FORESTS, training.BOOSTED]))
    _add_classes(parser)
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.safetensors")
    parser.add_argument("--units", help="units of the target, for the file")
    parser.add_argument("--test", type=common.fraction, default=0.0, metavar="SHARE",
                        help="share of the rows (of the groups, with --group) kept for testing")
    parser.add_argument("--no-novelty", action="store_true", help="store no novelty measure")
    parser.add_argument("--estimator", metavar="FILE.joblib", help="save scikit-learn's object too")
    common.add_descriptor(parser)

    parser = common.command(
        subparsers, "cross-validate", "Cross-validates a regressor or classifier. Every row is predicted by one "
        "that hasn't seen it\n(nor any row of its group, with --group).",
        "mlgrain cross-validate train.npz --target energy_density --group source --folds 5\n"
        "  mlgrain cross-validate ler.npz --classify --target mobility --kind boosted --splits 20 --test 0.5",
        run_validate)
    _add_training(parser, training.KINDS)
    _add_classes(parser)
    parser.add_argument("--folds", type=common.whole(2), default=5)
    parser.add_argument("--splits", type=common.whole(1), metavar="N", help="instead of folds: N random "
                        "divisions into training and --test rows; gives means and standard deviations")
    parser.add_argument("--test", type=common.fraction, default=0.5, metavar="SHARE",
                        help="of the rows, with --splits (default 0.5)")
    parser.add_argument("-o", "--output", metavar="FILE.npz", help="write the predictions as a table")

    parser = common.command(
        subparsers, "curve", "Measures how errors fall with the number of training rows. Writes a CSV "
        "file for\n`mlgrain plot curve`.",
        "mlgrain curve train.npz -o curve.csv --target energy_density --sizes 1000 3000 10000",
        run_curve)
    _add_training(parser, training.KINDS)
    parser.add_argument("-o", "--output", required=True, metavar="FILE.csv")
    parser.add_argument("--folds", type=common.whole(2), default=3)
    parser.add_argument("--sizes", type=common.whole(10), nargs="+",
                        help="numbers of training rows (default: six, doubling)")

    parser = common.command(
        subparsers, "import", "Turns a trained forest into a model file. Takes scikit-learn's "
        "random forests, extra trees\nand decision trees, as regressors and classifiers, (histogram) "
        "gradient boosting regressors,\nand Pipelines of scalers and one of these, saved by joblib or "
        "pickle; and ONNX files with one\nTreeEnsembleRegressor, as LightGBM's and XGBoost's converters "
        "write, or one\nTreeEnsembleClassifier of probabilities, as skl2onnx writes.\n"
        "Loading joblib or pickle files runs code in them: only load what you trust.",
        "mlgrain import boosted.onnx -o Cu.safetensors --target energy_density --table train.npz",
        run_import)
    parser.add_argument("file", metavar="FILE", help="ending in .onnx, else joblib or pickle")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.safetensors")
    parser.add_argument("--target", required=True, help="what is predicted")
    parser.add_argument("--units", help="units of the target, for the file")
    parser.add_argument("--table", metavar="TABLE.npz", help="the training rows: for the features' "
                        "names and range, the novelty, the errors, and a faster order of nodes")
    parser.add_argument("--mean", action="store_true", help="the trees are independent, as a "
                        "forest's, though the file sums them: store a mean, which has a spread")
    common.add_features(parser)
    common.add_seed(parser)
    common.add_descriptor(parser)


def _add_training(parser, kinds):
    parser.add_argument("tables", nargs="+", metavar="TABLE.npz")
    parser.add_argument("--target", default="energy_density", metavar="COLUMN",
                        help="the column to predict (default energy_density)")
    common.add_features(parser)
    parser.add_argument("--group", metavar="COLUMN", help="rows of one group (say source: one dump, "
                        "one boundary) are never divided between training and test")
    parser.add_argument("--kind", choices=kinds, default="random",
                        help="random forest (default), extra trees, or gradient boosted trees"
                        + (", or ridge regression of features that are scaled each or not"
                           if "ridge" in kinds else ""))
    parser.add_argument("--trees", type=common.whole(1), default=100, help="default 100")
    parser.add_argument("--max-depth", type=common.whole(1), help="default: fully grown; of boosted trees 3")
    parser.add_argument("--rate", type=float, default=0.1, help="of boosted trees (default 0.1)")
    parser.add_argument("--min-leaf", type=common.whole(1), default=1, help="rows in a leaf (default 1)")
    parser.add_argument("--max-features", type=float, default=1.0,
                        help="share of the features tried at each split (default 1)")
    parser.add_argument("--jobs", type=int, default=-1, help="processors (default: all)")
    common.add_seed(parser)


def _add_classes(parser):
    parser.add_argument("--classify", action="store_true",
                        help="the target's whole numbers are classes")
    parser.add_argument("--balanced", action="store_true",
                        help="classes weigh the same, however many rows they have")


def _maker(args):
    if not 0 < args.max_features <= 1:
        raise MLGrainError("--max-features takes a share above 0, up to 1")
    if not 0 < args.rate <= 1:
        raise MLGrainError("--rate takes a number above 0, up to 1")
    classify = getattr(args, "classify", False)
    if getattr(args, "balanced", False) and not classify:
        raise MLGrainError("--balanced is for --classify")
    bootstrap = args.kind == "random"
    return lambda: training.make_estimator(args.kind, args.trees, args.max_depth, args.min_leaf,
                                           args.max_features, bootstrap, args.seed, args.jobs, classify,
                                           args.rate)


def run_forest(args):
    common.writable(args.output)
    table = common.load_tables(args.tables)
    names = common.feature_columns(args, table)
    metadata = common.described(args, table)
    if args.units:
        metadata["units"] = args.units
    if "sampling" in table.metadata:
        words = [metadata["training_set"]] if "training_set" in metadata else []
        metadata["training_set"] = "; ".join([*words, table.metadata["sampling"]])
    common.progress(f"training {args.trees} trees with the rows of {' '.join(args.tables)}")
    if args.classify and args.kind == training.BOOSTED:
        raise MLGrainError("boosted trees that tell classes can't be stored (mlgrain cross-validate takes them); "
                           "--kind random or extra can")
    novelty = not args.no_novelty
    if novelty and len(names) > training.MOST_NOVELTY:
        common.say(f"no novelty measure is stored, for {len(names)} features are more than "
                   f"{training.MOST_NOVELTY}")
        novelty = False
    forest, estimator, test, errors = training.train(
        table, names, args.target, _maker(args)(), args.seed, args.test, args.group, metadata,
        novelty, args.balanced)
    forest.save(args.output)
    if args.estimator:
        import joblib
        joblib.dump(estimator, args.estimator)
    common.say(f"{args.output}: {forest.trees} trees, {len(forest.nodes)} nodes, "
               f"{forest.metadata['training_rows']} training rows, {len(test)} test rows; "
               f"errors of {args.target}:")
    common.show_errors(errors)


def _columns(args):
    """(table, features, target, rows of the table, groups or None)"""
    table = common.load_tables(args.tables)
    names = common.feature_columns(args, table)
    features, target, rows = training.clean(table.matrix(names), table.column(args.target),
                                            training.precision(args.kind))
    groups = None if args.group is None else table.column(args.group)[rows]
    return table, features, target, rows, groups


def run_validate(args):
    make = _maker(args)
    table, features, target, rows, groups = _columns(args)
    judge, classes = measures, None
    if args.classify:
        training.check_classes(target, args.target)
        judge, classes = class_measures, target
    if args.splits is None:
        parts = training.folds(len(rows), args.folds, args.seed, groups, classes)
    elif args.output:
        raise MLGrainError("-o is for --folds, where each row is predicted once")
    else:
        parts = training.random_splits(len(rows), args.splits, args.test, args.seed, groups)
    if any(not len(test) or len(np.unique(target[train])) < 2 for train, test in parts):
        raise MLGrainError(f"too few rows, or too few different ones of {args.target}, to divide them")
    prediction, results = training.cross_validate(make, features, target, parts, common.progress, judge,
                                                  args.balanced)
    if judge is measures and target.mean() > 0:  # what Rosenbrock et al. (2017) give
        for (_, test), result in zip(parts, results):
            result["1-rmse/mean"] = 1 - result["rmse"] / target[test].mean()
    if args.splits is None:
        common.say(f"{args.folds} folds, errors of {args.target}:")
        common.show_errors({f"fold {i + 1}": result for i, result in enumerate(results)})
        common.show_errors({"all rows": judge(target, prediction)})
    else:
        common.say(f"{args.splits} divisions, {len(parts[0][1])} of {len(rows)} rows for testing, errors "
                   f"of {args.target}:")
        for key in results[0]:
            values = [result[key] for result in results if key in result]
            common.say(f"  {key:<17} {np.mean(values):.6g} +- {np.std(values):.3g}")
    if args.output:
        part = Table(table.columns, np.array(table.values[rows]), table.sources, table.metadata)
        part.with_columns(["prediction"], [prediction]).save(args.output)


def run_curve(args):
    common.writable(args.output)
    _, features, target, rows, groups = _columns(args)
    parts = training.folds(len(rows), args.folds, args.seed, groups)
    largest = min(len(train) for train, _ in parts)
    sizes = args.sizes or sorted({max(10, largest >> k) for k in range(6)})
    lines = training.learning_curve(_maker(args), features, target, parts, sizes, args.seed,
                                    common.progress)
    common.write_csv(args.output, lines)
    for line in lines:
        common.say(f"  {line['rows']:8d} rows: rmse {line['test_rmse']:.6g} "
                   f"+- {line['test_rmse_std']:.2g} unseen, {line['train_rmse']:.6g} trained")


def run_import(args):
    from ..models import importers

    common.writable(args.output)
    estimator = None if args.file.endswith(".onnx") else _unpickle(args.file)
    ensemble = importers.from_onnx(args.file) if estimator is None else \
        importers.from_estimator(estimator)
    table = Table.load(args.table) if args.table else None
    names = common.feature_columns(args, table) if table else \
        args.features or [f"x{i}" for i in range(ensemble.features)]
    if args.mean and ensemble.aggregation == "sum":
        ensemble.aggregation, ensemble.scale = "mean", ensemble.scale * len(ensemble.trees)
    metadata = dict(common.described(args, table), **provenance(args.seed, ensemble.description))
    if args.units:
        metadata["units"] = args.units
    if table is None:
        forest = importers.forest_from_ensemble(ensemble, names)
    else:
        forest, features, truth = _with_table(args, table, ensemble, names)
        metadata["training_rows"] = str(len(features))
        if truth is not None:
            measure = measures if ensemble.classes is None else class_measures
            errors = {"table": measure(truth, forest.predict(features)[0])}
            metadata["errors"] = json_text(errors)
            common.show_errors(errors)
        if hasattr(estimator, "steps"):
            _compare(forest, estimator, table.matrix(names))
    forest.target, forest.metadata = args.target, metadata
    forest.save(args.output)
    classes = "" if ensemble.classes is None else f"; classes {', '.join(ensemble.classes)}"
    common.say(f"{args.output}: {forest.trees} trees, {len(forest.nodes)} nodes, "
               f"{forest.aggregation}; features {' '.join(names)}{classes}")


def _with_table(args, table, ensemble, names):
    """(Forest with what the training rows say, their features, targets or None).

    The target of a classifier is the number of the class, from 0.
    """
    from ..models import importers, trees, uncertainty

    known = args.target in table.columns
    target = table.column(args.target) if known else np.zeros(len(table))
    if known and ensemble.classes is not None:
        target = classes_of(target, ensemble.classes)
        known = np.isfinite(target).any()
        target = target if known else np.zeros(len(table))
    features, target, _ = training.clean(table.matrix(names), target)
    for number, tree in enumerate(ensemble.trees):
        tree.check(len(names), f"tree {number}")
    trees.count_samples(ensemble.trees, features)
    forest = importers.forest_from_ensemble(ensemble, names)
    forest.feature_range = np.stack([features.min(axis=0), features.max(axis=0)])
    forest.novelty_mean, forest.novelty_cholesky, forest.novelty_limit = uncertainty.novelty(
        features, args.seed)
    return forest, features, target if known else None


def _compare(forest, pipeline, features):
    """Says how many rows the Pipeline, which doesn't round features before it scales them, predicts
    otherwise."""
    features = features[usable_rows(features)[1]]
    if isinstance(forest, ForestClassifier):
        ours, theirs = forest.probabilities(features), pipeline.predict_proba(features)
    else:
        ours, theirs = forest.predict(features)[0][:, None], pipeline.predict(features)[:, None]
    near = np.abs(ours - theirs) <= 1e-9 * np.abs(theirs).max()
    common.say(f"  {np.count_nonzero(~near.all(axis=1))} of {len(features)} rows are predicted otherwise "
               "by the Pipeline, which doesn't round them to float32")


def _unpickle(path):
    import joblib

    try:
        return joblib.load(path)
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise MLGrainError(f"{path} holds no estimator that can be loaded: {error}") from error
