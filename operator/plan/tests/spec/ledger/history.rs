//! Questions to the ledger and to the registers: by object, person, period; as of a day, as known at an instant.

use berth_crds::audit::{Act, AuditEntry, AuditObject};
use berth_plan::as_of;
use berth_plan::ledger::history::{self, Query};
use berth_plan::ledger::{acts, canonical};
use serde_json::json;

use super::{all, instant};
use crate::world::*;

#[test]
fn a_request_is_found_with_its_decisions_and_a_person_with_their_acts() {
    let found = |query: Query| -> Vec<Act> { all().iter().filter(|e| query.finds(e)).map(|e| e.act).collect() };
    let object = |name: &str| found(Query { object: Some(name.into()), ..Query::default() });
    let of_request = [Act::Submitted, Act::Decided, Act::TookEffect, Act::Concluded, Act::HandedOver];
    assert_eq!(object("onb-a"), of_request);
    assert_eq!(object("onboarding/onb-a"), of_request);
    assert_eq!(object("Environment/aaaaaa-prod"), [Act::Registered]);
    assert_eq!(object("onb"), []);
    assert_eq!(found(Query { person: Some("minh".into()), ..Query::default() }), [Act::Decided]);
    assert_eq!(found(Query { from: Some(instant("10:01")), ..Query::default() }), []);
    assert_eq!(found(Query { until: Some(instant("10:00")), ..Query::default() }), []);
    assert_eq!(found(Query { until: Some(instant("10:01")), ..Query::default() }).len(), all().len());
}

#[test]
fn a_late_decision_does_not_rewrite_what_was_already_reported() {
    let entry = |effective: &str, recorded: &str, cpu: &str| AuditEntry {
        act: Act::Registered,
        object: AuditObject {
            kind: "Environment".into(),
            name: "aaaaaa-prod".into(),
            uid: "u".into(),
            namespace: None,
        },
        after: Some(cpu.into()),
        effective_at: effective.into(),
        recorded_at: recorded.into(),
        ..AuditEntry::default()
    };
    // On 10 March a decision of 20 February comes in, after the report of 1 March.
    let entries =
        [entry("2026-01-05T01:00:00Z", "2026-01-05T01:00:01Z", "2"), entry("2026-02-20", "2026-03-10T02:00:00Z", "8")];
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let cpu = |on: &str, known: &str| {
        let known = format!("{known}T00:00:00Z").parse().unwrap();
        history::as_of(&entries, "Environment/aaaaaa-prod", day(on), known, &zone).and_then(|e| e.after)
    };
    assert_eq!(cpu("2026-02-28", "2026-03-01"), Some("2".into()), "the report of 1 March stays what it was");
    assert_eq!(cpu("2026-02-28", "2026-03-11"), Some("8".into()), "today we know better");
    assert_eq!(cpu("2026-02-19", "2026-03-11"), Some("2".into()));
    assert_eq!(cpu("2026-01-04", "2026-03-11"), None);
}

/// A system whose level was asked for on 1 March: the system, its passing to another owner (10 March), the level's document
/// of 8 March, which arrives on the 15th; each with what the register showed before and after it.
fn passed_on_and_then_levelled() -> [AuditEntry; 3] {
    let state = |owner: &str, level: i64, basis: &str| {
        let spec = json!({"agencyRef": {"name": owner}, "basis": basis, "level": level, "name": "Một cửa"});
        canonical::text(&spec)
    };
    let states = [state("ag-11", 2, "New"), state("ag-62", 2, "Transfer"), state("ag-62", 3, "RecordLevel")];
    let entry = |n: usize, agency: &str, effective: &str, recorded: &str| AuditEntry {
        id: format!("e{n}"),
        act: Act::Registered,
        object: AuditObject { kind: "Tenant".into(), name: "aaaaaa".into(), uid: "u".into(), namespace: None },
        agency: Some(agency.into()),
        before: n.checked_sub(1).map(|before| states[before].clone()),
        after: Some(states[n].clone()),
        effective_at: effective.into(),
        recorded_at: format!("{recorded}T02:00:00Z"),
        ..AuditEntry::default()
    };
    [
        entry(0, "ag-11", "2026-01-05", "2026-01-05"),
        entry(1, "ag-62", "2026-03-10", "2026-03-10"),
        entry(2, "ag-62", "2026-03-08", "2026-03-15"),
    ]
}

