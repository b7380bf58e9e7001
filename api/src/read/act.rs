//! What acts on a whole system ask for, what an exception does, and until when an increase is.

use berth_crds::{
    environment::Ipv4Exception,
    onboarding::{Action, LevelRequest, TransferRequest},
    tenant::Measures,
};

use jiff::civil::Date;

use super::{
    Findings, date, optional,
    spec::{SPEC, day, reference},
    text,
};
use crate::{convert::Twin, proto::v1 as pb};

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
