//! An increase that ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::onboarding::Grant;

/// A grant that is raised for a while: its last day, and what is granted again from the day after.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemporaryGrant {
    /// Last day on which `quota` is granted, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: String,
    /// What was granted before, and is granted again afterwards.
    pub former: Grant,
}