/// Entry, agency, owner, level and basis of the system on a day.
fn told(entries: &[AuditEntry], on: &str, known: &str) -> Option<(String, String, String, i64, String)> {
    let known = format!("{known}T23:00:00Z").parse().unwrap();
    let found = history::as_of(entries, "Tenant/aaaaaa", day(on), known, &jiff::tz::TimeZone::UTC)?;
    let state: serde_json::Value = serde_json::from_str(&found.after.unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    assert_eq!(text(&state["name"]), "Một cửa", "what nobody changed is there");
    let level = state["level"].as_i64().unwrap();
    Some((found.id, found.agency.unwrap(), text(&state["agencyRef"]["name"]), level, text(&state["basis"])))
}

#[test]
fn a_late_decision_counts_from_its_day_on_and_brings_nothing_of_another_act_with_it() {
    let entries = passed_on_and_then_levelled();
    let on = |on: &str, known: &str| told(&entries, on, known);
    let is = |id: &str, agency: &str, level: i64, basis: &str| {
        Some((id.to_owned(), agency.to_owned(), agency.to_owned(), level, basis.to_owned()))
    };
    assert_eq!(on("2026-03-20", "2026-03-20"), is("e2", "ag-62", 3, "RecordLevel"), "as the register has it");
    assert_eq!(on("2026-03-10", "2026-03-20"), is("e2", "ag-62", 3, "RecordLevel"));
    assert_eq!(on("2026-03-09", "2026-03-20"), is("e2", "ag-11", 3, "RecordLevel"), "the owner was still the old one");
    assert_eq!(on("2026-03-07", "2026-03-20"), is("e0", "ag-11", 2, "New"));
    assert_eq!(on("2026-01-04", "2026-03-20"), None);
    // What was answered before it arrived stays the answer of that day.
    assert_eq!(on("2026-03-09", "2026-03-14"), is("e0", "ag-11", 2, "New"));
    assert_eq!(on("2026-03-14", "2026-03-14"), is("e1", "ag-62", 2, "Transfer"));
}

#[test]
fn what_an_act_changed_is_no_state_of_an_object_that_is_not_registered_yet() {
    let mut entries = passed_on_and_then_levelled();
    entries[0].effective_at = "2026-03-09".into();
    let ids = ["2026-03-08", "2026-03-09", "2026-03-10"].map(|on| told(&entries, on, "2026-03-20").map(|t| (t.0, t.3)));
    assert_eq!(ids, [None, Some(("e2".to_owned(), 3)), Some(("e2".to_owned(), 3))]);
    // Who sees only the later entries is told the last of them that counts, as it is.
    assert_eq!(told(&entries[1..], "2026-03-20", "2026-03-20").map(|t| t.0), Some("e2".to_owned()));
    assert_eq!(told(&entries[1..], "2026-03-09", "2026-03-20"), None);
}

#[test]
fn a_member_that_gave_way_to_its_hash_is_not_taken_for_changed() {
    let mut entries = passed_on_and_then_levelled();
    let mut state: serde_json::Value = serde_json::from_str(entries[2].after.as_deref().unwrap()).unwrap();
    state["agencyRef"] = acts::hashed(&state["agencyRef"]);
    entries[2].after = Some(canonical::text(&state));
    let owner = told(&entries, "2026-03-09", "2026-03-20").map(|t| t.2);
    assert_eq!(owner, Some("ag-11".to_owned()));
}

#[test]
fn an_object_that_is_removed_and_made_anew_is_another_one() {
    let [first, ..] = passed_on_and_then_levelled();
    let at = |day: &str| (day.to_owned(), format!("{day}T02:00:00Z"));
    let with = |act: Act, uid: &str, (effective_at, recorded_at): (String, String), id: &str| {
        let object = AuditObject { uid: uid.into(), ..first.object.clone() };
        AuditEntry { id: id.into(), act, object, effective_at, recorded_at, ..first.clone() }
    };
    // A writer takes down what it sees before what it misses: the new one comes first.
    let entries = [
        first.clone(),
        with(Act::Registered, "v", at("2026-02-01"), "new"),
        with(Act::Removed, "u", at("2026-02-01"), "gone"),
        with(Act::Removed, "v", at("2026-02-10"), "gone"),
    ];
    let on = ["2026-01-31", "2026-02-01", "2026-02-10"].map(|on| told(&entries, on, "2026-03-01").map(|t| t.0));
    assert_eq!(on, [Some("e0".to_owned()), Some("new".to_owned()), None]);
}

#[test]
fn owner_level_and_name_are_answered_as_of_a_day() {
    let tenant = tenant(
        "aaaaaa",
        json!({
            "owners": [{"agencyRef": {"name": "ag-11"}, "from": "2023-01-01", "to": "2025-06-30"},
                {"agencyRef": {"name": "ag-62"}, "from": "2025-07-01"}],
            "levels": [{"level": 2, "status": "Replaced", "inForce": {"from": "2023-01-01", "to": "2026-01-31"}},
                {"level": 3, "status": "Approved", "inForce": {"from": "2026-02-01"}},
                {"level": 4, "status": "Proposed", "inForce": {"from": "2026-03-01"}}]
        }),
    );
    let on = |text: &str| {
        let system = as_of::system(&tenant.spec, day(text));
        (system.owner, system.level)
    };
    let ag = |id: &str| Some(id.to_owned());
    assert_eq!(on("2022-12-31"), (None, None));
    assert_eq!(on("2025-06-30"), (ag("ag-11"), Some(2)));
    assert_eq!(on("2025-07-01"), (ag("ag-62"), Some(2)));
    assert_eq!(on("2026-03-02"), (ag("ag-62"), Some(3)), "a proposal is not a level");
    let agency = agency(
        "ag-62",
        json!({"names": [{"value": {"vi": "Sở cũ"}, "inForce": {"from": "2023-01-01", "to": "2025-06-30"}},
            {"value": {"vi": "Sở mới"}, "inForce": {"from": "2025-07-01"}}]}),
    );
    let name = |text: &str| as_of::name(&agency.spec, day(text)).map(|n| n.vi.clone());
    assert_eq!(["2022-01-01", "2025-06-30", "2025-07-01"].map(name), [None, ag("Sở cũ"), ag("Sở mới")]);
}
