//! Time and what comes after the handover: until when somebody must act, whether they did, and what became of it.

use std::time::Duration;

use berth_crds::ConditionType;
use berth_crds::onboarding::{OnboardingStatus, Outcome, OutcomeResult, State};
use berth_plan::day;
use berth_plan::dossier::{chain, clock, state, supplement};
use berth_plan::status::onboarding::{self as status, Event, Times};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::{Pass, entries};
use crate::error::Result;
use crate::observe;

/// Until when who holds the request after an event should act.
pub(super) fn due(pass: &Pass, event: &Event, outcome: Option<&Outcome>) -> Option<Date> {
    match outcome.filter(|o| o.result == OutcomeResult::Returned) {
        Some(returned) => supplements(pass, returned, None),
        None => on(pass, event, outcome.map(|o| o.result), pass.ctx.today()),
    }
}

/// Until when the requester should supplement what was returned.
fn supplements(pass: &Pass, returned: &Outcome, now: Option<Date>) -> Option<Date> {
    let told = pass.ctx.arrivals.tells(returned.decided_at.0);
    let arrival = pass.ctx.arrivals.of(&pass.onboarding.uid().unwrap_or_default());
    supplement::limit(now, told, arrival, || {
        let decided = Event::Decided { message: String::new() };
        on(pass, &decided, Some(returned.result), pass.ctx.day_of(&Time(returned.recorded_at.0)))
    })
}

/// Until when who holds the request after an event of a day should act.
fn on(pass: &Pass, event: &Event, result: Option<OutcomeResult>, today: Date) -> Option<Date> {
    let papers = chain::papers(&pass.onboarding, &observe::papers(pass.ctx, &pass.onboarding));
    let days = chain::submissions(&papers, |time| pass.ctx.day_of(time));
    let first = days.first().map_or_else(|| pass.submitted(), |first| first.submitted);
    let profile = chain::profile(&papers, &pass.register, first)?;
    let calendar = pass.register.calendar();
    let signers = pass.onboarding.status.as_ref().map(|s| s.signers.clone()).unwrap_or_default();
    let decisions = observe::decisions(pass.ctx, &pass.onboarding);
    status::due(
        event,
        result,
        &Times {
            clocks: clock::Clocks { profile, calendar: &calendar },
            chain: &days,
            level: entries::level(pass).unwrap_or(1),
            signers: &signers,
            appraised: chain::appraised(decisions.iter().map(AsRef::as_ref), |time| pass.ctx.day_of(time)),
            today,
        },
    )
}

/// Follows what was handed over, says what is overdue, and comes back on the day after the limit.
pub(super) async fn keep(pass: &mut Pass<'_>) -> Result<Action> {
    let told = pass.onboarding.status.as_ref().and_then(|s| s.summary.clone()).unwrap_or_default();
    if pass.is(ConditionType::Ready) {
        let (tenant, environment) = (entries::tenant(pass), entries::environment(pass));
        let now = state::handed_over(pass.onboarding.spec.action, tenant.as_deref(), environment.as_deref());
        if now != told.state {
            pass.event(&Event::Lives { state: now }, None).await?;
        }
        return Ok(Action::await_change());
    }
    if chain::superseded(&pass.onboarding, &observe::papers(pass.ctx, &pass.onboarding)) {
        return Ok(Action::await_change());
    }
    // A rule set that was announced meanwhile.
    let later = pass.later_profiles();
    if pass.result().is_none() && pass.onboarding.status.as_ref().is_some_and(|s| s.later_profiles != later) {
        let mut status = pass.onboarding.status.clone().unwrap_or_default();
        status.later_profiles = later;
        pass.write(status).await?;
        return Ok(Action::await_change());
    }
    if let Some(status) = supplemented(pass) {
        pass.write(status).await?;
        return Ok(Action::await_change());
    }
    if let Some(status) = status::overdue(&pass.onboarding, pass.ctx.today(), &pass.ctx.now()) {
        pass.write(status).await?;
        return Ok(Action::await_change());
    }
    let due = told.due.as_deref().and_then(day::parse).filter(|due| *due >= pass.ctx.today());
    Ok(due.and_then(|due| until_after(pass, due)).map_or_else(Action::await_change, Action::requeue))
}

/// The status of a returned request of whose notice there is news.
fn supplemented(pass: &Pass) -> Option<OnboardingStatus> {
    let status = pass.onboarding.status.as_ref()?;
    let returned = status.outcome.as_ref().filter(|o| o.result == OutcomeResult::Returned)?;
    let told = status.summary.as_ref().filter(|summary| summary.state == State::Returned)?;
    let due = supplements(pass, returned, told.due.as_deref().and_then(day::parse));
    supplement::status(&pass.onboarding, due, &pass.ctx.now())
}

/// Time until the day after `due` begins.
fn until_after(pass: &Pass, due: Date) -> Option<Duration> {
    let begins = due.tomorrow().ok()?.to_zoned(pass.ctx.zone.clone()).ok()?.timestamp();
    Duration::try_from(begins.duration_since(pass.ctx.now().0)).ok()
}
