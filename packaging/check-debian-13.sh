#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks in a Debian 13 (packaging/chroot.sh; it ends with 77 where there can be none), beside its tests
# (packaging/tests.sh debian-13):
#     packaging/check-debian-13.sh cargo         its cargo, the oldest that is promised, compiles the program and its
#                                                tests without a warning, and makes the same vendor tarball
#     packaging/check-debian-13.sh packages [ARGUMENT...]
#                                                both packages, compiled with little care, which takes less time;
#                                                packaging/check-packages.sh says which tests run with which arguments
#     packaging/check-debian-13.sh new-machine   what is missing is named before anything is made
set -eu
cd "$(dirname "$0")/.."
# What is missing all the same, packaging/chroot.sh says.
packaging/deps.sh debian-13 || true
mkdir -p target
work=$(mktemp -d "$PWD/target/debian-13.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

case ${1:-} in
    cargo)
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
            cargo check --locked --offline --workspace --all-targets --quiet
            echo "no warnings"
        ' sh "$work"
        ;;
    packages)
        shift
        git ls-files -z | tar --create --null --files-from - --file "$work/tracked.tar"
        # shellcheck disable=SC2016 # the inner shell's
        packaging/chroot.sh trixie sh -euc '
            packaging/deps.sh packages >/var/tmp/log 2>&1 || { cat /var/tmp/log; exit 1; }
            rm -rf /var/tmp/checkout
            mkdir -p /var/tmp/checkout
            tar --extract --no-same-owner --file "$1/tracked.tar" --directory /var/tmp/checkout
            export DEB_BUILD_OPTIONS="$2"
            shift 2
            cd /var/tmp/checkout
            export CARGO_HOME=/var/tmp/cargo-home CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0
            export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
            packaging/check-packages.sh "$@"
        ' sh "$work" "${DEB_BUILD_OPTIONS-nocheck}" "$@"
        ;;
    new-machine)
        mkdir "$work/fresh"
        packaging/chroot.sh --fresh trixie "$work/fresh"
        tests/packaging/new-machine.sh "$work/fresh"
        ;;
    *)
        echo "$0: which of cargo, packages, new-machine?" >&2
        exit 2
        ;;
esac
