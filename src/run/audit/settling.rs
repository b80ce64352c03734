// SPDX-License-Identifier: Apache-2.0
//! Records that have waited until it is known how many of them take trust back.

use std::io;

use super::cluster::Cluster;
use super::collector::{tell_gains, Collector};
use super::held::{Held, HeldEntries};
use super::reported::Reported;
use crate::audit::entry::{AuditFinding, FindingKind, Recorded};
use crate::report::console::Messages;
use crate::source::objects::ObjectFiles;
use crate::text::{io_message, safe};

impl Collector<'_> {
    /// Whether too many records would change from True to False; then the audit is not complete for that.
    fn is_too_much(&mut self) -> bool {
        let is_too_much = self.downgrades > self.settings.max_downgrades;
        if is_too_much {
            let what = format!("{} records would change from True to False, more than --max-downgrades {}: none of them is written; look at the reasons, and run the command again with a higher number if they are right",
                self.downgrades, self.settings.max_downgrades);
            self.complain([what]);
        }
        is_too_much
    }

    /// Writes records in files, and reports what has waited for that. Where too many records would change from True to
    /// False, these changes are left out.
    pub(super) fn record_in_files(&mut self, objects: &ObjectFiles, stderr: &mut Messages<'_>) {
        let is_too_much = self.is_too_much();
        let mut records = std::mem::take(&mut self.records);
        if is_too_much {
            records.drop_conditional();
        }
        let failures = records.write(objects, &mut io::sink(), stderr);
        if failures.has_any() {
            self.complain(["not all records could be written".to_owned()]);
        }
        self.settle(is_too_much, stderr, &mut |held, _| match held
            .position
            .is_some_and(|position| failures.has(position))
        {
            true => Recorded::Failed,
            false => Recorded::Yes,
        });
    }

    /// Writes the changes from True to False to Images of a cluster, unless there are too many.
    pub(super) fn record_in_cluster(&mut self, cluster: &mut Cluster<'_>, stderr: &mut Messages<'_>) {
        let is_too_much = self.is_too_much();
        self.settle(is_too_much, stderr, &mut |held, stderr| match held.expected.take() {
            _ if is_too_much => held.entry.recorded,
            Some(expected) => {
                let counted = (&Reported::of(&held.entry), held.downgrades.as_slice());
                cluster.take_back(&held.entry.image, expected.into(), counted, stderr)
            }
            None => Recorded::Failed,
        });
    }

    /// Reports what has waited for its record, which `write` tells the fate of.
    fn settle(
        &mut self,
        is_too_much: bool,
        stderr: &mut Messages<'_>,
        write: &mut dyn FnMut(&mut Held, &mut Messages<'_>) -> Recorded,
    ) {
        let held = std::mem::replace(&mut self.held, HeldEntries::new());
        let read = held.each(&mut |mut held| {
            let fate = write(&mut held, stderr);
            let is_held_back = is_too_much && !held.downgrades.is_empty() && fate != Recorded::Failed;
            held.entry.recorded = if is_held_back { Recorded::HeldBack } else { fate };
            if fate == Recorded::Yes {
                tell_gains(&held.entry, &held.gains, stderr);
            }
            let image = safe(&held.entry.image);
            for downgrade in held.downgrades {
                if is_held_back {
                    downgrade.tell(&image, "kept back", stderr);
                    held.entry.findings.push(AuditFinding {
                        kind: FindingKind::HeldBack,
                        message: format!("{}: {}", downgrade.name, downgrade.words),
                        command: None,
                    });
                } else if fate == Recorded::Yes {
                    downgrade.tell(&image, "recorded", stderr);
                }
            }
            self.report(&held.entry.bounded());
        });
        if let Err(error) = read {
            self.complain([format!("storing the report temporarily: {}", io_message(&error))]);
        }
    }
}
