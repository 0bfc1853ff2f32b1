# SPDX-License-Identifier: GPL-2.0-or-later
"""homogenize.py CORE: time and memory of effective properties of 64^3 voxels by the program CORE,
and of 256^3 with two threads if LARGE is set in the environment; one load by muGrid with the same
discretization, trilinear elements with eight Gauss points."""

import os
import subprocess
import sys
import time

import numpy as np
import muGrid
import muGrid.Preconditioners
import muGrid.Solvers

N, GRAINS, REPEATS = 64, 20, 3
CASES = [("conductivity", "rotated", 1e-4, contrast) for contrast in (1e-3, 0.01, 0.1, 10, 100)]
CASES += [("conductivity", "rotated", 1e-8, 1e-3), ("conductivity", "full", 1e-4, 1e-3),
          ("stiffness", "elastic", 1e-4, 0.1), ("stiffness", "elastic", 1e-4, 0.01)]


def of_core(core, tolerance, contrast, kind, phases=None):
    """Medians of seconds and milliseconds per iteration; iterations, MiB, value, seconds passed."""
    command = [core, str(N), str(GRAINS), str(tolerance), str(contrast), str(REPEATS), kind, "1"]
    text = subprocess.run(command + ([phases] if phases else []), check=True, capture_output=True,
                          text=True).stdout
    rows = np.array([[float(word) for word in line.split()] for line in text.splitlines()])
    return np.median(rows[:, 0]), np.median(rows[:, 1]), *rows[0, 2:]


def of_mugrid(phases, contrast, rtol):
    """Mean of the effective conductivities along x, y, z; milliseconds per iteration, iterations."""
    element = muGrid.FEMGradientOperator(3)
    engine = muGrid.FFTEngine([N, N, N], nb_sub_pts={"quad": element.nb_quad_pts}, ghosts=element)
    fields = engine.real_space_collection
    gradient = fields.real_field("gradient", (3,), sub_pt="quad")
    u, b = fields.real_field("u"), fields.real_field("b")
    k = np.where(phases, contrast, 1.0)

    def flux(output):
        gradient.s[...] *= k
        engine.communicate_ghosts(gradient)
        element.transpose(gradient, output)

    def apply(x, output):
        engine.communicate_ghosts(x)
        element.apply(x, gradient)
        flux(output)

    # The symbol of the homogeneous operator from what it makes of one point.
    x, y = (fields.real_field(name) for name in ("point", "answer"))
    x.p[...] = 0
    x.p[0, 0, 0] = 1
    k_used, k = k, np.ones_like(k)
    apply(x, y)
    k = k_used
    symbol = np.fft.rfftn(np.array(y.p).reshape(N, N, N).transpose(2, 1, 0)).real.transpose(2, 1, 0)
    symbol[0, 0, 0] = np.inf
    green = muGrid.Preconditioners.FourierPreconditioner(engine, 1 / symbol)
    values, seconds, iterations = [], 0.0, 0
    for load in range(3):
        gradient.s[...] = 0
        gradient.s[load] = -1
        flux(b)
        u.s[...] = 0
        count = [0]

        def step(iteration, *rest):
            count[0] += 1

        start = time.process_time()
        muGrid.Solvers.conjugate_gradients(muGrid.Communicator(), fields, b, u, hessp=apply,
                                           prec=green.apply, rtol=rtol, maxiter=5000, callback=step)
        seconds += time.process_time() - start
        iterations += count[0]
        engine.communicate_ghosts(u)
        element.apply(u, gradient)
        gradient.s[load] += 1
        values.append((gradient.s[load] * k).mean())
    return np.mean(values), 1e3 * seconds / iterations, iterations


def large(core):
    print("\n| of 256^3 voxels, two threads | tolerance | boundaries | core-seconds, all loads | "
          "seconds passed | iterations | MiB |\n|---|--:|--:|--:|--:|--:|--:|")
    for name, kind, contrast in (("conductivity", "rotated", 0.01), ("conductivity", "rotated", 10),
                                 ("stiffness", "elastic", 0.1)):
        text = subprocess.run([core, "256", "100", "1e-4", str(contrast), "1", kind, "2"],
                              check=True, capture_output=True, text=True).stdout
        seconds, _, iterations, memory, _, passed = (float(word) for word in text.split())
        print(f"| {name} | 0.0001 | {contrast:g} | {seconds:.1f} | {passed:.1f} | {iterations:.0f} | "
              f"{memory:.0f} |", flush=True)


def main(core):
    print("| of 64^3 voxels, one core | tolerance | boundaries | seconds, all loads | ms per iteration "
          "| iterations | MiB |\n|---|--:|--:|--:|--:|--:|--:|")
    for name, kind, tolerance, contrast in CASES:
        seconds, per_iteration, iterations, memory, *_ = of_core(core, tolerance, contrast, kind)
        print(f"| {name}{', full' if kind == 'full' else ''} | {tolerance:g} | {contrast:g} | "
              f"{seconds:.2f} | {per_iteration:.1f} | {iterations:.0f} | {memory:.0f} |", flush=True)
    path = "homogenize_phases.bin"
    ours = of_core(core, 1e-12, 0.01, "full", path)
    phases = np.fromfile(path, np.int32).reshape(N, N, N).transpose(2, 1, 0)
    theirs = of_mugrid(phases, 0.01, 1e-7)
    print(f"\nmuGrid {muGrid.__version__}, trilinear, boundaries 0.01: {theirs[1]:.1f} ms per iteration, "
          f"here (full) {ours[1]:.1f}; values {theirs[0]:.12f} and {ours[4]:.12f}, "
          f"apart by {abs(theirs[0] / ours[4] - 1):.1e}")
    if os.environ.get("LARGE"):
        large(core)


main(sys.argv[1])
