#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes soap_vectors.txt: power spectra of small clusters by quippy and DScribe, and by their
formulas with 50 digits (doc/theory_soap.md), for test_soap.c; and by featomic, which has neither basis, but
takes any radial functions as tables: harmonics, sums and products are its own then.

    python3 -m venv FOLDER
    FOLDER/bin/pip install quippy-ase==0.10.3 dscribe==2.1.2 featomic==0.6.7 mpmath
    FOLDER/bin/python make_soap_vectors.py > soap_vectors.txt
"""

import itertools

import numpy as np
from ase import Atoms
from dscribe.descriptors import SOAP
from featomic import SoapPowerSpectrum
from featomic.basis import Explicit
from featomic.cutoff import Cutoff, ShiftedCosine, Step
from featomic.density import DiracDelta
from featomic.splines import SplinedRadialBasis, Spline
from mpmath import mp, mpf
from quippy.descriptors import Descriptor

mp.dps = 50
ELEMENTS = (13, 28, 29)


def cluster(count, species, seed):
    """The first point in the middle of others, no two nearer than 1.9 Angstrom."""
    rng = np.random.default_rng(seed)
    points = [np.zeros(3)]
    while len(points) < count:
        point = rng.uniform(-6.0, 6.0, 3).round(4)
        if all(np.linalg.norm(point - other) > 1.9 for other in points):
            points.append(point)
    kinds = [i % species for i in range(count)]
    return np.array(points), kinds


def by_quippy(points, kinds, p):
    elements = ELEMENTS[:p["species"]]
    text = (
        f"soap cutoff={p['cutoff']} cutoff_transition_width={p['width']} n_max={p['nmax']} "
        f"l_max={p['lmax']} atom_sigma={p['sigma']} central_weight={p['central']} "
        f"normalise={'T' if p['normalise'] else 'F'}"
    )
    if p["species"] > 1:
        listed = "{" + " ".join(map(str, elements)) + "}"
        count = p["species"]
        text += f" n_species={count} species_Z={listed} n_Z={count} Z={listed}"
    atoms = Atoms([elements[k] for k in kinds], points)
    return Descriptor(text).calc(atoms)["data"][:p["centers"]]


def by_dscribe(points, kinds, p):
    elements = ELEMENTS[:p["species"]]
    soap = SOAP(species=elements, r_cut=p["cutoff"], n_max=p["nmax"], l_max=p["lmax"],
                sigma=p["sigma"], weighting={"w0": p["central"]} if p["central"] != 1 else None,
                periodic=False)
    atoms = Atoms([elements[k] for k in kinds], points)
    return soap.create(atoms, centers=list(range(p["centers"])))


def bessel(order, x):
    """exp(-x) i_l(x) for l = 0 .. order."""
    if x == 0:
        return [mpf(1)] + [mpf(0)] * order
    front = mp.sqrt(mp.pi / (2 * x)) * mp.exp(-x)
    return [front * mp.besseli(l + mpf(1) / 2, x) for l in range(order + 1)]


def radial_quippy(p):
    """The functions h_nl(r), and what the center adds."""
    n, lmax = p["nmax"], p["lmax"]
    sigma, cutoff, width = (mpf(repr(p[k])) for k in ("sigma", "cutoff", "width"))
    alpha = 1 / (2 * sigma**2)
    center = [k * (cutoff + sigma * mp.sqrt(20 * mp.log(10))) / n for k in range(n)]
    gauss = mp.matrix(n)
    overlap = mp.matrix(n)
    for i, j in itertools.product(range(n), repeat=2):
        gauss[i, j] = mp.exp(-alpha * (center[i] - center[j]) ** 2)
        # int_0^inf r^2 exp(-2 alpha (r - c)^2) dr times exp(-alpha d^2 / 2), c midway, d apart
        c, a = (center[i] + center[j]) / 2, 2 * alpha
        integral = (c * mp.exp(-a * c * c) / (2 * a)
                    + (c * c + 1 / (2 * a)) * mp.sqrt(mp.pi / a) / 2 * (1 + mp.erf(c * mp.sqrt(a))))
        overlap[i, j] = mp.exp(-alpha * (center[i] - center[j]) ** 2 / 2) * integral
    lower = mp.cholesky(overlap)
    transform = mp.inverse(gauss) * lower

    def functions(r):
        fade = mpf(1)
        if r > cutoff - width:
            fade = (1 + mp.cos(mp.pi * (r - cutoff + width) / width)) / 2
        angular = [bessel(lmax, 2 * alpha * r * c) for c in center]
        gaussian = [mp.exp(-alpha * (r - c) ** 2) for c in center]
        return [[fade * mp.fsum(gaussian[k] * angular[k][l] * transform[k, i] for k in range(n))
                 for i in range(n)] for l in range(lmax + 1)]

    return functions, [lower[0, 0]] + [mpf(0)] * (n - 1), cutoff


def radial_gto(p):
    n, lmax = p["nmax"], p["lmax"]
    sigma, cutoff = mpf(repr(p["sigma"])), mpf(repr(p["cutoff"]))
    eta = 1 / (2 * sigma**2)
    exponent, beta = [], []
    for l in range(lmax + 1):
        radii = [1 + (cutoff - 1) * k / (n - 1) for k in range(n)]
        exponent.append([-mp.log(mpf(10) ** -3 / a**l) / a**2 for a in radii])
        half = l + mpf(3) / 2
        overlap = mp.matrix(n)
        for i, j in itertools.product(range(n), repeat=2):
            overlap[i, j] = mp.gamma(half) / 2 * (exponent[l][i] + exponent[l][j]) ** -half
        values, vectors = mp.eigsy(overlap)
        beta.append(vectors * mp.diag([1 / mp.sqrt(v) for v in values]) * vectors.T)

    def functions(r):
        table = []
        for l in range(lmax + 1):
            half = l + mpf(3) / 2
            part = [(mp.pi / eta) ** (mpf(3) / 2) * (r**l if l else 1) * (1 + a / eta) ** -half
                    * mp.exp(-a * r * r / (1 + a / eta)) for a in exponent[l]]
            table.append([mp.fsum(beta[l][i, k] * part[k] for k in range(n)) for i in range(n)])
        return table

    return functions, functions(mpf(0))[0], cutoff + sigma * mp.sqrt(-2 * mp.log(mpf("0.001")))


def harmonics(lmax, d, r):
    """Complex Y_lm, m = 0 .. l; Y_l-m follows by conjugation."""
    cosine, phase = d[2] / r, mp.mpc(d[0], d[1])
    sine = abs(phase) / r
    phase = phase / abs(phase) if abs(phase) else mp.mpc(1)
    table = []
    for l in range(lmax + 1):
        row = []
        for m in range(l + 1):
            # P_lm by its finite sum
            total = mp.fsum((-1) ** k * mp.factorial(2 * l - 2 * k)
                            / (mp.factorial(k) * mp.factorial(l - k) * mp.factorial(l - 2 * k - m))
                            * cosine ** (l - 2 * k - m) for k in range((l - m) // 2 + 1)) / 2**l
            norm = mp.sqrt((2 * l + 1) / (4 * mp.pi) * mp.factorial(l - m) / mp.factorial(l + m))
            row.append(norm * sine**m * total * phase**m)
        table.append(row)
    return table


def exact(points, kinds, p):
    functions, central, reach = (radial_quippy if p["basis"] == "quippy" else radial_gto)(p)
    n, lmax = p["nmax"], p["lmax"]
    vectors = []
    for i in range(p["centers"]):
        c = [[[mp.mpc(0)] * (l + 1) for _ in range(n)] for l in range(lmax + 1)]
        for k in range(n):
            c[0][k][0] += mpf(repr(p["central"])) * central[k] / mp.sqrt(4 * mp.pi)
        for j in range(len(points)):
            d = [mpf(float(points[j][k])) - mpf(float(points[i][k])) for k in range(3)]
            r = mp.sqrt(sum(x * x for x in d))
            if j == i or r >= reach:
                continue
            h, y = functions(r), harmonics(lmax, d, r)
            for l in range(lmax + 1):
                for k in range(n):
                    for m in range(l + 1):
                        c[l][k][m] += h[l][k] * y[l][m]

        def product(a, b, l):
            return mp.fsum((1 if m == 0 else 2) * (c[l][a][m] * mp.conj(c[l][b][m])).real
                           for m in range(l + 1))

        if p["basis"] == "quippy":
            vector = [mp.sqrt(mpf(1 if a == b else 2) / (2 * l + 1)) * product(a, b, l)
                      for a in range(n) for b in range(a + 1) for l in range(lmax + 1)]
            if p["normalise"]:
                size = mp.sqrt(mp.fsum(v * v for v in vector))
                vector = [v / size for v in vector]
            vector.append(mpf(0))
        else:
            vector = [mp.pi * mp.sqrt(mpf(8) / (2 * l + 1)) * product(a, b, l)
                      for l in range(lmax + 1) for a in range(n) for b in range(a, n)]
        vectors.append(vector)
    return vectors


def by_featomic(points, kinds, p, knots=1200):
    """Of one species. Splines through values and slopes of h_nl; its p has (-1)^l / sqrt(2l + 1)."""
    of_basis = radial_quippy if p["basis"] == "quippy" else radial_gto
    functions, _, reach = of_basis({**p, "width": 0})
    n, lmax, places = p["nmax"], p["lmax"], np.linspace(0, float(reach), knots)
    step = mpf(10) ** -15

    def slopes(r):
        low, high = max(mpf(0), mpf(r) - step), min(mpf(float(reach)), mpf(r) + step)
        return [[(b - a) / (high - low) for a, b in zip(*rows)]
                for rows in zip(functions(low), functions(high))]

    values, derivatives = (np.array([[[float(v) for v in row] for row in make(mpf(r))]
                                     for r in places]) for make in (functions, slopes))
    by_angular = {}
    for l in range(lmax + 1):
        spline = Spline(0, float(reach))
        spline.add_points(positions=places, values=values[:, l], derivatives=derivatives[:, l])
        by_angular[l] = SplinedRadialBasis(spline=spline, max_radial=n - 1, radius=float(reach))
    smoothing = ShiftedCosine(width=p["width"]) if p["basis"] == "quippy" else Step()
    calculator = SoapPowerSpectrum(
        cutoff=Cutoff(radius=float(reach), smoothing=smoothing),
        density=DiracDelta(center_atom_weight=p["central"]), basis=Explicit(by_angular=by_angular))
    block = calculator.compute([Atoms([ELEMENTS[0]] * len(points), points)]).block()
    column = {tuple(map(int, key)): k for k, key in enumerate(block.properties.values)}
    vectors = []
    for row in block.values[:p["centers"]]:
        if p["basis"] == "quippy":
            vectors.append([np.sqrt(1 if a == b else 2) * (-1) ** l * row[column[l, a, b]]
                            for a in range(n) for b in range(a + 1) for l in range(lmax + 1)] + [0.0])
        else:
            vectors.append([np.pi * np.sqrt(8) * (-1) ** l * row[column[l, a, b]]
                            for l in range(lmax + 1) for a in range(n) for b in range(a, n)])
    return vectors


def case(program, make, tolerance, **changes):
    p = dict(basis="quippy", cutoff=5.0, nmax=8, lmax=6, sigma=0.5, width=0.5, central=1.0,
             normalise=0, species=1, points=24, centers=1, seed=1)
    p.update(changes)
    points, kinds = cluster(p["points"], p["species"], p["seed"])
    vectors = make(points, kinds, p)
    print(f"case {program}")
    print("parameters", *(p[k] for k in ("basis", "cutoff", "nmax", "lmax", "sigma", "width",
                                         "central", "normalise", "species")), tolerance)
    print("points", len(points))
    for point, kind in zip(points, kinds):
        print(*(repr(float(x)) for x in point), kind)
    print("vectors", len(vectors), len(vectors[0]))
    for vector in vectors:
        print(*(f"{float(x):.17g}" for x in vector), sep="\n")


def main():
    print("# SPDX-License-Identifier: GPL-2.0-or-later")
    print("# made by make_soap_vectors.py; tolerances are parts of the largest number")
    case("quippy-ase", by_quippy, 1e-12, centers=2)
    case("quippy-ase", by_quippy, 1e-12, normalise=1, cutoff=4.2, width=1.0, central=0.5)
    case("quippy-ase", by_quippy, 1e-12, cutoff=3.2, nmax=12, lmax=12, seed=2)
    case("quippy-ase", by_quippy, 1e-9, nmax=18, lmax=18, seed=3)
    case("quippy-ase", by_quippy, 1e-12, nmax=3, lmax=4, species=2, centers=2, seed=4)
    case("quippy-ase", by_quippy, 1e-12, nmax=2, lmax=3, species=3, centers=3, seed=5)
    case("dscribe", by_dscribe, 1e-9, basis="gto", centers=2, seed=6)
    case("dscribe", by_dscribe, 1e-12, basis="gto", nmax=4, lmax=9, sigma=1.0, seed=7)
    case("dscribe", by_dscribe, 1e-5, basis="gto", nmax=12, lmax=3, cutoff=6.0, seed=8)
    case("dscribe", by_dscribe, 1e-9, basis="gto", nmax=3, lmax=4, species=2, centers=2, seed=9)
    case("dscribe", by_dscribe, 1e-9, basis="gto", nmax=2, lmax=3, species=3, centers=3, seed=10)
    case("featomic", by_featomic, 1e-11, nmax=3, lmax=4, central=0.7, seed=18)
    case("featomic", by_featomic, 1e-11, basis="gto", nmax=3, lmax=4, seed=19)
    case("formula", exact, 1e-12, seed=11)
    case("formula", exact, 1e-12, nmax=12, lmax=12, normalise=1, central=2.0, seed=12)
    case("formula", exact, 1e-12, nmax=18, lmax=18, seed=13)
    case("formula", exact, 1e-12, nmax=24, lmax=3, sigma=0.4, seed=14)
    case("formula", exact, 1e-12, basis="gto", seed=15)
    case("formula", exact, 1e-12, basis="gto", nmax=12, lmax=9, central=0.3, seed=16)
    case("formula", exact, 1e-12, basis="gto", nmax=15, lmax=2, cutoff=4.0, sigma=0.3, seed=17)


if __name__ == "__main__":
    main()
