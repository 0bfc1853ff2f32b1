# SPDX-License-Identifier: GPL-2.0-or-later
"""test_cells.py LMP: forces in cells cut out of a copper nanocrystal at 300 K beside those that the
same atoms have in it, by an embedded-atom potential: `mlgrain cells`, from the dump to the labels.

Prints the root mean square error within some distances of the center, in per cent of that of the
force (the table of doc/cells.md)."""

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from mlgrain.cli import main
from mlgrain.crystals.lammps import Lammps
from mlgrain.crystals.structures import Structure
from mlgrain.potentials import cells, configurations
from mlgrain.tables.frames import read_frames

LMP = sys.argv[1]
EAM = pathlib.Path(os.environ["MLGRAIN_LAMMPS_POTENTIALS"]) / "Cu_mishin1.eam.alloy"
RADII = (2.0, 3.0, 4.0, 5.0)
CENTERS = 30
INPUT = f"""units metal
lattice fcc 3.615
region box block 0 50 0 50 0 50 units box
create_box 1 box
create_polycrystal 1 random 5 3
mass 1 63.546
pair_style eam/alloy
pair_coeff * * {EAM} Cu
minimize 0 1e-3 60 600
velocity all create 600 1 dist gaussian
fix 1 all nve
timestep 0.002
run 150
compute s all centro/atom fcc
dump 1 all custom 1 run.dump id type x y z fx fy fz c_s
dump_modify 1 sort id format float %.12g
run 0
"""


def made(folder):
    (folder / "in").write_text(INPUT)
    subprocess.run([LMP, "-in", "in", "-log", "none", "-screen", "none"], cwd=folder, check=True)
    return next(read_frames([folder / "run.dump"], ("fx", "fy", "fz", "c_s")))


def labeled(cuts, folder):
    """Forces in cells, as seen in the system."""
    truth = Lammps([LMP, "-screen", "none"], "eam/alloy", [f"* * {EAM} Cu"], 1, [])
    turned = []
    for one in cuts:
        q, r = np.linalg.qr(one.cell.T)  # the cell turned into LAMMPS' form
        q, r = q * np.sign(np.diag(r)), r.T * np.sign(np.diag(r))
        turned.append((q, Structure(r, one.positions @ q, np.zeros(len(one), int), "", "")))
    found = truth.label([one for _, one in turned])
    return [label.forces @ q.T for (q, _), label in zip(turned, found)]


def errors(frame, cuts, forces):
    """[radii] in per cent"""
    system = np.stack([frame.columns[name] for name in ("fx", "fy", "fz")], axis=1)
    squares, sizes = np.zeros(len(RADII)), np.zeros(len(RADII))
    for one, force in zip(cuts, forces):
        distance = np.linalg.norm(one.positions - one.cell.sum(axis=0) / 2, axis=1)
        for k, radius in enumerate(RADII):
            near = distance < radius
            squares[k] += ((force - system[one.atoms])[near]**2).sum()
            sizes[k] += (system[one.atoms][near]**2).sum()
    return 100 * np.sqrt(squares / sizes)


def row(name, frame, centers, rules, folder):
    cuts = [cells.cut(*frame.atoms, center, rules) for center in centers]
    found = errors(frame, cuts, labeled(cuts, folder))
    print(f"| {name} | {np.mean([len(c) for c in cuts]):.0f} | "
          + " | ".join(f"{value:.1f}" for value in found)
          + f" | {100 * np.mean([c.seam for c in cuts]):.1f} | "
          f"{np.mean([c.number % 2 for c in cuts]):.2f} |", flush=True)
    return found


def test(folder):
    frame = made(folder)
    centers = cells.centers(*frame.atoms, frame.columns["c_s"], most=CENTERS)
    assert len(centers) == CENTERS
    found = {}
    for edge in (10, 12, 15, 18):
        for boxes in (1, 24):
            rules = cells.Rules(edge=edge, boxes=boxes)
            found[edge, boxes] = row(f"{edge} A, best of {boxes}", frame, centers, rules, folder)
    assert found[15, 24][2] < 4.0, found[15, 24]
    assert (found[15, 24] < found[12, 24] + 0.5).all()
    assert found[10, 24][2] > 10.0  # cells can be too small

    # the command: the same centers, the same cells, weights that training reads
    os.chdir(folder)
    assert main(["cells", "run.dump", "-o", "cells.cfg", "--score", "c_s", "--most", "3"]) == 0
    written = list(configurations.read(["cells.cfg"]))
    for one, center in zip(written, centers):
        cut = cells.cut(*frame.atoms, center)
        assert one.features["center"] == str(frame.ids[center])
        np.testing.assert_allclose(one.positions, cut.positions, atol=1e-9)
        np.testing.assert_allclose(one.force_weights, cut.weights, atol=1e-9)
        assert 0 < (one.force_weights == 1).sum() < 40


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        test(pathlib.Path(name))
