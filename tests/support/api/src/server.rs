// SPDX-License-Identifier: Apache-2.0
//! The server: what tests set up, break and look at.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use serde_json::Value;

use super::acceptor::acceptor;
use super::certificates::{Authority, ClientCertificate, KeyKind, Name};
use super::connection;
use super::fault::Fault;
use super::listener::{lock, Listener, Stop};
use super::log::Request;
use super::objects::Objects;
use super::rbac::{Rule, User};
use super::state::{Hook, State};

/// An API server on a port of the loopback interface. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    authority: Authority,
    stranger: Authority,
    tls: bool,
    listener: Listener,
}

/// What the threads of a server have in common.
#[derive(Debug)]
pub struct Shared {
    pub state: Mutex<State>,
    pub stop: Arc<Stop>,
    pub client_authority: Authority,
    pub malformed: Mutex<Vec<String>>,
}

impl Server {
    /// Starts a server with TLS.
    pub fn start() -> Self {
        Self::launch(Some(&|authority| authority.server(true)))
    }

    /// Starts a server without TLS.
    pub fn plain() -> Self {
        Self::launch(None)
    }

    /// Starts a server whose certificate is no longer valid.
    pub fn with_expired_certificate() -> Self {
        Self::launch(Some(&|authority| authority.server(false)))
    }

