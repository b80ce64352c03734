#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks in a Debian 13 (packaging/chroot.sh; needs root): the oldest cargo that is promised compiles the program and its
# tests without a warning, from the crates that the packages are built from; and a new machine is told what is missing
# before anything is made.
set -eu
cd "$(dirname "$0")/.."
section() { printf '\n== %s\n' "$*"; }
mkdir -p target
work=$(mktemp -d "$PWD/target/debian-13.XXXXXX")
trap 'rm -rf "$work"' EXIT

section "the oldest cargo that is promised, rust-version of Cargo.toml"
packaging/vendor.sh "$work/vendor"
# shellcheck disable=SC2016 # the inner shell's
packaging/chroot.sh trixie sh -euc '
    wanted=$(sed -n "s/^rust-version = \"\(.*\)\"$/\1/p" Cargo.toml)
    echo "$(cargo --version), $(rustc --version)"
    cargo --version | grep -q "^cargo $wanted[. ]" || { echo "FAILED: this is not cargo $wanted" >&2; exit 1; }
    rm -rf /var/tmp/vendor
    CARGO_HOME=/var/tmp/cargo-home packaging/vendor.sh /var/tmp/vendor
    diff -r "$1/vendor" /var/tmp/vendor || { echo "FAILED: it makes another vendor tarball" >&2; exit 1; }
    echo "the vendor tarball is the same"
    mkdir -p /var/tmp/frozen
    sed "s,^directory = .*,directory = \"/var/tmp/vendor\"," /var/tmp/vendor/config.toml >/var/tmp/frozen/config.toml
    export CARGO_HOME=/var/tmp/frozen CARGO_TARGET_DIR=/var/tmp/cargo-target RUSTFLAGS="-D warnings"
    cargo check --locked --offline --all-targets --quiet
    echo "no warnings"
' sh "$work"

section "a new machine: what is missing is named, and nothing is made"
fresh=$work/fresh
mkdir "$fresh"
packaging/chroot.sh --fresh trixie "$fresh"
tests/packaging/new-machine.sh "$fresh"
