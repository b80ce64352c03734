// SPDX-License-Identifier: Apache-2.0
//! Is this container image the one I asked for, as a key that I trust for it says?
//!
//! ```text
//!  flags, environment, files
//!         |  cli -> settings                parse, merge, validate: business code never sees a raw flag
//!         v
//!  source: objects | directory | parts |    yields images: digest, signature blobs, manifest if at hand
//!  registry; cluster
//!         |
//!         v        one image at a time, nothing kept afterwards
//!  openpgp::framing::message                strict framing: exactly one signed message, bounded; refuses, never accepts
//!         v
//!  openpgp::engine                          GnuPG decides; the signer is the primary key, out of an explicit set
//!         v
//!  payload -> digest -> identity            pure functions on bytes and values
//!         v
//!  verdict                                  Verified is built only here; carries every check with the values compared
//!         v
//!  record -> edit | cluster                 verdict -> conditions -> file rewrite or one guarded API write
//!         v
//!  report                                   text, JSON, explanations; exit status
//! ```
//!
//! # The house
//!
//! Modules lie on floors, and each uses only floors below its own; on one floor there are no circles. `tests/rules/floors.rs`
//! checks it, and names what a module must not use although it lies below.
//!
//! | floor | module | what it does |
//! |---|---|---|
//! | 6 | [`run`] | the use cases, one file a subcommand |
//! | 5 | [`settings`] | what the command line, the environment and configuration files mean together |
//! | | [`report`] | output: one file a format |
//! | 4 | [`cli`] | the syntax of the command line and its help texts |
//! | | [`source`] | where images come from |
//! | | [`record`] | what is written about a verdict |
//! | | [`audit`] | an audit as data: entries, totals, differences |
//! | 3 | [`verdict`] | the four steps on each signature, and what they make of the image |
//! | | [`cluster`] | kubeconfig, credentials and the API |
//! | | [`registry`] | registries: configuration of this machine, and what they answer |
//! | 2 | [`openpgp`] | framing, keys, keyrings, GnuPG |
//! | | [`sigstore`] | key-based sigstore signatures |
//! | | [`http`] | the one way to the network |
//! | 1 | [`json`], [`yaml`], [`input`] | strict readers; text that people hand over |
//! | | [`manifest`], [`digest`], [`mod@reference`], [`payload`], [`identity`] | formats and the rules on them |
//! | | [`policy`] | containers-policy.json: its scopes and requirements |
//! | | [`subject`], [`image`], [`edit`] | what is judged; views over API objects; changing members of them and nothing else |
//! | 0 | [`reason`], [`limits`], [`clock`], [`text`] | outcomes in words; bounds; the time; making strings of others safe |
//! | | [`files`], [`processes`] | reading, replacing and removing files; processes below this one |
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

pub mod audit;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod digest;
pub mod edit;
pub mod files;
pub mod http;
pub mod identity;
pub mod image;
pub mod input;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod openpgp;
pub mod payload;
pub mod policy;
pub mod processes;
pub mod reason;
pub mod record;
pub mod reference;
pub mod registry;
pub mod report;
pub mod run;
pub mod settings;
pub mod sigstore;
pub mod source;
pub mod subject;
pub mod text;
pub mod verdict;
pub mod yaml;

/// Version and build date, as `--version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("IMAGE_SIGNATURE_DATE"), ")");
