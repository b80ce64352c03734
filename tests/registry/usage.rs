// SPDX-License-Identifier: Apache-2.0
//! How images in registries are named, and what is refused before anybody is contacted.

use crate::registry::town::Town;
use crate::support::formats;
use crate::support::hub::Hub;

#[test]
fn references_that_are_none() {
    let town = Town::new();
    for (image, words) in [
        (
            "docker://registry.example.com/ns/app",
            "docker://registry.example.com/ns/app:latest",
        ),
        ("docker://busybox", "docker://busybox:latest"),
        ("docker://", "needs a reference"),
        ("docker://https://registry.example.com/ns/app:v1", "without https://"),
        (
            "docker://http://registry.example.com/ns/app:v1",
            "write it without http://: docker://registry.example.com/ns/app:v1; plain http is spoken to registries that have insecure = true in registries.conf",
        ),
        ("docker://registry.example.com/NS/app:v1", "lower case"),
        ("docker://[::1]:5000/ns/app:v1", "IPv6"),
        (
            "docker://registry.example.com:99999/ns/app:v1",
            "99999 is not a port (1 to 65535)",
        ),
        ("docker://registry.example.com:0/ns/app:v1", "0 is not a port (1 to 65535)"),
        (
            "docker://r.example.com/a:v1@sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "both a tag and a digest",
        ),
        ("docker:busybox:1", "docker://busybox:1"),
        (
            "registry.example.com/ns/app:v1",
            "docker://registry.example.com/ns/app:v1",
        ),
    ] {
        town.verify(&[image]).expect_usage(words);
    }
}

#[test]
fn what_has_no_meaning_for_an_image_in_a_registry() {
    let (town, hub) = (Town::new(), Hub::plain());
    let image = format!("docker://{}/ns/app:v1", hub.host());
    town.verify(&[&image, "--confirm"])
        .expect_usage("--confirm applies only to Image objects");
    town.verify(&[&image, "--dry-run=server"])
        .expect_usage("--dry-run=server applies only to Image objects");
    town.verify(&[&image, "--signature", "x"])
        .expect_usage("--signature applies only to Image objects");
    town.sandbox.file("x.json", "{}");
    town.verify(&[&image, "-f", "x.json"])
        .expect_usage("without --filename");
    town.verify(&[&image, "--require-list"])
        .expect_usage("--require-list needs");
    for command in ["remove", "describe"] {
        let outcome = town.sandbox.run([command, &image]);
        outcome.expect_usage("an image in a registry has no records");
    }
    for option in [
        &["--platform", "linux/amd64"][..],
        &["--all-platforms"],
        &["--authfile", "x.json"],
    ] {
        let key = town.key_file.to_str().unwrap();
        let mut args = vec!["verify", "dir:.", "--expected-identity", "a:v1", "--public-key", key];
        args.extend(option);
        town.sandbox.run(args).expect_usage("add an IMAGE docker://REFERENCE");
    }
    assert_eq!(hub.connections(), 0);
}

/// Each file is named, and nobody is contacted.
#[test]
fn configuration_that_cannot_be_used() {
    let (town, hub) = (Town::new(), Hub::plain());
    let image = format!("docker://{}/ns/app:v1", hub.host());
    town.insecure(&[&hub.host()]);
    let broken = town.sandbox.file("broken", "{ [");
    let broken = broken.to_str().unwrap();
    for (option, words) in [
        (["--authfile", broken], "broken"),
        (["--authfile", "nowhere.json"], "nowhere.json"),
        (["--creds", "secret-without-colon"], "expected USER:PASSWORD"),
        (["--cert-dir", broken], "it is not a directory"),
        (["--registry-ca", broken], "it has no PEM certificate"),
    ] {
        let outcome = town.verify(&[&image, option[0], option[1]]).expect_usage(words);
        assert!(!outcome.stderr.contains("secret-without-colon"), "{}", outcome.stderr);
    }
    town.stores("docker: [");
    town.verify(&[&image]).expect_usage("test.yaml");
    town.stores("");
    town.conf("[[registry]]\nlocation = 1\n");
    town.verify(&[&image]).expect_usage("registries.conf");
    assert_eq!(hub.connections(), 0);
}

