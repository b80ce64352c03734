// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of scopes: those that accept what the default would have signed, and hosts that no registry has.

use super::lint::{clean, lint, of_scopes};
use super::why::{desk, SIGNED_BY};

const ACCEPT: &str = "[{\"type\": \"insecureAcceptAnything\"}]";

#[test]
fn a_scope_that_accepts_what_the_default_requires_to_be_signed() {
    let sandbox = desk();
    let found = |default: &str, scopes: &str| {
        let text = format!("{{\"default\": {default},\n\"transports\": {{\"docker\": {{\n{scopes}\n}}}}}}\n");
        sandbox.file("policy.json", text);
        lint(&sandbox, &["policy.json"])
    };
    let signed = format!("[{SIGNED_BY}]");
    let shadowed = "ScopeShadowed warning policy.json:3:1 transports.docker[\"quay.io/ns\"]";
    assert_eq!(found(&signed, &format!("\"quay.io/ns\": {ACCEPT}")), [shadowed]);
    let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
    let said = "images here are accepted, signed or not: what the default requires does not apply to them";
    assert!(outcome.stdout.contains(said), "{outcome:?}");
    // Where the default refuses, a scope that accepts is what lets images in; and where it accepts, nothing is hidden.
    clean(&found("[{\"type\": \"reject\"}]", &format!("\"quay.io/ns\": {ACCEPT}")));
    let found_there = found(ACCEPT, &format!("\"quay.io/ns\": {ACCEPT}"));
    assert!(
        found_there.iter().all(|own| !own.starts_with("ScopeShadowed")),
        "{found_there:?}"
    );
    // A nearer scope decides what is hidden.
    let scopes = format!("\"quay.io/ns\": {ACCEPT},\n\"quay.io\": {ACCEPT}");
    let of_host = "ScopeShadowed warning policy.json:4:1 transports.docker[\"quay.io\"]";
    assert_eq!(found(&signed, &scopes), [of_host]);
    clean(&found(&signed, &format!("\"quay.io/ns\": {signed}")));
}

/// The scope of all images of transport docker takes the place of the default for them.
#[test]
fn the_scope_of_all_images_against_the_default() {
    let sandbox = desk();
    let reject = "[{\"type\": \"reject\"}]";
    let signed = format!("[{SIGNED_BY}]");
    std::fs::copy(sandbox.path("release-key.asc"), sandbox.path("b.asc")).unwrap();
    let other = signed.replace("release-key", "b");
    let accepts = "DefaultAccepts note policy.json:1:2 default";
    let accepts_all = "DefaultAccepts note policy.json:2:27 transports.docker[\"\"]";
    let shadowed = "ScopeShadowed warning policy.json:2:27 transports.docker[\"\"]";
    for (default, all, expected) in [
        // It lets in what the default refuses.
        (reject, ACCEPT, &[accepts_all][..]),
        // Nothing is lost.
        (reject, &signed, &[]),
        (reject, reject, &[]),
        (ACCEPT, &signed, &[accepts]),
        (ACCEPT, reject, &[accepts]),
        (ACCEPT, ACCEPT, &[accepts]),
        (&signed, reject, &[]),
        (&signed, &signed, &[]),
        // What the default requires is.
        (&signed, ACCEPT, &[shadowed]),
        (&signed, &other, &[shadowed]),
    ] {
        let text = format!("{{\"default\": {default},\n\"transports\": {{\"docker\": {{\"\": {all}}}}}}}\n");
        sandbox.file("policy.json", text);
        assert_eq!(lint(&sandbox, &["policy.json"]), expected, "{default} {all}");
    }
}

/// What lets images into a place whose images are refused hides nothing that is required.
#[test]
fn a_scope_that_accepts_where_all_else_is_refused() {
    let sandbox = desk();
    let reject = "[{\"type\": \"reject\"}]";
    for outer in ["quay.io", "*.io", ""] {
        clean(&of_scopes(
            &sandbox,
            &format!("      \"quay.io/ns\": {ACCEPT},\n      \"{outer}\": {reject}"),
        ));
        let both = format!("[{SIGNED_BY}, {{\"type\": \"reject\"}}]");
        let found = of_scopes(
            &sandbox,
            &format!("      \"quay.io/ns\": {ACCEPT},\n      \"{outer}\": {both}"),
        );
        assert!(found[0].starts_with("ScopeShadowed"), "{outer}: {found:?}");
    }
}

#[test]
fn hosts_with_an_underscore() {
    let sandbox = desk();
    for scope in [
        "my_registry.corp",
        "*.my_reg.corp",
        "my_registry.corp/ns",
        "my_registry.corp/ns/app:v1",
        "my_registry:5000/ns",
    ] {
        let found = of_scopes(&sandbox, &format!("      \"{scope}\": [{SIGNED_BY}]"));
        assert_eq!(
            found,
            [format!(
                "ScopeNeverMatches error policy.json:5:7 transports.docker[\"{scope}\"]"
            )]
        );
        let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(1);
        let said = "no program takes an underscore in the name of a registry's host";
        assert!(outcome.stdout.contains(said), "{outcome:?}");
        assert!(!outcome.stdout.contains("did you mean"), "{outcome:?}");
    }
    for scope in ["my-registry.corp", "quay.io/my_ns", "quay.io/my_ns/a_b:v_1"] {
        clean(&of_scopes(&sandbox, &format!("      \"{scope}\": [{SIGNED_BY}]")));
    }
}

