//! The collector: Pending blocks that no claim is about to bind.
//!
//! It reads the block, *then* the claim, and deletes only with the block's UID and resourceVersion: an adoption in
//! between changes the block and the delete misses.

use std::sync::Arc;
use std::time::Duration;

use berth_crds::address::BlockState;
use berth_crds::{PrefixBlock, PrefixClaim};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::claim::delete_exactly;
use crate::apply;
use crate::context::Context;
use crate::error::Result;

/// A claim in progress binds within this time; younger blocks are left alone to save calls, not for safety.
const GRACE: Duration = Duration::from_secs(60);

/// Collects a block if its claim is gone or wants another prefix.
pub async fn reconcile(block: Arc<PrefixBlock>, ctx: Arc<Context>) -> Result<Action> {
    if block.spec.state != BlockState::Pending {
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
    let wanted = claim.is_some_and(|c| {
        c.uid().as_deref() == Some(&block.spec.claim_ref.uid)
            && c.status.is_some_and(|s| s.candidate.as_deref() == Some(&block.spec.cidr))
    });
    if wanted || block.spec.state != BlockState::Pending {
        return Ok(Action::requeue(GRACE));
    }
    tracing::info!(cidr = block.spec.cidr, "collecting a block that no claim wants");
    delete_exactly(&block, &ctx).await?;
    Ok(Action::await_change())
}
