// SPDX-License-Identifier: Apache-2.0
//! gpg processes that die or hang, and signals: nothing is lost, nothing is left behind, and what is done is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::{kill_process, Pid, Signal};

use super::bench::{Bench, Report};
use crate::support::program::{end_all, processes_like, wait_until, Outcome};
use crate::support::skipped;
use crate::support::system::{can_be_had, why_not, System};

fn possible(test: &str) -> bool {
    if !can_be_had() {
        skipped(test, why_not());
    }
    can_be_had()
}

/// A gpg that is the real one, but where the command line matches, which runs this script; `$REAL` is the real gpg there
/// and `$HERE` the directory of the test.
fn gpg(bench: &Bench, matches: &str, script: &str) -> PathBuf {
    let sandbox = &bench.desk.sandbox;
    let real = sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    let text = format!(
        "#!/bin/sh\nREAL={}\nHERE={}\ncase \"$*\" in {matches}) {script} ;; *) exec $REAL \"$@\" ;; esac\n",
        real.display(),
        sandbox.root().display()
    );

    sandbox.program("fake-gpg", text)
}

/// The command of an audit of all.json with such a gpg.
fn audit(bench: &Bench, fake: &Path) -> Command {
    let system = System::new().replace("/usr/bin/gpg", fake);
    let mut command = system.command(&bench.desk.sandbox);
    command.args([
        "audit",
        "--public-key",
        "key.gpg",
        "--expected-identity-map",
        "map",
        "-f",
        "all.json",
    ]);
    command
}

/// Runs it, with a report of JSON lines on standard output.
fn run(bench: &Bench, fake: &Path, more: &[&str]) -> Outcome {
    let mut command = audit(bench, fake);
    command.args(["-o", "jsonl"]).args(more);
    bench.desk.sandbox.finish(&mut command, b"")
}

#[test]
fn workers_that_die_lose_no_image() {
    if !possible("workers_that_die_lose_no_image") {
        return;
    }
    let bench = Bench::new();
    // So many that a worker is given several at a time.
    bench.mixed("all.json", 140);
    let whole = bench.lines(&["-f", "all.json", "--engine", "gpgme"], 1);
    for script in [
        "n=0; while [ $n -lt 7 ] && read -r name; do echo $name; n=$((n+1)); done | $REAL \"$@\"",
        "kill -9 $$",
        "read -r name; kill -9 $$",
    ] {
        let fake = gpg(&bench, "*--multifile*", script);
        for workers in ["1", "3"] {
            let outcome = run(&bench, &fake, &["--engine", "batch", "--workers", workers]).expect(1);
            assert_eq!(Report::read(&outcome.stdout).entries, whole.entries, "{script}");
        }
    }
}

/// A worker that is given several messages at a time and says something else than an answer about each, in order, is not
/// believed in any of them; and where an answer is not that the signature is good, gpgme decides.
#[test]
fn answers_about_several_messages_are_not_mixed_up() {
    if !possible("answers_about_several_messages_are_not_mixed_up") {
        return;
    }
    let bench = Bench::new();
    bench.mixed("all.json", 140);
    let whole = bench.lines(&["-f", "all.json", "--engine", "gpgme"], 1);
    let other = "0123456789ABCDEF0123456789ABCDEF01234567";
    for (program, is_replaced, is_doubted) in [
        ("s/x/x/".to_owned(), false, false),
        ("s/FILE_START 1 /&x/".to_owned(), true, false),
        ("{/FILE_START/d}".to_owned(), true, false),
        ("{/FILE_DONE/d}".to_owned(), true, false),
        ("s/FILE_DONE/&\\n[GNUPG:] &/".to_owned(), true, false),
        (format!("s/VALIDSIG [0-9A-F]*/VALIDSIG {other}/"), false, true),
        ("s/GOODSIG/BADSIG/".to_owned(), false, true),
    ] {
        // The lines before are about messages that came one at a time. The next worker does not come so far.
        let script = format!("$REAL \"$@\" | sed -u '700,99999{program}'");
        let fake = gpg(&bench, "*--multifile*", &script);
        let outcome = run(&bench, &fake, &["-v", "--engine", "batch", "--workers", "1"]).expect(1);
        assert_eq!(Report::read(&outcome.stdout).entries, whole.entries, "{program}");
        let [workers, good, gpgme] = outcome.workers();
        assert_eq!(good + gpgme, 112, "{program}");
        assert_eq!(workers > 1, is_replaced, "{program}: {workers} workers");
        assert_eq!(gpgme > 0, is_doubted, "{program}: {gpgme} by gpgme");
    }
}

