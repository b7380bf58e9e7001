//! Onboarding → checks, outcome, booking, register entries, ready.

mod automatic;
mod entries;
mod queue;

use std::sync::Arc;

use berth_crds::decision::{DecisionVerdict, Effect, SignerRole};
use berth_crds::onboarding::{Outcome, OutcomeResult, State};
use berth_crds::{ConditionType, Decision, Onboarding, PolicyProfile, condition, names};
use berth_plan::checks::{self, Overall};
use berth_plan::decide::{self, Case, Made};
use berth_plan::register::Register;
use berth_plan::status::onboarding::{Event, after_checks, due, record, refusal_outcome};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::decision;
use crate::context::Context;
use crate::error::Result;
use crate::{observe, record as write_status};

/// An onboarding in the hands of one pass.
pub(super) struct Pass<'a> {
    ctx: &'a Context,
    agency: String,
    register: Register,
    onboarding: Onboarding,
}

impl Pass<'_> {
    fn result(&self) -> Option<OutcomeResult> {
        self.onboarding.status.as_ref()?.outcome.as_ref().map(|o| o.result)
    }

    fn is(&self, type_: ConditionType) -> bool {
        self.onboarding.status.as_ref().is_some_and(|s| condition::is_true(&s.conditions, type_))
    }

    /// The rule set in force at submission.
    fn profile(&self) -> Option<Arc<PolicyProfile>> {
        let recorded = self.onboarding.status.as_ref().and_then(|s| s.profile_ref.as_ref());
        let submitted = self.onboarding.metadata.creation_timestamp.as_ref().map(|t| self.ctx.day_of(t));
        match recorded {
            Some(name) => self.register.profiles.get(&name.name).cloned(),
            None => self.register.profile(submitted.unwrap_or_else(|| self.ctx.today())).cloned(),
        }
    }

    /// Writes the status that an event leads to.
    async fn event(&mut self, event: &Event, outcome: Option<Outcome>) -> Result<()> {
        let mut status = self.onboarding.status.clone().unwrap_or_default();
        status.outcome = status.outcome.or(outcome);
        let due = self.due(event);
        let status = record(&self.onboarding, status, event, due, &self.ctx.now());
        self.onboarding.status = Some(status);
        let api = self.ctx.api_in(&self.onboarding.namespace().unwrap_or_default());
        self.onboarding = write_status::status(&api, &self.ctx.caches.onboardings, &self.onboarding).await?;
        Ok(())
    }

    fn due(&self, event: &Event) -> Option<jiff::civil::Date> {
        let waiting_for_people = matches!(event, Event::Checked);
        let submitted = self.ctx.day_of(self.onboarding.metadata.creation_timestamp.as_ref()?);
        let signers = self.onboarding.status.as_ref()?.signers.clone();
        waiting_for_people
            .then(|| due(self.profile()?.as_ref(), &self.register.calendar(), submitted, &signers))
            .flatten()
    }
}

/// Takes a request as far as it goes now.
pub async fn reconcile(onboarding: Arc<Onboarding>, ctx: Arc<Context>) -> Result<Action> {
    let namespace = onboarding.namespace().unwrap_or_default();
    let newest = ctx.caches.onboardings.get(&onboarding.name_any(), Some(&namespace)).unwrap_or(onboarding);
    // A paper in a namespace that is no agency's is not ours to judge.
    let Some(agency) = names::agency_of_namespace(&namespace).map(str::to_owned) else {
        return Ok(Action::await_change());
    };
    let register = observe::register(&ctx);
    let mut pass = Pass { ctx: &ctx, agency, register, onboarding: newest.as_ref().clone() };
    check(&mut pass).await?;
    decide(&mut pass).await?;
    let open = pass.result() == Some(OutcomeResult::Approved) && !pass.is(ConditionType::Withdrawn);
    if open && !pass.is(ConditionType::Ready) {
        return entries::provide(&mut pass).await;
    }
    Ok(Action::await_change())
}

