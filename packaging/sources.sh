#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes what distributions build from, the same bytes each time: packaging/out/image-signature-VERSION.tar.gz of the
# tracked files and of the completions, which only a program that runs can print, so that who builds for another
# machine need not run it; and image-signature-VERSION-vendor.tar.xz of the crates (packaging/vendor.sh). Needs cargo,
# and crates.io once.
set -eu
cd "$(dirname "$0")/.."
name=image-signature-$(packaging/version.sh)
out=${1:-$PWD/packaging/out}
packaging/deps.sh --tell dist
SOURCE_DATE_EPOCH=$(packaging/date.sh)

files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git diff --quiet HEAD || echo "Note: the tree differs from its commit; it is packed as it is." >&2
        git ls-files -z
    else
        find . \( -path ./target -o -path ./packaging/out -o -path ./vendor -o -path ./fuzz/target -o -path ./fuzz/corpus -o -path ./fuzz/artifacts -o -path ./faults/target -o -path ./mutants/target -o -path ./.git \) -prune -o \
            ! -type d -printf '%P\0' | sort -z
    fi
}

# Nothing depends on who packs, when, in which order and with which umask.
pack() {
    tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u=rwX,go=rX --format=gnu "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$name"
files | xargs --null cp --parents --no-dereference --target-directory="$work/$name"
[ -d completions ] || packaging/completions.sh "$work/$name/completions"
packaging/vendor.sh "$work/vendor"
pack --directory "$work" "$name" | gzip --no-name --best >"$work/$name.tar.gz"
# With one thread xz makes other bytes than with several.
pack --directory "$work" vendor | xz --threads=2 >"$work/$name-vendor.tar.xz"

# Both or none.
mkdir -p "$out"
mv "$work/$name.tar.gz" "$work/$name-vendor.tar.xz" "$out"
(cd "$out" && sha256sum "$name.tar.gz" "$name-vendor.tar.xz")
