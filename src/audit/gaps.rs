// SPDX-License-Identifier: Apache-2.0
//! What a mirror lacks that the source of an image has, and the command that would fill the gap.

use std::path::Path;

use super::entry::{AuditFinding, FindingKind};
use crate::reference::Reference;
use crate::registry::skopeo::Skopeo;
use crate::source::registry::compared::{ComparedPlace, Held};
use crate::subject::SourceKind;
use crate::text::{path_again, safe, shell_word};

/// Compares each mirror with the source of an image. Where either is not known, nothing is said to be missing. `options` are
/// those that commands take over: skopeo finds signatures, and where they go, by the same files.
#[must_use]
pub fn findings(places: &[ComparedPlace], options: &Skopeo) -> Vec<AuditFinding> {
    let skopeo = Copying::with(options);
    let mut found = Vec::new();
    let Some(source) = places.iter().find(|place| !place.is_mirror) else {
        return found;
    };
    for mirror in places.iter().filter(|place| place.is_mirror) {
        manifest(source, mirror, &skopeo, &mut found);
        // Signatures are expected where the image is.
        if matches!(mirror.manifest, Held::These(_)) {
            signatures(source, mirror, &skopeo, &mut found);
        }
    }
    // What could not be asked is one place, whatever it is compared with.
    found.sort_by_key(|finding| finding.kind);
    found.dedup();
    found
}

fn manifest(source: &ComparedPlace, mirror: &ComparedPlace, skopeo: &Copying, found: &mut Vec<AuditFinding>) {
    let name = safe(&mirror.reference.to_string());
    match (&source.manifest, &mirror.manifest) {
        (_, Held::Unknown(why)) => found.push(unreachable(format!(
            "it is unknown whether the mirror {name} has the image: {why}"
        ))),
        (Held::Unknown(why), _) => found.push(unreachable(format!(
            "it is unknown whether the source {} has the image: {why}",
            safe(&source.reference.to_string())
        ))),
        (Held::These(own), Held::These(other)) if own != other => found.push(gap(
            format!("the mirror {name} serves another manifest under this digest: it may be damaged"),
            Some(skopeo.copy_image(source, mirror)),
        )),
        (Held::These(_), Held::None) => found.push(gap(
            format!("the mirror {name} does not have the image"),
            Some(skopeo.copy_image(source, mirror)),
        )),
        _ => {}
    }
}

fn signatures(source: &ComparedPlace, mirror: &ComparedPlace, skopeo: &Copying, found: &mut Vec<AuditFinding>) {
    for (own, other) in source.signatures.iter().zip(&mirror.signatures) {
        let (kind, from, own) = own;
        let (_, to, other) = other;
        let (from, to) = (safe(from), safe(to));
        let what = signatures_of(*kind);
        let (here, there) = match (own, other) {
            (Held::Unknown(why), _) => {
                found.push(unreachable(format!(
                    "{what} of the source, at {from}, are unknown: {why}"
                )));
                continue;
            }
            // The source has nothing that could be missing.
            (Held::None, _) => continue,
            (Held::These(_), Held::Unknown(why)) => {
                found.push(unreachable(format!(
                    "{what} of the mirror, at {to}, are unknown: {why}"
                )));
                continue;
            }
            (Held::These(own), Held::These(other)) => (own, own.intersection(other).count()),
            (Held::These(own), Held::None) => (own, 0),
        };
        let missing = here.len() - there;
        if missing == 0 {
            continue;
        }
        let is_absent = *other == Held::None;
        let lost = match is_absent {
            true => format!("{what} are at the source only: {from} has {}, {to} none", here.len()),
            false => format!("{what} differ: {missing} of {} at {from} are not at {to}", here.len()),
        };
        let (next, command) = match kind {
            SourceKind::Attachment => ("", skopeo.copy_attachment((&from, source), (&to, mirror))),
            SourceKind::Lookaside => (
                "; skopeo writes them to the lookaside-staging that registries.d names for the mirror",
                skopeo.copy_image(source, mirror),
            ),
            _ => ("", skopeo.copy_image(source, mirror)),
        };
        found.push(gap(format!("{lost}{next}"), Some(command)));
    }
}

fn signatures_of(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Lookaside => "signatures in the lookaside store",
        SourceKind::Attachment => "sigstore signatures",
        _ => "signatures in the registry's extension",
    }
}

fn gap(message: String, command: Option<String>) -> AuditFinding {
    AuditFinding {
        kind: FindingKind::Gap,
        message,
        command,
    }
}

/// A finding that something is not known.
pub(crate) fn unreachable(message: String) -> AuditFinding {
    AuditFinding {
        kind: FindingKind::Unreachable,
        message,
        command: None,
    }
}

/// Commands of skopeo, with the options that they all have.
struct Copying(String);

impl Copying {
    /// Without registries.conf, by which skopeo would read the source from its mirrors.
    fn with(options: &Skopeo) -> Self {
        let option = |flag: &str, path: Option<&Path>| {
            path.map_or_else(String::new, |path| format!(" --{flag} {}", path_again(path)))
        };
        let certs = options.cert_dir.as_deref();
        Self(format!(
            "skopeo{} copy{}{}{}",
            option("registries.d", options.registries_d.as_deref()),
            option("authfile", options.authfile.as_deref()),
            option("src-cert-dir", certs),
            option("dest-cert-dir", certs),
        ))
    }

    /// Copies the image, all instances of a list, with the signatures that skopeo knows of.
    fn copy_image(&self, source: &ComparedPlace, mirror: &ComparedPlace) -> String {
        let at = |reference: &Reference| shell_word(&format!("docker://{reference}"));
        format!(
            "{} --all --preserve-digests{} {} {}",
            self.0,
            insecure(source, mirror),
            at(&source.reference),
            at(&mirror.reference)
        )
    }

