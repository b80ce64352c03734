// SPDX-License-Identifier: Apache-2.0
//! Commands that are proposed after a run, as they are typed in a shell: with the options of the run, so that they lead to the
//! same registries, keys and policies. A secret is never repeated.

use std::path::{Path, PathBuf};

use super::keys;
use crate::cli::acceptance::AcceptanceOptions;
use crate::cli::cluster::ClientOptions;
use crate::cli::registry::RegistryOptions;
use crate::cli::verify::VerifyCommand;
use crate::reference::Reference;
use crate::text::{path_again, safe, shell_word, typed_again};

/// What commands take over from a run of `verify`, safe to print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tips {
    shows_keys: Option<ShowsKeys>,
    /// Options that say how registries are reached.
    registries: String,
    /// Options that say by what is judged.
    judged_by: String,
    /// The directory that is read in place of registries.d, where one is named.
    pub registries_d: Option<String>,
}

/// What shows the accepted keys.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ShowsKeys {
    /// A command that needs no reference.
    Keys(String),
    /// What stands behind the reference, of `policy why`.
    Why(String),
}

impl Tips {
    /// What is taken over from these options.
    #[must_use]
    pub fn new(options: &VerifyCommand) -> Self {
        let VerifyCommand {
            acceptance, registry, ..
        } = options;
        let client = &options.source.client;
        let mut registries = same_registries(registry);
        if let Some(time) = &client.request_timeout {
            registries.push_str(&option("--request-timeout", time));
        }
        let named = |path: &Path| safe(&path.display().to_string());
        Self {
            shows_keys: shows_keys(acceptance, registry, client),
            registries,
            judged_by: judged_by(options),
            registries_d: registry.registries_d.as_deref().map(named),
        }
    }

    /// The command that shows which keys are accepted for what an image is expected to be; nothing where none does.
    #[must_use]
    pub fn keys(&self, expected: Option<&Reference>) -> Option<String> {
        Some(match self.shows_keys.as_ref()? {
            ShowsKeys::Keys(call) => call.clone(),
            ShowsKeys::Why(rest) => {
                let reference = expected.map_or_else(|| "REF".to_owned(), |own| shell_word(&own.to_string()));
                format!("image-signature policy why {reference}{rest}")
            }
        })
    }

    /// The command that shows what a policy says of a reference and of its mirrors; nothing where there is no policy.
    #[must_use]
    pub fn why_mirrors(&self, reference: &Reference) -> Option<String> {
        match self.shows_keys.as_ref()? {
            ShowsKeys::Why(_) => Some(format!("{} --mirrors", self.keys(Some(reference))?)),
            ShowsKeys::Keys(_) => None,
        }
    }

    /// The command that shows what signatures an image in a registry has at every place.
    #[must_use]
    pub fn inspect(&self, reference: &str) -> String {
        let image = shell_word(&safe(&format!("docker://{reference}")));
        format!("image-signature inspect {image}{}", self.registries)
    }

    /// The command that compares mirrors of an image, which may be any of what is `expected`, with its source.
    #[must_use]
    pub fn audit_mirrors(&self, image: &str, expected: &[Reference]) -> String {
        let word = |text: &str| shell_word(&safe(text));
        let images: Vec<String> = match expected {
            [] => vec![word(image)],
            all => all.iter().map(|own| word(&format!("{image}={own}"))).collect(),
        };
        format!(
            "image-signature audit {} --mirrors{}{}",
            images.join(" "),
            self.judged_by,
            self.registries
        )
    }
}

fn option(flag: &str, value: &str) -> String {
    format!(" {flag} {}", typed_again(value))
}

fn file(flag: &str, path: Option<&PathBuf>) -> String {
    path.map_or(String::new(), |path| format!(" {flag} {}", path_again(path)))
}

