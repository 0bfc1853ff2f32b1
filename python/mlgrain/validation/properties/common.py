# SPDX-License-Identifier: GPL-2.0-or-later
"""What properties are made of."""

from __future__ import annotations

import dataclasses
import typing

from ..session import Failure, Session

MILLI = 1000.0
SURFACE = 16021.76634  # mJ/m^2 of an eV/Angstrom^2

# Kinds of surroundings, which a training set has or lacks.
KINDS = {
    "atom": "lone atom",
    "crystal": "perfect crystal",
    "phases": "other crystals",
    "vacancy": "vacancies",
    "interstitial": "interstitials",
    "surface": "surfaces",
    "fault": "stacking faults",
    "dislocation": "dislocations",
    "boundary": "grain boundaries",
    "warm": "warm crystal",
    "liquid": "liquid"
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A number: key is its name in tables of references, label what the card calls it."""

    key: str
    label: str
    unit: str
    kind: str


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the structures of a property are that one potential makes and all are compared in.

    path   of the file
    name   of the potential that makes it
    own    whether that is the potential at hand
    truth  whether it is what the others are to be like, and not just the first of them
    """

    path: str
    name: str
    own: bool
    truth: bool


@dataclasses.dataclass
class Crystal:
    """What properties start from: lattice, lattice constant (Angstrom; before the first property
    has found it, where to look), energy of an atom (eV), mass (g/mol); where structures are (for
    properties that compare in them), and boundaries that are relaxed already, by key."""

    lattice: str
    a: float
    mass: float
    e0: float = 0.0
    source: Source | None = None
    boundaries: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Property:
    """A part of the card.

    name      of its file and in options
    title     a heading
    suite     quick, or full: only there
    version   whole number; one more whenever `run` gives other numbers
    recipe    how, in words
    rows      function of the lattice: the list of Row
    run       function of (Session, Crystal): ({key: number}, [curve]); raises Failure. Numbers
              that can't be had are left out.
    lattices  for which there is this property
    compares  whether it compares potentials in structures that one of them makes: `run` finds a
              Source in its Crystal
    alone     whether it says something of a potential that is compared with no other

    A curve is a dict: key, title, x, y (labels of axes), kind, lines: [[label, xs, ys] ...], and
    marks: [[label, x] ...] where x is a place with a name.
    """

    name: str
    title: str
    suite: str
    version: int
    recipe: str
    rows: typing.Callable[[str], list]
    run: typing.Callable[[Session, Crystal], tuple]
    lattices: tuple = ("bcc", "fcc")
    compares: bool = False
    alone: bool = True


def curve(key, title, x, y, kind, lines, marks=()):
    return {
        "key": key,
        "title": title,
        "x": x,
        "y": y,
        "kind": kind,
        "lines": [[label, list(map(float, xs)), list(map(float, ys))] for label, xs, ys in lines],
        "marks": [[label, float(place)] for label, place in marks]
    }


__all__ = ["KINDS", "MILLI", "SURFACE", "Crystal", "Failure", "Property", "Row", "Session",
           "Source", "curve"]
