// SPDX-License-Identifier: Apache-2.0
//! Puts the build date into `--version`, and the machine built for into what HTTP servers are told. No network,
//! no git, nothing probed.

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // https://reproducible-builds.org/specs/source-date-epoch/
    // A date that was asked for and cannot be read must not quietly become today.
    let seconds: u64 = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("SOURCE_DATE_EPOCH is {text:?}: expected seconds since 1970")),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
    };
    println!("cargo::rustc-env=IMAGE_SIGNATURE_DATE={}", date(seconds / 86_400));
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    println!(
        "cargo::rustc-env=IMAGE_SIGNATURE_PLATFORM={}/{}",
        target("OS"),
        target("ARCH")
    );
}

/// The civil date of a day counted from 1970-01-01 (proleptic Gregorian calendar).
fn date(mut day: u64) -> String {
    let leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}
