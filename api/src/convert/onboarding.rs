//! Onboarding → message.

use berth_crds::{
    ConditionType, Onboarding, OnboardingSpec, condition,
    environment::{AdoptionWish, Zone},
    onboarding::{
        CheckResult, EnvironmentRequest, LaterProfile, LevelRequest, Outcome, OutcomeResult, State, SystemRequest,
    },
};

use berth_plan::{
    act, checks,
    dossier::{holder, letter},
};

use super::{
    Twin, bilingual, conditions, create_time, document, environment::exception, etag, form, grant, identity, resources,
    small, timestamp, timestamp_of,
};
use crate::{convert::dated_agency, name, proto::v1 as pb};

/// The message; `queue_place` is not known here.
pub fn message(from: &Onboarding) -> pb::Onboarding {
    let status = from.status.clone().unwrap_or_default();
    let namespace = from.metadata.namespace.as_deref().unwrap_or_default();
    let summary = status.summary.clone().unwrap_or_default();
    let held_by = summary.holder.clone();
    pb::Onboarding {
        name: name::onboarding(namespace, from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        etag: etag(&from.metadata),
        create_time: create_time(&from.metadata),
        // What is asked, with the letter as it was corrected: the versions before it stand in the Decisions.
        spec: Some(pb::OnboardingSpec { letter: letter::in_force(from).map(document), ..spec(&from.spec, namespace) }),
        requester: Some(identity(&from.spec.requester)),
        state: state(from).proto() as i32,
        holder: summary.holder,
        since: timestamp_of(&summary.since).or_else(|| create_time(&from.metadata)),
        due: summary.due.unwrap_or_default(),
        queue_place: 0,
        checks: status.checks.iter().map(check).collect(),
        signers: status.signers.iter().map(|role| role.as_str().to_owned()).collect(),
        outcome: status.outcome.as_ref().map(outcome),
        tenant: status.tenant_ref.map(|r| name::tenant(&r.name)).unwrap_or_default(),
        environment: status.environment_ref.map(|r| name::environment(&r.name)).unwrap_or_default(),
        profile: status.profile_ref.map(|r| name::profile(&r.name)).unwrap_or_default(),
        conditions: conditions(&status.conditions),
        state_words: Some(bilingual(&state(from).words())),
        holder_words: Some(bilingual(&holder::words(&held_by))),
        next_step: Some(bilingual(&state(from).next())),
        later_profiles: status.later_profiles.iter().map(later).collect(),
    }
}

fn later(from: &LaterProfile) -> pb::LaterProfile {
    pb::LaterProfile {
        profile: name::profile(&from.profile_ref.name),
        from: from.from.clone(),
        met_by: from.met_by.clone().unwrap_or_default(),
    }
}

/// What is asked, as a message.
pub fn spec(from: &OnboardingSpec, namespace: &str) -> pb::OnboardingSpec {
    pb::OnboardingSpec {
        action: from.action.proto() as i32,
        system: from.system.as_ref().map(system),
        tenant: from.tenant_ref.as_ref().map(|r| name::tenant(&r.name)).unwrap_or_default(),
        target: from.environment_ref.as_ref().map(|target| pb::EnvironmentTarget {
            name: name::environment(&target.name),
            uid: target.uid.clone(),
            revision: from.revision.map(small),
        }),
        environment: from.environment.as_ref().map(environment),
        justification: from.justification.clone(),
        letter: from.letter.as_ref().map(document),
        on_behalf_of: from.on_behalf_of.clone().unwrap_or_default(),
        supersedes: from.supersedes.as_ref().map(|earlier| pb::PaperTarget {
            name: name::onboarding(namespace, &earlier.name),
            uid: earlier.uid.clone(),
        }),
        form: from.form.as_ref().map(form::message),
        end_date: from.end_date.clone().unwrap_or_default(),
        effective_date: from.effective_date.clone().unwrap_or_default(),
        force_majeure: from.force_majeure.clone().unwrap_or_default(),
        level: from.level.as_ref().map(level),
        transfer: from.transfer.as_ref().map(|asked| pb::TransferRequest {
            from_agency: name::agency(&asked.from.name),
            to_agency: name::agency(&asked.to.name),
        }),
    }
}

fn level(from: &LevelRequest) -> pb::LevelRequest {
    pb::LevelRequest {
        level: small(from.level),
        regulation: from.regulation.clone().unwrap_or_default(),
        measures: from.measures.map_or(0, |measures| measures.proto() as i32),
        review_date: from.review_on.clone().unwrap_or_default(),
        measures_date: from.measures_by.clone().unwrap_or_default(),
    }
}

fn system(from: &SystemRequest) -> pb::SystemRequest {
    pb::SystemRequest {
        code: from.code.clone(),
        display_name: from.display_name.clone(),
        level: small(from.level),
        data_kinds: from.data_kinds.iter().map(|kind| kind.proto() as i32).collect(),
        data_subjects: from.data_subjects.map_or(0, |band| band.proto() as i32),
        governing_body: name::agency(&from.governing_body_ref.name),
        operator: name::agency(&from.operator_ref.name),
        former_owners: from.former_owners.iter().map(dated_agency).collect(),
    }
}

fn environment(from: &EnvironmentRequest) -> pb::EnvironmentRequest {
    pb::EnvironmentRequest {
        kind: from.kind.proto() as i32,
        class: name::class(&from.class_ref.name),
        quota: from.quota.as_ref().map(resources),
        exposure: from.exposure.iter().map(|e| e.proto() as i32).collect(),
        end_date: from.end_date.clone().unwrap_or_default(),
        requested_prefix: from.requested_prefix.clone().unwrap_or_default(),
        deploy_account: !from.deploy_account.is_none(),
        ipv4_only: from.ipv4_only.as_ref().map(exception),
        until: from.until.clone().unwrap_or_default(),
        adopt: from.adopt.iter().map(wish).collect(),
    }
}

fn wish(from: &AdoptionWish) -> pb::AdoptionWish {
    pb::AdoptionWish { namespace: from.name.clone(), zone: from.zone.map(Zone::as_str).unwrap_or_default().to_owned() }
}

fn check(from: &CheckResult) -> pb::Check {
    pb::Check {
        id: from.id.clone(),
        result: from.result.proto() as i32,
        reason: from.reason.clone(),
        message: from.message.clone(),
        numbers: from
            .numbers
            .iter()
            .map(|n| pb::CheckNumber { name: n.name.clone(), value: n.value.clone() })
            .collect(),
        advice: from.advice.as_ref().map(bilingual),
        title: checks::title(&from.id).map(|title| bilingual(&title)),
    }
}

fn outcome(from: &Outcome) -> pb::Outcome {
    pb::Outcome {
        result: from.result.proto() as i32,
        decision_uids: from.decision_uids.clone(),
        granted: from.granted.as_ref().map(grant),
        decide_time: Some(timestamp(from.decided_at.0)),
        record_time: Some(timestamp(from.recorded_at.0)),
        priority: small(from.priority),
    }
}

/// The state: what the operator wrote, or, before that, what the outcome says.
pub fn state(from: &Onboarding) -> State {
    let Some(status) = &from.status else { return State::Submitted };
    match (&status.summary, &status.outcome) {
        (Some(summary), _) => summary.state,
        (None, None) => State::Submitted,
        (None, Some(outcome)) => match outcome.result {
            OutcomeResult::Approved => State::Approved,
            OutcomeResult::Rejected => State::Refused,
            OutcomeResult::Withdrawn => State::Withdrawn,
            OutcomeResult::Returned => State::Returned,
        },
    }
}

/// Whether the request waits in the queue: approved, not booked, not taken back.
pub fn waits(from: &Onboarding) -> bool {
    let Some(status) = &from.status else { return false };
    let approved = status.outcome.as_ref().is_some_and(|o| o.result == OutcomeResult::Approved);
    let approved = approved && act::books(from.spec.action);
    let is = |type_| condition::is_true(&status.conditions, type_);
    approved && !is(ConditionType::Booked) && !is(ConditionType::Withdrawn) && !is(ConditionType::Ready)
}

/// The 1-based place of each waiting request among all, by UID.
pub fn queue(all: &[Onboarding]) -> std::collections::BTreeMap<String, i32> {
    let mut waiting: Vec<_> = all
        .iter()
        .filter(|o| waits(o))
        .filter_map(|o| {
            let outcome = o.status.as_ref()?.outcome.as_ref()?;
            let order = (outcome.priority, outcome.decided_at.0, outcome.recorded_at.0, o.metadata.name.clone());
            Some((order, o.metadata.uid.clone()?))
        })
        .collect();
    waiting.sort();
    waiting.into_iter().zip(1..).map(|((_, uid), place)| (uid, place)).collect()
}
