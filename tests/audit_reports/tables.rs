// SPDX-License-Identifier: Apache-2.0
//! CSV, and text for people.

use image_signature::audit::format::ReportFormat;

use crate::audit_reports::made::{
    digest, entry, head, lines, mixed, read_back, read_file, rendered, tail, verified, OLD, RELEASE,
};
use crate::support::program::Sandbox;

#[test]
fn csv_has_a_row_an_image() {
    let entries = mixed(200);
    let Some(rows) = read_back("csv", &rendered(ReportFormat::Csv, &head(), &entries, &tail(&entries))) else {
        return;
    };
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 200);
    for (row, entry) in rows.iter().zip(&entries) {
        for name in [
            "image",
            "verdict",
            "reason",
            "source",
            "message",
            "recorded",
            "identitySource",
        ] {
            assert_eq!(row[name], entry[name], "{name}");
        }
    }
    assert_eq!(rows[1]["usedBy"], "team-1/app-1:v1; pod prod/web-1/app");
    assert_eq!(rows[1]["namespaces"], "prod; team-1");
    assert_eq!(
        rows[4]["signedBy"],
        format!("{RELEASE}; {}", crate::audit_reports::made::OLD)
    );
}

#[test]
fn text_lists_what_is_wrong_and_sums_up() {
    let entries = mixed(40);
    let text = rendered(ReportFormat::Text, &head(), &entries, &tail(&entries));
    let rows = text.lines().filter(|line| line.contains("sha256:")).count();
    // Twelve that are not Verified, and three Verified ones with a finding; that a key expires is said once, at the end.
    assert_eq!(rows, 15, "{text}");
    assert!(!text.contains("what expiring means here"), "{text}");
    assert!(
        text.starts_with("Audit of cluster https://api.example.com:6443, begun 2026-05-28T"),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "Rejected      UnknownKey             {}\n    used by team-0/app-0:v1\n    message of 0\n",
            digest(0)
        )),
        "{text}"
    );
    // One line that can be copied.
    assert!(
        text.contains("\n    skopeo copy --all docker://a/b docker://c/d\n"),
        "{text}"
    );
    assert!(
        text.contains("\nUnsigned      NoSignature                 4\n"),
        "{text}"
    );
    assert!(text.contains("4 images would not be Verified without it\n"), "{text}");
    assert!(
        text.ends_with("\n40 images: 28 Verified, 5 Rejected, 1 Unsupported, 4 Unsigned, 1 Allowed, 1 Unchecked\n"),
        "{text}"
    );
}

#[test]
fn text_of_what_is_well_is_short_and_wide_text_has_it_all() {
    let entries: Vec<_> = (0..3).map(|n| verified(n, &[(RELEASE, None)])).collect();
    let text = rendered(ReportFormat::Text, &head(), &entries, &tail(&entries));
    assert!(!text.contains("sha256:"), "{text}");
    assert!(text.ends_with("\n3 images: 3 Verified\n"), "{text}");
    let text = rendered(ReportFormat::Wide, &head(), &entries, &tail(&entries));
    assert_eq!(
        text.lines().filter(|line| line.contains("sha256:")).count(),
        3,
        "{text}"
    );
    assert!(
        text.contains(RELEASE) && text.contains("    accepted as registry.example.com/team/app-0:v1\n"),
        "{text}"
    );
}

/// Whose good signature is for another tag is told in both, and whose key is not at hand too.
#[test]
fn the_table_and_the_page_name_the_same_keys() {
    let sandbox = Sandbox::new();
    let mut other = entry(0, "Rejected", "IdentityMismatch");
    other["signatures"] = verified(0, &[(RELEASE, None), (RELEASE, None), (OLD, None)])["signatures"].clone();
    for signature in other["signatures"].as_array_mut().unwrap() {
        signature["verdict"] = "Rejected".into();
        signature["reason"] = "IdentityMismatch".into();
    }
    let mut good = verified(1, &[(RELEASE, None), (OLD, None)]);
    good["signatures"][1]["verdict"] = "Rejected".into();
    good["signatures"][1]["reason"] = "IdentityMismatch".into();
    good["restsOn"] = serde_json::json!([RELEASE]);
    let entries = [other, good];
    sandbox.file("all.jsonl", lines(&head(), &entries, Some(&tail(&entries))));
    let args = [
        "audit",
        "merge",
        "all.jsonl",
        "--report",
        "csv=all.csv",
        "--report",
        "html=all.html",
    ];
    sandbox.run(args).expect(1);
    let table = read_file("csv", &sandbox.path("all.csv"));
    let page = read_file("html", &sandbox.path("all.html"));
    let (Some(table), Some(page)) = (table, page) else {
        return;
    };
    let owner = "Example Release <release@example.com>";
    for (n, keys) in [(0, &[RELEASE, OLD][..]), (1, &[RELEASE])] {
        assert_eq!(table[n]["signedBy"], keys.join("; "));
        assert_eq!(table[n]["owners"], vec![owner; keys.len()].join("; "));
        let cell = page["rows"][n]["cells"][5].as_str().unwrap();
        let named: Vec<&str> = [RELEASE, OLD].into_iter().filter(|key| cell.contains(key)).collect();
        assert_eq!(named, keys, "{cell}");
    }
}

/// No word stands for nothing, and none is proposed for it.
#[test]
fn fail_on_needs_a_word_of_the_list() {
    let sandbox = Sandbox::new();
    for value in ["none", ""] {
        let outcome = sandbox.run(["audit", "merge", "a.jsonl", "--fail-on", value]).expect(2);
        let told = format!("--fail-on {value}: it needs at least one word of: rejected, unsupported, ");
        assert!(outcome.stderr.contains(&told), "{outcome:?}");
        assert!(!outcome.stderr.contains("similar"), "{outcome:?}");
    }
}
