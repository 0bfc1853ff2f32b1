# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain mtp: moment tensor potentials, made, trained, checked."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import itertools
import os
import sys

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from ..models import container
from ..potentials import (carry, configurations, error_bars, error_table, packed, ranks, species,
                          streaming, training, uncertainty, zero_points)
from ..potentials.mtp import MTP
from . import common, random_crystals

FILES = ("MLIP .cfg, LAMMPS .dump or .lammpstrj, or what ASE reads (extended XYZ, OUTCAR, "
         "vasprun.xml ...); .gz, .bz2, .xz")
MIN_DIST_PART = 0.99  # of the shortest distance, as MLIP-3 has it


def add(subparsers):
    parser = common.command(
        subparsers, "mtp", "Moment tensor potentials: new ones of any level, trained on "
        "configurations with energies,\nforces and stresses, with active sets; in the formats of "
        "MLIP-3.",
        "mlgrain mtp train empty.mtp train.cfg -o Cu.almtp", None)
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_new(tasks)
    _add_train(tasks)
    _add_errors(tasks)
    _add_error_bars(tasks)
    for name, run, text in (("evaluate", run_evaluate, "Writes energies, forces and stresses of a "
                             "potential."),
                            ("grade", run_grade, "Writes extrapolation grades, too.")):
        task = common.command(tasks, name, text,
                              f"mlgrain mtp {name} Cu.almtp in.cfg -o out.cfg", run)
        _add_input(task)
        _add_output(task, "OUT.cfg")
    _add_select(tasks)
    task = common.command(tasks, "select-add", "Says which of new configurations should be "
                          "labeled and trained on: with them, none has\na grade above the "
                          "threshold.",
                          "mlgrain mtp select-add Cu.almtp new.cfg -o label.cfg", run_select_add)
    _add_input(task)
    _add_output(task, "OUT.cfg")
    task.add_argument("--threshold", type=above_one, default=1.001)
    task = common.command(tasks, "mindist", "The shortest distance between atoms in each file.",
                          "mlgrain mtp mindist train.cfg", run_mindist)
    _add_data(task)
    task = common.command(tasks, "convert", "Writes configurations as MLIP .cfg.",
                          "mlgrain mtp convert OUTCAR vasprun.xml -o train.cfg", run_convert)
    _add_data(task)
    _add_output(task, "OUT.cfg")
    task = common.command(tasks, "rewrite", "Writes a trained potential with the moments that new "
                          "ones have: the same energies, forces\nand grades from fewer products.",
                          "mlgrain mtp rewrite MTP_of_MLIP.almtp -o faster.almtp", run_rewrite)
    task.add_argument("potential", metavar="FILE.almtp")
    _add_output(task, "OUT.almtp")
    task = common.command(tasks, "info", "What a potential file holds.",
                          "mlgrain mtp info Cu.almtp", run_info)
    task.add_argument("potential", metavar="FILE.almtp")
    random_crystals.add(tasks, write_bytes)


def chemical_symbol(text):
    """An argparse type."""
    if text not in core().SYMBOLS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a chemical symbol")
    return text


def kind_weight(text):
    """An argparse type: (kind, factor)."""
    kind, equals, value = text.rpartition("=")
    if not equals or not kind:
        raise argparse.ArgumentTypeError(f"{text!r} is not KIND=W")
    return kind, common.not_negative(value)


