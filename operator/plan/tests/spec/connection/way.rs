//! The way of a connection: consent, decision, open, and every end.

use std::sync::Arc;

use berth_crds::environment::Lifecycle;
use berth_crds::{Environment, Reason};
use berth_plan::connection::{NOTICE, Stage, mirrored, tell};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::{Scene, inside, named};
use crate::world::*;

fn reasons(scene: &Scene) -> Vec<(String, Reason)> {
    let short = |name: &str| name.split_once('.').unwrap().1.to_owned();
    scene.plan().judged.iter().map(|j| (short(&j.name), j.reason)).collect()
}

fn later(text: &str) -> Time {
    Time(text.parse().unwrap())
}

#[test]
fn the_other_owner_says_yes_then_the_network_unit_then_it_is_open() {
    let mut scene = Scene::of(json!({}));
    assert_eq!(scene.pass().stage, Stage::Consent("ag-71".into()));
    assert_eq!(scene.reason("Open"), ("False".into(), "AwaitingConsent".into()));
    scene.act("other", "owner.1", "Consent", "hoa", "09:00");
    assert_eq!(scene.pass().stage, Stage::Decision);
    assert_eq!(scene.reason("Consented"), ("True".into(), "Consented".into()));
    scene.act("asking", "network.1", "Approve", "minh", "09:30");
    let planned = scene.pass();
    assert_eq!((planned.stage, planned.policies.map(|p| p.len())), (Stage::Open, Some(2)));
    let outcome = planned.outcome.unwrap();
    assert_eq!(outcome.decision_uids, ["uid-other-owner.1", "uid-asking-network.1"]);
    assert_eq!(outcome.decided_at, at("09:30"));
    assert_eq!(scene.reason("Open"), ("True".into(), "Open".into()));
    // Nothing more to do: the same again, to the last byte.
    let status = scene.connection.status.clone();
    assert_eq!(scene.pass().judged, []);
    assert_eq!(scene.connection.status, status);
}

#[test]
fn a_yes_of_the_network_unit_waits_for_the_consent_and_a_no_does_not() {
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("asking", "network.1", "Approve", "minh", "08:30");
    assert_eq!((scene.pass().stage, reasons(&scene)), (Stage::Consent("ag-71".into()), vec![]));
    scene.act("other", "owner.1", "Consent", "hoa", "09:00");
    let planned = scene.pass();
    assert_eq!(planned.stage, Stage::Open);
    assert_eq!(planned.outcome.unwrap().decided_at, at("09:00"), "the last of the two");
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("asking", "network.1", "Reject", "minh", "08:30");
    assert_eq!((scene.pass().stage, scene.plan().policies), (Stage::Rejected, Some(vec![])));
    assert_eq!(scene.reason("Rejected"), ("True".into(), "RejectedByDecision".into()));
}

#[test]
fn one_agency_that_owns_both_ends_needs_the_network_unit_alone() {
    let mut scene = Scene::of(
        json!({"spec": {"destination": {"environment": {"environmentRef": {"name": "cccccc-prod"}, "zone": null}}}}),
    );
    let planned = scene.pass();
    assert_eq!((planned.stage, planned.counterpart), (Stage::Decision, None));
    assert_eq!(scene.reason("Consented"), ("True".into(), "OneOwner".into()));
    scene.act("asking", "network.1", "Approve", "minh", "09:30");
    assert_eq!(scene.pass().stage, Stage::Open);
}

#[test]
fn a_decision_that_must_not_count_is_void_with_its_reason() {
    type Act = (&'static str, &'static str, &'static str, &'static str);
    let cases: [(Act, Reason); 8] = [
        (("asking", "network.1", "Approve", "lan"), Reason::VoidSelfApproval),
        (("asking", "network.1", "Approve", "hoa"), Reason::VoidSelfApproval),
        (("asking", "approver.1", "Approve", "minh"), Reason::VoidRole),
        (("asking", "owner.1", "Consent", "chi"), Reason::VoidRole),
        (("other", "network.1", "Approve", "minh"), Reason::VoidRole),
        (("other", "network.1", "Close", "minh"), Reason::VoidRole),
        (("other", "owner.2", "Consent", "thu"), Reason::VoidAlreadyDecided),
        (("asking", "network.2", "Approve", "minh"), Reason::VoidOutOfOrder),
    ];
    for ((who, name, verdict, by), reason) in cases {
        let mut scene = Scene::of(json!({}));
        scene.pass();
        scene.act("other", "owner.1", "Consent", "hoa", "09:00");
        scene.pass();
        scene.act(who, name, verdict, by, "09:30");
        assert_eq!(reasons(&scene), [(name.to_owned(), reason)], "{who} {name} {verdict} {by}");
        assert_eq!(scene.pass().outcome, None, "{who} {name} {verdict} {by}");
    }
}

