#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kokkos_soap.sh: nanoseconds per atom of the Kokkos forms of computes soap/mean and ler/atom (145
# environments of 3250 numbers, with their vectors), beside the styles for CPUs in one process; median of
# the repeats, less a step in which nothing is asked for. Needs a build with the styles for Kokkos. On
# CPUs both have the same kernels, unless MLGRAIN_KOKKOS_KERNELS=device (doc/kokkos.md).
#   MLGRAIN_KOKKOS_ARGUMENTS  how LAMMPS is started, e.g. "-k on g 1" for a GPU; by default "-k on t N"
#                             with all cores
#   MLGRAIN_KOKKOS_SOAP       another division of the work among the threads (src/kokkos/soap_shape.h)
#   CELLS                     edge of the box in lattice constants, for Kokkos (40: 256000 atoms) and
#   CELLS_CPU                 for the CPU (8)
#   MLGRAIN_REPEATS           3
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ ! -e "$build/mlgrainkkplugin.so" ]; then
  echo "kokkos_soap.sh: this build has no styles for Kokkos: its LAMMPS lacks KOKKOS" >&2
  exit 0
fi
export OMP_PROC_BIND=${OMP_PROC_BIND:-spread} OMP_PLACES=${OMP_PLACES:-threads}
read -r -a kokkos <<< "${MLGRAIN_KOKKOS_ARGUMENTS:--k on t $(getconf _NPROCESSORS_ONLN)}"
repeats=(-var repeats "${MLGRAIN_REPEATS:-3}")

run_lammps soap_cpu "$here/in.kokkos_soap" -var cells "${CELLS_CPU:-8}" "${repeats[@]}"
run_lammps soap_kk "$here/in.kokkos_soap" -var cells "${CELLS:-40}" "${repeats[@]}" "${kokkos[@]}" \
  -sf kk -pk kokkos newton on neigh half
{
  timings soap_kk | sed 's/^/kk,/'
  timings soap_cpu | sed 's/^/cpu,/'
} | awk -F, -v how="${kokkos[*]}" '{ time[$1, $2] = $3; atoms[$1] = $4 }
  END {
    printf "%s, %d atoms; CPU: %d atoms\n\n", how, atoms["kk"], atoms["cpu"]
    print "| | Kokkos, ns/atom | one CPU process, ns/atom |\n|---|--:|--:|"
    row("c_quippy_18_18[1]", "soap/mean quippy 5.0 18 18 0.5")
    row("c_single_18_18[1]", "the same, precision single")
    row("c_quippy_8_6[1]", "soap/mean quippy 5.0 8 6 0.5")
    row("c_gto_8_6[1]", "soap/mean gto 5.0 8 6 0.5")
    row("c_largest", "ler/atom, 145 environments of quippy 5.0 18 18 0.5")
  }
  function row(label, text) {
    printf "| %s | %.1f | %.1f |\n", text, ns("kk", label), ns("cpu", label)
  }
  function ns(where, label) { return 1e3 * (time[where, label] - time[where, "none"]) }' |
  tee kokkos_soap.md