/// Makes the checks once; again only while the request names something that does not exist.
async fn check(pass: &mut Pass<'_>) -> Result<()> {
    let status = pass.onboarding.status.clone().unwrap_or_default();
    let waiting = status.outcome.is_none() && status.summary.as_ref().is_none_or(|s| s.state == State::Submitted);
    if !waiting {
        return Ok(());
    }
    let Some(profile) = pass.profile() else { return no_profile(pass).await };
    let submitted = pass.onboarding.metadata.creation_timestamp.as_ref().map(|t| pass.ctx.day_of(t));
    let results = checks::all(&checks::Subject {
        onboarding: &pass.onboarding,
        agency: &pass.agency,
        profile: &profile,
        register: &pass.register,
        day: submitted.unwrap_or_else(|| pass.ctx.today()),
    });
    if results == status.checks {
        return Ok(());
    }
    let overall = checks::overall(&results);
    let signers = signers(&profile, &pass.onboarding);
    let status = pass.onboarding.status.get_or_insert_default();
    status.checks = results;
    status.profile_ref = Some(berth_crds::common::NameRef::to(profile.name_any()));
    status.signers = if overall == Overall::Decidable { signers } else { Vec::new() };
    let ends = matches!(overall, Overall::Defective | Overall::Refused);
    let outcome = ends.then(|| refusal_outcome(&pass.onboarding, &pass.ctx.now()));
    pass.event(&after_checks(overall), outcome).await
}

/// Says once that no rule set covers the day; a new one wakes the request.
async fn no_profile(pass: &mut Pass<'_>) -> Result<()> {
    if pass.is(ConditionType::Stalled) { Ok(()) } else { pass.event(&Event::NoProfile, None).await }
}

fn signers(profile: &PolicyProfile, onboarding: &Onboarding) -> Vec<SignerRole> {
    let rule = profile.spec.signers.iter().find(|r| r.action == onboarding.spec.action);
    rule.map_or_else(|| vec![SignerRole::Approver], |r| r.roles.clone())
}

/// Judges Decisions and writes the outcome; lets the automatic rule decide when it covers the request.
async fn decide(pass: &mut Pass<'_>) -> Result<()> {
    let Some(profile) = pass.profile() else { return Ok(()) };
    let decisions = observe::decisions(pass.ctx, &pass.onboarding);
    let signers = pass.onboarding.status.clone().unwrap_or_default().signers;
    let undecided = pass.result().is_none();
    if decisions.is_empty() {
        return if undecided && !signers.is_empty() { automatic::decide(pass, &profile).await } else { Ok(()) };
    }
    if undecided && signers.is_empty() {
        return Ok(());
    }
    let booked = entries::is_begun(pass);
    let (judged, made) = decide::weigh(&Case {
        onboarding: &pass.onboarding,
        decisions: &decisions,
        profile: &profile,
        signers: &signers,
        register: &pass.register,
        day: pass.ctx.today(),
        booked,
    });
    for verdict in &judged {
        if let Some(paper) = decisions.iter().find(|d| d.name_any() == verdict.name) {
            decision::write(paper, verdict.effect, verdict.reason, pass.ctx).await?;
        }
    }
    if let Some(made) = made {
        outcome(pass, made).await?;
    }
    late_withdrawal(pass, &decisions, booked).await
}

/// Writes the outcome, once: the resourceVersion that was read is the lock.
async fn outcome(pass: &mut Pass<'_>, made: Made) -> Result<()> {
    let outcome = Outcome {
        result: made.result,
        decision_uids: made.decision_uids,
        granted: made.granted,
        decided_at: made.decided_at,
        recorded_at: MicroTime(pass.ctx.now().0),
        priority: made.priority,
    };
    if made.result == OutcomeResult::Approved {
        entries::name(pass);
    }
    pass.event(&Event::Decided { message: made.message }, Some(outcome)).await
}

/// An approved request for which nothing was booked yet can be taken back.
async fn late_withdrawal(pass: &mut Pass<'_>, decisions: &[Arc<Decision>], booked: bool) -> Result<()> {
    let namespace = pass.onboarding.namespace();
    let counts = |d: &&Arc<Decision>| {
        // Our own write a moment ago is in the cache, the list that was read is older.
        let newest = pass.ctx.caches.decisions.get(&d.name_any(), namespace.as_deref());
        let status = newest.as_ref().and_then(|d| d.status.as_ref());
        d.spec.verdict == DecisionVerdict::Withdraw && status.and_then(|s| s.effect) == Some(Effect::Effective)
    };
    let withdrawn = decisions.iter().find(counts).is_some();
    let approved = pass.result() == Some(OutcomeResult::Approved);
    if approved && withdrawn && !booked && !pass.is(ConditionType::Withdrawn) {
        pass.event(&Event::WithdrawnLate, None).await?;
    }
    Ok(())
}
