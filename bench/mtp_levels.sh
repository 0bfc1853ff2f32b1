#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_levels.sh [LEVEL…]: mtp.sh for untrained potentials of these levels (8 10 12 14), of one species
# and of three. A peer is given as there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$here/../build}" && pwd)
python=$("$here/../cmake/find-python.sh" numpy)
[ $# -gt 0 ] || set -- 8 10 12 14

for species in 1 3; do
  folder=$build/bench/mtp_levels_$species
  mkdir -p "$folder"
  "$python" "$here/mtp_levels.py" "$folder" "$species" "$@"
  files=
  for level in "$@"; do files="$files $level=$folder/$level.mtp"; done
  printf '\nSpecies: %s\n\n' "$species"
  MLGRAIN_MTP_FILES=${files# } MLGRAIN_MTP_TYPES=$species MOST=0 \
    MLGRAIN_MTP_COMMANDS='velocity all set 0 0 0' "$here/mtp.sh"
done
