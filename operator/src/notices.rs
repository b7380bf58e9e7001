//! Notices: what is due becomes an object, and an object with a recipient who has not got it is sent until it has. Nothing
//! waits for a notice: this runs beside the controllers, and only where a channel is configured.
//!
//! The object is created before anything is sent, and the delivery is written down after. A crash before the creation
//! leaves the paper, which still shows what is due; a crash between sending and writing down sends once more, under the
//! same Message-ID or event id.

mod gate;
mod mail;
mod outbox;
pub mod settings;
pub mod webhook;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use berth_crds::notice::{Channel, Recipient};
use berth_crds::{Notice, Onboarding, Reason};
use berth_plan::notice::{self, World};
use berth_plan::status::notice::{Attempt, record};
use futures::{FutureExt as _, StreamExt as _};
use kube::ResourceExt;
use tokio_util::sync::CancellationToken;

use crate::cache::key;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe;
use crate::triggers::Queue;
use gate::Gate;
use outbox::Outbox;
pub use settings::Settings;

/// What happens within this time is looked at together.
const BATCH: Duration = Duration::from_millis(500);
/// Pause after a failure of the API server.
const RETRY: Duration = Duration::from_secs(5);
/// Longest wait for a server that takes a notice.
const DEADLINE: Duration = Duration::from_secs(30);
/// Notices that are sent at the same time.
const AT_ONCE: usize = 4;

/// Why a notice did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server cannot be spoken with: nobody on this channel is tried for a while.
    Unreachable(String),
    /// The server answered, and did not take this one.
    Refused(String),
}

impl Failure {
    fn text(&self) -> &str {
        match self {
            Self::Unreachable(text) | Self::Refused(text) => text,
        }
    }
}

/// Writes and sends notices until told to stop. A paper whose time limit a notice starts is looked at again when there is
/// something new of it.
pub async fn run(ctx: Arc<Context>, settings: Option<Settings>, papers: Queue<Onboarding>, stop: CancellationToken) {
    let Some(settings) = settings else { return stop.cancelled().await };
    let heard = {
        let ctx = ctx.clone();
        move |notice: &Notice| {
            if ctx.arrivals.take(notice) {
                papers.within(&notice.spec.about.name, &notice.namespace().unwrap_or_default());
            }
        }
    };
    let post = Post { ctx, settings, outbox: Outbox::new(heard), gate: Gate::default() };
    tokio::select! {
        () = post.write() => {}
        () = post.send() => {}
        () = stop.cancelled() => {}
    }
}

struct Post {
    ctx: Arc<Context>,
    settings: Settings,
    outbox: Outbox,
    gate: Gate,
}

