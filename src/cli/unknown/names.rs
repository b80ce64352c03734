// SPDX-License-Identifier: Apache-2.0
//! What other programs call commands and options, and what there is here instead.

/// Names of options, with the option and its value here.
pub(super) const OPTIONS: [(&[&str], &str); 17] = [
    (
        &["-k", "--key", "--keys", "--pubkey", "--key-file", "--pub-key"],
        "--public-key FILE for an OpenPGP key, or --sigstore-key FILE for one of cosign",
    ),
    (
        &["--keyring", "--gpg-key", "--public-keys", "--public-key-file"],
        "--public-key FILE",
    ),
    (&["--cosign-key", "--sigstore-public-key"], "--sigstore-key FILE"),
    (
        &[
            "--identity",
            "--expected",
            "--expect",
            "--reference",
            "--ref",
            "--signed-identity",
            "--expected-identities",
        ],
        "--expected-identity REF",
    ),
    (&["--digest"], "--expected-digest DIGEST"),
    (
        &[
            "--gnupghome",
            "--gnupg-home",
            "--gpghome",
            "--gpg-homedir",
            "--gpg-home",
            "--home",
        ],
        "--homedir DIR",
    ),
    (&["--fingerprint", "--signer"], "--signed-by FINGERPRINT"),
    (&["--threshold"], "--require N"),
    (&["--file", "--files"], "--filename FILE"),
    (&["--signatures", "--sig"], "--signature-file FILE"),
    (&["--signature-policy", "--policy-file"], "--policy FILE"),
    (&["--default-policy"], "--system-policy"),
    (
        &[
            "--arch",
            "--os",
            "--override-arch",
            "--override-os",
            "--override-variant",
        ],
        "--platform OS/ARCH, such as linux/amd64",
    ),
    (
        &["--username", "--password", "--registry-username", "--registry-password"],
        "--creds USER:PASSWORD, or --authfile FILE",
    ),
    (&["--format"], "--output FORMAT"),
    (&["--json"], "--output json"),
    (&["--yaml"], "--output yaml"),
];

/// Names of options that nothing here stands for, with what to know instead.
pub(super) const NOTHING: [(&[&str], &str); 7] = [
    (
        &[
            "--certificate",
            "--certificate-chain",
            "--certificate-identity",
            "--certificate-identity-regexp",
            "--certificate-oidc-issuer",
            "--certificate-oidc-issuer-regexp",
            "--rekor-url",
            "--insecure-ignore-tlog",
            "--insecure-ignore-sct",
        ],
        "keyless signatures and transparency logs are not checked here; --sigstore-key FILE names the key of a sigstore signature",
    ),
    (
        &["--all"],
        "with --filename and without IMAGE every object in the files is taken, and --all-platforms takes every instance of a list",
    ),
    (
        &["--keyserver", "--keyservers", "--recv-keys"],
        "no key is fetched here; gpg fetches it, and --public-key FILE names it",
    ),
    (
        &["--tag"],
        "the tag is a part of IMAGE, such as docker://REGISTRY/NAME:TAG, and of the identity that is expected",
    ),
    (&["--version"], "image-signature --version prints the version"),
    (&["--debug"], "-v logs what is asked of whom, and -vv more"),
    (
        &["-q", "--quiet", "--silent"],
        "the exit status has the verdict, and -o name prints the least",
    ),
];

/// What people try as a command, and what there is instead.
pub(super) const COMMANDS: [(&str, &str); 9] = [
    ("version", "did you mean image-signature --version?"),
    (
        "sign",
        "skopeo and podman make signatures (--sign-by KEY), this program checks them",
    ),
    (
        "import",
        "gpg --import FILE takes keys into your keyring, and --public-key FILE names them for one run",
    ),
    ("verify-image-signature", "did you mean image-signature verify?"),
    ("diff", "did you mean image-signature audit diff?"),
    ("merge", "did you mean image-signature audit merge?"),
    ("lint", "did you mean image-signature policy lint?"),
    ("why", "did you mean image-signature policy why?"),
    ("test", "did you mean image-signature policy test?"),
];

/// What a command has in place of an option that it lacks.
pub(super) fn instead(command: &str, option: &str) -> &'static str {
    match (command, option) {
        ("policy why", "--expected-identity") => "; policy why takes REF as an argument",
        ("audit", "--expected-identity") => {
            "; write IMAGE=REF for an image that is named, or give --expected-identity-map FILE"
        }
        ("audit", "--explain") => "; -o wide shows more of each image",
        ("keys", "--filename" | "-f") => "; image-signature keys --public-key FILE lists the keys in a file",
        ("keys", "--policy") => "; image-signature policy why REF FILE shows the keys of a policy",
        ("keys", "--sigstore-key") => {
            "; --signed-by names such a key as sha256:HEX: openssl pkey -pubin -outform DER -in FILE | sha256sum prints HEX"
        }
        _ => "",
    }
}
