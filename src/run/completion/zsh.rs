// SPDX-License-Identifier: Apache-2.0
//! The script for zsh: that of clap, with what it cannot know.

use clap::Command;
use clap_complete::shells::Zsh;

use super::words::{names, value_name, PLUGINS, VERIFY};

/// IMAGE: of all that it can be, only a directory can be looked up. Where an option is typed, saying so would keep zsh
/// from inserting the one that fits.
const IMAGES: &str = "
_image-signature_images() {
    if compset -P 'dir:'; then _files -/; elif [[ $PREFIX != -* ]]; then _message -e images 'image'; fi
}
";

/// `verify-image-signature` is completed as `image-signature verify`.
const AS_VERIFY: &str = "
    if [[ $service == verify-image-signature ]]; then
        words=(image-signature verify \"${(@)words[2,-1]}\")
        (( CURRENT += 1 ))
    fi
";

pub(super) fn script(mut command: Command) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(Zsh, &mut command, name.clone(), &mut script);
    let script = String::from_utf8_lossy(&script);
    let mut out = format!("#compdef {name} {VERIFY} {}\n", PLUGINS.join(" "));
    for line in script.lines().skip(1) {
        out += &edited(line, &command);
        out.push('\n');
        if line == format!("_{name}() {{") {
            out += AS_VERIFY;
        }
        if line.starts_with("autoload") {
            out += IMAGES;
        }
    }
    out
}

/// Options whose value may be left out have it in the same word only.
fn edited(line: &str, command: &Command) -> String {
    let mut line = line.to_owned();
    for arg in command.get_subcommands().flat_map(Command::get_arguments) {
        if arg.is_require_equals_set() {
            for name in names(arg) {
                line = line
                    .replace(&format!("{name}=["), &format!("{name}=-["))
                    .replace(&format!("{name}+["), &format!("{name}-["));
            }
        }
        if arg.is_positional() && value_name(arg) == "IMAGE" {
            if let Some(start) = line
                .strip_suffix(":' \\")
                .filter(|_| line.starts_with(&format!("'*::{} -- ", arg.get_id())))
            {
                line = format!("{start}:_image-signature_images' \\");
            }
        }
    }
    line
}
