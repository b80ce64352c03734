#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests, shows how they get on, and says at the end what was left out and why, also where some failed:
#     packaging/tests.sh here            all of them, on this system
#     packaging/tests.sh debian-13       the same programs, not built anew, in a Debian 13 (as root)
#     packaging/tests.sh ordinary-user   those for which privileges matter, as an ordinary user of this system (as root)
# The whole output is in target/tests-WHERE.
set -eu
# Whoever runs this may ignore signals, as nohup and a shell's background jobs do. The tests send them.
if [ -z "${SIGNALS_ARE_DEFAULT:-}" ] && env --default-signal true 2>/dev/null; then
    SIGNALS_ARE_DEFAULT=yes exec env --default-signal "$0" "$@"
fi
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
where=$1
out=target/tests-$where
mkdir -p target
rm -f "$out" "$out.status"

# The test programs, relative to this directory. It shows how building them gets on.
programs() {
    $CARGO test --locked --workspace --no-run 2>&1 | tee "$out.build"
    sed -n 's/^ *Executable .* (\(.*\))$/\1/p' "$out.build" >"$out.programs"
    rm "$out.build"
    [ -s "$out.programs" ]
}

# Options that leave tests out, which is said: leave_out WHY MODULE...
leave_out() {
    why=$1
    shift
    echo "SKIPPED: $*: $why" >&2
    for module in "$@"; do echo "--skip $module::"; done
}

# The same everywhere, and they ask cargo, which need not be there.
sources() {
    leave_out "rules of the sources and of packages, the same everywhere" packaging rules::attacks rules::documents \
        rules::floors rules::imports rules::licences rules::modules rules::programs
}

run() {
    case $where in
        # As many threads as packaging/programs.sh has, and why.
        here) $CARGO test --locked --workspace --no-fail-fast -- --show-output --test-threads $((2 * $(nproc))) ;;
        # What cannot be had is said before anything is built for it.
        debian-13)
            packaging/chroot.sh trixie true && programs || return
            # shellcheck disable=SC2046 # a list of words
            packaging/chroot.sh trixie packaging/programs.sh "$out.programs" $(sources)
            ;;
        ordinary-user)
            packaging/as-user.sh true && programs || return
            # shellcheck disable=SC2046 # lists of words
            packaging/as-user.sh packaging/programs.sh "$out.programs" $(sources) \
                $(leave_out "tables and random input, the same for every user" corpus policy properties sigstore vectors)
            ;;
        *) echo "$0: $where is not here, debian-13 or ordinary-user" >&2; return 2 ;;
    esac
}

{ run 2>&1 && echo 0 >"$out.status" || echo $? >"$out.status"; } | packaging/progress.sh "$out"
packaging/left-out.sh "$out"
status=$(cat "$out.status")
rm -f "$out.status" "$out.programs"
exit "$status"
