#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_install.sh CMAKE CC: installs the build, moves the installed tree (it must not know where it
# lies), builds the consumer through find_package and through pkg-config, and runs both.
set -eu
cmake=$1
cc=$2
consumer=$MLGRAIN_SOURCE_DIR/unittest/install/consumer
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$cmake" --install "$MLGRAIN_BUILD_DIR" --prefix "$folder/before" > "$folder/log" ||
  { cat "$folder/log"; exit 1; }
mv "$folder/before" "$folder/prefix"

"$cmake" -S "$consumer" -B "$folder/build" -DCMAKE_PREFIX_PATH="$folder/prefix" \
  -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror"
"$cmake" --build "$folder/build"
"$folder/build/consumer"

pc=$(find "$folder/prefix" -name mlgrain.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # the flags are words of their own
"$cc" -Wall -Wextra -Werror -o "$folder/consumer" "$consumer/main.c" $(pkg-config --cflags --libs mlgrain) \
  -Wl,-rpath,"$(pkg-config --variable=libdir mlgrain)"
"$folder/consumer"
