//! Which Decisions count for a connection, and what they make of it.
//!
//! The asking agency's paper and the copy of the other owner are one matter: Consent and Close of the other owner stand on
//! the copy, everything else on the paper. A yes of the network unit that comes before the consent waits for it: both said
//! yes to the same words, which never change.

use berth_crds::common::Document;
use berth_crds::connection::{Closure, ConnectionOutcome, ConnectionResult};
use berth_crds::decision::{DecisionVerdict, Effect, SignerRole};
use berth_crds::profile::Signing;
use berth_crds::{Decision, Reason, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::Input;
use crate::day;
use crate::decide::{is_contractor, is_pipeline, same_person};

/// Whose paper a Decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seat {
    /// The asking agency's paper.
    Asking,
    /// The other owner's copy.
    Other,
}

/// What a Decision came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whose paper it is about.
    pub seat: Seat,
    /// Name of the Decision.
    pub name: String,
    /// Whether it counts.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
}

/// What the Decisions make.
#[derive(Default)]
pub(super) struct Weighed {
    pub judged: Vec<Judged>,
    pub consented: bool,
    pub outcome: Option<ConnectionOutcome>,
    pub closed: Option<Closure>,
}

/// Everything that was decided so far.
struct Desk<'a> {
    input: &'a Input<'a>,
    /// Whether the paper can be decided.
    decidable: bool,
    /// Whether nobody has to consent.
    alone: bool,
    consent: Option<&'a Decision>,
    outcome: Option<ConnectionOutcome>,
    closed: Option<Closure>,
    judged: Vec<Judged>,
}

/// Judges every Decision that has no effect recorded yet.
///
/// Total and deterministic: the order of the lists does not matter. Consents come first, then everything in the order of
/// creation, so that a slow operator or a retry after a crash judges the same way.
pub(super) fn weigh(input: &Input, decidable: bool, alone: bool) -> Weighed {
    let known = input.connection.status.clone().unwrap_or_default();
    let expired = input.connection.spec.expires_at <= *input.now;
    let over = Closure { reason: Reason::Expired.as_str().into(), decision_uid: None, at: input.now.clone() };
    let mut desk = Desk {
        input,
        decidable,
        alone,
        consent: None,
        outcome: known.outcome.clone(),
        closed: known.closed.or(expired.then_some(over)),
        judged: Vec::new(),
    };
    let asking = input.decisions.iter().map(|d| (Seat::Asking, d.as_ref()));
    let mut all: Vec<(Seat, &Decision)> =
        asking.chain(input.others.iter().map(|d| (Seat::Other, d.as_ref()))).collect();
    all.sort_by_key(|(seat, d)| {
        let later = d.spec.verdict != DecisionVerdict::Consent;
        (later, d.metadata.creation_timestamp.clone(), *seat, d.spec.role, number(d), d.name_any())
    });
    for (seat, decision) in all {
        desk.take(seat, decision);
    }
    let (outcome, closed) = (desk.outcome, desk.closed.filter(|c| c.decision_uid.is_some()));
    Weighed { judged: desk.judged, consented: desk.consent.is_some(), outcome, closed }
}

impl<'a> Desk<'a> {
    fn take(&mut self, seat: Seat, decision: &'a Decision) {
        let (effect, reason) = match decision.status.as_ref().and_then(|s| s.effect) {
            Some(Effect::Void) => return,
            Some(Effect::Effective) => (Effect::Effective, None),
            None => match self.judge(seat, decision) {
                None => return,
                Some(Reason::Effective) => (Effect::Effective, Some(Reason::Effective)),
                Some(reason) => (Effect::Void, Some(reason)),
            },
        };
        if let Some(reason) = reason {
            self.judged.push(Judged { seat, name: decision.name_any(), effect, reason });
        }
        if effect == Effect::Effective {
            self.count(decision);
        }
    }

    /// `Effective`, a reason why it is void, or nothing yet.
    fn judge(&self, seat: Seat, decision: &Decision) -> Option<Reason> {
        let (spec, paper) = (&decision.spec, self.paper(seat));
        if paper.is_none_or(|uid| uid != spec.paper().uid) {
            return Some(Reason::VoidNoConnection);
        }
        if self.closed.is_some() {
            return Some(Reason::VoidClosed);
        }
        if spec.by.groups.iter().any(|group| is_contractor(group)) {
            return Some(Reason::VoidContractor);
        }
        match (seat, spec.role, spec.verdict) {
            (_, SignerRole::Owner, DecisionVerdict::Close) => Some(Reason::Effective),
            (Seat::Asking, SignerRole::Network, DecisionVerdict::Close) => Some(Reason::Effective),
            (Seat::Other, SignerRole::Owner, DecisionVerdict::Consent) => self.consent(decision),
            (Seat::Asking, SignerRole::Network, DecisionVerdict::Approve | DecisionVerdict::Reject) => {
                self.network(decision)
            }
            _ => Some(Reason::VoidRole),
        }
    }

