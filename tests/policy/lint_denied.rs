// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of key files that another user may read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::why::{desk, policy};
use crate::support::program::{binary, has, Outcome, Sandbox};
use crate::support::skipped;

/// What this user may not read, programs of root may.
#[test]
fn files_that_another_user_may_read() {
    let sandbox = desk();
    for name in ["key.pub", "ca.pem"] {
        let file = sandbox.file(name, super::lint_machine::public_key());
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let path = |name: &str| sandbox.path(name).display().to_string();
    let key = format!("\"keyPath\": \"{}\"", path("key.pub"));
    let ca = format!(
        "\"fulcio\": {{\"caPath\": \"{}\", \"oidcIssuer\": \"i\", \"subjectEmail\": \"e\"}}, \"rekorPublicKeyPath\": \"{0}\"",
        path("ca.pem")
    );
    for (members, told) in [
        (
            key,
            "key.pub shows who may read it; every image here is refused by programs that run as this user, and verify and audit judge nothing by this policy",
        ),
        (
            ca,
            "ca.pem shows who may read it; run as this user, podman and CRI-O refuse every image here",
        ),
    ] {
        let scopes = format!("      \"quay.io\": [{{\"type\": \"sigstoreSigned\", {members}}}]");
        sandbox.file("policy.json", policy(&scopes));
        let Some(outcome) = lint_as_another_user(&sandbox) else {
            return;
        };
        assert!(outcome.expect(1).stdout.contains(told), "{told}");
    }
}

fn lint_as_another_user(sandbox: &Sandbox) -> Option<Outcome> {
    let what = "key files of another user";
    if !rustix::process::geteuid().is_root() {
        skipped(what, "only root has files that others cannot read");
        return None;
    }
    if !has("setpriv") {
        skipped(what, "setpriv is not installed");
        return None;
    }
    std::fs::set_permissions(sandbox.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["run", "tmp"] {
        std::os::unix::fs::chown(sandbox.path(name), Some(65534), Some(65534)).unwrap();
    }
    // The program may stand where nobody else can go.
    let program = sandbox.copy_of(binary(), "program");
    let mut command = sandbox.command_of(Path::new("/usr/bin/setpriv"));
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(program).args(["policy", "lint", "policy.json"]);
    let outcome = sandbox.finish(&mut command, b"");
    if matches!(outcome.status, 126 | 127) {
        skipped(what, "another user cannot run the program here");
        return None;
    }
    Some(outcome)
}
