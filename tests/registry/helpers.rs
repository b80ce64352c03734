// SPDX-License-Identifier: Apache-2.0
//! Credential helpers: how often they are asked, what becomes of one that hangs, what of their messages is shown.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{kill_process, Pid, Signal};
use serde_json::json;

use crate::registry::logins::{guarded, PASSWORD, USER};
use crate::registry::town::Town;
use crate::support::hub::{Answer, Body, Guard, Hub};
use crate::support::images::base64;
use crate::support::program::wait_until;
use crate::support::secrets::assert_hidden;

/// A registry that wants a login, with two repositories, and a helper that does what a script says.
pub(super) struct Place {
    pub(super) town: Town,
    pub(super) hub: Hub,
    images: [String; 2],
    file: String,
}

impl Place {
    pub(super) fn new(script: &str) -> Self {
        let (town, hub, image) = guarded();
        hub.store(|store| store.repository("ns/other").image("v1", "other"));
        let helper = format!(
            "#!/bin/sh\necho asked >>{}\n{script}\n",
            town.sandbox.path("asked").display()
        );
        town.sandbox.program("bin/docker-credential-test", helper);
        let config = json!({"credHelpers": {hub.host(): "test"}}).to_string();
        let file = town.sandbox.file("auth.json", config).display().to_string();
        let other = format!("docker://{}/ns/other:v1", hub.host());
        Self {
            town,
            hub,
            images: [image, other],
            file,
        }
    }

    pub(super) fn command(&self) -> std::process::Command {
        let [first, second] = &self.images;
        let mut command = self
            .town
            .command(&["verify", "-o", "json", first, second, "--authfile", &self.file]);
        let path = format!("/usr/bin:/bin:{}", self.town.sandbox.path("bin").display());
        command.env("PATH", path);
        command
    }

    /// How often the helper was asked in a run that ends so.
    pub(super) fn asked(&self, status: i32) -> usize {
        let file = self.town.sandbox.path("asked");
        let _ = std::fs::remove_file(&file);
        self.town.sandbox.finish(&mut self.command(), b"").expect(status);
        std::fs::read_to_string(file).unwrap().lines().count()
    }
}

pub(super) fn answer() -> String {
    format!("echo '{{\"ServerURL\":\"x\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'")
}

/// A helper that is slow to fail would cost its time for each of hundreds of repositories. One that fails at once may not fail
/// the next time.
#[test]
fn a_helper_is_asked_once_for_all_repositories_of_a_host() {
    let place = Place::new(&answer());
    assert_eq!(place.asked(1), 1);
    assert!(place.hub.seen().iter().any(|seen| seen.target.contains("ns/other")));
    assert_eq!(Place::new("sleep 11; exit 1").asked(3), 1);
    assert_eq!(Place::new("exit 1").asked(3), 2);
}

/// A prompt may have been missed.
#[test]
fn a_helper_that_was_slow_to_fail_once_is_asked_for_the_next_repository() {
    let fails_first = "[ -e \"$0.failed\" ] || { touch \"$0.failed\"; sleep 6; exit 1; }";
    let place = Place::new(&format!("{fails_first}\n{}", answer()));
    assert_eq!(place.asked(3), 2);
    assert!(place.hub.seen().iter().any(|seen| seen.target.contains("ns/other")));
}

/// A login may be good for a shorter time than it is remembered for.
#[test]
fn a_remembered_login_that_is_refused_is_asked_for_anew() {
    let place = Place::new(&new_each_time(""));
    let each = |first: &str, second: &str| {
        let passwords = [("ns/app", first), ("ns/other", second)];
        let passwords = passwords.map(|(path, end)| (path, format!("{PASSWORD}-{end}")));
        place.hub.guard(Guard::Each(USER.to_owned(), passwords.to_vec()));
    };
    each("1", "2");
    assert_eq!(place.asked(1), 2);
    // Where it is not remembered, another one would be refused as well; and one that is refused at once is not asked for again.
    each("3", "never");
    assert_eq!(place.asked(3), 2);
    each("never", "never");
    assert_eq!(place.asked(3), 2);
}

/// Each time may be a question to the user.
#[test]
fn a_registry_that_refuses_slowly_has_its_helper_asked_ever_more_seldom() {
    let place = Place::new(&answer());
    for path in ["ns/app", "ns/other"] {
        let late = Body::Slow(b"x".to_vec(), Duration::from_millis(5200));
        place
            .hub
            .answer(&format!("/v2/{path}/manifests/v1"), Answer::status(403).body(late));
    }
    assert_eq!(place.asked(3), 2);
}

