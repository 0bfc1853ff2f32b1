#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# large.sh: what descriptors, mixture, forest and dump cost per atom, beside a step of molecular dynamics
# with an EAM potential, from 10^4 to 10^7 atoms, all in one grain size; memory, ghost atoms.
#
#   MOST=1000000   leaves out larger systems (default; 10000000 needs half an hour and 13 GB)
#   MODELS=FOLDER  Cu_eden.safetensors and Cu_gb2.safetensors (default: potentials)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
models=${MODELS:-$here/../potentials}
for model in Cu_eden Cu_gb2; do
  if [ ! -e "$models/$model.safetensors" ]; then
    echo "large: there is no $models/$model.safetensors" >&2
    exit 1
  fi
done

# polycrystal NAME CELLS STEPS RANKS REPEATS: runs in.large
polycrystal() {
  RANKS=$4 run_lammps "$1" "$here/in.large" -var cells "$2" -var steps "$3" -var repeats "$5" \
    -var forest "$models/Cu_eden.safetensors" -var mixture "$models/Cu_gb2.safetensors"
  frame_bytes=$(($(wc -c < large.dump) / $3))
  rm -f large.dump
}

# memory NAME: largest resident size of the first rank, MB.
memory() { awk '/Maximum resident/ { m = $(NF - 1) } END { print m }' "log.$1"; }

# measure CELLS STEPS REPEATS RANKS: one row, times being those of all cores together.
measure() {
  local name=large-$1-$4
  [ $((4 * $1 * $1 * $1)) -le $((${MOST:-1000000} * 11 / 10)) ] || return 0
  polycrystal "$name" "$1" "$2" "$4" "$3"
  timings "$name" | awk -F, -v ranks="$4" -v memory="$(memory "$name")" -v empty="$empty" \
    -v frame="$frame_bytes" -v ghosts="$(awk '/^Nghost:/ { print $2; exit }' "log.$name")" '
    { time[$1] = $2 * ranks; atoms = $3 }
    END {
      printf "| %d | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.0f | %.2f | %.0f |\n", atoms,
        ranks, time["eam"], time["lists"] - time["eam"], time["descriptors"] - time["eam"],
        time["mixture"] - time["descriptors"], time["forest"] - time["mixture"],
        time["dump"] - time["forest"], memory / 1024, (memory - empty) * 1048576 * ranks / atoms,
        ghosts * ranks / atoms, frame / atoms
    }'
}

# projection: of the last row for one rank, what ATOMS take where each rank has SHARE of them. Lists are
# assumed to last ten steps of 2 fs. Memory is that of atoms and that of ghosts, from a fit to all rows for
# one rank. A ghost costs 64 bytes a step: its position, its density, the embedding's derivative, its force;
# each of these four exchanges takes six messages.
projection() {
  awk -F'|' -v atoms="${ATOMS:-1e9}" -v share="${SHARE:-1e6}" '
    $3 == 1 { eam = $4; lists = $5; sfd = $6; mixture = $7; forest = $8; dump = $9; bytes = $11
      ghosts = $12; frame = $13
      n++; x += ghosts; y += bytes; xx += ghosts * ghosts; xy += ghosts * bytes }
    END {
      edge = (share * 11.8) ^ (1 / 3)
      shell = ((edge + 16) / edge) ^ 3 - 1
      slope = n > 1 ? (n * xy - x * y) / (n * xx - x * x) : 0
      memory = y / n + slope * (shell - x / n)
      hour = 3600e6
      printf "\n%g copper atoms, %g on each of %d ranks:\n\n", atoms, share, atoms / share
      print "| | |"
      print "|---|---|"
      printf "| ghost atoms per atom, to 8 Angstrom | %.2f |\n", shell
      printf "| memory (bytes per atom; GB per rank; TB in all) | %.0f; %.2f; %.2f |\n", memory,
        memory * share / 1e9, memory * atoms / 1e12
      printf "| EAM dynamics (core-hours per ns) | %.0f |\n", (eam + lists / 10) * atoms * 5e5 / hour
      printf "| messages of a rank per step; MB | 24; %.1f |\n", shell * share * 64 / 1e6
      print "| messages between neighbors that our styles add | 0 |"
      printf "| descriptors, mixture, forest, once (core-hours) | %.2f |\n",
        (sfd + mixture + forest) * atoms / hour
      printf "| the same every ps, share of the run (%%) | %.2f |\n",
        100 * (sfd + mixture + forest) / (eam + lists / 10) / 500
      printf "| a dump as text, 8 columns (GB; core-hours) | %.0f; %.2f |\n", frame * atoms / 1e9,
        dump * atoms / hour
    }' large.md
}

# Of next to no atoms: LAMMPS, libraries, models.
polycrystal large-empty 6 1 1 1
empty=$(memory large-empty)
cores=$(getconf _NPROCESSORS_ONLN)
{
  echo "core-us per atom: one step without neighbor lists; making these; one evaluation of each"
  echo
  echo "| atoms | ranks | EAM step | lists | descriptors | mixture | forest | dump | GB, first rank |" \
    "bytes per atom | ghosts per atom | dump: bytes per atom |"
  echo "|---|---|---|---|---|---|---|---|---|---|---|---|"
  for ranks in 1 2; do
    [ "$ranks" -le "$cores" ] || continue
    measure 14 40 9 "$ranks" # 1.1e4 sites
    measure 29 10 5 "$ranks" # 9.8e4
    measure 63 3 3 "$ranks"  # 1.0e6
    measure 136 1 2 "$ranks" # 1.0e7
  done
} | tee large.md
text=$(projection)
echo "$text" | tee -a large.md
