//! Environment → namespaces and everything in them.
//!
//! One pass does the whole of it: an environment is finished before the next is begun. Order: names into status (which
//! arms the delete policy), namespaces, their UIDs into status, limits, quota, policies, quota in force, access, done.

mod adopt;
mod children;
mod halt;
mod leave;
mod namespaces;
mod stand;

use std::{sync::Arc, time::Duration};

use berth_crds::common::{BasisType, HolderKind};
use berth_crds::environment::{EnvironmentStatus, NamespaceStatus};
use berth_crds::{ConditionType, Environment, Reason, Tenant, labels};
use berth_plan::booking::{Booked, Wish, may_lower};
use berth_plan::desired::{self, Blocked, Desired};
use berth_plan::intervention::Standing;
use berth_plan::network::outside;
use berth_plan::status::environment::{Progress, blocked, planned};
use berth_plan::{address, adoption, amounts::Amounts, backend::Told, grant};
use kube::{ResourceExt, runtime::controller::Action};

use crate::booking::{self, Place};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::{apply, backends, observe, record};

/// What a step found that stops the environment for now.
pub(super) struct Stop {
    at: ConditionType,
    reason: Reason,
    message: String,
}

impl Stop {
    fn new(at: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self { at, reason, message: message.into() }
    }
}

/// Brings an environment's objects to what was granted.
pub async fn reconcile(environment: Arc<Environment>, ctx: Arc<Context>) -> Result<Action> {
    let environment = ctx.caches.environments.get(&environment.name_any(), None).unwrap_or(environment);
    if environment.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let tenant = ctx.caches.tenants.get(&environment.spec.tenant_ref.name, None);
    let standing = stand::observe(&environment, tenant.as_deref(), &ctx);
    for (written, note) in ctx.glass.take(&environment.name_any()) {
        ctx.drift.tell_of(environment.as_ref(), Some(written), Reason::BreakGlassUsed, "BreakGlass", &note).await;
    }
    // Before anything that can fail: whoever left the list is out, whatever else is wrong or on hold.
    children::take_access_away(&standing.with_grants(&environment), tenant.as_deref(), &ctx).await?;
    let environment = stand::begin(&environment, &standing, &ctx).await?;
    // On hold too: it only takes away.
    if standing.isolated {
        children::cut_off(&environment, &ctx).await?;
    }
    let action = if standing.held {
        Action::await_change()
    } else {
        bring(&environment, tenant.as_deref(), &standing, &ctx).await?
    };
    Ok(stand::next(action, &environment, &standing, &ctx))
}

async fn bring(
    environment: &Environment,
    tenant: Option<&Tenant>,
    standing: &Standing,
    ctx: &Context,
) -> Result<Action> {
    if let Some(action) = leave::remove(environment, tenant, ctx).await? {
        return Ok(action);
    }
    match plan(&standing.with_grants(environment), tenant, ctx) {
        Err(why) => {
            let mut status = blocked(environment, &why, &ctx.now());
            standing.tell(&mut status.conditions, environment.metadata.generation, &ctx.now());
            write(environment, status, ctx).await?;
            Ok(Action::await_change())
        }
        // The end of the first discovery wakes every environment.
        Ok(_) if !ctx.back_ends.known() => Ok(Action::await_change()),
        Ok(desired) => provide(environment, tenant, &desired, ctx).await,
    }
}

fn plan(environment: &Environment, tenant: Option<&Tenant>, ctx: &Context) -> std::result::Result<Desired, Blocked> {
    adoption::pending(environment).map_or(Ok(()), Err)?;
    let class = grant::in_force(&environment.spec, ctx.today()).class_ref.name;
    let class = ctx.caches.classes.get(&class, None);
    let profile = ctx.caches.profiles.get(&environment.spec.profile_ref.name, None);
    let prefix = tenant.and_then(|t| t.status.as_ref()?.prefix.clone());
    let addresses = ctx.caches.plans.get(labels::ADDRESS_PLAN, None);
    desired::plan(&desired::Input {
        environment,
        tenant,
        class: class.as_deref(),
        profile: profile.as_deref(),
        system_prefix: prefix.as_deref().and_then(address::parse),
        addresses: addresses.as_deref(),
        today: ctx.today(),
    })
    .map(|desired| backends::dress(environment, desired, ctx))
}

