# SPDX-License-Identifier: GPL-2.0-or-later
"""Forests as model files hold them.

`Forest.predict` and `novelty` work with NumPy alone: the reference for other programs that read the
format. `Forest.evaluate` does all at once, by the compiled core where it is: five times
faster.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ..compiled import core, is_compiled, thread_count
from ..errors import MLGrainError
from . import container
from .modelfile import FORMAT, Reader, check_features, json_text
from .training_range import TrainingRange
from .trees import lay_out

ROWS_AT_A_TIME = 1 << 16
NOT_FINITE, OUT_OF_RANGE, NOVEL = 1, 2, 4  # flags of rows, those of fix forest/atom


@dataclass(frozen=True)
class ForestResult:
    """What a forest says of rows, in the columns of fix forest/atom.

    prediction     float64 [rows], unit of the target; of a classifier the class, from 1
    spread         float64 [rows], same unit: the expected error where the file has a calibration;
                   of a classifier the probability of the other classes
    novelty        float64 [rows], Mahalanobis distance from the training data
    flags          uint8 [rows], sums of 1: a feature isn't finite, and the rest is NaN; 2: one lies
                   outside the training range; 4: the novelty exceeds the model's limit
    probabilities  float64 [rows, classes]; no classes unless it is a classifier
    """

    prediction: np.ndarray
    spread: np.ndarray
    novelty: np.ndarray
    flags: np.ndarray
    probabilities: np.ndarray


def usable_rows(features):
    """float32 features, and which rows a forest can take: finite, also after rounding."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.ascontiguousarray(features, dtype=np.float32)
    return rounded, np.isfinite(rounded).all(axis=1)