def above_one(text):
    """An argparse type."""
    if common.positive(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 1")
    return float(text)


def _add_data(task):
    task.add_argument("data", nargs="+", metavar="FILE", help=FILES)
    group = task.add_argument_group("dumps of LAMMPS")
    group.add_argument("--thermo", nargs="+", default=(), metavar="FILE",
                       help="thermo output with the energies: one for all dumps, or one for each "
                       "(default: NAME.log, .yaml or .thermo beside NAME.dump)")
    group.add_argument("--elements", nargs="+", default=(), metavar="X", type=chemical_symbol,
                       help="of LAMMPS' types 1, 2, ... (default: the column element, else species "
                       "counted from 0)")
    task.add_argument("--largest-force", type=common.positive, metavar="F", help="leave out configurations "
                      "with a component of a force above F (eV/Angstrom)")


def _read(args):
    """The configurations of the files that were given, as they come."""
    count = left_out = 0
    for count, one in enumerate(configurations.read(args.data, args.thermo, args.elements), 1):
        if args.largest_force and one.forces is not None and one.forces.size and \
                np.abs(one.forces).max() > args.largest_force:
            left_out += 1
        else:
            yield one
    if left_out:
        common.say(f"{left_out} of {count} configurations have larger forces and are left out")


def _add_input(task):
    task.add_argument("potential", metavar="FILE.almtp")
    _add_data(task)
    task.add_argument("--threads", type=common.whole(1), default=1, metavar="N")


def _add_output(task, metavar):
    task.add_argument("-o", "--output", required=True, metavar=metavar)


def _add_new(tasks):
    task = common.command(
        tasks, "new", "Makes a potential that has not been trained, of any level.",
        "mlgrain mtp new --level 16 --species Cu Zr --cutoff 5.5 -o empty.mtp", run_new)
    task.add_argument("--level", type=common.whole(2), required=True,
                      help="2 to 28: how many basis functions")
    task.add_argument("--species", nargs="+", required=True, metavar="X",
                      help="chemical symbols, or numbers as they are in the configurations")
    task.add_argument("--cutoff", type=common.positive, required=True, help="Angstrom")
    task.add_argument("--min-dist", type=common.positive, default=1.5, help="of atoms (default 1.5)")
    task.add_argument("--radial-size", type=common.whole(1), default=8, metavar="N",
                      help="polynomials per radial function (default 8)")
    task.add_argument("--repulsive", action="store_true",
                      help="RBChebyshev_repuls: a hard wall below --min-dist")
    common.add_seed(task)
    _add_output(task, "OUT.mtp")


def _add_train(tasks):
    task = common.command(
        tasks, "train", "Trains a potential. The loss is that of MLIP-3, and so are the names of "
        "its weights.\nAfter an interruption, the same command goes on where it was.",
        "mlgrain mtp train empty.mtp train.cfg -o Cu.almtp", run_train)
    _add_input(task)
    _add_output(task, "OUT.almtp")
    _add_weights(task)
    task.add_argument("--iteration-limit", type=common.whole(1), default=100, metavar="N")
    task.add_argument("--tolerance", type=common.positive, default=5e-3,
                      help="end when three iterations lower the loss by less than this part of it "
                      "(default 5e-3)")
    task.add_argument("--held-out", type=common.fraction, default=0.0, metavar="PART",
                      help="of the configurations are not trained on, and say when to end "
                      "(default 0)")
    task.add_argument("--starts", type=common.whole(1), default=3, metavar="N",
                      help="starting points for a potential that isn't trained yet, of which the "
                      "best after six iterations goes on (default 3)")
    task.add_argument("--subset", type=common.whole(0), default=6000, metavar="ATOMS",
                      help="train on so many atoms first, then on four times as many, and so on, "
                      "up to half of all; 0: on all at once (default 6000)")
    task.add_argument("--from", dest="trained", metavar="FILE.almtp",
                      help="a trained potential, of a lower level or of fewer species, whose "
                      "parameters are a start")
    task.add_argument("--update-mindist", action="store_true",
                      help="give a potential that isn't trained yet 0.99 of the shortest distance "
                      "in the data as its min_dist")
    task.add_argument("--align-energies", action="store_true",
                      help="take out differences of zero points between files, which are said "
                      "anyway")
    task.add_argument("--keep-normal", metavar="FILE.safetensors",
                      help="write what error bars are made of: normal matrix, covariances, sets of "
                      "parameters, errors on held-out configurations")
    task.add_argument("--error-bars", metavar="FILE.safetensors",
                      help="write error bars for compute mtp/error/atom, which --held-out "
                      "configurations calibrate")
    _add_mode(task)
    common.add_seed(task)


def _add_error_bars(tasks):
    task = common.command(
        tasks, "error-bars", "Makes error bars for compute mtp/error/atom, of the configurations "
        "that a potential was\ntrained on. Where these have no labels, leverages only: structures "
        "like those of the training\nset are enough for them.",
        "mlgrain mtp error-bars Cu.almtp train.cfg --calibrate test.cfg -o Cu.error.safetensors",
        run_error_bars)
    _add_input(task)
    _add_output(task, "OUT.safetensors")
    task.add_argument("--calibrate", nargs="+", metavar="FILE", help="configurations with forces "
                      "that were not trained on: they say how much larger errors are than spreads")
    task.add_argument("--fit", metavar="FILE.safetensors", help="what `train --keep-normal` wrote, "
                      "instead of computing it from the configurations again")
    task.add_argument("--training-set", metavar="TEXT", help="a word about it, for the file")
    _add_weights(task)
    common.add_seed(task)


def _add_weights(task):
    default = training.Weights()
    group = task.add_argument_group("weights")
    group.add_argument("--energy-weight", type=common.not_negative, default=default.energy, metavar="W")
    group.add_argument("--force-weight", type=common.not_negative, default=default.force, metavar="W")
    group.add_argument("--stress-weight", type=common.not_negative, default=default.stress, metavar="W")
    group.add_argument("--weight-scaling", type=int, choices=(0, 1, 2), default=default.scaling,
                       help="power of the number of atoms that energies' weights are divided by")
    group.add_argument("--weight-scaling-forces", type=int, choices=(0, 1, 2),
                       default=default.force_scaling, help="the same for forces")
    group.add_argument("--scale-by-force", type=common.not_negative, default=0.0, metavar="C",
                       help="multiply forces' weights by C/(F^2 + C)")
    group.add_argument("--kind-weight", nargs="+", type=kind_weight, default=[], metavar="KIND=W",
                       help="multiply all weights of the configurations of a kind, as in `mlgrain "
                       "mtp errors`")


def _weights(args):
    return training.Weights(args.energy_weight, args.force_weight, args.stress_weight,
                            args.weight_scaling, args.weight_scaling_forces, args.scale_by_force,
                            tuple(args.kind_weight))


def _add_mode(task):
    task.add_argument("--al-mode", choices=("nbh", "cfg"), default="nbh",
                      help="active set of atoms' neighborhoods or of configurations (default nbh)")
    task.add_argument("--threshold", type=above_one, default=1.001,
                      help="largest grade in the data (default 1.001)")


def _add_errors(tasks):
    task = common.command(tasks, "errors", "Errors of energies, forces and stresses, by kind of "
                          "structure: a Feature\nconfig_type or kind of the configurations, or "
                          "their file.",
                          "mlgrain mtp errors Cu.almtp test.cfg", run_errors)
    _add_input(task)
    task.add_argument("--csv", metavar="FILE", help="write the table, too")
    task.add_argument("--parity", metavar="STEM", help="draw energies and forces against labels: "
                      "STEM-energy and STEM-force, .png and .svg")


def _add_select(tasks):
    task = common.command(tasks, "select", "Selects an active set; configurations need no labels.",
                          "mlgrain mtp select Cu.mtp pool.cfg -o Cu.almtp", run_select)
    _add_input(task)
    _add_output(task, "OUT.almtp")
    _add_mode(task)


def read_bytes(path):
    with packed.open_file(path) as file:
        return file.read()


def write_bytes(path, contents):
    """Never leaves half a file under its name."""
    try:
        with open(f"{path}.part", "wb") as file:
            file.write(contents)
        os.replace(f"{path}.part", path)
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror}") from error


