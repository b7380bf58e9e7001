//! Tenant → its claim for a prefix, and through it the agency's.

use std::sync::Arc;

use berth_crds::address::{Claimant, ClaimantKind, PrefixLevel};
use berth_crds::common::NameRef;
use berth_crds::condition::{self, Is};
use berth_crds::environment::EnvironmentKind;
use berth_crds::tenant::MigrationStage;
use berth_crds::{Agency, ConditionType, Onboarding, PrefixClaim, PrefixClaimSpec, Reason, Tenant, labels, names};
use berth_plan::address;
use berth_plan::claim::further;
use berth_plan::life;
use berth_plan::system::{golive, level};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::claim::prefix_of;
use crate::context::Context;
use crate::error::Result;
use crate::{apply, observe, record};

/// Brings a tenant's claims into being and its prefix into its status.
pub async fn reconcile(tenant: Arc<Tenant>, ctx: Arc<Context>) -> Result<Action> {
    let tenant = ctx.caches.tenants.get(&tenant.name_any(), None).unwrap_or(tenant);
    let agency = ctx.caches.agencies.get(&tenant.spec.agency_ref.name, None);
    let left = has_left(&tenant, &ctx);
    // Nothing is provided for a system that is only known.
    if let Some(agency) = agency.as_ref().filter(|_| !left && !is_inventoried(&tenant)) {
        claims(&tenant, agency, &ctx).await?;
    }
    record(&tenant, agency.is_some(), left, &ctx).await?;
    Ok(Action::await_change())
}

/// Whether the system is only known, by an inventory.
fn is_inventoried(tenant: &Tenant) -> bool {
    tenant.spec.migration_stage == MigrationStage::Inventoried
}

/// Whether the system has left: then it holds no prefix, and asks for none.
fn has_left(tenant: &Tenant, ctx: &Context) -> bool {
    let plate = tenant.name_any();
    let name = |kind: &EnvironmentKind| names::environment(&plate, kind.suffix());
    let environments = EnvironmentKind::ALL.iter().filter_map(|kind| ctx.caches.environments.get(&name(kind), None));
    let environments: Vec<_> = environments.collect();
    let before = tenant.status.as_ref().is_some_and(|s| s.left.is_some());
    life::has_left(environments.iter().map(AsRef::as_ref), before)
}

/// An agency gets its block at its first system; the system's block is numbered in it, and stays there when the system
/// passes to another agency. A claim that was given back is made anew, and finds the block that it had.
async fn claims(tenant: &Tenant, agency: &Agency, ctx: &Context) -> Result<()> {
    let (agency_claim, tenant_claim) =
        (names::agency_claim(&agency.name_any()), names::tenant_claim(&tenant.name_any()));
    let level = match agency.spec.type_ {
        berth_crds::agency::AgencyType::Commune => PrefixLevel::Commune,
        _ => PrefixLevel::Agency,
    };
    let spec = |level, kind, name: String, uid: Option<String>| PrefixClaimSpec {
        level,
        claimant: Claimant { kind, name, uid: uid.unwrap_or_default() },
        parent_claim_ref: None,
        grows_claim_ref: None,
        site_ref: tenant.spec.site_ref.clone(),
        requested_cidr: None,
    };
    let numbered = tenant.status.as_ref().and_then(|s| s.prefix.as_deref());
    let asked = ctx.caches.claims.get(&tenant_claim, None);
    if asked.is_some() && numbered.is_some() {
        return Ok(());
    }
    let named = asked.as_ref().and_then(|claim| claim.spec.parent_claim_ref.as_ref()).map(|parent| parent.name.clone());
    let parent = named.or_else(|| numbered_in(numbered?, ctx)).unwrap_or_else(|| agency_claim.clone());
    if parent == agency_claim && ctx.caches.claims.get(&agency_claim, None).is_none() {
        let claim = claim(&agency_claim, spec(level, ClaimantKind::Agency, agency.name_any(), agency.uid()));
        apply::create(&ctx.api(), &ctx.caches.claims, &claim).await?;
    }
    if let Some(asked) = &asked {
        return grow(asked, &parent, ctx).await;
    }
    let own = PrefixClaimSpec {
        parent_claim_ref: Some(NameRef::to(parent)),
        requested_cidr: if numbered.is_none() { wish(tenant, ctx) } else { None },
        ..spec(PrefixLevel::System, ClaimantKind::Tenant, tenant.name_any(), tenant.uid())
    };
    apply::create(&ctx.api(), &ctx.caches.claims, &claim(&tenant_claim, own)).await.map(drop)
}

