// SPDX-License-Identifier: Apache-2.0
//! Signatures and keys: framing, GnuPG, keyrings, sigstore keys, recorded cases, and what skopeo says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

#[path = "../corpus.rs"]
mod corpus;
#[path = "../interop.rs"]
mod interop;
#[path = "../keyboxd.rs"]
mod keyboxd;
#[path = "../keyring.rs"]
mod keyring;
#[path = "../openpgp.rs"]
mod openpgp;
#[path = "../properties.rs"]
mod properties;
#[path = "../sigstore.rs"]
mod sigstore;
#[path = "../support/mod.rs"]
mod support;
#[path = "../vectors.rs"]
mod vectors;
