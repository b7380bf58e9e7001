//! Client, caches, controllers, lease, shutdown: top to bottom.

use std::sync::Arc;

use jiff::tz::TimeZone;
use kube::Client;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::lease;
use crate::wiring::{Ends, caches, filled, watch_all};

/// How the operator runs.
pub struct Settings {
    /// Zone in which days begin and end.
    pub zone: TimeZone,
    /// Environments that are provisioned at the same time.
    pub concurrency: u16,
    /// Name of this replica in the lease.
    pub identity: String,
}

/// Runs until `stop` is cancelled: waits for the lease, reconciles, finishes what is begun. Losing the lease is an end
/// too: the process starts over as a follower.
pub async fn run(
    client: Client,
    settings: Settings,
    ready: watch::Sender<bool>,
    stop: CancellationToken,
) -> Result<()> {
    let mut holder = lease::Holder::new(client.clone(), settings.identity.clone());
    while !holder.hold().await.unwrap_or_else(told) {
        tokio::select! {
            () = tokio::time::sleep(lease::RENEW) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
    tracing::info!(identity = settings.identity, "holding the lease");
    let work = stop.child_token();
    let controllers = tokio::spawn(reconcile_all(client, settings, ready, work.clone()));
    keep(&mut holder, &work).await;
    work.cancel();
    let _ = controllers.await;
    holder.release().await
}

fn told(error: Error) -> bool {
    tracing::warn!(%error, "cannot hold the lease");
    false
}

/// Renews the lease until told to stop or until it is lost.
async fn keep(holder: &mut lease::Holder, work: &CancellationToken) {
    let mut last = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(lease::RENEW) => {}
            () = work.cancelled() => return,
        }
        match holder.hold().await {
            Ok(true) => last = tokio::time::Instant::now(),
            Ok(false) => return tracing::error!("the lease is lost"),
            Err(error) => {
                tracing::warn!(%error, "cannot renew the lease");
                // Two thirds of the lease: stop before a follower may begin.
                if last.elapsed() > lease::RENEW * 2 {
                    return;
                }
            }
        }
    }
}

/// Everything that runs until the operator stops, whoever holds the lease: safety does not rest on it.
pub async fn reconcile_all(client: Client, settings: Settings, ready: watch::Sender<bool>, stop: CancellationToken) {
    let (q, ends) = Ends::new();
    let mut watches = JoinSet::new();
    let (caches, writers) = caches();
    let ctx = Arc::new(Context {
        client,
        caches,
        backoff: Backoff::default(),
        booking: tokio::sync::Mutex::default(),
        intents: std::sync::Mutex::default(),
        quota_changed: Arc::new(Notify::new()),
        zone: settings.zone,
    });
    watch_all(writers, &ctx, &q, &mut watches);
    filled(&ctx.caches).await;
    ready.send_replace(true);
    // Dropping the last sender ends every queue: running reconciles finish, no new one begins.
    drop(q);
    let mut work = ends.controllers(&ctx, settings.concurrency);
    stop.cancelled().await;
    watches.shutdown().await;
    while work.join_next().await.is_some() {}
}
