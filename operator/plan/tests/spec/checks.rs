//! Checks of a request (design §3.2, the "Bad input", domain §6.2 invariant 8).

mod site;

use std::sync::Arc;

use berth_crds::Reason;
use berth_crds::onboarding::{CheckResult, Verdict};
use berth_plan::checks::{IDS, Overall, all, defects, overall};
use berth_plan::register::Register;
use serde_json::{Value, json};

use crate::world::*;

fn check_in(register: &Register, agency: &str, with: Value) -> Vec<CheckResult> {
    let profile = profile(json!({}));
    let onboarding = onboarding(with);
    all(&subject(&onboarding, agency, &profile, register, &[]))
}

fn check(with: Value) -> Vec<CheckResult> {
    check_in(&register(), "ag-62", with)
}

/// Everything that did not pass.
fn bad(results: &[CheckResult]) -> Vec<(&str, Verdict, &str, &str)> {
    let bad = results.iter().filter(|r| r.result != Verdict::Passed);
    bad.map(|r| (r.id.as_str(), r.result, r.reason.as_str(), r.message.as_str())).collect()
}

#[test]
fn a_request_in_order_passes_every_check_in_the_order_in_which_people_read_them() {
    let results = check(json!({}));
    let ids: Vec<&str> = results.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, IDS);
    assert_eq!((bad(&results), overall(&results)), (vec![], Overall::Decidable));
}

#[test]
fn each_bad_input_fails_one_named_check_that_says_field_value_and_what_to_do() {
    let environment = |with: Value| json!({"spec": {"environment": with}});
    let quota = |cpu: &str, memory: &str, storage: &str| json!({"spec": {"environment": {"quota": {"cpu": cpu, "memory": memory, "storage": storage}}}});
    let name = |text: &str| json!({"spec": {"system": {"displayName": text}}});
    let nfd = "So\u{31b}\u{309} Y te\u{302}\u{301}";
    let long = "x".repeat(301);
    let table: Vec<(&str, Value, &str, Vec<&str>)> = vec![
        (
            "size below zero",
            quota("-1", "1Gi", "1Gi"),
            "complete",
            vec!["spec.environment.quota", "\"-1\"", "`8` or `500m`"],
        ),
        (
            "size of zero",
            quota("1", "0", "1Gi"),
            "complete",
            vec!["spec.environment.quota.memory", "0", "ask for more"],
        ),
        ("no quantity", quota("1", "4 GB", "1Gi"), "complete", vec!["spec.environment.quota", "\"4 GB\"", "`32Gi`"]),
        ("half a quantity", quota("1", "1Gi", "1.5Gi"), "complete", vec!["`storage`", "\"1.5Gi\"", "`32Gi`"]),
        (
            "a stage without a last day",
            environment(json!({"kind": "Staging"})),
            "complete",
            vec!["`spec.environment.endDate` is missing", "Staging", "give its last day"],
        ),
        (
            "above the class",
            quota("3", "1Gi", "1Gi"),
            "class",
            vec!["spec.environment.quota.cpu", "\"xs\"", "ask for less"],
        ),
        (
            "end in the past",
            environment(json!({"endDate": "2026-11-23"})),
            "complete",
            vec!["spec.environment.endDate", "\"2026-11-23\"", "give a date after 2026-11-24"],
        ),
        (
            "30 February",
            environment(json!({"endDate": "2027-02-30"})),
            "complete",
            vec!["spec.environment.endDate", "\"2027-02-30\"", "give a date after"],
        ),
        ("not NFC", name(nfd), "complete", vec!["spec.system.displayName", "NFC", "normalise it"]),
        (
            "control character",
            name("Hệ\u{7} thống"),
            "complete",
            vec!["spec.system.displayName", "U+0007", "remove it"],
        ),
        (
            "text that runs backwards",
            name("Hệ\u{202e}thống"),
            "complete",
            vec!["spec.system.displayName", "U+202E", "remove it"],
        ),
        ("too long", name(&long), "complete", vec!["spec.system.displayName", "301", "300", "shorten it"]),
        (
            "empty",
            json!({"spec": {"justification": " \n"}}),
            "complete",
            vec!["spec.justification", "must not be empty"],
        ),
        (
            "letter of tomorrow",
            json!({"spec": {"letter": {"issuer": "Sở", "number": "1/CV", "date": "2026-11-25", "signer": "An"}}}),
            "complete",
            vec!["spec.letter.date", "\"2026-11-25\"", "not in the future"],
        ),
        (
            "runtime that the site lacks",
            environment(json!({"classRef": {"name": "vm"}})),
            "class",
            vec!["spec.environment.classRef.name", "\"vm\"", "choose another class"],
        ),
        (
            "parts of another action",
            json!({"spec": {"action": "Suspend"}}),
            "complete",
            vec!["spec.environmentRef", "Suspend", "spec.system", "spec.environment", "leave it out"],
        ),
        (
            "second system of a code",
            json!({"spec": {"system": {"code": "IS-01"}}}),
            "unique",
            vec!["spec.system.code", "\"IS-01\"", "`AddEnvironment`", "\"aaaaaa\""],
        ),
        (
            "second environment of a kind",
            json!({"spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": "aaaaaa"}}}),
            "unique",
            vec!["\"aaaaaa-prod\"", "exists already", "`Change`"],
        ),
        (
            "somebody else's system",
            json!({"spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": "bbbbbb"}}}),
            "ownership",
            vec!["another body", "\"ag-62\"", "its owner must ask"],
        ),
    ];
    for (case, with, id, words) in table {
        let results = check(with);
        let bad = bad(&results);
        assert_eq!(bad.iter().map(|b| (b.0, b.1)).collect::<Vec<_>>(), [(id, Verdict::Failed)], "{case}");
        for word in words {
            assert!(bad[0].3.contains(word), "{case}: no {word:?} in {:?}", bad[0].3);
        }
        assert_eq!(overall(&results), Overall::Defective, "{case}");
    }
}

