// SPDX-License-Identifier: Apache-2.0
//! What the system says of a file that cannot be used is told in its words, without the number that Rust's library puts
//! behind them: `No such file or directory (os error 2)`. The sandbox looks for it in each message of each test; here is
//! one for every place in the program that words such an error.

use super::golden;

const ABSENT: &str = "No such file or directory";
const NO_DIRECTORY: &str = "Not a directory";

/// What is typed, with words between single blanks, and what is told; `absent` is not there, and `image.json/x` cannot be.
const TYPED: &[(&str, &str)] = &[
    ("inspect absent", ABSENT),
    ("inspect image.json/x", NO_DIRECTORY),
    ("inspect docker://REF --authfile absent", ABSENT),
    ("inspect docker://REF --registry-ca absent", ABSENT),
    ("keys --public-key absent", ABSENT),
    ("keys --public-key .", "Is a directory"),
    ("describe -f absent", ABSENT),
    ("describe -f absent -o json", ABSENT),
    ("remove -f absent", ABSENT),
    ("verify -f absent --expected-identity REF --public-key release-key.asc", ABSENT),
    ("verify -f absent -o json --expected-identity REF --public-key release-key.asc", ABSENT),
    ("verify -f image.json --expected-identity REF --public-key absent", ABSENT),
    ("verify -f image.json --expected-identity REF --public-key absent -o yaml", ABSENT),
    ("verify -f image.json --expected-identity REF --sigstore-key absent", ABSENT),
    ("verify -f image.json --expected-identity REF --policy absent", ABSENT),
    ("verify -f image.json --expected-identity REF --homedir image.json/x", NO_DIRECTORY),
    ("verify dir:image.json/x --expected-identity REF --public-key release-key.asc", NO_DIRECTORY),
    (
        "verify --manifest absent --signature-file image/signature-1 --expected-identity REF --public-key release-key.asc",
        ABSENT,
    ),
    (
        "verify --manifest image/manifest.json --signature-file absent --expected-identity REF --public-key release-key.asc",
        ABSENT,
    ),
    ("verify --images-from absent --public-key release-key.asc", ABSENT),
    ("verify a:b --kubeconfig image.json/x --expected-identity REF --public-key release-key.asc", NO_DIRECTORY),
    ("audit dir:image=REF --public-key absent", ABSENT),
    ("audit dir:image=REF --report jsonl=absent/x --public-key release-key.asc", ABSENT),
    ("audit dir:image=REF --report html=absent/x --public-key release-key.asc", ABSENT),
    ("audit dir:image=REF --resume absent --public-key release-key.asc", ABSENT),
    ("audit dir:image --expected-identity-map absent --public-key release-key.asc", ABSENT),
    ("audit merge absent", ABSENT),
    ("audit diff absent absent", ABSENT),
    ("policy lint absent", ABSENT),
    ("policy why REF absent", ABSENT),
    ("policy test absent --policy absent", ABSENT),
];

#[test]
fn what_the_system_says_has_no_number_behind_it() {
    let sandbox = golden::sandbox();
    for (line, told) in TYPED {
        let line = line.replace("REF", "registry.local:5000/foo/bar:v1");
        let outcome = sandbox.run(line.split(' '));
        assert_ne!(outcome.status, 0, "{line}: {outcome:#?}");
        let said = format!("{} {}", outcome.stdout, outcome.stderr);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(told), "{line}: {outcome:#?}");
    }
}