#[test]
fn whoever_asked_does_not_consent_for_the_other_owner_and_contractors_decide_nothing() {
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("other", "owner.1", "Consent", "lan", "09:00");
    assert_eq!(reasons(&scene), [("owner.1".into(), Reason::VoidSelfApproval)]);
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("other", "owner.1", "Consent", "system:serviceaccount:pipelines:so-y-te", "09:00");
    assert_eq!(reasons(&scene), [("owner.1".into(), Reason::VoidPipeline)]);
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("other", "owner.1", "Consent", "hoa", "09:00");
    Arc::make_mut(&mut scene.others[0]).spec.by.groups = vec!["berth:ag-71:contractor".into()];
    assert_eq!(reasons(&scene), [("owner.1".into(), Reason::VoidContractor)]);
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("asking", "network.1", "Approve", "minh", "09:00");
    Arc::make_mut(&mut scene.decisions[0]).spec.connection_ref.as_mut().unwrap().uid = "uid-another".into();
    assert_eq!(reasons(&scene), [("network.1".into(), Reason::VoidNoConnection)]);
}

#[test]
fn documents_that_sign_must_be_there_and_be_signed_by_two_people() {
    let letter = json!({"spec": {"letter": {"issuer": "Sở", "number": "1/SYT", "date": "2026-11-20", "signer": "Trần  Thị Bình"}}});
    let signed_on = |signer: Option<&str>, date: &str| {
        let mut scene = Scene::of(letter.clone());
        let by_document = profile(json!({"signing": "ByDocument"}));
        scene.register.profiles.insert("vn-2026".into(), Arc::new(by_document));
        scene.pass();
        scene.act("other", "owner.1", "Consent", "hoa", "09:00");
        scene.pass();
        scene.act("asking", "network.1", "Approve", "minh", "09:30");
        let document = signer.map(|s| of(json!({"issuer": "Sở KHCN", "number": "2", "date": date, "signer": s})));
        Arc::make_mut(&mut scene.decisions[0]).spec.document = document;
        reasons(&scene)
    };
    let signed = |signer| signed_on(signer, "2026-11-24");
    assert_eq!(signed_on(Some("Lê Văn An"), "2026-12-01"), [("network.1".into(), Reason::VoidLetter)]);
    assert_eq!(signed(None), [("network.1".into(), Reason::VoidNoDocument)]);
    assert_eq!(signed(Some("trần thị bình")), [("network.1".into(), Reason::VoidSelfApproval)]);
    assert_eq!(signed(Some("Lê Văn An")), [("network.1".into(), Reason::Effective)]);
}

#[test]
fn either_owner_and_the_network_unit_may_close_it_for_good() {
    for (who, name, by) in [("asking", "owner.1", "lan"), ("other", "owner.2", "hoa"), ("asking", "network.2", "minh")]
    {
        let mut scene = Scene::of(json!({})).agreed();
        scene.act(who, name, "Close", by, "11:00");
        let planned = scene.pass();
        assert_eq!((planned.stage, planned.policies), (Stage::Closed(Reason::Closed), Some(vec![])), "{who} {name}");
        let closed = planned.closed.unwrap();
        assert_eq!(closed.decision_uid, Some(format!("uid-{who}-{name}")));
        scene.act("asking", "network.3", "Approve", "quang", "12:00");
        scene.act("asking", "owner.9", "Close", "lan", "12:00");
        assert_eq!(reasons(&scene).iter().map(|r| r.1).collect::<Vec<_>>(), [Reason::VoidClosed; 2]);
        assert_eq!(scene.pass().stage, Stage::Closed(Reason::Closed));
    }
}

