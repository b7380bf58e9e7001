//! The checks of a dossier among the agency's papers and against what is left (issue "The dossier", part 3; A28).

use std::sync::Arc;

use berth_crds::onboarding::{CheckResult, Verdict};
use berth_crds::{Agency, Onboarding, PolicyProfile};
use berth_plan::checks::{IDS, Overall, advice, all, overall, title, with_letter};
use berth_plan::register::Register;
use serde_json::{Value, json};
use unicode_normalization::is_nfc;

use crate::world::*;

/// Everything about one check: result, reason, message and numbers.
fn told(results: &[CheckResult], id: &str) -> (Verdict, String, String, Vec<String>) {
    let one = results.iter().find(|r| r.id == id).unwrap().clone();
    let numbers = one.numbers.iter().map(|n| format!("{}={}", n.name, n.value)).collect();
    (one.result, one.reason, one.message, numbers)
}

fn judge(with: Value, profile: &PolicyProfile, register: &Register, papers: &[Arc<Onboarding>]) -> Vec<CheckResult> {
    let onboarding = onboarding(with);
    all(&subject(&onboarding, "ag-62", profile, register, papers))
}

fn checked(with: Value) -> Vec<CheckResult> {
    judge(with, &profile(json!({})), &register(), &[])
}

#[test]
fn every_check_has_a_title_and_an_advice_in_both_languages() {
    let ids: Vec<String> = checked(json!({})).iter().map(|r| r.id.clone()).collect();
    assert_eq!(ids, IDS);
    for id in IDS {
        for words in [title(id).unwrap(), advice(id).unwrap()] {
            assert!(!words.vi.is_ascii() && is_nfc(&words.vi), "{id}: {:?}", words.vi);
            assert!(words.en.is_ascii() && !words.en.is_empty(), "{id}: {:?}", words.en);
        }
        assert!(advice(id).unwrap().vi.ends_with('.') && advice(id).unwrap().en.ends_with('.'), "{id}");
    }
    assert_eq!((title("nothing"), advice("nothing")), (None, None));
}

#[test]
fn only_what_is_not_in_order_carries_an_advice() {
    let results = checked(json!({"spec": {"justification": "", "environment": {"classRef": {"name": "nope"}}}}));
    let advised: Vec<&str> = results.iter().filter(|r| r.advice.is_some()).map(|r| r.id.as_str()).collect();
    assert_eq!(advised, ["complete", "references"]);
    assert_eq!(results.iter().find(|r| r.id == "complete").unwrap().advice, advice("complete"));
}

fn paper(name: &str, clock: &str, number: &str, with: Value) -> Arc<Onboarding> {
    let letter = json!({"issuer": "Sở Y tế", "number": number, "date": "2026-11-20", "signer": "Nguyễn Văn An"});
    let base = json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "creationTimestamp": format!("2026-11-24T{clock}:00Z")},
        "spec": {"letter": letter}
    });
    Arc::new(onboarding(merge(base, with)))
}

#[test]
fn a_letter_number_that_was_used_warns_the_later_request_and_stops_nothing() {
    let (profile, register) = (profile(json!({})), register());
    let first = paper("onb-1", "08:00", "12/SYT", json!({}));
    let later = paper("onb-2", "09:00", "12 / syt", json!({}));
    let other = paper("onb-3", "09:00", "13/SYT", json!({}));
    let papers = [first.clone(), later.clone(), other.clone()];
    let of = |paper: &Arc<Onboarding>| {
        let results = all(&subject(paper, "ag-62", &profile, &register, &papers));
        (told(&results, "letter").0, told(&results, "letter").1, overall(&results))
    };
    assert_eq!(of(&first), (Verdict::Passed, "Done".into(), Overall::Decidable));
    assert_eq!(of(&later), (Verdict::Warning, "DuplicateLetter".into(), Overall::Decidable));
    assert_eq!(of(&other).0, Verdict::Passed);
    // Within one second nobody can tell: both are warned, whatever their names and whoever was looked at first.
    let twin = paper("onb-0", "08:00", "12/SYT", json!({}));
    let pair = [first.clone(), twin.clone()];
    let warned = |paper| told(&all(&subject(paper, "ag-62", &profile, &register, &pair)), "letter").0;
    assert_eq!([warned(&first), warned(&twin)], [Verdict::Warning, Verdict::Warning]);
    // A resubmission keeps its letter.
    let back =
        paper("onb-4", "10:00", "12/SYT", json!({"spec": {"supersedes": {"name": "onb-1", "uid": "uid-onb-1"}}}));
    assert_eq!(told(&all(&subject(&back, "ag-62", &profile, &register, &[first])), "letter").0, Verdict::Passed);
}

