# SPDX-License-Identifier: GPL-2.0-or-later
"""How boundaries are written, as words: what a text says, in numbers."""

from __future__ import annotations

import re

from ..errors import MLGrainError

FORMS = """\
  "Sigma5 (3 1 0)"              label: plane of this family in both crystals;
  "Sigma17b [2 2 1] (2 2 1)"    with the letter of the rotation, and with an axis
  "[0 0 1] 36.87 (3 1 0)"       crystal 2 turned about an axis by an angle, plane of crystal 1
  "q 3 0 0 1 (3 1 0)"           the same by the quadruple of the rotation
  "3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0"
                                directions of crystal 1 | 2 along the axes of a box, normal first
  "euler 0 0 0 36.87 0 0 (3 1 0)"
                                Bunge's angles of both crystals, and the normal in the sample
  "key 5 5 0 0 ..."             what `key` prints"""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_TRIPLE = r"\s*(-?\d[\d\s,-]*)"
_LABEL = re.compile(r"(?:sigma|s|Σ)\s*(\d+)\s*([a-z]?)\s*(?:[\[<]" + _TRIPLE + r"[\]>])?\s*[({]"
                    + _TRIPLE + r"[)}]$", re.IGNORECASE)
_TURN = re.compile(r"\[" + _TRIPLE + r"\]\s*(" + _NUMBER + r")\s*\(" + _TRIPLE + r"\)$")
_WORD = re.compile(r"(q|euler|key)\s([^(]*)(?:\(([^)]*)\))?$", re.IGNORECASE)


def parse_label(label):
    """(Sigma, letter or "", axis or None, plane) of a label."""
    match = _LABEL.match(str(label).strip())
    if not match:
        raise MLGrainError(
            f"{label!r} is no label as \"Sigma5 (3 1 0)\" or \"Sigma13b [1 1 1] (1 1 1)\"")
    sigma, letter, axis, plane = match.groups()
    return int(sigma), letter.lower(), axis and indices(axis, label), indices(plane, label)


def parse(words):
    """(form, numbers): ("label", text), ("turn", axis, angle, plane), ("quadruple", numbers,
    plane), ("rows", P, Q), ("euler", first, second, normal) or ("key", numbers)."""
    words = str(words).strip()
    if _LABEL.match(words):
        return "label", words
    if "|" in words or "/" in words:
        return ("rows", *_rows(words))
    match = _TURN.match(words)
    if match:
        axis, angle, plane = match.groups()
        return "turn", indices(axis, words), float(angle), indices(plane, words)
    match = _WORD.match(words)
    if not match:
        raise MLGrainError(f"{words!r} is no boundary; these are:\n{FORMS}")
    form, numbers, plane = match.groups()
    return _worded(form.lower(), numbers.replace(",", " ").split(), plane, words)


def _worded(form, numbers, plane, words):
    counts = {"q": 4, "euler": 6, "key": 13}
    if len(numbers) != counts[form] or (plane is None) != (form == "key"):
        raise MLGrainError(f"{words!r}: {form} takes {counts[form]} numbers"
                           + ("" if form == "key" else ", and a plane in parentheses"))
    if form == "euler":
        values = [_real(n, words) for n in numbers]
        normal = [_real(n, words) for n in plane.replace(",", " ").split()]
        return "euler", values[:3], values[3:], normal
    values = [_whole(n, words) for n in numbers]
    return ("key", values) if form == "key" else ("quadruple", values, indices(plane, words))


def _rows(words):
    crystals = words.split("|")
    rows = [[[_whole(n, words) for n in row.replace(",", " ").split()] for row in side.split("/")]
            for side in crystals]
    if len(rows) != 2 or any(len(side) != 3 or any(len(row) != 3 for row in side) for side in rows):
        raise MLGrainError(f"{words!r}: three directions / of three whole numbers / for crystal 1 "
                           "| and "
                           "for crystal 2 are needed")
    return rows


def indices(words, whole):
    """Three whole numbers, which may stand together if each has one digit."""
    parts = re.findall(r"-?\d+", words)
    if len(parts) < 3:
        parts = re.findall(r"-?\d", words)
    if len(parts) != 3:
        raise MLGrainError(f"{whole!r}: three indices are needed, not {words.strip()!r}")
    return [int(part) for part in parts]


def _whole(word, words):
    try:
        return int(word)
    except ValueError:
        raise MLGrainError(f"{words!r}: {word!r} is not a whole number") from None


def _real(word, words):
    try:
        return float(word)
    except ValueError:
        raise MLGrainError(f"{words!r}: {word!r} is not a number") from None
