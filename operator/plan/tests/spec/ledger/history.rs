//! Questions to the ledger and to the registers: by object, person, period; as of a day, as known at an instant.

use berth_crds::audit::{Act, AuditEntry, AuditObject};
use berth_plan::as_of;
use berth_plan::ledger::history::{self, Query};
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
        history::as_of(&entries, "Environment/aaaaaa-prod", day(on), known, &zone).and_then(|e| e.after.clone())
    };
    assert_eq!(cpu("2026-02-28", "2026-03-01"), Some("2".into()), "the report of 1 March stays what it was");
    assert_eq!(cpu("2026-02-28", "2026-03-11"), Some("8".into()), "today we know better");
    assert_eq!(cpu("2026-02-19", "2026-03-11"), Some("2".into()));
    assert_eq!(cpu("2026-01-04", "2026-03-11"), None);
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
