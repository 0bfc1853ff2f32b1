#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_boundary_database.sh VENV: examples/boundary-database with a few small boundaries and few trials: known
# energies, tables that fit together, all parts of the report; what is there isn't computed again, also after
# an interruption, and more is added on request. Status 77, skipped, where its Python packages or the
# potential can't be had.
set -eu
. "$(dirname "$0")/says.sh"
top=$MLGRAIN_SOURCE_DIR
if [ ! -e "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" ]; then
  echo "no Cu_mishin1.eam.alloy in $MLGRAIN_LAMMPS_POTENTIALS"
  exit 77
fi
PYTHON=$("$top/cmake/make-venv.sh" "$1")
"$PYTHON" -c 'import mlgrain._core, scipy' || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A list in the form of that of the 388: coherent twin, Sigma5 (310), two (100) twists, asymmetric tilt.
mkdir -p "$folder/reference/ni388"
cat > "$folder/reference/ni388/fcc1-3.txt" << 'END'
GB_index: 1 Sigma: 3 Misorientation_index: 1
1 1 1    1 1 1
1 -1 0   -1 1 0
1 1 -2   -1 -1 2

DSC_lattice:
1/3 1/3 4/3

GB_index: 2 Sigma: 5 Misorientation_index: 2
3 1 0    3 1 0
0 0 2    0 0 -2
1 -3 0   -1 3 0

GB_index: 3 Sigma: 5 Misorientation_index: 2
2 0 0    2 0 0
0 3 1    0 3 -1
0 -1 3   0 1 3

GB_index: 4 Sigma: 5 Misorientation_index: 2
1 0 0    4 3 0
0 1 0    3 -4 0
0 0 1    0 0 -1

GB_index: 5 Sigma: 13 Misorientation_index: 3
2 0 0    2 0 0
0 5 1    0 5 -1
0 -1 5   0 1 5
END
cat > "$folder/reference/ni388/fcc1-1.txt" << 'END'
GB_index   Ni      Al    Energy (J/m^2)
1	0.064	0.058
2	1.218	0.463
3	0.958	0.324
4	1.100	0.400
5	0.900	0.310
END
export PYTHON STUDY_FOLDER="$folder/out" MLGRAIN_REFERENCE_DIR="$folder/reference" BOUNDARIES_PER_AXIS=1 \
  LARGEST=450 TRIALS_SCALE=0.1 TREES=10 JOBS=2 CU_BOUNDARIES="$folder/none"
example=$top/examples/boundary-database

# does PROGRAM ARGUMENT...: what it prints goes to $folder/text.
does() {
  "$@" > "$folder/text" 2>&1 || {
    cat "$folder/text" >&2
    exit 1
  }
}

search() {
  does "$PYTHON" "$example/search.py" "$1" "$MLGRAIN_BUILD_DIR/lmp" "$MLGRAIN_LAMMPS_POTENTIALS"
}

does "$example/run.sh"
says "$folder/text" "^copper-tilts: 3 rounds, 0 of them there already"
says "$folder/text" "^copper-388: 5 rounds, 0 of them there already"
cd "$STUDY_FOLDER"
says report.md "\*\*3 of 3 boundaries\*\*"
says report.md "^| BRK: all | 5 |"
says report.md "^| published, nickel, times 0\.[0-9]*: all | 5 |"
says report.md "^| SFD, ridge | twist | [2-9] | 2 |"
for picture in copper-tilts-angle copper-tilts-fraction copper-388-brk copper-388-published learn; do
  test "$(wc -c < $picture.png)" -gt 5000
done

# Energies; the list's own numbers; tables and structures belong together.
"$PYTHON" - << 'END'
import csv, gzip
import numpy as np
from mlgrain.tables.frames import read_frames

def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))

table = {line["boundary"]: line for line in read("copper-388/table.csv")}
for label, energy, sigma, kind in (("001", 22.24, 3, "symmetric tilt"), ("002", 904.8, 5, "symmetric tilt"),
                                   ("003", 731.4, 5, "twist"), ("004", None, 5, "asymmetric tilt")):
    line = table[label]
    assert energy is None or abs(float(line["energy"]) - energy) < 0.15, line
    assert (int(line["sigma"]), line["kind"]) == (sigma, kind), line