@contextlib.contextmanager
def writing(path):
    """A function that writes text piece by piece; the file has its name when all is written."""
    try:
        with open(f"{path}.part", "w", encoding="utf-8") as file:
            yield file.write
        os.replace(f"{path}.part", path)
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(f"{path}.part")


def run_new(args):
    common.writable(args.output)
    symbols = core().SYMBOLS
    labels = []
    for name in args.species:
        if name in symbols:
            labels.append(symbols.index(name) + 1)
        elif name.isdecimal():
            labels.append(int(name))
        else:
            raise MLGrainError(f"--species: {name!r} is neither a chemical symbol nor a number")
    contents = training.new_potential(args.level, labels, args.cutoff, args.min_dist,
                                      args.radial_size, args.repulsive, args.seed)
    write_bytes(args.output, contents)
    common.say(f"{args.output}: level {args.level}, "
               f"{core().MTPTraining('new', contents).parameter_count} parameters")


def run_rewrite(args):
    common.writable(args.output)
    contents = read_bytes(args.potential)
    made = carry.with_new_moments(contents, args.potential)
    before, after = (core().products_of_mtp(args.potential, each) for each in (contents, made))
    if after >= before:
        raise MLGrainError(f"{args.potential} has {before} products, and would have {after}: it "
                           "stays as it is")
    write_bytes(args.output, made)
    common.say(f"{args.output}: {after} products in place of {before}")


