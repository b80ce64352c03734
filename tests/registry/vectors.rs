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
use serde_json::{json, Value};

use crate::support::gpg::Signer;
use crate::support::program::Sandbox;
use crate::support::vectors::{bytes, data, fixture, same, text, Table};

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

fn texts(files: &Value, directory: &str) -> Vec<(PathBuf, String)> {
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
                same("url", expected, &store.url(number)).and(same(
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
fn without_empty(value: Option<Value>) -> Option<Value> {
    let mut value = value?;
    value.as_object_mut()?.retain(|_, member| member.as_str() != Some(""));
    Some(value)
}

#[test]
fn lists_of_the_extension() {
    const EXACT: &str = "member names are exact";
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
            ("ext-list/content-urlsafe", "one broken entry spoils no other"),
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

fn decoded(text: &str) -> Vec<u8> {
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

/// What `verify` and `inspect` say of files, and the digest of a manifest, as skopeo's commands for debugging do.
#[test]
fn commands_of_skopeo() {
    let sandbox = Sandbox::new();
    // The last argument, where it is a fixture that is here.
    let file = |case: &Value| {
        let args = case["args"].as_array().unwrap();
        let path = args
            .last()?
            .as_str()?
            .strip_prefix("FIXTURES/")
            .filter(|_| args.len() == 2)?;
        fixture(path)
    };
    let several = "a file with two messages is refused: which one is meant cannot be told (docs/contract.md 1)";
    let exempt = [("untrusted-signature-dump-without-verification/62", several)];
    Table::load("skopeo-cli.json", &exempt)
        .of("untrusted-signature-dump-without-verification")
        .run(|case| {
            let path = file(case)?;
            let outcome = sandbox.run(["inspect", "-o", "json", path.to_str().unwrap()]);
            let claim = outcome.item()["claim"].clone();
            if case["exit"] != 0 {
                return Some(same("claim", Value::Null, claim));
            }
            let shown: Value = serde_json::from_str(text(case, "stdout")).unwrap();
            Some(
                same(
                    "reference",
                    &shown["UntrustedDockerReference"],
                    &claim["dockerReference"],
                )
                .and(same(
                    "digest",
                    &shown["UntrustedDockerManifestDigest"],
                    &claim["dockerManifestDigest"],
                )),
            )
        });
    Table::load("skopeo-cli.json", &[]).of("manifest-digest").run(|case| {
        let bytes = std::fs::read(file(case)?).unwrap();
        let found = Digest::of_manifest(&bytes).ok().map(|digest| digest.to_string());
        let expected = Some(text(case, "stdout").trim().to_owned()).filter(|_| case["exit"] == 0);
        Some(same("digest", expected, found))
    });
    let spaces = "a fingerprint may have the spaces with which gpg prints it (docs/contract.md 2)";
    let exempt = [("standalone-verify/19", spaces)];
    Table::load("skopeo-cli.json", &exempt)
        .of("standalone-verify")
        .run(|case| {
            let args: Vec<&str> = case["args"]
                .as_array()
                .unwrap()
                .iter()
                .skip(1)
                .map(|arg| arg.as_str().unwrap())
                .collect();
            let (key, [manifest, reference, fingerprints, signature]) = match args[..] {
                ["--public-key-file", key, a, b, c, d] => (Some(key), [a, b, c, d]),
                [a, b, c, d] => (None, [a, b, c, d]),
                // How its arguments are counted is its own affair.
                _ => return Some(same("exit", &json!(args == ["--help"]), &json!(case["exit"] == 0))),
            };
            let path = |argument: &str| match argument.strip_prefix("FIXTURES/") {
                Some(name) => fixture(name),
                None => Some(PathBuf::from(argument)),
            };
            let identity = if reference.contains(':') {
                reference.to_owned()
            } else {
                format!("{reference}:latest")
            };
            let mut command = sandbox.command();
            command.args(["verify", "-o", "json", "--expected-identity", &identity]);
            if identity != reference {
                // The command compares names as they are written; here a tag must be expected.
                command.args(["--identity-match", "matchRepository"]);
            }
            command.arg("--manifest").arg(path(manifest)?);
            command.arg("--signature-file").arg(path(signature)?);
            match key {
                Some(key) => command.arg("--public-key").arg(path(key)?),
                None if case["gnupghome"] == "empty" => command.arg("--homedir").arg(sandbox.path("no-home")),
                None => command.arg("--homedir").arg(fixture("upstream")?),
            };
            for fingerprint in fingerprints.split(", ").filter(|own| *own != "any") {
                command.args(["--signed-by", fingerprint]);
            }
            let outcome = sandbox.finish(&mut command, b"");
            Some(
                same("verified", case["exit"] == 0, outcome.status == 0).map_err(|what| format!("{what}: {outcome:?}")),
            )
        });
    Table::load("skopeo-cli.json", &[]).of("top").run(|case| {
        let args = case["args"].as_array().unwrap().iter();
        let outcome = sandbox.run(args.map(|arg| arg.as_str().unwrap()));
        Some(same("usage error", (1, 2), (case["exit"].as_i64()?, outcome.status)))
    });
}

/// Signing is no command here: what `skopeo standalone-sign` signs is signed by gpg and judged.
#[test]
fn what_skopeo_would_sign() {
    let (sandbox, signer) = (Sandbox::new(), Signer::new());
    let key = signer.simple_key("Signer <s@example.com>");
    signer.export(&[&key], &sandbox.path("key.gpg"));
    let nothing = "it signs nothing";
    let table = Table::load("skopeo-cli.json", &[]).of("standalone-sign");
    let table = table.leave_out(nothing, |case| case["exit"] != 0);
    let mut verdicts = Vec::new();
    table.run(|case| {
        let manifest = case["args"].as_array().unwrap().iter().filter_map(Value::as_str);
        let manifest = manifest.filter_map(|arg| arg.strip_prefix("FIXTURES/")).next().unwrap();
        let mut payload = case["output_payload"].clone();
        // The record has a word in place of the time.
        payload["optional"]["timestamp"] = json!(1_700_000_000);
        let payload = payload.to_string();
        sandbox.file("signature", signer.sign(&key, payload.as_bytes()));
        let mut command = sandbox.command();
        command.args([
            "verify",
            "-o",
            "json",
            "--public-key",
            "key.gpg",
            "--signature-file",
            "signature",
        ]);
        command.args([
            "--identity-match",
            "matchRepository",
            "--expected-identity",
            "testing/manifest:latest",
        ]);
        command.arg("--manifest").arg(fixture(manifest)?);
        let outcome = sandbox.finish(&mut command, b"");
        verdicts.push(crate::support::program::word(&outcome.item()));
        // A signature of what is no reference, or of no manifest, is of no use.
        let is_of_use = !manifest.ends_with("empty.pub")
            && text(&case["output_payload"]["critical"]["identity"], "docker-reference") == "testing/manifest";
        Some(same("verified", is_of_use, outcome.status == 0).map_err(|what| format!("{what}: {outcome:?}")))
    });
    println!("skopeo-cli.json: {verdicts:?}");
}
