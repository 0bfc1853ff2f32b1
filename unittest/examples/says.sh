# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# To be sourced. says FILE PATTERN: it is there, or the test fails.
says() {
  grep -q -e "$2" "$1" || {
    echo "no '$2' in $1" >&2
    cat "$1" >&2
    exit 1
  }
}
