// SPDX-License-Identifier: Apache-2.0
//! `policy why`: explanations are compared whole.

use std::path::PathBuf;

use crate::support::program::{Outcome, Sandbox};
use crate::support::vectors::data;

pub(super) const REF: &str = "registry.local:5000/foo/bar:v1";

/// A sandbox with the example's key, a registries.conf that names nothing and an empty registries.d.
pub fn desk() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::copy(data("example/release-key.asc"), sandbox.path("release-key.asc")).unwrap();
    sandbox.file("registries.conf", "");
    std::fs::create_dir(sandbox.path("registries.d")).unwrap();
    sandbox
}

/// `policy ACTION ARGS` with the configuration of the sandbox.
pub fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let configuration = ["--registries-conf", "registries.conf", "--registries.d", "registries.d"];
    sandbox.run([&["policy"], args, &configuration].concat())
}

/// A policy with these scopes of transport docker.
pub fn policy(scopes: &str) -> String {
    format!("{{\n  \"default\": [{{\"type\": \"reject\"}}],\n  \"transports\": {{\n    \"docker\": {{\n{scopes}\n    }}\n  }}\n}}\n")
}

pub const SIGNED_BY: &str = r#"{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "release-key.asc"}"#;

#[test]
fn every_part_of_an_explanation() {
    let sandbox = desk();
    let text = policy(
        r#"      "registry.local:5000/foo": [
        {"type": "signedBy", "keyType": "GPGKeys", "keyPaths": ["release-key.asc", "absent.asc"],
         "signedIdentity": {"type": "remapIdentity", "prefix": "registry.local:5000", "signedPrefix": "quay.io/x"}},
        {"type": "reject"}
      ],
      "*.local": [{"type": "insecureAcceptAnything"}]"#,
    );
    sandbox.file("policy.json", text);
    sandbox.file(
        "registries.conf",
        "[[registry]]\nlocation = \"registry.local:5000/foo\"\n[[registry.mirror]]\nlocation = \"mirror.example/cache\"\n",
    );
    sandbox.file(
        "registries.d/a.yaml",
        "docker:\n  mirror.example:\n    lookaside: https://m.example/sigs\n    use-sigstore-attachments: true\ndefault-docker:\n  sigstore: https://old.example/s\n",
    );
    let outcome = run(&sandbox, &["why", REF, "policy.json"]).expect(0);
    assert_eq!(outcome.stderr, "");
    let expected = "\
Reference: registry.local:5000/foo/bar:v1
Policy: policy.json
Scopes of transport docker, in the order in which they are tried:
  registry.local:5000/foo/bar:v1: not there
  registry.local:5000/foo/bar: not there
  registry.local:5000/foo: applies: policy.json, line 5, column 7
  registry.local:5000: not there
  *.local: not reached: policy.json, line 10, column 7
  \"\": not there
  default: not reached: policy.json, line 2, column 3
Required by scope registry.local:5000/foo:
  all of these:
  1. signedBy: a GPG signature by this key
     policy.json, line 6, column 9
     release-key.asc
       F58D29798CE2022C3F0FA326E5144EDCDD89C95E
         Example Release <release@example.com>
         OpenPGP v4, rsa2048, expires never
     absent.asc
       cannot be used: reading key file absent.asc: No such file or directory
     signed as (remapIdentity): exactly quay.io/x/foo/bar:v1; in
       registry.local:5000/foo/bar:v1 the prefix registry.local:5000 becomes
       quay.io/x
       signed as quay.io/x/foo/bar:v1: accepted
       signed as registry.local:5000/foo/bar:v1: rejected
       signed as quay.io/x/foo/bar: rejected
       signed as quay.io/x/foo/bar:other: rejected
  2. reject: every image is refused
     policy.json, line 8, column 9
