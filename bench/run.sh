#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [NAME…]: the benchmarks, all by default; each is a script beside this one that prints a
# table. Called by `make bench`. The tables of doc/performance.md come from here.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export MLGRAIN_BUILD_DIR=${MLGRAIN_BUILD_DIR:-$here/../build}

grep -m 1 'model name' /proc/cpuinfo 2> /dev/null | sed 's/.*: /Processor: /' || true
for name in "${@:-sfd eden forest onthefly scaling}"; do
  for one in $name; do
    printf '\n## %s\n\n' "$one"
    "$here/$one.sh"
  done
done
