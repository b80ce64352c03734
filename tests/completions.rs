// SPDX-License-Identifier: Apache-2.0
//! Completions, in real shells and through the helpers that oc and kubectl ask.

#[path = "completions/typed.rs"]
mod typed;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{binary, has, Outcome, Sandbox};
use crate::support::skipped;
use clap::CommandFactory;
use image_signature::cli::Cli;

/// A sandbox with the program on the PATH under its own name.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("bin")).unwrap();
    symlink(binary(), sandbox.path("bin/image-signature")).unwrap();
    sandbox
}

fn command(sandbox: &Sandbox, program: &Path) -> Command {
    let mut command = sandbox.command_of(program);
    command.env("PATH", format!("{}:/usr/bin:/bin", sandbox.path("bin").display()));
    command
}

fn script(sandbox: &Sandbox, shell: &str) -> PathBuf {
    let text = sandbox.run(["completion", shell]).expect(0).stdout;
    assert!(text.len() > 1000, "{text}");
    sandbox.file(&format!("script.{shell}"), text)
}

/// The subcommands and the long options of `verify`, by the clap tree.
fn expected() -> (Vec<String>, Vec<String>) {
    let mut tree = Cli::command();
    tree.build();
    let commands = tree.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let verify = tree.find_subcommand("verify").unwrap();
    let options = verify
        .get_arguments()
        .filter_map(|a| a.get_long().map(|long| format!("--{long}")))
        .collect();
    (commands, options)
}

#[track_caller]
fn assert_all(found: &str, expected: &[String]) {
    let words: Vec<&str> = found.lines().map(|line| line.split('\t').next().unwrap()).collect();
    for word in expected {
        assert!(words.contains(&word.as_str()), "{word} is not among {words:?}");
    }
}

