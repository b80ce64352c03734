// SPDX-License-Identifier: Apache-2.0
//! What is said where people take one thing for another: names, ports, key files.

use serde_json::json;

use crate::registry::town::{answers, Town};
use crate::support::cosign::Cosign;
use crate::support::hub::{Answer, Hub};

/// A registry over plain http, with an image that is signed in the store on disk.
fn signed() -> (Town, Hub, String, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "words"));
    let reference = format!("{}/ns/app:v1", hub.host());
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    (town, hub, digest, reference)
}

#[test]
fn names_without_a_registry_are_those_of_docker_io_with_a_warning() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.store_on_disk();
    town.conf(&format!(
        "[[registry]]\nprefix = \"docker.io\"\nlocation = \"{}\"\ninsecure = true\n",
        hub.host()
    ));
    for (short, full) in [("busybox:1", "library/busybox"), ("someone/app:1", "someone/app")] {
        let digest = hub.store(|store| store.repository(full).image("1", full));
        let reference = format!("docker.io/{full}:1");
        town.keep(full, &digest, 1, &town.sign(&digest, &reference));
        let outcome = town
            .verify_json(&[&format!("docker://{short}")])
            .expect_verdict(0, "Verified/Verified");
        let warning = format!("warning: docker://{short} names no registry, and docker.io is taken for it");
        assert!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains(&format!("write docker://{reference}")),
            "{}",
            outcome.stderr
        );
        let mut inspect = town.command(&["inspect", &format!("docker://{short}")]);
        let shown = town.sandbox.finish(&mut inspect, b"").expect(0);
        assert!(shown.stderr.contains(&warning), "{}", shown.stderr);
        for named in [reference.clone(), format!("index.{reference}")] {
            let outcome = town.verify(&[&format!("docker://{named}")]).expect(0);
            assert!(!outcome.stderr.contains("names no registry"), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_registry_over_plain_http_is_called_one() {
    let (town, hub, _, reference) = signed();
    town.conf("");
    let image = format!("docker://{reference}");
    for more in [&[][..], &["--insecure"]] {
        let item = town
            .verify_json(&[&[image.as_str()], more].concat())
            .expect_verdict(3, "Unchecked/SourceUnavailable")
            .item();
        let message = item["message"].as_str().unwrap();
        assert!(
            message.contains("does not speak TLS; it seems to be one for plain http"),
            "{message}"
        );
        let advice = format!("insecure = true in registries.conf (location = \"{}\")", hub.host());
        assert!(message.contains(&advice), "{message}");
        // Where that is, and that an option that was given is about something else.
        assert!(
            message.contains("in the file of --registries-conf, else in ~/.config"),
            "{message}"
        );
        let aside = message.ends_with(", and --insecure applies only to certificates");
        assert_eq!(aside, !more.is_empty(), "{message}");
    }
    // Nothing was said to it plainly.
    assert_eq!(hub.lines(), [""; 0]);
    town.conf(&format!(
        "[[registry]]\nlocation = \"{}\"\ninsecure = true\n",
        hub.host()
    ));
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
}

/// What each way of asking gave is named: over plain http the registry has answered.
#[test]
fn a_registry_over_plain_http_that_is_out_of_order() {
    let (town, hub, _, reference) = signed();
    let image = format!("docker://{reference}");
    let host = hub.host();
    let plain = format!("http://{host}/v2/");
    for (answer, verdict, words) in [
        (
            Answer::status(500),
            "Unchecked/SourceUnavailable",
            format!("{plain}: unexpected status 500"),
        ),
        (
            Answer::status(404),
            "Unchecked/SourceUnavailable",
            format!("{plain}: unexpected status 404"),
        ),
        (
            Answer::status(403),
            "Unchecked/Forbidden",
            format!("{plain}: forbidden or not there (403)"),
        ),
        (
            Answer::page(),
            "Unchecked/SourceUnavailable",
            format!("{plain}: a web page came instead"),
        ),
    ] {
        hub.answer("/v2/", answer);
        let item = town.verify_json(&[&image]).expect_verdict(3, verdict).item();
        let message = item["message"].as_str().unwrap();
        assert!(message.contains(&words), "{message}");
        let https = format!("https://{host}/v2/: the server does not speak TLS");
        assert!(message.contains(&https), "{message}");
        assert!(!message.contains("insecure"), "{message}");
    }
}

#[test]
fn key_files_given_to_the_option_for_the_other_kind() {
    let (town, _hub, _, reference) = signed();
    let image = format!("docker://{reference}");
    let binary = std::fs::read(&town.key_file).unwrap();
    let armoured = town.signer.gpg(&["--armor", "--export", &town.key], b"");
    for (name, content) in [("binary.gpg", binary), ("armoured.asc", armoured)] {
        let file = town.sandbox.file(name, content);
        town.verify(&[&image, "--sigstore-key", file.to_str().unwrap()])
            .expect_usage("OpenPGP keys are given to verify with --public-key");
    }
    let conf = town.sandbox.path("registries.conf");
    let mut command = town.sandbox.command();
    command.args(["verify", &image, "--public-key"]).arg(&conf);
    let outcome = town.sandbox.finish(&mut command, b"");
    outcome.expect_usage("it looks like TOML, as registries.conf is");
    let key = Cosign::new();
    let der = town.sandbox.file("key.der", key.0.public_key_to_der().unwrap());
    town.verify(&[&image, "--sigstore-key", der.to_str().unwrap()])
        .expect_usage("openssl pkey -pubin -inform DER");
    let pem = town.sandbox.file("key.pub", key.pem());
    let rsa = Cosign::rsa(2048).0.rsa().unwrap().public_key_to_pem_pkcs1().unwrap();
    let rsa = town.sandbox.file("rsa.pub", rsa);
    for file in [pem, rsa] {
        town.verify(&[&image, "--public-key", file.to_str().unwrap()])
            .expect_usage("keys of sigstore signatures are given to verify with --sigstore-key");
    }
}

/// The rule may take another reference than the expected one: which one is signed is said.
#[test]
fn the_reference_that_is_signed() {
    let (town, hub, digest, reference) = signed();
    let name = reference.strip_suffix(":v1").unwrap();
    hub.store(|store| store.repository("ns/app").image("v2", "words"));
    let image = format!("docker://{name}:v2");
    let rule = ["--identity-match", "matchRepository"];
    let outcome = town.verify(&[&image, rule[0], rule[1]]).expect(0);
    let text = outcome.stdout;
    assert!(text.starts_with(&format!("Verified: {name}:v2\n")), "{text}");
    // That nobody signed for the tag is said beside that it can move.
    let unsigned =
        ", and no verified signature names it, so no signature ties the image to this tag; what was verified is";
    let said = format!("the tag v2 can move to another image{unsigned} {name}@{digest}\n");
    assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
    for (asked, by) in [
        (reference.clone(), &rule[..]),
        (reference.clone(), &[]),
        (format!("{name}:v2"), &["--expected-identity", &reference]),
    ] {
        let outcome = town.verify(&[&[&*format!("docker://{asked}")], by].concat()).expect(0);
        assert!(
            outcome.stderr.contains("can move to another image; what"),
            "{}",
            outcome.stderr
        );
    }
    let both = town
        .verify(&[&image, &format!("docker://{reference}"), rule[0], rule[1]])
        .expect(0);
    let said = "tags can move to other images, and of 1 of these images no verified signature names the tag; use";
    assert!(both.stderr.contains(said), "{}", both.stderr);
    hub.store(|store| store.repository("ns/app").image("v3", "words"));
    let third = format!("docker://{name}:v3");
    let none = town.verify(&[&image, &third, rule[0], rule[1]]).expect(0);
    let said = "tags can move to other images, and no verified signature of these images names the tag; use";
    assert!(none.stderr.contains(said), "{}", none.stderr);
    assert!(text.contains(&format!("  signed as  {reference}\n")), "{text}");
    assert!(!text.contains(&format!("signed as  {name}:v2")), "{text}");
    // By a digest the default rule takes any tag of the repository.
    let text = town.verify(&[&format!("docker://{name}@{digest}")]).expect(0).stdout;
    assert!(text.contains(&format!("  signed as  {reference}\n")), "{text}");
    // Where it is the expected one, nothing is said twice.
    let text = town.verify(&[&format!("docker://{reference}")]).expect(0).stdout;
    assert!(!text.contains("signed as"), "{text}");
}

/// With a sigstore key the tag is asked whatever the configuration says; what nodes do is said.
#[test]
fn a_tag_that_nodes_do_not_look_at() {
    let (town, hub, digest, reference) = signed();
    let key = Cosign::new();
    let file = town.sandbox.file("cosign.pub", key.pem());
    hub.store(|store| {
        let payload = crate::support::cosign::payload(&digest, &reference);
        store
            .repository("ns/app")
            .attach(&digest, &[(&payload, &key.sign(&payload))]);
    });
    let run = |more: &[&str]| {
        let mut command = town.sandbox.command();
        command
            .args(["verify", &format!("docker://{reference}")])
            .args(["--sigstore-key", file.to_str().unwrap()])
            .args(["--registries.d", town.sandbox.path("registries.d").to_str().unwrap()])
            .args([
                "--registries-conf",
                town.sandbox.path("registries.conf").to_str().unwrap(),
            ])
            .args(more);
        town.sandbox.finish(&mut command, b"").expect(0)
    };
    let note = "podman and CRI-O with the registries.d that is named here do not look there: use-sigstore-attachments is not set for";
    let item = run(&["-o", "json"]).item();
    assert_eq!(answers(&item), ["lookaside found 1", "attachment found 1"]);
    assert!(item["sources"][1]["note"].as_str().unwrap().starts_with(note), "{item}");
    for outcome in [run(&[]), run(&["--explain"])] {
        assert!(outcome.words().contains(note), "{outcome:?}");
    }
    // Nodes with API objects look there, and do not go by this directory.
    let object = json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy",
        "metadata": {"name": "own"}, "spec": key.policy_spec(&[&hub.host()]),
    });
    town.sandbox.file("objects.json", object.to_string());
    let mut command = town.sandbox.command();
    command.args(["verify", &format!("docker://{reference}"), "--policy", "objects.json"]);
    for name in ["registries.d", "registries.conf"] {
        let option = name.replace(".conf", "-conf");
        command.arg(format!("--{option}")).arg(town.sandbox.path(name));
    }
    let outcome = town.sandbox.finish(&mut command, b"").expect(0);
    assert!(!outcome.stdout.contains("do not look there"), "{outcome:?}");
    let store = format!("lookaside: file://{}", town.sandbox.path("lookaside").display());
    town.stores(&format!(
        "default-docker:\n  use-sigstore-attachments: true\n  {store}\n"
    ));
    assert!(!run(&[]).words().contains("do not look there"));
    town.stores(&format!(
        "default-docker:\n  use-sigstore-attachments: false\n  {store}\n"
    ));
    let words = run(&[]).words();
    assert!(
        words.contains("use-sigstore-attachments is false in") && words.contains("test.yaml line 2"),
        "{words}"
    );
}

