// SPDX-License-Identifier: Apache-2.0
//! By what images are judged: keys, identity rule and number of keys, or a policy that says all three.

use super::by_policy::ByPolicy;
use super::demands::Demands;
use super::environment::Environment;
use super::keys::{KeyChoice, KeySource};
use super::requests;
use super::workers::Workers;
use super::UsageError;
use crate::cli::acceptance::AcceptanceOptions;
use crate::identity::Rule;
use crate::openpgp::trust::user_keyring::TrustModel;

/// By what images are judged. It is the same for all images of a run.
#[derive(Debug, Clone)]
pub struct Criteria {
    /// Which keys are accepted, where no policy decides.
    pub keys: KeyChoice,
    /// How identities are compared, where no policy decides.
    pub rule: Rule,
    /// How many different keys must have signed, where no policy decides.
    pub require: usize,
    /// Which signatures gpg workers check.
    pub workers: Workers,
    /// The policy that decides, if there is one.
    pub policy: Option<ByPolicy>,
}

impl Criteria {
    /// Validates the options that say by what images are judged, and reads the policy if they name one.
    ///
    /// # Errors
    /// When they contradict each other, one is malformed, or the policy cannot be used.
    pub fn new(
        options: &AcceptanceOptions,
        demands: Demands<'_>,
        environment: &Environment,
    ) -> Result<Self, UsageError> {
        let rule = requests::identity_rule(demands.identity_match)?;
        let keys = KeyChoice::new(&options.keys, &options.sigstore_key, environment)?;
        let policy = ByPolicy::new(options, demands, environment)?;
        Ok(Self {
            keys,
            rule,
            require: usize::try_from(demands.require.unwrap_or(1)).unwrap_or(usize::MAX),
            workers: Workers::new(options.engine),
            policy,
        })
    }

    /// Options other than the defaults that a record names. What a policy says is named by its scope instead.
    #[must_use]
    pub fn decisive_options(&self) -> Vec<String> {
        let Self {
            keys,
            rule,
            policy,
            // More keys only make it harder to be verified.
            require: _,
            // Every engine has the same verdicts.
            workers: _,
        } = self;
        let KeyChoice {
            source,
            // A record names the keys that signed, whichever were accepted.
            accepts_gpg: _,
            sigstore: _,
            signed_by: _,
            // They change no verdict; the record has the time itself.
            places: _,
            uid: _,
            now: _,
        } = keys;
        let mut options = Vec::new();
        if policy.is_some() {
            return options;
        }
        if *rule != Rule::MatchRepoDigestOrExact {
            options.push(format!("identity match {rule}"));
        }
        if let KeySource::Home {
            trust_model: TrustModel::Always,
            ..
        } = source
        {
            options.push("trust model always".to_owned());
        }
        options
    }
}
