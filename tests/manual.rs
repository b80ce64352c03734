// SPDX-License-Identifier: Apache-2.0
//! Man pages say what the program does: their options are those of the clap tree, their examples run.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::api::{HttpProxy, Rule};
use crate::support::cluster::Scene;
use crate::support::hub::Hub;
use crate::support::manual::rendered;
use crate::support::program::{binary, has};
use crate::support::skipped;
use clap::CommandFactory;
use image_signature::cli::Cli;
use serde_json::json;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("man").join(format!("{name}.1"))).unwrap()
}

/// The clap tree with what is inherited put in place.
fn tree() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Each page with the command that it describes.
fn pages() -> Vec<(String, clap::Command)> {
    let main = tree();
    let mut pages: Vec<(String, clap::Command)> = main
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .map(|command| (format!("image-signature-{}", command.get_name()), command.clone()))
        .collect();
    pages.push(("image-signature".to_owned(), main));
    pages
}

/// The commands of a command that has some of its own, which are described in its page.
fn inner(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    let has_page = ["audit", "policy"].contains(&command.get_name());
    command
        .get_subcommands()
        .filter(move |inner| has_page && inner.get_name() != "help")
}

/// The names of all options, aliases included: `-f`, `--filename`.
fn options(command: &clap::Command) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let all = command
        .get_arguments()
        .chain(inner(command).flat_map(clap::Command::get_arguments));
    for argument in all.filter(|argument| !argument.is_positional()) {
        names.extend(argument.get_short().map(|short| format!("-{short}")));
        names.extend(argument.get_long().map(|long| format!("--{long}")));
        let aliases = argument.get_all_aliases().unwrap_or_default();
        names.extend(aliases.into_iter().map(|alias| format!("--{alias}")));
    }
    names
}

/// The options that a page documents: those in its `.It Fl` lines.
fn documented(page: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix(".It Fl ")) {
        for part in format!("Fl {line}").split(" , ") {
            let words: Vec<&str> = part.split(' ').collect();
            names.insert(match words.as_slice() {
                ["Fl", "Fl", long, ..] => format!("--{long}"),
                ["Fl", short, ..] => format!("-{short}"),
                other => panic!("{other:?} in {line}"),
            });
        }
    }
    names
}

/// The text of a section.
fn section<'p>(page: &'p str, title: &str) -> &'p str {
    let begin = format!(".Sh {title}\n");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no section {title}"));
    rest.split("\n.Sh ").next().unwrap()
}

#[test]
fn each_option_is_in_its_page_and_no_other() {
    for (name, command) in pages() {
        let (has, should) = (documented(&page(&name)), options(&command));
        assert!(should.len() > 1, "{name}");
        let missing: Vec<_> = should.difference(&has).collect();
        let invented: Vec<_> = has.difference(&should).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{name}: missing {missing:?}, invented {invented:?}"
        );
    }
}

/// The words in `.Cm` of a text.
fn literal_words(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(".Cm "));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

/// The part of a page that documents an option.
fn item<'p>(page: &'p str, long: &str) -> &'p str {
    let is_it = |item: &&str| {
        let head = item.lines().next().unwrap_or_default();
        head.starts_with("Fl ")
            && head
                .split(" , ")
                .any(|part| part.trim_start_matches("Fl ").split(' ').next() == Some(long))
    };
    let mut items = page.split("\n.It ").skip(1);
    let item = items.find(is_it).unwrap_or_else(|| panic!("{long} is not there"));
    item.split("\n.El").next().unwrap()
}

