# SPDX-License-Identifier: GPL-2.0-or-later
"""table.py write DUMP LINES: a dump of that many atoms in frames of at most a million, with the
columns of a run that computes descriptors and energy densities, in LAMMPS' formats; the lines of all
frames are the same. table.py compare DUMP…: seconds, lines a second and most memory of `mlgrain table`
of each dump, in a process of its own. OTHER=FOLDER, the folder python/ of another version, is timed in
turn with it, and both must write the same numbers. REPEATS (3): the median counts. PACKAGE=FOLDER: this
version from there, not from where it is installed."""
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from mlgrain.tables import Table

FRAME, PIECE = 1_000_000, 100_000
NAMES = ["id", "type", "x", "y", "z", *(f"c_s[{i}]" for i in range(1, 20)), "c_e[1]"]
COMMAND = [sys.executable, "-m", "mlgrain.cli", "table", "--quiet"]


def frame_lines(atoms):
    """Lines of a frame, in pieces."""
    generator = np.random.default_rng(1)
    form = "%d %d " + " ".join(["%g"] * (len(NAMES) - 2)) + "\n"
    for begin in range(0, atoms, PIECE):
        rows = generator.normal(size=(min(PIECE, atoms - begin), len(NAMES)))
        rows[:, 0], rows[:, 1] = np.arange(begin, begin + len(rows)) + 1, 1
        rows[:, 2:5] = generator.uniform(0, 250, (len(rows), 3))
        rows[:, -1] = 0.01 * rows[:, -1] - 0.298
        yield "".join([form % tuple(row) for row in rows.tolist()]).encode()


def write(path, lines):
    frame = min(lines, FRAME)
    pieces = list(frame_lines(frame))
    with open(path + ".part", "wb") as file:
        for step in range(lines // frame):
            file.write((f"ITEM: TIMESTEP\n{1000 * step}\nITEM: NUMBER OF ATOMS\n{frame}\n"
                        "ITEM: BOX BOUNDS pp pp pp\n" + 3 * "0.0000000000000000e+00 2.5e+02\n"
                        + "ITEM: ATOMS " + " ".join(NAMES) + "\n").encode())
            file.writelines(pieces)
    os.replace(path + ".part", path)


def timed(folder, dump, output):
    """(wall seconds, CPU seconds, most memory in GB) of a table made by the package in a folder, or
    by the one that is installed."""
    environment = dict(os.environ, **({"PYTHONPATH": folder} if folder else {}))
    begin = time.perf_counter()
    process = subprocess.Popen([*COMMAND, dump, "-o", output], env=environment,
                               stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"mlgrain table {dump} failed")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def same_numbers(first, second):
    a, b = Table.load(first).values, Table.load(second).values
    return a.shape == b.shape and all(a[k:k + PIECE].tobytes() == b[k:k + PIECE].tobytes()
                                      for k in range(0, len(a), PIECE))


def compare(dumps):
    other = os.environ.get("OTHER")
    folders = {"this version": os.environ.get("PACKAGE")}
    if other:
        folders["other version"] = other
    print("| dump | GB | version | seconds | core-seconds | million lines/core-second | "
          "GB of memory |")
    print("|---|---|---|---|---|---|---|")
    for dump in dumps:
        outputs = {name: name.split()[0] + ".npz" for name in folders}
        times = {name: [] for name in folders}
        for _ in range(int(os.environ.get("REPEATS", "3"))):
            for name, folder in folders.items():
                times[name].append(timed(folder, dump, outputs[name]))
        lines = len(Table.load(outputs["this version"]))
        if other and not same_numbers(*outputs.values()):
            sys.exit(f"{dump}: the versions disagree")
        for name, one in times.items():
            wall, cpu, memory = (statistics.median(column) for column in zip(*one))
            size = os.path.getsize(dump) / 1e9
            print(f"| {dump} | {size:.2f} | {name} | {wall:.1f} | {cpu:.1f} | "
                  f"{lines / cpu / 1e6:.2f} | {memory:.2f} |", flush=True)
        for output in outputs.values():
            os.remove(output)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]))
    else:
        compare(sys.argv[2:])
