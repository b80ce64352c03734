// SPDX-License-Identifier: Apache-2.0
//! `audit`: which images are judged, what is expected of them, how the run goes, what is recorded, how it ends.

#[path = "audit/allowed.rs"]
mod allowed;
#[path = "audit/bench.rs"]
mod bench;
#[path = "audit/between_lists.rs"]
mod between_lists;
#[path = "audit/between_pages.rs"]
mod between_pages;
#[path = "audit/certain.rs"]
mod certain;
#[path = "audit/cluster.rs"]
mod cluster;
#[path = "audit/cluster_policy.rs"]
mod cluster_policy;
#[path = "audit/components.rs"]
mod components;
#[path = "audit/components_scene.rs"]
mod components_scene;
#[path = "audit/continued.rs"]
mod continued;
#[path = "audit/elsewhere.rs"]
mod elsewhere;
#[path = "audit/elsewhere_trouble.rs"]
mod elsewhere_trouble;
#[path = "audit/expected.rs"]
mod expected;
#[path = "audit/files.rs"]
mod files;
#[path = "audit/files_uses.rs"]
mod files_uses;
#[path = "audit/findings.rs"]
mod findings;
#[path = "audit/fleet.rs"]
mod fleet;
#[path = "audit/indexed.rs"]
mod indexed;
#[path = "audit/inputs.rs"]
mod inputs;
#[path = "audit/instances.rs"]
mod instances;
#[path = "audit/interrupted.rs"]
mod interrupted;
#[path = "audit/inventory.rs"]
mod inventory;
#[path = "audit/lists.rs"]
mod lists;
#[path = "audit/many_tags.rs"]
mod many_tags;
#[path = "audit/meanwhile.rs"]
mod meanwhile;
#[path = "audit/mirror_scene.rs"]
mod mirror_scene;
#[path = "audit/mirrored_lists.rs"]
mod mirrored_lists;
#[path = "audit/mirrors.rs"]
mod mirrors;
#[path = "audit/named.rs"]
mod named;
#[path = "audit/namespaces.rs"]
mod namespaces;
#[path = "audit/naming_lists.rs"]
mod naming_lists;
#[path = "audit/odd_names.rs"]
mod odd_names;
#[path = "audit/partial.rs"]
mod partial;
#[path = "audit/payload_trouble.rs"]
mod payload_trouble;
#[path = "audit/payload_word.rs"]
mod payload_word;
#[path = "audit/progress.rs"]
mod progress;
#[path = "audit/proof.rs"]
mod proof;
#[path = "audit/recorded_for.rs"]
mod recorded_for;
#[path = "audit/recording.rs"]
mod recording;
#[path = "audit/registries.rs"]
mod registries;
#[path = "audit/release.rs"]
mod release;
#[path = "audit/resume.rs"]
mod resume;
#[path = "audit/resumed.rs"]
mod resumed;
#[path = "audit/rights.rs"]
mod rights;
#[path = "audit/run_lists.rs"]
mod run_lists;
#[path = "audit/shards.rs"]
mod shards;
#[path = "audit/since.rs"]
mod since;
#[path = "audit/tag_views.rs"]
mod tag_views;
#[path = "audit/taken_back.rs"]
mod taken_back;
#[path = "audit/trouble.rs"]
mod trouble;
#[path = "audit/unknown_lists.rs"]
mod unknown_lists;
#[path = "audit/unreadable.rs"]
mod unreadable;
#[path = "audit/unrecorded.rs"]
mod unrecorded;
#[path = "audit/vouching.rs"]
mod vouching;
#[path = "audit/waiting.rs"]
mod waiting;
#[path = "audit/withheld.rs"]
mod withheld;
