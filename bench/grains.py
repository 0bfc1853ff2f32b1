# SPDX-License-Identifier: GPL-2.0-or-later
"""grains.py DUMP REPEATS: what OVITO's grain segmentation makes of the frame that bench/in.grains
left, in CPU time, beside fix grains on the same frame and the grains that it was made of."""

import os
import statistics
import sys
import time

os.environ["OVITO_THREAD_COUNT"] = "1"
import numpy as np
from ovito.io import import_file
from ovito.modifiers import GrainSegmentationModifier, PolyhedralTemplateMatchingModifier


def adjusted_rand_index(one, two):
    """L. Hubert, P. Arabie, J. Classif. 2 (1985) 193."""
    def pairs(counts):
        return float(np.sum(counts * (counts - 1.0) / 2.0))
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(two, return_inverse=True)
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1.0)
    left, right, total = pairs(joint.sum(1)), pairs(joint.sum(0)), pairs(np.array([len(a)]))
    expected = left * right / total
    return (pairs(joint) - expected) / (0.5 * (left + right) - expected)


def main():
    path, repeats = sys.argv[1], int(sys.argv[2])
    pipeline = import_file(path, columns=["Particle Identifier", "Position.X", "Position.Y",
                                          "Position.Z", "truth", "ours"])
    pipeline.modifiers.append(PolyhedralTemplateMatchingModifier(output_orientation=True))
    frames = pipeline.source.num_frames
    times = {"matching": [], "segmentation": []}
    for _ in range(repeats):
        data = pipeline.source.compute(frames - 1)
        start = time.process_time()
        data.apply(PolyhedralTemplateMatchingModifier(output_orientation=True))
        middle = time.process_time()
        data.apply(GrainSegmentationModifier())
        times["matching"].append(middle - start)
        times["segmentation"].append(time.process_time() - middle)
    atoms = data.particles.count
    truth, ours = np.array(data.particles["truth"]), np.array(data.particles["ours"])
    theirs = np.array(data.particles["Grain"])
    for name, seconds in times.items():
        print(f"OVITO {name} {1e6 * statistics.median(seconds) / atoms:.2f}")
    print(f"INDEX ovito {adjusted_rand_index(truth, theirs):.4f} {len(np.unique(theirs))}")
    print(f"INDEX fix {adjusted_rand_index(truth, ours):.4f} {len(np.unique(ours))}")


if __name__ == "__main__":
    main()
