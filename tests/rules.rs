// SPDX-License-Identifier: Apache-2.0
//! Rules of the source tree that no compiler checks: which module may do what, and whose code is linked.

#[path = "rules/attacks.rs"]
mod attacks;
#[path = "rules/documents.rs"]
mod documents;
#[path = "rules/floors.rs"]
mod floors;
#[path = "rules/imports.rs"]
mod imports;
#[path = "rules/licences.rs"]
mod licences;
#[path = "rules/limits.rs"]
mod limits;
#[path = "rules/modules.rs"]
mod modules;
#[path = "rules/nouns.rs"]
mod nouns;
#[path = "rules/programs.rs"]
mod programs;
#[path = "rules/public.rs"]
mod public;
#[path = "rules/shipped.rs"]
mod shipped;
#[path = "rules/types.rs"]
mod types;
#[path = "rules/variants.rs"]
mod variants;

pub(crate) use self::modules::files;
