//! WorkingCalendar: which days of a year are working days.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Working days of one year; named after the year.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "WorkingCalendar",
    plural = "workingcalendars",
    category = "provincial",
    derive = "PartialEq",
    doc = "Public holidays and swapped working days of one year, with their legal basis.",
    printcolumn(name = "Year", type_ = "integer", json_path = ".spec.year"),
    printcolumn(name = "Basis", type_ = "string", json_path = ".spec.legalBasis")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkingCalendarSpec {
    /// The year.
    #[schemars(range(min = 2000, max = 2100))]
    pub year: i64,
    /// Days off besides Saturdays and Sundays.
    #[schemars(length(max = 60))]
    pub holidays: Vec<CalendarDay>,
    /// Saturdays and Sundays that are worked instead of another day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub working_days: Vec<CalendarDay>,
    /// Legal basis of the list, with its certainty mark.
    #[schemars(length(min = 1, max = 500))]
    pub legal_basis: String,
}

/// One day and why it differs.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalendarDay {
    /// The day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: String,
    /// What it is.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
}
