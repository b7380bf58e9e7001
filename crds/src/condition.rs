//! Condition types and how a condition is set.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::Reason;

/// Every condition type that Berth writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Onboarding, Connection: people or a rule said yes.
    Approved,
    /// Onboarding, Connection: people, the law or a rule said no.
    Rejected,
    /// Onboarding: the requester took it back.
    Withdrawn,
    /// Onboarding: headroom is promised.
    Booked,
    /// Onboarding: the holder's time limit has passed. It decides nothing by itself.
    Overdue,
    /// Everything asked for is there (kstatus).
    Ready,
    /// Work is under way (kstatus).
    Reconciling,
    /// Nothing will happen without somebody's act (kstatus).
    Stalled,
    /// Environment, Tenant, PrefixClaim: addresses are reserved, and routed where a back end exists.
    Addressed,
    /// AddressPlan: every registered root is announced.
    Announced,
    /// AddressPlan: ranges of nodes, pods, Services and the rest of the platform lie outside its pools.
    RangesApart,
    /// Environment: namespaces exist and are ours.
    NamespacesReady,
    /// Environment: quota and limits are in force.
    QuotaReady,
    /// Environment: network policies exist.
    NetworkReady,
    /// Environment: access is bound.
    AccessReady,
    /// Environment: somebody who answers for the devices outside the cluster says that they know of it as it is.
    OutsideReady,
    /// Environment: the access list was confirmed in time.
    AccessReviewed,
    /// Environment: repair stops for a while.
    Held,
    /// Environment: nothing gets in or out by the network.
    Isolated,
    /// Environment: somebody has access without a paper, for a while.
    EmergencyAccess,
    /// Agency: namespace and bindings exist.
    NamespaceReady,
    /// Decision: counted or void.
    Effective,
    /// Tenant: its permission to operate.
    Operating,
    /// Tenant: every environment enforces the level that was decided.
    LevelEnforced,
    /// Connection: the paper can be decided as it is.
    Accepted,
    /// Connection: the other owner said yes, or there is none.
    Consented,
    /// Connection: the policies stand on both sides.
    Open,
    /// Connection, Environment: it ends soon, or its last day is over.
    Expiring,
    /// Environment: its grant is raised for a while; false once it has returned to what it was.
    Temporary,
    /// Environment: what is exposed is reached over IPv4 only, by an exception; false once its last day is over.
    Ipv4Excepted,
    /// Environment: statistics, backup and reconciliation of what is to be removed are signed.
    Reconciled,
    /// Notice: everybody who is to be told has it.
    Delivered,
}

impl ConditionType {
    /// The text in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Withdrawn => "Withdrawn",
            Self::Booked => "Booked",
            Self::Overdue => "Overdue",
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Addressed => "Addressed",
            Self::Announced => "Announced",
            Self::RangesApart => "RangesApart",
            Self::NamespacesReady => "NamespacesReady",
            Self::QuotaReady => "QuotaReady",
            Self::NetworkReady => "NetworkReady",
            Self::AccessReady => "AccessReady",
            Self::OutsideReady => "OutsideReady",
            Self::AccessReviewed => "AccessReviewed",
            Self::Held => "Held",
            Self::Isolated => "Isolated",
            Self::EmergencyAccess => "EmergencyAccess",
            Self::NamespaceReady => "NamespaceReady",
            Self::Effective => "Effective",
            Self::Operating => "Operating",
            Self::LevelEnforced => "LevelEnforced",
            Self::Accepted => "Accepted",
            Self::Consented => "Consented",
            Self::Open => "Open",
            Self::Expiring => "Expiring",
            Self::Temporary => "Temporary",
            Self::Ipv4Excepted => "Ipv4Excepted",
            Self::Reconciled => "Reconciled",
            Self::Delivered => "Delivered",
        }
    }
}

/// Value of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// `True`.
    True,
    /// `False`.
    False,
    /// `Unknown`.
    Unknown,
}

impl Is {
    /// The text in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for Is {
    fn from(yes: bool) -> Self {
        if yes { Self::True } else { Self::False }
    }
}

/// Longest message that is stored (the schema allows 32768; people read one line).
const MAX_MESSAGE: usize = 1000;

/// Sets a condition; its transition time moves only when the value does.
pub fn set(
    conditions: &mut Vec<Condition>,
    type_: ConditionType,
    is: Is,
    reason: Reason,
    message: impl Into<String>,
    generation: Option<i64>,
    now: &Time,
) {
    let message: String = message.into().chars().take(MAX_MESSAGE).collect();
    let new = Condition {
        type_: type_.as_str().into(),
        status: is.as_str().into(),
        reason: reason.as_str().into(),
        message,
        observed_generation: generation,
        last_transition_time: now.clone(),
    };
    match conditions.iter_mut().find(|c| c.type_ == new.type_) {
        Some(old) if old.status == new.status => {
            let since = old.last_transition_time.clone();
            *old = Condition { last_transition_time: since, ..new };
        }
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

/// The condition of a type, if it is there.
pub fn get(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|c| c.type_ == type_.as_str())
}

/// Whether the condition of a type is `True`.
pub fn is_true(conditions: &[Condition], type_: ConditionType) -> bool {
    get(conditions, type_).is_some_and(|c| c.status == "True")
}
