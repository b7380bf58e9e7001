//! Acts that wait for no paper: what is in force, until when, and what is said.

use std::sync::Arc;

use berth_crds::environment::Access;
use berth_crds::{ConditionType, Environment, Intervention, Tenant, condition};
use berth_plan::desired::access_allowed;
use berth_plan::intervention::{Input, Standing, standing};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use crate::desired::{plan_of, planned};
use crate::world::*;

const DAY: &str = "2026-11-24";

fn at(clock: &str) -> Timestamp {
    format!("{DAY}T{clock}:00Z").parse().unwrap()
}

fn act(what: &str, clock: &str, with: Value) -> Arc<Intervention> {
    let spec = json!({
        "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"}, "act": what, "reason": "Sự cố.",
        "by": {"username": "an"}
    });
    let mut act: Intervention = kind("Intervention", &format!("{what}-{clock}").to_lowercase(), merge(spec, with));
    act.metadata.creation_timestamp = Some(Time(at(clock)));
    Arc::new(act)
}

fn until(clock: &str) -> Value {
    json!({"until": at(clock).to_string()})
}

fn the_environment(with: Value) -> Environment {
    let mut environment = environment("aaaaaa-prod", "Prod", with);
    environment.metadata.creation_timestamp = Some(Time("2026-01-31T00:00:00Z".parse().unwrap()));
    environment
}

fn look(acts: &[Arc<Intervention>], papers: &[Timestamp], months: Option<i64>, now: Timestamp) -> Standing {
    standing(&Input {
        environment: &the_environment(json!({})),
        acts,
        papers,
        review_months: months,
        now,
        day_of: &|at| utc(&Time(at)),
    })
}

/// Type, status and reason of what is said, without the review.
fn said(standing: &Standing) -> Vec<String> {
    conditions(standing).into_iter().filter(|c| c.type_ != "AccessReviewed").map(short).collect()
}

fn short(c: Condition) -> String {
    format!("{}={} {}", c.type_, c.status, c.reason)
}

fn conditions(standing: &Standing) -> Vec<Condition> {
    let mut list = Vec::new();
    standing.tell(&mut list, Some(1), &Time(at("00:00")));
    list
}

#[test]
fn nothing_is_said_of_acts_that_nobody_made_or_that_were_on_another_object() {
    let other = json!({"environmentRef": {"name": "aaaaaa-prod", "uid": "another"}});
    for acts in [vec![], vec![act("Isolate", "01:00", other)]] {
        let seen = look(&acts, &[], None, at("02:00"));
        assert_eq!((said(&seen), seen.isolated, seen.held, seen.wake), (vec![], false, false, None));
        assert!(seen.turns(&[]).is_empty());
    }
}

#[test]
fn a_hold_ends_by_its_time_by_an_act_and_after_a_day_whatever_it_says() {
    let hold = act("Hold", "02:00", until("04:00"));
    let long = act("Hold", "02:00", json!({"until": "2027-01-01T00:00:00Z"}));
    let end = act("EndHold", "03:00", json!({}));
    let next_day = |clock: &str| format!("2026-11-25T{clock}:00Z").parse::<Timestamp>().unwrap();
    let cases = [
        (vec![hold.clone()], at("03:59"), true, Some(at("04:00"))),
        (vec![hold.clone()], at("04:00"), false, None),
        (vec![end.clone(), hold.clone()], at("03:30"), false, None),
        (vec![end, act("Hold", "03:10", until("05:00"))], at("03:30"), true, Some(at("05:00"))),
        (vec![long.clone()], next_day("01:59"), true, Some(next_day("02:00"))),
        (vec![long], next_day("02:00"), false, None),
    ];
    for (acts, now, held, wake) in cases {
        let seen = look(&acts, &[], None, now);
        let expected = if held { "Held=True Held" } else { "Held=False HoldEnded" };
        assert_eq!((seen.held, seen.wake, said(&seen)), (held, wake, vec![expected.to_owned()]), "{now}");
    }
}

