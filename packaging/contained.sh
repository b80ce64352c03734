#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command, as root, in namespaces of its own for mounts and processes:
#     packaging/contained.sh COMMAND...
# All that it mounts and starts ends with it. A signal to this script (TERM, INT, HUP) ends it too, and so does the
# script's own end, however that comes.
set -eu
# With the status that a shell gives a command that a signal has ended.
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM

# unshare heeds no signal while its command runs, and the command, the first process there, only those that it expects.
# With its end the kernel ends all others, and then their mounts.
# shellcheck disable=SC2317 # a trap calls it
stop() {
    trap '' HUP INT TERM
    if [ -n "$unshare" ]; then
        first=$(cat "/proc/$unshare/task/$unshare/children" 2>/dev/null) || true
        # shellcheck disable=SC2086 # a number or nothing
        kill -KILL ${first:-$unshare} 2>/dev/null || true
        wait "$unshare" || true
    fi
    exit "$1"
}

unshare=
# In the background, since a shell hears of no signal while it waits for anything else, and with the input and the
# signals that a command in the foreground has.
exec 3<&0
setpriv --pdeathsig KILL env --default-signal=INT,QUIT \
    unshare --mount --pid --fork --kill-child --mount-proc "$@" <&3 3<&- &
unshare=$!
exec 3<&-
status=0
wait "$unshare" || status=$?
exit $status
