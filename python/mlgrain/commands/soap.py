# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain soap: tables of power spectra, of atoms or averaged."""

from __future__ import annotations

import os

import numpy as np

from ..atoms import positive
from ..environments import LATTICES, crystal_vector
from ..errors import MLGrainError
from ..representations import Moments, excess, mean_vectors, means
from ..spectra import Projection
from ..tables.table import TableWriter
from . import common, frames

ATOM_COLUMNS = ("id", "type", "x", "y", "z", "source", "timestep")


def add(subparsers):
    parser = common.command(
        subparsers, "soap", "Power spectra (SOAP) of the atoms of many files, as tables. Frames are read "
        "one after the\nother; `mlgrain soap TASK --help` explains each.",
        "mlgrain soap mean 'gb*.dump' -o asr.npz --soap quippy 5.0 18 18 0.5", None)
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    task = common.command(
        tasks, "mean", "The averaged representation (ASR): a row for each frame, columns soap_1 ... and "
        "atoms. No vector\nof an atom is stored. With --excess, N/A (p - p0): the excess over the crystal "
        "per area, in\nwhich energies are linear.",
        "mlgrain soap mean 'gb*.dump' -o asr.npz --soap quippy 5.0 18 18 0.5 --excess fcc 4.05 \\\n"
        "    --slab c_cna 2 3 --padding 5 --properties energies.csv\n"
        "  mlgrain cross-validate asr.npz --kind ridge-unscaled --target energy --folds 10", run_mean)
    _add_output(task)
    frames.add_files(task)
    frames.add_spectra(task, project=True)
    frames.add_types(task)
    frames.add_properties(task)
    group = task.add_argument_group("excess")
    group.add_argument("--excess", nargs=2, metavar=("LATTICE", "A"),
                       help=f"of the crystal: {', '.join(LATTICES)}, and its lattice constant")
    group.add_argument("--boundaries", type=common.whole(1), default=1, metavar="N",
                       help="boundaries of a cell, each with the area of the face --normal (default 1)")

    task = common.command(
        tasks, "atom", "The vectors of atoms: a row for each, columns id type x y z source timestep soap_1 "
        "...", "mlgrain soap atom gb.dump -o soap.npz --soap quippy 5.0 8 6 0.5 --where y -8 8", run_atom)
    _add_output(task)
    task.add_argument("--size", type=frames.above(0), default=20.0, metavar="GB",
                      help="refuse to write a larger table (default 20)")
    frames.add_files(task)
    frames.add_spectra(task, project=True)
    frames.add_types(task)

    task = common.command(
        tasks, "project", "Makes a projection of vectors onto a few numbers, for --project here and keyword "
        "project of computes\nsoap/atom and soap/mean: on the directions in which the vectors of all these "
        "atoms vary most\n(principal components), or with --random on random ones, for which no atom is "
        "looked at.",
        "mlgrain soap project 'gb*.dump' -o pca.safetensors --soap quippy 5.0 18 18 0.5 --columns 50",
        run_project)
    task.add_argument("-o", "--output", required=True, metavar="FILE.safetensors")
    task.add_argument("--columns", type=common.whole(1), default=50, metavar="N", help="default 50")
    task.add_argument("--random", action="store_true", help="random directions")
    common.add_seed(task)
    frames.add_files(task, nargs="*")
    frames.add_spectra(task)
    frames.add_types(task)


def _add_output(task):
    task.add_argument("-o", "--output", required=True, metavar="FILE.npz")


