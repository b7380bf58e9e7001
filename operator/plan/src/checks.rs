//! Checks of an Onboarding: all of them, every time, each a pure function of the request and the registers.

mod consequences;
mod dossier;
mod exposure;
mod form;
mod request;
pub(crate) mod reuse;
mod room;
mod rules;
mod words;

pub use request::code_taken;
pub use room::covered;
pub use words::{IDS, advice, title, told};

use std::sync::Arc;

use berth_crds::common::Bilingual;
use berth_crds::onboarding::{CheckNumber, CheckResult, Verdict};
use berth_crds::{Onboarding, PolicyProfile, Reason, Site};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::register::Register;

pub use form::is_official;

/// Id of the check that refuses what may not be hosted.
pub const LAW: &str = "law";
/// Id of the check of a resubmission.
pub const CHAIN: &str = "chain";
/// Id of the check of what is left.
pub const HEADROOM: &str = "headroom";

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
    /// Papers of the agency, this one among them or not.
    pub papers: &'a [Arc<Onboarding>],
    /// Day of submission.
    pub day: Date,
    /// The day of an instant, where the province is.
    pub day_of: &'a dyn Fn(&Time) -> Date,
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
    let checks: [fn(&Subject) -> CheckResult; 17] = [
        rules::in_force,            // does the agency exist today
        request::complete,          // is everything there and well written
        form::form,                 // does the form say everything, and nothing forbidden
        dossier::letter,            // is the letter number new
        request::references,        // do class, bodies, tenant and environment exist
        dossier::chain,             // is it a resubmission of what was returned
        request::ownership,         // is the system this agency's
        rules::law,                 // kinds of data and levels that may not be hosted
        rules::level,               // does the site reach the level
        rules::plausible,           // is the level what the data suggest
        rules::class,               // does the site run the class, and does the size fit it
        exposure::ipv4,             // does an exception for IPv4 only end
        request::unique,            // one system per code, one environment per kind
        reuse::function,            // does a system of that function exist
        consequences::consequences, // what a decision on a whole system changes
        request::current,           // was a change written against what is in force
        room::addresses,            // is a wished prefix free
    ];
    let mut results: Vec<CheckResult> = checks.iter().map(|check| check(subject)).collect();
    // Numbers that move are read once the rest is in order: a request that waits must not be told them again and again.
    let in_order = overall(&results) == Overall::Decidable;
    let later = |id| passed(id, "It is judged once everything else is in order.");
    results.push(if in_order { room::headroom(subject) } else { later(HEADROOM) });
    results.push(if in_order { room::automatic(subject) } else { later("automatic") });
    results.into_iter().map(advised).collect()
}

/// The checks as they are recorded, with that of the letter made anew: its data were corrected, and nothing else was.
pub fn with_letter(subject: &Subject) -> Vec<CheckResult> {
    let recorded = subject.onboarding.status.as_ref().map(|status| status.checks.clone()).unwrap_or_default();
    let letter = advised(dossier::letter(subject));
    recorded.into_iter().map(|check| if check.id == letter.id { letter.clone() } else { check }).collect()
}

fn advised(result: CheckResult) -> CheckResult {
    let told = result.result != Verdict::Passed || result.reason == Reason::NotAutomatic.as_str();
    CheckResult { advice: advice(&result.id).filter(|_| told), ..result }
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

/// What one check came to; `None` before the checks are made.
pub fn verdict(results: &[CheckResult], id: &str) -> Option<Verdict> {
    results.iter().find(|r| r.id == id).map(|r| r.result)
}

/// The messages of everything that is not in order, in one sentence each.
pub fn defects(results: &[CheckResult]) -> String {
    bad(results).map(|r| r.message.as_str()).collect::<Vec<_>>().join(" ")
}

/// The same for people of both languages.
pub fn defects_told(results: &[CheckResult]) -> Bilingual {
    let each = bad(results).map(|r| told(&r.id, &r.reason, &r.message).vi);
    Bilingual { vi: each.collect::<Vec<_>>().join(" "), en: defects(results) }
}

fn bad(results: &[CheckResult]) -> impl Iterator<Item = &CheckResult> {
    results.iter().filter(|r| matches!(r.result, Verdict::Failed | Verdict::Refused))
}

/// Longest message of a check, in characters, as its schema has it.
const MAX_MESSAGE: usize = 1000;

/// A message that its field can hold: a status that the API server refuses would stop the request for ever.
fn fitted(message: String) -> String {
    const MORE: &str = " … There is more: correct these first, and check again.";
    if message.chars().count() <= MAX_MESSAGE {
        return message;
    }
    message.chars().take(MAX_MESSAGE - MORE.chars().count()).chain(MORE.chars()).collect()
}

fn result(id: &str, result: Verdict, reason: Reason, message: impl Into<String>) -> CheckResult {
    CheckResult {
        id: id.into(),
        result,
        reason: reason.as_str().into(),
        message: fitted(message.into()),
        ..CheckResult::default()
    }
}

fn passed(id: &str, message: impl Into<String>) -> CheckResult {
    result(id, Verdict::Passed, Reason::Done, message)
}

fn number(name: &str, value: impl ToString) -> CheckNumber {
    CheckNumber { name: name.into(), value: value.to_string() }
}

/// The site that the request books and builds on.
fn site<'a>(s: &Subject<'a>) -> Option<&'a Arc<Site>> {
    s.register.site_for(&s.onboarding.spec, s.agency, s.onboarding.metadata.uid.as_deref())
}

/// Level of the system that the request is about.
pub fn asked_level(s: &Subject) -> Option<i64> {
    s.register.level_of(&s.onboarding.spec)
}

/// Passed without defects; failed with all of them otherwise.
fn gather(id: &str, reason: Reason, defects: Vec<String>, fine: &str) -> CheckResult {
    if defects.is_empty() { passed(id, fine) } else { result(id, Verdict::Failed, reason, defects.join(" ")) }
}
