# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `mlgrain`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from ._version import VERSION
from .errors import MLGrainError

TEXT = """\
From LAMMPS dumps to models of atoms and grain boundaries, for fix forest/atom, computes gmm/atom and
linear/atom.
`mlgrain COMMAND --help` explains each command, with an example."""
EXAMPLE = """\
example:
  mlgrain table gb*.dump -o gb.npz --sfd 0.909 5.904 --unit-style metal
  mlgrain sample gb.npz -o train.npz --random 180000 --high 20000
  mlgrain forest train.npz -o Cu_eden.safetensors --units eV/A^3 --test 0.2
  mlgrain plot importance Cu_eden.safetensors -o importance"""


# Each command and the module of commands/ that has it, in the order of the help.
_HOME = {
    "table": "data",
    "sample": "data",
    "join": "data",
    "soap": "soap",
    "ler": "ler",
    "forest": "forests",
    "cross-validate": "forests",
    "curve": "forests",
    "import": "forests",
    "mixture": "mixtures",
    "choose": "mixtures",
    "boundaries": "mixtures",
    "linear": "linear",
    "predict": "models",
    "info": "models",
    "plot": "plot",
    "bicrystal": "bicrystals",
    "mtp": "mtp",
    "homogenize": "homogenize",
    "graph": "graph",
    "grains": "grains",
    "cells": "cells",
    "segregation": "segregation",
    "validate": "validate",
}


def make_parser(command=None):
    """The parser of all commands, or of those in one's module: the others' take a second to import."""
    parser = argparse.ArgumentParser(prog="mlgrain", description=TEXT, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"mlgrain {VERSION}")
    subparsers = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    modules = [_HOME[command]] if command in _HOME else dict.fromkeys(_HOME.values())
    for module in modules:
        importlib.import_module(f".commands.{module}", __package__).add(subparsers)
    return parser


def main(arguments=None):
    """Runs a command; returns the exit status. Problems are told in a sentence.

    MLGRAIN_DEBUG=1 in the environment shows where in the program they arose.
    """
    try:
        words = _current(sys.argv[1:] if arguments is None else arguments)
        parser = make_parser(words[0] if words else None)
        args = parser.parse_args(words, argparse.Namespace(words=words))
        args.run(args)
        return 0
    except KeyboardInterrupt:
        print("mlgrain: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if os.environ.get("MLGRAIN_DEBUG"):
            raise
        print(f"mlgrain: {_sentence(error)}", file=sys.stderr)
        return 1


def _current(arguments):
    """`validate TABLE ...` was the name of cross-validate before potentials were validated."""
    arguments = list(arguments)
    if arguments[:1] == ["validate"] and len(arguments) > 1 and not arguments[1].startswith("-"):
        return ["cross-validate", *arguments[1:]]
    return arguments


def _sentence(error):
    if isinstance(error, MLGrainError):
        return str(error)
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory"
    if isinstance(error, ImportError):
        return f"a Python package is missing: {error}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error} (MLGRAIN_DEBUG=1 shows where)"


if __name__ == "__main__":
    sys.exit(main())
