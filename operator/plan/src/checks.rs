//! Checks of an Onboarding: all of them, every time, each a pure function of the request and the registers.

mod request;
mod rules;

use berth_crds::onboarding::{CheckResult, Verdict};
use berth_crds::{Onboarding, PolicyProfile, Reason};
use jiff::civil::Date;

use crate::register::Register;

/// What a check looks at.
pub struct Subject<'a> {
    /// The request.
    pub onboarding: &'a Onboarding,
    /// Agency in whose namespace it lies.
    pub agency: &'a str,
    /// Rule set in force at submission.
    pub profile: &'a PolicyProfile,
    /// The registers.
    pub register: &'a Register,
    /// Day of submission.
    pub day: Date,
}

/// What the checks say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overall {
    /// The request can be decided.
    Decidable,
    /// Something that it names does not exist (yet): wait, and look again when the registers change.
    Waiting,
    /// A defect of the request: it ends, a corrected one may be submitted.
    Defective,
    /// The law refuses it.
    Refused,
}

/// Every check, in the order in which people read them.
pub fn all(subject: &Subject) -> Vec<CheckResult> {
    let checks: [fn(&Subject) -> CheckResult; 9] = [
        rules::in_force,     // does the agency exist today
        request::complete,   // is everything there and well written
        request::references, // do class, bodies, tenant and environment exist
        request::ownership,  // is the system this agency's
        rules::law,          // kinds of data and levels that may not be hosted
        rules::level,        // does the site reach the level
        rules::class,        // does the site run the class, and does the size fit it
        request::unique,     // one system per code, one environment per kind
        request::current,    // was a change written against what is in force
    ];
    checks.iter().map(|check| check(subject)).collect()
}

/// What the results mean for the request.
pub fn overall(results: &[CheckResult]) -> Overall {
    let any = |verdict| results.iter().any(|r| r.result == verdict);
    let missing = |r: &CheckResult| r.result == Verdict::Failed && r.reason == Reason::MissingReference.as_str();
    if any(Verdict::Refused) {
        Overall::Refused
    } else if results.iter().any(|r| r.result == Verdict::Failed && !missing(r)) {
        Overall::Defective
    } else if results.iter().any(missing) {
        Overall::Waiting
    } else {
        Overall::Decidable
    }
}

/// The messages of everything that is not in order, in one sentence each.
pub fn defects(results: &[CheckResult]) -> String {
    let bad = results.iter().filter(|r| matches!(r.result, Verdict::Failed | Verdict::Refused));
    bad.map(|r| r.message.as_str()).collect::<Vec<_>>().join(" ")
}

fn result(id: &str, result: Verdict, reason: Reason, message: impl Into<String>) -> CheckResult {
    CheckResult { id: id.into(), result, reason: reason.as_str().into(), message: message.into() }
}

fn passed(id: &str, message: impl Into<String>) -> CheckResult {
    result(id, Verdict::Passed, Reason::Done, message)
}

/// Passed without defects; failed with all of them otherwise.
fn gather(id: &str, reason: Reason, defects: Vec<String>, fine: &str) -> CheckResult {
    if defects.is_empty() { passed(id, fine) } else { result(id, Verdict::Failed, reason, defects.join(" ")) }
}