#[test]
fn each_value_of_an_option_is_in_its_page_and_no_other() {
    let of = |argument: &clap::Arg| -> BTreeSet<String> {
        let takes_words = argument.get_action().takes_values();
        let values = argument.get_possible_values().into_iter().filter(|_| takes_words);
        let values: BTreeSet<String> = values.map(|value| value.get_name().to_owned()).collect();
        // Switches that may be given a truth value are documented as switches.
        if values.contains("true") {
            return BTreeSet::new();
        }
        values
    };
    let pages = pages();
    let arguments = || {
        let all = pages
            .iter()
            .flat_map(|(_, command)| std::iter::once(command).chain(inner(command)));
        all.flat_map(clap::Command::get_arguments)
    };
    let all: BTreeSet<String> = arguments().flat_map(of).collect();
    let mut checked = 0;
    for (name, command) in &pages {
        let page = page(name);
        let inner = inner(command).flat_map(clap::Command::get_arguments);
        for argument in command.get_arguments().chain(inner) {
            let values = of(argument);
            if values.is_empty() {
                continue;
            }
            checked += 1;
            let text = match argument.get_long() {
                Some(long) => item(&page, long),
                None => section(&page, "DESCRIPTION"),
            };
            let words = literal_words(text);
            for value in &values {
                assert!(
                    words.contains(value.as_str()),
                    "{name}: {}: {value} is missing",
                    argument.get_id()
                );
            }
            // On a page of several commands one of them may have more values.
            let inner = self::inner(command).flat_map(clap::Command::get_arguments);
            let same = command.get_arguments().chain(inner);
            let allowed: BTreeSet<String> = same
                .filter(|other| other.get_long() == argument.get_long())
                .flat_map(of)
                .collect();
            let strangers: Vec<_> = words
                .iter()
                .filter(|word| all.contains(**word) && !allowed.contains(**word))
                .collect();
            assert!(
                strangers.is_empty(),
                "{name}: {}: {strangers:?} are not its values",
                argument.get_id()
            );
        }
    }
    assert!(checked > 8, "{checked}");
}

#[test]
fn there_is_a_page_for_each_command_and_none_more() {
    let mut expected: Vec<String> = pages().into_iter().map(|(name, _)| format!("{name}.1")).collect();
    expected.push("image-signature-output.5".to_owned());
    expected.sort();
    let mut found: Vec<String> = std::fs::read_dir(root().join("man"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, expected);
    for command in tree().get_subcommands() {
        assert!(page("image-signature").contains(&format!(".It Cm {}\n", command.get_name())));
    }
}

#[test]
fn sections_are_those_that_people_look_for() {
    for (name, _) in pages() {
        let text = page(&name);
        for title in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "ENVIRONMENT",
            "FILES",
            "EXIT STATUS",
            "EXAMPLES",
            "SEE ALSO",
            "SECURITY CONSIDERATIONS",
        ] {
            assert!(section(&text, title).len() > 20, "{name}: {title}");
        }
    }
    for name in ["image-signature", "image-signature-verify"] {
        let text = page(name);
        assert!(section(&text, "STANDARDS").contains("containers-signature 5"));
        assert!(section(&text, "DESCRIPTION").contains(".Em trusted ,\nwhen at least one signature"));
        assert!(section(&text, "VERDICTS").len() > 100);
    }
}

/// What a page refers to is in its SEE ALSO; the first page has all pages, and each page has the first.
#[test]
fn see_also_has_every_page_that_is_named() {
    let references = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(".Xr "));
        lines
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect()
    };
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let own = file.replace('.', " ");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut named = references(&text);
        named.insert("image-signature 1".to_owned());
        named.remove(&own);
        assert_eq!(references(section(&text, "SEE ALSO")), named, "{file}");
        all.insert(own);
    }
    let also = references(section(&page("image-signature"), "SEE ALSO"));
    all.remove("image-signature 1");
    assert!(all.len() > 8 && also.is_superset(&all), "{also:?}");
    let also = references(section(&page("image-signature-verify"), "SEE ALSO"));
    for command in ["audit", "inspect", "policy"] {
        assert!(also.contains(&format!("image-signature-{command} 1")), "{also:?}");
    }
}

#[test]
fn exit_statuses_are_those_of_the_program() {
    let statuses = |name: &str| -> Vec<String> {
        section(&page(name), "EXIT STATUS")
            .lines()
            .filter_map(|line| line.strip_prefix(".It ").map(str::to_owned))
            .collect()
    };
    for name in ["image-signature", "image-signature-verify"] {
        assert_eq!(statuses(name), ["0", "1", "2", "3", "130"]);
    }
    assert_eq!(statuses("image-signature-policy"), ["0", "1", "2", "3", "130"]);
    for command in ["remove", "describe", "inspect", "keys"] {
        assert_eq!(statuses(&format!("image-signature-{command}")), ["0", "2", "3", "130"]);
    }
}

