#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws copper with OVITO, without a screen: atoms by class, energy density and extrapolation
grade, all by the modifiers of mlgrain.ovito. Without a file it makes a boundary and relaxes it.

    python examples/ovito/render.py [FILE] -o FOLDER
"""

import argparse
import os
import pathlib
import sys

import matplotlib
from matplotlib import pyplot
from matplotlib.patches import Patch
from ovito.io import import_file
from ovito.modifiers import (ColorCodingModifier, DeleteSelectedModifier,
                             ExpressionSelectionModifier)
from ovito.pipeline import Pipeline, StaticSource
from ovito.vis import TachyonRenderer, Viewport

from mlgrain.boundaries.bicrystal import bicrystal, repeats, tilt
from mlgrain.errors import MLGrainError
from mlgrain.ovito import ClassesModifier, ForestModifier, MTPGradeModifier

matplotlib.use("Agg")
POTENTIALS = pathlib.Path(__file__).resolve().parents[2] / "potentials"
LATTICE_CONSTANT = 3.615  # Angstrom
CRYSTAL = -0.296  # eV/A^3: atoms of less energy density are hidden where boundaries are shown
ENERGY_DENSITIES, GRADES = (-0.300, -0.265), (0.0, 1.0)  # from one end of the colors to the other


def relaxed_boundary():
    """A Sigma5 (310)[001] boundary, relaxed in the cell that it was made in."""
    from ase import Atoms
    from ase.optimize import FIRE
    from ovito.io.ase import ase_to_ovito

    from mlgrain.ase import MTPCalculator

    plane = tilt("100", (3, 1, 0))
    counts = repeats(plane, LATTICE_CONSTANT, (34.0, 34.0), 30.0)
    made = bicrystal(plane, LATTICE_CONSTANT, overlap=1.5, counts=counts)
    atoms = Atoms(f"Cu{len(made.positions)}", made.positions, cell=made.edges, pbc=True)
    atoms.calc = MTPCalculator(POTENTIALS / "Cu_eam_16.almtp", threads=os.cpu_count())
    FIRE(atoms, logfile=None).run(fmax=0.02, steps=200)
    atoms.wrap()
    return Pipeline(source=StaticSource(data=ase_to_ovito(atoms)))


def add_models(pipeline):
    """What is computed of the atoms."""
    pipeline.modifiers.append(ClassesModifier(model=str(POTENTIALS / "Cu_gb2.safetensors")))
    pipeline.modifiers.append(ForestModifier(model=str(POTENTIALS / "Cu_eden.safetensors")))
    pipeline.modifiers.append(MTPGradeModifier(potential=str(POTENTIALS / "Cu_eam_16.almtp")))


def report(data):
    """Prints the attributes that the modifiers made."""
    for name, value in data.attributes.items():
        if name.split(".")[0] in ("Class", "Forest", "Grade"):
            print(f"{name:<28} {value:.6g}")


def colored(name, ends, gradient):
    return ColorCodingModifier(property=name, start_value=ends[0], end_value=ends[1],
                               gradient=gradient)


def render(pipeline, path, size):
    """By the Tachyon renderer, which needs neither graphics card nor display."""
    view = Viewport(type=Viewport.Type.Perspective, camera_dir=(-0.62, 0.66, -0.42))
    view.zoom_all((size, size))
    view.render_image(filename=str(path), size=(size, size), frame=pipeline.num_frames - 1,
                      renderer=TachyonRenderer(shadows=False))


def render_all(pipeline, folder, size):
    """Three pictures; the last two without crystal."""
    pipeline.add_to_scene()
    render(pipeline, folder / "classes.png", size)
    # Names of properties have no blanks in expressions.
    pipeline.modifiers.append(ExpressionSelectionModifier(expression=f"EnergyDensity < {CRYSTAL}"))
    pipeline.modifiers.append(DeleteSelectedModifier())
    pipeline.modifiers.append(colored("Energy Density", ENERGY_DENSITIES,
                                      ColorCodingModifier.Viridis()))
    render(pipeline, folder / "energy_density.png", size)
    pipeline.modifiers[-1] = colored("Grade", GRADES, ColorCodingModifier.Magma())
    render(pipeline, folder / "grades.png", size)
    pipeline.remove_from_scene()


def compose(folder, classes):
    """The three side by side, with what their colors mean. classes: (name, color) of each."""
    figure, panels = pyplot.subplots(1, 3, figsize=(11, 4.4), layout="constrained")
    for panel, name in zip(panels, ("classes", "energy_density", "grades")):
        panel.imshow(pyplot.imread(folder / f"{name}.png"))
        panel.set_axis_off()
    panels[0].legend(handles=[Patch(color=color, label=name) for name, color in classes],
                     loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, frameon=False)
    for panel, ends, colors, label in (
            (panels[1], ENERGY_DENSITIES, "viridis", "energy density (eV/Å$^3$)"),
            (panels[2], GRADES, "magma", "extrapolation grade")):
        scale = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(*ends), colors)
        figure.colorbar(scale, ax=panel, label=label, location="bottom", shrink=0.7, pad=0.01,
                        ticks=[ends[0], sum(ends) / 2, ends[1]])
    figure.savefig(folder / "ovito.png", dpi=90)
    print(folder / "ovito.png")


def main(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("file", nargs="?", help="of copper, in any format that OVITO reads")
    parser.add_argument("-o", "--output", default=".", help="folder for the pictures")
    parser.add_argument("--size", type=int, default=500, help="pixels along an edge of each")
    options = parser.parse_args(words)
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = import_file(options.file) if options.file else relaxed_boundary()
    add_models(pipeline)
    data = pipeline.compute(pipeline.num_frames - 1)
    report(data)
    render_all(pipeline, folder, options.size)
    compose(folder, [(one.name, one.color) for one in data.particles["Class"].types])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except MLGrainError as error:
        sys.exit(f"render.py: {error}")
