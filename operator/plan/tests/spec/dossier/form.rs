//! The official form (`data/request_form_fields.csv`): 33 fields, few of them typed, all rules at once, and its page.

use std::collections::BTreeSet;
use std::sync::Arc;

use berth_crds::environment::EnvironmentKind;
use berth_crds::onboarding::{Action, Contact, Verdict};
use berth_plan::checks::all;
use berth_plan::dossier::contact::on_record;
use berth_plan::dossier::form::{self, CONTACT, FIELDS, Group, Source, mandatory, typed};
use berth_plan::dossier::print::{Prefilled, Row, contact, content, docx, html, label, rows, word};
use serde_json::{Value, json};
use unicode_normalization::is_nfc;

use crate::world::*;

const ACTIONS: [Action; 10] = [
    Action::New,
    Action::AddEnvironment,
    Action::Change,
    Action::Extend,
    Action::Suspend,
    Action::Resume,
    Action::Decommission,
    Action::Transfer,
    Action::RecordLevel,
    Action::GoLive,
];

/// A form that says something in every field, in order.
fn full() -> Value {
    json!({
        "address": "Số 1 đường Một", "architectureCode": "NAS-0123", "function": "Tiếp nhận hồ sơ một cửa.",
        "contact": {"name": "Lê An", "title": "Trưởng phòng", "phone": "0274 000 000", "email": "an@tinh.gov.vn"},
        "users": ["Citizens", "Internal"], "regulation": "Quyết định 12/QĐ-SYT ngày 01/02/2026",
        "software": [{"name": "PostgreSQL", "version": "18", "supportedUntil": "2030-11-14"}],
        "domains": ["dichvu.tinh.gov.vn"], "currentAddresses": ["2001:db8::10", "192.0.2.0/24"],
        "ports": [{"port": "8000-8010", "protocol": "Tcp", "direction": "Out", "peer": "2001:db8::1",
            "purpose": "Liên thông.", "until": "2027-06-30"}],
        "bandwidthMbps": 100, "exchanges": [{"system": "LGSP", "service": "Tra cứu", "frequency": "hằng ngày"}],
        "backup": {"rpoHours": 24, "rtoHours": 8, "keepDays": 30}, "logs": {"kinds": "syslog", "keepDays": 30},
        "growthPercent": 20, "reuse": "Đã xem xét; chưa có hệ thống dùng chung.", "budget": "Ngân sách tỉnh",
        "startDate": "2026-12-15", "cutOver": {"day": "2026-12-20", "rollback": "Giữ hệ thống cũ 30 ngày."},
        "contractors": [{"name": "Nguyễn Bình, Công ty A", "account": "binh", "until": "2027-06-30"}],
        "undertaking": "Given"
    })
}

fn judged(form: Value) -> (Verdict, String) {
    let (profile, register) = (profile(json!({})), register());
    let paper = onboarding(json!({"spec": {"form": form}}));
    let results = all(&subject(&paper, "ag-62", &profile, &register, &[]));
    let one = results.iter().find(|r| r.id == "form").unwrap();
    (one.result, one.message.clone())
}

#[test]
fn the_form_has_its_33_fields_in_order_each_with_two_names_a_rule_and_a_place() {
    let numbers: Vec<u8> = FIELDS.iter().map(|f| f.number).collect();
    assert_eq!(numbers, (1..=33).collect::<Vec<u8>>());
    assert!(FIELDS.windows(2).all(|pair| pair[0].group <= pair[1].group), "grouped");
    let names: BTreeSet<&str> = FIELDS.iter().flat_map(|f| [f.vi, f.en]).collect();
    assert_eq!(names.len(), 66);
    let paper = onboarding(json!({"spec": {
        "form": full(), "letter": {"issuer": "Sở Y tế", "number": "1/SYT", "date": "2026-11-20", "signer": "A",
            "capacity": "GIÁM ĐỐC", "sha256": "0".repeat(64)},
        "system": {"dataSubjects": "Under10k"}, "tenantRef": {"name": "aaaaaa"}, "environmentRef": {"name": "x", "uid": "y"},
        "endDate": "2027-01-01", "effectiveDate": "2026-12-20", "level": {"level": 3, "regulation": "1/QC"},
        "environment": {"endDate": "2027-01-01", "until": "2027-03-31", "exposure": ["TSLCD"],
            "ipv4Only": {"reason": "Thiết bị cũ.", "until": "2027-06-30"}, "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi"}}
    }}));
    let spec = serde_json::to_value(&paper.spec).unwrap();
    for field in &FIELDS {
        assert!(is_nfc(field.vi) && !field.vi.is_ascii() && field.en.is_ascii() && !field.rule.is_empty(), "{field:?}");
        assert!(field.at.iter().all(|at| spec.pointer(at).is_some()), "{} stands nowhere: {:?}", field.en, field.at);
        assert!(!field.at.is_empty() || field.source == Source::Register, "{}", field.en);
    }
    let groups: BTreeSet<Group> = FIELDS.iter().map(|f| f.group).collect();
    assert!(groups.iter().all(|g| !g.words().0.is_ascii() && g.words().1.is_ascii()) && groups.len() == 6);
}