/// The command that shows the keys that these options accept. No command lists sigstore keys.
fn shows_keys(accepts: &AcceptanceOptions, registry: &RegistryOptions, client: &ClientOptions) -> Option<ShowsKeys> {
    let conf = file("--registries-conf", registry.registries_conf.as_ref());
    let stores = file("--registries.d", registry.registries_d.as_ref());
    let policy = accepts.policy.as_ref();
    if policy.is_none() && !accepts.system_policy && !accepts.cluster_policy {
        let is_listed = accepts.sigstore_key.is_empty();
        return is_listed.then(|| ShowsKeys::Keys(keys::call(&accepts.keys)));
    }
    let policy = policy.map_or(String::new(), |path| format!(" {}", path_again(path)));
    let objects = objects_of(accepts, client);
    Some(ShowsKeys::Why(format!("{policy}{objects}{conf}{stores}")))
}

/// Which policy objects of the cluster, or of the file, apply.
fn objects_of(accepts: &AcceptanceOptions, client: &ClientOptions) -> String {
    if accepts.cluster_policy {
        return format!(" --cluster-policy{}", same_cluster(client));
    }
    // The namespace decides which ImagePolicies of the file apply.
    let namespace = ClientOptions {
        namespace: client.namespace.clone().filter(|_| accepts.policy.is_some()),
        ..ClientOptions::default()
    };
    same_cluster(&namespace)
}

/// The options that say by what images are judged.
fn judged_by(options: &VerifyCommand) -> String {
    let accepts = &options.acceptance;
    let mut same = keys::same(&accepts.keys);
    for path in &accepts.sigstore_key {
        same.push_str(&file("--sigstore-key", Some(path)));
    }
    if accepts.system_policy {
        same.push_str(" --system-policy");
    }
    same.push_str(&file("--policy", accepts.policy.as_ref()));
    same.push_str(&objects_of(accepts, &options.source.client));
    if let Some(rule) = &options.identity_match {
        same.push_str(&option("--identity-match", rule));
    }
    if let Some(count) = options.require {
        same.push_str(&option("--require", &count.to_string()));
    }
    same
}

/// The options that lead to the same registries. A password is for the user to give again.
fn same_registries(options: &RegistryOptions) -> String {
    let RegistryOptions {
        authfile,
        creds,
        cert_dir,
        registry_ca,
        insecure,
        registries_d,
        registries_conf,
    } = options;
    let mut same = file("--authfile", authfile.as_ref());
    if creds.is_some() {
        same.push_str(" --creds USER:PASSWORD");
    }
    same.push_str(&file("--cert-dir", cert_dir.as_ref()));
    for path in registry_ca {
        same.push_str(&file("--registry-ca", Some(path)));
    }
    if *insecure {
        same.push_str(" --insecure");
    }
    same.push_str(&file("--registries.d", registries_d.as_ref()));
    same.push_str(&file("--registries-conf", registries_conf.as_ref()));
    same
}

/// The options that lead to the same cluster as the same user. A token is for the user to give again.
fn same_cluster(client: &ClientOptions) -> String {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let once = [
        ("--kubeconfig", path(&client.kubeconfig)),
        ("--context", client.context.clone()),
        ("--cluster", client.cluster.clone()),
        ("--user", client.user.clone()),
        ("-n", client.namespace.clone()),
        ("--server", client.server.clone()),
        ("--tls-server-name", client.tls_server_name.clone()),
        ("--certificate-authority", path(&client.certificate_authority)),
        ("--client-certificate", path(&client.client_certificate)),
        ("--client-key", path(&client.client_key)),
        ("--as", client.act_as.clone()),
        ("--as-uid", client.as_uid.clone()),
    ];
    let groups = client.as_group.iter().map(|group| ("--as-group", group.clone()));
    let extra = client.as_user_extra.iter().map(|own| ("--as-user-extra", own.clone()));
    let once = once.into_iter().filter_map(|(flag, value)| Some((flag, value?)));
    let mut same: String = once
        .chain(groups)
        .chain(extra)
        .map(|(flag, value)| option(flag, &value))
        .collect();
    if client.token.is_some() {
        same.push_str(" --token TOKEN");
    }
    if client.insecure_skip_tls_verify == Some(true) {
        same.push_str(" --insecure-skip-tls-verify");
    }
    same
}
