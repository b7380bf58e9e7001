//! Connections: paper, registers, Decisions and the instant → which Decisions count, what should stand on either side, and
//! what is said about it.
//!
//! A Connection is the only opening there is. It stands while four things hold at once: it can be decided as it is
//! ([`check`]), the other owner and the network unit said yes ([`weigh`]), it is not over, and the law lets it be open
//! today. Whatever ends it ends it for good: an opening that comes back by itself is an opening that nobody decided.

mod check;
mod hosts;
mod policy;
mod reach;
mod status;
mod weigh;

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::common::UidRef;
use berth_crds::connection::{Closure, ConnectionOutcome, ConnectionResult, Counterpart};
use berth_crds::{Connection, Decision, Reason, names};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp, civil::Date};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::register::Register;

pub use check::{End, Ends, Refusal, Side, is_gone, resolve};
pub use hosts::{MOST as MOST_HOST_NAMES, granted, lists, namespace_of, place};
pub use policy::render;
pub use reach::{Place, Question, reach};
pub use status::{mirrored, tell};
pub use weigh::{Judged, Seat};

/// How long before its end a connection says so.
pub const NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Longest life of a connection (ours, an assumption: a paper that nobody looks at for longer is nobody's).
pub const LONGEST: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// What a connection is planned from.
pub struct Input<'a> {
    /// The paper of the asking agency, with the status that was recorded.
    pub connection: &'a Connection,
    /// Decisions about it.
    pub decisions: &'a [Arc<Decision>],
    /// Decisions about the copy that the other owner consents to.
    pub others: &'a [Arc<Decision>],
    /// That copy, once it is there.
    pub counterpart: Option<&'a Connection>,
    /// Every connection of the province: a host name is one namespace's.
    pub papers: &'a [Arc<Connection>],
    /// The registers.
    pub register: &'a Register,
    /// Prefixes from which tenants are numbered: labels decide between them, never addresses.
    pub numbered: &'a [IpNet],
    /// Namespaces that are ours and not on their way out: name → UID.
    pub namespaces: &'a BTreeMap<String, String>,
    /// Now.
    pub now: &'a Time,
    /// Today, where the province is.
    pub today: Date,
}

/// Where a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It cannot be decided as it is.
    Refused(Refusal),
    /// The other owner must say yes.
    Consent(String),
    /// The network unit must decide.
    Decision,
    /// The network unit said no.
    Rejected,
    /// Approved, but not to be open now.
    Held(Refusal),
    /// To be open.
    Open,
    /// Over for good.
    Closed(Reason),
}

/// What should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where it stands.
    pub stage: Stage,
    /// What Decisions came to that had no effect recorded yet.
    pub judged: Vec<Judged>,
    /// Whether the other owner has said yes, or there is none.
    pub consented: bool,
    /// The outcome, recorded or just made.
    pub outcome: Option<ConnectionOutcome>,
    /// Its end, recorded or just come.
    pub closed: Option<Closure>,
    /// Environments as they were accepted.
    pub environments: Vec<UidRef>,
    /// The other owner, if there is one, and the name of the copy in its namespace.
    pub counterpart: Option<Counterpart>,
    /// Host names that are granted.
    pub host_names: Vec<String>,
    /// What should stand; `None`: leave what stands, because not enough is known to say better.
    pub policies: Option<Vec<NetworkPolicy>>,
    /// When to look again though nothing changes.
    pub wake: Option<Timestamp>,
}

