#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the folder of a LAMMPS tree (sources, with lmp and liblammps in build/). The first time it
# gets the newest sources that the distribution serves and builds them, about five minutes on two
# cores; from then on every checkout of this user shares the result. All else goes to stderr.
#
#   XDG_CACHE_HOME         where it is kept: $XDG_CACHE_HOME/ml-grain (default ~/.cache/ml-grain)
#   CC, CXX                compilers
#   MLGRAIN_JOBS           compiler processes at a time (default: all cores)
#   MLGRAIN_UPDATE_LAMMPS  if set, look for a newer version than the one in the cache
#
# apt runs with a configuration of its own, so nothing of the machine's is read or changed but the
# mirror's address and the distribution's keyring: apt checks the signature of the source index with
# it, and the archive is checked against the SHA-256 that the index gives.

set -euo pipefail
exec 3>&1 1>&2

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ml-grain
cc=${CC:-cc}
cxx=${CXX:-c++}
options=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=on -DBUILD_MPI=on -DBUILD_OMP=on
  -DLAMMPS_SIZES=smallbig -DDOWNLOAD_VORO=off -DWITH_JPEG=off -DWITH_PNG=off -DWITH_FFMPEG=off
  -DCMAKE_BUILD_RPATH_USE_ORIGIN=on) # the tree is moved when it is complete
for package in EXTRA-COMPUTE EXTRA-DUMP MANYBODY ML-SNAP MOLECULE PLUGIN PTM VORONOI; do
  options+=("-DPKG_$package=on")
done

say() { printf '%s\n' "ml-grain: $*"; }
fail() {
  say "$@"
  exit 1
}

# What a build depends on besides the version, as eight hex digits in its folder's name.
options_key() {
  {
    printf '%s\n' "${options[@]}"
    "$cxx" --version | sed -n 1p
    mpirun --version 2>&1 | sed -n 1p
    uname -m
  } | sha256sum | cut -c 1-8
}

newest_in_cache() {
  find "$cache" -maxdepth 1 -type d -name "lammps-*-$key" | sort | tail -n 1
}

explain_without_apt() {
  cat << 'TEXT'
ml-grain: there is no apt-get here to get the sources of LAMMPS with. Build LAMMPS (4 Feb 2025 or
newer) yourself, with its packages PLUGIN, MANYBODY, VORONOI, MOLECULE, EXTRA-COMPUTE, EXTRA-DUMP,
PTM and ML-SNAP, as a shared library and with the same compiler and MPI as ML-GRAIN:

    cmake -S lammps/cmake -B lammps/build -D BUILD_SHARED_LIBS=on -D BUILD_MPI=on \
      -D PKG_PLUGIN=on -D PKG_MANYBODY=on -D PKG_VORONOI=on -D PKG_MOLECULE=on \
      -D PKG_EXTRA-COMPUTE=on -D PKG_EXTRA-DUMP=on -D PKG_PTM=on -D PKG_ML-SNAP=on
    cmake --build lammps/build

and name it: LAMMPS_SOURCE_DIR=/path/of/lammps make
TEXT
  exit 1
}

# --- the distribution's sources -----------------------------------------------------------------

# Sets suites to look into, newest first, and the components and keyring of the distribution.
distribution() {
  # shellcheck source=/dev/null
  . /etc/os-release
  release=${UBUNTU_CODENAME:-${DEBIAN_CODENAME:-${VERSION_CODENAME:-}}}
  case " $ID ${ID_LIKE:-} " in
    *" ubuntu "*)
      suites=(devel "$release")
      components="main universe"
      keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
      ;;
    *)
      suites=(sid testing stable)
      components=main
      keyring=/usr/share/keyrings/debian-archive-keyring.gpg
      ;;
  esac
  [ -r "$keyring" ] || fail "the distribution's keyring $keyring is missing"
}

# Addresses that the machine's apt gets the distribution itself from, whatever format its lists have.
mirrors() {
  # shellcheck disable=SC2016 # apt fills in these fields
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' |
    awk -v release="$release" '$3 == "main" &&
      ($2 == release || $2 ~ /^(oldstable|stable|testing|unstable|sid)$/) { print $1 }' | sort -u
}

write_apt_configuration() {
  mkdir -p "$apt"/{lists/partial,archives/partial,state,none}
  : > "$apt/status"
  cat > "$apt/apt.conf" << TEXT
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/none";
Dir::Etc::Trusted "$apt/none/trusted.gpg";
Dir::Etc::TrustedParts "$apt/none";
Dir::State "$apt/state";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Acquire::Languages "none";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
TEXT
  # As root apt would fetch as a user who can't write here.
  if [ "$(id -u)" = 0 ]; then
    echo 'APT::Sandbox::User "root";' >> "$apt/apt.conf"
  fi
}