@dataclass
class Forest(TrainingRange):
    """The tensors and metadata of doc/model_format.md under their own names; None: absent."""

    KIND = "forest"

    features: list
    nodes: np.ndarray
    tree_start: np.ndarray
    values: np.ndarray
    aggregation: str = "mean"
    target: str = ""
    base: float = 0.0
    scale: float = 1.0
    feature_range: Optional[np.ndarray] = None
    calibration_spread: Optional[np.ndarray] = None
    calibration_error: Optional[np.ndarray] = None
    novelty_mean: Optional[np.ndarray] = None
    novelty_cholesky: Optional[np.ndarray] = None
    novelty_limit: Optional[float] = None
    importance: Optional[np.ndarray] = None
    metadata: dict = field(default_factory=dict)

    @classmethod
    def from_trees(cls, trees, features, **rest):
        """Lays out trees (see mlgrain.trees)."""
        features = check_features(features)
        return cls(features, *lay_out(trees, len(features)), **rest)

    @property
    def trees(self):
        return len(self.tree_start) - 1

    # ---- Prediction

    def tree(self, index):
        """(threshold, feature, child, place) of one tree's nodes; place of leaves, else 0."""
        block = self.nodes[int(self.tree_start[index]):int(self.tree_start[index + 1])]
        if self.nodes.ndim == 2:
            first, child = block[:, 0], block[:, 1].astype(np.int64)
            feature = (first >> np.uint64(32)).astype(np.int64)
        else:
            first, child = block, (block >> np.uint64(37)).astype(np.int64)
            feature = (first >> np.uint64(32) & np.uint64(31)).astype(np.int64)
        low = (first & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        return low.view(np.float32), feature, child, np.where(feature < len(self.features), 0, low)

    def leaves(self, features):
        """The number, within its tree, of the leaf that each row reaches: [rows, trees].

        Rows must be usable (see usable_rows).
        """
        rows = self._rows(features)
        result = np.empty((len(rows), self.trees), np.int64)
        for index in range(self.trees):
            result[:, index] = self._walk(self.tree(index), rows)
        return result

    def leaf_values(self, features):
        """Yields, tree by tree, the value of the leaf that each row reaches."""
        rows = self._rows(features)
        for index in range(self.trees):
            tree = self.tree(index)
            yield self.values[tree[3][self._walk(tree, rows)]]

    def predict(self, features):
        """(prediction, spread) of each row; NaN where a feature is not finite.

        The spread is calibrated where the file says how, and 0 with aggregation "sum".
        """
        prediction = np.full(len(np.atleast_2d(features)), np.nan)
        spread = prediction.copy()
        for at, rows in self._blocks(features):
            prediction[at], spread[at] = self._predict_block(rows)
        return prediction, spread

    def _blocks(self, features):
        """Yields rows that can be predicted, a block at a time: their numbers, float32 features."""
        features = np.atleast_2d(features)
        self._check_width(features)
        for begin in range(0, len(features), ROWS_AT_A_TIME):
            rows, usable = usable_rows(features[begin:begin + ROWS_AT_A_TIME])
            if usable.any():
                yield begin + np.flatnonzero(usable), rows[usable]

    def evaluate(self, features, threads=1):
        """ForestResult of rows, [rows, features]; threads of the processor."""
        rows = np.ascontiguousarray(np.atleast_2d(features), np.float64)
        if not is_compiled():
            return self.evaluate_plainly(rows)
        self._check_width(rows)
        found = core().forest_predict(container.packed(*self._content()), rows,
                                      thread_count(threads))
        broken = (found[3] & NOT_FINITE) != 0
        for values in (*found[:3], found[4]):
            values[broken] = np.nan
        return ForestResult(*found)

    def evaluate_plainly(self, features):
        """The same with NumPy alone."""
        prediction, spread, probabilities = self._predict_plainly(features)
        _, usable = usable_rows(np.atleast_2d(features))
        novelty = np.where(usable, self.novelty(features), np.nan)
        limit = np.inf if self.novelty_limit is None else self.novelty_limit
        flags = np.where(usable, OUT_OF_RANGE * self.outside(features) + NOVEL * (novelty > limit),
                         NOT_FINITE)
        return ForestResult(prediction, spread, novelty, flags.astype(np.uint8), probabilities)

    def _predict_plainly(self, features):
        return (*self.predict(features), np.empty((len(np.atleast_2d(features)), 0)))

    def _check_width(self, rows):
        if rows.shape[1] != len(self.features):
            raise MLGrainError(f"rows of {rows.shape[1]} features for a forest of "
                               f"{len(self.features)}")

    def _predict_block(self, rows):
        total, squares, first = 0.0, 0.0, None
        for value in self.leaf_values(rows):
            first = value if first is None else first
            total = total + value
            squares = squares + (value - first) ** 2  # shifted: no loss of digits
        mean = total / self.trees
        if self.aggregation == "sum":
            return self.base + self.scale * total, np.zeros(len(rows))
        variance = squares / self.trees - (mean - first) ** 2
        raw = abs(self.scale) * np.sqrt(np.maximum(variance, 0.0))
        return self.base + self.scale * mean, self.calibrate(raw)

    def calibrate(self, raw):
        """The error expected at a raw spread."""
        if self.calibration_spread is None:
            return raw
        points, errors = self.calibration_spread, self.calibration_error
        beyond = errors[-1] * (raw / points[-1])
        return np.where(raw > points[-1], beyond, np.interp(raw, points, errors))

    @staticmethod
    def _rows(features):
        rows, usable = usable_rows(features)
        if not usable.all():
            raise MLGrainError(f"row {int(np.argmin(usable))} has a feature that is not finite")
        return rows

    @staticmethod
    def _walk(tree, rows):
        threshold, feature, child, _ = tree
        inner = feature < rows.shape[1]
        at = np.zeros(len(rows), np.int64)
        active = np.arange(len(rows)) if inner[0] else np.empty(0, np.int64)
        while len(active):
            node = at[active]
            node = child[node] + (rows[active, feature[node]] > threshold[node])
            at[active] = node
            active = active[inner[node]]
        return at

    # ---- Files

    def save(self, path):
        container.write(path, *self._content())

    def _content(self):
        """(tensors, metadata) of a file."""
        tensors = {"nodes": self.nodes, "tree_start": self.tree_start, "values": self.values}
        for name in ("calibration_spread", "calibration_error", "novelty_mean", "novelty_cholesky",
                     "importance"):
            if getattr(self, name) is not None:
                tensors[name] = np.asarray(getattr(self, name), np.float64)
        for name, default in (("base", 0.0), ("scale", 1.0), ("novelty_limit", None)):
            if getattr(self, name) != default:
                tensors[name] = np.array([getattr(self, name)], np.float64)
        if self.feature_range is not None:
            tensors["feature_range"] = np.asarray(self.feature_range, np.float32)
        metadata = dict(self.metadata, **FORMAT, kind=self.KIND, features=json_text(self.features),
                        aggregation=self.aggregation, target=self.target)
        return tensors, {**metadata, **self._own_metadata()}

    def _own_metadata(self):
        return {}

    @staticmethod
    def _shape_of_values(_reader):
        return (None,)

    @classmethod
    def load(cls, path):
        reader = Reader(path)
        if reader.kind != cls.KIND:
            raise MLGrainError(f"{path} is a {reader.kind}, not a {cls.KIND}")
        return cls.from_reader(reader)

    @classmethod
    def from_reader(cls, reader):
        count = len(reader.features)
        for key in ("target", "aggregation"):
            reader.check(key in reader.metadata, f"metadata {key!r} is missing")
        aggregation = reader.metadata["aggregation"]
        reader.check(aggregation in ("mean", "sum"),
                     f"metadata 'aggregation' is {aggregation!r}, not 'mean' or 'sum'")
        wide = "nodes" in reader.tensors and reader.tensors["nodes"].ndim == 2
        nodes = reader.tensor("nodes", "<u8", (None, 2) if wide else (None,))
        result = cls(reader.features, nodes, reader.tensor("tree_start", "<u8", (None,)),
                     reader.tensor("values", "<f8", cls._shape_of_values(reader)), aggregation,
                     reader.metadata["target"], metadata=reader.metadata,
                     feature_range=reader.feature_range(),
                     importance=reader.tensor("importance", "<f8", (count,), needed=False))
        for name in ("base", "scale"):
            value = reader.tensor(name, "<f8", (1,), needed=False)
            if value is not None:
                setattr(result, name, float(value[0]))
        result._read_calibration(reader)
        result.novelty_mean, result.novelty_cholesky, result.novelty_limit = reader.novelty()
        result._check_nodes(reader, wide)
        return result

    def _read_calibration(self, reader):
        spread = reader.tensor("calibration_spread", "<f8", (None,), needed=False)
        error = reader.tensor("calibration_error", "<f8", (None,), needed=spread is not None)
        if spread is None:
            reader.check(error is None, "tensor 'calibration_error' is there without its spreads")
            return
        reader.check(self.aggregation == "mean", "a sum of trees has no spread to calibrate")
        reader.check(len(spread) == len(error) and len(spread) >= 2,
                     "the calibration needs two points or more, as many errors as spreads")
        reader.check(spread[0] >= 0 and np.all(np.diff(spread) > 0) and np.all(error >= 0),
                     "calibration spreads must increase from 0 or more, errors be 0 or more")
        self.calibration_spread, self.calibration_error = spread, error

    def _check_nodes(self, reader, wide):
        starts, count = self.tree_start, len(self.features)
        reader.check(len(starts) >= 2, "there is no tree")
        reader.check(wide or count <= 31, f"narrow nodes serve 31 features, not {count}")
        reader.check(len(self.values) < 1 << 32, "there are 2^32 or more leaf values")
        sizes = np.diff(starts)
        reader.check(starts[0] == 0 and int(starts[-1]) == len(self.nodes)
                     and np.all(starts[1:] > starts[:-1]) and not np.any(sizes % np.uint64(2)),
                     "tree_start must increase by even numbers from 0 to the number of nodes")
        for index in range(self.trees):
            problem = self._problem_of_tree(index)
            reader.check(problem is None, f"tree {index} has {problem}")

    def _problem_of_tree(self, index):
        threshold, feature, child, place = self.tree(index)
        count = len(self.features)
        own = np.arange(len(child))
        inner = feature < count
        leaf = ~inner
        if np.any(feature > count):
            return "a feature that is not there"
        if np.any(child[leaf] != own[leaf]):
            return "a leaf that is not its own child"
        if np.any(place[leaf] >= len(self.values)):
            return "a leaf value that is not there"
        if inner[1] or place[1] != 0:
            return "a node 1, which is not used, that is not a leaf of value 0"
        if not np.all(np.isfinite(threshold[inner])):
            return "a threshold that is not finite"
        down = child[inner]
        if np.any(down % 2) or np.any(down <= own[inner]) or np.any(down >= len(child)):
            return "children that are not a pair after their parent"
        parents = np.bincount(down // 2, minlength=len(child) // 2)
        if np.any(parents[1:] != 1):
            return "a pair of nodes without exactly one parent"
        return None
