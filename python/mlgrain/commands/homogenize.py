# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain homogenize: effective conductivity or stiffness of a microstructure."""

from __future__ import annotations

import dataclasses
import json
import os
import sys

import numpy as np

from .. import homogenize
from ..errors import MLGrainError
from ..homogenize import tensors
from . import common

SIZES = {"conductivity": 3, "stiffness": 6}
VOXEL_ENDINGS = (".npy", ".npz", ".vti", ".tesr", ".dream3d", ".h5", ".hdf5", ".inl")
KEYS = {"property", "unit", "phases", "crystal", "boundary", "thickness"}
BOUNDARY = -1


def add(subparsers):
    parser = common.command(
        subparsers, "homogenize", "Effective conductivity or stiffness of a periodic "
        "microstructure. Voxels come from a file\n(.npy .npz .vti .tesr .dream3d .inl), or are made of "
        "a list of grains as create_polycrystal\nwrites it. doc/homogenize.md says what PHASES holds.",
        "mlgrain homogenize grains.txt phases.json --box 100 100 100 --voxels 64 64 64", run)
    parser.add_argument("microstructure", metavar="MICROSTRUCTURE",
                        help="voxels, or a list of grains (any other ending)")
    parser.add_argument("phases", metavar="PHASES", help="tensors, in a JSON or YAML file")
    parser.add_argument("--array", metavar="NAME", help="of the labels in the file")
    parser.add_argument("--spacing", nargs=3, type=common.positive, metavar=("DX", "DY", "DZ"),
                        help="edges of a voxel (default: the file's, or 1)")
    grains = parser.add_argument_group("a list of grains")
    grains.add_argument("--box", nargs=3, type=common.positive, metavar=("LX", "LY", "LZ"),
                        help="edges of the periodic box")
    grains.add_argument("--low", nargs=3, type=common.number, default=(0.0, 0.0, 0.0),
                        metavar=("X", "Y", "Z"), help="its low corner (default 0 0 0)")
    grains.add_argument("--voxels", nargs=3, type=common.whole(1), default=(64, 64, 64),
                        metavar=("NX", "NY", "NZ"), help="default 64 64 64")
    parser.add_argument("--sides", type=int, choices=(1, 2),
                        help="voxel files with a boundary phase of no thickness: a voxel on one or "
                        "on both sides (default 2)")
    solver = parser.add_argument_group("solver")
    solver.add_argument("--scheme", choices=homogenize.effective.SCHEMES, default="rotated")
    solver.add_argument("--tolerance", type=common.positive, default=1e-6, help="relative (default 1e-6)")
    solver.add_argument("--iterations", type=common.whole(1), default=10000)
    solver.add_argument("--threads", type=common.whole(1), default=1)
    solver.add_argument("--resolutions", choices=("finer", "coarser"),
                        help="once more with voxels half or twice as large: the difference is an "
                        "estimate of the error")
    parser.add_argument("-o", "--output", metavar="FILE.json", help="all that is printed, as JSON")
    parser.add_argument("--fields", metavar="FILE.npz", help="gradient and flux (strain and stress) "
                        "of every voxel, and labels")


# ---- the file of phases ---------------------------------------------------------------------------

