// SPDX-License-Identifier: Apache-2.0
//! Reports made by hand, and their formats by the library.

use std::path::{Path, PathBuf};
use std::process::Command;

use image_signature::audit::controls;
use image_signature::audit::entry::Entry;
use image_signature::audit::fail_on::FailOn;
use image_signature::audit::format::ReportFormat;
use image_signature::audit::head::Head;
use image_signature::audit::tail::Tail;
use image_signature::audit::totals::Totals;
use image_signature::report::audit::renderer;
use image_signature::report::audit::renderer::Look;
use serde_json::{json, Value};

use crate::support::program::{has, Sandbox};
use crate::support::skipped;

/// When these audits began, in seconds since 1970.
pub const STARTED: i64 = 1_780_000_000;

/// The key that verifies what is well, and never expires.
pub const RELEASE: &str = "B0F4950458F69E1150C6C5EDC8AC4916105EF944";
/// The key that expires ten days after the beginning.
pub const OLD: &str = "4CA1A7FE6EBFC1E5C3B9D2A9F0DC4CF9D51A2B3C";
/// A key in no keyring.
pub const STRANGER: &str = "0123456789ABCDEF";

pub fn head() -> Value {
    json!({"apiVersion": "image-signature.io/audit/v1", "kind": "AuditReport", "program": "0.1.0", "keys": "aa",
        "policy": "dd", "options": "bb", "source": "cluster https://api.example.com:6443", "shard": {"index": 0, "count": 1},
        "started": STARTED})
}

pub fn digest(n: usize) -> String {
    format!("sha256:{n:064x}")
}

pub fn entry(n: usize, verdict: &str, reason: &str) -> Value {
    let mut entry = json!({"image": digest(n), "source": "cluster",
        "uses": [{"kind": "tag", "namespace": format!("team-{}", n % 7), "name": format!("app-{n}:v1")}],
        "expected": [format!("registry.example.com/team/app-{n}:v1")], "identitySource": "stream",
        "verdict": verdict, "reason": reason, "message": format!("message of {n}"), "recorded": "no"});
    if verdict == "Unsigned" {
        entry["findings"] = json!([{"kind": "unsignedInUse", "message": "it is in use and has no signature"}]);
    }
    entry
}

/// A Verified one, by these keys.
pub fn verified(n: usize, keys: &[(&str, Option<i64>)]) -> Value {
    let mut entry = entry(n, "Verified", "Verified");
    entry["matched"] = entry["expected"].clone();
    let signature = |(key, expires): &(&str, Option<i64>)| {
        let mut signer = json!({"fingerprint": key, "primary": key, "userId": "Example Release <release@example.com>",
            "keyAlgorithm": "rsa4096", "hashAlgorithm": "SHA256", "created": STARTED - 1000});
        if let Some(expires) = expires {
            signer["expires"] = json!(expires);
        }
        json!({"name": format!("{}@one", digest(n)), "kind": "gpg", "verdict": "Verified", "reason": "Verified",
            "message": "m", "signer": signer})
    };
    entry["signatures"] = keys.iter().map(signature).collect();
    if let [(key, _)] = keys {
        entry["restsOn"] = json!([key]);
    }
    entry
}

/// One that a key in no keyring has signed.
pub fn unknown(n: usize) -> Value {
    let mut entry = entry(n, "Rejected", "UnknownKey");
    entry["signatures"] = json!([{"kind": "gpg", "verdict": "Rejected", "reason": "UnknownKey",
        "message": "not in the keyring", "claimedKey": STRANGER}]);
    entry
}

