# SPDX-License-Identifier: GPL-2.0-or-later
"""Straight dislocations in anisotropic media, by the integral formalism of D. M. Barnett and
J. Lothe (D. J. Bacon, D. M. Barnett, R. O. Scattergood, Prog. Mater. Sci. 23, 51 (1980)). It has
no eigenvectors and so no degenerate cases, of which the isotropic medium is one.

With (ab)_jk = a_i C_ijkl b_l for unit vectors m and n at right angles to the line and each other,
turned about it by w, displacements at (r, w) and the energy between radii r and R are

    u = -S b ln(r) / (2 pi) + integral from 0 to w of (nn)^-1 [4 pi B + (nm) S] b dw' / (2 pi),
    E = b B b ln(R / r),
    S = -1/(2 pi) integral (nn)^-1 (nm) dw,
    B = 1/(8 pi^2) integral [(mm) - (mn) (nn)^-1 (nm)] dw,     both over a whole turn.
"""

from __future__ import annotations

import numpy as np

STEPS = 720  # of a whole turn; the sums converge as exp(-STEPS)


def stiffness(c11, c12, c44, axes):
    """[3, 3, 3, 3] of a cubic crystal, in coordinates along three directions at right angles
    (rows, of any length)."""
    unit = np.eye(3)
    pairs = np.einsum("ij,kl->ijkl", unit, unit)
    cubic = (c12 * pairs + c44 * (pairs.transpose(0, 2, 1, 3) + pairs.transpose(0, 2, 3, 1))
             + (c11 - c12 - 2 * c44) * np.einsum("ia,ja,ka,la->ijkl", unit, unit, unit, unit))
    turn = np.array(axes, dtype=float)
    turn /= np.linalg.norm(turn, axis=1)[:, None]
    return np.einsum("ia,jb,kc,ld,abcd->ijkl", turn, turn, turn, turn, cubic)


class Line:
    """What a medium has around a line along x, in the plane of y and z, where w is 0 at y.

    energy   [3, 3] B, in units of the stiffness
    """

    def __init__(self, stiff):
        turns = np.linspace(0.0, 2 * np.pi, STEPS, endpoint=False)
        cosine, sine = np.cos(turns), np.sin(turns)
        none = np.zeros_like(cosine)
        m, n = np.array([none, cosine, sine]).T, np.array([none, -sine, cosine]).T
        mm, mn, nm, nn = (np.einsum("wi,ijkl,wl->wjk", a, stiff, b)
                          for a, b in ((m, m), (m, n), (n, m), (n, n)))
        inverse = np.linalg.inv(nn)
        self._along = -(inverse @ nm).mean(axis=0)  # S
        self.energy = (mm - mn @ inverse @ nm).mean(axis=0) / (4 * np.pi)
        self._rate = inverse @ (4 * np.pi * self.energy + nm @ self._along) / (2 * np.pi)

    def displacement(self, burgers, y, z):
        """[places, 3] of a dislocation at the origin. They jump by the Burgers vector where y is
        negative and z goes through 0, upward by -burgers."""
        angle = np.arctan2(z, y)
        mean, terms = self._terms(burgers)
        found = np.outer(angle, mean) - np.outer(np.log(np.hypot(y, z)), self._slope(burgers))
        for k, one in terms:
            found += np.outer(np.exp(1j * k * angle) - 1.0, one / (1j * k)).real
        return found

    def gradient(self, burgers, y, z):
        """[places ..., 3, 3] of a dislocation at the origin: of each component of displacements
        along x, y, z."""
        r, angle = np.hypot(y, z), np.arctan2(z, y)
        none, cosine, sine = np.zeros_like(r), np.cos(angle), np.sin(angle)
        m, n = np.stack([none, cosine, sine], -1), np.stack([none, -sine, cosine], -1)
        mean, terms = self._terms(burgers)
        rate = mean + sum((np.exp(1j * k * angle)[..., None] * one).real for k, one in terms)
        return (rate[..., None] * n[..., None, :]
                - self._slope(burgers)[:, None] * m[..., None, :]) / r[..., None, None]

    def _slope(self, burgers):
        """What displacements lose as ln r grows by one."""
        return self._along @ burgers / (2 * np.pi)

    def _terms(self, burgers):
        """du/dw as a Fourier series, of which odd terms are 0: its mean, and the terms that
        count."""
        terms = np.fft.rfft(self._rate @ burgers, axis=0) / STEPS
        least = 1e-12 * np.linalg.norm(burgers)
        return terms[0].real, [(k, 2 * terms[k]) for k in range(2, STEPS // 2, 2)
                               if np.abs(terms[k]).max() > least]
