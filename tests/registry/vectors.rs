// SPDX-License-Identifier: Apache-2.0
//! The recorded cases of registry configuration: lookaside stores, mirrors, challenges.

use std::path::PathBuf;

use image_signature::digest::Digest;
use image_signature::reference::Reference;
use image_signature::registry::challenge::Challenge;
use image_signature::registry::login::{look_up, Login, Stored};
use image_signature::registry::lookaside::Store;
use image_signature::registry::registries_conf::RegistriesConf;
use image_signature::registry::registries_d::RegistriesD;
use image_signature::registry::{extension, token};
use serde_json::Value;

use crate::support::vectors::{bytes, data, same, text, Table};

#[test]
fn challenges() {
    Table::load("auth-challenge.json", &[]).run(|case| {
        let challenge = Challenge::parse(text(case, "header"));
        let found = serde_json::to_value(&challenge.parameters).unwrap();
        Some(same("scheme", text(case, "scheme"), &challenge.scheme).and(same(
            "parameters",
            &case["parameters"],
            &found,
        )))
    });
}

#[test]
fn scopes_asked_for_after_a_refusal() {
    Table::load("registry-api.json", &[]).of("retry-scope").run(|case| {
        let challenge = Challenge::parse(text(case, "header"));
        let found = challenge
            .further_scope()
            .map(|(kind, name, actions)| Value::from(vec![kind.to_owned(), name.to_owned(), actions.to_owned()]));
        let expected = case["retry"].as_bool().unwrap().then(|| case["new_scope"].clone());
        Some(same("scope", expected, found))
    });
}

pub(super) fn texts(files: &Value, directory: &str) -> Vec<(PathBuf, String)> {
    let mut files: Vec<(PathBuf, String)> = files
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, text)| (PathBuf::from(directory).join(name), text.as_str().unwrap().to_owned()))
        .collect();
    files.sort();
    files
}

#[test]
fn lookaside() {
    let file = std::fs::read_to_string(data("vectors").join("lookaside.json")).unwrap();
    let document: Value = serde_json::from_str(&file).unwrap();
    Table::load(
        "lookaside.json",
        &[(
            "lookaside/upstream/03",
            "a base without a scheme is refused at once; its own readers refuse it when reading",
        )],
    )
    .leave_out("stores are only read", |case| case["write"] == true)
    .run(|case| {
        let files = texts(
            &document["configs"][text(case, "config")],
            "/etc/containers/registries.d",
        );
        let Ok(configuration) = RegistriesD::parse(&files) else {
            return Some(if case["error"].is_string() {
                Ok(())
            } else {
                Err("refused".into())
            });
        };
        let reference = Reference::parse(text(case, "image")).unwrap();
        let attachments = configuration
            .use_sigstore_attachments(&reference)
            .is_some_and(|(value, _)| value);
        let base = configuration.lookaside(&reference).map(|(base, _)| base);
        let base = base.unwrap_or("file:///var/lib/containers/sigstore");
        let digest = Digest::parse(text(case, "digest"));
        let store = digest
            .map_err(|_| ())
            .and_then(|digest| Store::new(base, &reference, &digest).map_err(|_| ()));
        Some(match (case["url"].as_str(), store) {
            (Some(expected), Ok(store)) => {
                let number = usize::try_from(case["index"].as_u64().unwrap()).unwrap();
                // What stands there as user name and password is sent in a header (registry::lookaside_logins).
                let (scheme, rest) = expected.split_once("://").unwrap();
                let (authority, path) = rest.split_once('/').unwrap();
                let host = authority.rsplit('@').next().unwrap();
                same("url", &*format!("{scheme}://{host}/{path}"), &store.url(number)).and(same(
                    "attachments",
                    case["use_sigstore_attachments"].as_bool(),
                    Some(attachments),
                ))
            }
            (None, Err(())) => Ok(()),
            (expected, store) => Err(format!("expected {expected:?}, found {store:?}")),
        })
    });
}

#[test]
fn mirrors() {
    let table = Table::load("mirrors.json", &[]).of_any(&["registries.conf", "drop-in", "openshift"]);
    let table = table.leave_out("they have no registries.conf", |case| case["config"].is_null());
    table.run(|case| {
        let mut files = vec![(PathBuf::from("registries.conf"), text(case, "config").to_owned())];
        files.extend(
            texts(&case["drop_ins"], "registries.conf.d")
                .into_iter()
                .filter(|(path, _)| path.extension().is_some_and(|e| e == "conf") && path.components().count() == 2),
        );
        let found = RegistriesConf::parse(&files)
            .map_err(|error| error.to_string())
            .and_then(|configuration| {
                let reference = Reference::parse(text(case, "image")).unwrap();
                let reference = if reference.is_name_only() {
                    Reference::parse(&format!("{}:latest", reference.name())).unwrap()
                } else {
                    reference
                };
                let locations = configuration.locations(&reference).map_err(|error| error.to_string())?;
                let locations: Vec<Value> = locations
                    .iter()
                    .map(|l| {
                        serde_json::json!({"reference": l.reference.to_string(), "mirror": l.is_mirror,
                        "insecure": l.insecure, "blocked": l.blocked})
                    })
                    .collect();
                Ok((configuration.prefix_of(&reference).map(str::to_owned), locations))
            });
        Some(match (case["ok"].as_bool().unwrap(), found) {
            (true, Ok((prefix, locations))) => same("prefix", case["prefix"].as_str(), prefix.as_deref()).and(same(
                "locations",
                &case["locations"],
                &Value::from(locations),
            )),
            (false, Err(_)) => Ok(()),
            (ok, found) => Err(format!("ok {ok}, found {found:?}")),
        })
    });
}

