#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All checks of the source tree; a failure of one does not hide those of the others. What is not installed is named, not
# passed over in silence.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
failed='' skipped=''

section() { printf '\n== %s\n' "$*"; }
# check NAME TOOL COMMAND...
check() {
    name=$1 tool=$2
    shift 2
    section "$name"
    if ! command -v "$tool" >/dev/null; then
        echo "SKIPPED: $name: $tool is not installed"
        skipped="${skipped}SKIPPED: $name: $tool is not installed
"
    elif ! "$@"; then
        failed="$failed, $name"
    fi
}
documentation() { RUSTDOCFLAGS="-D warnings" $CARGO doc --locked --no-deps --document-private-items --quiet; }

check format rustfmt "$CARGO" fmt --all --check
check lints cargo-clippy "$CARGO" clippy --locked --workspace --all-targets -- -D warnings
check "licences and bans" cargo-deny "$CARGO" deny --locked check licenses bans sources
check "shell scripts" shellcheck shellcheck packaging/*.sh packaging/verify-image-signature \
    packaging/complete-image_signature .ci/run fuzz/run faults/run mutants/run mutants/coverage tests/data/example/make-example tests/packaging/*.sh
check documentation "$CARGO" documentation
check tests "$CARGO" packaging/tests.sh here
# Once more, where it is read. CI collects what stands below this line.
[ -z "$skipped" ] || printf '\n== checks that did not run\n%s' "$skipped"
[ -z "$failed" ] || { printf '\nFAILED: %s\n' "${failed#, }" >&2; exit 1; }
