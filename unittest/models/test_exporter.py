# SPDX-License-Identifier: GPL-2.0-or-later
"""test_exporter.py [LMP]: files that the Python package writes, read by the package itself, by the
core and by LAMMPS: the same leaf of every tree as scikit-learn's for every row, the same predictions
to 1e-12, and the same spread, novelty, flags, classes, probabilities and likelihoods. Without LMP the
rows are random numbers and LAMMPS is left out. Exit status 77 (skipped) without scikit-learn."""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor,
                                  GradientBoostingRegressor, HistGradientBoostingRegressor,
                                  RandomForestClassifier, RandomForestRegressor)
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

import mlgrain_core
from mlgrain import load_model
from mlgrain.models import classes, ridge, training
from mlgrain.models.importers import forest_from_ensemble, from_estimator
from mlgrain.models.modelfile import json_text
from mlgrain.models.trees import traversal_numbers

NAMES = [f"P{order}_I{i}" for order, count in enumerate((1, 1, 3, 5, 9)) for i in range(count)]
METADATA = {"unit_style": "metal",
            "descriptor": json_text({"style": "sfd/atom", "sigma": 0.909, "rcut": 5.904})}
ATOMS = """units metal
lattice fcc 3.615
region box block 0 7 0 6 0 6
create_box 1 box
create_atoms 1 box
mass 1 63.546
displace_atoms all random 0.35 0.35 0.35 {seed}
pair_style zero 5.5
pair_coeff * *
comm_modify cutoff 8.0
compute s all sfd/atom 0.909 5.904
"""
# Beside scikit-learn's random forest, which `train` below makes.
ESTIMATORS = {
    "extra": ExtraTreesRegressor(15, random_state=2),
    "boosted": GradientBoostingRegressor(n_estimators=40, random_state=3),
    "histogram": HistGradientBoostingRegressor(max_iter=20, random_state=4),
    "pipeline": make_pipeline(StandardScaler(), MinMaxScaler(),
                              RandomForestRegressor(15, random_state=5)),
}
# The shares of rows below the bounds of their classes, and the estimator.
CLASSIFIERS = {
    "two": ([0.9], RandomForestClassifier(15, random_state=6)),
    "five": ([0.5, 0.7, 0.9, 0.97], make_pipeline(RobustScaler(), ExtraTreesClassifier(
        15, max_depth=7, class_weight="balanced", random_state=7))),
}


def lammps(lmp, folder, lines):
    """Runs input lines; returns the dump that they must write, without the IDs, ordered by them."""
    dump = os.path.join(folder, "dump")
    path = os.path.join(folder, "in")
    with open(path, "w") as file:
        file.write(lines.replace("DUMP", dump))
    done = subprocess.run([lmp, "-in", path, "-log", "none", "-nocite"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return np.loadtxt(dump, skiprows=9)[:, 1:]


def dump_line(columns):
    return (f"dump 1 all custom 1 DUMP id {columns}\n"
            "dump_modify 1 sort id format float %.17g\nrun 0\n")


def descriptors(lmp, folder, seed):
    if lmp is None:
        return np.random.default_rng(seed).normal(size=(1000, len(NAMES)))
    return lammps(lmp, folder, ATOMS.format(seed=seed) + dump_line("c_s[*]"))


def target_of(rows, seed):
    noise = np.random.default_rng(seed).normal(size=len(rows))
    scaled = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-9)
    return -0.3 + 0.01 * (scaled[:, 0] + scaled[:, 2] * scaled[:, 5] + 0.2 * noise)


def write_models(folder, rows):
    """name -> (path, estimator), of forests, and of classifiers; the mixture's path and estimator."""
    target, made = target_of(rows, 1), {}
    table = training_table(rows, target)
    forest, estimator, _, _ = training.train(table, NAMES, "energy_density",
                                             RandomForestRegressor(30, random_state=1), 1,
                                             metadata=METADATA)
    made["random"] = (forest, estimator)
    for name, estimator in ESTIMATORS.items():
        estimator.fit(single(rows), target)
        forest = forest_from_ensemble(from_estimator(estimator), NAMES, target="energy_density",
                                      metadata=METADATA)
        made[name] = (forest, estimator)
    told = {}
    for name, (bounds, estimator) in CLASSIFIERS.items():
        label = np.searchsorted(np.quantile(target, bounds), target)
        estimator.fit(single(rows), np.array(["bulk", "strained", "core", "other", "odd"])[label])
        told[name] = (forest_from_ensemble(from_estimator(estimator), NAMES, target="structure",
                                           metadata=METADATA), estimator)
    for models in (made, told):
        for name, (forest, estimator) in models.items():
            path = os.path.join(folder, name + ".safetensors")
            forest.save(path)
            models[name] = (path, estimator)
    mixture, fitted = classes.fit(rows, NAMES, 3, seed=2, regularization=1e-3, metadata=METADATA)
    path = os.path.join(folder, "mixture.safetensors")
    mixture.save(path)
    return made, told, (path, fitted)


def single(rows):
    """The numbers rounded to float32, in double precision, in which scalers are to work."""
    return rows.astype(np.float32).astype(np.float64)


def training_table(rows, target):
    from mlgrain.tables import Table
    return Table([*NAMES, "energy_density"], np.column_stack([rows, target]))


def largest_difference(found, wanted):
    return np.max(np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted)))


