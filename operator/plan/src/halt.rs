//! What a halt remembers of workloads, and what it gives back.

use berth_crds::environment::{HaltedWorkload, WorkloadKind};

/// Most workloads that are remembered, as the schema of the status has it.
pub const MOST: usize = 512;

/// A workload as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// What it is.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Replicas that it is to have.
    pub replicas: i64,
}

/// What is to be remembered before anything is scaled: what was remembered before, and what still runs. What was found at
/// zero and is not remembered had nothing. `None` when it is more than can be remembered: then nothing may be scaled.
pub fn remembered(known: &[HaltedWorkload], seen: &[Workload]) -> Option<Vec<HaltedWorkload>> {
    let mut all = known.to_vec();
    for workload in seen.iter().filter(|w| w.replicas > 0) {
        // Somebody scaled it up again after the halt: the newer count is what it would have.
        all.retain(|k| k.uid != workload.uid);
        all.push(HaltedWorkload {
            namespace: workload.namespace.clone(),
            kind: workload.kind,
            name: workload.name.clone(),
            uid: workload.uid.clone(),
            replicas: workload.replicas,
        });
    }
    all.sort();
    (all.len() <= MOST).then_some(all)
}

/// Workloads that get back what they had: the very ones that were remembered, where nobody has given them replicas since.
pub fn restored<'a>(known: &[HaltedWorkload], seen: &'a [Workload]) -> Vec<(&'a Workload, i64)> {
    let had = |w: &Workload| known.iter().find(|k| k.uid == w.uid).map(|k| k.replicas);
    seen.iter().filter(|w| w.replicas == 0).filter_map(|w| Some((w, had(w)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, replicas: i64) -> Workload {
        let kind = WorkloadKind::Deployment;
        Workload { namespace: "a-prod".into(), kind, name: name.into(), uid: format!("uid-{name}"), replicas }
    }

    fn known(name: &str, replicas: i64) -> HaltedWorkload {
        let Workload { namespace, kind, name, uid, replicas } = seen(name, replicas);
        HaltedWorkload { namespace, kind, name, uid, replicas }
    }

    #[test]
    fn counts_are_remembered_once_and_survive_a_second_look_at_what_is_scaled_already() {
        let first = remembered(&[], &[seen("b", 3), seen("a", 2), seen("idle", 0)]).unwrap();
        assert_eq!(first, [known("a", 2), known("b", 3)]);
        assert_eq!(remembered(&first, &[seen("a", 0), seen("b", 3)]).unwrap(), first, "a crash between two of them");
        assert_eq!(remembered(&first, &[seen("a", 5), seen("b", 0)]).unwrap(), [known("a", 5), known("b", 3)]);
        let many: Vec<Workload> = (0..=MOST).map(|n| seen(&format!("w{n}"), 1)).collect();
        assert_eq!(remembered(&[], &many), None);
    }

    #[test]
    fn what_was_halted_comes_back_as_it_was_and_nothing_else_does() {
        let had = [known("a", 2), known("gone", 4), known("b", 3)];
        let now = [seen("a", 0), seen("b", 1), seen("idle", 0)];
        assert_eq!(restored(&had, &now), [(&now[0], 2)]);
        let remade = Workload { uid: "another".into(), ..seen("a", 0) };
        assert_eq!(restored(&had, std::slice::from_ref(&remade)), []);
    }
}
