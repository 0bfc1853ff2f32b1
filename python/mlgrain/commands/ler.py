# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain ler: unique environments of many files, and which of them atoms and boundaries have."""

from __future__ import annotations

import json
import os

import numpy as np

from ..environments import EnvironmentBuilder, LeaderBuilder, load_environments
from ..errors import MLGrainError
from ..models.forest import Forest
from ..models.load import load_model
from ..representations import Spectra, mean_vectors
from ..tables.frames import read_frames
from ..tables.table import TableWriter
from . import common, frames

COLUMNS = ("id", "type", "x", "y", "z", "source", "timestep", "class", "distance", "second", "seed")


def add(subparsers):
    parser = common.command(
        subparsers, "ler", "Unique environments (LER): libraries of them, made of many files, and classes "
        "of atoms.\nFrames are read one after the other; `mlgrain ler TASK --help` explains each.",
        "mlgrain ler build 'gb*.dump' -o cu.safetensors --soap quippy 5.0 12 12 0.5 \\\n"
        "    --seed fcc 3.615 --eps 0.08", None)
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_build(tasks)
    task = common.command(
        tasks, "count", "The local environment representation: a row for each frame, columns ler_1 ... "
        "(shares of its\natoms in each class) and atoms.",
        "mlgrain ler count cu.safetensors 'gb*.dump' -o ler.npz --properties energies.csv\n"
        "  mlgrain forest ler.npz -o gbe.safetensors --target energy --test 0.5", run_count)
    _add_use(task)
    frames.add_properties(task)
    task = common.command(
        tasks, "atom", "Classes of atoms, as compute ler/atom: a row for each, columns class, distance "
        "(to its environment),\nsecond (to the next), seed (to the crystal's).",
        "mlgrain ler atom cu.safetensors gb.dump -o classes.npz", run_atom)
    _add_use(task)
    task = common.command(
        tasks, "show", "What environments a library has, where they come from, and how much they matter "
        "to a forest\nwhose features are ler_1 ...",
        "mlgrain ler show cu.safetensors --model gbe.safetensors --most 10", run_show)
    task.add_argument("library", metavar="LIBRARY.safetensors")
    task.add_argument("--model", metavar="MODEL.safetensors", help="sorts by its importances")
    task.add_argument("--most", type=common.whole(1), default=20, metavar="N", help="default 20")
    task.add_argument("--csv", metavar="FILE.csv", help="write all of them")
    _add_plot(tasks)


def _add_build(tasks):
    task = common.command(
        tasks, "build", "Collects unique environments. By farthest-point sampling, which doesn't depend on "
        "the order of files\nor atoms; every frame is reduced to a coreset first. --method leader is the "
        "clustering of gblearn and\npyrelate, which depends on it: files are taken in the order given, "
        "patterns sorted, atoms as they stand\nin the file. Writes FILE.csv beside the library: where each "
        "environment comes from.",
        "mlgrain ler build 'gb*.dump' -o cu.safetensors --soap quippy 5.0 12 12 0.5 \\\n"
        "    --seed fcc 3.615 --eps 0.08", run_build)
    task.add_argument("-o", "--output", required=True, metavar="FILE.safetensors")
    task.add_argument("--eps", type=frames.above(0), required=True,
                      help="environments at least so far apart are different ones, in parts of the length "
                      "of the seed's vector")
    task.add_argument("--absolute", action="store_true", help="--eps is a distance")
    task.add_argument("--seed", nargs=2, required=True, metavar=("LATTICE", "A"),
                      help="the perfect crystal, the first environment: fcc 3.615, say")
    task.add_argument("--method", choices=("farthest", "leader"), default="farthest")
    task.add_argument("--coreset", type=frames.above(0), default=0.25, metavar="PART",
                      help="part of eps down to which a frame is represented (default 0.25)")
    task.add_argument("--most", type=common.whole(0), default=0, metavar="N",
                      help="no more environments than these")
    task.add_argument("--add", nargs="+", default=[], metavar="LIBRARY",
                      help="libraries whose coresets are to be considered as well")
    frames.add_files(task)
    frames.add_spectra(task)
    frames.add_types(task)


