// SPDX-License-Identifier: Apache-2.0
//! The reports of audits: every format, read back by programs that are not ours.

#[path = "audit_reports/contradictions.rs"]
mod contradictions;
#[path = "audit_reports/diff.rs"]
mod diff;
#[path = "audit_reports/diff_places.rs"]
mod diff_places;
#[path = "audit_reports/documents.rs"]
mod documents;
#[path = "audit_reports/hostile.rs"]
mod hostile;
#[path = "audit_reports/made.rs"]
mod made;
#[path = "audit_reports/merge.rs"]
mod merge;
#[path = "audit_reports/metrics.rs"]
mod metrics;
#[path = "audit_reports/pages.rs"]
mod pages;
#[path = "audit_reports/tables.rs"]
mod tables;
