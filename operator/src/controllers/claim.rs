//! PrefixClaim → PrefixBlock: a thin shim that makes the calls which `berth_plan::claim::step` asks for.

pub mod calls;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use berth_crds::address::{BlockState, Claimant, ClaimantKind};
use berth_crds::{AddressPlan, Agency, PrefixBlock, PrefixClaim, Reason, Tenant, labels, names};
use berth_plan::address;
use berth_plan::claim::{ADOPT_AFTER, Answer, Call, Known, Memory, Parent, ParentBlock, is_bound, step};
use ipnet::Ipv6Net;
use kube::ResourceExt;
use kube::api::{DeleteParams, Preconditions};
use kube::runtime::controller::Action;

use calls::make;

use crate::allocation::Allocation;
use crate::context::Context;
use crate::error::{Error, Result, answer, while_};
use crate::intents::Own;
use crate::{apply, observe};

/// Calls of one run; the protocol needs six, a foreign block costs three more.
const MOST_CALLS: usize = 64;
/// A claim that waits for what no watch tells is looked at again after this long.
const AGAIN: Duration = Duration::from_secs(60);
/// The gate is looked at again after this long; nothing is read for that.
const SOON: Duration = Duration::from_secs(2);
/// A block in use is told free by watches; this is for what they miss.
const IN_USE: Duration = Duration::from_secs(300);

/// Takes a claim as far as it goes now.
pub async fn reconcile(claim: Arc<PrefixClaim>, ctx: Arc<Context>) -> Result<Action> {
    let claim = ctx.caches.claims.get(&claim.name_any(), None).unwrap_or(claim);
    if claim.metadata.deletion_timestamp.is_none() && claimant_is_gone(&claim.spec.claimant, &ctx).await? {
        return delete(&claim, &ctx).await;
    }
    run(&claim, &ctx).await
}

async fn run(claim: &PrefixClaim, ctx: &Context) -> Result<Action> {
    let mut intended = ctx.intents.begin();
    let uid = claim.uid().unwrap_or_default();
    let mut known = known(claim, ctx);
    known.rested = ctx.rests.since(&uid, ADOPT_AFTER.unsigned_abs());
    match ctx.allocation.now() {
        Allocation::Open => {}
        Allocation::Frozen(why) => known.frozen = Some(why),
        // Nobody is told of a moment.
        Allocation::Unread if waits(claim) => return Ok(Action::requeue(SOON)),
        Allocation::Unread => {}
    }
    let mut memory = Memory::new(claim.clone());
    let mut answer = Answer::Start;
    for _ in 0..MOST_CALLS {
        let call = next_call(&mut memory, &mut known, answer, &mut intended, ctx);
        if let Call::After(time) = call {
            let version = memory.block.as_ref().and_then(|block| block.resource_version());
            ctx.rests.leave(&uid, version.unwrap_or_default());
            return Ok(Action::requeue(time.unsigned_abs()));
        }
        ctx.rests.forget(&uid);
        answer = match call {
            Call::Done | Call::Wait(Reason::AddressPending) => return Ok(Action::await_change()),
            // With its last finalizer the claim is gone.
            Call::LetGo(_) => return make(call, ctx).await.map(|_| Action::await_change()),
            Call::Wait(reason) => {
                tracing::warn!(claim = claim.name_any(), reason = reason.as_str(), "claim waits");
                return Ok(Action::requeue(match reason {
                    Reason::StillInUse => IN_USE,
                    Reason::AllocationFrozen => SOON,
                    _ => AGAIN,
                }));
            }
            call => make(call, ctx).await?,
        };
    }
    Err(Error::Conflict { what: format!("PrefixClaim {:?}", claim.name_any()) })
}

fn known(claim: &PrefixClaim, ctx: &Context) -> Known {
    let plan = ctx.caches.plans.get(labels::ADDRESS_PLAN, None).filter(|plan| address::is_judged(plan));
    let Some(plan) = plan else { return Known::new(Parent::NotYet, 0, ctx.machine_now()) };
    let grown = claim.spec.grows_claim_ref.as_ref().and_then(|first| bound_block(ctx, &first.name));
    let length = address::length(&plan.spec, claim.spec.level);
    Known {
        reserved: address::reserved(&plan),
        grows: grown.and_then(|block| address::parse(&block.spec.cidr)),
        ..Known::new(parent(claim, &plan, ctx), length, ctx.machine_now())
    }
}

/// Whether a claim wants a prefix and has none.
fn waits(claim: &PrefixClaim) -> bool {
    let bound = claim.status.as_ref().is_some_and(|s| s.bound.is_some());
    claim.metadata.deletion_timestamp.is_none() && !bound
}

/// One step, with what other claims of this process are about to intend counted as taken.
fn next_call(memory: &mut Memory, known: &mut Known, answer: Answer, intended: &mut Own, ctx: &Context) -> Call {
    intended.choose(|intents| {
        let claim = if let Answer::Claim(claim) = &answer { claim.as_ref() } else { &memory.claim };
        // Only a choice looks at what is taken, and that is made of thousands of blocks.
        if claim.status.as_ref().is_none_or(|s| s.candidate.is_none()) {
            known.taken = observe::taken(ctx, &memory.claim, &known.parent.nets());
            known.taken.extend(intents.iter());
            known.returning = returning(&memory.claim, ctx);
        }
        let call = step(memory, known, answer);
        let candidate = match &call {
            Call::WriteClaim(claim) => claim.status.as_ref().and_then(|s| address::parse(s.candidate.as_deref()?)),
            _ => None,
        };
        (call, candidate)
    })
}

