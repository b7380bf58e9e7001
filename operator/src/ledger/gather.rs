//! What the writer begins with: everything that is recorded, read segment by segment, and what a restored cluster has lost
//! of it put back.

use std::collections::BTreeMap;
use std::path::Path;

use berth_crds::AuditRecordSpec;
use berth_plan::ledger::{Memory, keeping};

use super::cluster::Cluster;
use super::{Error, Result, export};

/// What one writer knows. All of it can be gathered anew.
pub struct State {
    /// What is recorded.
    pub memory: Memory,
    /// Segments of the cluster that are to be exported; none are kept where nothing is.
    pub waiting: BTreeMap<i64, AuditRecordSpec>,
    /// First segment that the cluster keeps.
    pub first: i64,
    /// Last segment that the checkpoint names.
    pub exported: i64,
    /// Segments that the export had at the beginning, if there is one.
    files: Option<Vec<i64>>,
}

impl State {
    /// Takes in a segment that the cluster has.
    pub fn take(&mut self, segment: AuditRecordSpec) {
        self.memory.absorb(&segment);
        let due = |files: &Vec<i64>| keeping::is_due(segment.number, self.exported, files);
        if self.files.as_ref().is_some_and(due) {
            self.waiting.insert(segment.number, segment);
        }
    }
}

/// Reads the export up to the cluster's first segment, then the cluster, then puts back what only the export has. Where the
/// two differ the cluster's counts for the writer; `verify` tells people.
pub async fn gather(cluster: &Cluster, folder: Option<&Path>) -> Result<State> {
    let exported = cluster.checkpoint().await?.map_or(0, |c| c.spec.number);
    let (mut page, mut next) = cluster.page(None).await?;
    let kept = match folder {
        Some(folder) => Some(export::numbers(folder).await?),
        None => None,
    };
    let files = kept.clone().unwrap_or_default();
    let first = page.first().map_or_else(|| files.first().copied().unwrap_or(1), |s| s.number);
    let mut state = State { memory: Memory::default(), waiting: BTreeMap::new(), first, exported, files: kept };
    if let Some(folder) = folder {
        for number in files.iter().copied().filter(|number| *number < first) {
            if let Some(segment) = export::read(folder, number).await? {
                state.memory.absorb(&segment);
            }
        }
    }
    forgotten(first, exported, page.is_empty(), &files)?;
    loop {
        page.into_iter().for_each(|segment| state.take(segment));
        let Some(token) = next else { break };
        (page, next) = cluster.page(Some(token)).await?;
    }
    let again = state.waiting.range(..=exported).count();
    if again > 0 {
        tracing::warn!(
            segments = again,
            "the export has lost segments that the cluster still has: they are exported again"
        );
    }
    if let Some(folder) = folder {
        put_back(cluster, folder, &files, &mut state).await?;
    }
    tracing::info!(head = state.memory.head.number, exported, "the ledger is read");
    Ok(state)
}

/// Every segment before the first that is left must be in the export, or acts would be recorded a second time.
fn forgotten(first: i64, exported: i64, nothing_left: bool, files: &[i64]) -> Result<()> {
    let end = if nothing_left { exported + 1 } else { first };
    match (1..end).find(|number| files.binary_search(number).is_err()) {
        Some(number) => Err(Error::Forgotten { number }),
        None => Ok(()),
    }
}

/// A cluster that was restored from an older snapshot gets the segments back that it had: create-only, one after the other,
/// as far as they follow.
async fn put_back(cluster: &Cluster, folder: &Path, files: &[i64], state: &mut State) -> Result<()> {
    let last = state.memory.head.number;
    for number in files.iter().copied().filter(|number| *number > last) {
        let Some(segment) = export::read(folder, number).await? else { return Ok(()) };
        if segment.number != state.memory.head.number + 1 || segment.previous != state.memory.head.hash {
            return Err(Error::Foreign { path: export::file(folder, number) });
        }
        let held = cluster.create(&segment).await?;
        if held != segment {
            return Err(Error::Foreign { path: export::file(folder, number) });
        }
        tracing::warn!(number, "a segment that the cluster had lost is put back");
        state.take(segment);
    }
    Ok(())
}
