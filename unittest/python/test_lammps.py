# SPDX-License-Identifier: GPL-2.0-or-later
"""test_lammps.py LMP: descriptors, Voronoi cells, potentials and environments of the Python package
beside those of the LAMMPS styles, for the same atoms, to 1e-12 of the largest number of a kind:
cells that are triclinic, thinner than the cutoff, periodic along some edges or none, one species
and two. Exit status 77 (skipped) without the compiled core."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import mlgrain
from mlgrain import compiled
from mlgrain.environments import EnvironmentBuilder, load_environments

try:
    compiled.core()
except mlgrain.MLGrainError as missing:
    print("skipped:", missing)
    sys.exit(77)

LMP = sys.argv.pop(1)
SOURCE = pathlib.Path(os.environ["MLGRAIN_SOURCE_DIR"])
COPPER = SOURCE / "potentials/Cu_eam_16.almtp"
ALLOY = SOURCE / "unittest/force-styles/CuNi.mtp"
SIGMA, RCUT, VORONOI_CUTOFF = 0.909, 5.904, 8.5
BAR_OF_EV_PER_A3 = 1.6021765e6  # LAMMPS' nktv2p
INPUT = """units metal
boundary {boundary}
box tilt large
read_data {data}
pair_style mtp
pair_coeff * * {potential}
comm_modify cutoff 10.5
neigh_modify one 20000 page 200000
compute s all sfd/atom {sigma} {rcut}
compute e all eden/atom cutoff {cutoff}
compute v all pressure NULL virial
{grade}
dump 1 all custom 1 {dump} id fx fy fz c_s[*] c_e[*] {column}
dump_modify 1 sort id format float %.17g
thermo_style custom pe c_v[1] c_v[2] c_v[3] c_v[4] c_v[5] c_v[6]
thermo_modify format float %.17g
run 0
"""

# Nickel with a hole, most of it displaced at random; half of the atoms are looked at.
ENVIRONMENTS = """units metal
lattice fcc 3.52
region box block 0 4 0 4 0 5
create_box 1 box
create_atoms 1 box
mass 1 58.7
region hole sphere 2 2 2.5 0.8
delete_atoms region hole compress yes
region upper block INF INF INF INF 2 INF
group upper region upper
displace_atoms upper random 0.25 0.25 0.25 712
region half block INF INF INF INF 1 3.9
group half region half
pair_style zero 6.5
pair_coeff * *
fix l half ler/build 1 0.08 {folder}/library.safetensors {basis} seed fcc 3.52
run 0
unfix l
compute e half ler/atom {folder}/library.safetensors within 0.7
compute n half ler/count {folder}/library.safetensors within 0.7
variable half atom gmask(half)
dump 1 all custom 1 {folder}/dump id x y z c_e[*] v_half
dump_modify 1 sort id format float %.17g
thermo_style custom c_n[1] c_n[2]
thermo_modify format float %.17g
run 0
"""

# name: edges of the cell (lower triangle), number of atoms, periodic edges
CELLS = {
    "triclinic": ([[11.0, 0, 0], [2.5, 10.5, 0], [-3.1, 1.7, 12.0]], 110, "ppp"),
    "thin": ([[2.7, 0, 0], [1.3, 2.6, 0], [0.4, -0.9, 9.0]], 5, "ppp"),
    "one atom": ([[2.5, 0, 0], [1.2, 2.2, 0], [1.3, 0.7, 2.1]], 1, "ppp"),
    "film": ([[9.0, 0, 0], [0, 10.0, 0], [0, 0, 30.0]], 60, "ppf"),
    "leaning film": ([[9.0, 0, 0], [1.0, 10.0, 0], [0, 0, 12.0]], 80, "ppf"),
    "wire": ([[12.0, 0, 0], [0, 13.0, 0], [0, 0, 4.0]], 40, "ffp"),
    "cluster": ([[12.0, 0, 0], [0, 13.0, 0], [0, 0, 14.0]], 70, "fff"),
}


def scatter(cell, count, random):
    """Points of a cell that keep away from each other, also across its faces."""
    cell, points = np.array(cell), []
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
    least, tries = 2.0, 0
    while len(points) < count:
        new = random.uniform(0.02, 0.98, 3)
        away = [np.linalg.norm((new - old + shifts) @ cell, axis=1).min() for old in points]
        if min(away, default=least) >= least:
            points.append(new)
        tries += 1
        if tries % 300 == 0:
            least *= 0.95
    return np.array(points) @ cell


class LAMMPS(unittest.TestCase):
    def run_lammps(self, folder, cell, positions, types, boundary, potential):
        """(energy, virial [3, 3], columns of atoms in the order of `positions`)"""
        data, dump = folder / "data", folder / "dump"
        tilt = "" if np.allclose(cell, np.diag(np.diag(cell))) else \
            f"{cell[1][0]!r} {cell[2][0]!r} {cell[2][1]!r} xy xz yz\n"
        data.write_text("test\n\n" + f"{len(positions)} atoms\n{max(types) + 1} atom types\n"
                        + "".join(f"0 {float(cell[d][d])!r} {n}lo {n}hi\n"
                                  for d, n in enumerate("xyz"))
                        + tilt + "\nMasses\n\n"
                        + "".join(f"{t + 1} 60\n" for t in range(max(types) + 1))
                        + "\nAtoms # atomic\n\n" + "".join(
                            f"{i + 1} {t + 1} " + " ".join(map(repr, map(float, x))) + "\n"
                            for i, (x, t) in enumerate(zip(positions, types))))
        graded = str(potential).endswith(".almtp")
        text = INPUT.format(boundary=" ".join(boundary), data=data, potential=potential, dump=dump,
                            sigma=SIGMA, rcut=RCUT, cutoff=VORONOI_CUTOFF,
                            grade="compute g all mtp/grade/atom" if graded else "",
                            column="c_g" if graded else "")
        (folder / "in").write_text(text)
        done = subprocess.run([LMP, "-in", folder / "in", "-log", folder / "log", "-nocite"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        lines = (folder / "log").read_text().splitlines()
        numbers = next(lines[k + 1] for k, line in enumerate(lines) if "PotEng" in line).split()
        energy, *pressure = map(float, numbers)
        xx, yy, zz, xy, xz, yz = np.array(pressure) * np.prod(np.diag(cell)) / BAR_OF_EV_PER_A3
        return energy, np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]), \
            np.loadtxt(dump, skiprows=9, ndmin=2)[:, 1:]

    def assert_near(self, what, own, theirs, tolerance=1e-12):
        difference = np.abs(np.asarray(own) - theirs).max()
        scale = max(np.abs(theirs).max(), 1e-2)  # forces that cancel are rounding alone
        self.assertLessEqual(difference, tolerance * scale, what)

    def compare(self, cell, positions, types, boundary, potential, threads):
        with tempfile.TemporaryDirectory() as folder:
            energy, virial, columns = self.run_lammps(pathlib.Path(folder), cell, positions, types,
                                                      boundary, potential)
        # as users may have them: some positions outside the cell, where it is periodic
        pbc = [letter == "p" for letter in boundary]
        turns = np.where(pbc, np.random.default_rng(2).integers(-2, 3, positions.shape), 0)
        atoms = (positions + turns @ np.array(cell), cell, pbc)
        species = np.array(types)

        found = mlgrain.MTP(potential).evaluate(atoms, species, threads=threads)
        sites = columns[:, 23]  # eden/atom: energy of the atom
        self.assert_near("energy", found.energy, energy)
        self.assert_near("site energies", found.energies, sites)
        self.assert_near("forces", found.forces, columns[:, :3])
        self.assert_near("virial", found.virial, virial)
        if found.grades is not None:
            # products with an inverse of large condition: rounding of positions counts for more
            self.assert_near("grades", found.grades, columns[:, 27], 1e-11)
        self.assert_near("sfd", mlgrain.sfd(atoms, SIGMA, RCUT, threads=threads), columns[:, 3:22])
        cells = mlgrain.voronoi(atoms, VORONOI_CUTOFF, threads=threads)
        self.assert_near("volumes", cells.volumes, columns[:, 24])
        np.testing.assert_array_equal(cells.faces, columns[:, 25])
        np.testing.assert_array_equal(cells.bounds, columns[:, 26])

    def test_cells(self):
        for number, (name, (cell, count, boundary)) in enumerate(CELLS.items()):
            positions = scatter(cell, count, np.random.default_rng(number))
            random_types = np.random.default_rng(number).integers(0, 2, count).tolist()
            for potential, types in ((COPPER, [0] * count), (ALLOY, random_types)):
                with self.subTest(name, potential=potential.name):
                    self.compare(cell, positions, types, boundary, potential, 1 + number % 2)

    def test_environments(self):
        """Libraries of fix ler/build and of the package, and classes by either in either."""
        for name, basis, text in (("quippy", {"nmax": 4, "lmax": 4, "rcut": 3.6}, "3.6 4 4"),
                                  ("gto", {"nmax": 3, "lmax": 3, "rcut": 3.0}, "3.0 3 3")):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                self.compare_environments(pathlib.Path(folder), name, basis, text)

    def compare_environments(self, folder, basis, parameters, text):
        (folder / "in").write_text(ENVIRONMENTS.format(folder=folder, basis=f"{basis} {text} 0.5"))
        done = subprocess.run([LMP, "-in", folder / "in", "-log", folder / "log", "-nocite"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        rows = np.loadtxt(folder / "dump", skiprows=9)
        chosen = rows[:, 8] > 0
        atoms = (rows[:, 1:4], np.diag([14.08, 14.08, 17.6]), True)

        theirs = load_environments(folder / "library.safetensors")
        builder = EnvironmentBuilder(0.08, ("fcc", 3.52), basis, **parameters, sigma=0.5)
        self.assertEqual(theirs.parameters, builder.library().parameters)
        builder.add(atoms, ids=rows[:, 0], step=0, centers=chosen, threads=2)
        own = builder.library()
        self.assertGreater(len(own), 5)
        self.assertEqual(own.seed, theirs.seed)
        np.testing.assert_array_equal(own.sources, theirs.sources)
        np.testing.assert_array_equal(own.atoms, theirs.atoms)
        self.assert_small(own.vectors - theirs.vectors, theirs)
        self.assert_small(own.radius - theirs.radius, theirs)
        self.assertAlmostEqual(own.epsilon / theirs.epsilon, 1, delta=1e-12)

        for library in (own, theirs):
            match = library.classify(atoms, centers=chosen, within=0.7)
            np.testing.assert_array_equal(match.classes, rows[chosen, 4])
            self.assertGreater((match.classes == 0).sum(), 0)
            self.assert_small(np.stack(match[1:], axis=1) - rows[chosen, 5:8], theirs)
            log = (folder / "log").read_text().splitlines()
            counts = next(log[k + 1].split() for k, line in enumerate(log)
                          if line.split() == ["c_n[1]", "c_n[2]"])
            found = library.fractions(match)[:2]
            np.testing.assert_allclose(found, np.array(counts, float), rtol=0, atol=1e-12)

    def assert_small(self, difference, library):
        length = np.linalg.norm(library.vectors[0])
        self.assertLessEqual(np.abs(difference).max(), 1e-12 * length)


if __name__ == "__main__":
    unittest.main()
