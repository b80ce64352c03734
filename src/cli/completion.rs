// SPDX-License-Identifier: Apache-2.0
//! The options of `completion`, with its help texts.

use clap::{Args, ValueEnum};

/// A shell that completion scripts are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Calls for the end of the help text.
const EXAMPLES: &str = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  image-signature completion bash > ~/.local/share/bash-completion/completions/image-signature
  ln -sf image-signature ~/.local/share/bash-completion/completions/verify-image-signature

  # ~/.zshrc, before compinit: fpath+=(~/.local/share/zsh/site-functions)
  mkdir -p ~/.local/share/zsh/site-functions
  image-signature completion zsh > ~/.local/share/zsh/site-functions/_image-signature

  mkdir -p ~/.config/fish/completions
  image-signature completion fish > ~/.config/fish/completions/image-signature.fish
  ln -sf image-signature.fish ~/.config/fish/completions/verify-image-signature.fish";

/// Print a script that makes a shell complete the words of this program.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionCommand {
    /// The shell to write a script for
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}
