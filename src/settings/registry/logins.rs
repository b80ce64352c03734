// SPDX-License-Identifier: Apache-2.0
//! Where logins are found (containers-auth.json(5)).

use std::io;
use std::path::{Path, PathBuf};

use super::asked::Asked;
use crate::cli::registry::RegistryOptions;
use crate::files::read::read_regular;
use crate::http::secret::Secret;
use crate::registry::helper::Answers;
use crate::registry::login::{look_up, Login, MAX_FILE};
use crate::registry::logins::{AuthFile, Given, Logins};
use crate::settings::environment::Environment;
use crate::settings::UsageError;
use crate::text::{io_message, safe};

/// Reads the files with logins. `helpers` are those that registries.conf names.
///
/// # Errors
/// When a file cannot be read or is not what it should be, or the login given is malformed or could be for
/// more than one registry.
pub(super) fn logins(
    options: &RegistryOptions,
    asked: &Asked,
    helpers: &[String],
    environment: &Environment,
) -> Result<Logins, UsageError> {
    let named = options
        .authfile
        .clone()
        .or_else(|| environment.variable("REGISTRY_AUTH_FILE").map(PathBuf::from));
    let candidates = match &named {
        Some(path) => vec![(path.clone(), false)],
        None => usual(environment),
    };
    let mut files = Vec::new();
    for (path, legacy) in candidates {
        let wrong = |what: String| UsageError::new(format!("logins in {}: {what}", shown(&path)));
        match read_regular(&path, MAX_FILE) {
            Ok(Some(text)) => {
                // Now rather than when a registry asks: a file that is broken is a mistake in the configuration.
                look_up(&text, "registry.invalid", legacy).map_err(|error| wrong(error.to_string()))?;
                log::debug!("logins: read {}", shown(&path));
                files.push(AuthFile { path, text, legacy });
            }
            Ok(None) => return Err(wrong(format!("the file has more than {MAX_FILE} bytes"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && options.authfile.is_none() => {
                log::debug!("logins: there is no {}", shown(&path));
            }
            Err(error) => return Err(wrong(io_message(&error))),
        }
    }
    Ok(Logins {
        given: options
            .creds
            .as_ref()
            .map(|text| given(text.reveal(), asked))
            .transpose()?,
        files,
        helpers: if named.is_some() { Vec::new() } else { helpers.to_vec() },
        named,
        cluster: None,
        environment: environment.variables(),
        answers: Answers::default(),
    })
}

/// The files that are searched where no option names one.
pub(super) fn files(environment: &Environment) -> Vec<PathBuf> {
    match environment.variable("REGISTRY_AUTH_FILE") {
        Some(path) => vec![PathBuf::from(path)],
        None => usual(environment).into_iter().map(|(path, _)| path).collect(),
    }
}

/// The files that are searched, and whether each is of docker's first format.
fn usual(environment: &Environment) -> Vec<(PathBuf, bool)> {
    let mut files = Vec::new();
    let runtime = match environment.variable("XDG_RUNTIME_DIR") {
        Some(directory) => PathBuf::from(directory).join("containers"),
        None => Path::new("/run/containers").join(environment.uid.to_string()),
    };
    files.push((runtime.join("auth.json"), false));
    files.extend(
        environment
            .config_home()
            .map(|directory| (directory.join("containers/auth.json"), false)),
    );
    let home = environment.home.as_ref();
    let docker = environment.variable("DOCKER_CONFIG").map(PathBuf::from);
    let docker = docker.or_else(|| Some(home?.join(".docker")));
    files.extend(docker.map(|directory| (directory.join("config.json"), false)));
    files.extend(home.map(|home| (home.join(".dockercfg"), true)));
    files
}

/// `USER:PASSWORD`, for the one registry that the user named. What is wrong is never quoted.
fn given(text: &str, asked: &Asked) -> Result<Given, UsageError> {
    let login = match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => Login::Password {
            user: user.to_owned(),
            password: Secret::new(password),
        },
        _ => return Err(UsageError::new("--creds: expected USER:PASSWORD")),
    };
    let hosts = match asked {
        Asked::Named(hosts) => hosts,
        Asked::ByCluster => {
            return Err(UsageError::new(
                "--creds cannot be used where the cluster says which registries are asked: put the logins into the file of --authfile, each with its registry",
            ))
        }
    };
    let mut each = hosts.iter();
    match (each.next(), each.next()) {
        (Some(host), None) => Ok(Given {
            login,
            host: host.clone(),
        }),
        (first, second) => Err(UsageError::new(format!(
            "--creds is the login of one registry, and the images are in {}: put the logins into the file of --authfile, each with its registry",
            match (first, second) {
                (Some(first), Some(second)) => format!("{} registries, {} and {} among them", hosts.len(), safe(first), safe(second)),
                _ => "none".to_owned(),
            }
        ))),
    }
}

fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
