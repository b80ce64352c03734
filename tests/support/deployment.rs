// SPDX-License-Identifier: Apache-2.0
//! What packages bring to run audits by themselves: manifests for Kubernetes, units for systemd.

use std::path::PathBuf;

use serde_json::Value;

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The objects of a manifest.
pub fn objects(name: &str) -> Vec<Value> {
    let mut json = Vec::new();
    image_signature::yaml::convert::to_json(&read(&format!("kubernetes/{name}")), &mut json).unwrap();
    let objects = serde_json::Deserializer::from_slice(&json).into_iter();
    objects.map(Result::unwrap).collect()
}

/// The pod templates of a manifest.
pub fn templates(name: &str) -> Vec<Value> {
    let objects = objects(name);
    let specs = objects.iter().map(|object| match object["kind"].as_str().unwrap() {
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        "Job" => &object["spec"]["template"]["spec"],
        other => panic!("{name}: {other}"),
    });
    specs.cloned().collect()
}

/// The lines of YAML that a comment of a manifest shows.
pub fn shown(name: &str) -> Vec<String> {
    let text = read(&format!("kubernetes/{name}"));
    let lines = text.lines().filter_map(|line| line.strip_prefix("#   - "));
    lines.map(str::to_owned).collect()
}

/// The lines of a unit that set something, in order.
pub fn settings(unit: &str) -> Vec<(String, String)> {
    let text = read(&format!("systemd/{unit}"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The only value of a setting.
pub fn setting(unit: &str, name: &str) -> String {
    let all = settings(unit);
    let found: Vec<&String> = all
        .iter()
        .filter(|(own, _)| own == name)
        .map(|(_, value)| value)
        .collect();
    assert_eq!(found.len(), 1, "{unit}: {name}: {found:?}");
    found[0].clone()
}

/// The options that a comment of a unit shows.
pub fn shown_options(unit: &str) -> Vec<String> {
    let text = read(&format!("systemd/{unit}"));
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("#   AUDIT_OPTIONS="))
        .unwrap();
    line.trim_matches('"').split(' ').map(str::to_owned).collect()
}

/// The command that a service runs, without the program and without the variable for more options.
pub fn command(unit: &str) -> Vec<String> {
    let line = setting(unit, "ExecStart");
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("/usr/bin/image-signature"));
    words
        .filter(|word| *word != "$AUDIT_OPTIONS")
        .map(str::to_owned)
        .collect()
}