#[test]
fn what_a_request_names_and_nobody_knows_is_waited_for() {
    let reason = Reason::MissingReference.as_str();
    let table = [
        (json!({"spec": {"environment": {"classRef": {"name": "nope"}}}}), "spec.environment.classRef.name", "class"),
        (json!({"spec": {"system": {"operatorRef": {"name": "nope"}}}}), "spec.system.operatorRef.name", "agency"),
        (
            json!({"spec": {"system": {"governingBodyRef": {"name": "nope"}}}}),
            "spec.system.governingBodyRef.name",
            "agency",
        ),
        (
            json!({"spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": "nope"}}}),
            "spec.tenantRef.name",
            "tenant",
        ),
    ];
    for (with, field, kind) in table {
        let results = check(with);
        let message = format!(
            "`{field}` names the {kind} \"nope\", which does not exist; correct the name, or have the {kind} registered: the request is then checked again."
        );
        assert_eq!(bad(&results), [("references", Verdict::Failed, reason, message.as_str())]);
        assert_eq!(overall(&results), Overall::Waiting);
    }
    let unknown = check_in(&register(), "ag-99", json!({}));
    assert_eq!(bad(&unknown), [("agency", Verdict::Failed, reason, "The agency \"ag-99\" does not exist.")]);
    assert_eq!(overall(&unknown), Overall::Waiting);
}

#[test]
fn all_defects_are_told_at_once() {
    let with = json!({"spec": {
        "justification": "", "system": {"displayName": "a\u{0}b", "code": "IS-01"},
        "environment": {"endDate": "2027-02-30", "quota": {"cpu": "99", "memory": "0", "storage": "0"}}
    }});
    let results = check(with);
    let ids: Vec<&str> = bad(&results).iter().map(|b| b.0).collect();
    assert_eq!(ids, ["complete", "class", "unique"]);
    let told = defects(&results);
    for field in [
        "spec.justification",
        "spec.system.displayName",
        "endDate",
        "quota.memory",
        "quota.storage",
        "quota.cpu",
        "spec.system.code",
    ] {
        assert!(told.contains(field), "no {field} in {told}");
    }
}

#[test]
fn the_law_refuses_state_secrets_and_level_five_with_its_basis_and_level_four_without_a_capable_site() {
    let secret = check(json!({"spec": {"system": {"dataKinds": ["Public", "StateSecret"]}}}));
    let five = check(json!({"spec": {"system": {"level": 5}}}));
    let four = check(json!({"spec": {"system": {"level": 4}}}));
    let refused = Reason::RefusedByLaw.as_str();
    for (results, id, words) in [
        (&secret, "law", vec!["spec.system.dataKinds", "StateSecret", "Luật 117/2025/QH15"]),
        (&five, "law", vec!["spec.system.level", "5", "NĐ 331/2026, cấp độ 5"]),
        (&four, "level", vec!["Level 4", "3", "highest level of the site"]),
    ] {
        let bad = bad(results);
        assert_eq!(bad.iter().map(|b| (b.0, b.1, b.2)).collect::<Vec<_>>(), [(id, Verdict::Refused, refused)]);
        assert!(words.iter().all(|word| bad[0].3.contains(word)), "{}", bad[0].3);
        assert_eq!(overall(results), Overall::Refused);
    }
    let capable = register_with(|r| drop(r.sites.insert("dc1".into(), Arc::new(site(json!({"highestLevel": 4}))))));
    for (level, expected) in
        [(1, Overall::Decidable), (3, Overall::Decidable), (4, Overall::Decidable), (5, Overall::Refused)]
    {
        let results = check_in(&capable, "ag-62", json!({"spec": {"system": {"level": level}}}));
        assert_eq!(overall(&results), expected, "level {level}");
    }
}

#[test]
fn a_body_that_is_no_longer_in_force_is_refused_and_its_successor_named() {
    let results = check_in(&register(), "ag-11", json!({}));
    let message = "Cơ quan ag-11 (ag-11) was in force until 2025-06-30; its successor asks: Cơ quan ag-62 (ag-62).";
    assert_eq!(bad(&results), [("agency", Verdict::Refused, Reason::NotInForce.as_str(), message)]);
    assert_eq!(overall(&results), Overall::Refused);
}

