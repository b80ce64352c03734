// SPDX-License-Identifier: Apache-2.0
//! `policy`: what a policy says of an image, and what is wrong with it.

mod key_files;
mod keys;
mod lint;
mod lint_keys;
mod lint_machine;
mod lint_places;
mod load;
mod mirror_sets;
mod places;
mod test;
mod why;

use crate::openpgp::gnupg::home;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::settings::policy::Action;
use crate::settings::UsageError;

/// Says who may sign what.
///
/// # Errors
/// When a file cannot be read or breaks its format.
pub fn run(action: &Action, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    match action {
        Action::Why(settings) => {
            home::sweep(&settings.ground.places, settings.ground.uid);
            why::run(settings, console)
        }
        Action::Lint(settings) => {
            home::sweep(&settings.ground.places, settings.ground.uid);
            lint::run(settings, console)
        }
        Action::Test(settings) => {
            home::sweep(&settings.ground.places, settings.ground.uid);
            test::run(settings, console)
        }
    }
}