#[test]
fn what_is_closed_says_open_until_its_last_policy_is_gone() {
    let mut scene = Scene::of(json!({})).agreed();
    scene.act("asking", "owner.1", "Close", "lan", "11:00");
    let planned = scene.plan();
    let told = |standing| {
        let status = scene.with_input(|input| tell(input, &planned, standing));
        status.conditions.into_iter().find(|c| c.type_ == "Open").unwrap().status
    };
    assert_eq!((told(false), told(true)), ("True".into(), "False".into()));
}

#[test]
fn it_gives_notice_before_its_end_and_closes_by_itself_at_the_instant() {
    let end: jiff::Timestamp = "2027-03-31T17:00:00Z".parse().unwrap();
    let mut scene = Scene::of(json!({})).agreed();
    assert_eq!(scene.plan().wake, Some(end - NOTICE));
    assert_eq!(scene.reason("Expiring").0, "False");
    scene.now = Time(end - NOTICE);
    assert_eq!(scene.pass().wake, Some(end));
    assert_eq!(scene.reason("Expiring"), ("True".into(), "ExpiresSoon".into()));
    scene.now = later("2027-03-31T16:59:59Z");
    assert_eq!(scene.pass().stage, Stage::Open);
    scene.now = Time(end);
    let planned = scene.pass();
    assert_eq!((planned.stage, planned.policies, planned.wake), (Stage::Closed(Reason::Expired), Some(vec![]), None));
    assert_eq!(scene.reason("Ready"), ("False".into(), "Expired".into()));
    // A clock that is set back opens nothing again.
    scene.now = later("2027-03-31T16:00:00Z");
    assert_eq!(scene.pass().stage, Stage::Closed(Reason::Expired));
}

#[test]
fn an_approval_that_comes_after_the_end_is_void() {
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("other", "owner.1", "Consent", "hoa", "09:00");
    scene.pass();
    scene.now = later("2027-04-01T00:00:00Z");
    scene.act("asking", "network.1", "Approve", "minh", "09:30");
    assert_eq!(reasons(&scene), [("network.1".into(), Reason::VoidClosed)]);
    assert_eq!(scene.pass().stage, Stage::Closed(Reason::Expired));
}

#[test]
fn an_environment_that_is_deleted_made_again_or_leaving_closes_it_for_good() {
    let ends: [fn(&mut Environment); 3] = [
        |e| e.metadata.uid = Some("uid-second".into()),
        |e| e.metadata.deletion_timestamp = Some(at("10:00")),
        |e| e.spec.lifecycle = Lifecycle::Decommissioned,
    ];
    for (i, end) in ends.into_iter().map(Some).chain([None]).enumerate() {
        for name in ["aaaaaa-prod", "bbbbbb-prod"] {
            let mut scene = Scene::of(json!({})).agreed();
            let mut environment = scene.register.environments.remove(name).unwrap().as_ref().clone();
            let whole = Arc::new(environment.clone());
            if let Some(end) = end {
                end(&mut environment);
                scene.register.environments.insert(name.into(), Arc::new(environment));
            }
            let planned = scene.pass();
            assert_eq!(
                (planned.stage, planned.policies),
                (Stage::Closed(Reason::EnvironmentGone), Some(vec![])),
                "{i} {name}"
            );
            scene.register.environments.insert(name.into(), whole);
            assert_eq!(scene.pass().stage, Stage::Closed(Reason::EnvironmentGone), "{i} {name}: for good");
        }
    }
}

#[test]
fn a_rule_set_that_is_lost_for_a_moment_cuts_nobody_off() {
    let mut scene = Scene::of(json!({})).agreed();
    scene.register.profiles.clear();
    let planned = scene.plan();
    assert!(
        matches!(planned.stage, Stage::Held(_)) && planned.policies.is_none() && planned.closed.is_none(),
        "{planned:?}"
    );
}

