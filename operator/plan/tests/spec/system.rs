//! Acts on a whole system: its level, its permission to operate, its owner, and who signs for whom (design §3, domain §6.2).

use berth_crds::common::{DatedAgency, PaperRef};
use berth_crds::condition::Is;
use berth_crds::decision::SignerRole;
use berth_crds::onboarding::{Action, LevelRequest, OutcomeResult, TransferRequest};
use berth_crds::tenant::LevelStatus;
use berth_crds::{Agency, Decision, Onboarding, Reason, TenantSpec};
use berth_plan::act;
use berth_plan::fulfil::{Case, Way};
use berth_plan::register::Register;
use berth_plan::system::delegation::{Standing, standing};
use berth_plan::system::{Made, golive, level, transfer};
use jiff::ToSpan;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::world::*;

fn made(paper: &str) -> Made {
    let paper = PaperRef { namespace: "agency-ag-62".into(), name: paper.into(), uid: format!("uid-{paper}") };
    let document = of(json!({"issuer": "UBND", "number": "7/QĐ", "date": "2026-11-20", "signer": "A"}));
    Made { paper, decision_uids: vec!["d".into()], documents: vec![(SignerRole::GoverningBody, document)] }
}

fn system(with: Value) -> TenantSpec {
    let base = json!({
        "code": "IS-01", "displayName": {"vi": "Hệ thống"}, "agencyRef": {"name": "ag-62"}, "level": 3,
        "siteRef": {"name": "dc1"}, "owners": [{"agencyRef": {"name": "ag-62"}, "from": "2024-01-01"}],
        "levels": [{"level": 3, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
        "migrationStage": "Onboarding", "basis": {"type": "Paper"}
    });
    of(merge(base, with))
}

fn asked(level: i64) -> LevelRequest {
    LevelRequest { level, regulation: Some("12/QC".into()), ..Default::default() }
}

/// Records as `level status from..to`.
fn told(spec: &TenantSpec) -> Vec<String> {
    let each = spec.levels.iter().map(|l| {
        let to = l.in_force.to.clone().unwrap_or_default();
        format!("{} {:?} {}..{to}", l.level, l.status, l.in_force.from)
    });
    each.collect()
}

#[test]
fn a_level_record_ends_the_one_before_it_and_a_proposal_of_its_day_gives_way() {
    let first = level::record(&system(json!({})), &asked(3), &made("a"), today());
    assert_eq!(told(&first), ["3 Proposed 2024-01-01..2026-11-23", "3 Approved 2026-11-24.."]);
    let record = first.levels.last().unwrap();
    assert_eq!(record.decision.as_ref().map(|d| d.number.as_str()), Some("7/QĐ"));
    assert_eq!(
        (record.onboarding_ref.clone(), record.decision_uids.clone()),
        (Some(made("a").paper), vec!["d".into()])
    );
    let second = level::record(&first, &asked(4), &made("b"), day("2027-01-10"));
    let history = ["3 Proposed 2024-01-01..2026-11-23", "3 Replaced 2026-11-24..2027-01-09", "4 Approved 2027-01-10.."];
    assert_eq!((told(&second).as_slice(), second.level), (history.map(String::from).as_slice(), 4));
    // A day belongs to one record: what is decided twice on one day begins a day later.
    let again = level::record(&first, &asked(2), &made("c"), today());
    assert_eq!(told(&again)[1..], ["3 Replaced 2026-11-24..2026-11-24", "2 Approved 2026-11-25.."]);
    let proposed = system(json!({"levels": [{"level": 3, "status": "Proposed", "inForce": {"from": "2026-11-24"}}]}));
    assert_eq!(told(&level::record(&proposed, &asked(3), &made("d"), today())), ["3 Approved 2026-11-24.."]);
}

#[test]
fn from_level_3_nothing_operates_without_an_approved_level_and_its_regulation() {
    let low = system(json!({"level": 2}));
    let proposed = system(json!({}));
    let bare = level::record(&proposed, &LevelRequest { level: 3, ..Default::default() }, &made("a"), today());
    let approved = level::record(&proposed, &asked(3), &made("a"), today());
    let lacking = [&low, &proposed, &bare, &approved].map(|s| golive::lacking(s).is_some());
    assert_eq!(lacking, [false, true, true, false]);
    let reason = |spec: &TenantSpec| {
        let (is, reason, _) = golive::operating(spec);
        (is, reason)
    };
    assert_eq!(reason(&approved), (Is::False, Reason::AwaitingGoLive));
    let live = golive::permit(&approved, &made("go"), today());
    assert_eq!(reason(&live), (Is::True, Reason::Operating));
    assert_eq!(reason(&golive::permit(&proposed, &made("go"), today())), (Is::False, Reason::LevelNotApproved));
    assert_eq!(reason(&golive::permit(&low, &made("go"), today())), (Is::True, Reason::Operating));
    // A level that is raised afterwards asks for another readiness verdict, and stops nobody.
    let raised = level::record(&live, &asked(4), &made("b"), day("2027-01-10"));
    let (is, _, message) = golive::operating(&raised);
    assert!(is == Is::True && message.contains("readiness is to be assessed again"), "{message}");
}

fn owners(spec: &TenantSpec) -> Vec<String> {
    let each =
        spec.owners.iter().map(|o| format!("{} {}..{}", o.agency_ref.name, o.from, o.to.clone().unwrap_or_default()));
    each.collect()
}

#[test]
fn exactly_one_agency_owns_a_system_on_every_day_however_often_it_passes() {
    let to = |name: &str| TransferRequest {
        from: berth_crds::common::NameRef::to("any"),
        to: berth_crds::common::NameRef::to(name),
    };
    let once = transfer::pass(&system(json!({})), &to("ag-67"), today());
    assert_eq!(owners(&once), ["ag-62 2024-01-01..2026-11-23", "ag-67 2026-11-24.."]);
    assert_eq!(once.agency_ref.name, "ag-67");
    let mut spec = system(json!({}));
    let mut on = today();
    for round in 0..20 {
        spec = transfer::pass(&spec, &to(&format!("ag-{round}")), on);
        on = on.checked_add((round % 3).days()).unwrap();
        let holds = |o: &DatedAgency, at| berth_plan::day::covers(&o.from, o.to.as_deref(), at);
        for at in day("2024-01-01").series(1.day()).take_while(|at| *at < day("2027-03-01")) {
            assert_eq!(spec.owners.iter().filter(|o| holds(o, at)).count(), 1, "{at}: {:?}", owners(&spec));
        }
    }
}

/// A paper of ag-62, by which IS-01 passes to ag-71.
fn passing() -> Onboarding {
    onboarding(json!({
        "spec": {"action": "Transfer", "system": null, "environment": null, "tenantRef": {"name": "aaaaaa"},
            "transfer": {"from": {"name": "ag-62"}, "to": {"name": "ag-71"}}},
        "status": decided(OutcomeResult::Approved, &["d"]).status
    }))
}

/// The register with `aaaaaa-prod` in some state.
fn with_prod(spec: Value, status: Value) -> Register {
    let mut prod = environment("aaaaaa-prod", "Prod", spec);
    prod.status = Some(of(status));
    register_with(|r| drop(r.environments.insert("aaaaaa-prod".into(), Arc::new(prod))))
}

#[test]
fn what_is_on_its_way_out_keeps_its_owner_until_it_is_gone_or_taken_back() {
    let (give, act) = (passing(), act::of(Action::Transfer).unwrap());
    let mut take = passing();
    (take.metadata.namespace, take.metadata.uid) = (Some("agency-ag-71".into()), Some("uid-take".into()));
    let others = [Arc::new(take)];
    let way = |register: &Register| {
        act.way(&Case {
            onboarding: &give,
            agency: "ag-62",
            environment: "",
            today: jiff::civil::date(2026, 11, 27),
            booking: None,
            register,
            open: &|_| false,
            others: &others,
        })
    };
    let unfit = |register: &Register| act.unfit(&subject(&give, "ag-62", &profile(json!({})), register, &[]));
    let out = json!({"lifecycle": "Decommissioned"});
    let told = "On its way out: aaaaaa-prod. Only its present owner can sign for that, so the system passes once it is removed, or after `Resume`.";
    for stage in ["Active", "Suspended", "Halted", "Removing"] {
        let register = with_prod(out.clone(), json!({"stage": stage}));
        assert_eq!(unfit(&register), [told], "{stage}");
        assert_eq!(way(&register), Way::Never { reason: Reason::InvalidSpec, message: told.into() }, "{stage}");
    }
    let stopped = with_prod(json!({"lifecycle": "Suspended"}), json!({"stage": "Suspended"}));
    for register in [with_prod(out, json!({"stage": "Removed"})), stopped, register()] {
        assert_eq!((unfit(&register), way(&register)), (Vec::<String>::new(), Way::Act));
    }
}

#[test]
fn a_system_has_passed_when_every_environment_that_is_not_a_mere_record_follows_its_owner() {
    let (give, act) = (passing(), act::of(Action::Transfer).unwrap());
    let told = |prod_of: &str, other_stage: &str| {
        let follows = json!([{"type": "Ready", "status": "True", "reason": "Ready", "message": "",
            "lastTransitionTime": "2026-11-24T10:00:00Z"}]);
        let mut register = with_prod(json!({}), json!({"agency": prod_of, "conditions": follows}));
        let mut other = environment("aaaaaa-dev", "Dev", json!({"lifecycle": "Decommissioned"}));
        other.status = Some(of(json!({"agency": "ag-62", "stage": other_stage, "conditions": follows})));
        register.environments.insert("aaaaaa-dev".into(), Arc::new(other));
        register.tenants.insert("aaaaaa".into(), Arc::new(tenant("aaaaaa", json!({"agencyRef": {"name": "ag-71"}}))));
        act.done(&give, &register)
    };
    assert_eq!(told("ag-71", "Removed"), Some("aaaaaa belongs to ag-71.".to_owned()));
    assert_eq!(told("ag-62", "Removed"), None, "what stands has not followed yet");
    assert_eq!(told("ag-71", "Removing"), None, "what is being removed is waited for");
}

#[test]
fn what_running_environments_lack_for_a_level_is_named() {
    let at_2 = Arc::new(environment("aaaaaa-prod", "Prod", json!({"level": 2})));
    let rules = Arc::new(profile(json!({})));
    let gaps = |level| level::gaps([&at_2], |_| Some(rules.clone()), 1, level);
    assert_eq!(gaps(2), Vec::<String>::new());
    let raised = gaps(3).pop().unwrap();
    for part in [
        "aaaaaa-prod enforces level 2",
        "zones dmz, app, db, mgmt",
        "pod security `restricted`",
        "default deny for both",
    ] {
        assert!(raised.contains(part), "{raised}");
    }
    assert!(gaps(1)[0].contains("nothing else"), "{:?}", gaps(1));
    let mut removed = environment("aaaaaa-prod", "Prod", json!({"level": 2, "lifecycle": "Decommissioned"}));
    removed.status = Some(of(json!({"stage": "Removed"})));
    let gaps = level::gaps([Arc::new(removed)], |_| Some(rules.clone()), 1, 3);
    assert_eq!(gaps, Vec::<String>::new(), "a record enforces nothing");
}

fn delegating(entry: Value) -> Register {
    let base = json!({
        "absent": "chair", "to": "deputy", "role": "approver", "from": "2026-11-20", "until": "2026-11-24",
        "document": {"issuer": "UBND", "number": "3/UQ", "date": "2026-11-19", "signer": "B"}
    });
    let body: Agency = agency("ag-60", json!({"delegations": [merge(base, entry)]}));
    let mut register = register();
    register.agencies.insert("ag-60".into(), Arc::new(body));
    register
}

/// A Decision of the deputy in ag-62's namespace, made on 24 November 2026 at 10:00.
fn by_deputy(with: Value) -> Decision {
    let base = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Decision",
        "metadata": {"name": "onb-a.approver.1", "namespace": "agency-ag-62", "creationTimestamp": at("10:00")},
        "spec": {
            "onboardingRef": {"name": "onb-a", "uid": "uid-onb-a"}, "role": "approver", "verdict": "Approve",
            "onBehalfOf": "chair", "by": {"username": "deputy", "groups": []}
        }
    });
    of(merge(base, json!({"spec": with})))
}

