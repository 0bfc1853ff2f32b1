#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py SOLUTE: a table and a picture of what run.sh left in the current folder, as report.md and
sites.png."""

from __future__ import annotations

import re
import sys

import numpy as np

from mlgrain import plots
from mlgrain.models.measures import measures
from mlgrain.segregation import sites
from mlgrain.segregation.spectrum import KJ_PER_MOL
from mlgrain.tables.dumps import read_frame

NUMBER = r"(-?[\d.]+(?:e[-+]?\d+)?)"


def energies():
    """(of the reference, of the potential) in kJ/mol, at the sites that have no flag with either; and how many
    have one."""
    both = [sites.read_sites(f"sites_{name}.txt") for name in ("eam", "mtp")]
    if np.any(both[0].column("id") != both[1].column("id")):
        raise SystemExit("the tables have other sites")
    good = (both[0].column("flag") < 2) & (both[1].column("flag") < 2)
    return [KJ_PER_MOL * table.column("energy")[good] for table in both], np.count_nonzero(~good)


def crystal(name):
    """Energy of the exchange in the crystal, eV."""
    with open(f"sites_{name}.txt", encoding="utf-8") as file:
        return float(re.search(r"# in the crystal " + NUMBER, file.read()).group(1))


def rows_of(log):
    """Numbers of the lines of thermo output that a log has, run by run."""
    runs, inside = [], False
    with open(log, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words and words[0] == "Step":
                runs.append([])
                inside = True
            elif line.startswith("Loop time"):
                inside = False
            elif inside and re.fullmatch(NUMBER, words[0] if words else ""):
                runs[-1].append([float(word) for word in words])
    return runs


def main():
    solute = sys.argv[1]
    (truth, found), flagged = energies()
    values = measures(truth, found)
    plots.parity(truth, found, "segregation energy (kJ/mol)", "sites",
                 f"{solute} in copper: moment tensor potential beside its reference",
                 f"mean error {values['mae']:.2f}\nR² {values['r2']:.3f}\n{len(truth)} sites")
    exchange = rows_of("exchange.log")
    accepted, rejected = exchange[0][-1][-2:]
    ended, again = exchange[1][0][1], exchange[2][0][1]
    by = {atomic: read_frame(f"types_{atomic}.dump")[1]["type"] for atomic in ("yes", "no")}
    lines = [
        f"# A moment tensor potential of copper and {solute}", "", "| | |", "|---|---|",
        f"| sites compared, and with a flag | {len(truth)}, {flagged} |",
        f"| energies of segregation, kJ/mol: mean, deviation by the reference | {truth.mean():.2f}, "
        f"{truth.std():.2f} |",
        f"| by the potential | {found.mean():.2f}, {found.std():.2f} |",
        f"| mean error, rmse, R² | {values['mae']:.2f}, {values['rmse']:.2f}, {values['r2']:.3f} |",
        f"| energy of the exchange in the crystal, eV: reference, potential | {crystal('eam'):.4f}, "
        f"{crystal('mtp'):.4f} |",
        f"| exchanges with molecular dynamics: accepted, tried | {accepted:.0f}, {accepted + rejected:.0f} |",
        f"| energy after these, and of a new run, eV | {ended:.8f}, {again:.8f} |",
        f"| exchanges of atoms held, by single atoms and by the whole: other atoms are solute | "
        f"{np.count_nonzero(by['yes'] != by['no'])} of {len(by['no'])} |", "", "![sites](sites.png)"]
    with open("report.md", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
