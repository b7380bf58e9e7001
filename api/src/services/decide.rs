//! Approve, Reject, Return, Withdraw, Correct: each creates one Decision as the caller. Creating it is the lock.

use berth_crds::{
    Decision, DecisionSpec, Onboarding, Reason,
    common::UidRef,
    decision::{DecisionVerdict, Effect, SignerRole},
    names,
    onboarding::Action,
};
use berth_plan::decide::{asked_by, is_pipeline};
use kube::ResourceExt as _;

use super::papers::Papers;
use crate::{
    convert::onboarding::state,
    door::Door,
    identity::Caller,
    name,
    problem::{Problem, Result, Thing},
};

/// Most decisions of one role about one request.
const MOST: u32 = 9999;

/// What somebody wants to decide; `spec.onboarding_ref.name` and the checks of the input are done.
pub struct Act {
    /// Agency id.
    pub agency: String,
    /// UID of the request that was read; empty: whichever has the name.
    pub uid: String,
    /// The decision, without number and UID.
    pub spec: DecisionSpec,
    /// Check only.
    pub dry: bool,
}

/// Records the decision and returns the request.
pub async fn decide(door: &Door, caller: &Caller, mut act: Act) -> Result<Onboarding> {
    let papers = Papers::open(door, caller, &act.agency)?;
    let onboarding = papers.onboarding(&act.spec.paper().name).await?;
    act.spec.onboarding_ref = Some(UidRef { name: onboarding.name_any(), uid: onboarding.uid().unwrap_or_default() });
    let existing = papers.decisions_about(&onboarding.name_any()).await?;
    let thing = Thing::new("Onboarding", name::onboarding(&papers.namespace, &onboarding.name_any()));
    let n = match next(caller, &act, &onboarding, &existing, thing)? {
        Next::Retry => return Ok(onboarding),
        Next::Number(n) => n,
    };
    let id = names::decision(&onboarding.name_any(), act.spec.role.as_str(), n);
    match papers.create_decision(&id, &act.spec, act.dry).await {
        Ok(_) => papers.onboarding(&onboarding.name_any()).await,
        Err(Problem::Exists { thing, .. }) => {
            // Somebody was faster between the list and the create; it may have been our own first try.
            let winner = papers.decisions_about(&onboarding.name_any()).await?;
            match retried(winner.iter().filter(|d| d.name_any() == id), caller, &act.spec, &thing)? {
                true => papers.onboarding(&onboarding.name_any()).await,
                false => Err(decided(thing, "somebody else decided at the same moment: read it again")),
            }
        }
        Err(problem) => Err(problem),
    }
}

/// What to do with an act.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// It is recorded already.
    Retry,
    /// It gets this number.
    Number(u32),
}

