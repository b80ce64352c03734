// SPDX-License-Identifier: Apache-2.0
//! Is this container image the one I asked for, as a key that I trust for it says?
//!
//! ```text
//!  flags, environment, files
//!         |  cli -> settings                parse, merge, validate: business code never sees a raw flag
//!         v
//!  source: objects | directory | parts     yields images: digest, signature blobs, manifest if at hand
//!  cluster, over http
//!         |
//!         v        one image at a time, nothing kept afterwards
//!  openpgp::message                         strict framing: exactly one signed message, bounded; refuses, never accepts
//!         v
//!  openpgp::engine                          GnuPG decides; the signer is the primary key, out of an explicit set
//!         v
//!  payload -> digest -> identity            pure functions on bytes and values
//!         v
//!  verdict                                  Verified is built only here; carries every check with the values compared
//!         v
//!  record -> edits | cluster                 verdict -> conditions -> file rewrite or one guarded API write
//!         v
//!  report                                   text, JSON, explanations; exit status
//! ```
//!
//! # Modules
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`settings`] | what was typed; what it means |
//! | [`run`] | the use cases, one file a subcommand |
//! | [`source`], [`subject`], [`image`] | where images come from; what is judged; views over API objects |
//! | [`cluster`], [`http`] | kubeconfig, credentials and the API; the one way to the network |
//! | [`input`], [`json`], [`yaml`] | text that people hand over; strict readers |
//! | [`manifest`], [`digest`], [`mod@reference`] | formats |
//! | [`openpgp`] | framing, keys, keyrings, GnuPG |
//! | [`payload`], [`identity`], [`verdict`] | the four steps and what they amount to |
//! | [`record`] | what is written about a verdict; changing objects without touching the rest of them |
//! | [`report`], [`text`] | output; making strings of others safe |
//! | [`reason`], [`limits`], [`clock`], [`files`], [`logging`] | outcomes in words; bounds; the time; reading, replacing and removing files; the log |
//! | [`processes`] | waiting for, reaping and ending processes below this one |
//!
//! # Threat model
//!
//! Untrusted until proven: signature blobs, payloads, manifests, key files from others, objects in files and from
//! servers, and every string in any of them. Trusted: the flags, the key files and the kubeconfig that the user names, and
//! GnuPG itself. An attacker who controls all of the former must not obtain a Verified that no accepted key has signed,
//! must not choose a recorded reason through unverified payload bytes, must not make the program run without bound in
//! memory or time, write or contact anything, or move the terminal of whoever reads the output.
//!
//! An API server is trusted to name images by digest, and not to say what is verified. Whoever may write an image stream
//! chooses what its tags stand for, so that such a digest is never an expected identity.

pub mod cli;
pub mod clock;
pub mod cluster;
pub mod digest;
pub mod files;
pub mod http;
pub mod identity;
pub mod image;
pub mod input;
pub mod json;
pub mod limits;
pub mod logging;
pub mod manifest;
pub mod openpgp;
pub mod payload;
pub mod processes;
pub mod reason;
pub mod record;
pub mod reference;
pub mod report;
pub mod run;
pub mod settings;
pub mod source;
pub mod subject;
pub mod text;
pub mod verdict;
pub mod yaml;

/// Version and build date, as `--version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("IMAGE_SIGNATURE_DATE"), ")");
