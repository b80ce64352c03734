// SPDX-License-Identifier: Apache-2.0
//! The URLs of lookaside stores on a disk, as skopeo reads them.

use std::path::PathBuf;

use crate::registry::town::Town;
use crate::support::hub::Hub;
use crate::support::program::Outcome;

/// A registry with an image that is signed in the store `lookaside`.
fn scene() -> (Town, Hub, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "urls"));
    let reference = format!("{}/ns/app:v1", hub.host());
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    (town, hub, reference)
}

/// Go reads a scheme in any case, one slash after it, and what is percent-encoded.
#[test]
fn stores_on_a_disk_that_skopeo_reads() {
    let (town, _hub, reference) = scene();
    let image = format!("docker://{reference}");
    let root = town.sandbox.root().display().to_string();
    let odd = town.sandbox.path("a?b%20c");
    std::os::unix::fs::symlink(town.sandbox.path("lookaside"), odd).unwrap();
    let policy = policy(&town);
    let out = format!("dir:{}", town.sandbox.path("out").display());
    for (base, is_read) in [
        (format!("file://{root}/lookaside"), true),
        (format!("file:{root}/lookaside"), true),
        (format!("FILE:{root}/lookaside"), true),
        (format!("File://{root}/lookaside/"), true),
        (format!("file://localhost{root}/lookaside"), true),
        (format!("file://usr:a%2Fb@localhost{root}/lookaside"), true),
        (format!("file://{root}/look%61side"), true),
        (format!("file://{root}%2flookaside"), true),
        (format!("file://{root}/a%3Fb%2520c"), true),
        (format!("file://{root}/lookaside?x"), true),
        (format!("file://{root}/lookaside?%zz"), true),
        (format!("file://{root}/lookaside#x"), true),
        (format!("file://{root}/a?b%20c"), false),
        (format!("file://{root}/a%3Fb%20c"), false),
        (format!("file://{root}/lookaside#%zz"), false),
        (format!("file://{root}/lookaside%"), false),
        (format!("file://{root}/look%6side"), false),
        ("file:lookaside".to_owned(), false),
        (format!("http:{root}/lookaside"), false),
    ] {
        town.stores(&format!("default-docker:\n  lookaside: \"{base}\"\n"));
        let verdict = town.verify(&[&image]);
        assert_eq!(verdict.status == 0, is_read, "{base}: {verdict:?}");
        let args = ["--policy", policy.to_str().unwrap(), "copy", "--src-tls-verify=false"];
        let _ = std::fs::remove_dir_all(town.sandbox.path("out"));
        if let Some(output) = town.skopeo(&[&args[..], &[&image, &out]].concat()) {
            assert_eq!(output.status.success(), is_read, "{base}: {output:?}");
        }
    }
}

/// What skopeo refuses is told with its reason, and where it is.
#[test]
fn a_lookaside_url_that_is_badly_encoded() {
    let (town, _hub, reference) = scene();
    for base in ["file:///srv/100%", "https://store.example/%zz"] {
        town.stores(&format!("default-docker:\n  lookaside: {base}\n"));
        let told = format!("the lookaside URL \"{base}\" has a % without two hexadecimal digits after it");
        let outcome = town.verify(&[&format!("docker://{reference}")]).expect(3);
        assert!(outcome.words().contains(&told), "{outcome:?}");
        let outcome = by_policy(&town, &["policy", "lint"]);
        assert!(outcome.stdout.contains(&told), "{outcome:?}");
    }
}

/// The password of a URL without its scheme is left out of the URL, and of what is proposed instead.
#[test]
fn a_lookaside_without_its_scheme_keeps_its_password_secret() {
    let (town, _hub, reference) = scene();
    for base in [
        "//usr:S3CR3T@store.example/sigs",
        "/usr:S3CR3T@store.example/sigs",
        "//store.example/sigs?sig=S3CR3T",
        "/sigs?sig=S3CR3T",
    ] {
        town.stores(&format!("default-docker:\n  lookaside: {base}\n"));
        let verify = town.verify(&[&format!("docker://{reference}")]).expect(3);
        let lint = by_policy(&town, &["policy", "lint"]);
        let why = by_policy(&town, &["policy", "why", &reference]);
        for outcome in [verify, lint, why] {
            let all = format!("{}{}", outcome.words(), outcome.stderr);
            assert!(all.contains("is not an https, http or file URL"), "{all}");
            assert!(!all.contains("S3CR3T") && !all.contains("did you mean"), "{all}");
        }
    }
}

/// Runs a command about a policy that requires a signature by the town's key.
fn by_policy(town: &Town, command: &[&str]) -> Outcome {
    let path = policy(town).display().to_string();
    town.sandbox
        .finish(&mut town.command(&[command, &[&path]].concat()), b"")
}

fn policy(town: &Town) -> PathBuf {
    let key = town.key_file.display();
    let required = format!("{{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPath\": \"{key}\"}}");
    town.sandbox
        .file("policy.json", format!("{{\"default\": [{required}]}}"))
}
