//! What the acts on a whole system ask for: a level record, another owner.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::NameRef;
use crate::tenant::Measures;

/// A level dossier (hồ sơ đề xuất cấp độ) that is to be appraised and approved.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelRequest {
    /// Proposed level.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Number and date of the system's security regulation (quy chế); mandatory from level 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub regulation: Option<String>,
    /// How far the measures of the protection plan are in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// Day by which all of them are to be in place, `YYYY-MM-DD` (Mẫu 08); where they are not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub measures_by: Option<String>,
    /// Day on which the level is reviewed, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub review_on: Option<String>,
}

/// A change of owner. Each agency submits a paper of its own with the same words: nobody gives or takes alone.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.from.name != self.to.name").message("`from` and `to` must be two agencies"))]
pub struct TransferRequest {
    /// Agency that owns the system today.
    pub from: NameRef,
    /// Agency that is to own it.
    pub to: NameRef,
}
