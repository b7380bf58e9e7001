//! `berth onboard approve|reject|return|correct|withdraw`.

use super::{
    Exit, Result,
    args::{Act, Approve, Correct, Reconcile, Reject, Return, Signed, Which, Withdraw},
    connect::{Session, call},
    create::{full, letter},
    failure::Failure,
    output,
    requests::named,
};
use crate::{problem::correlation_id, proto::v1 as pb};

/// Decides yes: on one request, or on a list by one document. A list goes on after a failure and ends with the first.
pub async fn approve(session: &Session, approve: Approve) -> Result {
    if let [one] = approve.names.as_slice() {
        let done = approve_one(session, &approve, one).await?;
        return tell(session, &approve.act, &done, "approved", "wait");
    }
    if changes(&approve) {
        return Err(Failure::Usage("what is granted may differ on one request at a time: name one".into()));
    }
    let (mut decided, mut failed) = (Vec::new(), None);
    for name in &approve.names {
        match approve_one(session, &approve, name).await {
            Ok(done) => decided.push(done),
            Err(failure) => {
                eprintln!("{name}: {}", failure.text(session.format, session.language));
                failed.get_or_insert(failure);
            }
        }
    }
    output::many(&decided, session.format)?;
    eprintln!("{} of {} approved", decided.len(), approve.names.len());
    failed.map_or(Ok(Exit::Done), Err)
}

async fn approve_one(session: &Session, approve: &Approve, name: &str) -> Result<pb::Onboarding> {
    let which = Which { name: name.to_owned(), agency: approve.agency.clone() };
    let name = named(session, &which).await?;
    let client = &session.client.onboardings;
    let read = pb::GetOnboardingRequest { name: name.clone() };
    let seen = call("reading the request", async || client.clone().get_onboarding(read.clone()).await).await?;
    let request = pb::ApproveOnboardingRequest {
        name,
        uid: seen.uid.clone(),
        role: approve.role.clone(),
        granted: granted(session, approve, &seen).await?,
        reason: approve.reason.clone().unwrap_or_default(),
        legal_basis: approve.legal_basis.clone().unwrap_or_default(),
        document: signed(&approve.document),
        request_id: request_id(&approve.act),
        validate_only: approve.act.validate_only,
        on_behalf_of: approve.on_behalf_of.clone().unwrap_or_default(),
    };
    call("approving", async || client.clone().approve_onboarding(request.clone()).await).await
}

/// Decides no.
pub async fn reject(session: &Session, reject: Reject) -> Result {
    let request = pb::RejectOnboardingRequest {
        name: named(session, &reject.which).await?,
        role: reject.role,
        on_behalf_of: reject.on_behalf_of.unwrap_or_default(),
        reason: reject.reason,
        legal_basis: reject.legal_basis,
        document: signed(&reject.document),
        request_id: request_id(&reject.act),
        validate_only: reject.act.validate_only,
        ..Default::default()
    };
    let client = &session.client.onboardings;
    let done = call("rejecting", async || client.clone().reject_onboarding(request.clone()).await).await?;
    tell(session, &reject.act, &done, "rejected", "get")
}

/// Sends back with all defects.
pub async fn give_back(session: &Session, back: Return) -> Result {
    let request = pb::ReturnOnboardingRequest {
        name: named(session, &back.which).await?,
        role: back.role,
        on_behalf_of: back.on_behalf_of.unwrap_or_default(),
        reason: back.reason,
        defects: back.defects,
        document: signed(&back.document),
        request_id: request_id(&back.act),
        validate_only: back.act.validate_only,
        ..Default::default()
    };
    let client = &session.client.onboardings;
    let done = call("returning", async || client.clone().return_onboarding(request.clone()).await).await?;
    tell(session, &back.act, &done, "returned", "get")
}

/// Replaces data of an own letter.
pub async fn correct(session: &Session, correct: Correct) -> Result {
    let letter = letter(&correct.letter);
    let request = pb::CorrectOnboardingRequest {
        name: named(session, &correct.which).await?,
        letter: Some(letter.ok_or_else(|| Failure::Usage("give the letter's data with --letter-number …".into()))?),
        reason: correct.reason,
        request_id: request_id(&correct.act),
        validate_only: correct.act.validate_only,
        ..Default::default()
    };
    let client = &session.client.onboardings;
    let done = call("correcting", async || client.clone().correct_onboarding(request.clone()).await).await?;
    tell(session, &correct.act, &done, "corrected", "get")
}

