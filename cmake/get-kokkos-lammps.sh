#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A LAMMPS with KOKKOS for the tests, on machines that have none: the sources of LAMMPS that
# distributions serve come without Kokkos, and only their newest suite has a Kokkos that is new
# enough. So that suite is put into a folder of its own, with its compiler, MPI and Kokkos (backends
# OpenMP and Serial), and LAMMPS is built in there with the few Kokkos styles that the tests use.
#
#   get-kokkos-lammps.sh                  makes it unless it's there, prints the folder; about twenty
#                                         minutes on two cores. What an interrupted call has finished
#                                         is kept.
#   get-kokkos-lammps.sh --cached         prints the folder if it's there and can be used, else fails,
#                                         at once
#   get-kokkos-lammps.sh --run COMMAND…   runs a command in there, in this checkout, which has the same
#                                         path inside; LAMMPS is in /lammps and /lammps/build
#
#   XDG_CACHE_HOME   where it is kept: $XDG_CACHE_HOME/ml-grain (default ~/.cache/ml-grain), 2.5 GB
#   MLGRAIN_JOBS     compiler processes at a time (default: all cores)
#
# Needs root, for chroot, mount namespaces and debootstrap. Without root, run all of it in a user
# namespace that maps several users (podman unshare, say), or build LAMMPS with its own Kokkos
# sources and configure ML-GRAIN with LAMMPS_SOURCE_DIR and LAMMPS_BUILD_DIR.

set -euo pipefail
exec 3>&1 1>&2
# shellcheck source=distribution.sh
source "$(dirname "${BASH_SOURCE[0]}")/distribution.sh"

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ml-grain
packages=(cmake ninja-build make g++ pkgconf binutils python3 python3-numpy libopenmpi-dev
  openmpi-bin voro++-dev libjansson-dev libcmocka-dev libkokkos-dev)
options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 -DBUILD_SHARED_LIBS=on -DBUILD_MPI=on
  -DBUILD_OMP=on -DLAMMPS_SIZES=smallbig -DWITH_JPEG=off -DWITH_PNG=off -DWITH_FFMPEG=off
  -DPKG_KOKKOS=on -DEXTERNAL_KOKKOS=on -DKokkos_ENABLE_OPENMP=on -DPKG_MANYBODY=on
  -DPKG_PLUGIN=on)
# Of the styles in KOKKOS those that the tests use and what they are made of; there are 200 more, an
# hour to compile.
kept=(atom_vec atom_vec_atomic atom_vec_charge compute_temp fix_minimize fix_neigh_history fix_nh fix_nh_sphere
  fix_npt fix_nve fix_nvt fix_property_atom pair pair_eam pair_eam_alloy pair_hybrid
  pair_hybrid_overlay pair_lj_cut pair_zero)

options_key() {
  {
    printf '%s\n' "${packages[@]}" "${options[@]}" "${kept[@]}"
    uname -m
  } | sha256sum | cut -c 1-8
}

newest_in_cache() {
  find "$cache" -maxdepth 1 -type d -name "kokkos-*-$key" 2> /dev/null | sort | tail -n 1
}

# inside FOLDER COMMAND…: in a mount namespace of its own, so that nothing stays mounted.
inside() {
  local root=$1
  shift
  mkdir -p "$root$checkout"
  # shellcheck disable=SC2016 # the inner shell fills these in
  unshare --mount bash -c '
    root=$1 checkout=$2
    shift 2
    mount --bind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount --bind "$checkout" "$root$checkout"
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
      CI="${CI:-}" /bin/sh -c '\''cd "$1" && shift && exec "$@"'\'' sh "$checkout" "$@"
  ' bash "$root" "$checkout" "$@"
}

# --- steps; each is done once -------------------------------------------------------------------

step() {
  if [ ! -e "$stage/.done-$1" ]; then
    "$1"
    touch "$stage/.done-$1"
  fi
}