def _begin(args, configs, weights=training.Weights(), contents=None, group=ranks.ALONE):
    return training.Training(contents or read_bytes(args.potential), configs, weights, args.threads,
                             args.potential, group)


def _split(configs, part, seed):
    """Those to train on, those held out."""
    count = round(part * len(configs))
    if part and not 0 < count < len(configs):
        raise MLGrainError(f"--held-out {part:g} of {len(configs)} configurations is {count}")
    outside = set(np.random.default_rng(seed).permutation(len(configs))[:count].tolist())
    return ([one for k, one in enumerate(configs) if k not in outside],
            [one for k, one in enumerate(configs) if k in outside])


class Reporter:
    """Says how a fit goes on, and how long it has taken."""

    def __init__(self, clock, say):
        self.clock, self.say = clock, say

    def __call__(self, iteration, errors, outside):
        text = f"{iteration:4d}  {errors}"
        self.say(text + (f"; held out {outside}" if outside else "") + f"; {self.clock}")


def run_train(args):
    group = ranks.started()
    try:
        _train(args, group)
    except BaseException as error:
        if group.size > 1:
            print(f"mlgrain: process {group.rank}: {error}", file=sys.stderr, flush=True)
            group.abort()
        raise


def _train(args, group):
    say = common.say if group.rank == 0 else lambda text: None
    if group.rank == 0:
        common.writable(args.output)
        for path in filter(None, (args.keep_normal, args.error_bars)):
            common.writable(path)
    weights = _weights(args)
    clock = training.Clock()
    configs = list(_read(args))
    _check_kinds(weights, configs)
    contents = _starting_potential(args, configs, say)
    _compare_zero_points(args, configs, weights, contents, say)
    inside, outside = _split(configs, args.held_out, args.seed)
    whole = _begin(args, inside, weights, contents, group)
    held_out = _begin(args, outside, weights, contents, group) if outside else None
    say(f"{len(inside)} configurations, {whole.atoms} atoms, {whole.core.parameter_count} "
        f"parameters; {clock}")
    sizes = training.sample_sizes(whole.atoms, args.subset)

    def begin_part(size):
        count = max(1, round(len(inside) * size / whole.atoms))
        chosen = np.linspace(0, len(inside), count, endpoint=False).astype(int)
        return _begin(args, [inside[k] for k in chosen], weights, contents, group)

    checkpoint = training.Checkpoint(args.output + ".checkpoint", whole)
    reached = checkpoint.reached(group)
    if reached:
        say(f"goes on where it was with {reached} atoms ({checkpoint.path})")
    fit = _fit_parts(args, whole, () if reached == whole.atoms else sizes, begin_part, checkpoint,
                     Reporter(clock, say))
    done, condition = training.train(whole, args.iteration_limit, args.tolerance, 3, held_out,
                                     Reporter(clock, say), checkpoint, fit)
    if group.rank == 0:
        _finish(args, whole, inside, outside, done, condition, clock)
        checkpoint.remove()


