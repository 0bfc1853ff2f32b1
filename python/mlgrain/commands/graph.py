# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain graph: effective tensors of polycrystals by estimates and models on their graphs."""

from __future__ import annotations

import sys

import numpy as np

from .. import homogenize
from ..errors import MLGrainError
from ..grains import History
from ..graphs import baselines, microstructures
from ..graphs import samples as sets
from ..graphs.model import PolycrystalModel, Predictor, names, noise_variance, rows_of
from ..graphs.polycrystal import Polycrystal, estimates, of_grains, of_run
from ..graphs.voxels import of_voxels
from . import common
from .homogenize import BOUNDARY, VOXEL_ENDINGS, read_phases, read_voxels, tensors_of


def add(subparsers):
    parser = common.command(
        subparsers, "graph", "Effective conductivity or stiffness of polycrystals without a solver: "
        "estimates on the\ngraph of grains and boundaries, and models that are trained to correct "
        "them. doc/graph.md\nhas all of it.",
        "mlgrain graph predict model.safetensors grains.txt phases.json --box 100 100 100", None)
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_samples(tasks)
    _add_learn(tasks)
    _add_test(tasks)
    _add_predict(tasks)


def _add_samples(tasks):
    parser = common.command(
        tasks, "samples", "Draws polycrystals at random, solves them, and adds them to a file. Those "
        "that it has\nalready are not solved again.",
        "mlgrain graph samples varied -o varied.jsonl --count 1000 --processes 8", run_samples)
    parser.add_argument("kind", choices=microstructures.KINDS)
    parser.add_argument("-o", "--output", required=True, metavar="FILE.jsonl")
    parser.add_argument("--count", type=common.whole(1), default=1000, help="default 1000")
    parser.add_argument("--edge", type=common.whole(4), default=64, metavar="VOXELS",
                        help="of the box (default 64)")
    parser.add_argument("--grains", nargs=2, type=common.whole(2), metavar=("FEWEST", "MOST"),
                        default=(microstructures.FEWEST, microstructures.MOST),
                        help="default 10 399, which is meant for 64 voxels")
    parser.add_argument("--tolerance", type=common.positive, default=1e-4,
                        help="of the solver (default 1e-4)")
    parser.add_argument("--processes", type=common.whole(1), default=1)
    common.add_seed(parser)


def _add_learn(tasks):
    parser = common.command(
        tasks, "learn", "Trains a model on samples and writes its file.",
        "mlgrain graph learn varied.jsonl -o varied.safetensors", run_learn)
    parser.add_argument("samples", nargs="+", metavar="FILE.jsonl")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.safetensors")
    parser.add_argument("--most", type=common.whole(10), metavar="COUNT",
                        help="use the first COUNT samples of each file only")
    parser.add_argument("--starts", type=common.whole(0), default=0, help="how often the search for "
                        "length scales begins anew elsewhere (default 0)")
    parser.add_argument("--processes", type=common.whole(1), default=1)
    common.add_seed(parser)


def _add_test(tasks):
    parser = common.command(
        tasks, "test", "Errors of a model on samples that it hasn't seen, beside those of estimates "
        "and, with the\nsamples it was trained on, of what knows no graph.",
        "mlgrain graph test varied.safetensors others.jsonl --trained varied.jsonl", run_test)
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("samples", metavar="FILE.jsonl")
    parser.add_argument("--trained", metavar="FILE.jsonl", help="for the constant and for a Gaussian "
                        "process of the numbers that were drawn")
    parser.add_argument("--most", type=common.whole(10), metavar="COUNT",
                        help="use the first COUNT samples of --trained only")
    parser.add_argument("--skip", type=common.whole(0), default=0, metavar="COUNT",
                        help="leave out the first COUNT samples to be tested")
    parser.add_argument("--voxels", action="store_true", help="the graphs are made of the voxels, as those of "
                        "measured microstructures are")
    parser.add_argument("-o", "--output", metavar="FILE.npz",
                        help="true and predicted tensors, errors expected, numbers of samples")
    common.add_seed(parser)


def _add_predict(tasks):
    parser = common.command(
        tasks, "predict", "The effective tensor of a list of grains, as create_polycrystal writes it, "
        "of a step of a run, or of\nvoxels: by estimates, and by a model. PHASES as for mlgrain "
        "homogenize, with crystal, boundary\nand thickness.",
        "mlgrain graph predict model.safetensors grains.txt phases.json --box 100 100 100", run_predict)
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("grains", metavar="GRAINS")
    parser.add_argument("phases", metavar="PHASES")
    parser.add_argument("--boundaries", metavar="FILE", help="GRAINS and this are the tables of fix "
                        "grains")
    parser.add_argument("--step", type=int, help="of them (default: the last)")
    parser.add_argument("--box", nargs=3, type=common.positive, metavar=("LX", "LY", "LZ"),
                        help="edges of the periodic box")
    parser.add_argument("--low", nargs=3, type=common.number, default=(0.0, 0.0, 0.0),
                        metavar=("X", "Y", "Z"), help="its low corner (default 0 0 0)")
    voxels = parser.add_argument_group("voxels")
    voxels.add_argument("--array", metavar="NAME", help="of the labels in the file")
    voxels.add_argument("--spacing", nargs=3, type=common.positive, metavar=("DX", "DY", "DZ"),
                        help="edges of a voxel (default: the file's, or 1)")
    voxels.add_argument("--boundary-label", type=int, metavar="LABEL",
                        help="of voxels that are boundary and not a grain")


