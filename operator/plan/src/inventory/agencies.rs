//! Rows of bodies.

use berth_crds::agency::{AgencyContact, AgencyType, DatedName, DatedText, DayRange, Duty};
use berth_crds::common::{Bilingual, DatedAgency, NameRef};
use berth_crds::notice::Language;
use berth_crds::{Agency, AgencySpec};

use super::cells::Cells;
use super::{Defect, File, Known, Verdict};
use crate::checks::is_official;
use crate::day;

const TYPES: [AgencyType; 7] = [
    AgencyType::Department,
    AgencyType::PeoplesCommittee,
    AgencyType::District,
    AgencyType::Commune,
    AgencyType::ServiceUnit,
    AgencyType::PartyBody,
    AgencyType::Enterprise,
];

/// Longest id and alias, as the schema has them.
const MAX_ID: usize = 40;
const MAX_ALIAS: usize = 63;

/// Name and verdict of a row.
pub(super) fn judge(mut cells: Cells, file: &mut File, known: &Known) -> (Option<String>, Verdict) {
    let read = read(&mut cells, file, known);
    let (Some((id, spec)), true) = (read, cells.defects.is_empty()) else {
        return (None, Verdict::Bad(cells.defects));
    };
    let verdict = match known.register.agencies.get(&id) {
        None => Verdict::Agency(Box::new(Agency::new(&id, spec))),
        Some(there) => match differences(&there.spec, &spec) {
            different if different.is_empty() => Verdict::Present,
            different => Verdict::Bad(different),
        },
    };
    (Some(id), verdict)
}

fn read(cells: &mut Cells, file: &mut File, known: &Known) -> Option<(String, AgencySpec)> {
    let id = short(cells, "id", MAX_ID);
    let (name, english) = (cells.text("name", 300), cells.text("name_en", 300));
    let type_ = cells.get("type").and_then(|text| cells.choice("type", text, &TYPES));
    let (from, until) = (cells.day("effective"), cells.day("until"));
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        cells.bad("until", "lies before the effective day; correct one of them");
    }
    let to = until.map(|until| until.to_string());
    let in_force = from.map(|from| DayRange { from: from.to_string(), to });
    let alias = alias(cells, id.as_deref(), in_force.as_ref(), file, known);
    let parent = parent(cells, id.as_deref(), file, known);
    let contacts = contact(cells).into_iter().collect();
    let mark = cells.text("mark", 8);
    let (id, in_force) = (id?, in_force?);
    let named = Bilingual { vi: name?, en: english.unwrap_or_default() };
    let under =
        |id: String| DatedAgency { agency_ref: NameRef::to(id), from: in_force.from.clone(), to: None, mark: None };
    let spec = AgencySpec {
        type_: type_?,
        names: vec![DatedName { value: named, in_force: in_force.clone() }],
        aliases: alias.map(|value| DatedText { value, in_force: in_force.clone() }).into_iter().collect(),
        parents: parent.map(under).into_iter().collect(),
        contacts,
        mark,
        in_force,
        ..AgencySpec::default()
    };
    Some((id, spec))
}

/// Who answers for the body's dossiers: a name and an address, with title and telephone where the row has them.
fn contact(cells: &mut Cells) -> Option<AgencyContact> {
    let (name, title) = (cells.text("contact", 200), cells.text("contact_title", 200));
    let phone = cells.text("contact_phone", 40);
    let email = cells.word("contact_email", 254, |c| c.is_ascii_alphanumeric() || "@._+-".contains(c));
    if email.as_ref().is_some_and(|email| !is_official(email) || email.matches('@').count() != 1) {
        cells.unread("contact_email");
    }
    for (key, other) in [("contact", "contact_email"), ("contact_email", "contact")] {
        if cells.get(key).is_some() && cells.get(other).is_none() {
            cells.bad(other, format!("is empty where `{key}` is filled; fill both, or neither"));
        }
    }
    Some(AgencyContact { duty: Duty::Dossiers, name: name?, title, phone, email: email?, language: Language::Vi })
}