    /// Starts a server whose certificate has this common name and these alternative names.
    pub fn with_names(common_name: &str, names: &[Name<'_>]) -> Self {
        Self::launch(Some(&|authority| authority.server_for(common_name, names, true)))
    }

    fn launch(certificate: Option<&Issue<'_>>) -> Self {
        let authority = Authority::new("server authority");
        let stop = Arc::new(Stop::default());
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            stop: Arc::clone(&stop),
            client_authority: Authority::new("client authority"),
            malformed: Mutex::default(),
        });
        let acceptor = certificate.map(|issue| acceptor(issue(&authority), &shared.client_authority));
        let served = Arc::clone(&shared);
        let listener = Listener::start(stop, move |socket| {
            connection::serve(&served, acceptor.as_ref(), socket);
        });
        Self {
            shared,
            authority,
            stranger: Authority::new("unrelated authority"),
            tls: certificate.is_some(),
            listener,
        }
    }

    /// Scheme, address and prefix, as a kubeconfig names a server.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let prefix = self.state(|state| state.settings.prefix.clone());
        format!("{scheme}://{}{prefix}", self.address())
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The authority of the server's certificate.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// An authority that has nothing to do with this server.
    pub fn unrelated_ca_pem(&self) -> String {
        self.stranger.pem()
    }

    /// Makes a bearer token known.
    pub fn user(&self, token: &str, user: User) {
        self.state(|state| state.users.insert(token.to_owned(), user));
    }

    /// Makes a token unknown again.
    pub fn revoke(&self, token: &str) {
        self.state(|state| state.users.remove(token));
    }

    /// A certificate that makes its holder a user with groups.
    pub fn client_certificate(&self, user: &str, groups: &[&str], kind: KeyKind) -> ClientCertificate {
        self.shared.client_authority.client(user, groups, kind, true)
    }

    /// The same, no longer valid.
    pub fn expired_client_certificate(&self, user: &str, groups: &[&str]) -> ClientCertificate {
        self.shared
            .client_authority
            .client(user, groups, KeyKind::EcPkcs8, false)
    }

    /// The same, from an authority that this server does not know.
    pub fn unrelated_client_certificate(&self, user: &str, groups: &[&str]) -> ClientCertificate {
        self.stranger.client(user, groups, KeyKind::EcPkcs8, true)
    }

    /// Grants verbs on a resource in the whole cluster to a user or a group.
    pub fn grant(&self, subject: &str, verbs: &[&str], resource: &str) {
        self.allow(Rule::new(subject, verbs, resource));
    }

    /// Adds a rule, which may be limited to a namespace or an object.
    pub fn allow(&self, rule: Rule) {
        self.state(|state| state.rules.push(rule));
    }

    /// Takes all rights away.
    pub fn revoke_all(&self) {
        self.state(|state| state.rules.clear());
    }

    /// Grants exactly what the role `system:image-auditor` gives.
    pub fn allow_auditor(&self, subject: &str) {
        self.grant(subject, &["get", "list", "watch", "patch", "update"], "images");
    }

    /// Stores an image, unchecked; see [`Objects::put_image`].
    pub fn image(&self, image: Value) {
        self.objects(|objects| objects.put_image(image));
    }

    /// An image as it is stored now; null where there is none.
    pub fn stored(&self, name: &str) -> Value {
        self.objects(|objects| objects.image(name)).unwrap_or(Value::Null)
    }

    /// The resource version of a stored image.
    pub fn resource_version(&self, name: &str) -> String {
        let image = self.stored(name);
        image["metadata"]["resourceVersion"].as_str().unwrap_or("").to_owned()
    }

    /// Stores an image stream.
    pub fn stream(&self, namespace: &str, name: &str, stream: Value) {
        self.objects(|objects| objects.put_stream(namespace, name, stream));
    }

    /// Stores a pod under its namespace and name.
    pub fn pod(&self, namespace: &str, name: &str, pod: Value) {
        self.objects(|objects| objects.put_pod(namespace, name, pod));
    }

    /// Stores a ClusterImagePolicy, or an ImagePolicy of a namespace; see [`Objects::put_policy`].
    pub fn policy(&self, namespace: Option<&str>, name: &str, spec: Value) {
        self.objects(|objects| objects.put_policy(namespace, name, spec));
    }

    /// Stores an object or a list of another group, which is read at this path.
    pub fn document(&self, path: &str, document: Value) {
        self.state(|state| state.documents.insert(path.to_owned(), document));
    }

    /// Looks at the store or changes it, as another writer would.
    pub fn objects<T>(&self, change: impl FnOnce(&mut Objects) -> T) -> T {
        self.state(|state| change(&mut state.objects))
    }

    /// Plays a server that has no `selfsubjectreviews`.
    pub fn without_self_subject_review(&self) {
        self.state(|state| state.settings.self_subject_review = false);
    }

    /// Plays a server that has no `users`, as with an identity provider outside the cluster.
    pub fn without_user_api(&self) {
        self.state(|state| state.settings.user_api = false);
    }

    /// Plays a server of a version without ClusterImagePolicies and ImagePolicies.
    pub fn without_policies(&self) {
        self.state(|state| state.settings.policies = false);
    }

    /// Plays a newer server, which knows members that this one would drop with a warning.
    pub fn with_newer_schema(&self) {
        self.state(|state| state.settings.newer_schema = true);
    }

    /// Serves under a prefix, as behind a proxy; other paths are 404.
    pub fn under(&self, prefix: &str) {
        self.state(|state| prefix.clone_into(&mut state.settings.prefix));
    }

    /// Compresses answers longer than this.
    pub fn gzip_over(&self, bytes: usize) {
        self.state(|state| state.settings.gzip_over = bytes);
    }

    /// The requests so far, in the order in which they were answered.
    pub fn requests(&self) -> Vec<Request> {
        self.state(|state| state.log.clone())
    }

    /// `METHOD /path` of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.state(|state| state.log.clear());
    }

    /// How many connections were made, whether or not a request came over them.
    pub fn connections(&self) -> usize {
        self.shared.stop.accepted()
    }

    /// Complaints about bytes that were no HTTP request.
    pub fn malformed(&self) -> Vec<String> {
        lock(&self.shared.malformed).clone()
    }

    /// Has something go wrong. Of several faults the first that is for a request strikes.
    pub fn fault(&self, fault: Fault) {
        self.state(|state| state.faults.push(fault));
    }

    /// Ends all faults and hooks.
    pub fn heal(&self) {
        self.state(|state| {
            state.faults.clear();
            state.hooks.clear();
        });
    }

    /// Runs once, between whatever a client has read and the check of its next PUT or PATCH of an image. Hooks hold the
    /// server's lock: they get the store, and must not call the server.
    pub fn before_write(&self, run: impl FnMut(&mut Objects) + Send + 'static) {
        self.hook(vec!["PUT", "PATCH"], "/images/", false, run);
    }

    /// The same, each time.
    pub fn before_every_write(&self, run: impl FnMut(&mut Objects) + Send + 'static) {
        self.hook(vec!["PUT", "PATCH"], "/images/", true, run);
    }

    /// Runs once, before the next request of a method is served whose path contains a text, or ends with it where
    /// a `$` follows it.
    pub fn before(&self, method: &'static str, path: &str, run: impl FnMut(&mut Objects) + Send + 'static) {
        self.hook(vec![method], path, false, run);
    }

    /// The same, before each of them.
    pub fn before_every(&self, method: &'static str, path: &str, run: impl FnMut(&mut Objects) + Send + 'static) {
        self.hook(vec![method], path, true, run);
    }

    fn hook(
        &self,
        methods: Vec<&'static str>,
        path: &str,
        always: bool,
        run: impl FnMut(&mut Objects) + Send + 'static,
    ) {
        let hook = Hook {
            methods,
            path: path.to_owned(),
            always,
            run: Box::new(run),
        };
        self.state(|state| state.hooks.push(hook));
    }

    /// Lets the continue tokens that are out give 410, with a token that goes on inconsistently.
    pub fn expire_continue_tokens(&self) {
        self.expire(true);
    }

    /// The same, without such a token.
    pub fn expire_continue_tokens_for_good(&self) {
        self.expire(false);
    }

    fn expire(&self, resume: bool) {
        self.state(|state| {
            state.settings.resume_expired = resume;
            state.objects.compact();
        });
    }

    /// Closes the connections that are open now; new ones are served.
    pub fn hang_up(&self) {
        self.shared.stop.close_all();
    }

    /// Waits until the connections of a client that is gone are served to their end: then nothing changes any more.
    pub fn settle(&self) {
        for _ in 0..2000 {
            if self.shared.stop.open() == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("a connection stays open: {:?}", self.lines());
    }

    fn state<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut lock(&self.shared.state))
    }
}

/// How an authority issues the certificate of a server.
type Issue<'i> = dyn Fn(&Authority) -> (X509, PKey<Private>) + 'i;
