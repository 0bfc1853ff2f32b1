# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain plot: pictures, as PNG and SVG."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from ..models.forest import Forest
from ..models.load import load_model
from ..models.measures import measures
from ..models.mixture import Mixture
from ..tables import Table
from ..tables.dumps import read_frame
from . import common


def add(subparsers):
    parser = common.command(subparsers, "plot", "Draws pictures, as PNG and SVG.",
                            "mlgrain plot parity predicted.npz -o parity", None)
    kinds = parser.add_subparsers(dest="picture", metavar="KIND", required=True)

    kind = common.command(kinds, "parity", "Predicted against true values, and the errors.",
                          "mlgrain plot parity predicted.npz -o parity --units eV/A^3", run_parity)
    kind.add_argument("table", metavar="TABLE.npz", help="with the target and a column prediction")
    kind.add_argument("--target", default="energy_density", metavar="COLUMN")
    kind.add_argument("--prediction", default="prediction", metavar="COLUMN")
    kind.add_argument("--units")
    _add_output(kind)

    kind = common.command(kinds, "importance", "How much each feature matters to a forest.",
                          "mlgrain plot importance Cu_eden.safetensors -o importance", run_importance)
    kind.add_argument("model", metavar="MODEL.safetensors")
    _add_output(kind)

    kind = common.command(kinds, "classes", "The classes of a mixture, in the plane of the two main "
                          "directions of the features,\nand how many atoms each has.",
                          "mlgrain plot classes Cu_gb6.safetensors gb.npz -o classes", run_classes)
    kind.add_argument("model", metavar="MODEL.safetensors")
    kind.add_argument("table", metavar="TABLE.npz")
    kind.add_argument("--rows", type=common.whole(10), default=20000,
                      help="draw at most so many, at random (default 20000)")
    common.add_seed(kind)
    _add_output(kind)

    kind = common.command(kinds, "choice", "The indices that `mlgrain choose` wrote.",
                          "mlgrain plot choice choice.csv -o choice", run_choice)
    kind.add_argument("csv", metavar="FILE.csv")
    _add_output(kind)

    kind = common.command(kinds, "curve", "The learning curve that `mlgrain curve` wrote.",
                          "mlgrain plot curve curve.csv -o curve", run_curve)
    kind.add_argument("csv", metavar="FILE.csv")
    kind.add_argument("--label", default="energy density", help="of the target")
    _add_output(kind)

    kind = common.command(kinds, "atoms", "The atoms of a dump's last frame, colored by columns. A "
                          "column is NAME, or NAME:error\n(colors about zero), or NAME:class (whole "
                          "numbers from 1).",
                          "mlgrain plot atoms gb.dump -o gb --color f_ed[1] c_gb[1]:class --axes y x",
                          run_atoms)
    kind.add_argument("dump", metavar="DUMP")
    kind.add_argument("--color", nargs="+", required=True, metavar="NAME[:KIND]")
    kind.add_argument("--axes", nargs=2, default=("x", "y"), choices=("x", "y", "z"))
    kind.add_argument("--where", nargs=3, metavar=("COLUMN", "LOW", "HIGH"),
                      help="draw only atoms with a column in this range, say z 0 3.6")
    kind.add_argument("--one-scale", action="store_true",
                      help="the same colors for the same values in all panels of values")
    _add_output(kind)

    kind = common.command(kinds, "gb-search", "Energies of a boundary's structures over the fraction "
                          "of a plane: the table of\nthe command gb_search in LAMMPS.",
                          "mlgrain plot gb-search gb.txt -o gb", run_gb_search)
    kind.add_argument("table", metavar="TABLE")
    kind.add_argument("--highest", type=float, metavar="ENERGY", help="draw those up to this energy")
    _add_output(kind)

    kind = common.command(kinds, "grains", "Grains over time: their number and size, and the "
                          "disorientations of their\nboundaries, from tables of fix grains.",
                          "mlgrain plot grains grains.txt boundaries.txt -o growth", run_grains)
    kind.add_argument("grains", metavar="GRAINS")
    kind.add_argument("boundaries", metavar="BOUNDARIES")
    _add_output(kind)


def _add_output(parser):
    parser.add_argument("-o", "--output", required=True, metavar="NAME",
                        help="writes NAME.png and NAME.svg")
    parser.add_argument("--title")


def _report(paths):
    common.say(" ".join(paths))


def run_parity(args):
    from .. import plots

    table = Table.load(args.table)
    truth, prediction = table.column(args.target), table.column(args.prediction)
    good = np.isfinite(truth) & np.isfinite(prediction)
    if not good.any():
        raise MLGrainError(f"{args.table} has no row where both are finite")
    values = measures(truth[good], prediction[good])
    note = f"rmse {values['rmse']:.3g}\n" + (f"R² {values['r2']:.5f}\n" if "r2" in values else "") \
        + f"{np.count_nonzero(good)} rows"
    label = args.target.replace("_", " ") + (f" ({args.units})" if args.units else "")
    _report(plots.parity(truth[good], prediction[good], label, args.output, args.title, note))


