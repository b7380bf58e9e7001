//! Status of an Environment.

use berth_crds::condition::{self, Is};
use berth_crds::environment::{EnvironmentStatus, NamespaceStatus, NextStep, Stage};
use berth_crds::{ConditionType, Environment, Reason, Tenant};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::desired::{Blocked, Desired, intended_names};
use crate::life;

/// How far an environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The names are known and about to be created.
    Named,
    /// Namespaces exist.
    Created,
    /// Everything exists and the quota is in force.
    Done,
    /// One step cannot be taken now.
    Failed {
        /// Condition that says so.
        at: ConditionType,
        /// Why.
        reason: Reason,
        /// What to do about it.
        message: String,
    },
}

/// Order in which an environment comes to be.
const STEPS: [ConditionType; 5] = [
    ConditionType::Addressed,
    ConditionType::NamespacesReady,
    ConditionType::QuotaReady,
    ConditionType::NetworkReady,
    ConditionType::AccessReady,
];

/// Status of an environment that cannot be planned.
pub fn blocked(environment: &Environment, blocked: &Blocked, now: &Time) -> EnvironmentStatus {
    let mut status = environment.status.clone().unwrap_or_default();
    let at = if blocked.reason == Reason::AddressPending {
        ConditionType::Addressed
    } else {
        ConditionType::NamespacesReady
    };
    // A name that was taken up again: the stage of what was removed says nothing of what is to come.
    let over = matches!(status.stage, Some(Stage::Removing | Stage::Removed));
    if over && !life::is_leaving_for_good(environment) {
        enter(&mut status, Stage::Active, now);
    }
    let failed = Progress::Failed { at, reason: blocked.reason, message: blocked.message.clone() };
    conditions(&mut status.conditions, environment, status.stage.unwrap_or_default(), &failed, now);
    // Steps before the failed one are done, but a prefix is reserved only once one is known.
    if status.prefix.is_none() && blocked.reason != Reason::AddressPending {
        let (generation, reason) = (environment.metadata.generation, Reason::NotYet);
        condition::set(
            &mut status.conditions,
            ConditionType::Addressed,
            Is::Unknown,
            reason,
            reason.en(),
            generation,
            now,
        );
    }
    status.observed_generation = environment.metadata.generation;
    // Only the prefix is missing: the names are certain, and writing them now arms the delete policy.
    if blocked.reason == Reason::AddressPending && status.namespaces.is_empty() {
        status.namespaces = intended_names(environment);
    }
    status
}

/// Status of an environment on its way. `namespaces` are the names with the UIDs that are known.
pub fn planned(
    environment: &Environment,
    tenant: Option<&Tenant>,
    desired: &Desired,
    namespaces: Vec<NamespaceStatus>,
    progress: &Progress,
    now: &Time,
) -> EnvironmentStatus {
    let mut status = environment.status.clone().unwrap_or_default();
    status.observed_generation = environment.metadata.generation;
    status.namespaces = namespaces;
    status.prefix = Some(desired.prefix.clone());
    status.agency = tenant.map(|t| t.spec.agency_ref.name.clone());
    status.system = tenant.map(|t| t.spec.code.clone());
    let stage = as_seen(status.stage, desired.stage, progress);
    enter(&mut status, stage, now);
    status.next = if stage == desired.stage { desired.next.clone() } else { halting(environment) };
    if *progress == Progress::Done {
        status.granted = Some(desired.granted.clone());
    }
    conditions(&mut status.conditions, environment, desired.stage, progress, now);
    status
}

/// The stage that is written down: halted is only what was seen to be, at the end of a pass that scaled everything. What was
/// seen so stays so: a pass that fails afterwards says why in its conditions, on which a reconciliation and a removal rest
/// too ([`life::rests`]), and nobody is told a stage that comes and goes with an error.
fn as_seen(before: Option<Stage>, planned: Stage, progress: &Progress) -> Stage {
    let halts = planned == Stage::Halted && before != Some(Stage::Halted);
    if halts && *progress != Progress::Done { Stage::Suspended } else { planned }
}

/// A halt whose day has come and which is not seen yet is still the next step.
fn halting(environment: &Environment) -> Option<NextStep> {
    let day = environment.spec.schedule.as_ref()?.halt.clone()?;
    Some(NextStep { stage: Stage::Halted, day })
}

/// Writes the stage, and since when it is another.
pub fn enter(status: &mut EnvironmentStatus, stage: Stage, now: &Time) {
    if status.stage.is_some_and(|before| before != stage) {
        status.stage_since = Some(now.clone());
    }
    status.stage = Some(stage);
}

/// Why an environment for which nothing is left to do is as it is.
fn as_it_is(stage: Stage) -> Reason {
    match stage {
        Stage::Active => Reason::Ready,
        Stage::Suspended => Reason::Suspended,
        Stage::Halted => Reason::Halted,
        Stage::Removing => Reason::Removing,
        Stage::Removed => Reason::Removed,
    }
}

fn conditions(list: &mut Vec<Condition>, environment: &Environment, stage: Stage, progress: &Progress, now: &Time) {
    let generation = environment.metadata.generation;
    let mut set = |type_, is, reason: Reason, message: &str| {
        condition::set(list, type_, is, reason, message, generation, now);
    };
    let reached = match progress {
        Progress::Named => 1,
        Progress::Created => 2,
        Progress::Done => STEPS.len(),
        Progress::Failed { at, .. } => STEPS.iter().position(|s| s == at).unwrap_or(0),
    };
    for (i, step) in STEPS.iter().enumerate() {
        match progress {
            Progress::Failed { at, reason, message } if at == step => set(*step, Is::False, *reason, message),
            _ if i < reached => {
                // Without a back end a prefix is reserved, not routed: the condition says so.
                let reason = match step {
                    ConditionType::Addressed => Reason::NoBackEnd,
                    ConditionType::AccessReady if stage != Stage::Active => Reason::Suspended,
                    _ => Reason::Done,
                };
                set(*step, Is::True, reason, reason.en());
            }
            _ => set(*step, Is::Unknown, Reason::NotYet, Reason::NotYet.en()),
        }
    }
    let waiting = [Reason::AddressPending, Reason::QuotaPending, Reason::NamespaceTerminating, Reason::ApplyFailed];
    let (ready, stalled, reason, message) = match progress {
        Progress::Done => (Is::True, false, as_it_is(stage), as_it_is(stage).en().to_owned()),
        Progress::Failed { reason, message, .. } => (Is::False, !waiting.contains(reason), *reason, message.clone()),
        _ => (Is::False, false, Reason::Provisioning, Reason::Provisioning.en().to_owned()),
    };
    set(ConditionType::Ready, ready, reason, &message);
    set(ConditionType::Reconciling, Is::from(ready != Is::True && !stalled), reason, &message);
    set(ConditionType::Stalled, Is::from(stalled), reason, &message);
}

/// Whether two statuses say the same, times of transition included.
pub fn unchanged(environment: &Environment, status: &EnvironmentStatus) -> bool {
    environment.status.as_ref() == Some(status)
}
