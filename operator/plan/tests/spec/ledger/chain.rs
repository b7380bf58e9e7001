//! Whatever is done to a ledger, cluster and export together show it (reference/reliability.md S14).

use std::sync::LazyLock;

use berth_crds::AuditRecordSpec;
use berth_crds::audit::{AuditCheckpointSpec, AuditEntry, segment_name};
use berth_plan::ledger::verify::{Evidence, Fault, FaultKind, Place, Verified, verify};
use berth_plan::ledger::{Head, acts, canonical};
use proptest::prelude::*;

/// Segments in the whole ledger, the last that is exported, the first that the cluster keeps.
const ALL: usize = 12;
const EXPORTED: usize = 9;
const KEPT: usize = 5;

/// The whole ledger; made once, because a thousand cases begin with it.
fn chain() -> Vec<AuditRecordSpec> {
    static CHAIN: LazyLock<Vec<AuditRecordSpec>> = LazyLock::new(make);
    CHAIN.clone()
}

fn make() -> Vec<AuditRecordSpec> {
    let mut head = Head::default();
    let segment = |n: usize| {
        let entry = |m: usize| AuditEntry {
            id: acts::id(&format!("{n}-{m}"), "x"),
            who: format!("person-{m}"),
            reason: (m == 1).then(|| "lý do".to_owned()),
            effective_at: "2026-11-24".into(),
            recorded_at: format!("2026-11-24T10:{n:02}:00Z"),
            ..AuditEntry::default()
        };
        let segment = canonical::seal(&head, &mut (0..3).map(entry).collect());
        head = Head::of(&segment);
        segment
    };
    (1..=ALL).map(segment).collect()
}

/// Lines of a whole export.
pub fn lines() -> Vec<String> {
    chain().iter().map(canonical::line).collect()
}

fn evidence() -> Evidence {
    let chain = chain();
    let exported = &chain[EXPORTED - 1];
    Evidence {
        cluster: Some(chain[KEPT - 1..].iter().map(|s| (segment_name(s.number), s.clone())).collect()),
        export: Some(chain[..EXPORTED].iter().map(canonical::line).collect()),
        checkpoint: Some(AuditCheckpointSpec { number: exported.number, hash: exported.hash.clone() }),
        noted: Some(Head::of(&chain[ALL - 1])),
    }
}

/// What somebody does to the ledger; numbers are taken modulo what is there.
#[derive(Clone, Debug)]
enum Tampering {
    /// Changes an entry of a segment of the cluster; `Some` recomputes its hash.
    EditCluster { at: usize, entry: usize, field: usize, rehash: bool },
    /// Changes one byte of the export.
    EditExport { line: usize, byte: usize, to: u8 },
    /// Removes an entry.
    DropEntry { at: usize, entry: usize, rehash: bool },
    /// Deletes a segment of the cluster that is not the first one: deleting from the front is pruning.
    DeleteCluster { at: usize },
    /// Deletes a line of the export.
    DeleteExport { line: usize },
    /// Swaps two lines.
    SwapExport { a: usize, b: usize },
    /// Swaps the contents of two segments.
    SwapCluster { a: usize, b: usize },
    /// Cuts the end of the cluster's segments.
    TruncateCluster { keep: usize },
    /// Cuts the export, in the middle of a line or not.
    TruncateExport { bytes: usize },
    /// Writes everything from a segment on anew, with hashes that fit: in the cluster and its checkpoint.
    RewriteCluster { at: usize },
    /// The same in cluster, checkpoint and export together: only the noted end is out of reach.
    RewriteAll { at: usize },
}

fn tampering() -> impl Strategy<Value = Tampering> {
    use Tampering::*;
    let n = || 0usize..1000;
    prop_oneof![
        (n(), n(), n(), any::<bool>()).prop_map(|(at, entry, field, rehash)| EditCluster { at, entry, field, rehash }),
        (n(), 0usize..100_000, any::<u8>()).prop_map(|(line, byte, to)| EditExport { line, byte, to }),
        (n(), n(), any::<bool>()).prop_map(|(at, entry, rehash)| DropEntry { at, entry, rehash }),
        n().prop_map(|at| DeleteCluster { at }),
        n().prop_map(|line| DeleteExport { line }),
        (n(), n()).prop_map(|(a, b)| SwapExport { a, b }),
        (n(), n()).prop_map(|(a, b)| SwapCluster { a, b }),
        n().prop_map(|keep| TruncateCluster { keep }),
        (0usize..100_000).prop_map(|bytes| TruncateExport { bytes }),
        n().prop_map(|at| RewriteCluster { at }),
        n().prop_map(|at| RewriteAll { at }),
    ]
}