/// A prefix that is not the beginning of what is asked for, or the two exchanged: nothing is replaced.
#[test]
fn a_prefix_to_be_replaced_that_the_expected_reference_does_not_have() {
    let (town, hub, digest, reference) = signed();
    let host = hub.host();
    let source = reference.replace(&host, "source.example");
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &source));
    let image = format!("docker://{reference}");
    let mismatch = |rule: &str| {
        let item = town
            .verify_json(&[&image, "--identity-match", rule])
            .expect_verdict(1, "Rejected/IdentityMismatch")
            .item();
        item["message"].as_str().unwrap().to_owned()
    };
    for (prefix, signed) in [
        (format!("{host}/n"), "source.example/n"),
        ("source.example".to_owned(), &*host),
    ] {
        let message = mismatch(&format!("remap:{prefix}={signed}"));
        let told = format!(
            "the registry host differs; {reference} is not below the prefix {prefix}, which would become {signed}"
        );
        assert!(message.ends_with(&told), "{message}");
    }
    let message = mismatch(&format!("remap:{host}=other.example"));
    assert!(!message.contains("prefix"), "{message}");
    town.verify(&[&image, "--identity-match", &format!("remap:{host}=source.example")])
        .expect(0);
}

/// The address of a registry would pass for an image of docker.io with the port as its tag.
#[test]
fn the_address_of_a_registry_is_no_image() {
    let town = Town::new();
    for address in ["127.0.0.1:5731", "localhost:5000", "10.0.0.1"] {
        let image = format!("docker://{address}");
        let said = format!("{image}: it is a registry, not an image; write {image}/NAME:TAG");
        town.verify(&[&image]).expect_usage(&said);
        let mut audit = town.command(&["audit", &image, "--public-key", town.key_file.to_str().unwrap()]);
        town.sandbox.finish(&mut audit, b"").expect_usage(&said);
    }
    town.insecure(&["127.0.0.1:1"]);
    for image in ["docker://127.0.0.1:1/app:5731", "docker://localhost:1/ns/app:1"] {
        town.verify_json(&[image])
            .expect_verdict(3, "Unchecked/SourceUnavailable");
    }
}
