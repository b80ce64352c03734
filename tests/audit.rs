// SPDX-License-Identifier: Apache-2.0
//! `audit`: which images are judged, what is expected of them, how the run goes, what is recorded, how it ends.

#[path = "audit/bench.rs"]
mod bench;
#[path = "audit/cluster.rs"]
mod cluster;
#[path = "audit/cluster_policy.rs"]
mod cluster_policy;
#[path = "audit/continued.rs"]
mod continued;
#[path = "audit/elsewhere.rs"]
mod elsewhere;
#[path = "audit/expected.rs"]
mod expected;
#[path = "audit/files.rs"]
mod files;
#[path = "audit/findings.rs"]
mod findings;
#[path = "audit/fleet.rs"]
mod fleet;
#[path = "audit/inputs.rs"]
mod inputs;
#[path = "audit/inventory.rs"]
mod inventory;
#[path = "audit/lists.rs"]
mod lists;
#[path = "audit/meanwhile.rs"]
mod meanwhile;
#[path = "audit/mirrors.rs"]
mod mirrors;
#[path = "audit/named.rs"]
mod named;
#[path = "audit/naming_lists.rs"]
mod naming_lists;
#[path = "audit/progress.rs"]
mod progress;
#[path = "audit/recording.rs"]
mod recording;
#[path = "audit/registries.rs"]
mod registries;
#[path = "audit/release.rs"]
mod release;
#[path = "audit/resume.rs"]
mod resume;
#[path = "audit/rights.rs"]
mod rights;
#[path = "audit/shards.rs"]
mod shards;
#[path = "audit/trouble.rs"]
mod trouble;
#[path = "audit/unreadable.rs"]
mod unreadable;
#[path = "audit/vouching.rs"]
mod vouching;
