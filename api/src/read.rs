//! Reading input: messages → nouns, with every defect at once. No I/O; what needs the registers is in [`world`].

pub mod act;
pub mod address;
pub mod connection;
pub mod decision;
pub mod quantity;
pub mod spec;
pub mod text;
pub mod world;

use berth_plan::search::Query;
use jiff::civil::Date;

use crate::problem::{Problem, Result, Violation};

/// Longest text that is looked for, in characters.
const QUERY: usize = 200;

/// The defects found so far, each with the proto path of its field.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    found: Vec<Violation>,
}

impl Findings {
    /// A defect: the value, what is wrong, what to do.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.found.push(Violation { field: field.into(), description: description.into() });
    }

    /// A defect of a value.
    pub fn bad(&mut self, field: &str, value: &str, what: &str) {
        self.add(field, format!("{} {what}", shown(value)));
    }

    /// A field that must be there and is not.
    pub fn missing(&mut self, field: &str, what: &str) {
        self.add(field, format!("is missing: {what}"));
    }

    /// Whether a field or something below it is already known to be wrong.
    pub fn has(&self, field: &str) -> bool {
        self.found.iter().any(|v| v.field.starts_with(field))
    }

    /// The value, unless something was found.
    pub fn or<T>(self, value: T) -> Result<T> {
        if self.found.is_empty() { Ok(value) } else { Err(Problem::Invalid(self.found)) }
    }
}

/// A value as it is shown in an error: quoted, escaped, not too long.
pub fn shown(value: &str) -> String {
    let short: String = value.chars().take(60).collect();
    if short.len() < value.len() { format!("{short:?}…") } else { format!("{value:?}") }
}

/// The day of `as_of`; `None` when it is not asked for.
pub fn day(findings: &mut Findings, as_of: &str) -> Option<Date> {
    if as_of.is_empty() { None } else { date(findings, "as_of", as_of) }
}

/// A real date, `YYYY-MM-DD`.
pub fn date(findings: &mut Findings, field: &str, value: &str) -> Option<Date> {
    let well_formed = value.len() == 10
        && value.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let parsed = well_formed.then(|| value.parse::<Date>().ok()).flatten();
    if parsed.is_none() {
        findings.bad(field, value, "is not a day of the calendar: write it as YYYY-MM-DD");
    }
    parsed
}

/// Request ids tell a repeat from a second act.
pub fn request_id(findings: &mut Findings, value: &str) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if value.len() > 64 || !value.chars().all(allowed) {
        findings.bad(
            "request_id",
            value,
            "must have at most 64 characters of A-Z, a-z, 0-9, `-`, `_`, `.`: use a UUID",
        );
    }
}

/// What somebody looks for; `None` when it is not asked for. It is stored nowhere, so it may be in any Unicode form.
pub fn query(findings: &mut Findings, text: &str) -> Option<Query> {
    if text.chars().count() > QUERY {
        findings.bad("query", text, &format!("has more than {QUERY} characters: shorten it"));
        return None;
    }
    let query = Query::read(text);
    if query.is_none() && !text.is_empty() {
        findings.bad("query", text, "has no letter and no digit: give words, or leave it out");
    }
    query
}

/// An optional text: empty is absent.
pub fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
