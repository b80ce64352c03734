// SPDX-License-Identifier: Apache-2.0
//! The jobs that packages bring, run as Kubernetes would run their containers: a part that was killed is done again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::bench::Report;
use super::fleet::{assert_whole, Fleet};
use crate::support::api::Fault;
use crate::support::deployment::templates;
use crate::support::program::{binary, end_all, output_of, processes, wait_until, Outcome};

const COUNT: usize = 40;
const VOLUME: &str = "/var/lib/image-signature";

/// The containers of the job, on a volume of the sandbox.
struct Job {
    fleet: Fleet,
    containers: Vec<Value>,
}

fn words(list: &Value) -> Vec<String> {
    let words = list.as_array().into_iter().flatten();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

impl Job {
    fn new() -> Self {
        let fleet = Fleet::of(COUNT);
        let sandbox = &fleet.scene.sandbox;
        std::fs::create_dir(sandbox.path("volume")).unwrap();
        std::fs::create_dir(sandbox.path("bin")).unwrap();
        std::os::unix::fs::symlink(binary(), sandbox.path("bin/image-signature")).unwrap();
        let templates = templates("job-indexed.yaml");
        let containers = templates.iter().map(|template| template["containers"][0].clone());
        Self {
            containers: containers.collect(),
            fleet,
        }
    }

    fn volume(&self, name: &str) -> PathBuf {
        self.fleet.scene.sandbox.path(&format!("volume/{name}"))
    }

    /// A container of the manifest, for a part and a try of it.
    fn command(&self, container: usize, part: usize, attempt: &str) -> Command {
        let sandbox = &self.fleet.scene.sandbox;
        let container = &self.containers[container];
        let mut variables = vec![
            ("PART".to_owned(), part.to_string()),
            ("TRY".to_owned(), attempt.to_owned()),
        ];
        let expand = |text: &str, variables: &[(String, String)]| {
            let mut text = text
                .replace(VOLUME, sandbox.path("volume").to_str().unwrap())
                .replace("/etc/image-signature/keys/release-key.asc", &self.fleet.key_file);
            for (name, value) in variables {
                text = text.replace(&format!("$({name})"), value);
            }
            text
        };
        for variable in container["env"].as_array().into_iter().flatten() {
            if let Some(value) = variable["value"].as_str() {
                let name = variable["name"].as_str().unwrap().to_owned();
                variables.push((name, expand(value, &variables)));
            }
        }
        let mut all = words(&container["command"]);
        if all.is_empty() {
            all.push("/usr/bin/image-signature".to_owned());
        }
        all.extend(words(&container["args"]));
        let all: Vec<String> = all.iter().map(|word| expand(word, &variables)).collect();
        let program = all[0].replace(
            "/usr/bin/image-signature",
            sandbox.path("bin/image-signature").to_str().unwrap(),
        );
        let mut command = sandbox.command_of(&PathBuf::from(program));
        let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
        command.args(&all[1..]).envs(variables).env("PATH", path);
        command.env("JOB_COMPLETION_INDEX", part.to_string());
        command
    }

    /// A try that comes to its end; another one may run meanwhile.
    fn run(&self, container: usize, part: usize, attempt: &str) -> Outcome {
        let output = output_of(&mut self.command(container, part, attempt), b"");
        Outcome {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A try that has begun its report, and that waits for the images to judge.
    fn begun(&self, part: usize, attempt: &str) -> Child {
        let late = Fault::delay(Duration::from_secs(40)).on("GET", "/images$").after(1);
        self.fleet.server().fault(late.once());
        let mut command = self.command(0, part, attempt);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let volume = self.fleet.scene.sandbox.path("volume");
        wait_until("a report is begun", || {
            std::fs::read_dir(&volume)
                .unwrap()
                .flatten()
                .any(|file| file.metadata().unwrap().len() > 0)
        });
        child
    }

    /// Ends whatever runs in the sandbox at once, as a node does that is out of memory.
    fn kill(&self, mut child: Child) {
        let root = self.fleet.scene.sandbox.root().to_str().unwrap().to_owned();
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let own: Vec<i32> = all
            .filter(|entry| {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&root)
            })
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        end_all(&own);
        child.wait().unwrap();
        wait_until("all have ended", || {
            !processes().iter().any(|line| line.contains(&root))
        });
        for directory in ["tmp", "run"] {
            let directory = self.fleet.scene.sandbox.path(directory);
            for entry in std::fs::read_dir(directory).unwrap().flatten() {
                std::fs::remove_dir_all(entry.path()).unwrap();
            }
        }
    }

    fn report(&self, part: usize) -> Report {
        let text = std::fs::read_to_string(self.volume(&format!("20260101-part-{part}.jsonl")));
        Report::read(&text.unwrap())
    }
}

#[test]
fn a_part_that_was_killed_is_done_again_and_the_parts_add_up() {
    let job = Job::new();
    let child = job.begun(0, "first");
    job.kill(child);
    // There is nothing yet that the merge could take for a part.
    let outcome = job.run(1, 0, "").expect(3);
    assert!(outcome.stderr.contains("20260101-part-0.jsonl"), "{outcome:#?}");
    for part in 0..4 {
        job.run(0, part, "second").expect(1);
    }
    let reports: Vec<Report> = (0..4).map(|part| job.report(part)).collect();
    assert_whole(&reports.iter().collect::<Vec<_>>(), COUNT);
    job.run(1, 0, "").expect(1);
    assert!(job.volume("20260101-audit.html").exists());
    // Only what was killed has left something.
    let files = std::fs::read_dir(job.fleet.scene.sandbox.path("volume")).unwrap();
    let names = files.flatten().map(|file| file.file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.ends_with(".unfinished")).collect();
    assert_eq!(left, ["20260101-part-0.jsonl.first.unfinished"]);
}

/// A node that does not answer any more may still run its pod when the next one has begun.
#[test]
fn two_tries_of_a_part_at_a_time_leave_one_whole_report() {
    let job = Job::new();
    let child = job.begun(2, "first");
    job.run(0, 2, "second").expect(1);
    let report = job.report(2);
    job.kill(child);
    assert_eq!(job.report(2), report);
    // One that comes to its end later takes the place of the other, and is whole too.
    job.run(0, 2, "third").expect(1);
    assert_eq!(job.report(2).entries, report.entries);
}

#[test]
fn a_part_that_is_incomplete_says_so_and_is_done_again() {
    let job = Job::new();
    job.fleet.server().fault(Fault::status(500).on("GET", "/pods"));
    job.run(0, 1, "first").expect(3);
    assert!(job.report(1).tail["incomplete"].is_array());
    job.fleet.server().heal();
    job.run(0, 1, "second").expect(1);
    assert_eq!(job.report(1).tail.get("incomplete"), None);
    // What was asked wrongly leaves no report, and says what is wrong.
    std::fs::remove_file(job.volume("20260101-part-1.jsonl")).unwrap();
    let mut wrong = job.command(0, 1, "third");
    wrong.env("JOB_COMPLETION_INDEX", "9");
    job.fleet
        .scene
        .finish(&mut wrong)
        .expect_usage("there is no part 9 of 4");
    assert!(!job.volume("20260101-part-1.jsonl").exists());
}