def read_phases(path):
    """The dict in a JSON or YAML file, its keys checked."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise MLGrainError(f"{path} can't be read: {error}") from error
    try:
        if path.lower().endswith((".yaml", ".yml")):
            try:
                import yaml
            except ImportError:
                raise MLGrainError(f"{path}: YAML needs the package PyYAML; write JSON") from None
            try:
                content = yaml.safe_load(text)
            except yaml.YAMLError as error:
                raise MLGrainError(f"{path}: {error}") from error
        else:
            content = json.loads(text)
    except json.JSONDecodeError as error:
        raise MLGrainError(f"{path}: line {error.lineno}: {error.msg}") from error
    if not isinstance(content, dict):
        raise MLGrainError(f"{path}: not names with values")
    unknown = set(content) - KEYS
    if unknown:
        raise MLGrainError(f"{path}: {', '.join(sorted(unknown))} is none of "
                           f"{', '.join(sorted(KEYS))}")
    if content.get("property") not in SIZES:
        raise MLGrainError(f"{path}: property is none of {', '.join(SIZES)}")
    if not isinstance(content.get("phases", {}), dict):
        raise MLGrainError(f"{path}: phases are not labels with tensors")
    thickness = content.get("thickness", 0.0)
    if isinstance(thickness, bool) or not isinstance(thickness, (int, float)) or not thickness >= 0:
        raise MLGrainError(f"{path}: thickness {thickness!r} is not a length")
    return content


def _tensor(content, path, words, where):
    make = tensors.conductivity_of if content["property"] == "conductivity" else tensors.stiffness_of
    return make(words, f"{path}: {where}")


def tensors_of(content, path, labels, orientations):
    """[labels, n, n]: of phases by label, of the boundary, of others as the crystal, turned."""
    own = {str(label): words for label, words in content.get("phases", {}).items()}
    size = SIZES[content["property"]]
    result = np.empty((len(labels), size, size))
    turned = []
    for i, label in enumerate(labels):
        if label == BOUNDARY and "boundary" in content:
            result[i] = _tensor(content, path, content["boundary"], "boundary")
        elif str(label) in own:
            result[i] = _tensor(content, path, own[str(label)], f"phase {label}")
        elif "crystal" in content:
            turned.append(i)
        else:
            raise MLGrainError(f"{path} has no tensor for label {label}, and no crystal for all "
                               "others")
    if turned:
        crystal = _tensor(content, path, content["crystal"], "crystal")
        missing = [labels[i] for i in turned if labels[i] not in orientations]
        if missing and not _is_isotropic(crystal):
            raise MLGrainError(f"label {missing[0]} has no orientation, so the crystal of {path} "
                               "can't be turned into it")
        rows = [orientations.get(labels[i], (1.0, 0.0, 0.0, 0.0)) for i in turned]
        result[turned] = homogenize.turned(crystal, rows)
    return result


def _is_isotropic(tensor):
    turned = homogenize.turned(tensor, [(0.5, 0.1, -0.7, 0.5)])[0]
    return np.allclose(turned, tensor, rtol=0, atol=1e-12 * np.abs(tensor).max())


# ---- microstructures ------------------------------------------------------------------------------

def read_voxels(path, array=None, spacing=None):
    """The Microstructure of a file, with another spacing if one is given."""
    found = homogenize.read_microstructure(path, array)
    return dataclasses.replace(found, spacing=np.array(spacing)) if spacing else found


def _voxels(args, content):
    """(phases, tensors, spacing, labels of phases or None) of a file of voxels."""
    if args.box:
        raise MLGrainError(f"--box is for lists of grains; {args.microstructure} has voxels")
    thickness = content.get("thickness", 0.0)
    if thickness and "boundary" not in content:
        raise MLGrainError(f"{args.phases}: thickness is that of a boundary, which is missing")
    if thickness and args.sides is not None:
        raise MLGrainError(f"{args.phases}: thickness and --sides both say how thick boundaries "
                           "are")
    found = read_voxels(args.microstructure, args.array, args.spacing)
    if thickness:
        found = found.with_thick_boundary(BOUNDARY, thickness)
    elif "boundary" in content:
        found = found.with_boundary(BOUNDARY, args.sides or 2)
    phases, labels = found.phases()
    labels = [int(label) for label in labels]
    return (phases, tensors_of(content, args.phases, labels, found.orientations), found.spacing,
            labels)


def _grains(args, content, factor=1):
    """The same of a list of grains, on `factor` times as many voxels along each edge."""
    if not args.box:
        raise MLGrainError(f"{args.microstructure}: a list of grains needs the --box they are in")
    if args.spacing or args.array:
        raise MLGrainError("--spacing and --array are for files of voxels")
    has_boundary, thickness = "boundary" in content, content.get("thickness", 0.0)
    if has_boundary != (thickness > 0):
        raise MLGrainError(f"{args.phases}: for lists of grains, boundary and thickness belong "
                           "together")
    grains = homogenize.read_grains(args.microstructure, args.box, args.low)
    size = [max(1, int(n * factor)) for n in args.voxels]
    spacing = grains.edges / size
    if has_boundary and content["property"] == "conductivity":
        labels = list(range(1, len(grains.seeds) + 1))
        orientations = dict(zip(labels, grains.orientations))
        of_grains = tensors_of(content, args.phases, labels, orientations)
        boundary = _tensor(content, args.phases, content["boundary"], "boundary")
        return *grains.with_boundaries(size, of_grains, boundary, thickness, args.threads), spacing, None
    made = grains.microstructure(size, thickness, BOUNDARY, args.threads)
    phases, labels = made.phases()
    labels = [int(label) for label in labels]
    return (phases, tensors_of(content, args.phases, labels, made.orientations), spacing, labels)


# ---- the command ----------------------------------------------------------------------------------

class _Watch:
    """Says on a terminal how far it is."""

    def __init__(self):
        self.is_shown = sys.stderr.isatty()

    def __call__(self, load, iteration, error):
        if self.is_shown and iteration % 10 == 0:
            print(f"\rload {load + 1}, iteration {iteration}, change {error:.1e}   ", end="",
                  file=sys.stderr, flush=True)

    def end(self):
        if self.is_shown:
            print("\r" + " " * 50 + "\r", end="", file=sys.stderr, flush=True)


def _solve(args, content, phases, all_tensors, spacing, fields=False):
    watch = _Watch()
    common_ones = dict(spacing=spacing, tolerance=args.tolerance, iterations=args.iterations,
                       threads=args.threads, fields=fields, watch=watch)
    try:
        if content["property"] == "conductivity":
            return homogenize.conductivity(phases, all_tensors, scheme=args.scheme, **common_ones)
        return homogenize.stiffness(phases, all_tensors, **common_ones)
    finally:
        watch.end()


def _other_resolution(args, content, phases, all_tensors, spacing, is_list):
    factor = 2 if args.resolutions == "finer" else 0.5
    if is_list:  # the same grains and boundaries on other voxels
        phases, all_tensors, spacing, _ = _grains(args, content, factor)
    else:
        phases, spacing = homogenize.resampled(phases, spacing, factor > 1)
    return _solve(args, content, phases, all_tensors, spacing).tensor


def _rows(tensor):
    return "\n".join("  " + "  ".join(f"{value:>14.7g}" for value in row) for row in tensor)


def _bounds(all_tensors, phases, size):
    fractions = np.bincount(phases.ravel(), minlength=len(all_tensors)).astype(float)
    lower, upper = homogenize.mean_bounds(all_tensors, fractions)
    result = {"reuss": lower, "voigt": upper}
    scalars = all_tensors[:, 0, 0]
    if size == 3 and (all_tensors == scalars[:, None, None] * np.eye(3)).all():
        result["hashin_shtrikman"] = homogenize.isotropic_bounds(scalars, fractions)
    return result


def run(args):
    content = read_phases(args.phases)
    for path in (args.output, args.fields):
        if path:
            common.writable(path)
    if content["property"] == "stiffness" and args.scheme == "full":
        raise MLGrainError("--scheme full is for conductivities")
    is_list = not args.microstructure.lower().endswith(VOXEL_ENDINGS)
    phases, all_tensors, spacing, labels = (_grains if is_list else _voxels)(args, content)
    bounds = _bounds(all_tensors, phases, SIZES[content["property"]])
    found = _solve(args, content, phases, all_tensors, spacing, bool(args.fields))
    report = {"property": content["property"], "unit": content.get("unit", ""),
              "voxels": list(phases.shape), "spacing": list(map(float, spacing)),
              "phases": len(all_tensors), "scheme": args.scheme, "tensor": found.tensor.tolist(),
              "iterations": found.iterations.tolist(), "errors": found.errors.tolist(),
              "bytes": int(found.memory),
              "bounds": {key: np.asarray(value).tolist() for key, value in bounds.items()}}
    unit = f" ({report['unit']})" if report["unit"] else ""
    common.say(f"{args.microstructure}: {' x '.join(map(str, phases.shape))} voxels, "
               f"{len(all_tensors)} tensors\neffective {report['property']}{unit}\n"
               f"{_rows(found.tensor)}")
    if len(found.tensor) == 3:
        values = np.linalg.eigvalsh(found.tensor)
        common.say("principal values  " + "  ".join(f"{value:.7g}" for value in values))
    for name, key in (("lower bound (Reuss)", "reuss"), ("upper bound (Voigt)", "voigt")):
        common.say(f"{name}, diagonal  "
                   + "  ".join(f"{value:.7g}" for value in np.diag(bounds[key])))
    if "hashin_shtrikman" in bounds:
        common.say("bounds if isotropic (Hashin, Shtrikman)  %.7g  %.7g" % bounds["hashin_shtrikman"])
    common.say("iterations  " + " ".join(map(str, found.iterations))
               + f"; last changes up to {found.errors.max():.1e}; {found.memory / 1e6:.0f} MB")
    if args.resolutions:
        other = _other_resolution(args, content, phases, all_tensors, spacing, is_list)
        change = (other - found.tensor) / np.linalg.norm(found.tensor)
        report["resolutions"] = {"other": args.resolutions, "tensor": other.tolist(),
                                 "change": float(np.linalg.norm(change))}
        common.say(f"with {args.resolutions} voxels\n{_rows(other)}\n"
                   f"change  {100 * np.linalg.norm(change):.2g} % of the norm")
    if args.fields:
        _write_fields(args.fields, found, phases, labels)
    if args.output:
        _write_json(args.output, report)


def _write_json(path, report):
    partial = f"{path}.part"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    os.replace(partial, path)


def _write_fields(path, found, phases, labels):
    partial = f"{path}.part"
    arrays = {"gradient": found.gradient, "flux": found.flux, "phases": phases}
    if labels is not None:
        arrays["labels"] = np.array(labels)
    with open(partial, "wb") as file:
        np.savez(file, **arrays)
    os.replace(partial, path)
