# SPDX-License-Identifier: GPL-2.0-or-later
"""Decision trees as plain arrays, and how a model file lays them out.

A tree is a set of parallel arrays over its nodes, in any order, the root at 0: `left` and `right`
(-1 in a leaf), `feature`, `threshold` (float32: a row goes left where x <= threshold), `value`
(float64, of the leaves; a classifier's are rows of probabilities), and `samples`, how many training rows pass through (for the order only).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError

LARGEST = np.finfo(np.float32).max
NARROW_FEATURES = 31
NARROW_NODES = 1 << 27


@dataclass
class Tree:
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    samples: np.ndarray

    def check(self, features, name):
        """Raises unless this is one tree over `features` features with finite numbers."""
        inner = self.left >= 0
        children = np.concatenate([self.left[inner], self.right[inner]])
        size = len(self.left)
        if np.any(children >= size) or np.any(self.right[inner] < 0):
            raise MLGrainError(f"{name} refers to a node that it doesn't have")
        parents = np.bincount(children, minlength=size)
        if parents[0] or np.any(parents[1:] != 1) or sum(map(len, self.levels())) != size:
            raise MLGrainError(f"{name} is not a tree: each node but the root must have one parent")
        if np.any(self.feature[inner] < 0) or np.any(self.feature[inner] >= features):
            raise MLGrainError(f"{name} uses a feature beyond the {features} that there are")
        if not np.all(np.isfinite(self.threshold[inner])):
            raise MLGrainError(f"{name} has a threshold that is not finite (a split on missing "
                               "values?); a model file can't express it")
        if not np.all(np.isfinite(self.value[~inner])):
            raise MLGrainError(f"{name} has a leaf value that is not finite")

    def levels(self):
        """The nodes by distance from the root: arrays of numbers."""
        result, nodes = [], np.zeros(1, np.int64)
        while len(nodes) and len(result) <= len(self.left):
            result.append(nodes)
            nodes = nodes[self.left[nodes] >= 0]
            nodes = np.concatenate([self.left[nodes], self.right[nodes]])
        return result


def round_down(threshold):
    """The largest float32 not greater than each float64: the same answer to x <= t for float32 x.

    Plus infinity becomes the largest float32, which no finite feature exceeds.
    """
    threshold = np.asarray(threshold, np.float64)
    with np.errstate(over="ignore"):
        result = threshold.astype(np.float32)
    above = result > threshold
    result = np.where(above, np.nextafter(result, np.float32(-np.inf)), result)
    return np.where(result == np.inf, LARGEST, result)


def round_below(threshold):
    """The largest float32 less than each float64: x < t becomes x <= this."""
    result = round_down(threshold)
    equal = result == np.asarray(threshold, np.float64)
    return np.where(equal, np.nextafter(result, np.float32(-np.inf)), result)


def traversal_numbers(tree):
    """The place of each node in the model file, and the number of places.

    Inner nodes are taken in depth-first order, the child with more samples first; the children of
    the k-th are the pair 2 + 2 k, 3 + 2 k. That k follows from the sizes of subtrees, summed level
    by level: no loop over nodes.
    """
    levels = tree.levels()
    inner = tree.left >= 0
    below = np.zeros(len(tree.left), np.int64)  # inner nodes in the subtree
    for nodes in reversed(levels):
        nodes = nodes[inner[nodes]]
        below[nodes] = 1 + below[tree.left[nodes]] + below[tree.right[nodes]]
    order = np.zeros(len(tree.left), np.int64)
    number = np.zeros(len(tree.left), np.int64)
    for nodes in levels:
        nodes = nodes[inner[nodes]]
        left, right = tree.left[nodes], tree.right[nodes]
        number[left], number[right] = 2 + 2 * order[nodes], 3 + 2 * order[nodes]
        swap = tree.samples[left] < tree.samples[right]
        hot, cold = np.where(swap, right, left), np.where(swap, left, right)
        order[hot] = order[nodes] + 1
        order[cold] = order[nodes] + 1 + below[hot]
    return number, 2 + 2 * int(below[0])


def lay_out(trees, features):
    """(nodes, tree_start, values): the tensors of a model file. Raises where a tree is malformed."""
    for index, tree in enumerate(trees):
        tree.check(features, f"tree {index}")
    values, places = _leaf_table(trees)
    numbered = [traversal_numbers(tree) for tree in trees]
    starts = np.zeros(len(trees) + 1, np.uint64)
    starts[1:] = np.cumsum([count for _, count in numbered], dtype=np.uint64)
    wide = features > NARROW_FEATURES or max(count for _, count in numbered) > NARROW_NODES
    nodes = np.empty((int(starts[-1]), 2) if wide else int(starts[-1]), np.uint64)
    for tree, (number, count), begin, place in zip(trees, numbered, starts, places):
        block = nodes[int(begin):int(begin) + count]
        block[...] = _encode(tree, number, count, place, features, wide)
    return nodes, starts, values


def _leaf_table(trees):
    """The distinct leaf values of all trees, and for each tree the places of its nodes' in them."""
    leaves = [np.flatnonzero(tree.left < 0) for tree in trees]
    # + 0.0 turns -0.0 into 0.0
    every = np.concatenate([tree.value[leaf] for tree, leaf in zip(trees, leaves)]) + 0.0
    values, inverse = _distinct(every)
    if len(values) >= 1 << 32:
        raise MLGrainError("a forest of 2^32 or more distinct leaf values can't be stored")
    places, begin = [], 0
    for tree, leaf in zip(trees, leaves):
        place = np.zeros(len(tree.left), np.uint64)
        place[leaf] = inverse[begin:begin + len(leaf)]
        places.append(place)
        begin += len(leaf)
    return values, places


