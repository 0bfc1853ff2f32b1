# SPDX-License-Identifier: GPL-2.0-or-later
"""The suites, run: each property of each potential once, kept in files, failures told and passed
over."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os

from .._version import VERSION
from ..errors import MLGrainError
from .corrected import Corrected, Corrections
from .properties import (boundaries, bulk, cost, dislocations, elastic, faults, hot, melting,
                         phonons, points, polycrystal, screw, surfaces, thermal)
from .properties.common import Crystal, Failure, Source
from .session import Session

PROPERTIES = [bulk.LATTICE, bulk.PHASES, elastic.ELASTIC, phonons.PHONONS, points.VACANCY,
              points.DIVACANCY, points.INTERSTITIALS, surfaces.SURFACES, faults.FAULTS,
              cost.COST, faults.TENSION_FAULTS, thermal.EXPANSION, boundaries.BOUNDARY,
              boundaries.SEARCH, hot.BOUNDARIES, polycrystal.POLYCRYSTAL, screw.SCREW,
              dislocations.DISLOCATIONS, melting.MELTING]


@dataclasses.dataclass
class Potential:
    """name          in tables
    pair_style    what follows this word in an input in metal units
    pair_coeffs   the same, a list
    setup         commands before these
    trained       kinds of properties that are in its training set; None where that isn't known
    corrections   Corrections, for error bars of properties; None without
    bars          the file that has them
    """

    name: str
    pair_style: str
    pair_coeffs: list
    setup: list
    trained: list | None = None
    corrections: Corrections | None = None
    bars: str | None = None

    def fingerprint(self):
        """Of its words and of the files that they name."""
        total = hashlib.sha256()
        lines = [self.pair_style, *self.pair_coeffs, *self.setup]
        if self.bars:
            lines.append(self.bars)
        total.update("\n".join(lines).encode())
        # Where LAMMPS looks for files, too.
        folders = ["", *os.environ.get("LAMMPS_POTENTIALS", "").split(os.pathsep)]
        for word in " ".join(lines).split():
            for path in (os.path.join(folder, word) for folder in folders):
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        total.update(hashlib.sha256(file.read()).digest())
                    break
        return total.hexdigest()


@dataclasses.dataclass
class Job:
    """lattice, a, mass   of the crystal; a is where to look for the lattice constant
    command            of LAMMPS, words
    folder             where results are kept
    timeout            seconds LAMMPS may take for an answer
    source             the potential that makes structures in which all are compared; None: each
                       makes its own
    truth              whether that one is the reference
    """

    lattice: str
    a: float
    mass: float
    command: list
    folder: str
    timeout: float = 3600.0
    source: Potential | None = None
    truth: bool = False


def chosen(suite, lattice, only=None, alone=False):
    """The properties of a suite, or only some, by name; the lattice constant, which all need,
    first. alone: whether there is one potential only, with none to compare it with; a suite then
    leaves out what would say nothing."""
    known = {one.name: one for one in PROPERTIES if lattice in one.lattices}
    for name in only or []:
        if name not in known:
            raise MLGrainError(
                f"--only: there is no property {name!r}; there are {', '.join(known)}")
    return [one for one in known.values() if one is bulk.LATTICE or (
        one.name in only if only else
        (suite == "full" or one.suite == "quick") and (one.alone or not alone))]


def run(potential, properties, job, report=lambda text: None):
    """{name of the property: result} of a potential. A result is what is in its file: numbers by
    key, their error bars (`bounds`) where there are some, curves, seconds, and `failed`, what went
    wrong, or None. The lattice constant is the first property."""
    folder = os.path.join(job.folder, "results", file_name(potential.name))
    os.makedirs(folder, exist_ok=True)
    fingerprint = potential.fingerprint()
    crystal = Crystal(job.lattice, job.a, job.mass)
    found = {}
    with Session(job.command, potential.pair_style, potential.pair_coeffs, potential.setup,
                 job.mass, job.timeout, potential.corrections) as session:
        for one in properties:
            path = os.path.join(folder, f"{one.name}.json")
            key = _key(one, job, fingerprint)
            if one.compares:
                crystal.source = _source(one, job, potential, fingerprint)
                key += [crystal.source.own, job.truth,
                        None if crystal.source.own else _digest(crystal.source.path)]
            result = _kept(path, key)
            if one.compares and crystal.source.own and not os.path.exists(crystal.source.path):
                result = None  # others need the structures
            again = result is not None
            if not again:
                result = _run(one, session, crystal)
                _keep(path, {"key": key, "potential": potential.name, **result})
            if one is bulk.LATTICE and not result["failed"]:
                crystal.a = result["values"]["a"]
                crystal.e0 = bulk.corrected_energy(session, crystal, result["values"]["E_atom"])
            if one is bulk.LATTICE and result["failed"]:
                crystal.e0 = math.nan
            found[one.name] = result
            report(f"{potential.name:<16} {one.title:<32} "
                   + ("kept" if again else f"{result['seconds']:.1f} s")
                   + (f"  failed: {result['failed']}" if result["failed"] else ""))
    return found


def _key(one, job, fingerprint):
    """What a result depends on."""
    return [fingerprint, job.lattice, job.a, job.mass, one.name, one.version, one.recipe, VERSION]


def _source(one, job, potential, fingerprint):
    """The file of structures of a property has its key in its name: another potential, recipe or
    version has another file."""
    maker = job.source or potential
    own = maker is potential
    key = json.dumps(_key(one, job, fingerprint if own else maker.fingerprint()))
    name = f"{one.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    path = os.path.join(job.folder, "results", file_name(maker.name), name)
    return Source(path, maker.name, own, job.truth)


def _digest(path):
    """Of a file's content; None where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def _run(one, session, crystal):
    start = session.seconds()
    values, curves, failed = {}, [], None
    if math.isnan(crystal.e0):
        failed = "there is no lattice constant"
    else:
        try:
            values, curves = one.run(session, crystal)
            lacking = [key for key, value in values.items() if not math.isfinite(value)]
            if lacking:
                raise Failure(f"{lacking[0]} is not a finite number")
        except Failure as error:
            session.close()  # fixes and groups of what failed with it
            values, curves, failed = {}, [], str(error)
    return {"values": {key: float(value) for key, value in values.items()},
            "bounds": {key: value.bound for key, value in values.items()
                       if isinstance(value, Corrected)},
            "curves": curves, "failed": failed, "seconds": round(session.seconds() - start, 3)}


def _kept(path, key):
    """The result in a file, if it is of the same potential, recipe and version. Failures are tried
    again."""
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        if result["key"] == key and result["failed"] is None:
            return {name: result[name]
                    for name in ("values", "bounds", "curves", "failed", "seconds")}
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or cut short: made once more
    return None


def _keep(path, result):
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    os.replace(path + ".part", path)


def file_name(name):
    """A name without characters that files can't have."""
    return "".join(letter if letter.isalnum() or letter in "._-+" else "_" for letter in name)
