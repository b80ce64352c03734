// SPDX-License-Identifier: Apache-2.0
//! The other side: what skopeo signs is verified here, and skopeo agrees with the verdicts on signatures made by hand.

#[path = "interop/made_policies.rs"]
mod made_policies;
#[path = "interop/policies.rs"]
mod policies;
#[path = "interop/registry_policies.rs"]
mod registry_policies;
#[path = "interop/skopeo.rs"]
mod skopeo;