fn edit(entry: &mut AuditEntry, field: usize) {
    match field % 6 {
        0 => entry.who.push('x'),
        1 => entry.reason = None,
        2 => entry.effective_at = "2026-11-23".into(),
        3 => entry.legal_basis = Some("khác".into()),
        4 => entry.id = acts::id(&entry.id, "forged"),
        _ => entry.after = Some("{}".into()),
    }
}

/// Writes a chain anew from a segment on.
fn rewrite(chain: &mut [AuditRecordSpec], at: usize) {
    chain[at].entries[0].who = "somebody else".into();
    for n in at..chain.len() {
        if n > at {
            chain[n].previous = chain[n - 1].hash.clone();
        }
        chain[n].hash = canonical::hash(&chain[n]);
    }
}

/// Does it; the number of the segment that must be named at the latest, or `None` when nothing was changed.
fn tamper(evidence: &mut Evidence, what: &Tampering) -> Option<i64> {
    let before = evidence.clone();
    let number = apply(evidence, what);
    let changed = (&before.cluster, &before.export) != (&evidence.cluster, &evidence.export);
    changed.then_some(i64::try_from(number).unwrap())
}

fn apply(evidence: &mut Evidence, what: &Tampering) -> usize {
    let cluster = evidence.cluster.as_mut().unwrap();
    let export = evidence.export.as_mut().unwrap();
    match *what {
        Tampering::EditCluster { at, entry, field, rehash } => {
            let (i, m) = (at % cluster.len(), entry % 3);
            edit(&mut cluster[i].1.entries[m], field);
            if rehash {
                cluster[i].1.hash = canonical::hash(&cluster[i].1);
            }
            // A segment whose hash fits again is betrayed by what names its hash: the next one, or the noted end.
            KEPT + i + usize::from(rehash)
        }
        Tampering::DropEntry { at, entry, rehash } => {
            let i = at % cluster.len();
            cluster[i].1.entries.remove(entry % 3);
            if rehash {
                cluster[i].1.hash = canonical::hash(&cluster[i].1);
            }
            KEPT + i + usize::from(rehash)
        }
        Tampering::EditExport { line, byte, to } => {
            let i = line % export.len();
            let mut bytes = export[i].clone().into_bytes();
            let at = byte % bytes.len();
            bytes[at] = to;
            if let Ok(text) = String::from_utf8(bytes) {
                export[i] = text;
            }
            i + 1
        }
        Tampering::DeleteCluster { at } => {
            let i = 1 + at % (cluster.len() - 1);
            cluster.remove(i);
            KEPT + i
        }
        Tampering::DeleteExport { line } => {
            let i = line % export.len();
            export.remove(i);
            i + 1
        }
        Tampering::SwapExport { a, b } => {
            let (a, b) = (a % export.len(), b % export.len());
            export.swap(a, b);
            a.min(b) + 1
        }
        Tampering::SwapCluster { a, b } => {
            let (a, b) = (a % cluster.len(), b % cluster.len());
            let first = cluster[a].1.clone();
            cluster[a].1 = std::mem::replace(&mut cluster[b].1, first);
            KEPT + a.min(b)
        }
        Tampering::TruncateCluster { keep } => {
            let keep = 1 + keep % (cluster.len() - 1);
            cluster.truncate(keep);
            // Up to the checkpoint the export has the segment as well, but the cluster must have it too.
            KEPT + keep
        }
        Tampering::TruncateExport { bytes } => {
            let text = export.iter().map(|line| format!("{line}\n")).collect::<String>();
            let mut end = bytes % text.len();
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            *export = text[..end].lines().map(str::to_owned).collect();
            export.len() + 1
        }
        Tampering::RewriteCluster { at } => {
            let i = at % cluster.len();
            let mut segments: Vec<_> = cluster.iter().map(|(_, s)| s.clone()).collect();
            rewrite(&mut segments, i);
            for (place, segment) in cluster.iter_mut().zip(segments) {
                place.1 = segment;
            }
            let checkpoint = evidence.checkpoint.as_mut().unwrap();
            checkpoint.hash = cluster[EXPORTED - KEPT].1.hash.clone();
            // Exported segments differ at once; later ones only from the noted end.
            if KEPT + i <= EXPORTED { KEPT + i } else { ALL }
        }
        Tampering::RewriteAll { at } => {
            let mut segments = chain();
            rewrite(&mut segments, at % ALL);
            *cluster = segments[KEPT - 1..].iter().map(|s| (segment_name(s.number), s.clone())).collect();
            *export = segments[..EXPORTED].iter().map(canonical::line).collect();
            evidence.checkpoint.as_mut().unwrap().hash = segments[EXPORTED - 1].hash.clone();
            ALL
        }
    }
}

