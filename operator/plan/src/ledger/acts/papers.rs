//! Acts of papers: submitted, decided, in effect or void, concluded, handed over.

use berth_crds::audit::{Act, AuditEntry};
use berth_crds::common::Document;
use berth_crds::decision::Effect;
use berth_crds::{
    ConditionType, Connection, Decision, DecisionSpec, Intervention, NetworkChange, Onboarding, condition, labels,
    names,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{Draft, Look, World, bounded, clipped, created, entry, mark};

pub fn all<'a>(world: &'a World, look: &'a Look) -> impl Iterator<Item = Draft> + 'a {
    let onboardings = world.onboardings.iter().filter(|o| !look.memory.is_settled(&o.metadata));
    let decisions = world.decisions.iter().filter(|d| !look.memory.is_settled(&d.metadata));
    let papers = onboardings.flat_map(|o| of_onboarding(o, look)).chain(decisions.flat_map(|d| of_decision(d, look)));
    let papers = papers.chain(world.connections.iter().flat_map(|c| of_connection(c, look)));
    let papers = papers.chain(world.changes.iter().filter_map(|c| of_change(c, look)));
    papers.chain(world.interventions.iter().filter_map(|i| of_intervention(i, look)))
}

fn of_intervention(act: &Intervention, look: &Look) -> Option<Draft> {
    let (at, spec) = (created(&act.metadata), &act.spec);
    let done = || AuditEntry {
        agency: look.owner(names::tenant_of_environment(&spec.environment_ref.name)),
        who: spec.by.username.clone(),
        after: Some(bounded(json!({
            "environment": spec.environment_ref, "act": spec.act, "access": spec.access, "until": spec.until,
        }))),
        reason: Some(clipped(&spec.reason)),
        request_id: spec.request_id.clone(),
        ..entry(act, Act::Intervened, "Intervened", at)
    };
    look.open(&act.metadata, "Intervened").then(|| Draft { at, entry: done() })
}

fn of_change(change: &NetworkChange, look: &Look) -> Option<Draft> {
    let (at, spec) = (created(&change.metadata), &change.spec);
    let said = || AuditEntry {
        who: spec.by.username.clone(),
        role: Some("network".into()),
        after: Some(bounded(json!({"environments": spec.environments}))),
        reason: Some(clipped(&spec.reference)),
        request_id: spec.request_id.clone(),
        ..entry(change, Act::OutsideChanged, "OutsideChanged", at)
    };
    look.open(&change.metadata, "OutsideChanged").then(|| Draft { at, entry: said() })
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

fn of_onboarding(paper: &Onboarding, look: &Look) -> Vec<Draft> {
    let at = created(&paper.metadata);
    let agency = agency(paper.namespace());
    let draft = |at, entry: AuditEntry| Draft { at, entry: AuditEntry { agency: agency.clone(), ..entry } };
    let mut drafts = Vec::new();
    if look.open(&paper.metadata, "Submitted") {
        drafts.push(draft(at, submitted(paper, agency.clone(), at)));
    }
    let Some(status) = &paper.status else { return drafts };
    if let Some(outcome) = &status.outcome {
        let after = json!({
            "result": outcome.result, "decisionUIDs": outcome.decision_uids, "granted": outcome.granted,
        });
        let transition = format!("Concluded {}", mark(&after));
        if look.open(&paper.metadata, &transition) {
            let concluded = entry(paper, Act::Concluded, &transition, outcome.decided_at.0);
            drafts.push(draft(outcome.recorded_at.0, AuditEntry { after: Some(bounded(after)), ..concluded }));
        }
    }
    if let Some(at) = since(&status.conditions, ConditionType::Ready) {
        let after = json!({"tenantRef": status.tenant_ref, "environmentRef": status.environment_ref});
        let transition = format!("HandedOver {}", mark(&after));
        if look.open(&paper.metadata, &transition) {
            let handed = entry(paper, Act::HandedOver, &transition, at);
            drafts.push(draft(at, AuditEntry { after: Some(bounded(after)), ..handed }));
        }
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

/// A copy for the other owner is the operator's way to ask; what it asks for is recorded with the paper itself.
fn of_connection(paper: &Connection, look: &Look) -> Vec<Draft> {
    let (at, spec) = (created(&paper.metadata), &paper.spec);
    let agency = agency(paper.namespace());
    let draft = |at, entry: AuditEntry| Draft { at, entry: AuditEntry { agency: agency.clone(), ..entry } };
    let mut drafts = Vec::new();
    if spec.counterpart_of.is_some() {
        return drafts;
    }
    if look.open(&paper.metadata, "Submitted") {
        let mut asked = json!(spec);
        asked.as_object_mut().map(|members| members.remove("requester"));
        let submitted = AuditEntry {
            who: spec.requester.username.clone(),
            role: Some("requester".into()),
            on_behalf_of: agency.clone(),
            after: Some(bounded(asked)),
            legal_basis: Some(clipped(&spec.legal_basis)),
            request_id: spec.request_id.clone(),
            ..entry(paper, Act::Submitted, "Submitted", at)
        };
        drafts.push(draft(at, submitted));
    }
    let Some(status) = &paper.status else { return drafts };
    if let Some(outcome) = status.outcome.as_ref().filter(|_| look.open(&paper.metadata, "Concluded")) {
        let after = json!({"result": outcome.result, "decisionUIDs": outcome.decision_uids});
        let concluded = entry(paper, Act::Concluded, "Concluded", outcome.decided_at.0);
        drafts.push(draft(outcome.decided_at.0, AuditEntry { after: Some(bounded(after)), ..concluded }));
    }
    if let Some(at) = since(&status.conditions, ConditionType::Open).filter(|_| look.open(&paper.metadata, "Opened")) {
        drafts.push(draft(at, entry(paper, Act::Opened, "Opened", at)));
    }
    if let Some(closed) = status.closed.as_ref().filter(|_| look.open(&paper.metadata, "Closed")) {
        let after = json!({"decisionUID": closed.decision_uid});
        let entry = entry(paper, Act::Closed, "Closed", closed.at.0);
        let entry = AuditEntry { reason: Some(closed.reason.clone()), after: Some(bounded(after)), ..entry };
        drafts.push(draft(closed.at.0, entry));
    }
    drafts
}

fn of_decision(paper: &Decision, look: &Look) -> Vec<Draft> {
    let at = created(&paper.metadata);
    let agency = agency(paper.namespace());
    let draft = |at, entry: AuditEntry| Draft { at, entry: AuditEntry { agency: agency.clone(), ..entry } };
    let mut drafts = Vec::new();
    if look.open(&paper.metadata, "Decided") {
        drafts.push(draft(at, decided(paper, at)));
    }
    let Some(status) = &paper.status else { return drafts };
    let Some(effect) = status.effect else { return drafts };
    let (act, name) = match effect {
        Effect::Effective => (Act::TookEffect, "TookEffect"),
        Effect::Void => (Act::Voided, "Voided"),
    };
    let transition = format!("{name} {}", mark(&json!(status.reason)));
    if look.open(&paper.metadata, &transition) {
        let judged = status.conditions.iter().map(|c| c.last_transition_time.0).max().unwrap_or(at);
        let entry = entry(paper, act, &transition, judged);
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
        on_behalf_of: automatic(paper).or_else(|| paper.spec.on_behalf_of.clone()),
        after: Some(bounded(about(spec))),
        reason: spec.reason.as_deref().map(clipped),
        legal_basis: (!basis.is_empty()).then(|| clipped(&basis.join("; "))),
        request_id: spec.request_id.clone(),
        ..entry(paper, Act::Decided, "Decided", at)
    };
    // What a document decided counts from its date, however late it is entered here.
    let effective_at = by_document.map_or(decided.effective_at.clone(), |document| document.date.clone());
    AuditEntry { effective_at, ..decided }
}

fn about(spec: &DecisionSpec) -> Value {
    if let Some(connection) = &spec.connection_ref {
        return json!({"verdict": spec.verdict, "connectionUID": connection.uid});
    }
    let mut about = json!({"verdict": spec.verdict, "granted": spec.granted, "onboardingUID": spec.paper().uid});
    // The checksums of an exit outlive the cluster that held the data.
    if let Some(saved) = &spec.saved {
        about["saved"] = json!(saved);
        about["minutesSha256"] = json!(spec.document.as_ref().and_then(|minutes| minutes.sha256.as_ref()));
    }
    about
}

/// The automatic rule signs as the operator.
fn automatic(paper: &Decision) -> Option<String> {
    (paper.spec.by.username == labels::AUTO_USER).then(super::operator)
}
