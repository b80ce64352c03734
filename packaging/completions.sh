#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the completions of bash, zsh and fish into a directory: packaging/completions.sh DIRECTORY [PROGRAM]. Without a
# program, one is built.
set -eu
cd "$(dirname "$0")/.."
out=$1
CARGO=${CARGO:-cargo}
mkdir -p "$out"
print() {
    if [ -n "${program:-}" ]; then "$program" completion "$1"; else $CARGO run --quiet --locked -- completion "$1"; fi
}
program=${2:-}
print bash >"$out/image-signature.bash"
print zsh >"$out/_image-signature"
print fish >"$out/image-signature.fish"
