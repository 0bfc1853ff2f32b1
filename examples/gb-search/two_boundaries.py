#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The energy of the lowest structure that gb_search has found in copper, by other definitions:

    two_boundaries.py ARCHIVE.xyz POTENTIAL [LMP]

In a periodic cell with two boundaries, which has no surfaces and no layers that are held: the
crystals beyond the boundary are mirrored by inversion at an atom. Normal and shears are relaxed,
then the plane as well. And the sum over layers of the slab as it is: energies of atoms less the crystal's.
LMP: LAMMPS, by default build/lmp of this checkout. Files are made beside the archive.
"""

import pathlib
import re
import subprocess
import sys

import numpy as np

ATOM = -3.5402183  # eV in the crystal
MILLIJOULE = 16021.76634  # mJ/m^2 in an eV/Angstrom^2

POTENTIAL = """
mass 1 63.546
pair_style eam/alloy
pair_coeff * * {potential} Cu
neigh_modify every 1 delay 0 check yes
min_modify line quadratic
"""
RELAX = """
variable gamma equal (pe-({atom})*atoms)/(2*lx*ly)*{unit}
label plane
variable n loop 4
label again
fix relax all box/relax {edges} fixedpoint 0 0 0 vmax 0.002
minimize 0 1e-4 500 2000
unfix relax
next n
jump SELF again
minimize 0 1e-6 1000 4000
print "gamma $(v_gamma:%.3f)"
"""
NORMAL, PLANE = "z 0 xz 0 yz 0", "x 0 y 0 z 0 xy 0 xz 0 yz 0"


def first(path):
    """Box of the first structure (edges along x, along y, tilt), positions, layers."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    box = [float(x) for x in re.search(r'Lattice="([^"]+)"', lines[1])[1].split()]
    rows = [line.split() for line in lines[2:2 + int(lines[0])]]
    print(f"{path}: {re.search(r'boundary_energy=([0-9.]+)', lines[1])[1]} mJ/m^2")
    positions = np.array([[float(x) for x in row[1:4]] for row in rows])
    return (box[0], box[4], box[3]), positions, np.array([int(row[5]) for row in rows])


def run(lmp, potential, stem, box, edge, low, positions, commands):
    """Writes positions in a box with this third edge, and returns what the commands log."""
    lines = ["structure", "", f"{len(positions)} atoms", "1 atom types", "",
             f"0 {box[0]} xlo xhi", f"0 {box[1]} ylo yhi", f"{low} {low + edge[2]} zlo zhi",
             f"{box[2]} {edge[0]} {edge[1]} xy xz yz", "", "Atoms # atomic", ""]
    lines += [f"{i + 1} 1 {x} {y} {z}" for i, (x, y, z) in enumerate(positions)]
    stem.with_suffix(".data").write_text("\n".join(lines) + "\n", encoding="utf-8")
    is_periodic = "box/relax" in commands
    text = (f"units metal\natom_style atomic\nboundary p p {'p' if is_periodic else 'f'}\n"
            f"box tilt large\nread_data {stem.name}.data\n" + POTENTIAL.format(potential=potential)
            + commands)
    stem.with_suffix(".in").write_text(text, encoding="utf-8")
    subprocess.run([lmp, "-in", f"{stem.name}.in", "-log", f"{stem.name}.log", "-screen", "none"],
                   check=True, cwd=stem.parent)
    return stem.with_suffix(".log").read_text(encoding="utf-8")


def two_boundaries(lmp, potential, stem, box, positions, layers, away):
    """away: atoms' planes into the held layers at which the crystals are mirrored."""
    ends = []
    for layer, sign in ((2, 1), (1, -1)):
        heights = np.unique(np.round(sign * positions[layers == layer][:, 2], 3))
        ends.append(positions[np.argmin(np.abs(sign * positions[:, 2] - heights[away]))])
    top, bottom = ends
    z = positions[:, 2]
    kept = positions[(z > bottom[2] - 1e-3) & (z < top[2] + 1e-3)]
    inner = positions[(z > bottom[2] + 1e-3) & (z < top[2] - 1e-3)]
    edge = 2 * (top - bottom)
    edge[:2] -= np.array([box[2], box[1]]) * round(edge[1] / box[1])
    edge[0] -= box[0] * round(edge[0] / box[0])
    commands = "".join(RELAX.format(atom=ATOM, unit=MILLIJOULE, edges=edges)
                       .replace("again", f"again{k}").replace("label plane\n", "")
                       for k, edges in enumerate((NORMAL, PLANE)))
    log = run(lmp, potential, stem, box, edge, bottom[2] - 1e-4,
              np.vstack([kept, 2 * top - inner]), commands)
    fixed, relaxed = re.findall(r"^gamma ([0-9.]+)", log, re.MULTILINE)
    print(f"two boundaries, grains of {edge[2] / 2:.1f} Angstrom: {fixed}; the plane relaxed, too: "
          f"{relaxed}")


def layer_sums(lmp, potential, stem, box, positions):
    """To either side by so many Angstrom, in steps of a quarter."""
    low, high = positions[:, 2].min(), positions[:, 2].max()
    run(lmp, potential, stem, box, (0, 0, high - low + 40), low - 20, positions,
        f"compute e all pe/atom\ndump 1 all custom 1 {stem.name}.dump z c_e\n"
        "dump_modify 1 format float %.12g\nrun 0\n")
    z, energy = np.loadtxt(stem.with_suffix(".dump"), skiprows=9).T
    for near, far in ((10, 14), (14, 18)):
        sums = [(energy[np.abs(z) < reach] - ATOM).sum() / box[0] / box[1] * MILLIJOULE
                for reach in np.arange(near, far + 0.1, 0.25)]
        print(f"sum over atoms within {near} to {far} Angstrom: {min(sums):.1f} to {max(sums):.1f}")


def main(archive, potential, lmp=None):
    here = pathlib.Path(__file__).resolve().parent
    lmp = str(pathlib.Path(lmp or here / "../../build/lmp").resolve())
    potential, archive = pathlib.Path(potential).resolve(), pathlib.Path(archive).resolve()
    box, positions, layers = first(archive)
    stem = archive.with_name(archive.name.removesuffix(".xyz").replace("(", "").replace(")", ""))
    for away in (0, 3):
        two_boundaries(lmp, potential, stem.with_name(stem.name + "-two"), box, positions, layers,
                       away)
    layer_sums(lmp, potential, stem.with_name(stem.name + "-layer"), box, positions)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
