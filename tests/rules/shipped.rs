// SPDX-License-Identifier: Apache-2.0
//! Which lines of a file ship.

/// The lines of a text that ship, each with its number: no comments, and no items that are there for tests only.
pub(super) fn shipped(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed == "#[cfg(test)]" {
            pass_item(&mut lines, line.len() - trimmed.len());
            continue;
        }
        let code = trimmed.split(" // ").next().unwrap();
        if !code.starts_with("//") {
            found.push((number, code.to_owned()));
        }
    }
    found
}

/// Passes over the item with this indentation, which rustfmt has formatted, and over what stands before it.
fn pass_item<'t>(lines: &mut impl Iterator<Item = (&'t str, usize)>, indentation: usize) {
    let mut has_begun = false;
    for (line, _) in lines {
        let code = line.trim_start();
        let is_inside = line.len() - code.len() > indentation;
        if code.is_empty() || is_inside || !has_begun && code.starts_with(['#', '/']) {
            continue;
        }
        if code.ends_with([';', ',']) || code.ends_with('}') && (has_begun || code.contains('{')) {
            return;
        }
        has_begun = true;
    }
}

#[test]
fn items_for_tests_are_left_out_and_what_follows_them_is_not() {
    let text = "use a;\n#[cfg(test)]\nmod made;\n// No code.\nfn b() {} // c\n\n#[cfg(test)]\n#[allow(x)]\n\
                pub(crate) fn d(\n    e: F,\n) {\n    g();\n}\nimpl H {\n    #[cfg(test)]\n    fn i() {\n        j()\n    }\n\n    \
                fn k() {}\n}\n#[cfg(test)]\nmod tests {\n    fn l() {}\n}\nfn m() {}\n";
    let code: Vec<String> = shipped(text).into_iter().map(|(_, code)| code).collect();
    assert_eq!(
        code.join("\n"),
        "use a;\nfn b() {}\n\nimpl H {\n\nfn k() {}\n}\nfn m() {}"
    );
    assert_eq!(shipped("a\n// b\nc\n").last(), Some(&(3, "c".to_owned())));
}