/// What gives a login once, and another one when it is asked again, whose end is the number.
pub(super) fn new_each_time(end: &str) -> String {
    let next = "echo x >>\"$0.count\"; n=$(grep -c x \"$0.count\")";
    format!("{next}\n{end}\necho '{{\"ServerURL\":\"x\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}-'$n'\"}}'")
}

/// Anybody who owns a repository can have the helper asked again by a refusal.
#[test]
fn a_helper_of_no_use_when_it_is_asked_again_takes_no_login_from_other_repositories() {
    // The last one gives a login that is not good.
    for end in ["exit 1", "echo 'credentials not found in native keychain'; exit 1", ":"] {
        let place = Place::new(&new_each_time(&format!("[ $n = 1 ] || {{ {end}; }}")));
        place
            .hub
            .store(|store| store.repository("ns/third").image("v1", "third"));
        let passwords = [("ns/app", "1"), ("ns/other", "never"), ("ns/third", "1")];
        let passwords = passwords.map(|(path, end)| (path, format!("{PASSWORD}-{end}")));
        place.hub.guard(Guard::Each(USER.to_owned(), passwords.to_vec()));
        let mut command = place.command();
        command.arg(format!("docker://{}/ns/third:v1", place.hub.host()));
        let outcome = place.town.sandbox.finish(&mut command, b"").expect(3);
        let items = outcome.json()["items"].clone();
        let verdicts: Vec<&str> = items
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|item| item["verdict"].as_str())
            .collect();
        assert_eq!(verdicts, ["Verified", "Unchecked", "Unsigned"], "{end}: {items}");
        let asked = std::fs::read_to_string(place.town.sandbox.path("asked")).unwrap();
        assert_eq!(asked.lines().count(), 2, "{end}");
    }
}

/// The words of a refusal that repeat what they are given.
fn echo(text: &str) -> Answer {
    let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": format!("bad {text}")}]}).to_string();
    Answer::status(401)
        .header("Content-Type", "application/json")
        .body(Body::Bytes(body.into_bytes()))
}

/// It is often good elsewhere, and for long.
#[test]
fn a_login_that_was_refused_stays_secret_once_there_is_another_one() {
    let first = format!("{PASSWORD}-1");
    let other = Hub::plain();
    let refusal = || Answer::challenge("Basic realm=\"registry\"");
    let pair = base64(format!("{USER}:{first}").as_bytes());
    for answer in [
        echo(&first),
        echo(&pair),
        Answer::redirect(&format!("{}/x?old={first}", other.url())),
    ] {
        let place = Place::new(&new_each_time(""));
        place.hub.guard(Guard::Basic(USER.to_owned(), first.clone()));
        let is_redirect = answer.status == 307;
        place.hub.answers("/v2/ns/other/manifests/v1", [refusal(), answer]);
        let outcome = place.town.sandbox.finish(&mut place.command(), b"").expect(3);
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_hidden(&shown, &[PASSWORD.as_bytes()]);
        assert!(!shown.contains(&pair), "{shown}");
        let said = "it redirects to a URL that has the login in it";
        assert_eq!(shown.contains(said), is_redirect, "{shown}");
        let asked = std::fs::read_to_string(place.town.sandbox.path("asked")).unwrap();
        assert_eq!(asked.lines().count(), 2);
    }
    assert_eq!(other.lines(), [""; 0]);
}

#[test]
fn a_token_that_was_refused_stays_secret_once_there_is_another_one() {
    let (town, hub, image) = guarded();
    let tokens = ["1", "2"].map(|end| format!("{PASSWORD}-{end}"));
    let realm = format!("{}/token", hub.url());
    hub.guard(Guard::bearer(&realm, "none"));
    hub.answers("/token", tokens.iter().map(|token| Answer::token(token)));
    let refusal = Answer::challenge(&format!("Bearer realm=\"{realm}\""));
    hub.answers("/v2/ns/app/manifests/v1", [refusal, echo(&tokens[0])]);
    let outcome = town.verify_json(&[&image]).expect(3);
    assert_hidden(&format!("{}{}", outcome.stdout, outcome.stderr), &[PASSWORD.as_bytes()]);
    let asked = hub.lines().iter().filter(|line| line.contains("/token")).count();
    assert_eq!(asked, 2);
}

