//! The clients: each enters a system, waits until its claim is answered, and enters the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use berth_crds::{ConditionType, PrefixClaim, condition, names};
use berth_plan::claim::MOST_BLOCKS;
use berth_tests::error::Result;
use futures::StreamExt;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::{oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::CLIENTS;
use super::deal::{Deal, tenant};
use crate::attack::{JSON, send};
use crate::world::{PATIENCE, World};

/// What a claim says: its prefix, or why it gets none.
pub type Outcome = std::result::Result<String, String>;

/// What a client was told, and how long after it asked.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it was told.
    pub outcome: Outcome,
    /// From before the system is created until the answer is seen.
    pub after: Duration,
}

/// Claims that are answered, as one watch of all of them shows it.
pub struct Answers {
    board: Arc<Board>,
    _watch: AbortOnDropHandle<()>,
}

struct Board {
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    answered: watch::Sender<usize>,
}

impl Answers {
    /// Begins to watch.
    pub fn watch(world: &World) -> Self {
        let board = Arc::new(Board { waiting: Mutex::default(), answered: watch::Sender::new(0) });
        let (claims, told) = (Api::<PrefixClaim>::all(world.client("auditor")), board.clone());
        let watching = async move {
            let events = watcher(claims, watcher::Config::default()).default_backoff().applied_objects();
            // A watch that fails is begun anew by the back-off: the answers come again.
            let seen = events.filter_map(|event| std::future::ready(event.ok()));
            seen.for_each(async |claim| told.tell(&claim)).await;
        };
        Self { board, _watch: AbortOnDropHandle::new(tokio::spawn(watching)) }
    }

    /// Waits until this many claims of clients are answered.
    pub async fn reach(&self, answered: usize) {
        // The sender lives as long as this does.
        let _ = self.board.answered.subscribe().wait_for(|now| *now >= answered).await;
    }

    fn expect(&self, claim: String) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.board.waiting.lock().unwrap().insert(claim, sender);
        receiver
    }
}

impl Board {
    fn tell(&self, claim: &PrefixClaim) {
        let Some(outcome) = outcome(claim) else { return };
        if let Some(client) = self.waiting.lock().unwrap().remove(&claim.name_any()) {
            // A client that gave up has said so itself.
            let _ = client.send(outcome);
            self.answered.send_modify(|n| *n += 1);
        }
    }
}

/// Bound, or refused for good: nothing is given back in a run, so what is exhausted stays so.
fn outcome(claim: &PrefixClaim) -> Option<Outcome> {
    let status = claim.status.as_ref()?;
    if let Some(bound) = &status.bound {
        return Some(Ok(bound.cidr.clone()));
    }
    let ready = condition::get(&status.conditions, ConditionType::Ready)?;
    // While the agency can still grow, the claim only waits: for the next block of its agency.
    let grown = ready.message.contains(&format!("None of {MOST_BLOCKS} has room"));
    (ready.reason == "PoolExhausted" && grown).then(|| Err(ready.reason.clone()))
}

/// Every client at once, each with a connection of its own, until every system is entered and answered.
pub async fn ask_all(world: &World, deal: &Deal, answers: &Answers) -> Result<BTreeMap<String, Answer>> {
    let next = AtomicUsize::new(0);
    let clients = (0..CLIENTS).map(|_| ask(world.client("platform"), deal, answers, &next));
    let told: Vec<Result<Vec<(String, Answer)>>> =
        futures::stream::iter(clients).buffer_unordered(CLIENTS).collect().await;
    let told: Vec<Vec<(String, Answer)>> = told.into_iter().collect::<Result<_>>()?;
    Ok(told.into_iter().flatten().collect())
}

async fn ask(client: Client, deal: &Deal, answers: &Answers, next: &AtomicUsize) -> Result<Vec<(String, Answer)>> {
    let mut told = Vec::new();
    while let Some((name, agency)) = deal.tenants.get(next.fetch_add(1, SeqCst)) {
        let (begun, answer) = (Instant::now(), answers.expect(names::tenant_claim(name)));
        let made = send(&client, "POST", "/apis/berth.dev/v1alpha1/tenants", JSON, &tenant(name, agency)).await;
        if !made.accepted() {
            return Err(format!("{name}: {made:?}").into());
        }
        let outcome =
            tokio::time::timeout(5 * PATIENCE, answer).await.map_err(|_| format!("{name} waits in vain"))??;
        told.push((name.clone(), Answer { outcome, after: begun.elapsed() }));
    }
    Ok(told)
}