def _distinct(every):
    """The distinct numbers, or rows of numbers, in rising order, and the place of each."""
    if every.ndim == 1:
        return np.unique(every, return_inverse=True)
    order = np.lexsort(every.T[::-1])
    starts = np.ones(len(every), bool)
    starts[1:] = np.any(every[order[1:]] != every[order[:-1]], axis=1)
    inverse = np.empty(len(every), np.int64)
    inverse[order] = np.cumsum(starts) - 1
    return every[order[starts]], inverse


def _encode(tree, number, count, place, features, wide):
    inner = tree.left >= 0
    child, feature, low = (np.zeros(count, np.uint64) for _ in range(3))
    feature[:] = features
    child[:] = np.arange(count, dtype=np.uint64)  # leaves, and the unused node 1
    at = number[inner]
    child[at] = number[tree.left[inner]]
    feature[at] = tree.feature[inner]
    low[at] = np.ascontiguousarray(tree.threshold[inner], np.float32).view(np.uint32)
    low[number[~inner]] = place[~inner]
    if wide:
        return np.stack([low | feature << np.uint64(32), child], axis=1)
    return low | feature << np.uint64(32) | child << np.uint64(37)


def count_samples(trees, features):
    """Sets `samples` of each tree to the number of rows of `features` that pass through."""
    for tree in trees:
        counts = np.bincount(walk(tree, features), minlength=len(tree.left)).astype(float)
        for nodes in reversed(tree.levels()):
            nodes = nodes[tree.left[nodes] >= 0]
            counts[nodes] = counts[tree.left[nodes]] + counts[tree.right[nodes]]
        tree.samples = counts


def walk(tree, features):
    """The leaf each row of float32 features reaches."""
    at = np.zeros(len(features), np.int64)
    active = np.arange(len(features)) if tree.left[0] >= 0 else np.empty(0, np.int64)
    while len(active):
        node = at[active]
        right = features[active, tree.feature[node]] > tree.threshold[node]
        node = np.where(right, tree.right[node], tree.left[node])
        at[active] = node
        active = active[tree.left[node] >= 0]
    return at
