//! The yearly security report (A25): twelve columns, exact enumerations, one row for each system, as of 14 December.

use std::sync::Arc;

use berth_crds::common::Bilingual;
use berth_crds::tenant::Measures;
use berth_crds::{Decision, Onboarding, Tenant};
use berth_plan::report::security::{Approval, Assessment, Body, Input, Row, data_year, last_day, rows};
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use crate::world::*;

fn province(time: &Time) -> Date {
    time.0.to_zoned(TimeZone::fixed(offset(7))).date()
}

fn report(on: &str, tenants: Vec<Tenant>, papers: &[Arc<Onboarding>], decisions: &[Arc<Decision>]) -> Vec<Row> {
    let named = |tenant: Tenant| (tenant.metadata.name.clone().unwrap(), Arc::new(tenant));
    let register = register_with(|register| register.tenants = tenants.into_iter().map(named).collect());
    rows(&Input { on: day(on), papers, decisions, register: &register, day_of: &province })
}

fn body(id: &str) -> Option<Body> {
    let name = Bilingual { vi: format!("Cơ quan {id}"), ..Bilingual::default() };
    Some(Body { id: id.into(), name })
}

fn approved(from: &str) -> Value {
    let decision = json!({"issuer": "UBND", "number": "77/QĐ-UBND", "date": from, "signer": "Trần Bình"});
    json!({"level": 3, "status": "Approved", "inForce": {"from": from}, "decision": decision, "regulation": "QC-01", "measures": "Full"})
}

fn permission(from: &str) -> Value {
    json!({"from": from, "level": 3, "onboardingRef": {"namespace": "agency-ag-62", "name": "go", "uid": "go"}})
}

/// A level dossier of the system, sent on a day.
fn dossier(on: &str, with: Value) -> Arc<Onboarding> {
    let asks = json!({
        "metadata": {"creationTimestamp": format!("{on}T02:00:00Z")},
        "spec": {"action": "RecordLevel", "tenantRef": {"name": "aaaaaa"}, "system": null, "environment": null,
            "level": {"level": 2, "regulation": "QC-02", "measures": "Some"}},
        "status": {"summary": {"state": "UnderAppraisal", "holder": "-", "since": "-", "due": "2026-12-21"}}
    });
    Arc::new(onboarding(merge(asks, with)))
}

/// How far the level of the one system is: level, approval, regulation, day that is expected, measures.
fn standing(rows: &[Row]) -> (i64, Approval, Option<&str>, Option<Date>, Measures) {
    let [row] = rows else { panic!("{rows:?}") };
    (row.level, row.approval, row.regulation.as_deref(), row.expected, row.measures)
}

#[test]
fn a_system_is_one_row_by_what_was_so_on_the_day() {
    let passes = json!({
        "agencyRef": {"name": "ag-71"},
        "owners": [
            {"agencyRef": {"name": "ag-62"}, "from": "2026-01-01", "to": "2026-11-30"},
            {"agencyRef": {"name": "ag-71"}, "from": "2026-12-01"}
        ],
        "governingBodies": [{"agencyRef": {"name": "ag-70"}, "from": "2026-01-01"}],
        "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2026-01-01", "to": "2026-12-09"}}, approved("2026-12-10")],
        "permissions": [permission("2026-12-12")]
    });
    let on = |day: &str| report(day, vec![tenant("aaaaaa", passes.clone())], &[], &[]);
    let [row] = on(&last_day(2026).to_string()).try_into().unwrap();
    let expected = Row {
        tenant: "aaaaaa".into(),
        name: Bilingual { vi: "Cổng dịch vụ công".into(), ..Bilingual::default() },
        owner: "ag-71".into(),
        governing_body: body("ag-70"),
        operator: body("ag-69"),
        level: 3,
        approval: Approval::Approved,
        decision: row.decision.clone(),
        regulation: Some("QC-01".into()),
        expected: None,
        measures: Measures::Full,
        complete_by: None,
        assessment: Some(Assessment::BeforeUse),
    };
    assert_eq!(row.decision.as_ref().map(|d| (d.number.as_str(), d.date.as_str())), Some(("77/QĐ-UBND", "2026-12-10")));
    assert_eq!(row, expected);
    let [before] = on("2026-11-30").try_into().unwrap();
    let seen = (before.owner.as_str(), before.level, before.approval, before.measures, before.assessment);
    assert_eq!(seen, ("ag-62", 1, Approval::Drafting, Measures::None, None));
    assert_eq!(on("2025-12-14"), [], "it was not known in the year before");
}

#[test]
fn a_data_year_goes_from_15_to_14_december() {
    let year = |text: &str| data_year(day(text));
    assert_eq!((year("2026-12-14"), year("2026-12-15"), year("2027-01-01")), (2026, 2027, 2027));
    assert_eq!(last_day(2026), day("2026-12-14"));
}

