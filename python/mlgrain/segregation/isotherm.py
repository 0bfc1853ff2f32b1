# SPDX-License-Identifier: GPL-2.0-or-later
"""How much solute is on the sites of a spectrum: the isotherm without interaction between solutes.

A site of energy E is taken by solute with the probability (D. McLean, Grain Boundaries in Metals, 1957)

    X(E) = [1 + (1 - X_c)/X_c exp(E/kT)]^-1

where X_c is the content of the crystal; X_gb is the mean over the sites (C. L. White, W. A. Coghlan, Metall.
Trans. A 8 (1977) 1403), and in a closed system with the fraction f of all sites in boundaries

    X_total = (1 - f) X_c + f X_gb.

Energies in eV, temperatures in K, contents as fractions of sites. Valid where solutes are too few to meet.
"""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from .spectrum import finite

BOLTZMANN = 8.617333262e-5  # eV/K; CODATA 2018
STEPS = 200  # of bisection, which ends when doubles do


def occupation(energies, temperature, content):
    """X of each site, beside a crystal of this content."""
    _check(temperature, content)
    from scipy.special import expit, logit

    return expit(logit(content) - np.asarray(energies, np.float64) / (BOLTZMANN * temperature))


def boundary_content(energies, temperature, content):
    """X_gb beside a crystal of content X_c."""
    return float(np.mean(occupation(finite(energies), temperature, content)))


def closed_system(energies, temperature, total, fraction):
    """(X_c, X_gb) where the content of all sites is `total`, and `fraction` of them are in boundaries.

    logit(X_c) is between the values it would have if all boundary sites had the lowest or the highest of
    the energies, and is found by bisection: X_c may be too small for anything else.
    """
    from scipy.special import expit, logit

    _check(temperature, total)
    if not 0 <= fraction <= 1:
        raise MLGrainError(f"a fraction of boundary sites of {fraction:g} is not from 0 to 1")
    scaled = finite(energies) / (BOLTZMANN * temperature)
    if not len(scaled):
        raise MLGrainError("there are no energies that are finite")
    low = logit(total) + min(0.0, scaled.min())
    high = logit(total) + max(0.0, scaled.max())
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if (1 - fraction) * expit(middle) + fraction * np.mean(expit(middle - scaled)) < total:
            low = middle
        else:
            high = middle
    middle = 0.5 * (low + high)
    return float(expit(middle)), float(np.mean(expit(middle - scaled)))


def effective_energy(temperature, content, boundary):
    """The one energy of all sites with which McLean's isotherm gives the same X_gb."""
    from scipy.special import logit

    return float(BOLTZMANN * temperature * (logit(content) - logit(boundary)))


def table(energies, temperatures, contents, fraction=None):
    """Lines of an isotherm, dicts: temperature, X_total (closed systems), X_c, X_gb, effective energy.

    contents: of the crystal; of the whole, where the fraction of boundary sites is given.
    """
    lines = []
    for temperature in temperatures:
        for content in contents:
            if fraction is None:
                line = {"temperature": temperature, "X_c": content,
                        "X_gb": boundary_content(energies, temperature, content)}
            else:
                crystal, boundary = closed_system(energies, temperature, content, fraction)
                line = {"temperature": temperature, "X_total": content, "X_c": crystal, "X_gb": boundary}
            line["effective_energy"] = effective_energy(temperature, line["X_c"], line["X_gb"])
            lines.append(line)
    return lines


def _check(temperature, content):
    if not temperature > 0:
        raise MLGrainError(f"a temperature of {temperature:g} K is not above 0")
    if not 0 < content < 1:
        raise MLGrainError(f"a content of {content:g} is not between 0 and 1")
