# SPDX-License-Identifier: GPL-2.0-or-later
"""Modifiers for OVITO: their values are those of the package, bit for bit. Skipped without
OVITO; with a Python that has it: MLGRAIN_OVITO_PYTHON=... ctest -R python/ovito."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib

import numpy as np
import pytest

import mlgrain
from mlgrain import MLGrainError, compiled, load_model
from mlgrain.boundaries import bicrystal
from mlgrain.models import container
from mlgrain.models.classifier import ForestClassifier
from mlgrain.models.trees import Tree

try:
    import ovito.pipeline
except ImportError as error:
    pytest.skip(f"OVITO can't be imported: {error}", allow_module_level=True)
if not compiled.is_compiled():
    pytest.skip("no compiled core", allow_module_level=True)

from ovito.data import DataCollection, ElementType  # noqa: E402
from ovito.io import import_file  # noqa: E402
from ovito.modifiers import ColorCodingModifier, ExpressionSelectionModifier  # noqa: E402
from ovito.pipeline import ModifierInterface, Pipeline, StaticSource  # noqa: E402

from mlgrain.ovito import (ClassesModifier, ForestModifier, MTPGradeModifier,  # noqa: E402
                           SFDModifier)

TOP = pathlib.Path(os.environ.get("MLGRAIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
MODELS = {name: str(TOP / f"potentials/{name}.safetensors") 
          for name in ("Cu_gb2", "Cu_gb6", "Cu_eden", "Cu_gbe")}
COPPER = str(TOP / "potentials/Cu_eam_16.almtp")
ALLOY = str(TOP / "unittest/force-styles/CuNi.mtp")
SIGMA, RCUT = 0.909, 5.904


def boundary():
    """(positions, cell, pbc) of a Sigma5 (310) bicrystal of copper, atoms moved at random."""
    made = bicrystal.bicrystal(bicrystal.tilt("100", (3, 1, 0)), 3.615, overlap=1.5,
                               counts=(1, 6, 3))
    noise = np.random.default_rng(1).normal(size=made.positions.shape)
    return made.positions + 0.005 * noise, np.diag(made.edges), (True, True, True)


def collection(atoms=None, types=None, names=()):
    """A DataCollection of atoms; names of types are (id, name)."""
    positions, cell, pbc = boundary() if atoms is None else atoms
    data = DataCollection()
    particles = data.create_particles(count=len(positions))
    particles.create_property("Position", data=positions)
    if types is not None:
        kinds = particles.create_property("Particle Type", data=types)
        for number, name in names:
            kinds.types.append(ElementType(id=number, name=name))
    if cell is not None:
        # Columns are the edges, and the origin.
        data.create_cell(np.column_stack([cell.T, [-3.0, 1.0, 0.5]]), pbc=pbc)
    return data


def apply(modifier, data=None):
    pipeline = Pipeline(source=StaticSource(data=collection() if data is None else data))
    pipeline.modifiers.append(modifier)
    return pipeline.compute()


def same(found, wanted):
    np.testing.assert_array_equal(np.asarray(found), wanted, strict=True)


# ---- Values

@pytest.mark.parametrize("threads", [0, 1, 3])
def test_sfd(threads):
    found = apply(SFDModifier(sigma=SIGMA, rcut=RCUT, threads=threads))
    same(found.particles["SFD"], mlgrain.sfd(boundary(), SIGMA, RCUT))
    assert list(found.particles["SFD"].component_names) == mlgrain.sfd_names()
    assert found.attributes["SFD.sigma"] == SIGMA and found.attributes["SFD.rcut"] == RCUT


def test_sfd_components_can_be_selected():
    pipeline = Pipeline(source=StaticSource(data=collection()))
    pipeline.modifiers.append(SFDModifier(sigma=SIGMA, rcut=RCUT))
    pipeline.modifiers.append(ExpressionSelectionModifier(expression="SFD.P2_I0 > 0.02"))
    pipeline.modifiers.append(ColorCodingModifier(property="SFD.P4_I8"))
    count = np.count_nonzero(mlgrain.sfd(boundary(), SIGMA, RCUT)[:, 2] > 0.02)
    assert 0 < count < len(boundary()[0])
    assert pipeline.compute().attributes["ExpressionSelection.count"] == count


def test_sfd_automatic_parameters():
    found = apply(SFDModifier())
    same(found.particles["SFD"], mlgrain.sfd(boundary()))
    assert found.attributes["SFD.rcut"] == pytest.approx(6.495 * found.attributes["SFD.sigma"])


def test_sfd_weights_of_types():
    kinds = np.arange(len(boundary()[0]), dtype=np.int32) % 3 + 1
    found = apply(SFDModifier(sigma=SIGMA, rcut=RCUT, weights=[1.0, 0.5, 2.0]),
                  collection(types=kinds))
    same(found.particles["SFD"],
         mlgrain.sfd(boundary(), SIGMA, RCUT, weights=np.array([1.0, 0.5, 2.0])[kinds - 1]))


@pytest.mark.parametrize("pbc", [(False, True, True), (False, False, False)])
def test_tilted_cells_and_surfaces(pbc):
    positions, cell, _ = boundary()
    cell = cell + [[0, 0, 0], [2.5, 0, 0], [-1.25, 3.5, 0]]
    found = apply(SFDModifier(sigma=SIGMA, rcut=RCUT), collection((positions, cell, pbc)))
    same(found.particles["SFD"], mlgrain.sfd((positions, cell, pbc), SIGMA, RCUT))


def test_no_cell():
    positions = boundary()[0]
    found = apply(SFDModifier(sigma=SIGMA, rcut=RCUT), collection((positions, None, False)))
    same(found.particles["SFD"], mlgrain.sfd((positions, None, False), SIGMA, RCUT))


@pytest.mark.parametrize("name", ["Cu_gb2", "Cu_gb6"])
def test_classes(name):
    found = apply(ClassesModifier(model=MODELS[name]))
    mixture = load_model(MODELS[name])
    label, likelihood, probability = mixture.predict(mlgrain.sfd(boundary(), SIGMA, RCUT))
    same(found.particles["Class"], (label + 1).astype(np.int32))
    same(found.particles["Class Probability"], probability)
    same(found.particles["Class Log-Likelihood"], likelihood)
    names = mixture.classes or [str(k + 1) for k in range(6)]
    types = found.particles["Class"].types
    assert [(one.id, one.name) for one in types] == list(enumerate(names, 1))
    assert list(found.particles["Class Probability"].component_names) == names
    counts = [found.attributes[f"Class.count.{one}"] for one in names]
    assert counts == np.bincount(label, minlength=len(names)).tolist() and max(counts) < len(label)
    colors = np.array([one.color for one in found.particles["Class"].types])
    same(found.particles.colors, colors[label].astype(np.float32))


def test_classes_without_colors():
    found = apply(ClassesModifier(model=MODELS["Cu_gb2"], color=False))
    assert found.particles.colors is None and found.particles["Class"] is not None


def test_classes_of_a_classifier(tmp_path):
    """Trees of one decision each, made of leaves by hand."""
    names = mlgrain.sfd_names()
    rows = mlgrain.sfd(boundary(), SIGMA, RCUT)
    values = np.array([[0.9, 0.1], [0.25, 0.75]])
    trees = []
    for feature in (2, 4, 0):
        inner = np.array([True, False, False])
        trees.append(Tree(np.where(inner, 1, -1), np.where(inner, 2, -1),
                          np.where(inner, feature, 0),
                          np.where(inner, np.median(rows[:, feature]), 0).astype(np.float32),
                          np.array([[0.0, 0.0], *values]), np.array([3.0, 2.0, 1.0])))
    path = str(tmp_path / "m")
    model = ForestClassifier.from_trees(trees, names, target="class", classes=["in bulk", "gb.x"])
    model.metadata["descriptor"] = json.dumps({"style": "sfd/atom", "sigma": SIGMA, "rcut": RCUT})
    model.save(path)
    found = apply(ClassesModifier(model=path))
    label, _ = model.predict(rows)
    assert 0 < label.sum() < len(label)
    same(found.particles["Class"], (label + 1).astype(np.int32))
    np.testing.assert_allclose(found.particles["Class Probability"], model.probabilities(rows),
                               rtol=0, atol=1e-14)
    assert list(found.particles["Class Probability"].component_names) == ["in_bulk", "gb_x"]
    assert found.attributes["Class.count.gb.x"] == label.sum()
    with pytest.raises(MLGrainError, match="not a forest that predicts a number"):
        apply(ForestModifier(model=path))


def test_energy_density():
    found = apply(ForestModifier(model=MODELS["Cu_eden"], threads=2))
    forest = load_model(MODELS["Cu_eden"])
    wanted = forest.evaluate(mlgrain.sfd(boundary(), SIGMA, RCUT))
    same(found.particles["Energy Density"], wanted.prediction)
    same(found.particles["Spread"], wanted.spread)
    same(found.particles["Novelty"], wanted.novelty)
    same(found.particles["Forest Flags"], wanted.flags.astype(np.int32))
    assert -0.4 < wanted.prediction.min() < wanted.prediction.max() < -0.1
    assert found.attributes["Forest.prediction"] == wanted.prediction.mean()
    assert found.attributes["Forest.spread"] == wanted.spread.mean()
    assert found.attributes["Forest.novelty"] == wanted.novelty.mean()
    assert found.attributes["Forest.count.not_finite"] == 0
    assert found.attributes["Forest.count.novel"] == np.count_nonzero(wanted.flags & 4)
    assert found.attributes["Forest.count.out_of_range"] == np.count_nonzero(wanted.flags & 2) > 0


def test_grade():
    found = apply(MTPGradeModifier(potential=COPPER, threshold=0.5))
    wanted = mlgrain.MTP(COPPER).evaluate(boundary())
    same(found.particles["Grade"], wanted.grades)
    assert found.attributes["Grade.max"] == wanted.grade
    assert found.attributes["Grade.count"] == np.count_nonzero(wanted.grades > 0.5) > 0
    assert found.attributes["Grade.smallest_distance"] == wanted.smallest_distance


def test_species():
    """By names of types, by their order, by symbols given."""
    from mlgrain.ovito.particles import species_of

    kinds = np.array([2, 1, 1, 2, 5], np.int32)
    atoms = np.random.default_rng(0).random((5, 3)) * 9, None, False
    named = collection(atoms, kinds, [(1, "Ni"), (2, "Cu"), (5, "Ni")])
    given = mlgrain.MTP(ALLOY, ["Cu", "Ni"])
    assert species_of(named, given).tolist() == [0, 1, 1, 0, 1]
    assert species_of(named, mlgrain.MTP(ALLOY, ["Ni", "Cu"])).tolist() == [1, 0, 0, 1, 0]
    kinds[4] = 1
    assert species_of(collection(atoms, kinds), given).tolist() == [1, 0, 0, 1, 0]
    words = collection(atoms, kinds, [(1, "x"), (2, "y")])
    assert species_of(words, given).tolist() == [1, 0, 0, 1, 0]
    assert species_of(collection(atoms, np.full(5, 2, np.int32)), given).tolist() == [1] * 5
    assert species_of(collection(atoms), mlgrain.MTP(COPPER)).tolist() == [0] * 5
    for data, potential, said in (
            (collection(atoms, kinds, [(1, "Ni"), (2, "")]), given, "type 2 is not named by"),
            (collection(atoms, kinds, [(1, "Ni"), (2, "Al")]), given, "Al is not among"),
            (collection(atoms, kinds + 1), given, "type 3, which no chemical symbol names"),
            (collection(atoms), given, "no types")):
        with pytest.raises(MLGrainError, match=said):
            species_of(data, potential)


# ---- Files

def dump(path, steps):
    """A trajectory with elements, and the positions as they are read."""
    positions, cell, _ = boundary()
    frames = []
    with open(path, "w") as file:
        for step in steps:
            moved = positions + 0.01 * step
            bounds = "\n".join(f"0 {edge!r}" for edge in np.diag(cell).tolist())
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(moved)}\n"
                       f"ITEM: BOX BOUNDS pp pp pp\n{bounds}\nITEM: ATOMS id element xu yu zu\n")
            file.writelines(f"{i} Cu {x!r} {y!r} {z!r}\n"
                            for i, (x, y, z) in enumerate(moved.tolist(), 1))
            frames.append((moved, cell, True))
    return frames


def test_trajectories(tmp_path):
    frames = dump(tmp_path / "a.dump", [0, 10, 20])
    pipeline = import_file(str(tmp_path / "a.dump"))
    pipeline.modifiers.append(ForestModifier(model=MODELS["Cu_eden"]))
    pipeline.modifiers.append(MTPGradeModifier(potential=COPPER))
    assert pipeline.num_frames == 3
    forest = load_model(MODELS["Cu_eden"])
    for number, written in enumerate(frames):
        found = pipeline.compute(number)
        # OVITO's reader rounds numbers its own way.
        read = np.asarray(found.particles.positions), found.cell[:, :3].T, True
        np.testing.assert_allclose(read[0], written[0], rtol=0, atol=1e-12)
        same(found.particles["Energy Density"],
             forest.evaluate(mlgrain.sfd(read, SIGMA, RCUT)).prediction)
        same(found.particles["Grade"], mlgrain.MTP(COPPER).evaluate(read).grades)


def test_files_that_change_are_read_again(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(pathlib.Path(MODELS["Cu_gb2"]).read_bytes())
    assert len(apply(ClassesModifier(model=str(path))).particles["Class"].types) == 2
    path.write_bytes(pathlib.Path(MODELS["Cu_gb6"]).read_bytes())
    assert len(apply(ClassesModifier(model=str(path))).particles["Class"].types) == 6


def altered(source, path, **metadata):
    """A model file with other metadata; None takes one out."""
    tensors, old = container.read(source)
    new = {key: value for key, value in {**old, **metadata}.items() if value is not None}
    container.write(path, tensors, new)
    return str(path)


def test_parameters_in_a_model(tmp_path):
    path = altered(MODELS["Cu_gb6"], tmp_path / "m", descriptor=json.dumps(
        {"style": "sfd/atom", "sigma": 1.0, "rcut": 5.0, "weight": [1.0, 0.8]}))
    kinds = np.arange(len(boundary()[0]), dtype=np.int32) % 2 + 1
    features = mlgrain.sfd(boundary(), 1.0, 5.0, weights=np.where(kinds == 1, 1.0, 0.8))
    found = apply(ClassesModifier(model=path), collection(types=kinds))
    same(found.particles["Class Log-Likelihood"], load_model(path).predict(features)[1])
    with pytest.raises(MLGrainError, match="there are 2, none for particle type 3"):
        apply(ClassesModifier(model=path), collection(types=kinds + 1))


def test_features_in_another_order(tmp_path):
    names = mlgrain.sfd_names()[::-1]
    path = altered(MODELS["Cu_gb6"], tmp_path / "m", features=json.dumps(names))
    rows = np.ascontiguousarray(mlgrain.sfd(boundary(), SIGMA, RCUT)[:, ::-1])
    found = apply(ClassesModifier(model=path))
    same(found.particles["Class Log-Likelihood"], load_model(path).predict(rows)[1])


# ---- Errors, which OVITO shows in the pipeline

def two_dimensional():
    data = collection()
    data.cell_.is2D = True
    return data


def not_finite():
    positions, cell, pbc = boundary()
    positions[7, 1] = np.nan
    return collection((positions, cell, pbc))


def nickel():
    return collection(types=np.ones(len(boundary()[0]), np.int32), names=[(1, "Ni")])


@pytest.mark.parametrize("modifier, data, said", [
    (SFDModifier(), DataCollection, "no particles"),
    (SFDModifier(), two_dimensional, "two-dimensional"),
    (SFDModifier(), not_finite, "atom 7 has a coordinate that is not finite"),
    (SFDModifier(weights=[1.0]), collection, "no types"),
    (SFDModifier(), lambda: collection((boundary()[0], None, False)), "without volume"),
    (ClassesModifier(), collection, "model: choose a file"),
    (ClassesModifier(model="none.safetensors"), collection, "safetensors can't be read: No such"),
    (ClassesModifier(model=COPPER), collection, "Cu_eam_16.almtp"),
    (ClassesModifier(model=MODELS["Cu_eden"]), collection, "is neither a Gaussian mixture nor"),
    (ClassesModifier(model=MODELS["Cu_gb2"]), nickel, "trained with Cu, and there are .* type Ni"),
    (ForestModifier(model=MODELS["Cu_gb2"]), collection, "is not a forest"),
    (ForestModifier(model=MODELS["Cu_gbe"]), collection, "mean_P0_I0, which is not a descriptor"),
    (MTPGradeModifier(), collection, "potential: choose a file"),
    (MTPGradeModifier(potential=MODELS["Cu_gb2"]), collection, "Cu_gb2.safetensors"),
    (MTPGradeModifier(potential=ALLOY), collection, "has no active set"),
    (MTPGradeModifier(potential=COPPER, species="Cu Ni"), collection, "2 different ones are given"),
    (MTPGradeModifier(potential=COPPER, species="Xx"), collection, "'Xx' is not a chemical symbol"),
    (MTPGradeModifier(potential=COPPER), nickel, "Ni is not among the potential's: Cu"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_errors(modifier, data, said):
    with pytest.raises(MLGrainError, match=said):
        apply(modifier, data())


@pytest.mark.parametrize("metadata, said", [
    ({"descriptor": None}, "doesn't say with what sigma"),
    ({"elements": "[1"}, "elements"),
    ({"elements": '"Cu"'}, "elements"),
])
def test_errors_of_metadata(tmp_path, metadata, said):
    path = altered(MODELS["Cu_gb2"], tmp_path / "m", **metadata)
    with pytest.raises(MLGrainError, match=said):
        apply(ClassesModifier(model=path))


def test_no_particles_in_the_cell():
    data = collection((np.empty((0, 3)), np.eye(3) * 9, (True,) * 3))
    assert len(apply(ClassesModifier(model=MODELS["Cu_gb2"]), data).particles["Class"]) == 0
    assert apply(ForestModifier(model=MODELS["Cu_eden"]), data).attributes["Forest.spread"] == 0


# ---- What OVITO finds

def test_entry_points():
    found = [one for one in importlib.metadata.entry_points(group="OVITO.Modifier")
             if one.value.startswith("mlgrain.")]
    assert {one.load() for one in found} == {SFDModifier, ClassesModifier, ForestModifier,
                                             MTPGradeModifier}
    assert all(issubclass(one.load(), ModifierInterface) and one.name.startswith("ML-GRAIN ")
               for one in found)
