//! One writer: gather what is recorded, record what is not, export, move the checkpoint, prune.

use std::path::Path;
use std::sync::Arc;

use berth_crds::PrefixBlock;
use berth_crds::audit::AuditEntry;
use berth_plan::ledger::acts::{self, World};
use berth_plan::ledger::keeping::{self, Leave};
use berth_plan::ledger::{Memory, canonical, prefixes};
use kube::Resource as _;

use super::cluster::{Cluster, Fate};
use super::gather::{State, gather};
use super::{Error, Result, Settings, export};
use crate::allocation::Allocation;
use crate::context::Context;

/// What one writer knows. All of it can be gathered anew.
pub struct Writer {
    ctx: Arc<Context>,
    settings: Settings,
    cluster: Cluster,
    state: Option<State>,
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
            None => gather(&self.cluster, self.settings.export.as_deref()).await?,
        };
        let result = self.bring_up(&mut state).await;
        // After a failure too: a segment whose creation was not answered is found when its number is taken.
        self.state = Some(state);
        result
    }

    async fn bring_up(&self, state: &mut State) -> Result<()> {
        if self.settings.export.is_some() {
            self.compare(&state.memory).await?;
        }
        self.record(state).await?;
        if let Some(folder) = &self.settings.export {
            self.export(folder, state).await?;
            self.prune(folder, state).await?;
        }
        Ok(())
    }

    /// Compares whose prefixes the ledger says are with the blocks that there are. A cache may lag behind: only what the API
    /// server does not have is lost.
    async fn compare(&self, memory: &Memory) -> Result<()> {
        let (now, open) = (self.ctx.now().0, self.ctx.allocation.now() == Allocation::Open);
        let lost = |blocks: Vec<Arc<PrefixBlock>>| {
            let mut lost = memory.prefixes.lost(&blocks, now);
            // While we watch, a block may leave its quarantine and go before the ledger has said so.
            lost.retain(|lost| !open || memory.prefixes.is_given(&lost.spec.cidr));
            lost
        };
        let mut gone = lost(self.ctx.caches.blocks.all());
        if !gone.is_empty() {
            gone = lost(self.cluster.blocks().await?);
        }
        let closed = || Allocation::Frozen(prefixes::frozen(&gone));
        self.ctx.allocation.set(if gone.is_empty() { Allocation::Open } else { closed() });
        Ok(())
    }

    /// Creates segments until the ledger has every act that the objects show.
    async fn record(&self, state: &mut State) -> Result<()> {
        loop {
            let world = world(&self.ctx);
            let mut entries = self.unrecorded(&world, &state.memory).await?;
            if entries.is_empty() {
                state.memory.settle(&world);
                return Ok(());
            }
            while !entries.is_empty() {
                let segment = canonical::seal(&state.memory.head, &mut entries);
                let created = self.cluster.create(&segment).await?;
                let ours = created == segment;
                state.take(created);
                if !ours {
                    // Somebody had this number: what is in it need not be recorded any more.
                    break;
                }
            }
        }
    }

    async fn unrecorded(&self, world: &World, memory: &Memory) -> Result<Vec<AuditEntry>> {
        let now = self.ctx.now().0;
        let mut entries = acts::new(world, memory, now);
        // What is to come back is not recorded as gone.
        let frozen = self.settings.export.is_some() && self.ctx.allocation.now() != Allocation::Open;
        let gone = acts::missing(world, memory).into_iter();
        for known in gone.filter(|known| !frozen || known.object.kind != PrefixBlock::kind(&())) {
            // A cache may lag behind; only the API server knows that something is gone.
            match self.cluster.fate(&known.object).await? {
                Fate::Stands => {}
                Fate::Gone => entries.push(acts::removed(known, now)),
                Fate::Released => entries.push(acts::released(known, now)),
            }
        }
        Ok(entries)
    }

    async fn export(&self, folder: &Path, state: &mut State) -> Result<()> {
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

    /// Deletes from the front what is exported and older than what is kept. A file may be lost after it was written, and what
    /// is deleted is gone for good: its file is compared, or written once more, right before.
    async fn prune(&self, folder: &Path, state: &mut State) -> Result<()> {
        let Some(keep) = self.settings.keep else { return Ok(()) };
        for number in keeping::leaving(state.first, state.memory.head.number, state.exported, keep) {
            let record = self.cluster.segment(number).await?;
            // The file is asked for only where the cluster has nothing to compare it with.
            let in_export = record.is_none() && export::has(folder, number).await?;
            match (keeping::leave(record.is_some(), in_export), record) {
                (Leave::Export, Some(record)) => {
                    export::write(folder, &record.spec).await?;
                    self.cluster.delete(&record).await?;
                }
                (Leave::Nowhere, _) => return Err(Error::Forgotten { number }),
                _ => {}
            }
            state.first = number + 1;
        }
        Ok(())
    }
}

/// What the caches show.
fn world(ctx: &Context) -> World {
    let c = &ctx.caches;
    World {
        onboardings: c.onboardings.all(),
        connections: c.connections.all(),
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
        changes: c.changes.all(),
        interventions: c.interventions.all(),
    }
}