/// No reader brings hosts to lower case, and the image `busybox` is not in scope `docker.io/busybox`: such a scope refuses
/// nothing of what it was written for.
#[test]
fn scopes_that_seldom_match() {
    let sandbox = desk();
    for (scope, severity, said) in [
        ("Quay.io/evil", "warning", "did you mean \"quay.io/evil\"?"),
        ("QUAY.IO", "warning", "did you mean \"quay.io\"?"),
        ("*.QUAY.io", "warning", "did you mean \"*.quay.io\"?"),
        (
            "Quay.io:5000/ns/app:V1",
            "warning",
            "did you mean \"quay.io:5000/ns/app:V1\"?",
        ),
        ("Docker.io/busybox", "warning", "did you mean \"docker.io/busybox\"?"),
        ("Quay.io/NS", "error", "did you mean \"quay.io/ns\"?"),
        (
            "docker.io/busybox",
            "note",
            "this scope is the namespace busybox of docker.io; the image busybox is docker.io/library/busybox\n",
        ),
        (
            "docker.io/busybox:v1",
            "error",
            "did you mean \"docker.io/library/busybox:v1\"?",
        ),
    ] {
        let found = of_scopes(&sandbox, &format!("      \"{scope}\": [{SIGNED_BY}]"));
        let [found] = &found[..] else {
            panic!("{scope}: {found:?}");
        };
        let head = format!("ScopeNeverMatches {severity} policy.json:5:7 ");
        assert!(found.starts_with(&head), "{found}");
        let outcome = sandbox.run(["policy", "lint", "policy.json"]);
        assert!(outcome.stdout.contains(said), "{scope}: {outcome:?}");
    }
}

/// Between what asks for signatures and the scope that accepts, another one refuses: images are let in unsigned all the same.
#[test]
fn a_scope_that_accepts_within_one_that_refuses_within_one_that_requires() {
    let sandbox = desk();
    let reject = "[{\"type\": \"reject\"}]";
    let signed = format!("[{SIGNED_BY}]");
    let found = |default: &str, all: &str| {
        let text = format!(
            "{{\"default\": {default},\n\"transports\": {{\"docker\": {{\n\"quay.io/x\": {ACCEPT},\n\"quay.io\": {reject}{all}\n}}}}}}\n"
        );
        sandbox.file("policy.json", text);
        lint(&sandbox, &["policy.json"])
    };
    let shadowed = ["ScopeShadowed warning policy.json:3:1 transports.docker[\"quay.io/x\"]"];
    for all in [format!(",\n\"\": {signed}"), format!(",\n\"*.io\": {signed}")] {
        assert_eq!(found(reject, &all), shadowed, "{all}");
    }
    assert_eq!(found(&signed, ""), shadowed);
    // The default does not apply where there is a scope of all images.
    clean(&found(&signed, &format!(",\n\"\": {reject}")));
    clean(&found(reject, &format!(",\n\"*.io\": {reject}")));
}

/// Where the scope of all images asks for signatures, the default is that of other transports.
#[test]
fn what_the_default_accepts_beside_the_scope_of_all_images() {
    let sandbox = desk();
    let said = |all: &str| {
        let text = format!("{{\"default\": {ACCEPT},\n\"transports\": {{\"docker\": {{{all}}}}}}}\n");
        sandbox.file("policy.json", text);
        sandbox.run(["policy", "lint", "policy.json"]).stdout
    };
    let others = "default: images of transports other than docker in no scope are accepted, signed or not";
    let all = "default: images in no scope are accepted, signed or not;";
    let signed = format!("\"\": [{SIGNED_BY}]");
    for (scopes, expected) in [
        (&signed[..], others),
        ("\"\": [{\"type\": \"reject\"}]", others),
        (&format!("\"\": {ACCEPT}"), all),
        (&format!("\"quay.io\": [{SIGNED_BY}]"), all),
        ("", all),
    ] {
        let stdout = said(scopes);
        assert!(stdout.contains(expected), "{scopes}: {stdout}");
    }
}

/// What is near a scope is named as the one that may be meant.
#[test]
fn scopes_with_a_scheme_or_an_asterisk_at_the_end() {
    let sandbox = desk();
    for (scope, meant) in [
        ("r.example:5000/team/*", Some("r.example:5000/team")),
        ("r.example/*", Some("r.example")),
        ("r.example/team/**", Some("r.example/team")),
        ("r.example/team/", Some("r.example/team")),
        ("https://r.example/team", Some("r.example/team")),
        ("docker://r.example/team/*", Some("r.example/team")),
        ("*.r.example/*", Some("*.r.example")),
        ("r.example/te*", None),
        ("r.example/*/app", None),
        ("*.r.example/team", None),
        ("https://", None),
    ] {
        of_scopes(&sandbox, &format!("      \"{scope}\": [{SIGNED_BY}]"));
        let stdout = sandbox.run(["policy", "lint", "policy.json"]).expect(1).stdout;
        let line = stdout
            .lines()
            .find(|line| line.contains(": ScopeNeverMatches: "))
            .unwrap();
        let end = meant.map(|text| format!("; did you mean \"{text}\"?"));
        assert_eq!(line.contains("did you mean"), meant.is_some(), "{line}");
        assert!(line.ends_with(&end.clone().unwrap_or_default()), "{line}");
        // Objects with such a scope are refused by the API.
        sandbox.file("cip.json", super::lint::object("p", &[scope], None).to_string());
        let stdout = sandbox.run(["policy", "lint", "cip.json"]).expect(1).stdout;
        assert!(
            stdout.contains("InvalidPolicy: spec.scopes[0]: expected HOST"),
            "{stdout}"
        );
        assert_eq!(stdout.contains("did you mean"), meant.is_some(), "{stdout}");
        assert!(stdout.contains(&end.unwrap_or_default()), "{stdout}");
    }
}