#[test]
fn every_reason_is_explained() {
    let text = page("image-signature");
    let verdicts = section(&text, "VERDICTS");
    let source = std::fs::read_to_string(root().join("src/reason.rs")).unwrap();
    let words: Vec<&str> = source
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("Reason::")?
                .split_once(" => \"")?
                .1
                .strip_suffix("\",")
        })
        .collect();
    assert!(words.len() > 25, "{words:?}");
    for word in words.into_iter().filter(|word| *word != "Verified") {
        assert!(verdicts.contains(&format!("Li {word}")), "{word}");
    }
}

/// The page has each code with its usual severity and an example, and no other.
#[test]
fn every_finding_is_explained() {
    use image_signature::policy::finding::Code;
    let text = page("image-signature-policy");
    let mut found: Vec<(&str, &str, usize)> = Vec::new();
    for line in section(&text, "DESCRIPTION").lines() {
        if let Some((code, severity)) = line.strip_prefix(".It Li ").and_then(|rest| rest.split_once(" Pq ")) {
            found.push((code, severity.split(';').next().unwrap(), 0));
        } else if line == ".Bd -literal -offset indent -compact" {
            found.last_mut().unwrap().2 += 1;
        }
    }
    let expected: Vec<(&str, &str, usize)> = Code::ALL
        .iter()
        .map(|code| (code.word(), code.severity().word(), 1))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn pages_have_one_date_that_is_not_before_the_newest_release() {
    let dates: BTreeSet<String> = pages()
        .iter()
        .map(|(name, _)| {
            let text = page(name);
            let line = text.lines().find_map(|line| line.strip_prefix(".Dd ")).unwrap();
            let date = jiff::fmt::strtime::parse("%B %d, %Y", line).unwrap().to_date().unwrap();
            date.to_string()
        })
        .collect();
    assert_eq!(dates.len(), 1, "{dates:?}");
    let changes = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let released = changes
        .lines()
        .filter_map(|line| {
            line.strip_prefix("## [")?
                .split_once("] - ")
                .map(|(_, date)| date.trim())
        })
        .max();
    if let Some(released) = released {
        assert!(
            dates.iter().all(|date| date.as_str() >= released),
            "{dates:?} {released}"
        );
    }
}

#[test]
fn mandoc_has_nothing_to_say() {
    if !has("mandoc") {
        return skipped("mandoc -Tlint", "mandoc is not installed");
    }
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        let output = Command::new("mandoc")
            .args(["-Tlint", "-Wwarning"])
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{name}");
        assert!(output.status.success(), "{name}");
    }
}

/// In a line with a macro a quote holds words together and is not printed.
#[test]
fn no_quote_of_a_page_is_lost() {
    let mut quotes = 0;
    for entry in std::fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(".\\\"")).collect();
        for line in &lines {
            assert!(!(line.starts_with('.') && line.contains('"')), "{file}: {line}");
        }
        let written = lines.join("\n").replace("\\(dq", "\"").matches('"').count();
        let Some(rendered) = rendered(file) else {
            skipped("quotes in manual pages", "mandoc is not installed");
            continue;
        };
        assert_eq!(rendered.matches('"').count(), written, "{file}");
        quotes += written;
    }
    assert!(quotes > 100 || !has("mandoc"), "{quotes}");
}

/// The policy that a page shows whole, with its keys in another directory.
fn whole_policy(page: &str, keys: &Path) -> String {
    let displays = section(page, "EXAMPLES").split(".Bd -literal -offset indent\n").skip(1);
    let mut texts = displays.map(|rest| rest.split(".Ed\n").next().unwrap());
    let text = texts.find(|text| text.starts_with('{')).unwrap();
    moved(text, keys)
}

/// A policy of the documents with its keys in another directory.
fn moved(policy: &str, keys: &Path) -> String {
    let parsed: serde_json::Value = serde_json::from_str(policy).unwrap();
    assert_eq!(parsed["default"], json!([{"type": "reject"}]));
    assert_eq!(policy.matches("/etc/pki/containers/").count(), 2, "{policy}");
    policy.replace("/etc/pki/containers", keys.to_str().unwrap().trim_end_matches('/'))
}

