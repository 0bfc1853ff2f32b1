# SPDX-License-Identifier: GPL-2.0-or-later
"""libmlgrain's models from Python, by ctypes, for tests and benchmarks. The library is
libmlgrain.so in the folder MLGRAIN_BUILD_DIR."""
import ctypes
import os

import numpy as np

library = ctypes.CDLL(os.path.join(os.environ["MLGRAIN_BUILD_DIR"], "libmlgrain.so"))
POINTER, SIZE = ctypes.c_void_p, ctypes.c_size_t
for function in ("mlgrain_model_free", "mlgrain_forest_free", "mlgrain_gmm_free",
                 "mlgrain_forest_workspace_free"):
    getattr(library, function).argtypes = [POINTER]
library.mlgrain_gmm_classes.argtypes = [POINTER]


def check(status, error):
    if status:
        raise RuntimeError(error.value.decode())


def double_rows(x):
    return np.ascontiguousarray(x, dtype=np.float64)


class Model:
    """A model file, and the forest or mixture made of it."""

    def __init__(self, path, kind):
        self.error = ctypes.create_string_buffer(512)
        self.model, self.made, self.kind = POINTER(), POINTER(), kind
        check(library.mlgrain_model_open(os.fsencode(path), ctypes.byref(self.model), self.error),
              self.error)
        level = library.mlgrain_simd_best()
        create = getattr(library, f"mlgrain_{kind}_create")
        check(create(self.model, level, ctypes.byref(self.made), self.error), self.error)

    def close(self):
        getattr(library, f"mlgrain_{self.kind}_free")(self.made)
        library.mlgrain_model_free(self.model)


class Forest(Model):
    class Output(ctypes.Structure):
        _fields_ = [("prediction", POINTER), ("spread", POINTER), ("novelty", POINTER),
                    ("flags", POINTER), ("raw_spread", ctypes.c_int), ("probability", POINTER)]

    def __init__(self, path, classes=0):
        super().__init__(path, "forest")
        self.classes = classes
        self.workspace = POINTER()
        check(library.mlgrain_forest_workspace_create(ctypes.byref(self.workspace), self.error),
              self.error)

    def close(self):
        library.mlgrain_forest_workspace_free(self.workspace)
        super().close()

    def predict(self, x, raw_spread=False):
        """prediction, spread, novelty, flags of each row, and the probabilities of a classifier"""
        x = double_rows(x)
        result = [np.empty(len(x)) for _ in range(3)] + [np.empty(len(x), dtype=np.uint8)]
        probability = np.empty((len(x), self.classes))
        output = self.Output(*(array.ctypes.data for array in result), int(raw_spread),
                             probability.ctypes.data if self.classes else None)
        check(library.mlgrain_forest_predict(self.made, self.workspace, SIZE(len(x)),
                                             POINTER(x.ctypes.data), SIZE(x.shape[1]),
                                             ctypes.byref(output), self.error), self.error)
        return [*result, probability] if self.classes else result

    def apply(self, x, trees):
        """numbers of the leaves, [rows][trees]"""
        x = double_rows(x)
        leaf = np.empty((len(x), trees), dtype=np.uint64)
        check(library.mlgrain_forest_apply(self.made, SIZE(len(x)), POINTER(x.ctypes.data),
                                           SIZE(x.shape[1]), POINTER(leaf.ctypes.data),
                                           self.error), self.error)
        return leaf


class Mixture(Model):
    class Output(ctypes.Structure):
        _fields_ = [("class_index", POINTER), ("log_likelihood", POINTER),
                    ("responsibility", POINTER), ("flags", POINTER)]

    def __init__(self, path):
        super().__init__(path, "gmm")
        self.classes = library.mlgrain_gmm_classes(self.made)

    def predict(self, x):
        """class, log-likelihood, responsibilities, flags of each row"""
        x = double_rows(x)
        result = [np.empty(len(x), dtype=np.intc), np.empty(len(x)),
                  np.empty((len(x), self.classes)), np.empty(len(x), dtype=np.uint8)]
        output = self.Output(*(array.ctypes.data for array in result))
        check(library.mlgrain_gmm_predict(self.made, SIZE(len(x)), POINTER(x.ctypes.data),
                                          SIZE(x.shape[1]), ctypes.byref(output), self.error),
              self.error)
        return result
