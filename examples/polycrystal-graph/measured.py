#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A model on grains that were measured: measured.py MODEL.safetensors SLICE.ang...

The slices are maps of orientations (EBSD), as EDAX' programs write them in text, of a cubic crystal on a
square grid, one above the other. Grains are points that hang together by disorientations below --angle;
smaller ones than --smallest points, and points that weren't indexed, go to grains beside. The grains and
their orientations are put into a periodic box, boundaries smoothed, each point on --finer^3 voxels, and
conduct, with their boundaries, as drawn for the kind varied (mlgrain graph samples), --count times. The
solver's tensors are compared with estimates and with the model's."""

import argparse
import time

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mlgrain import graphs, homogenize
from mlgrain.graphs import baselines, microstructures
from mlgrain.homogenize.files import euler_quaternions


def read_slices(paths):
    """(quaternions [nx, ny, nz, 4], confidence [nx, ny, nz]): columns are Bunge's angles, x, y, quality,
    confidence; below 0 where a point wasn't indexed."""
    slices = [np.loadtxt(path, comments="#") for path in sorted(paths)]
    places = [np.unique(np.concatenate([one[:, k] for one in slices]), return_inverse=True)[1]
              for k in (3, 4)]
    size = [place.max() + 1 for place in places]
    angles, confidence = np.zeros((*size, len(slices), 3)), np.full((*size, len(slices)), -1.0)
    level = np.repeat(np.arange(len(slices)), [len(one) for one in slices])
    rows = np.concatenate(slices)
    angles[places[0], places[1], level] = rows[:, :3]
    confidence[places[0], places[1], level] = rows[:, 6]
    return euler_quaternions(angles.reshape(-1, 3)).reshape(*angles.shape[:3], 4), confidence


def cubic_angles(one, two):
    """Disorientations in degrees of cubic crystals, quaternions [..., 4]."""
    v = one[..., :1] * two[..., 1:] - two[..., :1] * one[..., 1:] - np.cross(one[..., 1:], two[..., 1:])
    w = np.concatenate([(one * two).sum(axis=-1, keepdims=True), v], axis=-1)
    w = np.sort(np.abs(w), axis=-1)[..., ::-1]
    cosine = np.max([w[..., 0], (w[..., 0] + w[..., 1]) / np.sqrt(2.0), w.sum(axis=-1) / 2.0], axis=0)
    return 2.0 * np.degrees(np.arccos(np.minimum(cosine, 1.0)))


def grains_of(quaternions, confidence, angle, smallest):
    """A Microstructure with a label for each grain, from 1, and the orientation of its surest point."""
    places, own, near = np.arange(confidence.size).reshape(confidence.shape), [], []
    for axis in range(3):
        low, high = (np.take(places, np.arange(start, start + confidence.shape[axis] - 1), axis).ravel()
                     for start in (0, 1))
        flat = quaternions.reshape(-1, 4)
        same = (cubic_angles(flat[low], flat[high]) < angle) & \
            (np.minimum(confidence.ravel()[low], confidence.ravel()[high]) >= 0)
        own.append(low[same])
        near.append(high[same])
    own, near = np.concatenate(own), np.concatenate(near)
    parts = connected_components(coo_matrix((np.ones(len(own)), (own, near)), (places.size,) * 2),
                                 directed=False)[1]
    large = np.flatnonzero(np.bincount(parts) >= smallest)
    labels = np.zeros(parts.max() + 1, int)
    labels[large] = np.arange(1, len(large) + 1)
    surest = [np.flatnonzero(parts == part)[confidence.ravel()[parts == part].argmax()] for part in large]
    orientations = {k: quaternions.reshape(-1, 4)[place] for k, place in enumerate(surest, 1)}
    return homogenize.Microstructure(labels[parts].reshape(confidence.shape), np.ones(3),
                                     orientations).filled(0)


def smoothed(labels, factor):
    """On finer voxels, boundaries without the corners of the measured points: the grain that has most of
    the neighborhood, a Gaussian of as many points as there are across one."""
    for axis in range(3):
        labels = np.repeat(labels, factor, axis)
    best, result = np.zeros(labels.shape, np.float32), np.zeros(labels.shape, int)
    for label in np.unique(labels):
        part = gaussian_filter((labels == label).astype(np.float32), factor, mode="wrap")
        result[part > best] = label
        best = np.maximum(best, part)
    return result