#[test]
fn a_delegation_counts_for_its_people_its_role_and_its_days() {
    let of_chair = || Standing::For { absent: "chair".into(), agency: "ag-60".into() };
    let void = Standing::Void;
    let table = [
        ("in force", json!({}), json!({}), of_chair()),
        ("without a claim", json!({}), json!({"onBehalfOf": null}), of_chair()),
        ("for somebody else", json!({}), json!({"onBehalfOf": "other"}), void(Reason::VoidNoDelegation)),
        ("another role", json!({"role": "network"}), json!({}), void(Reason::VoidNoDelegation)),
        (
            "not yet",
            json!({"from": "2026-11-25", "until": "2026-11-26"}),
            json!({}),
            void(Reason::VoidDelegationExpired),
        ),
        ("over", json!({"until": "2026-11-23"}), json!({}), void(Reason::VoidDelegationExpired)),
        (
            "over, without a claim",
            json!({"until": "2026-11-23"}),
            json!({"onBehalfOf": null}),
            void(Reason::VoidDelegationExpired),
        ),
        (
            "taken back before",
            json!({"revokedAt": "2026-11-24T10:00:00Z"}),
            json!({}),
            void(Reason::VoidDelegationRevoked),
        ),
        ("taken back after", json!({"revokedAt": "2026-11-24T10:00:01Z"}), json!({}), of_chair()),
        (
            "the role is theirs",
            json!({"until": "2026-11-23"}),
            json!({"onBehalfOf": null, "by": {"groups": ["berth:approver"]}}),
            Standing::Own,
        ),
        ("a stranger", json!({}), json!({"onBehalfOf": null, "by": {"username": "x"}}), Standing::Own),
    ];
    for (what, entry, decision, expected) in table {
        assert_eq!(standing(&delegating(entry), &by_deputy(decision), today(), &[]), expected, "{what}");
    }
    let body = || by_deputy(json!({"role": "governing-body"}));
    let register = delegating(json!({"role": "governing-body"}));
    assert_eq!(standing(&register, &body(), today(), &["ag-60".into()]), of_chair());
    assert_eq!(
        standing(&register, &body(), today(), &[]),
        void(Reason::VoidNoDelegation),
        "of another agency's system"
    );
}

#[test]
fn approved_records_are_what_an_as_of_question_answers_with() {
    let first = level::record(&system(json!({})), &asked(3), &made("a"), today());
    let second = level::record(&first, &asked(4), &made("b"), day("2027-01-10"));
    let at = |on| berth_plan::as_of::level(&second.levels, day(on));
    assert_eq!(["2026-11-23", "2026-11-24", "2027-01-09", "2027-01-10"].map(at), [Some(3), Some(3), Some(3), Some(4)]);
    assert_eq!(second.levels.last().map(|l| l.status), Some(LevelStatus::Approved));
}
