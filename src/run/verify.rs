// SPDX-License-Identifier: Apache-2.0
//! `verify`: judges images, prints the verdicts and records them where that is asked for.

mod aside;
mod attach;
mod beside;
mod cluster;
mod cluster_policy;
mod files;
mod judged;
mod object;
mod places;
mod plan;
mod registry;
mod run;
mod scope;
mod tags;

use self::places::Reach;
use self::run::judge;
use self::scope::Scope;
use super::elsewhere;
use super::judging::Judging;
use super::short_names;
use crate::openpgp::framing::lost::no_message;
use crate::reason::Refusal;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::settings::images::Source;
use crate::settings::requests::Requests;
use crate::settings::verify::Verify;
use crate::settings::UsageError;
use crate::source::objects::ObjectFiles;
use crate::source::registry::Registries;

/// Judges images one after the other, and records the verdicts where that is asked for.
///
/// # Errors
/// When a key file is of no use, or TLS cannot be set up.
pub fn run(settings: &Verify, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    short_names::tell(&settings.short_identities, &mut console.err);
    let mut session = cluster_policy::session(settings, &mut console.err)?;
    let criteria = cluster_policy::criteria(settings, session.as_mut());
    if let (Some(_), Some(session)) = (&settings.cluster_policy, &mut session) {
        session.tell_warnings(&mut console.err);
    }
    let criteria = match &criteria {
        Ok(criteria) => criteria,
        Err(refusal) => return Ok(refuse(settings, refusal, console)),
    };
    match &settings.source {
        Source::Objects { places, requests } => {
            // Read before gpg is started: how many objects there are decides whether the call makes sense.
            let files = ObjectFiles::open(places, settings.is_recursive);
            files::check_count(&files, requests, settings.digest.as_ref())?;
            if matches!(requests, Requests::Everything(_)) {
                files.parts().for_each(|part| console.err.warning(part));
            }
            Judging::check(criteria)?;
            let mut judging = Judging::new(criteria, settings.source.identities(), &mut console.err)?;
            judging.expect(requests.count().unwrap_or_else(|| files.count()));
            let scope = Scope::of(settings, Some(&files));
            Ok(judge(settings, judging, &scope, console, |run| {
                run.objects(&files, places, requests);
            }))
        }
        Source::Places {
            targets, registries, ..
        } => {
            let mut judging = match cluster_policy::judging(settings, criteria, &mut console.err)? {
                Ok(judging) => judging,
                Err(refusal) => return Ok(refuse(settings, &refusal, console)),
            };
            judging.expect(targets.len());
            let named = places::named(session.as_mut(), targets)?;
            let mut configuration = registries.as_deref().cloned();
            let mut own = None;
            if let (Some(wanted), Some(session), Some(configuration)) =
                (&settings.cluster_registry, &mut session, &mut configuration)
            {
                let (hosts, warning) = elsewhere::prepare(wanted, session, configuration);
                own = Some(hosts);
                if let Some(warning) = warning {
                    console.err.warning(warning);
                }
            }
            let new_registries = |configuration| Registries::new(configuration, settings.clock, no_message);
            let mut reach = Reach {
                session,
                named,
                registries: configuration.as_ref().map(new_registries),
                elsewhere: match (&settings.cluster_registry, &configuration, own) {
                    (Some(wanted), Some(configuration), Some(own)) => {
                        let registries = new_registries(configuration);
                        Some(elsewhere::Registry::new(wanted, configuration, registries, own))
                    }
                    _ => None,
                },
            };
            let scope = Scope::of(settings, None);
            Ok(judge(settings, judging, &scope, console, |run| {
                run.places(&mut reach, targets);
            }))
        }
        Source::Parts(parts) => {
            let judging = match cluster_policy::judging(settings, criteria, &mut console.err)? {
                Ok(judging) => judging,
                Err(refusal) => return Ok(refuse(settings, &refusal, console)),
            };
            let scope = Scope::of(settings, None);
            Ok(judge(settings, judging, &scope, console, |run| run.parts(parts)))
        }
    }
}

/// Judges no image, because the policy cannot be had.
fn refuse(settings: &Verify, refusal: &Refusal, console: &mut Console<'_>) -> Exit {
    let scope = Scope::of(settings, None);
    let judging = Judging::refusing(refusal.clone());
    judge(settings, judging, &scope, console, |run| run.refuse_all(refusal))
}
