// SPDX-License-Identifier: Apache-2.0
//! Who may do what: users, groups, and the rules that bind verbs on resources to them.

use std::collections::BTreeMap;

use super::policies::CONFIG_GROUP;
use super::route::Target;
use super::status::IMAGE_GROUP;

/// The group of everybody who showed a credential that is known.
pub const AUTHENTICATED: &str = "system:authenticated";

/// The group of everybody else.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// The user of requests without a credential.
pub const ANONYMOUS: &str = "system:anonymous";

/// The group that may do everything, whatever the rules say.
pub const MASTERS: &str = "system:masters";

/// A user as the server knows it after authentication.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user with a name and nothing else.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a group that the user is in.
    pub fn group(mut self, group: &str) -> Self {
        if !self.groups.iter().any(|g| g == group) {
            self.groups.push(group.to_owned());
        }
        self
    }

    /// Sets the UID of the user.
    pub fn uid(mut self, uid: &str) -> Self {
        self.uid = uid.to_owned();
        self
    }

    /// Adds a value of extra information.
    pub fn extra(mut self, key: &str, value: &str) -> Self {
        self.extra.entry(key.to_owned()).or_default().push(value.to_owned());
        self
    }

    /// The user of requests without a credential.
    pub fn anonymous() -> Self {
        Self::new(ANONYMOUS).group(UNAUTHENTICATED)
    }

    fn is(&self, subject: &str) -> bool {
        self.name == subject || self.in_group(subject)
    }

    fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}

/// Verbs on one resource for a user or a group.
#[derive(Debug, Clone)]
pub struct Rule {
    subject: String,
    verbs: Vec<String>,
    group: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

impl Rule {
    /// A rule for the whole cluster. The resource may be written `resource/subresource`; its API group is known from its
    /// name: `users` and `groups` are those of impersonation.
    pub fn new(subject: &str, verbs: &[&str], resource: &str) -> Self {
        let (plain, _) = resource.split_once('/').unwrap_or((resource, ""));
        let group = match plain {
            "images" | "imagestreams" | "imagestreamtags" | "imagestreamimages" | "imagesignatures" => IMAGE_GROUP,
            "clusterversions" => "config.openshift.io",
            "clusterimagepolicies" | "imagepolicies" => CONFIG_GROUP,
            "userextras" | "uids" => "authentication.k8s.io",
            "users" | "groups" | "serviceaccounts" | "pods" | "configmaps" => "",
            other => panic!("no API group is known for {other}: use Rule::api_group"),
        };
        Self {
            subject: subject.to_owned(),
            verbs: verbs.iter().map(|v| (*v).to_owned()).collect(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: None,
            name: None,
        }
    }

    /// Makes it a rule for a resource of another group.
    pub fn api_group(mut self, group: &str, resource: &str) -> Self {
        group.clone_into(&mut self.group);
        resource.clone_into(&mut self.resource);
        self
    }

    /// Limits the rule to a namespace.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Limits the rule to one object.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    fn covers(&self, target: &Target) -> bool {
        let full = if target.subresource.is_empty() {
            target.resource.clone()
        } else {
            format!("{}/{}", target.resource, target.subresource)
        };
        self.verbs.contains(&target.verb)
            && self.group == target.group
            && self.resource == full
            && self.namespace.as_ref().is_none_or(|n| *n == target.namespace)
            && self.name.as_ref().is_none_or(|n| *n == target.name)
    }
}

/// Paths that anybody who is known may look at, and those open to all.
const DISCOVERY: [&str; 5] = ["/api", "/apis", "/openapi", "/version", "/healthz"];
const PUBLIC: [&str; 2] = ["/version", "/healthz"];

/// Whether a user may do something: by the rules, or because the platform grants it to everybody who is known.
pub fn allowed(rules: &[Rule], user: &User, target: &Target) -> bool {
    if user.in_group(MASTERS) {
        return true;
    }
    if !target.is_resource {
        let under = |roots: &[&str]| {
            roots.iter().any(|root| {
                target
                    .path
                    .strip_prefix(root)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        return target.verb == "get" && (under(&PUBLIC) || user.in_group(AUTHENTICATED) && under(&DISCOVERY));
    }
    let basic = match (target.verb.as_str(), target.group.as_str(), target.resource.as_str()) {
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews" | "selfsubjectrulesreviews")
        | ("create", "authentication.k8s.io", "selfsubjectreviews") => true,
        ("get", "user.openshift.io", "users") => target.name == "~",
        _ => false,
    };
    basic && user.in_group(AUTHENTICATED) || rules.iter().any(|rule| user.is(&rule.subject) && rule.covers(target))
}
