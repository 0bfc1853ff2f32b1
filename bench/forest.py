# SPDX-License-Identifier: GPL-2.0-or-later
"""forest.py train ROWS.DUMP: trains a random forest of 100 fully grown trees with TRAINING_ROWS rows
of the first TRAINING_FRAMES frames and writes forest.joblib and forest.safetensors, if they aren't
there already; and a classifier that tells in which of four intervals the energy density is, as
classifier.joblib and classifier.safetensors. forest.py compare ROWS.DUMP: microseconds per row to
predict with them on one core, of libmlgrain, scikit-learn, ONNX Runtime and Treelite in one process, for
the last ROWS rows.

CPU time, best of the repeats; all are limited to one thread. An ONNX file can't be larger than 2 GB, and
100 such trees are: ONNX Runtime gets the first ten trees, and so does libmlgrain beside it. Treelite's
interpreter takes rows one by one, so that fewer rows serve as well. (Its compiler would have to compile
12 million leaves.)"""
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unittest/models"))
import model_writer
from mlgrain_core import Forest

TREES, FEW_TREES, FEW_ROWS = 100, 10, 50_000
FRAMES, TRAINING, ROWS = (int(os.environ[name])
                          for name in ("TRAINING_FRAMES", "TRAINING_ROWS", "ROWS"))
NAMES = [f"P{order}_I{i}" for order, count in enumerate((1, 1, 3, 5, 9)) for i in range(count)]
SHARES = (0.5, 0.8, 0.95)  # of the rows below the bounds of the classes
METADATA = {"unit_style": "metal", "units": "eV/A^3", "target": "energy density",
            "descriptor": json.dumps({"style": "sfd/atom", "sigma": 0.909, "rcut": 5.904})}


def read_dump(path):
    """Frames of a LAMMPS dump, each [atoms][columns]; kept as rows.npy."""
    if os.path.exists("rows.npy") and os.path.getmtime("rows.npy") > os.path.getmtime(path):
        return np.load("rows.npy")
    frames = []
    with open(path) as file:
        while header := [file.readline() for _ in range(9)]:
            if not header[0]:
                break
            frames.append(np.loadtxt(file, max_rows=int(header[3])))
    np.save("rows.npy", np.stack(frames))
    return np.stack(frames)


def train(rows):
    chosen = np.random.default_rng(1).choice(len(rows), TRAINING, replace=False)
    features, energy = rows[chosen, 1:], rows[chosen, 0]
    if not os.path.exists("forest.joblib"):
        fit("forest", RandomForestRegressor(max_features=1 / 3), features, energy)
    if not os.path.exists("classifier.joblib"):
        label = np.searchsorted(np.quantile(energy, SHARES), energy)
        names = json.dumps([f"class {k}" for k in range(len(SHARES) + 1)])
        fit("classifier", RandomForestClassifier(max_features=1 / 3), features, label,
            kind="forest_classifier", classes=names)


def fit(name, forest, features, target, **metadata):
    forest.set_params(n_estimators=TREES, random_state=1, n_jobs=-1, verbose=1)
    forest.fit(features, target)
    write_model(f"{name}.safetensors", model_writer.trees_of(forest), **metadata)
    forest.verbose = 0
    joblib.dump(forest, f"{name}.part")
    os.replace(f"{name}.part", f"{name}.joblib")


def write_model(path, trees, **metadata):
    model_writer.write_safetensors(path, model_writer.tree_tensors(trees, len(NAMES)),
                                   model_writer.forest_metadata(NAMES, **{**METADATA, **metadata}))


