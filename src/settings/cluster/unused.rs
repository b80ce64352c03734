// SPDX-License-Identifier: Apache-2.0
//! Options about the API server of a cluster where none is asked: they would have no effect, and whoever gives them takes
//! them for options about registries.

use crate::cli::cluster::ClientOptions;
use crate::settings::UsageError;

/// Refuses options that say how an API server is recognised, or who we are there, with images in registries and directories
/// alone. What chooses a cluster or a namespace is left alone: it may stand in a script for all images alike.
///
/// # Errors
/// When one of them is given; the message names what registries have instead.
pub fn refuse(options: &ClientOptions) -> Result<(), UsageError> {
    let certificates = "; certificates for registries are named with --registry-ca or --cert-dir";
    let login = "; logins for registries are named with --authfile or --creds";
    let ClientOptions {
        // A script may give these with all images alike.
        kubeconfig: _,
        context: _,
        cluster: _,
        user: _,
        namespace: _,
        server,
        tls_server_name,
        insecure_skip_tls_verify,
        certificate_authority,
        client_certificate,
        client_key,
        token,
        act_as,
        as_uid,
        as_group,
        as_user_extra,
        // It limits requests to registries too.
        request_timeout: _,
        // They change no answer.
        disable_compression: _,
        cache_dir: _,
    } = options;
    let given = [
        (certificate_authority.is_some(), "--certificate-authority", certificates),
        (client_certificate.is_some(), "--client-certificate", certificates),
        (client_key.is_some(), "--client-key", certificates),
        (
            tls_server_name.is_some(),
            "--tls-server-name",
            "; the certificate of a registry must have the name that is written in the reference",
        ),
        (
            insecure_skip_tls_verify.is_some(),
            "--insecure-skip-tls-verify",
            certificates,
        ),
        (token.is_some(), "--token", login),
        (server.is_some(), "--server", ""),
        (act_as.is_some(), "--as", login),
        (as_uid.is_some(), "--as-uid", login),
        (!as_group.is_empty(), "--as-group", login),
        (!as_user_extra.is_empty(), "--as-user-extra", login),
    ];
    match given.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, option, instead)) => Err(UsageError::new(format!(
            "{option} applies only to the API server of a cluster, and none is asked for these images{instead}"
        ))),
        None => Ok(()),
    }
}
