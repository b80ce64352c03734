#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a person is told on a new Debian with git and make and nothing else, as root and as a user without sudo:
#     tests/packaging/new-machine.sh ROOT, a directory with such a Debian, without git and make yet. Needs root.
# Where git and make cannot be installed there it ends with 77.
set -eu
cd "$(dirname "$0")/../.."
root=$1
if [ "${IN_NAMESPACES:-}" != yes ]; then
    IN_NAMESPACES=yes exec packaging/contained.sh "$0" "$root"
fi
fail() {
    echo "FAILED: $*" >&2
    sed 's/^/    /' "$root/output" >&2
    exit 1
}
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$@"; }
{ inside "$root" apt-get update --error-on=any && inside "$root" apt-get install -y --no-install-recommends git make; } \
    >"$root/output" 2>&1 || {
    cat "$root/output" >&2
    echo "SKIPPED: a new machine: git and make cannot be installed in it" >&2
    exit 77
}

# The checkout in a directory whose name has a space.
place="/srv/a checkout"
mkdir -p "$root$place"
git ls-files -z | xargs --null cp --parents --no-dereference --target-directory="$root$place"
chown -R 1000:1000 "$root$place"
state() { (cd "$root$place" && find . | LC_ALL=C sort) && inside "$root" dpkg-query --show; }
before=$(state)

# told USER PATTERN COMMAND...: fails, with a line that matches, and nothing is made or installed.
told() {
    user=$1 pattern=$2
    shift 2
    status=0
    # shellcheck disable=SC2016 # the inner shell's
    inside --userspec="$user" --groups= "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$place" "$@" >"$root/output" 2>&1 || status=$?
    [ $status -ne 0 ] || fail "$*: succeeded"
    grep -q -e "$pattern" "$root/output" || fail "$*: nothing matches '$pattern'"
    [ "$(state)" = "$before" ] || fail "$*: something was made"
    echo "ok: $* (as $user)"
}
install='As root:  apt-get update && apt-get install -y --no-install-recommends gcc .*'
for package in rpm deb; do
    told 0:0 "^$install cargo" make $package
    told 1000:1000 "^$install cargo" make $package
done
told 0:0 "^$install cargo" make dist
told 0:0 "^Not installed: .* debhelper" make deb
told 0:0 "^Not installed: .* rpm" make rpm
told 0:0 "^$install cargo" make
told 1000:1000 "^$install cargo" make
told 1000:1000 "^$install cargo" make install DESTDIR=/srv/nowhere
for target in try check check-packages check-debian-13 check-ordinary-user fuzz faults; do
    told 1000:1000 "needs root, and sudo is not here. $install cargo" make $target
done