#[test]
fn a_test_environment_of_a_known_system_asks_at_most_six_fields() {
    use EnvironmentKind::{Acceptance, Dev, Recovery, Staging, Training};
    for kind in [Acceptance, Dev, Recovery, Staging, Training] {
        assert!(typed(Action::AddEnvironment, Some(kind)).len() <= 6, "{kind:?}");
    }
    for action in ACTIONS {
        let asked = typed(action, None);
        assert!(!asked.is_empty() && asked.iter().all(|n| form::of(*n).is_some()), "{action:?}");
        assert!(asked.windows(2).all(|pair| pair[0] < pair[1]), "{action:?}");
        assert!(mandatory(action, None).iter().all(|n| asked.contains(n)), "{action:?} needs what it does not ask");
    }
}

#[test]
fn a_form_in_order_passes_and_none_is_no_defect() {
    assert_eq!(judged(full()).0, Verdict::Passed, "{}", judged(full()).1);
    assert_eq!(judged(Value::Null).0, Verdict::Passed);
}

#[test]
fn a_contact_on_record_need_not_be_typed_and_one_that_lacks_something_is_none() {
    let whole = json!({"duty": "Dossiers", "name": "Lê An", "title": "Trưởng phòng", "phone": "0274 000 000",
        "email": "an@tinh.gov.vn"});
    let expected: Contact = of(full()["contact"].clone());
    let body = |contacts: Value| agency("ag-62", json!({"contacts": contacts}));
    let known = |contacts: Value| on_record(&body(contacts));
    let lacking = |part: &str| merge(whole.clone(), json!({part: null}));
    let elsewhere = merge(whole.clone(), json!({"email": "an@gmail.com"}));
    let superior = merge(whole.clone(), json!({"duty": "Superior"}));
    assert_eq!(known(json!([lacking("phone"), superior, whole])), Some(expected.clone()), "the first that is whole");
    for none in [json!([]), json!([lacking("title")]), json!([lacking("phone")]), json!([elsewhere]), json!([superior])]
    {
        assert_eq!(known(none.clone()), None, "{none}");
    }
    let judged = |contacts: Value| {
        let register = register_with(|r| drop(r.agencies.insert("ag-62".into(), Arc::new(body(contacts)))));
        let paper = onboarding(json!({"spec": {"form": merge(full(), json!({"contact": null}))}}));
        let (profile, id) = (profile(json!({})), "form");
        let results = all(&subject(&paper, "ag-62", &profile, &register, &[]));
        results.iter().find(|r| r.id == id).map(|r| (r.result, r.message.clone())).unwrap()
    };
    assert_eq!(judged(json!([whole])), (Verdict::Passed, "The form is complete.".to_owned()));
    let missing = "Field 4 (Contact) of the form is missing; give it, or have it entered in the agency's register.";
    assert_eq!(judged(json!([lacking("phone")])), (Verdict::Failed, missing.to_owned()));
    // It is printed as if it had been typed.
    let typed = onboarding(json!({"spec": {"form": full()}}));
    let row =
        Row::Field { number: Some(CONTACT), name: form::of(CONTACT).unwrap().vi.into(), value: contact(&expected) };
    assert!(rows(&typed.spec, &Prefilled::default()).contains(&row), "{row:?}");
}