/// An id or alias: lower-case letters, digits and hyphens inside.
fn short(cells: &mut Cells, key: &str, max: usize) -> Option<String> {
    let found = cells.word(key, max, |c| c.is_ascii_alphanumeric() || c == '-')?.to_lowercase();
    if found.ends_with('-') {
        cells.unread(key);
        return None;
    }
    Some(found)
}

/// An alias is one body's at a time: its successor may have it from the day after.
fn alias(
    cells: &mut Cells,
    id: Option<&str>,
    in_force: Option<&DayRange>,
    file: &mut File,
    known: &Known,
) -> Option<String> {
    let (alias, in_force) = (short(cells, "alias", MAX_ALIAS)?, in_force?);
    let registered = known.register.agencies.iter().find(|(other, agency)| {
        let theirs = |dated: &DatedText| dated.value == alias && day::meet(&dated.in_force, in_force);
        Some(other.as_str()) != id && (**other == alias || agency.spec.aliases.iter().any(theirs))
    });
    let of_file = || {
        let mut all = file.aliases.iter();
        let theirs = all
            .find(|(value, other, days)| *value == alias && Some(other.as_str()) != id && day::meet(days, in_force))?;
        Some(theirs.1.clone())
    };
    if let Some(other) = registered.map(|(other, _)| other.clone()).or_else(of_file) {
        cells.bad("alias", format!("is {other} already; give another one, or leave it out"));
        return None;
    }
    file.aliases.push((alias.clone(), id.unwrap_or_default().to_owned(), in_force.clone()));
    Some(alias)
}

fn parent(cells: &mut Cells, id: Option<&str>, file: &File, known: &Known) -> Option<String> {
    let parent = short(cells, "parent", MAX_ID)?;
    if Some(parent.as_str()) == id {
        cells.bad("parent", "is the body itself; name the one above it, or leave it out");
        return None;
    }
    if !known.register.agencies.contains_key(&parent) && !file.ids.contains(&parent) {
        cells.bad("parent", "is no agency of the register nor of this file; correct it, or add its row");
        return None;
    }
    Some(parent)
}

/// Columns in which a row says something else than the register.
fn differences(there: &AgencySpec, row: &AgencySpec) -> Vec<Defect> {
    let days = |range: &DayRange| match &range.to {
        Some(to) => format!("{} to {to}", range.from),
        None => format!("from {}", range.from),
    };
    let first = |spec: &AgencySpec| spec.names.first().map(|name| name.value.clone()).unwrap_or_default();
    let names = |spec: &AgencySpec| format!("{} / {}", first(spec).vi, first(spec).en);
    let aliases = |spec: &AgencySpec| spec.aliases.iter().map(|a| a.value.clone()).collect::<Vec<_>>();
    let parents = |spec: &AgencySpec| spec.parents.iter().map(|p| p.agency_ref.name.clone()).collect::<Vec<_>>();
    let contact = |c: &AgencyContact| {
        let more = [&c.title, &c.phone].map(|text| text.clone().unwrap_or_default());
        [c.name.clone(), c.email.clone()].into_iter().chain(more).filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let dossiers = |spec: &AgencySpec| {
        let of = spec.contacts.iter().filter(|c| c.duty == Duty::Dossiers);
        of.map(|c| contact(c).join(" / ")).collect::<Vec<_>>()
    };
    // A row names one of each; the register may have more.
    let listed = |key, list: &dyn Fn(&AgencySpec) -> Vec<String>| {
        let (row, there) = (list(row), list(there));
        (key, row.join(", "), there.join(", "), row.iter().any(|one| !there.contains(one)))
    };
    let cases = [
        ("type", format!("{:?}", row.type_), format!("{:?}", there.type_), row.type_ != there.type_),
        ("effective", days(&row.in_force), days(&there.in_force), row.in_force != there.in_force),
        ("name", names(row), names(there), first(row) != first(there)),
        listed("alias", &aliases),
        listed("parent", &parents),
        listed("contact", &dossiers),
    ];
    cases
        .into_iter()
        .filter(|(.., differs)| *differs)
        .map(|(key, row, there, _)| super::contradicts(key, row, &there))
        .collect()
}
