// SPDX-License-Identifier: Apache-2.0
//! Completion as a person has it: keys pressed in a real shell on a terminal, and the arguments that the shell hands on.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::program::{binary, has, wait_until, Sandbox};
use crate::support::skipped;
use crate::support::terminal::Terminal;

/// What is typed, with `\t` for the key TAB, and the arguments that come of it.
const TYPED: &[(&str, &[&str])] = &[
    ("ver\t --explain", &["verify", "--explain"]),
    (
        "verify --public-key my\t x",
        &["verify", "--public-key", "my key.asc", "x"],
    ),
    (
        "verify --public-key=my\t x",
        &["verify", "--public-key=my key.asc", "x"],
    ),
    (
        "verify --public-key keys\tr\t x",
        &["verify", "--public-key", "keys dir/red hat.asc", "x"],
    ),
    ("verify -f my\\ k\t x", &["verify", "-f", "my key.asc", "x"]),
    (
        "verify --public-key my\t --homedir ke\t x",
        &["verify", "--public-key", "my key.asc", "--homedir", "keys dir", "x"],
    ),
    (
        "keys --homedir ke\t -o wi\t",
        &["keys", "--homedir", "keys dir", "-o", "wide"],
    ),
    (
        "keys -v=2 --trust-model a\t",
        &["keys", "-v=2", "--trust-model", "always"],
    ),
    (
        "verify --identity-match matchE\t x",
        &["verify", "--identity-match", "matchExact", "x"],
    ),
    (
        "verify -v --trust\t a\t x",
        &["verify", "-v", "--trust-model", "always", "x"],
    ),
    ("verify my\t x", &["verify", "my", "x"]),
    ("verify --signed-by my\t x", &["verify", "--signed-by", "my", "x"]),
    ("verify dir:ke\t", &["verify", "dir:keys dir"]),
    ("inspect my\t", &["inspect", "my key.asc"]),
    ("completion z\t", &["completion", "zsh"]),
    ("audit me\t x", &["audit", "merge", "x"]),
    (
        "audit merge --fail-on ga\t x",
        &["audit", "merge", "--fail-on", "gap", "x"],
    ),
    (
        "audit docker://a --mir\t --report csv\tmy\t x",
        &["audit", "docker://a", "--mirrors", "--report", "csv=my key.asc", "x"],
    ),
    (
        "audit --fail-on gap,reje\t x",
        &["audit", "--fail-on", "gap,rejected", "x"],
    ),
    ("audit dir:ke\t", &["audit", "dir:keys dir"]),
    ("help ve\t", &["help", "verify"]),
    ("help policy li\t", &["help", "policy", "lint"]),
    ("help verify au\t", &["help", "verify", "au"]),
    ("policy help li\t", &["policy", "help", "lint"]),
    // A word of a list is not offered twice.
    ("audit --fail-on gap,ga\t x", &["audit", "--fail-on", "gap,ga", "x"]),
    (
        "audit x --report csv=ke\tr\t y",
        &["audit", "x", "--report", "csv=keys dir/red hat.asc", "y"],
    ),
    // Options behind an image or a file.
    (
        "verify x --pub\t my\t y",
        &["verify", "x", "--public-key", "my key.asc", "y"],
    ),
    ("verify x -o js\t", &["verify", "x", "-o", "json"]),
    ("remove x --conf\t", &["remove", "x", "--confirm"]),
    ("describe x -f my\t", &["describe", "x", "-f", "my key.asc"]),
    ("inspect my\t --auth\t x", &["inspect", "my key.asc", "--authfile", "x"]),
    (
        "policy lint my\t -o js\t",
        &["policy", "lint", "my key.asc", "-o", "json"],
    ),
    (
        "policy why x my\t -o js\t",
        &["policy", "why", "x", "my key.asc", "-o", "json"],
    ),
    (
        "audit merge a --fail-on ga\t x",
        &["audit", "merge", "a", "--fail-on", "gap", "x"],
    ),
    // In the word of a short option.
    ("verify -fmy\t x", &["verify", "-fmy key.asc", "x"]),
    ("verify -fke\tr\t x", &["verify", "-fkeys dir/red hat.asc", "x"]),
    ("keys -owi\t", &["keys", "-owide"]),
    // A word beside what nobody can know.
    (
        "verify --registry-url a\t x",
        &["verify", "--registry-url", "auto", "x"],
    ),
    ("audit --shard a\t4 x", &["audit", "--shard", "auto/4", "x"]),
];

