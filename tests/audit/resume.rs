// SPDX-License-Identifier: Apache-2.0
//! `--report jsonl=FILE` and `--resume`: what was done is not done again, and nothing that others wrote is believed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::audit::bench::{digest, Bench, SIGNED};

/// The report with this many of its lines, and the beginning of the next one.
pub(super) fn tear(bench: &Bench, lines: usize, more: usize) {
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let whole: String = text.split_inclusive('\n').take(lines).collect();
    fs::write(&path, &text[..whole.len() + more]).unwrap();
}

#[test]
fn a_report_that_was_torn_is_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 30);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    let whole = bench.report("audit.jsonl");
    for (lines, more) in [(1, 0), (1, 7), (11, 0), (11, 40), (30, 1), (31, 0), (31, 9), (32, 0)] {
        tear(&bench, lines, more);
        let outcome = bench
            .run(&["-f", "all.json", "--resume", "audit.jsonl", "-v"])
            .expect(1);
        let again = bench.report("audit.jsonl");
        assert_eq!(again.entries, whole.entries, "{lines} {more}");
        assert_eq!(again.tail["verdicts"], whole.tail["verdicts"]);
        assert_eq!(again.head, whole.head);
        assert!(outcome.stdout.contains("30 images"), "{outcome:#?}");
        let taken = lines.min(31) - 1;
        let told = format!("{taken} of 30 images taken over from audit.jsonl\n");
        assert!(outcome.stderr.contains(&told), "{lines} {more}: {outcome:#?}");
    }
    // What it has is not judged again: what stands there stays.
    tear(&bench, 31, 0);
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"message\":\"", "\"message\":\"as before: ", 1)).unwrap();
    bench.run(&["-f", "all.json", "--resume", "audit.jsonl"]).expect(1);
    let message = bench.report("audit.jsonl").entries[0]["message"].to_string();
    assert!(message.starts_with("\"as before: "), "{message}");
}

#[test]
fn an_unfinished_report_is_not_overwritten_and_a_finished_one_is() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    let args = ["-f", "all.json", "--report", "jsonl=audit.jsonl"];
    bench.run(&args).expect(1);
    bench.run(&args).expect(1);
    tear(&bench, 5, 3);
    let before = fs::read(bench.desk.sandbox.path("audit.jsonl")).unwrap();
    bench.run(&args).expect_usage("--resume audit.jsonl");
    assert_eq!(fs::read(bench.desk.sandbox.path("audit.jsonl")).unwrap(), before);
    bench.desk.put("audit.jsonl", "my diary\n");
    bench.run(&args).expect_usage("is not a finished report");
}

#[test]
fn a_report_of_another_audit_is_not_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    tear(&bench, 5, 0);
    let before = fs::read(bench.desk.sandbox.path("audit.jsonl")).unwrap();
    let resume = ["--resume", "audit.jsonl"];
    bench.mixed("other.json", 10);
    for (args, what) in [
        (&["-f", "all.json", "--require", "2"][..], "the options"),
        (&["-f", "all.json", "--shard", "0/2"], "the shard"),
        (&["-f", "other.json"], "the source of images"),
        (&["-f", "all.json", "--warn-expiry", "1d"], "the options"),
        (&["-f", "all.json", "--signed-by", &bench.desk.key], "the keys"),
    ] {
        let outcome = bench
            .run(&[args, &resume].concat())
            .expect_usage("it is the report of another audit");
        assert!(outcome.stderr.contains(what), "{what}: {outcome:#?}");
    }
    let map = fs::read_to_string(bench.desk.sandbox.path("map")).unwrap();
    bench.desk.put("map", format!("{map}# changed\n"));
    bench
        .run(&[&["-f", "all.json"][..], &resume].concat())
        .expect_usage("the map of expected identities");
    bench.desk.put("map", map);
    let mut key = fs::read(&bench.desk.key_file).unwrap();
    let other = bench.desk.signer.simple_key("Other <o@example.com>");
    key.extend(
        fs::read(
            bench
                .desk
                .signer
                .export(&[&other], &bench.desk.sandbox.path("other.gpg")),
        )
        .unwrap(),
    );
    fs::write(&bench.desk.key_file, key).unwrap();
    bench
        .run(&[&["-f", "all.json"][..], &resume].concat())
        .expect_usage("the keys");
    assert_eq!(fs::read(bench.desk.sandbox.path("audit.jsonl")).unwrap(), before);
}

