#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing to build the program ("build"), to test it ("check"), also in a Debian 13 ("debian-13"), to
# fuzz it ("fuzz"), to tell how much of it the tests reach ("coverage"), to pack the sources ("dist"), to make a package of
# them ("rpm", "deb"), to make and check both ("packages"):
#     packaging/deps.sh WHAT          says so before it uses sudo; without sudo it says what to ask for
#     packaging/deps.sh --tell WHAT   installs nothing; names what is missing, and what installs it
set -eu
may=yes
if [ "${1:-}" = --tell ]; then
    may=no
    shift
fi
what=${1:-build}

# A program that a test needs goes into "check", once for Debian and once for Fedora.
if command -v apt-get >/dev/null; then
    packages="gcc make pkg-config libgpgme-dev libgpg-error-dev libssl-dev gpg"
    case $what in
        check) packages="$packages gnupg gpgsm gpg-agent dirmngr skopeo docker-registry strace faketime mandoc man-db \
            bash-completion zsh fish openssl curl shellcheck util-linux rpm rpmlint binutils kubernetes-client \
            python3 python3-jsonschema python3-prometheus-client" ;;
        fuzz) packages="$packages g++ python3" ;;
        coverage) packages="$packages gnupg gpgsm gpg-agent dirmngr openssl llvm-19" ;;
        debian-13) packages="$packages debootstrap util-linux" ;;
        dist) packages="$packages git xz-utils" ;;
        rpm) packages="$packages git xz-utils gpg-agent rpm" ;;
        deb) packages="$packages git xz-utils gpg-agent dpkg-dev debhelper" ;;
        packages) packages="$packages git xz-utils gnupg gpg-agent dpkg-dev debhelper rpm lintian rpmlint cpio binutils \
            debootstrap util-linux iproute2" ;;
    esac
    installer="apt-get install -y --no-install-recommends"
    known() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }
    update="apt-get update && "
    # shellcheck disable=SC2086 # a list of words
    install() { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $installer "$@"; }
    # A new machine may not know yet what there is to install.
    prepare() {
        if ! apt-cache show gcc >/dev/null 2>&1 && [ "$may" = yes ]; then
            echo "Reading the lists of packages${sudo:+ with sudo}"
            $sudo apt-get update
        fi
    }
    # The first that is new enough: Debian 12 has a newer one under another name, for web browsers.
    cargo_packages="cargo cargo-web"
    available() {
        minor=$(apt-cache policy "$1" | sed -n 's/^ *Candidate: \(1:\)\{0,1\}[01]\.\([0-9]*\)\..*/\2/p')
        [ "${minor:-0}" -ge 85 ]
    }
elif command -v dnf >/dev/null; then
    packages="gcc make pkgconf-pkg-config gpgme-devel libgpg-error-devel openssl-devel gnupg2"
    case $what in
        check) packages="$packages gnupg2-smime skopeo strace libfaketime mandoc man-db bash-completion zsh fish openssl \
            curl ShellCheck util-linux rpm-build rpmlint binutils python3 python3-jsonschema \
            python3-prometheus_client" ;;
        fuzz) packages="$packages gcc-c++ python3" ;;
        coverage) packages="$packages gnupg2-smime openssl llvm" ;;
        debian-13) packages="$packages debootstrap util-linux" ;;
        dist) packages="$packages git xz" ;;
        rpm) packages="$packages git xz rpm-build" ;;
        deb) packages="$packages git xz dpkg-dev debhelper" ;;
        packages) packages="$packages git xz rpm-build rpmlint cpio binutils util-linux iproute" ;;
    esac
    installer="dnf install -y"
    known() { rpm -q --whatprovides "$1" >/dev/null 2>&1; }
    update=
    # shellcheck disable=SC2086 # a list of words
    install() { $sudo $installer "$@"; }
    prepare() { true; }
    cargo_packages="cargo"
    available() { true; }
elif [ $may = no ]; then
    exit
else
    echo "neither apt-get nor dnf is here: install by hand a C compiler, pkg-config, gpg, cargo 1.85 or newer, and the" >&2
    echo "development files of gpgme, libgpg-error and OpenSSL" >&2
    exit 1
fi

sudo=
why=
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    if [ $may = yes ] && ! command -v sudo >/dev/null; then
        may=no
        why="Installing needs root, and sudo is not here. "
    fi
fi

# Some come from elsewhere as well.
installed() {
    case $1 in
        gcc | make | git | gpg) command -v "$1" >/dev/null && return ;;
        # Other packages have it under the same path, which Debian's would not overwrite.
        kubernetes-client) command -v kubectl >/dev/null && return ;;
        pkg-config | pkgconf-pkg-config) command -v pkg-config >/dev/null && return ;;
    esac
    known "$1"
}

# make CARGO=... names another one.
new_enough() {
    minor=$(${CARGO:-cargo} --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
    [ "${minor:-0}" -ge 85 ]
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if ! new_enough; then
    prepare
    found=
    for package in $cargo_packages; do
        if available "$package"; then
            found=$package
            break
        fi
    done
    if [ -z "$found" ] && [ $may = yes ]; then
        echo "cargo 1.85 or newer is needed, and no package has it: see https://rustup.rs" >&2
        exit 1
    fi
    # Without lists of packages: as it is in Debian 12.
    if [ -z "$found" ] && grep -qx 'VERSION_ID="12"' /etc/os-release; then found=cargo-web; fi
    missing="$missing ${found:-cargo}"
fi
if [ -n "$missing" ]; then
    if [ $may = no ]; then
        echo "Not installed:$missing" >&2
        echo "${why}As root:  $update$installer$missing" >&2
        exit 1
    fi
    echo "Installing${sudo:+ with sudo}:$missing"
    # shellcheck disable=SC2086 # a list of words
    install $missing || {
        echo "Could not install:$missing" >&2
        echo "As root:  $update$installer$missing" >&2
        exit 1
    }
fi
if ! new_enough; then
    echo "cargo 1.85 or newer is needed${found:+, and the package $found did not bring it}: see https://rustup.rs" >&2
    exit 1
fi
