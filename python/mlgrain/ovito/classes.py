# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes of atoms in OVITO."""

from __future__ import annotations

import numpy as np
from ovito.data import ElementType
from ovito.pipeline import ModifierInterface
from ovito.traits import FilePath
from traits.api import Bool

from ..errors import MLGrainError
from ..models.mixture import Mixture
from .models import features_of, model_in
from .parameters import thread_number, threads_parameter

# Of classes in their order, which is that of distortion: the crystal is light, what differs most red.
COLORS = np.array([(0.84, 0.87, 0.90), (0.90, 0.33, 0.24), (0.22, 0.52, 0.80), (0.95, 0.69, 0.15),
                   (0.30, 0.68, 0.40), (0.58, 0.40, 0.74), (0.50, 0.32, 0.22), (0.90, 0.50, 0.72),
                   (0.35, 0.35, 0.38), (0.15, 0.75, 0.78)])
NO_CLASS = (0.0, 0.0, 0.0)


class ClassesModifier(ModifierInterface):
    """Gives particles the class of a Gaussian mixture of strain functional descriptors, as compute
    gmm/atom does: crystal or grain boundary, for instance.

    model    a model file of kind gaussian_mixture (doc/model_format.md). Descriptors are computed by
             the parameters in it, so that the unit of length must be that of its training data
    color    whether to color particles by class
    threads  of the processor; 0: all

    Properties: "Class", from 1, a typed property whose types are named as the classes (0: no class,
    since a descriptor isn't finite); "Class Probability", a component for each class;
    "Class Log-Likelihood", low for neighborhoods that the mixture doesn't know.
    Attributes: Class.count.NAME, the number of particles in each class.
    """

    model = FilePath(label="Model file")
    color = Bool(True, label="Color particles by class")
    threads = threads_parameter()

    def modify(self, data, **_):
        mixture, threads = model_in(self.model), thread_number(self.threads)
        if not isinstance(mixture, Mixture):
            raise MLGrainError(f"model: {self.model} is not a Gaussian mixture")
        features = features_of(data, mixture, self.model, threads)
        label, likelihood, probability = mixture.predict(features, threads)
        names = names_of(mixture)
        add_classes(data, label + 1, names, self.color)
        particles = data.particles_
        particles.create_property("Class Probability", data=probability, components=components(names))
        particles.create_property("Class Log-Likelihood", data=likelihood)


def names_of(mixture):
    """Names of the classes, "1", "2" ... if the file has none."""
    return mixture.classes or [str(k + 1) for k in range(len(mixture.weights))]


def components(names):
    """The same as names of a property's components, which have neither blanks nor dots."""
    return ["_".join(name.replace(".", " ").split()) for name in names]


def add_classes(data, numbers, names, color):
    """The typed property "Class" and what follows from it."""
    particles = data.particles_
    classes = particles.create_property("Class", data=numbers.astype(np.int32))
    for number, name in enumerate(names, 1):
        classes.types.append(ElementType(id=number, name=name,
                                         color=tuple(COLORS[(number - 1) % len(COLORS)])))
    counts = np.bincount(numbers, minlength=len(names) + 1)
    for name, count in zip(names, counts[1:].tolist()):
        data.attributes[f"Class.count.{name}"] = count
    if color:
        table = np.vstack([NO_CLASS, COLORS[np.arange(len(names)) % len(COLORS)]])
        particles.create_property("Color", data=table[numbers])
