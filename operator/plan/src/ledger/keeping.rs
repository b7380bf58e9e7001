//! Which segments are written to the export, and which may leave the cluster.

use std::ops::Range;

/// Whether a segment of the cluster is to be written to an export that has these files, in order. The checkpoint alone is
/// not believed: it says what was exported once, not what the folder still holds, and a folder may be replaced.
pub fn is_due(number: i64, checkpoint: i64, files: &[i64]) -> bool {
    number > checkpoint || files.binary_search(&number).is_err()
}

/// The segments that may leave the cluster, from the front: those that are exported and older than the last `keep`. The last
/// exported one always stays.
pub fn leaving(first: i64, head: i64, checkpoint: i64, keep: u32) -> Range<i64> {
    first..checkpoint.min(head - i64::from(keep) + 1).max(first)
}

/// What is done with a segment whose turn it is to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Its file is made sure of, then it is deleted.
    Export,
    /// It has left already.
    Left,
    /// It is nowhere: nothing behind it may leave either, or the ledger could not be read from its beginning.
    Nowhere,
}

/// Judges a segment whose turn it is, by where it is now.
pub fn leave(in_cluster: bool, in_export: bool) -> Leave {
    match (in_cluster, in_export) {
        (true, _) => Leave::Export,
        (false, true) => Leave::Left,
        (false, false) => Leave::Nowhere,
    }
}
