// SPDX-License-Identifier: Apache-2.0
//! From a method and a path to what is asked of which resource.

use super::http::HttpRequest;
use super::list::single_name;

/// What a request is about, in the words of authorisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    pub verb: String,
    pub group: String,
    pub version: String,
    pub namespace: String,
    pub resource: String,
    pub subresource: String,
    pub name: String,
    pub path: String,
    pub is_resource: bool,
}

impl Target {
    /// A right on a resource, for checks that do not come from a path.
    pub fn right(verb: &str, group: &str, resource: &str, name: &str) -> Self {
        Self {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
            is_resource: true,
            ..Self::default()
        }
    }

    /// Reads a request's method and path.
    pub fn of(request: &HttpRequest) -> Self {
        let mut target = Self {
            verb: request.method.to_lowercase(),
            path: request.path.clone(),
            ..Self::default()
        };
        let mut parts = request.path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (Some("api"), Some(version), Some(next)) => {
                target.version = version.to_owned();
                target.place(next, parts.collect());
            }
            (Some("apis"), Some(group), Some(version)) => {
                let Some(next) = parts.next() else {
                    return target;
                };
                target.group = group.to_owned();
                target.version = version.to_owned();
                target.place(next, parts.collect());
            }
            _ => return target,
        }
        target.is_resource = true;
        target.verb = match request.method.as_str() {
            "GET" | "HEAD" if !target.name.is_empty() => "get",
            "GET" | "HEAD" if matches!(request.parameter("watch"), Some("1" | "true")) => "watch",
            "GET" | "HEAD" => "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if target.name.is_empty() => "deletecollection",
            "DELETE" => "delete",
            _ => "",
        }
        .to_owned();
        if target.verb == "list" || target.verb == "watch" {
            // A list of one name can be granted by that name.
            target.name = single_name(request.parameter("fieldSelector").unwrap_or("")).unwrap_or_default();
        }
        target
    }

    fn place(&mut self, first: &str, rest: Vec<&str>) {
        let mut parts = rest.into_iter();
        let mut resource = first;
        if first == "namespaces" {
            let namespace = parts.next();
            self.namespace = namespace.unwrap_or("").to_owned();
            match parts.next() {
                Some(next) => resource = next,
                None => {
                    self.resource = "namespaces".to_owned();
                    self.name = self.namespace.clone();
                    return;
                }
            }
        }
        self.resource = resource.to_owned();
        self.name = parts.next().unwrap_or("").to_owned();
        self.subresource = parts.collect::<Vec<_>>().join("/");
    }
}
