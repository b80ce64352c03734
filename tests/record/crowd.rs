// SPDX-License-Identifier: Apache-2.0
//! A hundred runs at the same time, on one GnuPG home and one file.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use super::{conditions, Desk, Records, IDENTITY};
use crate::support::calls::record_file_json;
use crate::support::gpg::Signer;

const RUNS: usize = 100;

/// All names in a directory, and the bytes of the files.
fn content(directory: &std::path::Path) -> BTreeSet<(std::path::PathBuf, Option<Vec<u8>>)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), fs::read(path).ok())).collect()
}

/// Half of them find the key in the home, half do not accept it: each verdict is true, the file is always one that a run has
/// written as a whole, and whoever finds it changed writes nothing.
#[test]
fn a_hundred_runs_on_one_home_and_one_file_are_each_true_and_leave_a_whole_record() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let other = stranger.simple_key("Stranger <stranger@example.com>");
    let other = stranger.export(&[&other], &desk.sandbox.path("other.gpg"));
    // Nothing but what is in the files: no daemon writes there.
    let home = desk.sandbox.path("keys");
    fs::create_dir(&home).unwrap();
    for name in ["pubring.kbx", "trustdb.gpg"] {
        fs::copy(desk.signer.home().join(name), home.join(name)).unwrap();
    }
    let path = desk.store(&desk.signed());
    let before = content(&home);
    let start = |run: usize| {
        let mut command = desk.sandbox.command();
        command.args(record_file_json(IDENTITY)).arg(&path);
        match run % 2 {
            0 => command.arg("--homedir").arg(&home).arg("--signed-by").arg(&desk.key),
            _ => command.arg("--public-key").arg(&other),
        };
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..RUNS).map(start).collect();
    let mut recorded = [0, 0];
    for (run, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        let item = &document["items"][0];
        let (status, reason) = [(0, "Verified"), (1, "UnknownKey")][run % 2];
        if item["verdict"] == "Unchecked" {
            // The file was changed while it was being read.
            assert_eq!(item["reason"], "SourceUnavailable", "{run}: {said}");
            assert_eq!(output.status.code(), Some(3), "{run}: {said}");
            assert_ne!(item["recorded"], "yes", "{run}: {said}");
            continue;
        }
        assert_eq!(item["reason"], reason, "{run}: {said}");
        // 3: it says that the file was changed meanwhile, and that nothing is recorded.
        match output.status.code() {
            Some(code) if code == status => {
                assert!(item["recorded"] == "yes" || item["recorded"] == "unchanged", "{item:#}");
                recorded[run % 2] += 1;
            }
            code => {
                assert_eq!(code, Some(3), "{run}: {said}");
                assert_eq!(item["recorded"], "failed", "{run}: {said}");
                assert!(said.contains("image.json"), "{run}: {said}");
            }
        }
        let now = conditions(&desk.read()["signatures"][0]);
        let whole = [
            vec!["Trusted=True(Verified)", "ForImage=True(Verified)"],
            vec!["Trusted=False(UnknownKey)", "ForImage=Unknown(UnknownKey)"],
            vec![],
        ];
        assert!(whole.iter().any(|whole| *whole == now), "{run}: {now:?}");
    }
    assert!(recorded.iter().any(|count| *count > 0), "{recorded:?}");
    assert_eq!(content(&home), before, "the home was changed");
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    desk.sandbox.assert_clean();
    // Nothing is left beside the file: the next run makes no difference.
    desk.verify(&[]).expect(0);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), beside);
}