/// Every verdict, and every kind of finding that is not trouble of records, among these; of ten images six are Verified.
pub fn mixed(count: usize) -> Vec<Value> {
    let kinds = ["stale", "damaged", "gap", "expiring", "contradictory", "unreachable"];
    let made = |n: usize| match n % 10 {
        0 => unknown(n),
        1 => {
            let mut entry = entry(n, "Unsigned", "NoSignature");
            entry["uses"]
                .as_array_mut()
                .unwrap()
                .push(json!({"kind": "pod", "namespace": "prod", "name": "web-1/app"}));
            entry
        }
        2 => match n / 10 % 4 {
            0 => entry(n, "Unsupported", "UnsupportedSignature"),
            1 => entry(n, "Allowed", "Allowed"),
            2 => entry(n, "Unchecked", "NoExpectedIdentity"),
            _ => entry(n, "Rejected", "IdentityMismatch"),
        },
        3 => {
            let mut entry = verified(n, &[(OLD, Some(STARTED + 10 * 86_400))]);
            let kind = kinds[n / 10 % kinds.len()];
            entry["findings"] = json!([{"kind": kind, "message": format!("what {kind} means here")}]);
            if kind == "gap" {
                entry["findings"][0]["command"] = "skopeo copy --all docker://a/b docker://c/d".into();
            }
            entry
        }
        4 => verified(n, &[(RELEASE, None), (OLD, Some(STARTED + 10 * 86_400))]),
        _ => verified(n, &[(RELEASE, None)]),
    };
    (0..count).map(made).collect()
}

/// The end that fits to these.
pub fn tail(entries: &[Value]) -> Value {
    let mut verdicts = serde_json::Map::new();
    for entry in entries {
        let verdict = entry["verdict"].as_str().unwrap().to_owned();
        let count = verdicts.get(&verdict).and_then(Value::as_u64).unwrap_or(0);
        verdicts.insert(verdict, (count + 1).into());
    }
    json!({"kind": "AuditEnd", "ended": STARTED + 60, "images": entries.len(), "verdicts": verdicts})
}

/// A report as JSON lines.
pub fn lines(head: &Value, entries: &[Value], tail: Option<&Value>) -> String {
    let all = std::iter::once(head).chain(entries).chain(tail);
    all.map(|line| format!("{line}\n")).collect()
}

/// A report in a format, by the library.
pub fn rendered(format: ReportFormat, head: &Value, entries: &[Value], tail: &Value) -> String {
    let head: Head = serde_json::from_value(head.clone()).unwrap();
    let tail: Tail = serde_json::from_value(tail.clone()).unwrap();
    let look = Look {
        colour: false,
        width: 100,
        room: 200,
        fail_on: FailOn::default(),
        controls: controls::built_in().unwrap(),
    };
    let mut totals = Totals::new(FailOn::default(), head.started + 30 * 86_400);
    let mut renderer = renderer(format, &look);
    let mut out = Vec::new();
    renderer.begin(&mut out, &head).unwrap();
    for entry in entries {
        let entry: Entry = serde_json::from_value(entry.clone()).unwrap();
        totals.add(&entry);
        renderer.entry(&mut out, &entry).unwrap();
    }
    renderer.end(&mut out, &tail, &totals).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a report says to a program that is not ours; nothing where that is missing here.
#[track_caller]
pub fn read_back(format: &str, report: &str) -> Option<Value> {
    let sandbox = Sandbox::new();
    read_file(format, &sandbox.file("report", report))
}

/// The same of a file.
#[track_caller]
pub fn read_file(format: &str, file: &Path) -> Option<Value> {
    // That of the distribution has the modules of its packages, others may stand before it.
    let python = ["/usr/bin/python3", "python3"].into_iter().find(|python| has(python));
    let Some(python) = python else {
        skipped(&format!("reading {format} back"), "python3 is not installed");
        return None;
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/audit/check.py");
    // Without writing compiled code beside the script.
    let output = Command::new(python)
        .args(["-I", "-B"])
        .arg(script)
        .arg(format)
        .arg(file)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Some(serde_json::from_slice(&output.stdout).unwrap()),
        Some(3) => {
            skipped(&format!("reading {format} back"), complaint.trim());
            None
        }
        _ => panic!("{format}: {complaint}"),
    }
}