assert table["002"]["published_nickel"] == "1218" and table["002"]["key"] == "5 5 0 0 0 4 3 0 -3 4 0 3 -1"
tilts = {line["boundary"]: line for line in read("copper-tilts/table.csv")}
assert abs(float(tilts["S3_1_1_1"]["energy"]) - 22.24) < 0.15, tilts
assert "<110> 109.4712" in tilts["S3_1_1_1"]["tilts"], tilts
for name in ("copper-tilts", "copper-388"):
    structures, frames = read(f"{name}/structures.csv"), list(read_frames([f"{name}/structures.xyz.gz"],
                                                                          ["layer", "grain"]))
    assert len(structures) == len(frames) > 5, name
    with gzip.open(f"{name}/structures.xyz.gz", "rt") as file:
        heads = [line for line in file if line.startswith("Lattice")]
    for line, frame, head in zip(structures, frames, heads):
        assert int(line["atoms"]) == len(frame), line
        assert f'id={line["id"]} label={line["boundary"]} set={name} key="' in head, head
        assert f'boundary_energy={float(line["energy"]):.6f}' in head, head
        assert set(np.unique(frame.columns["layer"])) == {0, 1, 2}
    of = [line["boundary"] for line in structures]
    for line in read(f"{name}/table.csv"):
        assert of.count(line["boundary"]) == int(line["structures"]), line
        own = [float(n["energy"]) for n in structures if n["boundary"] == line["boundary"]]
        assert own[0] == min(own) == float(line["energy"]), line
        assert sum(energy < own[0] + 0.02 for energy in own) == 1, own  # the twin is found by most trials
    history = read(f"{name}/history.csv")
    assert {line["status"] for line in history} == {"ok"}
    assert sum(int(line["whole"]) + int(line["trials"]) for line in history) == \
        sum(int(line["trials"]) for line in read(f"{name}/table.csv"))
END

# What ships is that: the tables, and the lowest structures.
does "$PYTHON" "$example/ship.py" "$folder/found" copper-tilts copper-388
"$PYTHON" - "$folder/found" "$example/found" << 'END'
import csv, lzma, pathlib, sys
from mlgrain import Boundary

def shipped(path):
    """(line of the table, comment of the frame, its atoms)"""
    with open(path, newline="") as file:
        lines = list(csv.DictReader(file))
    with lzma.open(path.with_suffix(".xyz.xz"), "rt") as file:
        for line in lines:
            count = int(next(file))
            yield line, next(file), [next(file).split() for _ in range(count)]
        assert not file.read(), path

for folder in map(pathlib.Path, sys.argv[1:]):
    paths = sorted(folder.glob("*.csv"))
    assert [path.stem for path in paths][:2] == ["copper-388", "copper-tilts"], paths
    for path in paths:
        for line, comment, atoms in shipped(path):
            assert f' label={line["boundary"]} set={path.stem} key="{line["key"]}"' in comment, comment
            assert f'boundary_energy={float(line["energy"]):.6f}' in comment, comment
            assert len(atoms) == int(line["atoms"]) and len(atoms[0]) == 7, line
            numbers = [[int(n) for n in line[name].split()] for name in ("quadruple", "plane_1")]
            known = Boundary.from_quadruple(*numbers, lattice="bcc" if path.stem.startswith("iron") else "fcc")
            assert (known.sigma, known.kind) == (int(line["sigma"]), line["kind"]), line
    print(folder, len(paths))
END

# The study of copper boundaries takes all of these structures; sums over their mobile atoms are their energies.
study() {
  does env STUDY_FOLDER="$folder/study" DATABASE="$STUDY_FOLDER" STAGES=1 "$top/examples/cu-boundaries/run.sh"
}

study
says "$folder/text" "^3 boundaries, .* 0 boundaries there already"
"$PYTHON" - "$folder/study" << 'END'
import csv, gzip, pathlib, sys

def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))

