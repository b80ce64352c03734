// SPDX-License-Identifier: Apache-2.0
//! Credential plugins: programs that a kubeconfig file names and that print an `ExecCredential`.

use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{json, Map, Value};

use super::kubeconfig::Exec;
use crate::http::secret::Secret;
use crate::http::tls::Identity;
use crate::json;
use crate::processes::answer::{self, Limits};
use crate::processes::program::{is_executable, look_up};
use crate::text::{io_message, quoted, safe};

/// API versions of `ExecCredential` that are understood.
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// Most bytes that a plugin may print.
const MAX_OUTPUT: usize = 1 << 20;

/// Longest time that a plugin may take: its user may have to log in with a browser.
const MAX_RUN: Duration = Duration::from_secs(300);

/// When a plugin may ask its user something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Never,
    IfAvailable,
    Always,
}

/// A plugin, ready to be run.
#[derive(Clone)]
pub struct Plugin {
    exec: Exec,
    mode: Mode,
    cluster: Option<Map<String, Value>>,
    environment: Vec<(OsString, OsString)>,
    stdin_in_use: bool,
}

/// Without what the plugin is told of proxies, and the environment of this program.
impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("exec", &self.exec)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// What a plugin gives.
#[derive(Debug, Clone)]
pub struct Credential {
    /// A bearer token, where the plugin gives one.
    pub token: Option<Secret>,
    /// A client certificate, where the plugin gives one.
    pub identity: Option<Identity>,
    /// Until when, in seconds since 1970; as long as the program runs where it does not say.
    pub expires: Option<i64>,
}

/// A plugin that did not give a credential, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExecError(String);

impl Plugin {
    /// Checks a plugin's configuration. `environment` is what the program itself was started with; `cluster` is told
    /// to the plugin if it wants to know.
    ///
    /// # Errors
    /// When a member that it must have is missing or unknown.
    pub fn new(
        exec: &Exec,
        cluster: Map<String, Value>,
        environment: Vec<(OsString, OsString)>,
        stdin_in_use: bool,
    ) -> Result<Self, ExecError> {
        let wrong = |what: String| Err(ExecError(format!("exec: {what}")));
        if exec.command.is_empty() {
            return wrong("command is required".into());
        }
        if !VERSIONS.contains(&exec.api_version.as_str()) {
            return wrong(format!(
                "apiVersion {}: expected {} or {}",
                quoted(&exec.api_version),
                VERSIONS[0],
                VERSIONS[1]
            ));
        }
        let mode = match exec.interactive_mode.as_str() {
            "Never" => Mode::Never,
            "IfAvailable" => Mode::IfAvailable,
            "Always" => Mode::Always,
            "" if exec.api_version == VERSIONS[1] => Mode::IfAvailable,
            "" => return wrong(format!("interactiveMode is required with {}", VERSIONS[0])),
            other => {
                return wrong(format!(
                    "interactiveMode {}: expected Never, IfAvailable or Always",
                    quoted(other)
                ));
            }
        };
        Ok(Self {
            exec: exec.clone(),
            mode,
            cluster: exec.provide_cluster_info.then_some(cluster),
            environment,
            stdin_in_use,
        })
    }

