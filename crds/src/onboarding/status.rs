//! Where a request stands: checks, outcome, state.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Bilingual, Document, NameRef, Resources};
use crate::decision::SignerRole;
use crate::onboarding::State;

/// Where the request stands.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Agency in whose namespace the paper lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_ref: Option<NameRef>,
    /// Approved, Rejected, Withdrawn, Booked, Overdue, Ready, Reconciling, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Result of each check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub checks: Vec<CheckResult>,
    /// Rule set in force at submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_ref: Option<NameRef>,
    /// Rule sets that come into force after the submission: they change no clock of it, and are to be met by their day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub later_profiles: Vec<LaterProfile>,
    /// The letter's data as a `Correct` left them; absent where none counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<CorrectedLetter>,
    /// Roles that must sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub signers: Vec<SignerRole>,
    /// The outcome; written once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Tenant that the request created or concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_ref: Option<NameRef>,
    /// Environment that the request created or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_ref: Option<NameRef>,
    /// State for lists; can be rebuilt from the papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

/// A rule set that comes into force after a submission.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LaterProfile {
    /// The rule set.
    pub profile_ref: NameRef,
    /// First day on which it applies to new submissions, `YYYY-MM-DD`.
    #[schemars(length(max = 10))]
    pub from: String,
    /// Day by which it must be met, `YYYY-MM-DD`; absent when the rule set names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub met_by: Option<String>,
}

/// The letter's data after a correction.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CorrectedLetter {
    /// When they were given.
    pub at: Time,
    /// The data.
    pub document: Document,
}

/// Result of one check.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckResult {
    /// Stable id of the check.
    #[schemars(length(max = 40))]
    pub id: String,
    /// Its result.
    pub result: Verdict,
    /// Reason of the catalogue.
    #[schemars(length(max = 63))]
    pub reason: String,
    /// What was found, with field, value and what to do.
    #[schemars(length(max = 1000))]
    pub message: String,
    /// Numbers that it was judged by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub numbers: Vec<CheckNumber>,
    /// What to do, for the people of the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Bilingual>,
}

/// A number that a check was judged by.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckNumber {
    /// What it counts, for example `asked.cpu`.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// The number with its unit, for example `32Gi`.
    #[schemars(length(max = 40))]
    pub value: String,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Verdict {
    /// In order.
    #[default]
    Passed,
    /// Worth a look; does not stop the request.
    Warning,
    /// A defect: the request cannot be decided as it is.
    Failed,
    /// Refused by law.
    Refused,
}

/// How a request ended.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outcome {
    /// Yes, no, or taken back.
    pub result: OutcomeResult,
    /// Decisions that made it; empty when the law refused.
    #[serde(default, rename = "decisionUIDs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub decision_uids: Vec<String>,
    /// What is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Grant>,
    /// Creation time of the last deciding paper, which orders the queue.
    pub decided_at: Time,
    /// When the operator wrote the outcome.
    pub recorded_at: MicroTime,
    /// Priority of the grant in the queue; smaller goes first.
    #[serde(default)]
    #[schemars(range(min = 0, max = 9))]
    pub priority: i64,
}

/// What is granted.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// Class of the catalogue.
    pub class_ref: NameRef,
    /// Amounts.
    pub quota: Resources,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum OutcomeResult {
    /// Approved.
    Approved,
    /// Rejected.
    Rejected,
    /// Withdrawn.
    Withdrawn,
    /// Returned for supplements.
    Returned,
}

/// State for lists, with absolute dates.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Summary {
    /// State.
    pub state: State,
    /// Who holds the request.
    #[schemars(length(max = 200))]
    pub holder: String,
    /// Since when, RFC 3339.
    #[schemars(length(max = 40))]
    pub since: String,
    /// Until when the holder should act, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub due: Option<String>,
}
