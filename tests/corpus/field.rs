// SPDX-License-Identifier: Apache-2.0
//! Signatures that vendors have published.

use crate::support::images::image;
use crate::support::program::Sandbox;
use crate::support::skipped;
use crate::support::vectors::shared;

#[test]
fn signatures_from_the_field() {
    let Some(real) = shared("real") else {
        skipped("signatures_from_the_field", "../shared/real is not here");
        return;
    };
    let sandbox = Sandbox::new();
    const REDHAT: &str = "e3f12513a4b22a2d7c0e7c9207f52128113758d9d68c7d06b11a0ac7672966f7";
    const CI: &str = "edd9824f0404f1a139688017e7001370e2f3fbc088b94da84506653b473fe140";
    const PAYLOAD: &str = "0da6316466d60a3a4535d5fed3589feb0391989982fba59d47d4c729912d6363";
    const RHEL: &str = "registry.access.redhat.com/rhel7:7.6";
    const CI_RELEASE: &str = "registry.svc.ci.openshift.org/ocp/release:4.0.0-0.ci-2019-04-19-181452";
    const RELEASE: &str = "quay.io/openshift-release-dev/ocp-release:4.15.0-x86_64";
    const GOOD: &str = "Verified/Verified";
    const UNKNOWN: &str = "Rejected/UnknownKey";
    const OTHER: &str = "Rejected/IdentityMismatch";
    // Each signature with each of the key files.
    let cases = [
        (REDHAT, "redhat-release-keys.asc", RHEL, GOOD),
        (REDHAT, "combined-keys.asc", RHEL, GOOD),
        (REDHAT, "simple-keys.asc", RHEL, UNKNOWN),
        (
            REDHAT,
            "combined-keys.asc",
            "registry.access.redhat.com/rhel7:7.7",
            OTHER,
        ),
        (CI, "redhat-release-keys.asc", CI_RELEASE, UNKNOWN),
        (CI, "combined-keys.asc", CI_RELEASE, "Rejected/KeyExpired"),
        (CI, "simple-keys.asc", CI_RELEASE, "Rejected/KeyExpired"),
        (PAYLOAD, "redhat-release-keys.asc", RELEASE, GOOD),
        (PAYLOAD, "combined-keys.asc", RELEASE, GOOD),
        (PAYLOAD, "simple-keys.asc", RELEASE, UNKNOWN),
        (PAYLOAD, "redhat-release-keys.asc", RHEL, OTHER),
    ];
    for (digest, keys, reference, expected) in cases {
        let blob = std::fs::read(real.join(format!("sha256-{digest}.sig"))).unwrap();
        let digest = format!("sha256:{digest}");
        let object = sandbox.file("image.json", image(&digest, &[&blob]).to_string());
        let mut command = sandbox.command();
        command.args(["verify", "-o", "json", "--expected-identity", reference]);
        let outcome = sandbox.finish(
            command.arg("-f").arg(object).arg("--public-key").arg(real.join(keys)),
            b"",
        );
        assert_eq!(outcome.verdict(), expected, "{digest} {keys}: {outcome:#?}");
    }
    println!("real: {} cases", cases.len());
}
