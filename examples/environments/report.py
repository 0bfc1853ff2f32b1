#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py: report.md, from the files that the other steps have written."""

import csv

import numpy as np

from mlgrain.environments import load_environments
from mlgrain.tables import Table

# Rosenbrock et al., npj Comput. Mater. 3, 29 (2017), Table I: LER of 388 nickel boundaries.
PAPER = {"energy (1 - rmse/mean)": "0.885 +- 0.009", "random draws": "0.704",
         "mobility, three classes": "0.743", "shear coupling": "0.614"}
LINEAR = {"ridge": "ridge", "ridge-unscaled": "ridge, unscaled", "extra": "extra trees",
          "boosted": "boosted trees", "": ""}
TABLES = {"SFD": "sfd", "ASR, small vector": "asr_small", "ASR": "asr", "LER": "ler"}


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main():
    learned, counts, environments = read("learn.csv"), read("counts.csv"), read("environments.csv")
    seconds = {line["table"]: float(line["seconds"]) for line in read("seconds.csv")}
    library, ler = load_environments("cu.safetensors"), Table.load("ler.npz")
    p, length = library.parameters, np.linalg.norm(library.vectors[0])
    atoms, energy = int(ler.column("atoms").sum()), ler.column("energy")
    out = [
        "# Environments of copper tilt boundaries", "",
        f"{len(ler)} relaxed configurations of symmetric tilt boundaries about <100>, <110>, <111> and <112> "
        f"(examples/cu-boundaries), the {atoms} atoms within 8 Angstrom of one boundary of each cell. Energies "
        f"are {energy.min():.0f} to {energy.max():.0f}, on average {energy.mean():.0f} +- {energy.std():.0f} "
        "mJ/m^2.", "",
        f"Vectors: {p['basis']} {p['rcut']:g} {p['nmax']} {p['lmax']} {p['sigma']:g}, "
        f"{library.vectors.shape[1]} numbers; the small ones quippy 5.0 8 6 0.5, 253. Epsilon is "
        f"{library.epsilon / length:.3g} of the crystal's length: {len(library)} unique environments, chosen "
        f"from {len(library.coreset[0])} members of coresets.", "",
        "## Energies of unseen boundaries", "",
        "No family of boundaries is on both sides of a division. R2 and rmse (mJ/m^2) are those of ten folds; "
        "accuracy is 1 - rmse/mean of random halves, as in the paper's Table I. Seconds: of one core for the "
        "features of all configurations, reading files included, and for one fit.", "",
        "| features | numbers | model | R2 | rmse | accuracy | s, features | s, fit |",
        "|---|--:|---|--:|--:|--:|--:|--:|"]
    for line in learned:
        table = TABLES.get(line["features"])
        cost = seconds[table] + (seconds["library"] if table == "ler" else 0) if table else None
        out.append(f"| {line['features']} | {line['count']} | {LINEAR[line['model']]} | "
                   f"{float(line['r2']):.3f} | {float(line['rmse']):.1f} | {float(line['accuracy']):.3f} +- "
                   f"{float(line['accuracy_spread']):.3f} | {'' if cost is None else f'{cost:.1f}'} | "
                   f"{float(line['fit_seconds']):.2f} |")
    out += ["", "![Parity of the best](parity.png)", "",
            "Beside Table I of Rosenbrock et al. (another metal, other boundaries, so that only the order of "
            "magnitude can be compared):", "",
            "| | paper, 388 Ni boundaries, LER | here, LER, boosted trees |", "|---|--:|--:|"]
    boosted = next(n for n in learned if n["features"] == "LER" and n["model"] == "boosted")
    guess = learned[-1]
    here = {"energy (1 - rmse/mean)": f"{float(boosted['accuracy']):.3f} +- "
            f"{float(boosted['accuracy_spread']):.3f}",
            "random draws": f"{1 - np.sqrt(2) * energy.std() / energy.mean():.3f}"}
    out += [f"| {key} | {value} | {here.get(key, '')} |" for key, value in PAPER.items()]
    out += ["", f"The mean of the training rows alone has {float(guess['accuracy']):.3f}. With the paper's own "
            "LER, our commands reproduce its accuracies (doc/python.md, Forests).", "",
            "## How many environments there are", "", "![Against epsilon](epsilon.png)", "",
            "![Against the number of boundaries](counts.png)", "",
            "| epsilon | configurations | environments |", "|--:|--:|--:|"]
    out += [f"| {float(n['epsilon']):.3f} | {n['boundaries']} | {float(n['environments']):.1f} +- "
            f"{float(n['spread']):.1f} |" for n in counts]
    environments.sort(key=lambda line: -float(line["importance"]))
    total = sum(int(line["atoms"]) for line in environments)
    out += ["", "## The environments that matter", "",
            "Importances of a forest (extra trees) of all configurations; distance to the crystal in parts of "
            "its length.", "", "![Where they sit](important.png)", "",
            "| environment | importance | share of atoms | from the crystal | comes from |",
            "|--:|--:|--:|--:|---|"]
    for line in environments[:12]:
        words = line["file"].split("/")
        place = f"{'/'.join(words[-2:])}, atom {line['atom']}" if line["atom"] else line["file"]
        out.append(f"| {line['class']} | {float(line['importance']):.3f} | "
                   f"{100 * int(line['atoms']) / total:.2f} % | {float(line['from_seed']) / length:.3f} | "
                   f"{place} |")
    with open("report.md", "w") as file:
        file.write("\n".join(out) + "\n")
    print("report.md")


if __name__ == "__main__":
    main()
