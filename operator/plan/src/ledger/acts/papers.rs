//! Acts of papers: submitted, decided, in effect or void, concluded, handed over.

use berth_crds::audit::{Act, AuditEntry};
use berth_crds::common::Document;
use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Decision, Onboarding, condition, labels, names};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::{Draft, Memory, World, bounded, clipped, created, entry, id};

pub fn all<'a>(world: &'a World, memory: &'a Memory) -> impl Iterator<Item = Draft> + 'a {
    let onboardings = world.onboardings.iter().flat_map(|o| of_onboarding(o, memory));
    onboardings.chain(world.decisions.iter().flat_map(|d| of_decision(d, memory)))
}

/// Whether an act of a paper is still to be recorded: of thousands of papers nearly none has one, so nothing of the
/// others is written down again to find that out.
fn open<K: Resource<DynamicType = ()>>(paper: &K, transition: &str, memory: &Memory) -> bool {
    !memory.has(&id(paper.meta().uid.as_deref().unwrap_or_default(), transition))
}

fn agency(namespace: Option<String>) -> Option<String> {
    names::agency_of_namespace(&namespace?).map(str::to_owned)
}

fn document(document: &Document) -> String {
    format!("{} {} ({})", document.issuer, document.number, document.date)
}

fn since(conditions: &[Condition], type_: ConditionType) -> Option<Timestamp> {
    let found = condition::get(conditions, type_).filter(|c| c.status == "True")?;
    Some(found.last_transition_time.0)
}

fn of_onboarding(paper: &Onboarding, memory: &Memory) -> Vec<Draft> {
    let at = created(&paper.metadata);
    let agency = agency(paper.namespace());
    let draft = |at, entry: AuditEntry| Draft { at, entry: AuditEntry { agency: agency.clone(), ..entry } };
    let mut drafts = Vec::new();
    if open(paper, "Submitted", memory) {
        drafts.push(draft(at, submitted(paper, agency.clone(), at)));
    }
    let Some(status) = &paper.status else { return drafts };
    if let Some(outcome) = status.outcome.as_ref().filter(|_| open(paper, "Concluded", memory)) {
        let after = json!({
            "result": outcome.result, "decisionUIDs": outcome.decision_uids, "granted": outcome.granted,
        });
        let concluded = entry(paper, Act::Concluded, "Concluded", outcome.decided_at.0);
        drafts.push(draft(outcome.recorded_at.0, AuditEntry { after: Some(bounded(after)), ..concluded }));
    }
    if let Some(at) = since(&status.conditions, ConditionType::Ready).filter(|_| open(paper, "HandedOver", memory)) {
        let after = json!({"tenantRef": status.tenant_ref, "environmentRef": status.environment_ref});
        let handed = entry(paper, Act::HandedOver, "HandedOver", at);
        drafts.push(draft(at, AuditEntry { after: Some(bounded(after)), ..handed }));
    }
    drafts
}

fn submitted(paper: &Onboarding, agency: Option<String>, at: Timestamp) -> AuditEntry {
    let spec = &paper.spec;
    let mut asked = json!(spec);
    asked.as_object_mut().map(|members| members.remove("requester"));
    AuditEntry {
        who: spec.requester.username.clone(),
        role: Some("requester".into()),
        on_behalf_of: spec.on_behalf_of.clone().or(agency),
        after: Some(bounded(asked)),
        legal_basis: spec.letter.as_ref().map(|letter| clipped(&document(letter))),
        request_id: spec.request_id.clone(),
        ..entry(paper, Act::Submitted, "Submitted", at)
    }
}

fn of_decision(paper: &Decision, memory: &Memory) -> Vec<Draft> {
    let at = created(&paper.metadata);
    let agency = agency(paper.namespace());
    let draft = |at, entry: AuditEntry| Draft { at, entry: AuditEntry { agency: agency.clone(), ..entry } };
    let mut drafts = Vec::new();
    if open(paper, "Decided", memory) {
        drafts.push(draft(at, decided(paper, at)));
    }
    let Some(status) = &paper.status else { return drafts };
    let Some(effect) = status.effect else { return drafts };
    let (act, transition) = match effect {
        Effect::Effective => (Act::TookEffect, "TookEffect"),
        Effect::Void => (Act::Voided, "Voided"),
    };
    if open(paper, transition, memory) {
        let judged = status.conditions.iter().map(|c| c.last_transition_time.0).max().unwrap_or(at);
        let entry = entry(paper, act, transition, judged);
        drafts.push(draft(judged, AuditEntry { reason: status.reason.clone(), ..entry }));
    }
    drafts
}

fn decided(paper: &Decision, at: Timestamp) -> AuditEntry {
    let (spec, by_document) = (&paper.spec, paper.spec.document.as_ref());
    let basis: Vec<String> = spec.legal_basis.iter().cloned().chain(by_document.map(document)).collect();
    let decided = AuditEntry {
        who: spec.by.username.clone(),
        role: Some(spec.role.as_str().into()),
        on_behalf_of: automatic(paper),
        after: Some(bounded(
            json!({"verdict": spec.verdict, "granted": spec.granted, "onboardingUID": spec.onboarding_ref.uid}),
        )),
        reason: spec.reason.as_deref().map(clipped),
        legal_basis: (!basis.is_empty()).then(|| clipped(&basis.join("; "))),
        request_id: spec.request_id.clone(),
        ..entry(paper, Act::Decided, "Decided", at)
    };
    // What a document decided counts from its date, however late it is entered here.
    let effective_at = by_document.map_or(decided.effective_at.clone(), |document| document.date.clone());
    AuditEntry { effective_at, ..decided }
}

/// The automatic rule signs as the operator.
fn automatic(paper: &Decision) -> Option<String> {
    (paper.spec.by.username == labels::AUTO_USER).then(super::operator)
}
