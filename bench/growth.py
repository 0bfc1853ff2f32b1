# SPDX-License-Identifier: GPL-2.0-or-later
"""growth.py DUMP...: grains of fix grains and of OVITO's grain segmentation in the frames that
bench/in.growth left. A number changes where a grain doesn't have the number of the grain of the
frame before that shares most atoms with it, though that one goes on."""

import os
import sys

os.environ["OVITO_THREAD_COUNT"] = "1"
import numpy as np
from ovito.io import import_file
from ovito.modifiers import GrainSegmentationModifier, PolyhedralTemplateMatchingModifier

from grains import adjusted_rand_index


def changes(before, now):
    """How many grains of `now` there are that go on from `before`, and how many of them have
    another number; part of the atoms whose grain isn't that which theirs went on as."""
    kept, changed, moved = 0, 0, np.ones(len(now), bool)
    taken = set()
    numbers, counts = np.unique(now[now > 0], return_counts=True)
    for number in numbers[np.argsort(-counts, kind="stable")]:
        atoms = now == number
        old, shared = np.unique(before[atoms & (before > 0)], return_counts=True)
        if not len(old) or old[np.argmax(shared)] in taken:
            continue
        parent = old[np.argmax(shared)]
        taken.add(parent)
        kept += 1
        changed += parent != number
        moved[atoms & (before == parent)] = False
    return kept, changed, moved.mean()


def main():
    print("\n| case | program | grains, mean over frames | numbers kept | numbers changed | atoms in "
          "another grain, % a frame | index with the grains created, first and last frame | index of "
          "both, mean |\n|---|---|--:|--:|--:|--:|--:|--:|")
    for path in sys.argv[1:]:
        pipeline = import_file(path, columns=["Particle Identifier", "Position.X", "Position.Y",
                                              "Position.Z", "truth", "ours"])
        pipeline.modifiers.append(PolyhedralTemplateMatchingModifier(output_orientation=True))
        pipeline.modifiers.append(GrainSegmentationModifier())
        labels = {"fix grains": [], "OVITO": []}
        for frame in range(pipeline.source.num_frames):
            data = pipeline.compute(frame)
            truth = np.array(data.particles["truth"])
            labels["fix grains"].append(np.array(data.particles["ours"]).astype(int))
            # its numbers begin with 0, -1 is none
            labels["OVITO"].append(np.array(data.particles["Grain"]).astype(int) + 1)
        both = np.mean([adjusted_rand_index(a, b) for a, b in zip(*labels.values())])
        for name, frames in labels.items():
            steps = np.array([changes(a, b) for a, b in zip(frames, frames[1:])])
            print(f"| {os.path.basename(path).split('.')[0]} | {name} | "
                  f"{np.mean([len(np.unique(f[f > 0])) for f in frames]):.1f} | "
                  f"{steps[:, 0].sum() - steps[:, 1].sum():.0f} | {steps[:, 1].sum():.0f} | "
                  f"{100 * steps[:, 2].mean():.2f} | {adjusted_rand_index(truth, frames[0]):.3f}, "
                  f"{adjusted_rand_index(truth, frames[-1]):.3f} | {both:.3f} |")


if __name__ == "__main__":
    main()
