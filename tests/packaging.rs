// SPDX-License-Identifier: Apache-2.0
//! What distributions build from agrees with itself: versions, licences, lists of files, build requirements. Building,
//! installing and removing real packages is `make check-packages`.

#[path = "packaging/carried.rs"]
mod carried;
#[path = "packaging/contained.rs"]
mod contained;
#[path = "packaging/deployment.rs"]
mod deployment;
#[path = "packaging/files.rs"]
mod files;
#[path = "packaging/licences.rs"]
mod licences;
#[path = "packaging/outputs.rs"]
mod outputs;
#[path = "packaging/part.rs"]
mod part;
#[path = "packaging/program.rs"]
mod program;
#[path = "packaging/recipes.rs"]
mod recipes;
#[path = "packaging/scripts.rs"]
mod scripts;
