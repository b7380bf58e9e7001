//! Where a connection stands: consent, outcome, end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{NameRef, UidRef};

/// Where the opening stands.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Accepted, Consented, Approved, Rejected, Open, Expiring, Ready, Reconciling, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The source in one word, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub from: Option<String>,
    /// The destination in one word, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub to: Option<String>,
    /// The ports, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 400))]
    pub ports: Option<String>,
    /// Host names that are granted now: those of the spec from its opening to its end, none while it is stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    pub host_names: Vec<String>,
    /// The environments as they were when the paper was accepted: one that was made again is another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub environments: Vec<UidRef>,
    /// The other owner and the copy that it consents to; absent where one agency owns both ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<Counterpart>,
    /// The outcome; written once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ConnectionOutcome>,
    /// Why and when it was closed for good; written once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closure>,
    /// State for lists; can be rebuilt from the papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<ConnectionSummary>,
}

/// The other owner of a connection.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counterpart {
    /// The other owner.
    pub agency_ref: NameRef,
    /// Name of the copy in that agency's namespace.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
}

/// How the paper was decided.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionOutcome {
    /// Yes or no.
    pub result: ConnectionResult,
    /// Decisions that made it.
    #[serde(default, rename = "decisionUIDs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub decision_uids: Vec<String>,
    /// Creation time of the last deciding paper.
    pub decided_at: Time,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum ConnectionResult {
    /// It may open.
    Approved,
    /// It may not.
    Rejected,
}

/// The end of an opening.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Closure {
    /// Reason of the catalogue: Closed, Expired or EnvironmentGone.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The Decision that closed it, where one did.
    #[serde(default, rename = "decisionUID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub decision_uid: Option<String>,
    /// When it was seen to be over.
    pub at: Time,
}

/// State for lists, with absolute dates.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionSummary {
    /// State.
    pub state: ConnectionState,
    /// Who holds it: an agency, a role, or nobody.
    #[schemars(length(max = 200))]
    pub holder: String,
    /// Since when, RFC 3339.
    #[schemars(length(max = 40))]
    pub since: String,
}

/// States of a connection.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionState {
    /// Not acceptable as it is.
    #[default]
    Refused,
    /// The other owner must say yes.
    AwaitingConsent,
    /// The network unit must decide.
    AwaitingDecision,
    /// Approved, not open yet.
    Opening,
    /// Open.
    Open,
    /// The network unit said no.
    Rejected,
    /// It ended by its date.
    Expired,
    /// Closed by somebody, or because an environment is gone.
    Closed,
}

impl ConnectionState {
    /// All states.
    pub const ALL: &[Self] = &[
        Self::Refused,
        Self::AwaitingConsent,
        Self::AwaitingDecision,
        Self::Opening,
        Self::Open,
        Self::Rejected,
        Self::Expired,
        Self::Closed,
    ];
}
