#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Searches for the structures of all boundaries of a set.

    search.py SET LMP POTENTIALS

in the folder that all goes to; README.md says what it then holds. Each round of a boundary is a LAMMPS run
of its own with some trials of command gb_search. Rounds that are finished are not done again: an interrupted
search goes on where it stopped, and with larger numbers more is added. In the environment: ROUNDS,
FIRST_ROUND, JOBS, LIMIT, LARGEST, ONLY (see run.sh).
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from sets import SETS, Missing

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = range(int(os.environ.get("FIRST_ROUND", "1")), int(os.environ.get("ROUNDS", "1")) + 1)
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
LIMIT = float(os.environ.get("LIMIT", "300"))  # CPU seconds of a round
LARGEST = int(os.environ.get("LARGEST", "1000000"))  # atoms of the smallest cell
ONLY = os.environ.get("ONLY", "").split()  # labels of boundaries
SCALE = float(os.environ.get("TRIALS_SCALE", "1"))  # of the numbers of trials

SECONDS = 1e-3  # of CPU time for each atom and trial of copper, roughly: plans are made with it
LEAST = 4  # trials of each kind, if it asks for any
HOPELESS = 10  # a round that takes so many times its limit is ended
FAILURES = 5  # in a row end the search

# Columns of gb_search's tables.
WHOLE = ["removed", "cell_x", "cell_y", "shear", "atoms", "hits", "trial"]
REAL = ["energy", "fraction", "volume", "stress_xx", "stress_yy", "stress_xy"]


class Stopped(Exception):
    """The search has been interrupted."""


class Lammps:
    """LAMMPS with the plugin, for one metal, and processes that are at work."""

    def __init__(self, program, potentials, metal):
        self.program, self.running, self.lock = program, set(), threading.Lock()
        self.stopped = False
        self.common = {"potential": pathlib.Path(potentials, metal.potential), "style": metal.style,
                       "element": metal.element, "mass": metal.mass}
        if not self.common["potential"].exists():
            raise Missing(f"there is no {self.common['potential']}")

    def run(self, name, variables, folder, seconds=None):
        """The screen's text. seconds: of CPU time after which it is killed."""
        command = [self.program, "-in", str(HERE / name), "-log", "none", "-nocite"]
        for key, value in {**self.common, **variables}.items():
            command += ["-var", key, str(value)]
        if seconds is not None:
            command = ["sh", "-c", 'ulimit -S -t "$0"; exec "$@"', str(int(seconds) + 1), *command]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=folder, start_new_session=True) as process:
            with self.lock:
                self.running.add(process)
                if self.stopped:
                    process.kill()
            try:
                text = process.communicate()[0]
            finally:
                with self.lock:
                    self.running.discard(process)
        if self.stopped:
            raise Stopped
        if process.returncode:
            raise RuntimeError(f"{name}, {variables.get('boundary', '')}: LAMMPS ended with "
                               f"{process.returncode}:\n{text[-800:]}")
        return text

    def stop(self):
        with self.lock:
            self.stopped = True
            for process in self.running:
                process.kill()


def lattice_constant(lammps, metal):
    """Of the potential; measured once for each."""
    path = pathlib.Path(f"crystal-{metal.name}.txt")
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.part")  # another search may be at it
        lammps.run("in.crystal", {"crystal": metal.crystal, "guess": metal.guess, "result": part.resolve()}, ".")
        os.replace(part, path)
    return read_crystal(path)["lattice_constant"]


def read_crystal(path):
    return {name: float(value) for name, value in
            (line.split() for line in pathlib.Path(path).read_text().splitlines())}


def mean_periods(most):
    """Of the cells of random starts, which have up to `most` periods in one row or two: each for the same
    time, but large ones less."""
    cells = [i * j for i in range(1, int(most) + 1) for j in (1, 2) if i * j <= most] or [1]
    weights = [1 / (n * max(1.0, n / 16) ** 2) for n in cells]
    return sum(n * w for n, w in zip(cells, weights)) / sum(weights)