def _add_use(task):
    task.add_argument("library", metavar="LIBRARY.safetensors")
    task.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    task.add_argument("--within", type=frames.above(0), metavar="N", help="atoms farther than N epsilon "
                      "from every environment have class 0")
    frames.add_files(task)
    frames.add_types(task)


def _add_plot(tasks):
    task = common.command(tasks, "plot", "Pictures, as PNG and SVG.",
                          "mlgrain ler plot epsilon cu.safetensors -o epsilon", None)
    kinds = task.add_subparsers(dest="picture", metavar="KIND", required=True)
    kind = common.command(kinds, "epsilon", "How many unique environments there are for each epsilon; a "
                          "line for each library.", "mlgrain ler plot epsilon cu.safetensors -o epsilon",
                          run_plot_epsilon)
    kind.add_argument("libraries", nargs="+", metavar="LIBRARY.safetensors")
    _add_picture(kind)
    kind = common.command(kinds, "classes", "Shares of atoms in each class, of every row of a table of "
                          "`mlgrain ler count`.", "mlgrain ler plot classes ler.npz -o classes",
                          run_plot_classes)
    kind.add_argument("table", metavar="TABLE.npz")
    _add_picture(kind)
    kind = common.command(kinds, "atoms", "Where environments sit: the last frame of a file, atoms of some "
                          "classes in colors, the others small\nand grey.",
                          "mlgrain ler plot atoms cu.safetensors gb.dump -o gb --classes 3 17 --axes x y",
                          run_plot_atoms)
    kind.add_argument("library", metavar="LIBRARY.safetensors")
    kind.add_argument("file", metavar="FILE", help=frames.FILES)
    kind.add_argument("--classes", nargs="+", type=common.whole(1), metavar="N",
                      help="at most 8 (default: those of most atoms but the seed's)")
    kind.add_argument("--model", metavar="MODEL.safetensors",
                      help="the classes of its most important features that the frame has")
    kind.add_argument("--axes", nargs=2, default=("x", "y"), choices=("x", "y", "z"))
    kind.add_argument("--where", nargs=3, metavar=("COLUMN", "LOW", "HIGH"),
                      help="draw only atoms with a column in this range, say z 0 3.6")
    kind.add_argument("--boundary", nargs=3, metavar=("X", "Y", "Z"))
    frames.add_types(kind)
    _add_picture(kind)


def _add_picture(kind):
    kind.add_argument("-o", "--output", required=True, metavar="NAME",
                      help="writes NAME.png and NAME.svg")
    kind.add_argument("--title")


# ---- making --------------------------------------------------------------------------------------


def run_build(args):
    common.writable(args.output)
    spectra, told = frames.spectra_of(args), frames.Told(args)
    known = dict(spectra.parameters.as_dict)
    options = {**known, "absolute": args.absolute, "precision": args.precision, "memory": args.memory}
    if args.method == "farthest":
        builder = EnvironmentBuilder(args.eps, args.seed, coreset=args.coreset, **options)
    elif args.add:
        raise MLGrainError("--add is for --method farthest")
    else:
        builder = LeaderBuilder(args.eps, args.seed, **options)
    for path in args.add:
        builder.add_library(load_environments(path))
    origins = {}
    for number, frame in _added(builder, told, spectra, args):
        step = frame.timestep if len(told.names) == 1 else number
        origins[step] = frame.path, frame.timestep
    library = builder.library(args.most)
    library.save(args.output)
    lines = _lines(library, origins)
    common.write_csv(os.path.splitext(args.output)[0] + ".csv", lines)
    most = int(library.atoms.sum())
    common.say(f"{args.output}: {len(library)} environments of {most} atoms of {told.frames} frames; "
               f"epsilon {library.epsilon:.6g}, {library.epsilon / np.linalg.norm(library.vectors[0]):.6g} "
               f"of the seed's length; {len(builder)} vectors in the "
               + ("coresets" if args.method == "farthest" else "list of leaders"))


