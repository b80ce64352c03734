// SPDX-License-Identifier: Apache-2.0
//! Files that a run reads: a report in the place of one would destroy it, under whatever name.

use std::fs;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::reports::{file, File, Report};
use crate::cli;
use crate::settings::cluster::files::named_in;
use crate::settings::containers::Containers;
use crate::settings::environment::Environment;
use crate::settings::keys::as_gpg_reads_it;
use crate::settings::registry::login_files;
use crate::settings::UsageError;
use crate::text::safe;

/// A file or a directory that is read.
#[derive(Debug)]
struct Input {
    path: PathBuf,
    /// What names it, for people.
    by: &'static str,
    /// Of a directory only files with objects are read, of directories in it only where that is asked for.
    is_of_objects: bool,
}

/// What a run reads.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    all: Vec<Input>,
    /// Directories in directories with objects are read too.
    is_recursive: bool,
}

impl Inputs {
    /// What `audit` reads, as far as options and the environment name it.
    pub(super) fn of_audit(options: &cli::audit::AuditCommand, environment: &Environment) -> Self {
        let mut inputs = Self {
            all: Vec::new(),
            is_recursive: options.source.recursive,
        };
        for path in &options.source.filename {
            inputs.all.push(Input {
                path: path.clone(),
                by: "--filename",
                is_of_objects: true,
            });
        }
        let (keys, client, registry) = (&options.acceptance.keys, &options.source.client, &options.registry);
        inputs.add("--images-from", &options.images_from);
        inputs.add("--expected-identity-map", &options.expected_identity_map);
        inputs.add("--resume", &options.resume);
        inputs.add("--policy", &options.acceptance.policy);
        inputs.add("--public-key", &keys.public_key);
        inputs.add("--sigstore-key", &options.acceptance.sigstore_key);
        inputs.add("--homedir", &keys.homedir);
        inputs.add_kubeconfigs("--kubeconfig", client.kubeconfig.as_slice());
        inputs.add("--certificate-authority", &client.certificate_authority);
        inputs.add("--client-certificate", &client.client_certificate);
        inputs.add("--client-key", &client.client_key);
        inputs.add("--authfile", &registry.authfile);
        inputs.add("--cert-dir", &registry.cert_dir);
        inputs.add("--registry-ca", &registry.registry_ca);
        inputs.add("--registries.d", &registry.registries_d);
        inputs.add("--registries-conf", &registry.registries_conf);
        inputs.add_defaults(environment);
        inputs
    }

    /// What `audit merge` reads.
    pub(super) fn of_merge(files: &[PathBuf]) -> Self {
        let mut inputs = Self::default();
        inputs.add("audit merge", files);
        inputs
    }

    /// Files that are read, with what names them.
    pub(super) fn add<'p>(&mut self, by: &'static str, paths: impl IntoIterator<Item = &'p PathBuf>) {
        self.all.extend(paths.into_iter().map(|path| Input {
            path: path.clone(),
            by,
            is_of_objects: false,
        }));
    }

    /// What is read where no option names something else. Nothing is lost where an option does: these are no reports.
    fn add_defaults(&mut self, environment: &Environment) {
        let home = environment.home.as_deref();
        let in_home = |name: &str| home.map(|home| home.join(name));
        let variable = |name: &str| environment.variable(name);
        self.add(
            "the keyring",
            &variable("GNUPGHOME")
                .map(|named| as_gpg_reads_it(named.into(), environment))
                .or_else(|| in_home(".gnupg")),
        );
        match variable("KUBECONFIG") {
            Some(list) => self.add_kubeconfigs("KUBECONFIG", &std::env::split_paths(list).collect::<Vec<_>>()),
            None => self.add_kubeconfigs("the kubeconfig", in_home(".kube/config").as_slice()),
        }
        self.add("logins of registries", &login_files(environment));
        let containers = Containers::new(environment, None, None);
        self.add("the system's policy", &containers.policy);
        let conf = [
            &containers.registries_conf,
            &containers.drop_ins,
            &containers.registries_d,
        ];
        self.add("the configuration of registries", conf.into_iter().flatten());
        self.add("the configuration of registries", &containers.last);
    }

    /// Kubeconfigs, and what they name.
    fn add_kubeconfigs(&mut self, by: &'static str, files: &[PathBuf]) {
        self.add(by, files);
        for file in files {
            self.add("a file that a kubeconfig names", &named_in(file));
        }
    }

    /// Refuses reports that would take the place of a file that is read.
    ///
    /// # Errors
    /// When one would.
    pub(super) fn refuse(&self, reports: &[Report]) -> Result<(), UsageError> {
        for report in reports {
            let Some(file) = file(&report.path) else { continue };
            if let Some(input) = self.all.iter().find(|input| self.has(input, file)) {
                return Err(UsageError::new(format!(
                    "--report {}: this file is read itself ({}), and would be overwritten; name another one",
                    safe(&report.path.display().to_string()),
                    input.by
                )));
            }
        }
        Ok(())
    }

    /// Whether a file is an input, or in a directory that is one.
    fn has(&self, input: &Input, wanted: File) -> bool {
        let Ok(meta) = fs::metadata(&input.path) else {
            return false;
        };
        if !meta.is_dir() {
            return (meta.dev(), meta.ino()) == wanted;
        }
        let is_deep = !input.is_of_objects || self.is_recursive;
        let mut left = vec![input.path.clone()];
        while let Some(directory) = left.pop() {
            // What cannot be listed is not read either.
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                let path = entry.path();
                if kind.is_dir() {
                    if is_deep {
                        left.push(path);
                    }
                } else if (kind.is_symlink() || entry.ino() == wanted.1)
                    && (!input.is_of_objects || is_object_file(&path))
                    && file(&path) == Some(wanted)
                {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether a file of a directory is read for the objects in it.
fn is_object_file(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|e| e == "json" || e == "yaml" || e == "yml")
}