/// Another program may judge otherwise, and another policy demands something else.
#[test]
fn a_report_of_another_version_or_policy_is_not_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    let policy = |kind: &str| {
        bench
            .desk
            .put("policy.json", format!("{{\"default\":[{{\"type\":\"{kind}\"}}]}}"))
    };
    policy("reject");
    let run = |more: &[&str]| {
        let args = ["audit", "--policy", "policy.json", "-f", "all.json"];
        bench.desk.sandbox.run([&args[..], more].concat())
    };
    run(&["--report", "jsonl=audit.jsonl"]).expect(1);
    tear(&bench, 5, 0);
    let resume = ["--resume", "audit.jsonl"];
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    for (was, is, named) in [
        (env!("CARGO_PKG_VERSION"), "0.0.1", "the program's version"),
        ("audit/v1", "audit/v2", "expected the first line"),
    ] {
        fs::write(&path, text.replacen(was, is, 1)).unwrap();
        run(&resume).expect_usage(named);
    }
    fs::write(&path, &text).unwrap();
    policy("insecureAcceptAnything");
    run(&resume).expect_usage("the policy");
    policy("reject");
    run(&resume).expect(1);
    assert_eq!(bench.report("audit.jsonl").entries.len(), 10);
}

#[test]
fn a_report_with_an_image_twice_or_of_another_shard_is_not_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 12);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    tear(&bench, 8, 0);
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().nth(4).unwrap();
    fs::write(&path, format!("{text}{line}\n")).unwrap();
    let resume = ["-f", "all.json", "--resume", "audit.jsonl"];
    bench.run(&resume).expect_usage("twice");
    // The line of an image that belongs to the other half.
    let half = ["-f", "all.json", "--shard", "0/2", "--report", "jsonl=half.jsonl"];
    bench.run(&half).expect(1);
    let own = fs::read_to_string(bench.desk.sandbox.path("half.jsonl")).unwrap();
    let foreign = text.lines().skip(1).find(|line| !own.contains(*line)).unwrap();
    let head = own.lines().next().unwrap();
    fs::write(&path, format!("{head}\n{foreign}\n")).unwrap();
    bench
        .run(&[&resume[..], &["--shard", "0/2"]].concat())
        .expect_usage("another shard");
}

#[test]
fn what_the_user_expects_of_an_image_belongs_to_the_report() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    let named = |reference: &str| [0, 1].map(|n| format!("{}={reference}", digest(n)));
    let good = named(&format!("{SIGNED}:v1"));
    let args = ["-f", "all.json", &good[0], &good[1]];
    bench
        .run(&[&args[..], &["--report", "jsonl=audit.jsonl"]].concat())
        .expect(0);
    tear(&bench, 2, 0);
    let other = named("registry.local:5000/other:v1");
    bench
        .run(&["-f", "all.json", &other[0], &good[1], "--resume", "audit.jsonl"])
        .expect_usage("the options");
    bench.run(&[&args[..], &["--resume", "audit.jsonl"]].concat()).expect(0);
}

#[test]
fn a_report_that_others_can_write_is_not_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    let path = bench.desk.sandbox.path("audit.jsonl");
    let args = ["-f", "all.json", "--resume", "audit.jsonl"];
    for mode in [0o664, 0o646] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        bench.run(&args).expect_usage("others can write to it");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    bench.run(&args).expect(1);
    fs::hard_link(&path, bench.desk.sandbox.path("second")).unwrap();
    bench.run(&args).expect_usage("hard links");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("second", &path).unwrap();
    bench.run(&args).expect_usage("it cannot be opened");
    fs::remove_file(&path).unwrap();
    bench.run(&args).expect_usage("it cannot be opened");
    // In a directory where others may put another file in its place.
    fs::create_dir(bench.desk.sandbox.path("open")).unwrap();
    fs::rename(
        bench.desk.sandbox.path("second"),
        bench.desk.sandbox.path("open/audit.jsonl"),
    )
    .unwrap();
    fs::set_permissions(bench.desk.sandbox.path("open"), fs::Permissions::from_mode(0o777)).unwrap();
    bench
        .run(&["-f", "all.json", "--resume", "open/audit.jsonl"])
        .expect_usage("others can write to");
}

