#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the crates of Cargo.lock into a directory, with config.toml that makes cargo take them from there:
#     packaging/vendor.sh vendor && mkdir .cargo-home && cp vendor/config.toml .cargo-home
#     CARGO_HOME=$PWD/.cargo-home cargo build --frozen
set -eu
cd "$(dirname "$0")/.."
vendor=$1
CARGO=${CARGO:-cargo}

$CARGO vendor --quiet --locked --versioned-dirs "$vendor" >/dev/null

used=$(mktemp)
trap 'rm -f "$used"' EXIT
for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf i686-unknown-linux-gnu \
    powerpc64le-unknown-linux-gnu riscv64gc-unknown-linux-gnu s390x-unknown-linux-gnu; do
    $CARGO tree --quiet --locked --target $target --edges normal,build,dev --prefix none --format '{p}' |
        sed 's/^\([^ ]*\) v\([^ ]*\).*/\1-\2/' >>"$used"
done

for crate in "$vendor"/*/; do
    crate=${crate%/}
    checksums=$crate/.cargo-checksum.json
    if grep -qxF "${crate##*/}" "$used"; then
        # Binaries for the tests of build tools; distributions want none. cargo misses each file that is listed.
        find "$crate" -type f \( -name '*.a' -o -name '*.dll' -o -name '*.dylib' -o -name '*.exe' -o -name '*.lib' \
            -o -name '*.o' -o -name '*.so' \) -print -delete | while read -r file; do
            sed -i "s|\"${file#"$crate/"}\":\"[0-9a-f]*\",\{0,1\}||" "$checksums"
        done
        sed -i 's/,}/}/' "$checksums"
        find "$crate" -type d -empty -delete
    else
        # What no Linux target uses, most of the size, becomes a stub: cargo wants the manifest to accept Cargo.lock,
        # and never compiles it.
        sum=$(sed -n 's/.*"package":"\([0-9a-f]*\)".*/\1/p' "$checksums")
        find "$crate" -mindepth 1 ! -path "$crate/Cargo.toml" -delete
        mkdir "$crate/src"
        : >"$crate/src/lib.rs"
        printf '{"files":{},"package":"%s"}' "$sum" >"$checksums"
    fi
done

# Relative to the directory above the one with this file.
cat >"$vendor/config.toml" <<'EOF'
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
EOF
