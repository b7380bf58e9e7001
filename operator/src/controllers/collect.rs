//! The collector: blocks that no claim is about to bind, and blocks of a claim that is bound to another one.
//!
//! It reads the block, *then* the claim, and deletes only with the block's UID and resourceVersion: an adoption in
//! between changes the block and the delete misses.

use std::sync::Arc;
use std::time::Duration;

use berth_crds::address::BlockState;
use berth_crds::{PrefixBlock, PrefixClaim};
use kube::ResourceExt;
use kube::api::PostParams;
use kube::runtime::controller::Action;

use super::claim::delete_exactly;
use crate::apply;
use crate::context::Context;
use crate::error::{Result, while_};

/// A claim in progress binds within this time; younger blocks are left alone to save calls, not for safety.
const GRACE: Duration = Duration::from_secs(60);

/// Whether claim and block point at each other, as far as we know: then there is nothing to collect and nothing to read.
fn claimed(block: &PrefixBlock, ctx: &Context) -> bool {
    let claim = ctx.caches.claims.get(&block.spec.claim_ref.name, None);
    claim.is_some_and(|c| berth_plan::claim::is_bound(&c, block))
}

/// A Confirmed block is first given up: only Pending and Quarantined ones may be deleted (policy `52`).
async fn give_up(mut block: PrefixBlock, ctx: &Context) -> Result<PrefixBlock> {
    block.spec.state = BlockState::Quarantined;
    let what = format!("PrefixBlock {:?}", block.name_any());
    let api = ctx.api::<PrefixBlock>();
    api.replace(&block.name_any(), &PostParams::default(), &block).await.map_err(while_("give up", what))
}

/// Collects a block if its claim is gone or wants another prefix.
pub async fn reconcile(block: Arc<PrefixBlock>, ctx: Arc<Context>) -> Result<Action> {
    if !matches!(block.spec.state, BlockState::Pending | BlockState::Confirmed) || claimed(&block, &ctx) {
        return Ok(Action::await_change());
    }
    let age = block.creation_timestamp().map_or(0, |t| ctx.now().0.duration_since(t.0).as_secs());
    if age < GRACE.as_secs() as i64 {
        return Ok(Action::requeue(GRACE));
    }
    let Some(block) = apply::live::<PrefixBlock>(&ctx.api(), &block.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let claim = apply::live::<PrefixClaim>(&ctx.api(), &block.spec.claim_ref.name).await?;
    let claim = claim.filter(|c| c.uid().as_deref() == Some(&block.spec.claim_ref.uid));
    let status = claim.map(|c| c.status.unwrap_or_default());
    let bound = status.as_ref().and_then(|s| s.bound.as_ref()).map(|b| b.block_uid.clone());
    let collectable = match block.spec.state {
        BlockState::Pending => status.is_none_or(|s| s.candidate.as_deref() != Some(&block.spec.cidr)),
        // A slow run may confirm a block after another run bound its claim elsewhere: a claim has one block.
        BlockState::Confirmed => bound.is_some() && bound != block.uid(),
        BlockState::Releasing | BlockState::Quarantined => false,
    };
    if !collectable {
        return Ok(Action::requeue(GRACE));
    }
    let block = if block.spec.state == BlockState::Confirmed { give_up(block, &ctx).await? } else { block };
    tracing::info!(cidr = block.spec.cidr, "collecting a block that no claim wants");
    delete_exactly(&block, &ctx).await?;
    Ok(Action::await_change())
}
