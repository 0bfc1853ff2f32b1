# SPDX-License-Identifier: GPL-2.0-or-later
"""mtp_error_bars.py POTENTIAL OUT.safetensors: error bars of random numbers, for measuring times."""

import sys

import numpy as np
from mlgrain.compiled import core
from mlgrain.models import container
from mlgrain.potentials import error_bars

with open(sys.argv[1], "rb") as file:
    contents = file.read()
count = core().MTPTraining(sys.argv[1], contents).linear_count
random = np.random.default_rng(1)
container.write(sys.argv[2], {
    "sketch": random.normal(size=(16, count)).astype(np.float32),
    "leverage": np.array([0.1, 1.0, 2.0]),
    "members": (1e-3 * random.normal(size=(8, count))).astype(np.float32),
    "confidence": error_bars.CONFIDENCE,
    "force_factors": np.cumsum(np.ones((4, len(error_bars.CONFIDENCE))), axis=1),
}, {"format": error_bars.FORMAT, "format_version": error_bars.FORMAT_VERSION,
    "fingerprint": core().MTP(sys.argv[1], contents).fingerprint})
