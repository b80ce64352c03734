// SPDX-License-Identifier: Apache-2.0
//! What somebody types who has read the README at most: in a new home, beside the example that is installed. Each is a
//! usage error, or no verdict, that says what to type.

use super::golden;

const REF: &str = "registry.local:5000/foo/bar:v1";
const DIGEST: &str = "sha256:7a6bedaf947085571af9e31213cee81e3d411c17468d15cb541c19d4ff14481c";

/// What is typed after the name of the program, with words between single blanks, and what is answered.
const TYPED: &[(&str, &str)] = &[
    // Commands.
    ("version", "did you mean image-signature --version?"),
    ("sign image.json", "skopeo and podman make signatures (--sign-by KEY)"),
    (
        "import release-key.asc",
        "gpg --import FILE takes keys into your keyring",
    ),
    (
        "image.json",
        "image-signature verify --filename image.json --expected-identity REF",
    ),
    ("verfy -f image.json", "a similar subcommand exists: 'verify'"),
    (
        "-f image.json",
        "write the options of a command after it: image-signature verify -f ...",
    ),
    // Where the keys are expected.
    ("keys release-key.asc", "image-signature keys --public-key FILE"),
    ("keys list", "lists the accepted keys of your keyring without any"),
    (
        "verify -f image.json -k release-key.asc",
        "did you mean --public-key FILE",
    ),
    (
        "verify -f image.json --public-key image.json --expected-identity REF",
        "it looks like JSON",
    ),
    (
        "verify -f image.json --expected-identity REF --signed-by DD89C95E",
        "give all 40 digits (gpg --fingerprint shows them)",
    ),
    // Where the image is expected.
    ("verify", "give IMAGE, --filename, --images-from or --manifest"),
    (
        "verify image.json",
        "if it holds API objects, write --filename image.json",
    ),
    ("verify image", "it is a directory with an image; write dir:image"),
    ("verify image/", "it is a directory with an image; write dir:image/"),
    (
        "verify image/signature-1",
        "it is a file; write --filename for API objects",
    ),
    (
        "verify image/manifest.json image/signature-1",
        "if it is a manifest, use verify with --manifest image/manifest.json and --signature-file",
    ),
    ("verify REF", "write docker://REF, or name it as the cluster does"),
    (
        "verify oci:image",
        "oci: is a transport of skopeo that is not supported here",
    ),
    (
        "verify dir:image REF",
        "no expected identity for dir:image: give --expected-identity REF, or write IMAGE=REF",
    ),
    (
        "docker-archive:x.tar",
        "verify the image where its signatures are: image-signature verify docker://REFERENCE",
    ),
    ("keys docker-archive:x.tar", "image-signature keys --public-key FILE"),
    ("verify release-key.asc", "verify, keys and audit take with --public-key release-key.asc"),
    ("describe release-key.asc", "verify, keys and audit take with --public-key release-key.asc"),
    ("release-key.asc", "verify, keys and audit take with --public-key release-key.asc"),
    ("./image", "IMAGE; ./image: it is a directory with an image; write dir:./image"),
    ("image/", "it is a directory with an image; write dir:image/"),
    (
        "REF",
        "image-signature verify --expected-identity REF IMAGE; REF: it is an image in a registry; write docker://REF, or",
    ),
    ("dir:image", "image-signature verify --expected-identity REF dir:image"),
    ("docker://REF", "verify --expected-identity REF docker://REF"),
    (
        "describe REF",
        "to see what its signatures claim write: image-signature inspect docker://REF",
    ),
    (
        "remove docker:quay.io/ns/app",
        "write: image-signature inspect docker://quay.io/ns/app:latest",
    ),
    ("verify tarball:/tmp/x.tar", "tarball: is a transport of skopeo that is not supported here"),
    ("audit atomic:x/y", "atomic: is a transport of skopeo that is not supported here"),
    (
        "verify ostree:foo=REF",
        "the transport ostree: of skopeo is not supported here; verify the image where its signatures are",
    ),
    ("audit sif:x.sif=REF", "the transport sif: of skopeo is not supported here"),
    (
        "verify --signature-file image/signature-1 foo:bar --expected-digest DIGEST --expected-identity REF",
        "foo:bar: with --signature-file and without --manifest, IMAGE can only be sha256:DIGEST: write DIGEST",
    ),
    ("keys docker:x", "image-signature keys --public-key FILE"),
    ("keys docker://a/b:v1", "image-signature keys --public-key FILE"),
    // What the command itself has.
    ("keys -k release-key.asc", "did you mean --public-key FILE?"),
    ("keys --key release-key.asc", "did you mean --public-key FILE?"),
    (
        "verify -k release-key.asc",
        "did you mean --public-key FILE for an OpenPGP key, or --sigstore-key FILE for one of cosign?",
    ),
    (
        "audit --identity REF",
        "--expected-identity REF is an option of verify; write IMAGE=REF for an image that is named",
    ),
    // Of commands in commands.
    (
        "policy lint policy.json --identity REF",
        "there is no option --identity; --expected-identity REF is an option of verify",
    ),
    ("policy why --expected REF", "policy why takes REF as an argument"),
    (
        "policy lint policy.json -k release-key.asc",
        "there is no option -k; --public-key FILE is an option of verify, keys, audit",
    ),
    (
        "policy test TABLE --key release-key.asc",
        "there is no option --key; --public-key FILE is an option of",
    ),
    (
        "policy lint policy.json --keyring release-key.asc",
        "there is no option --keyring; --public-key FILE is an option of",
    ),
    (
        "audit merge --key release-key.asc",
        "there is no option --key; --public-key FILE is an option of",
    ),
    (
        "audit diff --keyring release-key.asc",
        "there is no option --keyring; --public-key FILE is an option of",
    ),
    (
        "audit merge --public-key release-key.asc",
        "--public-key is an option of verify, keys, audit, not of audit merge",
    ),
    (
        "audit --key release-key.asc",
        "there is no option --key; did you mean --public-key FILE",
    ),
    (
        "inspect --key release-key.asc",
        "there is no option --key; --public-key FILE is an option of",
    ),
    // What is expected.
    ("verify -f image.json", "--expected-identity is required"),
    (
        "verify -f image.json --identity REF",
        "did you mean --expected-identity REF?",
    ),
    (
        "verify -f image.json --expected-identity https://REF",
        "it is a URL, not a reference; write it without https://: REF",
    ),
    // Other options.
    ("verify --json -f image.json", "did you mean --output json?"),
    ("verify --PUBLIC-KEY release-key.asc", "did you mean --public-key?"),
    (
        "verify --filename image.json --quiet",
        "there is no option --quiet: the exit status has the verdict",
    ),
    (
        "audit merge --frobnicate",
        "there is no option --frobnicate; image-signature audit merge --help shows",
    ),
    (
        "--frobnicate",
        "there is no option --frobnicate; image-signature --help shows",
    ),
];