def _check_kinds(weights, configs):
    kinds = {training.kind_of(one) for one in configs}
    for kind, _ in weights.kinds:
        if kind not in kinds:
            raise MLGrainError(f"--kind-weight: no configuration is of the kind {kind!r}, but of "
                               + ", ".join(map(repr, sorted(kinds))))


def _finish(args, trained, inside, outside, iterations, condition, clock):
    """Writes the potential, its card, and what error bars need."""
    name = os.path.splitext(os.path.basename(args.output))[0]
    contents, weights = trained.core.contents(name), trained.weights
    if trained.ranks.size > 1:
        trained = _begin(args, inside, weights, contents)
    held_out = _begin(args, outside, weights, contents) if outside else None
    if args.output.endswith(".mtp"):
        write_bytes(args.output, contents)
    else:
        _write_selected(args, trained, name, clock)
    _write_card(args, trained, held_out, weights, iterations, condition, clock)
    if args.keep_normal:
        uncertainty.write(args.keep_normal, trained, held_out, args.seed)
    if args.error_bars:
        bars = error_bars.of_fit(trained, contents, held_out, args.seed)
        _write_error_bars(args.error_bars, bars)


def run_error_bars(args):
    common.writable(args.output)
    contents, weights = read_bytes(args.potential), _weights(args)
    configs = list(_read(args))
    _check_kinds(weights, configs)
    one = _begin(args, configs, weights, contents)
    if not one.is_trained:
        raise MLGrainError(f"{args.potential} has not been trained")
    if not error_bars.has_labels(configs):
        if args.calibrate or args.fit:
            raise MLGrainError("--calibrate and --fit need a training set with labels")
        bars = error_bars.of_structures(one, contents, args.seed, args.training_set)
    else:
        outside = list(configurations.read(args.calibrate or (), args.thermo, args.elements))
        calibration = _begin(args, outside, weights, contents) if outside else None
        fit = container.read(args.fit)[0] if args.fit else None
        bars = error_bars.of_fit(one, contents, calibration, args.seed, fit, args.training_set)
    _write_error_bars(args.output, bars)


def _write_error_bars(path, bars):
    bars.write(path)
    text = f"{path}: {len(bars.tensors['sketch'])} rows for leverages"
    if bars.knows_errors:
        row = dict(zip(error_bars.CONFIDENCE, bars.tensors["force_factors"][1]))
        text += (f", {len(bars.tensors['members'])} members; of 4, 95 % of errors are below "
                 f"{row[0.95]:.3g} times the spread ({bars.metadata['calibration_set']})")
    else:
        text += ", no errors of forces: the configurations have no labels"
    common.say(text)


def _starting_potential(args, configs, say):
    """Contents of the file to start from, with the species of the configurations."""
    contents, labels, new = species.fit_species(args.potential, read_bytes(args.potential), configs,
                                                args.seed)
    say(f"species {', '.join(map(str, labels))}"
               + (f", of which {', '.join(map(str, new))} are new" if new else ""))
    contents = _fit_min_dist(args, configs, contents, labels, say)
    return _carry_over(args, configs, contents, labels, say) if args.trained else contents