def onnx_session(trees, features):
    """The trees as an ONNX TreeEnsembleRegressor."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper
    counts = [tree.node_count for tree in trees]
    leaf = [tree.children_left < 0 for tree in trees]

    def join(arrays):
        return np.concatenate(list(arrays))

    def where(arrays):
        return join(np.where(is_leaf, 0, array) for is_leaf, array in zip(leaf, arrays)).tolist()

    ids = np.repeat(np.arange(len(trees)), counts)
    places = join(np.arange(count) for count in counts)
    leaves = join(leaf)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1,
        aggregate_function="AVERAGE", nodes_treeids=ids.tolist(), nodes_nodeids=places.tolist(),
        nodes_featureids=where(tree.feature for tree in trees),
        nodes_values=where(model_writer.float32_not_above(tree.threshold) for tree in trees),
        nodes_modes=np.where(leaves, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_truenodeids=where(tree.children_left for tree in trees),
        nodes_falsenodeids=where(tree.children_right for tree in trees),
        target_ids=[0] * int(leaves.sum()), target_treeids=ids[leaves].tolist(),
        target_nodeids=places[leaves].tolist(),
        target_weights=join(tree.value[:, 0, 0] for tree in trees)[leaves].tolist())
    graph = helper.make_graph(
        [node], "forest", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])])
    model = helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def best_time(function, rows, repeats):
    """Microseconds of CPU time per row, and the predictions."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append((time.process_time() - start) / rows * 1e6)
    return min(times), np.ravel(result)


def compare(name, own, trees, x, peer, peer_rows):
    """A line of the table: libmlgrain and the peer one after the other."""
    own_time, own_result = best_time(lambda: own.predict(x)[-1 if own.classes else 0], len(x), 2)
    peer_time, peer_result = best_time(peer, peer_rows, 1)
    difference = np.max(np.abs(peer_result - own_result[:len(peer_result)]))
    print(f"| {name} | {trees} | {peer_time:.2f} | {own_time:.2f} | {peer_time / own_time:.1f} | "
          f"{1e3 * own_time / trees:.1f} | {difference:.1e} |", flush=True)


def main():
    what, path = sys.argv[1:]
    if what == "train" and os.path.exists("forest.joblib") and os.path.exists("classifier.joblib"):
        return
    frames = read_dump(path)
    if what == "train":
        train(frames[:FRAMES].reshape(-1, frames.shape[2]))
    else:
        compare_all(np.ascontiguousarray(frames[FRAMES:].reshape(-1, frames.shape[2])[-ROWS:, 1:]))


def compare_all(x):
    forest = joblib.load("forest.joblib")
    trees = model_writer.trees_of(forest)
    write_model("few.safetensors", trees[:FEW_TREES])

    start = time.perf_counter()
    own = Forest("forest.safetensors")
    duration = time.perf_counter() - start
    nodes = os.path.getsize("forest.safetensors") / 8e6
    print(f"{len(trees)} trees of {np.mean([tree.n_leaves for tree in trees]):.0f} leaves, {len(x)} "
          f"rows; the model (about {nodes:.0f} million nodes) opened in {duration:.2f} s\n")
    print("| program | trees | us/row | libmlgrain, us/row | ratio | ns/row/tree | differ by |")
    print("|---|---|---|---|---|---|---|", flush=True)
    forest.n_jobs = 1
    part = x[:FEW_ROWS].astype(np.float32).astype(float)  # Treelite itself doesn't round
    compare("scikit-learn", own, TREES, x, lambda: forest.predict(x), len(x))
    try:
        import treelite
        model = treelite.sklearn.import_model(forest)
        compare(f"Treelite {treelite.__version__}, GTIL", own, TREES, x,
                lambda: treelite.gtil.predict(model, part, nthread=1), len(part))
        del model
    except ImportError as missing:
        print("left out:", missing)
    try:
        import onnxruntime
        few, x32 = Forest("few.safetensors"), x.astype(np.float32)
        session = onnx_session(trees[:FEW_TREES], len(NAMES))
        compare(f"ONNX Runtime {onnxruntime.__version__}", few, FEW_TREES, x,
                lambda: session.run(None, {"x": x32})[0], len(x))
    except ImportError as missing:
        print("left out:", missing)
    del forest, trees
    classifier = joblib.load("classifier.joblib")
    classifier.n_jobs = 1
    own = Forest("classifier.safetensors", len(classifier.classes_))
    compare(f"scikit-learn, probabilities of {len(classifier.classes_)} classes", own, TREES, x,
            lambda: classifier.predict_proba(x), len(x))


main()
