//! Letters and their corrections; what a decision changes of what was asked.

use berth_crds::Onboarding;
use berth_crds::common::{Document, NameRef, Resources};
use berth_crds::onboarding::Grant;
use berth_plan::dossier::difference::{Change, between, sentence};
use berth_plan::dossier::letter::{corrected, given, identity, in_force};
use serde_json::{Value, json};

use crate::world::*;

fn letter(issuer: &str, number: &str, date: &str) -> Document {
    Document {
        issuer: issuer.into(),
        number: number.into(),
        date: date.into(),
        signer: "Nguyễn Văn An".into(),
        ..Default::default()
    }
}

fn correction(n: u32, number: &str, effect: &str) -> std::sync::Arc<berth_crds::Decision> {
    let document = json!({"issuer": "Sở Y tế", "number": number, "date": "2026-11-20", "signer": "Trần Thị Bình"});
    let with = json!({"spec": {"document": document, "reason": "Ghi nhầm số."}, "status": {"effect": effect}});
    decision(&format!("requester.{n}"), "Correct", "lan", &format!("09:0{n}"), with)
}

#[test]
fn the_last_correction_that_counts_is_the_letter_in_force() {
    let first = json!({"issuer": "Sở Y tế", "number": "1/SYT", "date": "2026-11-20", "signer": "Nguyễn Văn An"});
    let mut paper = onboarding(json!({"spec": {"letter": first}}));
    let told = |paper: &Onboarding| (in_force(paper).map(|l| l.number.clone()), given(paper).cloned());
    assert_eq!(told(&paper), (Some("1/SYT".into()), Some(at("08:00"))));
    assert_eq!(corrected(&paper, &[]), None);
    let decisions =
        [correction(2, "3/SYT", "Effective"), correction(1, "2/SYT", "Effective"), correction(3, "4/SYT", "Void")];
    paper.status.get_or_insert_default().letter = corrected(&paper, &decisions);
    assert_eq!(told(&paper), (Some("3/SYT".into()), Some(at("09:02"))));
    assert_eq!(in_force(&paper).map(|l| l.signer.as_str()), Some("Trần Thị Bình"), "all of its data");
    let none = onboarding(json!({"spec": {"letter": Value::Null}}));
    assert_eq!(in_force(&none), None);
}

#[test]
fn a_letter_is_one_by_issuer_number_and_year_however_it_is_spelled() {
    let one = identity(&letter("Sở Y tế", "123/SYT-CNTT", "2026-03-02"));
    assert_eq!(one, identity(&letter("sở  y tế", " 123 / syt-cntt", "2026-12-31")));
    assert_ne!(one, identity(&letter("Sở Y tế", "123/SYT-CNTT", "2027-03-02")), "numbers begin anew each year");
    assert_ne!(one, identity(&letter("Sở Tư pháp", "123/SYT-CNTT", "2026-03-02")));
    assert_eq!(identity(&letter("Sở Y tế", "1", "2026-02-30")), None);
}

fn grant(class: &str, cpu: &str, memory: &str, objects: Option<&str>) -> Grant {
    let quota = Resources {
        cpu: cpu.into(),
        memory: memory.into(),
        storage: "100Gi".into(),
        object_storage: objects.map(Into::into),
        gpus: None,
    };
    Grant { class_ref: NameRef::to(class), quota }
}

#[test]
fn what_a_decision_changes_is_computed_as_numbers() {
    let asked = grant("m", "8", "32Gi", None);
    assert_eq!(between(&asked, &grant("m", "8000m", "32768Mi", None)), []);
    let changes = between(&asked, &grant("s", "4", "32Gi", Some("1Ti")));
    let change = |field, asked: &str, decided: &str| Change { field, asked: asked.into(), decided: decided.into() };
    assert_eq!(changes, [change("class", "m", "s"), change("cpu", "8", "4"), change("objectStorage", "0", "1Ti")]);
    assert_eq!(sentence(&changes), "class m → s, cpu 8 → 4, objectStorage 0 → 1Ti");
}