class _Progress:
    """A line on a terminal."""

    def __init__(self, what):
        self.what, self.is_shown = what, sys.stderr.isatty()

    def __call__(self, done, count):
        if self.is_shown:
            end = "\n" if done == count else ""
            print(f"\r{self.what} {done} of {count}", end=end, file=sys.stderr, flush=True)


def run_samples(args):
    fewest, most = args.grains
    if fewest > most:
        raise MLGrainError(f"--grains: {fewest} is more than {most}")
    settings = sets.Settings(args.kind, args.seed, args.edge, args.tolerance, fewest, most)
    sets.make(args.output, settings, args.count, args.processes, _Progress("solved"))
    found = sets.read(args.output)
    common.say(f"{args.output}: {len(found.numbers)} samples of kind {args.kind}")


def _first(samples, count):
    return samples.some(slice(0, count)) if count else samples


def run_learn(args):
    common.writable(args.output)
    found = [_first(sets.read(path), args.most) for path in args.samples]
    if len({samples.tensors.shape[1:] for samples in found}) > 1:
        raise MLGrainError("some samples are conductivities and some stiffnesses")
    rows = [rows_of(samples, _Progress("seen"), args.processes) for samples in found]
    joined = rows[0].joined(rows[1:])
    metadata = {"training_set": "; ".join(f"{len(s.numbers)} {s.settings.kind}, edge {s.settings.edge}"
                                          for s in found)}
    model = PolycrystalModel.fit(joined, args.seed, args.starts, metadata)
    model.save(args.output)
    common.say(f"{args.output}: {len(joined)} samples")
    for p, process in enumerate(model.length):
        part = "" if len(model.length) == 1 else (" of the bulk part", " of the shear part")[p]
        noise = np.sqrt(noise_variance(model.noise[p], model.rows, model.rows))
        common.say(f"noise{part} {np.median(noise):.3g} ({np.quantile(noise, 0.05):.3g} to "
                   f"{np.quantile(noise, 0.95):.3g}); features by length scale:")
        for f in np.argsort(process)[:8]:
            common.say(f"  {names(model.size)[f]:<28} {process[f]:.2f}")
    left = np.sqrt(model.rest_variance(model.rows, joined.shapes))
    common.say(f"error of the rest of the logarithm {np.median(left):.3g} ({np.quantile(left, 0.05):.3g} "
               f"to {np.quantile(left, 0.95):.3g})")


def _row(name, errors):
    ratio = "" if np.isnan(errors.ratio) else f"{errors.ratio:8.2f}"
    common.say(f"{name:<22}{100 * errors.logarithm:9.2f}{100 * errors.mean:9.2f}"
               f"{100 * errors.median:9.2f}{100 * errors.most:9.2f}{ratio}")


def _say_baselines(args, samples):
    trained = _first(sets.read(args.trained), args.most)
    if trained.settings.kind != samples.settings.kind:
        raise MLGrainError(f"{args.trained} and {args.samples} are of different kinds")
    _row("constant", baselines.errors_of(samples.tensors,
                                         baselines.constant(trained.tensors, samples.tensors)))
    together = [np.concatenate([a, b]) for a, b in ((trained.numbers_drawn(), samples.numbers_drawn()),
                                                    (trained.tensors, samples.tensors))]
    chosen = np.arange(len(together[0])) < len(trained.numbers)
    given = baselines.of_scalars(*together, chosen, args.seed)
    _row(f"{together[0].shape[1]} numbers, no graph", baselines.errors_of(samples.tensors, given))


def run_test(args):
    if args.output:
        common.writable(args.output)
    predictor = Predictor(args.model)
    samples = sets.read(args.samples)
    samples = samples.some(slice(args.skip, None))
    if not len(samples.numbers):
        raise MLGrainError(f"{args.samples}: no samples are left")
    if samples.tensors.shape[-1] != predictor.size:
        raise MLGrainError(f"{args.model} and {args.samples}: one is of conductivities, the other of "
                           "stiffnesses")
    found, simple = [], {}
    for row in range(len(samples.numbers)):
        polycrystal = samples.polycrystal(row, args.voxels)
        found.append(predictor.predict(polycrystal))
        for name, tensor in estimates(polycrystal).items():
            simple.setdefault(name, []).append(tensor)
    common.say(f"{len(found)} samples of {args.samples}; errors in %: of log10 (mean), of the value "
               "(mean, median, 95 %),\nand, of models, over what they expect")
    common.say(f"{'':<22}{'log10':>9}{'mean':>9}{'median':>9}{'95 %':>9}{'ratio':>8}")
    if args.trained:
        _say_baselines(args, samples)
    for name in ("voigt", "reuss", "self_consistent", "coated", "local", "series", "network", "coupled",
                 "quadratic", "cubic"):
        if name in simple:
            _row(name, baselines.errors_of(samples.tensors, np.array(simple[name])))
    tensors, expected = (np.array([getattr(one, name) for one in found])
                         for name in ("tensor", "error"))
    _row("model", baselines.errors_of(samples.tensors, tensors, expected))
    outside = sum(one.is_outside for one in found)
    if outside:
        common.say(f"{outside} of them have features beyond the training set's: errors may be larger "
                   "than expected")
    if args.output:
        with open(args.output, "wb") as file:
            np.savez(file, numbers=samples.numbers, truth=samples.tensors, predicted=tensors,
                     expected=expected, **{name: np.array(simple[name]) for name in simple})