#[test]
fn hostile_reports_are_bounded_and_refused() {
    let bench = Bench::new();
    bench.mixed("all.json", 3);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(0);
    let text = fs::read_to_string(bench.desk.sandbox.path("audit.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let endless = format!("{}\n{}", lines[0], "x".repeat((32 << 20) + 1));
    for (content, message) in [
        (String::new(), "no complete line"),
        ("\u{1b}[2J\n".to_owned(), "line 1"),
        (format!("{}\n{{}}\n{}\n", lines[0], lines[1]), "line 2"),
        (format!("{}\n{}\n{}\n", lines[0], lines[4], lines[1]), "line 2"),
        (endless, "line 2"),
        (format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]), "line 1"),
    ] {
        bench.desk.put("audit.jsonl", &content);
        let outcome = bench
            .run(&["-f", "all.json", "--resume", "audit.jsonl"])
            .expect_usage(message);
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:#?}");
        assert_eq!(
            fs::read_to_string(bench.desk.sandbox.path("audit.jsonl")).unwrap(),
            content
        );
    }
}

#[test]
fn one_report_of_json_lines_is_written() {
    let bench = Bench::new();
    for (args, message) in [
        (&["--report", "jsonl"][..], "expected FORMAT=FILE"),
        (&["--report", "jsonl="], "expected FORMAT=FILE"),
        (&["--report", "xml=x"], "xml is not a format; the formats are: text"),
        (&["--report", "jsonl=-"], "standard output is for --output"),
        (
            &["--report", "jsonl=a", "--report", "jsonl=b"],
            "one report of JSON lines is enough",
        ),
        (
            &["--report", "jsonl=a", "--resume", "b"],
            "--resume continues the report b",
        ),
        (&["--report", "jsonl=missing/a"], "cannot be written"),
        (&["--warn-expiry", "soon"], "expected a number with a unit"),
        (&["--max-downgrades", "3"], "applies only to records; add --confirm"),
    ] {
        bench.desk.put("all.json", bench.good(1).to_string());
        bench
            .run(&[&["-f", "all.json"][..], args].concat())
            .expect_usage(message);
    }
}

/// What was found before is believed as it stands there, so that it must be something that was found.
#[test]
fn a_report_with_an_entry_that_contradicts_itself_is_not_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    tear(&bench, 9, 0);
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    // An image that is signed for another tag is made a Verified one.
    let rejected = "\"verdict\":\"Rejected\",\"reason\":\"IdentityMismatch\"";
    assert!(text.contains(rejected), "{text}");
    let resume = ["-f", "all.json", "--resume", "audit.jsonl"];
    let verified = "\"verdict\":\"Verified\",\"reason\":\"Verified\"";
    for (changed, named) in [
        (text.replacen(rejected, verified, 1), "contradicts itself"),
        (
            text.replacen("IdentityMismatch", "NoSignature", 1),
            "Rejected cannot have the reason NoSignature",
        ),
    ] {
        fs::write(&path, &changed).unwrap();
        bench.run(&resume).expect_usage(named);
        assert_eq!(fs::read_to_string(&path).unwrap(), changed);
    }
    fs::write(&path, &text).unwrap();
    bench.run(&resume).expect(1);
}

/// Images in a directory or a registry are judged again in any case: it is said why, and not that none was taken over.
#[test]
fn why_images_of_the_report_are_judged_again() {
    let bench = Bench::new();
    bench.desk.put("empty/manifest.json", "{}");
    let image = format!("dir:empty={SIGNED}:v1");
    bench.run(&[&image, "--report", "jsonl=audit.jsonl"]).expect(1);
    let outcome = bench.run(&[&image, "--resume", "audit.jsonl"]).expect(1);
    let told = "note: images of the report that were judged again: 1; images for which a registry, a mirror or a directory is asked are judged again\n";
    assert!(outcome.stderr.contains(told), "{outcome:#?}");
    assert!(!outcome.stderr.contains("taken over"), "{outcome:#?}");
}