#[test]
fn of_a_correction_and_another_request_with_its_number_whoever_is_looked_at_later_is_warned() {
    let (profile, register) = (profile(json!({})), register());
    let letter = json!({"issuer": "Sở Y tế", "number": "13/SYT", "date": "2026-11-20", "signer": "Nguyễn Văn An"});
    let corrected = json!({"status": {"letter": {"at": "2026-11-24T09:30:00Z", "document": letter}}});
    let corrected = paper("onb-1", "08:00", "12/SYT", corrected);
    let of = |name: &str, clock: &str, number: &str| paper(name, clock, number, json!({}));
    let warned = |mine: &Arc<Onboarding>, other: &Arc<Onboarding>| {
        let papers = [mine.clone(), other.clone()];
        told(&all(&subject(mine, "ag-62", &profile, &register, &papers)), "letter").0
    };
    // Seconds before the correction or after it, or hours: whoever came between was checked before it was on record, and
    // then it is the correction whose check must warn.
    for clock in ["09:00", "09:29", "09:30", "09:31", "10:00"] {
        let other = of("onb-2", clock, "13/SYT");
        let told = [warned(&corrected, &other), warned(&other, &corrected)];
        assert_eq!(told, [Verdict::Warning, Verdict::Warning], "submitted at {clock}");
    }
    assert_eq!(warned(&of("onb-4", "10:00", "12/SYT"), &corrected), Verdict::Passed, "nobody has that number any more");
}

#[test]
fn a_correction_makes_the_check_of_the_letter_anew_and_no_other() {
    let (profile, register) = (profile(json!({})), register());
    let used = paper("onb-0", "07:00", "13/SYT", json!({}));
    let first = paper("onb-1", "08:00", "12/SYT", json!({}));
    let papers = [used, first.clone()];
    let mut now = first.as_ref().clone();
    let before = all(&subject(&now, "ag-62", &profile, &register, &papers));
    let status = now.status.get_or_insert_default();
    status.checks = before.clone();
    let document = json!({"issuer": "Sở Y tế", "number": "13/SYT", "date": "2026-11-20", "signer": "Nguyễn Văn An"});
    status.letter = of(json!({"at": "2026-11-24T09:00:00Z", "document": document}));
    // Whatever else would be told otherwise by now is left as it was.
    now.spec.justification = String::new();
    let after = with_letter(&subject(&now, "ag-62", &profile, &register, &papers));
    let changed: Vec<&str> = before.iter().zip(&after).filter(|(a, b)| a != b).map(|(a, _)| a.id.as_str()).collect();
    assert_eq!((after.len(), changed), (before.len(), vec!["letter"]));
    assert_eq!((told(&after, "letter").0, told(&after, "letter").1), (Verdict::Warning, "DuplicateLetter".into()));
    assert_eq!(after.iter().find(|r| r.id == "letter").unwrap().advice, advice("letter"));
}

/// How a request ended.
fn ended(result: &str) -> Value {
    json!({"status": {"outcome": {"result": result, "decisionUIDs": ["d"], "decidedAt": "2026-11-13T02:00:00Z",
        "recordedAt": "2026-11-13T02:00:01.000000Z", "priority": 5}}})
}