def _needs_box(args):
    if not args.box:
        raise MLGrainError(f"{args.grains}: grains need the --box they are in")
    if args.array or args.spacing or args.boundary_label is not None:
        raise MLGrainError("--array, --spacing and --boundary-label are for files of voxels")


def _of_seeds(args, content, faces, quaternions):
    """The Polycrystal of grains that are numbered from 1 and all of the crystal."""
    if "boundary" not in content or not content.get("thickness"):
        raise MLGrainError(f"{args.phases}: models of polycrystals need boundary and thickness")
    labels = list(range(1, len(quaternions) + 1))
    crystal = {**content, "phases": {}}
    tensors = tensors_of(crystal, args.phases, labels, dict(zip(labels, quaternions)))
    boundary = tensors_of(crystal, args.phases, [BOUNDARY], {})
    return Polycrystal(faces, tensors, np.repeat(boundary, len(faces.areas), axis=0),
                       content["thickness"])


def _of_list(args, content):
    _needs_box(args)
    if args.step is not None:
        raise MLGrainError("--step is for tables of fix grains, with --boundaries")
    grains = homogenize.read_grains(args.grains, args.box, args.low)
    return _of_seeds(args, content, of_grains(grains), grains.orientations)


def _of_tables(args, content):
    _needs_box(args)
    history = History.read(args.grains, args.boundaries)
    if not len(history.steps):
        raise MLGrainError(f"{args.grains} holds no grains")
    graph = history.graph(history.steps[-1] if args.step is None else args.step)
    return _of_seeds(args, content, of_run(graph, args.box),
                     graph.node_values(("qw", "qx", "qy", "qz")))


def _of_voxels(args, content):
    """Boundaries are as thick as the file of phases says, as the voxels with the label for them, or,
    as those of mlgrain homogenize, two voxels."""
    if args.box or args.step is not None:
        raise MLGrainError(f"--box and --step are for grains; {args.grains} has voxels")
    found, own = read_voxels(args.grains, args.array, args.spacing), args.boundary_label
    if own is None and "boundary" not in content:
        raise MLGrainError(f"{args.phases}: models of polycrystals need boundary")
    if own is not None and ("boundary" in content or content.get("thickness")):
        raise MLGrainError(f"{args.phases}: boundary and thickness are those of --boundary-label {own}")
    is_boundary = found.labels == own
    if own is not None:
        if not is_boundary.any():
            raise MLGrainError(f"{args.grains}: no voxel has the label {own}")
        found = found.filled(own)
    graph = of_voxels(found)
    fraction = graph.pairs_beside()[0].mean() if own is None else is_boundary.mean()
    thickness = content.get("thickness") or graph.faces.thickness_on_voxels(fraction)
    tensors = tensors_of(content, args.phases, graph.labels.tolist(), found.orientations)
    boundary = tensors_of(content, args.phases, [BOUNDARY if own is None else own], {})
    return Polycrystal(graph.faces, tensors, np.repeat(boundary, len(graph.faces.areas), axis=0),
                       thickness)


def run_predict(args):
    content = read_phases(args.phases)
    predictor = Predictor(args.model)
    size = 3 if content["property"] == "conductivity" else 6
    if size != predictor.size:
        raise MLGrainError(f"{args.model} is not for a {content['property']}")
    if args.boundaries:
        polycrystal = _of_tables(args, content)
    elif args.grains.lower().endswith(VOXEL_ENDINGS):
        polycrystal = _of_voxels(args, content)
    else:
        polycrystal = _of_list(args, content)
    found = predictor.predict(polycrystal)
    unit = f" ({content['unit']})" if content.get("unit") else ""
    common.say(f"{args.grains}: {len(polycrystal.tensors)} grains\neffective "
               f"{content['property']}{unit}")
    common.say("\n".join("  " + "  ".join(f"{value:>14.7g}" for value in row)
                         for row in found.tensor))
    common.say(f"standard deviation {100 * found.error:.2g} %"
               + ("; features beyond the training set's: don't rely on it" if found.is_outside else ""))
    for name, tensor in estimates(polycrystal).items():
        if not name.startswith("boundary") and name != "grains":
            common.say(f"estimate {name}, diagonal  "
                       + "  ".join(f"{value:.7g}" for value in np.diag(tensor)))