/// (This test takes the half minute that the program gives gpg for a message.)
#[test]
fn a_gpg_that_hangs_is_set_up_anew_and_loses_no_image() {
    if !possible("a_gpg_that_hangs_is_set_up_anew_and_loses_no_image") {
        return;
    }
    let bench = Bench::new();
    bench.mixed("all.json", 12);
    let whole = bench.lines(&["-f", "all.json"], 1);
    let duration = format!("94.{}", std::process::id());
    // Of the calls that verify one signature each, the third hangs, or the fourth where both come at once.
    let script =
        format!("echo >>$HERE/calls; if [ $(wc -l <$HERE/calls) -ge 3 ] && mkdir $HERE/hung 2>/dev/null; then sleep {duration}; fi; exec $REAL \"$@\"");
    let fake = gpg(&bench, "*--verify*", &script);
    let begun = Instant::now();
    let outcome = run(&bench, &fake, &["--engine", "gpgme", "--workers", "2"]).expect(1);
    let left = processes_like(&format!("sleep\u{0}{duration}\u{0}"));
    end_all(&left);
    assert!(left.is_empty(), "{} processes were left behind", left.len());
    assert_eq!(Report::read(&outcome.stdout).entries, whole.entries);
    assert!((30..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[test]
fn a_gpg_that_never_works_leaves_every_image_named_and_unchecked() {
    if !possible("a_gpg_that_never_works_leaves_every_image_named_and_unchecked") {
        return;
    }
    let bench = Bench::new();
    bench.mixed("all.json", 20);
    let fake = gpg(&bench, "*--verify*", "kill -9 $$");
    let outcome = run(&bench, &fake, &["--workers", "2"]).expect(1);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.entries.len(), 20);
    for (n, word) in report.words().iter().enumerate() {
        let wanted = match n % 10 {
            8 => "Rejected/NotASignature",
            9 => "Unsigned/NoSignature",
            _ => "Unchecked/EngineFailed",
        };
        assert_eq!(word, wanted, "{n}");
    }
}

/// A run with a report of JSON lines that is slow enough to be interrupted: gpg waits for a file before the message that
/// comes after this many.
fn slow(bench: &Bench, messages: usize) -> (Command, String) {
    let duration = format!("93.{}{messages}", std::process::id());
    let script = format!(
        "echo >>$HERE/calls; if [ ! -e $HERE/go ] && [ $(wc -l <$HERE/calls) -gt {messages} ]; then exec sleep {duration}; fi; exec $REAL \"$@\""
    );
    let fake = gpg(bench, "*--verify*", &script);
    let mut command = audit(bench, &fake);
    command
        .args(["--engine", "gpgme", "--workers", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    (command, format!("sleep\u{0}{duration}\u{0}"))
}

#[test]
fn a_long_audit_shows_counts_rate_and_time_left_on_a_terminal() {
    if !possible("a_long_audit_shows_counts_rate_and_time_left_on_a_terminal") {
        return;
    }
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    let fake = gpg(&bench, "*--verify*", "sleep 0.7; exec $REAL \"$@\"");
    let system = System::new().replace("/usr/bin/gpg", &fake);
    let mut command = system.command(&bench.desk.sandbox);
    command.args(["audit", "--public-key", "key.gpg", "--expected-identity-map", "map"]);
    command.args(["-f", "all.json", "--engine", "gpgme", "--workers", "1"]);
    let (status, shown) = crate::support::terminal::Terminal::run(&command, 200).end();
    assert_eq!(status, 1, "{shown}");
    let lines: Vec<&str> = shown.split('\r').filter(|line| line.starts_with('[')).collect();
    let last = lines.last().unwrap_or_else(|| panic!("no progress: {shown:?}"));
    assert!(last.contains("of 10 images ("), "{last:?}");
    assert!(last.contains("/s") && last.contains(" left"), "{last:?}");
    assert!(shown.contains("10 images: 7 Verified"), "{shown:?}");
}

#[test]
fn a_run_that_is_killed_is_gone_on_from_with_the_same_totals() {
    if !possible("a_run_that_is_killed_is_gone_on_from_with_the_same_totals") {
        return;
    }
    let bench = Bench::new();
    bench.mixed("all.json", 20);
    let whole = bench.lines(&["-f", "all.json"], 1);
    let (mut command, line) = slow(&bench, 5);
    let child = command.args(["--report", "jsonl=audit.jsonl"]).spawn().unwrap();
    wait_until("gpg hangs", || !processes_like(&line).is_empty());
    // What was judged before is on the disk.
    let path = bench.desk.sandbox.path("audit.jsonl");
    wait_until("five images are reported", || {
        fs::read_to_string(&path).is_ok_and(|text| text.lines().count() >= 6)
    });
    let process = processes_like_audit(&child);
    kill_process(process, Signal::KILL).unwrap();
    child.wait_with_output().unwrap();
    end_all(&processes_like(&line));
    let torn = fs::read_to_string(&path).unwrap();
    assert!(torn.lines().count() < 20, "{torn}");
    bench.run(&["-f", "all.json", "--resume", "audit.jsonl"]).expect(1);
    let again = bench.report("audit.jsonl");
    assert_eq!(again.entries, whole.entries);
    assert_eq!(again.tail["verdicts"], whole.tail["verdicts"]);
}

/// The program itself: the child may be what put it into a namespace.
fn processes_like_audit(child: &std::process::Child) -> Pid {
    let own = child.id();
    let mut newest = own;
    // Each has one child until the program is there, whose name says so.
    loop {
        let name = fs::read_to_string(format!("/proc/{newest}/comm")).unwrap_or_default();
        if name.trim_end() == "image-signature" {
            return Pid::from_raw(newest as i32).unwrap();
        }
        let children = fs::read_to_string(format!("/proc/{newest}/task/{newest}/children")).unwrap_or_default();
        newest = children
            .split_whitespace()
            .find_map(|pid| pid.parse().ok())
            .unwrap_or_else(|| panic!("no image-signature below {own}"));
    }
}

#[test]
fn an_interrupted_run_tells_what_is_done_and_can_be_gone_on_from() {
    if !possible("an_interrupted_run_tells_what_is_done_and_can_be_gone_on_from") {
        return;
    }
    let bench = Bench::new();
    bench.mixed("all.json", 20);
    let whole = bench.lines(&["-f", "all.json"], 1);
    for (n, signal) in [Signal::INT, Signal::TERM].into_iter().enumerate() {
        let is_older = n > 0;
        if is_older {
            bench.desk.put("audit.txt", "older");
        }
        let _ = fs::remove_file(bench.desk.sandbox.path("calls"));
        let (mut command, line) = slow(&bench, 5 + n);
        let file = format!("audit{n}.jsonl");
        let child = command
            .args([
                "-o",
                "jsonl",
                "--report",
                &format!("jsonl={file}"),
                "--report",
                "text=audit.txt",
            ])
            .spawn()
            .unwrap();
        wait_until("gpg hangs", || !processes_like(&line).is_empty());
        let begun = Instant::now();
        kill_process(processes_like_audit(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let left = processes_like(&line);
        end_all(&left);
        assert!(left.is_empty(), "{signal:?}: {} processes were left behind", left.len());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
        assert!(stderr.contains("interrupted; judged"), "{stderr}");
        // What there is, what there is not, and how to go on.
        let older = if is_older { "; an older one is unchanged" } else { "" };
        assert!(
            stderr.contains(&format!("audit.txt was not written{older}\n")),
            "{stderr}"
        );
        assert!(stderr.contains(&format!("with --resume {file}")), "{stderr}");
        let printed = Report::read(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(printed.tail["interrupted"], true);
        assert_eq!(
            printed.tail["incomplete"],
            serde_json::json!(["the audit was interrupted"])
        );
        let told = bench.desk.sandbox.run(["audit", "merge", &file]).expect(3).stdout;
        assert_eq!(told.matches("interrupted").count(), 1, "{told}");
        assert_eq!(printed.entries[..], whole.entries[..printed.entries.len()]);
        assert!(printed.entries.len() < 20);
        // No image is called unchecked because its gpg got the signal.
        assert_eq!(bench.report(&file).entries, printed.entries);
        let left = fs::read_to_string(bench.desk.sandbox.path("audit.txt")).ok();
        assert_eq!(left.as_deref(), is_older.then_some("older"));
        let names = fs::read_dir(bench.desk.sandbox.root()).unwrap();
        let names: Vec<String> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!names.iter().any(|name| name.starts_with(".audit")), "{names:?}");
        bench.desk.sandbox.assert_clean();
        bench.run(&["-f", "all.json", "--resume", &file]).expect(1);
        assert_eq!(bench.report(&file).entries, whole.entries);
    }
}

/// Text on a terminal has it once: what the report says of itself is not said beside it too.
#[test]
fn why_an_audit_is_not_complete_is_said_once_on_a_terminal() {
    if !crate::support::program::has("setsid") {
        return crate::support::skipped("reasons on a terminal", "setsid is not installed");
    }
    let bench = Bench::new();
    bench.desk.put("table.txt", "NAME   IMAGE REFERENCE\n");
    let mut command = bench.desk.sandbox.command();
    command.args(["audit", "-f", "table.txt", "--public-key"]);
    command.arg(&bench.desk.key_file).env("TERM", "xterm");
    let (status, shown) = crate::support::terminal::Terminal::run(&command, 300).end();
    let reason = "table.txt is not a file of API objects";
    assert!(
        status == 3 && shown.contains(&format!("Incomplete: {reason}")),
        "{shown}"
    );
    assert!(!shown.contains(&format!("error: {reason}")), "{shown}");
    let outcome = bench.desk.sandbox.finish(&mut command, b"").expect(3);
    assert!(outcome.stderr.contains(&format!("error: {reason}")), "{outcome:?}");
}
