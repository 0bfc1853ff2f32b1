#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 4 of the study, second part: nanocrystals, relaxed, and their energy density predicted in
LAMMPS by fix forest/atom.

    nanocrystals.py LMP PLUGIN POTENTIAL [EDGE:GRAINS[:ITERATIONS] ...]

in the folder of the study. Edges in Angstrom, before relaxation. Nanocrystals that are there, relaxed
by as many iterations or more, are kept; predictions are made anew where a model is younger. Writes
nanocrystals/, nanocrystals.csv and pictures. LAMMPS runs on JOBS ranks.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np

from mlgrain import plots
from mlgrain.models.measures import measures
from mlgrain.tables.dumps import read_frame
from study import record, write_csv

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ["Cu_eden_large.safetensors", "Cu_eden.safetensors", "Cu_gb2.safetensors",
          "Cu_gb6.safetensors"]
TO_MILLIJOULE = 16021.766  # per m^2, from eV per Angstrom^2
SLICE = 4.0  # Angstrom, of the pictures
ITERATIONS = 300
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
FOLDER = pathlib.Path("nanocrystals")


def values_of(path):
    return {name: float(value) for name, value in
            (line.split() for line in pathlib.Path(path).read_text().splitlines())}


class Lammps:
    def __init__(self, program, plugin, potential):
        self.start = ["mpirun", "--oversubscribe", "-np", str(JOBS)] if JOBS > 1 else []
        self.program, self.common = program, {"plugin": plugin, "potential": potential}

    def run(self, name, variables, screen):
        command = [*self.start, self.program, "-in", str(HERE / name), "-log", "none", "-nocite"]
        for key, value in {**self.common, **variables}.items():
            command += ["-var", key, str(value)]
        with open(screen, "w") as file:
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            sys.exit(f"LAMMPS failed; {screen} ends with\n{pathlib.Path(screen).read_text()[-800:]}")


class Nanocrystal:
    def __init__(self, text):
        words = text.split(":")
        self.edge, self.grains = float(words[0]), int(words[1])
        self.iterations = int(words[2]) if len(words) > 2 else ITERATIONS
        self.name = str(FOLDER / f"edge{self.edge:g}_grains{self.grains}")

    def is_relaxed(self):
        path = self.name + ".txt"
        return os.path.exists(path) and values_of(path).get("iterations", 0) >= self.iterations

    def make(self, lammps, lattice_constant):
        if not self.is_relaxed():
            print(f"  relaxing {self.name}", flush=True)
            lammps.run("in.nanocrystal", {
                "name": self.name, "edge": self.edge, "grains": self.grains,
                "seed": 100 + self.grains, "iterations": self.iterations,
                "lattice_constant": lattice_constant}, self.name + ".screen")
        newest = max(os.path.getmtime(path) for path in [*MODELS, self.name + ".txt"])
        done = self.name + ".predicted.txt"
        if not os.path.exists(done) or os.path.getmtime(done) < newest:
            print(f"  predicting {self.name}", flush=True)
            lammps.run("in.predict", {"name": self.name, "output": self.name},
                       self.name + ".predicted.screen")

    def area(self):
        """Of all grain boundaries, with the edge the box has now."""
        with open(self.name + ".boundaries") as file:
            text = file.read().splitlines()
        names = next(line for line in text if line.startswith("# boundary")).split()[1:]
        column = names.index("area")
        area = sum(float(line.split()[column]) for line in text if line and line[0] != "#")
        return area * (values_of(self.name + ".txt")["edge"] / self.edge) ** 2

    def analyze(self, crystal):
        """The line of the table, and the atoms."""
        _, atoms = read_frame(self.name + ".dump")
        relaxed, true = values_of(self.name + ".txt"), atoms["energy_density"]
        inside, area = atoms["region"] == 2, self.area()

        def boundary_energy(density):
            excess = np.sum(density * atoms["volume"]) - len(density) * crystal["energy"]
            return excess / area * TO_MILLIJOULE

        line = {"edge_nm": round(relaxed["edge"] / 10, 3), "grains": self.grains, "atoms": len(true),
                "force_rms": relaxed["force_rms"], "boundary_atoms_percent": 100 * inside.mean(),
                "area": area, "mean": true.mean(), "boundary_energy": boundary_energy(true)}
        for model in ("large", "shipped"):
            predicted = atoms[model]
            percent = 100 * np.abs((predicted - true) / true)
            every = measures(true, predicted)
            line.update({
                f"{model}_mean_percent": 100 * (predicted.mean() / true.mean() - 1),
                f"{model}_energy_percent": 100 * (boundary_energy(predicted)
                                                  / line["boundary_energy"] - 1),
                f"{model}_rmse": every["rmse"], f"{model}_r2": every["r2"],
                f"{model}_rmse_boundary": measures(true[inside], predicted[inside])["rmse"],
                f"{model}_within_2_percent": 100 * np.mean(percent < 2),
                f"{model}_within_3_percent": 100 * np.mean(percent < 3),
                f"{model}_percentile_99": np.quantile(percent, 0.99)})
        return {k: v if isinstance(v, int) else float(v) for k, v in line.items()}, atoms

    def draw(self, atoms, title):
        rows = np.abs(atoms["z"] - np.median(atoms["z"])) < 0.5 * SLICE
        error = 100 * (atoms["large"] - atoms["energy_density"]) / atoms["energy_density"]
        plots.atoms(atoms["x"][rows], atoms["y"][rows],
                    [(atoms["energy_density"][rows], "energy density (eV/Å$^3$)", "value"),
                     (atoms["large"][rows], "predicted", "value"),
                     (-error[rows], "error (% of the size)", "error"),
                     (atoms["class"][rows], "class", "class")],
                    f"slice-{pathlib.Path(self.name).name}", one_scale=True, title=title)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    FOLDER.mkdir(exist_ok=True)
    crystal, lammps = values_of("crystal.txt"), Lammps(*sys.argv[1:4])
    lines, truth, predicted = [], [], []
    for nanocrystal in map(Nanocrystal, sys.argv[4:]):
        nanocrystal.make(lammps, crystal["lattice_constant"])
        line, atoms = nanocrystal.analyze(crystal)
        print(f"  {line['edge_nm']:6.2f} nm, {line['grains']:3d} grains: mean "
              f"{line['large_mean_percent']:+.3f} %, boundary energy "
              f"{line['large_energy_percent']:+.2f} %, rmse {line['large_rmse']:.6f}", flush=True)
        nanocrystal.draw(atoms, f"{line['grains']} grains, {line['edge_nm']:.1f} nm: a slice of "
                                f"{SLICE:g} Å")
        some = np.random.default_rng(1).choice(len(atoms["x"]), min(20000, len(atoms["x"])), False)
        truth.append(atoms["energy_density"][some])
        predicted.append(atoms["large"][some])
        lines.append(line)
    if lines:
        write_csv("nanocrystals.csv", lines)
        plots.parity(np.concatenate(truth), np.concatenate(predicted), "energy density (eV/Å$^3$)",
                     "parity-nanocrystals", "Atoms of nanocrystals")
    record(nanocrystals=lines)


if __name__ == "__main__":
    main()
