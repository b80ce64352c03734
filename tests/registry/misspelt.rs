// SPDX-License-Identifier: Apache-2.0
//! Words of registries.d that nobody understands: podman and skopeo pass them over in silence. Where nothing is found they
//! are named, for one of them may have been meant to say where to look.

use crate::registry::town::Town;
use crate::support::hub::Hub;

/// A registry with an image that is signed in a store on disk.
struct Scene {
    town: Town,
    image: String,
    hub: Hub,
    store: String,
}

impl Scene {
    fn new() -> Self {
        let (town, hub) = (Town::new(), Hub::plain());
        town.insecure(&[&hub.host()]);
        let digest = hub.store(|store| store.repository("ns/app").image("v1", "misspelt"));
        let reference = format!("{}/ns/app:v1", hub.host());
        let store = format!("file://{}", town.store_on_disk().display());
        town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
        Self {
            town,
            image: format!("docker://{reference}"),
            hub,
            store,
        }
    }

    /// What is warned of with this content of registries.d, about members.
    #[track_caller]
    fn warned(&self, stores: &str, status: i32) -> Vec<String> {
        self.town.stores(stores);
        let outcome = self.town.verify(&[&self.image]).expect(status);
        let lines = outcome.stderr.lines().map(str::to_owned);
        lines.filter(|line| line.contains("is not a member")).collect()
    }

    fn warning(&self, line: usize, name: &str) -> String {
        let file = self.town.sandbox.path("registries.d/test.yaml");
        format!(
            "warning: {} line {line}: \"{name}\" is not a member that containers-registries.d(5) knows, and is ignored",
            file.display()
        )
    }
}

#[test]
fn a_member_that_is_not_known_is_named_where_no_signature_is_found() {
    let scene = Scene::new();
    let (host, store) = (scene.hub.host(), &scene.store);
    // The name of the store: in the section of everything, in one of its own, and twice over.
    let stores = format!("default-docker:\n  lookasid: {store}\n");
    assert_eq!(scene.warned(&stores, 1), [scene.warning(2, "lookasid")]);
    let stores = format!("docker:\n  {host}/ns:\n    Lookaside: {store}\n    use-sigstore-attachment: true\n");
    let both = [
        scene.warning(3, "Lookaside"),
        scene.warning(4, "use-sigstore-attachment"),
    ];
    assert_eq!(scene.warned(&stores, 1), both);
    // A section that is none.
    let stores = format!("default_docker:\n  lookaside: {store}\n");
    assert_eq!(scene.warned(&stores, 1), [scene.warning(1, "default_docker")]);
    // One about other images says nothing of this one.
    let stores = format!("docker:\n  other.example.com:\n    lookasid: {store}\n");
    assert_eq!(scene.warned(&stores, 1), [""; 0]);
}

#[test]
fn where_everything_is_found_nothing_is_said_of_it() {
    let scene = Scene::new();
    let store = &scene.store;
    let stores = format!("default-docker:\n  lookaside: {store}\n  use-sigstore-attachments: true\n  comment: ours\n");
    assert_eq!(scene.warned(&stores, 0), [""; 0]);
    // Sigstore signatures are not looked for: the member may have been meant to say that they are.
    let stores = format!("default-docker:\n  lookaside: {store}\n  use-sigstore-attachment: true\n");
    let one = [scene.warning(3, "use-sigstore-attachment")];
    assert_eq!(scene.warned(&stores, 0), one);
}

/// What a file of others says can be long.
#[test]
fn so_many_are_named_and_no_more() {
    let scene = Scene::new();
    let members: String = (0..1000).map(|n| format!("  member{n}: x\n")).collect();
    let warned = scene.warned(&format!("default-docker:\n{members}"), 1);
    assert_eq!(warned.len(), 20);
}

