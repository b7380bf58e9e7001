use berth_crds::{
    ConditionType, Onboarding, OnboardingSpec, Reason,
    common::{DatedAgency, Document, Identity, NameRef, Resources, UidRef},
    condition::{self, Is},
    environment::{AdoptionWish, DeployAccount, EnvironmentKind, Exposure, Ipv4Exception, Zone},
    onboarding::{
        Action, CheckResult, CorrectedLetter, DataKind, EnvironmentRequest, Grant, OnboardingStatus, Outcome,
        OutcomeResult, State, SubjectBand, Summary, SystemRequest, Verdict,
    },
};
use jiff::{Timestamp, civil::date};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

use super::*;
use crate::read::{Findings, spec::spec as read_spec};

const NAMESPACE: &str = "agency-ag-62";

fn resources() -> Resources {
    Resources {
        cpu: "500m".into(),
        memory: "32Gi".into(),
        storage: "1Ti".into(),
        object_storage: Some("0".into()),
        gpus: Some(0),
    }
}

fn environment() -> EnvironmentRequest {
    EnvironmentRequest {
        kind: EnvironmentKind::Staging,
        class_ref: NameRef::to("m"),
        quota: Some(resources()),
        exposure: vec![Exposure::Internet, Exposure::Tslcd],
        end_date: Some("2027-12-31".into()),
        requested_prefix: Some("3fff:0:0:100::/56".into()),
        deploy_account: DeployAccount::PerNamespace,
        until: None,
        adopt: vec![AdoptionWish { zone: Some(Zone::App), name: "hoso".into() }],
        ipv4_only: Some(Ipv4Exception { reason: "Thiết bị cũ.".into(), until: Some("2027-06-30".into()) }),
    }
}

fn new_system() -> OnboardingSpec {
    let owner = |to: Option<&str>, mark: Option<&str>| DatedAgency {
        agency_ref: NameRef::to("ag-01"),
        from: "2023-01-01".into(),
        to: to.map(Into::into),
        mark: mark.map(Into::into),
    };
    OnboardingSpec {
        action: Action::New,
        system: Some(SystemRequest {
            code: "IS-01".into(),
            display_name: "Cổng dịch vụ công".into(),
            level: 3,
            data_kinds: vec![DataKind::Public, DataKind::PersonalSensitive],
            data_subjects: Some(SubjectBand::Over100k),
            governing_body_ref: NameRef::to("ag-70"),
            operator_ref: NameRef::to("ag-69"),
            former_owners: vec![owner(Some("2025-06-30"), Some("N")), owner(None, None)],
        }),
        environment: Some(environment()),
        justification: "Dòng một\nDòng hai".into(),
        letter: Some(Document {
            issuer: "Sở Y tế".into(),
            number: "123/SYT-VP".into(),
            date: "2026-11-01".into(),
            signer: "Trần Thị Hoa".into(),
            capacity: Some("KT. GIÁM ĐỐC".into()),
            sha256: Some("0f".repeat(32)),
        }),
        on_behalf_of: Some("Văn phòng Sở".into()),
        supersedes: Some(UidRef { name: "onb-old".into(), uid: "u-1".into() }),
        request_id: Some("seed-IS-01".into()),
        ..OnboardingSpec::default()
    }
}

fn addition() -> OnboardingSpec {
    OnboardingSpec {
        action: Action::AddEnvironment,
        tenant_ref: Some(NameRef::to("abcdef")),
        environment: Some(EnvironmentRequest { requested_prefix: None, ..environment() }),
        justification: "vì".into(),
        ..OnboardingSpec::default()
    }
}

fn change() -> OnboardingSpec {
    OnboardingSpec {
        action: Action::Change,
        environment_ref: Some(UidRef { name: "abcdef-prod".into(), uid: "u-2".into() }),
        revision: Some(0),
        tenant_ref: None,
        environment: Some(EnvironmentRequest {
            requested_prefix: None,
            end_date: None,
            adopt: vec![],
            ..environment()
        }),
        ..addition()
    }
}