#[test]
fn a_resubmission_names_one_returned_request_of_the_same_dossier() {
    let (profile, register) = (profile(json!({})), register());
    let again = |name: &str, clock: &str, with: Value| {
        paper(
            name,
            clock,
            "12/SYT",
            merge(json!({"spec": {"supersedes": {"name": "onb-1", "uid": "uid-onb-1"}}}), with),
        )
    };
    let of = |mine: &Arc<Onboarding>, papers: &[Arc<Onboarding>]| {
        told(&all(&subject(mine, "ag-62", &profile, &register, papers)), "chain")
    };
    let returned = paper("onb-1", "01:00", "12/SYT", ended("Returned"));
    let mine = again("onb-2", "09:00", json!({}));
    let (result, _, message, numbers) = of(&mine, std::slice::from_ref(&returned));
    assert_eq!(
        (result, numbers),
        (Verdict::Passed, vec!["returns=1".into(), "requester.days=11".into(), "requester.workingDays=7".into()]),
        "{message}"
    );
    let open = paper("onb-1", "01:00", "12/SYT", json!({}));
    let sibling = again("onb-0", "08:00", json!({}));
    let table = [
        (mine.clone(), vec![], "no request of this agency"),
        (
            again("onb-2", "09:00", json!({"spec": {"supersedes": {"uid": "another"}}})),
            vec![returned.clone()],
            "read its",
        ),
        (mine.clone(), vec![open], "which is not over"),
        (
            again("onb-2", "09:00", json!({"spec": {"system": {"code": "IS-78"}}})),
            vec![returned.clone()],
            "another dossier",
        ),
        (mine.clone(), vec![returned.clone(), sibling], "\"onb-0\" supersedes already"),
    ];
    for (mine, papers, part) in table {
        let (result, _, message, _) = of(&mine, &papers);
        assert!(result == Verdict::Failed && message.contains(part), "{part}: {message}");
    }
    // A paper that was refused for naming it, while it was open, took nobody's place.
    let early = again(
        "onb-0",
        "08:00",
        json!({"status": {"checks": [
            {"id": "chain", "result": "Failed", "reason": "InvalidSpec", "message": "It is not over."}
        ]}}),
    );
    assert_eq!(of(&mine, &[returned.clone(), early]).0, Verdict::Passed);
    // Within one second too there is exactly one.
    let papers = [returned, mine.clone(), again("onb-3", "09:00", json!({}))];
    assert_eq!([&papers[1], &papers[2]].map(|one| of(one, &papers).0), [Verdict::Passed, Verdict::Failed]);
}

#[test]
fn a_resubmission_is_about_the_same_system_and_the_same_environment_as_what_came_back() {
    let of = |action: &str, before: Value, now: Value| {
        let with = |asked: Value, base: Value| merge(base, json!({"spec": merge(asked, json!({"action": action}))}));
        let earlier = paper("onb-1", "01:00", "12/SYT", with(before, ended("Returned")));
        let again = json!({"spec": {"supersedes": {"name": "onb-1", "uid": "uid-onb-1"}}});
        let mine = paper("onb-2", "09:00", "12/SYT", with(now, again));
        told(&all(&subject(&mine, "ag-62", &profile(json!({})), &register(), &[earlier])), "chain").0
    };
    let (ours, theirs) = (json!({"tenantRef": {"name": "aaaaaa"}}), json!({"tenantRef": {"name": "bbbbbb"}}));
    for action in ["RecordLevel", "GoLive", "Transfer"] {
        assert_eq!(of(action, ours.clone(), ours.clone()), Verdict::Passed, "{action}");
        assert_eq!(of(action, theirs.clone(), ours.clone()), Verdict::Failed, "{action} of another system");
    }
    let another = |kind: &str| merge(ours.clone(), json!({"environment": {"kind": kind, "classRef": {"name": "xs"}}}));
    assert_eq!(of("AddEnvironment", another("Dev"), another("Dev")), Verdict::Passed);
    assert_eq!(of("AddEnvironment", another("Staging"), another("Dev")), Verdict::Failed);
}

