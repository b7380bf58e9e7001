//! One controller per noun.

pub mod address_plan;
pub mod agency;
pub mod claim;
pub mod collect;
pub mod connection;
pub mod decision;
pub mod environment;
pub mod onboarding;
pub mod tenant;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kube::Resource;
use kube::runtime::controller::Action;

use crate::cache::key;
use crate::context::Context;
use crate::error::{Error, Result};

/// Longest time of one reconcile: a call that never answers must not hold its object for ever.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a reconcile with a deadline and keeps the count of failures. A panic is the failure of one object, never of
/// the controller.
pub async fn guarded<K: Resource>(
    object: &K,
    ctx: &Context,
    reconcile: impl Future<Output = Result<Action>>,
) -> Result<Action> {
    let work = AssertUnwindSafe(tokio::time::timeout(DEADLINE, reconcile)).catch_unwind();
    let result = match work.await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::Deadline { what: key(object), seconds: DEADLINE.as_secs() }),
        Err(_) => Err(Error::Panicked { what: key(object) }),
    };
    if result.is_ok() {
        ctx.backoff.succeeded(&key(object));
    }
    result
}

/// When to try again after an error.
pub fn on_error<K: Resource>(object: Arc<K>, error: &Error, ctx: Arc<Context>) -> Action {
    let delay = match error {
        Error::Contested { wait, .. } => *wait,
        _ => ctx.backoff.failed(&key(object.as_ref())),
    };
    match error {
        Error::Conflict { .. } => tracing::debug!(object = key(object.as_ref()), %error, "starting over"),
        // Nobody can do anything about it but us.
        Error::Panicked { .. } => {
            tracing::error!(object = key(object.as_ref()), %error, label = error.label(), ?delay, "reconcile failed")
        }
        _ => tracing::warn!(object = key(object.as_ref()), %error, label = error.label(), ?delay, "reconcile failed"),
    }
    Action::requeue(delay)
}