def _added(builder, told, spectra, args):
    """Adds every window; yields its number and its first frame."""
    several = len(told.names) > 1
    if args.window == 1:
        for number, step in enumerate(told.steps()):
            frame = step.frame
            channels, weights = spectra.of_types(frame)
            builder.add(frame.atoms, ids=frame.ids, step=number if several else frame.timestep,
                        centers=step.flags, species=channels, weights=weights, threads=args.threads)
            yield number, frame
        return
    windows = mean_vectors(told.steps(), spectra, args.window, args.memory)
    for number, (frame, indices, vectors) in enumerate(windows):
        builder.add_vectors(vectors, ids=frame.ids[indices],
                            step=number if several else frame.timestep)
        yield number, frame


def _lines(library, origins):
    """A dict for each environment."""
    seed = np.linalg.norm(library.vectors - library.vectors[0], axis=1)
    lines = []
    for k in range(len(library)):
        atom, step = library.sources[k].tolist()
        path, timestep = origins.get(step, ("", step)) if atom >= 0 else (library.seed, "")
        lines.append({"class": k + 1, "atoms": int(library.atoms[k]), "radius": float(library.radius[k]),
                      "from_seed": float(seed[k]), "file": path, "timestep": timestep,
                      "atom": atom if atom >= 0 else ""})
    return lines


# ---- using ---------------------------------------------------------------------------------------


def _spectra(library, args):
    """Spectra by the library's parameters."""
    parameters = frames.with_precision(library.soap_parameters, args)
    return Spectra(parameters, frames.channels_of(args), frames.weights_of(args), args.threads)


def _matches(library, told, args):
    """Yields (first frame of a window, indices of its atoms, their Match)."""
    spectra = _spectra(library, args)
    if args.window > 1:
        for frame, indices, vectors in mean_vectors(told.steps(), spectra, args.window, args.memory):
            yield frame, indices, library.nearest(vectors, args.within)
        return
    for step in told.steps():
        channels, weights = spectra.of_types(step.frame)
        yield step.frame, step.indices, library.classify(
            step.frame.atoms, centers=step.flags, species=channels, weights=weights, within=args.within,
            precision=args.precision, threads=args.threads)


def run_count(args):
    common.writable(args.output)
    library, told = load_environments(args.library), frames.Told(args)
    rows = []
    for frame, indices, match in _matches(library, told, args):
        rows.append(([*library.fractions(match), len(indices), np.mean(match.classes == 0)],
                     told.names.index(frame.path), frame.timestep))
    names = [*(f"ler_{k}" for k in range(1, len(library) + 1)), "atoms", "unknown"]
    known = frames.write_rows(args.output, names, rows, told.names, args.properties, _metadata(args, library))
    common.say(f"{args.output}: {len(rows)} rows of {len(library)} shares, from {told.frames} frames of "
               f"{len(told.names)} files" + (f"; {', '.join(known)}" if known else ""))


def _metadata(args, library):
    return {"descriptor": json.dumps({"style": "ler/count", "library": os.path.basename(args.library),
                                      "epsilon": library.epsilon, **library.parameters})}


def run_atom(args):
    common.writable(args.output)
    library, told = load_environments(args.library), frames.Told(args)
    counts = np.zeros(len(library) + 1, np.int64)
    writer = TableWriter(args.output, COLUMNS, {"library": os.path.basename(args.library)})
    with writer:
        writer.sources = list(told.names)
        for frame, indices, match in _matches(library, told, args):
            full = np.full(len(indices), 1.0)
            writer.append(np.stack([
                frame.ids[indices], frame.types[indices], *frame.positions[indices].T,
                told.names.index(frame.path) * full, frame.timestep * full, *match], axis=1))
            counts += np.bincount(match.classes, minlength=len(counts))
    common.say(f"{args.output}: {writer.rows} atoms of {told.frames} frames in "
               f"{np.count_nonzero(counts[1:])} of {len(library)} classes"
               + (f", {counts[0]} in none" if counts[0] else ""))


# ---- showing -------------------------------------------------------------------------------------


def importances_of(path, count):
    """[environments]: the importances of the features ler_1 ... of a forest, 0 for others."""
    forest = load_model(path)
    if not isinstance(forest, Forest) or forest.importance is None:
        raise MLGrainError(f"{path} holds no forest with importances")
    result = np.zeros(count)
    for name, value in zip(forest.features, forest.importance):
        if name.startswith("ler_") and name[4:].isdigit():
            place = int(name[4:]) - 1
            if not 0 <= place < count:
                raise MLGrainError(f"{path}: the library has no environment for its feature {name}")
            result[place] = value
    if not result.any():
        raise MLGrainError(f"{path} has no features ler_1 ... that matter")
    return result