/// `verify` and `policy why` find the same configuration: that of the user, its drop-ins, and what variables name.
#[test]
fn configuration_is_found_where_podman_finds_it() {
    let (town, hub) = (Town::new(), Hub::plain());
    let digest = hub.store(|store| store.repository("up/app").image("v1", "found"));
    let reference = "registry.example.com/ns/app:v1";
    let own = "home/.config/containers";
    let store = town.sandbox.path("signatures");
    let stores = format!(
        "docker:\n  {}:\n    lookaside: file://{}\n",
        hub.host(),
        store.display()
    );
    town.sandbox.file(&format!("{own}/registries.d/a.yaml"), stores);
    let name = format!("signatures/up/app@{}/signature-1", digest.replace(':', "="));
    town.sandbox.file(&name, town.sign(&digest, reference));
    let mirror = |host: &str| {
        format!("[[registry]]\nlocation = \"registry.example.com/ns\"\nblocked = true\n[[registry.mirror]]\nlocation = \"{host}/up\"\ninsecure = true\n")
    };
    let (good, other) = (mirror(&hub.host()), mirror("registry.invalid:1"));
    let run = |set: &[(&str, &str)], is_found: bool| {
        let mut command = town.sandbox.command();
        command.args(["verify", "-o", "json", "--public-key", town.key_file.to_str().unwrap()]);
        command.arg(format!("docker://{reference}")).envs(set.iter().copied());
        let outcome = town.sandbox.finish(&mut command, b"");
        let word = if is_found {
            "Verified/Verified"
        } else {
            "Unchecked/SourceUnavailable"
        };
        outcome.expect_verdict(if is_found { 0 } else { 3 }, word);
        let mut command = town.sandbox.command();
        command
            .args(["policy", "why", reference, "policy.json", "-o", "json"])
            .envs(set.iter().copied());
        let item = town.sandbox.finish(&mut command, b"").expect(0).item();
        let first = item["locations"][0]["reference"].as_str().unwrap().to_owned();
        assert_eq!(first == format!("{}/up/app:v1", hub.host()), is_found, "{item}");
    };
    town.sandbox
        .file("policy.json", "{\"default\": [{\"type\": \"reject\"}]}");
    town.sandbox.file(&format!("{own}/registries.conf"), &good);
    run(&[], true);
    // A drop-in takes the place of an entry of the same prefix, the last one by name.
    town.sandbox.file(&format!("{own}/registries.conf.d/10-a.conf"), &other);
    run(&[], false);
    town.sandbox.file(&format!("{own}/registries.conf.d/20-b.conf"), &good);
    town.sandbox.file(&format!("{own}/registries.conf.d/30-c.txt"), &other);
    run(&[], true);
    // A file that applies last; one that leaves all others out; another home of configuration.
    let last = town.sandbox.file("last.conf", &other);
    run(
        &[("CONTAINERS_REGISTRIES_CONF_OVERRIDE", last.to_str().unwrap())],
        false,
    );
    let named = town.sandbox.file("named.conf", &good);
    town.sandbox.file(&format!("{own}/registries.conf.d/40-d.conf"), &other);
    run(&[], false);
    run(&[("CONTAINERS_REGISTRIES_CONF", named.to_str().unwrap())], true);
    town.sandbox.file("xdg/containers/registries.conf", &good);
    std::fs::create_dir_all(town.sandbox.path("xdg/containers/registries.d")).unwrap();
    let stores = town.sandbox.path(&format!("{own}/registries.d/a.yaml"));
    std::fs::copy(stores, town.sandbox.path("xdg/containers/registries.d/a.yaml")).unwrap();
    run(&[("XDG_CONFIG_HOME", town.sandbox.path("xdg").to_str().unwrap())], true);
    // A directory that is named must be there, for both.
    let why = ["policy", "why", reference, "policy.json", "--registries.d", "nowhere"];
    town.sandbox
        .run(why)
        .expect_usage("--registries.d nowhere: there is no such directory");
    let image = format!("docker://{reference}");
    let verify = [
        "verify",
        &image,
        "--public-key",
        town.key_file.to_str().unwrap(),
        "--registries.d",
        "nowhere",
    ];
    town.sandbox
        .run(verify)
        .expect_usage("--registries.d nowhere: there is no such directory");
}

#[test]
fn pairs_and_lists_of_images() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let mut images = Vec::new();
    for tag in ["v1", "v2", "v3"] {
        let digest = hub.store(|store| store.repository("ns/app").image(tag, tag));
        let reference = format!("{}/ns/app:{tag}", hub.host());
        let signed = if tag == "v3" {
            "other.example.com/app:v3".to_owned()
        } else {
            reference.clone()
        };
        town.keep("ns/app", &digest, 1, &town.sign(&digest, &signed));
        images.push(format!("docker://{reference}"));
    }
    let pair = format!("{}=other.example.com/app:v3", images[2]);
    let outcome = town.verify_json(&[&images[0], &images[1], &pair]).expect(0);
    let items = outcome.json()["items"].clone();
    assert_eq!(items[1]["identitySource"], "reference");
    assert_eq!(items[2]["identitySource"], "user");
    // One connection, one ping.
    assert_eq!(hub.lines().iter().filter(|line| *line == "GET /v2/").count(), 1);
    let list = format!(
        "# images\n{}\n\n{}\n{} other.example.com/app:v3\n",
        images[0], images[1], images[2]
    );
    let list = town.sandbox.file("list", list);
    let table = town.verify(&["--images-from", list.to_str().unwrap()]).expect(0);
    assert!(table.stdout.contains("3 images: 3 Verified"), "{}", table.stdout);
    assert!(table.stderr.contains("tags can move"), "{}", table.stderr);
    let names = town
        .verify(&["-o", "name", "--images-from", list.to_str().unwrap()])
        .expect(0)
        .stdout;
    assert_eq!(names.lines().filter(|line| line.starts_with("docker://")).count(), 3);
}

