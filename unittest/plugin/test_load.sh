#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_load.sh LMP: LAMMPS finds the plugin in LAMMPS_PLUGIN_PATH, lists its styles, and can unload
# and load it again.
set -eu
lmp=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/in.load" <<INPUT
plugin list
plugin unload compute sfd/atom
plugin list
plugin clear
plugin load $MLGRAIN_BUILD_DIR/mlgrainplugin.so
plugin list
INPUT
"$lmp" -in "$folder/in.load" -log none > "$folder/out" || { cat "$folder/out"; exit 1; }

# Three lists: with the style, without it, with it again.
listed=$(awk '/Currently loaded plugins/ { list++ }
  /compute style plugin sfd\/atom$/ { if (list) seen[list]++ }
  END { printf "%d %d %d", seen[1], seen[2], seen[3] }' "$folder/out")
if [ "$listed" != "1 0 1" ]; then
  cat "$folder/out"
  echo "compute sfd/atom is listed $listed times (1 0 1 expected)" >&2
  exit 1
fi
