//! The collector: a thin shim that makes the calls which `berth_plan::collect::step` asks for.

use std::sync::Arc;
use std::time::Duration;

use berth_crds::PrefixBlock;
use berth_crds::address::BlockState;
use berth_plan::claim::{Answer, Call};
use berth_plan::collect::{Sweep, is_wanted, step};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::claim::calls::make;
use crate::allocation::Allocation;
use crate::context::Context;
use crate::error::{Error, Result};

/// A claim in progress binds within this time; younger blocks are left alone to save calls, not for safety.
const GRACE: Duration = Duration::from_secs(60);
/// Longest time between two looks at a block that is in use or in quarantine.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Calls of one look; a whole release needs eight.
const MOST_CALLS: usize = 16;

/// Looks at a block. While the cache shows that its claim wants it, nothing is read.
pub async fn reconcile(block: Arc<PrefixBlock>, ctx: Arc<Context>) -> Result<Action> {
    let block = ctx.caches.blocks.get(&block.name_any(), None).unwrap_or(block);
    let claim = ctx.caches.claims.get(&block.spec.claim_ref.name, None);
    let quarantined = block.spec.state == BlockState::Quarantined;
    if !quarantined && is_wanted(&block, claim.as_deref()) {
        let pending = block.spec.state == BlockState::Pending;
        return Ok(if pending { Action::requeue(GRACE) } else { Action::await_change() });
    }
    // A lock that another history still needs is not taken away before the two are one.
    if ctx.allocation.now() != Allocation::Open {
        return Ok(Action::requeue(GRACE));
    }
    let age = block.creation_timestamp().map_or(0, |t| ctx.machine_now().0.duration_since(t.0).as_secs());
    if !quarantined && age < GRACE.as_secs() as i64 {
        return Ok(Action::requeue(GRACE));
    }
    sweep(&block, &ctx).await
}

async fn sweep(block: &PrefixBlock, ctx: &Context) -> Result<Action> {
    let mut sweep = Sweep::new(block.name_any());
    let mut answer = Answer::Start;
    for _ in 0..MOST_CALLS {
        let call = step(&mut sweep, ctx.machine_now().0, answer);
        answer = match call {
            Call::Done => return Ok(Action::await_change()),
            Call::Wait(reason) => {
                tracing::warn!(cidr = block.spec.cidr, reason = reason.as_str(), "a block without claim stays");
                return Ok(Action::requeue(5 * GRACE));
            }
            Call::After(time) => {
                return Ok(Action::requeue(Duration::try_from(time).unwrap_or(GRACE).clamp(GRACE, DAY)));
            }
            call => {
                tell(&call);
                make(call, ctx).await?
            }
        };
    }
    Err(Error::Conflict { what: format!("PrefixBlock {:?}", block.name_any()) })
}

fn tell(call: &Call) {
    match call {
        Call::DeleteBlock(block) => tracing::info!(cidr = block.spec.cidr, "collecting a block"),
        Call::WriteBlock(block) => {
            tracing::info!(cidr = block.spec.cidr, state = ?block.spec.state, "giving up a block")
        }
        _ => {}
    }
}