def _fit_min_dist(args, configs, contents, labels, say):
    """Contents whose min_dist is as the data's, if that is wanted; else says how they differ.
    Between the two nothing is learned: a potential may have a deep hole there."""
    one = _begin(args, configs[:1], contents=contents)
    shortest = min(shortest_distance(each, one.core.cutoff) for each in configs)
    min_dist = one.core.min_dist
    wanted = MIN_DIST_PART * shortest
    if args.update_mindist:
        if args.trained or one.is_trained:
            raise MLGrainError("--update-mindist: a trained potential keeps its min_dist")
        if not np.isfinite(shortest):
            raise MLGrainError("--update-mindist: the data have no distances below the cutoff")
        say(f"shortest distance in the data {shortest:.4f}, min_dist {min_dist:g} -> {wanted:.4f}")
        return core().mtp_with_species(args.potential, contents, labels, args.seed, wanted)
    if shortest < min_dist:
        say(f"the data have distances of {shortest:.4f}, below the potential's min_dist, "
            f"{min_dist:g}")
    elif wanted > min_dist and np.isfinite(shortest):
        say(f"no distance in the data is below {shortest:.4f}: nothing is learned from min_dist, "
            f"{min_dist:g}, up to there" + ("" if one.is_trained or args.trained
                                             else " (--update-mindist)"))
    return contents


def _carry_over(args, configs, contents, labels, say):
    """Contents with parameters of another potential."""
    one = _begin(args, configs[:1], contents=contents)
    old = core().mtp_with_species(args.trained, read_bytes(args.trained), labels, args.seed)
    trained = training.Training(old, configs[:1], name=args.trained)
    if not trained.is_trained:
        raise MLGrainError(f"--from {args.trained}: this potential has not been trained")
    count = carry.carry_over(trained, one)
    say(f"{count} of {one.core.linear_count - len(labels)} moment coefficients are those of "
               f"{args.trained}")
    return one.core.contents("start")


