// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of places at which signatures are not looked for: by wildcard scopes, the scope of all images and the
//! default too; and members of registries.d that nobody understands.

use serde_json::{json, Value};

use super::lint::{clean, lint};
use super::lint_machine::public_key;
use super::why::{desk, policy, run, SIGNED_BY};
use crate::support::program::Sandbox;

/// A policy whose list at `scope` is `requirement`; `default` for that, and then with these scopes beside it.
fn policy_with(sandbox: &Sandbox, scope: &str, requirement: &Value, beside: &[&str]) {
    let mut docker = json!({});
    let mut default = json!([{"type": "reject"}]);
    for other in beside {
        docker[*other] = default.clone();
    }
    match scope {
        "default" => default = json!([requirement]),
        scope => docker[scope] = json!([requirement]),
    }
    let policy = json!({"default": default, "transports": {"docker": docker}});
    sandbox.file("policy.json", policy.to_string());
}

/// The codes that are found, each with its path.
fn found(sandbox: &Sandbox) -> Vec<String> {
    let files = [
        "policy.json",
        "--registries.d",
        "d",
        "--registries-conf",
        "registries.conf",
    ];
    let told = lint(sandbox, &files).into_iter().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        format!("{} {} {}", words[0], words[1], words[3..].join(" "))
    });
    told.filter(|line| !line.starts_with("Scope")).collect()
}

/// Where a scope stands, without `transports.`.
fn path(scope: &str) -> String {
    match scope {
        "default" => scope.to_owned(),
        scope => format!("transports.docker[\"{scope}\"]"),
    }
}

#[test]
fn sigstore_signatures_of_wide_scopes_that_nobody_looks_for() {
    let sandbox = desk();
    std::fs::write(sandbox.path("a.pub"), public_key()).unwrap();
    let key = json!({"type": "sigstoreSigned", "keyPath": sandbox.path("a.pub")});
    sandbox.file("registries.conf", "");
    let on = "{use-sigstore-attachments: true}";
    let in_namespace = |namespace: &str| format!("docker: {{\"{namespace}\": {on}}}");
    let by_default = format!("default-docker: {on}");
    for (scope, beside, registries_d, is_found) in [
        ("default", &[][..], "docker: {}".to_owned(), true),
        ("default", &[], by_default.clone(), false),
        ("default", &[], in_namespace("quay.io"), false),
        // Another scope has what it is turned on for.
        ("default", &["quay.io"], in_namespace("quay.io/ns"), true),
        ("default", &["quay.io"], in_namespace("r.example"), false),
        // The default is for no image in a registry.
        ("default", &[""], "docker: {}".to_owned(), false),
        ("", &[], "docker: {}".to_owned(), true),
        ("", &[], by_default.clone(), false),
        ("", &[], in_namespace("quay.io"), false),
        ("", &["quay.io"], in_namespace("quay.io"), true),
        ("*.example", &[], "docker: {}".to_owned(), true),
        ("*.example", &[], by_default, false),
        ("*.example", &[], in_namespace("*.example"), false),
        ("*.example", &[], in_namespace("r.example/ns"), false),
        ("*.example", &[], in_namespace("quay.io"), true),
    ] {
        policy_with(&sandbox, scope, &key, beside);
        sandbox.file("d/a.yaml", &registries_d);
        let expected = match is_found {
            true => vec![format!("AttachmentsNotRead error {}[0]", path(scope))],
            false => Vec::new(),
        };
        assert_eq!(found(&sandbox), expected, "{scope} {beside:?} {registries_d}");
    }
}