#[test]
fn a_change_names_the_uid_and_the_revision_that_it_was_written_against() {
    let change = |uid: &str, revision: i64, kind: &str| {
        json!({"spec": {"action": "Change", "system": null, "environmentRef": {"name": "aaaaaa-prod", "uid": uid},
            "revision": revision, "environment": {"kind": kind}}})
    };
    assert_eq!(overall(&check(change("uid-aaaaaa-prod", 1, "Prod"))), Overall::Decidable);
    for (with, word) in [
        (change("uid-of-the-one-before", 1, "Prod"), "spec.environmentRef.uid"),
        (change("uid-aaaaaa-prod", 0, "Prod"), "`spec.revision` is 0, the environment is at 1"),
        (change("uid-aaaaaa-prod", 1, "Dev"), "spec.environment.kind"),
    ] {
        let results = check(with);
        let bad = bad(&results);
        assert_eq!(bad.iter().map(|b| (b.0, b.1)).collect::<Vec<_>>(), [("current", Verdict::Failed)]);
        assert!(bad[0].3.contains(word), "{}", bad[0].3);
        assert_eq!(overall(&results), Overall::Defective);
    }
}

#[test]
fn a_change_says_beside_what_stands_all_that_it_changes_and_sends_a_last_day_to_its_own_act() {
    let change = |with: Value| {
        let environment = merge(json!({"kind": "Prod"}), with);
        check(json!({"spec": {"action": "Change", "system": null, "revision": 1, "environment": environment,
            "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"}}}))
    };
    let told = |results: &[CheckResult]| results.iter().find(|r| r.id == "consequences").unwrap().message.clone();
    let (grown, same) = (json!({"classRef": {"name": "m"}, "exposure": ["Internet", "TSLCD"]}), json!({}));
    assert_eq!(
        told(&change(grown)),
        "It changes: class xs → m, cpu 2 → 8, memory 4Gi → 32Gi, storage 50Gi → 500Gi, exposure none → Internet and TSLCD. \
         From outside it is reached by a Connection of its own, and not before it may operate."
    );
    let account = told(&change(json!({"deployAccount": "PerNamespace"})));
    assert_eq!(account, "It changes: deployAccount None → PerNamespace.");
    assert_eq!(told(&change(same)), "Nothing changes beyond what is asked.");
    let last = "`spec.environment.endDate` is not changed by action Change; leave it out, and ask for `Extend`.";
    for day in ["2027-12-31", "2020-01-01"] {
        let ended = change(json!({"endDate": day}));
        assert_eq!(bad(&ended), [("complete", Verdict::Failed, "InvalidSpec", last)]);
    }
}

#[test]
fn what_a_request_made_itself_is_no_duplicate_of_it() {
    let mine = json!({"metadata": {"uid": "uid-first"}, "spec": {"system": {"code": "IS-01"}}});
    assert_eq!(overall(&check(mine)), Overall::Decidable);
    let mine = json!({"metadata": {"uid": "uid-first"},
        "spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": "aaaaaa"}}});
    assert_eq!(overall(&check(mine)), Overall::Decidable);
}

#[test]
fn what_is_only_checked_has_no_uid_and_is_a_duplicate_of_what_was_entered_by_hand_all_the_same() {
    let by_hand = json!({"basis": {"type": "Direct", "reason": "Nhập lại sổ cũ.", "onboardingRef": null}});
    let known = register_with(|r| {
        r.tenants.insert("bbbbbb".into(), Arc::new(tenant("bbbbbb", merge(by_hand, json!({"code": "IS-88"})))));
    });
    let asked = check_in(&known, "ag-62", json!({"metadata": {"uid": null}, "spec": {"system": {"code": "IS-88"}}}));
    let told = "`spec.system.code` \"IS-88\" is the tenant \"bbbbbb\" already; ask for `AddEnvironment` with `tenantRef` \"bbbbbb\".";
    assert_eq!(bad(&asked), [("unique", Verdict::Failed, "AlreadyExists", told)]);
}

#[test]
fn the_gravest_result_decides_what_becomes_of_a_request() {
    let result = |result, reason: Reason| CheckResult {
        id: "x".into(),
        result,
        reason: reason.as_str().into(),
        ..CheckResult::default()
    };
    let passed = || result(Verdict::Passed, Reason::Done);
    let warning = || result(Verdict::Warning, Reason::CheckFailed);
    let missing = || result(Verdict::Failed, Reason::MissingReference);
    let failed = || result(Verdict::Failed, Reason::InvalidSpec);
    let refused = || result(Verdict::Refused, Reason::RefusedByLaw);
    let table = [
        (vec![], Overall::Decidable),
        (vec![passed(), warning()], Overall::Decidable),
        (vec![passed(), missing()], Overall::Waiting),
        (vec![missing(), failed()], Overall::Defective),
        (vec![failed(), missing(), refused()], Overall::Refused),
    ];
    for (results, expected) in table {
        assert_eq!(overall(&results), expected, "{results:?}");
        let backwards: Vec<_> = results.into_iter().rev().collect();
        assert_eq!(overall(&backwards), expected);
    }
}