#[test]
fn a_form_that_is_wrong_everywhere_still_has_a_message_that_its_field_can_hold() {
    let mut port = full()["ports"][0].clone();
    for (field, value) in [("port", "any"), ("peer", "any"), ("until", "2026-02-30")] {
        port[field] = json!(value);
    }
    let (verdict, message) = judged(merge(full(), json!({"ports": vec![port; 64]})));
    assert_eq!((verdict, message.chars().count()), (Verdict::Failed, 1000));
    assert!(message.ends_with(" … There is more: correct these first, and check again."), "{message}");
}

#[test]
fn every_defect_of_a_form_is_told_at_once_with_field_value_and_what_to_do() {
    let with = |change: Value| judged(merge(full(), change));
    let one = |part: &str, value: &str| {
        let mut port = full()["ports"][0].clone();
        port[part] = json!(value);
        json!({"ports": [port]})
    };
    let table = [
        (json!({"contact": {"email": "an@gmail.com"}}), "`spec.form.contact.email` is \"an@gmail.com\""),
        (json!({"contact": {"email": "đ@tinh.gov.vn"}}), "with plain letters only"),
        (
            json!({"contractors": [{"name": "B", "account": "b", "until": "2026-11-24"}]}),
            "of \"b\" is until \"2026-11-24\"",
        ),
        (one("port", "any"), "`spec.form.ports[0].port` is \"any\""),
        (one("port", "1-65535"), "`spec.form.ports[0].port`"),
        (one("port", "9-8"), "`spec.form.ports[0].port`"),
        (one("port", "70000"), "`spec.form.ports[0].port`"),
        (one("peer", "::/0"), "`spec.form.ports[0].peer` is \"::/0\""),
        (one("until", "2026-02-30"), "`spec.form.ports[0].until` is \"2026-02-30\""),
        (json!({"domains": ["https://x"]}), "`spec.form.domains` holds \"https://x\""),
        (json!({"currentAddresses": ["300.0.0.1"]}), "`spec.form.currentAddresses` holds \"300.0.0.1\""),
        (json!({"startDate": "2026-02-30"}), "`spec.form.startDate` is \"2026-02-30\""),
        (json!({"cutOver": {"day": "2026-12-02"}}), "give 2026-12-03 or later"),
        (
            json!({"logs": {"keepDays": 7}}),
            "`spec.form.logs.keepDays` is 7; level 1 keeps logs at least 30 days: NĐ 331/2026",
        ),
        (json!({"reuse": null}), "Field 27 (Reuse and cloud-first answers)"),
        (json!({"undertaking": null}), "Field 32 (Undertaking)"),
    ];
    let mut everything = full();
    for (change, part) in table {
        let (result, message) = with(change.clone());
        assert!(result == Verdict::Failed && message.contains(part), "{part}: {message}");
        everything = merge(everything, change);
    }
    let (_, message) = judged(everything);
    for part in [
        "contact.email",
        "contractors",
        "ports[0].until",
        "domains",
        "currentAddresses",
        "startDate",
        "cutOver",
        "keepDays",
        "Field 27",
        "Field 32",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(with(json!({"cutOver": {"day": "2026-12-03"}})).0, Verdict::Passed, "seven working days");
}

/// Every key and every word of a value.
fn parts(value: &Value, keys: &mut BTreeSet<String>, words: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            keys.insert(key.clone());
            parts(value, keys, words);
        }),
        Value::Array(list) => list.iter().for_each(|value| parts(value, keys, words)),
        Value::String(text) => drop(words.insert(text.clone())),
        _ => {}
    }
}

#[test]
fn what_is_printed_has_vietnamese_words_for_every_part_and_choice() {
    let mut keys = BTreeSet::new();
    for field in full().as_object().unwrap().values() {
        parts(field, &mut keys, &mut BTreeSet::new());
    }
    let without: Vec<&String> = keys.iter().filter(|key| label(key).is_none()).collect();
    assert_eq!(without, Vec::<&String>::new());
    for action in ACTIONS {
        assert!(word(&format!("{action:?}")).is_some(), "{action:?}");
    }
    for kind in EnvironmentKind::ALL {
        assert!(word(&format!("{kind:?}")).is_some(), "{kind:?}");
    }
}