At best an image here is Rejected.
Fetched from the first of these that has it, and signatures from nowhere else:
  mirror.example/cache/bar:v1: mirror, registries.conf
    GPG signatures: https://m.example/sigs/cache/bar@sha256=DIGEST/signature-1
        (registries.d/a.yaml, line 3, docker[\"mirror.example\"])
    sigstore signatures: in the registry (registries.d/a.yaml, line 4,
        docker[\"mirror.example\"])
  registry.local:5000/foo/bar:v1: the source
    GPG signatures: https://old.example/s/foo/bar@sha256=DIGEST/signature-1
        (registries.d/a.yaml, line 6, default-docker)
    sigstore signatures: not looked for (built in: registries.d does not say
        use-sigstore-attachments)
";
    assert_eq!(outcome.stdout, expected);
    let document = run(&sandbox, &["why", REF, "policy.json", "-o", "json"])
        .expect(0)
        .json();
    let item = &document["items"][0];
    assert_eq!(item["scope"], "registry.local:5000/foo");
    assert_eq!(item["verdict"], "Rejected");
    assert_eq!(item["requirements"][0]["keySources"][0]["keys"][0]["openPGPVersion"], 4);
    let yaml = run(&sandbox, &["why", REF, "policy.json", "-o", "yaml"])
        .expect(0)
        .stdout;
    let yaml = image_signature::yaml::parse(&yaml).unwrap();
    assert_eq!(yaml.documents[0].value(), document);
}

#[test]
fn keys_of_every_kind_are_described() {
    let sandbox = desk();
    let signer = crate::support::gpg::Signer::new();
    let key = signer.key("Short <s@example.com>", "rsa2048", "sign", "2d");
    signer.export(&[&key], &sandbox.path("short.asc"));
    use base64::Engine as _;
    let bytes = std::fs::read(sandbox.path("short.asc")).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let requirements = [
        format!(r#"{{"type": "signedBy", "keyType": "GPGKeys", "keyData": "{encoded}"}}"#),
        r#"{"type": "signedBy", "keyType": "X509Certificates", "keyPath": "x"}"#.to_owned(),
        r#"{"type": "sigstoreSigned", "keyPath": "registries.conf"}"#.to_owned(),
        r#"{"type": "sigstoreSigned", "fulcio": {"caPath": "x", "oidcIssuer": "i", "subjectEmail": "e"}, "rekorPublicKeyPath": "y"}"#.to_owned(),
    ];
    sandbox.file(
        "policy.json",
        policy(&format!("      \"\": [{}]", requirements.join(",\n"))),
    );
    let outcome = run(&sandbox, &["why", REF, "policy.json"]).expect(0);
    let words = outcome.words();
    for expected in [
        "Required by scope \"\" (all images of the transport): all of these:",
        &format!(
            "keyData {} Short <s@example.com> OpenPGP v4, rsa2048, expires 20",
            key.to_uppercase()
        ),
        "2. signedBy: a signature by keys of a type that no reader implements: never met",
        "registries.conf cannot be used: it is empty",
        "4. sigstoreSigned: a sigstore signature by a certificate of Fulcio, which this program does not check",
        "At best an image here is Rejected.",
    ] {
        assert!(words.contains(expected), "{expected}: {outcome:#?}");
    }
}

#[test]
fn the_policy_of_this_machine_is_found_as_podman_finds_it() {
    let sandbox = desk();
    sandbox.file(
        "home/.config/containers/policy.json",
        policy("      \"a.example\": [{\"type\": \"reject\"}]"),
    );
    let found = run(&sandbox, &["why", "a.example/x:1"]).expect(0).stdout;
    let expected = format!(
        "Policy: {}\n",
        sandbox.path("home/.config/containers/policy.json").display()
    );
    assert!(found.contains(&expected), "{found}");
    let found = run(&sandbox, &["why", "a.example/x:1", "--system-policy"])
        .expect(0)
        .stdout;
    assert!(found.contains(&expected), "{found}");
    let document = run(&sandbox, &["lint", "-o", "json"]).json();
    let named = document["files"][0].as_str().unwrap().to_owned();
    assert!(expected.contains(&named), "{document}");
    let with = |name: &str, value: PathBuf| {
        let mut command = sandbox.command();
        command
            .env(name, value)
            .args(["policy", "why", "a.example/x:1", "--registries.d", "registries.d"]);
        sandbox.finish(&mut command, b"")
    };
    sandbox.file("xdg/containers/policy.json", policy(""));
    let found = with("XDG_CONFIG_HOME", sandbox.path("xdg")).expect(0).stdout;
    assert!(found.contains("/xdg/containers/policy.json"), "{found}");
    let absent = with("CONTAINERS_POLICY_JSON", sandbox.path("absent.json"));
    absent.expect_usage("absent.json: No such file or directory");
    // Drop-ins of the user apply; a file that applies last replaces an entry of the same prefix.
    let mirror =
        |name: &str| format!("[[registry]]\nlocation = \"a.example\"\n[[registry.mirror]]\nlocation = \"{name}\"\n");
    sandbox.file(
        "home/.config/containers/registries.conf.d/50-a.conf",
        mirror("one.example"),
    );
    sandbox.file("last.conf", mirror("two.example"));
    let mut command = sandbox.command();
    command.args(["policy", "why", "a.example/x:1", "--registries.d", "registries.d"]);
    let found = sandbox.finish(&mut command, b"").expect(0).stdout;
    assert!(found.contains("  one.example/x:1: mirror"), "{found}");
    let found = with("CONTAINERS_REGISTRIES_CONF_OVERRIDE", sandbox.path("last.conf"))
        .expect(0)
        .stdout;
    assert!(found.contains("  two.example/x:1: mirror"), "{found}");
}

#[test]
fn mistakes_are_told_with_file_line_and_column() {
    let sandbox = desk();
    for other in [
        "dir:/images/app",
        "oci:/images/app:v1",
        "containers-storage:[overlay]app",
    ] {
        sandbox
            .run(["policy", "why", other])
            .expect_usage("images are verified in the scopes of transport docker");
    }
    let text = policy(&format!("      \"a.example\": [{SIGNED_BY}]"));
    sandbox.file("policy.json", text.replace("keyPath", "keyPaht"));
    run(&sandbox, &["why", REF, "policy.json"]).expect_usage(
        "error: policy.json: line 5, column 64: transports.docker[\"a.example\"][0].keyPaht: unknown member; did you mean \"keyPath\"?",
    );
    sandbox.file("policy.json", &text);
    sandbox.file("other.json", &text);
    run(&sandbox, &["why", REF, "policy.json", "other.json"])
        .expect_usage("policy.json and other.json are both a policy.json; name one");
    run(&sandbox, &["why", REF, "policy.json", "--system-policy"])
        .expect_usage("--system-policy cannot be used with files");
    run(&sandbox, &["why", "registry.local/x", "policy.json"])
        .expect_usage("has neither tag nor digest; write registry.local/x:latest");
    let both = format!("registry.local/x:v1@sha256:{}", "a".repeat(64));
    run(&sandbox, &["why", &both, "policy.json"]).expect_usage("has a tag and a digest");
    run(&sandbox, &["why", "Registry.local/X:1", "policy.json"]).expect_usage("a repository name must be lower case");
    sandbox.file("registries.d/b.yaml", "docker: 5\n");
    run(&sandbox, &["why", REF, "policy.json"])
        .expect_usage("registries.d/b.yaml: line 1, column 9: docker: expected a mapping");
    sandbox.file("registries.d/b.yaml", "");
    sandbox.file("registries.conf", "[[registry]]\n");
    run(&sandbox, &["why", REF, "policy.json"])
        .expect_usage("registries.conf: line 1, column 1: [[registry]]: location and prefix are both missing");
    sandbox.file("big.json", vec![b' '; (4 << 20) + 1]);
    run(&sandbox, &["why", REF, "big.json"]).expect_usage("big.json has more than 4194304 bytes");
}

#[test]
fn strings_of_others_move_no_terminal() {
    const EVIL: &str = "x\\u001b[2J\\u202ey\\u009b";
    let sandbox = desk();
    let text = format!(
        r#"      "{EVIL}": [{{"type": "reject"}}],
      "": [{{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "{EVIL}"}}]"#
    );
    sandbox.file("policy.json", policy(&text));
    sandbox.file(
        "registries.conf",
        "[[registry]]\nlocation = \"registry.local:5000\"\n[[registry.mirror]]\nlocation = \"m.example\"\n",
    );
    for format in crate::support::formats("policy why") {
        let outcome = run(&sandbox, &["why", REF, "policy.json", "--mirrors", "-o", &format]).expect(0);
        for text in [&outcome.stdout, &outcome.stderr] {
            let bad = text
                .chars()
                .find(|c| *c != '\n' && image_signature::text::is_unsafe(*c));
            assert_eq!(bad, None, "{text}");
        }
    }
}

/// A digest that was cut off in a document is taken for what it is, not for a login that is to be hidden.
#[test]
fn a_digest_that_is_cut_off_is_called_so() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(""));
    for digest in ["sha256:7a6b", "sha256:7a6b..."] {
        let reference = format!("registry.local:5000/foo/bar@{digest}");
        run(&sandbox, &["why", &reference, "policy.json"]).expect_usage(&format!(
            "\"{reference}\" is not a reference: its digest is not of the form sha256:<64 lower case hexadecimal digits>"
        ));
        sandbox
            .run(["verify", &format!("docker://{reference}")])
            .expect_usage("its digest is not of the form sha256:<64 lower case hexadecimal digits>");
    }
    // No form is told that is refused in turn.
    let outcome = sandbox.run(["verify", "docker://registry.local:5000/-:v1"]);
    outcome.expect_usage("not of the form [HOST[:PORT]/]NAME:TAG or [HOST[:PORT]/]NAME@sha256:DIGEST");
}
