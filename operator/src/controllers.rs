//! One controller per noun.

pub mod agency;
pub mod claim;
pub mod collect;
pub mod decision;
pub mod environment;
pub mod onboarding;
pub mod tenant;

use std::sync::Arc;
use std::time::Duration;

use kube::Resource;
use kube::runtime::controller::Action;

use crate::cache::key;
use crate::context::Context;
use crate::error::{Error, Result};

/// Longest time of one reconcile: a call that never answers must not hold its object for ever.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a reconcile with a deadline and keeps the count of failures.
pub async fn guarded<K: Resource>(
    object: &K,
    ctx: &Context,
    reconcile: impl Future<Output = Result<Action>>,
) -> Result<Action> {
    let result = tokio::time::timeout(DEADLINE, reconcile)
        .await
        .unwrap_or_else(|_| Err(Error::Deadline { what: key(object), seconds: DEADLINE.as_secs() }));
    if result.is_ok() {
        ctx.backoff.succeeded(&key(object));
    }
    result
}

/// When to try again after an error.
pub fn on_error<K: Resource>(object: Arc<K>, error: &Error, ctx: Arc<Context>) -> Action {
    let delay = ctx.backoff.failed(&key(object.as_ref()));
    match error {
        Error::Conflict { .. } => tracing::debug!(object = key(object.as_ref()), %error, "starting over"),
        _ => tracing::warn!(object = key(object.as_ref()), %error, label = error.label(), ?delay, "reconcile failed"),
    }
    Action::requeue(delay)
}
