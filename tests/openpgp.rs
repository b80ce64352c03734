// SPDX-License-Identifier: Apache-2.0
//! Signatures and keys through the shipped binary with real gpg: framing, GnuPG's verdicts, key files, isolation.

#[path = "openpgp/additions.rs"]
mod additions;
#[path = "openpgp/altered.rs"]
mod altered;
#[path = "openpgp/batch.rs"]
mod batch;
#[path = "openpgp/batch_injection.rs"]
mod batch_injection;
#[path = "openpgp/batch_trouble.rs"]
mod batch_trouble;
#[path = "openpgp/bounds.rs"]
mod bounds;
#[path = "openpgp/copies.rs"]
mod copies;
#[path = "openpgp/copies_hostile.rs"]
mod copies_hostile;
#[path = "openpgp/dates.rs"]
mod dates;
#[path = "openpgp/doubts.rs"]
mod doubts;
#[path = "openpgp/fips.rs"]
mod fips;
#[path = "openpgp/framing.rs"]
mod framing;
#[path = "openpgp/interrupted.rs"]
mod interrupted;
#[path = "openpgp/keyfiles.rs"]
mod keyfiles;
#[path = "openpgp/keys.rs"]
mod keys;
#[path = "openpgp/leftovers.rs"]
mod leftovers;
#[path = "openpgp/listing.rs"]
mod listing;
#[path = "openpgp/local.rs"]
mod local;
#[path = "openpgp/many.rs"]
mod many;
#[path = "openpgp/parallel.rs"]
mod parallel;
#[path = "openpgp/partial.rs"]
mod partial;
#[path = "openpgp/pictures.rs"]
mod pictures;
#[path = "openpgp/places.rs"]
mod places;
#[path = "openpgp/processes.rs"]
mod processes;
#[path = "openpgp/refusals.rs"]
mod refusals;
#[path = "openpgp/revocations.rs"]
mod revocations;
#[path = "openpgp/revokers.rs"]
mod revokers;
#[path = "openpgp/second_flooded.rs"]
mod second_flooded;
#[path = "openpgp/second_reading.rs"]
mod second_reading;
#[path = "openpgp/signatures.rs"]
mod signatures;
#[path = "openpgp/signed_by.rs"]
mod signed_by;
#[path = "openpgp/strangers.rs"]
mod strangers;
#[path = "openpgp/subkeys.rs"]
mod subkeys;
#[path = "openpgp/subpackets.rs"]
mod subpackets;
#[path = "openpgp/surroundings.rs"]
mod surroundings;
#[path = "openpgp/system.rs"]
mod system;
#[path = "openpgp/system_keys.rs"]
mod system_keys;
#[path = "openpgp/trial.rs"]
mod trial;
#[path = "openpgp/uncovered.rs"]
mod uncovered;
#[path = "openpgp/versions.rs"]
mod versions;
#[path = "openpgp/waiting.rs"]
mod waiting;
