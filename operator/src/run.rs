//! Client, caches, controllers, lease, shutdown: top to bottom.

use std::sync::Arc;

use jiff::tz::TimeZone;
use kube::Client;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::backends;
use crate::clock::Clock;
use crate::context::Context;
use crate::error::Result;
use crate::lease;
use crate::wiring::{Ends, caches, filled, watch_all};

/// How the operator runs.
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// Zone in which days begin and end.
    pub zone: TimeZone,
    /// Environments that are provisioned at the same time.
    pub concurrency: u16,
    /// Most environments whose removal may be due at one time.
    pub removals: u16,
    /// Name of this replica in the lease.
    pub identity: String,
    /// How the ledger is kept.
    pub ledger: crate::ledger::Settings,
    /// How notices are sent; none are when absent.
    pub notices: Option<crate::notices::Settings>,
}

/// How far a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been read yet.
    Starting,
    /// Another replica holds the lease; this one may take over at any time.
    Standby,
    /// Caches are filled and controllers run.
    Reconciling,
}

/// Runs until `stop` is cancelled: waits for the lease, reconciles, finishes what is begun. Losing the lease is an end
/// too: the process starts over as a follower.
pub async fn run(
    client: Client,
    settings: Settings,
    phase: watch::Sender<Phase>,
    stop: CancellationToken,
) -> Result<()> {
    let mut holder = lease::Holder::new(client.clone(), settings.identity.clone());
    while !held(&mut holder, &phase).await {
        tokio::select! {
            () = tokio::time::sleep(lease::RENEW) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
    tracing::info!(identity = settings.identity, "holding the lease");
    let work = stop.child_token();
    let controllers = tokio::spawn(reconcile_all(client, settings, phase, work.clone()));
    keep(&mut holder, &work, controllers).await;
    holder.release().await
}

/// Takes the lease; a replica that is answered, even by "another holds it", is ready to take over.
async fn held(holder: &mut lease::Holder, phase: &watch::Sender<Phase>) -> bool {
    match holder.hold().await {
        Ok(held) => {
            phase.send_replace(Phase::Standby);
            held
        }
        Err(error) => {
            tracing::warn!(%error, "cannot hold the lease");
            false
        }
    }
}

/// Renews the lease until the controllers are done, also while they finish what is begun. When the lease is lost, or
/// cannot be renewed in time, they are told to finish.
async fn keep(holder: &mut lease::Holder, work: &CancellationToken, mut controllers: JoinHandle<()>) {
    let mut last = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(lease::RENEW) => {}
            _ = &mut controllers => return,
        }
        match holder.hold().await {
            Ok(true) => last = tokio::time::Instant::now(),
            Ok(false) => {
                tracing::error!("the lease is lost");
                break;
            }
            Err(error) => tracing::warn!(%error, "cannot renew the lease"),
        }
        // Two thirds of the lease: stop before a follower may begin.
        if last.elapsed() > lease::RENEW * 2 {
            break;
        }
    }
    work.cancel();
    let _ = controllers.await;
}

/// Everything that runs until the operator stops, whoever holds the lease: safety does not rest on it.
pub async fn reconcile_all(client: Client, settings: Settings, phase: watch::Sender<Phase>, stop: CancellationToken) {
    let (q, ends) = Ends::new();
    let mut watches = JoinSet::new();
    let (caches, writers) = caches();
    let ctx = Arc::new(Context::new(client, caches, &settings));
    watch_all(writers, &ctx, &q, &mut watches);
    // A kind that cannot be listed keeps us from starting, not from stopping.
    tokio::select! {
        () = filled(&ctx.caches) => {}
        () = stop.cancelled() => return,
    }
    backends::start(&ctx, &q, &mut watches);
    phase.send_replace(Phase::Reconciling);
    let returned = q.onboardings.clone();
    // Dropping the last sender ends every queue: running reconciles finish, no new one begins.
    drop(q);
    let mut work = ends.controllers(&ctx, settings.concurrency);
    work.spawn(crate::ledger::run(ctx.clone(), settings.ledger, stop.clone()));
    work.spawn(crate::notices::run(ctx.clone(), settings.notices, returned, stop.clone()));
    // A watch or a controller that ends by itself is a defect: better to start over than to run without it.
    tokio::select! {
        // First: what ends because it was told to does not end by itself.
        biased;
        () = stop.cancelled() => {}
        ended = watches.join_next() => tracing::error!(?ended, "a watch ended by itself"),
        ended = work.join_next() => tracing::error!(?ended, "a controller ended by itself"),
    }
    // However it came to this: everything ends.
    stop.cancel();
    watches.shutdown().await;
    ctx.back_ends.forget();
    while work.join_next().await.is_some() {}
}
