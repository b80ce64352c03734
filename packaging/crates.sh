#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes into a directory which crates are linked into the program, and on which terms, for /usr/share/licenses:
#     LICENSE.dependencies   the licence of each
#     cargo-vendor.txt       names and versions; the RPM's "bundled(crate(NAME)) = VERSION" come out of it
#     NOTICES                the notices and licence texts that these crates carry, and no others
set -eu
cd "$(dirname "$0")/.."
out=$1
CARGO=${CARGO:-cargo}
linked() {
    $CARGO tree --quiet --offline --locked --edges no-build,no-dev,no-proc-macro --no-dedupe --prefix none \
        --format "$1" | sed "s: (${PWD}[^)]*)::" | LC_ALL=C sort -u
}
# The manifests of some crates have names that SPDX gave up: "/" for OR, LGPL-2.1 for LGPL-2.1-only.
linked '{l}: {p}' | sed -e 's:^\([^ ]*\)/\([^ ]*\)\: :\1 OR \2\: :' -e 's/^LGPL-2\.1: /LGPL-2.1-only: /' \
    >"$out/LICENSE.dependencies"
# Without our own.
linked '{p}' | grep -v '^image-signature' >"$out/cargo-vendor.txt"

# Where the sources of a crate are: in the vendor tarball, else where cargo unpacked them.
sources() {
    find vendor "${CARGO_HOME:-$HOME/.cargo}/registry/src" -maxdepth 2 -type d -name "$1" 2>/dev/null | head -n 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while read -r name version; do
    crate=$name-${version#v}
    directory=$(sources "$crate")
    [ -n "$directory" ] || { echo "FAILED: the sources of $crate are not here" >&2; exit 1; }
    # Identical texts stand there once, with all the crates that carry them.
    find "$directory" -maxdepth 2 -type f \( -iname 'licen[sc]e*' -o -iname 'unlicen[sc]e*' -o -iname 'copying*' \
        -o -iname 'copyright*' -o -iname 'notice*' -o -iname 'authors*' \) ! -name '*.rs' ! -name '*.html' | LC_ALL=C sort >"$work/files"
    while IFS= read -r file; do
        sum=$(sha256sum <"$file")
        [ -e "$work/text-${sum%% *}" ] || { cp "$file" "$work/text-${sum%% *}"; echo "${sum%% *}" >>"$work/order"; }
        echo "    $crate: ${file#"$directory/"}" >>"$work/crates-${sum%% *}"
    done <"$work/files"
    if [ ! -s "$work/files" ]; then
        authors=$(awk '/^\[/ { package = ($0 == "[package]") } package && /^authors = / { list = 1 } list { print }
            list && /\]/ { exit }' "$directory/Cargo.toml" | grep -o '"[^"]*"' | tr -d '"' | paste -s -d ';' | sed 's/;/, /g')
        echo "    $crate: ${authors:-the authors of $name}" >>"$work/without"
    fi
done <"$out/cargo-vendor.txt"

rule=--------------------------------------------------------------------------------
{
    echo "Notices of the crates that are linked into image-signature. LICENSE.dependencies says which licence each is under."
    if [ -e "$work/without" ]; then
        printf '\n%s\nThese carry no licence file; their manifests name as authors:\n' $rule
        cat "$work/without"
    fi
    while read -r sum; do
        printf '\n%s\n' $rule
        cat "$work/crates-$sum"
        printf '\n'
        tr -d '\r' <"$work/text-$sum"
    done <"$work/order"
} >"$out/NOTICES"
