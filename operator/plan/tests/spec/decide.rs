//! Which Decisions count, and the outcome that they make (design §2 Decision, §3; domain §6.2 invariant 13).

use std::sync::Arc;

use berth_crds::common::{NameRef, Resources};
use berth_crds::decision::{Effect, SignerRole};
use berth_crds::onboarding::{Grant, OutcomeResult};
use berth_crds::{Decision, Onboarding, PolicyProfile, Reason};
use berth_plan::decide::{Case, Judged, Made, weigh};
use berth_plan::register::Register;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

/// A case with everything in its usual place.
#[derive(Debug)]
pub struct Setup {
    pub onboarding: Onboarding,
    pub profile: PolicyProfile,
    pub signers: Vec<SignerRole>,
    pub register: Register,
    pub booked: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            onboarding: onboarding(json!({})),
            profile: profile(json!({})),
            signers: vec![SignerRole::Approver],
            register: register(),
            booked: false,
        }
    }
}

impl Setup {
    pub fn weigh(&self, decisions: &[Arc<Decision>]) -> (Vec<Judged>, Option<Made>) {
        weigh(&Case {
            onboarding: &self.onboarding,
            decisions,
            profile: &self.profile,
            signers: &self.signers,
            register: &self.register,
            day: today(),
            day_of: &utc,
            booked: self.booked,
        })
    }