/// Plans a connection. Total: what cannot be planned is a stage that says why.
pub fn plan(input: &Input) -> Plan {
    let known = input.connection.status.clone().unwrap_or_default();
    let checked = check::check(input);
    // What was accepted stays what it was; until then it follows the registers.
    let (environments, counterpart) = match (&checked, known.environments.is_empty()) {
        (Ok(accepted), true) => (accepted.environments.clone(), counterpart(input, accepted.other.as_deref())),
        _ => (known.environments.clone(), known.counterpart.clone()),
    };
    let alone = checked.is_ok() && counterpart.is_none();
    let weighed = weigh::weigh(input, checked.is_ok() || known.outcome.is_some(), alone);
    let outcome = known.outcome.clone().or(weighed.outcome);
    let closed = known.closed.clone().or_else(|| over(input, &environments)).or(weighed.closed);
    // Nothing is approved without the consent that it takes, whatever the registers say by now.
    let approved = outcome.as_ref().is_some_and(|o| o.result == ConnectionResult::Approved);
    let mut plan = Plan {
        stage: Stage::Decision,
        judged: weighed.judged,
        consented: alone || weighed.consented || approved,
        outcome,
        closed,
        environments,
        counterpart,
        host_names: Vec::new(),
        policies: Some(Vec::new()),
        wake: None,
    };
    plan.stage = stage(&plan, &checked);
    if plan.stage == Stage::Open {
        (plan.stage, plan.policies) = stand(input, plan.outcome.as_ref());
    }
    plan.host_names = match (&plan.stage, &plan.policies) {
        (Stage::Open, _) => input.connection.spec.host_names.clone(),
        (Stage::Held(_), None) => known.host_names,
        _ => Vec::new(),
    };
    plan.wake = plan.closed.is_none().then(|| wake(input)).flatten();
    plan
}

fn counterpart(input: &Input, other: Option<&str>) -> Option<Counterpart> {
    let uid = input.connection.uid()?;
    Some(Counterpart { agency_ref: berth_crds::common::NameRef::to(other?), name: names::counterpart(&uid) })
}

fn stage(plan: &Plan, checked: &Result<check::Accepted, Refusal>) -> Stage {
    if let Some(closed) = &plan.closed {
        return Stage::Closed(Reason::parse(&closed.reason).unwrap_or(Reason::Closed));
    }
    match (plan.outcome.as_ref().map(|o| o.result), checked) {
        (Some(ConnectionResult::Approved), _) => Stage::Open,
        (Some(ConnectionResult::Rejected), _) => Stage::Rejected,
        (None, Err(refusal)) => Stage::Refused(refusal.clone()),
        (None, Ok(_)) => match plan.counterpart.as_ref().filter(|_| !plan.consented) {
            Some(other) => Stage::Consent(other.agency_ref.name.clone()),
            None => Stage::Decision,
        },
    }
}

/// What ends a connection without anybody's act: its date, or an environment that is gone.
fn over(input: &Input, environments: &[UidRef]) -> Option<Closure> {
    let reason = if input.connection.spec.expires_at <= *input.now {
        Reason::Expired
    } else if is_gone(&input.connection.spec, environments, input.register) {
        Reason::EnvironmentGone
    } else {
        return None;
    };
    Some(Closure { reason: reason.as_str().into(), decision_uid: None, at: input.now.clone() })
}

/// What should stand of an approved connection.
fn stand(input: &Input, outcome: Option<&ConnectionOutcome>) -> (Stage, Option<Vec<NetworkPolicy>>) {
    let ends = match resolve(&input.connection.spec, input.register) {
        Ok(ends) => ends,
        // A register entry that is lost for a moment cuts nobody off; an environment that is gone closed it already.
        Err(refusal) => return (Stage::Held(refusal), None),
    };
    // Two that were decided in one moment: the earlier one has the name.
    if let Err(taken) = hosts::taken(input, outcome) {
        return (Stage::Held(taken), Some(Vec::new()));
    }
    if let Some(held) = check::held(&input.connection.spec, &ends, input.namespaces, input.today) {
        return (Stage::Held(held), Some(Vec::new()));
    }
    (Stage::Open, Some(render(input.connection, &ends, input.numbered)))
}

/// The next instant that changes something by itself.
fn wake(input: &Input) -> Option<Timestamp> {
    let end = input.connection.spec.expires_at.0;
    let notice = end.checked_sub(NOTICE).ok();
    notice.into_iter().chain([end]).find(|at| *at > input.now.0)
}
