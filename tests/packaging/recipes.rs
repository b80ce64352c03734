// SPDX-License-Identifier: Apache-2.0
//! The recipes state what Cargo.toml states.

use std::path::Path;
use std::process::Command;

use crate::support::program::has;
use crate::support::skipped;

const SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/rpm/image-signature.spec");

/// A file of the source tree.
pub fn read(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A tag of the RPM recipe.
pub fn tag(name: &str) -> String {
    let spec = read("packaging/rpm/image-signature.spec");
    let line = spec.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("{name}: {spec}")).trim().to_owned()
}

/// The values of a kind of build requirement, without alternatives.
fn requirements<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    let found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(begin))
        .collect();
    assert!(!found.is_empty(), "{begin}");
    found
}

#[test]
fn both_packages_have_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(tag("Version"), version);
    let changes = read("packaging/debian/changelog");
    assert!(
        changes.starts_with(&format!("image-signature ({version}-1) ")),
        "{changes}"
    );
    let spec = read("packaging/rpm/image-signature.spec");
    let newest = spec.split_once("%changelog\n").unwrap().1.lines().next().unwrap();
    assert!(newest.ends_with(&format!(" - {version}-1")), "{newest}");
}

#[test]
fn both_packages_ask_for_the_compiler_that_the_program_needs() {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let spec = read("packaging/rpm/image-signature.spec");
    for tool in ["cargo", "rust"] {
        assert_eq!(requirements(&spec, &format!("BuildRequires:  {tool} >= ")), [needed]);
    }
    let control = read("packaging/debian/control");
    for (tool, web) in [
        ("cargo:native", "cargo-web:native"),
        ("libstd-rust-dev", "libstd-rust-web-dev"),
        ("rustc:native", "rustc-web:native"),
    ] {
        let alternatives = format!("{tool} (>= {needed}) | {web} (>= {needed}),");
        assert!(control.contains(&alternatives), "{alternatives}: {control}");
    }
    let minor = needed.strip_prefix("1.").unwrap();
    assert!(read("packaging/deps.sh").contains(&format!("-ge {minor} ]")));
}

#[test]
fn both_packages_need_the_program_gpg_which_no_library_brings() {
    let spec = read("packaging/rpm/image-signature.spec");
    let versions: Vec<&str> = ["gnupg2", "gpg2"]
        .map(|name| requirements(&spec, &format!("Requires:       {name} >= ")))
        .concat();
    let control = read("packaging/debian/control");
    let debian = requirements(&control, "gpg (>= ")[0].trim_end_matches("),");
    assert_eq!(versions, [debian, debian]);
}

/// Else a checkout builds, and a fuzzer tries, something else than what was tested.
#[test]
fn every_script_builds_what_cargo_lock_says() {
    let mut lines = 0;
    for file in [
        "Makefile",
        ".ci/run",
        "faults/run",
        "fuzz/run",
        "mutants/coverage",
        "mutants/run",
        "packaging/check-debian-13.sh",
        "packaging/check.sh",
        "packaging/completions.sh",
        "packaging/crates.sh",
        "packaging/debian/rules",
        "packaging/tests.sh",
        "packaging/vendor.sh",
    ] {
        for line in read(file).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let mut words = line.split_whitespace().map(|word| word.trim_matches('"'));
            let Some(command) = words
                .find(|word| ["cargo", "$CARGO", "$(CARGO)"].contains(word))
                .and_then(|_| words.find(|word| !word.starts_with('-')))
            else {
                continue;
            };
            if [
                "bench", "build", "check", "clippy", "doc", "fetch", "run", "test", "tree",
            ]
            .contains(&command)
            {
                lines += 1;
                let locked = ["--locked", "$(CARGO_FLAGS)"].iter().any(|word| line.contains(word));
                assert!(locked, "{file}: {line}");
            }
        }
    }
    assert!(lines > 15, "{lines}");
    assert!(read("Makefile").contains("\nCARGO_FLAGS ?= --locked\n"));
}

