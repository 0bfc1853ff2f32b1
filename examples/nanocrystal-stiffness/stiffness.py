#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How stiff a nanocrystal is, as a continuum of grains and boundaries, beside its atoms.

    stiffness.py crystal STRAINED CRYSTAL      C11 C12 C44 of a perfect crystal, from stresses
    stiffness.py fit CRYSTAL FOLDER FITTED     thickness, K and G of the boundaries of FOLDER
    stiffness.py learn CRYSTAL MODEL           a model, of polycrystals of this crystal drawn at random
    stiffness.py compare CRYSTAL FITTED MODEL FOLDER ...   tables and a picture

A folder has what in.anneal, in.strain and in.predict write; CRYSTAL and FITTED are JSON.
"""

import argparse
import dataclasses
import json
import pathlib

import numpy as np

from mlgrain import graphs, homogenize
from mlgrain.compiled import core
from mlgrain.grains import History, voxels_of_dump
from mlgrain.graphs.baselines import errors_of
from mlgrain.graphs.microstructures import Drawn
from mlgrain.graphs.model import PolycrystalModel, Rows
from mlgrain.homogenize.tensors import stiffness_of

BOUNDARY = 0  # label of voxels of atoms with no crystal about them
VOXEL = 1.5  # Angstrom, about
TOLERANCE = 1e-5


def atoms_stiffness(path):
    """(stiffness [6, 6] in GPa, part of it that isn't symmetric, largest part of a stress that doesn't
    change its sign with the strain) of a table that in.strain wrote."""
    table = np.loadtxt(path, ndmin=2)
    start = table[table[:, 0] == 0, 2:8][0]
    columns, even = [], 0.0
    for load in range(1, 7):
        forth, back = table[table[:, 0] == load][:2]
        columns.append((forth[2:8] - back[2:8]) / (forth[1] - back[1]))
        rest = forth[2:8] + back[2:8] - 2 * start
        even = max(even, np.linalg.norm(rest) / np.linalg.norm(forth[2:8] - back[2:8]))
    tensor = np.array(columns).T
    odd = np.linalg.norm(tensor - tensor.T) / np.linalg.norm(tensor)
    return 0.5 * (tensor + tensor.T), odd, even


def moduli(stiffness):
    """K and G: of the means over all rotations, after Voigt and Reuss, the mean, as Hill has it."""
    def voigt(c):
        bulk = c[:3, :3].sum() / 9
        return np.array([bulk, (np.trace(c[:3, :3]) - 3 * bulk) / 10 + np.trace(c[3:, 3:]) / 5])

    def reuss(s):
        sums, trace = s[:3, :3].sum(), np.trace(s[:3, :3])
        return np.array([1 / sums, 15 / (6 * trace - 2 * sums + 3 * np.trace(s[3:, 3:]))])

    return 0.5 * (voigt(stiffness) + reuss(np.linalg.inv(stiffness)))


def constants(tensor):
    """C11 C12 C44 of a cubic crystal whose axes are those of the box."""
    return {"C11": tensor[range(3), range(3)].mean(),
            "C12": tensor[[0, 0, 1], [1, 2, 2]].mean(),
            "C44": tensor[range(3, 6), range(3, 6)].mean()}


# ---- a frame -------------------------------------------------------------------------------------

class Frame:
    """A step of a folder, the last by default, on voxels and as a graph.

    thickness  of the boundaries: volume of the voxels of atoms with no crystal about them, over the
               area of boundaries
    """

    def __init__(self, folder, step=None):
        folder = pathlib.Path(folder)
        tables = [str(folder / f"{name}.txt") for name in ("grains", "boundaries")]
        self.history = History.read(*tables)
        self.step = int(self.history.steps[-1] if step is None else step)
        self.graph = self.history.graph(self.step)
        self.dump = str(folder / "atoms.dump")
        self.edges = self._voxels((1, 1, 1)).spacing
        self.size = np.maximum(8, np.rint(self.edges / VOXEL)).astype(int)
        self.grains = self._voxels(self.size)
        self.atoms = self._voxels(self.size, "c_g_orientation[7]")
        self.fraction = float(np.mean(self.atoms.labels == BOUNDARY))
        self.area = self.graph.edges["area"].sum()
        self.thickness = self.fraction * self.edges.prod() / self.area

    def _voxels(self, size, inner=None):
        return voxels_of_dump(self.dump, "f_g[1]", size, self.history, self.step, inner)

    def layered(self, thickness):
        """Grains with a layer of boundary as thick everywhere: the voxels nearest to boundaries, of as
        much volume as their area times the thickness."""
        count = int(round(thickness * self.area / self.grains.spacing.prod()))
        away = self.grains.boundary_distances(2 * thickness).ravel()
        chosen = np.argsort(away, kind="stable")[:count]
        labels = self.grains.labels.copy()
        labels.ravel()[chosen] = BOUNDARY
        return dataclasses.replace(self.grains, labels=labels)

    def solved(self, crystal, boundary=None, thickness=None):
        """The stiffness of grains with boundaries of this stiffness and thickness (None: where atoms
        have no crystal about them); without a boundary, of grains up to each other."""
        voxels = self.grains
        if boundary is not None:
            voxels = self.atoms if thickness is None else self.layered(thickness)
        phases, labels = voxels.phases()
        turns = [voxels.orientations.get(int(label), (1, 0, 0, 0)) for label in labels]
        tensors = homogenize.turned(stiffness_of(crystal, "crystal"), turns)
        if boundary is not None:
            tensors[labels == BOUNDARY] = stiffness_of(boundary, "boundary")
        return homogenize.stiffness(phases, tensors, spacing=voxels.spacing,
                                    tolerance=TOLERANCE).tensor

    def turned_crystals(self, crystal):
        """[grains, 6, 6]"""
        return homogenize.turned(stiffness_of(crystal, "crystal"),
                                 self.graph.node_values(("qw", "qx", "qy", "qz")))

    def estimates(self, crystal):
        """Of the grains by volume, without boundaries: by name."""
        tensors, volumes = self.turned_crystals(crystal), self.graph.nodes["volume"]
        reuss, voigt = homogenize.mean_bounds(tensors, volumes)
        return {"Voigt": voigt, "Reuss": reuss,
                "self-consistent": graphs.polycrystal.self_consistent(tensors, volumes)}

    def polycrystal(self, crystal, boundary, thickness):
        faces = graphs.of_run(self.graph, self.edges)
        tensor = stiffness_of(boundary, "boundary")
        return graphs.Polycrystal(faces, self.turned_crystals(crystal),
                                  np.broadcast_to(tensor, (len(faces.areas), 6, 6)), thickness)


def difference(one, two):
    """Norm of the difference of tensors over that of the second."""
    return np.linalg.norm(one - two) / np.linalg.norm(two)


# ---- constants of boundaries ---------------------------------------------------------------------

def fit(folder, crystal):
    """What boundaries are in the frame at the end: their thickness, and K and G with which the frame is
    as stiff as its atoms, by least squares over all components."""
    from scipy.optimize import least_squares

    frame, target = Frame(folder), atoms_stiffness(pathlib.Path(folder) / "strained.txt")[0]

    def rest(logarithms):
        bulk, shear = np.exp(logarithms)
        return (frame.solved(crystal, {"K": bulk, "G": shear}, frame.thickness) - target).ravel()

    found = least_squares(rest, np.log([100.0, 25.0]), diff_step=0.02, xtol=1e-3)
    bulk, shear = np.exp(found.x)
    return {"K": float(bulk), "G": float(shear), "thickness": float(frame.thickness)}


# ---- the model -----------------------------------------------------------------------------------

def draw(crystal, number, largest):
    """A polycrystal of 6 to 20 grains, its boundaries with 0.3 to 1.1 times the bulk modulus of the
    crystal and 0.1 to 1.1 times the shear modulus. Boundaries are two voxels thick; the box has edges
    of 16 to `largest`."""
    random = np.random.default_rng([number, 15])
    count, edge = int(random.integers(6, 21)), int(random.integers(16, largest + 1))
    seeds = edge * random.random((count, 3))
    quaternions = random.standard_normal((count, 4))
    grains = homogenize.GrainList(
        seeds, quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True), np.zeros(count),
        np.zeros(3), np.full(3, float(edge)))
    stiff = stiffness_of(crystal, "crystal")
    bulk, shear = moduli(stiff) * random.uniform([0.3, 0.1], 1.1)
    return Drawn(grains, homogenize.turned(stiff, grains.orientations),
                 graphs.of_grains(grains).distinct(), None,
                 stiffness_of({"K": bulk, "G": shear}, "boundary"), {})


def learn(crystal, count, largest, path):
    """A model of the stiffness of drawn polycrystals, on voxels, into a model file."""
    features, tensors = [], []
    for number in range(count):
        drawn = draw(crystal, number, largest)
        phases, of_phases, fraction = drawn.voxels(number)
        tensors.append(homogenize.stiffness(phases, of_phases, tolerance=TOLERANCE).tensor)
        features.append(core().graph_features(drawn.polycrystal(fraction).arrays()))
    rows = Rows(*(np.array(column) for column in zip(*features)), np.array(tensors))
    kept = np.arange(count) < 0.8 * count
    tested, errors = PolycrystalModel.fit(rows.some(kept)).predict(rows.some(~kept))
    PolycrystalModel.fit(rows).save(path)
    return errors_of(rows.tensors[~kept], tested, errors)


# ---- tables --------------------------------------------------------------------------------------

def compared(folder, crystal, fitted, model):
    """What the frame at the end is, and its stiffness by the atoms and by each continuum: dict."""
    folder = pathlib.Path(folder)
    boundary, thickness = {name: fitted[name] for name in "KG"}, fitted["thickness"]
    frame = Frame(folder)
    truth, odd, even = atoms_stiffness(folder / "strained.txt")
    prediction = graphs.Predictor(model).predict(frame.polycrystal(crystal, boundary, thickness))
    energies, areas = frame.graph.edge_values(("energy", "area")).T
    return {
        "folder": folder.name, "atoms": int(frame.graph.nodes["atoms"].sum()),
        "grains": len(frame.graph.nodes["grain"]),
        "diameter": float(np.cbrt(6 / np.pi * frame.graph.nodes["volume"]).mean()),
        "fraction": 100 * frame.fraction, "thickness": frame.thickness,
        "energy": energies @ areas / areas.sum(), "odd": 100 * odd, "even": 100 * even,
        "error": 100 * prediction.error, "outside": prediction.is_outside,
        "tensors": {"atoms": truth, **frame.estimates(crystal),
                    "grains_alone": frame.solved(crystal),
                    "with_boundaries": frame.solved(crystal, boundary, thickness),
                    "boundaries_of_atoms": frame.solved(crystal, boundary),
                    "model": prediction.tensor}}


def say_frames(rows):
    print("folder atoms grains diameter(A) boundary(%) thickness(A) energy(J/m^2) odd(%) even(%)")
    for row in rows:
        print(f"{row['folder']} {row['atoms']} {row['grains']} {row['diameter']:.1f} "
              f"{row['fraction']:.1f} {row['thickness']:.2f} {row['energy']:.3f} {row['odd']:.2f} "
              f"{row['even']:.2f}")


def say_stiffness(rows):
    """Moduli, and what they and the tensor differ by from the atoms', in %."""
    print("folder way K(GPa) G(GPa) K(%) G(%) tensor(%)")
    for row in rows:
        truth = row["tensors"]["atoms"]
        for name, tensor in row["tensors"].items():
            bulk, shear = moduli(tensor)
            parts = 100 * (moduli(tensor) / moduli(truth) - 1)
            print(f"{row['folder']} {name} {bulk:.2f} {shear:.2f} {parts[0]:.2f} {parts[1]:.2f} "
                  f"{100 * difference(tensor, truth):.2f}")