base_system() {
  local mirror
  mirror=$(mirrors | head -n 1)
  [ -n "$mirror" ] || fail "apt's configuration names no mirror of the distribution"
  say "installing a base system of ${suites[0]}"
  rm -rf "$stage/root"
  debootstrap --variant=minbase --keyring="$keyring" --components="${components// /,}" \
    "${suites[0]}" "$stage/root" "$mirror" >> "$log" 2>&1 || show_failure
  # How this machine's apt gets its files.
  apt-config dump | grep '^Acquire::' > "$stage/root/etc/apt/apt.conf.d/10host"
}

compilers() {
  say "installing its compiler, MPI and Kokkos"
  inside "$stage/root" apt-get -q update >> "$log" 2>&1 || show_failure
  inside "$stage/root" apt-get -q install --yes --no-install-recommends "${packages[@]}" \
    >> "$log" 2>&1 || show_failure
  inside "$stage/root" apt-get clean
  # Kokkos' CMake files name static libraries that the package lacks and that hold nothing needed.
  # shellcheck disable=SC2016 # for the inner shell
  inside "$stage/root" sh -c '
    prefix=/usr
    grep -ho "_IMPORT_PREFIX}[^\"]*\.a" "$prefix"/lib/*/cmake/Kokkos/*.cmake | sort -u |
      sed "s|_IMPORT_PREFIX}|$prefix|" | while read -r library; do
        test -e "$library" || ar rc "$library"
      done'
}

lammps_sources() {
  local header name
  mkdir -p "$downloads"
  write_apt_configuration
  find_source
  download
  rm -rf "$stage/root/lammps"
  unpack "$stage/root/lammps"
  version=${file#lammps_}
  echo "${version%%[!0-9]*}" > "$stage/version"
  cd "$stage/root/lammps/src/KOKKOS"
  for header in {angle,atom_vec,bond,compute,dihedral,fix,improper,pair}*_kokkos.h; do
    name=${header%_kokkos.h}
    case " ${kept[*]} " in
      *" $name "*) ;;
      *) rm -f "$header" "${header%.h}.cpp" ;;
    esac
  done
  cd "$checkout"
}

lammps_build() {
  say "building LAMMPS $(cat "$stage/version") with KOKKOS"
  inside "$stage/root" cmake -S /lammps/cmake -B /lammps/build -G Ninja "${options[@]}" \
    >> "$log" 2>&1 || show_failure
  inside "$stage/root" ninja -C /lammps/build -j "${MLGRAIN_JOBS:-$(nproc)}" 2>&1 |
    tee -a "$log" | show_progress || show_failure
  rm -rf "$stage/root/lammps/build/CMakeFiles" # object files
}

# --- main ---------------------------------------------------------------------------------------

key=$(options_key)
tree=$(newest_in_cache)
case ${1:-} in
  --cached)
    [ -n "$tree" ] && [ "$(id -u)" = 0 ] && unshare --mount true 2> /dev/null || exit 1
    echo "$tree" >&3
    exit
    ;;
  --run)
    shift
    [ -n "$tree" ] || fail "there is no LAMMPS with KOKKOS yet: call $0 first"
    exec 1>&3
    inside "$tree/root" "$@"
    exit
    ;;
esac
if [ -n "$tree" ]; then
  echo "$tree" >&3
  exit
fi
[ "$(id -u)" = 0 ] || fail "a LAMMPS with KOKKOS can only be made as root; see the top of $0"
for tool in apt-get debootstrap unshare; do
  command -v "$tool" > /dev/null || fail "$tool is missing"
done

mkdir -p "$cache"
exec 9> "$cache/lock-kokkos-$key"
flock 9
tree=$(newest_in_cache)
if [ -z "$tree" ]; then
  stage=$cache/partial-kokkos-$key
  apt=$stage/apt
  downloads=$stage/downloads
  log=$stage/build.log
  mkdir -p "$stage"
  distribution
  for name in base_system compilers lammps_sources lammps_build; do
    step "$name"
  done
  rm -rf "$apt" "$downloads"
  tree=$cache/kokkos-$(cat "$stage/version")-$key
  mv -T "$stage" "$tree"
  say "LAMMPS $(cat "$tree/version") with KOKKOS is ready"
fi
echo "$tree" >&3