/// The agency takes a further block when a system found no room in those that it has.
async fn grow(claim: &PrefixClaim, parent: &str, ctx: &Context) -> Result<()> {
    if !waits_for_room(claim) {
        return Ok(());
    }
    let Some(plan) = ctx.caches.plans.get(labels::ADDRESS_PLAN, None) else { return Ok(()) };
    let blocks = observe::blocks_of(ctx, parent);
    let blocks: Vec<&PrefixClaim> = blocks.iter().map(AsRef::as_ref).collect();
    let bound = |c: &&PrefixClaim| address::parse(&c.status.as_ref()?.bound.as_ref()?.cidr);
    let parents: Vec<_> = blocks.iter().filter_map(bound).collect();
    let (taken, reserved) = (observe::taken(ctx, claim, &parents), address::reserved(&plan));
    match further(&blocks, address::length(&plan.spec, claim.spec.level), &taken, &reserved) {
        Some(further) => apply::create(&ctx.api(), &ctx.caches.claims, &further).await.map(drop),
        None => Ok(()),
    }
}

fn waits_for_room(claim: &PrefixClaim) -> bool {
    let conditions = claim.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    condition::get(conditions, ConditionType::Ready).is_some_and(|c| c.reason == Reason::PoolExhausted.as_str())
}

/// The claim that holds the block in which a prefix was numbered: the first of the agency, when it grew.
fn numbered_in(prefix: &str, ctx: &Context) -> Option<String> {
    let parent = ctx.caches.blocks.get(&names::block(prefix), None)?.spec.parent.clone();
    let holds = |claim: &Arc<PrefixClaim>| {
        claim.status.as_ref().and_then(|s| s.bound.as_ref()).is_some_and(|bound| bound.cidr == parent)
    };
    ctx.caches.claims.all().iter().find(|claim| holds(claim)).map(|claim| names::first_claim(&claim.name_any()).into())
}

/// A claim that does not go before its block is in quarantine.
fn claim(name: &str, spec: PrefixClaimSpec) -> PrefixClaim {
    let mut claim = PrefixClaim::new(name, spec);
    claim.metadata.finalizers = Some(vec![labels::PREFIX_FINALIZER.to_owned()]);
    claim
}

/// The prefix that the tenant's first paper wished for.
fn wish(tenant: &Tenant, ctx: &Context) -> Option<String> {
    let paper = tenant.spec.basis.onboarding_ref.as_ref()?;
    let onboarding: Arc<Onboarding> = ctx.caches.onboardings.get(&paper.name, Some(&paper.namespace))?;
    onboarding.spec.environment.as_ref()?.requested_prefix.clone()
}

/// Why the tenant has no prefix yet, in the words of the claim that stands in its way: its own, or its agency's last.
fn claims_reason(tenant: &Tenant, ctx: &Context) -> (Reason, String) {
    let plain = |reason: Reason| (reason, reason.en().to_owned());
    let own = ctx.caches.claims.get(&names::tenant_claim(&tenant.name_any()), None);
    if own.as_ref().is_some_and(|c| Some(c.spec.claimant.uid.as_str()) != tenant.metadata.uid.as_deref()) {
        return plain(Reason::ClaimantReplaced);
    }
    let blocks = observe::blocks_of(ctx, &names::agency_claim(&tenant.spec.agency_ref.name));
    let last = blocks.last().cloned();
    let told = |claim: &Arc<PrefixClaim>| {
        let conditions = claim.status.clone().unwrap_or_default().conditions;
        let ready = condition::get(&conditions, ConditionType::Ready)?;
        let reason = Reason::parse(&ready.reason)?;
        let stuck = matches!(reason, Reason::PoolExhausted | Reason::AddressPlanRefused | Reason::AllocationFrozen);
        stuck.then(|| (reason, ready.message.clone()))
    };
    // While a further block is on its way, its claim says more than the system's, which waits for it.
    let growing = last.as_ref().is_some_and(|c| c.status.as_ref().is_none_or(|s| s.bound.is_none()));
    let own = own.filter(|_| !growing);
    last.as_ref()
        .and_then(told)
        .or_else(|| own.as_ref().and_then(told))
        .unwrap_or_else(|| plain(Reason::AddressPending))
}