#[test]
fn what_only_the_publisher_knows_is_listed_and_not_invented() {
    let guide = read("docs/packaging.md");
    let (_, list) = guide.split_once("\n## Left to whoever publishes\n").unwrap();
    for (file, begin) in [
        ("packaging/rpm/image-signature.spec", "URL:"),
        ("packaging/debian/control", "Homepage:"),
        ("packaging/debian/control", "Vcs-Git:"),
        ("packaging/debian/control", "Vcs-Browser:"),
        ("Cargo.toml", "homepage"),
        ("Cargo.toml", "repository"),
    ] {
        assert!(
            !read(file).lines().any(|line| line.starts_with(begin)),
            "{file}: {begin}"
        );
        assert!(list.contains(begin.trim_end_matches(':')), "docs/packaging.md: {begin}");
    }
    assert!(list.contains("debian/watch"));
    let watch = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/debian/watch");
    assert!(!std::path::Path::new(watch).exists());
}

/// lintian takes a page with such a line for one that a program has made, and asks for its source.
#[test]
fn pages_have_no_line_that_looks_like_the_work_of_a_program() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/audit/html");
    let mut pages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            continue;
        }
        pages += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let longest = text.lines().map(str::len).max().unwrap();
        assert!(longest < 500, "{}: a line of {longest} bytes", path.display());
    }
    assert!(pages > 3, "{pages}");
}