# Sets uri, file and sha256 of the source archive in the newest suite that has LAMMPS.
find_source() {
  local suite mirror line found
  found=$(mirrors)
  [ -n "$found" ] || fail "apt's configuration names no mirror of the distribution"
  for suite in "${suites[@]}"; do
    say "looking for LAMMPS in the source index of $suite"
    for mirror in $found; do
      echo "deb-src [signed-by=$keyring] $mirror $suite $components"
    done > "$apt/sources.list"
    # Fails if any mirror does; an index whose signature doesn't hold is not used.
    apt-get -q -c "$apt/apt.conf" update >> "$log" 2>&1 || true
    line=$(apt-get -q -c "$apt/apt.conf" source --print-uris lammps 2>> "$log" |
      grep -m 1 '\.orig\.tar\.[a-z0-9]* .* SHA256:' || true)
    if [ -n "$line" ]; then
      read -r uri file _ sha256 <<< "$line"
      uri=${uri//\'/}
      sha256=${sha256#SHA256:}
      return
    fi
  done
  fail "no source index with a good signature has LAMMPS; see $log"
}

download() {
  local archive=$downloads/$file
  if ! echo "$sha256  $archive" | sha256sum --check --status 2> /dev/null; then
    say "downloading $file"
    /usr/lib/apt/apt-helper -c "$apt/apt.conf" download-file "$uri" "$archive" "SHA256:$sha256" \
      >> "$log" 2>&1 || fail "can't download $file; see $log"
  fi
  echo "$sha256  $archive" | sha256sum --check --status || fail "$file has another SHA-256"
}

# Archives of some versions have a top folder, others don't. Only what is built, run or tested with
# is kept.
unpack() {
  local top part
  say "unpacking"
  mkdir -p "$stage/all"
  tar -xf "$downloads/$file" -C "$stage/all"
  top=$(find "$stage/all" -maxdepth 3 -path '*/src/version.h' -printf '%h\n' -quit)
  [ -n "$top" ] || fail "$file holds no src/version.h"
  top=$(dirname "$top")
  for part in src cmake lib third_party potentials unittest LICENSE README; do
    if [ -e "$top/$part" ]; then
      mv "$top/$part" "$stage/"
    fi
  done
  rm -rf "$stage/all"
}

# --- the build ----------------------------------------------------------------------------------

# Reads what ninja or make print and says every twentieth part how far it is.
show_progress() {
  local line percent next=5 start=$SECONDS
  while IFS= read -r line; do
    if [[ $line =~ ^\[\ *([0-9]+)/([0-9]+)\] ]]; then
      percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    elif [[ $line =~ ^\[\ *([0-9]+)%\] ]]; then
      percent=${BASH_REMATCH[1]}
    else
      continue
    fi
    if ((percent >= next)); then
      say "  compiling LAMMPS: $percent % in $((SECONDS - start)) s"
      next=$((percent / 5 * 5 + 5))
    fi
  done
}

build() {
  local generator=()
  if command -v ninja > /dev/null; then
    generator=(-G Ninja)
  fi
  cmake -S "$stage/cmake" -B "$stage/build" "${generator[@]}" "${options[@]}" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >> "$log" 2>&1 || show_failure
  cmake --build "$stage/build" -j "${MLGRAIN_JOBS:-$(nproc)}" 2>&1 | tee -a "$log" |
    show_progress || show_failure
  rm -rf "$stage/build/CMakeFiles" # object files
}

show_failure() {
  tail -n 30 "$log"
  fail "LAMMPS does not build; the whole log is $log"
}

# --- main ---------------------------------------------------------------------------------------

for tool in cmake "$cc" "$cxx" mpirun; do
  command -v "$tool" > /dev/null || fail "$tool is missing: cmake/install-dependencies.sh installs it"
done
mkdir -p "$cache"
key=$(options_key)
tree=$(newest_in_cache)
if [ -n "$tree" ] && [ -z "${MLGRAIN_UPDATE_LAMMPS:-}" ]; then
  echo "$tree" >&3
  exit
fi
command -v apt-get > /dev/null || explain_without_apt

exec 9> "$cache/lock-$key"
if ! flock -n 9; then
  say "another make is building LAMMPS, waiting for it"
  flock 9
fi
found=$(newest_in_cache)
if [ "$found" != "$tree" ]; then # it came while we waited
  echo "$found" >&3
  exit
fi

apt=$cache/apt
downloads=$cache/downloads
stage=$cache/partial-$key
log=$cache/build-$key.log
rm -rf "$stage" # what an interrupted build left
mkdir -p "$downloads" "$stage"
: > "$log"

distribution
write_apt_configuration
find_source
version=${file#lammps_}
version=${version%%[!0-9]*}
tree=$cache/lammps-$version-$key
if [ ! -d "$tree" ]; then
  say "building LAMMPS $version for all checkouts, once: $tree"
  download
  unpack
  build
  mv -T "$stage" "$tree"
  rm -rf "$downloads"
  mv "$log" "$tree/build.log"
fi
rm -rf "$apt" "$stage"
say "LAMMPS $version is ready"
echo "$tree" >&3
