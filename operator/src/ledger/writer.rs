//! One writer: gather what is recorded, record what is not, export, move the checkpoint, prune.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::AuditRecordSpec;
use berth_crds::audit::AuditEntry;
use berth_plan::ledger::acts::{self, World};
use berth_plan::ledger::{Memory, canonical};

use super::cluster::Cluster;
use super::{Error, Result, Settings, export};
use crate::context::Context;

/// What one writer knows. All of it can be gathered anew.
pub struct Writer {
    ctx: Arc<Context>,
    settings: Settings,
    cluster: Cluster,
    state: Option<State>,
}

struct State {
    memory: Memory,
    /// Segments of the cluster that the export is not known to have.
    waiting: BTreeMap<i64, AuditRecordSpec>,
    /// First segment that the cluster keeps.
    first: i64,
    /// Last segment that the checkpoint names.
    exported: i64,
}

impl Writer {
    pub fn new(ctx: Arc<Context>, settings: Settings) -> Self {
        let cluster = Cluster::new(ctx.client.clone());
        Self { ctx, settings, cluster, state: None }
    }

    /// Brings the ledger up to what the objects show now.
    pub async fn pass(&mut self) -> Result<()> {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => self.gather().await?,
        };
        let result = self.bring_up(&mut state).await;
        // After a failure too: a segment whose creation was not answered is found when its number is taken.
        self.state = Some(state);
        result
    }

    async fn bring_up(&self, state: &mut State) -> Result<()> {
        self.record(state).await?;
        if let Some(folder) = &self.settings.export {
            self.export(folder, state).await?;
            self.prune(state).await?;
        }
        Ok(())
    }

    /// Reads every segment of export and cluster.
    async fn gather(&self) -> Result<State> {
        let exported = self.cluster.checkpoint().await?.map_or(0, |c| c.spec.number);
        let kept = self.cluster.segments().await?;
        let first = kept.first().map_or(1, |s| s.number);
        let mut known: BTreeMap<i64, AuditRecordSpec> = BTreeMap::new();
        if let Some(folder) = &self.settings.export {
            known.extend(export::read(folder).await?.into_iter().map(|s| (s.number, s)));
        }
        if first > 1 && known.is_empty() {
            return Err(Error::Forgotten { first });
        }
        let waiting = kept.iter().filter(|s| s.number > exported).map(|s| (s.number, s.clone())).collect();
        // Where the two differ the cluster's counts for the writer; `verify` tells people.
        known.extend(kept.into_iter().map(|s| (s.number, s)));
        let mut memory = Memory::default();
        known.values().for_each(|segment| memory.absorb(segment));
        tracing::info!(head = memory.head.number, exported, "the ledger is read");
        Ok(State { memory, waiting, first, exported })
    }

    /// Creates segments until the ledger has every act that the objects show.
    async fn record(&self, state: &mut State) -> Result<()> {
        loop {
            let mut entries = self.unrecorded(&state.memory).await?;
            if entries.is_empty() {
                return Ok(());
            }
            while !entries.is_empty() {
                let segment = canonical::seal(&state.memory.head, &mut entries);
                let created = self.cluster.create(&segment).await?;
                let ours = created == segment;
                state.memory.absorb(&created);
                state.waiting.insert(created.number, created);
                if !ours {
                    // Somebody had this number: what is in it need not be recorded any more.
                    break;
                }
            }
        }
    }

    async fn unrecorded(&self, memory: &Memory) -> Result<Vec<AuditEntry>> {
        let world = world(&self.ctx);
        let now = self.ctx.now().0;
        let mut entries = acts::new(&world, memory, now);
        for known in acts::missing(&world, memory) {
            // A cache may lag behind; only the API server knows that something is gone.
            if self.cluster.is_gone(&known.object).await? {
                entries.push(acts::removed(known, now));
            }
        }
        Ok(entries)
    }

    async fn export(&self, folder: &std::path::Path, state: &mut State) -> Result<()> {
        let mut last = None;
        for segment in state.waiting.values() {
            export::write(folder, segment).await?;
            last = Some(segment);
        }
        let Some(last) = last else { return Ok(()) };
        state.exported = self.cluster.move_checkpoint(last).await?;
        state.waiting.clear();
        Ok(())
    }

    /// Deletes from the front what is exported and older than what is kept. The last exported one always stays.
    async fn prune(&self, state: &mut State) -> Result<()> {
        let Some(keep) = self.settings.keep else { return Ok(()) };
        let end = state.exported.min(state.memory.head.number - i64::from(keep) + 1);
        while state.first < end {
            self.cluster.delete(state.first).await?;
            state.first += 1;
        }
        Ok(())
    }
}

/// What the caches show.
fn world(ctx: &Context) -> World {
    let c = &ctx.caches;
    World {
        onboardings: c.onboardings.all(),
        decisions: c.decisions.all(),
        agencies: c.agencies.all(),
        sites: c.sites.all(),
        classes: c.classes.all(),
        profiles: c.profiles.all(),
        calendars: c.calendars.all(),
        plans: c.plans.all(),
        tenants: c.tenants.all(),
        environments: c.environments.all(),
        namespaces: c.namespaces.all(),
        blocks: c.blocks.all(),
    }
}
