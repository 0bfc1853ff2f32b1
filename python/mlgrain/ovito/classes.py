# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes of atoms in OVITO."""

from __future__ import annotations

import numpy as np
from ovito.data import ElementType
from ovito.pipeline import ModifierInterface
from ovito.traits import FilePath
from traits.api import Bool

from ..errors import MLGrainError
from ..models.classifier import ForestClassifier
from ..models.mixture import Mixture
from .models import features_of, model_in
from .parameters import thread_number, threads_parameter

# Of classes in their order, the first of which is the crystal in most models.
COLORS = np.array([(0.84, 0.87, 0.90), (0.90, 0.33, 0.24), (0.22, 0.52, 0.80), (0.95, 0.69, 0.15),
                   (0.30, 0.68, 0.40), (0.58, 0.40, 0.74), (0.50, 0.32, 0.22), (0.90, 0.50, 0.72),
                   (0.35, 0.35, 0.38), (0.15, 0.75, 0.78)])
NO_CLASS = (0.0, 0.0, 0.0)


class ClassesModifier(ModifierInterface):
    """Gives particles a class by their strain functional descriptors, as compute gmm/atom does:
    crystal or grain boundary, for instance.

    model    a model file of kind gaussian_mixture or forest_classifier (doc/model_format.md).
             Descriptors are computed by the parameters in it, so that the unit of length must be
             that of its training data
    color    whether to color particles by class
    threads  of the processor; 0: all

    Properties: "Class", from 1, a typed property whose types are named as the classes (0: no class,
    since a descriptor isn't finite); "Class Probability", a component for each class;
    of a mixture "Class Log-Likelihood", low for neighborhoods that it doesn't know; of a classifier
    "Novelty", Mahalanobis distance from its training data.
    Attributes: Class.count.NAME, the number of particles in each class.
    """

    model = FilePath(label="Model file")
    color = Bool(True, label="Color particles by class")
    threads = threads_parameter()

    def modify(self, data, **_):
        model, threads = model_in(self.model), thread_number(self.threads)
        if not isinstance(model, (Mixture, ForestClassifier)):
            raise MLGrainError(f"model: {self.model} is neither a Gaussian mixture nor a "
                               "classifier")
        features = features_of(data, model, self.model, threads)
        if isinstance(model, Mixture):
            label, likelihood, probability = model.predict(features, threads)
            data.particles_.create_property("Class Log-Likelihood", data=likelihood)
        else:
            found = model.evaluate(features, threads)
            label = np.nan_to_num(found.prediction).astype(int) - 1
            probability = found.probabilities
            data.particles_.create_property("Novelty", data=found.novelty)
        names = names_of(model)
        add_classes(data, label + 1, names, self.color)
        data.particles_.create_property("Class Probability", data=probability,
                                        components=components(names))


def names_of(model):
    """Names of the classes, "1", "2" ... if the file has none."""
    return model.classes or [str(k + 1) for k in range(len(model.weights))]


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
