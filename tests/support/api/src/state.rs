// SPDX-License-Identifier: Apache-2.0
//! Everything that a server knows, behind one lock.

use std::collections::HashMap;
use std::fmt;

use super::fault::{Effects, Fault};
use super::http::HttpRequest;
use super::log::Request;
use super::objects::Objects;
use super::rbac::{Rule, User};

/// Users, rights, objects, faults and the log of requests.
#[derive(Debug)]
pub struct State {
    pub users: HashMap<String, User>,
    pub rules: Vec<Rule>,
    pub objects: Objects,
    /// Objects and lists of other groups, by their paths.
    pub documents: HashMap<String, serde_json::Value>,
    pub faults: Vec<Fault>,
    pub hooks: Vec<Hook>,
    pub log: Vec<Request>,
    pub settings: Settings,
}

/// Which server is played.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bodies longer than this are compressed for clients that take it.
    pub gzip_over: usize,
    pub self_subject_review: bool,
    pub user_api: bool,
    /// The server has ClusterImagePolicies and ImagePolicies.
    pub policies: bool,
    /// The server knows every member that the program could send.
    pub newer_schema: bool,
    /// What stands before every path.
    pub prefix: String,
    /// Whether a refused continue token comes with one that goes on inconsistently.
    pub resume_expired: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            users: HashMap::new(),
            rules: Vec::new(),
            objects: Objects::default(),
            documents: HashMap::new(),
            faults: Vec::new(),
            hooks: Vec::new(),
            log: Vec::new(),
            settings: Settings {
                gzip_over: 128 * 1024,
                self_subject_review: true,
                user_api: true,
                policies: true,
                newer_schema: false,
                prefix: String::new(),
                resume_expired: true,
            },
        }
    }
}

impl State {
    /// The effects of the first fault that strikes a request.
    pub fn strike(&mut self, request: &HttpRequest) -> Effects {
        self.faults
            .iter_mut()
            .find_map(|fault| fault.strikes(request).then(|| fault.effects.clone()))
            .unwrap_or_default()
    }

    /// Runs the hooks that are for a request.
    pub fn run_hooks(&mut self, request: &HttpRequest) {
        for mut hook in std::mem::take(&mut self.hooks) {
            let is_for = hook.methods.contains(&request.method.as_str()) && request.has_path(&hook.path);
            if is_for {
                (hook.run)(&mut self.objects);
            }
            if !is_for || hook.always {
                self.hooks.push(hook);
            }
        }
    }
}

/// Something that another writer does just before a request is served.
pub struct Hook {
    pub methods: Vec<&'static str>,
    pub path: String,
    pub always: bool,
    pub run: Box<dyn FnMut(&mut Objects) + Send>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("methods", &self.methods)
            .field("path", &self.path)
            .field("always", &self.always)
            .finish_non_exhaustive()
    }
}
