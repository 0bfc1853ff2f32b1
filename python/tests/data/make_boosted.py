# SPDX-License-Identifier: GPL-2.0-or-later
"""Made the files of this folder, which test_onnx.py reads: small models of XGBoost and LightGBM as
onnxmltools converts them, with rows and the libraries' own predictions. Needs xgboost, lightgbm and
onnxmltools (and packaging, which the latter forgets to ask for)."""

import lightgbm
import numpy as np
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

generator = np.random.default_rng(7)
features = generator.normal(size=(600, 6)).astype(np.float32)
target = features[:, 0] ** 2 + 0.5 * features[:, 1] + 0.05 * generator.normal(size=600) + 3
common = {"n_estimators": 8, "max_depth": 4, "n_jobs": 1, "random_state": 0}
made = {
    "xgboost": (xgboost.XGBRegressor(**common), onnxmltools.convert_xgboost),
    "xgboost_forest": (xgboost.XGBRFRegressor(**common), onnxmltools.convert_xgboost),
    "lightgbm": (lightgbm.LGBMRegressor(verbose=-1, **common), onnxmltools.convert_lightgbm),
}
results = {"features": features[:200]}
for name, (model, convert) in made.items():
    model.fit(features, target)
    onnx = convert(model, initial_types=[("X", FloatTensorType([None, 6]))])
    with open(f"{name}.onnx", "wb") as file:
        file.write(onnx.SerializeToString())
    results[name] = np.asarray(model.predict(features[:200]), float)
np.savez_compressed("boosted.npz", **results)
