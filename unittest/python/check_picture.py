# SPDX-License-Identifier: GPL-2.0-or-later
"""check_picture.py FOLDER: whether the pictures of examples/ovito show what they should: atoms of
both classes, only some of them where the crystal is hidden, on white."""

import pathlib
import sys

import numpy as np
from matplotlib import pyplot

folder = pathlib.Path(sys.argv[1])


def pixels(name):
    """[pixels, 3] from 0 to 1, over white where the picture is transparent."""
    picture = pyplot.imread(folder / f"{name}.png")
    color, cover = picture[..., :3], picture[..., 3:]
    return ((color * cover + 1 - cover) if cover.shape[-1] else color).reshape(-1, 3)


def share(where):
    return np.count_nonzero(where) / len(where)


classes = pixels("classes")
red = share(classes[:, 0] > 1.5 * classes[:, 1])
gray = share((np.ptp(classes, axis=1) < 0.08) & (classes.max(axis=1) < 0.9))
white = share(classes.min(axis=1) > 0.99)
print(f"classes: boundary {red:.3f}, crystal {gray:.3f}, white {white:.3f} of the picture")
assert red > 0.05 and gray > 0.05 and white > 0.3

energy, grades = pixels("energy_density"), pixels("grades")
hidden = share(energy.min(axis=1) > 0.99)
yellow = share((energy[:, 0] > 1.8 * energy[:, 2]) & (energy[:, 1] > 1.5 * energy[:, 2]))
print(f"energy density: white {hidden:.3f}, high {yellow:.3f} of the picture")
assert hidden > white + 0.05 and yellow > 0.01
assert abs(share(grades.min(axis=1) > 0.99) - hidden) < 0.02, "other atoms than before"
assert np.abs(grades - energy).max() > 0.3, "the same picture twice"
assert pixels("ovito").shape[0] > 100000
