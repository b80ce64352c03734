#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the packages from the tarballs, with no network, and checks them: the same bytes each time, lintian, rpmlint, the
# same files in both, hardened programs without paths of the builder; then installed, tried and removed
# (packaging/check-installed.sh). The test suite runs once, as %check of the RPM, unless told otherwise: arguments go to
# rpmbuild, packaging/check-packages.sh --without check; with DEB_BUILD_OPTIONS= it runs for the Debian package as well.
# With --built it checks the packages that are in packaging/out.
set -eu
cd "$(dirname "$0")/.."
out=$PWD/packaging/out
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
section() { printf '\n== %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
# What the tests of a build say, and what they left out.
results() { grep -E '^(SKIPPED|test result)' "$work/log" | sort | uniq -c || true; }
# built WHAT COMMAND...: shows how it gets on.
built() {
    what=$1
    shift
    { "$@" 2>&1 && echo 0 >"$work/status" || echo $? >"$work/status"; } | packaging/progress.sh "$work/log"
    [ "$(cat "$work/status")" -eq 0 ] || fail "$what"
    results
}

build() {
    section source and vendor tarball, twice
    rm -rf "$out"
    packaging/sources.sh
    (umask 077 && packaging/sources.sh "$work/again" >/dev/null)
    for file in "$out"/*; do
        cmp "$file" "$work/again/${file##*/}"
    done
    if tar --list --file "$out"/*-vendor.tar.xz | grep -E '\.(a|dll|dylib|exe|lib|o|so)$'; then
        fail "binary files in the vendor tarball"
    fi

    section RPM
    built rpmbuild packaging/rpm.sh "$@"
    section Debian package
    built dpkg-buildpackage env DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-nocheck}" packaging/deb.sh
    ls -l "$out"
}
[ "${1:-}" = --built ] || build "$@"

section rpmlint
# With rpm's database, which it makes at home otherwise.
HOME="$work" rpmlint --config packaging/rpmlint.toml packaging/rpm/image-signature.spec "$out"/*.rpm
section lintian
# The recipe is as Debian 13's policy wants it, which the lintian of Debian 12 does not know yet.
set -- --fail-on error,warning --tag-display-limit 0
if dpkg --compare-versions "$(dpkg-query --show --showformat '${Version}' lintian)" lt 2.120; then
    set -- "$@" --suppress-tags newer-standards-version
fi
lintian "$@" "$out"/*.changes

section files
rpm=$(find "$out" -name '*.rpm' ! -name '*.src.rpm')
deb=$(find "$out" -name '*.deb' ! -name '*-dbgsym_*')
mkdir "$work/rpm" "$work/deb"
rpm2cpio "$rpm" | (cd "$work/rpm" && cpio --extract --make-directories --quiet)
dpkg-deb --extract "$deb" "$work/deb"
# What each kind of package has besides, and places that differ.
files() { (cd "$1" && find . ! -type d | sed -e 's,^\.,,' -e 's,\.gz$,,' | LC_ALL=C sort); }
grep -v ^/usr/share/licenses/ packaging/files.txt >"$work/files.txt"
files "$work/rpm" | grep -vE '^/usr/(share/licenses|lib/\.build-id)/' | diff "$work/files.txt" - || fail "files of the RPM"
files "$work/deb" | grep -vE '^/usr/share/(doc/image-signature/(changelog(\.Debian)?|copyright|NOTICES)|lintian/.*)$' |
    sed s,/zsh/vendor-completions/,/zsh/site-functions/, | diff "$work/files.txt" - || fail "files of the Debian package"
for file in LICENSE LICENSE.dependencies NOTICES cargo-vendor.txt; do
    rpm --dbpath "$work/rpmdb" --query --package --licensefiles "$rpm" | grep -q "/$file\$" || fail "no $file in the RPM"
done

section crates
# rpm before 4.20 (of 2024) takes no generator of dependencies out of a recipe.
if rpm --version | awk '{ split($3, v, "."); exit !(v[1] > 4 || v[2] >= 20) }'; then
    rpm --dbpath "$work/rpmdb" --query --package --provides "$rpm" | grep '^bundled(crate(' | LC_ALL=C sort >"$work/provides"
    # A hyphen in a version, as in 1.0.0-rc.1, is a tilde there.
    # shellcheck disable=SC2016 # awk's
    find "$work/rpm" -name cargo-vendor.txt -exec awk '{ version = substr($2, 2); gsub(/-/, "~", version)
        print "bundled(crate(" $1 ")) = " version }' {} + | LC_ALL=C sort |
        diff - "$work/provides" || fail "the RPM's bundled(crate()) are not those of its cargo-vendor.txt"
else
    echo "SKIPPED: bundled(crate()) of the RPM: it takes rpm 4.20, as in Debian 13; this is $(rpm --version)"
fi

section completions
# Made when the sources were packed, and those of the program all the same.
for package in rpm deb; do
    root=$work/$package
    "$root/usr/bin/image-signature" completion bash | cmp - "$root/usr/share/bash-completion/completions/image-signature"
    "$root/usr/bin/image-signature" completion fish | cmp - "$root/usr/share/fish/vendor_completions.d/image-signature.fish"
    "$root/usr/bin/image-signature" completion zsh | cmp - "$(find "$root/usr/share/zsh" -name _image-signature)"
done

section programs
for package in rpm deb; do
    program=$work/$package/usr/bin/image-signature
    packaging/check-hardening.sh "$program"
    # The source directories while it was built, cargo's home, and this directory.
    if grep -aE "$PWD|${CARGO_HOME:-$HOME/.cargo}|/BUILD/|\.cargo-home" "$program"; then
        fail "a path of the builder is in the program of the $package"
    fi
done

packaging/check-installed.sh "$deb" "$rpm"
section "the packages are good"