    /// Copies what hangs at a tag.
    fn copy_attachment(&self, (from, source): (&str, &ComparedPlace), (to, mirror): (&str, &ComparedPlace)) -> String {
        format!(
            "{} --preserve-digests{} {} {}",
            self.0,
            insecure(source, mirror),
            shell_word(&format!("docker://{from}")),
            shell_word(&format!("docker://{to}"))
        )
    }
}

/// What makes skopeo ask places as they are configured here: it may read another registries.conf, and would not find a registry
/// over plain http.
fn insecure(source: &ComparedPlace, mirror: &ComparedPlace) -> String {
    let ends = [("src", source), ("dest", mirror)];
    let own = ends.iter().filter(|(_, place)| place.is_insecure);
    own.map(|(end, _)| format!(" --{end}-tls-verify=false")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::registry::compared::KINDS;

    const SOURCE: &str = "quay.io/shop/web";
    const MIRROR: &str = "mirror.local:5000/m/web";

    fn digest() -> String {
        format!("sha256:{}", "a".repeat(64))
    }

    fn these(numbers: &[u8]) -> Held {
        Held::These(numbers.iter().map(|number| [*number; 32]).collect())
    }

    fn place(name: &str, is_mirror: bool, manifest: Held, held: [Held; 3]) -> ComparedPlace {
        ComparedPlace {
            reference: Reference::parse(&format!("{name}@{}", digest())).unwrap(),
            is_mirror,
            is_insecure: false,
            manifest,
            signatures: KINDS
                .into_iter()
                .zip(held)
                .map(|(kind, held)| (kind, format!("{name}:{}", kind.word()), held))
                .collect(),
        }
    }

    fn compared(source: (Held, [Held; 3]), mirror: (Held, [Held; 3])) -> Vec<AuditFinding> {
        findings(
            &[
                place(MIRROR, true, mirror.0, mirror.1),
                place(SOURCE, false, source.0, source.1),
            ],
            &Skopeo::default(),
        )
    }

    fn none() -> [Held; 3] {
        [Held::None, Held::None, Held::None]
    }

    fn unknown() -> Held {
        Held::Unknown("timed out".into())
    }

    #[test]
    fn nothing_is_missing_where_the_mirror_has_all_or_the_source_none() {
        let all = || (these(&[1]), [these(&[2]), these(&[3, 4]), these(&[5])]);
        assert_eq!(compared(all(), all()), []);
        assert_eq!(compared((these(&[1]), none()), all()), []);
        let more = (these(&[1]), [these(&[2]), these(&[3, 4, 9]), these(&[5, 6])]);
        assert_eq!(compared(all(), more), []);
    }

    #[test]
    fn each_kind_is_told_with_the_command_that_would_fill_the_gap() {
        let source = (these(&[1]), [these(&[2]), these(&[3, 4]), these(&[5])]);
        let found = compared(source, (these(&[1]), [Held::None, these(&[3]), Held::None]));
        let kinds: Vec<FindingKind> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::Gap; 3]);
        let commands: Vec<&str> = found.iter().filter_map(|finding| finding.command.as_deref()).collect();
        let copy = format!(
            "skopeo copy --all --preserve-digests docker://{SOURCE}@{0} docker://{MIRROR}@{0}",
            digest()
        );
        let attached =
            format!("skopeo copy --preserve-digests docker://{SOURCE}:attachment docker://{MIRROR}:attachment");
        assert_eq!(commands, [copy.as_str(), copy.as_str(), attached.as_str()]);
        assert!(found[1].message.contains("1 of 2"), "{}", found[1].message);
    }

    #[test]
    fn a_command_takes_over_the_files_of_the_run() {
        let options = Skopeo {
            registries_d: Some("rd".into()),
            registries_conf: Some("a.conf".into()),
            cert_dir: Some("my certs".into()),
            authfile: Some("auth.json".into()),
            ..Skopeo::default()
        };
        let held = (these(&[1]), none());
        let source = place(SOURCE, false, held.0, held.1);
        let mirror = place(MIRROR, true, Held::None, none());
        let found = findings(&[mirror, source], &options);
        let command = found[0].command.as_deref().unwrap();
        let begin = "skopeo --registries.d rd copy --authfile auth.json --src-cert-dir 'my certs' --dest-cert-dir 'my certs' --all";
        assert!(command.starts_with(begin), "{command}");
    }

    #[test]
    fn what_is_not_known_is_not_missing() {
        let has = || (these(&[1]), [these(&[2]), these(&[3]), these(&[5])]);
        let lost = || (unknown(), [unknown(), unknown(), unknown()]);
        for found in [
            compared(has(), lost()),
            compared(lost(), has()),
            compared(lost(), lost()),
        ] {
            assert!(!found.is_empty());
            assert!(
                found.iter().all(|finding| finding.kind == FindingKind::Unreachable),
                "{found:?}"
            );
        }
        // A source that cannot be asked is no reason to call the mirror complete.
        assert_eq!(
            compared((these(&[1]), [unknown(), Held::None, Held::None]), has()).len(),
            1
        );
    }

    #[test]
    fn an_image_that_is_absent_or_another_one_is_told_once() {
        let source = || (these(&[1]), [these(&[2]), these(&[3]), these(&[5])]);
        let absent = compared(source(), (Held::None, none()));
        assert_eq!(absent.len(), 1);
        assert!(absent[0].command.as_deref().unwrap().contains("--all"));
        let other = compared((these(&[1]), none()), (these(&[7]), none()));
        assert!(other[0].message.contains("another manifest"), "{other:?}");
    }
}
