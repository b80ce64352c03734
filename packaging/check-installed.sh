#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs a Debian package with apt in a fresh Debian of the release that it was built on, tries it
# (tests/packaging/smoke.sh), removes it, does the same with an RPM, and sees that nothing is left:
#     packaging/check-installed.sh DEB RPM
# Needs root. Mounts and processes are in namespaces of their own, and end with it.
set -eu
cd "$(dirname "$0")/.."
section() { printf '\n== %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
if [ "$(id -u)" -ne 0 ]; then
    echo "SKIPPED: installing the packages in a fresh Debian: needs root"
    exit
fi
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
if ! [ -e "/usr/share/debootstrap/scripts/$suite" ] || ! grep -qx 'ID=debian' /etc/os-release; then
    echo "SKIPPED: installing the packages in a fresh Debian: this system is none"
    exit
fi
if [ "${IN_NAMESPACES:-}" != yes ]; then
    section "a fresh Debian ($suite)"
    mkdir -p target
    root=$(mktemp -d "$PWD/target/debian.XXXXXX")
    trap 'rm -rf "$root" "$root.bare"' EXIT
    trap 'exit 130' INT TERM HUP
    packaging/chroot.sh --fresh "$suite" "$root" || {
        [ $? -eq 77 ] || exit 1
        echo "SKIPPED: installing the packages in a fresh Debian: see above"
        exit
    }
    IN_NAMESPACES=yes packaging/contained.sh "$0" "$1" "$2" "$root"
    exit
fi
deb=$1 rpm=$2 root=$3
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
install() { inside apt-get install --quiet=2 --yes --no-install-recommends "$@" >"$root/apt.log" 2>&1 || { cat "$root/apt.log"; fail "apt-get install $*"; }; }

mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside apt-get update --quiet=2 >"$root/apt.log" 2>&1 || { cat "$root/apt.log"; fail "apt-get update"; }

# All files, and directories of that name; not the records of apt, dpkg and rpm. An RPM leaves directories that belong to
# another package where there is that package.
everything() {
    (cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/lib/rpm -o -path ./var/cache \
        -o -path ./var/log -o -path ./proc \) -prune -o \( ! -type d -o -name '*image[-_]signature*' \) -print | LC_ALL=C sort)
}
try() { inside sh /root/smoke.sh; }
cp tests/packaging/smoke.sh "$root/root/smoke.sh"

section the Debian package, with nothing but what it depends on
cp "$deb" "$root/root/package.deb"
install /root/package.deb
try
section the Debian package, with an agent and man pages
install gpg-agent man-db
try
inside apt-get purge --quiet=2 --yes image-signature >"$root/apt.log" 2>&1 || { cat "$root/apt.log"; fail "apt-get purge"; }
everything >"$root.bare"
if grep -E 'image[-_]signature' "$root.bare"; then fail "left behind by the Debian package"; fi

section the RPM
# Debian's rpm wanted to be told that one means it, and does not know the option any more in Debian 13.
force=
if rpm --force-debian --version >/dev/null 2>&1; then force=--force-debian; fi
# shellcheck disable=SC2086 # an option or none
in_root() { rpm --root "$root" --dbpath /var/lib/rpm $force "$@"; }
in_root --nodeps --install "$rpm"
in_root --verify image-signature --nodeps
try
in_root --nodeps --erase image-signature
everything | diff "$root.bare" - || fail "left behind by the RPM"
rm "$root.bare"
