// SPDX-License-Identifier: Apache-2.0
//! HTML, read by Python's parser: elements are closed in order, nothing is run or fetched, every link leads somewhere.

use image_signature::audit::format::ReportFormat;
use serde_json::Value;

use crate::audit_reports::made::{head, mixed, read_back, rendered, tail, verified, RELEASE};

#[test]
fn a_page_has_a_row_an_image_those_that_are_wrong_first() {
    let entries = mixed(200);
    let Some(page) = read_back(
        "html",
        &rendered(ReportFormat::Html, &head(), &entries, &tail(&entries)),
    ) else {
        return;
    };
    let rows = page["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 200);
    let verdicts: Vec<&str> = rows.iter().map(|row| row["cells"][0].as_str().unwrap()).collect();
    // Colour is never the only signal: each verdict is a sign and a word.
    let mut groups = verdicts.clone();
    groups.dedup();
    assert_eq!(
        groups,
        [
            "\u{2717} Rejected",
            "\u{2205} Unsigned",
            "? Unsupported",
            "? Unchecked",
            "~ Allowed",
            "\u{2713} Verified"
        ]
    );
    let first = &rows[0];
    let cells: Vec<&str> = first["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell.as_str().unwrap())
        .collect();
    assert!(
        cells[1].contains("UnknownKey") && cells[3].contains("sha256:"),
        "{cells:?}"
    );
    assert!(cells[5].contains(crate::audit_reports::made::STRANGER), "{cells:?}");
    assert!(cells[2].contains("team-0/app-0:v1"), "{cells:?}");
    let classes: Vec<&str> = first["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class.as_str().unwrap())
        .collect();
    assert!(
        classes.contains(&"v-rejected") && classes.contains(&"r-UnknownKey"),
        "{classes:?}"
    );
    let text = page["text"].as_str().unwrap();
    assert!(text.contains("60 of 200 images make the audit fail"), "{text}");
    assert!(text.contains("Evidence for controls"), "{text}");
}

/// Each filter names a class that rows have, and so many of them as it says.
#[test]
fn filters_show_as_many_images_as_they_say() {
    let entries = mixed(100);
    let html = rendered(ReportFormat::Html, &head(), &entries, &tail(&entries));
    let Some(page) = read_back("html", &html) else {
        return;
    };
    let rows = page["rows"].as_array().unwrap();
    let mut filters = 0;
    for part in html.split("<p class=\"only\" id=\"only-").skip(1) {
        let (name, rest) = part.split_once('"').unwrap();
        let count = rest
            .split_once("Only ")
            .unwrap()
            .1
            .split(' ')
            .next()
            .unwrap()
            .parse::<usize>()
            .unwrap();
        let fitting = rows
            .iter()
            .filter(|row| row["classes"].as_array().unwrap().contains(&Value::from(name)));
        assert_eq!(fitting.count(), count, "{name}");
        assert!(
            html.contains(&format!(
                "#only-{name}:target~table tr.image:not(.{name}){{display:none}}"
            )),
            "{name}"
        );
        filters += 1;
    }
    assert!(filters > 20, "{filters}");
}

#[test]
fn a_page_of_what_is_well_says_so_and_an_empty_one_does_not() {
    let entries: Vec<Value> = (0..5).map(|n| verified(n, &[(RELEASE, None)])).collect();
    let html = rendered(ReportFormat::Html, &head(), &entries, &tail(&entries));
    assert!(html.contains("All 5 images are Verified"), "{html}");
    let empty = rendered(ReportFormat::Html, &head(), &[], &tail(&[]));
    assert!(
        empty.contains("No image was audited") && !empty.contains("are Verified</h2>"),
        "{empty}"
    );
    for html in [html, empty] {
        read_back("html", &html);
    }
}