#[test]
fn mirrors_of_wide_scopes_without_signatures() {
    let sandbox = desk();
    let signed: Value = serde_json::from_str(SIGNED_BY).unwrap();
    let mirror = |source: &str| {
        let key = if source.starts_with('*') { "prefix" } else { "location" };
        format!("[[registry]]\n{key} = \"{source}\"\n[[registry.mirror]]\nlocation = \"m.test/q\"\n")
    };
    let store = |host: &str| format!("docker:\n  \"{host}\": {{lookaside: \"https://a\"}}\n");
    for (scope, beside, source, is_found) in [
        ("default", &[][..], "r.example", true),
        ("default", &["r.example"], "r.example", false),
        ("default", &[""], "r.example", false),
        ("", &[], "r.example/ns", true),
        ("", &["r.example"], "r.example/ns", false),
        ("*.example", &[], "r.example", true),
        ("*.example", &[], "*.example", true),
        ("*.example", &[], "quay.io", false),
        // A mirror of a part of the scope, and of more than it.
        ("r.example", &[], "r.example/ns/app", true),
        ("r.example/ns", &[], "r.example", true),
        ("r.example", &["r.example/ns"], "r.example/ns/app", false),
    ] {
        policy_with(&sandbox, scope, &signed, beside);
        sandbox.file("registries.conf", mirror(source));
        let host = if source.starts_with('*') { "*.example" } else { source };
        sandbox.file("d/a.yaml", store(host));
        let expected = match is_found {
            true => vec![format!("MirrorWithoutSignatures warning {}", path(scope))],
            false => Vec::new(),
        };
        assert_eq!(found(&sandbox), expected, "{scope} {beside:?} {source}");
        sandbox.file("d/b.yaml", store("m.test"));
        clean(&found(&sandbox));
        sandbox.file("d/b.yaml", "");
    }
}

/// They stand for nodes what registries.conf stands for here.
#[test]
fn mirrors_of_mirror_sets_without_signatures() {
    let sandbox = desk();
    let signed: Value = serde_json::from_str(SIGNED_BY).unwrap();
    policy_with(&sandbox, "quay.io", &signed, &[]);
    sandbox.file("registries.conf", "");
    sandbox.file("d/a.yaml", "docker: {quay.io: {lookaside: \"https://a\"}}");
    let (config, operator) = ("config.openshift.io/v1", "operator.openshift.io/v1alpha1");
    for (version, kind, list) in [
        (config, "ImageTagMirrorSet", "imageTagMirrors"),
        (config, "ImageDigestMirrorSet", "imageDigestMirrors"),
        (operator, "ImageContentSourcePolicy", "repositoryDigestMirrors"),
    ] {
        let set = json!({
            "apiVersion": version, "kind": kind, "metadata": {"name": "t"},
            "spec": {list: [{"source": "quay.io/ns", "mirrors": ["m.test/q"]}]},
        });
        sandbox.file("set.json", set.to_string());
        let args = ["policy", "lint", "policy.json", "set.json", "--registries.d", "d"];
        let outcome = sandbox.run(args).expect(1);
        let said = "MirrorWithoutSignatures: transports.docker[\"quay.io\"]: a mirror set of these files names the mirror m.test/q, for which registries.d has no lookaside";
        assert!(outcome.stdout.contains(said), "{outcome:?}");
        sandbox.file("d/b.yaml", "docker: {m.test: {lookaside: \"https://b\"}}");
        let outcome = sandbox.run(args);
        assert!(!outcome.stdout.contains("MirrorWithoutSignatures"), "{outcome:?}");
        sandbox.file("d/b.yaml", "");
    }
}

