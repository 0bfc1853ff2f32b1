# SPDX-License-Identifier: GPL-2.0-or-later
"""One LAMMPS process that is given commands and asked for numbers, for many cells one after the
other.

Commands go to its standard input; numbers come back through a pipe with a name, since what LAMMPS
writes to its standard output may wait in a buffer. Cells are read with read_dump, which leaves the
pair style as it is, so that a potential is read once.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time

import numpy as np

from ..crystals.lammps import dump_text, read_dump
from ..crystals.structures import Structure
from ..errors import MLGrainError
from .corrected import Corrected

GPA = 1e-4  # of a bar
EV_PER_CUBE = 160.21766  # GPa of an eV/Angstrom^3
FORCE = 1e-3  # eV/Angstrom, where relaxations end
PATIENCE = 2.0  # seconds that LAMMPS has to end by itself
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux' prctl
SYSTEM = ctypes.CDLL(None)


class Failure(MLGrainError):
    """A property that can't be had: LAMMPS stopped, or a number isn't finite."""


class Session:
    """command     of LAMMPS, words
    pair_style   what follows this word in an input
    pair_coeffs  the same, a list
    setup        commands before these
    mass         of the atoms, g/mol
    timeout      seconds without an answer after which LAMMPS is taken to hang
    corrections  Corrections of the potential, or None: with them, energies and stresses are
                 Corrected
    """

    def __init__(self, command, pair_style, pair_coeffs, setup, mass, timeout=3600.0,
                 corrections=None):
        self.command, self.timeout, self.corrections = command, timeout, corrections
        self.setup = "\n".join(setup)
        self.interactions = "\n".join([f"pair_style {pair_style}",
                                       *(f"pair_coeff {one}" for one in pair_coeffs),
                                       f"mass * {mass:.10g}"])
        self.header = "\n".join([
            "units metal", "atom_modify map yes sort 0 0.0", "box tilt large", self.setup,
            "region whole prism 0 10 0 10 0 10 0 0 0", "create_box 1 whole", self.interactions,
            "neighbor 1.0 bin", "neigh_modify every 1 delay 0 check yes",
            "thermo_style custom step temp pe pxx pyy pzz pxy pxz pyz lx ly lz vol",
            "thermo 100000000", "min_style cg", "min_modify line quadratic",
            # that of ML-GRAIN takes half the evaluations
            "variable minimizer string cg",
            'if "$(is_available(command,gb_search))" then "variable minimizer string lbfgs"', ""
        ])
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Starts LAMMPS, if it doesn't run."""
        if self.process and self.process.poll() is None:
            return
        self.close()
        self.folder = tempfile.mkdtemp(prefix="mlgrain-validate-")
        self.pipe_name = os.path.join(self.folder, "answers")
        os.mkfifo(self.pipe_name)
        # Read and write, so that the pipe doesn't end whenever LAMMPS closes it.
        self.pipe = os.open(self.pipe_name, os.O_RDWR | os.O_NONBLOCK)
        self.answers = b""
        words = [*self.command, "-log", "none", "-nocite", "-echo", "none"]
        try:
            with open(os.path.join(self.folder, "output"), "wb") as output:
                self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=output,
                                                stderr=subprocess.STDOUT, preexec_fn=end_together)
        except OSError as error:
            raise MLGrainError(f"{self.command[0]} can't be run: {error.strerror}") from error
        self.do(self.header)

    def close(self):
        if not self.process:
            return
        with contextlib.suppress(OSError):  # what it doesn't read any more
            self.process.stdin.close()  # LAMMPS ends with its input
        for end in (self.process.terminate, self.process.kill, None):
            try:
                self.process.wait(PATIENCE if end else None)
                break
            except subprocess.TimeoutExpired:
                end()
        self.process = None
        os.close(self.pipe)
        shutil.rmtree(self.folder, ignore_errors=True)

    def seconds(self):
        """CPU time that this process and all of LAMMPS have taken so far; time as it passes where
        the system doesn't say."""
        running = cpu_time(os.getpid())
        if running is None:
            return time.monotonic()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return running + ended.ru_utime + ended.ru_stime

    def do(self, commands):
        """Gives commands to LAMMPS, and does not wait for them."""
        self.start()
        try:
            self.process.stdin.write((commands.rstrip("\n") + "\n").encode())
            self.process.stdin.flush()
        except OSError:
            self._stopped()

    def ask(self, *expressions):
        """Waits, and returns what these are (thermo keywords, v_name, c_name ...), one number or a
        list."""
        self.start()
        words = " ".join(f"$({one}:%.15g)" for one in expressions) or "done"
        self.do(f'print "{words}" append {self.pipe_name} screen no')
        line = self._line()
        try:
            values = [float(word) for word in line.split()] if expressions else []
        except ValueError:
            raise Failure(f"LAMMPS answers {line!r}") from None
        for name, value in zip(expressions, values):
            if not math.isfinite(value):
                raise Failure(f"{name} is {value}")
        return values[0] if len(values) == 1 else values

    def _line(self):
        end = time.monotonic() + self.timeout
        while b"\n" not in self.answers:
            if select.select([self.pipe], [], [], 0.1)[0]:
                self.answers += os.read(self.pipe, 1 << 16)
            elif self.process.poll() is not None:
                self._stopped()
            elif time.monotonic() > end:
                self.close()
                raise Failure(f"LAMMPS did not answer for {self.timeout:g} s")
        line, _, self.answers = self.answers.partition(b"\n")
        return line.decode()

    def _stopped(self):
        """Raises what LAMMPS said when it stopped."""
        status = self.process.wait()
        with open(os.path.join(self.folder, "output"), errors="replace") as file:
            text = file.read()
        self.close()
        raise Failure(_error(text) or f"{self.command[0]} stopped with status {status}")

    def alone(self, before, commands):
        """Runs a LAMMPS of its own, in metal units: `before`, the pair style, `commands`;
        "FOLDER" in these is one for files. Returns the texts of all files in it by name. For what
        needs another box than the periodic one."""
        with tempfile.TemporaryDirectory(prefix="mlgrain-validate-") as folder:
            path = os.path.join(folder, "in.alone")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(
                    ["units metal", self.setup, before, self.interactions, commands,
                     ""]).replace("FOLDER", folder))
            words = [*self.command, "-in", path, "-log", "none", "-nocite", "-echo", "none"]
            try:
                done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace",
                                      timeout=self.timeout, check=False,
                                      preexec_fn=end_together)
            except subprocess.TimeoutExpired:
                raise Failure(f"LAMMPS did not end within {self.timeout:g} s") from None
            if done.returncode:
                raise Failure(_error(done.stdout)
                              or f"{self.command[0]} stopped with status {done.returncode}")
            texts = {}
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    texts[name] = file.read()
            return texts

    def put(self, cell, positions):
        """In the place of all atoms: these, in a periodic box. cell [3, 3]: rows are the edges,
        triangular."""
        self.start()
        cell, positions = np.asarray(cell, dtype=float), np.asarray(positions, dtype=float)
        path = os.path.join(self.folder, f"cell{time.monotonic_ns()}.dump")
        with open(path, "w", encoding="ascii") as file:
            file.write(
                dump_text(0, Structure(cell, positions, np.zeros(len(positions), int), "", "")))
        self.do(f"read_dump {path} 0 x y z box yes replace no purge yes add yes format native\n"
                f"velocity all set 0 0 0\nreset_timestep 0\nshell rm {path}")

    def energy(self):
        """Of what is there, eV."""
        self.do("run 0 post no")
        energy = self.ask("pe")
        if not self.corrections:
            return energy
        return Corrected(energy, self.corrections.energy(*self.get()))

    def relax(self, box=None, force=FORCE, steps=5000, dmax=0.1):
        """Minimizes the energy, with box/relax where `box` says of what ("iso", "y" ...), at zero
        pressure; returns the energy. dmax: Angstrom, of min_modify, without `box`."""
        if box is None:
            self.do(f"min_style ${{minimizer}}\nmin_modify line quadratic dmax {dmax:g}\n"
                    f"minimize 0 {force:g} {steps} {10 * steps}\n"
                    "min_style cg\nmin_modify line quadratic")
        else:
            # Twice: box/relax refers to the cell it begins with.
            for _ in range(2):
                self.do(f"fix box all box/relax {box} 0.0 vmax 0.002\n"
                        f"minimize 0 {force:g} {steps} {10 * steps}\nunfix box")
        return self.energy()

    def stress(self):
        """Pressures xx yy zz yz xz xy of the last evaluation with the sign turned, GPa."""
        found = -GPA * np.array(self.ask("pxx", "pyy", "pzz", "pyz", "pxz", "pxy"))
        if not self.corrections:
            return found
        cell, positions = self.get()
        changes = -self.corrections.virial(cell, positions)[[0, 1, 2, 5, 4, 3]]
        return np.array([Corrected(*one) for one in zip(
            found, EV_PER_CUBE * changes / np.linalg.det(cell))], dtype=object)

    def evaluate(self, cell, many):
        """Energies and forces [cells, atoms, 3] of several sets of positions in one cell."""
        self.start()
        count = len(many[0])
        path, out, energies = (os.path.join(self.folder, f"{name}{time.monotonic_ns()}")
                               for name in ("band", "forces", "energies"))
        with open(path, "w", encoding="ascii") as file:
            for k, positions in enumerate(many):
                file.write(dump_text(k, Structure(cell, positions, np.zeros(count, int), "", "")))
        self.do(
            f"dump forces all custom 1 {out} id type x y z fx fy fz\n"
            "dump_modify forces sort id first yes format float %.15g\n"
            f'fix energies all print 1 "$(step) $(pe:%.15g)" append {energies} screen no\n'
            f"thermo 1\nrerun {path} dump x y z box yes replace no purge yes add yes "
            "format native\n"
            "undump forces\nunfix energies\nthermo 100000000")
        self.ask()
        found = [values[:, 5:8] for _, _, values in read_dump(out)]
        with open(energies, encoding="ascii") as file:
            pe = {
                int(words[0]): float(words[1])
                for words in map(str.split, file) if words[0] != "#"
            }
        for name in (path, out, energies):
            os.remove(name)
        if len(found) != len(many) or any(len(one) != count for one in found):
            raise Failure("atoms were lost")
        result = np.array([pe[k] for k in range(len(many))]), np.array(found)
        if not all(np.isfinite(one).all() for one in result):
            raise Failure("energies or forces are not finite")
        return result

    def get(self, *columns):
        """(cell, values [atoms, 3 + columns]): positions and what else a dump can have, by ID."""
        self.start()
        path = os.path.join(self.folder, f"out{time.monotonic_ns()}.dump")
        self.do(f"write_dump all custom {path} id type x y z {' '.join(columns)} "
                "modify sort id format float %.15g")
        self.ask()
        (_, cell, values), = read_dump(path)
        os.remove(path)
        if not np.isfinite(values).all():
            raise Failure("positions or forces are not finite")
        return cell, values[:, 2:]


def end_together():
    """In a process that was just begun: Linux ends it when this one is killed, which otherwise
    would leave it running to the end of the commands that it has been given."""
    with contextlib.suppress(AttributeError):  # another system
        SYSTEM.prctl(DEATH_SIGNAL, signal.SIGTERM)


def cpu_time(process):
    """Seconds of CPU time of a process, by number, its threads and its children; None where the
    system doesn't say."""
    total, waiting = 0, [process]
    try:
        while waiting:
            folder = f"/proc/{waiting.pop()}/task"
            for thread in os.listdir(folder):
                with open(f"{folder}/{thread}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
                with open(f"{folder}/{thread}/children", encoding="ascii") as file:
                    waiting += file.read().split()
    except (OSError, ValueError, IndexError):
        return None
    return 1e-9 * total


def _error(text):
    """What LAMMPS says in its output when it stops; the last line if it says nothing."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ([line for line in lines if line.startswith("ERROR")] or lines or [""])[-1]
