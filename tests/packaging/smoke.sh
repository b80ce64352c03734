#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks an installed image-signature as its users find it: a real key, a real signature, verdicts, records,
# plug-in names. Everything it makes is thrown away.
#     tests/packaging/smoke.sh [PREFIX]      /usr unless given
set -eu
prefix=${1:-/usr}
PATH=$prefix/bin:$PATH

work=$(mktemp -d /tmp/smoke.XXXXXX)
finish() {
    if command -v gpgconf >/dev/null; then gpgconf --homedir "$work/gnupg" --kill all >/dev/null 2>&1 || true; fi
    rm -rf "$work"
}
trap finish EXIT
mkdir -m 700 "$work/home" "$work/tmp" "$work/gnupg"
export HOME="$work/home" TMPDIR="$work/tmp" XDG_RUNTIME_DIR="$work/tmp" GNUPGHOME="$work/gnupg" LC_ALL=C.UTF-8
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    sed 's/^/    /' "$work/output" >&2
    exit 1
}

# expect STATUS PATTERN COMMAND...: this exit status, and a line in the output that matches.
expect() {
    status=$1 pattern=$2
    shift 2
    found=0
    "$@" >"$work/output" 2>&1 || found=$?
    [ "$found" -eq "$status" ] || fail "$*: exit status $found, expected $status"
    grep -q -e "$pattern" "$work/output" || fail "$*: nothing matches '$pattern'"
    left=$(ls -A "$work/tmp")
    [ -z "$left" ] || fail "$*: left behind: $left"
    echo "ok: $*"
}

reference=registry.local:5000/foo/bar:v1
other=registry.local:5000/foo/bar:v2
digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
: >output

expect 0 '^image-signature 0\.' image-signature --version

# Makes a key, signs the claim as skopeo does, and puts the signature on an Image object.
sign() {
    gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key "$1" ed25519 sign never
    printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"%s"},"optional":{"creator":"smoke","timestamp":1764000000}}' \
        "$reference" "$digest" "atomic container signature" | gpg --batch --quiet --sign >signature
    cat >image.json <<EOF
{"apiVersion": "image.openshift.io/v1", "kind": "Image", "metadata": {"name": "$digest"},
 "signatures": [{"metadata": {"name": "$digest@smoke"}, "type": "atomic", "content": "$(base64 -w 0 signature)"}]}
EOF
    gpg --batch --armor --export >key.asc
}

example=$prefix/share/doc/image-signature/examples
if command -v gpg-agent >/dev/null; then
    sign 'Smoke Test <smoke@example.com>'
    gpgconf --kill all
    before=$(cd "$GNUPGHOME" && sha256sum pubring.kbx trustdb.gpg)
    # The user's own keyring, in which this key is ultimately trusted.
    expect 0 "^Verified: $reference\$" image-signature verify -f image.json --expected-identity "$reference"
    expect 0 '^  signed by  Smoke Test <smoke@example.com>$' \
        image-signature verify -f image.json --expected-identity "$reference"
    expect 0 'Smoke Test' image-signature keys
    [ "$(cd "$GNUPGHOME" && sha256sum pubring.kbx trustdb.gpg)" = "$before" ] || fail "the user's GnuPG home was changed"
    mkdir -m 700 unrelated
    gpg --batch --quiet --homedir unrelated --pinentry-mode loopback --passphrase '' \
        --quick-generate-key 'Somebody Else <else@example.com>' ed25519 sign never
    gpg --batch --homedir unrelated --armor --export >unrelated.asc
    gpgconf --homedir "$work/unrelated" --kill all
    expect 1 '^Rejected: UnknownKey: ' \
        image-signature verify -f image.json --public-key unrelated.asc --expected-identity "$reference"
else
    echo "SKIPPED: making a key and a signature: gpg-agent is not installed; the packaged example is used"
    cp "$example/image.json" image.json
    cp "$example/release-key.asc" key.asc
    digest=$(sed -n 's/.*"name": "\(sha256:[0-9a-f]*\)"$/\1/p' image.json)
fi

expect 0 "^  image      $digest\$" \
    image-signature verify -f image.json --public-key key.asc --expected-identity "$reference"
expect 1 '^Rejected: IdentityMismatch: ' \
    image-signature verify -f image.json --public-key key.asc --expected-identity "$other"
expect 2 'expected-identity' image-signature verify -f image.json --public-key key.asc
sed 's/"content": *"\(.\{400\}\)../"content": "\1AA/' image.json >damaged.json
if cmp -s image.json damaged.json; then fail "the example was not damaged"; fi
expect 1 '^Rejected: ' \
    image-signature verify -f damaged.json --public-key key.asc --expected-identity "$reference"

expect 0 'Recorded:.*nothing' image-signature describe -f image.json
expect 0 Verified \
    image-signature verify -f image.json --public-key key.asc --expected-identity "$reference" --confirm
expect 0 "Recorded:.*trusted as $reference" image-signature describe -f image.json
expect 0 removed image-signature remove -f image.json --confirm
expect 0 'Recorded:.*nothing' image-signature describe -f image.json

# The other names are the same program.
expect 0 Verified verify-image-signature -f image.json --public-key key.asc --expected-identity "$reference"
for plugin in oc-image_signature kubectl-image_signature; do
    expect 0 Verified $plugin verify -f image.json --public-key key.asc --expected-identity "$reference"
    expect 1 Rejected $plugin verify -f image.json --public-key key.asc --expected-identity "$other"
done

# Completions, and what oc and kubectl ask for them.
for file in bash-completion/completions/image-signature fish/vendor_completions.d/image-signature.fish; do
    expect 0 image-signature cat "$prefix/share/$file"
done
expect 0 '^#compdef image-signature' \
    cat "$(ls "$prefix"/share/zsh/site-functions/_image-signature "$prefix"/share/zsh/vendor-completions/_image-signature 2>/dev/null)"
for plugin in oc kubectl; do
    expect 0 '^--confirm$' ${plugin}_complete-image_signature verify --conf
done

# Minimal installations throw man pages away.
if command -v man >/dev/null && ls "$prefix"/share/man/man1/image-signature.1* >/dev/null 2>&1; then
    export MANPATH="$prefix/share/man"
    for page in image-signature image-signature-verify verify-image-signature oc-image_signature; do
        expect 0 'SECURITY CONSIDERATIONS' man -P cat "$page"
    done
else
    echo "SKIPPED: man pages: there is no man, or its pages were not installed"
fi
echo "smoke test passed"
