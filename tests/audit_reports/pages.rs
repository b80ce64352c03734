// SPDX-License-Identifier: Apache-2.0
//! HTML, read by Python's parser: elements are closed in order, nothing is run or fetched, every link leads somewhere.

use image_signature::audit::format::ReportFormat;
use serde_json::{json, Value};

use crate::audit_reports::made::{
    digest, entry, head, mixed, read_back, rendered, tail, verified, OLD, RELEASE, STARTED,
};

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

/// The text of a cell of the first row.
fn cell(page: &Value, column: usize) -> &str {
    page["rows"][0]["cells"][column].as_str().unwrap()
}

fn page_of(entries: &[Value]) -> Option<(String, Value)> {
    let html = rendered(ReportFormat::Html, &head(), entries, &tail(entries));
    let page = read_back("html", &html)?;
    Some((html, page))
}

/// A list that is cut says so: a reader would take what is shown for all there is.
#[test]
fn what_a_row_leaves_out_is_counted() {
    let mut one = entry(1, "Rejected", "UnknownKey");
    one["expected"] = (0..9).map(|n| format!("registry.example.com/team/app:v{n}")).collect();
    one["uses"] = (0..12)
        .map(|n| json!({"kind": "pod", "namespace": "prod", "name": format!("web-{n}/app")}))
        .collect();
    one["moreUses"] = 30.into();
    one["findings"] = (0..7)
        .map(|n| json!({"kind": "stale", "message": format!("record {n} does not hold")}))
        .collect();
    one["moreFindings"] = 10.into();
    one["signatures"] = (0..11)
        .map(|n| {
            json!({"kind": "gpg", "verdict": "Rejected", "reason": "UnknownKey", "message": "m",
                "claimedKey": format!("{n:016X}")})
        })
        .collect();
    let Some((_, page)) = page_of(&[one]) else { return };
    for (column, more) in [(1, 12), (2, 34), (4, 4), (5, 6)] {
        let end = format!("and {more} more");
        assert!(cell(&page, column).ends_with(&end), "{column}: {}", cell(&page, column));
    }
    let Some((_, page)) = page_of(&[verified(1, &[(RELEASE, None)])]) else {
        return;
    };
    assert!(!page["rows"][0].to_string().contains(" more"), "{page}");
}

/// Counted as Unchecked in the totals of a namespace, it is found there in a row that is Verified.
#[test]
fn a_use_that_expects_nothing_is_marked() {
    let mut one = verified(1, &[(RELEASE, None)]);
    one["uses"] = json!([{"kind": "tag", "namespace": "shop", "name": "web:v1"},
        {"kind": "pod", "namespace": "edge", "name": "web-1/app", "expectsNothing": true}]);
    let Some((html, page)) = page_of(&[one]) else { return };
    assert_eq!(cell(&page, 2), "shop/web:v1pod edge/web-1/app (no expected identity)");
    // The one that needs to be looked at stands first.
    let place = |name: &str| html.find(&format!(">{name}</a></th>")).unwrap();
    assert!(place("edge") < place("shop"), "{html}");
}

#[test]
fn keys_that_expire_soon_stand_above_the_totals() {
    let soon = Some(STARTED + 10 * 86_400);
    let entries = [verified(1, &[(OLD, soon)]), verified(2, &[(OLD, soon)])];
    let Some((html, page)) = page_of(&entries) else { return };
    let text = page["text"].as_str().unwrap();
    let told = format!("2026-06-07: Example Release <release@example.com> {OLD}; 2 images would not be Verified");
    assert!(
        text.find(&told).unwrap() < text.find("By verdict and reason").unwrap(),
        "{text}"
    );
    assert!(html.contains("2026-06-07, soon</strong>"), "{html}");
    // A key beside which there is another one takes nothing with it.
    for keys in [&[(OLD, soon), (RELEASE, None)][..], &[(RELEASE, None)]] {
        let Some((html, _)) = page_of(&[verified(1, keys)]) else {
            return;
        };
        assert!(!html.contains("Keys expire soon"), "{html}");
    }
}

/// Names are broken between their parts, and nothing that a reader copies or searches for changes.
#[test]
fn names_are_the_same_however_they_are_broken() {
    let mut one = entry(1, "Rejected", "UnknownKey");
    let name = format!("registry.example.com:5000/<b>/app@{}", digest(1));
    one["expected"] = json!([name]);
    one["signatures"] = json!([]);
    let Some((html, page)) = page_of(&[one]) else { return };
    assert_eq!(cell(&page, 4), format!("expected{name}"));
    assert!(html.contains("<wbr>@sha256:") && !html.contains("<b>"), "{html}");
}

/// WCAG 2.1, 1.4.3: a text has at least 4.5 times the luminance of what is behind it, or the reverse.
#[test]
fn every_text_stands_out_from_every_background() {
    let html = rendered(ReportFormat::Html, &head(), &[], &tail(&[]));
    let luminance = |colour: &str| -> f64 {
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let style = style.replace("background:#fff}", "background:#ffffff}");
    let of = |property: &str| -> Vec<String> {
        let each = style
            .split(['{', ';', '}'])
            .filter_map(|rule| rule.strip_prefix(property));
        each.filter_map(|value| value.strip_prefix('#'))
            .map(str::to_owned)
            .collect()
    };
    let (texts, backgrounds) = (of("color:"), of("background:"));
    assert!(texts.len() > 8 && backgrounds.len() > 5, "{texts:?} {backgrounds:?}");
    for text in &texts {
        for behind in &backgrounds {
            let ratio = (luminance(behind) + 0.05) / (luminance(text) + 0.05);
            assert!(ratio >= 4.5, "#{text} on #{behind}: {ratio}");
        }
    }
}
