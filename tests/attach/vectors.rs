// SPDX-License-Identifier: Apache-2.0
//! The recorded cases of mirror sets.

use image_signature::cluster::mirrors;
use image_signature::reference::Reference;
use image_signature::registry::registries_conf::mirror_sets::MirrorSource;
use image_signature::registry::registries_conf::RegistriesConf;
use serde_json::{json, Value};

use crate::support::vectors::{same, text, Table};

/// What nodes make of mirror sets: the same locations as by the file that they would write.
#[test]
fn mirror_sets_of_clusters() {
    Table::load("mirrors.json", &[]).of("openshift").run(|case| {
        let list = |name: &str| -> Vec<String> {
            let list = case[name].as_array().into_iter().flatten();
            list.map(|scope| scope.as_str().unwrap().to_owned()).collect()
        };
        let mut sources = Vec::new();
        for object in case["objects"].as_array().unwrap() {
            mirrors::add(&mut sources, object).unwrap();
        }
        let found = RegistriesConf::of_mirror_sets(&sources, &list("insecure_registries"), &list("blocked_registries"));
        let reference = Reference::parse(text(case, "image")).unwrap();
        let found = found.map_err(|error| error.what);
        let found = found.and_then(|configuration| configuration.locations(&reference).map_err(|e| e.to_string()));
        Some(match (case["locations"].as_array(), found) {
            (Some(expected), Ok(found)) => {
                let found = found.iter().map(|l| {
                    json!({"reference": l.reference.to_string(), "mirror": l.is_mirror, "insecure": l.insecure,
                           "blocked": l.blocked})
                });
                same("locations", expected, &found.collect::<Vec<Value>>())
            }
            (None, Err(_)) => Ok(()),
            (expected, found) => Err(format!("expected {expected:?}, found {found:?}")),
        })
    });
}

#[test]
fn mirror_sets_that_contradict_each_other() {
    let set = |mirrors: &[&str], never: Option<bool>| MirrorSource {
        source: "r.example/ns".into(),
        mirrors: mirrors.iter().map(|m| (*m).to_owned()).collect(),
        by_tag: false,
        never_contact: never,
    };
    let conf = |sets: &[MirrorSource]| RegistriesConf::of_mirror_sets(sets, &[], &[]);
    let (never, contact) = (set(&["a.example"], Some(true)), set(&["b.example"], Some(false)));
    assert!(conf(&[never.clone(), contact])
        .is_err_and(|error| error.entry == 1 && error.what.contains("NeverContactSource")));
    // A kind that cannot say has not said otherwise.
    assert!(conf(&[never, set(&["b.example"], None)]).is_ok());
}