/// A sandbox with files to complete, the scripts, and programs that write down what they are called with.
struct Scene {
    sandbox: Sandbox,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        for name in ["my key.asc", "keys dir/red hat.asc", "keys dir/inner/version"] {
            sandbox.file(name, "");
        }
        let noting = format!(
            "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >'{0}/part' && mv '{0}/part' '{0}/words'\n",
            sandbox.path("noted").display()
        );
        std::fs::create_dir(sandbox.path("noted")).unwrap();
        for name in ["image-signature", "verify-image-signature", "kubectl-image_signature"] {
            sandbox.program(&format!("bin/{name}"), &noting);
        }
        for shell in ["bash", "zsh", "fish"] {
            let script = sandbox.run(["completion", shell]).expect(0).stdout;
            sandbox.file(&format!("{shell}/_image-signature"), script);
        }
        Self { sandbox }
    }

    /// The prompt that the shells show here.
    const PROMPT: &'static str = "what now? ";

    fn shell(&self, shell: &str, more: &str) -> Terminal {
        let mut command = self.sandbox.command_of(Path::new(shell));
        let bin = self.sandbox.path("bin");
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        command.env("TERM", "dumb").env("PS1", Self::PROMPT);
        let script = self.sandbox.path(&format!("{shell}/_image-signature"));
        let script = script.display();
        match shell {
            "bash" => {
                let start = format!(
                    "{more}\nsource '{script}'\nPS1='{}'\nbind 'set bell-style none'\n",
                    Self::PROMPT
                );
                let start = self.sandbox.file("start.bash", start);
                command.arg("--rcfile").arg(start).arg("-i");
            }
            "zsh" => {
                let functions = self.sandbox.path("zsh");
                let start = format!(
                    "fpath=('{}' $fpath); autoload -Uz compinit; compinit -u -d '{}'\nPS1='{}'\nsetopt no_beep\n{more}\n",
                    functions.display(),
                    self.sandbox.path("dump").display(),
                    Self::PROMPT
                );
                self.sandbox.file("dot/.zshrc", start);
                command.env("ZDOTDIR", self.sandbox.path("dot")).args(["-d", "-i"]);
            }
            _ => {
                command.args(["--no-config", "--init-command"]);
                command.arg(format!(
                    "{more}\nsource '{script}'; function fish_prompt; echo -n '{}'; end; set -g fish_greeting; \
                     set -g fish_autosuggestion_enabled 0",
                    Self::PROMPT
                ));
            }
        }
        Terminal::run(&command, 200)
    }

    /// Types lines into a shell one after the other.
    fn type_all(&self, shell: &str, more: &str, program: &str, lines: &[(&str, &[&str])]) {
        let mut terminal = self.shell(shell, more);
        let mut seen = terminal.wait_for(Scene::PROMPT, 0);
        for (line, expected) in lines {
            let noted = self.sandbox.path("noted/words");
            let _ = std::fs::remove_file(&noted);
            // As a person does: what comes after a completion is typed once it is there.
            for piece in format!("{program} {line}\r").split_inclusive('\t') {
                terminal.press(piece);
                if piece.ends_with('\t') {
                    terminal.pause();
                }
            }
            seen = terminal.wait_for(Scene::PROMPT, seen);
            wait_until(&format!("{shell} has run {line:?}: {:?}", terminal.shown), || {
                noted.exists()
            });
            let words = std::fs::read_to_string(&noted).unwrap();
            // Some shells take the slash after a directory away again.
            let words: Vec<&str> = words.lines().map(|word| word.trim_end_matches('/')).collect();
            assert_eq!(words, *expected, "{shell}: {program} {line:?}: {:?}", terminal.shown);
        }
        terminal.press("exit\r");
        let (_, shown) = terminal.end();
        // Errors of the script name its functions.
        assert!(!shown.contains("_image"), "{shown}");
    }
}

