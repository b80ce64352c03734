// SPDX-License-Identifier: Apache-2.0
//! What each target does with an input, and what must hold of it. A target's inputs are arbitrary bytes.
//!
//! What must hold is that nothing panics, that what comes out is bounded, and what each function says besides. A finding
//! becomes a named test in `tests/properties` of the program.

mod formats;
mod gpg;
mod network;
mod openpgp;

pub use formats::{digest, manifest, object, payload, policy, reference, text};
pub use gpg::{engines_agree, gpg_agrees};
pub use network::{api_answer, kubeconfig, registries, registry_answer, sigstore};
pub use openpgp::{certificates, framing, keyring, status_lines, worker_output};
