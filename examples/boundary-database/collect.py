#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""collect.py SET ...: puts together what search.py has found so far, in SET/ of the folder of the study:

  table.csv           a line for each boundary
  structures.csv      a line for each distinct structure, metastable ones too
  history.csv         a line for each round of the search
  structures.xyz.gz   the structures of structures.csv in the same order (extended XYZ)
"""

import csv
import gzip
import json
import os
import pathlib
import re
import sys

from search import REAL, WHOLE, lowest, read_crystal
from sets import SETS, Missing

# Two results of a boundary nearer than this in both are one structure: energy (part of it, and mJ/m^2 at
# least), excess volume (lattice constants).
SAME_ENERGY, LEAST_ENERGY, SAME_VOLUME = 1e-4, 0.05, 5e-3


def finished(which, entry):
    """(line, its file) of all rounds of a boundary, in order."""
    folder = pathlib.Path(which.name, "rounds", entry.label)
    found = [(json.loads(path.read_text()), path) for path in folder.glob("*.json")]
    return sorted(found, key=lambda pair: pair[0]["round"])


def same(one, other, a):
    energy = max(SAME_ENERGY * max(abs(one["energy"]), abs(other["energy"])), LEAST_ENERGY)
    return (abs(one["energy"] - other["energy"]) <= energy and
            abs(one["volume"] - other["volume"]) <= SAME_VOLUME * a)


def distinct(rounds, a):
    """The structures of all rounds by energy, each once, in the smallest cell it was found in; `hits`
    are summed up, and `place` is (file, number of the frame)."""
    found = []
    for line, path in rounds:
        for number, structure in enumerate(line.get("structures", [])):
            found.append({**structure, "round": line["round"],
                          "place": (path.with_suffix(".xyz.gz"), number)})
    result = []
    for structure in sorted(found, key=lambda s: s["energy"]):
        for place in range(len(result) - 1, -1, -1):
            if same(result[place], structure, a):
                kept, other = sorted((result[place], structure), key=lambda s: s["cell_x"] * s["cell_y"])
                result[place] = {**kept, "hits": kept["hits"] + other["hits"]}
                break
        else:
            result.append(structure)
    return sorted(result, key=lambda s: s["energy"])


def words(values):
    return " ".join(str(value) for value in values)


def number(value):
    return "" if value is None else f"{value:.6g}"


def boundary_columns(which, entry, a):
    """What a boundary is."""
    b = entry.boundary
    angle, axis = b.disorientation
    brk = 1e3 * b.brk_energy(which.metal.brk) if which.metal.brk else None
    line = {"boundary": entry.label, "sigma": b.sigma, "kind": b.kind, "angle": f"{angle:.4f}",
            "axis": words(axis), "quadruple": words(b.quadruple), "plane_1": words(b.planes[0]),
            "plane_2": words(b.planes[1]), "key": words(b.numbers),
            "tilts": "; ".join(f"<{axis}> {angle}" for axis, angle in entry.tilts),
            "period_area": f"{b.period_area * a * a:.4f}", "shift_area": f"{b.shift_area * a * a:.4f}",
            "brk": number(brk)}
    line.update({f"published_{metal}": number(1e3 * energy) for metal, energy in entry.published.items()})
    return line


def search_columns(rounds, structures):
    """What was found. history: the lowest energy after each round, and the trials until then."""
    trials, best, history = 0, None, []
    for line, _ in rounds:
        trials += line["whole"] + line["trials"]
        found = lowest(line)
        if found and (best is None or found["energy"] < best):
            best = found["energy"]
        history.append(f"{trials}:{number(best)}")
    low, whole = structures[0], [s for s in structures if s["fraction"] == 0]
    return {"energy": low["energy"], "energy_whole_planes": min((s["energy"] for s in whole), default=None),
            "energy_second": structures[1]["energy"] if len(structures) > 1 else None,
            "fraction": low["fraction"], "excess_volume": low["volume"], "stress_xx": low["stress_xx"],
            "stress_yy": low["stress_yy"], "stress_xy": low["stress_xy"],
            "cell": f"{low['cell_x']} {low['cell_y']} {low['shear']}", "atoms": low["atoms"],
            "hits": low["hits"], "structures": len(structures), "rounds": len(rounds), "trials": trials,
            "given_up": sum(line.get("given_up", 0) for line, _ in rounds),
            "seconds": round(sum(line.get("seconds", 0) for line, _ in rounds), 2),
            "history": "; ".join(history)}


def frames(path):
    """Each frame of an extended XYZ file: its comment, and the lines of its atoms."""
    with gzip.open(path, "rt") as file:
        while head := file.readline():
            comment = file.readline().rstrip("\n")
            yield comment, [file.readline() for _ in range(int(head))]


def write_structures(output, structures, label, which, key):
    """Frames of a boundary: those of its rounds, with the names of boundary and set."""
    wanted = {s["place"]: k for k, s in enumerate(structures)}
    found = {}
    for path in sorted({path for path, _ in wanted}):
        for k, frame in enumerate(frames(path)):
            if (path, k) in wanted:
                found[wanted[path, k]] = frame
    for k in range(len(structures)):
        comment, atoms = found[k]
        comment = re.sub(r"\bid=\d+", f'id={k + 1} label={label} set={which.name} key="{key}"', comment)
        output.write(f"{len(atoms)}\n{comment}\n{''.join(atoms)}")


def write_csv(path, lines):
    columns = list(dict.fromkeys(name for line in lines for name in line))
    part = path.with_suffix(".part")
    with open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(lines)
    os.replace(part, path)


def history_lines(entry, rounds):
    for line, _ in rounds:
        best = lowest(line)
        yield {"boundary": entry.label, **{name: line[name] for name in
               ("round", "status", "whole", "trials", "whole_seed", "seed", "words", "thickness")},
               "given_up": line.get("given_up", ""), "without_result": line.get("without_result", ""),
               "seconds": line.get("seconds", ""), "structures": len(line.get("structures", [])),
               **{f"best_{name}": best[name] if best else "" for name in
                  ("energy", "fraction", "trial", "kind", "origin")}}


def collect(which):
    """Returns how many boundaries and structures there are."""
    a = read_crystal(f"crystal-{which.metal.name}.txt")["lattice_constant"]
    table, all_structures, history = [], [], []
    folder = pathlib.Path(which.name)
    part = folder / "structures.part"
    with gzip.open(part, "wt", 6) as output:
        for entry in which.entries():
            rounds = finished(which, entry)
            history += history_lines(entry, rounds)
            rounds = [pair for pair in rounds if pair[0]["status"] == "ok"]
            structures = distinct(rounds, a)
            if not structures:
                continue
            line = boundary_columns(which, entry, a)
            table.append({**line, **search_columns(rounds, structures)})
            all_structures += [{"boundary": entry.label, "id": k, "kind": line["kind"],
                                **{name: s[name] for name in (*REAL, *WHOLE, "origin", "round")}}
                               for k, s in enumerate(structures, 1)]
            write_structures(output, structures, entry.label, which, line["key"])
    os.replace(part, folder / "structures.xyz.gz")
    if table:
        write_csv(folder / "table.csv", table)
        write_csv(folder / "structures.csv", all_structures)
        write_csv(folder / "history.csv", history)
    return len(table), len(all_structures)


def main():
    if len(sys.argv) < 2 or not set(sys.argv[1:]) <= set(SETS):
        sys.exit(f"{__doc__}\nSETs are {', '.join(SETS)}")
    for name in sys.argv[1:]:
        if not pathlib.Path(name, "rounds").exists():
            continue
        try:
            print("{}: {} boundaries, {} distinct structures".format(name, *collect(SETS[name])))
        except Missing as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