#[test]
fn a_helper_that_hangs_does_not_outlive_a_run_that_a_signal_ends() {
    let place = Place::new("");
    let pids = place.town.sandbox.path("pids");
    let script = format!(
        "#!/bin/sh\nsleep 300 &\necho $$ $! >{0}.new\nmv {0}.new {0}\nwait\n",
        pids.display()
    );
    place.town.sandbox.program("bin/docker-credential-test", script);
    let mut command = place.command();
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the helper hangs", || pids.exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("SIGKILL"),
        "{output:?}"
    );
    for pid in std::fs::read_to_string(pids).unwrap().split_whitespace() {
        // Whether init reaps it is init's affair.
        let stat = format!("/proc/{pid}/stat");
        wait_until("helper and child have ended", || {
            std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "))
        });
    }
}

/// A helper may be anybody's program: what is not an answer gives no login, is not shown, and is not waited for.
#[test]
fn answers_of_no_use_give_no_login() {
    let json = |user: &str, secret: &str| format!("echo '{{\"Username\":{user},\"Secret\":{secret}}}'");
    let good = format!("\"{PASSWORD}\"");
    let begin = std::time::Instant::now();
    for script in [
        json("7", &good),
        json("\"reader\"", "[]"),
        format!("echo '{{\"Username\":\"{USER}\",\"Secret\":{good},\"Secret\":{good}}}'"),
        format!("{}\necho {PASSWORD}", answer()),
        format!("{}\nexit 1", answer()),
        format!("{}\nkill -9 $$", answer()),
        "exec 2>&1; cat /dev/zero".to_owned(),
        "yes".to_owned(),
        format!("{} | head -c 20", answer()),
        "printf '\\033[2J\\377'".to_owned(),
        String::new(),
    ] {
        let place = Place::new(&script);
        let outcome = place.town.sandbox.finish(&mut place.command(), b"").expect(3);
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_hidden(&shown, &[PASSWORD.as_bytes()]);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        let items = outcome.json()["items"].clone();
        for item in items.as_array().unwrap() {
            assert_eq!(item["reason"], "SourceUnavailable", "{script}: {item}");
        }
        assert!(
            place.hub.seen().iter().all(|seen| seen.authorization().is_empty()),
            "{script}"
        );
    }
    assert!(
        begin.elapsed() < std::time::Duration::from_secs(60),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn what_a_helper_writes_to_standard_error_is_not_shown() {
    for (end, status) in [(answer(), 1), ("exit 1".to_owned(), 3)] {
        let place = Place::new(&format!("echo 'got {PASSWORD}' >&2\n{end}"));
        let outcome = place.town.sandbox.finish(&mut place.command(), b"").expect(status);
        assert_hidden(&format!("{}{}", outcome.stdout, outcome.stderr), &[PASSWORD.as_bytes()]);
    }
}

/// What prints base64 breaks its lines after 76 characters, and other tools read that.
#[test]
fn a_login_whose_base64_has_line_breaks_is_used() {
    let (town, hub, image) = guarded();
    let pair = base64(format!("{USER}:{PASSWORD}").as_bytes());
    for (at, breaks, is_good) in [
        (8, "\n", true),
        (9, "\r\n", true),
        (pair.len(), "\n", true),
        (8, " ", false),
    ] {
        let mut broken = pair.clone();
        broken.insert_str(at, breaks);
        let text = json!({"auths": {hub.host(): {"auth": broken}}}).to_string();
        let file = town.sandbox.file("auth.json", text).display().to_string();
        let outcome = town.verify_json(&[&image, "--authfile", &file]);
        assert_hidden(&outcome.stderr, &[PASSWORD.as_bytes()]);
        match is_good {
            true => outcome.expect_verdict(0, "Verified/Verified"),
            false => outcome.expect_verdict(3, "Unchecked/SourceUnavailable"),
        };
    }
}

/// Plain http goes through a tunnel here; proxies as shipped make tunnels to the port of https alone, and forward the rest.
#[test]
fn a_proxy_that_makes_no_tunnel_for_plain_http_is_told_for_that() {
    let town = Town::new();
    let proxy = Hub::plain();
    town.insecure(&["reg.example:5000"]);
    let mut command = town.command(&["verify", "-o", "json", "docker://reg.example:5000/ns/app:v1"]);
    command.env("HTTP_PROXY", format!("http://{}", proxy.host()));
    let outcome = town.sandbox.finish(&mut command, b"").expect(3);
    let message = outcome.item()["message"].to_string();
    for part in [
        "cannot connect to it: it answers with status 4",
        "the proxy must allow CONNECT",
        "NO_PROXY",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}
