// SPDX-License-Identifier: Apache-2.0
//! What is said where a run ends early, and where one that is resumed cannot begin.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{kill_process, Pid, Signal};

use super::bench::{digest, Bench};
use super::fleet::{stored, tag, Fleet};
use crate::support::api::Fault;
use crate::support::cosign::Cosign;

/// Sends SIGINT to a run as soon as it waits for an answer; what it says on standard error comes back.
#[track_caller]
fn interrupted(fleet: &Fleet, audit: &Command, is_waiting: impl Fn() -> bool) -> String {
    let mut command = fleet.interruptible(audit);
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while !is_waiting() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(1000));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    stderr
}

#[test]
fn a_run_that_is_interrupted_while_it_reads_policies_says_so() {
    let fleet = Fleet::empty();
    for resource in ["clusterimagepolicies", "imagepolicies"] {
        fleet.scene.server.grant("alice", &["list"], resource);
    }
    fleet
        .server()
        .fault(Fault::delay(Duration::from_secs(30)).on("GET", "/clusterimagepolicies"));
    let mut audit = fleet.scene.sandbox.command();
    audit.args(["audit", "--cluster-policy"]);
    let before = fleet.server().connections();
    let stderr = interrupted(&fleet, &audit, || fleet.server().connections() > before);
    assert!(stderr.contains("interrupted; judged 0"), "{stderr}");
}

#[test]
fn the_way_to_resume_a_run_says_what_is_judged_again() {
    let fleet = Fleet::of(20);
    for (by_home, is_told) in [(true, true), (false, false)] {
        fleet.server().heal();
        fleet
            .server()
            .fault(Fault::delay(Duration::from_secs(30)).on("GET", "/pods"));
        let report = ["--report", "jsonl=audit.jsonl"];
        let mut audit = fleet.scene.sandbox.command();
        audit.arg("audit").args(report);
        if !by_home {
            audit = fleet.command(&report);
        }
        let before = fleet.server().connections();
        let stderr = interrupted(&fleet, &audit, || fleet.server().connections() > before);
        assert!(stderr.contains("with --resume audit.jsonl"), "{stderr}");
        assert_eq!(stderr.contains("images are judged again"), is_told, "{stderr}");
        std::fs::remove_file(fleet.scene.sandbox.path("audit.jsonl")).unwrap();
    }
}

#[test]
fn a_run_that_may_not_read_its_policies_does_not_call_a_report_another_one() {
    let fleet = Fleet::empty();
    fleet.scene.server.grant("alice", &["list"], "clusterimagepolicies");
    fleet.server().image(stored(&digest(1), &[]));
    fleet
        .server()
        .policy(None, "own", Cosign::new().policy_spec(&["other.example"]));
    let audit = |more: &str| {
        let args = ["audit", "--cluster-policy"].into_iter().chain(more.split(' '));
        fleet.scene.run(&args.collect::<Vec<_>>())
    };
    audit("--report jsonl=audit.jsonl").expect(1);
    let path = fleet.scene.sandbox.path("audit.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let begun: String = whole.split_inclusive('\n').take(1).collect();
    std::fs::write(&path, &begun).unwrap();
    fleet
        .server()
        .fault(Fault::status(403).on("GET", "/clusterimagepolicies"));
    let outcome = audit("--resume audit.jsonl").expect(3);
    assert!(
        outcome.stderr.contains("listing the ClusterImagePolicies"),
        "{outcome:#?}"
    );
    assert!(!outcome.stderr.contains("differs"), "{outcome:#?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), begun);
    fleet.server().heal();
    audit("--resume audit.jsonl").expect(1);
}

/// Each image would wait as long as the first, in vain.
#[test]
fn a_server_that_is_too_busy_all_the_time_is_not_asked_for_every_image() {
    let fleet = Fleet::empty();
    let args: Vec<String> = (1..9).map(|n| format!("{}={}", digest(n), tag(n))).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    for n in 1..9 {
        fleet
            .server()
            .image(stored(&digest(n), &[&fleet.sign(&digest(n), &tag(n))]));
    }
    let requests = || {
        fleet
            .asked()
            .iter()
            .filter(|(line, _)| line.contains("/images/"))
            .map(|(_, count)| count)
            .sum::<usize>()
    };
    let busy = || Fault::status(429).retry_after(0).on("GET", "/images/");
    fleet.server().fault(busy());
    let (report, _) = fleet.lines(&args, 1);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable"; 8]);
    assert_eq!(requests(), 22, "two with ten retries each");
    let message = report.entries[7]["message"].as_str().unwrap();
    assert!(message.contains("it has refused 2 requests in a row"), "{message}");
    // One that is busy for a while is asked on.
    fleet.server().heal();
    fleet.server().fault(busy().times(11));
    let (report, _) = fleet.lines(&args, 1);
    assert_eq!(report.words()[1..], ["Verified/Verified"; 7]);
}

/// Where a comment stands in the configuration of registries decides nothing.
#[test]
fn a_comment_in_registries_d_makes_no_other_audit() {
    let bench = Bench::new();
    let image = "docker://127.0.0.1:1/x/y:1";
    let put = |text: &str| bench.desk.put("d/a.yaml", text);
    let common = [image, "--registries.d", "d"];
    let store = "docker:\n  127.0.0.1:1/x:\n    lookaside: https://store.example/a\n";
    put(store);
    bench
        .run(&[&common[..], &["--report", "jsonl=audit.jsonl"]].concat())
        .expect(1);
    let path = bench.desk.sandbox.path("audit.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let begun: String = whole.split_inclusive('\n').take(1).collect();
    for (text, status) in [
        (format!("# where signatures are\n\n{store}"), 1),
        (store.replace("/a", "/b"), 2),
        (store.replace(":1/x", ":1/y"), 2),
        (format!("{store}    use-sigstore-attachments: true\n"), 2),
        (
            format!("default-docker:\n  lookaside: https://store.example/b\n{store}"),
            2,
        ),
        (format!("default-docker: {{}}\n{store}"), 1),
    ] {
        std::fs::write(&path, &begun).unwrap();
        put(&text);
        bench
            .run(&[&common[..], &["--resume", "audit.jsonl"]].concat())
            .expect(status);
    }
}
