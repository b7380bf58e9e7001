//! Questions to the ledger: by object, person, agency and period; and what it says of an object as of a day, as it was
//! known at an instant.

use berth_crds::audit::{Act, AuditEntry};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::day;

/// What is asked for; what is absent is not asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Name of an object, `<kind>/<name>`, or a UID. A request's name finds its decisions too.
    pub object: Option<String>,
    /// Who acted.
    pub person: Option<String>,
    /// Agency that the object belonged to.
    pub agency: Option<String>,
    /// Recorded at this instant or later.
    pub from: Option<Timestamp>,
    /// Recorded before this instant.
    pub until: Option<Timestamp>,
}

impl Query {
    /// Whether an entry is asked for.
    pub fn finds(&self, entry: &AuditEntry) -> bool {
        let recorded = entry.recorded_at.parse::<Timestamp>().ok();
        self.object.as_ref().is_none_or(|given| is(entry, given))
            && self.person.as_ref().is_none_or(|who| *who == entry.who)
            && self.agency.as_ref().is_none_or(|agency| Some(agency) == entry.agency.as_ref())
            && self.from.is_none_or(|from| recorded.is_some_and(|at| from <= at))
            && self.until.is_none_or(|until| recorded.is_some_and(|at| at < until))
    }
}

fn is(entry: &AuditEntry, given: &str) -> bool {
    let object = &entry.object;
    let (kind, name) = match given.split_once('/') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, given),
    };
    let of_kind = kind.is_none_or(|kind| kind.eq_ignore_ascii_case(&object.kind));
    let decision_about = || {
        let asked = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("Onboarding"));
        let rest = object.name.strip_prefix(name);
        asked && object.kind == "Decision" && rest.is_some_and(|rest| rest.starts_with('.'))
    };
    object.uid == given || (of_kind && object.name == name) || decision_about()
}

/// The state of an object in the registers as of a day, as the ledger knew it at an instant; `None` before the object
/// was registered and after it was removed. What was recorded later never changes the answer for an earlier `known`.
pub fn as_of<'a>(
    entries: impl IntoIterator<Item = &'a AuditEntry>,
    object: &str,
    on: Date,
    known: Timestamp,
    zone: &TimeZone,
) -> Option<&'a AuditEntry> {
    let counts = |entry: &&AuditEntry| {
        matches!(entry.act, Act::Registered | Act::PrefixGiven | Act::PrefixReleased | Act::Removed)
            && is(entry, object)
            && entry.recorded_at.parse::<Timestamp>().is_ok_and(|at| at <= known)
            && effective(entry, zone).is_some_and(|day| day <= on)
    };
    // Of two acts that count from the same day, the later entry stands.
    let last = entries.into_iter().filter(counts).max_by_key(|entry| effective(entry, zone));
    last.filter(|entry| !matches!(entry.act, Act::Removed | Act::PrefixReleased))
}

fn instant(entry: &AuditEntry) -> Option<Timestamp> {
    entry.effective_at.parse().ok()
}

/// The day from which an act counts.
pub fn effective(entry: &AuditEntry, zone: &TimeZone) -> Option<Date> {
    day::parse(&entry.effective_at).or_else(|| Some(instant(entry)?.to_zoned(zone.clone()).date()))
}
