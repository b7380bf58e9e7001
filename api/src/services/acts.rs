//! Return, Correct and Reconcile as Decisions, and what a decision changed of what was asked.

use berth_crds::{
    Decision, DecisionSpec,
    decision::{DecisionVerdict, Saved, SignerRole},
};
use berth_plan::{dossier::difference, register::Register};
use kube::ResourceExt as _;

use super::papers::Papers;
use crate::{
    convert,
    door::Door,
    problem::Result,
    proto::v1 as pb,
    read::{self, Findings, optional, text},
};

/// Most defects of one return.
const MOST: usize = 32;

/// Back to the requester, with all defects at once.
pub fn give_back(request: &pb::ReturnOnboardingRequest) -> Result<DecisionSpec> {
    let mut findings = Findings::default();
    read::request_id(&mut findings, &request.request_id);
    let each = request.defects.iter().enumerate().take(MOST + 1);
    let defects: Vec<String> =
        each.map(|(i, defect)| text::check(&mut findings, &format!("defects[{i}]"), defect, text::line(500))).collect();
    if defects.is_empty() {
        findings.missing("defects", "name everything that must be supplemented, one defect per entry");
    }
    if defects.len() > MOST {
        findings.add("defects", format!("has more than {MOST} entries: join what belongs together"));
    }
    let spec = DecisionSpec {
        role: read::decision::role(&mut findings, &request.role),
        verdict: DecisionVerdict::Return,
        reason: Some(text::check(&mut findings, "reason", &request.reason, text::lines(4000))),
        defects,
        document: request.document.as_ref().map(|d| read::spec::document(&mut findings, "document", d)),
        on_behalf_of: read::decision::on_behalf_of(&mut findings, &request.on_behalf_of),
        request_id: optional(&request.request_id),
        ..DecisionSpec::default()
    };
    findings.or(spec)
}

/// Other data of the letter, with a reason.
pub fn correct(request: &pb::CorrectOnboardingRequest) -> Result<DecisionSpec> {
    let mut findings = Findings::default();
    read::request_id(&mut findings, &request.request_id);
    let letter = request.letter.as_ref().map(|letter| read::spec::document(&mut findings, "letter", letter));
    if letter.is_none() {
        findings.missing("letter", "give the letter's data as they should be, all of them");
    }
    let spec = DecisionSpec {
        role: SignerRole::Requester,
        verdict: DecisionVerdict::Correct,
        reason: Some(text::check(&mut findings, "reason", &request.reason, text::lines(4000))),
        document: letter,
        request_id: optional(&request.request_id),
        ..DecisionSpec::default()
    };
    findings.or(spec)
}

/// What is given back is saved and reconciled, by signed minutes.
pub fn reconcile(request: &pb::ReconcileOnboardingRequest) -> Result<DecisionSpec> {
    let mut findings = Findings::default();
    read::request_id(&mut findings, &request.request_id);
    let minutes = request.minutes.as_ref().map(|minutes| read::spec::document(&mut findings, "minutes", minutes));
    match &minutes {
        None => findings.missing("minutes", "give number, date, signer and SHA-256 of the signed minutes"),
        Some(minutes) if minutes.sha256.is_none() => {
            findings.missing("minutes.sha256", "give the SHA-256 of the signed minutes");
        }
        Some(_) => {}
    }
    let spec = DecisionSpec {
        role: SignerRole::Owner,
        verdict: DecisionVerdict::Reconcile,
        saved: Some(saved(&mut findings, &request.saved.clone().unwrap_or_default())),
        reason: optional(&text::check(&mut findings, "reason", &request.reason, text::maybe_lines(4000))),
        document: minutes,
        request_id: optional(&request.request_id),
        ..DecisionSpec::default()
    };
    findings.or(spec)
}

/// Checksums of what was saved, both of them.
fn saved(findings: &mut Findings, from: &pb::Saved) -> Saved {
    let mut checksum = |field: &str, given: &String, what: &str| {
        if given.is_empty() {
            findings.missing(field, &format!("give the SHA-256 of the {what}"));
        }
        read::spec::sha256(findings, field, given);
        given.clone()
    };
    Saved {
        statistics_sha256: checksum("saved.statistics_sha256", &from.statistics_sha256, "statistics"),
        backup_sha256: checksum("saved.backup_sha256", &from.backup_sha256, "backup"),
    }
}

/// Messages of decisions about one request, each with what it changed of what was asked.
pub async fn messages(door: &Door, papers: &Papers, decisions: &[Decision]) -> Result<Vec<pb::Decision>> {
    let granting = decisions.iter().find(|d| d.spec.granted.is_some());
    let asked = match granting {
        Some(decision) => {
            let onboarding = papers.onboarding(&decision.spec.paper().name).await?;
            let class = onboarding.spec.environment.as_ref().map(|e| e.class_ref.name.clone()).unwrap_or_default();
            let classes = door.registers().class(&class).await?.into_iter().map(|c| (c.name_any(), c.into())).collect();
            difference::asked(&onboarding.spec, &Register { classes, ..Register::default() })
        }
        None => None,
    };
    let message = |decision: &Decision| {
        let changes = asked.as_ref().zip(decision.spec.granted.as_ref());
        let changes = changes.map(|(asked, decided)| difference::between(asked, decided)).unwrap_or_default();
        let change = |c: difference::Change| pb::Change { field: c.field.into(), asked: c.asked, decided: c.decided };
        pb::Decision { changes: changes.into_iter().map(change).collect(), ..convert::decision::message(decision) }
    };
    Ok(decisions.iter().map(message).collect())
}
