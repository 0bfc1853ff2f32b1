# SPDX-License-Identifier: GPL-2.0-or-later
"""table.py write DUMP LINES: a dump of LINES atoms in frames of at most a million, with the columns
of a run that computes descriptors and energy density, in LAMMPS' formats. The words of all frames are
the same. table.py compare DUMP: seconds, lines/s and most memory of `mlgrain table` of that dump and
its compressed forms (where they exist), and of other readers that are installed, each in a process of
its own. OTHER=FOLDER (the folder python/ of another version) is timed beside it."""
import os
import statistics
import subprocess
import sys
import time

import numpy as np

FRAME, PIECE = 1_000_000, 100_000
NAMES = ["id", "type", "x", "y", "z", *(f"c_s[{i}]" for i in range(1, 20)), "c_e[1]"]
REPEATS = int(os.environ.get("REPEATS", "3"))


def frame_words(atoms):
    """Lines of a frame, as bytes, in pieces."""
    generator = np.random.default_rng(1)
    form = "%d %d " + " ".join(["%g"] * (len(NAMES) - 2)) + "\n"
    for begin in range(0, atoms, PIECE):
        rows = generator.normal(size=(min(PIECE, atoms - begin), len(NAMES)))
        rows[:, 0], rows[:, 1] = np.arange(begin, begin + len(rows)) + 1, 1
        rows[:, 2:5] = generator.uniform(0, 250, (len(rows), 3))
        rows[:, -1] = rows[:, -1] * 0.01 - 0.298
        yield "".join([form % tuple(row) for row in rows.tolist()]).encode()


def write(path, lines):
    frame = min(lines, FRAME)
    pieces = list(frame_words(frame))
    with open(path + ".part", "wb") as file:
        for step in range(lines // frame):
            file.write((f"ITEM: TIMESTEP\n{1000 * step}\nITEM: NUMBER OF ATOMS\n{frame}\n"
                        "ITEM: BOX BOUNDS pp pp pp\n" + 3 * "0.0000000000000000e+00 2.5e+02\n"
                        + "ITEM: ATOMS " + " ".join(NAMES) + "\n").encode())
            file.writelines(pieces)
    os.replace(path + ".part", path)


def package(folder, dump):
    """`mlgrain table` of an installed package, or of the one in a folder."""
    environment = dict(os.environ, **({"PYTHONPATH": folder} if folder else {}))
    return [sys.executable, "-m", "mlgrain.cli", "table", dump, "-o", "out.npz", "--quiet"], environment


def reader(program, dump):
    """Another reader, of the first frame's lines only; it makes no table."""
    atoms = min(FRAME, lines_of(dump))
    code = f"import itertools; path, atoms = {dump!r}, {atoms}\n{program}"
    return [sys.executable, "-c", code], dict(os.environ)


READERS = {
    "pyarrow.csv, first frame": ("pyarrow", """
import pyarrow.csv as csv
f = open(path, "rb")
[f.readline() for _ in range(9)]
rest = f.read()
end = rest.find(b"ITEM")
import pyarrow
t = csv.read_csv(pyarrow.py_buffer(rest[:end] if end > 0 else rest),
                 csv.ReadOptions(use_threads=False, autogenerate_column_names=True),
                 csv.ParseOptions(delimiter=" "))
assert t.num_rows == atoms
"""),
    "polars, first frame": ("polars", """
import polars
t = polars.read_csv(path, separator=" ", has_header=False, skip_rows=9, n_rows=atoms, n_threads=1)
assert t.shape[0] == atoms
"""),
    "numpy.loadtxt, first frame": ("numpy", """
import numpy
t = numpy.loadtxt(path, skiprows=9, max_rows=atoms)
assert len(t) == atoms
""")}


def lines_of(dump):
    return int(os.environ["LINES_OF_DUMP"])


def timed(command, environment):
    """(wall seconds, CPU seconds, peak memory in bytes) of a command."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command[:6])} failed")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    if sys.argv[1] == "write":
        return write(sys.argv[2], int(sys.argv[3]))
    dump = sys.argv[2]


if __name__ == "__main__":
    main()
