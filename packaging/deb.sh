#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds Debian's source and binary package from what packaging/sources.sh made, into packaging/out. Arguments go to
# dpkg-buildpackage: packaging/deb.sh -Pnocheck
set -eu
cd "$(dirname "$0")/.."
out=$PWD/packaging/out
packaging/deps.sh --tell deb
command -v dh >/dev/null || { echo "debhelper is not installed" >&2; exit 1; }
version=$(packaging/version.sh)
[ -e "$out/image-signature-$version.tar.gz" ] || { echo "$out/image-signature-$version.tar.gz is not here: make dist" >&2; exit 1; }

# debhelper does not bear a path with spaces.
case $PWD in
    *[[:space:]]*) top=$(mktemp -d /var/tmp/image-signature.XXXXXX) ;;
    *) top=$PWD/target/deb ;;
esac
source=$top/image-signature-$version
rm -rf "$top"
mkdir -p "$top"
trap 'rm -rf "$top"' EXIT
cp "$out/image-signature-$version.tar.gz" "$top/image-signature_$version.orig.tar.gz"
cp "$out/image-signature-$version-vendor.tar.xz" "$top/image-signature_$version.orig-vendor.tar.xz"
tar --extract --file "$top/image-signature_$version.orig.tar.gz" --directory "$top"
tar --extract --file "$top/image-signature_$version.orig-vendor.tar.xz" --directory "$source"
cp -r "$source/packaging/debian" "$source/debian"
"$source/packaging/debian-crates.sh" "$source/vendor" >>"$source/debian/copyright"

# debhelper gives another home, where rustup's cargo would find no compiler.
if [ -d "${RUSTUP_HOME:-$HOME/.rustup}" ]; then
    export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
fi
# -d: cargo may come from elsewhere than a Debian package.
(cd "$source" && packaging/offline.sh dpkg-buildpackage --no-sign -d "$@")
rm -f "$out"/*.deb "$out"/*.dsc "$out"/*.changes "$out"/*.buildinfo "$out"/*.debian.tar.xz "$out"/*.orig*.tar.?z
find "$top" -maxdepth 1 -type f -exec cp {} "$out" \;
ls -l "$out"/*.deb
