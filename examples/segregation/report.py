#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py TEMPERATURE SOLUTE ...: tables and pictures of what run.sh left in the current folder, as
report.md and *.png."""

from __future__ import annotations

import pathlib
import sys

import numpy as np

from mlgrain import load_model, plots
from mlgrain.models.measures import measures
from mlgrain.segregation import isotherm, sites
from mlgrain.segregation.spectrum import KJ_PER_MOL, SkewNormal, group_rows, spectrum
from mlgrain.tables import Table
from mlgrain.tables.dumps import read_frame

# alpha, mu and sigma in kJ/mol by Wagih, Larsen and Schuh (2020) for the same potentials
KNOWN = {"Ag": SkewNormal(-1.5, 4, 17), "Au": SkewNormal(-0.8, -4, 16), "Ni": SkewNormal(3.5, 0, 4)}
TEMPERATURES = np.arange(200, 1301, 50)
CONTENTS = [1e-4, 1e-3, 1e-2]
GROUPS = {"class": ["class"], "coordination": ["coordination"], "boundary": ["grain", "other"]}
FEWEST = 30  # sites of a group


def of_test_sites(solute, table):
    """(true energies, predicted ones, spreads) in kJ/mol of sites that the model hasn't seen, and how many more
    of these have a flag."""
    test = sites.read_sites(f"{solute}_test.txt")
    seen = sites.read_sites(f"{solute}_chosen.txt").column("id")
    test = test.rows(~np.isin(test.column("id"), seen))
    good = np.isfinite(test.column("energy")) & (test.column("flag") < 2)
    test = test.rows(good)
    together = sites.with_descriptors(test, table)
    return (KJ_PER_MOL * together.column("energy"), KJ_PER_MOL * together.column("prediction"),
            KJ_PER_MOL * together.column("spread"), np.count_nonzero(~good))


def learned(solute, table):
    """A row of the table of models; draws the parity plot."""
    truth, prediction, spread, flagged = of_test_sites(solute, table)
    values = measures(truth, prediction)
    model = load_model(f"Cu_{solute}.safetensors")
    ratio = np.sqrt(np.mean(((prediction - truth) / spread) ** 2))
    plots.parity(truth, prediction, "segregation energy (kJ/mol)", f"parity_{solute}",
                 f"{solute} in copper: sites that the model hasn't seen",
                 f"mean error {values['mae']:.2f}\nR² {values['r2']:.4f}\n{len(truth)} sites")
    return (f"| {solute} | {model.metadata['training_rows']} | {len(truth)} | {flagged} | {values['mae']:.2f} | "
            f"{values['rmse']:.2f} | {values['r2']:.4f} | {ratio:.2f} |")


def spectra(solute, table):
    """Rows of the table of spectra; draws spectrum and isotherm."""
    site = table.column("site") == 1
    energies = KJ_PER_MOL * table.column("prediction")[site]
    found = spectrum(energies)
    plots.segregation_spectrum(energies, found.fit, _groups(table, site, energies, "class"),
                               f"spectrum_{solute}", "kJ/mol", "class", f"{solute} in copper")
    lines = isotherm.table(energies / KJ_PER_MOL, TEMPERATURES, CONTENTS)
    plots.segregation_isotherm(lines, f"isotherm_{solute}", f"{solute} in copper, beside a crystal of a "
                               "given content")
    rows = [_spectrum_row(solute, "all sites, here", found.mean, found.deviation, found.fit,
                          f"{100 * found.favorable:.0f} %")]
    if solute in KNOWN:
        known = KNOWN[solute]
        rows.append(_spectrum_row(solute, "Wagih et al.", known.mean(), known.deviation(), known, ""))
    return rows


def _groups(table, site, energies, by):
    """{name: energies} of the groups with so many sites; without order, a pair of grains is a boundary."""
    columns = np.column_stack([table.column(name)[site] for name in GROUPS[by]])
    groups = group_rows(columns if len(GROUPS[by]) > 1 else columns[:, 0])
    return {"-".join(f"{one:g}" for one in np.atleast_1d(key)): energies[rows]
            for key, rows in groups.items() if len(rows) >= FEWEST}


def grouped(solute, table):
    """Rows of the table of groups; draws them."""
    site = table.column("site") == 1
    energies = KJ_PER_MOL * table.column("prediction")[site]
    rows = []
    for by in GROUPS:
        groups = _groups(table, site, energies, by)
        if not groups:  # few sites, or no two grains
            continue
        plots.segregation_groups(groups, f"{by}_{solute}", "kJ/mol", by, f"{solute} in copper")
        means = {name: some.mean() for name, some in groups.items()}
        lowest, highest = min(means, key=means.get), max(means, key=means.get)
        every = np.concatenate(list(groups.values()))
        within = sum(len(some) * some.var() for some in groups.values()) / len(every)
        rows.append(f"| {solute} | {by} | {len(groups)} | {means[lowest]:.1f} ({lowest}) | "
                    f"{means[highest]:.1f} ({highest}) | {100 * (1 - within / every.var()):.0f} % |")
    return rows


def _spectrum_row(solute, what, mean, deviation, fit, favorable):
    return (f"| {solute} | {what} | {mean:.1f} | {deviation:.1f} | {fit.alpha:.2f} | {fit.mu:.1f} | "
            f"{fit.sigma:.1f} | {favorable} |")


def exchanged(solute, table, temperature):
    """A row of the table of contents by Monte Carlo; draws the occupation of sites."""
    _, columns = read_frame(f"exchange_{solute}.dump")
    order = np.argsort(table.column("id"))
    at = order[np.searchsorted(table.column("id")[order], columns["id"])]
    share = columns["f_mean"]
    site = table.column("site")[at] == 1
    energies = table.column("prediction")[at][site]
    crystal, boundary = share[~site].mean(), share[site].mean()
    expected = isotherm.boundary_content(energies, temperature, crystal)
    draw_occupation(solute, energies, share[site], temperature, crystal)
    return (f"| {solute} | {share.mean():.4f} | {crystal:.5f} | {boundary:.4f} | {expected:.4f} | "
            f"{boundary / expected:.2f} |")


def draw_occupation(solute, energies, share, temperature, crystal):
    """Mean occupation of sites of about the same energy, beside McLean's."""
    figure, axes = plots.plt.subplots(figsize=(6.5, 4.4), layout="constrained")
    order = np.argsort(energies)
    bins = np.array_split(order, max(8, min(40, len(order) // 50)))
    x = np.linspace(energies.min(), energies.max(), 300)
    axes.plot(KJ_PER_MOL * x, isotherm.occupation(x, temperature, crystal), color="black",
              label="one energy for each site, 0 K")
    axes.errorbar([KJ_PER_MOL * energies[some].mean() for some in bins],
                  [share[some].mean() for some in bins],
                  [share[some].std() / np.sqrt(len(some)) for some in bins], fmt="o", markersize=4,
                  color=plots.ONE, label=f"Monte Carlo, {temperature:g} K")
    axes.set(xlabel="predicted segregation energy (kJ/mol)", ylabel="share of the time with a solute",
             title=f"{solute} in copper")
    axes.legend(frameon=False)
    plots.save(figure, f"occupation_{solute}")


def main():
    temperature, solutes = float(sys.argv[1]), sys.argv[2:]
    tables = {solute: Table.load(f"{solute}.npz") for solute in solutes}
    first = tables[solutes[0]]
    site = first.column("site") == 1
    lines = ["# Segregation in a polycrystal of copper", "",
             f"{len(first)} atoms, of which {np.count_nonzero(site)} ({100 * site.mean():.1f} %) are "
             "sites of boundaries: not fcc. Energies in kJ/mol, below 0 where the solute prefers the "
             "boundary.", "",
             "## Energies learned from some sites", "",
             "Ridge regression of the 19 descriptors; the last column is the rms of errors over their "
             "predicted spread. Sites with a flag of the command segregation are in none of these figures.", "",
             "| solute | sites learned from | others | more with a flag | mean error | rmse | R² | "
             "error/spread |",
             "|---|---|---|---|---|---|---|---|"]
    lines += [learned(solute, tables[solute]) for solute in solutes]
    lines += ["", *[f"![{solute}](parity_{solute}.png)" for solute in solutes], "", "## Spectra", "",
              "| solute | | mean | deviation | α | μ | σ | sites below 0 |",
              "|---|---|---|---|---|---|---|---|"]
    for solute in solutes:
        lines += spectra(solute, tables[solute])
    lines += ["", *[f"![{solute}](spectrum_{solute}.png)" for solute in solutes], "",
              "## By class of environment, coordination and boundary", "",
              f"Groups of {FEWEST} sites or more. Classes are those of `Cu_gb6`, coordination counts atoms "
              "within 3.1 Å, boundaries are pairs of grains. The last column is the share of the variance of the "
              "energies that is between the groups.", "",
              "| solute | by | groups | lowest mean | highest mean | between groups |",
              "|---|---|---|---|---|---|"]
    for solute in solutes:
        lines += grouped(solute, tables[solute])
    lines += ["", *[f"![{solute}]({by}_{solute}.png)" for solute in solutes for by in GROUPS
                    if pathlib.Path(f"{by}_{solute}.png").exists()], "",
              "## Isotherms", "",
              *[f"![{solute}](isotherm_{solute}.png)" for solute in solutes]]
    mixed = [solute for solute in solutes if pathlib.Path(f"exchange_{solute}.dump").exists()]
    if mixed:
        lines += ["", f"## Beside Monte Carlo at {temperature:g} K", "",
                  "Contents of the crystal and of the boundary sites by fix sgcmc, and the isotherm's for "
                  "the same crystal.", "", "| solute | whole | crystal | boundary | isotherm | ratio |",
                  "|---|---|---|---|---|---|"]
        lines += [exchanged(solute, tables[solute], temperature) for solute in mixed]
        lines += ["", *[f"![{solute}](occupation_{solute}.png)" for solute in mixed]]
    pathlib.Path("report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
