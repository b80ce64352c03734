#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a Debian of another release:
#     packaging/chroot.sh SUITE COMMAND...     with all that "make check" needs, and this checkout, read-only, in its place
#     packaging/chroot.sh --fresh SUITE DIR    only puts a fresh minimal Debian into DIR
# Needs root and debootstrap. Where such a Debian cannot be had (no root, no mounts or namespaces, no archive), it says so
# in a line that begins with SKIPPED and ends with 77; a command that runs and fails is another matter. What is made is
# kept for a week in a directory outside of the checkout (IMAGE_SIGNATURE_CACHE, else below /var/cache); all mounts and
# processes are in namespaces of their own (packaging/contained.sh) and end with the command, however it ends.
set -eu
cd "$(dirname "$0")/.."
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: a Debian in a directory: $*" >&2; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "it needs root"
for tool in debootstrap setpriv unshare flock; do
    command -v $tool >/dev/null || skip "$tool is not installed: packaging/deps.sh debian-13"
done
if [ "${IN_NAMESPACES:-}" != yes ]; then
    packaging/contained.sh chroot / true 2>/dev/null || skip "mounts, namespaces or chroot are not permitted here"
    IN_NAMESPACES=yes exec packaging/contained.sh "$0" "$@"
fi

# Devices and programs must work there.
usable() {
    mkdir -p "$1" 2>/dev/null && [ -w "$1" ] && ! findmnt --noheadings --output OPTIONS --target "$1" | grep -qwE 'ro|nodev|noexec'
}
cache=
for place in "${IMAGE_SIGNATURE_CACHE:-}" /var/cache/image-signature "$PWD/target/chroots"; do
    if [ -n "$place" ] && usable "$place"; then
        cache=$place
        break
    fi
done
[ -n "$cache" ] || skip "no directory to keep it in: set IMAGE_SIGNATURE_CACHE to one on a file system with devices"

# A Debian that was made whole, not long ago, and as these scripts would make it now.
recipe=$(cat packaging/chroot.sh packaging/deps.sh | sha256sum)
good() { [ -n "$(find "$1/.made" -mtime -7 2>/dev/null)" ] && [ "$(cat "$1/.made")" = "$recipe" ]; }

base() {
    base=$cache/$1-base
    if ! good "$base"; then
        rm -rf "$base" "$base.new"
        # The archive as this machine reaches it.
        # shellcheck disable=SC2016 # apt-get's own variable
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
            grep -v security | head -n 1)
        mirror=${mirror:-http://deb.debian.org/debian}
        echo "Making a Debian ($1) in $base" >&2
        # apt's proxy is not debootstrap's.
        eval "$(apt-config shell proxy Acquire::http::Proxy)"
        if [ -n "${proxy:-}" ]; then export http_proxy="${http_proxy:-$proxy}"; fi
        /usr/lib/apt/apt-helper download-file "${mirror%/}/dists/$1/InRelease" "$cache/release" >"$cache/log" 2>&1 || {
            cat "$cache/log" >&2
            skip "the archive $mirror does not answer, or has no $1"
        }
        rm -f "$cache/release"
        debootstrap --variant=minbase --include=ca-certificates "$1" "$base.new" "$mirror" >"$cache/log" 2>&1 || {
            tail -n 50 "$cache/log" >&2
            rm -rf "$base.new"
            skip "debootstrap: $(tail -n 1 "$cache/log")"
        }
        apt-config dump Acquire >"$base.new/etc/apt/apt.conf.d/99host"
        # Security updates, where the mirror has them in the usual place.
        security=$(echo "$mirror" | sed 's,/debian/*$,/debian-security,')
        printf 'deb %s %s main\ndeb %s %s-security main\n' "$mirror" "$1" "$security" "$1" >"$base.new/etc/apt/sources.list"
        # It can be made anew, so it need not survive a loss of power.
        echo force-unsafe-io >"$base.new/etc/dpkg/dpkg.cfg.d/unsafe-io"
        rm -rf "$base.new/var/cache/apt/archives" "$cache/log"
        echo "$recipe" >"$base.new/.made"
        mv "$base.new" "$base"
    fi
}

if [ "$1" = --prepare ]; then
    prepare=yes root=$2
else
    # Shared by all that use what is there, alone for who makes it.
    exec 9>"$cache/lock"
    flock --shared 9
    if [ "$1" = --fresh ]; then
        if ! good "$cache/$2-base"; then
            flock 9
            base "$2"
        fi
        cp -a "$cache/$2-base/." "$3"
        rm "$3/.made"
        exit
    fi
    prepare=no suite=$1 root=$cache/$1
    shift
    if ! good "$root"; then
        flock 9
        if ! good "$root"; then
            base "$suite"
            rm -rf "$root"
            cp -a "$base" "$root"
            rm "$root/.made"
            packaging/contained.sh "$0" --prepare "$root" || {
                status=$?
                rm -rf "$root"
                exit $status
            }
            cp "$base/.made" "$root"
        fi
        flock --shared 9
    fi
fi

# In a layer of its own: no run meets what another one changes or has left. Where the kernel gives none they share it.
layer=
if [ $prepare = no ]; then
    exec 7>"$cache/layers"
    flock 7
    for left in "$cache"/layer.*; do
        # Of a run that was killed; others hold theirs.
        if [ -d "$left" ]; then flock --nonblock "$left" rm -rf "$left" || true; fi
    done
    layer=$(mktemp -d "$cache/layer.XXXXXX")
    exec 8<"$layer"
    flock 8
    exec 7>&-
    mkdir "$layer/changed" "$layer/work" "$layer/root"
    chmod 755 "$layer"
    if mount -t overlay -o "lowerdir=$root,upperdir=$layer/changed,workdir=$layer/work" overlay "$layer/root" 2>/dev/null; then
        root=$layer/root
    fi
fi
# On itself: what runs there may then make mount namespaces of its own.
if [ "$root" != "$layer/root" ]; then mount --bind "$root" "$root"; fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=700 tmpfs "$root/root"
for place in dev/shm run tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "$root/$place"
done
cp /etc/resolv.conf "$root/etc/resolv.conf"
# With the certificate authorities that this machine trusts, one of its own perhaps.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    mount --bind /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
fi
for place in "$PWD" "$(dirname "$PWD")/shared"; do
    if [ -d "$place" ]; then
        mkdir -p "$root$place"
        mount --bind "$place" "$root$place"
        mount -o remount,ro,bind "$root$place"
    fi
done
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
if [ $prepare = yes ]; then
    # What is missing, quietly unless that fails. An archive that has a package under another name, or no more, is our
    # mistake; one that cannot be reached is not.
    log=$root/tmp/log
    inside HOME=/root chroot "$root" apt-get update --error-on=any >"$log" 2>&1 || { cat "$log" >&2; skip "apt-get update"; }
    # shellcheck disable=SC2016 # the inner shell's argument
    if ! inside HOME=/root chroot "$root" sh -c 'cd "$1" && packaging/deps.sh check' sh "$PWD" >"$log" 2>&1; then
        cat "$log" >&2
        if grep -qE '^E: (Failed to fetch|Unable to fetch)' "$log"; then skip "fetching packages"; fi
        fail "packaging/deps.sh check in a Debian ($(basename "$root"))"
    fi
    exit
fi
status=0
# shellcheck disable=SC2016 # the inner shell's arguments
inside HOME=/root chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD" "$@" 8<&- 9<&- || status=$?
# What of it still runs ends with this script; then the next run takes away what is left.
if umount --recursive --lazy "$root"; then rm -rf "$layer" || true; fi
exit $status