#[test]
fn an_isolation_ends_by_an_act_alone_and_says_who_why_and_when_the_owner_must_know() {
    let isolate = act("Isolate", "02:00", json!({}));
    let late = "2027-11-24T00:00:00Z".parse().unwrap();
    let seen = look(std::slice::from_ref(&isolate), &[], None, late);
    let isolated = conditions(&seen).remove(0);
    assert_eq!(
        (seen.isolated, seen.wake, isolated.message.as_str()),
        (
            true,
            None,
            "Isolated: nothing gets in or out. By \"an\": Sự cố. Since 2026-11-24T02:00:00Z; it ends only by an act. Tell \
             the owner by 2026-11-24T06:00:00Z [A]."
        )
    );
    let ended = look(&[act("EndIsolation", "03:00", json!({})), isolate], &[], None, at("03:00"));
    assert_eq!((ended.isolated, said(&ended)), (false, vec!["Isolated=False IsolationEnded".to_owned()]));
    assert_eq!(ended.turns(&[isolated]).len(), 1, "what ends is told");
    assert!(ended.turns(&conditions(&ended)).is_empty(), "and told once");
}

#[test]
fn an_isolated_environment_has_a_deny_all_of_both_directions_and_no_other_policy_at_any_level() {
    let status =
        json!({"conditions": conditions(&look(&[act("Isolate", "02:00", json!({}))], &[], None, at("02:00")))});
    for level in [1, 3] {
        let mut environment = the_environment(json!({}));
        let before = plan_of(&environment, level).unwrap();
        environment.status = Some(of(status.clone()));
        let isolated = plan_of(&environment, level).unwrap();
        let policies = &isolated.namespaces[0].policies;
        let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
        let seen: Vec<_> = policies.iter().map(|p| (p.metadata.name.as_deref(), json!(p.spec))).collect();
        assert_eq!(seen, [(Some("berth-default-deny"), spec)], "level {level}");
        let rest = |d: &berth_plan::desired::Desired| {
            let mut d = d.clone();
            d.namespaces.iter_mut().for_each(|n| n.policies.clear());
            d
        };
        assert_eq!(rest(&isolated), rest(&before), "quota, accounts and access stay as they are");
    }
}

fn grant(clock: &str, with: Value) -> Arc<Intervention> {
    let access = json!({"access": {"subject": {"kind": "User", "name": "binh"}, "role": "Edit"}});
    act("Grant", clock, merge(access, with))
}

#[test]
fn an_emergency_grant_is_taken_back_after_three_days_at_the_latest_and_owes_a_paper() {
    let given = grant("02:00", until("10:00"));
    let long = grant("02:00", json!({"until": "2027-01-01T00:00:00Z"}));
    let third = "2026-11-27T02:00:00Z".parse::<Timestamp>().unwrap();
    let end = act("EndGrants", "03:00", json!({}));
    let running = "EmergencyAccess=True EmergencyGranted";
    let owed = "EmergencyAccess=False PaperOwed";
    let cases = [
        (vec![given.clone()], vec![], at("09:59"), 1, running, Some(at("10:00"))),
        (vec![given.clone()], vec![], at("10:00"), 0, owed, None),
        (vec![given.clone()], vec![at("01:59")], at("10:00"), 0, owed, None),
        (vec![given.clone()], vec![at("08:00")], at("10:00"), 0, "EmergencyAccess=False EmergencyEnded", None),
        (vec![given.clone(), end.clone()], vec![], at("03:00"), 0, owed, None),
        (vec![given, end, grant("04:00", until("05:00"))], vec![], at("04:30"), 1, running, Some(at("05:00"))),
        (vec![long.clone()], vec![], third, 0, owed, None),
        (vec![long], vec![], third - jiff::SignedDuration::from_secs(1), 1, running, Some(third)),
    ];
    for (acts, papers, now, granted, expected, wake) in cases {
        let seen = look(&acts, &papers, None, now);
        assert_eq!((seen.granted.len(), seen.wake), (granted, wake), "{acts:?} {now}");
        assert_eq!(said(&seen), [expected], "{acts:?} {now}");
    }
    let seen = look(&[grant("02:00", until("10:00"))], &[], None, at("03:00"));
    let environment = seen.with_grants(&the_environment(json!({})));
    let allowed = access_allowed(&environment, None, utc(&Time(at("03:00"))));
    let names: Vec<_> = allowed["berth-edit"].subjects.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["binh"]);
}

