//! What the official form asks beyond class and level (`data/request_form_fields.csv`): its further fields, with maxima.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The further fields of the official form (phiếu đề nghị cấp tài nguyên).
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DossierForm {
    /// Address of the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub address: Option<String>,
    /// Person to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Code of the system in the national architecture, for example NAS-0123.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), regex(pattern = r"^NAS-[A-Za-z0-9][-A-Za-z0-9._]*$"))]
    pub architecture_code: Option<String>,
    /// What the system does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub function: Option<String>,
    /// Who uses the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub users: Vec<UserGroup>,
    /// Number and date of the system's security regulation (quy chế).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub regulation: Option<String>,
    /// Operating systems, platforms and databases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub software: Vec<Software>,
    /// Domain names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub domains: Vec<String>,
    /// Addresses that the system has today, for its migration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 43)))]
    pub current_addresses: Vec<String>,
    /// Openings that are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub ports: Vec<PortRule>,
    /// Bandwidth in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub bandwidth_mbps: Option<i64>,
    /// Systems that data are exchanged with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub exchanges: Vec<Exchange>,
    /// Backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// Logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Logs>,
    /// Expected growth in twelve months, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub growth_percent: Option<i64>,
    /// Whether sharing and the cloud were considered; the reason if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub reuse: Option<String>,
    /// Source of the money and level of the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub budget: Option<String>,
    /// First day, `YYYY-MM-DD`; the last one is the environment's `endDate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub start_date: Option<String>,
    /// Cut-over of a running service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_over: Option<CutOver>,
    /// Contractors with their accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub contractors: Vec<Contractor>,
    /// The undertaking to use it for its purpose, safely and economically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undertaking: Option<Undertaking>,
}

/// Person to ask.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// Name of the person.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Office that the person holds.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// Telephone.
    #[schemars(length(min = 1, max = 40))]
    pub phone: String,
    /// E-mail in an official domain.
    #[schemars(length(min = 3, max = 254))]
    pub email: String,
}

/// Who uses a system.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum UserGroup {
    /// Officials of the agency.
    Internal,
    /// Officials of other agencies.
    Agencies,
    /// Citizens.
    Citizens,
    /// Businesses.
    Businesses,
}

/// A product and its version.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Software {
    /// Name of the product.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Version of the product.
    #[schemars(length(min = 1, max = 40))]
    pub version: String,
    /// Last day on which its maker supports it, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub supported_until: Option<String>,
}

/// An opening that is asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortRule {
    /// Port or range, for example `443` or `8000-8010`.
    #[schemars(length(min = 1, max = 11))]
    pub port: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Direction.
    pub direction: Direction,
    /// The other end: a name, an address or a prefix.
    #[schemars(length(min = 1, max = 253))]
    pub peer: String,
    /// What it is for.
    #[schemars(length(min = 1, max = 500))]
    pub purpose: String,
    /// Last day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: String,
}

/// Transport protocols.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// Directions of an opening.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Direction {
    /// Into the system.
    #[default]
    In,
    /// Out of the system.
    Out,
}

/// A system that data are exchanged with.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// Name of the system.
    #[schemars(length(min = 1, max = 200))]
    pub system: String,
    /// Service that is used.
    #[schemars(length(min = 1, max = 200))]
    pub service: String,
    /// How often.
    #[schemars(length(min = 1, max = 100))]
    pub frequency: String,
}

/// Backup, in hours and days.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backup {
    /// Most hours of work that may be lost (RPO).
    #[schemars(range(min = 0, max = 8760))]
    pub rpo_hours: i64,
    /// Most hours until it runs again (RTO).
    #[schemars(range(min = 0, max = 8760))]
    pub rto_hours: i64,
    /// Days that a copy is kept.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: i64,
}

/// Logs.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logs {
    /// Kinds of log, and how they are sent.
    #[schemars(length(min = 1, max = 300))]
    pub kinds: String,
    /// Days that they are kept.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: i64,
}

/// Cut-over of a running service.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CutOver {
    /// Day on which the service stops, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub day: String,
    /// The way back.
    #[schemars(length(min = 1, max = 1000))]
    pub rollback: String,
}

/// A contractor's person with an account.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contractor {
    /// Name of the person and of the firm.
    #[schemars(length(min = 1, max = 300))]
    pub name: String,
    /// The account.
    #[schemars(length(min = 1, max = 253))]
    pub account: String,
    /// Last day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: String,
}

/// The undertaking of TT 06/2026 Mẫu 01.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Undertaking {
    /// "Sử dụng đúng mục đích, an toàn, hiệu quả và tiết kiệm".
    Given,
}
