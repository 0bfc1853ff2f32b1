# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs LAMMPS with the inputs of this folder."""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def executable(name):
    """Full path of a program, from a path or a name in PATH."""
    return os.path.abspath(shutil.which(name) or name)


def run_lammps(lmp, script, **variables):
    """One run; exits with LAMMPS' last lines if it fails. Paths among the variables must be whole,
    since LAMMPS runs in this folder, where inputs include each other."""
    command = [lmp, "-in", script, "-log", "none", "-nocite"]
    for key, value in variables.items():
        command += ["-var", key, str(value)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"\n{' '.join(command)}\n" + "".join(done.stdout.splitlines(keepends=True)[-10:]))
