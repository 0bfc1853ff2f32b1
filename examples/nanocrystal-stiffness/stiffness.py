#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How stiff a nanocrystal is, as a continuum of grains and boundaries, beside its atoms.

    stiffness.py crystal strained.txt          C11 C12 C44 of a perfect crystal, from stresses
    stiffness.py fit FOLDER CRYSTAL -o FILE    the boundaries' K and G with which grains and boundaries are as
                                               stiff as the atoms of FOLDER
    stiffness.py learn CRYSTAL -o MODEL        a model, of polycrystals of this crystal drawn at random
    stiffness.py compare CRYSTAL FITTED FOLDER ...   tables and pictures

A folder has what in.anneal, in.strain and in.predict write. CRYSTAL and FITTED are files that this wrote.
"""

import argparse
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

BOUNDARY = 0  # label of voxels of atoms that are not inside a grain
VOXEL = 1.5  # Angstrom, about
TOLERANCE = 1e-5


def atoms_stiffness(path):
    """(stiffness [6, 6] in GPa, part of it that isn't symmetric, part of a stress that doesn't change its
    sign with the strain) of a table that in.strain wrote."""
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
    """K and G of a polycrystal of such crystals: the means of Voigt's and Reuss', as Hill has them."""
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


# ---- a frame -----------------------------------------------------------------------------------------

class Frame:
    """A step of a folder on voxels, and its graph. fraction: part of the voxels that are boundary;
    thickness: that part of the volume over the area of boundaries."""

    def __init__(self, folder, step=None):
        folder = pathlib.Path(folder)
        self.history = History.read(*(str(folder / f"{name}.txt") for name in ("grains", "boundaries")))
        self.step = int(self.history.steps[-1] if step is None else step)
        self.graph = self.history.graph(self.step)
        self.dump = str(folder / "atoms.dump")
        whole = voxels_of_dump(self.dump, "f_g[1]", (1, 1, 1), self.history, self.step)
        self.edges = whole.spacing
        self.size = np.maximum(8, np.rint(self.edges / VOXEL)).astype(int)
        self.inner = self.voxels("f_g[3]")
        self.fraction = float(np.mean(self.inner.labels == BOUNDARY))
        self.area = self.graph.edges["area"].sum()
        self.thickness = self.fraction * self.edges.prod() / self.area

    def voxels(self, inner=None):
        return voxels_of_dump(self.dump, "f_g[1]", self.size, self.history, self.step, inner)

    def solved(self, crystal, boundary=None):
        """The stiffness of grains with boundaries of a stiffness; None: grains up to each other."""
        found = self.inner if boundary is not None else self.voxels()
        phases, labels = found.phases()
        tensors = np.empty((len(labels), 6, 6))
        for k, label in enumerate(labels):
            if label == BOUNDARY:
                tensors[k] = stiffness_of(crystal if boundary is None else boundary, "boundary")
                if boundary is None:  # atoms in no grain: as a crystal that isn't turned
                    continue
            else:
                tensors[k] = homogenize.turned(stiffness_of(crystal, "crystal"),
                                               [found.orientations[int(label)]])[0]
        return homogenize.stiffness(phases, tensors, spacing=found.spacing, tolerance=TOLERANCE).tensor

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

    def polycrystal(self, crystal, boundary):
        faces = graphs.of_run(self.graph, self.edges)
        tensor = stiffness_of(boundary, "boundary")
        return graphs.Polycrystal(faces, self.turned_crystals(crystal),
                                  np.broadcast_to(tensor, (len(faces.areas), 6, 6)), self.thickness)


def difference(one, two):
    """Norm of the difference of tensors over that of the second."""
    return np.linalg.norm(one - two) / np.linalg.norm(two)


# ---- constants of boundaries ---------------------------------------------------------------------------

def fit(folder, crystal):
    """K and G of the boundaries with which the frame at the end is as stiff as its atoms: least squares
    over all components."""
    from scipy.optimize import least_squares

    frame, target = Frame(folder), atoms_stiffness(pathlib.Path(folder) / "strained.txt")[0]

    def rest(logarithms):
        bulk, shear = np.exp(logarithms)
        return (frame.solved(crystal, {"K": bulk, "G": shear}) - target).ravel()

    found = least_squares(rest, np.log([100.0, 25.0]), diff_step=0.02, xtol=1e-3)
    bulk, shear = np.exp(found.x)
    return {"K": float(bulk), "G": float(shear)}


# ---- the model -----------------------------------------------------------------------------------------

def draw(crystal, number):
    """A polycrystal of 8 to 20 grains, its boundaries with 0.3 to 1.1 times the bulk modulus of the crystal and
    0.1 to 1.1 times the shear modulus. Boundaries are two voxels thick; the box has edges of 14 to 28."""
    random = np.random.default_rng([number, 15])
    count, edge = int(random.integers(8, 21)), int(random.integers(14, 29))
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


def learn(crystal, count, path):
    """A model of the stiffness of drawn polycrystals, on voxels, into a model file."""
    features, tensors = [], []
    for number in range(count):
        drawn = draw(crystal, number)
        phases, of_phases, fraction = drawn.voxels(number)
        tensors.append(homogenize.stiffness(phases, of_phases, tolerance=TOLERANCE).tensor)
        features.append(core().graph_features(drawn.polycrystal(fraction).arrays()))
    rows = Rows(*(np.array(column) for column in zip(*features)), np.array(tensors))
    kept = np.arange(count) < 0.8 * count
    tested, errors = PolycrystalModel.fit(rows.some(kept)).predict(rows.some(~kept))
    PolycrystalModel.fit(rows).save(path)
    return errors_of(rows.tensors[~kept], tested, errors)


# ---- tables --------------------------------------------------------------------------------------------

def compared(folder, crystal, boundary, model):
    """What the frame at the end is, and its stiffness by the atoms and by each continuum: dict."""
    folder = pathlib.Path(folder)
    frame = Frame(folder)
    atoms, odd, even = atoms_stiffness(folder / "strained.txt")
    found = {"atoms": atoms, **frame.estimates(crystal), "grains alone": frame.solved(crystal),
             "grains and boundaries": frame.solved(crystal, boundary)}
    polycrystal = frame.polycrystal(crystal, boundary)
    error, is_outside = np.nan, False
    if model:
        prediction = graphs.Predictor(model).predict(polycrystal)
        found["model"] = prediction.tensor
        error, is_outside = prediction.error, prediction.is_outside
    energies, areas = frame.graph.edge_values(("energy", "area")).T
    diameters = np.cbrt(6 / np.pi * frame.graph.nodes["volume"])
    return {"folder": folder.name, "atoms": int(frame.graph.nodes["atoms"].sum()),
            "grains": len(diameters), "diameter": diameters.mean(), "fraction": frame.fraction,
            "thickness": frame.thickness, "energy": np.nansum(energies * areas) / areas.sum(),
            "odd": odd, "even": even, "error": error, "outside": is_outside, "tensors": found}


def say_table(rows):
    print("folder atoms grains diameter(A) boundary(%) thickness(A) energy(J/m^2) odd(%) even(%)")
    for row in rows:
        print(f"{row['folder']} {row['atoms']} {row['grains']} {row['diameter']:.1f} "
              f"{100 * row['fraction']:.1f} {row['thickness']:.2f} {row['energy']:.3f} "
              f"{100 * row['odd']:.2f} {100 * row['even']:.2f}")
    print("\nfolder way K(GPa) G(GPa) K(%) G(%) tensor(%)  differences from the atoms'")
    for row in rows:
        truth = row["tensors"]["atoms"]
        for name, tensor in row["tensors"].items():
            part = 100 * (moduli(tensor) / moduli(truth) - 1)
            bulk, shear = moduli(tensor)
            print(f"{row['folder']} {name.replace(' ', '_')} {bulk:.2f} {shear:.2f} {part[0]:.2f} {part[1]:.2f} "
                  f"{100 * difference(tensor, truth):.2f}")
        if "model" in row["tensors"]:
            solver = row["tensors"]["grains and boundaries"]
            print(f"{row['folder']} model beside the solver: {100 * difference(row['tensors']['model'], solver):.2f} %, "
                  f"expected {100 * row['error']:.2f} %" + (", outside what it was trained on" if row["outside"] else ""))
