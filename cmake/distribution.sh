# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # those that source it set apt, downloads, log: files and folders
# Sourced by the scripts that get a LAMMPS: sources out of the distribution's signed source index,
# and messages about a build.
#
# apt runs with a configuration of its own, so nothing of the machine's is read or changed but the
# mirror's address and the distribution's keyring: apt checks the signature of the source index with
# it, and the archive is checked against the SHA-256 that the index gives.

say() { printf '%s\n' "ml-grain: $*"; }
fail() {
  say "$@"
  exit 1
}

show_failure() {
  tail -n 30 "$log"
  fail "LAMMPS does not build; the whole log is $log"
}

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

# unpack FOLDER. Archives of some versions have a top folder, others don't. Only what is built, run or tested with
# is kept.
unpack() {
  local to=$1 top part
  say "unpacking"
  mkdir -p "$to/all"
  tar -xf "$downloads/$file" -C "$to/all"
  top=$(find "$to/all" -maxdepth 3 -path '*/src/version.h' -printf '%h\n' -quit)
  [ -n "$top" ] || fail "$file holds no src/version.h"
  top=$(dirname "$top")
  for part in src cmake lib third_party potentials unittest LICENSE README; do
    if [ -e "$top/$part" ]; then
      mv "$top/$part" "$to/"
    fi
  done
  rm -rf "$to/all"
}