study = pathlib.Path(sys.argv[1])
lines, structures = read(study / "table.csv"), read("copper-tilts/structures.csv")
assert sorted(float(n["energy"]) for n in lines) == sorted(float(n["energy"]) for n in structures)
assert len({n["file"] for n in lines}) == len(lines) and sum(n["minimum"] == "1" for n in lines) == 3
for n in lines:
    assert abs(float(n["energy"]) - float(n["energy_of_atoms"])) < 1.0, n
    with gzip.open(study / n["file"], "rt") as file:
        head = [next(file) for _ in range(4)]
    assert int(head[3]) == int(n["atoms"]), n
assert {n["family"] for n in lines if "<110> 109.4712" in n["tilts"]} == {"1 1 1"}, lines
assert 1.004 < float((study / "expansion.txt").read_text().split()[1]) < 1.006
assert len(list((study / "thermal").glob("*.dump.gz"))) == 3
END
study
says "$folder/text" "^3 boundaries, .* 3 boundaries there already"

# Nothing is done twice; of an interrupted search what was finished stays, and the rest is done later.
before=$(cat copper-388/rounds/*/*.json copper-388/table.csv | cksum)
search copper-388
"$PYTHON" "$example/collect.py" copper-388
says "$folder/text" "^copper-388: 5 rounds, 5 of them there already"
test "$before" = "$(cat copper-388/rounds/*/*.json copper-388/table.csv | cksum)"
rm copper-388/rounds/002/1.json
touch "$folder/interrupted"
ONLY=002 TRIALS_SCALE=30 "$PYTHON" "$example/search.py" copper-388 "$MLGRAIN_BUILD_DIR/lmp" \
  "$MLGRAIN_LAMMPS_POTENTIALS" > "$folder/interrupted" 2>&1 &
search=$!
while ! grep -q "there already" "$folder/interrupted"; do
  kill -0 "$search"
  sleep 0.1
done
kill -TERM "$search"
if wait "$search"; then
  echo "not interrupted" >&2
  exit 1
fi
says "$folder/interrupted" "interrupted; the same command goes on from here"
test ! -e copper-388/rounds/002/1.json
ONLY="002 003" ROUNDS=2 search copper-388
"$PYTHON" "$example/collect.py" copper-388
says "$folder/text" "^copper-388: 4 rounds, 1 of them there already"
says copper-388/table.csv "^002,.*,4,0,[0-9.]*,2:[0-9.]*; 4:[0-9.]*"
says copper-388/table.csv "^001,.*,2,0,[0-9.]*,2:[0-9.]*"

# Even rounds of the tilts are in small cells.
ONLY=S3_1_1_1 ROUNDS=2 search copper-tilts
grep -q '"whole": 0, "trials": 25, .*"words": "cells 2 2"' copper-tilts/rounds/S3_1_1_1/2.json

# A round with fewer trials than are wanted is done again.
ONLY=001 TRIALS_SCALE=0.5 search copper-388
says "$folder/text" "^copper-388: 1 rounds, 0 of them there already"

# A round that takes too long is ended, said so, and tried again only with more time.
TRIALS_SCALE=250 LIMIT=1e6 PYTHONPATH="$example" "$PYTHON" - << 'END'
import os, search, sets
search.HOPELESS = 0  # one second
which = sets.SETS["copper-388"]
lammps = search.Lammps(os.environ["MLGRAIN_BUILD_DIR"] + "/lmp", os.environ["MLGRAIN_LAMMPS_POTENTIALS"],
                       which.metal)
each = search.Round(which, which.entries()[2], 3, 3.615)
assert (each.whole, each.trials) == (2000, 2000) and not each.finished()
line = each.run(lammps)
assert line["status"] == "too long", line
assert each.finished()
search.LIMIT *= 2
assert not each.finished()
search.LIMIT = 1.0
assert search.Round(which, which.entries()[2], 3, 3.615).whole < 10
END
"$PYTHON" "$example/collect.py" copper-388
says copper-388/history.csv "^003,3,too long,"
"$PYTHON" "$example/report.py"
says report.md "1 rounds failed or took too long"

# Missing files are named.
if MLGRAIN_REFERENCE_DIR=$folder/none "$example/run.sh" iron-408 > "$folder/text" 2>&1; then
  echo "iron without its list" >&2
  exit 1
fi
says "$folder/text" "none/bcc408/energies.csv: No such file"
