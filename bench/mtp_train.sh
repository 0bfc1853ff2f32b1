#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_train.sh: CPU time until training has come to the loss that MLIP-3 has after some iterations;
# same configurations, same loss, same untrained potential, one core each. Without MLIP-3: the losses
# and times of `mlgrain mtp train` alone.
#   MLGRAIN_PEER_MLP         MLIP-3's program mlp
#   MLGRAIN_PEER_POTENTIALS  the folder with its untrained 12.almtp and 16.almtp
#   MLGRAIN_PEER_ITERATIONS  its limit after 75 iterations of pre-training (100)
# MLGRAIN_TRAIN_SETS: some of "alloy copper_part copper" (alloy copper_part). alloy: nickel, aluminum
# and hydrogen, level 12; copper: the data of potentials/train, level 16, for which MLIP-3 takes days;
# copper_part: a tenth of it. MLGRAIN_TRAIN_EVERY (1): of the configurations of each set, so many-th.
# What both printed stays in mtp_train_SET_own.log and _peer.log, each line after the CPU time so far.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

top=$(cd "$here/.." && pwd)
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
mlgrain=$(dirname "$python")/mlgrain
every=${MLGRAIN_TRAIN_EVERY:-1}
iterations=${MLGRAIN_PEER_ITERATIONS:-100}

# thinned IN OUT N: every N-th configuration
thinned() {
  awk -v n="$3" '/BEGIN_CFG/ { k++ } k % n == 1 || n == 1' "$1" > "$2"
}

alloy() {
  rm -f mtp_alloy.dump
  "$build/lmp" -in "$here/in.mtp_train" -log log.mtp_alloy -screen none -nocite -var out mtp_alloy.dump \
    -var potential "$build/lammps-potentials/NiAlH_jea.eam.alloy"
  "$mlgrain" mtp convert mtp_alloy.dump -o mtp_alloy.cfg
}

copper() {
  [ -d mtp_copper ] || "$python" "$top/potentials/train/make_data.py" --lmp "$build/lmp" --parts train \
    --eam "$build/lammps-potentials/Cu_mishin1.eam.alloy" --out mtp_copper
  "$mlgrain" mtp convert mtp_copper/train/*.dump --elements Cu --largest-force 12 -o mtp_copper.cfg
}

# potential SET LEVEL MIN_DIST CUTOFF: an untrained one, MLIP-3's if there is one
potential() {
  local stock=${MLGRAIN_PEER_POTENTIALS:-}/$2.almtp
  if [ -f "$stock" ]; then
    tr -d '\r' < "$stock" | sed "s/min_dist = .*/min_dist = $3/; s/max_dist = .*/max_dist = $4/"
  else
    local species=(Cu)
    [ "$1" != alloy ] || species=(Ni Al H)
    "$mlgrain" mtp new --level "$2" --species "${species[@]}" --min-dist "$3" --cutoff "$4" \
      -o mtp_new.mtp > mtp_new.log
    cat mtp_new.mtp
  fi
}

# one_set SET DATA EVERY LEVEL MIN_DIST CUTOFF
one_set() {
  thinned "mtp_$2.cfg" "mtp_train_$1.cfg" $(($3 * every))
  potential "$2" "$4" "$5" "$6" > "mtp_train_$1.mtp"
  rm -f "mtp_train_$1.almtp.checkpoint"
  "$python" "$here/mtp_train.py" run "mtp_train_$1_own.log" "$mlgrain" mtp train "mtp_train_$1.mtp" \
    "mtp_train_$1.cfg" -o "mtp_train_$1.almtp"
  if [ -n "${MLGRAIN_PEER_MLP:-}" ]; then
    cp "mtp_train_$1.mtp" "mtp_train_$1_peer.almtp"
    "$python" "$here/mtp_train.py" run "mtp_train_$1_peer.log" "$MLGRAIN_PEER_MLP" train \
      "mtp_train_$1_peer.almtp" "mtp_train_$1.cfg" --iteration_limit="$iterations" \
      --no_mindist_update=true --al_mode=nbh
  fi
  "$python" "$here/mtp_train.py" table "$1" "mtp_train_$1_own.log" "mtp_train_$1_peer.log"
}

for set in ${MLGRAIN_TRAIN_SETS:-alloy copper_part}; do
  case $set in
    alloy)
      alloy > log.mtp_alloy_data
      one_set alloy alloy 1 12 1.2 5.0
      ;;
    copper_part)
      copper > log.mtp_copper_data
      one_set copper_part copper 10 16 1.9 5.5
      ;;
    copper)
      copper > log.mtp_copper_data
      one_set copper copper 1 16 1.9 5.5
      ;;
    *)
      echo "mtp_train.sh: no set $set" >&2
      exit 1
      ;;
  esac
done | tee mtp_train.md
