// SPDX-License-Identifier: Apache-2.0
//! A home that every user of the machine can write to: who accepts keys by it lets each of them decide.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::keyring::{Desk, OK};
use crate::support::program::Outcome;

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn warnings(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stderr.lines().filter(|line| line.starts_with("warning: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_home_whose_keyring_everybody_can_write_or_replace_is_warned_of() {
    let desk = Desk::certified();
    let home = desk.home("h");
    let run = || desk.run(&home, &[]).expect_verdict(0, OK);
    for mode in [0o644, 0o664] {
        set(&home.join("pubring.kbx"), mode);
        assert_eq!(warnings(&run()), Vec::<String>::new(), "{mode:o}");
    }
    for (name, what) in [("pubring.kbx", "keyring"), ("trustdb.gpg", "trust database")] {
        let file = home.join(name);
        set(&file, 0o666);
        let wanted = format!("can write to the {what} {} (mode 0666)", file.display());
        let said = warnings(&run());
        assert!(said.len() == 1 && said[0].contains(&wanted), "{said:?}");
        set(&file, 0o644);
    }
    set(&home, 0o777);
    let wanted = format!(
        "can replace the keyring {}: its directory {} has mode 0777",
        home.join("pubring.kbx").display(),
        home.display()
    );
    let said = warnings(&run());
    assert!(said.iter().any(|line| line.contains(&wanted)), "{said:?}");
    set(&home, 0o700);
}