/// The commands of a page's examples with the exit status that the page promises. A file that is shown begins with a brace.
fn examples(page: &str) -> Vec<(String, i32)> {
    let mut found: Vec<(String, i32)> = Vec::new();
    let (mut status, mut literal, mut continued, mut is_file) = (0, false, false, false);
    for line in section(page, "EXAMPLES").lines() {
        match line {
            _ if line.starts_with(".Bd -literal") => literal = true,
            ".Ed" => (literal, status, is_file) = (false, 0, false),
            "{" => is_file = true,
            _ if is_file => {}
            _ if !literal => {
                if let Some((_, rest)) = line.split_once("(exit status ") {
                    status = rest.split(')').next().unwrap().parse().unwrap();
                }
            }
            _ => {
                let (text, more) = match line.strip_suffix("\\e") {
                    Some(text) => (text, true),
                    None => (line, false),
                };
                match text.strip_prefix("$ ") {
                    Some(command) => found.push((command.to_owned(), status)),
                    None if continued => found.last_mut().unwrap().0.push_str(text.trim_start()),
                    None => panic!("neither a command nor its continuation: {line}"),
                }
                continued = more;
            }
        }
    }
    found
}

#[test]
fn examples_run_as_the_pages_say() {
    let scene = Scene::new();
    let example = root().join("tests/data/example");
    for name in ["image.json", "release-key.asc"] {
        std::fs::copy(example.join(name), scene.sandbox.path(name)).unwrap();
    }
    symlink(example.join("image"), scene.sandbox.path("image")).unwrap();
    let cosign = crate::support::cosign::Cosign::new();
    let manifest = std::fs::read(example.join("image/manifest.json")).unwrap();
    let digest = image_signature::digest::Digest::of_manifest(&manifest).unwrap();
    let identity = crate::support::desk::IDENTITY;
    scene.sandbox.file("cosign.pub", cosign.pem());
    scene.sandbox.file("sigstore-image/manifest.json", &manifest);
    scene
        .sandbox
        .file("sigstore-image/signature-1", cosign.file(digest.as_str(), identity));
    for name in ["registries.conf", "expected.yaml"] {
        std::fs::copy(example.join(name), scene.sandbox.path(name)).unwrap();
    }
    let policy = whole_policy(&page("image-signature-policy"), &scene.sandbox.path(""));
    scene.sandbox.file("policy.json", policy);
    let object: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example.join("image.json")).unwrap()).unwrap();
    let digest = object["metadata"]["name"].as_str().unwrap().to_owned();
    scene.server.image(object);
    let stream = json!({
        "spec": {"lookupPolicy": {"local": false}},
        "status": {"tags": [{"tag": "v1", "items": [
            {"created": "2026-01-01T00:00:00Z", "dockerImageReference": format!("r/a@{digest}"), "image": digest, "generation": 1},
        ]}]},
    });
    scene.server.stream("foo", "bar", stream);
    scene.server.grant("alice", &["get"], "imagestreamtags");
    for (group, resources) in [
        (
            "config.openshift.io",
            &["images", "imagedigestmirrorsets", "imagetagmirrorsets"][..],
        ),
        ("operator.openshift.io", &["imagecontentsourcepolicies"]),
    ] {
        for resource in resources {
            let rule = Rule::new("alice", &["get", "list"], "images");
            scene.server.allow(rule.api_group(group, resource));
        }
    }
    for resource in ["clusterimagepolicies", "imagepolicies"] {
        scene.server.grant("alice", &["list"], resource);
    }
    let bin = scene.sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    symlink(binary(), bin.join("image-signature")).unwrap();
    // The user's own keyring has the key, uncertified.
    let home = scene.sandbox.path("home/.gnupg");
    std::fs::create_dir(&home).unwrap();
    let imported = scene
        .sandbox
        .command_of(Path::new("/usr/bin/gpg"))
        .args(["--batch", "-q", "--no-autostart", "--homedir"])
        .arg(&home)
        .arg("--import")
        .arg(example.join("release-key.asc"))
        .output()
        .unwrap();
    assert!(imported.status.success(), "{imported:?}");

    let (registry, proxy) = (Hub::tls(), HttpProxy::start());
    proxy.route("registry.local:5000", registry.address());
    let file = |name: &str| std::fs::read(example.join("image").join(name)).unwrap();
    registry.store(|store| {
        store.has_extension = true;
        let repository = store.repository("foo/bar");
        let digest = repository.push(
            "v1",
            "application/vnd.oci.image.manifest.v1+json",
            &file("manifest.json"),
        );
        repository.sign(&digest, "one", &file("signature-1"));
    });
    scene.sandbox.file(
        "home/.config/containers/certs.d/registry.local:5000/ca.crt",
        registry.ca_pem(),
    );

    let mut ran = 0;
    for (name, _) in pages() {
        let text = page(&name);
        let examples = examples(&text);
        assert!(!examples.is_empty(), "{name}");
        for (example, status) in examples {
            let mut command = scene.sandbox.command_of(Path::new("/bin/bash"));
            command
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
                .env("HTTPS_PROXY", proxy.url())
                .args(["-c", &example]);
            let outcome = scene.finish(&mut command);
            assert_eq!(outcome.status, status, "{name}: {example}: {outcome:#?}");
            ran += 1;
        }
    }
    let documents = std::fs::read_to_string(root().join("man/image-signature-output.5")).unwrap();
    for (example, status) in examples(&documents) {
        let mut command = scene.sandbox.command_of(Path::new("/bin/bash"));
        command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .args(["-c", &example]);
        let outcome = scene.finish(&mut command).expect(status);
        assert_eq!(outcome.json()["kind"], "VerificationList");
        ran += 1;
    }
    println!("{ran} examples ran");
    // The examples of removal have removed what those of recording recorded.
    let left = std::fs::read_to_string(scene.sandbox.path("image.json")).unwrap();
    assert!(!left.contains("conditions"), "{left}");
}

