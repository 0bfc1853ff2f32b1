# SPDX-License-Identifier: GPL-2.0-or-later
"""frame.py MODEL REPEATS COMMAND…: core-seconds to read frame.dump and to compute descriptors and
classes of its atoms, of LAMMPS (COMMAND runs bench/in.frame) and of the Python package. LAMMPS' are
differences of whole processes that do more and more, the package's those within a process; medians.
The classes of both must be the same."""
import os
import subprocess
import sys
import time

import numpy as np

import mlgrain
from mlgrain.tables.dumps import read_frame

STEPS = ("start", "read", "compute")


def lammps(command, step):
    """CPU seconds of a LAMMPS process."""
    process = subprocess.Popen([*command, "-var", "step", step])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"LAMMPS failed, step {step}")
    return usage.ru_utime + usage.ru_stime


def package(mixture):
    """(seconds to read, seconds to compute, classes by atom ID)."""
    times = [time.process_time()]
    box, atoms = read_frame("frame.dump")
    times.append(time.process_time())
    positions = np.column_stack([atoms[name] for name in "xyz"]) - box[:, 0]
    features = mlgrain.sfd((positions, box[:, 1] - box[:, 0], True), 0.909, 5.904)
    classes = mixture.predict(features)[0] + 1
    times.append(time.process_time())
    return times[1] - times[0], times[2] - times[1], classes[np.argsort(atoms["id"])]


def main():
    model, repeats, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    mixture, rows = mlgrain.load_model(model), []
    for _ in range(repeats):
        start, read, compute = (lammps(command, step) for step in STEPS)
        *own, classes = package(mixture)
        rows.append((read - start, compute - read, *own))
    lammps(command, "write")
    expected = read_frame("classes.dump")[1]["c_gb[1]"]
    if not np.array_equal(classes, expected):
        sys.exit(f"{np.count_nonzero(classes != expected)} classes differ")
    theirs, ours = np.median(rows, axis=0).reshape(2, 2)
    print("| | reading a frame | descriptors and classes | together |\n|---|---|---|---|")
    for name, (read, compute) in ("LAMMPS", theirs), ("mlgrain", ours):
        print(f"| {name} | {read:.2f} | {compute:.2f} | {read + compute:.2f} |")
    print(f"\n({len(classes)} atoms, core-seconds, medians of {repeats}; all classes are equal.)")


if __name__ == "__main__":
    main()
