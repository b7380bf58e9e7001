//! Questions to the ledger: by object, person, agency and period; and what it says of an object as of a day, as it was
//! known at an instant.

use std::collections::BTreeMap;

use berth_crds::audit::{Act, AuditEntry};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::acts::hashed;
use super::canonical;
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
///
/// Of all that counts on the day the last recorded state stands. Where an act between does not count yet (a decision that
/// arrived late counts from a day before it), only what each later act itself changed is taken over: the answer is the
/// entry of the last act, with the state that it made of the one before it on that day.
pub fn as_of<'a>(
    entries: impl IntoIterator<Item = &'a AuditEntry>,
    object: &str,
    on: Date,
    known: Timestamp,
    zone: &TimeZone,
) -> Option<AuditEntry> {
    let asked = |entry: &&AuditEntry| {
        matches!(entry.act, Act::Registered | Act::PrefixGiven | Act::PrefixReleased | Act::Removed)
            && is(entry, object)
            && entry.recorded_at.parse::<Timestamp>().is_ok_and(|at| at <= known)
    };
    let mut threads: BTreeMap<&str, Thread> = BTreeMap::new();
    for (place, entry) in entries.into_iter().filter(asked).enumerate() {
        let counts = effective(entry, zone).is_some_and(|day| day <= on);
        threads.entry(&entry.object.uid).or_default().take(place, entry, counts);
    }
    // An object that was made anew under the same name is another one.
    threads.into_values().filter_map(|thread| thread.state).max_by_key(|(place, _)| *place).map(|(_, entry)| entry)
}

/// What the entries of one object come to, in the order of the ledger.
#[derive(Default)]
struct Thread<'a> {
    /// The entry before, whether it counts or not.
    last: Option<&'a AuditEntry>,
    /// Whether one was left out that does not count yet.
    gap: bool,
    /// Place and entry of the last act that counts.
    state: Option<(usize, AuditEntry)>,
}

impl<'a> Thread<'a> {
    fn take(&mut self, place: usize, entry: &'a AuditEntry, counts: bool) {
        let last = self.last.replace(entry);
        if !counts {
            self.gap = true;
            return;
        }
        self.state = match (entry.act, self.state.take()) {
            (Act::Removed | Act::PrefixReleased, _) => None,
            (Act::Registered, before) if self.gap && entry.before.is_some() => {
                // What an act changed is no state while the object itself is not registered yet.
                before.map(|(_, now)| (place, joined(&now, last, entry)))
            }
            _ => Some((place, entry.clone())),
        };
    }
}

/// An act on another state than the one that it was recorded on: what it changed is changed, the rest stays.
fn joined(now: &AuditEntry, last: Option<&AuditEntry>, entry: &AuditEntry) -> AuditEntry {
    let passed = last.is_some_and(|last| last.agency != entry.agency);
    AuditEntry {
        agency: if passed { entry.agency.clone() } else { now.agency.clone() },
        before: now.after.clone(),
        after: changed(now.after.as_deref(), entry.before.as_deref(), entry.after.as_deref())
            .or_else(|| entry.after.clone()),
        ..entry.clone()
    }
}

/// A state with the members that differ between two others; `None` where one of them has no members.
fn changed(state: Option<&str>, before: Option<&str>, after: Option<&str>) -> Option<String> {
    let members = |text: Option<&str>| serde_json::from_str::<Map<String, Value>>(text?).ok();
    let (mut state, before, after) = (members(state)?, members(before)?, members(after)?);
    state.retain(|name, _| after.contains_key(name) || !before.contains_key(name));
    for (name, value) in after {
        if before.get(&name).is_none_or(|before| !same(before, &value)) {
            state.insert(name, value);
        }
    }
    Some(canonical::text(&Value::Object(state)))
}

/// Whether two recorded members are the same; either may have given way to its hash.
fn same(a: &Value, b: &Value) -> bool {
    a == b || hashed(a) == *b || *a == hashed(b)
}

fn instant(entry: &AuditEntry) -> Option<Timestamp> {
    entry.effective_at.parse().ok()
}

/// The day from which an act counts.
pub fn effective(entry: &AuditEntry, zone: &TimeZone) -> Option<Date> {
    day::parse(&entry.effective_at).or_else(|| Some(instant(entry)?.to_zoned(zone.clone()).date()))
}
