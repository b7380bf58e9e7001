//! The letter: its data as they count now. A `Correct` replaces them with a reason; it restarts no clock.

use std::sync::Arc;

use berth_crds::common::Document;
use berth_crds::decision::{DecisionVerdict, Effect};
use berth_crds::{Decision, Onboarding};
use jiff::civil::Date;
use kube::ResourceExt;
use unicode_normalization::UnicodeNormalization;

use crate::day;

/// Every version of the letter's data, oldest first: as submitted, then each correction that counts.
pub fn versions<'a>(onboarding: &'a Onboarding, decisions: &'a [Arc<Decision>]) -> Vec<&'a Document> {
    let counts = |d: &&Arc<Decision>| {
        d.spec.verdict == DecisionVerdict::Correct
            && d.spec.paper().uid == onboarding.uid().unwrap_or_default()
            && d.status.as_ref().and_then(|s| s.effect) == Some(Effect::Effective)
    };
    let mut corrections: Vec<&Arc<Decision>> = decisions.iter().filter(counts).collect();
    corrections.sort_by_key(|d| (d.metadata.creation_timestamp.clone(), number(d)));
    let corrected = corrections.into_iter().filter_map(|d| d.spec.document.as_ref());
    onboarding.spec.letter.iter().chain(corrected).collect()
}

/// The letter's data as they count now.
pub fn in_force<'a>(onboarding: &'a Onboarding, decisions: &'a [Arc<Decision>]) -> Option<&'a Document> {
    versions(onboarding, decisions).pop()
}

fn number(decision: &Decision) -> u32 {
    berth_crds::names::parse_decision(&decision.name_any()).map_or(0, |(_, _, n)| n)
}

/// What makes a letter one letter: issuer and number, however spelled, and the year (numbers begin anew each year).
pub fn identity(letter: &Document) -> Option<(String, String, i16)> {
    let plain = |text: &str| text.split_whitespace().collect::<String>().nfc().collect::<String>().to_lowercase();
    let year = day::parse(&letter.date).map(Date::year)?;
    Some((plain(&letter.issuer), plain(&letter.number), year))
}
