// SPDX-License-Identifier: Apache-2.0
//! containers-registries.d(5): where signatures of a repository are kept besides its registry.

mod fault;
mod place;
mod told;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::policy::place::Lines;
use crate::policy::scope::parents_of;
use crate::reference::Reference;
use crate::subject::NO_LOOKASIDE;
use crate::text::place::shown;
use crate::text::safe;
use crate::yaml::{self, Content, Member, Node};
pub use fault::Fault;
use place::section_of;
pub use place::MemberPlace;
pub(crate) use told::{not_read, passed_over, NOT_READ};

/// Largest file, in bytes.
pub(crate) const MAX_FILE: u64 = 1 << 20;

/// Most members of a file that are not known and are remembered.
const MAX_UNKNOWN: usize = 20;

/// One section: each member may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Section {
    file: PathBuf,
    lookaside: Option<String>,
    lookaside_at: MemberPlace,
    use_sigstore_attachments: Option<bool>,
    attachments_at: MemberPlace,
    /// Members by the names that they had before they were renamed.
    old_names: Vec<(&'static str, MemberPlace)>,
    /// Members that have no meaning: their readers pass them over.
    unknown: Vec<(String, MemberPlace)>,
}

/// What all files say together. Its hash is over what decides which places are asked, wherever that stands.
#[derive(Debug, Clone, Default)]
pub struct RegistriesD {
    default: Option<Section>,
    namespaces: BTreeMap<String, Section>,
    /// Members beside the sections that have no meaning.
    unknown: Vec<(String, MemberPlace)>,
    /// What is to be said of scopes that no image is in, safe to print.
    pub unmatched: Vec<String>,
    /// Files whose names look as if they were meant to be read, and end in another way.
    pub not_read: Vec<PathBuf>,
}

/// A file that breaks the format, or two files that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", safe(&.file.display().to_string()))]
pub struct RegistriesDError {
    /// The file that it stands in.
    pub file: PathBuf,
    /// What is wrong in it, and where.
    pub fault: Fault,
}

impl Section {
    /// The base of its lookaside store, if it has one.
    fn base(&self) -> Option<&str> {
        self.lookaside.as_deref().filter(|base| !base.is_empty())
    }

    /// The name of the member that has it.
    fn base_member(&self) -> &'static str {
        let mut old = self.old_names.iter();
        let old = old.find(|(_, place)| *place == self.lookaside_at);
        old.map_or("lookaside", |(name, _)| *name)
    }
}

impl Hash for RegistriesD {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A section that says nothing hides no other.
        let said = |section: &Section| section.base().is_some() || section.use_sigstore_attachments.is_some();
        let sections = self
            .namespaces
            .iter()
            .map(|(namespace, section)| (Some(namespace), section));
        let sections = sections.chain(self.default.iter().map(|section| (None, section)));
        for (namespace, section) in sections.filter(|(_, section)| said(section)) {
            (namespace, section.base(), section.use_sigstore_attachments).hash(state);
        }
    }
}

