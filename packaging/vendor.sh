#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the crates of Cargo.lock into a directory, with config.toml that makes cargo take them from there:
#     packaging/vendor.sh vendor && mkdir .cargo-home && cp vendor/config.toml .cargo-home
#     CARGO_HOME=$PWD/.cargo-home cargo build --frozen
# They are unpacked from the archives that cargo has fetched and Cargo.lock has the checksums of: what "cargo vendor"
# leaves out or adds depends on its version. Left out are files whose names begin with a dot, which are for the
# authors' own tools, and the manifest as it was before publishing.
set -eu
cd "$(dirname "$0")/.."
vendor=$1
CARGO=${CARGO:-cargo}
fail() { echo "FAILED: $*" >&2; exit 1; }

$CARGO fetch --quiet --locked
archives=${CARGO_HOME:-$HOME/.cargo}/registry/cache
mkdir "$vendor"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf i686-unknown-linux-gnu \
    powerpc64le-unknown-linux-gnu riscv64gc-unknown-linux-gnu s390x-unknown-linux-gnu; do
    $CARGO tree --quiet --locked --target $target --edges normal,build,dev --prefix none --format '{p}' |
        sed 's/^\([^ ]*\) v\([^ ]*\).*/\1-\2/' >>"$work/used"
done

# Name, version and checksum of each crate that is not our own.
awk -F '"' '/^name = / { name = $2 } /^version = / { version = $2 }
    /^checksum = / { print name "-" version, $2 }' Cargo.lock >"$work/crates"
[ -s "$work/crates" ] || fail "Cargo.lock names no crate"

while read -r crate sum; do
    archive=$(find "$archives" -name "$crate.crate" | head -n 1)
    [ -n "$archive" ] || fail "$crate.crate is not in $archives; is crates.io replaced by a directory in cargo's configuration?"
    echo "$sum  $archive" | sha256sum --check --quiet >&2
    tar --extract --file "$archive" --directory "$vendor" --no-same-owner
    directory=$vendor/$crate
    if grep -qxF "$crate" "$work/used"; then
        find "$directory" -mindepth 1 -name '.*' -prune -exec rm -r {} +
        # Binaries for the tests of build tools; distributions want none.
        find "$directory" -type f \( -name Cargo.toml.orig -o -name '*.a' -o -name '*.dll' -o -name '*.dylib' \
            -o -name '*.exe' -o -name '*.lib' -o -name '*.o' -o -name '*.so' \) -delete
        find "$directory" -type d -empty -delete
    else
        # What no Linux target uses, most of the size, becomes a stub: cargo wants the manifest to accept Cargo.lock,
        # and never compiles it.
        find "$directory" -mindepth 1 ! -path "$directory/Cargo.toml" -delete
        mkdir "$directory/src"
        : >"$directory/src/lib.rs"
    fi
    # cargo compares each file that is listed.
    (cd "$directory" && find . -type f -printf '%P\0' | LC_ALL=C sort --zero-terminated | xargs --null sha256sum) >"$work/sums"
    if grep -q '^\\\|"' "$work/sums"; then fail "$crate: the name of a file that needs quoting in JSON"; fi
    files=$(sed 's/^\([0-9a-f]*\)  \(.*\)$/"\2":"\1"/' "$work/sums" | paste --serial --delimiters ,)
    printf '{"files":{%s},"package":"%s"}' "$files" "$sum" >"$directory/.cargo-checksum.json"
done <"$work/crates"

# Relative to the directory above the one with this file.
cat >"$vendor/config.toml" <<'END'
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
END