/// Variables that Debian's recipe hands to cargo, in an environment with these; one a line, empty where it is not set.
fn handed_to_cargo(recipe: &Path, environment: &[(&str, &str)], variables: &[&str]) -> String {
    let show: Vec<String> = variables.iter().map(|name| format!("echo \"$${name}\"")).collect();
    let run = Command::new("make")
        .args(["--silent", "--file"])
        .arg(recipe)
        .arg(format!("--eval=show: ; @{}", show.join("; ")))
        .arg("show")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn jobs_are_as_many_as_the_builder_was_given() {
    let jobs = ["CARGO_BUILD_JOBS", "RUST_TEST_THREADS"];
    let rules = Path::new("debian/rules");
    if has("make") && has("dpkg-architecture") {
        for (options, expected) in [
            ("", "\n\n"),
            ("nocheck", "\n\n"),
            ("parallel=3", "3\n3\n"),
            ("nocheck parallel=16", "16\n16\n"),
        ] {
            let found = handed_to_cargo(rules, &[("DEB_BUILD_OPTIONS", options)], &jobs);
            assert_eq!(found, expected, "{options:?}");
        }
    } else {
        skipped(
            "jobs of the Debian recipe",
            "make or dpkg-architecture is not installed",
        );
    }
    if has("rpmspec") {
        let home = tempfile::tempdir().unwrap();
        let run = Command::new("rpmspec")
            .args(["--parse", "--define", "_smp_build_ncpus 3"])
            .arg(SPEC)
            .env("HOME", home.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&run.stdout);
        // When it is built, installed and tested.
        let times = text.matches("export CARGO_BUILD_JOBS=3 RUST_TEST_THREADS=3").count();
        assert_eq!(times, 3, "{text}");
    } else {
        skipped("jobs of the RPM recipe", "rpmspec is not installed");
    }
}

#[test]
fn for_another_machine_debians_recipe_compiles_and_links_with_its_tools() {
    if !(has("make") && has("dpkg-architecture")) {
        return skipped(
            "the Debian recipe for another machine",
            "make or dpkg-architecture is not installed",
        );
    }
    // What Debian's rustc brings, which need not be installed.
    const BROUGHT: &str = "include /usr/share/rustc/architecture.mk";
    let rules = read("packaging/debian/rules");
    assert!(rules.contains(BROUGHT));
    let directory = tempfile::tempdir().unwrap();
    let recipe = directory.path().join("rules");
    let rules = rules.replace(BROUGHT, "DEB_HOST_RUST_TYPE = aarch64-unknown-linux-gnu");
    std::fs::write(&recipe, rules).unwrap();
    let variables = [
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
        "PKG_CONFIG",
        "PKG_CONFIG_ALLOW_CROSS",
    ];
    let types = |host| [("DEB_BUILD_GNU_TYPE", "x86_64-linux-gnu"), ("DEB_HOST_GNU_TYPE", host)];
    assert_eq!(
        handed_to_cargo(&recipe, &types("aarch64-linux-gnu"), &variables),
        "aarch64-unknown-linux-gnu\naarch64-linux-gnu-gcc\naarch64-linux-gnu-pkg-config\n1\n"
    );
    assert_eq!(
        handed_to_cargo(&recipe, &types("x86_64-linux-gnu"), &variables),
        "\n\n\n\n"
    );
}

/// What Debian's recipe would run to test the program, with these options and for this machine.
fn tests_of_the_debian_package(options: &str, host: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let recipe = directory.path().join("rules");
    // Without what Debian's rustc brings, and without debhelper, which calls the recipe.
    let rules = read("packaging/debian/rules")
        .replace("include /usr/share/rustc/architecture.mk", "")
        .replace("%:\n\tdh $@\n", "");
    std::fs::write(&recipe, rules).unwrap();
    let run = Command::new("make")
        .args(["--silent", "--file"])
        .arg(&recipe)
        .args(["MAKE=echo make", "override_dh_auto_test"])
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DEB_BUILD_OPTIONS", options)
        .env("DEB_BUILD_GNU_TYPE", "x86_64-linux-gnu")
        .env("DEB_HOST_GNU_TYPE", host)
        .env("DEB_HOST_RUST_TYPE", "aarch64-unknown-linux-gnu")
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn nothing_that_was_built_for_another_machine_or_with_nocheck_is_tested() {
    if !(has("make") && has("dpkg-architecture")) {
        return skipped(
            "tests of the Debian package",
            "make or dpkg-architecture is not installed",
        );
    }
    let (own, other) = ("x86_64-linux-gnu", "aarch64-linux-gnu");
    for options in ["", "parallel=2"] {
        let tests = tests_of_the_debian_package(options, own);
        assert_eq!(tests, "make test CARGO_FLAGS=--frozen PREFIX=/usr\n");
    }
    for (options, host) in [
        ("nocheck", own),
        ("nocheck parallel=2", own),
        ("", other),
        ("nocheck", other),
    ] {
        let tests = tests_of_the_debian_package(options, host);
        assert_eq!(tests, "", "{options:?} {host}");
    }
}

/// Debian's rpm says `debian` in one release and something else in the next.
#[test]
fn the_rpm_recipe_does_not_go_by_the_vendor_of_rpm() {
    if !has("rpmspec") {
        return skipped("the RPM recipe under other vendors", "rpmspec is not installed");
    }
    let parsed = ["debian", "redhat", "suse"].map(|vendor| {
        let run = Command::new("rpmspec")
            .args(["--parse", "--define", &format!("_vendor {vendor}"), SPEC])
            .env("HOME", "/nonexistent")
            .output()
            .unwrap();
        assert!(run.status.success() && !run.stdout.is_empty(), "{run:?}");
        run.stdout
    });
    assert!(parsed.iter().all(|text| *text == parsed[0]));
}

#[test]
fn rpm_can_read_the_recipe_and_rpmlint_has_nothing_to_say() {
    // Nothing of the caller's own settings, which both programs look for at home.
    let home = tempfile::tempdir().unwrap();
    if has("rpmspec") {
        let run = Command::new("rpmspec")
            .args(["--query", "--qf", "%{name} %{version} %{license}\n", SPEC])
            .env("HOME", home.path())
            .output()
            .unwrap();
        assert!(run.status.success() && run.stderr.is_empty(), "{run:?}");
        let expected = format!("image-signature {} {}\n", tag("Version"), tag("License"));
        assert_eq!(String::from_utf8(run.stdout).unwrap(), expected);
    } else {
        skipped("reading the RPM recipe", "rpmspec is not installed");
    }
    if has("rpmlint") {
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/rpmlint.toml");
        let run = Command::new("rpmlint")
            .args(["--config", config, SPEC])
            .env("HOME", home.path())
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && text.contains(" 0 errors, 0 warnings"), "{text}");
    } else {
        skipped("rpmlint of the RPM recipe", "rpmlint is not installed");
    }
}
