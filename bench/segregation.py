# SPDX-License-Identifier: GPL-2.0-or-later
"""segregation.py LARGE TABLE LOG: a row of segregation.sh: differences of two tables of command segregation
at sites that both have without a flag, in kJ/mol."""

import re
import sys

KJ_PER_MOL = 96.4853


def rows(path):
    with open(path, encoding="utf-8") as lines:
        values = [[float(word) for word in line.split()] for line in lines if line[0] != "#"]
    return {row[0]: row for row in values}


def figures(differences):
    if not differences:
        return ["", "", ""]
    size = sorted(abs(one) for one in differences)
    rms = (sum(one * one for one in size) / len(size)) ** 0.5
    return [f"{one:.2f}" for one in (rms, size[len(size) // 2], size[int(0.9 * len(size))])]


def main(large, table, log):
    expected, found = rows(large), rows(table)
    with open(log, encoding="utf-8") as lines:
        text = lines.read()
    atoms = re.search(r"Loop time of .* with (\d+) atoms", text).group(1)
    seconds = re.search(r"CPU time ([\d.]+) s a site", text).group(1)
    radius = re.search(r"radius ([\d.]+)", open(table, encoding="utf-8").readline()).group(1)
    pairs = [
        (row, expected[key])
        for key, row in found.items()
        if key in expected and not row[12] and not expected[key][12]
    ]
    with_rest = [KJ_PER_MOL * (one[5] - other[5]) for one, other in pairs]
    without = [KJ_PER_MOL * (one[5] - one[6] - other[5]) for one, other in pairs]
    flagged = sum(row[12] != 0 for row in found.values())
    print("|", " | ".join([radius, atoms, seconds, str(flagged), *figures(with_rest), *figures(without)]), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