/// Takes an own request back.
pub async fn withdraw(session: &Session, withdraw: Withdraw) -> Result {
    let request = pb::WithdrawOnboardingRequest {
        name: named(session, &withdraw.which).await?,
        reason: withdraw.reason.unwrap_or_default(),
        request_id: request_id(&withdraw.act),
        validate_only: withdraw.act.validate_only,
        ..Default::default()
    };
    let client = &session.client.onboardings;
    let done = call("withdrawing", async || client.clone().withdraw_onboarding(request.clone()).await).await?;
    tell(session, &withdraw.act, &done, "withdrawn", "get")
}

/// Says that what is given back is saved and reconciled.
pub async fn reconcile(session: &Session, reconcile: Reconcile) -> Result {
    let minutes = signed(&reconcile.document);
    let minutes = minutes.ok_or_else(|| Failure::Usage("give the signed minutes with --document-number …".into()))?;
    let request = pb::ReconcileOnboardingRequest {
        name: named(session, &reconcile.which).await?,
        minutes: Some(minutes),
        saved: Some(pb::Saved {
            statistics_sha256: reconcile.statistics_sha256.clone(),
            backup_sha256: reconcile.backup_sha256.clone(),
        }),
        reason: reconcile.reason.unwrap_or_default(),
        request_id: request_id(&reconcile.act),
        validate_only: reconcile.act.validate_only,
        ..Default::default()
    };
    let client = &session.client.onboardings;
    let done = call("reconciling", async || client.clone().reconcile_onboarding(request.clone()).await).await?;
    tell(session, &reconcile.act, &done, "reconciled", "get")
}

fn tell(session: &Session, act: &Act, done: &pb::Onboarding, what: &str, next: &str) -> Result {
    output::one(done, session.format)?;
    match act.validate_only {
        true => eprintln!("{} could be {what}; nothing was decided", done.name),
        false => eprintln!("{} {what}. Next: berth onboard {next} {}", done.name, done.name),
    }
    Ok(Exit::Done)
}

pub fn signed(from: &Signed) -> Option<pb::Document> {
    let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
    Some(pb::Document {
        number: from.document_number.clone()?,
        issuer: text(&from.document_issuer),
        date: text(&from.document_date),
        signer: text(&from.document_signer),
        capacity: text(&from.document_capacity),
        sha256: text(&from.document_sha256),
    })
}

fn request_id(act: &Act) -> String {
    act.request_id.clone().unwrap_or_else(|| format!("cli-{}", correlation_id()))
}

/// Whether a flag changes what is granted.
fn changes(approve: &Approve) -> bool {
    let changes = [&approve.class, &approve.cpu, &approve.memory, &approve.storage, &approve.object_storage];
    changes.iter().any(|change| change.is_some())
}

/// What is granted if a flag changes it; the rest stays as asked, or as the class has it.
async fn granted(session: &Session, approve: &Approve, seen: &pb::Onboarding) -> Result<Option<pb::Grant>> {
    if !changes(approve) {
        return Ok(None);
    }
    let asked = seen.spec.clone().and_then(|spec| spec.environment).unwrap_or_default();
    let class = approve.class.as_deref().map_or(asked.class, |id| full("classes", id));
    let mut quota = match asked.quota {
        Some(quota) if approve.class.is_none() => quota,
        _ => class_amounts(session, &class).await?,
    };
    let set = |to: &mut String, change: &Option<String>| {
        if let Some(change) = change {
            to.clone_from(change);
        }
    };
    set(&mut quota.cpu, &approve.cpu);
    set(&mut quota.memory, &approve.memory);
    set(&mut quota.storage, &approve.storage);
    set(&mut quota.object_storage, &approve.object_storage);
    Ok(Some(pb::Grant { class, quota: Some(quota) }))
}

async fn class_amounts(session: &Session, class: &str) -> Result<pb::Resources> {
    let request = pb::GetClassRequest { name: class.to_owned() };
    let client = &session.client.catalog;
    let class = call("reading the class", async || client.clone().get_class(request.clone()).await).await?;
    class.resources.ok_or_else(|| Failure::Local("the class has no amounts".into()))
}