#[test]
fn a_whole_ledger_verifies_from_cluster_and_export_together_and_from_each() {
    let end = Head::of(&chain()[ALL - 1]);
    assert_eq!(verify(&evidence()), Ok(Verified { head: end.clone(), from: 1, entries: ALL * 3 }));
    let export_only = Evidence { export: evidence().export, ..Evidence::default() };
    let exported = Head::of(&chain()[EXPORTED - 1]);
    assert_eq!(verify(&export_only), Ok(Verified { head: exported, from: 1, entries: EXPORTED * 3 }));
    let cluster_only = Evidence { export: None, ..evidence() };
    let kept = (ALL - KEPT + 1) * 3;
    assert_eq!(verify(&cluster_only), Ok(Verified { head: end, from: i64::try_from(KEPT).unwrap(), entries: kept }));
    assert_eq!(verify(&Evidence::default()), Ok(Verified { head: Head::default(), from: 1, entries: 0 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_thousand_edits_deletions_swaps_and_truncations_are_all_found(what in tampering()) {
        let mut evidence = evidence();
        let latest = tamper(&mut evidence, &what);
        match (latest, verify(&evidence)) {
            (None, Ok(_)) => {}
            (Some(latest), Err(fault)) => {
                prop_assert!(fault.number <= latest, "{what:?}: {fault} comes after {latest}");
                prop_assert!(fault.number >= latest - 1 || latest == i64::try_from(ALL).unwrap(), "{what:?}: {fault}");
            }
            (changed, verdict) => prop_assert!(false, "{what:?}: changed {changed:?}, {verdict:?}"),
        }
    }

    /// Without a noted end only what is exported is safe: the rest can be cut off or written anew by who rules the cluster.
    #[test]
    fn what_is_exported_is_safe_without_a_noted_end(what in tampering()) {
        let mut evidence = Evidence { noted: None, ..evidence() };
        let exported = i64::try_from(EXPORTED).unwrap();
        let latest = tamper(&mut evidence, &what).filter(|latest| *latest <= exported);
        if let Some(latest) = latest && !matches!(what, Tampering::RewriteAll { .. }) {
            prop_assert!(verify(&evidence).is_err_and(|fault| fault.number <= latest), "{what:?}");
        }
    }
}

#[test]
fn the_fault_is_named() {
    let fault = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = evidence();
        change(&mut evidence);
        let Fault { number, kind } = verify(&evidence).unwrap_err();
        (number, kind)
    };
    let cluster = |e: &mut Evidence, i: usize| e.cluster.as_mut().unwrap()[i].1.entries[0].who.push('x');
    assert_eq!(fault(&|e| cluster(e, 2)), (7, FaultKind::Altered(Place::Cluster)));
    let forged = |e: &mut Evidence| {
        cluster(e, 2);
        let segment = &mut e.cluster.as_mut().unwrap()[2].1;
        segment.hash = canonical::hash(segment);
    };
    assert_eq!(fault(&forged), (7, FaultKind::Differs));
    assert_eq!(fault(&|e| drop(e.export.as_mut().unwrap().remove(3))), (4, FaultKind::Missing(Place::Export)));
    assert_eq!(fault(&|e| drop(e.cluster.as_mut().unwrap().remove(3))), (8, FaultKind::Missing(Place::Cluster)));
    assert_eq!(fault(&|e| e.cluster.as_mut().unwrap().truncate(1)), (6, FaultKind::Missing(Place::Cluster)));
    assert_eq!(fault(&|e| e.checkpoint.as_mut().unwrap().hash = "f".repeat(64)), (9, FaultKind::CheckpointDiffers));
    assert_eq!(fault(&|e| e.checkpoint = None), (1, FaultKind::NoCheckpoint));
    assert_eq!(fault(&|e| e.noted.as_mut().unwrap().hash = "f".repeat(64)), (12, FaultKind::NotedDiffers));
    assert_eq!(fault(&|e| e.export.as_mut().unwrap()[1].push(' ')).0, 2);
    let twice = |e: &mut Evidence| {
        let (mut chain, mut head) = (chain(), Head::default());
        let repeated = chain[2].entries[0].clone();
        chain[5].entries.push(repeated);
        for segment in &mut chain {
            *segment = canonical::seal(&head, &mut segment.entries.clone());
            head = Head::of(segment);
        }
        *e = Evidence { export: Some(chain.iter().map(canonical::line).collect()), ..Evidence::default() };
    };
    assert_eq!(fault(&twice), (6, FaultKind::Repeated(acts::id("3-0", "x"))));
}