def run_importance(args):
    from .. import plots

    forest = load_model(args.model)
    if not isinstance(forest, Forest):
        raise MLGrainError(f"{args.model} is a {forest.metadata['kind']}, not a forest")
    if forest.importance is None:
        raise MLGrainError(f"{args.model} doesn't hold the features' importance")
    title = args.title or f"{forest.target.replace('_', ' ')}: importance of the features"
    _report(plots.importances(forest.features, forest.importance, args.output, title))


def run_classes(args):
    from .. import plots

    mixture, table = Mixture.load(args.model), Table.load(args.table)
    features = table.matrix(mixture.features)
    features = features[np.isfinite(features).all(axis=1)]
    if len(features) > args.rows:
        features = features[np.random.default_rng(args.seed).choice(len(features), args.rows, False)]
    if len(features) < 3:
        raise MLGrainError(f"{args.table} has {len(features)} rows of finite features; too few")
    names = mixture.classes or [f"class {k + 1}" for k in range(len(mixture.weights))]
    _report(plots.class_map(mixture.scaled(features), mixture.predict(features)[0], names,
                            args.output, args.title))


def _lines(path, keys):
    lines = common.read_csv(path, keys)
    return [dict(zip(keys, row)) for row in zip(*(common.numbers(path, lines, key) for key in keys))]


def run_choice(args):
    from .. import plots
    from ..models.classes import best

    scores = _lines(args.csv, ("classes", "davies_bouldin", "calinski_harabasz"))
    _report(plots.choice(scores, best(scores), args.output, args.title))


def run_curve(args):
    from .. import plots

    keys = ("rows", "train_rmse", "train_rmse_std", "test_rmse", "test_rmse_std")
    _report(plots.curve(_lines(args.csv, keys), args.label, args.output, args.title))


def run_atoms(args):
    from .. import plots

    box, columns = read_frame(args.dump)
    panels = []
    for text in args.color:
        name, kind = text, "value"
        if text.endswith((":error", ":class")):
            name, _, kind = text.rpartition(":")
        if name not in columns:
            raise MLGrainError(f"{args.dump} has no column {name} of numbers; there are: "
                               f"{' '.join(columns)}")
        panels.append((columns[name], name.replace("_", " "), kind))
    missing = [axis for axis in args.axes if axis not in columns]
    if missing:
        raise MLGrainError(f"{args.dump} has no column {', '.join(missing)}")
    shown = np.ones(len(columns[args.axes[0]]), bool)
    if args.where:
        name, low, high = common.interval(args.where)
        if name not in columns:
            raise MLGrainError(f"{args.dump} has no column {name} of numbers")
        shown = (columns[name] >= low) & (columns[name] <= high)
        if not shown.any():
            raise MLGrainError(f"{args.dump} has no atom with {name} from {low:g} to {high:g}")
    panels = [(values[shown], label, kind) for values, label, kind in panels]
    extent = None if box.shape[1] == 4 else [box["xyz".index(axis), :2] for axis in args.axes]
    x, y = (columns[axis][shown] for axis in args.axes)
    _report(plots.atoms(x, y, panels, args.output, [f"{axis} (Å)" for axis in args.axes], args.title,
                        extent, args.one_scale))


def run_gb_search(args):
    from .. import plots

    about, columns = read_search(args.table)
    shown = columns["energy"] <= (np.inf if args.highest is None else args.highest)
    if not shown.any():
        raise MLGrainError(f"{args.table} has no structure with an energy up to {args.highest:g}")
    title, _, unit = about.partition("; energies and stresses in ")
    cells = columns["cell_x"] * columns["cell_y"]
    _report(plots.structures(columns["fraction"][shown], columns["energy"][shown], cells[shown],
                             args.output, unit.replace("^2", "²") or "mJ/m²", args.title or title))


def read_search(path):
    """The first line of a table of gb_search, and its columns of numbers."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
    names = lines[1][1:].split() if len(lines) > 1 and lines[1].startswith("# id ") else []
    if not names or "energy" not in names or len(lines) < 3:
        raise MLGrainError(f"{path} is no table of gb_search with structures")
    rows = [line.split() for line in lines[2:]]
    numbers = [name for name in names if name != "origin"]
    try:
        if any(len(row) != len(names) for row in rows):
            raise ValueError("a line is too short or too long")
        columns = {name: np.array([float(row[names.index(name)]) for row in rows])
                   for name in numbers}
    except ValueError as error:
        raise MLGrainError(f"{path}: {error}") from error
    return lines[0].lstrip("# "), columns


def run_grains(args):
    from .. import plots
    from ..grains import History, random_disorientations

    history = History.read(args.grains, args.boundaries)
    if not len(history.steps):
        raise MLGrainError(f"{args.grains} holds no grains")
    ends = [history.graph(history.steps[k]) for k in (0, -1)]
    diameters = [np.cbrt(6.0 * graph.nodes["volume"] / np.pi) for graph in ends]
    _report(plots.grains_over_time(
        history.steps, history.sizes(), diameters, [graph.edges["angle"] for graph in ends],
        [np.clip(graph.edges["area"], 0.0, None) for graph in ends], random_disorientations(), args.output,
        title=args.title))
