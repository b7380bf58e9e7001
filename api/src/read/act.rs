//! What acts on a whole system ask for, what an exception does, and until when an increase is.

use berth_crds::{
    environment::{AdoptionWish, Ipv4Exception, Zone},
    onboarding::{Action, LevelRequest, TransferRequest},
    tenant::Measures,
};

use jiff::civil::Date;

use super::{
    Findings, date, optional,
    spec::{SPEC, day, reference},
    text,
};
use crate::{convert::Twin, name, proto::v1 as pb};

/// A level dossier.
pub fn level(findings: &mut Findings, from: &pb::LevelRequest) -> LevelRequest {
    let path = |part: &str| format!("{SPEC}.level.{part}");
    if !(1..=5).contains(&from.level) {
        findings.add(path("level"), format!("{} is not a security level: give 1, 2, 3, 4 or 5", from.level));
    }
    LevelRequest {
        level: i64::from(from.level),
        regulation: optional(&text::check(findings, &path("regulation"), &from.regulation, text::maybe_line(200))),
        measures: Measures::of(from.measures),
        measures_by: day(findings, &path("measures_date"), &from.measures_date),
        review_on: day(findings, &path("review_date"), &from.review_date),
    }
}

/// A change of owner.
pub fn transfer(findings: &mut Findings, from: &pb::TransferRequest) -> TransferRequest {
    let path = |part: &str| format!("{SPEC}.transfer.{part}");
    TransferRequest {
        from: reference(findings, &path("from_agency"), &from.from_agency, "agencies"),
        to: reference(findings, &path("to_agency"), &from.to_agency, "agencies"),
    }
}

/// An exception for IPv4 only: it has a reason, and it ends.
pub fn ipv4_only(findings: &mut Findings, from: &pb::Ipv4Exception, today: Date) -> Ipv4Exception {
    let path = |part: &str| format!("{SPEC}.environment.ipv4_only.{part}");
    let until = path("until");
    if from.until.is_empty() {
        findings.missing(&until, "an exception ends: give its last day, YYYY-MM-DD");
    } else if date(findings, &until, &from.until).is_some_and(|last| last <= today) {
        findings.bad(&until, &from.until, &format!("must be after today, {today}"));
    }
    Ipv4Exception {
        reason: text::check(findings, &path("reason"), &from.reason, text::lines(500)),
        until: optional(&from.until),
    }
}

/// A running namespace that is to be taken over: only an environment that comes to be takes one.
pub fn adoption(findings: &mut Findings, from: &pb::AdoptionWish, action: Action) -> Option<AdoptionWish> {
    let field = format!("{SPEC}.environment.adopt");
    let asked = &from.namespace;
    if action == Action::Change {
        findings.bad(&field, asked, "has no meaning here: an environment that stands has its namespaces");
    } else if !name::is_id(asked) || asked == "-" || asked.contains('.') || asked.len() > 63 {
        findings.bad(&field, asked, "is not the name of a namespace");
    }
    let zone = Zone::ALL.iter().copied().find(|zone| zone.as_str() == from.zone);
    if zone.is_none() && !from.zone.is_empty() {
        findings.bad(&field, &from.zone, "is not a zone: give dmz, app, db or mgmt");
        return None;
    }
    Some(AdoptionWish { zone, name: asked.clone() })
}

/// Last day of an increase: only a change has a grant to return to.
pub fn until(findings: &mut Findings, from: &str, action: Action, today: Date) -> Option<String> {
    let field = format!("{SPEC}.environment.until");
    if from.is_empty() {
        return None;
    }
    if action != Action::Change {
        findings.bad(&field, from, "has no meaning here: only a CHANGE has a grant to return to");
    } else if date(findings, &field, from).is_some_and(|last| last <= today) {
        findings.bad(&field, from, &format!("must be after today, {today}"));
    }
    optional(from)
}
