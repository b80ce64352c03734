// SPDX-License-Identifier: Apache-2.0
//! What is to be known of the cluster before registries are asked.

use crate::cluster::registries::Own;
use crate::reason::Refusal;
use crate::registry::configuration::Configuration;
use crate::registry::logins::OfCluster;
use crate::run::cluster::Session;
use crate::settings::cluster_registry::ClusterRegistry;

/// Asks the cluster for its own registry, and lets that one see the cluster's token, as far as the user has no other
/// login for it. Gives also what to warn of.
pub(in crate::run) fn prepare(
    wanted: &ClusterRegistry,
    session: &mut Session,
    configuration: &mut Configuration,
) -> (Result<Own, Refusal>, Option<String>) {
    let own = session.own_registries();
    let mut hosts: Vec<String> = own.iter().flat_map(|own| own.hosts().cloned()).collect();
    let unknown = own.as_ref().err().map(|refusal| refusal.message.clone());
    let mut is_asked_for = false;
    if let ClusterRegistry::Host {
        host,
        is_given_token: true,
        ..
    } = wanted
    {
        is_asked_for = true;
        hosts.push(host.clone());
    }
    let mut warning = None;
    match session.token() {
        Ok(Some(token)) => configuration.logins.cluster = Some(OfCluster { hosts, token, unknown }),
        Ok(None) if is_asked_for => {
            warning = Some(
                "--registry-login cluster: the login to the cluster is not a token, so the registry is asked without a login"
                    .to_owned(),
            );
        }
        Ok(None) => {}
        Err(refusal) => warning = Some(refusal.message),
    }
    (own, warning)
}