async fn provide(
    environment: &Environment,
    tenant: Option<&Tenant>,
    desired: &Desired,
    ctx: &Context,
) -> Result<Action> {
    let mut current = environment.clone();
    let outcome = steps(&mut current, tenant, desired, ctx).await;
    let (told, unserved) = match &outcome {
        Ok(None) => match backends::serve(&current, desired, ctx).await {
            Ok(told) => (told, None),
            Err(error @ Error::Conflict { .. }) => return Err(error),
            // What stands is told all the same, and that the network did not take its part.
            Err(error) => (Told::new(Reason::BackEndPending, error.to_string()), Some(error)),
        },
        _ => (backends::told(&current, desired, ctx), None),
    };
    // Status is written after failures too; the error still decides when to come back.
    let progress = match &outcome {
        Ok(None) => Progress::Done,
        Ok(Some(stop)) => Progress::Failed { at: stop.at, reason: stop.reason, message: stop.message.clone() },
        Err(error @ Error::Contested { .. }) => {
            Progress::Failed { at: ConditionType::QuotaReady, reason: Reason::Contested, message: error.to_string() }
        }
        Err(error) => match apply::refused(error) {
            Some(message) => Progress::Failed { at: ConditionType::QuotaReady, reason: Reason::ApplyFailed, message },
            None => return outcome.map(|_| Action::await_change()),
        },
    };
    let namespaces = with_uids(&current, desired);
    let status = planned(&current, tenant, desired, namespaces, &progress, &ctx.now());
    let status = outside_too(&current, tenant, backends::tell(&current, status, &told, ctx), ctx);
    let status = leave::tell(&current, status, ctx).await;
    write(&current, status, ctx).await?;
    if let Some(error) = unserved {
        return Err(error);
    }
    match outcome? {
        None => Ok(Action::await_change()),
        Some(_) => Ok(Action::requeue(Duration::from_secs(15))),
    }
}

async fn steps(
    current: &mut Environment,
    tenant: Option<&Tenant>,
    desired: &Desired,
    ctx: &Context,
) -> Result<Option<Stop>> {
    if let Some(stop) = keep_booked(current, tenant, ctx).await? {
        return Ok(Some(stop));
    }
    let known = current.status.clone().unwrap_or_default().namespaces;
    if !desired.namespaces.iter().all(|d| known.iter().any(|k| k.name == d.name)) {
        advance(current, tenant, desired, with_uids(current, desired), Progress::Named, ctx).await?;
    }
    let uids = match namespaces::ensure(current, desired, ctx).await? {
        Ok(uids) => uids,
        Err(stop) => return Ok(Some(stop)),
    };
    if current.status.as_ref().map(|s| &s.namespaces) != Some(&uids) {
        advance(current, tenant, desired, uids, Progress::Created, ctx).await?;
    }
    if let Some(stop) = children::ensure(current, desired, ctx).await? {
        return Ok(Some(stop));
    }
    if let Some(stop) = halt::ensure(current, desired, ctx).await? {
        return Ok(Some(stop));
    }
    children::give_access(desired, ctx).await?;
    give_back(current, tenant, desired, ctx).await?;
    Ok(None)
}

/// Writes an intermediate status.
async fn advance(
    current: &mut Environment,
    tenant: Option<&Tenant>,
    desired: &Desired,
    namespaces: Vec<NamespaceStatus>,
    progress: Progress,
    ctx: &Context,
) -> Result<()> {
    let status = planned(current, tenant, desired, namespaces, &progress, &ctx.now());
    let status = backends::tell(current, status, &backends::told(current, desired, ctx), ctx);
    let status = outside_too(current, tenant, status, ctx);
    // What is in place does not become "not ready" because a later look begins.
    *current = write(current, status, ctx).await?;
    Ok(())
}

/// What is said of the devices outside, of the environment as its new status has it.
fn outside_too(
    environment: &Environment,
    tenant: Option<&Tenant>,
    mut status: EnvironmentStatus,
    ctx: &Context,
) -> EnvironmentStatus {
    let changes = ctx.caches.changes.all();
    let plan = ctx.caches.plans.all().into_iter().next();
    let seen = Environment { status: Some(status.clone()), ..environment.clone() };
    let facts = tenant.and_then(|tenant| outside::facts(&seen, tenant, plan.as_deref(), ctx.today()));
    let (generation, changes) = (environment.metadata.generation, changes.iter().map(AsRef::as_ref));
    outside::tell(&mut status.conditions, facts.as_ref(), changes, generation, &ctx.now());
    stand::observe(environment, tenant, ctx).keep(&mut status.conditions, generation, &ctx.now());
    status
}