/// Prefixes in quarantine that the claimant had.
fn returning(claim: &PrefixClaim, ctx: &Context) -> BTreeSet<Ipv6Net> {
    let blocks = ctx.caches.blocks.all().into_iter();
    let own = blocks.filter(|b| b.spec.state == BlockState::Quarantined && b.spec.claimant == claim.spec.claimant);
    own.filter_map(|b| address::parse(&b.spec.cidr)).collect()
}

/// Whether the claimant is gone for good: the API server knows no object of its name, one of another UID, or a system that
/// has left.
async fn claimant_is_gone(claimant: &Claimant, ctx: &Context) -> Result<bool> {
    let uid = Some(claimant.uid.as_str());
    match claimant.kind {
        ClaimantKind::Agency => {
            let seen = ctx.caches.agencies.get(&claimant.name, None);
            if seen.is_some_and(|o| o.metadata.uid.as_deref() == uid) {
                return Ok(false);
            }
            let live = apply::live::<Agency>(&ctx.api(), &claimant.name).await?;
            Ok(live.is_none_or(|o| o.metadata.uid.as_deref() != uid))
        }
        ClaimantKind::Tenant => {
            // A system that has left stands as a record, and holds nothing.
            let holds = |o: &Tenant| {
                let left = o.status.as_ref().is_some_and(|s| s.left.is_some());
                o.metadata.uid.as_deref() == uid && !left
            };
            let seen = ctx.caches.tenants.get(&claimant.name, None);
            if seen.is_some_and(|o| holds(&o)) {
                return Ok(false);
            }
            let live = apply::live::<Tenant>(&ctx.api(), &claimant.name).await?;
            Ok(live.is_none_or(|o| !holds(&o)))
        }
    }
}

/// Asks for the release: the claim stays, by its finalizer, until its block is in quarantine.
async fn delete(claim: &PrefixClaim, ctx: &Context) -> Result<Action> {
    let preconditions = Preconditions { uid: claim.uid(), ..Default::default() };
    let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
    tracing::info!(
        claim = claim.name_any(),
        claimant = claim.spec.claimant.name,
        "releasing a prefix without claimant"
    );
    match ctx.api::<PrefixClaim>().delete(&claim.name_any(), &params).await {
        Err(error) if !answer(&error).is_some_and(|s| s.is_not_found()) => {
            Err(while_("delete", format!("PrefixClaim {:?}", claim.name_any()))(error))
        }
        _ => Ok(Action::await_change()),
    }
}

fn parent(claim: &PrefixClaim, plan: &AddressPlan, ctx: &Context) -> Parent {
    if let Some(reference) = &claim.spec.parent_claim_ref {
        let claims = observe::blocks_of(ctx, &reference.name);
        let bound = claims.iter().filter_map(|claim| bound_block(ctx, &claim.name_any()));
        let blocks: Vec<ParentBlock> =
            bound.filter_map(|b| Some(ParentBlock { uid: b.uid()?, cidr: address::parse(&b.spec.cidr)? })).collect();
        return if blocks.is_empty() { Parent::NotYet } else { Parent::Blocks(blocks) };
    }
    let Some(site) = ctx.caches.sites.get(&claim.spec.site_ref.name, None) else { return Parent::NotYet };
    let (digit, level) = (&site.spec.address_digit, claim.spec.level);
    let pools = address::open_pools(plan, digit, level);
    if pools.is_empty() && !address::pools(&plan.spec, digit, level).is_empty() {
        return Parent::Refused;
    }
    Parent::Pools { uid: plan.uid().unwrap_or_default(), pools }
}

/// The block of a claim, when both point at each other.
fn bound_block(ctx: &Context, claim: &str) -> Option<Arc<PrefixBlock>> {
    let claim = ctx.caches.claims.get(claim, None)?;
    let cidr = &claim.status.as_ref()?.bound.as_ref()?.cidr;
    ctx.caches.blocks.get(&names::block(cidr), None).filter(|block| is_bound(&claim, block))
}

/// Prefixes by which an agency grew, in order: its blocks after the first.
pub fn further_prefixes(ctx: &Context, first: &str, claimant_uid: Option<&str>) -> Vec<String> {
    let further = observe::blocks_of(ctx, first).into_iter().skip(1);
    further.filter_map(|claim| prefix_of(ctx, &claim.name_any(), claimant_uid)).map(|p| p.to_string()).collect()
}

/// The prefix that a claim is bound to, when the claim is this very claimant's: one of the same name that was deleted and
/// re-created inherits nothing.
pub fn prefix_of(ctx: &Context, claim: &str, claimant_uid: Option<&str>) -> Option<Ipv6Net> {
    let block = bound_block(ctx, claim).filter(|b| Some(b.spec.claimant.uid.as_str()) == claimant_uid)?;
    address::parse(&block.spec.cidr)
}
