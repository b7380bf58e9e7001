//! A21: exposure over IPv4 only is an exception with a reason and a last day; it is granted by people, told and counted.

use std::sync::Arc;

use berth_crds::condition::Is;
use berth_crds::environment::{DeployAccount, Exposure, Ipv4Exception, Stage};
use berth_crds::onboarding::{CheckResult, Outcome, Verdict};
use berth_crds::{Environment, EnvironmentSpec, Onboarding, Reason};
use berth_plan::admit;
use berth_plan::checks::{self, Overall, all, overall};
use berth_plan::dossier::clock::Clocks;
use berth_plan::dossier::print::{Prefilled, html};
use berth_plan::ipv4::{Counted, count, told};
use serde_json::{Value, json};

use crate::world::*;

/// An exception of the usual reason.
fn until(day: &str) -> Value {
    json!({"ipv4Only": {"reason": "Thiết bị đầu cuối cũ.", "until": day}})
}

fn asked(environment: Value) -> Onboarding {
    onboarding(json!({"spec": {"environment": environment}}))
}

fn exposed(with: Value) -> Onboarding {
    asked(merge(json!({"exposure": ["Internet"]}), with))
}

/// A change of `aaaaaa-prod`.
fn change(with: Value) -> Onboarding {
    onboarding(json!({"spec": {
        "action": "Change", "system": null, "revision": 1, "environment": with,
        "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"}
    }}))
}

fn judged(paper: &Onboarding) -> (CheckResult, Overall) {
    let (profile, register) = (profile(json!({})), register());
    let results = all(&subject(paper, "ag-62", &profile, &register, &[]));
    (results.iter().find(|r| r.id == "ipv4").unwrap().clone(), overall(&results))
}

#[test]
fn an_exception_for_ipv4_only_without_a_last_day_to_come_is_a_defect_that_names_the_field() {
    let no_reason = json!({"ipv4Only": {"reason": " ", "until": "2027-06-30"}});
    let table = [
        (
            exposed(until("2026-11-24")),
            "`spec.environment.ipv4Only.until` is \"2026-11-24\"; give a last day after 2026-11-24.",
        ),
        (
            exposed(until("2020-01-01")),
            "`spec.environment.ipv4Only.until` is \"2020-01-01\"; give a last day after 2026-11-24.",
        ),
        (
            exposed(until("2027-02-30")),
            "`spec.environment.ipv4Only.until` is \"2027-02-30\"; give a last day after 2026-11-24.",
        ),
        (
            exposed(json!({"ipv4Only": {"reason": "Thiết bị cũ."}})),
            "`spec.environment.ipv4Only.until` is missing; an exception ends: give its last day.",
        ),
        (exposed(no_reason), "`spec.environment.ipv4Only.reason` must not be empty."),
        (
            asked(until("2027-06-30")),
            "`spec.environment.ipv4Only` is an exception for what is exposed, and nothing is; name `exposure`, or leave it out.",
        ),
        (
            change(until("2027-06-30")),
            "`spec.environment.ipv4Only` is an exception for what is exposed, and nothing is; name `exposure`, or leave it out.",
        ),
    ];
    for (paper, message) in table {
        let (check, overall) = judged(&paper);
        assert_eq!(
            (check.result, check.reason.as_str(), check.message.as_str()),
            (Verdict::Failed, "InvalidSpec", message)
        );
        assert_eq!((check.advice, overall), (checks::advice("ipv4"), Overall::Defective));
    }
}

#[test]
fn an_exception_that_ends_is_shown_to_whoever_approves_and_stops_nothing() {
    let (check, overall) = judged(&exposed(until("2027-06-30")));
    let numbers: Vec<String> = check.numbers.iter().map(|n| format!("{}={}", n.name, n.value)).collect();
    assert_eq!((check.result, check.reason.as_str(), overall), (Verdict::Warning, "Ipv4Excepted", Overall::Decidable));
    assert_eq!(
        check.message,
        "An exception is asked for, which whoever approves grants: exposed over IPv4 only until 2027-06-30, for 218 days, because: Thiết bị đầu cuối cũ."
    );
    assert_eq!(numbers, ["until=2027-06-30", "days=218"]);
    let both = change(merge(json!({"exposure": ["Internet"]}), until("2027-06-30")));
    assert_eq!(judged(&both).0.result, Verdict::Warning, "a change that exposes and excepts in one");
    assert_eq!(judged(&exposed(json!({}))).0.result, Verdict::Passed);
    let page = html(&exposed(until("2027-06-30")).spec, &Prefilled::default(), "abc123");
    let row = "<td>Internet<br>Ngoại lệ chỉ dùng IPv4: lý do: Thiết bị đầu cuối cũ.; đến ngày: 2027-06-30</td>";
    assert!(page.contains(row), "{page}");
}

#[test]
fn no_rule_grants_an_exception_by_itself() {
    let rule = json!({"name": "catalogue", "actions": ["New"], "highestLevel": 2, "classes": [{"name": "xs"}], "legalBasis": "[A]"});
    let (rules, register) = (profile(json!({"automatic": rule})), register());
    let paper = exposed(until("2027-06-30"));
    let covered = checks::covered(&subject(&paper, "ag-62", &rules, &register, &[]));
    assert_eq!(covered, Err("people grant an exception for IPv4 only".to_owned()));
}

/// The exception of the environment that an approved paper makes of `existing`.
fn admitted(paper: &Onboarding, existing: Option<&Environment>) -> Option<Ipv4Exception> {
    made(paper, existing).ipv4_only
}

