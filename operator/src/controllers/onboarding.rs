//! Onboarding → checks, outcome, booking, register entries, ready.

mod acts;
mod automatic;
mod entries;
mod queue;
mod system;
mod times;

use std::sync::Arc;

use berth_crds::decision::{DecisionVerdict, Effect, SignerRole};
use berth_crds::onboarding::{LaterProfile, OnboardingStatus, Outcome, OutcomeResult};
use berth_crds::{ConditionType, Decision, Onboarding, PolicyProfile, Reason, condition, names};
use berth_plan::checks::{self, Overall};
use berth_plan::decide::{self, Case, Made};
use berth_plan::dossier::{holder, later, letter, state};
use berth_plan::register::Register;
use berth_plan::status::onboarding::{Event, after_checks, awaits_checks, record, refusal_outcome};
use berth_plan::system::delegation;
use jiff::civil::Date;
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
        match recorded {
            Some(name) => self.register.profiles.get(&name.name).cloned(),
            None => self.register.profile(self.submitted()).cloned(),
        }
    }

    /// The rule sets that come after the submission.
    fn later_profiles(&self) -> Vec<LaterProfile> {
        later::profiles(self.register.profiles.values().map(Arc::as_ref), self.submitted())
    }

    /// Day of the submission.
    fn submitted(&self) -> Date {
        let created = self.onboarding.metadata.creation_timestamp.as_ref();
        created.map_or_else(|| self.ctx.today(), |time| self.ctx.day_of(time))
    }

    /// Asks something of the request as the checks see it.
    fn judge<T>(&self, profile: &PolicyProfile, ask: impl FnOnce(&checks::Subject) -> T) -> T {
        ask(&checks::Subject {
            onboarding: &self.onboarding,
            agency: &self.agency,
            profile,
            register: &self.register,
            papers: &observe::papers(self.ctx, &self.onboarding),
            day: self.submitted(),
            day_of: &|time| self.ctx.day_of(time),
        })
    }

    /// Writes the status that an event leads to.
    async fn event(&mut self, event: &Event, outcome: Option<Outcome>) -> Result<()> {
        let mut status = self.onboarding.status.clone().unwrap_or_default();
        status.outcome = status.outcome.or(outcome);
        let due = times::due(self, event, status.outcome.as_ref());
        let mut status = record(&self.onboarding, status, event, due, &self.ctx.now());
        // What was decided stands under the rules of its time.
        if status.outcome.is_none() {
            status.later_profiles = self.later_profiles();
        }
        self.write(status).await
    }

    /// Writes a status.
    async fn write(&mut self, status: OnboardingStatus) -> Result<()> {
        self.onboarding.status = Some(status);
        let api = self.ctx.api_in(&self.onboarding.namespace().unwrap_or_default());
        self.onboarding = write_status::status(&api, &self.ctx.caches.onboardings, &self.onboarding).await?;
        Ok(())
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
        let action = entries::provide(&mut pass).await?;
        if action != Action::await_change() {
            return Ok(action);
        }
    }
    times::keep(&mut pass).await
}

/// Makes the checks once; again only while the request names something that does not exist.
async fn check(pass: &mut Pass<'_>) -> Result<()> {
    let status = pass.onboarding.status.clone().unwrap_or_default();
    if !awaits_checks(&status) {
        return Ok(());
    }
    let Some(profile) = pass.profile() else { return no_profile(pass).await };
    let results = pass.judge(&profile, checks::all);
    if results == status.checks {
        return Ok(());
    }
    let overall = checks::overall(&results);
    let signers = holder::signers(&profile, pass.onboarding.spec.action);
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
    let unjudged = |d: &&Arc<Decision>| d.status.as_ref().is_none_or(|s| s.effect.is_none());
    if decisions.iter().filter(unjudged).any(|d| delegation::concerns(&pass.register, d)) {
        pass.register.agencies = observe::agencies_now(pass.ctx).await?;
    }
    let (judged, made) = decide::weigh(&Case {
        onboarding: &pass.onboarding,
        decisions: &decisions,
        profile: &profile,
        signers: &signers,
        register: &pass.register,
        day: pass.ctx.today(),
        day_of: &|time| pass.ctx.day_of(time),
        booked,
    });
    for verdict in &judged {
        if let Some(paper) = decisions.iter().find(|d| d.name_any() == verdict.name) {
            decision::write(paper, verdict.effect, verdict.reason, pass.ctx).await?;
        }
    }
    corrected(pass, &profile, undecided).await?;
    match made {
        Some(made) => outcome(pass, made).await?,
        None if undecided => signed(pass, state::missing(&signers, &decisions, &judged)).await?,
        None => {}
    }
    late_withdrawal(pass, &decisions, booked).await
}

/// Takes over the letter's data as a correction left them. No event: no state changes, and no clock begins anew.
async fn corrected(pass: &mut Pass<'_>, profile: &PolicyProfile, undecided: bool) -> Result<()> {
    // As they are now: what was just judged among them.
    let letter = letter::corrected(&pass.onboarding, &observe::decisions(pass.ctx, &pass.onboarding));
    let status = pass.onboarding.status.get_or_insert_default();
    if status.letter == letter {
        return Ok(());
    }
    status.letter = letter;
    let mut status = status.clone();
    if undecided {
        status.checks = pass.judge(profile, checks::with_letter);
    }
    pass.write(status).await
}

/// Says who must still sign, when somebody has.
async fn signed(pass: &mut Pass<'_>, missing: Vec<SignerRole>) -> Result<()> {
    let holder = holder::text(&holder::of(state::to_sign(&missing), &missing));
    let told = pass.onboarding.status.as_ref().and_then(|s| s.summary.as_ref()).is_some_and(|s| s.holder == holder);
    if told { Ok(()) } else { pass.event(&Event::Signed { missing }, None).await }
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
        let message = Reason::Withdrawn.en().to_owned();
        pass.event(&Event::WithdrawnLate { message }, None).await?;
    }
    Ok(())
}
