//! Acts that wait for no paper: what of them is in force for an environment, written and told before anything follows it.

use std::time::Duration;

use berth_crds::onboarding::OutcomeResult;
use berth_crds::{Environment, Onboarding, Tenant};
use berth_plan::intervention::{Input, Standing, standing};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::write;
use crate::context::Context;
use crate::error::Result;

/// Timers are not set further ahead than this; a wake-up that finds nothing to do writes nothing.
const FARTHEST: Duration = Duration::from_secs(24 * 3600);

/// What is in force now.
pub fn observe(environment: &Environment, tenant: Option<&Tenant>, ctx: &Context) -> Standing {
    let profile = ctx.caches.profiles.get(&environment.spec.profile_ref.name, None);
    let level = tenant.map(|t| t.spec.level);
    let rule = profile.as_ref().and_then(|p| p.spec.levels.iter().find(|r| Some(r.level) == level));
    standing(&Input {
        environment,
        acts: &ctx.caches.interventions.all(),
        papers: &papers(environment, ctx),
        review_months: rule.and_then(|r| r.access_review_months),
        now: ctx.now().0,
        day_of: &|at| ctx.day_of(&Time(at)),
    })
}

/// When approved papers about the environment were submitted; the one that it stands by is known before it says itself
/// what it led to.
fn papers(environment: &Environment, ctx: &Context) -> Vec<Timestamp> {
    let basis = environment.spec.basis.onboarding_ref.as_ref();
    let about = |o: &Onboarding| {
        let status = o.status.as_ref()?;
        let approved = status.outcome.as_ref().is_some_and(|o| o.result == OutcomeResult::Approved);
        let named = status.environment_ref.as_ref().is_some_and(|e| e.name == environment.name_any());
        let stands = basis.is_some_and(|basis| Some(&basis.uid) == o.metadata.uid.as_ref());
        (approved && named || stands).then_some(o.metadata.creation_timestamp.as_ref()?.0)
    };
    ctx.caches.onboardings.all().iter().filter_map(|o| about(o)).collect()
}

/// Writes what has just begun or ended, and tells it where people look: at the environment itself.
pub async fn begin(environment: &Environment, standing: &Standing, ctx: &Context) -> Result<Environment> {
    let mut status = environment.status.clone().unwrap_or_default();
    let turned = standing.turns(&status.conditions);
    if turned.is_empty() {
        return Ok(environment.clone());
    }
    standing.tell(&mut status.conditions, environment.metadata.generation, &ctx.now());
    let written = write(environment, status.clone(), ctx).await?;
    for (reason, message) in turned {
        ctx.drift.tell(environment, reason, "Intervene", message).await;
    }
    Ok(written)
}

/// Comes back when time alone changes something: an act that ends; with the day, where the province is, access that expires
/// or is due for review, a last day and the days of a stop.
pub fn next(action: Action, environment: &Environment, standing: &Standing, ctx: &Context) -> Action {
    if action != Action::await_change() {
        return action;
    }
    let now = ctx.now().0;
    // A moment after the instant: a timer that fires early would find nothing to do and wait for ever.
    let until =
        |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default() + Duration::from_millis(20);
    let act_ends = standing.wake.map(until);
    let spec = &environment.spec;
    let expires = spec.access.iter().any(|a| a.expires.is_some());
    let ends = spec.end_date.is_some() || spec.ipv4_only.is_some() || spec.temporary.is_some();
    let dated = expires || ends || spec.schedule.is_some();
    let days = dated.then(|| ctx.until_midnight());
    let due = standing.review_due.filter(|due| *due >= ctx.today());
    let due = due.and_then(|due| due.tomorrow().ok()?.to_zoned(ctx.zone.clone()).ok()).map(|z| until(z.timestamp()));
    match [act_ends, days, due].into_iter().flatten().min() {
        Some(wait) => Action::requeue(wait.min(FARTHEST)),
        None => action,
    }
}
