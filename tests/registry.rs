// SPDX-License-Identifier: Apache-2.0
//! Images in registries: `verify docker://` against Debian's docker-registry, filled by Debian's skopeo, and against
//! servers that answer as a test wants; and the recorded cases of registry configuration.

#[path = "registry/advice.rs"]
mod advice;
#[path = "registry/alerts.rs"]
mod alerts;
#[path = "registry/attached.rs"]
mod attached;
#[path = "registry/causes.rs"]
mod causes;
#[path = "registry/certificates.rs"]
mod certificates;
#[path = "registry/comparisons.rs"]
mod comparisons;
#[path = "registry/contacted.rs"]
mod contacted;
#[path = "registry/crossing.rs"]
mod crossing;
#[path = "registry/crowded_lists.rs"]
mod crowded_lists;
#[path = "registry/directory_lists.rs"]
mod directory_lists;
#[path = "registry/helpers.rs"]
mod helpers;
#[path = "registry/https_proxies.rs"]
mod https_proxies;
#[path = "registry/inspect.rs"]
mod inspect;
#[path = "registry/listed.rs"]
mod listed;
#[path = "registry/lists.rs"]
mod lists;
#[path = "registry/login_files.rs"]
mod login_files;
#[path = "registry/logins.rs"]
mod logins;
#[path = "registry/long_digests.rs"]
mod long_digests;
#[path = "registry/lookaside_logins.rs"]
mod lookaside_logins;
#[path = "registry/lookaside_urls.rs"]
mod lookaside_urls;
#[path = "registry/manifests.rs"]
mod manifests;
#[path = "registry/mirrors.rs"]
mod mirrors;
#[path = "registry/misspelt.rs"]
mod misspelt;
#[path = "registry/not_of_registries.rs"]
mod not_of_registries;
#[path = "registry/odd_lists.rs"]
mod odd_lists;
#[path = "registry/orphans.rs"]
mod orphans;
#[path = "registry/patience.rs"]
mod patience;
#[path = "registry/places.rs"]
mod places;
#[path = "registry/platforms.rs"]
mod platforms;
#[path = "registry/policies.rs"]
mod policies;
#[path = "registry/proposed.rs"]
mod proposed;
#[path = "registry/real.rs"]
mod real;
#[path = "registry/real_attached.rs"]
mod real_attached;
#[path = "registry/redirected.rs"]
mod redirected;
#[path = "registry/referrers.rs"]
mod referrers;
#[path = "registry/refusals.rs"]
mod refusals;
#[path = "registry/renewed_logins.rs"]
mod renewed_logins;
#[path = "registry/requests.rs"]
mod requests;
#[path = "registry/secrets.rs"]
mod secrets;
#[path = "registry/served.rs"]
mod served;
#[path = "registry/skopeo_calls.rs"]
mod skopeo_calls;
#[path = "registry/sources.rs"]
mod sources;
#[path = "registry/system_files.rs"]
mod system_files;
#[path = "registry/tips.rs"]
mod tips;
#[path = "registry/town.rs"]
pub mod town;
#[path = "registry/unasked.rs"]
mod unasked;
#[path = "registry/usage.rs"]
mod usage;
#[path = "registry/vectors.rs"]
mod vectors;
#[path = "registry/words.rs"]
mod words;
