// SPDX-License-Identifier: Apache-2.0
//! `audit merge` of reports that cannot be true: they are refused, and the line is named.

use serde_json::{json, Value};

use crate::audit_reports::made::{digest, entry, head, lines, mixed, tail, verified, RELEASE};
use crate::support::program::Sandbox;

/// Entries that no audit writes: a sum that has one is not complete, and a report that has one is not compared.
#[test]
fn an_entry_that_contradicts_itself_is_refused() {
    let expected = json!(["registry.example.com/team/app-0:v1"]);
    let other = json!(["registry.example.com/team/other:v1"]);
    let stale = json!([{"kind": "stale", "message": "m", "command": "rm"}]);
    let many: Vec<Value> = (0..101).map(|_| json!({"kind": "pod", "name": "web-1/app"})).collect();
    type Change<'c> = &'c dyn Fn(&mut Value);
    let most: Vec<Value> = many[..100].to_vec();
    let changes: [(Change<'_>, &str); 21] = [
        (
            &|own| own["verdict"] = json!("Rejected"),
            "Rejected cannot have the reason Verified",
        ),
        (
            &|own| {
                own["verdict"] = json!("Unchecked");
                own["reason"] = json!("UnknownKey");
            },
            "Unchecked cannot have the reason UnknownKey",
        ),
        (
            &|own| own["signatures"][0]["verdict"] = json!("Unsupported"),
            "Unsupported cannot have the reason Verified",
        ),
        (&|own| own["signatures"] = json!([]), "do not make it Verified"),
        (
            &|own| {
                own["signatures"][0]["verdict"] = json!("Rejected");
                own["signatures"][0]["reason"] = json!("BadSignature");
            },
            "do not make it Verified",
        ),
        (
            &|own| drop(own["signatures"][0].as_object_mut().unwrap().remove("signer")),
            "Verified without a signer",
        ),
        (
            &|own| own["signatures"][0]["signer"]["primary"] = json!(""),
            "no fingerprint",
        ),
        (
            &|own| own["signatures"][0]["kind"] = json!("x509"),
            "has an unknown kind",
        ),
        (
            &|own| own["signatures"][0]["claimedKey"] = json!("0123456789ABCDEF"),
            "claims a key",
        ),
        (
            &|own| own["matched"] = other.clone(),
            "an identity that is not expected",
        ),
        (
            &|own| own["matched"] = json!([]),
            "does not agree with the identities that match",
        ),
        (
            &|own| {
                own["verdict"] = json!("Unchecked");
                own["reason"] = json!("EngineFailed");
            },
            "does not agree with the identities that match",
        ),
        (
            &|own| {
                let identity = format!("registry.example.com/team/app@{}", digest(99));
                own["expected"] = json!([identity]);
                own["matched"] = json!([identity]);
            },
            "the digest of another image",
        ),
        (
            &|own| own["identitySource"] = json!("none"),
            "expected identities without a source",
        ),
        (&|own| own["image"] = json!("app:v1"), "do not make it Verified"),
        (
            &|own| own["findings"] = json!([{"kind": "unsignedInUse", "message": "m"}]),
            "unsignedInUse does not agree",
        ),
        (&|own| own["recorded"] = json!("heldBack"), "kept back"),
        (&|own| own["findings"] = stale.clone(), "no gap"),
        (&|own| own["moreUses"] = json!(3), "not full leaves something out"),
        (&|own| own["uses"] = json!(many), "longer than allowed"),
        (
            &|own| {
                own["uses"] = json!(most);
                own["moreUses"] = json!(u64::MAX);
            },
            "longer than allowed",
        ),
    ];
    let sandbox = Sandbox::new();
    let mut head = head();
    head.as_object_mut().unwrap().remove("policy");
    let good = verified(0, &[(RELEASE, None)]);
    assert_eq!(good["expected"], expected);
    let refused = |own: &Value, named: &str| {
        let all = [own.clone(), verified(1, &[(RELEASE, None)])];
        sandbox.file("all.jsonl", lines(&head, &all, Some(&tail(&all))));
        let outcome = sandbox.run(["audit", "merge", "all.jsonl", "-o", "json"]).expect(3);
        assert!(outcome.stderr.contains(named), "{named}: {outcome:?}");
        assert_eq!(outcome.json()["complete"], false, "{named}");
        let outcome = sandbox.run(["audit", "diff", "all.jsonl", "all.jsonl"]).expect(3);
        assert!(outcome.stderr.contains(named), "{named}: {outcome:?}");
    };
    for (change, named) in changes {
        let mut own = good.clone();
        change(&mut own);
        refused(&own, named);
    }
    for (verdict, reason) in [
        ("Rejected", "BadSignature"),
        ("Rejected", "ThresholdNotReached"),
        ("Rejected", "IdentityMismatch"),
        ("Allowed", "Allowed"),
    ] {
        refused(&entry(0, verdict, reason), "do not make it");
    }
    let mut unsigned = entry(0, "Unsigned", "NoSignature");
    unsigned["signatures"] = crate::audit_reports::made::unknown(0)["signatures"].clone();
    refused(&unsigned, "do not make it Unsigned");
    // As it is, it is fine.
    sandbox.file(
        "all.jsonl",
        lines(
            &head,
            std::slice::from_ref(&good),
            Some(&tail(std::slice::from_ref(&good))),
        ),
    );
    sandbox.run(["audit", "merge", "all.jsonl"]).expect(0);
}

/// The end speaks for the entries: it cannot say that all is well where a record is lost.
#[test]
fn an_end_that_contradicts_its_entries_is_refused() {
    let sandbox = Sandbox::new();
    let mut failed = verified(0, &[(RELEASE, None)]);
    failed["recorded"] = json!("failed");
    let mut kept = failed.clone();
    kept["recorded"] = json!("heldBack");
    kept["findings"] = json!([{"kind": "heldBack", "message": "Trusted: True -> False"}]);
    for own in [failed, kept] {
        let all = [own];
        sandbox.file("all.jsonl", lines(&head(), &all, Some(&tail(&all))));
        let outcome = sandbox.run(["audit", "merge", "all.jsonl"]).expect(3);
        assert!(outcome.stderr.contains("records that were not written"), "{outcome:?}");
    }
    let all = [verified(0, &[(RELEASE, None)])];
    let mut end = tail(&all);
    end["interrupted"] = json!(true);
    sandbox.file("all.jsonl", lines(&head(), &all, Some(&end)));
    let outcome = sandbox.run(["audit", "merge", "all.jsonl"]).expect(3);
    assert!(outcome.stderr.contains("that nothing is missing"), "{outcome:?}");
}

/// Times that no clock has are refused before anything is computed of them.
#[test]
fn times_beyond_the_calendar_are_refused() {
    let sandbox = Sandbox::new();
    let all = [verified(0, &[(RELEASE, None)])];
    for time in [i64::MAX, i64::MIN, -1, 253_402_300_800] {
        let (mut begun, mut ended) = (head(), tail(&all));
        (begun["started"], ended["ended"]) = (json!(time), json!(time));
        for (begun, ended, named) in [
            (
                &begun,
                &tail(&all),
                format!("line 1: the audit began at {time}, expected"),
            ),
            (&head(), &ended, format!("line 3: the audit ended at {time}, expected")),
        ] {
            sandbox.file("all.jsonl", lines(begun, &all, Some(ended)));
            for args in [
                &["merge", "all.jsonl", "-o", "junit"][..],
                &["diff", "all.jsonl", "all.jsonl"],
            ] {
                let outcome = sandbox.run([&["audit"][..], args].concat()).expect(3);
                assert!(outcome.stderr.contains(&named), "{time}: {outcome:?}");
            }
        }
    }
}

#[test]
fn torn_and_strange_files_are_told_apart() {
    let sandbox = Sandbox::new();
    let entries = mixed(40);
    let whole = lines(&head(), &entries, Some(&tail(&entries)));
    let torn = &whole[..whole.len() - 20];
    sandbox.file("torn.jsonl", torn);
    let outcome = sandbox.run(["audit", "merge", "torn.jsonl"]).expect(3);
    assert!(outcome.stderr.contains("torn.jsonl is unfinished"), "{outcome:?}");
    for (name, content, named) in [
        ("empty", String::new(), "no complete line"),
        (
            "list",
            "[]\n".to_owned(),
            "expected the first line of an audit's report",
        ),
        (
            "future",
            whole.replacen("audit/v1", "audit/v2", 1),
            "expected the first line",
        ),
        (
            "twice",
            whole.replacen("{\"", "{\"kind\":\"AuditReport\",\"", 1),
            "is repeated",
        ),
        ("text", "VERDICT\n".to_owned(), "line 1"),
    ] {
        sandbox.file(name, content);
        let outcome = sandbox.run(["audit", "merge", name]).expect(3);
        assert!(outcome.stderr.contains(named), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
    }
    let outcome = sandbox.run(["audit", "merge", "nowhere"]).expect(3);
    assert!(outcome.stderr.contains("nowhere: No such file"), "{outcome:?}");
}