#[test]
fn the_access_list_is_due_for_review_by_level_from_the_beginning_or_the_last_confirmation() {
    let confirmed = act("ConfirmAccess", "02:00", json!({"reason": "Công văn 12/SYT"}));
    let say = |acts: &[Arc<Intervention>], months, now: &str| {
        let seen = look(acts, &[], months, now.parse().unwrap());
        let told = conditions(&seen).into_iter().find(|c| c.type_ == "AccessReviewed").unwrap();
        (format!("{} {}", told.status, told.reason), told.message, seen.review_due.map(|d| d.to_string()))
    };
    let due = |text: &str| Some(text.to_owned());
    let none = say(&[], None, "2026-11-24T00:00:00Z");
    assert_eq!((none.0.as_str(), none.2), ("Unknown NoReviewRule", None));
    // A month after 31 January is the last day of February.
    let first = say(&[], Some(1), "2026-02-28T23:00:00Z");
    assert_eq!((first.0.as_str(), first.2), ("True AccessReviewPending", due("2026-02-28")));
    let late = say(&[], Some(1), "2026-03-01T00:00:00Z");
    assert_eq!((late.0.as_str(), late.2), ("False AccessReviewDue", due("2026-02-28")));
    let (told, message, next) = say(&[confirmed], Some(3), "2026-11-30T00:00:00Z");
    assert_eq!((told.as_str(), next), ("True AccessConfirmed", due("2027-02-24")));
    assert_eq!(
        message,
        "The access list was confirmed in time. Last confirmed by \"an\" on 2026-11-24: Công văn 12/SYT. Next by \
         2027-02-24."
    );
}

#[test]
fn contractors_without_an_end_are_not_let_in_and_with_one_until_its_day() {
    let entry = |name: &str, expires: Option<&str>| -> Access {
        of(json!({"subject": {"kind": "Group", "name": name}, "role": "Edit", "expires": expires}))
    };
    let cases = [
        ("berth:ag-62:contractor", None, false),
        ("berth:contractor", None, false),
        ("berth:ag-62:contractor", Some("2026-11-24"), true),
        ("berth:ag-62:contractor", Some("2026-11-23"), false),
        ("berth:ag-62:requester", None, true),
        ("berth:ag-62:contractors", None, true),
    ];
    for (name, expires, bound) in cases {
        let mut environment = the_environment(json!({}));
        environment.spec.access = vec![entry(name, expires)];
        let tenant: Option<&Tenant> = None;
        let allowed = access_allowed(&environment, tenant, utc(&Time(at("12:00"))));
        assert_eq!(allowed.contains_key("berth-edit"), bound, "{name} {expires:?}");
    }
}

#[test]
fn no_account_mounts_a_token_and_the_one_for_deployments_edits_its_own_namespace() {
    let accounts = |with: Value| -> Vec<(String, Option<bool>)> {
        let plain = planned("aaaaaa-prod", "Prod", with);
        let all = plain.namespaces[0].accounts.iter();
        all.map(|a| (a.metadata.name.clone().unwrap(), a.automount_service_account_token)).collect()
    };
    assert_eq!(accounts(json!({})), [("default".to_owned(), Some(false))]);
    let both = [("default".to_owned(), Some(false)), ("berth-deploy".to_owned(), Some(false))];
    assert_eq!(accounts(json!({"deployAccount": "PerNamespace"})), both);
    let wanted = merge(crate::desired::zones(), json!({"deployAccount": "PerNamespace"}));
    let zoned = plan_of(&environment("aaaaaa-prod", "Prod", wanted), 3).unwrap();
    for n in &zoned.namespaces {
        let binding = n.access.iter().find(|b| b.metadata.name.as_deref() == Some("berth-deploy")).unwrap();
        let subject = json!([{"kind": "ServiceAccount", "name": "berth-deploy", "namespace": n.name}]);
        assert_eq!((json!(binding.subjects), binding.role_ref.name.as_str()), (subject, "berth-tenant-edit"));
    }
}

#[test]
fn an_act_that_comes_in_the_middle_of_a_pass_is_left_to_the_pass_that_tells_it() {
    let now = Time(at("03:00"));
    let before = look(&[], &[], None, at("02:00"));
    let after = look(&[act("Isolate", "02:30", json!({}))], &[], None, at("03:00"));
    let mut told = conditions(&before);
    after.keep(&mut told, None, &now);
    assert_eq!(condition::get(&told, ConditionType::Isolated), None);
    assert_eq!(after.turns(&told).len(), 1, "it is still to be told");
    after.tell(&mut told, None, &now);
    let (first, short) = (told.clone(), |all: &[Condition]| all.iter().cloned().map(short).collect::<Vec<_>>());
    after.keep(&mut told, Some(7), &now);
    assert_eq!(short(&told), short(&first));
    let isolated = condition::get(&told, ConditionType::Isolated).unwrap();
    assert_eq!(isolated.observed_generation, Some(7), "what stands is kept up to date");
}