#[test]
fn a_level_lower_than_the_data_suggest_warns_with_the_level_and_its_ground() {
    let hint = |kind: &str, at: Value, level: i64| json!({"dataKind": kind, "atLeast": at, "level": level, "legalBasis": format!("NĐ 331/2026 cho cấp độ {level}")});
    let mut rules =
        json!({"levelHints": [hint("Private", Value::Null, 2), hint("PersonalBasic", json!("Over100k"), 3)]});
    rules["levelHints"][0].as_object_mut().unwrap().remove("atLeast");
    let rules = profile(rules);
    let of = |kinds: &[&str], subjects: Value, level: i64| {
        let system = json!({"dataKinds": kinds, "dataSubjects": subjects, "level": level});
        let (result, reason, _, numbers) =
            told(&judge(json!({"spec": {"system": system}}), &rules, &register(), &[]), "plausible");
        (result, reason, numbers)
    };
    let passed = |numbers: &[&str]| {
        (Verdict::Passed, "Done".to_owned(), numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(of(&["Public"], Value::Null, 1), passed(&[]));
    assert_eq!(of(&["Private"], Value::Null, 2), passed(&["proposed.level=2", "asked.level=2"]));
    assert_eq!(of(&["PersonalBasic"], json!("From10kTo100k"), 1), passed(&[]));
    let numbers = vec!["proposed.level=3".to_owned(), "asked.level=2".to_owned()];
    let low = of(&["Private", "PersonalBasic"], json!("Over100k"), 2);
    assert_eq!(low, (Verdict::Warning, "LevelLow".into(), numbers));
}

#[test]
fn a_system_that_sounds_like_another_warns_and_names_it() {
    let of = |name: &str| told(&checked(json!({"spec": {"system": {"displayName": name}}})), "function");
    assert_eq!(of("Hệ thống một cửa").0, Verdict::Passed);
    let (result, reason, message, numbers) = of("Phần mềm Cổng DỊCH VỤ công");
    assert_eq!(
        (result, reason.as_str(), numbers),
        (Verdict::Warning, "DuplicateFunction", vec!["alike.percent=100".into()])
    );
    assert!(message.contains("sounds like \"Cổng dịch vụ công\", the tenant \"aaaaaa\"."), "{message}");
}

fn with_budget(cpu: &str, booked: &str) -> Register {
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "64Gi", "storage": "1Ti"});
    register_with(|register| {
        let mut of: Agency = register.agencies["ag-62"].as_ref().clone();
        of.spec.budget = serde_json::from_value(amounts(cpu)).ok();
        let held = json!([{"name": "aaaaaa-prod", "kind": "Environment",
            "resources": {"cpu": booked, "memory": "4Gi", "storage": "50Gi"}}]);
        of.status.get_or_insert_default().booked = serde_json::from_value(held).unwrap();
        register.agencies.insert("ag-62".into(), Arc::new(of));
        let mut site = register.sites["dc1"].as_ref().clone();
        let budget = json!([{"name": "ag-62", "kind": "Agency", "resources": amounts(cpu)}]);
        site.status.get_or_insert_default().booked = serde_json::from_value(budget).unwrap();
        register.sites.insert("dc1".into(), Arc::new(site));
    })
}

#[test]
fn what_is_left_is_told_in_numbers_and_what_is_not_there_waits_at_its_place() {
    let rules = profile(json!({}));
    let of =
        |register: &Register, papers: &[Arc<Onboarding>]| told(&judge(json!({}), &rules, register, papers), "headroom");
    let (result, _, _, numbers) = of(&register(), &[]);
    assert_eq!(result, Verdict::Passed);
    assert_eq!(numbers[..4], ["asked.cpu=2", "asked.memory=4Gi", "asked.storage=50Gi", "left.cpu=672"]);
    let waits = paper("onb-w", "08:00", "1/X", merge(ended("Approved"), json!({"metadata": {"name": "onb-w"}})));
    let (result, reason, message, numbers) = of(&with_budget("8", "7"), &[waits]);
    assert_eq!((result, reason.as_str()), (Verdict::Warning, "NoHeadroom"), "{message}");
    assert!(message.contains("the budget of ag-62") && numbers.contains(&"queue.place=2".to_owned()), "{numbers:?}");
    let (_, _, message, _) = of(&with_budget("1", "1"), &[]);
    assert!(message.contains("More is asked than the budget of ag-62 holds at all"), "{message}");
}