class Round:
    """Some trials of one boundary: what is to be run, and its files."""

    def __init__(self, which, entry, number, a):
        self.set, self.entry, self.number, self.a = which, entry, number, a
        self.path = pathlib.Path(which.name, "rounds", entry.label, f"{number}.json")
        self.structures = self.path.with_suffix(".xyz.gz")
        area = entry.boundary.period_area * a * a
        self.atoms = 2 * entry.thickness(a) * area / (a ** 3 / (4 if which.metal.crystal == "fcc" else 2))
        self.small = bool(which.small) and number % 2 == 0
        larger = mean_periods(4 if self.small else which.area / entry.boundary.period_area)
        per_trial = SECONDS * self.atoms
        self.whole, self.trials = self.plan(per_trial, larger)
        self.cost = per_trial * (self.whole + larger * self.trials)

    def plan(self, per_trial, larger):
        """Numbers of trials; fewer where LIMIT would not do."""
        wanted = [0, SCALE * self.set.small] if self.small else \
            [SCALE * self.set.whole, SCALE * self.set.trials]
        part = min(1.0, LIMIT / (per_trial * (wanted[0] + larger * wanted[1])))
        return [max(min(LEAST, round(n)), round(part * n)) for n in wanted]

    def finished(self):
        """Whether it is there, with no fewer trials than now, or took too long with no less time."""
        if not self.path.exists():
            return False
        known = json.loads(self.path.read_text())
        if known["status"] == "ok":
            return known["whole"] >= self.whole and known["trials"] >= self.trials
        return known["status"] == "too long" and known["limit"] >= LIMIT

    def variables(self):
        cells = "cells 2 2" if self.small else \
            f"area {self.set.area * self.a ** 2:.4f}" if self.set.area else "cells 1 1"
        boundary = "key," + ",".join(map(str, self.entry.boundary.numbers))
        return {"boundary": boundary, "lattice": f"{self.set.metal.crystal} {self.a:.10f}",
                "whole": self.whole, "trials": self.trials, "whole_seed": 2 * self.number - 1,
                "seed": 2 * self.number, "words": f"{self.set.words} {cells}".strip(),
                "thickness": f"{self.entry.thickness(self.a):.3f}", "out": "search"}

    def run(self, lammps):
        """Runs LAMMPS; returns what it found, and stores it."""
        variables = self.variables()
        line = {"boundary": self.entry.label, "round": self.number, "status": "ok", "limit": LIMIT,
                **{name: variables[name] for name in ("whole", "trials", "whole_seed", "seed", "words",
                                                  "thickness")}}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="boundary-database-") as folder:
            try:
                text = lammps.run("in.search", variables, folder, HOPELESS * LIMIT)
            except RuntimeError as error:
                too_long = f"ended with {-signal.SIGXCPU}:" in str(error)
                line.update(status="too long" if too_long else "failed", error=str(error))
            else:
                line.update(read_screen(text))
                line["structures"] = self.collect(folder)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(line) + "\n")
        os.replace(part, self.path)
        return line

    def collect(self, folder):
        """Lines of both tables; their structures are put together in that order."""
        lines, part = [], self.structures.with_suffix(".part")
        with gzip.open(part, "wb", 6) as output:
            for kind in ("whole", "any"):
                table = pathlib.Path(folder, f"search_{kind}.txt")
                if table.exists():
                    lines += [{"kind": kind, **line} for line in read_table(table)]
                    with open(table.with_suffix(".xyz"), "rb") as source:
                        shutil.copyfileobj(source, output)
        os.replace(part, self.structures)
        return lines


def read_table(path):
    """Lines of a table of gb_search."""
    lines = pathlib.Path(path).read_text().splitlines()
    names = lines[1].removeprefix("#").split()
    result = []
    for line in lines[2:]:
        words = dict(zip(names, line.split(), strict=True))
        result.append({**{name: float(words[name]) for name in REAL},
                       **{name: int(words[name]) for name in WHOLE}, "origin": words["origin"]})
    return result


def read_screen(text):
    """CPU seconds, and trials without a result, of all commands gb_search."""
    ends = re.findall(r"Gb_search: \d+ distinct structures, (\d+) trials of this partition given up early, "
                      r"(\d+) without result", text)
    seconds = re.findall(r"CPU time of rank 0 ([\d.]+) seconds", text)
    return {"given_up": sum(int(n) for n, _ in ends), "without_result": sum(int(n) for _, n in ends),
            "seconds": round(sum(map(float, seconds)), 2)}


def lowest(line):
    """The structure of lowest energy of a round."""
    return min(line.get("structures", []), key=lambda s: s["energy"], default=None)


def work(lammps, missing, total):
    """Does rounds, those that cost least first."""
    begin, all_cost, done_cost, failures = time.monotonic(), sum(r.cost for r in missing), 0.0, 0
    with ThreadPoolExecutor(JOBS) as pool:
        try:
            jobs = {pool.submit(each.run, lammps): each for each in missing}
            for count, job in enumerate(as_completed(jobs), total - len(missing) + 1):
                line, each = job.result(), jobs[job]
                done_cost += each.cost
                left = (time.monotonic() - begin) / done_cost * (all_cost - done_cost) / 60
                best = lowest(line)
                found = f"{best['energy']:8.2f} mJ/m^2 {len(line['structures']):4d} structures" if best \
                    else " " * 32
                print(f"  {count:4d}/{total}  {each.entry.label:<16} round {each.number}  {found}  "
                      f"{line['status']:<8} {line.get('seconds', 0):6.1f} s{left:7.1f} min left", flush=True)
                failures = failures + 1 if line["status"] == "failed" else 0
                if failures == FAILURES:
                    raise RuntimeError(line["error"])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            lammps.stop()
            raise


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
    if len(sys.argv) != 4 or sys.argv[1] not in SETS:
        sys.exit(f"{__doc__}\nSETs are {', '.join(SETS)}")
    which = SETS[sys.argv[1]]
    try:
        lammps = Lammps(sys.argv[2], sys.argv[3], which.metal)
        a = lattice_constant(lammps, which.metal)
        planned = [Round(which, entry, number, a) for entry in which.entries()
                   if not ONLY or entry.label in ONLY for number in ROUNDS]
        planned = sorted((r for r in planned if r.atoms <= LARGEST), key=lambda r: (r.number, r.cost))
        missing = [each for each in planned if not each.finished()]
        print(f"{which.name}: {len(planned)} rounds, {len(planned) - len(missing)} of them there already, "
              f"{sum(r.cost for r in missing) / 3600:.2f} CPU-hours to go, roughly; {JOBS} at a time",
              flush=True)
        work(lammps, missing, len(planned))
    except (Missing, RuntimeError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on from here")


if __name__ == "__main__":
    main()
