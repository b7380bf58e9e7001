//! Names as people look for them, and in the order of a Vietnamese dictionary (A29).

use berth_plan::search::{Query, order, words};
use serde_json::json;

use crate::world::*;

#[test]
fn a29_every_way_to_write_a_name_finds_the_same() {
    let names = ["UBND phường Bình Dương", "Sở Giao thông – Đường bộ", "Ban Dân tộc"];
    let agencies: Vec<_> = names
        .iter()
        .zip(["ag-1", "ag-2", "ag-3"])
        .map(|(name, id)| agency(id, json!({"names": [{"value": {"vi": name}, "inForce": {"from": "2023-01-01"}}]})))
        .collect();
    let found = |text: &str| -> Vec<&str> {
        let query = Query::read(text).unwrap();
        let found = agencies.iter().filter(|agency| query.finds_agency(agency));
        found.map(|agency| agency.spec.names[0].value.vi.as_str()).collect()
    };
    // The last is the same word with its marks apart, as some keyboards send it.
    for text in ["duong", "Đường", "dương", "DUONG", " Dướng! ", "Du\u{31b}o\u{31b}ng"] {
        assert_eq!(found(text), names[..2], "{text}");
    }
    let table: [(&str, &[&str]); 6] = [
        ("binh duong", &names[..1]),
        ("duong binh", &names[..1]),
        ("dan", &names[2..]),
        ("ban toc", &names[2..]),
        ("ong", &[]),
        ("AG-2", &names[1..2]),
    ];
    for (text, expected) in table {
        assert_eq!(found(text), expected, "{text}");
    }
    assert_eq!((Query::read(""), Query::read(" – ")), (None, None), "nothing is looked for");
}

#[test]
fn a_body_is_found_by_its_names_of_every_day_its_aliases_and_its_codes() {
    let then = |from: &str, to: &str| json!({"from": from, "to": to});
    let body = agency(
        "ag-62",
        json!({
            "names": [
                {"value": {"vi": "Sở Thông tin và Truyền thông", "en": "Department of Information"},
                    "inForce": then("2023-01-01", "2025-02-28")},
                {"value": {"vi": "Sở Khoa học và Công nghệ"}, "inForce": {"from": "2025-03-01"}}
            ],
            "aliases": [{"value": "so-tt-tt", "inForce": then("2023-01-01", "2025-02-28")}],
            "codes": [{"scheme": "GSO", "value": "H09.12", "inForce": {"from": "2023-01-01"}}]
        }),
    );
    let finds = |text: &str| Query::read(text).unwrap().finds_agency(&body);
    let all = ["truyen thong", "information", "khoa hoc", "so-tt-tt", "h09.12", "ag-62"];
    assert_eq!(all.map(finds), [true; 6]);
    assert!(!finds("truyen hoc"), "two names are not one");
}

#[test]
fn a_system_is_found_by_name_code_and_plate() {
    let system =
        tenant("kd7x2m", json!({"code": "IS-10", "displayName": {"vi": "Ứng dụng Bình Dương Số", "en": "App"}}));
    let finds = |text: &str| Query::read(text).unwrap().finds_tenant(&system);
    assert_eq!(
        ["dương số", "is-10", "KD7X", "app", "is-11", "dưới"].map(finds),
        [true, true, true, true, false, false]
    );
}

#[test]
fn names_stand_in_the_order_of_a_vietnamese_dictionary() {
    let expected = [
        "An",
        "Ân",
        "Ba",
        "Bà",
        "Bả",
        "Bã",
        "Bá",
        "Bạ",
        "Dầu Tiếng",
        "Dĩ An",
        "Dương",
        "Đà",
        "Đường",
        "Em",
        "Êm",
        "Oanh",
        "Ông",
        "Ơn",
        "Ung",
        "Ưng",
    ];
    let mut names = expected.to_vec();
    names.reverse();
    names.sort_by(|a, b| order(a, b));
    assert_eq!(names, expected);
}

#[test]
fn words_lose_marks_capitals_and_what_stands_between_them() {
    assert_eq!(words("Trung tâm DL – Đất đai (2025)"), ["trung", "tam", "dl", "dat", "dai", "2025"]);
}