#[test]
fn the_page_shows_every_field_escapes_what_people_typed_and_carries_the_hash() {
    let hostile = "</td><script>alert(1)</script>";
    let paper = onboarding(json!({"spec": {"form": full(), "justification": hostile}}));
    let known = Prefilled { values: vec![(1, "Sở Y tế".into())] };
    let page = html(&paper.spec, &known, "abc123");
    for field in &FIELDS {
        assert!(page.contains(&format!("<tr><td>{}</td>", field.number)), "{}", field.number);
    }
    assert!(page.contains("<html lang=\"vi\">") && page.contains("PHIẾU ĐỀ NGHỊ CẤP TÀI NGUYÊN"));
    assert!(page.contains("Sở Y tế") && page.contains("abc123") && page.contains("vận hành chính thức"));
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
}

/// Every value of a paper that is a text or a number, wherever it stands.
fn values(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|v| values(v, found)),
        Value::Array(list) => list.iter().for_each(|v| values(v, found)),
        Value::Null => {}
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

#[test]
fn the_page_shows_everything_that_the_hash_covers() {
    let paper = onboarding(json!({"spec": {
        "form": full(), "revision": 7,
        "supersedes": {"name": "earlier", "uid": "uid-earlier"},
        "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-environment"},
        "environment": {"requestedPrefix": "3fff:a10:1100:100::/56"},
        "system": {"code": "IS-77", "formerOwners": [{"agencyRef": {"name": "ag-09"}, "from": "2020-01-01", "to": "2025-02-28"}]},
    }}));
    let page = html(&paper.spec, &Prefilled::default(), "abc123");
    let mut all = Vec::new();
    values(&serde_json::from_str(&content(&paper.spec)).unwrap(), &mut all);
    let shown = |text: &String| page.contains(text.as_str()) || word(text).is_some_and(|word| page.contains(word));
    assert_eq!(all.iter().filter(|text| !shown(text)).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(page.contains("Nội dung khác của hồ sơ") && page.contains("environmentRef.uid"), "{page}");
}

#[test]
fn the_document_carries_the_hash_and_its_bytes_follow_from_the_paper_alone() {
    let hostile = "</w:t><script>";
    let paper =
        |with: Value| onboarding(json!({"spec": merge(json!({"form": full(), "justification": hostile}), with)}));
    let bytes = |with: Value| docx(&paper(with).spec, &Prefilled::default(), "abc123").unwrap();
    let document = bytes(json!({}));
    assert_eq!(bytes(json!({})), document);
    assert_ne!(bytes(json!({"justification": "Khác."})), document);
    let text = String::from_utf8_lossy(&document);
    assert!(text.starts_with("PK") && text.contains("Độc lập - Tự do - Hạnh phúc") && text.contains(">abc123<"));
    assert!(!text.contains(hostile) && text.contains("&lt;/w:t&gt;&lt;script&gt;"));
}

#[test]
fn what_somebody_wrote_is_shown_as_written_even_if_it_is_a_word_of_a_list() {
    let paper = onboarding(json!({"spec": {"system": {"displayName": "Internet"}, "form": {"function": "Change"}}}));
    let page = html(&paper.spec, &Prefilled::default(), "abc123");
    assert!(page.contains("<td>Internet</td>") && page.contains("Change"), "{page}");
}

#[test]
fn the_content_that_is_signed_does_not_depend_on_letter_sender_earlier_submission_or_order() {
    let paper = |with: Value| content(&onboarding(json!({"spec": with})).spec);
    let letter = json!({"issuer": "Sở Y tế", "number": "1/SYT", "date": "2026-11-20", "signer": "A"});
    let same = paper(json!({"letter": letter, "requestId": "x", "requester": {"username": "somebody"}}));
    assert_eq!(paper(json!({})), same);
    // A returned dossier is printed and signed before `create --supersedes` names what it succeeds.
    assert_eq!(paper(json!({"supersedes": {"name": "onb-returned", "uid": "u"}})), same);
    assert_ne!(paper(json!({"justification": "Khác."})), same);
    assert_ne!(paper(json!({"environment": {"classRef": {"name": "m"}}})), same);
}
