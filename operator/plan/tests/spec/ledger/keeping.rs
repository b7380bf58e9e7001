//! What is exported, and what may leave the cluster.

use berth_plan::ledger::keeping::{Leave, is_due, leave, leaving};

#[test]
fn what_the_export_lacks_is_due_whatever_the_checkpoint_says() {
    let due = |checkpoint, files: &[i64]| (1..=5).filter(|n| is_due(*n, checkpoint, files)).collect::<Vec<_>>();
    assert_eq!(due(3, &[1, 2, 3]), [4, 5]);
    assert_eq!(due(3, &[]), [1, 2, 3, 4, 5], "the folder was replaced");
    assert_eq!(due(3, &[1, 3]), [2, 4, 5], "a file was lost");
    // The checkpoint of a cluster that was restored is behind, and moves on when they are written again.
    assert_eq!(due(3, &[1, 2, 3, 4, 5]), [4, 5]);
}

#[test]
fn segments_leave_from_the_front_and_the_last_exported_one_stays() {
    assert_eq!(leaving(1, 10, 10, 3), 1..8);
    assert_eq!(leaving(1, 10, 5, 3), 1..5, "the checkpoint is behind");
    assert_eq!(leaving(1, 10, 10, 0), 1..10, "the newest stays");
    assert_eq!(leaving(8, 10, 10, 3), 8..8);
    assert_eq!(leaving(1, 0, 0, 1000), 1..1, "nothing is recorded");
}

#[test]
fn a_segment_that_is_nowhere_holds_those_behind_it() {
    let judged = [(true, true), (true, false), (false, true), (false, false)].map(|(c, e)| leave(c, e));
    assert_eq!(judged, [Leave::Export, Leave::Export, Leave::Left, Leave::Nowhere]);
}