impl RegistriesD {
    /// Joins files: paths and their text. Only names that end in `.yaml` count. No namespace may stand in two of them.
    ///
    /// # Errors
    /// When a file is not what the format asks for, or says what another one says already.
    pub fn parse(files: &[(PathBuf, String)]) -> Result<Self, RegistriesDError> {
        let mut all = Self::default();
        for (file, text) in files {
            if file.extension().is_some_and(|extension| extension == "yaml") {
                all.add(file, text)?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, file: &Path, text: &str) -> Result<(), RegistriesDError> {
        let error = |fault: Fault| RegistriesDError {
            file: file.to_owned(),
            fault,
        };
        let stream = yaml::parse(text).map_err(|problem| error(Fault::of_grammar(text, &problem)))?;
        let Some(root) = stream.documents.first() else {
            return Ok(());
        };
        let file = Text {
            file,
            lines: Lines::of(text.as_bytes()),
        };
        self.add_root(root, &file).map_err(error)
    }

    fn add_root(&mut self, root: &Node, text: &Text<'_>) -> Result<(), Fault> {
        let twice = |member: &Member, namespace: Option<&str>, first: &Section| {
            let what = twice(&member.name, &first.file);
            Fault::at(text.lines.at(member.start as u64), &section_of(namespace), what)
        };
        for member in text.members(root, "")? {
            match member.name.as_str() {
                "default-docker" => {
                    let section = section(&member.value, text, None)?;
                    if let Some(first) = self.default.replace(section) {
                        return Err(twice(member, None, &first));
                    }
                }
                "docker" => {
                    for member in text.members(&member.value, "docker")? {
                        let namespace = member.name.as_str();
                        if namespace.contains("://") && self.unmatched.len() < MAX_UNKNOWN {
                            self.unmatched.push(told::url(namespace, &text.place_of(member, None)));
                        }
                        let section = section(&member.value, text, Some(namespace))?;
                        if let Some(first) = self.namespaces.insert(namespace.to_owned(), section) {
                            return Err(twice(member, Some(namespace), &first));
                        }
                    }
                }
                name if self.unknown.len() < MAX_UNKNOWN => {
                    let place = text.place_of(member, None);
                    let is_in_section = false;
                    self.unknown
                        .push((name.to_owned(), MemberPlace { is_in_section, ..place }));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The sections that apply to a reference, the nearest first.
    fn sections(&self, reference: &Reference) -> impl Iterator<Item = &Section> {
        std::iter::once(reference.to_string())
            .chain(parents_of(reference))
            .filter_map(|namespace| self.namespaces.get(&namespace))
            .chain(self.default.as_ref())
    }

    /// Members that have the names from before they were renamed, each with its place.
    pub fn old_names(&self) -> impl Iterator<Item = (&'static str, &MemberPlace)> {
        let sections = self.namespaces.values().chain(&self.default);
        sections.flat_map(|section| section.old_names.iter().map(|(name, place)| (*name, place)))
    }

    /// Members without a meaning that the readers of these files pass over in silence, each with its place: those of the
    /// sections that apply to a reference, and those beside all sections. One may be a known member, misspelt.
    pub fn unknown(&self, reference: &Reference) -> impl Iterator<Item = (&str, &MemberPlace)> {
        let own = self.sections(reference).flat_map(|section| &section.unknown);
        own.chain(&self.unknown).map(|(name, place)| (name.as_str(), place))
    }

    /// The same of all sections.
    pub fn all_unknown(&self) -> impl Iterator<Item = (&str, &MemberPlace)> {
        let sections = self.namespaces.values().chain(&self.default);
        let own = sections.flat_map(|section| &section.unknown);
        own.chain(&self.unknown).map(|(name, place)| (name.as_str(), place))
    }

    /// The bases of all lookaside stores, each with the name of the member that has it, and its place.
    pub fn lookasides(&self) -> impl Iterator<Item = (&str, &'static str, &MemberPlace)> {
        let sections = self.namespaces.values().chain(&self.default);
        sections.filter_map(|section| Some((section.base()?, section.base_member(), &section.lookaside_at)))
    }

    /// Whether sigstore signatures are looked for in registries that no namespace is for.
    #[must_use]
    pub fn attaches_by_default(&self) -> bool {
        let default = self.default.as_ref();
        default.is_some_and(|section| section.use_sigstore_attachments == Some(true))
    }

    /// The namespaces for which sigstore signatures are looked for in the registry.
    pub fn attaching(&self) -> impl Iterator<Item = &str> {
        let own = self.namespaces.iter();
        own.filter(|(_, section)| section.use_sigstore_attachments == Some(true))
            .map(|(namespace, _)| namespace.as_str())
    }

    /// The base of the lookaside store of a reference, as it stands in the configuration, and where that is. A nearer
    /// section without one hides no farther section that has one.
    #[must_use]
    pub fn lookaside(&self, reference: &Reference) -> Option<(&str, &MemberPlace)> {
        self.sections(reference)
            .find_map(|section| Some((section.base()?, &section.lookaside_at)))
    }

    /// What is said of the store that is built in, for a reference that none is configured for.
    #[must_use]
    pub fn no_lookaside(&self, reference: &Reference) -> String {
        match self.lookasides().next() {
            Some(_) => format!("{NO_LOOKASIDE} for {}", safe(reference.name())),
            None => NO_LOOKASIDE.to_owned(),
        }
    }

    /// Where the base of the lookaside store of a reference stands, as messages name it after the file; safe to print.
    #[must_use]
    pub fn lookaside_member(&self, reference: &Reference) -> Option<String> {
        let section = self.sections(reference).find(|section| section.base().is_some())?;
        let at = &section.lookaside_at;
        let (line, column) = (at.place.line, at.place.column);
        let path = at.path_of(section.base_member());
        Some(format!("line {line}, column {column}: {path}"))
    }

    /// Whether sigstore signatures are looked for in the registry, and where that is said; by default they are not.
    #[must_use]
    pub fn use_sigstore_attachments(&self, reference: &Reference) -> Option<(bool, &MemberPlace)> {
        self.sections(reference)
            .find_map(|section| Some((section.use_sigstore_attachments?, &section.attachments_at)))
    }
}

fn twice(what: &str, first: &Path) -> String {
    format!(
        "{} is already defined in {}; keep one",
        shown(what),
        safe(&first.display().to_string())
    )
}

/// A file that is read, and where its lines begin.
struct Text<'t> {
    file: &'t Path,
    lines: Lines,
}

impl Text<'_> {
    /// What is wrong with a value.
    fn fault(&self, node: &Node, path: &str, what: impl Into<String>) -> Fault {
        Fault::at(self.lines.at(node.place.start as u64), path, what)
    }

    /// The members of a mapping; a value that is left out is an empty one.
    fn members<'n>(&self, node: &'n Node, path: &str) -> Result<&'n [Member], Fault> {
        match &node.content {
            Content::Mapping { members, .. } => Ok(members),
            Content::Scalar(serde_json::Value::Null) => Ok(&[]),
            _ => Err(self.fault(
                node,
                path,
                "expected a mapping such as docker: {registry.example/ns: {lookaside: URL}}",
            )),
        }
    }

    fn place_of(&self, member: &Member, namespace: Option<&str>) -> MemberPlace {
        MemberPlace {
            file: self.file.to_owned(),
            namespace: namespace.map(str::to_owned),
            is_in_section: true,
            place: self.lines.at(member.start as u64),
        }
    }
}

fn section(node: &Node, text: &Text<'_>, namespace: Option<&str>) -> Result<Section, Fault> {
    let mut section = Section {
        file: text.file.to_owned(),
        ..Section::default()
    };
    let mut old_name = None;
    for member in text.members(node, &section_of(namespace))? {
        let (name, value) = (member.name.as_str(), &member.value);
        let at = || text.place_of(member, namespace);
        let fault = |what: String| text.fault(value, &at().path_of(name), what);
        let url = || match value.value() {
            serde_json::Value::String(text) => Ok(text),
            serde_json::Value::Null => Ok(String::new()),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Err(fault("expected a URL".to_owned())),
            scalar => Ok(scalar.to_string()),
        };
        match name {
            "lookaside" => {
                section.lookaside = Some(url()?);
                section.lookaside_at = at();
            }
            "sigstore" => {
                old_name = Some((url()?, at()));
                section.old_names.push(("sigstore", at()));
            }
            "sigstore-staging" => {
                url()?;
                section.old_names.push(("sigstore-staging", at()));
            }
            "lookaside-staging" => drop(url()?),
            "use-sigstore-attachments" => {
                section.attachments_at = at();
                section.use_sigstore_attachments = match value.value() {
                    serde_json::Value::Bool(value) => Some(value),
                    serde_json::Value::Null => None,
                    other => {
                        return Err(fault(format!(
                            "expected true or false, found {}",
                            safe(&other.to_string())
                        )))
                    }
                };
            }
            _ if section.unknown.len() < MAX_UNKNOWN => section.unknown.push((name.to_owned(), at())),
            _ => {}
        }
    }
    if section.lookaside.as_deref().is_none_or(str::is_empty) {
        if let Some((text, place)) = old_name {
            section.lookaside = Some(text);
            section.lookaside_at = place;
        }
    }
    Ok(section)
}
