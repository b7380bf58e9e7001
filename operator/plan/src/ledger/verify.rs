//! Verification: cluster and export together, from the first segment to the last that anything speaks of.

use std::collections::{BTreeMap, HashSet};

use berth_crds::audit::{AuditCheckpointSpec, GENESIS, segment_name};
use berth_crds::{AuditRecordSpec, audit};

use super::canonical::{self, Head};

/// Where a segment was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the objects of the cluster.
    Cluster,
    /// In the export.
    Export,
}

/// What speaks of the ledger. A part that is `None` was not looked at.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Segments of the cluster with the names of their objects.
    pub cluster: Option<Vec<(String, AuditRecordSpec)>>,
    /// Lines of the export, in its order.
    pub export: Option<Vec<String>>,
    /// How far the cluster says that it is exported.
    pub checkpoint: Option<AuditCheckpointSpec>,
    /// An end of the chain that somebody noted elsewhere: nobody who can write here can change it.
    pub noted: Option<Head>,
}

/// A ledger that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The end of the chain: note it elsewhere, and compare it next time.
    pub head: Head,
    /// The first segment that was judged: 1, unless only a cluster was looked at whose beginning is pruned.
    pub from: i64,
    /// Entries.
    pub entries: usize,
}

/// The first fault, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Number of the segment that is bad or missing.
    pub number: i64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It is not where it must be.
    Missing(Place),
    /// It is no segment.
    Unreadable(Place, String),
    /// It stands where another belongs.
    Misplaced(Place),
    /// Its content does not have its hash.
    Altered(Place),
    /// It does not follow the segment before it.
    Unchained(Place),
    /// Cluster and export differ.
    Differs,
    /// The checkpoint names another hash.
    CheckpointDiffers,
    /// The cluster has segments or an export, but no checkpoint.
    NoCheckpoint,
    /// The noted end has another hash.
    NotedDiffers,
    /// An act is recorded a second time.
    Repeated(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = |place: &Place| match place {
            Place::Cluster => "in the cluster",
            Place::Export => "in the export",
        };
        write!(f, "segment {}: ", segment_name(self.number))?;
        match &self.kind {
            FaultKind::Missing(at) => write!(f, "is missing {}", place(at)),
            FaultKind::Unreadable(at, why) => write!(f, "{} {why}", place(at)),
            FaultKind::Misplaced(at) => write!(f, "{} another segment stands in its place", place(at)),
            FaultKind::Altered(at) => write!(f, "{} its content does not have its hash", place(at)),
            FaultKind::Unchained(at) => write!(f, "{} it does not follow the segment before it", place(at)),
            FaultKind::Differs => write!(f, "cluster and export differ"),
            FaultKind::CheckpointDiffers => write!(f, "the checkpoint names another hash"),
            FaultKind::NoCheckpoint => write!(f, "is exported, but the cluster has no checkpoint"),
            FaultKind::NotedDiffers => write!(f, "does not have the hash that was noted"),
            FaultKind::Repeated(id) => write!(f, "records act {id} a second time"),
        }
    }
}

/// The segments of one place by number; what cannot stand there is a fault of its number.
type Found = BTreeMap<i64, Result<AuditRecordSpec, FaultKind>>;

/// Verifies. The first fault by number is named; what follows it is not judged.
pub fn verify(evidence: &Evidence) -> Result<Verified, Fault> {
    let cluster = evidence.cluster.as_ref().map(|all| from_cluster(all));
    let export = evidence.export.as_ref().map(|lines| from_export(lines));
    let exported = evidence.checkpoint.as_ref().map_or(0, |c| c.number);
    let last = |found: &Option<Found>| found.as_ref().and_then(|f| f.last_key_value()).map_or(0, |(n, _)| *n);
    let noted = evidence.noted.as_ref().map_or(0, |noted| noted.number);
    let end = [last(&cluster), last(&export), exported, noted].into_iter().max().unwrap_or(0);
    let kept = cluster.as_ref().and_then(|c| c.first_key_value()).map_or(i64::MAX, |(first, _)| *first);
    // Without the export nobody can say what stood before the first segment that is kept.
    let from = if export.is_none() && kept <= exported { kept } else { 1 };
    let (ids, entries) = (HashSet::new(), 0);
    let mut chain = Chain { evidence, cluster, export, kept, exported, ids, head: None, entries };
    for number in from..=end {
        chain.step(number).map_err(|kind| Fault { number, kind })?;
    }
    Ok(Verified { from, entries: chain.entries, head: chain.head.unwrap_or_default() })
}

