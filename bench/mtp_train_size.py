# SPDX-License-Identifier: GPL-2.0-or-later
"""mtp_train_size.py LMP EAM FOLDER [--part P]: configurations of iron in the numbers of Ito et al.
(2024), for mtp_train_size.sh: 17,460 small crystals of 3 to 13 atoms (strained and rattled
supercells of several lattices, and atoms at random) and 2490 body-centered cubic cells of 54, with
thermal displacements, some of them with a vacancy. They are labeled by an embedded-atom potential
in one run of LAMMPS. FOLDER gets train.cfg; with P, so large a part of it all.
"""

import argparse
import pathlib
import subprocess

import numpy as np

from mlgrain.potentials.configurations import Configuration, cfg_text

SMALL, LARGE = 17460, 2490
VOLUME, A, CLOSEST = 11.8, 2.855, 1.75  # Angstrom^3 per atom; lattice constant of bcc; Angstrom
BAR = 1602176.634  # of an eV/Angstrom^3
HCP = np.sqrt(8 / 3)
LATTICES = {  # edges, positions along them
    "sc": (np.eye(3), [[0, 0, 0]]),
    "bcc": (np.eye(3), [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "fcc": (np.eye(3), [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    "hcp": (np.array([[1, 0, 0], [-0.5, 0.75**0.5, 0], [0, 0, HCP]]),
            [[0, 0, 0], [1 / 3, 2 / 3, 0.5]]),
    "A15": (np.eye(3), [[0, 0, 0], [0.5, 0.5, 0.5], [0.25, 0, 0.5], [0.75, 0, 0.5], [0.5, 0.25, 0],
                        [0.5, 0.75, 0], [0, 0.5, 0.25], [0, 0.5, 0.75]]),
    "tetragonal": (np.diag([1, 1, 1.4]), [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "hexagonal": (np.array([[1, 0, 0], [-0.5, 0.75**0.5, 0], [0, 0, 0.9]]), [[0, 0, 0]])}


def reduced(cell):
    """Shorter edges of the same lattice."""
    cell = cell.copy()
    changed = True
    while changed:
        changed = False
        for i in range(3):
            for j in range(3):
                times = np.round(cell[i] @ cell[j] / (cell[j] @ cell[j])) if i != j else 0
                if times and np.linalg.norm(cell[i] - times * cell[j]) < 0.999 * np.linalg.norm(
                        cell[i]):
                    cell[i] -= times * cell[j]
                    changed = True
    return cell


def supercell(cell, basis, random):
    """A supercell of 3 to 13 atoms, any of that size: (edges, positions)."""
    while True:
        a, b, c = random.integers(1, 7, 3)
        count = a * b * c
        if 3 <= count * len(basis) <= 13:
            break
    integers = np.array([[a, random.integers(b), random.integers(c)], [0, b, random.integers(c)],
                         [0, 0, c]]).T  # rows: old edges in units of which new ones are made
    edges = integers.T @ cell
    shifts = np.array(list(np.ndindex(7 * 7, 7, 7)), dtype=float)
    inverse = np.linalg.inv(edges)
    points = (shifts[:, None] + np.asarray(basis)[None]).reshape(-1, 3) @ cell @ inverse
    points = np.round(points - np.floor(points + 1e-9), 6) % 1
    points = np.unique(points, axis=0)
    assert len(points) == count * len(basis)
    return edges, points @ edges


def shortest(cell, positions):
    shifts = np.array(list(np.ndindex(5, 5, 5))) - 2
    difference = positions[:, None] - positions[None]
    r = np.linalg.norm(difference[:, :, None] + (shifts @ cell)[None, None], axis=3)
    return r[r > 1e-9].min()


def small_crystal(random):
    """(kind, cell, positions)"""
    while True:
        kind = str(random.choice([*LATTICES, "random"]))
        if kind == "random":
            count = int(random.integers(3, 14))
            cell = np.eye(3) + random.uniform(-0.3, 0.3, (3, 3))
            positions = random.random((count, 3)) @ cell
        else:
            cell, positions = supercell(*LATTICES[kind], random)
        count = len(positions)
        size = random.uniform(0.9, 1.12) * (VOLUME * count / abs(np.linalg.det(cell)))**(1 / 3)
        strain = np.eye(3) + random.choice([0.02, 0.1, 0.25]) * random.uniform(-1, 1, (3, 3))
        change = size * strain
        cell, positions = cell @ change, positions @ change
        positions = positions + random.choice([0.02, 0.1, 0.3]) * random.normal(size=(count, 3))
        if np.linalg.det(cell) < 0:
            cell[2] *= -1
        cell = reduced(cell)
        positions = (positions @ np.linalg.inv(cell) % 1) @ cell
        volume = abs(np.linalg.det(cell)) / count
        if 0.75 * VOLUME < volume < 1.6 * VOLUME and shortest(cell, positions) > CLOSEST:
            return kind, cell, positions


def large_cell(random):
    cell = 3 * A * (np.eye(3) * random.uniform(0.975, 1.035) +
                    random.choice([0.0, 0.02]) * random.uniform(-1, 1, (3, 3)))
    grid = np.array(list(np.ndindex(3, 3, 3)), dtype=float)
    positions = np.concatenate([grid, grid + 0.5]) / 3 @ cell
    kind = "bcc, vacancy" if random.random() < 0.3 else "bcc, warm"
    if kind != "bcc, warm":
        positions = positions[1:]
    return kind, cell, positions + random.uniform(0.03, 0.25) * random.normal(size=positions.shape)


def standing(cell, positions):
    """The same, turned so that LAMMPS can have the cell."""
    _, lower = np.linalg.qr(cell.T)
    lower = lower.T * np.sign(np.diag(lower))
    positions = positions @ np.linalg.inv(cell) @ lower
    return lower, positions


def script(eam, structures, folder):
    """For LAMMPS: all structures in one box, one after the other."""
    yield f"""units metal
atom_style atomic
atom_modify map yes
box tilt large
region r prism 0 5 0 5 0 5 0.1 0.1 0.1
create_box 1 r
mass 1 55.845
pair_style eam/fs
pair_coeff * * {eam} Fe
thermo_modify norm no
thermo_style custom step pe pxx pyy pzz pxy pxz pyz
shell rm -f {folder}/labels {folder}/forces
log none
"""
    for cell, positions in structures:
        yield "delete_atoms group all compress yes\n"
        yield ("change_box all " + " ".join(
            f"{name} final {'0 ' if len(name) == 1 else ''}{cell[i][j]:.12g}" for name, i, j in
            (("xy", 1, 0), ("xz", 2, 0), ("yz", 2, 1), ("x", 0, 0), ("y", 1, 1), ("z", 2, 2)))
               + "\n")
        yield "".join(f"create_atoms 1 single {x:.12g} {y:.12g} {z:.12g} "
                      "remap yes\n" for x, y, z in positions)
        yield (f"run 0 post no\nprint '$(count(all)) $(pe:%.14g) $(pxx:%.12g) $(pyy:%.12g) "
               f"$(pzz:%.12g) $(pxy:%.12g) $(pxz:%.12g) $(pyz:%.12g)' append {folder}/labels "
               f"screen no\nwrite_dump all custom {folder}/forces id x y z fx fy fz modify sort id "
               "append yes format float %.14g\n")


def label(lmp, eam, structures, folder):
    """Configurations with labels."""
    source = folder / "in.label"
    source.write_text("".join(script(eam, [one[1:] for one in structures], folder)))
    subprocess.run([lmp, "-in", source, "-screen", "none", "-log", "none"], check=True)
    labels = np.loadtxt(folder / "labels")
    with open(folder / "forces", encoding="utf-8") as file:
        for (kind, cell, positions), row in zip(structures, labels):
            assert int(row[0]) == len(positions), "LAMMPS lost atoms"
            for _ in range(9):
                next(file)
            atoms = np.array([next(file).split() for _ in positions], dtype=float)
            volume = abs(np.linalg.det(cell))
            yield Configuration(atoms[:, 1:4], np.zeros(len(atoms), dtype=np.int32), cell,
                                (True,) * 3, row[1], atoms[:, 4:], row[2:] * volume / BAR,
                                features={"kind": kind})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lmp")
    parser.add_argument("eam")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--part", type=float, default=1.0)
    args = parser.parse_args()
    random = np.random.default_rng(1)
    structures = [small_crystal(random) for _ in range(round(args.part * SMALL))]
    structures += [large_cell(random) for _ in range(round(args.part * LARGE))]
    structures = [(kind, *standing(cell, positions)) for kind, cell, positions in structures]
    args.folder.mkdir(parents=True, exist_ok=True)
    order = random.permutation(len(structures))
    structures = [structures[k] for k in order]
    with open(args.folder / "train.cfg", "w", encoding="utf-8") as file:
        atoms = 0
        for one in label(args.lmp, args.eam, structures, args.folder):
            file.write(cfg_text(one) + "\n")
            atoms += len(one)
    print(f"{len(structures)} configurations, {atoms} atoms")


if __name__ == "__main__":
    main()
