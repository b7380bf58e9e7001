//! The last step of a decommission: namespaces, pools and booking go, the record stays.
//!
//! Order: the brake; the word in status that there is no way back, on the very version that was decided on, so that a paper
//! which resumes the environment at the same moment comes before it or not at all; each namespace after a live look, by its
//! UID; what networks keep for it; the booking; and last the word that it is over.

use std::sync::Arc;
use std::time::Duration;

use berth_crds::condition::{self, Is};
use berth_crds::environment::{EnvironmentStatus, Lifecycle, Stage};
use berth_crds::{ConditionType, Environment, Reason, Tenant, labels};
use berth_plan::dossier::clock::Clocks;
use berth_plan::status::environment::enter;
use berth_plan::{adoption, grant, ipv4, life};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::{adopt, children, write};
use crate::context::Context;
use crate::error::Result;
use crate::{apply, backends, booking, observe};

/// Namespaces tell when they are gone; this is for what no watch tells, a network that still holds an address.
const AGAIN: Duration = Duration::from_secs(15);
/// The policy that lets a namespace go reads the environment by a watch of its own: until it has surely seen the word, a
/// delete would only be refused.
const SEEN: Duration = Duration::from_secs(5);

/// Goes on with a removal that is due or begun; `None` when there is none.
pub async fn remove(environment: &Environment, tenant: Option<&Tenant>, ctx: &Context) -> Result<Option<Action>> {
    if life::is_removed(environment) {
        return Ok(Some(Action::await_change()));
    }
    let begun = life::is_leaving_for_good(environment);
    // What is given back as it is destroys nothing: it waits for no day and no signature, and the brake is not for it.
    if !begun && !life::is_given_back(environment) && (!is_due(environment, ctx) || is_braked(ctx)) {
        return Ok(None);
    }
    // Nothing is removed by halves: without its tenant nobody knows whose booking it is. What was begun is never provided.
    let Some(place) = super::booked_at(tenant, ctx) else {
        return Ok(begun.then(|| Action::requeue(AGAIN)));
    };
    let environment = begin(environment, ctx).await?;
    if let Some(left) = not_seen_yet(&environment, ctx) {
        return Ok(Some(Action::requeue(left)));
    }
    if !delete_namespaces(&environment, ctx).await? || !backends::leave(&environment, ctx).await? {
        return Ok(Some(Action::requeue(AGAIN)));
    }
    booking::free(ctx, &place, &environment.name_any()).await?;
    end(&environment, ctx).await?;
    Ok(Some(Action::await_change()))
}

/// Whether a removal is due or begun. Only what is halted or was never used is looked at further: of thousands nearly none
/// is.
fn is_due(environment: &Environment, ctx: &Context) -> bool {
    let stage = environment.status.as_ref().and_then(|s| s.stage);
    if !matches!(stage, Some(Stage::Halted | Stage::Removing)) && !life::is_unused(&environment.spec) {
        return false;
    }
    if is_used_after_all(environment, ctx) {
        return false;
    }
    let (tenant, decisions) = (tenant(environment, ctx), observe::decisions_behind(ctx, environment));
    life::wants_removal(environment, tenant.as_deref(), &decisions, ctx.today())
}

/// Whether something is in what was given back as never used: then it is not removed without a reconciliation.
fn is_used_after_all(environment: &Environment, ctx: &Context) -> bool {
    let begun = life::is_leaving_for_good(environment);
    life::is_unused(&environment.spec) && !begun && children::holds_anything(environment, ctx)
}

fn tenant(environment: &Environment, ctx: &Context) -> Option<Arc<Tenant>> {
    ctx.caches.tenants.get(&environment.spec.tenant_ref.name, None)
}

/// Counted from the objects as they are now, not from what this process did.
fn is_braked(ctx: &Context) -> bool {
    let due = ctx.caches.environments.all().iter().filter(|e| is_due(e, ctx)).count();
    life::braked(due, ctx.removals)
}

/// Writes that there is no way back.
async fn begin(environment: &Environment, ctx: &Context) -> Result<Environment> {
    if life::is_leaving_for_good(environment) {
        return Ok(environment.clone());
    }
    tracing::warn!(environment = environment.name_any(), "removing an environment");
    let mut status = environment.status.clone().unwrap_or_default();
    enter(&mut status, Stage::Removing, &ctx.now());
    status.next = None;
    let reason = if is_released(environment) { Reason::Releasing } else { Reason::Removing };
    said(environment, &mut status, Is::False, reason, ctx);
    let written = write(environment, status, ctx).await?;
    ctx.drift.tell(&written, reason, "Remove", reason.en()).await;
    Ok(written)
}

