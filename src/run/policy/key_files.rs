// SPDX-License-Identifier: Apache-2.0
//! The OpenPGP key files of a policy, each read once: a revocation in one of them counts for all scopes, as `verify` has it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::openpgp::keys::key_file::Contents;
use crate::openpgp::trust::import;
use crate::policy::{member, KeyMaterial, Policy};

/// What every scope of a policy names of OpenPGP keys.
#[derive(Default)]
pub(super) struct KeyFiles {
    /// Name and bytes of each file, or why there are none.
    read: HashMap<PathBuf, Result<(String, Vec<u8>), String>>,
    /// What is in the files and in the policy itself, in whatever encoding.
    all: Vec<(String, Contents)>,
}

impl KeyFiles {
    /// Reads the files. One that cannot be read is not a reason not to look at the others.
    pub(super) fn of(policy: &Policy) -> Self {
        let mut files = Self::default();
        for keys in member::openpgp(policy) {
            match keys {
                KeyMaterial::Paths(paths) => paths.iter().for_each(|path| files.add(path)),
                KeyMaterial::Data(all) => {
                    let look = |bytes: &Vec<u8>| import::look("keyData", bytes.clone());
                    let found = all.iter().filter_map(|bytes| look(bytes).ok());
                    files.all.extend(found.map(|contents| ("keyData".to_owned(), contents)));
                }
            }
        }
        files
    }

    fn add(&mut self, path: &Path) {
        if self.read.contains_key(path) {
            return;
        }
        let read = import::bytes_of(path);
        let looked = match &read {
            Ok((shown, bytes)) => import::look(shown, bytes.clone()).map(|contents| (shown.clone(), contents)),
            Err(error) => Err(import::ImportError::KeyFile(error.to_string())),
        };
        self.all.extend(looked.ok());
        let read = read.map_err(|error| error.to_string());
        self.read.insert(path.to_owned(), read);
    }

    /// What a policy's readers take from a file.
    pub(super) fn contents(&self, path: &Path) -> Result<Contents, String> {
        let of_policy = |shown: &str, bytes: &[u8]| import::look_of_policy(shown, bytes.to_vec());
        match self.read.get(path) {
            Some(Ok((shown, bytes))) => of_policy(shown, bytes).map_err(|error| error.to_string()),
            Some(Err(what)) => Err(what.clone()),
            None => import::read_of_policy(path)
                .map(|(_, contents)| contents)
                .map_err(|error| error.to_string()),
        }
    }

    /// Everything that may revoke a key.
    pub(super) fn all(&self) -> &[(String, Contents)] {
        &self.all
    }
}
