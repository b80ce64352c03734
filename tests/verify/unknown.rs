// SPDX-License-Identifier: Apache-2.0
//! What the program does not have: commands and options of later versions, names that other programs give to options, and
//! options of another command. All are usage errors that say what to type.

use crate::support::program::Sandbox;
use crate::verify::{Desk, IDENTITY};

/// Whatever is asked for that comes later is never confused with a mistake in typing.
#[track_caller]
fn assert_later(sandbox: &Sandbox, args: &[&str]) {
    let outcome = sandbox.run(args).expect_usage("not in this version");
    for wrong in ["unrecognized", "unexpected", "similar", "tip:"] {
        assert!(!outcome.stderr.contains(wrong), "{args:?}: {outcome:?}");
    }
}

#[test]
fn commands_of_later_versions() {
    let sandbox = Sandbox::new();
    for args in [&["release"][..], &["release", "verify", "4.21.7"]] {
        assert_later(&sandbox, args);
    }
}

/// What belongs to an audit is told of every other command.
#[test]
fn options_of_an_audit() {
    let sandbox = Sandbox::new();
    for option in ["--all-namespaces", "--selector", "--shard", "--fail-on", "--resume"] {
        for command in ["verify", "remove", "describe", "keys"] {
            let message = format!("{option} is an option of audit, not of {command}");
            sandbox.run([command, option]).expect_usage(&message);
            sandbox
                .run([command, &format!("{option}=x"), "dir:x"])
                .expect_usage(&message);
        }
    }
}

#[test]
fn formats_of_other_commands() {
    let sandbox = Sandbox::new();
    for format in ["jsonl", "csv", "junit", "sarif", "html", "openmetrics"] {
        sandbox
            .run(["verify", "dir:x", "-o", format])
            .expect_usage(&format!("--output {format} is a format of audit, not of verify"));
    }
    // One that no version will have is told as before.
    let outcome = sandbox.run(["verify", "-o", "xml"]).expect_usage("xml");
    assert!(outcome.stderr.contains("possible values"), "{outcome:?}");
}

#[test]
fn names_that_other_programs_give_to_options() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let key = desk.key_file.to_str().unwrap();
    const EITHER: &str = "--public-key FILE for an OpenPGP key, or --sigstore-key FILE for one of cosign";
    for (option, here) in [
        ("-k", EITHER),
        ("--key", EITHER),
        ("--keyring", "--public-key FILE"),
        ("--identity", "--expected-identity REF"),
        ("--expected", "--expected-identity REF"),
        ("--digest", "--expected-digest DIGEST"),
        ("--file", "--filename FILE"),
        ("--gnupghome", "--homedir DIR"),
    ] {
        for args in [vec![option.to_owned(), key.to_owned()], vec![format!("{option}={key}")]] {
            let fixed = ["verify", "-f", "image.json", "--expected-identity", IDENTITY];
            let args: Vec<String> = fixed.iter().map(ToString::to_string).chain(args).collect();
            desk.sandbox
                .run(&args)
                .expect_usage(&format!("there is no option {option}; did you mean {here}?"));
        }
    }
    // None of them is offered anywhere.
    let help = desk.sandbox.run(["verify", "--help"]).expect(0).stdout;
    for hidden in ["--keyring", "--identity ", "--expected "] {
        assert!(!help.contains(hidden), "{hidden}");
    }
}

/// Options of other programs that turn the checks of TLS off: none is taken, and no message proposes another one of the kind.
#[test]
fn no_message_proposes_to_check_less() {
    let sandbox = Sandbox::new();
    for option in [
        "--tls-verify",
        "--tls-verify=false",
        "--plain-http",
        "--src-tls-verify",
        "--allow-insecure-registry",
    ] {
        let name = option.split('=').next().unwrap();
        for command in ["verify", "audit", "inspect"] {
            sandbox.run([command, option, "docker://a.example/b:1"]).expect_usage(&format!(
                "there is no option {name}; plain http is used where registries.conf, or the file of --registries-conf, has insecure = true for the registry, and another CA is named by --registry-ca FILE"
            ));
        }
        for command in ["remove", "describe", "keys", "policy"] {
            sandbox
                .run([command, option])
                .expect_usage(&format!("there is no option {name}; {command} asks no registry"));
        }
    }
    for typed in [
        "--insecur",
        "--insecure-tls",
        "--Insecure",
        "--insecure_skip_tls_verify",
        "--insecure-skip-tls",
    ] {
        let outcome = sandbox.run(["verify", typed, "docker://a.example/b:1"]);
        let outcome = outcome.expect_usage(&format!(
            "there is no option {typed}; image-signature verify --help shows"
        ));
        assert!(!outcome.stderr.contains("did you mean"), "{outcome:?}");
    }
}

/// An image in a registry has no object: what it has is shown by another command.
#[test]
fn images_in_registries_are_described_by_inspect() {
    let sandbox = Sandbox::new();
    for command in ["describe", "remove"] {
        sandbox
            .run([command, "docker://a.example/b:1"])
            .expect_usage("to see what its signatures claim write: image-signature inspect docker://a.example/b:1");
    }
    let why = [
        "policy",
        "why",
        "a.example/b:1",
        "--registries-conf",
        "nofile",
        "p.json",
    ];
    sandbox.run(why).expect_usage("p.json");
    sandbox.file("p.json", "{\"default\": [{\"type\": \"reject\"}]}");
    sandbox
        .run(why)
        .expect_usage("--registries-conf: reading nofile: No such file");
}

