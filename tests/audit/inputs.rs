// SPDX-License-Identifier: Apache-2.0
//! Reports that would take the place of a file that is read, and pipes that nobody is at the other end of.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::bench::{Bench, SIGNED};
use crate::support::schema::assert_valid;

/// A pipe that nobody is at the other end of is given up after 10 s.
const LONGEST: Duration = Duration::from_secs(60);

#[test]
fn a_report_never_takes_the_place_of_a_file_that_is_read() {
    let bench = Bench::new();
    bench.mixed("in/all.json", 10);
    let path = |name: &str| bench.desk.sandbox.path(name);
    let key = bench.desk.key_file.to_str().unwrap().to_owned();
    bench
        .desk
        .put("list", format!("{} {SIGNED}:v1\n", super::bench::digest(0)));
    fs::create_dir(path("deep")).unwrap();
    symlink(path("in"), path("way")).unwrap();
    symlink("in/all.json", path("link.json")).unwrap();
    fs::hard_link(path("in/all.json"), path("hard.json")).unwrap();
    fs::hard_link(path("map"), path("deep/hard.yaml")).unwrap();
    fs::copy(&key, path("key2.gpg")).unwrap();
    let requirement = json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": path("key2.gpg")}]);
    bench
        .desk
        .put("policy.json", json!({"default": requirement}).to_string());
    bench
        .run(&["-f", "in/all.json", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    symlink("audit.jsonl", path("report")).unwrap();
    let read = [
        "in/all.json",
        "map",
        "list",
        "policy.json",
        "audit.jsonl",
        "key2.gpg",
        key.as_str(),
    ];
    let before: Vec<_> = read.iter().map(|name| fs::read(path(name)).unwrap()).collect();
    let key_report = format!("json={key}");
    let of_policy = ["audit", "--policy", "policy.json", "-f", "in"];
    let cases: [(&[&str], &str, &str); 13] = [
        (&["-f", "in/all.json"], "html=in/all.json", "--filename"),
        (&["-f", "in/all.json"], "jsonl=./in/../in/all.json", "--filename"),
        (&["-f", "in/all.json"], "csv=link.json", "--filename"),
        (&["-f", "in/all.json"], "csv=hard.json", "--filename"),
        (&["-f", "link.json"], "csv=way/all.json", "--filename"),
        (&["-f", "in"], "csv=link.json", "--filename"),
        (&["-f", "in", "-f", "deep"], "csv=map", "--filename"),
        (&["-f", "in", "--images-from", "list"], "csv=list", "--images-from"),
        (&["-f", "in"], "csv=map", "--expected-identity-map"),
        (&["-f", "in"], &key_report, "--public-key"),
        (
            &["-f", "in/all.json", "--resume", "audit.jsonl"],
            "csv=report",
            "--resume",
        ),
        (
            &["-f", "in/all.json", "--report", "csv=out"],
            "html=./out",
            "named for another report",
        ),
        (
            &["-f", "in/all.json", "--report", "csv=in/out"],
            "html=way/out",
            "named for another report",
        ),
    ];
    for (args, report, named) in &cases {
        let outcome = bench
            .run(&[args, &["--report", report][..]].concat())
            .expect_usage(named);
        assert_eq!(outcome.stdout, "", "{report}");
    }
    for report in ["csv=policy.json", "csv=key2.gpg"] {
        let outcome = bench.desk.sandbox.run([&of_policy[..], &["--report", report]].concat());
        outcome.expect_usage("is read itself");
    }
    let merge = ["audit", "merge", "audit.jsonl", "--report", "jsonl=report"];
    bench.desk.sandbox.run(merge).expect_usage("audit merge");
    for (name, before) in read.iter().zip(before) {
        assert!(fs::read(path(name)).unwrap() == before, "{name} was changed");
    }
    // What is not read may stand beside what is, and be replaced.
    bench.desk.put("in/out.html", "old");
    bench.run(&["-f", "in", "--report", "html=in/out.html"]).expect(1);
    assert!(fs::read_to_string(path("in/out.html"))
        .unwrap()
        .starts_with("<!DOCTYPE html>"));
    // Pipes and devices have nothing to lose.
    bench.run(&["-f", "in", "--report", "csv=/dev/null"]).expect(1);
}

/// What is read because a file, a list or the environment says so.
#[test]
fn a_report_never_takes_the_place_of_a_file_that_something_else_names() {
    let bench = Bench::new();
    let desk = &bench.desk;
    desk.put("all.json", bench.good(1).to_string());
    desk.put("image/manifest.json", "{}");
    desk.put("list", format!("dir:image {SIGNED}:v1\n"));
    let files = [
        "ca.pem",
        "cert.pem",
        "key.pem",
        "token",
        "plugin",
        "d/one.yaml",
        "conf.d/one.conf",
        "auth.json",
    ];
    for name in files {
        desk.put(&format!("home/{name}"), "as it was");
    }
    let path = |name: &str| desk.sandbox.path(name);
    desk.put(
        "home/config",
        json!({"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": "ca.pem"}}],
            "users": [{"name": "u", "user": {"client-certificate": "cert.pem", "client-key": path("home/key.pem"),
                "tokenFile": "token", "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}], "current-context": "x"})
        .to_string(),
    );
    let home = path("home");
    let containers = path("config/containers");
    fs::create_dir_all(containers.join("registries.d")).unwrap();
    fs::create_dir_all(containers.join("registries.conf.d")).unwrap();
    fs::write(containers.join("registries.d/own.yaml"), "{}").unwrap();
    fs::write(containers.join("registries.conf.d/own.conf"), "").unwrap();
    fs::write(containers.join("auth.json"), "{}").unwrap();
    let key = desk.key_file.to_str().unwrap();
    let refuse = |args: &[&str], report: &str, named: &str| {
        let mut command = desk.sandbox.command();
        command
            .args(["audit", "--public-key", key])
            .args(args)
            .args(["--report", &format!("csv={report}")])
            .env("XDG_CONFIG_HOME", path("config"))
            .env("DOCKER_CONFIG", &home);
        let before = fs::read(path(report)).unwrap();
        let outcome = desk.sandbox.finish(&mut command, b"");
        let outcome = outcome.expect_usage("this file is read itself");
        assert!(outcome.stderr.contains(named), "{report}: {outcome:#?}");
        assert!(fs::read(path(report)).unwrap() == before, "{report}");
    };
    let kubeconfig = home.join("config").display().to_string();
    for name in ["ca.pem", "cert.pem", "key.pem", "token", "plugin"] {
        let args = ["--kubeconfig", &kubeconfig];
        refuse(&args, &format!("home/{name}"), "a file that a kubeconfig names");
    }
    refuse(
        &["--images-from", "list"],
        "image/manifest.json",
        "an image that is named",
    );
    let of_registries = ["docker://r.example/x:1"];
    for name in ["registries.d/own.yaml", "registries.conf.d/own.conf"] {
        let report = format!("config/containers/{name}");
        refuse(&of_registries, &report, "the configuration of registries");
    }
    refuse(&of_registries, "config/containers/auth.json", "logins of registries");
    desk.put("home/config.json", "{}");
    refuse(&of_registries, "home/config.json", "logins of registries");
}

#[test]
fn a_pipe_that_nobody_is_at_the_other_end_of_is_given_up() {
    let bench = Bench::new();
    bench.mixed("all.json", 3);
    for name in ["in1", "in2", "in3", "out1", "out2"] {
        let pipe = bench.desk.sandbox.path(name);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    let trials: [(&[&str], i32, &str); 5] = [
        (&["merge", "in1"], 3, "for writing within 10 s"),
        (&["diff", "in2", "in3"], 3, "for writing within 10 s"),
        (
            &["-f", "all.json", "--public-key", "key", "--report", "csv=out1"],
            2,
            "for reading within 10 s",
        ),
        (
            &["-f", "all.json", "--public-key", "key", "--report", "jsonl=out2"],
            2,
            "for reading within 10 s",
        ),
        (
            &["-f", "all.json", "--public-key", "key", "--resume", "in1"],
            2,
            "not a regular file",
        ),
    ];
    fs::copy(&bench.desk.key_file, bench.desk.sandbox.path("key")).unwrap();
    for (args, status, named) in trials {
        let begin = Instant::now();
        let outcome = bench.desk.sandbox.run([&["audit"], args].concat()).expect(status);
        assert!(outcome.stderr.contains(named), "{args:?}: {outcome:?}");
        assert!(begin.elapsed() < LONGEST, "{args:?}: {:?}", begin.elapsed());
    }
}

/// Whoever reads a report sees by which keys or which policy it says Verified.
#[test]
fn reports_name_what_images_were_judged_by() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let outcome = bench
        .run(&[
            "-f",
            "all.json",
            "--report",
            "json=all.out",
            "--report",
            "html=all.html",
            "--report",
            "junit=all.xml",
            "--report",
            "sarif=all.sarif",
        ])
        .expect(0);
    let key = bench.desk.key_file.display().to_string();
    let by = format!("the keys of {key}");
    assert!(outcome.stdout.contains(&format!("\nJudged by {by}\n")), "{outcome:#?}");
    let read = |name: &str| fs::read_to_string(bench.desk.sandbox.path(name)).unwrap();
    let document: Value = serde_json::from_str(&read("all.out")).unwrap();
    assert_valid(&document);
    assert_eq!(document["parameters"]["judgedBy"], by.as_str());
    let page = read("all.html");
    let fact = page.split_once("<dt>Judged by</dt><dd>the keys of ");
    assert!(fact.is_some_and(|(_, rest)| rest.contains("key.gpg</dd>")), "{page}");
    let property = format!("<property name=\"judged by\" value=\"{by}\"/>");
    assert!(read("all.xml").contains(&property), "{}", read("all.xml"));
    let sarif: Value = serde_json::from_str(&read("all.sarif")).unwrap();
    let described = sarif["runs"][0]["automationDetails"]["description"]["text"]
        .as_str()
        .unwrap();
    assert!(described.ends_with(&format!(", judged by {by}")), "{described}");
    // No pod is among them, which is not the same as none of so many.
    let evidence = document["evidenceForControls"].to_string();
    assert!(
        evidence.contains("no image of those that pods run was audited"),
        "{evidence}"
    );
    assert!(!evidence.contains("0 of 0"), "{evidence}");
    let by = |args: &[&str]| {
        let args = [&["audit", "-f", "all.json", "-o", "json"][..], args].concat();
        bench.desk.sandbox.run(args).json()["parameters"]["judgedBy"].clone()
    };
    let file = "key.gpg";
    let signed = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": key});
    bench.desk.put("policy.json", json!({"default": [signed]}).to_string());
    assert_eq!(by(&["--policy", "policy.json"]), "policy policy.json");
    let only = by(&["--public-key", file, "--signed-by", &bench.desk.key, "--require", "2"]);
    let wanted = format!(
        "the keys of {file}; of these only {}; 2 different keys per image",
        bench.desk.key
    );
    assert_eq!(only, wanted.as_str());
    let home = bench.desk.signer.home().display().to_string();
    let valid = format!("the valid keys of the keyring in {home}");
    assert_eq!(by(&["--homedir", &home]), valid.as_str());
    let all = format!("all keys of the keyring in {home}");
    assert_eq!(by(&["--homedir", &home, "--trust-model", "always"]), all.as_str());
}
