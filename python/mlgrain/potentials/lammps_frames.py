# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of LAMMPS: dumps with forces, whose energies and pressures are those of thermo
output, or sums over atoms."""

from __future__ import annotations

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from ..tables.dumps import DumpReader
from .thermo import Thermo, beside

# Of LAMMPS' units: eV of an energy, eV/Angstrom^3 of a pressure. Lengths are Angstrom in both.
BAR = 6.241509074460763e-07
UNITS = {"metal": (1.0, BAR), "real": (4184 / 96485.33212331, 1.01325 * BAR)}
ENERGY = "c_pe"  # of atoms
STRESS = tuple(f"c_stress[{k}]" for k in range(1, 7))
FORCES = ("fx", "fy", "fz")
PLACES = (("xu", "yu", "zu"), ("x", "y", "z"))
SCALED = (("xsu", "ysu", "zsu"), ("xs", "ys", "zs"))


class _Frames(DumpReader):
    """Frames as (header, line of the first atom, {name: words}), whole."""

    def _read_atoms(self, frame, names):
        if len(set(names)) < len(names):
            raise self.error(f"a column is there twice: {' '.join(names)}")
        first, rows = self.lines.number + 1, []
        for _ in range(frame["atoms"]):
            line = self.lines.next()
            words = line.split()
            if len(words) != len(names):
                raise self.error(f"the file ends after {len(rows)} of {frame['atoms']} atoms"
                                 if not line else f"{len(names)} words expected, not {len(words)}")
            rows.append(words)
        yield frame, first, dict(zip(names, zip(*rows)))


def read_frames(path, thermo=None, elements=()):
    """Yields dicts with the fields of a Configuration for the frames of a dump.

    thermo    the file with thermo output; None: the one beside the dump, if there is one
    elements  chemical symbols of LAMMPS' types 1, 2, ...; otherwise a column `element` counts, and
              without one types are species, counted from 0
    """
    thermo = thermo or beside(path)
    printed = Thermo(thermo) if thermo else None
    for frame, first, columns in _Frames(path):
        if frame["atoms"]:
            yield _Frame(path, frame, first, columns).configuration(printed, elements)


class _Frame:
    def __init__(self, path, frame, first, columns):
        self.path, self.frame, self.first, self.columns = path, frame, first, columns
        self.step = frame["timestep"]

    def fail(self, text, row=None):
        place = f"timestep {self.step}" if row is None else f"line {self.first + row}"
        raise MLGrainError(f"{self.path}, {place}: {text}")

    def has(self, names):
        return all(name in self.columns for name in names)

    def numbers(self, names):
        """[atoms, names]"""
        try:
            values = np.array([self.columns[name] for name in names]).T.astype(float)
        except ValueError:
            self.name_the_word(names)
        if not np.isfinite(values).all():
            self.fail("a number is not finite", int(np.argmin(np.isfinite(values).all(axis=1))))
        return values

    def name_the_word(self, names):
        for row in range(self.frame["atoms"]):
            for name in names:
                try:
                    float(self.columns[name][row])
                except ValueError:
                    self.fail(f"{name} is {self.columns[name][row][:40]!r}, not a number", row)

    def cell(self):
        """(origin, edges in rows, periodic or not)"""
        words, bounds = self.frame["box_words"], self.frame["box"]
        if not np.isfinite(bounds).all():
            self.fail("the box is not finite")
        if bounds.shape[1] > 3 or (bounds.shape[1] == 3 and words[:3] != ["xy", "xz", "yz"]):
            self.fail("boxes of general triclinic form can't be read: dump them without "
                      "triclinic/general")
        low, high = bounds[:, 0].copy(), bounds[:, 1].copy()
        xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
        low[0] -= min(0.0, xy, xz, xy + xz)
        high[0] -= max(0.0, xy, xz, xy + xz)
        low[1] -= min(0.0, yz)
        high[1] -= max(0.0, yz)
        if not (high > low).all():
            self.fail("the box has no volume")
        x, y, z = high - low
        ends = words[-3:]
        if len(ends) != 3 or not all(word in ("pp", "fs", "ff", "sf", "ss", "fm", "mf", "sm", "ms",
                                              "mm") for word in ends):
            self.fail("BOX BOUNDS doesn't say which boundaries are periodic")
        return low, np.array([[x, 0, 0], [xy, y, 0], [xz, yz, z]]), tuple(w == "pp" for w in ends)

    def positions(self, low, edges):
        for names in PLACES:
            if self.has(names):
                return self.numbers(names) - low
        for names in SCALED:
            if self.has(names):
                return self.numbers(names) @ edges
        self.fail("there are no columns x y z, xu yu zu or xs ys zs")

    def types(self, elements):
        symbols = core().SYMBOLS
        if "element" in self.columns and not elements:
            numbers = {name: k for k, name in enumerate(symbols, 1)}
            for row, name in enumerate(self.columns["element"]):
                if name not in numbers:
                    self.fail(f"{name[:20]!r} is not a chemical symbol", row)
            return np.array([numbers[name] for name in self.columns["element"]], dtype=np.int32)
        if "type" not in self.columns:
            self.fail("there is no column type or element")
        values = self.numbers(["type"])[:, 0]
        most = len(elements) or 2**31 - 1
        wrong = (values != np.rint(values)) | (values < 1) | (values > most)
        if wrong.any():
            row = int(np.argmax(wrong))
            self.fail(f"type {values[row]:g} is not within 1 to {most}", row)
        kinds = values.astype(np.int32) - 1
        return np.array([symbols.index(name) + 1 for name in elements], dtype=np.int32)[kinds] \
            if elements else kinds

    def units(self, printed):
        """(eV of an energy, eV/Angstrom^3 of a pressure)"""
        names = {name for name in (self.frame.get("units"), printed and printed.units) if name}
        if len(names) > 1:
            self.fail(f"units are {self.frame['units']} in the dump, {printed.units} in "
                      f"{printed.path}")
        name = names.pop() if names else "metal"
        if name not in UNITS:
            self.fail(f"units {name[:20]} can't be converted; those that can: {', '.join(UNITS)}")
        return UNITS[name]

    def configuration(self, printed, elements):
        with np.errstate(over="ignore", invalid="ignore"):
            return self.made(printed, elements)

    def made(self, printed, elements):
        eV, pressure = self.units(printed)
        low, edges, periodic = self.cell()
        found = {"positions": self.positions(low, edges), "types": self.types(elements),
                 "cell": edges * np.array(periodic, dtype=float)[:, None], "pbc": periodic,
                 "features": {"timestep": str(self.step)}, "source": self.path}
        if self.has(FORCES):
            found["forces"] = eV * self.numbers(FORCES)
        virial = None  # of the whole configuration, pressure times volume
        if printed:
            found["energy"] = eV * printed.energy(self.step)
            values = printed.pressures(self.step)
            virial = None if values is None else np.array(values) * np.linalg.det(edges)
        elif ENERGY in self.columns:
            found["energy"] = eV * float(self.numbers([ENERGY]).sum())
        if virial is None and self.has(STRESS):
            virial = -self.numbers(STRESS).sum(axis=0)
        if virial is not None and all(periodic):
            found["virial"] = pressure * virial
        for name in ("energy", "positions", "forces", "virial"):
            if name in found and not np.isfinite(found[name]).all():
                self.fail(f"a number of its {name} is too large")
        return found