    /// The program, as the configuration names it.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.exec.command
    }

    /// Runs the plugin and reads what it prints; what it says on standard error is shown as it comes.
    ///
    /// # Errors
    /// When it cannot be run, fails, or prints something else.
    pub fn run(&self) -> Result<Credential, ExecError> {
        let started = Instant::now();
        let credential = self.output().and_then(|output| self.read(&output));
        // The arguments may hold secrets.
        log::info!(
            "exec plugin {}: {} ms",
            safe(&self.exec.command),
            started.elapsed().as_millis()
        );
        credential
    }

    fn output(&self) -> Result<Vec<u8>, ExecError> {
        let name = safe(&self.exec.command);
        let program = self.find().ok_or_else(|| {
            let hint = self.exec.install_hint.trim();
            let hint = if hint.is_empty() {
                String::new()
            } else {
                format!("; {}", crate::text::bounded(hint, 1024))
            };
            ExecError(format!("exec: executable {name} not found{hint}"))
        })?;
        let stdin_is_terminal = std::io::stdin().is_terminal() && !self.stdin_in_use;
        let interactive = match self.mode {
            Mode::Never => false,
            Mode::IfAvailable => stdin_is_terminal,
            Mode::Always if stdin_is_terminal => true,
            Mode::Always if self.stdin_in_use => {
                return Err(ExecError(format!(
                    "exec: {name} needs to ask something, and standard input is in use: the list of images is read \
                        from it"
                )));
            }
            Mode::Always => {
                return Err(ExecError(format!(
                    "exec: {name} needs to ask something, and standard input is not a terminal"
                )));
            }
        };
        let mut command = Command::new(program);
        command
            .args(&self.exec.args)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(self.exec.env.iter().map(|(name, value)| (name, value)))
            .env("KUBERNETES_EXEC_INFO", self.info(interactive).to_string())
            .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
            .stdout(Stdio::piped());
        let limits = Limits {
            output: MAX_OUTPUT,
            time: MAX_RUN,
        };
        let (output, status) = answer::ask(&mut command, b"", limits, &|output| json::parse(output).is_ok())
            .map_err(|error| ExecError(format!("exec: running {name}: {}", io_message(&error))))?;
        if !status.success() {
            return Err(ExecError(format!("exec: {name} failed with {status}")));
        }
        Ok(output)
    }

    /// The program: a path, or a name that is looked up where the caller's PATH says.
    fn find(&self) -> Option<PathBuf> {
        let command = Path::new(&self.exec.command);
        if self.exec.command.contains('/') {
            return is_executable(command).then(|| command.to_owned());
        }
        look_up(&self.exec.command, &self.environment)
    }

    fn info(&self, interactive: bool) -> Value {
        let mut spec = json!({"interactive": interactive});
        if let Some(cluster) = &self.cluster {
            spec["cluster"] = Value::Object(cluster.clone());
        }
        json!({"kind": "ExecCredential", "apiVersion": self.exec.api_version, "spec": spec})
    }

    fn read(&self, output: &[u8]) -> Result<Credential, ExecError> {
        let name = safe(&self.exec.command);
        // What a plugin prints is secret: messages must not quote it.
        let wrong = |what: &str| ExecError(format!("exec: the output of {name} is not a valid credential: {what}"));
        let answer = crate::input::text(output.to_owned()).ok();
        let answer = answer.and_then(|text| json::parse(text.as_bytes()).ok());
        let answer = answer.ok_or_else(|| wrong("expected one JSON document"))?;
        if answer["kind"].as_str() != Some("ExecCredential") {
            return Err(wrong("kind: expected ExecCredential"));
        }
        if answer["apiVersion"].as_str() != Some(&self.exec.api_version) {
            return Err(wrong(&format!(
                "apiVersion: expected {}, as it is configured",
                safe(&self.exec.api_version)
            )));
        }
        let status = answer["status"].as_object().ok_or_else(|| wrong("it has no status"))?;
        let text = |member: &str| match status.get(member) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(wrong(&format!("status.{member}: expected a string"))),
        };
        let token = text("token")?.trim();
        if token.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(wrong("status.token has more than one line, or a control character"));
        }
        let (certificate, key) = (text("clientCertificateData")?, text("clientKeyData")?);
        let identity = match (certificate.is_empty(), key.is_empty()) {
            (true, true) => None,
            (false, false) => {
                let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes());
                Some(identity.map_err(|error| wrong(&format!("its client certificate: {error}")))?)
            }
            _ => return Err(wrong("clientCertificateData and clientKeyData are both required")),
        };
        if token.is_empty() && identity.is_none() {
            return Err(wrong("it has neither a token nor a client certificate"));
        }
        let expires = match text("expirationTimestamp")? {
            "" => None,
            time => Some(
                crate::text::seconds(time)
                    .ok_or_else(|| wrong("status.expirationTimestamp: expected an RFC 3339 time"))?,
            ),
        };
        Ok(Credential {
            token: (!token.is_empty()).then(|| Secret::new(token)),
            identity,
            expires,
        })
    }
}
