// SPDX-License-Identifier: Apache-2.0
//! The program: parse, logging, run, exit status. All else is in the library.

use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;
use image_signature::cli::{self, tilde, unknown, Cli};
use image_signature::files::cleanup;
use image_signature::processes;
use image_signature::report::console::{Console, Messages};
use image_signature::report::exit::Exit;
use image_signature::report::{output, terminal};
use image_signature::run;
use image_signature::settings::environment::Environment;
use image_signature::settings::image_name::image_name;
use image_signature::settings::logging;
use image_signature::text::io_message;

fn main() -> ExitCode {
    // First of all, while there is one thread: it changes this process's PATH.
    let environment = Environment::take(terminal::look());
    let args = cli::typed(std::env::args_os().collect());
    let cli = match Cli::try_parse_from(&args).and_then(|cli| tilde::refuse(&args).map(|()| cli)) {
        Ok(cli) => cli,
        Err(error) => {
            match unknown::message(&error, &args, &|word| {
                image_name(word).err().map(|error| error.to_string())
            }) {
                // Clap's own messages begin with the word.
                Some(message) => Console::new(&mut io::sink(), &mut io::stderr())
                    .on(environment.terminal)
                    .err
                    .error(message.strip_prefix("error: ").unwrap_or(&message)),
                // Help on a closed pipe is no failure.
                None => drop(error.print()),
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    let rust_log = std::env::var("RUST_LOG").ok();
    let is_seen = environment.terminal.stderr;
    logging::start(&cli.global.verbose, rust_log.as_deref(), is_seen, |line, message| {
        Messages::to(line).warning(message);
    });
    if let Err(error) = cleanup::on_signals() {
        log::warn!("installing signal handlers: {}", io_message(&error));
    }
    if let Err(error) = processes::adopt_orphans() {
        log::warn!("becoming the parent of orphans: {}", io_message(&error));
    }
    let (mut stdout, mut stderr) = (output::standard(), io::stderr());
    // A panic is a bug; it must not look like a verdict. What was to be removed is removed while unwinding.
    let run = catch_unwind(AssertUnwindSafe(|| {
        run::run(&cli, &environment, &mut *stdout, &mut stderr)
    }));
    run.unwrap_or(Exit::Trouble).into()
}