def _compare_zero_points(args, configs, weights, contents, say):
    """Says which files have energies with another zero point; takes the differences out of the
    configurations if that is wanted, in two rounds: smaller ones show without the larger."""
    if len({one.source for one in configs}) < 2 or not weights.energy:
        return
    atoms = sum(len(one) for one in configs)
    part = configs[::max(1, atoms // args.subset)] if args.subset else configs
    labels = core().species_of_mtp(args.potential, contents)[0]
    for _ in range(2 if args.align_energies else 1):
        found = training.compare_zero_points(contents, part, weights, args.seed, args.threads,
                                             args.potential)
        for difference in found:
            say(_difference_text(difference, labels))
        if args.align_energies:
            zero_points.take_out(configs, labels, found)
        elif found:
            say("--align-energies takes these differences out")
        if not found:
            break


def _difference_text(difference, labels):
    values = ", ".join(f"{value:+.4f} eV per atom of {label}"
                       for label, value in zip(labels, difference.per_species)
                       if not np.isnan(value))
    return (f"zero points: {difference.source} differs from {difference.reference} by {values}; "
            f"error of energies {1e3 * difference.error_without:.3g} meV/atom, "
            f"{1e3 * difference.error_with:.3g} without this")


def _fit_parts(args, whole, sizes, begin_part, checkpoint, report):
    """Fits larger and larger parts, beginning with that which a checkpoint has reached, then gives
    their parameters to the whole; a Fit of that which goes on from there."""
    reached, fit = checkpoint.reached(whole.ranks), training.Fit(whole)
    for size in sizes:
        part = begin_part(size)
        if part.atoms < reached:
            continue
        part.parameters = fit.training.parameters
        fit = training.Fit(part, fit.damping)
        report.say(f"{len(part.configurations)} configurations first, {part.atoms} atoms")
        if part.atoms != reached:
            _start(args, part, report)
        training.train(part, args.iteration_limit, 3 * args.tolerance, report=report,
                       checkpoint=checkpoint, fit=fit)
    if fit.training is not whole:
        whole.parameters = fit.training.parameters
        report.say(f"all {len(whole.configurations)} configurations")
    elif reached != whole.atoms:
        _start(args, whole, report)
    return training.Fit(whole, fit.damping)


def _start(args, one, report):
    """Starting points for an untrained potential."""
    if not one.is_trained:
        training.best_start(one, args.seed, args.starts,
                            report=lambda seed, iteration, errors: report.say(
                                f"seed {seed}, {iteration}  {errors}; {report.clock}"))


def _write_selected(args, trained, name, clock, active=None):
    of_atoms = args.al_mode == "nbh"
    scaling = 2
    found = training.select(trained, args.threshold, of_atoms, scaling, active=active)
    chosen = int((found.numbers >= 0).sum())
    write_bytes(args.output, training.almtp_contents(trained, found, scaling, name))
    common.say(f"active set: {chosen} {'atoms' if of_atoms else 'configurations'} of "
               f"{len(found.numbers)} parameters, {found.exchanges} exchanges; {clock}")


def _write_card(args, trained, held_out, weights, iterations, condition, clock):
    """What the potential was made of, beside it."""
    lines = [f"# {os.path.basename(args.output)}", "",
             f"{trained.core.parameter_count} parameters, cutoff {trained.core.cutoff:g}, trained "
             f"on {trained.core.frames} configurations of {trained.core.atoms} atoms: "
             + ", ".join(args.data), "",
             f"Weights: energy {weights.energy:g}/N^{weights.scaling}, force {weights.force:g}/N^"
             f"{weights.force_scaling}, stress {weights.stress:g}/N"
             + (f", forces by {weights.scale_by_force:g}/(F^2 + {weights.scale_by_force:g})"
                if weights.scale_by_force else "")
             + "".join(f"; {kind} times {factor:g}" for kind, factor in weights.kinds), "",
             f"{iterations} iterations on all configurations, {clock}"
             + (f"; condition of the normal matrix {condition:.1e}" if condition else ""), "",
             "| configurations | energy (meV/atom) | force (meV/A) | stress (GPa) |",
             "|---|--:|--:|--:|"]
    sets = [("trained on", trained)] + ([("held out", held_out)] if held_out else [])
    for name, one in sets:
        if one is held_out:
            one.parameters = trained.parameters
        table = error_table.ErrorTable(training.kind_of, "kind")
        for compared in error_table.compared(one):
            table.add(compared)
        for row in table.rows():
            lines.append(f"| {name}: {row['kind']} | {row['energy']:.3f} | {row['force']:.2f} | "
                         f"{row['stress']:.4f} |")
    write_bytes(args.output + ".md", ("\n".join(lines) + "\n").encode())


def run_errors(args):
    table, pairs = error_table.ErrorTable(), {"energy": [], "force": []}
    for one in error_table.compared_stream(read_bytes(args.potential), _read(args), args.threads,
                                           args.potential):
        table.add(one)
        if args.parity:
            _collect(pairs, one)
    rows = table.rows()
    width = max(4, *(len(row["kind"]) for row in rows))
    common.say(f"{'kind':<{width}}  configurations  meV/atom     meV/A       GPa")
    for row in rows:
        common.say(f"{row['kind']:<{width}}  {row['configurations']:>14d}  {row['energy']:8.3f}  "
                   f"{row['force']:8.2f}  {row['stress']:8.4f}")
    if args.csv:
        common.write_csv(args.csv, rows)
    if args.parity:
        _draw_parity(args.parity, pairs)


def _collect(pairs, one):
    """Labels and a potential's values, where there are labels."""
    label = one.configuration
    if one.energy is not None:
        pairs["energy"].append(np.array([[label.energy, one.energy]]) / len(label))
    if one.forces is not None:
        pairs["force"].append(np.stack([label.forces.ravel(), one.forces.ravel()], axis=1))


def _draw_parity(stem, pairs):
    """Pictures of energies and forces."""
    from .. import plots
    for name, label in (("energy", "energy (eV/atom)"), ("force", "force (eV/Å)")):
        if pairs[name]:
            truth, prediction = np.concatenate(pairs[name]).T
            for path in plots.parity(truth, prediction, label, f"{stem}-{name}"):
                common.say(path)


def run_evaluate(args, grades=False):
    common.writable(args.output)
    potential = MTP(args.potential)
    if grades and not potential.has_grades:
        raise MLGrainError(f"{args.potential} has no active set")
    types = streaming.TypeReader(streaming.labels_of(read_bytes(args.potential), args.potential))
    largest, count = 0.0, 0
    with writing(args.output) as write:
        for count, one in enumerate(_read(args), 1):
            found = potential.evaluate((one.positions, one.cell, one.pbc), types.species(one),
                                       grades=grades, threads=args.threads)
            write(_evaluated_text(one, found))
            largest = max(largest, found.grade or 0.0)
    common.say(f"{args.output}: {count} configurations"
               + (f", largest grade {largest:.4f}" if grades else ""))


def _evaluated_text(one, found):
    """A configuration with what a potential gives for it, as .cfg."""
    virial = found.virial[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]] if all(one.pbc) else None
    features = {name: text for name, text in one.features.items() if name != "MV_grade"}
    made = dataclasses.replace(one, energy=found.energy, forces=found.forces, virial=virial,
                               features=features)
    if found.grades is None:
        return configurations.cfg_text(made) + "\n"
    return configurations.cfg_text(made, [("nbh_grades", found.grades)],
                                   [("MV_grade", f"{found.grade:.6f}")]) + "\n"


def run_grade(args):
    run_evaluate(args, grades=True)


def run_select(args):
    common.writable(args.output)
    one = _begin(args, list(_read(args)))
    _write_selected(args, one, os.path.splitext(os.path.basename(args.output))[0], training.Clock())


def run_select_add(args):
    common.writable(args.output)
    one = _begin(args, list(_read(args)))
    active, of_atoms = one.core.active_set, one.core.active_set_is_of_atoms
    if active is None:
        raise MLGrainError(f"{args.potential} has no active set")
    found = training.select(one, args.threshold, of_atoms, 2, active=active)
    chosen = found.numbers[found.numbers >= 0]
    if of_atoms:
        first = np.concatenate([[0], np.cumsum([len(c) for c in one.configurations])])
        chosen = np.searchsorted(first, chosen, side="right") - 1
    used = np.unique(chosen)
    write_bytes(args.output, "\n".join(
        configurations.cfg_text(one.configurations[k]) for k in used).encode())
    common.say(f"{args.output}: {len(used)} of {len(one.configurations)} configurations")


def run_mindist(args):
    for path, part in itertools.groupby(_read(args), lambda one: one.source):
        common.say(f"{path}  {min(map(shortest_distance, part)):.6f}")


def shortest_distance(configuration, reach=8.0):
    """Between two atoms, images included; infinity where none are within `reach`."""
    found = _probe(reach).evaluate(
        np.ascontiguousarray(configuration.positions), np.ascontiguousarray(configuration.cell),
        configuration.pbc, np.zeros(len(configuration), dtype=np.int32), False, False, 1)
    return found["smallest_distance"]


@functools.lru_cache(maxsize=2)
def _probe(reach):
    """A potential that has nothing to do but to find neighbors."""
    return core().MTP("probe", training.new_potential(2, [0], reach, min_dist=0.1))


def run_convert(args):
    common.writable(args.output)
    count = 0
    with writing(args.output) as write:
        for count, one in enumerate(_read(args), 1):
            write(configurations.cfg_text(one) + "\n")
    common.say(f"{args.output}: {count} configurations")


def run_info(args):
    potential = MTP(args.potential)
    one = core().MTPTraining(args.potential, read_bytes(args.potential))
    common.say(f"species      {', '.join(potential.species or map(str, one.labels))}")
    common.say(f"cutoff       {one.cutoff:g}")
    common.say(f"min_dist     {one.min_dist:g}")
    common.say(f"parameters   {one.parameter_count}, {one.linear_count} of them linear")
    kind = "none" if one.active_set is None else (
        "of atoms" if one.active_set_is_of_atoms else "of configurations")
    common.say(f"active set   {kind}")