/// Only names that end in `.yaml` count: podman reads none of the others.
#[test]
fn a_file_whose_name_ends_in_yml_is_told_to_be_unread_where_no_signature_is_found() {
    let scene = Scene::new();
    let text = format!("default-docker:\n  lookaside: {}\n", scene.store);
    scene.town.sandbox.file("registries.d/test.yaml", "");
    let file = scene.town.sandbox.file("registries.d/a.yml", &text);
    let outcome = scene.town.verify(&[&scene.image]).expect(1);
    let told = format!(
        "warning: {} is not read: only files in registries.d whose names end in .yaml are read\n",
        file.display()
    );
    assert_eq!(outcome.stderr.matches(&told).count(), 1, "{outcome:?}");
    let text = format!("{text}  use-sigstore-attachments: true\n");
    scene.town.sandbox.file("registries.d/test.yaml", text);
    let outcome = scene.town.verify(&[&scene.image]).expect(0);
    assert!(!outcome.stderr.contains("is not read"), "{outcome:?}");
}

/// Whoever names a directory expects that something there is read, whatever its names end in.
#[test]
fn the_files_of_a_directory_of_which_none_is_read_are_named() {
    let scene = Scene::new();
    let path = |name: &str| scene.town.sandbox.path(name);
    std::fs::rename(path("registries.d/test.yaml"), path("registries.d/default.conf")).unwrap();
    scene.town.sandbox.file("registries.d/.hidden", "");
    let unread = || {
        let outcome = scene.town.verify(&[&scene.image]);
        let lines = outcome.stderr.lines().filter(|line| line.contains(" is not read: "));
        let names = lines.filter_map(|line| Some(line.split(" is not").next()?.rsplit('/').next()?.to_owned()));
        names.collect::<Vec<_>>()
    };
    assert_eq!(unread(), ["default.conf"]);
    // Where one is read, the others may be there for whatever reason.
    scene.town.stores("");
    assert_eq!(unread(), [""; 0]);
}

/// What is not a URL is a mistake in a file: where, is said, and once in a sentence.
#[test]
fn a_lookaside_that_is_no_url_is_told_with_its_place() {
    let scene = Scene::new();
    let path = scene.store.trim_start_matches("file://");
    let file = scene.town.sandbox.path("registries.d/test.yaml").display().to_string();
    for (base, meant) in [
        (path, format!("; did you mean \"{}\"?", scene.store)),
        ("ftp://store.example/sigs", String::new()),
    ] {
        scene.town.stores(&format!("default-docker:\n  lookaside: {base}\n"));
        let outcome = scene.town.verify(&[&scene.image]).expect(3);
        let told = format!("line 2, column 3: [\"default-docker\"].lookaside: the lookaside URL \"{base}\" is not an https, http or file URL{meant}");
        let words = outcome.words();
        assert!(
            words.contains(&format!("SourceUnavailable: {file}: {told} ")),
            "{told}: {words}"
        );
        let below = format!("source lookaside {file}: unknown (see above)");
        assert!(words.contains(&below), "{words}");
        assert!(!words.contains(&format!("{file}: {file}")), "{words}");
    }
}

/// What stands behind the slashes is a host.
#[test]
fn a_store_on_a_disk_without_a_directory_is_told() {
    let scene = Scene::new();
    for url in ["file://usr:S3CR3T@srv", "file://srv"] {
        scene.town.stores(&format!("default-docker:\n  lookaside: {url}\n"));
        let outcome = scene.town.verify_json(&[&scene.image]).expect(3);
        let told = format!(
            ": the URL that {} line 2 has names no directory; it is written as file:///DIRECTORY",
            scene.town.sandbox.path("registries.d/test.yaml").display()
        );
        let item = outcome.item();
        assert!(item["message"].as_str().unwrap().ends_with(&told), "{item}");
        assert!(!format!("{outcome:?}").contains("S3CR3T"));
    }
}

