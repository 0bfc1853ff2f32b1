#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD SECONDS: runs every libFuzzer program in BUILD for so long, from its corpus here and
# what earlier runs added in BUILD. Stops at the first crash; libFuzzer names the file with the input.
set -eu
build=$(cd "$1" && pwd)
seconds=$2
here=$(cd "$(dirname "$0")" && pwd)

for source in "$here"/fuzz_*.c; do
  name=$(basename "$source" .c)
  grown=$build/corpus/$name
  mkdir -p "$grown"
  echo "== $name, $seconds s"
  (cd "$build" && "unittest/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 \
    -print_final_stats=1 "$grown" "$here/corpus/$name")
done
