// SPDX-License-Identifier: Apache-2.0
//! JSON, JSON lines, SARIF and JUnit.

use clap::ValueEnum as _;
use image_signature::audit::format::ReportFormat;
use serde_json::{json, Value};

use crate::audit_reports::made::{entry, head, lines, mixed, read_back, rendered, tail, verified, OLD, RELEASE};
use crate::support::schema::{assert_valid, validate_part};

fn incomplete(entries: &[Value]) -> Value {
    let mut tail = tail(entries);
    tail["incomplete"] = json!(["page 3 of the images could not be read"]);
    tail
}

#[test]
fn json_lines_are_what_was_found() {
    let entries = mixed(200);
    let tail = tail(&entries);
    let text = rendered(ReportFormat::Jsonl, &head(), &entries, &tail);
    let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let written: Vec<Value> = lines(&head(), &entries, Some(&tail))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(read.len(), 202);
    assert_eq!(read, written);
    validate_part("auditHead", &read[0]).unwrap();
    for line in &read[1..201] {
        validate_part("auditEntry", line).unwrap();
    }
    validate_part("auditTail", &read[201]).unwrap();
}

#[test]
fn the_json_document_has_every_image_and_what_they_amount_to() {
    let entries = mixed(200);
    let text = rendered(ReportFormat::Json, &head(), &entries, &tail(&entries));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_valid(&document);
    assert_eq!(document["items"].as_array().unwrap(), &entries);
    assert_eq!(document["parameters"], head());
    let summary =
        json!({"verified": 140, "rejected": 25, "unsupported": 5, "unsigned": 20, "allowed": 5, "unchecked": 5});
    assert_eq!(document["summary"], summary);
    let totals = &document["totals"];
    assert_eq!((&totals["images"], &totals["failing"]), (&json!(200), &json!(60)));
    let keys = totals["keys"].as_array().unwrap();
    let key = |name: &str| keys.iter().find(|key| key["primaryFingerprint"] == name).unwrap();
    // Twenty by the old one alone, twenty by both.
    assert_eq!((&key(OLD)["images"], &key(OLD)["alone"]), (&json!(40), &json!(20)));
    assert_eq!(
        (&key(RELEASE)["images"], &key(RELEASE)["alone"]),
        (&json!(120), &json!(100))
    );
    assert_eq!(
        (&key(OLD)["expiring"], &key(RELEASE)["expiring"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(key(OLD)["expires"], "2026-06-07T20:26:40Z");
    assert_eq!(
        totals["unknownKeys"],
        json!([{"claimedKey": crate::audit_reports::made::STRANGER, "signatures": 20}])
    );
    let pods = totals["uses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["kind"] == "pod")
        .unwrap();
    assert_eq!(pods["images"]["unsigned"], 20);
    assert_eq!(document["complete"], true);
    let empty = rendered(ReportFormat::Json, &head(), &[], &tail(&[]));
    let document: Value = serde_json::from_str(&empty).unwrap();
    assert_valid(&document);
    assert_eq!(document["items"], json!([]));
}

#[test]
fn names_beyond_a_thousand_are_counted_together() {
    let named = |n: usize| {
        let mut entry = verified(n, &[(RELEASE, None)]);
        entry["uses"][0]["namespace"] = format!("namespace-{n:05}").into();
        entry
    };
    let entries: Vec<Value> = (0..1100).map(named).collect();
    let text = rendered(ReportFormat::Json, &head(), &entries, &tail(&entries));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["totals"]["namespaces"].as_array().unwrap().len(), 1000);
    assert_eq!(document["totals"]["leftOut"]["namespaces"], 100);
    let text = rendered(ReportFormat::Text, &head(), &entries, &tail(&entries));
    assert!(text.contains("(up to 100 images in other namespaces)"), "{text}");
}

#[test]
fn every_format_says_that_an_audit_is_not_complete() {
    let entries = mixed(10);
    let tail = incomplete(&entries);
    let in_format = |format| rendered(format, &head(), &entries, &tail);
    for format in [ReportFormat::Text, ReportFormat::Wide] {
        assert!(in_format(format).contains("Incomplete: page 3 of the images"));
    }
    let document: Value = serde_json::from_str(&in_format(ReportFormat::Json)).unwrap();
    assert_eq!(document["complete"], false);
    assert!(in_format(ReportFormat::Jsonl).contains("\"incomplete\":[\"page 3"));
    assert!(in_format(ReportFormat::Openmetrics).contains("\nimage_signature_audit_complete 0\n"));
    assert!(in_format(ReportFormat::Html).contains("This audit is not complete"));
    if let Some(run) = read_back("sarif", &in_format(ReportFormat::Sarif)) {
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        let notice = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert_eq!(notice, "page 3 of the images could not be read");
    }
    if let Some(suite) = read_back("junit", &in_format(ReportFormat::Junit)) {
        let case = &suite["cases"][0];
        assert_eq!(case[1], "every image was audited");
        assert_eq!(case[2][0], "error");
        assert!(case[2][3].as_str().unwrap().contains("page 3"));
    }
}

#[test]
fn sarif_has_a_result_for_what_is_wrong_and_none_for_what_is_well() {
    let entries = mixed(200);
    let Some(run) = read_back(
        "sarif",
        &rendered(ReportFormat::Sarif, &head(), &entries, &tail(&entries)),
    ) else {
        return;
    };
    let results = run["results"].as_array().unwrap();
    // Sixty that are not Verified, twenty of them in use as well, and twenty Verified with a finding.
    assert_eq!(results.len(), 100);
    let of = |rule: &str| results.iter().filter(|one| one["ruleId"] == rule).count();
    assert_eq!(
        (of("UnknownKey"), of("NoSignature"), of("unsignedInUse"), of("gap")),
        (20, 20, 20, 3)
    );
    let level = |rule: &str| results.iter().find(|one| one["ruleId"] == rule).unwrap()["level"].clone();
    assert_eq!((level("UnknownKey"), level("gap")), (json!("error"), json!("warning")));
    let place = &results[0]["locations"][0];
    assert_eq!(
        place["physicalLocation"]["artifactLocation"]["uri"],
        format!("images/{}", crate::audit_reports::made::digest(0).replace(':', "%3A"))
    );
    assert_eq!(place["logicalLocations"][1]["fullyQualifiedName"], "team-0/app-0:v1");
    assert!(run["invocations"][0]["executionSuccessful"].as_bool().unwrap());
    let taxonomies = run["taxonomies"].as_array().unwrap();
    let stig = taxonomies
        .iter()
        .flat_map(|one| one["taxa"].as_array().unwrap())
        .find(|taxon| taxon["id"] == "V-257537");
    assert!(stig.unwrap()["fullDescription"]["text"]
        .as_str()
        .unwrap()
        .contains("Verified: 140 of 200"));
    let file = {
        let mut entry = entry(1, "Unsigned", "NoSignature");
        entry["source"] = "file:/a b/images#1.json".into();
        [entry]
    };
    let run = read_back("sarif", &rendered(ReportFormat::Sarif, &head(), &file, &tail(&file))).unwrap();
    let place = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place["uri"], "a%20b/images%231.json");
}

#[test]
fn junit_fails_where_the_audit_fails() {
    let entries = mixed(200);
    let Some(suite) = read_back(
        "junit",
        &rendered(ReportFormat::Junit, &head(), &entries, &tail(&entries)),
    ) else {
        return;
    };
    // One case says whether the audit is complete; Unchecked are errors.
    assert_eq!(
        suite["counts"],
        json!({"tests": 201, "failures": 55, "errors": 5, "skipped": 0})
    );
    let cases = suite["cases"].as_array().unwrap();
    assert_eq!(cases[0][2], Value::Null);
    let case = |n: usize| &cases[n + 1];
    assert_eq!(case(0)[0], "team-0");
    assert_eq!(
        case(0)[1],
        format!("team-0/app-0:v1 {}", crate::audit_reports::made::digest(0))
    );
    assert_eq!(
        case(0)[2].as_array().unwrap()[..3],
        [json!("failure"), json!("UnknownKey"), json!("Rejected: message of 0")]
    );
    assert_eq!(
        case(22)[2].as_array().unwrap()[..2],
        [json!("error"), json!("NoExpectedIdentity")]
    );
    assert_eq!(case(5)[2], Value::Null);
    let evidence = &suite["properties"]["evidence for NIST SP 800-53 Rev. 5 SI-7(15)"];
    assert!(evidence.as_str().unwrap().contains("Verified: 140 of 200"), "{suite}");
}

#[test]
fn no_format_says_more_than_that_it_is_evidence() {
    let entries = mixed(20);
    for format in ReportFormat::value_variants() {
        let text = rendered(*format, &head(), &entries, &tail(&entries)).to_lowercase();
        let has_controls = match format {
            ReportFormat::Wide
            | ReportFormat::Json
            | ReportFormat::Html
            | ReportFormat::Sarif
            | ReportFormat::Junit => true,
            ReportFormat::Text | ReportFormat::Jsonl | ReportFormat::Csv | ReportFormat::Openmetrics => false,
        };
        assert_eq!(text.contains("evidence"), has_controls, "{format:?}");
        assert!(!text.contains("complian"), "{format:?}");
    }
}
