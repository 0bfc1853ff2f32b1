# SPDX-License-Identifier: GPL-2.0-or-later
"""Generalized stacking faults: whole curves, without and with tension across the plane.

V. Vitek, Philos. Mag. 18, 773 (1968); that tension shows artifacts of potentials, J. J. Moeller
et al., Acta Mater. 148, 257 (2018). """

from __future__ import annotations

import numpy as np

from ...boundaries.bicrystal import cross, primitive
from ..cells import between_planes, oriented, repeats
from .common import SURFACE, Property, Row, curve

THICKNESS = 24.0  # Angstrom, across the plane
TENSION = (0.05, 0.10)
# Name, direction of slip, normal, parts of the period along the slip at which energies are
# computed.
PLANES = {"fcc": [("111", (1, 1, -2), (1, 1, 1), np.arange(0, 25) / 24)],
          "bcc": [("110", (1, -1, -1), (0, -1, 1), np.arange(0, 21) / 20),
                  ("112", (1, -1, -1), (2, 1, 1), np.arange(0, 21) / 20)]}
NAMES = {"111": "{111}<112>", "110": "{110}<111>", "112": "{112}<111>"}


def rows(lattice):
    if lattice == "fcc":
        return [Row("fault_stable", "stacking fault {111}", "mJ/m²", "fault"),
                Row("fault_unstable", "unstable fault {111}<112>", "mJ/m²", "fault")]
    return [Row(f"fault_{name}", f"fault {NAMES[name]}, peak", "mJ/m²", "fault")
            for name, *_ in PLANES["bcc"]]


def fault_energies(session, crystal, slip, normal, parts, tension=0.0):
    """Excess energies (mJ/m^2) after slips by parts of the period. Atoms and, without tension, the
    height of the cell relax along the normal."""
    directions = (slip, normal, primitive(cross(slip, normal)))
    counts = repeats(crystal.lattice, crystal.a, directions, (0, THICKNESS, 0))
    cell, positions = oriented(crystal.lattice, crystal.a, directions, counts)
    positions = between_planes(cell, positions, 1)
    stretch = np.diag([1.0, 1.0 + tension, 1.0])
    cell, positions = cell @ stretch, positions @ stretch
    energies = []
    for part in parts:
        tilted = cell.copy()
        # The nearer of two equal tilts.
        tilted[1, 0] = (part - round(part)) * cell[0, 0]
        session.put(tilted, positions)
        session.do("fix plane all setforce 0.0 NULL 0.0")
        energies.append(session.relax("y" if tension == 0.0 else None))
        session.do("unfix plane")
    return [SURFACE * (one - energies[0]) / (cell[0, 0] * cell[2, 2]) for one in energies]


def peak(parts, energies):
    """The highest energy, by a parabola through the highest point and its neighbors."""
    k = int(np.clip(np.argmax(energies), 1, len(energies) - 2))
    x = parts[k - 1:k + 2] - parts[k]
    second, first, _ = np.polyfit(x, energies[k - 1:k + 2], 2)
    if second >= 0:
        return energies[k]
    top = -0.5 * first / second
    # By Lagrange's form, in which error bars follow.
    return sum(energies[k - 1 + i] * float(np.prod([(top - x[j]) / (x[i] - x[j])
                                                    for j in range(3) if j != i]))
               for i in range(3))


def _fcc_way(energies):
    """From either end of the period: the one that leads over the stacking fault, not the stacking
    of like on like, to a third of it."""
    third = (len(energies) - 1) // 3
    return energies if energies[third] < energies[2 * third] else energies[::-1]


def _values(lattice, name, parts, energies):
    if lattice == "bcc":
        return {f"fault_{name}": peak(parts, energies)}
    third = (len(parts) - 1) // 3
    return {"fault_stable": energies[third],
            "fault_unstable": peak(parts[:third + 1], energies[:third + 1])}


def run(session, crystal):
    values, curves = {}, []
    for name, slip, normal, parts in PLANES[crystal.lattice]:
        energies = fault_energies(session, crystal, slip, normal, parts)
        if crystal.lattice == "fcc":
            energies = _fcc_way(energies)
        values.update(_values(crystal.lattice, name, parts, energies))
        curves.append(curve(f"fault_{name}", f"Stacking fault {NAMES[name]}",
                            f"slip / {_period(name)}", "energy (mJ/m²)", "fault",
                            [["", parts, energies]]))
    return values, curves


def _period(name):
    return "(a/2)<112>" if name == "111" else "b"


FAULTS = Property(
    "faults", "Stacking faults", "quick", 1,
    "Cells of at least 24 Å across the plane with one fault at the face of the cell, made by its "
    "tilt; atoms and the cell's height relax along the normal only. Whole periods: fcc {111}<112> "
    "at 25 slips, of which a third is the stacking fault and two thirds like stacked on like; bcc "
    "{110}<111> and {112}<111> at 21. Peaks by a parabola through three points ({112} is not "
    "symmetric).",
    rows, run)


def tension_rows(lattice):
    return [Row(f"fault_{name}_{100 * tension:.0f}", f"fault {NAMES[name]}, peak at "
                f"{100 * tension:.0f} % tension", "mJ/m²", "fault")
            for name, *_ in PLANES[lattice] for tension in TENSION]


def run_tension(session, crystal):
    values, curves = {}, []
    for name, slip, normal, parts in PLANES[crystal.lattice]:
        lines = []
        for tension in TENSION:
            energies = fault_energies(session, crystal, slip, normal, parts, tension)
            if crystal.lattice == "fcc":
                energies = _fcc_way(energies)
            last = (len(parts) - 1) // 3 + 1 if crystal.lattice == "fcc" else len(parts)
            values[f"fault_{name}_{100 * tension:.0f}"] = peak(parts[:last], energies[:last])
            lines.append([f"{100 * tension:.0f} %", parts, energies])
        curves.append(curve(f"tension_{name}", f"Stacking fault {NAMES[name]} under tension",
                            f"slip / {_period(name)}", "energy (mJ/m²)", "fault", lines))
    return values, curves


TENSION_FAULTS = Property(
    "faults_tension", "Stacking faults under tension", "full", 1,
    "The same curves in cells stretched by 5 and 10 % along the normal, whose height is held; "
    "energies over that of the stretched crystal. A minimum that is there only under tension is an "
    "artifact of many classical potentials (Möller et al. 2018).",
    tension_rows, run_tension)
