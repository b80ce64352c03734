// SPDX-License-Identifier: Apache-2.0
//! OpenMetrics, read by the Prometheus client for Python.

use image_signature::audit::format::ReportFormat;
use serde_json::{json, Value};

use crate::audit_reports::made::{entry, head, mixed, read_back, rendered, tail, OLD, RELEASE, STARTED};

fn value(samples: &Value, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let fits = |sample: &&Value| {
        sample[0] == format!("image_signature_audit_{name}")
            && labels.iter().all(|(name, text)| sample[1][*name] == *text)
    };
    samples
        .as_array()
        .unwrap()
        .iter()
        .find(fits)
        .map(|sample| sample[2].as_f64().unwrap())
}

#[test]
fn metrics_are_those_of_the_totals() {
    let entries = mixed(200);
    let text = rendered(ReportFormat::Openmetrics, &head(), &entries, &tail(&entries));
    let Some(samples) = read_back("openmetrics", &text) else {
        return;
    };
    let value = |name: &str, labels: &[(&str, &str)]| value(&samples, name, labels);
    assert_eq!(value("complete", &[]), Some(1.0));
    assert_eq!(value("images", &[("verdict", "Verified")]), Some(140.0));
    assert_eq!(value("images", &[("verdict", "Allowed")]), Some(5.0));
    assert_eq!(value("failing_images", &[]), Some(60.0));
    assert_eq!(
        value("reason_images", &[("verdict", "Rejected"), ("reason", "UnknownKey")]),
        Some(20.0)
    );
    assert_eq!(
        value("namespace_images", &[("namespace", "prod"), ("verdict", "Unsigned")]),
        Some(20.0)
    );
    assert_eq!(value("key_sole_images", &[("key", OLD)]), Some(20.0));
    assert_eq!(
        value("key_expiry_timestamp_seconds", &[("key", OLD)]),
        Some((STARTED + 864_000) as f64)
    );
    assert_eq!(value("key_expiry_timestamp_seconds", &[("key", RELEASE)]), None);
    assert_eq!(value("start_timestamp_seconds", &[]), Some(STARTED as f64));
    assert_eq!(value("finding_images", &[("finding", "unsignedInUse")]), Some(20.0));
}

/// Namespaces that are not among the uses of an entry are a number, too.
#[test]
fn what_is_left_out_of_the_namespaces_is_counted() {
    let mut own = entry(1, "Rejected", "UnknownKey");
    let used = |n| json!({"kind": "tag", "namespace": format!("team-{n:03}"), "name": "app:v1"});
    own["uses"] = (0..100).map(used).collect();
    own["moreUses"] = json!(50);
    let text = rendered(ReportFormat::Openmetrics, &head(), &[own.clone()], &tail(&[own]));
    assert!(
        text.contains("\nimage_signature_audit_other_namespace_images 50\n"),
        "{text}"
    );
}

#[test]
fn what_no_image_has_is_zero_and_not_away() {
    let text = rendered(ReportFormat::Openmetrics, &head(), &[], &tail(&[]));
    let Some(samples) = read_back("openmetrics", &text) else {
        return;
    };
    assert_eq!(value(&samples, "images", &[("verdict", "Rejected")]), Some(0.0));
    assert_eq!(value(&samples, "finding_images", &[("finding", "gap")]), Some(0.0));
}
