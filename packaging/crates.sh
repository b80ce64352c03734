#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes which crates are linked into the program, for /usr/share/licenses: LICENSE.dependencies with the licence of
# each, and cargo-vendor.txt, from which rpm in Fedora makes Provides: bundled(crate(NAME)).
set -eu
cd "$(dirname "$0")/.."
out=$1
CARGO=${CARGO:-cargo}
linked() {
    $CARGO tree --quiet --offline --locked --edges no-build,no-dev,no-proc-macro --no-dedupe --prefix none \
        --format "$1" | sed "s: ($PWD)::" | LC_ALL=C sort -u
}
# The manifests of some crates have names that SPDX gave up: "/" for OR, LGPL-2.1 for LGPL-2.1-only.
linked '{l}: {p}' | sed -e 's:^\([^ ]*\)/\([^ ]*\)\: :\1 OR \2\: :' -e 's/^LGPL-2\.1: /LGPL-2.1-only: /' \
    >"$out/LICENSE.dependencies"
linked '{p}' | grep -v '^image-signature v' >"$out/cargo-vendor.txt"
