# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2164 # those that source it stop at the first error
# Sourced by the benchmarks: where things are, how LAMMPS is run, how its log is read. Results go to
# $MLGRAIN_BUILD_DIR/bench, which becomes the current folder.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${MLGRAIN_BUILD_DIR:-$here/../build}
build=$(cd "$build" && pwd)
mkdir -p "$build/bench"
cd "$build/bench"
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# run_lammps NAME ARGUMENTS…: runs the input (first of the arguments), keeps log.NAME. RANKS sets
# the number of MPI ranks, `profiler` is a command that LAMMPS is an argument of.
profiler=()
run_lammps() {
  local name=$1 input=$2
  shift 2
  local launcher=("${profiler[@]}")
  if [ "${RANKS:-1}" -gt 1 ]; then
    launcher+=(mpirun --oversubscribe -np "$RANKS")
  fi
  if ! "${launcher[@]}" "$build/lmp" -in "$input" -log "log.$name" -screen none -nocite \
    -var potential "$build/lammps-potentials/Cu_mishin1.eam.alloy" "$@"; then
    tail -n 5 "log.$name" >&2
    return 1
  fi
}

# cpu_time NAME: us of CPU time per atom and step of the last run in log.NAME, on one rank.
cpu_time() {
  awk '/^Loop time of/ { wall = $4; steps = $(NF - 4); atoms = $(NF - 1) }
    /CPU use with/ { sub("%", "", $1); cpu = wall * $1 / 100 }
    END { printf "%.4f\n", cpu / steps / atoms * 1e6 }' "log.$1"
}

# median_and_range FILE: of its numbers.
median_and_range() {
  sort -g "$1" | awk '{ t[NR] = $1 } END { printf "%.3g %.3g %.3g", t[int((NR + 1) / 2)], t[1], t[NR] }'
}

# mtp_files NAME: sets `files` to MLGRAIN_MTP_FILES ("name=path name=path"), by default the published
# potentials for Fe where the reference data has them; without any, the benchmark ends here.
mtp_files() {
  local reference=${MLGRAIN_REFERENCE_DIR:-$here/../../shared/reference}/mtp
  files=${MLGRAIN_MTP_FILES:-}
  if [ -z "$files" ] && [ -f "$reference/Fe_22.mtp" ]; then
    files="16=$reference/Fe_16.mtp 24=$reference/Fe_22.mtp"
  fi
  if [ -z "$files" ]; then
    echo "$1: no potential: set MLGRAIN_MTP_FILES=\"name=path ...\"" >&2
    exit 0
  fi
}

# cpu_timings NAME: as timings, of CPU time; runs must end with LAMMPS' summary.
cpu_timings() {
  awk '/^BENCH / { label = $2; count = $3 }
    /^Loop time of/ && label { time = $4; atoms = $(NF - 1) }
    /% CPU use with/ && label { print label, time * $1 / 100 / count / atoms * 1e6, atoms; label = "" }' \
    "log.$1" | medians
}

# timings NAME: from log.NAME, for each label of a line "BENCH label evaluations" and the run after
# it, a line "label,us per atom and evaluation (median),atoms,lowest,highest".
timings() {
  awk '/^BENCH / { label = $2; count = $3 }
    /^Loop time of/ && label { print label, $4 / count / $(NF - 1) * 1e6, $(NF - 1); label = "" }' \
    "log.$1" | medians
}

# medians: of lines "label time atoms", what timings prints.
medians() {
  sort -k1,1 -k2,2g | awk '
    function flush() {
      if (n) printf "%s,%.6g,%d,%.6g,%.6g\n", last, t[int((n + 1) / 2)], atoms, t[1], t[n]
    }
    $1 != last { flush(); n = 0; last = $1 }
    { t[++n] = $2; atoms = $3 }
    END { flush() }'
}
