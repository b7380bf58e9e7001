//! The printed form as others read it: the page by Python's `HTMLParser`, the document by its `zipfile` and `ElementTree`.
//! Both show the rows that we meant, whole, whatever people typed.
//!
//! Without `python3` the test says so; `spec` looks at the bytes all the same.

use std::process::Command;

use berth_crds::OnboardingSpec;
use berth_plan::dossier::print::{COUNTRY, HASH, MOTTO, NO_ORIGINAL, Prefilled, Row, TITLE, docx, html, rows};
use serde_json::{Value, json};

use super::peer;

/// What people could type to break out of a cell, hide something or end a file early.
const HOSTILE: [&str; 8] = [
    "</td></tr></table><script>alert(1)</script>",
    "</w:t></w:r></w:p><w:p><w:r><w:t>thêm",
    "<!-- ]]> <![CDATA[ & &amp; &#0; &lt; \" ' -->",
    "một\nhai\r\nba\rbốn\tnăm",
    "\u{0}\u{1}\u{b}\u{1b}[2J\u{7f}\u{85}\u{fffe}\u{ffff}",
    "a\u{202e}b\u{2066}c",
    "  hai  khoảng  trắng  ",
    "𝔘 😀 Đường",
];

fn paper() -> OnboardingSpec {
    let software = |name: &str| json!({"name": name, "version": name});
    let spec = json!({
        "action": "New", "justification": HOSTILE.join("\n"), "requester": {"username": "lan"},
        "system": {"code": "IS-77", "displayName": HOSTILE[0], "level": 1, "dataKinds": ["Public", "PersonalBasic"],
            "governingBodyRef": {"name": "ag-70"}, "operatorRef": {"name": "ag-69"}},
        "environment": {"kind": "Prod", "classRef": {"name": "xs"}, "exposure": ["Internet"],
            "ipv4Only": {"reason": HOSTILE[1], "until": "2027-06-30"}, "requestedPrefix": HOSTILE[2]},
        "form": {"software": HOSTILE.map(software), "function": "", "contact": {"name": HOSTILE[4], "title": HOSTILE[5],
            "phone": HOSTILE[6], "email": HOSTILE[7]}, "undertaking": "Given"},
        "supersedes": {"name": HOSTILE[1], "uid": HOSTILE[3]}
    });
    serde_json::from_value(spec).unwrap()
}

/// Rows as the reader tells them.
fn told(rows: &[Row]) -> Value {
    let told = rows.iter().map(|row| match row {
        Row::Part(title) => json!([title]),
        Row::Field { number, name, value } => json!([number.map(|n| n.to_string()).unwrap_or_default(), name, value]),
    });
    Value::Array(told.collect())
}

#[test]
fn page_and_document_show_the_same_rows_whatever_people_typed() {
    let (spec, sha256) = (paper(), "0123456789abcdef".repeat(4));
    let prefilled = Prefilled { values: vec![(1, "Sở Y tế".into()), (9, HOSTILE[0].into())] };
    let document = docx(&spec, &prefilled, &sha256).unwrap();
    assert_eq!(docx(&spec, &prefilled, &sha256).unwrap(), document, "the same bytes for the same paper");
    let hex: String = document.iter().map(|byte| format!("{byte:02x}")).collect();
    let asked = json!({"html": html(&spec, &prefilled, &sha256), "docx": hex}).to_string();
    let Some(answer) = peer(Command::new("python3").arg("form.py"), &asked) else {
        eprintln!("WARNING: python3 is not on this machine; the printed form was NOT read by anything else");
        return;
    };
    let read: Value = serde_json::from_str(&answer.concat()).unwrap();
    let meant = told(&rows(&spec, &prefilled));
    assert_eq!(read["html"]["rows"], meant);
    assert_eq!(read["docx"]["rows"], meant);
    let text = meant.to_string();
    assert!(
        text.contains(HOSTILE[7])
            && text.contains("một\\nhai\\nba\\nbốn\\tnăm")
            && text.contains("a\u{fffd}b\u{fffd}c")
    );
    assert_eq!(read["docx"]["around"], json!([COUNTRY, MOTTO, TITLE, HASH, sha256, NO_ORIGINAL]));
    assert_eq!(read["html"]["around"], json!([format!("{COUNTRY}\n{MOTTO}"), TITLE, HASH, sha256, NO_ORIGINAL]));
    let tags = json!([
        "body", "br", "h1", "head", "html", "meta", "p", "strong", "style", "table", "tbody", "td", "th", "title", "tr"
    ]);
    assert_eq!(read["html"]["tags"], tags, "nothing that was typed is a tag");
    let page = json!({"w": "11906", "h": "16838", "top": "1134", "right": "850", "bottom": "1134", "left": "1701",
        "header": "567", "footer": "567", "gutter": "0"});
    assert_eq!(
        (&read["docx"]["page"], &read["docx"]["fonts"], &read["docx"]["sizes"]),
        (&page, &json!(["Times New Roman"]), &json!(["26", "28"]))
    );
    let stored = json!([[1980, 1, 1, 0, 0, 0], 0]);
    let parts = json!({"[Content_Types].xml": stored, "_rels/.rels": stored, "word/_rels/document.xml.rels": stored,
        "word/styles.xml": stored, "word/document.xml": stored});
    assert_eq!(read["docx"]["parts"], parts, "no time of the day it was made, and no compressor's version");
}
