#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command as an ordinary user of this system who may read this checkout and has a home of his own:
#     packaging/as-user.sh COMMAND...
# Needs root, mounts and namespaces; where these cannot be had it says SKIPPED and ends with 77. Mounts and processes
# are in namespaces of their own and end with the command.
set -eu
cd "$(dirname "$0")/.."
# nobody, whom every system has. A line of one's own in /etc/passwd would take a mount, and with one below /etc no user
# may mount anything over /etc in a namespace, as some tests do.
user=65534
become() { setpriv --reuid=$user --regid=$user --clear-groups "$@"; }
if [ "${IN_NAMESPACES:-}" != yes ]; then
    skip() { echo "SKIPPED: an ordinary user: $*" >&2; exit 77; }
    [ "$(id -u)" -eq 0 ] || skip "becoming another user needs root"
    packaging/contained.sh setpriv --reuid=$user --regid=$user --clear-groups true 2>/dev/null ||
        skip "namespaces, or becoming another user, are not permitted here"
    work=$(mktemp -d /tmp/as-user.XXXXXX)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    IN_NAMESPACES=yes packaging/contained.sh "$0" "$work" "$@"
    exit
fi
work=$1
shift
mkdir "$work/home"
chown $user:$user "$work/home"
chmod 711 "$work"

# A directory on the way that others may not enter gives way to one with nothing but the checkout and ../shared.
here=$PWD
mkdir "$work/here" "$work/shared"
way=$here rest=
while [ "$way" != / ]; do
    way=$(dirname "$way")
    if ! become test -x "$way"; then rest=$way; fi
done
way=$rest
if [ -n "$way" ]; then
    mount --bind "$here" "$work/here"
    if [ -d "$here/../shared" ]; then mount --bind "$here/../shared" "$work/shared"; fi
    mount -t tmpfs -o mode=755 tmpfs "$way"
    mkdir -p "$here"
    mount --move "$work/here" "$here"
    if mountpoint -q "$work/shared"; then
        mkdir -p "$here/../shared"
        mount --move "$work/shared" "$here/../shared"
    fi
fi
cd "$here"
become env -i PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 HOME="$work/home" "$@"