    /// What each Decision comes to, as `<role>.<n> <reason>`, and how the request ends.
    fn told(&self, decisions: &[Arc<Decision>]) -> (Vec<String>, Option<OutcomeResult>) {
        let (judged, made) = self.weigh(decisions);
        (judged.iter().map(|j| format!("{} {}", short(&j.name), j.reason.as_str())).collect(), made.map(|m| m.result))
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix("onb-a.").unwrap()
}

/// The Decisions with what was judged written into their status, as the operator does.
fn recorded(decisions: &[Arc<Decision>], judged: &[Judged]) -> Vec<Arc<Decision>> {
    let with = |d: &Arc<Decision>| {
        let mut d = d.as_ref().clone();
        if let Some(j) = judged.iter().find(|j| Some(&j.name) == d.metadata.name.as_ref()) {
            d.status.get_or_insert_default().effect = Some(j.effect);
        }
        Arc::new(d)
    };
    decisions.iter().map(with).collect()
}

fn effect(is: &str) -> Value {
    json!({"status": {"effect": is}})
}

fn granted(class: &str, cpu: &str) -> Value {
    json!({"spec": {"granted": {"classRef": {"name": class}, "quota": {"cpu": cpu, "memory": "4Gi", "storage": "50Gi"}}}})
}

fn xs(cpu: &str) -> Option<Grant> {
    let quota =
        Resources { cpu: cpu.into(), memory: "4Gi".into(), storage: "50Gi".into(), object_storage: None, gpus: None };
    Some(Grant { class_ref: NameRef::to("xs"), quota })
}

#[test]
fn an_approval_by_the_one_signer_grants_what_was_asked() {
    let approval = decision("approver.1", "Approve", "minh", "09:00", json!({}));
    let made = Made {
        result: OutcomeResult::Approved,
        decision_uids: vec!["uid-approver.1".into()],
        granted: xs("2"),
        decided_at: at("09:00"),
        priority: 5,
        message: "By minh as approver.".into(),
    };
    let judged = Judged { name: "onb-a.approver.1".into(), effect: Effect::Effective, reason: Reason::Effective };
    assert_eq!(Setup::default().weigh(&[approval]), (vec![judged], Some(made)));
}

#[test]
fn each_verdict_ends_the_request_as_it_says() {
    use OutcomeResult::{Approved, Rejected, Returned, Withdrawn};
    let table = [
        ("approver.1", "Approve", "minh", Some(Approved)),
        ("approver.1", "Return", "minh", Some(Returned)),
        ("approver.1", "Reject", "minh", Some(Rejected)),
        ("requester.1", "Withdraw", "lan", Some(Withdrawn)),
        ("requester.1", "Correct", "lan", None),
    ];
    for (name, verdict, by, end) in table {
        let told = Setup::default().told(&[decision(name, verdict, by, "09:00", json!({}))]);
        assert_eq!(told, (vec![format!("{name} Effective")], end), "{verdict}");
    }
}

#[test]
fn a_refusal_tells_who_why_and_on_which_legal_basis() {
    let why = json!({"spec": {"reason": "Trùng chức năng với IS-02", "legalBasis": "Luật CNTT Đ12"}});
    let (_, made) = Setup::default().weigh(&[decision("approver.1", "Reject", "minh", "09:00", why)]);
    let made = made.unwrap();
    assert_eq!(made.message, "By minh as approver: Trùng chức năng với IS-02 (Luật CNTT Đ12).");
    assert_eq!((made.granted, made.decision_uids), (None, vec!["uid-approver.1".to_owned()]));
}

#[test]
fn each_void_reason_is_given_for_what_it_says() {
    use OutcomeResult::{Approved, Rejected, Returned, Withdrawn};
    let approve = |with| decision("approver.1", "Approve", "minh", "10:00", with);
    let groups = |group: &str| json!({"spec": {"by": {"groups": [group]}}});
    let ended = |result, by: &[&str]| Setup { onboarding: decided(result, by), ..Setup::default() };
    let appraising = || Setup { signers: vec![SignerRole::Appraiser], ..Setup::default() };
    let appraise = |with| decision("appraiser.1", "Approve", "minh", "10:00", with);
    let table: Vec<(&str, Setup, Arc<Decision>, Reason)> = vec![
        ("already approved", ended(Approved, &["d"]), approve(json!({})), Reason::VoidAlreadyDecided),
        ("already rejected", ended(Rejected, &["d"]), approve(json!({})), Reason::VoidAlreadyDecided),
        ("already returned", ended(Returned, &["d"]), approve(json!({})), Reason::VoidAlreadyDecided),
        ("withdrawn", ended(Withdrawn, &["d"]), approve(json!({})), Reason::VoidWithdrawn),
        ("refused by law", ended(Rejected, &[]), approve(json!({})), Reason::VoidRefused),
        (
            "self approval",
            Setup::default(),
            decision("approver.1", "Approve", "lan", "10:00", json!({})),
            Reason::VoidSelfApproval,
        ),
        ("contractor", Setup::default(), approve(groups("berth:contractor")), Reason::VoidContractor),
        ("appraiser operates", appraising(), appraise(groups("berth:ag-69:appraiser")), Reason::VoidSameUnit),
        (
            "role does not sign",
            Setup::default(),
            decision("network.1", "Approve", "minh", "10:00", json!({})),
            Reason::VoidRole,
        ),
        (
            "number two first",
            Setup::default(),
            decision("approver.2", "Approve", "minh", "10:00", json!({})),
            Reason::VoidOutOfOrder,
        ),
        (
            "another uid",
            Setup::default(),
            approve(json!({"spec": {"onboardingRef": {"uid": "uid-of-the-one-before"}}})),
            Reason::VoidNoOnboarding,
        ),
        ("unknown class", Setup::default(), approve(granted("nope", "1")), Reason::VoidGrant),
    ];
    for (case, setup, decision, reason) in table {
        let (judged, made) = setup.weigh(std::slice::from_ref(&decision));
        let name = decision.metadata.name.clone().unwrap();
        assert_eq!(judged, [Judged { name, effect: Effect::Void, reason }], "{case}");
        assert_eq!(made, None, "a void Decision made an outcome: {case}");
    }
}

#[test]
fn a_grant_with_changes_lies_within_its_class_and_is_more_than_nothing() {
    let table = [
        ("xs", "1", Some("1")),
        ("xs", "2", Some("2")),
        ("xs", "500m", Some("500m")),
        ("xs", "3", None),
        ("xs", "2001m", None),
        ("xs", "0", None),
        ("xs", "-1", None),
        ("xs", "two", None),
        ("xxl", "1", None),
    ];
    for (class, cpu, grants) in table {
        let change = decision("approver.1", "ApproveWithChanges", "minh", "09:00", granted(class, cpu));
        let (judged, made) = Setup::default().weigh(&[change]);
        let reason = if grants.is_some() { Reason::Effective } else { Reason::VoidGrant };
        assert_eq!((judged[0].reason, made.and_then(|m| m.granted)), (reason, grants.and_then(xs)), "{class} {cpu}");
    }
}

#[test]
fn the_system_itself_may_decide_by_rule() {
    let auto = decision("approver.1", "Approve", "berth:auto", "09:00", json!({}));
    assert_eq!(Setup::default().told(&[auto]), (vec!["approver.1 Effective".into()], Some(OutcomeResult::Approved)));
}

#[test]
fn a_second_approval_is_void_whatever_its_number() {
    let first = decision("approver.1", "Approve", "minh", "09:00", json!({}));
    let second = decision("approver.2", "Approve", "hoa", "09:05", json!({}));
    let told = Setup::default().told(&[second, first]);
    let void = "approver.2 VoidAlreadyDecided".to_owned();
    assert_eq!(told, (vec!["approver.1 Effective".into(), void], Some(OutcomeResult::Approved)));
}

#[test]
fn a_number_counts_only_after_all_smaller_ones_exist_and_are_void() {
    let third = || decision("approver.3", "Approve", "minh", "10:00", json!({}));
    let earlier = |n: &str, is: &str| decision(&format!("approver.{n}"), "Approve", "lan", "09:00", effect(is));
    let table = [
        ("both void", vec![earlier("1", "Void"), earlier("2", "Void")], "Effective"),
        ("second missing", vec![earlier("1", "Void")], "VoidOutOfOrder"),
        ("first missing", vec![earlier("2", "Void")], "VoidOutOfOrder"),
        ("none there", vec![], "VoidOutOfOrder"),
    ];
    for (case, mut decisions, reason) in table {
        decisions.push(third());
        assert_eq!(Setup::default().told(&decisions).0, [format!("approver.3 {reason}")], "{case}");
    }
}

#[test]
fn numbers_of_one_role_say_nothing_about_another() {
    let setup = Setup { signers: vec![SignerRole::Approver, SignerRole::Network], ..Setup::default() };
    let void = decision("approver.1", "Approve", "lan", "09:00", effect("Void"));
    let network = decision("network.2", "Approve", "hoa", "10:00", json!({}));
    assert_eq!(setup.told(&[void, network]).0, ["network.2 VoidOutOfOrder"]);
}

#[test]
fn acts_of_the_requester_all_count_in_order_and_are_the_requesters_own() {
    let correct = |n: u32| decision(&format!("requester.{n}"), "Correct", "lan", &format!("09:0{n}"), json!({}));
    let withdraw = decision("requester.3", "Withdraw", "lan", "09:09", json!({}));
    let told = Setup::default().told(&[withdraw, correct(2), correct(1)]);
    let all = ["requester.1 Effective", "requester.2 Effective", "requester.3 Effective"].map(String::from);
    assert_eq!(told, (all.to_vec(), Some(OutcomeResult::Withdrawn)));
    let foreign = decision("requester.1", "Withdraw", "minh", "09:00", json!({}));
    assert_eq!(Setup::default().told(&[foreign]), (vec!["requester.1 VoidRole".into()], None));
}

#[test]
fn a_withdrawal_counts_until_headroom_is_booked() {
    use OutcomeResult::{Approved, Rejected, Returned, Withdrawn};
    let table = [
        ("undecided", None, false, "Effective", Some(Withdrawn)),
        // The outcome stands as it was written; the effective Withdraw is what the operator acts on.
        ("approved, waits for headroom", Some(Approved), false, "Effective", None),
        ("approved and booked", Some(Approved), true, "VoidAlreadyDecided", None),
        ("rejected", Some(Rejected), false, "VoidAlreadyDecided", None),
        ("returned", Some(Returned), false, "VoidAlreadyDecided", None),
        ("withdrawn", Some(Withdrawn), false, "VoidWithdrawn", None),
    ];
    for (case, outcome, booked, reason, end) in table {
        let onboarding = outcome.map_or_else(|| onboarding(json!({})), |o| decided(o, &["d"]));
        let setup = Setup { onboarding, booked, ..Setup::default() };
        let told = setup.told(&[decision("requester.1", "Withdraw", "lan", "10:00", json!({}))]);
        assert_eq!(told, (vec![format!("requester.1 {reason}")], end), "{case}");
    }
}

#[test]
fn an_approval_after_a_withdrawal_is_void() {
    let withdraw = decision("requester.1", "Withdraw", "lan", "09:00", json!({}));
    let approve = decision("approver.1", "Approve", "minh", "09:01", json!({}));
    let told = Setup::default().told(&[approve, withdraw]);
    let each = ["requester.1 Effective", "approver.1 VoidWithdrawn"].map(String::from);
    assert_eq!(told, (each.to_vec(), Some(OutcomeResult::Withdrawn)));
}

#[test]
fn two_roles_must_both_approve_and_the_first_no_ends_it() {
    let setup = || Setup { signers: vec![SignerRole::Approver, SignerRole::Network], ..Setup::default() };
    let approver = || {
        decision(
            "approver.1",
            "Approve",
            "minh",
            "09:00",
            json!({"spec": {"priority": {"class": 2, "reason": "khẩn"}}}),
        )
    };
    let network = |verdict| decision("network.1", verdict, "hoa", "10:00", json!({}));
    assert_eq!(setup().told(&[approver()]).1, None);
    assert_eq!(setup().told(&[network("Approve")]).1, None);
    assert_eq!(setup().told(&[approver(), network("Reject")]).1, Some(OutcomeResult::Rejected));
    let made = setup().weigh(&[network("Approve"), approver()]).1.unwrap();
    let expected = Made {
        result: OutcomeResult::Approved,
        decision_uids: vec!["uid-approver.1".into(), "uid-network.1".into()],
        granted: xs("2"),
        decided_at: at("10:00"),
        priority: 2,
        message: "By minh as approver, hoa as network.".into(),
    };
    assert_eq!(made, expected);
}

#[test]
fn what_one_role_changes_stays_changed_when_the_other_approves_as_it_is() {
    let setup = Setup { signers: vec![SignerRole::Approver, SignerRole::Network], ..Setup::default() };
    let less = decision("approver.1", "ApproveWithChanges", "minh", "09:00", granted("xs", "1"));
    let network = decision("network.1", "Approve", "hoa", "10:00", json!({}));
    assert_eq!(setup.weigh(&[less, network]).1.unwrap().granted, xs("1"));
}

#[test]
fn signing_by_document_compares_the_people_who_signed_the_papers() {
    let document =
        |signer: &str| json!({"issuer": "Sở KH&CN", "number": "12/QĐ", "date": "2026-11-20", "signer": signer});
    let setup = Setup {
        onboarding: onboarding(json!({"spec": {"letter": document("Nguyễn Văn An")}})),
        profile: profile(json!({"signing": "ByDocument"})),
        ..Setup::default()
    };
    let dated = |date: &str| merge(document("Trần Thị Bình"), json!({"date": date}));
    let by = |account: &str, document: Value| {
        decision("approver.1", "Approve", account, "09:00", json!({"spec": {"document": document}}))
    };
    let table = [
        ("another signer", by("minh", document("Trần Thị Bình")), "Effective"),
        ("the letter's own signer", by("minh", document("Nguyễn Văn An")), "VoidSelfApproval"),
        ("no document", by("minh", Value::Null), "VoidNoDocument"),
        ("a document of the future", by("minh", dated("2999-01-01")), "VoidLetter"),
        ("a document of no day", by("minh", dated("2026-02-30")), "VoidLetter"),
        ("the requester's account", by("lan", document("Trần Thị Bình")), "VoidSelfApproval"),
    ];
    for (case, decision, reason) in table {
        assert_eq!(setup.told(&[decision]).0, [format!("approver.1 {reason}")], "{case}");
    }
}

#[test]
fn an_appraiser_is_of_another_unit_than_the_operator_parents_included() {
    let setup = Setup { signers: vec![SignerRole::Appraiser], ..Setup::default() };
    let table = [
        ("ag-69", "VoidSameUnit"), // the operator itself
        ("ag-70", "VoidSameUnit"), // above it
        ("ag-72", "VoidSameUnit"), // below it
        ("ag-73", "Effective"),    // beside it: another unit of the same parent
        ("ag-71", "Effective"),    // apart from it
    ];
    for (unit, reason) in table {
        let groups = json!({"spec": {"by": {"groups": ["berth:appraiser", format!("berth:{unit}:appraiser")]}}});
        let told = setup.told(&[decision("appraiser.1", "Approve", "hoa", "09:00", groups)]);
        assert_eq!(told.0, [format!("appraiser.1 {reason}")], "{unit}");
    }
}

#[test]
fn an_appraiser_without_a_group_of_a_unit_is_of_the_agency_that_lists_them_or_of_the_unit_that_the_rule_set_names() {
    let listed_under = |profile: PolicyProfile, role: &str, kind: &str, name: &str| {
        let member = json!({
            "members": [{"subject": {"kind": kind, "name": name}, "role": role}],
            "parents": [{"agencyRef": {"name": "ag-70"}, "from": "2023-01-01"}]
        });
        let register = register_with(|r| {
            r.agencies.insert("ag-69".into(), Arc::new(agency("ag-69", member)));
        });
        let setup = Setup { signers: vec![SignerRole::Appraiser], register, profile, ..Setup::default() };
        setup.told(&[decision("appraiser.1", "Approve", "hoa", "09:00", json!({}))]).0
    };
    let names = |unit: &str| profile(json!({"appraiserRef": {"name": unit}}));
    let listed = |role: &str, kind: &str, name: &str| listed_under(names("ag-71"), role, kind, name);
    assert_eq!(listed("Requester", "User", "hoa"), ["appraiser.1 VoidSameUnit"]);
    assert_eq!(listed("GoverningBody", "Group", "berth:appraiser"), ["appraiser.1 VoidSameUnit"]);
    assert_eq!(listed("Reader", "User", "hoa"), ["appraiser.1 Effective"], "who reads acts for nobody");
    assert_eq!(listed("Requester", "User", "lan"), ["appraiser.1 Effective"]);
    let unlisted = |profile: PolicyProfile| listed_under(profile, "Requester", "User", "lan");
    assert_eq!(unlisted(names("ag-69")), ["appraiser.1 VoidSameUnit"], "the province's unit is the operator itself");
    assert_eq!(unlisted(names("ag-70")), ["appraiser.1 VoidSameUnit"], "or above it");
    // Of whom nobody knows the unit nobody can say that it is not the operator's.
    assert_eq!(unlisted(profile(json!({}))), ["appraiser.1 VoidNoUnit"]);
}

#[test]
fn whom_a_request_is_made_for_decides_it_as_little_as_who_made_it() {
    let told = |on_behalf_of: &str, signing: &str, with: Value| {
        let onboarding = onboarding(json!({"spec": {"onBehalfOf": on_behalf_of}}));
        let profile = profile(json!({"signing": signing}));
        let setup = Setup { onboarding, profile, ..Setup::default() };
        setup.told(&[decision("approver.1", "Approve", "minh", "09:00", with)]).0
    };
    let document = json!({"spec": {"document": {
        "issuer": "UBND tỉnh", "number": "9/QĐ", "date": "2026-11-20", "signer": "Trần Thị Bình"
    }}});
    assert_eq!(told("minh", "Authenticated", json!({})), ["approver.1 VoidSelfApproval"]);
    assert_eq!(told(" Minh", "Authenticated", json!({})), ["approver.1 VoidSelfApproval"], "however it is spelled");
    assert_eq!(told("trần thị  bình", "ByDocument", document), ["approver.1 VoidSelfApproval"]);
    assert_eq!(told("Văn phòng Sở", "Authenticated", json!({})), ["approver.1 Effective"]);
}

#[test]
fn a_parent_of_former_days_is_no_parent() {
    let ended = json!({"parents": [{"agencyRef": {"name": "ag-70"}, "from": "2023-01-01", "to": "2025-06-30"}]});
    let register = register_with(|r| drop(r.agencies.insert("ag-69".into(), Arc::new(agency("ag-69", ended)))));
    let setup = Setup { signers: vec![SignerRole::Appraiser], register, ..Setup::default() };
    let groups = json!({"spec": {"by": {"groups": ["berth:ag-70:appraiser"]}}});
    assert_eq!(setup.told(&[decision("appraiser.1", "Approve", "hoa", "09:00", groups)]).0, ["appraiser.1 Effective"]);
}

/// Any Decision that admission lets through, with any effect that is recorded already.
fn any_decision() -> impl Strategy<Value = Arc<Decision>> {
    let acts = prop_oneof![
        (Just("approver"), prop_oneof![Just("Approve"), Just("ApproveWithChanges"), Just("Return"), Just("Reject")]),
        (Just("network"), prop_oneof![Just("Approve"), Just("Reject")]),
        (Just("requester"), prop_oneof![Just("Withdraw"), Just("Correct")]),
    ];
    let who = prop_oneof![Just("lan"), Just("minh"), Just("hoa")];
    let groups = prop_oneof![4 => Just("berth:approver"), 1 => Just("berth:contractor")];
    let uid = prop_oneof![6 => Just("uid-onb-a"), 1 => Just("uid-other")];
    let made = (acts, 1u32..4, who, 0u32..6, groups, uid, 1u32..4);
    made.prop_map(|((role, verdict), n, by, minute, group, uid, cpu)| {
        let mut with = json!({"spec": {"onboardingRef": {"uid": uid}, "by": {"groups": [group]}}});
        if verdict == "ApproveWithChanges" {
            with = merge(with, granted("xs", &cpu.to_string()));
        }
        decision(&format!("{role}.{n}"), verdict, by, &format!("09:0{minute}"), with)
    })
}

/// A set of Decisions: a name is there once, because creating it is the lock.
fn any_decisions() -> impl Strategy<Value = Vec<Arc<Decision>>> {
    proptest::collection::vec(any_decision(), 0..7).prop_map(|mut all| {
        all.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        all.dedup_by(|a, b| a.metadata.name == b.metadata.name);
        all
    })
}

fn any_setup() -> impl Strategy<Value = Setup> {
    let roles = prop_oneof![Just(vec![SignerRole::Approver]), Just(vec![SignerRole::Approver, SignerRole::Network])];
    let outcome = prop_oneof![
        3 => Just(None), 1 => Just(Some(OutcomeResult::Approved)), 1 => Just(Some(OutcomeResult::Withdrawn))
    ];
    (roles, outcome, any::<bool>()).prop_map(|(signers, outcome, booked)| Setup {
        onboarding: outcome.map_or_else(|| onboarding(json!({})), |o| decided(o, &["d"])),
        signers,
        booked,
        ..Setup::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn the_order_in_which_decisions_are_listed_never_matters(
        setup in any_setup(),
        (decisions, shuffled) in any_decisions().prop_flat_map(|d| (Just(d.clone()), Just(d).prop_shuffle()))
    ) {
        prop_assert_eq!(setup.weigh(&decisions), setup.weigh(&shuffled));
    }

    #[test]
    fn weighing_again_with_recorded_effects_judges_nothing_and_makes_the_same(
        setup in any_setup(), decisions in any_decisions()
    ) {
        let (judged, made) = setup.weigh(&decisions);
        prop_assert_eq!(setup.weigh(&recorded(&decisions, &judged)), (vec![], made));
    }

    #[test]
    fn a_crash_after_some_effects_were_written_judges_the_rest_alike(
        setup in any_setup(), decisions in any_decisions(), written in 0usize..7
    ) {
        // Each role's first number: later ones count only after the earlier are recorded as void.
        let first = |d: &Arc<Decision>| d.spec.role == SignerRole::Requester || short(d.metadata.name.as_ref().unwrap()).ends_with(".1");
        let decisions: Vec<_> = decisions.into_iter().filter(first).collect();
        let (judged, made) = setup.weigh(&decisions);
        let written = written.min(judged.len());
        let (rest, again) = setup.weigh(&recorded(&decisions, &judged[..written]));
        prop_assert_eq!((rest.as_slice(), again), (&judged[written..], made));
    }

    #[test]
    fn only_effective_decisions_make_an_outcome_and_every_role_has_signed_a_yes(
        setup in any_setup(), decisions in any_decisions()
    ) {
        let (judged, made) = setup.weigh(&decisions);
        let Some(made) = made else { return Ok(()) };
        let by: Vec<&Arc<Decision>> =
            decisions.iter().filter(|d| made.decision_uids.contains(d.metadata.uid.as_ref().unwrap())).collect();
        prop_assert_eq!(by.len(), made.decision_uids.len());
        for d in &by {
            let name = d.metadata.name.as_ref().unwrap();
            prop_assert!(judged.iter().any(|j| &j.name == name && j.effect == Effect::Effective), "{} is void", name);
        }
        if made.result == OutcomeResult::Approved {
            prop_assert!(setup.signers.iter().all(|role| by.iter().any(|d| d.spec.role == *role)));
            prop_assert!(by.iter().all(|d| d.spec.by.username != "lan" && d.spec.paper().uid == "uid-onb-a"));
        }
    }
}
