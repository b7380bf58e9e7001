//! Which Decisions count, and what they make of the request.

mod reconcile;
mod signer;

use std::collections::BTreeSet;

use berth_crds::decision::{DecisionVerdict, Effect, SignerRole};
use berth_crds::onboarding::{Grant, OutcomeResult};
use berth_crds::{Decision, Onboarding, PolicyProfile, Reason, labels, names};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use unicode_normalization::UnicodeNormalization;

use crate::amounts::Amounts;
use crate::day;
use crate::dossier::difference;
use crate::register::Register;

/// The usual place in the queue.
pub const USUAL_PRIORITY: i64 = 5;

/// What is weighed.
pub struct Case<'a> {
    /// The request, with the status that was recorded.
    pub onboarding: &'a Onboarding,
    /// All Decisions that name it.
    pub decisions: &'a [std::sync::Arc<Decision>],
    /// Rule set of the request.
    pub profile: &'a PolicyProfile,
    /// Roles that must all approve.
    pub signers: &'a [SignerRole],
    /// The registers.
    pub register: &'a Register,
    /// Today.
    pub day: Date,
    /// The day of an instant, where the province is.
    pub day_of: &'a dyn Fn(&Time) -> Date,
    /// Whether headroom is booked: a Withdraw no longer counts then.
    pub booked: bool,
}

/// What a Decision came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Name of the Decision.
    pub name: String,
    /// Whether it counts.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
}

/// The outcome, if the Decisions make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Yes, no, or taken back.
    pub result: OutcomeResult,
    /// UIDs of the Decisions that made it.
    pub decision_uids: Vec<String>,
    /// What is granted.
    pub granted: Option<Grant>,
    /// Creation time of the last one.
    pub decided_at: Time,
    /// Place in the queue.
    pub priority: i64,
    /// Sentence of the signer who ended it.
    pub message: String,
}

/// Judges every Decision that has no effect recorded yet, and computes the outcome. Total and deterministic: the order of `decisions` does not matter. Decisions are taken in the order of creation,
/// then of role and number, so that a slow operator or a retry after a crash judges the same way.
pub fn weigh(case: &Case) -> (Vec<Judged>, Option<Made>) {
    let mut ordered: Vec<&Decision> = case.decisions.iter().map(AsRef::as_ref).collect();
    ordered.sort_by_key(|d| (d.metadata.creation_timestamp.clone(), d.spec.role, number(d), d.name_any()));
    let mut judged: Vec<Judged> = Vec::new();
    let mut approvals: Vec<&Decision> = Vec::new();
    let recorded = case.onboarding.status.as_ref().and_then(|s| s.outcome.as_ref());
    let mut made: Option<Made> = None;
    for decision in ordered {
        let (effect, reason) = match decision.status.as_ref().and_then(|s| s.effect) {
            Some(Effect::Void) => continue,
            Some(Effect::Effective) => (Effect::Effective, Reason::Effective),
            None => {
                let outcome = made.as_ref().map(|m| m.result).or(recorded.map(|o| o.result));
                judge(case, decision, outcome, &judged)
            }
        };
        if decision.status.as_ref().and_then(|s| s.effect).is_none() {
            judged.push(Judged { name: decision.name_any(), effect, reason });
        }
        if effect == Effect::Effective && recorded.is_none() && made.is_none() {
            made = advance(case, &mut approvals, decision);
        }
    }
    (judged, made)
}

/// Whether one Decision counts, given the outcome so far.
fn judge(case: &Case, decision: &Decision, outcome: Option<OutcomeResult>, before: &[Judged]) -> (Effect, Reason) {
    match void_reason(case, decision, outcome, before) {
        Some(reason) => (Effect::Void, reason),
        None => (Effect::Effective, Reason::Effective),
    }
}