def say_predictions(folder, crystal, fitted):
    """What fix grains predicted for each frame (predicted.txt of in.predict), beside the solver."""
    folder = pathlib.Path(folder)
    boundary = {name: fitted[name] for name in "KG"}
    with open(folder / "predicted.txt") as file:
        names = file.readline().split()[1:]
    table = dict(zip(names, np.loadtxt(folder / "predicted.txt", ndmin=2).T))
    upper = [(i, j) for i in range(6) for j in range(i, 6)]
    print("folder step C11 C11_solver C44 C44_solver difference(%) expected(%) outside")
    for row, step in enumerate(table["step"]):
        tensor = np.zeros((6, 6))
        for i, j in upper:
            tensor[i, j] = tensor[j, i] = table[f"C{i + 1}{j + 1}"][row]
        solver = Frame(folder, step).solved(crystal, boundary, fitted["thickness"])
        print(f"{folder.name} {step:.0f} {tensor[0, 0]:.2f} {solver[0, 0]:.2f} {tensor[3, 3]:.2f} "
              f"{solver[3, 3]:.2f} {100 * difference(tensor, solver):.2f} "
              f"{100 * table['error'][row]:.2f} {table['outside'][row]:.0f}")


# ---- the picture ---------------------------------------------------------------------------------

def draw_tables(rows):
    """stiffness.png: all components by each way over those of the atoms, a panel for each folder."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(rows), figsize=(4 * len(rows), 3.8), squeeze=False,
                                  constrained_layout=True)
    upper = np.triu_indices(6)
    for panel, row in zip(panels[0], rows):
        truth = row["tensors"]["atoms"][upper]
        panel.plot([truth.min(), truth.max()], [truth.min(), truth.max()], color="0.7")
        for way, color, marker in (("grains_alone", "tab:blue", "D"),
                                   ("with_boundaries", "tab:red", "x"),
                                   ("model", "tab:orange", "+")):
            panel.plot(truth, row["tensors"][way][upper], marker, color=color,
                       fillstyle="none", label=way.replace("_", " "))
        panel.set_title(f"box of {row['folder']} Å")
        panel.set_xlabel("components by the atoms (GPa)")
    panels[0, 0].set_ylabel("by the continuum (GPa)")
    panels[0, 0].legend(fontsize=8)
    figure.savefig("stiffness.png", dpi=150)
    plt.close(figure)


# ---- the command ---------------------------------------------------------------------------------

def read_json(path):
    with open(path) as file:
        return json.load(file)


def write_json(path, content):
    with open(path, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    tasks = parser.add_subparsers(dest="task", required=True)
    one = tasks.add_parser("crystal")
    one.add_argument("strained")
    one.add_argument("output")
    one = tasks.add_parser("fit")
    one.add_argument("crystal")
    one.add_argument("folder")
    one.add_argument("output")
    one = tasks.add_parser("learn")
    one.add_argument("crystal")
    one.add_argument("output")
    one.add_argument("--count", type=int, default=100)
    one.add_argument("--largest", type=int, default=40, help="edge of boxes, in voxels")
    one = tasks.add_parser("compare")
    for name in ("crystal", "fitted", "model"):
        one.add_argument(name)
    one.add_argument("folders", nargs="+")
    args = parser.parse_args()
    if args.task == "crystal":
        write_json(args.output, constants(atoms_stiffness(args.strained)[0]))
        return
    crystal = read_json(args.crystal)
    if args.task == "fit":
        write_json(args.output, fit(args.folder, crystal))
    elif args.task == "learn":
        errors = learn(crystal, args.count, args.largest, args.output)
        print(f"{args.count} polycrystals; of a model of four fifths of them, on the rest: error "
              f"{100 * errors.mean:.2f} % mean, {100 * errors.median:.2f} median, "
              f"{100 * errors.most:.2f} 95 %, over expected {errors.ratio:.2f}")
    else:
        fitted = read_json(args.fitted)
        rows = [compared(folder, crystal, fitted, args.model) for folder in args.folders]
        say_frames(rows)
        print()
        say_stiffness(rows)
        for folder in args.folders:
            if (pathlib.Path(folder) / "predicted.txt").exists():
                print()
                say_predictions(folder, crystal, fitted)
        draw_tables(rows)


if __name__ == "__main__":
    main()
