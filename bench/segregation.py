# SPDX-License-Identifier: GPL-2.0-or-later
"""segregation.py LARGE TABLE LOG: a row of segregation.sh: differences of two tables of command segregation
in kJ/mol, at sites that have no flag in either, and at all that both have.
segregation.py LARGE TABLE: rows of what is left of differences where the drift is below a value."""

import re
import sys

KJ_PER_MOL = 96.4853
SOFT = 32  # flag of a drift above that of the command


def rows(path):
    """{id: {column: number}}."""
    result, names = {}, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if line[0] == "#":
                names = words[1:]
            else:
                row = dict(zip(names, map(float, words)))
                result[row["id"]] = row
    return result


def figures(differences):
    """Root mean square, median, 90 % quantile of their sizes."""
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
    with open(table, encoding="utf-8") as lines:
        radius = re.search(r"radius ([\d.]+)", lines.readline()).group(1)
    both = [(row, expected[key]) for key, row in found.items() if key in expected]
    good = [(one, other) for one, other in both if not one["flag"] and not other["flag"]]

    def differences(pairs):
        return [KJ_PER_MOL * (one["energy"] - other["energy"]) for one, other in pairs]

    without = [KJ_PER_MOL * (one["energy"] - one["correction"] - other["energy"]) for one, other in good]
    flagged = sum(row["flag"] != 0 for row in found.values())
    print("|", " | ".join([radius, atoms, seconds, str(flagged), str(len(good)), *figures(differences(good)),
                           figures(without)[0], str(len(both)), *figures(differences(both))]), "|")


def by_drift(large, table):
    """Sites that have no other flag in the table; whatever flag the larger radius gives."""
    expected, found = rows(large), rows(table)
    for most in (0.02, 0.01, 0.006, 0.005, 0.004, 0.003):
        kept = [row for key, row in found.items()
                if key in expected and row["flag"] in (0, SOFT) and abs(row["drift"]) <= most]
        size = [KJ_PER_MOL * (row["energy"] - expected[row["id"]]["energy"]) for row in kept]
        print("|", " | ".join([f"{most:g}", str(len(found) - len(kept)), str(len(kept)), *figures(size),
                               f"{max(map(abs, size), default=0.0):.2f}"]), "|")


if __name__ == "__main__":
    (by_drift if len(sys.argv) == 3 else main)(*sys.argv[1:])