fn void_reason(case: &Case, decision: &Decision, outcome: Option<OutcomeResult>, before: &[Judged]) -> Option<Reason> {
    let spec = &decision.spec;
    if Some(spec.paper().uid.as_str()) != case.onboarding.metadata.uid.as_deref() {
        return Some(Reason::VoidNoOnboarding);
    }
    if spec.verdict == DecisionVerdict::Reconcile {
        return reconcile::void_reason(case, decision, outcome, before);
    }
    if let Some(reason) = void_by_outcome(case, decision, outcome) {
        return Some(reason);
    }
    if out_of_order(case, decision, before) {
        return Some(Reason::VoidOutOfOrder);
    }
    if spec.role == SignerRole::Requester {
        let same = spec.by.username == case.onboarding.spec.requester.username;
        return (!same).then_some(Reason::VoidRole).or(undated(case, decision));
    }
    if !case.signers.contains(&spec.role) {
        return Some(Reason::VoidRole);
    }
    if let Some(reason) = undated(case, decision) {
        return Some(reason);
    }
    signer::void_by_signer(case, decision).or_else(|| bad_grant(case, decision).then_some(Reason::VoidGrant))
}

/// A document counts from its date, which must be one that has come.
fn undated(case: &Case, decision: &Decision) -> Option<Reason> {
    let document = decision.spec.document.as_ref()?;
    day::parse(&document.date).is_none_or(|date| date > case.day).then_some(Reason::VoidLetter)
}

fn void_by_outcome(case: &Case, decision: &Decision, outcome: Option<OutcomeResult>) -> Option<Reason> {
    let withdraw = decision.spec.verdict == DecisionVerdict::Withdraw;
    match outcome {
        None => None,
        // "Withdraw counts until booked": an approval that waits for headroom can still be taken back.
        Some(OutcomeResult::Approved) if withdraw && !case.booked => None,
        Some(OutcomeResult::Withdrawn) => Some(Reason::VoidWithdrawn),
        Some(OutcomeResult::Rejected) if case.onboarding.status.as_ref().is_some_and(refused) => {
            Some(Reason::VoidRefused)
        }
        Some(_) => Some(Reason::VoidAlreadyDecided),
    }
}

fn refused(status: &berth_crds::onboarding::OnboardingStatus) -> bool {
    status.outcome.as_ref().is_some_and(|o| o.decision_uids.is_empty())
}

/// A number counts only after all smaller ones of its role exist and are void; the requester's acts all count.
fn out_of_order(case: &Case, decision: &Decision, before: &[Judged]) -> bool {
    let name = decision.name_any();
    let Some((onboarding, role, n)) = names::parse_decision(&name) else { return true };
    if decision.spec.role == SignerRole::Requester {
        return false;
    }
    (1..n).any(|m| {
        let earlier = names::decision(onboarding, role, m);
        let now = before.iter().find(|j| j.name == earlier).map(|j| j.effect);
        let found = case.decisions.iter().find(|d| d.name_any() == earlier);
        let recorded = found.and_then(|d| d.status.as_ref()?.effect);
        now.or(recorded) != Some(Effect::Void)
    })
}

/// Number in a Decision's name; a name without one comes first and is void anyway.
fn number(decision: &Decision) -> u32 {
    names::parse_decision(&decision.name_any()).map_or(0, |(_, _, n)| n)
}

/// One person however spelled: Unicode form, spaces and capitals of a signature differ between documents.
pub(crate) fn same_person(a: &str, b: &str) -> bool {
    let plain = |name: &str| -> String {
        let words: Vec<&str> = name.split_whitespace().collect();
        words.join(" ").nfc().collect::<String>().to_lowercase()
    };
    plain(a) == plain(b)
}

/// Contractors of the province, or of one agency.
pub(crate) fn is_contractor(group: &str) -> bool {
    group == labels::CONTRACTORS || (group.starts_with(labels::GROUP_PREFIX) && group.ends_with(":contractor"))
}

/// Whether somebody asked for it: the requester, or whom the request says that it is made for.
pub fn asked_by(onboarding: &Onboarding, name: &str) -> bool {
    let spec = &onboarding.spec;
    spec.requester.username == name || spec.on_behalf_of.as_deref().is_some_and(|other| same_person(other, name))
}

/// A service account: whoever holds its token, and so nobody in particular. It may ask for things, and is no second person.
pub fn is_pipeline(username: &str) -> bool {
    username.starts_with(labels::SERVICE_ACCOUNT_USER)
}