/// The environment that an approved paper makes of `existing`.
fn made(paper: &Onboarding, existing: Option<&Environment>) -> EnvironmentSpec {
    let outcome: Outcome = of(json!({
        "result": "Approved", "priority": 5, "decisionUIDs": ["d"], "decidedAt": "2026-11-24T09:00:00Z",
        "recordedAt": "2026-11-24T09:00:00.000000Z",
        "granted": {"classRef": {"name": "xs"}, "quota": {"cpu": "2", "memory": "4Gi", "storage": "50Gi"}}
    }));
    let profile = profile(json!({}));
    let system = tenant("aaaaaa", json!({}));
    let admission = admit::admit(&admit::Input {
        onboarding: paper,
        outcome: &outcome,
        agency: "ag-62",
        plate: "aaaaaa",
        profile: &profile,
        site: "dc1",
        level: 1,
        day: today(),
        existing,
        system: Some(&system),
    });
    admission.unwrap().environment.spec
}

#[test]
fn a_change_opens_and_gives_what_it_names_and_leaves_what_it_does_not() {
    let of = |standing: Value, asked: Value| {
        let spec = made(&change(asked), Some(&environment("aaaaaa-prod", "Prod", standing)));
        (spec.exposure, spec.deploy_account)
    };
    let both = || vec![Exposure::Internet, Exposure::Tslcd];
    let open = json!({"exposure": ["Internet", "TSLCD"], "deployAccount": "PerNamespace"});
    assert_eq!(of(json!({}), json!({})), (vec![], DeployAccount::None));
    assert_eq!(of(json!({}), open.clone()), (both(), DeployAccount::PerNamespace));
    assert_eq!(of(open.clone(), json!({})), (both(), DeployAccount::PerNamespace));
    assert_eq!(of(open, json!({"exposure": ["TSLCD"]})), (vec![Exposure::Tslcd], DeployAccount::PerNamespace));
}

#[test]
fn what_is_approved_stands_in_the_environment_until_a_change_brings_another() {
    let exception = |day: &str| Some(of::<Ipv4Exception>(until(day)["ipv4Only"].clone()));
    assert_eq!(admitted(&exposed(until("2027-06-30")), None), exception("2027-06-30"));
    assert_eq!(admitted(&exposed(json!({})), None), None);
    let standing = prod(until("2027-06-30"));
    assert_eq!(
        admitted(&change(json!({})), Some(&standing)),
        exception("2027-06-30"),
        "another size says nothing of it"
    );
    assert_eq!(admitted(&change(until("2028-01-31")), Some(&standing)), exception("2028-01-31"));
}

fn prod(with: Value) -> Environment {
    environment("aaaaaa-prod", "Prod", merge(json!({"exposure": ["Internet"]}), with))
}

#[test]
fn an_exception_is_told_as_open_as_near_its_end_and_as_over_and_closes_nothing() {
    let calendar = register().calendar();
    let profile = profile(json!({"clocks": [{"step": "EndNotice", "days": 14, "unit": "Calendar", "source": "[A]"}]}));
    let clocks = Clocks { profile: &profile, calendar: &calendar };
    let of = |with: Value| told(&prod(with), &clocks, today());
    assert_eq!(of(json!({})), None);
    let open = "Over IPv4 only until 2026-12-09, because: Thiết bị đầu cuối cũ.";
    assert_eq!(of(until("2026-12-09")), Some((Is::True, Reason::Ipv4Excepted, open.to_owned())));
    let next = "make it reachable over IPv6, or ask for a `Change` with another exception.";
    for last in ["2026-12-08", "2026-11-24"] {
        let near = format!("Over IPv4 only until {last}, because: Thiết bị đầu cuối cũ. Before that day, {next}");
        assert_eq!(of(until(last)), Some((Is::True, Reason::Ipv4ExceptionEndsSoon, near)));
    }
    let over = format!("The exception was until 2026-11-23; nothing was closed: {next}");
    assert_eq!(of(until("2026-11-23")), Some((Is::False, Reason::Ipv4ExceptionOver, over)));
    // What the environment is to have does not depend on it.
    let planned = |with: Value| crate::desired::planned("aaaaaa-prod", "Prod", with);
    assert_eq!(planned(until("2026-11-23")), planned(json!({})));
}

#[test]
fn exceptions_are_counted_as_open_or_over_by_day_and_not_for_what_is_gone() {
    let mut gone = prod(merge(json!({"lifecycle": "Decommissioned"}), until("2027-06-30")));
    gone.status.get_or_insert_default().stage = Some(Stage::Removed);
    let stopped = prod(merge(json!({"lifecycle": "Suspended"}), until("2026-11-30")));
    let no_day = prod(json!({"ipv4Only": {"reason": "Thiết bị cũ."}}));
    let all = [prod(json!({})), prod(until("2026-11-24")), prod(until("2026-11-23")), stopped, no_day, gone];
    let counted = |on: &str| count(&all, day(on));
    assert_eq!(counted("2026-11-23"), Counted { open: 3, over: 1 });
    assert_eq!(counted("2026-11-24"), Counted { open: 2, over: 2 });
    assert_eq!(counted("2026-12-01"), Counted { open: 0, over: 4 });
    let shared: Vec<Arc<Environment>> = all.into_iter().map(Arc::new).collect();
    assert_eq!(count(shared.iter().map(AsRef::as_ref), day("2026-12-01")), Counted { open: 0, over: 4 });
}
