// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of a policy together with the machine that it is for: registries, stores, programs.

use super::lint::{clean, is_of_interest, lint, told};
use super::why::{desk, policy, run, SIGNED_BY};
use super::why_objects::openshift;
use crate::support::program::Sandbox;

/// `policy lint` with the configuration of the sandbox.
fn with_configuration(sandbox: &Sandbox) -> Vec<String> {
    let outcome = run(sandbox, &["lint", "policy.json", "-o", "json"]);
    let document = outcome.json();
    let items = document["items"].as_array().unwrap();
    items.iter().map(told).filter(|told| is_of_interest(told)).collect()
}

#[test]
fn configuration_of_registries() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    clean(&with_configuration(&sandbox));
    sandbox.file(
        "registries.d/a.yaml",
        "docker:\n  quay.io:\n    sigstore: https://a.example\n",
    );
    assert_eq!(
        with_configuration(&sandbox),
        ["OldMemberName note a.yaml:3:5 docker[\"quay.io\"].sigstore"]
    );
    sandbox.file(
        "registries.d/a.yaml",
        "docker:\n  quay.io:\n    lookaside: https://a.example\n",
    );
    clean(&with_configuration(&sandbox));
    let mirror = "[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\nlocation = \"m.example/q\"\n";
    sandbox.file("registries.conf", mirror);
    let lost = ["MirrorWithoutSignatures warning policy.json:5:7 transports.docker[\"quay.io\"]"];
    assert_eq!(with_configuration(&sandbox), lost);
    sandbox.file(
        "registries.d/b.yaml",
        "docker:\n  m.example:\n    lookaside: https://b.example\n",
    );
    clean(&with_configuration(&sandbox));
    // The same for sigstore signatures.
    let attachments = |host: &str| format!("docker:\n  {host}:\n    use-sigstore-attachments: true\n");
    sandbox.file("key.pub", public_key());
    sandbox.file(
        "policy.json",
        policy("      \"quay.io\": [{\"type\": \"sigstoreSigned\", \"keyPath\": \"key.pub\"}]"),
    );
    sandbox.file("registries.d/a.yaml", attachments("quay.io"));
    assert_eq!(with_configuration(&sandbox), lost);
    sandbox.file("registries.d/b.yaml", attachments("m.example"));
    clean(&with_configuration(&sandbox));
    // One scope in two files: nothing can be looked up.
    sandbox.file("registries.d/b.yaml", attachments("quay.io"));
    assert_eq!(
        with_configuration(&sandbox),
        ["InvalidConfiguration error b.yaml:2:3 docker[\"quay.io\"]"]
    );
    std::fs::remove_file(sandbox.path("registries.d/b.yaml")).unwrap();
    sandbox.file("registries.conf", "[[registry]]\n");
    assert_eq!(
        with_configuration(&sandbox),
        ["InvalidConfiguration error registries.conf:1:1 "]
    );
}

