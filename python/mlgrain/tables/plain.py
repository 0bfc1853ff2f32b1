# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of numbers without the compiled core, which does the same twelve times as fast."""

from __future__ import annotations

from ..errors import MLGrainError


def read_rows(file, line, names, columns, text, values):
    """(rows, bytes) read from whole lines of text, as src/core/include/mlgrain/rows.h has it."""
    whole, begin, row = bytes(text), 0, 0
    while row < len(values) and (end := whole.find(b"\n", begin) + 1):
        words = _words(file, line + row, names, whole[begin:end])
        for name, column, word in zip(names, columns, words):
            if column >= 0:
                values[row, column] = _number(file, line + row, name, word)
        begin, row = end, row + 1
    return row, begin


def _words(file, line, names, text):
    strange = next((byte for byte in text if not (32 <= byte < 127 or 9 <= byte <= 13)), None)
    if strange is not None:
        raise MLGrainError(f"{file}, line {line}: the file is damaged: a byte 0x{strange:02x}, which "
                           "is no text")
    words = text.split()
    if len(words) != len(names):
        raise MLGrainError(f"{file}, line {line}: {len(words)} words, but there are {len(names)} "
                           f"columns ({names[0]} ... {names[-1]})")
    return words


def _number(file, line, name, word):
    try:
        if b"_" in word:
            raise ValueError
        return float(word)
    except ValueError:
        raise MLGrainError(f"{file}, line {line}: column {name} is not a number: "
                           f"'{word.decode()[:40]}'") from None