#[test]
fn what_is_asked_survives_the_way_out_and_in() {
    for asked in [new_system(), addition(), change()] {
        let mut findings = Findings::default();
        let request_id = asked.request_id.clone().unwrap_or_default();
        let back = read_spec(&mut findings, &onboarding::spec(&asked, NAMESPACE), &request_id, date(2026, 11, 24));
        assert_eq!((back, findings), (asked, Findings::default()));
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An approved request that waits, of a priority, decided at a second and recorded at a microsecond.
fn waiting(uid: &str, priority: i64, decided: &str, recorded: &str) -> Onboarding {
    let mut onboarding = Onboarding::new(&format!("onb-{uid}"), new_system());
    onboarding.metadata.uid = Some(uid.into());
    onboarding.metadata.namespace = Some(NAMESPACE.into());
    onboarding.status = Some(OnboardingStatus {
        outcome: Some(Outcome {
            result: OutcomeResult::Approved,
            decision_uids: vec!["d-1".into()],
            granted: Some(Grant { class_ref: NameRef::to("m"), quota: resources() }),
            decided_at: Time(at(decided)),
            recorded_at: MicroTime(at(recorded)),
            priority,
        }),
        ..OnboardingStatus::default()
    });
    onboarding
}

#[test]
fn the_queue_is_ordered_by_priority_then_time_then_name() {
    let (one, two) = ("2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z");
    let mut booked = waiting("booked", 0, one, one);
    let status = booked.status.as_mut().unwrap();
    condition::set(&mut status.conditions, ConditionType::Booked, Is::True, Reason::Booked, "", None, &Time(at(one)));
    let all = [
        waiting("late", 5, two, two),
        waiting("recorded-late", 5, one, two),
        waiting("b", 5, one, one),
        waiting("a", 5, one, one),
        waiting("urgent", 1, two, two),
        booked,
        Onboarding::new("undecided", OnboardingSpec::default()),
    ];
    let places = onboarding::queue(&all);
    let expected = [("urgent", 1), ("a", 2), ("b", 3), ("recorded-late", 4), ("late", 5)];
    assert_eq!(places, expected.map(|(uid, place)| (uid.to_owned(), place)).into());
}

#[test]
fn a_message_shows_asked_decided_and_where_it_stands() {
    let mut noun = waiting("u", 5, "2026-11-24T01:00:00Z", "2026-11-24T01:00:00.25Z");
    noun.metadata.resource_version = Some("7".into());
    noun.spec.requester = Identity { username: "lan".into(), groups: vec!["berth:ag-62:requester".into()] };
    let status = noun.status.as_mut().unwrap();
    status.summary = Some(Summary {
        state: State::WaitingForCapacity,
        holder: "province".into(),
        since: "2026-11-24T01:00:00Z".into(),
        due: Some("2026-12-01".into()),
    });
    status.checks = vec![CheckResult {
        id: "law".into(),
        result: Verdict::Passed,
        reason: "Done".into(),
        message: "m".into(),
        ..Default::default()
    }];
    status.environment_ref = Some(NameRef::to("abcdef-prod"));
    let message = onboarding::message(&noun);
    let outcome = message.outcome.clone().unwrap();
    let number = |shown: &pb::Onboarding| shown.spec.clone().and_then(|s| s.letter).map(|letter| letter.number);
    assert_eq!(number(&message).as_deref(), Some("123/SYT-VP"));
    let document = Document { number: "124/SYT-VP".into(), ..noun.spec.letter.clone().unwrap() };
    noun.status.as_mut().unwrap().letter = Some(CorrectedLetter { at: Time(at("2026-11-24T00:30:00Z")), document });
    assert_eq!(number(&onboarding::message(&noun)).as_deref(), Some("124/SYT-VP"), "as it was corrected");
    assert_eq!(message.name, "agencies/ag-62/onboardings/onb-u");
    assert_eq!(
        (message.etag.as_str(), message.state(), message.due.as_str()),
        ("\"7\"", pb::onboarding::State::WaitingForCapacity, "2026-12-01")
    );
    assert_eq!((message.environment.as_str(), message.checks.len()), ("environments/abcdef-prod", 1));
    assert_eq!(outcome.record_time, Some(prost_types::Timestamp { seconds: 1_795_482_000, nanos: 250_000_000 }));
    assert_eq!(outcome.granted, Some(grant(&Grant { class_ref: NameRef::to("m"), quota: resources() })));
}

#[test]
fn before_the_operator_looked_a_request_is_submitted() {
    let noun = Onboarding::new("onb-x", OnboardingSpec::default());
    assert_eq!(onboarding::message(&noun).state(), pb::onboarding::State::Submitted);
}

#[test]
fn an_instant_before_1970_counts_nanoseconds_forward() {
    assert_eq!(timestamp(at("1969-12-31T23:59:58.75Z")), prost_types::Timestamp { seconds: -2, nanos: 750_000_000 });
}

#[test]
fn a_tenant_as_of_a_day_has_the_owner_and_level_of_that_day_and_its_name_for_ever() {
    let owned = |agency: &str, from: &str, to: Option<&str>| DatedAgency {
        agency_ref: NameRef::to(agency),
        from: from.into(),
        to: to.map(str::to_owned),
        mark: None,
    };
    let spec = berth_crds::TenantSpec {
        agency_ref: NameRef::to("ag-62"),
        owners: vec![owned("ag-11", "2023-01-01", Some("2025-06-30")), owned("ag-62", "2025-07-01", None)],
        level: 2,
        ..Default::default()
    };
    let tenant = berth_crds::Tenant::new("a2b3c4", spec);
    let on = |day| {
        let message = tenant::message_as_of(&tenant, day);
        (message.name, message.agency, message.level)
    };
    let name = || "tenants/a2b3c4".to_owned();
    assert_eq!(on(date(2025, 6, 30)), (name(), "agencies/ag-11".into(), 0));
    assert_eq!(on(date(2025, 7, 1)), (name(), "agencies/ag-62".into(), 0));
    assert_eq!(on(date(2022, 1, 1)), (name(), String::new(), 0));
    assert_eq!(tenant::message(&tenant).level, 2);
}
