// SPDX-License-Identifier: Apache-2.0
//! Manifests for Kubernetes and units for systemd: they say what the program understands, and ask for no right and no
//! privilege that it does not need. Audits with them run in `tests/audit`.

use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use image_signature::cli::Cli;
use serde_json::{json, Value};

use super::recipes::read;
use crate::support::deployment::{command, objects, setting, settings, templates};
use crate::support::program::{has, Sandbox};
use crate::support::skipped;

const MANIFESTS: [&str; 2] = ["cronjob.yaml", "job-indexed.yaml"];
const SERVICE: &str = "image-signature-audit.service";
const TIMER: &str = "image-signature-audit.timer";

fn containers(name: &str) -> Vec<Value> {
    let templates = templates(name);
    let containers = templates
        .iter()
        .flat_map(|template| template["containers"].as_array().unwrap());
    containers.cloned().collect()
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn commands_are_ones_that_the_program_takes() {
    let mut commands = vec![command(SERVICE)];
    for manifest in MANIFESTS {
        commands.extend(containers(manifest).iter().map(|container| texts(&container["args"])));
    }
    assert_eq!(commands.len(), 4);
    for words in commands {
        let parsed = Cli::try_parse_from(std::iter::once("image-signature".to_owned()).chain(words.clone()));
        assert!(parsed.is_ok(), "{words:?}: {}", parsed.unwrap_err());
        // Nobody records, or loosens a check, without having written it.
        for option in ["--confirm", "--insecure", "--trust-model", "--insecure-skip-tls-verify"] {
            assert!(!words.iter().any(|word| word == option), "{words:?}");
        }
    }
}

#[test]
fn pods_have_no_privilege_and_write_only_to_volumes() {
    for manifest in MANIFESTS {
        for template in templates(manifest) {
            let context = &template["securityContext"];
            assert_eq!(context["runAsNonRoot"], true, "{manifest}");
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
            for member in ["hostNetwork", "hostPID", "hostIPC"] {
                assert!(template[member].is_null(), "{manifest}: {member}");
            }
            let volumes = template["volumes"].as_array().unwrap();
            assert!(volumes
                .iter()
                .all(|volume| volume["hostPath"].is_null() && volume["secret"].is_null()));
        }
        for container in containers(manifest) {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["readOnlyRootFilesystem"], true);
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
            // What is mounted is there, and temporary files have a place.
            let template = &templates(manifest)[0];
            let mounts = container["volumeMounts"].as_array().unwrap();
            for mount in mounts {
                let volumes = template["volumes"].as_array().unwrap();
                assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
            }
            assert!(mounts.iter().any(|mount| mount["mountPath"] == "/tmp"), "{manifest}");
            let values = container["env"].as_array().into_iter().flatten();
            let values = values.filter_map(|variable| variable["value"].as_str().map(str::to_owned));
            for word in texts(&container["args"]).into_iter().chain(values) {
                let path = word.split_once('=').map_or(word.as_str(), |(_, path)| path);
                let is_mounted = mounts
                    .iter()
                    .any(|mount| path.starts_with(mount["mountPath"].as_str().unwrap()));
                assert!(!path.starts_with('/') || is_mounted, "{manifest}: {word}");
            }
        }
    }
}

#[test]
fn parts_and_merge_speak_of_the_same_files() {
    let objects = objects("job-indexed.yaml");
    let (parts, merge) = (&objects[0]["spec"], &objects[1]["spec"]);
    let count = parts["completions"].as_u64().unwrap();
    assert_eq!(parts["completionMode"], "Indexed");
    let containers = containers("job-indexed.yaml");
    let args = texts(&containers[0]["args"]);
    assert!(args.contains(&format!("auto/{count}")), "{args:?}");
    // A variable is known to those that stand after it.
    let variables = containers[0]["env"].as_array().unwrap();
    let names: Vec<&Value> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(names, ["PART", "TRY", "REPORT"]);
    let report = variables[2]["value"].as_str().unwrap();
    let merged = texts(&containers[1]["args"]);
    for part in 0..count {
        let file = report.replace("$(PART)", &part.to_string());
        assert!(merged.contains(&file), "{file}: {merged:?}");
    }
    assert_eq!(
        merged.iter().filter(|word| word.contains("-part-")).count() as u64,
        count
    );
    // What was found ends a job, and what is incomplete is done again.
    for job in [parts, merge] {
        let codes = &job["podFailurePolicy"]["rules"][0]["onExitCodes"];
        assert_eq!((&codes["operator"], &codes["values"]), (&json!("In"), &json!([1, 2])));
    }
}

