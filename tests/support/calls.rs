// SPDX-License-Identifier: Apache-2.0
//! Arguments of calls that many tests make. What a test is about it adds itself.

/// Verifies `image.json` in the current directory, and prints text.
pub fn verify_image(identity: &str) -> [&str; 5] {
    ["verify", "-f", "image.json", "--expected-identity", identity]
}

/// Verifies `image.json` in the current directory, and prints JSON.
pub fn verify_image_json(identity: &str) -> [&str; 7] {
    let [verify, f, file, expected, identity] = verify_image(identity);
    [verify, f, file, expected, identity, "-o", "json"]
}

/// Verifies the image at a place by `policy.json`, and prints JSON.
pub fn verify_place_by_policy<'a>(identity: &'a str, place: &'a str) -> [&'a str; 8] {
    let expected = ["--expected-identity", identity];
    [
        "verify",
        "-o",
        "json",
        "--policy",
        "policy.json",
        expected[0],
        expected[1],
        place,
    ]
}

/// Verifies and records the object in a file, whose name follows, and prints JSON.
pub fn record_file_json(identity: &str) -> [&str; 7] {
    let expected = ["--expected-identity", identity];
    ["verify", "-o", "json", "--confirm", expected[0], expected[1], "-f"]
}