/// They contradict each other whatever registries.d says, and the entry that does is named.
#[test]
fn mirror_sets_that_nodes_cannot_use() {
    let sandbox = desk();
    policy_with(&sandbox, "quay.io", &json!({"type": "reject"}), &[]);
    let set = |name: &str, kind: &str, entries: &[&str]| {
        let (list, entries) = (kind.replace("Mirror", "").replace("Set", "Mirrors"), entries.concat());
        let list = format!("{}{}", list[..1].to_lowercase(), &list[1..]);
        sandbox.file(
            &format!("{name}.yaml"),
            format!("apiVersion: config.openshift.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  {list}:\n{entries}"),
        );
    };
    let other = "  - {source: r.example, mirrors: [m.test]}\n";
    let contact = "  - {source: quay.io/ns, mirrors: [m.test/q]}\n";
    let never = "  - {source: quay.io/ns, mirrors: [m.test/t], mirrorSourcePolicy: NeverContactSource}\n";
    let own = "  - {source: quay.io/ns, mirrors: [m.test/t, quay.io/ns], mirrorSourcePolicy: NeverContactSource}\n";
    set("a", "ImageDigestMirrorSet", &[contact]);
    for (entries, what) in [
        (
            [other, never],
            "\"quay.io/ns\" has mirrorSourcePolicy NeverContactSource in one mirror set and AllowContactingSource in another",
        ),
        (
            [other, own],
            "\"quay.io/ns\" has mirrorSourcePolicy NeverContactSource and is a mirror of itself",
        ),
    ] {
        set("b", "ImageTagMirrorSet", &entries);
        let told = format!("nodes cannot use these mirror sets: {what}");
        let path = "ImageTagMirrorSet/b spec.imageTagMirrors[1]";
        for options in [&[][..], &["--registries.d", "registries.d"]] {
            let args = [&["policy", "lint", "policy.json", "a.yaml", "b.yaml"][..], options].concat();
            let outcome = sandbox.run(args).expect(1);
            let line = format!("b.yaml:7:5: error: InvalidConfiguration: {path}: {told}\n");
            assert!(outcome.stdout.starts_with(&line), "{line} {outcome:?}");
        }
        run(&sandbox, &["why", "quay.io/ns/a:v1", "policy.json", "a.yaml", "b.yaml"])
            .expect_usage(&format!("error: b.yaml: line 7, column 5: {path}: {told}"));
    }
    set("b", "ImageTagMirrorSet", &[other, contact]);
    sandbox
        .run(["policy", "lint", "policy.json", "a.yaml", "b.yaml"])
        .expect(0);
}

/// They may be known ones, misspelt: whoever reads the file passes them over in silence.
#[test]
fn members_of_registries_d_that_nobody_knows() {
    let sandbox = desk();
    policy_with(&sandbox, "quay.io", &json!({"type": "reject"}), &[]);
    let text = "doker: {}\ndefault-docker:\n  lookasid: x\ndocker:\n  quay.io:\n    Lookaside: x\n    use-sigstore-attachment: true\n  r.example:\n    lookaside: \"https://a\"\n";
    sandbox.file("registries.d/a.yaml", text);
    let outcome = run(&sandbox, &["lint", "policy.json"]).expect(1);
    let lines: Vec<String> = [
        ("1:1", "doker", "doker"),
        ("3:3", "[\"default-docker\"].lookasid", "lookasid"),
        ("6:5", "docker[\"quay.io\"].Lookaside", "Lookaside"),
        (
            "7:5",
            "docker[\"quay.io\"][\"use-sigstore-attachment\"]",
            "use-sigstore-attachment",
        ),
    ]
    .map(|(place, path, name)| format!("registries.d/a.yaml:{place}: warning: InvalidConfiguration: {path}: \"{name}\" is not a member that containers-registries.d(5) knows, and is ignored\n"))
    .into();
    assert_eq!(
        outcome.stdout,
        format!("{}4 findings: errors 0, warnings 4, notes 0\n", lines.concat())
    );
    // Of one image those in its own sections, and beside all.
    let why = run(&sandbox, &["why", "quay.io/ns/a:v1", "policy.json"])
        .expect(0)
        .words();
    for name in ["doker", "lookasid", "Lookaside", "use-sigstore-attachment"] {
        assert_eq!(
            why.matches(&format!("\"{name}\" is not a member")).count(),
            1,
            "{name}: {why}"
        );
    }
    let why = run(&sandbox, &["why", "r.example/a:v1", "policy.json"])
        .expect(0)
        .words();
    assert!(
        !why.contains("Lookaside") && why.contains("\"lookasid\" is not"),
        "{why}"
    );
    sandbox.file("registries.d/a.yaml", "docker: {quay.io: {lookaside: \"https://a\"}}");
    run(&sandbox, &["lint", "policy.json"]).expect(0);
}