/// Of hundreds of scopes the one that is wrong is named.
#[test]
fn faults_of_configuration_are_told_with_line_and_member() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    let finding = |place: &str, what: &str| {
        let outcome = run(&sandbox, &["lint", "policy.json"]).expect(1);
        let line = format!("{place}: error: InvalidConfiguration: {what}; every look-up by podman and CRI-O fails\n");
        assert!(outcome.stdout.contains(&line), "{line}{outcome:?}");
    };
    let mapping = "expected a mapping such as docker: {registry.example/ns: {lookaside: URL}}";
    for (text, (line, column), path, what) in [
        (
            "docker:\n  a.b: {lookaside: x}\n  c.d:\n    lookaside: [x]\n",
            (4, 16),
            "docker[\"c.d\"].lookaside",
            "expected a URL",
        ),
        (
            "docker: {a.b: {lookaside: x}, c.d: {lookaside: [x]}}\n",
            (1, 48),
            "docker[\"c.d\"].lookaside",
            "expected a URL",
        ),
        (
            "docker:\n  c.d:\n    lookaside: x\n    use-sigstore-attachments: \"true\"\n",
            (4, 31),
            "docker[\"c.d\"][\"use-sigstore-attachments\"]",
            "expected true or false, found \"true\"",
        ),
        (
            "default-docker:\n  sigstore: {}\n",
            (2, 13),
            "[\"default-docker\"].sigstore",
            "expected a URL",
        ),
        ("docker:\n  c.d: 5\n", (2, 8), "docker[\"c.d\"]", mapping),
        ("# a comment\ndocker: 5\n", (2, 9), "docker", mapping),
    ] {
        sandbox.file("registries.d/a.yaml", text);
        finding(
            &format!("registries.d/a.yaml:{line}:{column}"),
            &format!("{path}: {what}"),
        );
        run(&sandbox, &["why", "c.d/a:1", "policy.json"]).expect_usage(&format!(
            "error: registries.d/a.yaml: line {line}, column {column}: {path}: {what}"
        ));
    }
    // What is no YAML, or not as it is taken; characters are not bytes.
    for (text, place, what) in [
        ("docker:\n  ä: {b: c, b: d}\n", "2:14", "member \"b\" is repeated"),
        ("docker:\n  a.b: {\n", "3:1", ""),
    ] {
        sandbox.file("registries.d/a.yaml", text);
        let outcome = run(&sandbox, &["lint", "policy.json"]).expect(1);
        let line = format!("registries.d/a.yaml:{place}: error: InvalidConfiguration: {what}");
        assert!(outcome.stdout.contains(&line), "{line} {outcome:?}");
    }
    sandbox.file("registries.d/a.yaml", "docker: {}\n");
    sandbox.file("registries.conf", "# x\n  [[registry]]\nlocation = 5\n");
    finding("registries.conf:2:3", "[[registry]]: location: expected a string");
    let twice = "[[registry]]\nlocation = \"a.b\"\n[[registry]]\nlocation = \"a.b\"\nblocked = true\n";
    for (text, place, what) in [
        (
            "# x\n unqualified-search-registries = \"x\"\n",
            "2:2",
            "unqualified-search-registries: expected a list of hosts",
        ),
        (
            "\nshort-name-mode = \"x\"\n",
            "2:1",
            "short-name-mode: expected enforcing, permissive or disabled, found \"x\"",
        ),
        (
            "credential-helpers-x = 1\ncredential-helpers = 5\n",
            "2:1",
            "credential-helpers: expected a list of names",
        ),
        ("[registry]\nlocation = \"a.b\"\n", "1:1", "registry: expected tables ([[registry]])"),
        (
            "\n  [registries.search]\nregistries = [\"a.b\"]\n",
            "2:3",
            "it is of version 1 ([registries.search] and the like), which is no longer read; write [[registry]] entries",
        ),
        (
            twice,
            "3:1",
            "[[registry]] (location = \"a.b\"): \"a.b\" occurs twice with different values of insecure or blocked",
        ),
    ] {
        sandbox.file("registries.conf", text);
        finding(&format!("registries.conf:{place}"), what);
    }
    sandbox.file("registries.conf", "a = 1\nb = [1,,]\n");
    let found = with_configuration(&sandbox);
    assert_eq!(found, ["InvalidConfiguration error registries.conf:2:8 "]);
}

/// That one of many files cannot be read is said of that file.
#[test]
fn files_of_configuration_that_cannot_be_read() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    let check = |file: &str, what: &str| {
        assert_eq!(
            with_configuration(&sandbox),
            [format!(
                "InvalidConfiguration error {}:0:0 ",
                file.rsplit('/').next().unwrap()
            )]
        );
        let outcome = run(&sandbox, &["lint", "policy.json"]).expect(1);
        let line = format!("{file}: error: InvalidConfiguration: {what}; every look-up by podman and CRI-O fails\n");
        assert!(outcome.stdout.contains(&line), "{line} {outcome:?}");
    };
    std::os::unix::fs::symlink("nowhere", sandbox.path("registries.d/a.yaml")).unwrap();
    check("registries.d/a.yaml", "it cannot be read: No such file or directory");
    std::fs::remove_file(sandbox.path("registries.d/a.yaml")).unwrap();
    sandbox.file("registries.d/a.yaml", b"docker: {\xff: {}}");
    check("registries.d/a.yaml", "it is not UTF-8");
    sandbox.file("registries.d/a.yaml", vec![b'#'; (1 << 20) + 1]);
    check("registries.d/a.yaml", "it has more than 1048576 bytes");
    sandbox.file("registries.d/a.yaml", "docker: {}");
    clean(&with_configuration(&sandbox));
    sandbox.file("registries.conf", b"# \xff");
    check("registries.conf", "it is not UTF-8");
}

/// The sigstore key of the objects, in PEM.
pub fn public_key() -> Vec<u8> {
    use base64::Engine as _;
    let object = openshift();
    let key = object["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"]
        .as_str()
        .unwrap();
    base64::engine::general_purpose::STANDARD.decode(key).unwrap()
}

