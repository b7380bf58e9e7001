//! Notices in the cluster: gathered once, then known from our own writes. The creation of a notice is its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use berth_crds::notice::NoticeStatus;
use berth_crds::{Notice, labels};
use berth_plan::notice::{Key, pending};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use tokio::sync::{Mutex, Notify};

use crate::apply::live;
use crate::error::{Error, Result, answer, while_};

/// Notices of one answer.
const CHUNK: u32 = 500;
/// Longest pause while nothing is to be sent: the bell wakes sooner.
const IDLE: Duration = Duration::from_secs(3600);

/// What there is, and what is still to be sent.
pub(super) struct Outbox {
    state: Mutex<Option<State>>,
    bell: Notify,
    /// Told of each notice as it is known now.
    heard: Box<dyn Fn(&Notice) + Send + Sync>,
}

#[derive(Default)]
struct State {
    recorded: BTreeSet<Key>,
    open: BTreeMap<Key, Arc<Notice>>,
}

impl State {
    fn take(&mut self, notice: Notice) {
        let key = key(&notice);
        self.recorded.insert(key.clone());
        // A notice without recipients is open until its status says that nobody is named.
        if pending(&notice).is_empty() && (!notice.spec.recipients.is_empty() || told(&notice)) {
            self.open.remove(&key);
        } else {
            self.open.insert(key, Arc::new(notice));
        }
    }
}

fn told(notice: &Notice) -> bool {
    notice.status.as_ref().is_some_and(|s| s.observed_generation.is_some())
}

fn key(notice: &Notice) -> Key {
    (notice.namespace().unwrap_or_default(), notice.name_any())
}

impl Outbox {
    /// Nothing is known yet.
    pub(super) fn new(heard: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), bell: Notify::new(), heard: Box::new(heard) }
    }

    /// Reads what there is, unless it is known.
    pub(super) async fn gather(&self, client: &Client) -> Result<()> {
        let mut known = self.state.lock().await;
        if known.is_some() {
            return Ok(());
        }
        let api: Api<Notice> = Api::all(client.clone());
        let (mut state, mut next) = (State::default(), None);
        loop {
            let params = ListParams { continue_token: next, ..ListParams::default().limit(CHUNK) };
            let page = api.list(&params).await.map_err(while_("list", "Notices"))?;
            page.items.into_iter().for_each(|notice| {
                (self.heard)(&notice);
                state.take(notice);
            });
            next = page.metadata.continue_.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        tracing::info!(recorded = state.recorded.len(), open = state.open.len(), "the notices are read");
        *known = Some(state);
        self.bell.notify_one();
        Ok(())
    }

    /// Forgets everything: it is read again.
    pub(super) async fn forget(&self) {
        *self.state.lock().await = None;
    }

    /// Names of all that there is.
    pub(super) async fn recorded(&self) -> BTreeSet<Key> {
        self.state.lock().await.as_ref().map(|s| s.recorded.clone()).unwrap_or_default()
    }

    /// Creates a notice; one that is there already was due before, and stays as it is.
    pub(super) async fn create(&self, client: &Client, notice: &Notice) -> Result<()> {
        let api: Api<Notice> = Api::namespaced(client.clone(), &notice.namespace().unwrap_or_default());
        let what = format!("Notice {:?}", notice.name_any());
        let created = match api.create(&params(), notice).await {
            Ok(created) => created,
            Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => {
                live(&api, &notice.name_any()).await?.ok_or(Error::Conflict { what })?
            }
            Err(error) => return Err(while_("create", what)(error)),
        };
        self.know(created).await;
        Ok(())
    }

    /// Writes down what became of a notice, on top of exactly what it was computed from.
    pub(super) async fn record(&self, client: &Client, notice: &Notice, status: NoticeStatus) -> Result<Notice> {
        let api: Api<Notice> = Api::namespaced(client.clone(), &notice.namespace().unwrap_or_default());
        let written = Notice { status: Some(status), ..notice.clone() };
        let what = format!("Notice {:?}", notice.name_any());
        let name = notice.name_any();
        let written =
            api.replace_status(&name, &params(), &written).await.map_err(while_("write the status of", what))?;
        self.know(written.clone()).await;
        Ok(written)
    }

    async fn know(&self, notice: Notice) {
        (self.heard)(&notice);
        if let Some(state) = self.state.lock().await.as_mut() {
            state.take(notice);
        }
        self.bell.notify_one();
    }

    /// Notices that may be tried now; `next` says how long until then, `None` that there is nobody to try.
    pub(super) async fn ready(&self, next: impl Fn(&Notice) -> Option<Duration>) -> Vec<Arc<Notice>> {
        let state = self.state.lock().await;
        let open = state.iter().flat_map(|s| s.open.values());
        open.filter(|n| next(n).is_none_or(|wait| wait.is_zero())).cloned().collect()
    }

    /// How long until the next notice may be tried.
    pub(super) async fn pause(&self, next: impl Fn(&Notice) -> Option<Duration>) -> Duration {
        let state = self.state.lock().await;
        let open = state.iter().flat_map(|s| s.open.values());
        open.map(|n| next(n).unwrap_or_default()).min().unwrap_or(IDLE).max(Duration::from_millis(10))
    }

    /// Waits until there is something new.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}

fn params() -> PostParams {
    PostParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() }
}