fn types_in(shell: &str) {
    if !has(shell) || !has("setsid") {
        return skipped(
            &format!("completion typed in {shell}"),
            &format!("{shell} is not installed"),
        );
    }
    let scene = Scene::new();
    scene.type_all(shell, "", "image-signature", TYPED);
    // Quotes are left open behind a directory.
    let quoted = [
        ("verify \"dir:keys d\t\"", &["verify", "dir:keys dir"][..]),
        ("verify 'dir:keys\tin\t'", &["verify", "dir:keys dir/inner"]),
    ];
    scene.type_all(shell, "", "image-signature", &quoted);
    if shell == "zsh" {
        // The second TAB takes the first candidate.
        let first = [
            (
                "audit --report \t\tmy\t x",
                &["audit", "--report", "csv=my key.asc", "x"][..],
            ),
            ("audit --report=\t\tmy\t x", &["audit", "--report=csv=my key.asc", "x"]),
            (
                "audit merge --report \t\tmy\t x",
                &["audit", "merge", "--report", "csv=my key.asc", "x"],
            ),
        ];
        scene.type_all(shell, "", "image-signature", &first);
    }
    // A file is no image.
    let file = [("verify dir:my\t x", &["verify", "dir:my", "x"][..])];
    scene.type_all(shell, "", "image-signature", &file);
    let as_verify = [
        (
            "--public-key my\t --expl\t x",
            &["--public-key", "my key.asc", "--explain", "x"][..],
        ),
        ("--trust-model a\t x", &["--trust-model", "always", "x"]),
        ("x --public-key my\t", &["x", "--public-key", "my key.asc"]),
    ];
    scene.type_all(shell, "", "verify-image-signature", &as_verify);
}

#[test]
fn typed_in_bash() {
    types_in("bash");
}

#[test]
fn typed_in_zsh() {
    types_in("zsh");
}

#[test]
fn typed_in_fish() {
    types_in("fish");
}

/// As `kubectl image-signature` and `oc image-signature`, through kubectl's own script for a shell and the
/// helpers that they ask.
fn types_as_a_plugin_in(shell: &str) {
    let test = format!("completion of the plugins in {shell}");
    let library = "/usr/share/bash-completion/bash_completion";
    if !has("kubectl") || !has(shell) || !has("setsid") {
        return skipped(&test, &format!("kubectl or {shell} is not installed"));
    }
    if shell == "bash" && !Path::new(library).exists() {
        return skipped(&test, "bash-completion is not installed");
    }
    let scene = Scene::new();
    let bin = |name: &str| scene.sandbox.path(&format!("bin/{name}"));
    // The helpers ask the real program.
    std::fs::remove_file(bin("image-signature")).unwrap();
    symlink(binary(), bin("image-signature")).unwrap();
    let helper = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging/complete-image_signature");
    symlink(&helper, bin("kubectl_complete-image_signature")).unwrap();
    symlink(&helper, bin("oc_complete-image_signature")).unwrap();
    std::fs::copy(bin("kubectl-image_signature"), bin("oc-image_signature")).unwrap();
    // Debian has no oc: this one does with the plugin what kubectl does, under its own names, and has kubectl's script.
    let oc = "#!/bin/sh\ncase $1 in\n__complete) shift 2; exec oc_complete-image_signature \"$@\" ;;\n\
              image-signature) shift; exec oc-image_signature \"$@\" ;;\nesac\n";
    scene.sandbox.program("bin/oc", oc);
    let mut script = scene.sandbox.command_of(Path::new("kubectl"));
    let script = scene.sandbox.finish(script.args(["completion", shell]), b"").expect(0);
    let script = scene.sandbox.file(
        "plugins",
        script.stdout.clone() + "\n" + &script.stdout.replace("kubectl", "oc"),
    );
    let mut more = format!("source '{}'", script.display());
    if shell == "bash" {
        more = format!("source {library}\n{more}");
    }
    let lines = [
        ("ver\t --explain", &["verify", "--explain"][..]),
        (
            "verify --public-key my\t x",
            &["verify", "--public-key", "my key.asc", "x"],
        ),
        (
            "keys --homedir ke\t -o wi\t",
            &["keys", "--homedir", "keys dir", "-o", "wide"],
        ),
        (
            "verify --trust-model a\t x",
            &["verify", "--trust-model", "always", "x"],
        ),
        ("audit me\t x", &["audit", "merge", "x"]),
        ("help policy li\t", &["help", "policy", "lint"]),
        ("audit --report csv=one\t x", &["audit", "--report", "csv=one.csv", "x"]),
    ];
    scene.sandbox.file("one.csv", "");
    for program in ["kubectl image-signature", "oc image-signature"] {
        scene.type_all(shell, &more, program, &lines);
    }
}

#[test]
fn typed_as_a_plugin_in_bash() {
    types_as_a_plugin_in("bash");
}

#[test]
fn typed_as_a_plugin_in_zsh() {
    types_as_a_plugin_in("zsh");
}

#[test]
fn typed_as_a_plugin_in_fish() {
    types_as_a_plugin_in("fish");
}
