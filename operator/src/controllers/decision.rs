//! Decisions about nothing: their paper never existed. All others are judged with their paper.

use std::sync::Arc;

use berth_crds::condition::{self, Is};
use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Connection, Decision, Onboarding, Reason};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::context::Context;
use crate::error::Result;
use crate::{apply, record};

/// Voids a Decision whose paper does not exist.
pub async fn reconcile(decision: Arc<Decision>, ctx: Arc<Context>) -> Result<Action> {
    let (namespace, name) = (decision.namespace().unwrap_or_default(), &decision.spec.paper().name);
    let judged = decision.status.as_ref().is_some_and(|s| s.effect.is_some());
    let connection = decision.spec.connection_ref.is_some();
    let known = match connection {
        true => ctx.caches.connections.get(name, Some(&namespace)).is_some(),
        false => ctx.caches.onboardings.get(name, Some(&namespace)).is_some(),
    };
    if judged || known {
        return Ok(Action::await_change());
    }
    // The cache may lag behind a paper that was made a moment ago: ask before voiding for ever.
    let (missing, reason) = match connection {
        true => (apply::live::<Connection>(&ctx.api_in(&namespace), name).await?.is_none(), Reason::VoidNoConnection),
        false => (apply::live::<Onboarding>(&ctx.api_in(&namespace), name).await?.is_none(), Reason::VoidNoOnboarding),
    };
    if missing {
        write(&decision, Effect::Void, reason, &ctx).await?;
    }
    Ok(Action::await_change())
}

/// Writes what a Decision came to; once.
pub async fn write(decision: &Decision, effect: Effect, reason: Reason, ctx: &Context) -> Result<()> {
    let (now, generation) = (ctx.now(), decision.metadata.generation);
    let mut decision = decision.clone();
    let status = decision.status.get_or_insert_default();
    status.effect = Some(effect);
    status.reason = Some(reason.as_str().into());
    status.observed_generation = generation;
    let counts = Is::from(effect == Effect::Effective);
    condition::set(&mut status.conditions, ConditionType::Effective, counts, reason, reason.en(), generation, &now);
    // A void decision is finished too: kstatus must not wait for it.
    condition::set(&mut status.conditions, ConditionType::Ready, Is::True, reason, reason.en(), generation, &now);
    let api = ctx.api_in(&decision.namespace().unwrap_or_default());
    record::status(&api, &ctx.caches.decisions, &decision).await.map(drop)
}