/// Pure: whether the act is possible, and its number.
fn next(caller: &Caller, act: &Act, onboarding: &Onboarding, existing: &[Decision], thing: Thing) -> Result<Next> {
    if !act.uid.is_empty() && act.uid != act.spec.paper().uid {
        let now = &act.spec.paper().uid;
        return Err(Problem::field(
            "uid",
            format!("{:?} is not the uid of this request, {now}: read it again", act.uid),
        ));
    }
    // Papers about an earlier Onboarding of the same name have no say.
    let about: Vec<_> = existing.iter().filter(|d| d.spec.paper().uid == act.spec.paper().uid).collect();
    let effect = |d: &Decision| d.status.as_ref().and_then(|s| s.effect);
    let standing = |d: &&&Decision| effect(d) != Some(Effect::Void);
    if retried(about.iter().copied(), caller, &act.spec, &thing)? {
        return Ok(Next::Retry);
    }
    own_act(caller, act, onboarding)?;
    let reconciles = act.spec.verdict == DecisionVerdict::Reconcile;
    if reconciles && onboarding.spec.action != Action::Decommission {
        let message = format!("{}: only a DECOMMISSION is reconciled", thing.name);
        return Err(Problem::Refused { reason: Reason::InvalidArgument, message, thing });
    }
    let concluded = onboarding.status.as_ref().is_some_and(|s| s.outcome.is_some());
    if concluded && !reconciles && !withdraws_in_queue(act, onboarding) {
        return Err(decided(thing, &format!("the request is already decided: it is {:?}", state(onboarding))));
    }
    let withdrawn = |d: &&&Decision| d.spec.verdict == DecisionVerdict::Withdraw;
    if about.iter().filter(standing).any(|d| withdrawn(&d)) {
        return Err(decided(thing, "the request is already decided: it is Withdrawn"));
    }
    let same_role = |d: &&&Decision| d.spec.role == act.spec.role;
    if act.spec.role != SignerRole::Requester
        && let Some(first) = about.iter().filter(same_role).find(standing)
    {
        let (role, by) = (act.spec.role.as_str(), &first.spec.by.username);
        return Err(decided(
            thing,
            &format!("the request is already decided in role {role} by {by}: {:?}", first.spec.verdict),
        ));
    }
    // Numbers are taken for ever, also by papers about an earlier Onboarding.
    let numbers = existing.iter().filter(|d| d.spec.role == act.spec.role);
    let highest = numbers.filter_map(|d| names::parse_decision(d.metadata.name.as_deref()?).map(|(_, _, n)| n)).max();
    match highest.unwrap_or(0) + 1 {
        n if n <= MOST => Ok(Next::Number(n)),
        _ => Err(decided(thing, "the request has too many decisions of this role")),
    }
}

/// The requester withdraws, and never decides; nor does whom the request was made for, nor a pipeline as the owner.
fn own_act(caller: &Caller, act: &Act, onboarding: &Onboarding) -> Result<()> {
    if act.spec.role == SignerRole::Owner && is_pipeline(&caller.username) {
        let message = format!("{} is a service account: a person of the agency must sign this", caller.username);
        return Err(Problem::NotAllowed { reason: Reason::PermissionDenied, message });
    }
    let own = match act.spec.role {
        SignerRole::Requester => onboarding.spec.requester.username == caller.username,
        _ => asked_by(onboarding, &caller.username),
    };
    match (act.spec.role, own) {
        (SignerRole::Requester, true) => Ok(()),
        (SignerRole::Requester, false) => Err(Problem::NotAllowed {
            reason: Reason::PermissionDenied,
            message: format!(
                "only {} may withdraw or correct this request: ask them",
                onboarding.spec.requester.username
            ),
        }),
        (_, true) => Err(Problem::NotAllowed {
            reason: Reason::SelfApproval,
            message: format!("{} asked for this and may not decide it: somebody else must", caller.username),
        }),
        (_, false) => Ok(()),
    }
}

/// An approved request may be taken back until headroom is booked.
fn withdraws_in_queue(act: &Act, onboarding: &Onboarding) -> bool {
    act.spec.verdict == DecisionVerdict::Withdraw && crate::convert::onboarding::waits(onboarding)
}

/// Whether one of the decisions is the first try of the act; one request id for two different acts is an error (AIP-155).
pub(super) fn retried<'a>(
    mut decisions: impl Iterator<Item = &'a Decision>,
    caller: &Caller,
    act: &DecisionSpec,
    thing: &Thing,
) -> Result<bool> {
    let Some(request_id) = &act.request_id else { return Ok(false) };
    let same = |d: &&Decision| d.spec.request_id.as_ref() == Some(request_id) && d.spec.by.username == caller.username;
    let Some(first) = decisions.find(same) else { return Ok(false) };
    if (DecisionSpec { by: first.spec.by.clone(), ..act.clone() }) == first.spec {
        return Ok(true);
    }
    Err(Problem::Exists {
        reason: Reason::RequestIdReused,
        message: format!(
            "request_id was used for another act on {}, {:?} in role {}: choose a new request_id",
            thing.name,
            first.spec.verdict,
            first.spec.role.as_str()
        ),
        thing: thing.clone(),
    })
}

fn decided(thing: Thing, message: &str) -> Problem {
    Problem::Refused { reason: Reason::AlreadyDecided, message: format!("{}: {message}", thing.name), thing }
}

#[cfg(test)]
mod tests;
