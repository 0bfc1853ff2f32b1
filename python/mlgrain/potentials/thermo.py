# SPDX-License-Identifier: GPL-2.0-or-later
"""What LAMMPS prints of whole configurations: logs (thermo lines as text or YAML), and tables of
fix print or fix ave/time."""

from __future__ import annotations

import math
import os

from ..errors import MLGrainError
from .packed import text_lines

STEP, ENERGY, TEMPERATURE = "step", "poteng", "temp"
PRESSURES = ("pxx", "pyy", "pzz", "pxy", "pxz", "pyz")
VIRIALS = tuple(f"c_virial[{k}]" for k in range(1, 7))
STEP_NAMES = (STEP, "timestep")  # the latter in tables of fix ave/time
NEEDED = (STEP, ENERGY, TEMPERATURE, *PRESSURES, *VIRIALS)
ENDINGS = (".log", ".yaml", ".thermo")


class Thermo:
    """The rows of a file by timestep.

    units  of the log's last `units` command, or None
    """

    def __init__(self, path):
        self.path, self.units = path, None
        self._rows, self._doubtful = {}, set()
        self._columns, self._is_yaml = [], False
        for number, line in enumerate(text_lines(path), 1):
            words = line.replace(",", " ").split()
            if words:
                self._take(number, line, words)
        if not self._rows:
            raise MLGrainError(f"{path} has no lines of thermo output below a line with Step and "
                               "PotEng")

    def _take(self, number, line, words):
        names = _names(_list_of(line) if words[0] == "keywords:" else
                       [word.lstrip("#") for word in words if word != "#"])
        if words[0] == "units" and len(words) == 2:
            self.units = words[1]
        elif words[0] == "keywords:":
            self._columns, self._is_yaml = names, True
        elif names:
            self._columns, self._is_yaml = names, False
        elif self._columns:
            self._row(number, words if not self._is_yaml else
                      _list_of(line) if words[0] == "-" else [])

    def _row(self, number, words):
        """Other lines may come between, such as warnings: they are no rows of numbers."""
        if len(words) != len(self._columns):
            return
        try:
            values = dict(zip(self._columns, map(float, words)))
        except ValueError:
            return
        step = values[STEP]
        if not math.isfinite(step) or step != int(step):
            raise MLGrainError(f"{self.path}, line {number}: {step:g} is not a timestep")
        row = tuple(values.get(name) for name in NEEDED)
        before = self._rows.setdefault(int(step), row)
        place = NEEDED.index(ENERGY)
        if before is not row and not math.isclose(before[place], row[place], rel_tol=1e-6,
                                                  abs_tol=1e-6):
            self._doubtful.add(int(step))

    def _row_of(self, step):
        if step not in self._rows:
            raise MLGrainError(f"{self.path} has no line for timestep {step}: thermo output and "
                               "dump need the same steps")
        if step in self._doubtful:
            raise MLGrainError(f"{self.path} has lines with different energies for timestep {step}")
        return dict(zip(NEEDED, self._rows[step]))

    def energy(self, step):
        energy = self._row_of(step)[ENERGY]
        if not math.isfinite(energy):
            raise MLGrainError(f"{self.path}: the energy of timestep {step} is not finite")
        return energy

    def pressures(self, step):
        """xx yy zz xy xz yz without the kinetic part, or None: those of a compute with the ID
        virial, or Pxx ... where Temp is 0."""
        row = self._row_of(step)
        values = [row[name] for name in VIRIALS]
        if None in values and row[TEMPERATURE] == 0:
            values = [row[name] for name in PRESSURES]
        if None in values:
            return None
        if not all(map(math.isfinite, values)):
            raise MLGrainError(f"{self.path}: a pressure of timestep {step} is not finite")
        return values


def _names(words):
    """In lower case, with `step` for the timestep; [] where those that are needed are missing."""
    names = [STEP if word.lower() in STEP_NAMES else word.lower() for word in words]
    return names if names.count(STEP) == 1 and names.count(ENERGY) == 1 else []


def _list_of(line):
    """The items of a YAML list in one line."""
    _, opening, inner = line.partition("[")
    inner, closing, _ = inner.rpartition("]")
    return [item.strip().strip("'\"") for item in inner.split(",") if item.strip()] \
        if opening and closing else []


def beside(path):
    """The thermo output of a dump: the file with its name up to .dump or .lammpstrj, and one of
    ENDINGS; or None."""
    folder, name = os.path.split(path)
    stem = name.split(".dump")[0].split(".lammpstrj")[0]
    for ending in ENDINGS:
        other = os.path.join(folder, stem + ending)
        if os.path.exists(other):
            return other
    return None