def run_show(args):
    library = load_environments(args.library)
    table, origins = os.path.splitext(args.library)[0] + ".csv", {}
    lines = _lines(library, origins)
    if os.path.exists(table):
        stored = common.read_csv(table, ("class", "file", "timestep"))
        if len(stored) == len(lines):
            for line, other in zip(lines, stored):
                line.update(file=other["file"], timestep=other["timestep"])
    if args.model:
        for line, value in zip(lines, importances_of(args.model, len(library))):
            line["importance"] = float(value)
    if args.csv:
        common.write_csv(args.csv, lines)
    if args.model:
        lines.sort(key=lambda line: -line["importance"])
    p = library.parameters
    length = np.linalg.norm(library.vectors[0])
    common.say(f"{args.library}: {len(library)} environments, epsilon {library.epsilon:.6g} "
               f"({library.epsilon / length:.6g} of the length of {library.seed}), {p['basis']} "
               f"{p['rcut']:g} {p['nmax']} {p['lmax']} {p['sigma']:g}")
    common.say("  class    atoms  from seed" + ("  importance" if args.model else "") + "  from")
    for line in lines[:args.most]:
        place = f"{line['file']} {line['timestep']} atom {line['atom']}" if line["atom"] != "" \
            else line["file"]
        common.say(f"  {line['class']:5d} {line['atoms']:8d} {line['from_seed'] / length:10.4f}"
                   + (f"  {line['importance']:10.4f}" if args.model else "") + f"  {place}")


def run_plot_epsilon(args):
    from .. import plots

    libraries = [load_environments(path) for path in args.libraries]
    lines = [(os.path.basename(path), library.radius / np.linalg.norm(library.vectors[0]))
             for path, library in zip(args.libraries, libraries)]
    common.say(" ".join(plots.environments(lines, args.output, args.title)))


def run_plot_classes(args):
    from .. import plots
    from ..tables import Table

    table = Table.load(args.table)
    names = [name for name in table.columns if name.startswith("ler_")]
    if not names:
        raise MLGrainError(f"{args.table} has no columns ler_1 ...; `mlgrain ler count` makes them")
    common.say(" ".join(plots.shares(table.matrix(names), args.output, args.title)))


def run_plot_atoms(args):
    from .. import plots

    library = load_environments(args.library)
    where = common.interval(args.where) if args.where else None
    pbc = [word.startswith("p") for word in args.boundary] if args.boundary else None
    frame = None
    for frame in read_frames([args.file], [where[0]] if where else [], pbc):
        pass
    channels, weights = _spectra(library, args).of_types(frame)
    classes = library.classify(frame.atoms, species=channels, weights=weights, precision=args.precision,
                               threads=args.threads).classes
    shown = np.ones(len(frame), bool)
    if where:
        name, low, high = where
        shown = (frame.columns[name] >= low) & (frame.columns[name] <= high)
        if not shown.any():
            raise MLGrainError(f"{args.file} has no atom with {name} from {low:g} to {high:g}")
    chosen = _classes_to_draw(args, library, classes[shown])
    x, y = (frame.positions[shown, "xyz".index(axis)] for axis in args.axes)
    common.say(" ".join(plots.marked_atoms(x, y, classes[shown], chosen, args.output,
                                           [f"{axis} (Å)" for axis in args.axes], args.title)))


def _classes_to_draw(args, library, classes):
    counts = np.bincount(classes, minlength=len(library) + 1)
    if args.classes:
        if max(args.classes) > len(library):
            raise MLGrainError(f"--classes: there is no environment {max(args.classes)} of {len(library)}")
        return args.classes[:8]
    if args.model:
        order = np.argsort(-importances_of(args.model, len(library)), kind="stable") + 1
    else:
        order = np.argsort(-counts[2:], kind="stable") + 2
    return [int(k) for k in order if counts[k] and k > 1][:8]
