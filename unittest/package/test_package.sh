#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# test_package.sh [kokkos]: builds a copy of LAMMPS with ML-GRAIN as a package folder, with KOKKOS if
# asked to, and runs a style without any plugin. The tree is LAMMPS_SOURCE_DIR, or the one in the
# cache; the copy stays in build-package (build-package-kokkos), so that a repeat compiles only what
# has changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
source=${LAMMPS_SOURCE_DIR:-$(cmake/get-lammps.sh)}
work=$PWD/build-package
options=()
arguments=()
styles=(create_polycrystal gmm/atom forest/atom sfd/atom mtp mtp/grade/atom eden/atom)
if [ "${1:-}" = kokkos ]; then
  work=$work-kokkos
  options=(-DPKG_KOKKOS=on -DEXTERNAL_KOKKOS=on -DKokkos_ENABLE_OPENMP=on -DCMAKE_CXX_STANDARD=20)
  arguments=(-k on t 2 -sf kk)
  styles+=(gmm/atom/kk forest/atom/kk sfd/atom/kk mtp/kk mtp/grade/atom/kk)
fi
copy=$work/lammps

if [ ! -d "$copy" ]; then
  mkdir -p "$work/partial"
  for part in src cmake lib third_party; do
    if [ -e "$source/$part" ]; then
      cp -R -p "$source/$part" "$work/partial/"
    fi
  done
  mv "$work/partial" "$copy"
  cp -R "$copy/cmake" "$work/cmake.before"
fi

cmake/install-as-package.sh "$copy"
cmake/install-as-package.sh "$copy" # may be repeated
# -O0: this is about what is compiled, not how fast it is.
cmake -S "$copy/cmake" -B "$work/build" -DPKG_ML-GRAIN=on -DBUILD_MPI=on -DBUILD_OMP=on \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DWITH_JPEG=off -DWITH_PNG=off \
  -DWITH_FFMPEG=off -DWITH_GZIP=off "${options[@]}" > "$work/configure.log" || {
  cat "$work/configure.log"
  exit 1
}
cmake --build "$work/build" -j "${MLGRAIN_JOBS:-$(nproc)}" | awk 'NR % 25 == 0 { print; fflush() } { last = $0 }
  END { print last }'

# Nothing of this build is a plugin, and none may be loaded.
unset LAMMPS_PLUGIN_PATH
lmp=$work/build/lmp
"$lmp" -h > "$work/help"
for word in ML-GRAIN "${styles[@]}"; do
  grep -qwF -- "$word" "$work/help" || { echo "lmp -h does not list $word" >&2; exit 1; }
done

# Perfect face-centered cubic copper: P0_I0 and P4_I0 as in doc/theory_sfd.md.
cat > "$work/in.package" << 'INPUT'
units metal
lattice fcc 3.615
region box block 0 4 0 4 0 4
create_box 1 box
create_atoms 1 box
mass 1 63.546
pair_style zero 6.0
pair_coeff * *
compute s all sfd/atom 0.909 5.904
compute mean all reduce ave c_s[1] c_s[11]
thermo_style custom c_mean[1] c_mean[2]
thermo_modify format float %.6f
run 0
INPUT
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
  "$lmp" "${arguments[@]}" -in "$work/in.package" -log none > "$work/out"
if ! grep -q '^ *1\.232528 *0\.428776 *$' "$work/out"; then
  cat "$work/out"
  echo "1.232528 0.428776 expected" >&2
  exit 1
fi

cmake/install-as-package.sh --remove "$copy"
diff -r "$work/cmake.before" "$copy/cmake"
echo "package folder: passed"
