//! What is said about a connection: every condition on every pass.

use berth_crds::condition::{self, Is};
use berth_crds::connection::{
    ConnectionEnd, ConnectionResult, ConnectionSpec, ConnectionState, ConnectionStatus, ConnectionSummary, OutsideKind,
};
use berth_crds::environment::Zone;
use berth_crds::{ConditionType, Connection, Reason, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Input, NOTICE, Plan, Stage};

/// The role that decides.
const NETWORK: &str = "network";

/// The status of the asking agency's paper; `standing` says whether exactly the planned policies stand.
pub fn tell(input: &Input, plan: &Plan, standing: bool) -> ConnectionStatus {
    let (connection, now) = (input.connection, input.now);
    let mut status = connection.status.clone().unwrap_or_default();
    status.observed_generation = connection.metadata.generation;
    status.environments = plan.environments.clone();
    status.counterpart = plan.counterpart.clone();
    status.outcome = plan.outcome.clone();
    status.closed = plan.closed.clone();
    status.host_names = plan.host_names.clone();
    status.from = Some(word(&connection.spec.source));
    status.to = Some(word(&connection.spec.destination));
    status.ports = Some(ports(&connection.spec));
    let told = Told::of(plan, standing);
    let mut set = |type_, is: Is, reason: Reason, message: &str| {
        condition::set(&mut status.conditions, type_, is, reason, message, connection.metadata.generation, now);
    };
    let (is, reason, message) = accepted(plan);
    set(ConditionType::Accepted, is, reason, &message);
    let (is, reason) = consented(plan);
    set(ConditionType::Consented, is, reason, reason.en());
    let (is, reason) = approved(plan);
    set(ConditionType::Approved, is, reason, reason.en());
    if is == Is::False {
        set(ConditionType::Rejected, Is::True, reason, reason.en());
    }
    // Open is what is seen, not what is wished: after a closing it stays true until the last policy is gone.
    let open = match &plan.stage {
        Stage::Open => standing,
        Stage::Held(_) if plan.policies.is_none() => standing,
        _ => !standing,
    };
    set(ConditionType::Open, Is::from(open), told.reason, &told.message);
    let (is, reason, message) = expiring(input, plan);
    set(ConditionType::Expiring, is, reason, &message);
    set(ConditionType::Ready, Is::from(told.ready), told.reason, &told.message);
    set(ConditionType::Reconciling, Is::from(!told.ready && !told.stalled), told.reason, &told.message);
    set(ConditionType::Stalled, Is::from(told.stalled), told.reason, &told.message);
    status.summary = Some(summary(&status, told.state, told.holder, now));
    status
}

/// The status of the other owner's copy: what is true of the paper is true of it.
pub fn mirrored(copy: &Connection, paper: &Connection) -> ConnectionStatus {
    let mut status = paper.status.clone().unwrap_or_default();
    status.observed_generation = copy.metadata.generation;
    for condition in &mut status.conditions {
        condition.observed_generation = copy.metadata.generation;
    }
    status
}

/// What the stage comes to in words.
struct Told {
    state: ConnectionState,
    holder: String,
    reason: Reason,
    message: String,
    ready: bool,
    stalled: bool,
}