/// Intended namespaces with the UIDs that are recorded already.
fn with_uids(environment: &Environment, desired: &Desired) -> Vec<NamespaceStatus> {
    let known = environment.status.clone().unwrap_or_default().namespaces;
    let uid = |name: &str| known.iter().find(|k| k.name == name).and_then(|k| k.uid.clone());
    desired.intended().into_iter().map(|n| NamespaceStatus { uid: uid(&n.name), ..n }).collect()
}

async fn write(environment: &Environment, status: EnvironmentStatus, ctx: &Context) -> Result<Environment> {
    if environment.status.as_ref() == Some(&status) {
        return Ok(environment.clone());
    }
    let mut environment = environment.clone();
    environment.status = Some(status);
    record::status(&ctx.api(), &ctx.caches.environments, &environment).await
}

fn booked_at(tenant: Option<&Tenant>, ctx: &Context) -> Option<Place> {
    booking::place(ctx, &tenant?.spec.agency_ref.name, &tenant?.spec.site_ref.name)
}

fn place(environment: &Environment, tenant: Option<&Tenant>, ctx: &Context) -> Option<(Place, Amounts)> {
    let place = booked_at(tenant, ctx)?;
    Some((place, grant::to_book(&environment.spec, ctx.today())?))
}

/// A direct edit by a platform operator books like a paper; it is never silently reverted. What a paper gave is booked
/// already, unless the object that held the bookings was lost: then it is booked again.
async fn keep_booked(environment: &Environment, tenant: Option<&Tenant>, ctx: &Context) -> Result<Option<Stop>> {
    let basis = &environment.spec.basis;
    let direct = basis.type_ == BasisType::Direct;
    let Some((place, amounts)) = place(environment, tenant, ctx) else {
        let message = "Nothing can be booked: the agency, the site or `spec.quota` cannot be read.";
        return Ok(direct.then(|| Stop::new(ConditionType::QuotaReady, Reason::MissingReference, message)));
    };
    let name = environment.name_any();
    let ledger = place.ledger();
    let held = ledger.find(HolderKind::Environment, &name);
    let covered = held.and_then(|held| Amounts::parse(&held.resources).ok()).is_some_and(|held| amounts.fits(held));
    if covered && !direct {
        return Ok(None);
    }
    // What a paper has booked for its own change stays that paper's.
    let theirs = held.and_then(|held| held.onboarding_ref.as_ref()).is_some_and(|paper| observe::is_open(ctx, paper));
    if covered && theirs {
        return Ok(None);
    }
    let paper = basis.onboarding_ref.clone().filter(|_| !direct);
    let wish = Wish { kind: HolderKind::Environment, name: &name, amounts, paper };
    Ok(match booking::take(ctx, &place, &wish).await? {
        // What a paper gave stays in force, even where the site has lost the room for it.
        Booked::NoHeadroom { resource, .. } if !direct => {
            tracing::warn!(environment = name, resource, "in force, but not booked: more is promised than there is");
            None
        }
        Booked::NoHeadroom { resource, .. } => Some(Stop::new(
            ConditionType::QuotaReady,
            Reason::NoHeadroom,
            format!("`spec.quota` needs more {resource} than is left; the quota in force stays as it is."),
        )),
        Booked::Already | Booked::Write(_) => None,
    })
}

/// After a shrink: what is neither granted nor used goes back, once the smaller quota is in force.
async fn give_back(environment: &Environment, tenant: Option<&Tenant>, desired: &Desired, ctx: &Context) -> Result<()> {
    let Some((place, granted)) = place(environment, tenant, ctx) else { return Ok(()) };
    let name = environment.name_any();
    let ledger = place.ledger();
    let Some(held) = ledger.find(HolderKind::Environment, &name) else { return Ok(()) };
    // A growing change books before the environment is enlarged: that booking is not ours to lower.
    let paper = held.onboarding_ref.as_ref();
    let known = paper.and_then(|paper| ctx.caches.onboardings.get(&paper.name, Some(&paper.namespace)));
    if !may_lower(environment, held, known.as_deref()) {
        return Ok(());
    }
    if Amounts::parse(&held.resources).is_ok_and(|held| held.fits(granted)) {
        return Ok(());
    }
    let used = children::used(desired, ctx);
    booking::give_back(ctx, &place, &name, paper, granted, used).await
}