#[test]
fn rights_are_for_looking_and_those_to_record_stand_apart() {
    let objects = objects("rbac.yaml");
    let roles: Vec<&Value> = objects
        .iter()
        .filter(|object| object["kind"] == "ClusterRole")
        .collect();
    let names: Vec<&Value> = roles.iter().map(|role| &role["metadata"]["name"]).collect();
    assert_eq!(names, ["image-signature-audit", "image-signature-record"]);
    for rule in roles[0]["rules"].as_array().unwrap() {
        assert!(
            texts(&rule["verbs"]).iter().all(|verb| verb == "get" || verb == "list"),
            "{rule}"
        );
        let resources = texts(&rule["resources"]);
        assert!(
            !resources
                .iter()
                .any(|resource| resource == "*" || resource == "secrets"),
            "{rule}"
        );
    }
    let record = &roles[1]["rules"];
    assert_eq!(
        record,
        &json!([{"apiGroups": ["image.openshift.io"], "resources": ["images"], "verbs": ["patch"]}])
    );
    // In a namespace nothing may be changed either.
    for role in objects.iter().filter(|object| object["kind"] == "Role") {
        let rules = role["rules"].as_array().unwrap();
        let verbs: Vec<String> = rules.iter().flat_map(|rule| texts(&rule["verbs"])).collect();
        assert!(verbs.iter().all(|verb| verb == "get" || verb == "list"), "{role}");
    }
    let bindings = objects.iter().filter(|object| object["kind"] == "ClusterRoleBinding");
    let subjects: Vec<(String, Vec<String>)> = bindings
        .map(|binding| {
            let subjects = binding["subjects"].as_array().unwrap().iter();
            let names = subjects.map(|subject| subject["name"].as_str().unwrap().to_owned());
            (binding["roleRef"]["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect();
    assert_eq!(
        subjects,
        [
            (
                "image-signature-audit".to_owned(),
                vec!["audit".to_owned(), "audit-recorder".to_owned()]
            ),
            ("image-signature-record".to_owned(), vec!["audit-recorder".to_owned()]),
        ]
    );
    // Nothing runs as the one that may record.
    for manifest in MANIFESTS {
        for template in templates(manifest) {
            assert_ne!(template["serviceAccountName"], "audit-recorder");
        }
    }
}

#[test]
fn the_container_is_not_run_as_root_and_has_gpg() {
    let text = read("packaging/kubernetes/Containerfile");
    let (_, last) = text.rsplit_once("\nFROM ").unwrap();
    let user = last.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    let user: u32 = user.split(':').next().unwrap().parse().unwrap();
    assert!(user > 0);
    assert!(last.contains(" gpg "), "{last}");
    assert!(last.ends_with("ENTRYPOINT [\"/usr/bin/image-signature\"]\n"), "{last}");
}

#[test]
fn the_container_carries_the_notices_of_what_is_linked() {
    let text = read("packaging/kubernetes/Containerfile");
    let (first, last) = text.rsplit_once("\nFROM ").unwrap();
    let licences = "/out/usr/share/licenses/image-signature";
    assert!(first.contains(&format!("packaging/crates.sh {licences}\n")), "{first}");
    assert!(last.contains(&format!("COPY --from=build {licences} ")), "{last}");
}

#[test]
fn the_service_is_confined_and_nothing_is_enabled() {
    for (name, value) in [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ] {
        assert_eq!(setting(SERVICE, name), value, "{name}");
    }
    let install = |unit| settings(unit).into_iter().any(|(name, _)| name == "WantedBy");
    assert!(!install(SERVICE) && install(TIMER));
    for recipe in [
        "packaging/rpm/image-signature.spec",
        "packaging/debian/rules",
        "Makefile",
    ] {
        let text = read(recipe);
        for word in ["systemctl enable", "systemd_post", "preset"] {
            assert!(!text.contains(word), "{recipe}: {word}");
        }
    }
    assert!(read("packaging/debian/rules").contains("override_dh_installsystemd:\n\n"));
}

#[test]
fn systemd_takes_the_units() {
    if !has("systemd-analyze") {
        return skipped("systemd-analyze verify", "systemd is not installed");
    }
    // It also looks whether programs and pages are installed, which they are not here.
    let sandbox = Sandbox::new();
    let mut paths = Vec::new();
    for unit in [SERVICE, TIMER] {
        let text = read(&format!("packaging/systemd/{unit}"));
        let text = text.replace("/usr/bin/image-signature ", "/bin/true ");
        let lines = text.lines().filter(|line| !line.starts_with("Documentation="));
        paths.push(sandbox.file(
            &format!("units/{unit}"),
            lines.map(|line| format!("{line}\n")).collect::<String>(),
        ));
    }
    let run = Command::new("systemd-analyze")
        .arg("verify")
        .args(&paths)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{said}");
}

#[test]
fn metrics_are_published_whole_and_through_no_link() {
    let sandbox = Sandbox::new();
    let line = setting(SERVICE, "ExecStopPost");
    let script = line
        .strip_prefix("+/bin/sh -c '")
        .and_then(|line| line.strip_suffix('\''))
        .unwrap();
    let (state, metrics) = (sandbox.path("state"), sandbox.path("a directory"));
    let publish = || {
        let run = Command::new("/bin/sh")
            .args(["-c", script])
            .env("STATE_DIRECTORY", &state)
            .env("METRICS_DIRECTORY", &metrics)
            .output()
            .unwrap();
        (
            run.status.success(),
            std::fs::read_to_string(metrics.join("image_signature.prom")).ok(),
        )
    };
    let file = sandbox.file("state/image_signature.prom", "one\n");
    // A machine without an exporter has no directory for it.
    assert_eq!(publish(), (true, None));
    std::fs::create_dir(&metrics).unwrap();
    assert_eq!(publish(), (true, Some("one\n".to_owned())));
    let secret = sandbox.file("secret", "secret\n");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&secret, &file).unwrap();
    assert_eq!(publish(), (false, Some("one\n".to_owned())));
}

/// Members of Jobs that are younger than this minor version of kubectl are dropped by it.
const KUBECTL: u64 = 29;

/// What kubectl makes of an object without asking a server: it keeps what its own types have.
fn through_kubectl(sandbox: &Sandbox, object: &Value) -> Value {
    let mut command = sandbox.command_of(Path::new("kubectl"));
    command.args(["set", "image", "--local", "-f", "-", "*=other:1", "-o", "json"]);
    let outcome = sandbox.finish(&mut command, object.to_string().as_bytes());
    let outcome = outcome.expect(0);
    outcome.json()
}

/// The members of `one` that `other` lacks or has with another value, but for images.
fn lost(one: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
    match one {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "image") {
                lost(value, &other[name], &format!("{path}.{name}"), found);
            }
        }
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                lost(value, &other[number], &format!("{path}[{number}]"), found);
            }
        }
        value if value == other => {}
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn kubectl_knows_every_member_of_the_workloads() {
    let sandbox = Sandbox::new();
    let name = "kubectl reads the manifests";
    if !has("kubectl") {
        return skipped(name, "kubectl is not installed");
    }
    let mut command = sandbox.command_of(Path::new("kubectl"));
    command.args(["version", "--client", "-o", "json"]);
    let version = sandbox.finish(&mut command, b"").expect(0).json();
    let minor = version["clientVersion"]["minor"].as_str().unwrap_or_default();
    let minor: String = minor.chars().take_while(char::is_ascii_digit).collect();
    if minor.parse::<u64>().is_ok_and(|minor| minor < KUBECTL) {
        return skipped(name, "kubectl is older than the members that are looked at");
    }
    let mut seen = 0;
    for manifest in MANIFESTS {
        for object in objects(manifest) {
            let mut found = Vec::new();
            lost(&object, &through_kubectl(&sandbox, &object), "", &mut found);
            assert!(found.is_empty(), "{manifest}: {found:?}");
            // A member that no version has is told.
            let mut odd = object.clone();
            odd["spec"]["noSuchMember"] = json!(1);
            lost(&odd, &through_kubectl(&sandbox, &odd), "", &mut found);
            assert_eq!(found, [".spec.noSuchMember"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}