#[test]
fn options_of_another_command_name_it() {
    let sandbox = Sandbox::new();
    for option in [
        "--public-key",
        "--signed-by",
        "--homedir",
        "--trust-model",
        "--expected-identity",
    ] {
        sandbox
            .run(["remove", "-f", "x", option, "y"])
            .expect_usage(&format!("remove judges nothing: {option} is an option of verify"));
    }
    sandbox
        .run(["keys", "-f", "x"])
        .expect_usage("-f is an option of verify, remove, describe, audit, not of keys; image-signature keys --public-key FILE lists the keys in a file");
    sandbox
        .run(["audit", "-f", "x", "--explain"])
        .expect_usage("--explain is an option of verify, inspect, not of audit; -o wide shows more of each image");
    sandbox
        .run(["check", "x"])
        .expect_usage("\"check\" is not a command; there are: verify, ");
    sandbox
        .run(["policy", "check", "x"])
        .expect_usage("\"check\" is not a command of policy; there are: why, lint, test");
    for (args, command) in [
        (["help", "verify", "x"], "verify"),
        (["help", "completion", "bash"], "completion"),
    ] {
        let told = format!("is not a command: {command} has no commands; write image-signature help {command}");
        sandbox.run(args).expect_usage(&told);
    }
    sandbox
        .run(["describe", "--confirm"])
        .expect_usage("--confirm is an option of verify, remove, audit, not of describe");
    sandbox
        .run(["--public-key", "x", "verify"])
        .expect_usage("image-signature verify --public-key ...");
    sandbox
        .run(["remove", "--key", "x"])
        .expect_usage("there is no option --key; --public-key FILE is an option of verify, keys");
}

#[test]
fn a_policy_is_an_argument_of_the_commands_about_policies() {
    let sandbox = Sandbox::new();
    for (args, words) in [
        (
            &["policy", "why", "registry.local/app:v1", "--policy", "policy.json"][..],
            "image-signature policy why registry.local/app:v1 policy.json",
        ),
        (
            &["policy", "lint", "--policy=policy.json"],
            "image-signature policy lint policy.json",
        ),
    ] {
        sandbox.run(args).expect_usage(words);
    }
    sandbox
        .run(["policy", "lint", "--polcy", "x"])
        .expect_usage("there is no option --polcy; image-signature policy lint --help shows");
}

#[test]
fn a_command_that_is_left_out() {
    let sandbox = Sandbox::new();
    for image in ["docker://registry.local/app:v1", "foo/bar:v1", "dir:x"] {
        sandbox
            .run([image])
            .expect_usage(&format!("image-signature verify --expected-identity REF {image}"));
    }
    sandbox.run(["verfy"]).expect_usage("'verify'");
}

#[test]
fn what_is_typed_moves_no_terminal() {
    let sandbox = Sandbox::new();
    for args in [
        &["verify", "--evil\u{1b}[2J"][..],
        &["evil\u{1b}[2J:x"],
        &["evil\u{1b}[2J"],
        &["verify", "-o", "evil\u{1b}[2J"],
        &["verify", "--require", "\u{202e}1"],
    ] {
        let outcome = sandbox.run(args).expect(2);
        let stderr = &outcome.stderr;
        assert!(
            stderr.contains("\\u{1b}") || stderr.contains("\\u{202e}"),
            "{outcome:?}"
        );
        assert!(
            !stderr.chars().any(|c| c != '\n' && image_signature::text::is_unsafe(c)),
            "{outcome:?}"
        );
        assert!(!stderr.contains("\\\\u"), "escaped twice: {outcome:?}");
        assert!(
            stderr.starts_with("error: ") && !stderr.contains("error: error"),
            "{outcome:?}"
        );
    }
}

/// Of an audit nobody expects one identity for all images, and its formats are others than those of `audit diff`.
#[test]
fn what_an_audit_has_instead_is_told() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["audit", "-f", "x", "--expected-identity", IDENTITY])
        .expect_usage("--expected-identity is an option of verify, not of audit; write IMAGE=REF for an image that is named, or give --expected-identity-map FILE");
    sandbox
        .run(["audit", "-f", "x", "-o", "name"])
        .expect_usage("not of audit, whose formats are: text, wide, json, jsonl, csv, junit, sarif, html, openmetrics");
    sandbox
        .run(["audit", "diff", "x", "y", "-o", "csv"])
        .expect_usage("--output csv is a format of audit, not of audit diff, whose formats are: text, json");
    sandbox
        .run(["audit", "--report", "my.jsonl"])
        .expect_usage("expected FORMAT=FILE; write --report jsonl=my.jsonl");
    let outcome = sandbox
        .run(["audit", "--report", "my.report"])
        .expect_usage("expected FORMAT=FILE");
    assert!(!outcome.stderr.contains("=my.report"), "{outcome:?}");
}