#[test]
fn a_store_on_a_disk_that_is_not_there_is_told() {
    let scene = Scene::new();
    scene
        .town
        .stores("default-docker:\n  lookaside: file:///nonexistent/a%20b\n");
    let item = scene
        .town
        .verify_json(&[&scene.image])
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    let told = format!(
        ": there is no directory /nonexistent/a b, which {} line 2 names; if it is on another volume, mount that",
        scene.town.sandbox.path("registries.d/test.yaml").display()
    );
    let message = item["message"].as_str().unwrap();
    assert!(message.ends_with(&told), "{message}");
    // The place is named once beside its answer.
    let outcome = scene.town.verify(&[&scene.image]).expect(3);
    let (_, source) = outcome.stdout.split_once("source lookaside").unwrap();
    let text = source.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("file:///nonexistent").count(), 1, "{text}");
    assert!(text.contains(": unknown (see above)"), "{text}");
    // Another place is enough.
    let (digest, reference) = (
        item["image"].as_str().unwrap(),
        scene.image.trim_start_matches("docker://"),
    );
    let signature = scene.town.sign(digest, reference);
    scene.hub.store(|store| {
        store.has_extension = true;
        store.repository("ns/app").sign(digest, "a", &signature);
    });
    scene.town.verify(&[&scene.image]).expect(0);
    scene.hub.store(|store| store.has_extension = false);
    // A store that has nothing of this image is one.
    let empty = scene.town.sandbox.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let stores = format!("default-docker:\n  lookaside: file://{}\n", empty.display());
    scene.town.stores(&stores);
    let outcome = scene.town.verify(&[&scene.image]).expect(1);
    assert!(!outcome.stderr.contains("there is no directory"), "{outcome:?}");
}

/// podman and skopeo pass them over too, and the registry is asked as if they were not there.
#[test]
fn a_member_of_registries_conf_that_is_not_known_is_named() {
    let scene = Scene::new();
    let host = scene.hub.host();
    scene
        .town
        .stores(&format!("default-docker:\n  lookaside: {}\n", scene.store));
    let conf = |line: &str| {
        format!("shortname-mode = \"enforcing\"\n[[registry]]\nlocation = \"other.example\"\nblokced = true\n\n[[registry]]\nlocation = \"{host}\"\n{line}\n")
    };
    let named = |outcome: &crate::support::program::Outcome| -> Vec<String> {
        let lines = outcome.stderr.lines().filter_map(|line| {
            let (place, rest) = line.strip_prefix("warning: ")?.split_once(": \"")?;
            let (name, rest) = rest.split_once('"')?;
            assert_eq!(
                rest,
                " is not a member that containers-registries.conf(5) knows, and is ignored"
            );
            Some(format!("{} {name}", place.rsplit(' ').next()?))
        });
        lines.collect()
    };
    scene.town.conf(&conf("insecur = true"));
    let outcome = scene.town.verify(&[&scene.image]).expect(3);
    assert_eq!(named(&outcome), ["1 shortname-mode", "8 insecur"], "{outcome:?}");
    let mirror =
        format!("insecure = true\n[[registry.mirror]]\nlocation = \"{host}\"\ninsecure = true\npull = \"all\"");
    scene.town.conf(&conf(&mirror));
    let outcome = scene.town.verify(&[&scene.image]).expect(0);
    assert_eq!(named(&outcome), ["1 shortname-mode", "12 pull"], "{outcome:?}");
    let known =
        "insecure = true\nblocked = false\nmirror-by-digest-only = false\nprefix = \"\"\npull-from-mirror = \"\"";
    scene.town.conf(&conf(known).replace("shortname", "short-name"));
    let outcome = scene.town.verify(&[&scene.image]).expect(0);
    assert!(named(&outcome).is_empty(), "{outcome:?}");
}

/// What is warned of stands after the table, on a terminal that has both streams as well.
#[test]
fn no_warning_tears_the_table() {
    let scene = Scene::new();
    let typo = format!("default-docker:\n  lookasid: {}\n", scene.store);
    scene.town.stores(&typo);
    let other = format!("{}x", scene.image);
    let command = scene
        .town
        .command(&["verify", scene.image.as_str(), other.as_str(), "--all-platforms"]);
    let mut both = scene.town.sandbox.command_of(std::path::Path::new("/bin/sh"));
    both.args(["-c", "exec \"$@\" 2>&1", "sh"]).arg(command.get_program());
    both.args(command.get_args()).env("COLUMNS", "200");
    for (name, value) in command.get_envs() {
        value.map(|value| both.env(name, value));
    }
    let text = scene.town.sandbox.finish(&mut both, b"").stdout;
    let (table, rest) = text.split_once("\n\n").unwrap();
    assert_eq!(table.lines().count(), 3, "{text}");
    let single = format!(
        "note: {} is a single manifest, not a manifest list: --all-platforms adds nothing\n",
        scene.image
    );
    assert!(
        rest.contains(&scene.warning(2, "lookasid")) && rest.contains(&single),
        "{text}"
    );
}