def near(what, found, wanted, tolerance=1e-12):
    difference = largest_difference(found, wanted)
    assert difference <= tolerance, f"{what} differ by {difference}"
    return difference


def check_leaves(name, estimator, package, core, rows):
    """scikit-learn's leaves, where it tells them, in the numbers that the file gives them."""
    ours = core.apply(rows, package.trees)
    assert np.array_equal(ours, package.leaves(rows)), f"{name}: leaves differ from the package's"
    if not hasattr(estimator, "apply"):
        return
    theirs = estimator.apply(rows.astype(np.float32)).astype(int).reshape(len(rows), -1)
    for t, tree in enumerate(from_estimator(estimator).trees):
        number, _ = traversal_numbers(tree)
        assert np.array_equal(number[theirs[:, t]], ours[:, t]), f"{name}: leaves of tree {t} differ"


def check_core(name, path, estimator, rows):
    package, core = load_model(path), mlgrain_core.Forest(path)
    check_leaves(name, estimator, package, core, rows)
    prediction, spread, novelty, flags = core.predict(rows)
    difference = near(f"{name}: predictions of the core and scikit-learn", prediction,
                      estimator.predict(single(rows)))
    wanted = package.predict(rows)
    near(f"{name}: predictions of the core and the package", prediction, wanted[0])
    near(f"{name}: spreads", spread, wanted[1])
    near(f"{name}: novelties", novelty, package.novelty(rows), 1e-10)
    limit = package.novelty_limit or np.inf
    assert np.array_equal(flags, 2 * package.outside(rows) + 4 * (novelty > limit)), f"{name}: flags"
    core.close()
    print(f"{name}: {len(rows)} rows, {package.trees} trees: the same leaves, predictions to "
          f"{difference:.1e}")


def check_classifier(name, path, estimator, rows):
    """Classes and probabilities, to the last bit."""
    package = load_model(path)
    core = mlgrain_core.Forest(path, len(package.classes))
    check_leaves(name, estimator, package, core, rows)
    label, uncertainty, _, flags, probability = core.predict(rows)
    assert np.array_equal(probability, estimator.predict_proba(single(rows))), f"{name}: core"
    assert np.array_equal(probability, package.probabilities(rows)), f"{name}: package"
    assert np.array_equal(estimator.classes_[label.astype(int) - 1], estimator.predict(single(rows)))
    wanted = package.predict(rows)
    assert np.array_equal(label - 1, wanted[0]) and np.array_equal(uncertainty, wanted[1])
    assert not flags.any()
    core.close()
    print(f"{name}: {len(rows)} rows, {len(package.classes)} classes: the same probabilities")


def check_classifier_in_lammps(name, path, estimator, rows, found):
    package = load_model(path)
    probability = estimator.predict_proba(single(rows))
    assert np.array_equal(found[:, 4:], probability), f"{name}: probabilities in LAMMPS"
    assert np.array_equal(estimator.classes_[found[:, 0].astype(int) - 1],
                          estimator.predict(single(rows))), f"{name}: classes in LAMMPS"
    assert np.array_equal(found[:, 1], package.predict(rows)[1]), f"{name}: uncertainty in LAMMPS"
    assert not found[:, 2:4].any(), f"{name}: novelty or flags in LAMMPS"
    print(f"{name}: {len(rows)} atoms in LAMMPS, the same probabilities")


