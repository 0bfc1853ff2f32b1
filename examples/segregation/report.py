#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py TEMPERATURE SOLUTE ...: tables and pictures of what run.sh left in the current folder, as
report.md and *.png."""

from __future__ import annotations

import json
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


def learned(solute, name, table):
    """A row of the table of models, and what the parity plot needs."""
    truth, prediction, spread, flagged = of_test_sites(solute, table)
    values = measures(truth, prediction)
    model = load_model(f"Cu_{name}.safetensors")
    left_out = json.loads(model.metadata["errors"])["leave_one_out"]["rmse"]
    ratio = np.sqrt(np.mean(((prediction - truth) / spread) ** 2))
    return (f"| {solute} | {len(model.features)} {'SOAP' if model.features[0] == 'soap_1' else 'SFD'} | "
            f"{model.metadata['training_rows']} | {KJ_PER_MOL * left_out:.2f} | {len(truth)} | {flagged} | "
            f"{values['mae']:.2f} | {values['rmse']:.2f} | {values['r2']:.4f} | {ratio:.2f} |",
            truth, prediction, values)


def models(solute, table):
    """Rows of the table of models: that of the descriptors with the least leave-one-out error, and that of the
    19 SFDs; draws the first."""
    row, truth, prediction, values = learned(solute, solute, table)
    plots.parity(truth, prediction, "segregation energy (kJ/mol)", f"parity_{solute}",
                 f"{solute} in copper: sites that the model hasn't seen",
                 f"mean error {values['mae']:.2f}\nR² {values['r2']:.4f}\n{len(truth)} sites")
    plain = learned(solute, f"{solute}_sfd", Table.load(f"{solute}_sfd.npz"))[0]
    return [row] if row == plain else [row, plain]


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


def contents(solute):
    """{name: (mean, its standard error, drift)} of what fix ave/time wrote, in the second half of the run: by
    means of eight blocks, which also tell the second quarter from the first."""
    steps = np.loadtxt(f"contents_{solute}.txt")
    blocks = np.array([block.mean(axis=0) for block in np.array_split(steps[len(steps) // 2:], 8)])
    drift = blocks[4:].mean(axis=0) - blocks[:4].mean(axis=0)
    error = blocks.std(axis=0, ddof=1) / np.sqrt(8)
    return {name: (blocks[:, k].mean(), error[k], drift[k])
            for k, name in enumerate(("whole", "crystal", "boundary"), 1)}


def exchanged(solute, table, temperature):
    """Rows of the table of contents by Monte Carlo; draws the occupation of sites."""
    _, columns = read_frame(f"exchange_{solute}.dump")
    order = np.argsort(table.column("id"))
    at = order[np.searchsorted(table.column("id")[order], columns["id"])]
    share, energies = columns["share"], table.column("prediction")[at]
    site, stays = table.column("site")[at] == 1, columns["site"] == 1
    found = contents(solute)
    crystal = found["crystal"][0]
    slope, offset = draw_occupation(solute, energies[site], share[site], temperature, crystal)

    def row(what, value, error, drift, expected):
        return (f"| {solute} | {what} | {value:.4f} | {error} | {drift} | {expected:.4f} | "
                f"{value / expected:.2f} |")

    def average(what, some):
        return row(what, share[some].mean(), "", "",
                   isotherm.boundary_content(energies[some], temperature, crystal))

    value, error, drift = found["boundary"]
    of_crystal = found["crystal"]
    return [f"| {solute} | the crystal | {crystal:.4f} | {of_crystal[1]:.4f} | {of_crystal[2]:.4f} | | |",
            row("boundary", value, f"{error:.4f}", f"{drift:.4f}",
                isotherm.boundary_content(energies[site], temperature, crystal)),
            average("sites that stay", site & stays), average("fcc near a boundary", ~site),
            row("boundary, with free energies", value, "", "", isotherm.boundary_content(
                offset + slope * energies[site], temperature, crystal))], (
                    f"{solute}: {np.count_nonzero(site)} sites, of which {np.count_nonzero(site & ~stays)} are "
                    f"fcc in the end, and {np.count_nonzero(~site & stays)} others are boundary then. The free "
                    "energy of segregation at this temperature, by the occupation of sites of like energy, is "
                    f"{slope:.2f} E {KJ_PER_MOL * offset:+.2f} kJ/mol.")


def draw_occupation(solute, energies, share, temperature, crystal):
    """Mean occupation of sites of about the same energy, beside McLean's; (slope, offset in eV) of the free
    energies that give these."""
    figure, axes = plots.plt.subplots(figsize=(6.5, 4.4), layout="constrained")
    order = np.argsort(energies)
    bins = np.array_split(order, max(8, min(40, len(order) // 50)))
    mean = np.array([energies[some].mean() for some in bins])
    taken = np.array([share[some].mean() for some in bins])
    slope, offset = free_energies(mean, taken, temperature, crystal)
    x = np.linspace(energies.min(), energies.max(), 300)
    axes.plot(KJ_PER_MOL * x, isotherm.occupation(x, temperature, crystal), color="black",
              label="one energy for each site, 0 K")
    axes.plot(KJ_PER_MOL * x, isotherm.occupation(offset + slope * x, temperature, crystal), color="black",
              linestyle="--", label=f"free energy {slope:.2f} E {KJ_PER_MOL * offset:+.2f}")
    errors = [share[some].std() / np.sqrt(len(some)) for some in bins]
    axes.errorbar(KJ_PER_MOL * mean, taken, errors, fmt="o", markersize=4, color=plots.ONE,
                  label=f"Monte Carlo, {temperature:g} K")
    axes.set(xlabel="predicted segregation energy (kJ/mol)", ylabel="share of the time with a solute",
             title=f"{solute} in copper")
    axes.legend(frameon=False)
    plots.save(figure, f"occupation_{solute}")
    return slope, offset


def free_energies(energies, taken, temperature, crystal):
    """(slope, offset) of the line through the free energies at which sites of these energies are taken that
    often, weighed as their errors ask for."""
    good = (taken > 0) & (taken < 1)
    energies, taken = energies[good], taken[good]
    free = np.array([isotherm.effective_energy(temperature, crystal, one) for one in taken])
    slope, offset = np.polyfit(energies, free, 1, w=np.sqrt(taken * (1 - taken)))
    return float(slope), float(offset)


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
             "Ridge regression of the descriptors, SOAP or SFD, that have the least leave-one-out error on the sites "
             "learned from, and of the 19 SFDs beside it; the last column is the rms of errors over their "
             "predicted spread. Sites with a flag of the command segregation are in none of these figures.", "",
             "| solute | descriptors | sites learned from | leave-one-out rmse | others | more with a flag | "
             "mean error | rmse | R² | error/spread |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for solute in solutes:
        lines += models(solute, tables[solute])
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
                  "Contents by fix sgcmc in the second half of the run (mean, standard error by eight blocks, last "
                  "quarter less the one before), and the isotherm's for the same crystal: atoms with no boundary "
                  "site within the reach of the potential.", "",
                  "| solute | of | content | error | drift | isotherm | ratio |",
                  "|---|---|---|---|---|---|---|"]
        said = []
        for solute in mixed:
            rows, words = exchanged(solute, tables[solute], temperature)
            lines += rows
            said += ["", words]
        lines += [*said, "", *[f"![{solute}](occupation_{solute}.png)" for solute in mixed]]
    pathlib.Path("report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
