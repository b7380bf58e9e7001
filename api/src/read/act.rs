//! What acts on a whole system ask for.

use berth_crds::{
    onboarding::{LevelRequest, TransferRequest},
    tenant::Measures,
};

use super::{
    Findings, optional,
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
