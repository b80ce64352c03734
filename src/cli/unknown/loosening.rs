// SPDX-License-Identifier: Apache-2.0
//! Options that would have less checked of a connection: none is proposed, and those of other programs are answered with what
//! there is instead.

/// What other programs call the options that turn the checks of connections off, or allow plain http. No option takes their
/// place: that is said of a registry in registries.conf, which podman and skopeo go by too.
pub(super) const NAMES: [&str; 14] = [
    "--tls-verify",
    "--src-tls-verify",
    "--dest-tls-verify",
    "--no-tls-verify",
    "--skip-tls-verify",
    "--tls-skip-verify",
    "--insecure-registry",
    "--allow-insecure",
    "--allow-insecure-registry",
    "--allow-http",
    "--allow-http-registry",
    "--plain-http",
    "--http",
    "--no-check-certificate",
];

/// The options here that do the same. No message proposes one: who wants less to be checked writes it by name.
pub(super) const OPTIONS: [&str; 2] = ["--insecure", "--insecure-skip-tls-verify"];

/// What is said of an option of that kind; `other` is the command that was called, where it is one that asks no registry.
pub(super) fn answer(name: &str, other: Option<&str>) -> String {
    match other {
        Some(command) => format!("there is no option {name}; {command} asks no registry"),
        None => format!(
            "there is no option {name}; plain http is used where registries.conf, or the file of --registries-conf, has insecure = true for the registry, and another CA is named by --registry-ca FILE"
        ),
    }
}
