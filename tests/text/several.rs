// SPDX-License-Identifier: Apache-2.0
//! Properties of text output that hold whatever the images are.

use std::process::Command;

use super::golden;
use crate::support::desk::{Desk, IDENTITY, OTHER, OWNER};
use crate::support::gpg::Signer;
use crate::support::images::{image, list, D1, D2, D3};
use crate::support::program::{has, Outcome};
use crate::support::skipped;
use crate::support::terminal::Terminal;

/// Escape, which begins a colour.
const ESCAPE: char = '\u{1b}';

fn run(desk: &Desk, more: &[&str]) -> Outcome {
    desk.run(&[&["-f", "images.json", "--expected-identity", IDENTITY][..], more].concat())
}

fn command(desk: &Desk, more: &[&str]) -> Command {
    let mut command = desk.sandbox.command();
    command.args([
        "verify",
        "-f",
        "images.json",
        "--expected-identity",
        IDENTITY,
        "--public-key",
    ]);
    command.arg(&desk.key_file).args(more);
    command
}

/// In a terminal of so many columns.
fn in_columns(desk: &Desk, columns: &str, more: &[&str]) -> Outcome {
    desk.sandbox.finish(command(desk, more).env("COLUMNS", columns), b"")
}

/// A row that is wider than the terminal is broken between cells, and so is the head of the table.
#[test]
fn a_table_fits_the_columns_that_there_are() {
    let desk = Desk::new();
    let images = [desk.signed(), image(D2, &[&desk.sign(D2, OTHER)]), image(D3, &[])];
    desk.put("images.json", list(&images).to_string());
    let short = &desk.key[desk.key.len() - 16..];
    let begin = format!(
        "VERDICT       REASON                 KEY\n    IMAGE\n    EXPECTED (unless it is IMAGE)\nVerified      -                      {short}\n    {D1}\n    {IDENTITY}\nRejected      IdentityMismatch       {short}\n    {D2}\n"
    );
    let text = in_columns(&desk, "80", &[]).expect(1).stdout;
    assert!(text.starts_with(&begin), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // What reads it in place of a terminal goes by lines.
    let text = run(&desk, &[]).expect(1).stdout;
    assert!(text.contains(&format!("\nVerified      {D1}   {IDENTITY}")), "{text}");
    // What is long by itself stays whole, and what is not known has its line too: the place tells what a cell is.
    let wide = in_columns(&desk, "80", &["-o", "wide"]).expect(1).stdout;
    assert!(
        wide.contains(&format!("\n    {}\n    file:images.json\nRejected", desk.key)),
        "{wide}"
    );
    assert!(
        wide.contains(&format!("\n    {D3}\n    {IDENTITY}\n    -\n    file:images.json\n")),
        "{wide}"
    );
    // So does what is said of one image.
    let first = |columns: &str| {
        let text = in_columns(&desk, columns, &[D2]).expect(1).stdout;
        text.lines().next().unwrap_or_default().chars().count()
    };
    assert!(
        first("50") <= 50 && first("120") > 80,
        "{} {}",
        first("50"),
        first("120")
    );
}

#[test]
fn columns_stand_below_each_other_and_counts_come_last() {
    let desk = Desk::new();
    let images = [desk.signed(), image(D2, &[&desk.sign(D2, OTHER)]), image(D3, &[])];
    desk.put("images.json", list(&images).to_string());
    let outcome = in_columns(&desk, "200", &[]).expect(1);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let (image, key) = (lines[0].find("IMAGE").unwrap(), lines[0].find("KEY").unwrap());
    let short = &desk.key[desk.key.len() - 16..];
    for (line, verdict, digest, key_cell, reason) in [
        (lines[1], "Verified ", D1, short, "-"),
        (lines[2], "Rejected ", D2, short, "IdentityMismatch"),
        (lines[3], "Unsigned ", D3, "-", "NoSignature"),
    ] {
        assert!(line.starts_with(verdict) && line[image..].starts_with(digest), "{line}");
        assert!(line[key..].starts_with(key_cell) && line.ends_with(reason), "{line}");
    }
    assert_eq!(lines[4], "");
    assert_eq!(*lines.last().unwrap(), "3 images: 1 Verified, 1 Rejected, 1 Unsigned");
    // What is Verified is not spoken of again, the others each once.
    assert_eq!(outcome.stdout.matches(D1).count(), 1, "{}", outcome.stdout);
    assert_eq!(outcome.stdout.matches(D2).count(), 2, "{}", outcome.stdout);
    let wide = in_columns(&desk, "300", &["-o", "wide"]).expect(1).stdout;
    assert!(wide.lines().nth(1).unwrap().contains(&desk.key), "{wide}");
}

#[test]
fn one_image_fits_eighty_columns_and_nothing_is_said_twice() {
    let desk = Desk::new();
    let third = "registry.local:5000/foo/bar:v3";
    let signatures = [
        &desk.sign(D1, OTHER)[..],
        &desk.sign(D1, IDENTITY),
        &desk.sign(D1, third),
        b"x",
    ];
    for (signatures, status) in [
        (&signatures[..], 0),
        (&signatures[..1], 1),
        (&[], 1),
        (&signatures[3..], 1),
    ] {
        desk.put("images.json", image(D1, signatures).to_string());
        let text = run(&desk, &[]).expect(status).stdout;
        for line in text.lines() {
            let longest_word = line.split(' ').map(|word| word.chars().count()).max().unwrap();
            assert!(line.chars().count() <= 80 || longest_word > 60, "{line}");
        }
        for value in [D1, &desk.key, OWNER] {
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(joined.matches(value).count() <= 1, "{value}: {text}");
        }
    }
}

/// The message names it, in the words in which it would stand below.
#[test]
fn the_owner_of_a_key_that_is_not_accepted_is_named_once() {
    let desk = Desk::new();
    desk.put("images.json", desk.signed().to_string());
    let home = Signer::new();
    home.gpg(&["--import", desk.key_file.to_str().unwrap()], b"");
    let other = home.simple_key("Other <other@example.com>");
    let home = home.home().to_str().unwrap();
    let args = [
        "verify",
        "-f",
        "images.json",
        "--expected-identity",
        IDENTITY,
        "--homedir",
        home,
    ];
    let text = desk.sandbox.run(args).expect(1).stdout;
    assert!(text.starts_with("Rejected: KeyNotAccepted: "), "{text}");
    for value in [OWNER, &format!("({})", desk.key)] {
        assert_eq!(text.matches(value).count(), 1, "{value}: {text}");
    }
    assert!(!text.contains("signed by"), "{text}");
    // A key that signs itself is its own primary key.
    let named = [&args[..], &["--signed-by", &other]].concat();
    let text = desk.sandbox.run(&named).expect(1).stdout;
    for value in [OWNER, &desk.key] {
        assert_eq!(text.matches(value).count(), 1, "{value}: {text}");
    }
}

/// The message on a signature names who made it, in one piece.
#[test]
fn a_wide_audit_names_the_owner_of_a_key_once_for_a_signature() {
    let args = "audit -o wide -f image.json --expected-identity-map prefixes.txt --public-key release-key.asc";
    let text = golden::sandbox().run(args.split(' ')).expect(0).stdout;
    let (_, signature) = text.split_once("\n    signature ").unwrap();
    let (signature, _) = signature.split_once("\n\n").unwrap();
    assert_eq!(signature.matches(OWNER).count(), 1, "{signature}");
}

#[test]
fn colour_is_on_terminals_and_by_request_only() {
    let desk = Desk::new();
    desk.put("images.json", desk.signed().to_string());
    for (args, coloured) in [
        (&[][..], false),
        (&["--color", "never"], false),
        (&["--color=always"], true),
    ] {
        let text = run(&desk, args).expect(0).stdout;
        assert_eq!(text.contains(ESCAPE), coloured, "{text:?}");
        // The word is there in both cases.
        assert!(text.contains("Verified"), "{text:?}");
    }
    let json = run(&desk, &["--color=always", "-o", "json"]).expect(0).stdout;
    assert!(!json.contains(ESCAPE), "{json:?}");
    run(&desk, &["--color", "sometimes"]).expect_usage("sometimes");
}

#[test]
fn no_color_and_dumb_terminals_are_obeyed_on_a_terminal() {
    if !has("setsid") {
        return skipped("colour on a terminal", "setsid is not installed");
    }
    let desk = Desk::new();
    desk.put("images.json", desk.signed().to_string());
    for (term, no_color, more, coloured) in [
        (Some("xterm"), None, &[][..], true),
        (Some("xterm"), Some("1"), &[], false),
        (Some("dumb"), None, &[], false),
        (None, None, &[], false),
        (Some("xterm"), Some("1"), &["--color=always"], true),
    ] {
        let mut command = command(&desk, more);
        command.envs(term.map(|value| ("TERM", value)));
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        let (status, shown) = Terminal::run(&command, 80).end();
        let scene = format!("TERM {term:?}, NO_COLOR {no_color:?}: {shown:?}");
        assert_eq!((status, shown.contains(ESCAPE)), (0, coloured), "{scene}");
        assert!(shown.contains("Verified"), "{scene}");
    }
}

#[test]
fn signatures_alike_are_one_line() {
    let desk = Desk::new();
    let many: Vec<&[u8]> = vec![b"x"; 140];
    desk.put("images.json", image(D1, &many).to_string());
    let text = run(&desk, &[]).expect(1).stdout;
    assert!(text.lines().count() < 15, "{text}");
    assert!(text.contains(" more: "), "{text}");
}

/// TYPE/NAME is one way to write what is named otherwise in results.
#[test]
fn results_name_the_image_as_it_was_typed() {
    let desk = Desk::new();
    desk.put("images.json", list(&[desk.signed(), image(D2, &[])]).to_string());
    let typed = format!("image/{D2}");
    for (asked, requested) in [(typed.as_str(), Some(&typed)), (D2, None)] {
        let with = |more: &[&str]| run(&desk, &[&[asked][..], more].concat()).expect(1);
        let item = with(&["-o", "json"]).item();
        assert_eq!(item["image"], D2);
        assert_eq!(
            item.get("requested").and_then(|value| value.as_str()),
            requested.map(String::as_str)
        );
        for text in [
            with(&[]).stdout,
            with(&["-o", "wide"]).stdout,
            with(&["--explain"]).stdout,
            with(&["-o", "name"]).stderr,
        ] {
            assert!(text.contains(asked), "{text}");
        }
        let describe = |more: &[&str]| {
            let args = [&["describe", "-f", "images.json", asked][..], more].concat();
            desk.sandbox.run(args).expect(0)
        };
        let item = describe(&["-o", "json"]).item();
        assert_eq!(
            item.get("requested").and_then(|value| value.as_str()),
            requested.map(String::as_str)
        );
        let text = describe(&[]).stdout;
        assert!(
            text.contains(asked) && text.contains("Asked for:") == requested.is_some(),
            "{text}"
        );
    }
    // A file that cannot be read was not asked for by that name.
    desk.put("broken.json", "{");
    let more = ["-f", "broken.json", &typed, "-o", "json"];
    let items = run(&desk, &more).expect(3).json()["items"].clone();
    assert_eq!(items[0].get("requested"), None, "{items:#}");
    assert_eq!(items[1]["requested"], *typed, "{items:#}");
}

#[test]
fn rows_come_in_the_order_of_what_was_asked_and_nothing_tears_the_table() {
    let desk = Desk::new();
    let images: Vec<_> = [D1, D2, D3]
        .map(|digest| image(digest, &[&desk.sign(digest, OTHER)]))
        .into();
    desk.put("images.json", list(&images).to_string());
    // Both streams in one, as on a terminal.
    for (more, told) in [(&[][..], "would record: "), (&["--confirm"], ": recorded: ")] {
        let mut command = desk.sandbox.command_of(std::path::Path::new("/bin/sh"));
        command
            .args(["-c", "exec \"$@\" 2>&1", "sh"])
            .arg(crate::support::program::binary());
        command.args([
            "verify",
            "-f",
            "images.json",
            "--expected-identity",
            IDENTITY,
            "--public-key",
        ]);
        command.arg(&desk.key_file).args([D3, D1, D2]).args(more);
        command.env("COLUMNS", "200");
        let text = desk.sandbox.finish(&mut command, b"").expect(1).stdout;
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("VERDICT"), "{text}");
        for (line, digest) in lines[1..4].iter().zip([D3, D1, D2]) {
            assert!(line.contains(digest), "{text}");
        }
        assert_eq!(text.matches(told).count(), 3, "{text}");
    }
}