#[test]
fn a_mistake_of_the_first_minute_is_told_what_to_type() {
    let sandbox = golden::sandbox();
    for (line, answer) in TYPED {
        let meant = |text: &str| text.replace("REF", REF).replace("DIGEST", DIGEST);
        let words: Vec<String> = line.split(' ').map(meant).collect();
        let outcome = sandbox.run(&words).expect(2);
        outcome.assert_no_result();
        // REF in upper case stands for what it is in a usage text as well.
        let told = meant(&outcome.stderr).contains(&meant(answer));
        assert!(told, "{line}: expected {answer:?}: {outcome:?}");
        // An option that does not exist is no name of an image.
        assert!(!outcome.stderr.contains("use '-- "), "{line}: {outcome:?}");
    }
}

/// Nothing is asked of a registry that bears the name of a transport.
#[test]
fn a_transport_of_skopeo_is_no_registry_to_inspect() {
    let sandbox = golden::sandbox();
    for place in [
        "oci:image",
        "docker-archive:x.tar",
        "ostree:foo",
        "containers-storage:a/b:v1",
    ] {
        let outcome = sandbox.run(["inspect", place]).expect(3);
        let transport = place.split(':').next().unwrap();
        let answer = format!("{transport}: is a transport of skopeo that is not supported here");
        assert!(outcome.stdout.contains(&answer), "{outcome:?}");
        assert!(
            !outcome.stdout.contains(&format!("docker://{transport}")),
            "{outcome:?}"
        );
    }
    let outcome = sandbox.run(["inspect", "registry.local:5000/foo/bar:v1"]).expect(3);
    assert!(
        outcome.stdout.contains("write docker://registry.local:5000/foo/bar:v1"),
        "{outcome:?}"
    );
}

#[test]
fn a_key_in_the_place_of_a_signature_is_told_where_it_belongs() {
    let sandbox = golden::sandbox();
    let outcome = sandbox.run(["inspect", "release-key.asc"]).expect(0);
    let answer = "public key block, not a signed message; image-signature verify and keys take keys with --public-key";
    assert!(outcome.stdout.contains(answer), "{outcome:?}");
}

/// Who has only the plugin cannot type the name of its file.
#[test]
fn usage_names_the_command_that_the_plugin_is_called_by() {
    let sandbox = golden::sandbox();
    for (file, name) in [
        ("kubectl-image_signature", "kubectl image-signature"),
        ("oc-image_signature", "oc image-signature"),
        ("image-signature", "image-signature"),
    ] {
        let plugin = sandbox.path(file);
        std::os::unix::fs::symlink(crate::support::program::binary(), &plugin).unwrap();
        let mut command = sandbox.command_of(&plugin);
        command.arg("completion");
        let outcome = sandbox.finish(&mut command, b"").expect(2);
        let usage = format!("\nUsage: {name} completion <SHELL>\n");
        assert!(outcome.stderr.contains(&usage), "{outcome:?}");
    }
}
