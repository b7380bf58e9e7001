//! Whom an agency names, by duty.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::Language;

/// A person or unit of the agency, in one duty.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgencyContact {
    /// The duty.
    pub duty: Duty,
    /// Name of the person or unit.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Office that the person holds; the official form asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub title: Option<String>,
    /// Telephone; the official form asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub phone: Option<String>,
    /// E-mail address.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(validation = Rule::new("self.matches('^[^@ ,;<>]+@[^@ ,;<>]+$')").message("`email` must be one address, such as van-thu@so.tinh.gov.vn"))]
    pub email: String,
    /// Language of e-mails.
    #[serde(default)]
    pub language: Language,
}

/// Duties of an agency's contacts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// Answers for the agency's dossiers (đầu mối hồ sơ).
    #[default]
    Dossiers,
    /// Is above those who do, and is told when they let a time limit pass.
    Superior,
}
