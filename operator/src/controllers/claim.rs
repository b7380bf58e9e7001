//! PrefixClaim → PrefixBlock: a thin shim that makes the calls which `berth_plan::claim::step` asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use berth_crds::address::BlockState;
use berth_crds::{AddressPlan, PrefixBlock, PrefixClaim, Reason, names};
use berth_plan::address;
use berth_plan::claim::{Answer, Call, Known, Memory, Parent, is_bound, step};
use ipnet::Ipv6Net;
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::runtime::controller::Action;

use crate::context::Context;
use crate::error::{Error, Result, answer, while_};
use crate::{apply, observe, record};

/// Calls of one run; the protocol needs six, a foreign block costs three more.
const MOST_CALLS: usize = 64;

/// Takes a claim as far as it goes now.
pub async fn reconcile(claim: Arc<PrefixClaim>, ctx: Arc<Context>) -> Result<Action> {
    let claim = ctx.caches.claims.get(&claim.name_any(), None).unwrap_or(claim);
    let mut intended = BTreeSet::new();
    let result = run(&claim, &mut intended, &ctx).await;
    let mut intents = ctx.intents.lock().expect("no code panics while it holds this lock");
    intents.retain(|prefix| !intended.contains(prefix));
    result
}

async fn run(claim: &PrefixClaim, intended: &mut BTreeSet<Ipv6Net>, ctx: &Context) -> Result<Action> {
    let mut known =
        Known { parent: parent(claim, ctx), length: claim.spec.level.length(), taken: BTreeSet::new(), now: ctx.now() };
    let mut memory = Memory::new(claim.clone());
    let mut answer = Answer::Start;
    for _ in 0..MOST_CALLS {
        let call = next_call(&mut memory, &mut known, answer, intended, ctx);
        answer = match call {
            Call::Done | Call::Wait(Reason::AddressPending) => return Ok(Action::await_change()),
            Call::Wait(reason) => {
                tracing::warn!(claim = claim.name_any(), reason = reason.as_str(), "claim waits");
                return Ok(Action::requeue(std::time::Duration::from_secs(60)));
            }
            call => make(call, &known, &memory, ctx).await?,
        };
    }
    Err(Error::Conflict { what: format!("PrefixClaim {:?}", claim.name_any()) })
}

/// One step, with what other claims of this process are about to intend counted as taken.
fn next_call(
    memory: &mut Memory,
    known: &mut Known,
    answer: Answer,
    intended: &mut BTreeSet<Ipv6Net>,
    ctx: &Context,
) -> Call {
    let mut intents = ctx.intents.lock().expect("no code panics while it holds this lock");
    known.taken = observe::taken(ctx, &memory.claim);
    known.taken.extend(intents.iter());
    let call = step(memory, known, answer);
    if let Call::WriteClaim(claim) = &call
        && let Some(prefix) = claim.status.as_ref().and_then(|s| address::parse(s.candidate.as_deref()?))
    {
        intents.insert(prefix);
        intended.insert(prefix);
    }
    call
}

async fn make(call: Call, known: &Known, memory: &Memory, ctx: &Context) -> Result<Answer> {
    match call {
        Call::WriteClaim(claim) => {
            Ok(Answer::Claim(Box::new(record::status(&ctx.api(), &ctx.caches.claims, &claim).await?)))
        }
        Call::CreateBlock(block) => Ok(match apply::create(&ctx.api(), &ctx.caches.blocks, &block).await? {
            Some(created) => Answer::Block(Box::new(created)),
            None => Answer::Taken,
        }),
        Call::GetBlock(name) => Ok(Answer::Found(apply::live::<PrefixBlock>(&ctx.api(), &name).await?.map(Box::new))),
        Call::WriteBlock(block) => {
            let what = format!("PrefixBlock {:?}", block.name_any());
            let api = ctx.api::<PrefixBlock>();
            let written =
                api.replace(&block.name_any(), &PostParams::default(), &block).await.map_err(while_("update", what))?;
            ctx.caches.blocks.note(&written);
            Ok(Answer::Block(Box::new(written)))
        }
        Call::VerifyParent => Ok(Answer::Parent(parent_holds(known, memory, ctx).await?)),
        Call::DeleteBlock(block) => delete_exactly(&block, ctx).await.map(|()| Answer::Deleted),
        Call::Wait(_) | Call::Done => Ok(Answer::Start),
    }
}

/// Deletes a block only if it is still the one that was read, to the last write.
pub async fn delete_exactly(block: &PrefixBlock, ctx: &Context) -> Result<()> {
    let preconditions = Preconditions { uid: block.uid(), resource_version: block.resource_version() };
    let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
    match ctx.api::<PrefixBlock>().delete(&block.name_any(), &params).await {
        Ok(_) => Ok(()),
        Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => Ok(()),
        Err(error) => Err(while_("delete", format!("PrefixBlock {:?}", block.name_any()))(error)),
    }
}

/// Reads the parent from the API server: there, the same, confirmed, not on its way out.
async fn parent_holds(known: &Known, memory: &Memory, ctx: &Context) -> Result<bool> {
    let Some(block) = &memory.block else { return Ok(false) };
    match &known.parent {
        Parent::NotYet => Ok(false),
        Parent::Pools { .. } => {
            let plan = apply::live::<AddressPlan>(&ctx.api(), PLAN).await?;
            Ok(plan.is_some_and(|p| p.uid().as_deref() == Some(&block.spec.parent_uid)))
        }
        Parent::Block { .. } => {
            let parent = apply::live::<PrefixBlock>(&ctx.api(), &names::block(&block.spec.parent)).await?;
            Ok(parent.is_some_and(|p| {
                p.uid().as_deref() == Some(&block.spec.parent_uid)
                    && p.spec.state == BlockState::Confirmed
                    && p.metadata.deletion_timestamp.is_none()
            }))
        }
    }
}

/// Name of the only AddressPlan.
const PLAN: &str = "default";

fn parent(claim: &PrefixClaim, ctx: &Context) -> Parent {
    if let Some(reference) = &claim.spec.parent_claim_ref {
        return bound_block(ctx, &reference.name).map_or(Parent::NotYet, |block| Parent::Block {
            uid: block.uid().unwrap_or_default(),
            cidr: address::parse(&block.spec.cidr).unwrap_or_default(),
        });
    }
    let site = ctx.caches.sites.get(&claim.spec.site_ref.name, None);
    let Some((plan, site)) = ctx.caches.plans.get(PLAN, None).zip(site) else { return Parent::NotYet };
    let pools = address::pools(&plan.spec, &site.spec.address_digit, claim.spec.level);
    Parent::Pools { uid: plan.uid().unwrap_or_default(), pools }
}

/// The block of a claim, when both point at each other.
fn bound_block(ctx: &Context, claim: &str) -> Option<Arc<PrefixBlock>> {
    let claim = ctx.caches.claims.get(claim, None)?;
    let cidr = &claim.status.as_ref()?.bound.as_ref()?.cidr;
    ctx.caches.blocks.get(&names::block(cidr), None).filter(|block| is_bound(&claim, block))
}

/// The prefix of a claim, when claim and block point at each other.
pub fn bound_prefix(ctx: &Context, claim: &str) -> Option<Ipv6Net> {
    address::parse(&bound_block(ctx, claim)?.spec.cidr)
}