/// The files of a case in the order in which they are searched, as `search_paths` names them.
#[test]
fn logins() {
    Table::load("auth-creds.json", &[]).run(|case| {
        let files = case["files"].as_object().unwrap();
        let helper = |name: &str, host: &str| -> Result<Option<(String, String)>, String> {
            match (name, host) {
                ("vec", "q.io") => Ok(Some(("helperuser".into(), "helpersecret".into()))),
                ("vec", "n.io") => Ok(None),
                _ => Err("boom".into()),
            }
        };
        let mut found = Ok(None);
        for path in case["search_paths"].as_array().unwrap() {
            let path = path.as_str().unwrap();
            let (path, legacy) = path
                .strip_suffix(" (legacy)")
                .map_or((path, false), |path| (path, true));
            let file = files.get(path.strip_prefix("ROOT/").unwrap());
            // A key that cannot be looked up is an error whatever the files hold.
            let file = file.map_or("{}", |text| text.as_str().unwrap());
            found = match look_up(file.as_bytes(), text(case, "key"), legacy) {
                Err(error) => Err(error.to_string()),
                Ok(Stored::Nothing) => continue,
                Ok(Stored::Login(Login::Password { user, password }, _)) => Ok(Some(
                    serde_json::json!({"Username": user, "Password": password.reveal()}),
                )),
                Ok(Stored::Login(Login::IdentityToken { user, token }, _)) => Ok(Some(
                    serde_json::json!({"Username": user, "IdentityToken": token.reveal()}),
                )),
                Ok(Stored::Helper { name, host }) => match helper(&name, &host) {
                    Ok(None) => continue,
                    Ok(Some((user, password))) => Ok(Some(serde_json::json!({"Username": user, "Password": password}))),
                    Err(error) => Err(error),
                },
            };
            break;
        }
        Some(match (case["error"].is_string(), found) {
            (true, Err(_)) => Ok(()),
            (false, Ok(found)) => {
                let expected = Some(case["credentials"].clone()).filter(|value| !value.is_null());
                same("login", without_empty(expected), without_empty(found))
            }
            (error, found) => Err(format!("error {error}, found {found:?}")),
        })
    });
}

/// Members that are empty texts say the same as missing ones.
pub(super) fn without_empty(value: Option<Value>) -> Option<Value> {
    let mut value = value?;
    value.as_object_mut()?.retain(|_, member| member.as_str() != Some(""));
    Some(value)
}

#[test]
fn lists_of_the_extension() {
    const EXACT: &str = "member names are exact";
    const BROKEN: &str = "one broken entry spoils no other";
    Table::load(
        "registry-api.json",
        &[
            (
                "ext-list/type-other",
                "the import controller's type is taken too (openshift-api.md 1.4)",
            ),
            ("ext-list/case-insensitive", EXACT),
            (
                "ext-list/missing",
                "an answer without the list is no knowledge of what is in it (docs/contract.md 1)",
            ),
            (
                "ext-list/duplicate-member",
                "a member that stands there twice is refused",
            ),
            ("ext-list/content-urlsafe", BROKEN),
            ("ext-list/version-string", BROKEN),
        ],
    )
    .of("ext-list")
    .run(|case| {
        let found = extension::parse(&bytes(case, "input_base64"));
        Some(match (case["ok"].as_bool().unwrap(), found) {
            (true, Ok(entries)) => {
                let expected: Vec<Vec<u8>> = case["signature_contents_base64"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|text| decoded(text.as_str().unwrap()))
                    .collect();
                let found: Vec<Vec<u8>> = entries.into_iter().filter_map(|entry| entry.content.ok()).collect();
                same("contents", expected, found)
            }
            (false, Err(_)) => Ok(()),
            (ok, found) => Err(format!("ok {ok}, found {found:?}")),
        })
    });
}

pub(super) fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn answers_of_token_servers() {
    const NOW: i64 = 1_795_000_000;
    Table::load("registry-api.json", &[]).of("token").run(|case| {
        let found = token::parse(&bytes(case, "input_base64"), NOW);
        Some(match (case["ok"].as_bool().unwrap(), found) {
            (true, Ok(found)) => same("token", text(case, "token"), found.token.reveal()).and(
                match case["seconds_until_expiry"].as_i64() {
                    Some(expected) if expected >= 0 => same("lifetime", expected, found.expires - NOW),
                    _ => same("expired", true, found.expires < NOW),
                },
            ),
            (false, Err(_)) => Ok(()),
            (ok, found) => Err(format!("ok {ok}, found {found:?}")),
        })
    });
}
