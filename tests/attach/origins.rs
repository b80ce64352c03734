// SPDX-License-Identifier: Apache-2.0
//! Where a cluster says how registries are contacted, messages name the cluster, not registries.conf of this machine.

use serde_json::json;

use crate::attach::{configuration, mirror_sets, Town};
use crate::support::hub::Hub;

const AUTO: [&str; 4] = ["--registry-url", "auto", "-o", "json"];

/// What stands in registries.conf of this machine does not count there, and nobody is sent to write it a second time.
#[test]
fn plain_http_is_what_the_cluster_says() {
    let town = Town::founded();
    let plain = town.plain();
    let host = plain.host();
    town.store(&[], &host, false);
    let conf = format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n");
    town.scene.sandbox.file("registries.conf", conf);
    let outcome = town.verify(&AUTO).expect(3);
    let said = format!(
        "which is used only for a registry that the cluster lists in spec.registrySources.insecureRegistries of images.config.openshift.io cluster ({host})"
    );
    assert!(outcome.stdout.contains(&said), "{outcome:#?}");
    assert!(!outcome.stdout.contains("registries.conf"), "{outcome:#?}");
    assert_eq!(plain.lines(), [""; 0], "nothing was said to it plainly");
    configuration(&town.scene.server, &json!({"insecureRegistries": [host]}), &json!({}));
    town.verify(&AUTO).expect_verdict(0, "Verified/Verified");
}

#[test]
fn who_blocks_a_source() {
    let town = Town::founded();
    let (server, host) = (&town.scene.server, town.hub.host());
    configuration(server, &json!({"blockedRegistries": [host]}), &json!({}));
    let outcome = town.verify(&AUTO).expect(3);
    let said = "blocked by the cluster: spec.registrySources.blockedRegistries of images.config.openshift.io cluster";
    assert!(outcome.stdout.contains(said), "{outcome:#?}");
    configuration(server, &json!({}), &json!({}));
    let mirror = Hub::tls();
    let set = json!([{"source": host, "mirrors": [mirror.host()], "mirrorSourcePolicy": "NeverContactSource"}]);
    mirror_sets(server, "ImageDigestMirrorSet", &[("a", set)]);
    let outcome = town.verify(&AUTO).expect(3);
    let said = "blocked by the cluster: a mirror set has mirrorSourcePolicy NeverContactSource for it";
    assert!(outcome.stdout.contains(said), "{outcome:#?}");
    assert!(!outcome.stdout.contains("registries.conf"), "{outcome:#?}");
    assert_eq!(town.hub.connections(), 0);
    // A registry that the user names is blocked by the file of this machine.
    let conf = format!("[[registry]]\nlocation = \"{host}\"\nblocked = true\n");
    town.scene.sandbox.file("registries.conf", conf);
    let outcome = town.verify(&["--registry-url", &host, "-o", "json"]).expect(3);
    assert!(outcome.stdout.contains("blocked by registries.conf"), "{outcome:#?}");
}
