// SPDX-License-Identifier: Apache-2.0
//! Commands of skopeo that are proposed: they reach the registry as the run did, and loosen no check that the run had.

use crate::registry::town::Town;
use crate::support::hub::{Answer, Guard, Hub};
use crate::support::program::{has, skopeo, Outcome};
use crate::support::skipped;

const PASSWORD: &str = "Xyzzy.pass.9917.word";

/// A registry with TLS and a password, its CA certificate in a directory of certificates.
fn guarded() -> (Town, Hub, String) {
    let (town, hub) = (Town::new(), Hub::tls());
    town.store_on_disk();
    hub.store(|store| store.repository("ns/app").image("v1", "proposed"));
    hub.guard(Guard::Basic("reader".into(), PASSWORD.into()));
    town.sandbox.file("certs/ca.crt", hub.ca_pem());
    // Where skopeo keeps logins, if nothing else is said.
    std::fs::create_dir(town.sandbox.path("skopeo-run")).unwrap();
    let name = format!("docker://{}/ns/app", hub.host());
    (town, hub, name)
}

/// The command in the block that is printed, which is never broken.
#[track_caller]
fn proposed(outcome: &Outcome) -> Vec<String> {
    let mut lines = outcome.stdout.lines();
    let line = lines.find_map(|line| line.find("skopeo ").map(|at| &line[at..]));
    let line = line.unwrap_or_else(|| panic!("{outcome:?}"));
    let command = line.split([',', ';']).next().unwrap_or_default();
    command.split(' ').map(str::to_owned).collect()
}

/// Whether a command succeeds as it was proposed; true where there is no skopeo.
fn runs(town: &Town, words: &[String], more: &[&str]) -> bool {
    if !has("skopeo") {
        skipped("a command of skopeo", "skopeo is not installed");
        return true;
    }
    let mut command = skopeo(&town.sandbox, town.signer.home());
    let output = command.args(&words[1..]).args(more).output().unwrap();
    output.status.success()
}

#[test]
fn a_login_is_stored_where_it_is_looked_for() {
    let (town, _hub, name) = guarded();
    let image = format!("{name}:v1");
    let file = town.sandbox.file("auth.json", "{}").display().to_string();
    let certs = town.sandbox.path("certs").display().to_string();
    let by_directory = [image.as_str(), "--authfile", &file, "--cert-dir", &certs];
    let words = proposed(&town.verify(&by_directory).expect(3));
    assert!(!words.join(" ").contains("tls-verify"), "{words:?}");
    let password = ["-u", "reader", "-p", PASSWORD];
    assert!(runs(&town, &words, &password), "{words:?}");
    if has("skopeo") {
        town.verify(&by_directory).expect(1);
    }
    // A file with the certificate is for skopeo in a directory.
    let authority = format!("{certs}/ca.crt");
    let outcome = town.verify(&[&image, "--registry-ca", &authority]).expect(3);
    let note = "log in (DIR is a directory with the CA certificate as ca.crt): skopeo";
    assert!(outcome.words().contains(note), "{outcome:?}");
    let words: Vec<String> = proposed(&outcome)
        .into_iter()
        .map(|word| if word == "DIR" { certs.clone() } else { word })
        .collect();
    assert!(!words.join(" ").contains("tls-verify"), "{words:?}");
    assert!(runs(&town, &words, &password), "{words:?}");
    // What the user has loosened is loosened, and nothing else is.
    let words = proposed(&town.verify(&[&image, "--insecure"]).expect(3));
    assert!(words.contains(&"--tls-verify=false".to_owned()), "{words:?}");
    assert!(runs(&town, &words, &password), "{words:?}");
}

#[test]
fn tags_are_listed_with_the_login_and_the_certificates_of_the_run() {
    let (town, hub, name) = guarded();
    let tags = r#"{"name": "ns/app", "tags": ["v1"]}"#;
    hub.answer("/v2/ns/app/tags/list", Answer::ok("application/json", tags));
    let image = format!("{name}:v9");
    let certs = town.sandbox.path("certs").display().to_string();
    let creds = format!("reader:{PASSWORD}");
    let outcome = town
        .verify(&[&image, "--creds", &creds, "--cert-dir", &certs])
        .expect(3);
    let words = proposed(&outcome);
    assert!(words.contains(&"USER:PASSWORD".to_owned()), "{words:?}");
    let words: Vec<String> = words
        .into_iter()
        .map(|word| word.replace("USER:PASSWORD", &creds))
        .collect();
    assert!(runs(&town, &words, &[]), "{words:?}");
    assert_eq!(words.last(), Some(&name), "{words:?}");
}

#[test]
fn what_is_no_manifest_is_looked_at_as_the_run_did() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let path = "/v2/ns/app/manifests/v1";
    hub.answer(path, Answer::ok("application/vnd.oci.image.manifest.v1+json", "{}"));
    let image = format!("docker://{}/ns/app:v1", hub.host());
    let outcome = town.verify(&[&image]).expect(3);
    assert!(
        outcome
            .words()
            .contains("look at the proxy, or at what it returned: skopeo"),
        "{outcome:?}"
    );
    let words = proposed(&outcome);
    assert_eq!(words.last(), Some(&image), "{words:?}");
    let is_shown = runs(&town, &words, &[]);
    assert!(is_shown, "{words:?}");
}