fn bad_grant(case: &Case, decision: &Decision) -> bool {
    let Some(grant) = &decision.spec.granted else { return false };
    let Some(class) = case.register.classes.get(&grant.class_ref.name) else { return true };
    let (Ok(granted), Ok(most)) = (Amounts::parse(&grant.quota), Amounts::parse(&class.spec.resources)) else {
        return true;
    };
    !granted.fits(most) || granted.cpu_milli == 0 || granted.memory == 0 || granted.storage == 0
}

/// Adds an effective Decision; the outcome is made by the first No, or by the last missing Yes.
fn advance<'a>(case: &Case, approvals: &mut Vec<&'a Decision>, decision: &'a Decision) -> Option<Made> {
    let made = |result, by: &[&Decision], granted| Made {
        result,
        decision_uids: by.iter().filter_map(|d| d.metadata.uid.clone()).collect(),
        granted,
        decided_at: by
            .last()
            .and_then(|d| d.metadata.creation_timestamp.clone())
            .unwrap_or(Time(jiff::Timestamp::UNIX_EPOCH)),
        priority: by.iter().filter_map(|d| d.spec.priority.as_ref()).map(|p| p.class).min().unwrap_or(USUAL_PRIORITY),
        message: sentence(case, by),
    };
    match decision.spec.verdict {
        DecisionVerdict::Correct | DecisionVerdict::Reconcile => None,
        // About Connections; the schema keeps them from Onboardings.
        DecisionVerdict::Consent | DecisionVerdict::Close => None,
        DecisionVerdict::Withdraw => Some(made(OutcomeResult::Withdrawn, &[decision], None)),
        DecisionVerdict::Reject => Some(made(OutcomeResult::Rejected, &[decision], None)),
        DecisionVerdict::Return => Some(made(OutcomeResult::Returned, &[decision], None)),
        DecisionVerdict::Approve | DecisionVerdict::ApproveWithChanges => {
            approvals.push(decision);
            let signed: BTreeSet<SignerRole> = approvals.iter().map(|d| d.spec.role).collect();
            let granted = approvals.iter().rev().find_map(|d| d.spec.granted.clone()).or_else(|| asked(case));
            // A yes to an environment whose class is gone from the catalogue says nothing: it waits for the class.
            let said = granted.is_some() || case.onboarding.spec.environment.is_none();
            let complete = said && case.signers.iter().all(|role| signed.contains(role));
            complete.then(|| made(OutcomeResult::Approved, approvals, granted))
        }
    }
}

/// What the request asks for, as a grant: its own amounts, or the class's.
fn asked(case: &Case) -> Option<Grant> {
    difference::asked(&case.onboarding.spec, case.register)
}

fn sentence(case: &Case, by: &[&Decision]) -> String {
    let absent = |d: &Decision| d.spec.on_behalf_of.as_ref().map(|a| format!(" for {a}")).unwrap_or_default();
    let signer = |d: &&Decision| format!("{} as {}{}", d.spec.by.username, d.spec.role.as_str(), absent(d));
    let who: Vec<String> = by.iter().map(signer).collect();
    let last = by.last().map(|d| &d.spec);
    let reason = last.and_then(|s| s.reason.as_ref()).map(|r| format!(": {r}")).unwrap_or_default();
    let basis = last.and_then(|s| s.legal_basis.as_ref()).map(|b| format!(" ({b})")).unwrap_or_default();
    let defects: String = last.iter().flat_map(|s| &s.defects).map(|defect| format!(" {defect}")).collect();
    format!("By {}{reason}{basis}.{defects}{}", who.join(", "), changed(case, by))
}

/// What was decided otherwise than asked.
fn changed(case: &Case, by: &[&Decision]) -> String {
    let decided = by.iter().rev().find_map(|d| d.spec.granted.as_ref());
    let changes = asked(case).zip(decided).map(|(asked, decided)| difference::between(&asked, decided));
    match changes.filter(|changes| !changes.is_empty()) {
        Some(changes) => format!(" Changed: {}.", difference::sentence(&changes)),
        None => String::new(),
    }
}