/// Whether it ends by being given back as it is.
fn is_released(environment: &Environment) -> bool {
    environment.spec.lifecycle == Lifecycle::Released
}

/// How long the word is still too fresh to act on.
fn not_seen_yet(environment: &Environment, ctx: &Context) -> Option<Duration> {
    let status = environment.status.as_ref()?;
    let said = condition::get(&status.conditions, ConditionType::Ready)?.last_transition_time.0;
    // What was never ready does not become unready: then the stage says when.
    let said = status.stage_since.as_ref().map_or(said, |since| since.0.max(said));
    let age = Duration::try_from(ctx.now().0.duration_since(said)).unwrap_or_default();
    SEEN.checked_sub(age).filter(|left| !left.is_zero())
}

/// Deletes what we made and nothing else, and gives back what was adopted; whether all of it is gone, as the API server itself
/// says.
async fn delete_namespaces(environment: &Environment, ctx: &Context) -> Result<bool> {
    let known = environment.status.as_ref().map(|s| s.namespaces.as_slice()).unwrap_or_default();
    let mut gone = true;
    for namespace in known {
        let Some(found) = apply::live::<Namespace>(&ctx.api(), &namespace.name).await? else { continue };
        let mark = found.annotations().get(labels::ENVIRONMENT_UID);
        let ours = mark == environment.metadata.uid.as_ref() && found.uid() == namespace.uid;
        if !ours {
            // Somebody else's of the same name: it is not what was given, and not ours to take.
            tracing::warn!(namespace = namespace.name, "a namespace of this name is another one; it stays");
            continue;
        }
        if adoption::was_adopted(&found) {
            // It was there before us, with whatever is in it: we give it back, and whoever made it deletes it.
            adopt::give_back(&found, ctx).await?;
            continue;
        }
        gone = false;
        if found.metadata.deletion_timestamp.is_none() {
            apply::delete(&ctx.api::<Namespace>(), &found).await?;
        }
    }
    Ok(gone)
}

/// Writes that it is over. What it had is in the ledger.
async fn end(environment: &Environment, ctx: &Context) -> Result<()> {
    let mut status = environment.status.clone().unwrap_or_default();
    enter(&mut status, Stage::Removed, &ctx.now());
    status.removed_at = Some(ctx.now());
    (status.granted, status.prefix, status.next) = (None, None, None);
    status.namespaces.clear();
    status.halted.clear();
    let past = [ConditionType::Temporary, ConditionType::Ipv4Excepted].map(ConditionType::as_str);
    status.conditions.retain(|c| !past.contains(&c.type_.as_str()));
    let over = if is_released(environment) { Reason::Released } else { Reason::Removed };
    said(environment, &mut status, Is::True, over, ctx);
    write(environment, status, ctx).await.map(drop)
}

fn said(environment: &Environment, status: &mut EnvironmentStatus, ready: Is, reason: Reason, ctx: &Context) {
    let (now, generation) = (ctx.now(), environment.metadata.generation);
    status.observed_generation = generation;
    let mut set = |type_, is| {
        condition::set(&mut status.conditions, type_, is, reason, reason.en(), generation, &now);
    };
    let steps = [
        ConditionType::Addressed,
        ConditionType::NamespacesReady,
        ConditionType::QuotaReady,
        ConditionType::NetworkReady,
        ConditionType::AccessReady,
    ];
    steps.into_iter().for_each(|step| set(step, Is::False));
    set(ConditionType::Ready, ready);
    set(ConditionType::Reconciling, Is::from(ready != Is::True));
    set(ConditionType::Stalled, Is::False);
}