/// They are passed over as well, and so is a file whose name does not end in `.yaml`.
#[test]
fn members_of_registries_conf_that_nobody_knows_and_files_that_nobody_reads() {
    let sandbox = desk();
    policy_with(&sandbox, "quay.io", &json!({"type": "reject"}), &[]);
    sandbox.file("r.conf", "[[registry]]\nlocation = \"quay.io\"\ninsecur = true\n");
    sandbox.file("d/a.yml", "");
    let args = [
        "policy",
        "lint",
        "policy.json",
        "--registries-conf",
        "r.conf",
        "--registries.d",
        "d",
    ];
    let outcome = sandbox.run(args).expect(1);
    for line in [
        "r.conf:3:1: warning: InvalidConfiguration: registry.insecur: \"insecur\" is not a member that containers-registries.conf(5) knows, and is ignored\n",
        "d/a.yml: warning: InvalidConfiguration: the file is not read: only files in registries.d whose names end in .yaml are read\n",
        "2 findings: errors 0, warnings 2, notes 0\n",
    ] {
        assert!(outcome.stdout.contains(line), "{line}: {outcome:?}");
    }
    for (reference, is_told) in [("quay.io/ns/a:v1", true), ("r.example/a:v1", false)] {
        let args = [
            "policy",
            "why",
            reference,
            "policy.json",
            "--registries-conf",
            "r.conf",
            "--registries.d",
            "d",
        ];
        let why = sandbox.run(args).expect(0).words();
        assert_eq!(why.contains("\"insecur\" is not a member"), is_told, "{why}");
        assert!(why.contains("d/a.yml is not read"), "{why}");
    }
}

/// The base of a store that is a path, or of another scheme: nobody can read signatures there.
#[test]
fn a_lookaside_that_is_no_url() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    for (member, base, meant) in [
        (
            "lookaside",
            "/srv/signatures",
            "; did you mean \"file:///srv/signatures\"?",
        ),
        ("sigstore", "ftp://store.example/sigs", ""),
        ("lookaside", "file://", ""),
    ] {
        sandbox.file(
            "registries.d/a.yaml",
            format!("docker:\n  quay.io:\n    {member}: {base}\n"),
        );
        let what = format!("the lookaside URL \"{base}\" is not an https, http or file URL{meant}");
        let outcome = run(&sandbox, &["lint", "policy.json"]).expect(1);
        let line = format!(
            "registries.d/a.yaml:3:5: error: InvalidConfiguration: docker[\"quay.io\"].{member}: no GPG signature can be looked for: {what}\n"
        );
        assert!(outcome.stdout.contains(&line), "{line}{outcome:?}");
        let why = run(&sandbox, &["why", "quay.io/ns/app:v1", "policy.json"])
            .expect(0)
            .words();
        let place = "registries.d/a.yaml, line 3, docker[\"quay.io\"]";
        for told in [
            format!("GPG signatures: not looked for beside the registry: {what} ({place})"),
            format!("an image here is Unchecked at best: {place}: {what}"),
        ] {
            assert!(why.contains(&told), "{told}: {why}");
        }
        let json = run(&sandbox, &["why", "quay.io/ns/app:v1", "policy.json", "-o", "json"]).expect(0);
        assert!(json.item()["locations"][0]["lookaside"].is_null(), "{json:?}");
        // It promises no more than that.
        let promise = "Verified, but Unchecked from a registry that does not keep the signatures itself";
        assert!(
            why.contains(&format!("At best an image here is {promise} (see the note below).")),
            "{why}"
        );
        sandbox.file("table.yaml", "quay.io/ns/app:v1: {verdict: Verified}\n");
        let test = run(&sandbox, &["test", "table.yaml", "--policy", "policy.json"]).expect(0);
        assert!(test.stdout.contains(promise) && test.stderr.contains(&what), "{test:?}");
    }
    // Nothing is asked of it where no GPG signature is required.
    sandbox.file(
        "policy.json",
        policy("      \"quay.io\": [{\"type\": \"insecureAcceptAnything\"}]"),
    );
    let why = run(&sandbox, &["why", "quay.io/ns/app:v1", "policy.json"])
        .expect(0)
        .words();
    assert!(!why.contains("Unchecked at best"), "{why}");
}