def check_lammps(lmp, folder, forests, classifiers, mixture, estimator, seed):
    """All models in one run, for atoms that they haven't been trained with."""
    columns, lines = "c_s[*] c_g[*]", f"compute g all gmm/atom {mixture} c_s[*]\n"
    for name, (path, _) in {**forests, **classifiers}.items():
        lines += f"fix {name} all forest/atom 1 {path} c_s[*]\n"
        columns += f" f_{name}[*]"
    values = lammps(lmp, folder, ATOMS.format(seed=seed) + lines + dump_line(columns))
    count = len(NAMES)
    rows, values = values[:, :count], values[:, count:]
    scaled = load_model(mixture).scaled(rows)
    assert np.array_equal(values[:, 0], estimator.predict(scaled) + 1), "classes in LAMMPS differ"
    near("log-likelihoods in LAMMPS", values[:, 1], estimator.score_samples(scaled), 1e-9)
    near("responsibilities in LAMMPS", values[:, 2:5], estimator.predict_proba(scaled), 1e-9)
    for i, (name, (path, estimator)) in enumerate(forests.items()):
        found, package = values[:, 5 + 4 * i:9 + 4 * i], load_model(path)
        difference = near(f"{name}: predictions in LAMMPS", found[:, 0],
                          estimator.predict(single(rows)))
        near(f"{name}: spreads in LAMMPS", found[:, 1], package.predict(rows)[1])
        near(f"{name}: novelties in LAMMPS", found[:, 2], package.novelty(rows), 1e-10)
        flags = 2 * package.outside(rows) + \
            4 * (package.novelty(rows) > (package.novelty_limit or np.inf))
        assert np.array_equal(found[:, 3], flags), f"{name}: flags in LAMMPS"
        print(f"{name}: {len(rows)} atoms in LAMMPS, predictions to {difference:.1e}")
    begin = 5 + 4 * len(forests)
    for name, (path, estimator) in classifiers.items():
        columns = 4 + len(estimator.classes_)
        check_classifier_in_lammps(name, path, estimator, rows, values[:, begin:begin + columns])
        begin += columns


def write_linear(folder, rows):
    """Paths of linear models of both degrees, trained on some of the rows."""
    paths = []
    for degree in (1, 2):
        model, _ = ridge.fit(rows[:300], target_of(rows, 1)[:300], NAMES, degree, metadata=METADATA)
        paths.append(os.path.join(folder, f"linear{degree}.safetensors"))
        model.save(paths[-1])
    return paths


def check_linear(lmp, folder, paths, seed):
    """In LAMMPS, per atom and of the mean descriptors, for atoms they haven't been trained with."""
    lines = "compute mean all reduce ave c_s[*]\n"
    columns = "c_s[*]"
    for k, path in enumerate(paths):
        lines += (f"compute l{k} all linear/atom {path} c_s[*]\n"
                  f"compute m{k} all linear/atom {path} c_mean[*] mode global\n"
                  f"variable p{k} equal c_m{k}[1]\nvariable s{k} equal c_m{k}[2]\n"
                  f"variable mp{k} atom v_p{k}\nvariable ms{k} atom v_s{k}\n")
        columns += f" c_l{k}[*] v_mp{k} v_ms{k}"
    values = lammps(lmp, folder, ATOMS.format(seed=seed) + lines + dump_line(columns))
    rows = values[:, :len(NAMES)]
    for k, path in enumerate(paths):
        found, package = values[:, len(NAMES) + 6 * k:][:, :6], load_model(path)
        prediction, spread = package.predict(rows)
        difference = near(f"linear {k}: predictions in LAMMPS", found[:, 0], prediction, 1e-9)
        near(f"linear {k}: spreads in LAMMPS", found[:, 1], spread, 1e-9)
        near(f"linear {k}: novelties in LAMMPS", found[:, 2], package.novelty(rows), 1e-10)
        flags = 2 * package.outside(rows) + 4 * (package.novelty(rows) > package.novelty_limit)
        assert np.array_equal(found[:, 3], flags), f"linear {k}: flags in LAMMPS"
        assert flags.any() and not flags.all()
        of_mean = np.array(package.predict(rows.mean(axis=0))).ravel()
        near(f"linear {k}: of the means", found[0, 4:], of_mean, 1e-9)
        print(f"linear model of degree {package.degree}: {len(rows)} atoms in LAMMPS, predictions to "
              f"{difference:.1e}")


def check_mixture(path, fitted, rows):
    core = mlgrain_core.Mixture(path)
    index, likelihood, responsibility, _ = core.predict(rows)
    scaled = load_model(path).scaled(rows)
    assert np.array_equal(index, fitted.predict(scaled)), "classes differ"
    near("log-likelihoods", likelihood, fitted.score_samples(scaled), 1e-9)
    near("responsibilities", responsibility, fitted.predict_proba(scaled), 1e-9)
    core.close()
    print(f"mixture: {len(rows)} rows, {len(fitted.weights_)} classes: the same classes")


def main():
    lmp = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        rows, unseen = descriptors(lmp, folder, 4711), descriptors(lmp, folder, 815)
        forests, classifiers, (mixture, fitted) = write_models(folder, rows)
        for name, (path, estimator) in forests.items():
            check_core(name, path, estimator, np.concatenate([rows, unseen]).astype(
                np.float32 if name == "histogram" else np.float64))
        for name, (path, estimator) in classifiers.items():
            check_classifier(name, path, estimator, np.concatenate([rows, unseen]))
        check_mixture(mixture, fitted, unseen)
        if lmp is not None:
            check_lammps(lmp, folder, forests, classifiers, mixture, fitted, 99)
            check_linear(lmp, folder, write_linear(folder, rows), 99)


main()
