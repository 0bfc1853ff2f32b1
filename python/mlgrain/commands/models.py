# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain predict, info: model files applied and shown."""

from __future__ import annotations

import json
import os

import numpy as np

from ..models.classifier import ForestClassifier, classes_of
from ..models.forest import Forest
from ..models.linear import Linear
from ..models.load import load_model
from ..models.measures import class_measures, measures
from ..segregation.sites import with_descriptors
from ..tables import Table
from . import common


def add(subparsers):
    parser = common.command(
        subparsers, "predict", "Applies a model file to a table, without LAMMPS. Adds the columns "
        "prediction, spread,\nnovelty and outside (a forest that predicts numbers, a linear model), class, "
        "uncertainty, novelty, outside and\nprobability_k (one that tells classes) or class, "
        "log_likelihood and responsibility_k (a mixture).",
        "mlgrain predict Cu_eden.safetensors poly.npz -o predicted.npz", run_predict)
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("table", metavar="TABLE.npz")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    parser.add_argument("--join", metavar="TABLE.npz", help="another table of these atoms, whose columns come "
                        "first; rows belong together that have the same id")

    parser = common.command(
        subparsers, "info", "Shows what a model file says of itself, after checking all of it.",
        "mlgrain info Cu_eden.safetensors", run_info)
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run_predict(args):
    common.writable(args.output)
    model, table = load_model(args.model), Table.load(args.table)
    if args.join:
        table = with_descriptors(table, Table.load(args.join))
    features = table.matrix(model.features)
    if isinstance(model, ForestClassifier):
        probabilities = model.probabilities(features)
        prediction, uncertainty = model.decide(probabilities)
        names = ["class", "uncertainty", "novelty", "outside"] + [
            f"probability_{k + 1}" for k in range(len(model.classes))]
        columns = [prediction + 1, uncertainty, model.novelty(features), model.outside(features),
                   probabilities]
        bad = prediction < 0
    elif isinstance(model, (Forest, Linear)):
        prediction, spread = model.predict(features)
        names = ["prediction", "spread", "novelty", "outside"]
        columns = [prediction, spread, model.novelty(features), model.outside(features)]
        bad = np.isnan(prediction)
    else:
        label, likelihood, responsibilities = model.predict(features)
        names = ["class", "log_likelihood"] + [f"responsibility_{k + 1}"
                                               for k in range(len(model.weights))]
        columns, bad = [label + 1, likelihood, responsibilities], label < 0
    table.with_columns(names, columns).save(args.output)
    common.say(f"{args.output}: {len(table)} rows, {np.count_nonzero(bad)} with features that are "
               "not finite")
    if isinstance(model, (Forest, Linear)) and model.target in table.columns:
        truth = classes_of(table.column(model.target), model.classes) if isinstance(model, ForestClassifier) \
            else table.column(model.target)
        good = ~bad & np.isfinite(truth)
        if good.any():
            measure = class_measures if isinstance(model, ForestClassifier) else measures
            common.show_errors({model.target: measure(truth[good], prediction[good])})


def run_info(args):
    model = load_model(args.model)
    metadata = {key: _decoded(key, value) for key, value in sorted(model.metadata.items())}
    if args.json:
        common.print_json(metadata)
        return
    common.say(f"{args.model}: {os.path.getsize(args.model)} bytes, checked")
    if isinstance(model, Forest):
        leaves = sum(int(np.count_nonzero(model.tree(t)[1] == len(model.features))) - 1
                     for t in range(model.trees))
        what = f"{len(model.classes)} classes, " if isinstance(model, ForestClassifier) else ""
        common.say(f"  forest: {what}{model.trees} trees, {leaves} leaves, {len(model.values)} distinct "
                   f"values")
        if model.importance is not None:
            order = np.argsort(-model.importance)[:5]
            common.say("  importance     " + ", ".join(f"{model.features[i]} {model.importance[i]:.3f}"
                                                       for i in order))
    elif isinstance(model, Linear):
        common.say(f"  linear model of degree {model.degree}: {len(model.coefficients)} terms")
    else:
        common.say(f"  Gaussian mixture: {len(model.weights)} classes")
    for key, value in metadata.items():
        common.say(f"  {key:<14} {value if isinstance(value, str) else json.dumps(value)}")


def _decoded(key, value):
    if key in ("features", "descriptor", "classes", "errors", "elements"):
        return json.loads(value)
    return value
