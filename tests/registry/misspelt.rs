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
    assert_eq!(scene.warned(&stores, 1), [scene.warning(2, "default_docker")]);
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
