// SPDX-License-Identifier: Apache-2.0
//! The options that can change what an audit finds: a report is gone on from and merged only with one that has the same.

use super::images::Images;
use super::said;
use crate::cli::acceptance::AcceptanceOptions;
use crate::cli::audit::report::ReportOptions;
use crate::cli::audit::AuditCommand;
use crate::cli::keys::KeyOptions;
use crate::cli::registry::{ClusterRegistryOptions, RegistryOptions};
use crate::cli::verify::SourceOptions;
use crate::settings::criteria::Criteria;

/// The options besides keys, policy, map and source that can change what is found, in a form to be compared. Each option
/// stands here by its name, so that a new one is not forgotten.
pub(super) fn decisive(options: &AuditCommand, criteria: &Criteria, warn_expiry: i64, images: &Images) -> String {
    let AuditCommand {
        acceptance,
        source,
        mirrors,
        cluster_registry,
        registry,
        report,
        confirm,
        // They are compared as the criteria have them, below.
        identity_match: _,
        require: _,
        // The map has a hash of its own in the head of a report.
        expected_identity_map: _,
        // They name images: the source in the head of a report says which, and `demands` what is expected of them.
        images: _,
        images_from: _,
        all_namespaces: _,
        selector: _,
        // The head of a report has the shard.
        shard: _,
        // How the run goes, whatever it finds.
        action: _,
        workers: _,
        resume: _,
        max_downgrades: _,
    } = options;
    let Criteria {
        rule,
        require,
        // They have hashes of their own in the head of a report.
        keys: _,
        policy: _,
        // Every engine has the same verdicts.
        workers: _,
    } = criteria;
    // All of them say which keys or which policy, which have hashes of their own, or choose the engine.
    let AcceptanceOptions {
        keys,
        engine: _,
        sigstore_key: _,
        policy: _,
        system_policy: _,
        cluster_policy: _,
    } = acceptance;
    let KeyOptions {
        public_key: _,
        homedir: _,
        trust_model: _,
        signed_by: _,
    } = keys;
    let SourceOptions {
        recursive,
        // The other options of the client say which server answers, and as whom: the source names it.
        client,
        filename: _,
    } = source;
    let ClusterRegistryOptions {
        registry_url,
        registry_login,
    } = cluster_registry;
    let RegistryOptions {
        insecure,
        registries_d,
        registries_conf,
        cert_dir,
        // Without them a registry does not answer, which is Unchecked.
        authfile: _,
        creds: _,
        registry_ca: _,
    } = registry;
    let ReportOptions {
        // As validated, it is in `warn_expiry`.
        warn_expiry: _,
        // How the same findings are told.
        format: _,
        report: _,
        colour: _,
        fail_on: _,
    } = report;
    let paths = [registries_d, registries_conf, cert_dir];
    let paths = paths.map(|path| path.as_ref().map_or(String::new(), |path| path.display().to_string()));
    // What the files say, those that no option names too: under the same name they may say something else.
    let known = images
        .registries()
        .map(|own| said::hash(&(&own.mirrors, &own.stores, &own.default_store)));
    [
        format!("match {rule}"),
        format!("require {require}"),
        format!("namespace {}", client.namespace.as_deref().unwrap_or_default()),
        format!("recursive {recursive}"),
        format!("insecure {insecure}"),
        format!("registries {}\n{}", paths.join("\n"), known.unwrap_or_default()),
        format!("expiry {warn_expiry}"),
        format!("confirm {confirm}"),
        format!("mirrors {mirrors}"),
        format!(
            "registry {} {}",
            registry_url.as_deref().unwrap_or_default(),
            registry_login.is_some()
        ),
        format!("images {}", images.demands()),
    ]
    .join("\n")
}