impl Told {
    fn of(plan: &Plan, standing: bool) -> Self {
        let told = |state, holder: &str, reason: Reason, message: String| Self {
            state,
            holder: holder.to_owned(),
            reason,
            message,
            ready: false,
            stalled: false,
        };
        let plain = |state, holder: &str, reason: Reason| told(state, holder, reason, reason.en().to_owned());
        match &plan.stage {
            Stage::Refused(why) => {
                Self { stalled: true, ..told(ConnectionState::Refused, "requester", why.reason, why.message.clone()) }
            }
            Stage::Consent(other) => {
                let copy = plan.counterpart.as_ref().map(|c| c.name.clone()).unwrap_or_default();
                let message = format!("{other} must consent to {copy:?} in {:?}.", names::agency_namespace(other));
                told(ConnectionState::AwaitingConsent, other, Reason::AwaitingConsent, message)
            }
            Stage::Decision => {
                let message = format!("Waiting for: {NETWORK}.");
                told(ConnectionState::AwaitingDecision, NETWORK, Reason::AwaitingDecision, message)
            }
            Stage::Rejected => {
                Self { stalled: true, ..plain(ConnectionState::Rejected, "", Reason::RejectedByDecision) }
            }
            Stage::Held(why) => told(ConnectionState::Opening, "operator", why.reason, why.message.clone()),
            Stage::Open if standing => Self { ready: true, ..plain(ConnectionState::Open, "", Reason::Open) },
            Stage::Open => plain(ConnectionState::Opening, "operator", Reason::Provisioning),
            Stage::Closed(Reason::Expired) => {
                Self { stalled: true, ..plain(ConnectionState::Expired, "", Reason::Expired) }
            }
            Stage::Closed(reason) => Self { stalled: true, ..plain(ConnectionState::Closed, "", *reason) },
        }
    }
}

fn accepted(plan: &Plan) -> (Is, Reason, String) {
    match &plan.stage {
        Stage::Refused(why) => (Is::False, why.reason, why.message.clone()),
        Stage::Closed(reason) if plan.environments.is_empty() => (Is::False, *reason, reason.en().into()),
        _ => (Is::True, Reason::Accepted, Reason::Accepted.en().into()),
    }
}

fn consented(plan: &Plan) -> (Is, Reason) {
    match (&plan.stage, plan.consented) {
        (_, true) if plan.counterpart.is_none() => (Is::True, Reason::OneOwner),
        (_, true) => (Is::True, Reason::Consented),
        (Stage::Closed(reason), false) => (Is::False, *reason),
        (Stage::Refused(_), false) => (Is::Unknown, Reason::NotYet),
        (_, false) => (Is::Unknown, Reason::AwaitingConsent),
    }
}

fn approved(plan: &Plan) -> (Is, Reason) {
    match plan.outcome.as_ref().map(|o| o.result) {
        Some(ConnectionResult::Approved) => (Is::True, Reason::Approved),
        Some(ConnectionResult::Rejected) => (Is::False, Reason::RejectedByDecision),
        None => (Is::Unknown, Reason::AwaitingDecision),
    }
}

/// Notice of the end, while there is still something to end.
fn expiring(input: &Input, plan: &Plan) -> (Is, Reason, String) {
    let end = input.connection.spec.expires_at.0;
    if let Stage::Closed(reason) = &plan.stage {
        return (Is::False, *reason, reason.en().into());
    }
    let soon = end.checked_sub(NOTICE).is_ok_and(|notice| notice <= input.now.0);
    let reason = if soon { Reason::ExpiresSoon } else { Reason::Expires };
    (Is::from(soon), reason, format!("It closes by itself at {end}; ask for a new one in time."))
}

fn summary(status: &ConnectionStatus, state: ConnectionState, holder: String, now: &Time) -> ConnectionSummary {
    let same = status.summary.as_ref().filter(|old| old.state == state && old.holder == holder);
    let since = same.map_or_else(|| now.0.to_string(), |old| old.since.clone());
    ConnectionSummary { state, holder, since }
}

/// An end in one word.
fn word(end: &ConnectionEnd) -> String {
    match (&end.environment, &end.outside) {
        (Some(inside), _) => names::namespace(&inside.environment_ref.name, inside.zone.map(Zone::as_str)),
        (None, Some(outside)) => match outside.kind {
            OutsideKind::Internet => "Internet".into(),
            OutsideKind::Tslcd => "TSLCD".into(),
            OutsideKind::Named => outside.name.clone(),
        },
        (None, None) => String::new(),
    }
}

fn ports(spec: &ConnectionSpec) -> String {
    let one = |p: &berth_crds::connection::ConnectionPort| match p.end_port {
        Some(last) => format!("{}/{}-{last}", p.protocol.as_str(), p.port),
        None => format!("{}/{}", p.protocol.as_str(), p.port),
    };
    spec.ports.iter().map(one).collect::<Vec<_>>().join(",")
}