impl Post {
    /// Creates what is due, for ever.
    async fn write(&self) {
        loop {
            match guarded(self.fill()).await {
                Ok(()) => {
                    self.ctx.stirred.notified().await;
                    tokio::time::sleep(BATCH).await;
                }
                Err(error) => {
                    tracing::error!(%error, "notices are not written");
                    self.outbox.forget().await;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Sends what is created, for ever.
    async fn send(&self) {
        loop {
            let mut ready = self.outbox.ready(|notice| self.next(notice)).await;
            ready.sort_by_cached_key(|notice| self.gate.turn(notice));
            futures::stream::iter(ready)
                .for_each_concurrent(AT_ONCE, |notice| async move {
                    if let Err(error) = guarded(self.deliver(&notice)).await {
                        tracing::error!(notice = key(notice.as_ref()), %error, "a delivery is not written down");
                        // It is sent again, under the same id.
                        self.outbox.forget().await;
                        tokio::time::sleep(RETRY).await;
                        self.ctx.stirred.notify_one();
                    }
                })
                .await;
            let pause = self.outbox.pause(|notice| self.next(notice)).await;
            tokio::select! {
                () = self.outbox.rung() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// How long until a notice may be tried; `None` when it has arrived everywhere.
    fn next(&self, notice: &Notice) -> Option<Duration> {
        notice::pending(notice).into_iter().map(|r| self.gate.wait(&notice.spec.id, r)).min()
    }

    async fn fill(&self) -> Result<()> {
        self.outbox.gather(&self.ctx.client).await?;
        let recorded = self.outbox.recorded().await;
        let register = observe::register(&self.ctx);
        let drafts = self.with_world(&register, |world| notice::due(world, &self.settings.rules, &recorded));
        for draft in drafts {
            self.outbox.create(&self.ctx.client, &draft.object()).await?;
        }
        Ok(())
    }

    fn with_world<T>(&self, register: &berth_plan::register::Register, ask: impl FnOnce(&World) -> T) -> T {
        let caches = &self.ctx.caches;
        ask(&World {
            register,
            onboardings: &caches.onboardings.all(),
            connections: &caches.connections.all(),
            decisions: &caches.decisions.all(),
            day_of: &|time| self.ctx.day_of(time),
        })
    }

    /// Tries everybody who has not got a notice and may be tried now, then writes down what came of it.
    async fn deliver(&self, notice: &Notice) -> Result<()> {
        let mut attempts = Vec::new();
        for recipient in self.gate.queue(notice) {
            if !self.gate.wait(&notice.spec.id, recipient).is_zero() {
                continue;
            }
            let sent = self.once(notice, recipient).await;
            attempts.push(Attempt {
                channel: recipient.channel,
                to: recipient.to.clone(),
                failure: sent.err().map(|f| f.text().to_owned()),
            });
        }
        let register = observe::register(&self.ctx);
        let clock = |at: &_| self.with_world(&register, |world| notice::clock(world, &notice.spec, at));
        let Some(status) = record(notice, &attempts, &self.ctx.now(), clock) else { return Ok(()) };
        let told = attempts.iter().find_map(|a| Some(format!("{}: {}", a.to, a.failure.as_deref()?)));
        let written = self.outbox.record(&self.ctx.client, notice, status).await?;
        self.gate.recorded(&written);
        if let Some(told) = told {
            tracing::warn!(notice = key(&written), told, "a notice was not taken");
            self.ctx.drift.tell(&written, Reason::NoticeRefused, "Send", &told).await;
        }
        Ok(())
    }

    /// Hands a notice to a recipient's server, unless it took it already and only writing that down failed: a cluster that
    /// takes no write must not fill mailboxes.
    async fn once(&self, notice: &Notice, to: &Recipient) -> std::result::Result<(), Failure> {
        if self.gate.has_taken(&notice.spec.id, to) {
            return Ok(());
        }
        let sent = tokio::time::timeout(DEADLINE, self.hand(notice, to)).await;
        let sent = sent.unwrap_or_else(|_| Err(Failure::Unreachable("no answer in time".into())));
        self.gate.tried(&notice.spec.id, to, sent.as_ref().err());
        sent
    }

    async fn hand(&self, notice: &Notice, to: &Recipient) -> std::result::Result<(), Failure> {
        match to.channel {
            Channel::Mail => match &self.settings.smtp {
                Some(smtp) => mail::send(smtp, notice, to).await,
                None => Err(Failure::Unreachable("no mail server is configured any more".into())),
            },
            Channel::Webhook => match self.settings.webhooks.iter().find(|hook| hook.name == to.to) {
                Some(hook) => {
                    let namespace = notice.namespace().unwrap_or_default();
                    webhook::call(hook, &namespace, &notice.spec, self.ctx.now().0).await
                }
                None => Err(Failure::Refused("no webhook of this name is configured any more".into())),
            },
        }
    }
}

/// A panic is the failure of one pass, never the end of all notices.
async fn guarded(pass: impl Future<Output = Result<()>>) -> Result<()> {
    let panicked = || Error::Panicked { what: "notices".into() };
    AssertUnwindSafe(pass).catch_unwind().await.unwrap_or_else(|_| Err(panicked()))
}
