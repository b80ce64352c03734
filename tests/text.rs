// SPDX-License-Identifier: Apache-2.0
//! Text for people, as it stands on a terminal.

#[path = "text/commands.rs"]
mod commands;
#[path = "text/first_minute.rs"]
mod first_minute;
#[path = "text/golden.rs"]
mod golden;
#[path = "text/options.rs"]
mod options;
#[path = "text/progress.rs"]
mod progress;
#[path = "text/several.rs"]
mod several;
#[path = "text/system_errors.rs"]
mod system_errors;