#[test]
fn the_approval_is_told_in_the_four_words_of_the_form() {
    let with = |papers: &[Arc<Onboarding>], decisions: &[Arc<Decision>]| {
        report("2026-12-14", vec![tenant("aaaaaa", json!({}))], papers, decisions)
    };
    assert_eq!(standing(&with(&[], &[])), (1, Approval::Drafting, None, None, Measures::None));
    let sent = || dossier("2026-12-01", json!({}));
    let due = Some(day("2026-12-21"));
    let asked = |approval| (2, approval, Some("QC-02"), due, Measures::Some);
    assert_eq!(standing(&with(&[sent()], &[])), asked(Approval::Sent));
    let yes = |on: &str, verdict: &str| {
        decision(
            "appraiser.1",
            verdict,
            "minh",
            "09:00",
            json!({"metadata": {"creationTimestamp": format!("{on}T02:00:00Z")}}),
        )
    };
    assert_eq!(standing(&with(&[sent()], &[yes("2026-12-10", "Approve")])), asked(Approval::Appraised));
    assert_eq!(standing(&with(&[sent()], &[yes("2026-12-10", "Return")])), asked(Approval::Sent));
    // What came after the day is not known on it.
    assert_eq!(standing(&with(&[sent()], &[yes("2026-12-15", "Approve")])), asked(Approval::Sent));
    let later = dossier("2026-12-15", json!({}));
    assert_eq!(standing(&with(&[later], &[])), (1, Approval::Drafting, None, None, Measures::None));
    let outcome = |on: &str| {
        json!({"status": {"outcome": {"result": "Approved", "decidedAt": format!("{on}T02:00:00Z"),
        "recordedAt": format!("{on}T02:00:01.000000Z"), "priority": 5}}})
    };
    assert_eq!(standing(&with(&[dossier("2026-12-01", outcome("2026-12-20"))], &[])), asked(Approval::Sent));
    assert_eq!(
        standing(&with(&[dossier("2026-12-01", outcome("2026-12-10"))], &[])),
        (1, Approval::Drafting, None, None, Measures::None),
        "a dossier that was ended says nothing any more: the register does"
    );
    // A level that the register calls under appraisal is not approved, whether its dossier is read or not.
    let levels = json!({"levels": [{"level": 2, "status": "UnderAppraisal", "inForce": {"from": "2026-01-01"}}]});
    let found = report("2026-12-14", vec![tenant("aaaaaa", levels)], &[], &[]);
    assert_eq!(standing(&found), (2, Approval::Sent, None, None, Measures::None));
    // An approved level stands, whatever is asked for next.
    let approved = tenant("aaaaaa", json!({"levels": [approved("2026-03-02")]}));
    let found = report("2026-12-14", vec![approved], &[sent()], &[]);
    assert_eq!(standing(&found), (3, Approval::Approved, Some("QC-01"), None, Measures::Full));
}

#[test]
fn when_the_measures_are_complete_is_told_by_the_record_or_the_dossier_and_never_guessed() {
    let told = |levels: Value, papers: &[Arc<Onboarding>]| {
        let [row] = report("2026-12-14", vec![tenant("aaaaaa", levels)], papers, &[]).try_into().unwrap();
        (row.measures, row.complete_by)
    };
    let by = |day: &str| json!({"measuresBy": day});
    let record = |with: Value| json!({"levels": [merge(approved("2026-03-02"), with)]});
    let some = json!({"measures": "Some"});
    assert_eq!(told(record(some.clone()), &[]), (Measures::Some, None), "nobody said");
    let said = merge(some, by("2027-06-30"));
    assert_eq!(told(record(said.clone()), &[]), (Measures::Some, Some(day("2027-06-30"))));
    assert_eq!(told(record(by("2027-06-30")), &[]), (Measures::Full, None), "they are in place");
    let sent = dossier("2026-12-01", json!({"spec": {"level": by("2027-03-31")}}));
    assert_eq!(told(json!({}), std::slice::from_ref(&sent)), (Measures::Some, Some(day("2027-03-31"))));
    assert_eq!(told(record(said), &[sent]), (Measures::Some, Some(day("2027-06-30"))), "the record, once there is one");
}

#[test]
fn a_second_permission_is_a_periodic_check_and_what_has_left_is_in_no_later_report() {
    let twice = json!({"permissions": [permission("2026-03-02"), permission("2027-03-02")]});
    let on = |day: &str| report(day, vec![tenant("aaaaaa", twice.clone())], &[], &[])[0].assessment;
    assert_eq!((on("2026-12-14"), on("2027-12-14")), (Some(Assessment::BeforeUse), Some(Assessment::Periodic)));
    let mut gone = tenant("bbbbbb", json!({"code": "IS-00"}));
    gone.status.get_or_insert_default().left = Some(at("09:00"));
    let plates = |on: &str| -> Vec<String> {
        let all =
            vec![tenant("aaaaaa", json!({"code": "IS-02"})), gone.clone(), tenant("cccccc", json!({"code": "IS-01"}))];
        report(on, all, &[], &[]).into_iter().map(|row| row.tenant).collect()
    };
    assert_eq!(plates("2026-11-23"), ["bbbbbb", "cccccc", "aaaaaa"], "by code");
    assert_eq!(plates("2026-11-24"), ["cccccc", "aaaaaa"], "gone since that day");
}
