#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All checks of the source tree. What is not installed is named, not passed over in silence.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}

section() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null || { echo "SKIPPED: $1 is not installed"; return 1; }; }

section format
if have rustfmt; then $CARGO fmt --check; fi
section lints
if have cargo-clippy; then $CARGO clippy --locked --all-targets -- -D warnings; fi
section licences and bans
if have cargo-deny; then $CARGO deny --locked check licenses bans sources; fi
section shell scripts
if have shellcheck; then shellcheck packaging/*.sh packaging/verify-image-signature packaging/complete-image_signature .ci/run tests/data/example/make-example tests/packaging/smoke.sh; fi
section documentation
RUSTDOCFLAGS="-D warnings" $CARGO doc --locked --no-deps --quiet
section tests
mkdir -p target
status=0
$CARGO test --locked -- --show-output >target/test-output 2>&1 || status=$?
grep -vE '^(stdout ---|successes:|test .* ok$|$)' target/test-output || true
[ "$status" -eq 0 ] || exit "$status"
grep '^SKIPPED' target/test-output | sort -u >target/skipped || true
if [ -s target/skipped ]; then section "what did not run here"; cat target/skipped; fi