/// Says what comes by its day, and what a removal waits for; tells it once, where people look.
pub async fn tell(before: &Environment, mut status: EnvironmentStatus, ctx: &Context) -> EnvironmentStatus {
    let told: Vec<_> =
        [expiring(before, ctx), raised(before, ctx), excepted(before, ctx), reconciled(before, &status, ctx)]
            .into_iter()
            .flatten()
            .collect();
    // What says nothing of this environment any more does not stay.
    let kept = |type_: &str| told.iter().any(|(t, ..)| t.as_str() == type_);
    let ours =
        [ConditionType::Expiring, ConditionType::Temporary, ConditionType::Ipv4Excepted, ConditionType::Reconciled];
    let ours = ours.map(ConditionType::as_str);
    status.conditions.retain(|c| !ours.contains(&c.type_.as_str()) || kept(&c.type_));
    for (type_, is, reason, message) in told {
        let was = before.status.as_ref().and_then(|s| condition::get(&s.conditions, type_));
        let news = was.is_none_or(|c| c.reason != reason.as_str());
        condition::set(&mut status.conditions, type_, is, reason, &message, before.metadata.generation, &ctx.now());
        if news {
            ctx.drift.tell(before, reason, "Live", &message).await;
        }
    }
    status
}

type Said = (ConditionType, Is, Reason, String);

fn expiring(environment: &Environment, ctx: &Context) -> Option<Said> {
    let told = with_clocks(environment, ctx, |clocks| life::ending(&environment.spec, clocks, ctx.today()));
    told.map(|(reason, message)| (ConditionType::Expiring, Is::True, reason, message))
}

fn raised(environment: &Environment, ctx: &Context) -> Option<Said> {
    environment.spec.temporary.as_ref()?;
    let told = with_clocks(environment, ctx, |clocks| grant::told(&environment.spec, clocks, ctx.today()));
    told.map(|(is, reason, message)| (ConditionType::Temporary, is, reason, message))
}

fn excepted(environment: &Environment, ctx: &Context) -> Option<Said> {
    environment.spec.ipv4_only.as_ref()?;
    let told = with_clocks(environment, ctx, |clocks| ipv4::told(environment, clocks, ctx.today()));
    told.map(|(is, reason, message)| (ConditionType::Ipv4Excepted, is, reason, message))
}

/// Asks by the clocks of the environment's rule set.
fn with_clocks<T>(environment: &Environment, ctx: &Context, ask: impl FnOnce(&Clocks) -> Option<T>) -> Option<T> {
    let profile = ctx.caches.profiles.get(&environment.spec.profile_ref.name, None)?;
    let calendar = observe::register(ctx).calendar();
    ask(&Clocks { profile: &profile, calendar: &calendar })
}

fn reconciled(environment: &Environment, status: &EnvironmentStatus, ctx: &Context) -> Option<Said> {
    let type_ = ConditionType::Reconciled;
    if is_used_after_all(environment, ctx) {
        let message = "Something runs in it after all: its owner asks for `Resume`, and then anew.";
        return Some((type_, Is::False, Reason::AwaitingReconciliation, message.to_owned()));
    }
    if life::is_unused(&environment.spec) {
        return held(environment, ctx);
    }
    if status.stage != Some(Stage::Halted) {
        return None;
    }
    let (tenant, decisions) = (tenant(environment, ctx), observe::decisions_behind(ctx, environment));
    let Some(signed) = life::reconciliation(environment, tenant.as_deref(), &decisions) else {
        let message = match life::is_anothers(environment, tenant.as_deref()) {
            true => "The system passed on since it was given back: its owner asks for `Resume`, and then anew.",
            false => "Statistics, backup and reconciliation must be signed: `berth onboard reconcile`.",
        };
        return Some((type_, Is::False, Reason::AwaitingReconciliation, message.to_owned()));
    };
    let (by, document) = (&signed.spec.by.username, signed.spec.document.as_ref());
    let minutes = document.map(|d| format!("{} of {}", d.number, d.date)).unwrap_or_default();
    let saved = signed.spec.saved.as_ref();
    let saved = saved.map(|s| format!(" Statistics {}, backup {}.", s.statistics_sha256, s.backup_sha256));
    let saved = saved.unwrap_or_default();
    let told = (type_, Is::True, Reason::Reconciled, format!("Signed by {by:?}, minutes {minutes}.{saved}"));
    Some(held(environment, ctx).unwrap_or(told))
}

/// A removal that is due and waits for a person.
fn held(environment: &Environment, ctx: &Context) -> Option<Said> {
    let held = is_due(environment, ctx) && is_braked(ctx);
    held.then(|| {
        let message = format!(
            "{} More than {} are due: a platform operator looks, then raises `--removals`.",
            Reason::RemovalHeld.en(),
            ctx.removals
        );
        (ConditionType::Reconciled, Is::True, Reason::RemovalHeld, message)
    })
}