def run_mean(args):
    common.writable(args.output)
    spectra, told = frames.spectra_of(args), frames.Told(args)
    axis, perfect = frames.AXES[args.normal], None
    if args.excess:
        perfect = _perfect(args.excess, spectra)
    rows = []
    for frame, atoms, mean in means(told.steps(), spectra, args.window):
        if perfect is not None:
            mean = excess(mean, atoms, frame, perfect, axis, args.boundaries)
        rows.append(([*mean, atoms], told.names.index(frame.path), frame.timestep))
    names = [*_soap_names(spectra.columns), "atoms"]
    further = {"excess_over": " ".join(args.excess)} if args.excess else {}
    further.update(_projection_name(args))
    known = frames.write_rows(args.output, names, rows, told.names, args.properties, {
        "descriptor": frames.descriptor_text("soap/mean", spectra.parameters, **further)})
    common.say(f"{args.output}: {len(rows)} rows of {spectra.columns} numbers, from {told.frames} "
               f"frames of {len(told.names)} files" + (f"; {', '.join(known)}" if known else ""))


def _soap_names(count):
    return [f"soap_{k}" for k in range(1, count + 1)]


def _perfect(words, spectra):
    lattice, constant = words
    if lattice not in LATTICES:
        raise MLGrainError(f"--excess: {lattice!r} is not one of {', '.join(LATTICES)}")
    vector = crystal_vector(spectra.parameters, lattice, positive("--excess", constant))
    return vector if spectra.projection is None else spectra.projection(vector[None])[0]


def run_atom(args):
    common.writable(args.output)
    spectra, told = frames.spectra_of(args), frames.Told(args)
    width = len(ATOM_COLUMNS) + spectra.columns
    writer = TableWriter(args.output, [*ATOM_COLUMNS, *_soap_names(spectra.columns)], {
        "descriptor": frames.descriptor_text("soap/atom", spectra.parameters, **_projection_name(args))})
    with writer:
        writer.sources = list(told.names)
        for step_of in _pieces(told, args, spectra.columns):
            for frame, indices, vectors in mean_vectors(step_of, spectra, args.window, args.memory):
                size = 8e-9 * width * (writer.rows + len(indices))
                if size > args.size:
                    raise MLGrainError(f"{frame.place}: the table takes {size:.3g} GB up to here, where "
                                       f"{args.size:g} GB are allowed (--size); choose atoms (--where, "
                                       "--slab), or see mlgrain soap mean")
                writer.append(_rows(told, frame, indices, vectors))
    common.say(f"{args.output}: {writer.rows} rows of {spectra.columns} numbers, "
               f"{os.path.getsize(args.output) / 1e6:.1f} MB")


def _pieces(told, args, components):
    """The steps as they are for windows of time; else one by one, divided among atoms where vectors of
    all would not fit into the memory."""
    if args.window > 1:
        yield told.steps()
        return
    most = max(1, int(1e9 * args.memory / (8 * components)))
    for step in told.steps():
        for part in np.array_split(step.indices, -(-len(step.indices) // most)):
            yield [step._replace(indices=part)]


def _rows(told, frame, indices, vectors):
    head = np.stack([frame.ids[indices], frame.types[indices], *frame.positions[indices].T,
                     np.full(len(indices), told.names.index(frame.path)),
                     np.full(len(indices), frame.timestep)], axis=1)
    return np.concatenate([head, vectors], axis=1)


def _projection_name(args):
    return {"project": os.path.basename(args.project)} if args.project else {}


def run_project(args):
    common.writable(args.output)
    spectra = frames.spectra_of(args)
    if args.random:
        Projection.random(spectra.parameters, args.columns, args.seed).save(args.output)
        common.say(f"{args.output}: {args.columns} random directions of {spectra.columns}")
        return
    if not args.files:
        raise MLGrainError("the vectors of some files are needed, or --random")
    told, moments = frames.Told(args), Moments(spectra.columns)
    for step_of in _pieces(told, args, spectra.columns):
        for _, _, vectors in mean_vectors(step_of, spectra, args.window, args.memory):
            moments.add(vectors)
    covariance = moments.covariance
    projection = Projection.principal(spectra.parameters, moments.mean, covariance, args.columns)
    projection.save(args.output)
    kept = np.einsum("ck,cd,dk->", projection.matrix, covariance, projection.matrix)
    common.say(f"{args.output}: {args.columns} principal components of {spectra.columns} numbers of "
               f"{moments.count} atoms; they have {kept / np.trace(covariance):.6f} of the variance")