#[test]
fn a_request_that_waits_for_a_name_is_not_told_numbers_that_move() {
    let results = checked(json!({"spec": {"environment": {"classRef": {"name": "nope"}}}}));
    assert_eq!(overall(&results), Overall::Waiting);
    for id in ["headroom", "automatic"] {
        let (result, _, _, numbers) = told(&results, id);
        assert_eq!((result, numbers), (Verdict::Passed, vec![]), "{id}");
    }
}

#[test]
fn the_automatic_rule_says_because_of_what_or_which_test_fails() {
    let rule = |with: Value| {
        let base = json!({"name": "catalogue", "actions": ["New"], "highestLevel": 2, "classes": [{"name": "xs"}],
            "legalBasis": "[A]"});
        profile(json!({"automatic": merge(base, with)}))
    };
    let of = |rules: &PolicyProfile, register: &Register| {
        let (result, reason, message, _) = told(&judge(json!({}), rules, register, &[]), "automatic");
        assert_eq!(result, Verdict::Passed);
        (reason, message)
    };
    let (reason, message) = of(&rule(json!({})), &with_budget("8", "2"));
    assert_eq!(
        (reason.as_str(), message.as_str()),
        (
            "Automatic",
            "It would be approved automatically, because: Rule \
        \"catalogue\" covers it: level 1, class \"xs\"; the budget of ag-62 has 2 of 8 CPU and 4Gi of 64Gi memory booked."
        )
    );
    let budget = || with_budget("8", "2");
    let table = [
        (profile(json!({})), budget(), "the rule set has no automatic rule"),
        (rule(json!({"actions": ["AddEnvironment"]})), budget(), "rule \"catalogue\" does not cover action New"),
        (rule(json!({"classes": [{"name": "m"}]})), budget(), "rule \"catalogue\" does not cover class \"xs\""),
        (rule(json!({"highestLevel": 0})), budget(), "covers levels up to 0, the system has 1"),
        (rule(json!({})), register(), "ag-62 has no budget of its own"),
        (rule(json!({})), with_budget("8", "7"), "the budget of ag-62 has not enough cpu left"),
    ];
    for (rules, register, part) in table {
        let (reason, message) = of(&rules, &register);
        assert!(reason == "NotAutomatic" && message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_wished_prefix_that_is_taken_or_elsewhere_warns_that_another_is_chosen() {
    let wish = |prefix: &str| json!({"spec": {"environment": {"requestedPrefix": prefix}}});
    let numbered = register_with(|register| {
        let mut of = register.agencies["ag-62"].as_ref().clone();
        let status = of.status.get_or_insert_default();
        (status.prefix, status.further_prefixes) =
            (Some("3fff:a10:1100::/48".into()), vec!["3fff:a10:1101::/48".into()]);
        register.agencies.insert("ag-62".into(), Arc::new(of));
        let mut tenant = register.tenants["aaaaaa"].as_ref().clone();
        tenant.status.get_or_insert_default().prefix = Some("3fff:a10:1100:100::/56".into());
        register.tenants.insert("aaaaaa".into(), Arc::new(tenant));
    });
    let of = |prefix: &str| {
        let (result, _, message, _) = told(&judge(wish(prefix), &profile(json!({})), &numbered, &[]), "addresses");
        (result, message)
    };
    assert_eq!(of("3fff:a10:1100:200::/56").0, Verdict::Passed);
    assert!(of("3fff:a10:1100:100::/56").1.contains("is taken; another one"));
    assert_eq!(of("3fff:a10:1101:200::/56").0, Verdict::Passed, "a block by which the agency grew");
    let (result, message) = of("3fff:a10:2200::/56");
    assert!(result == Verdict::Warning && message.contains("the agency's block"), "{message}");
}
