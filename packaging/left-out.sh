#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Says what tests left out, and why: packaging/left-out.sh FILE, the output of tests run with --show-output.
set -eu
found=no
show() {
    lines=$(grep -E "$2" "$3" | LC_ALL=C sort -u)
    [ -n "$lines" ] || return 0
    printf '\n== %s\n%s\n' "$1" "$lines"
    found=yes
}
if [ ! -s "$1" ]; then
    echo "no test has run"
    exit
fi
show "tests, or parts of them, that did not run" '^SKIPPED: ' "$1"
show "cases of the tables" '^[a-z0-9-]+\.json: ([0-9]+ cases ran, |[0-9]+ cases left out: |not run: |.* differs on purpose: )' "$1"
if [ $found = no ]; then echo "nothing was left out"; fi