/// What there is to say about a wish that was not followed.
fn wish_refused(tenant: &Tenant, ctx: &Context) -> Option<String> {
    let why = ctx.caches.claims.get(&names::tenant_claim(&tenant.name_any()), None)?.status.clone()?.wish_refused?;
    Some(format!("{} {why}", Reason::WishRefused.en()))
}

/// What the system's environments lack for its level.
fn gaps(tenant: &Tenant, ctx: &Context) -> Vec<String> {
    let name = |kind: &EnvironmentKind| names::environment(&tenant.name_any(), kind.suffix());
    let environments = EnvironmentKind::ALL.iter().filter_map(|kind| ctx.caches.environments.get(&name(kind), None));
    let level = tenant.spec.level;
    level::gaps(environments, |name| ctx.caches.profiles.get(name, None), level, level)
}

async fn record(tenant: &Tenant, known_agency: bool, left: bool, ctx: &Context) -> Result<()> {
    let (now, generation) = (ctx.now(), tenant.metadata.generation);
    let mut status = tenant.status.clone().unwrap_or_default();
    status.observed_generation = generation;
    let bound =
        prefix_of(ctx, &names::tenant_claim(&tenant.name_any()), tenant.metadata.uid.as_deref()).map(|p| p.to_string());
    // A prefix once shown is never taken away by a cache that lags.
    status.prefix = bound.or(status.prefix).filter(|_| !left);
    // First nobody is numbered from it any more; the claim goes after this is written.
    status.left = left.then(|| status.left.clone().unwrap_or_else(|| now.clone()));
    let (addressed, known_only) = (status.prefix.is_some(), is_inventoried(tenant));
    let (reason, message) = if left {
        (Reason::Removed, Reason::Removed.en().to_owned())
    } else if addressed {
        let told = [Some(Reason::NoBackEnd.en().to_owned()), wish_refused(tenant, ctx)];
        (Reason::NoBackEnd, told.into_iter().flatten().collect::<Vec<_>>().join(" "))
    } else if known_agency && known_only {
        (Reason::Inventoried, Reason::Inventoried.en().to_owned())
    } else if known_agency {
        claims_reason(tenant, ctx)
    } else {
        let name = &tenant.spec.agency_ref.name;
        (Reason::MissingReference, format!("`spec.agencyRef.name` names {name:?}, which does not exist."))
    };
    let (operates, allowed, permission) = golive::operating(&tenant.spec);
    let gaps = gaps(tenant, ctx);
    let (level, enforced) = match gaps.is_empty() {
        true => (Reason::LevelEnforced, Reason::LevelEnforced.en().to_owned()),
        false => (Reason::LevelNotEnforced, gaps.join(" ")),
    };
    let stalled = matches!(
        reason,
        Reason::MissingReference | Reason::PoolExhausted | Reason::AddressPlanRefused | Reason::AllocationFrozen
    );
    let ready = if addressed { Reason::Ready } else { reason };
    let done = addressed || left || reason == Reason::Inventoried;
    let mut set = |type_, is, reason: Reason, message: &str| {
        condition::set(&mut status.conditions, type_, is, reason, message, generation, &now);
    };
    set(ConditionType::Addressed, Is::from(addressed), reason, &message);
    set(ConditionType::LevelEnforced, Is::from(gaps.is_empty()), level, &enforced);
    set(ConditionType::Operating, operates, allowed, &permission);
    set(ConditionType::Ready, Is::from(done), ready, &message);
    set(ConditionType::Reconciling, Is::from(!done && !stalled), ready, &message);
    set(ConditionType::Stalled, Is::from(stalled), ready, &message);
    if tenant.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let mut tenant = tenant.clone();
    tenant.status = Some(status);
    record::status(&ctx.api(), &ctx.caches.tenants, &tenant).await.map(drop)
}
