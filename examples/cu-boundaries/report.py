#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage 5 of the study: report.md from results.json, each number beside that of the paper. In the
folder of the study."""

import os

from study import AXES, by_tilt, read_csv, results

PAPER = "Mishra et al."
SETUPS = {"paper": "setup of the paper", "sums": "the same with sums per area", "trees": "best trees",
          "linear": "linear models"}


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(word) for word in line) + " |" for line in lines) + "\n"


def picture(name, text):
    return f"![{text}]({name}.png)\n" if os.path.exists(name + ".png") else ""


def span(values, form):
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def gbe_summary(setup, title):
    axes = [axis for axis in AXES if "r2" in setup["random"].get(axis, {})
            and "r2" in setup["nested"].get(axis, {})]
    rows = [[f"energy of boundaries, {title}, all axes: R2", "0.97",
             f"{setup['random']['combined']['r2']:.3f}", f"{setup['nested']['combined']['r2']:.3f}"]]
    if axes:
        rows.append(["each axis: R2", "> 0.91",
                     span([setup["random"][axis]["r2"] for axis in axes], "{:.3f}"),
                     span([setup["nested"][axis]["r2"] for axis in axes], "{:.3f}")])
    return rows


def summary(found):
    """The numbers that the paper gives, and ours."""
    rows = []
    if "stage4" in found:
        compared = found["stage4"]["compared"]
        same, new = compared["atoms curated"], compared["boundaries tilts"]
        rows += [["energy density, training rows: R2", "0.999", f"{same['train']['r2']:.5f}",
                  f"{new['train']['r2']:.5f}"],
                 ["rmse (eV/A^3)", "0.0002", f"{same['train']['rmse']:.5f}",
                  f"{new['train']['rmse']:.5f}"],
                 ["energy density, unseen atoms: R2", "0.998", f"{same['test']['r2']:.4f}",
                  f"{new['test']['r2']:.4f}"],
                 ["rmse (eV/A^3)", "0.0004 to 0.0005", f"{same['test']['rmse']:.5f}",
                  f"{new['test']['rmse']:.5f}"]]
    if "stage3" in found:
        for name, title in SETUPS.items():
            rows += gbe_summary(found["stage3"][name], title)
    lines = found.get("nanocrystals", [])
    if lines:
        for model, name in (("large", "fully grown forest"), ("shipped", "shipped one")):
            rows += [[f"nanocrystals, {name}: mean energy density, error", "within 2 to 3 %", "",
                      span([n[model + "_mean_percent"] for n in lines], "{:+.3f}") + " %"],
                     ["atoms within 3 %", "", "",
                      span([n[model + "_within_3_percent"] for n in lines], "{:.2f}") + " %"],
                     ["energy of their boundaries, error", "", "",
                      span([n[model + "_energy_percent"] for n in lines], "{:+.1f}") + " %"]]
    return ("\n" + table(["", PAPER, "as in the paper: unseen atoms or configurations, but of "
                          "boundaries that training had", "unseen boundaries"], rows)
            + "\nSee below for what is what.\n") if rows else ""


def database(lines):
    rows = []
    for axis in [*AXES, "all"]:
        some = lines if axis == "all" else [n for n in by_tilt(lines) if n["axis"] == axis]
        if some:
            rows.append([f"<{axis}>" if axis != "all" else axis, len({n["family"] for n in some}),
                         len(some), sum(int(n["atoms"]) for n in some),
                         f"{min(float(n['energy']) for n in some):.0f} to "
                         f"{max(float(n['energy']) for n in some):.0f}"])
    return ("## 1. The database\n\n"
            + table(["tilt axis", "boundaries", "configurations", "atoms", "energies (mJ/m^2)"], rows)
            + "\nSome boundaries are tilts about two axes, and count once in the last line.\n\n"
            + picture("gbe", "Energy against misorientation"))


def classes(stage):
    near = [[f"{n['from']} to {n['to']}", n["boundary_percent"]] for n in stage["shells"][:8]]
    scores = [[n["classes"], f"{n['davies_bouldin']:.3f}", f"{n['calinski_harabasz']:.0f}"]
              for n in stage["scores"]]
    keys = ["class", "percent_of_region", "distance", "energy_density", "P0_I0", "P1_I0", "P2_I0",
            "P2_I1", "P2_I2", "P3_I0", "P3_I4", "P4_I1", "P4_I6"]
    means = [[n[key] for key in keys] for n in stage["means"]]
    return (f"## 2. Classes of atoms\n\nThe mixture of two classes puts {stage['boundary_percent']:.1f} "
            "% of all atoms into the boundaries:\n\n"
            + table(["distance from the plane (Angstrom)", "in the boundary's class (%)"], near)
            + "\nHow many classes of boundary atoms:\n\n"
            + table(["classes", "Davies-Bouldin (small is good)",
                     "Calinski-Harabasz (large is good)"], scores)
            + f"\nBy both together {stage['best']} is best; six are taken, as in the paper. Means of "
            "each class over the boundaries' atoms (distance from the plane in Angstrom, energy "
            "density in eV/A^3; all descriptors in class_means.csv):\n\n" + table(keys, means) + "\n"
            + "".join(picture(name.removesuffix(".png"), "Class map") for name in stage["maps"])
            + picture("choice", "Number of classes") + picture("classes", "Six classes"))


def three(values):
    return [values["rows"], f"{values['r2']:.3f}", f"{values['rmse']:.1f}"] \
        if values and "r2" in values else ["", "", ""]


def chosen_words(choice):
    region = choice["region"] if choice["region"] == "mixture" else f"{choice['region']:g} Angstrom"
    kind = {"linear": "linear", "linear and extra": "linear, then extra trees"}.get(
        choice["kind"], f"{choice['kind']} trees, {choice['max_features']:g} of the features at each "
        "split")
    return f"atoms: {region}; features: {choice['set']}; {kind}"


def boundaries_of(setup, title):
    rows = []
    for axis in ["combined", "without twin", *AXES]:
        row = [axis if axis not in AXES else f"<{axis}>"]
        for key in ("random", "unseen", "nested"):
            row += three(setup[key].get(axis))
        for key in ("tilt_by_tilt_random", "tilt_by_tilt_unseen"):
            row.append(f"{setup[key][axis]['r2']:.3f}" if "r2" in setup[key].get(axis, {}) else "")
        row.append({"combined": "0.97", "without twin": ""}.get(axis, "> 0.91"))
        rows.append(row)
    head = ["", "random fifth: n", "R2", "rmse", "unseen families: n", "R2", "rmse", "nested: n", "R2",
            "rmse", "one axis, random: R2", "one axis, unseen: R2", PAPER + ": R2"]
    return (f"\n{title[0].upper() + title[1:]} ({chosen_words(setup['choice'])}):\n\n"
            + table(head, rows))


def curve_of(lines):
    counts = sorted({n["families"] for n in lines})
    rmse = {(n["setup"], n["families"]): n["rmse"] for n in lines}
    return table(["boundaries", *(f"rmse, {title}" for title in SETUPS.values())],
                 [[count, *(f"{rmse[name, count]:.1f}" if (name, count) in rmse else ""
                            for name in SETUPS)] for count in counts])


def boundaries(stage):
    importance = ", ".join(f"{name} {100 * value:.0f} %" for name, value in stage["importance"][:6])
    return ("## 3. Energies of boundaries\n\n"
            f"{stage['configurations']} configurations of {stage['families']} boundaries, of which "
            f"{stage['unseen_families']} were set aside. Atoms, features and models are chosen by "
            "cross-validation of the others (gbe_choices.csv), but for the setup of the paper. rmse in "
            "mJ/m^2.\n"
            + "".join(boundaries_of(stage[name], title) for name, title in SETUPS.items())
            + "\n*random fifth*: of the configurations; metastable states of one boundary may be on "
            "both sides. *unseen families*: no boundary on both sides. *nested*: "
            "cross-validation over all boundaries, with the choices made anew without those that are "
            "predicted. *without twin*: all but the coherent twin, whose energy no other comes near. "
            "*one axis*: a model for each axis. Models of sums and slabs have one more training row, the "
            "perfect crystal, whose energy is zero.\n\n"
            "Learning curves, unseen boundaries (the choices above):\n\n" + curve_of(stage["curve"])
            + f"\nImportances, best trees: {importance}.\n\n"
            + "".join(picture(f"parity-gbe-{name}-nested", f"Nested cross-validation, {title}")
                      for name, title in SETUPS.items())
            + picture("gbe-curve", "Learning curves")
            + picture("importance-gbe", "Importances"))


def density(stage):
    rows = []
    names = {"boundaries": "of unseen boundaries", "atoms": "not drawn, of the same boundaries"}
    hows = {"random": "random", "curated": "curated", "tilts": "curated, per axis",
            "tilts boosted": "the same, boosted trees"}
    for split, name in names.items():
        for how, words in hows.items():
            n = stage["compared"].get(f"{split} {how}")
            if n:
                rows.append([name, words, n["train_rows"], n["test_rows"],
                             f"{n['train']['r2']:.4f}", f"{n['train']['rmse']:.5f}",
                             f"{n['test']['r2']:.4f}", f"{n['test']['rmse']:.5f}",
                             f"{n['test_boundary']['rmse']:.5f}"])
    rows.append([PAPER, "", 200000, "", "0.999", "0.0002", "0.998", "0.0004 to 0.0005", ""])
    curve = [[n["families"], n["rows"], f"{n['r2']:.4f}", f"{n['rmse']:.5f}"] for n in stage["curves"]]
    models = stage["models"]
    sizes = models["megabytes"]
    shipped = []
    for name, key, file in (("fully grown", "large", "Cu_eden_large.safetensors"),
                            ("the same with snapshots", "grown", None),
                            ("shipped", "shipped", "Cu_eden.safetensors")):
        for part, values in models.get(key, {}).items():
            shipped.append([name, f"{sizes[file]:.1f}" if file else "", part, f"{values['r2']:.4f}",
                            f"{values['rmse']:.5f}"])
    return ("## 4. Energy density of atoms\n\n"
            f"{stage['atoms']} atoms; standard deviation {stage['deviation']:.5f} eV/A^3. Forests of "
            "30 trees; rmse in eV/A^3.\n\n"
            + table(["unseen atoms", "sample", "rows", "unseen", "R2 train", "rmse", "R2 unseen", "rmse",
                     "rmse in boundaries"], rows)
            + "\nLearning curve, atoms of unseen boundaries:\n\n"
            + table(["boundaries", "rows", "R2", "rmse"], curve)
            + "\nModel files, of seen boundaries; the shipped one has learnt from snapshots at 300 K "
            "too:\n\n" + table(["model", "MB", "atoms", "R2", "rmse"], shipped) + "\n"
            + picture("parity-density-boundaries", "Unseen boundaries")
            + picture("density-curve", "Learning curves")
            + picture("importance-density", "Importances"))


def nanocrystals(lines):
    if not lines:
        return ""
    text = "### Nanocrystals\n\nPredicted in LAMMPS by `fix forest/atom`"
    for model, name in (("large", "the fully grown forest"), ("shipped", "the shipped one")):
        rows = [[f"{n['edge_nm']:.1f}", n["grains"], n["atoms"], f"{n['force_rms']:.3f}",
                 f"{n['boundary_atoms_percent']:.0f}",
                 f"{n['mean']:.5f}", f"{n[model + '_mean_percent']:+.3f}",
                 f"{n['boundary_energy']:.0f}", f"{n[model + '_energy_percent']:+.2f}",
                 f"{n[model + '_rmse']:.5f}", f"{n[model + '_r2']:.4f}",
                 f"{n[model + '_rmse_boundary']:.5f}", f"{n[model + '_within_2_percent']:.1f}",
                 f"{n[model + '_within_3_percent']:.2f}"] for n in lines]
        text += f"\n\nby {name}:\n\n" + table(
            ["edge (nm)", "grains", "atoms", "rms force left (eV/Angstrom)", "in boundaries (%)",
             "mean (eV/A^3)", "its error (%)", "boundary energy (mJ/m^2)", "its error (%)", "rmse", "R2",
             "rmse in boundaries",
             "atoms within 2 %", "within 3 %"], rows)
    return (text + f"\n{PAPER}: errors within 2 to 3 %. Boundary energies are (sum of energy density "
            "times volume of the atom's cell - n E_crystal)/area, with the area of the tessellation.\n\n"
            + picture("parity-nanocrystals", "Atoms of nanocrystals")
            + "".join(picture(name, "A slice") for name in sorted(
                f.removesuffix(".png") for f in os.listdir(".")
                if f.startswith("slice-") and f.endswith(".png"))))


def main():
    found = results()
    lines = [line for line in read_csv("table.csv") if line["status"] == "ok"]
    parts = ["# Grain boundaries in copper: results\n" + summary(found), database(lines)]
    for key, write in (("stage2", classes), ("stage3", boundaries), ("stage4", density),
                       ("nanocrystals", nanocrystals)):
        if key in found:
            parts.append(write(found[key]))
    with open("report.md", "w") as file:
        file.write("\n".join(parts))
    print("  report.md")


if __name__ == "__main__":
    main()
