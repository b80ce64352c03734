#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing to build the program ("build"), to test it ("check"), to make and check packages as well
# ("packages"). Says so before sudo.
set -eu
what=${1:-build}
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi

if command -v apt-get >/dev/null; then
    packages="gcc make pkg-config libgpgme-dev libgpg-error-dev libssl-dev gpg"
    [ "$what" = check ] && packages="$packages gnupg gpgsm gpg-agent dirmngr skopeo docker-registry strace faketime \
        mandoc man-db bash-completion zsh fish openssl curl shellcheck util-linux rpm rpmlint binutils"
    [ "$what" = packages ] && packages="$packages git gnupg gpg-agent xz-utils binutils rpm rpmlint cpio dpkg-dev debhelper \
        lintian debootstrap util-linux iproute2"
    installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }
    install() { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }
    # A new machine may not know yet what there is to install.
    prepare() { apt-cache show gcc >/dev/null 2>&1 || { echo "Reading the lists of packages${sudo:+ with sudo}"; $sudo apt-get update; }; }
    cargo_packages="cargo-web cargo"
    available() { apt-cache show "$1" 2>/dev/null | grep -q '^Package:'; }
elif command -v dnf >/dev/null; then
    packages="gcc make pkgconf-pkg-config gpgme-devel libgpg-error-devel openssl-devel gnupg2"
    [ "$what" = check ] && packages="$packages gnupg2-smime skopeo strace libfaketime mandoc man-db bash-completion zsh \
        fish openssl curl ShellCheck util-linux rpm-build rpmlint binutils"
    [ "$what" = packages ] && packages="$packages git xz binutils rpm-build rpmlint cpio util-linux iproute"
    installed() { rpm -q --whatprovides "$1" >/dev/null 2>&1; }
    install() { $sudo dnf install -y "$@"; }
    prepare() { true; }
    cargo_packages="cargo"
    available() { true; }
else
    echo "neither apt-get nor dnf is here: install by hand a C compiler, pkg-config, gpg, cargo 1.85 or newer, and the" >&2
    echo "development files of gpgme, libgpg-error and OpenSSL" >&2
    exit 1
fi

new_enough() {
    command -v cargo >/dev/null || return 1
    minor=$(cargo --version | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
    [ "${minor:-0}" -ge 85 ]
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if ! new_enough; then
    prepare
    for package in $cargo_packages; do
        if available "$package"; then
            missing="$missing $package"
            break
        fi
    done
fi
if [ -n "$missing" ]; then
    echo "Installing${sudo:+ with sudo}:$missing"
    # shellcheck disable=SC2086 # a list of words
    install $missing
fi
if ! new_enough; then
    echo "cargo 1.85 or newer is needed, and no package has it: see https://rustup.rs" >&2
    exit 1
fi
