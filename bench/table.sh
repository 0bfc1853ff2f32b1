#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# table.sh: `mlgrain table` of a dump of LINES (10000000) lines, plain, .gz and .zst. Needs 12 GB of
# disk. OTHER=FOLDER: the folder python/ of another version beside it; its core, if any, compiled there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=$("$here/../cmake/make-venv.sh" "$build/venv")
lines=${LINES_OF_DUMP:-10000000}
dump=lines$lines.dump

if [ ! -e "$dump" ]; then
  "$python" "$here/table.py" write "$dump" "$lines"
fi
if [ ! -e "$dump.gz" ]; then
  gzip -k "$dump"
fi
if [ ! -e "$dump.zst" ]; then
  "$python" -c 'import sys, zstandard
zstandard.ZstdCompressor().copy_stream(open(sys.argv[1], "rb"), open(sys.argv[2], "wb"))' \
    "$dump" "$dump.zst.part"
  mv "$dump.zst.part" "$dump.zst"
fi
"$python" "$here/table.py" compare "$dump" "$dump.gz" "$dump.zst" | tee table.md