#[test]
fn the_digest_that_the_image_must_have() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "x"));
    let reference = format!("{}/ns/app:v1", hub.host());
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    let image = format!("docker://{reference}");
    town.verify_json(&[&image, "--expected-digest", &digest])
        .expect_verdict(0, "Verified/Verified");
    town.verify_json(&[&image, "--expected-digest", crate::support::images::D1])
        .expect_verdict(1, "Rejected/DigestMismatch");
}

/// Whoever may import an image into a cluster, or write a line of a list, chooses a registry: it gets no login that is for
/// another one (contract 8).
#[test]
fn a_login_given_by_hand_is_for_one_registry() {
    let (town, one, other) = (Town::new(), Hub::plain(), Hub::plain());
    town.insecure(&[&one.host(), &other.host()]);
    let images = [&one, &other].map(|hub| format!("docker://{}/ns/app:v1", hub.host()));
    let list = town.sandbox.file("list", images.join("\n"));
    let (list, key) = (list.to_str().unwrap(), town.key_file.to_str().unwrap());
    let creds = ["--public-key", key, "--creds", "reader:Xyzzy.pass.9917.word"];
    for args in [
        vec!["verify", &images[0], &images[1]],
        vec!["verify", "--images-from", list],
        vec!["audit", "--images-from", list],
    ] {
        let outcome = town.sandbox.run([&args[..], &creds].concat());
        let outcome = outcome.expect_usage("--creds is the login of one registry, and the images are in 2 registries");
        assert!(!outcome.stderr.contains("9917"), "{}", outcome.stderr);
    }
    let object = format!("sha256:{}=registry.example.com/ns/app:v1", "1".repeat(64));
    let cluster = ["--server", "https://127.0.0.1:1", "--token", "t"];
    let auto = ["verify", &object, "--registry-url", "auto"];
    town.sandbox
        .run([&auto[..], &creds, &cluster].concat())
        .expect_usage("--creds cannot be used where the cluster says which registries are asked");
    let elsewhere = ["verify", &object, &images[0], "--registry-url", "registry.example.com"];
    town.sandbox
        .run([&elsewhere[..], &creds, &cluster].concat())
        .expect_usage("the images are in 2 registries");
    assert_eq!((one.connections(), other.connections()), (0, 0));
}

/// A password is not repeated where it stands in a name or a URL, well-formed or mistyped.
#[test]
fn passwords_in_names_and_urls_are_not_shown() {
    let town = Town::new();
    town.sandbox.file("policy.json", r#"{"default": [{"type": "reject"}]}"#);
    let hides = |outcome: &crate::support::program::Outcome| {
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!shown.contains("S3CR3T"), "{shown}");
    };
    for image in [
        "docker://bob:S3CR3T@registry.example.com/ns/app:v1",
        "docker:bob:S3CR3T@registry.example.com/ns/app:v1",
        "https://bob:S3CR3T@registry.example.com/ns/app:v1",
        "bob:S3CR3T@registry.example.com/ns/app:v1",
    ] {
        hides(
            &town
                .verify(&[image])
                .expect_usage("has a user name and a password in it"),
        );
        let named = ["sha256:0=", image].concat();
        hides(&town.verify(&[&named]).expect_usage("sha256"));
        let identity = ["docker://registry.example.com/x:v1", "--expected-identity", image];
        hides(
            &town
                .verify(&identity)
                .expect_usage("an expected identity has a user name"),
        );
    }
    for store in [
        "https://bob:S3CR3T@store.example/sigs",
        "https://bob:a/S3CR3T@store.example/sigs",
        "https:/bob:S3CR3T@store.example/sigs",
        "https//bob:S3CR3T@store.example/sigs",
        "bob:S3CR3T@store.example/sigs",
        "https://store.example/sigs?sig=S3CR3T",
    ] {
        let name = "why/a.yaml";
        town.sandbox
            .file(name, format!("docker:\n  example.com:\n    lookaside: \"{store}\"\n"));
        for format in formats("policy why") {
            let outcome = town.sandbox.run([
                "policy",
                "why",
                "example.com/foo/bar:v1",
                "policy.json",
                "--registries.d",
                "why",
                "-o",
                &format,
            ]);
            hides(&outcome);
            // What is no URL is not shown as one.
            let is_shown = outcome.expect(0).stdout.contains("store.example/sigs");
            assert!(is_shown || !store.contains("://"), "{store}");
        }
    }
    for url in [
        "http:/bob:S3CR3T@h",
        "http://bob:S3CR3T",
        "bob:S3CR3T@h",
        "ftp://bob:a/S3CR3T@h",
    ] {
        for server in [true, false] {
            let (server, proxy) = if server { (url, "") } else { ("https://h.example", url) };
            let kubeconfig = format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
                 clusters: [{{name: a, cluster: {{server: \"{server}\", proxy-url: \"{proxy}\"}}}}]\nusers: [{{name: a, user: {{token: t}}}}]\n"
            );
            town.sandbox.file("kubeconfig", kubeconfig);
            let digest = format!("sha256:{}", "1".repeat(64));
            hides(&town.sandbox.run(["describe", "--kubeconfig", "kubeconfig", &digest]));
        }
    }
}