/// The schema names every reason and every kind of document, and the page names the kinds.
#[test]
fn the_schema_of_documents_is_complete() {
    let schema = crate::support::schema::schema();
    let text = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let words = |source: &str, begin: &str| -> Vec<String> {
        let lines = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix(begin)?.split_once(" => \""));
        lines.map(|(_, word)| word.trim_end_matches("\",").to_owned()).collect()
    };
    let source = text("src/reason.rs");
    for (begin, name) in [("Reason::", "reason"), ("Verdict::", "verdict")] {
        let words = words(&source, begin);
        assert!(words.len() > 5);
        assert_eq!(schema["$defs"][name]["enum"], json!(words), "{name}");
    }
    let page = text("man/image-signature-output.5");
    let mut kinds: Vec<String> = Vec::new();
    let reports = ["src/report", "src/report/audit"].map(|folder| std::fs::read_dir(root().join(folder)).unwrap());
    for entry in reports.into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(path).unwrap();
        let found = source.split("\"kind\": \"").skip(1);
        kinds.extend(found.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    // Those of parts of documents begin with a small letter.
    kinds.retain(|kind| kind.starts_with(char::is_uppercase));
    kinds.sort();
    kinds.dedup();
    assert!(kinds.len() >= 5, "{kinds:?}");
    let alternatives = schema["oneOf"].as_array().unwrap();
    assert_eq!(alternatives.len(), kinds.len());
    for kind in kinds {
        let reference = json!({"$ref": format!("#/$defs/{kind}")});
        assert!(alternatives.contains(&reference), "{kind}");
        assert!(page.contains(&format!(".It Li {kind}\n")), "{kind}");
    }
}

#[test]
fn changed_objects_go_back_by_replace() {
    for name in ["image-signature-verify", "image-signature-remove"] {
        let page = page(name);
        assert!(page.contains("oc replace -f FILE"), "{name}");
        assert!(
            page.contains("does not work with objects that have signatures"),
            "{name}"
        );
    }
}

/// Commands in the README that show their output, with that output.
#[test]
fn the_readme_shows_what_the_program_prints() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut shown: Vec<(&str, String)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(line) if line.starts_with("$ ") => {
                shown.push((&line[2..], String::new()));
                is_open = true;
            }
            Some(line) if is_open => {
                let (_, output) = shown.last_mut().unwrap();
                output.push_str(line);
                output.push('\n');
            }
            _ => is_open = false,
        }
    }
    assert!(shown.len() > 1, "{shown:?}");
    let sandbox = crate::support::program::Sandbox::new();
    for name in ["image.json", "release-key.asc", "policy.json", "registries.conf"] {
        std::fs::copy(root().join("tests/data/example").join(name), sandbox.path(name)).unwrap();
    }
    sandbox.file("cosign.pub", crate::support::cosign::Cosign::new().pem());
    for (command, output) in shown {
        if let Some(file) = command.strip_prefix("cat ") {
            sandbox.file(file, moved(&output, &sandbox.path("")));
            continue;
        }
        let words = command.strip_prefix("image-signature ").unwrap().split(' ');
        let outcome = sandbox.run(words);
        assert_eq!(outcome.stdout, output, "{command}");
    }
}
