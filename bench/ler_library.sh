#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ler_library.sh: time and memory, on one core, of a library from 800,000 environments of 3250 numbers: 388
# tilt boundaries of copper, COUNT of them, relaxed a little; and of the mean vector of a million atoms.
# Relaxing takes some minutes the first time.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=$("$here/../cmake/make-venv.sh" "$build/venv")
count=${COUNT:-388}
[ -x /usr/bin/time ] || { echo "GNU time is needed (Debian's package time)" >&2; exit 1; }
eps=${EPS:-0.081}
soap=(--soap quippy 5.0 18 18 0.5)

if [ "$(cat ler_library/done 2> /dev/null)" != "$count" ]; then
  "$python" "$here/ler_library.py" ler_library "$count"
  run_lammps ler_library "$here/in.ler_library" -var first 1 -var last "$count"
  echo "$count" > ler_library/done
fi

# measured NAME COMMAND…: prints CPU seconds and MB, and what the command says.
measured() {
  local name=$1
  shift
  /usr/bin/time -f '%U %S %M' -o time.txt "$python" -m mlgrain.cli "$@" --quiet > said.txt
  awk -v name="$name" -v said="$(tail -n 1 said.txt)" \
    '{ printf "| %s | %.1f | %.0f | %s |\n", name, $1 + $2, $3 / 1000, said }' time.txt
}

{
  echo "| task | CPU s | MB | result |"
  echo "|---|--:|--:|---|"
  mapfile -t dumps < <(seq -f 'ler_library/%.0f.dump' "$count")
  measured "mlgrain ler build" ler build "${dumps[@]}" -o ler_library.safetensors "${soap[@]}" \
    --seed fcc 3.615 --eps "$eps"
  measured "mlgrain ler count" ler count ler_library.safetensors "${dumps[@]}" -o ler_library.npz
  for edge in 31 63; do
    "$python" - "$edge" > crystal.dump << 'END'
import sys
import numpy as np
n = int(sys.argv[1])
basis = np.array([[0, 0, 0], [0, .5, .5], [.5, 0, .5], [.5, .5, 0]])
x = 3.615 * (np.array(list(np.ndindex(n, n, n)))[:, None] + basis).reshape(-1, 3)
x += 0.05 * np.random.default_rng(1).standard_normal(x.shape)
print(f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{len(x)}\nITEM: BOX BOUNDS pp pp pp")
print(f"0 {3.615 * n}\n" * 3 + "ITEM: ATOMS x y z")
np.savetxt(sys.stdout, x, "%.6f")
END
    measured "mlgrain soap mean, $((4 * edge * edge * edge)) atoms" soap mean crystal.dump -o mean.npz \
      "${soap[@]}"
  done
} | tee ler_library.md