    fn paper(&self, seat: Seat) -> Option<String> {
        match seat {
            Seat::Asking => self.input.connection.uid(),
            Seat::Other => self.input.counterpart.and_then(ResourceExt::uid),
        }
    }

    fn requester(&self) -> &str {
        &self.input.connection.spec.requester.username
    }

    fn consent(&self, decision: &Decision) -> Option<Reason> {
        if self.consent.is_some() {
            return Some(Reason::VoidAlreadyDecided);
        }
        if is_pipeline(&decision.spec.by.username) {
            return Some(Reason::VoidPipeline);
        }
        if decision.spec.by.username == self.requester() {
            return Some(Reason::VoidSelfApproval);
        }
        self.decidable.then_some(Reason::Effective)
    }

    fn network(&self, decision: &Decision) -> Option<Reason> {
        let by = &decision.spec.by.username;
        if self.outcome.is_some() {
            return Some(Reason::VoidAlreadyDecided);
        }
        if self.out_of_order(decision) {
            return Some(Reason::VoidOutOfOrder);
        }
        if by == self.requester() || self.consent.is_some_and(|c| c.spec.by.username == *by) {
            return Some(Reason::VoidSelfApproval);
        }
        if let Some(reason) = self.by_document(decision) {
            return Some(reason);
        }
        let no = decision.spec.verdict == DecisionVerdict::Reject;
        (self.decidable && (no || self.alone || self.consent.is_some())).then_some(Reason::Effective)
    }

    /// A document counts from its date, which must have come; where documents sign, four eyes compares who signed them.
    fn by_document(&self, decision: &Decision) -> Option<Reason> {
        let dated = |d: &Document| day::parse(&d.date).is_some_and(|date| date <= self.input.today);
        if decision.spec.document.as_ref().is_some_and(|document| !dated(document)) {
            return Some(Reason::VoidLetter);
        }
        let profile = self.input.register.profile(self.input.today)?;
        if profile.spec.signing != Signing::ByDocument {
            return None;
        }
        let Some(document) = &decision.spec.document else { return Some(Reason::VoidNoDocument) };
        let letter = self.input.connection.spec.letter.as_ref();
        letter.is_some_and(|l| same_person(&l.signer, &document.signer)).then_some(Reason::VoidSelfApproval)
    }

    /// A number counts only after all smaller ones of its role exist and are void.
    fn out_of_order(&self, decision: &Decision) -> bool {
        let name = decision.name_any();
        let Some((paper, role, n)) = names::parse_decision(&name) else { return true };
        (1..n).any(|m| {
            let earlier = names::decision(paper, role, m);
            let now = self.judged.iter().find(|j| j.seat == Seat::Asking && j.name == earlier).map(|j| j.effect);
            let found = self.input.decisions.iter().find(|d| d.name_any() == earlier);
            let recorded = found.and_then(|d| d.status.as_ref()?.effect);
            now.or(recorded) != Some(Effect::Void)
        })
    }

    fn count(&mut self, decision: &'a Decision) {
        let made = decision.metadata.creation_timestamp.clone();
        let at = made.unwrap_or(Time(jiff::Timestamp::UNIX_EPOCH));
        let uid = decision.uid().unwrap_or_default();
        match decision.spec.verdict {
            DecisionVerdict::Consent => self.consent = Some(decision),
            DecisionVerdict::Close => {
                let reason = Reason::Closed.as_str().into();
                let closure = Closure { reason, decision_uid: Some(uid), at: self.input.now.clone() };
                self.closed.get_or_insert(closure);
            }
            DecisionVerdict::Approve if self.outcome.is_none() => {
                let consented = self.consent.and_then(|c| c.metadata.creation_timestamp.clone());
                let at = consented.into_iter().chain([at]).max().unwrap_or(Time(jiff::Timestamp::UNIX_EPOCH));
                let uids = self.consent.and_then(ResourceExt::uid).into_iter().chain([uid]).collect();
                let result = ConnectionResult::Approved;
                self.outcome = Some(ConnectionOutcome { result, decision_uids: uids, decided_at: at });
            }
            DecisionVerdict::Reject if self.outcome.is_none() => {
                let result = ConnectionResult::Rejected;
                self.outcome = Some(ConnectionOutcome { result, decision_uids: vec![uid], decided_at: at });
            }
            _ => {}
        }
    }
}

/// Number in a Decision's name; a name without one comes first and is void anyway.
fn number(decision: &Decision) -> u32 {
    names::parse_decision(&decision.name_any()).map_or(0, |(_, _, n)| n)
}