#[test]
fn a_paper_that_cannot_be_decided_says_why_and_no_decision_about_it_counts() {
    let v4 = |block: &str| json!({"blocks": [block]});
    let none = || json!({"none": "Chưa có."});
    let numbered = json!({"blocks": ["3fff:a10:1::/48"]});
    let cases: [(Value, Reason, &str); 7] = [
        (json!({"spec": {"source": inside("dddddd-prod", Some("app"))}}), Reason::NotYourEnvironment, "own the source"),
        (json!({"spec": {"destination": inside("eeeeee-prod", None)}}), Reason::MissingReference, "eeeeee-prod"),
        (
            json!({"spec": {"destination": {"environment": {"zone": null}}}}),
            Reason::InvalidSpec,
            "has the zones dmz, app, db, mgmt",
        ),
        (json!({"spec": {"source": inside("cccccc-prod", Some("app"))}}), Reason::InvalidSpec, "no zones"),
        (
            json!({"spec": {"expiresAt": "2036-01-01T00:00:00Z"}}),
            Reason::InvalidSpec,
            "`expiresAt` is later than 732 days",
        ),
        (named("Inbound", "Named", v4("203.0.113.0/24"), numbered, "app"), Reason::InvalidSpec, "name the environment"),
        (named("Inbound", "Named", v4("203.0.113.0/24"), none(), "web"), Reason::InvalidSpec, ""),
    ];
    for (with, reason, words) in cases.into_iter().take(6) {
        let mut scene = Scene::of(with);
        let Stage::Refused(refusal) = scene.pass().stage else { panic!("{words}: not refused") };
        assert_eq!(refusal.reason, reason, "{words}");
        assert!(refusal.message.contains(words), "{}", refusal.message);
        assert_eq!(scene.reason("Accepted"), ("False".into(), reason.as_str().into()));
        scene.act("asking", "network.1", "Approve", "minh", "09:30");
        assert_eq!(reasons(&scene), [], "{words}");
        assert_eq!((scene.pass().outcome, scene.plan().policies), (None, Some(vec![])), "{words}");
    }
}

#[test]
fn an_owner_who_was_not_asked_has_said_nothing() {
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("other", "owner.1", "Consent", "hoa", "09:00");
    scene
        .register
        .tenants
        .insert("bbbbbb".into(), Arc::new(tenant("bbbbbb", json!({"level": 3, "agencyRef": {"name": "ag-73"}}))));
    let Stage::Refused(refusal) = scene.pass().stage else { panic!("not refused") };
    assert!(refusal.message.contains("belongs to another agency"), "{}", refusal.message);
}

#[test]
fn exposure_must_be_granted_and_waits_for_the_permission_to_operate() {
    let with = |kind: &str| {
        let v4 = json!({"blocks": ["198.51.100.0/24"]});
        named("Inbound", kind, v4, json!({"none": "Chưa có."}), "dmz")
    };
    for kind in ["Internet", "TSLCD"] {
        let mut scene = Scene::of(with(kind));
        scene.pass();
        scene.act("asking", "network.1", "Approve", "minh", "09:30");
        let planned = scene.pass();
        assert!(
            matches!(&planned.stage, Stage::Held(why) if why.reason == Reason::AwaitingGoLive),
            "{:?}",
            planned.stage
        );
        assert_eq!(planned.policies, Some(vec![]), "{kind}");
        assert_eq!(scene.reason("Open"), ("False".into(), "AwaitingGoLive".into()));
        let bare = environment("aaaaaa-prod", "Prod", crate::desired::zones());
        let mut scene = Scene::of(with(kind));
        scene.register.environments.insert("aaaaaa-prod".into(), Arc::new(bare));
        let Stage::Refused(refusal) = scene.pass().stage else { panic!("{kind}: not refused") };
        assert!(refusal.message.contains("ask for a Change first"), "{}", refusal.message);
    }
}

#[test]
fn nothing_is_written_into_a_namespace_that_is_not_the_environments_own() {
    for change in [None, Some("uid-of-somebody-else")] {
        let mut scene = Scene::of(json!({})).agreed();
        scene.namespaces.remove("bbbbbb-prod-app");
        scene.namespaces.extend(change.map(|uid| ("bbbbbb-prod-app".to_owned(), uid.to_owned())));
        let planned = scene.plan();
        assert!(
            matches!(&planned.stage, Stage::Held(why) if why.reason == Reason::Provisioning),
            "{:?}",
            planned.stage
        );
        assert_eq!(planned.policies, Some(vec![]));
    }
}

#[test]
fn the_copy_says_what_the_paper_says() {
    let scene = Scene::of(json!({})).agreed();
    let copy = scene.copy().unwrap();
    assert_eq!(mirrored(&copy, &scene.connection), scene.connection.status.unwrap());
}