class Measured:
    """Grains on voxels that conduct as drawn.

    graph        VoxelGraph
    quaternions  [grains, 4]
    """

    def __init__(self, voxels):
        self.graph = graphs.of_voxels(voxels)
        self.quaternions = np.array([voxels.orientations[label] for label in self.graph.labels])
        faces, count = self.graph.faces, len(self.graph.labels)
        self.pairs = faces.distinct()
        beside, both = self.graph.pairs_beside()
        self.phases = self.graph.grains.copy()
        self.phases[beside] = count + microstructures.pair_places(self.pairs, count, *both.T)
        self.fraction = beside.mean()
        self.between = faces.pairs[:, 0] != faces.pairs[:, 1]
        self.rank = microstructures.pair_places(self.pairs, count, *faces.pairs[self.between].T)

    def draw(self, generator):
        """(tensors of phases, Polycrystal)"""
        along, exponents, _ = microstructures.draw_conductivities(generator, self.quaternions, self.pairs)
        tensors = homogenize.turned(np.diag([1.0, 1.0, 10.0 ** along]), self.quaternions)
        of_pairs = 10.0 ** exponents[:, None, None] * np.eye(3)
        of_faces = np.tile(np.eye(3), (len(self.between), 1, 1))
        of_faces[self.between] = of_pairs[self.rank]
        faces = self.graph.faces
        return np.concatenate([tensors, of_pairs]), graphs.Polycrystal(
            faces, tensors, of_faces, faces.thickness_on_voxels(self.fraction))


def compare(measured, predictor, count, seed):
    """Draws, solves and predicts, and prints how far from each other these are."""
    truth, expected, made, outside, seconds = [], [], {}, 0, np.zeros(2)
    for number in range(count):
        tensors, polycrystal = measured.draw(np.random.default_rng([seed, number]))
        times = [time.process_time()]
        truth.append(homogenize.conductivity(measured.phases, tensors, tolerance=1e-4).tensor)
        times.append(time.process_time())
        found = predictor.predict(polycrystal)
        times.append(time.process_time())
        seconds += np.diff(times)
        expected.append(found.error)
        outside += found.is_outside
        for name, tensor in {**graphs.estimates(polycrystal), "model": found.tensor}.items():
            made.setdefault(name, []).append(tensor)
    print(f"CPU seconds of {count} draws: solver {seconds[0]:.1f}, model {seconds[1]:.1f}; {outside} with "
          "features beyond the training set's")
    print(f"errors in %: {'log10':>8} {'mean':>8} {'median':>8} {'95 %':>8} {'ratio':>6}")
    for name in ("voigt", "reuss", "self_consistent", "coated", "local", "series", "network", "coupled",
                 "quadratic", "cubic", "model"):
        errors = baselines.errors_of(np.array(truth), np.array(made[name]),
                                     np.array(expected) if name == "model" else None)
        print(f"{name:<16}" + "".join(f"{100 * value:9.2f}" for value in (
            errors.logarithm, errors.mean, errors.median, errors.most))
            + (f"{errors.ratio:9.2f}" if name == "model" else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("slices", nargs="+", metavar="SLICE.ang")
    parser.add_argument("--angle", type=float, default=5.0, help="degrees (5)")
    parser.add_argument("--smallest", type=int, default=30, help="points of a grain (30)")
    parser.add_argument("--finer", type=int, default=2, help="voxels along the edge of a point (2)")
    parser.add_argument("--count", type=int, default=30, help="of draws (30)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = grains_of(*read_slices(args.slices), args.angle, args.smallest)
    voxels = homogenize.Microstructure(smoothed(found.labels, args.finer), np.ones(3), found.orientations)
    measured = Measured(voxels)
    print(f"{len(found.orientations)} grains, {len(measured.quaternions)} parts of them in the periodic box "
          f"of {voxels.labels.shape} voxels; {100 * measured.fraction:.1f} % of them are boundary")
    compare(measured, graphs.Predictor(args.model), args.count, args.seed)


if __name__ == "__main__":
    main()