/// Signatures in a registry are looked for where registries.d says so: for the scope, around it or in it.
#[test]
fn sigstore_signatures_that_nobody_looks_for() {
    let sandbox = desk();
    std::fs::write(sandbox.path("a.pub"), public_key()).unwrap();
    let key = sandbox.path("a.pub");
    let key = key.to_str().unwrap();
    let of_scope = |scope: &str| {
        sandbox.file(
            "policy.json",
            policy(&format!(
                "      \"{scope}\": [{{\"type\": \"sigstoreSigned\", \"keyPath\": \"{key}\"}}]"
            )),
        );
        lint(
            &sandbox,
            &[
                "policy.json",
                "--registries.d",
                "d",
                "--registries-conf",
                "registries.conf",
            ],
        )
    };
    sandbox.file("registries.conf", "");
    let found = |scope: &str| {
        vec![format!(
            "AttachmentsNotRead error policy.json:5:{} transports.docker[\"{scope}\"][0]",
            scope.len() + 12
        )]
    };
    for (registries_d, scope, is_found) in [
        ("docker: {}", "quay.io/ns", true),
        ("docker: {quay.io/ns: {lookaside: \"https://a\"}}", "quay.io/ns", true),
        (
            "docker: {quay.io/ns: {use-sigstore-attachments: false}}",
            "quay.io/ns",
            true,
        ),
        (
            "docker: {quay.io/other: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            true,
        ),
        (
            "docker: {quay.io/ns: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            false,
        ),
        (
            "docker: {quay.io: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            false,
        ),
        (
            "docker: {quay.io/ns/app: {use-sigstore-attachments: true}}",
            "quay.io/ns",
            false,
        ),
        ("default-docker: {use-sigstore-attachments: true}", "quay.io/ns", false),
    ] {
        sandbox.file("d/a.yaml", registries_d);
        let expected = if is_found { found(scope) } else { Vec::new() };
        assert_eq!(of_scope(scope), expected, "{registries_d}");
    }
    // Without the configuration of a machine nothing is known of it.
    clean(&lint(&sandbox, &["policy.json"]));
}

/// Programs are looked at for the policy of this machine only.
#[test]
fn programs_that_refuse_or_are_too_old() {
    let sandbox = desk();
    std::fs::write(sandbox.path("a.pub"), public_key()).unwrap();
    let key = sandbox.path("a.pub");
    let key = key.to_str().unwrap();
    let one = policy(&format!(
        "      \"quay.io\": [{{\"type\": \"sigstoreSigned\", \"keyPath\": \"{key}\"}}]"
    ));
    let several = policy(&format!(
        "      \"quay.io\": [{{\"type\": \"sigstoreSigned\", \"keyPaths\": [\"{key}\"]}}]"
    ));
    let program = |text: &str| {
        // The words lie where one read ends and the next begins.
        let _path = sandbox.program(
            "programs/skopeo",
            [&vec![b'x'; (1 << 20) - 10], text.as_bytes()].concat(),
        );
    };
    let found = |text: &str| -> Vec<String> {
        sandbox.file("home/.config/containers/policy.json", text);
        let mut command = sandbox.command();
        command.env("PATH", sandbox.path("programs"));
        command.args([
            "policy",
            "lint",
            "-o",
            "json",
            "--registries.d",
            "registries.d",
            "--registries-conf",
            "registries.conf",
        ]);
        let outcome = sandbox.finish(&mut command, b"");
        outcome.json()["items"].as_array().unwrap().iter().map(told).collect()
    };
    let at = "policy.json:5:19 transports.docker[\"quay.io\"][0]";
    std::fs::remove_dir_all(sandbox.path("registries.d")).unwrap();
    sandbox.file(
        "registries.d/a.yaml",
        "docker: {quay.io: {use-sigstore-attachments: true}}",
    );
    program("Debian-local change: sigstore disabled, keyDatas");
    assert_eq!(found(&one), [format!("ReaderRefusesSigstore warning {at}")]);
    assert_eq!(found(&several), [format!("ReaderRefusesSigstore warning {at}")]);
    program("of before keyPaths");
    assert_eq!(found(&several), [format!("ReaderTooOld error {at}")]);
    clean(&found(&one));
    program("keyPaths and keyDatas");
    clean(&found(&several));
    clean(&found(&policy("      \"quay.io\": [{\"type\": \"reject\"}]")));
}
