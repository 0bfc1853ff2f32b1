# SPDX-License-Identifier: GPL-2.0-or-later
"""The spectrum of segregation energies: moments, tails, and the skew-normal function that is fitted to it.

    F(E) = 1/(sigma sqrt(2 pi)) exp(-(E - mu)^2/(2 sigma^2)) erfc(-alpha (E - mu)/(sqrt(2) sigma))

(M. Wagih, P. M. Larsen, C. A. Schuh, Nat. Commun. 11 (2020) 6376). An energy is that of the solute on the
site less that in the crystal: where it is negative, the solute prefers the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MLGrainError

KJ_PER_MOL = 96.48533212  # of 1 eV; CODATA 2018
UNITS = {"eV": 1.0, "kJ/mol": KJ_PER_MOL}
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FEWEST = 8


@dataclass(frozen=True)
class SkewNormal:
    """alpha: skewness parameter; mu, sigma in the unit of the energies."""

    alpha: float
    mu: float
    sigma: float

    def density(self, energy):
        return self._frozen().pdf(energy)

    def mean(self):
        return self.mu + self.sigma * self._delta() * np.sqrt(2 / np.pi)

    def deviation(self):
        return self.sigma * np.sqrt(1 - 2 * self._delta() ** 2 / np.pi)

    def energies(self, count=2000):
        """As many energies, each with the same share of the distribution about it."""
        return self._frozen().ppf((np.arange(count) + 0.5) / count)

    def _delta(self):
        return self.alpha / np.sqrt(1 + self.alpha ** 2)

    def _frozen(self):
        from scipy.stats import skewnorm

        return skewnorm(self.alpha, self.mu, self.sigma)


@dataclass(frozen=True)
class Spectrum:
    """What is said of a set of energies, in their unit.

    quantiles    of QUANTILES: the tails
    favorable    share of the sites that the solute prefers, E < 0
    fit          SkewNormal of greatest likelihood
    distance     Kolmogorov-Smirnov: the largest difference of the two cumulative distributions
    """

    sites: int
    mean: float
    deviation: float
    skewness: float
    lowest: float
    highest: float
    quantiles: tuple
    favorable: float
    fit: SkewNormal
    distance: float

    def row(self):
        """As a dict of numbers, for tables."""
        result = {"sites": self.sites, "mean": self.mean, "deviation": self.deviation,
                  "skewness": self.skewness, "lowest": self.lowest, "highest": self.highest,
                  "favorable": self.favorable, "alpha": self.fit.alpha, "mu": self.fit.mu,
                  "sigma": self.fit.sigma, "distance": self.distance}
        result.update({f"q{100 * q:g}": value for q, value in zip(QUANTILES, self.quantiles)})
        return result


def finite(energies):
    """The finite ones of an array, flat."""
    energies = np.asarray(energies, np.float64).ravel()
    return energies[np.isfinite(energies)]


def fit_skew_normal(energies):
    """The SkewNormal of greatest likelihood, from where moments put it."""
    from scipy.optimize import minimize
    from scipy.special import log_ndtr

    energies = finite(energies)
    mean, deviation = energies.mean(), energies.std()
    z = (energies - mean) / deviation

    def loss(parameters):
        alpha, mu, log_sigma = parameters
        y = (z - mu) * np.exp(-log_sigma)
        return log_sigma + np.mean(0.5 * y ** 2 - log_ndtr(alpha * y))

    best = None
    for sign in (-1.0, 1.0):  # alpha = 0 is a saddle point
        start = _by_moments(sign * max(abs(np.mean(z ** 3)), 0.05))
        found = minimize(loss, start, method="Nelder-Mead",
                         options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000})
        if best is None or found.fun < best.fun:
            best = found
    alpha, mu, log_sigma = best.x
    return SkewNormal(float(alpha), float(mean + deviation * mu), float(deviation * np.exp(log_sigma)))


def _by_moments(skewness):
    """(alpha, mu, log sigma) of mean 0, variance 1 and this skewness, as far as it can be reached."""
    skewness = np.clip(skewness, -0.95, 0.95)
    power = np.abs(skewness) ** (2 / 3)
    delta = np.sign(skewness) * np.sqrt(np.pi / 2 * power / (power + (2 - np.pi / 2) ** (2 / 3)))
    sigma = 1 / np.sqrt(1 - 2 * delta ** 2 / np.pi)
    return [delta / np.sqrt(1 - delta ** 2), -sigma * delta * np.sqrt(2 / np.pi), np.log(sigma)]


def spectrum(energies):
    """Spectrum of energies; those that are not finite are left out."""
    from scipy.stats import kstest, skewnorm

    energies = finite(energies)
    if len(energies) < FEWEST or not energies.std() > 0:
        raise MLGrainError(f"{len(energies)} energies that are finite, or all the same, make no spectrum; "
                           f"{FEWEST} are needed")
    fit = fit_skew_normal(energies)
    z = (energies - energies.mean()) / energies.std()
    return Spectrum(len(energies), float(energies.mean()), float(energies.std()), float(np.mean(z ** 3)),
                    float(energies.min()), float(energies.max()),
                    tuple(np.quantile(energies, QUANTILES)), float(np.mean(energies < 0)), fit,
                    float(kstest(energies, skewnorm(fit.alpha, fit.mu, fit.sigma).cdf).statistic))


def by_groups(energies, groups, fewest=FEWEST):
    """{group: Spectrum} of the values of a column, those with so many sites or more.

    groups: [n], or [n, 2] for pairs without order, as the two grains of a boundary; then the keys are tuples
    (lower, higher), and rows with a 0, which is no grain, belong to no group.
    """
    energies = np.asarray(energies)
    return {key: spectrum(energies[rows]) for key, rows in group_rows(groups).items()
            if _makes_spectrum(energies[rows], fewest)}


def group_rows(groups):
    """{group: its rows}, in the order of the groups, as of by_groups()."""
    groups = np.asarray(groups, np.float64)
    good = np.isfinite(groups)
    if groups.ndim == 2:
        groups = np.sort(groups, axis=1)
        good = good.all(axis=1) & (groups != 0).all(axis=1)
    rows = np.flatnonzero(good)
    values, which = np.unique(groups[good], axis=0, return_inverse=True)
    which = np.reshape(which, -1)
    return {tuple(value.tolist()) if groups.ndim == 2 else float(value): rows[which == k]
            for k, value in enumerate(values)}


def _makes_spectrum(energies, fewest):
    energies = finite(energies)
    return len(energies) >= max(fewest, FEWEST) and energies.std() > 0