/// The commands of the help text, one after the other, where none of the directories exists yet.
#[test]
fn the_commands_of_the_help_work_in_a_new_home() {
    let sandbox = sandbox();
    let help = sandbox.run(["completion", "--help"]).expect(0).stdout;
    let (_, examples) = help.split_once("\nExamples:\n").unwrap();
    let mut command = command(&sandbox, Path::new("/bin/bash"));
    command.args(["-ec", examples]);
    sandbox.finish(&mut command, b"").expect(0);
    for (shell, path) in [
        ("bash", ".local/share/bash-completion/completions/image-signature"),
        ("zsh", ".local/share/zsh/site-functions/_image-signature"),
        ("fish", ".config/fish/completions/image-signature.fish"),
    ] {
        let written = std::fs::read_to_string(sandbox.path("home").join(path)).unwrap();
        let printed = sandbox.run(["completion", shell]).expect(0).stdout;
        assert_eq!(written, printed, "{path}");
        // By this name the shell looks for a file of its own; zsh reads the names in the file.
        if shell != "zsh" {
            let own = path.replace("/image-signature", "/verify-image-signature");
            let written = std::fs::read_to_string(sandbox.path("home").join(&own)).unwrap();
            assert_eq!(written, printed, "{own}");
        }
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    if !has("bash") {
        return skipped("completion in bash", "bash is not installed");
    }
    let sandbox = sandbox();
    let script = script(&sandbox, "bash");
    let complete = |words: &str| -> String {
        let text = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             f=$(complete -p image-signature | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p'); compopt() {{ :; }}; \
             $f image-signature \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let mut bash = command(&sandbox, Path::new("/bin/bash"));
        bash.args(["-eu", "-c", &text]);
        sandbox.finish(&mut bash, b"").expect(0).stdout
    };
    let (commands, options) = expected();
    assert_all(&complete("image-signature ''"), &commands);
    assert_all(&complete("image-signature verify --"), &options);
    assert_eq!(complete("image-signature verify --trust-model ''"), "gpg\nalways\n");
    assert_eq!(complete("image-signature completion f"), "fish\n");
    // Commands of a command, and their own options.
    assert_eq!(complete("image-signature policy l"), "lint\n");
    assert_eq!(complete("image-signature policy why --mir"), "--mirrors\n");
    assert_eq!(complete("image-signature policy test -o j"), "json\njunit\n");
    // Commands beside images, a format before a file, lists with commas.
    assert_eq!(complete("image-signature audit m"), "merge\n");
    assert_eq!(complete("image-signature audit merge --fail-on g"), "gap\n");
    assert_eq!(complete("image-signature audit dir : x --mir"), "--mirrors\n");
    assert_eq!(complete("image-signature audit --report jso"), "json=\njsonl=\n");
    assert_eq!(complete("image-signature audit --report = ht"), "html=\n");
    assert_eq!(complete("image-signature audit --report = json = ht"), "\n");
    assert_eq!(
        complete("image-signature audit --fail-on rejected,un"),
        "rejected,unsupported\nrejected,unsigned\nrejected,unchecked\n"
    );
    assert_eq!(complete("image-signature audit --fail-on = gap,s"), "gap,stale\n");
}

#[test]
fn zsh_loads_the_script() {
    if !has("zsh") {
        return skipped("completion in zsh", "zsh is not installed");
    }
    let sandbox = sandbox();
    let script = script(&sandbox, "zsh");
    let directory = sandbox.path("functions");
    std::fs::create_dir(&directory).unwrap();
    std::fs::copy(&script, directory.join("_image-signature")).unwrap();
    // Candidates are printed instead of shown in a menu.
    let text = format!(
        "fpath=({} $fpath); autoload -Uz compinit; compinit -u -d {}/dump; \
         print -r -- $_comps[image-signature]; autoload +X -Uz _image-signature; \
         functions _image-signature | head -c 100",
        directory.display(),
        sandbox.root().display()
    );
    let mut zsh = command(&sandbox, Path::new("/usr/bin/zsh"));
    zsh.args(["-f", "-c", &text]);
    let outcome = sandbox.finish(&mut zsh, b"").expect(0);
    assert!(outcome.stdout.starts_with("_image-signature\n"), "{outcome:?}");
    assert!(outcome.words().contains("_image-signature () {"), "{outcome:?}");
    assert_eq!(outcome.stderr, "");
    let (commands, options) = expected();
    let text = std::fs::read_to_string(script).unwrap();
    for word in commands {
        assert!(text.contains(&format!("'{word}:")), "{word}");
    }
    for option in options {
        assert!(text.contains(&option), "{option}");
    }
}

#[test]
fn fish_completes_commands_options_and_values() {
    if !has("fish") {
        return skipped("completion in fish", "fish is not installed");
    }
    let sandbox = sandbox();
    let script = script(&sandbox, "fish");
    let complete = |line: &str| -> Outcome {
        let mut fish = command(&sandbox, Path::new("/usr/bin/fish"));
        fish.args(["--no-config", "-c"])
            .arg(format!("source {}; complete -C '{line}'", script.display()));
        sandbox.finish(&mut fish, b"").expect(0)
    };
    let (commands, options) = expected();
    assert_all(&complete("image-signature ").stdout, &commands);
    assert_all(&complete("image-signature verify --").stdout, &options);
    assert_all(
        &complete("image-signature verify --trust-model ").stdout,
        &["gpg".to_owned(), "always".to_owned()],
    );
    sandbox.file("one report", "");
    for (line, found) in [
        ("audit mer", &["merge"][..]),
        ("audit --report jso", &["json=", "jsonl="]),
        ("audit --report=ht", &["--report=html="]),
        ("audit --report json=one", &["json=one report"]),
        (
            "audit merge --fail-on rejected,uns",
            &["rejected,unsupported", "rejected,unsigned"],
        ),
        ("audit --fail-on=gap,st", &["--fail-on=gap,stale"]),
    ] {
        let outcome = complete(&format!("image-signature {line}"));
        let words: Vec<&str> = outcome
            .stdout
            .lines()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        for word in found {
            assert!(words.contains(word), "{line}: {outcome:?}");
        }
    }
}

/// The candidates, and the directive that ends them (docs/openshift-api.md 7).
fn ask(sandbox: &Sandbox, words: &[&str]) -> (Vec<String>, String) {
    let helper = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging/complete-image_signature");
    let mut command = command(sandbox, &helper);
    command.args(words);
    let outcome = sandbox.finish(&mut command, b"").expect(0);
    assert_eq!(outcome.stderr, "");
    let mut lines: Vec<String> = outcome.stdout.lines().map(str::to_owned).collect();
    let directive = lines.pop().unwrap();
    (lines, directive)
}

#[test]
fn the_helpers_of_oc_and_kubectl_speak_their_protocol() {
    if !has("bash") {
        return skipped("plugin completion", "bash is not installed");
    }
    let sandbox = sandbox();
    let (commands, options) = expected();
    for words in [&[][..], &[""]] {
        let (found, directive) = ask(&sandbox, words);
        assert_all(&found.join("\n"), &commands);
        assert_eq!(directive, ":4");
    }
    assert_all(&ask(&sandbox, &["verify", "--"]).0.join("\n"), &options);
    std::fs::create_dir_all(sandbox.path("my images/one")).unwrap();
    sandbox.file("script.sh", "");
    for (words, found, directive) in [
        (&["verify", "--conf"][..], &["--confirm"][..], ":4"),
        (&["keys", "-o", "js"], &["json"], ":4"),
        (&["keys", "-v=2", "--output=js"], &["json"], ":4"),
        (&["verify", "--insecure-skip-tls-verify=t"], &["true"], ":4"),
        (&["verify", "--identity-match", "matchE"], &["matchExact"], ":4"),
        (&["nonsense", "x"], &[], ":4"),
        (&["verify", "--public-key", "rel"], &[], ":0"),
        (&["verify", "--public-key=rel"], &[], ":0"),
        (&["inspect", ""], &[], ":0"),
        (&["verify", "--homedir", ""], &[], ":16"),
        (&["verify", "--signed-by", ""], &[], ":4"),
        (&["verify", ""], &[], ":4"),
        (&["audit", "m"], &["merge"], ":4"),
        (&["audit", "--report", "csv"], &["csv="], ":6"),
        (&["audit", "--report", "csv=my"], &["csv=my images/"], ":6"),
        (&["audit", "--report", "csv=script"], &["csv=script.sh"], ":4"),
        (&["audit", "--report=csv=script"], &[], ":6"),
        (&["help", "policy", "l"], &["lint"], ":4"),
        (&["audit", "--fail-on", "gap,st"], &["gap,stale"], ":4"),
        (&["verify", "dir:my"], &["dir:my images/"], ":6"),
        (
            &["verify", "--public-key", "a b.asc", "dir:my images/"],
            &["dir:my images/one/"],
            ":6",
        ),
    ] {
        let answer = ask(&sandbox, words);
        assert_eq!(
            (&answer.0[..], answer.1.as_str()),
            (
                &found.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..],
                directive
            ),
            "{words:?}"
        );
    }
}

#[test]
fn a_helper_without_the_program_fails() {
    let sandbox = Sandbox::new();
    let helper = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging/complete-image_signature");
    let mut command = sandbox.command_of(&helper);
    command.env("PATH", "/usr/bin:/bin");
    if Path::new("/usr/bin/image-signature").exists() {
        return skipped("a helper without the program", "image-signature is installed here");
    }
    let outcome = sandbox.finish(&mut command, b"").expect(1);
    assert!(outcome.stderr.contains("image-signature"), "{outcome:?}");
}

#[test]
fn an_unknown_shell_is_a_usage_error() {
    let sandbox = Sandbox::new();
    sandbox.run(["completion", "tcsh"]).expect_usage("tcsh");
    sandbox.run(["completion"]).expect_usage("SHELL");
}
