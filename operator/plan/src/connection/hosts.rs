//! Host names: who has which, and what a namespace is granted.
//!
//! A name belongs to the namespace that its paper is about, from the outcome of that paper to its end; a stop for a time loses
//! none. It is granted, so that an Ingress may have it, only while the paper's opening is open.

use std::collections::BTreeSet;

use berth_crds::connection::{ConnectionOutcome, ConnectionResult, ConnectionSpec, EnvironmentEnd};
use berth_crds::environment::Zone;
use berth_crds::host::is_under;
use berth_crds::{Connection, Environment, Reason, names};
use jiff::Timestamp;
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::check::{Ends, Refusal};
use super::{Input, Side};
use crate::register::Register;

/// Most names of a namespace: they stand in one annotation, and each write of an Ingress is compared with them.
pub const MOST: usize = 64;
/// What stands between two names of the annotation; no name contains it.
const SEPARATOR: &str = ",";

/// Whose the names of a paper are: an environment's, and of a zoned one the zone's.
pub fn place(spec: &ConnectionSpec) -> Option<&EnvironmentEnd> {
    spec.destination.environment.as_ref()
}

/// Value of the annotation of a place's namespace, by what papers say that they are granted; `None`: no annotation.
pub fn granted<'a>(here: &EnvironmentEnd, papers: impl Iterator<Item = &'a Connection>) -> Option<String> {
    let here = papers.filter(|paper| is_paper(paper) && place(&paper.spec) == Some(here));
    let names: BTreeSet<&str> =
        here.filter_map(|paper| paper.status.as_ref()).flat_map(|s| &s.host_names).map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| names.join(SEPARATOR))
}

/// Name of the namespace of an environment or its zone: its own if it was adopted, else the one that follows.
pub fn namespace_of(environment: &str, zone: Option<Zone>, seen: Option<&Environment>) -> String {
    seen.map_or_else(|| names::namespace(environment, zone.map(Zone::as_str)), |seen| seen.namespace_of(zone))
}

/// Whether the annotation of a namespace has a name.
pub fn lists(value: &str, name: &str) -> bool {
    value.split(SEPARATOR).any(|listed| listed == name)
}

/// A copy grants nothing: its paper does.
fn is_paper(connection: &Connection) -> bool {
    connection.spec.counterpart_of.is_none()
}

/// When a paper got its names: the earlier one has them, whoever is looked at first.
type Turn<'a> = (Timestamp, Option<Timestamp>, Option<&'a str>);

fn turn<'a>(paper: &'a Connection, outcome: &ConnectionOutcome) -> Turn<'a> {
    let made = paper.metadata.creation_timestamp.as_ref().map(|made| made.0);
    (outcome.decided_at.0, made, paper.metadata.uid.as_deref())
}

/// The turn of a paper that has its names: approved and not over.
fn has<'a>(paper: &'a Connection, now: &Time) -> Option<Turn<'a>> {
    let status = paper.status.as_ref().filter(|s| s.closed.is_none())?;
    let outcome = status.outcome.as_ref().filter(|o| o.result == ConnectionResult::Approved)?;
    (is_paper(paper) && paper.spec.expires_at > *now).then(|| turn(paper, outcome))
}

/// Other papers that have their names.
fn holders<'a>(input: &'a Input) -> impl Iterator<Item = (&'a Connection, Turn<'a>)> {
    let others = input.papers.iter().filter(move |p| p.metadata.uid != input.connection.metadata.uid);
    others.filter_map(move |paper| Some((paper.as_ref(), has(paper, input.now)?)))
}

/// Whether a name is another namespace's: of whoever has it at all, or, where this paper has an outcome, of an earlier one.
pub(super) fn taken(input: &Input, outcome: Option<&ConnectionOutcome>) -> Result<(), Refusal> {
    let (own, here) = (&input.connection.spec.host_names, place(&input.connection.spec));
    let mine = outcome.map(|outcome| turn(input.connection, outcome));
    let earlier = |theirs: &Turn| mine.as_ref().is_none_or(|mine| theirs < mine);
    for (other, theirs) in holders(input) {
        let name = other.spec.host_names.iter().find(|name| own.contains(name));
        if let Some(name) = name.filter(|_| place(&other.spec) != here && earlier(&theirs)) {
            let message = format!("`hostNames`: {name:?} is granted to {}; choose another name.", holder(input, other));
            return Err(Refusal::new(Reason::HostNameTaken, message));
        }
    }
    Ok(())
}

/// Who has a name, as far as the asking agency may know it.
fn holder(input: &Input, other: &Connection) -> String {
    if other.namespace() != input.connection.namespace() {
        return "an environment of another agency".into();
    }
    let namespace = place(&other.spec).map(|end| {
        let name = &end.environment_ref.name;
        namespace_of(name, end.zone, input.register.environments.get(name).map(AsRef::as_ref))
    });
    format!("{:?} by {:?}", namespace.unwrap_or_default(), other.name_any())
}

/// Whether the names may be asked for as they are.
pub(super) fn check(input: &Input, ends: &Ends) -> Result<(), Refusal> {
    let (own, here) = (&input.connection.spec.host_names, place(&input.connection.spec));
    let (Some(side), false) = (ends.destination.inside(), own.is_empty()) else { return Ok(()) };
    for name in own {
        kept(name, side, input.register, input.today)?;
    }
    taken(input, None)?;
    let others = holders(input).filter(|(other, _)| place(&other.spec) == here);
    let all: BTreeSet<&String> = others.flat_map(|(other, _)| &other.spec.host_names).chain(own).collect();
    if all.len() > MOST {
        let message = format!("`hostNames`: {:?} would have {} names; {MOST} are the most.", side.namespace, all.len());
        return Err(Refusal::new(Reason::InvalidSpec, message));
    }
    Ok(())
}

/// The longest domain that a name lies under says whose it is; an agency with domains is granted none elsewhere.
fn kept(name: &str, side: &Side, register: &Register, today: Date) -> Result<(), Refusal> {
    let refused = |message: String| Err(Refusal::new(Reason::HostNameKept, message));
    let bodies = register.agencies.iter().filter(|(id, _)| register.in_force(id, today));
    let domains = bodies.flat_map(|(id, agency)| agency.spec.domains.iter().map(move |domain| (domain, id.as_str())));
    let above: Vec<(&String, &str)> = domains.filter(|(domain, _)| is_under(name, domain)).collect();
    let own = register.agencies.get(side.owner()).map(|a| a.spec.domains.as_slice()).unwrap_or_default();
    match above.iter().max_by_key(|(domain, _)| domain.len()) {
        // Of two bodies with one domain, both may have names under it.
        Some((domain, other)) if !above.contains(&(*domain, side.owner())) => {
            refused(format!("`hostNames`: {name:?} lies under {domain:?}, which is kept for {other}."))
        }
        None if !own.is_empty() => {
            refused(format!("`hostNames`: {name:?} lies under no domain of {}: {}.", side.owner(), own.join(", ")))
        }
        _ => Ok(()),
    }
}