fn from_cluster(all: &[(String, AuditRecordSpec)]) -> Found {
    let mut found = Found::new();
    for (name, segment) in all {
        let named = name.parse().unwrap_or(0);
        let fits = *name == segment_name(segment.number) && segment.number == named;
        let what = if fits { Ok(segment.clone()) } else { Err(FaultKind::Misplaced(Place::Cluster)) };
        found.insert(named.max(1), what);
    }
    found
}

/// An export begins with segment 1 and has one line per segment.
fn from_export(lines: &[String]) -> Found {
    let read = |(number, line): (i64, &String)| {
        let segment = match canonical::read(line) {
            Ok(segment) if segment.number == number => Ok(segment),
            // What follows a gap is misplaced; what is first misplaced is missing.
            Ok(segment) if segment.number > number => Err(FaultKind::Missing(Place::Export)),
            Ok(_) => Err(FaultKind::Misplaced(Place::Export)),
            Err(why) => Err(FaultKind::Unreadable(Place::Export, why)),
        };
        (number, segment)
    };
    (1..).zip(lines).map(read).collect()
}

struct Chain<'a> {
    evidence: &'a Evidence,
    cluster: Option<Found>,
    export: Option<Found>,
    /// First segment that the cluster keeps.
    kept: i64,
    /// Last segment that is exported, as the checkpoint says.
    exported: i64,
    ids: HashSet<String>,
    head: Option<Head>,
    entries: usize,
}

impl Chain<'_> {
    fn step(&mut self, number: i64) -> Result<(), FaultKind> {
        let of_cluster = self.take(number, Place::Cluster)?;
        let of_export = self.take(number, Place::Export)?;
        if let (Some(a), Some(b)) = (&of_cluster, &of_export)
            && a != b
        {
            return Err(FaultKind::Differs);
        }
        let segment = of_cluster.or(of_export).ok_or(FaultKind::Missing(Place::Cluster))?;
        let at = self.evidence.checkpoint.as_ref().filter(|c| c.number == number);
        if at.is_some_and(|c| c.hash != segment.hash) {
            return Err(FaultKind::CheckpointDiffers);
        }
        let noted = self.evidence.noted.as_ref().filter(|noted| noted.number == number);
        if noted.is_some_and(|noted| noted.hash != segment.hash) {
            return Err(FaultKind::NotedDiffers);
        }
        for entry in &segment.entries {
            if !self.ids.insert(entry.id.clone()) {
                return Err(FaultKind::Repeated(entry.id.clone()));
            }
        }
        self.entries += segment.entries.len();
        self.head = Some(Head::of(&segment));
        Ok(())
    }

    /// The segment of one place, judged by itself; `None` where it need not be.
    fn take(&mut self, number: i64, place: Place) -> Result<Option<AuditRecordSpec>, FaultKind> {
        let required = self.required(number, place)?;
        let found = match place {
            Place::Cluster => self.cluster.as_mut(),
            Place::Export => self.export.as_mut(),
        };
        let Some(segment) = found.and_then(|found| found.remove(&number)) else {
            return if required { Err(FaultKind::Missing(place)) } else { Ok(None) };
        };
        let segment = segment?;
        if canonical::hash(&segment) != segment.hash || segment.entries.len() > audit::MAX_ENTRIES {
            return Err(FaultKind::Altered(place));
        }
        let before = self.head.as_ref().map(|head| head.hash.as_str()).or((number == 1).then_some(GENESIS));
        if before.is_some_and(|before| segment.previous != before) {
            return Err(FaultKind::Unchained(place));
        }
        Ok(Some(segment))
    }

    /// Where a segment must be: in the cluster from the checkpoint on and after the first that is left there (pruning
    /// goes from the front), in the export up to the checkpoint; in an export alone, everywhere.
    fn required(&self, number: i64, place: Place) -> Result<bool, FaultKind> {
        if place == Place::Export {
            return Ok(self.export.is_some() && (self.cluster.is_none() || number <= self.exported));
        }
        if self.cluster.is_none() {
            return Ok(false);
        }
        let pruned = number < self.kept;
        if pruned && self.evidence.checkpoint.is_none() && self.exports(number) {
            return Err(FaultKind::NoCheckpoint);
        }
        Ok(!pruned || number >= self.exported)
    }

    fn exports(&self, number: i64) -> bool {
        self.export.as_ref().is_some_and(|export| export.contains_key(&number))
    }
}
