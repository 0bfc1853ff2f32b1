# SPDX-License-Identifier: GPL-2.0-or-later
"""Energy density, or what else a forest predicts, in OVITO."""

from __future__ import annotations

import numpy as np
from ovito.pipeline import ModifierInterface
from ovito.traits import FilePath

from ..errors import MLGrainError
from ..models.forest import NOT_FINITE, NOVEL, OUT_OF_RANGE, Forest
from .models import features_of, model_in
from .parameters import thread_number, threads_parameter


class ForestModifier(ModifierInterface):
    """Gives particles what a forest predicts from strain functional descriptors, as fix forest/atom
    does: their energy density, for instance.

    model    a model file of kind forest (doc/model_format.md). Descriptors are computed by the
             parameters in it, so that the unit of length must be that of its training data
    threads  of the processor; 0: all

    Properties: the model's target, "Energy Density" for energy_density; "Spread", same unit, how
    much the trees disagree, as the expected error where the model has a calibration; "Novelty",
    Mahalanobis distance from the training data; "Forest Flags", sums of 1: a descriptor isn't
    finite, and the rest is NaN, 2: one is outside the training range, 4: the novelty exceeds the
    model's limit.
    Attributes: Forest.prediction, Forest.spread, Forest.novelty, averages over particles with
    finite descriptors; Forest.count.not_finite, .out_of_range, .novel, numbers of particles.
    """

    model = FilePath(label="Model file")
    threads = threads_parameter()

    def modify(self, data, **_):
        forest, threads = model_in(self.model), thread_number(self.threads)
        if type(forest) is not Forest:
            raise MLGrainError(f"model: {self.model} is not a forest that predicts a number")
        found = forest.evaluate(features_of(data, forest, self.model, threads), threads)
        particles = data.particles_
        for name, values in ((property_name(forest.target), found.prediction),
                             ("Spread", found.spread), ("Novelty", found.novelty),
                             ("Forest Flags", found.flags.astype(np.int32))):
            particles.create_property(name, data=values)
        data.attributes.update(attributes(found))


def property_name(target):
    """"Energy Density" of "energy_density"."""
    return " ".join(word[:1].upper() + word[1:] for word in target.replace("_", " ").split()) \
        or "Prediction"


def attributes(found):
    """Averages and counts of a ForestResult."""
    usable = (found.flags & NOT_FINITE) == 0
    result = {f"Forest.{name}": float(getattr(found, name)[usable].mean()) if usable.any() else 0.0
              for name in ("prediction", "spread", "novelty")}
    for name, flag in (("not_finite", NOT_FINITE), ("out_of_range", OUT_OF_RANGE),
                       ("novel", NOVEL)):
        result[f"Forest.count.{name}"] = int(np.count_nonzero(found.flags & flag))
    return result
