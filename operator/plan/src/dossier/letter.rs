//! The letter: its data as they count now. A `Correct` replaces them with a reason; it restarts no clock.

use std::sync::Arc;

use berth_crds::common::Document;
use berth_crds::decision::{DecisionVerdict, Effect};
use berth_crds::onboarding::CorrectedLetter;
use berth_crds::{Decision, Onboarding};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use unicode_normalization::UnicodeNormalization;

use crate::day;

/// The letter's data as the last correction that counts left them.
pub fn corrected(onboarding: &Onboarding, decisions: &[Arc<Decision>]) -> Option<CorrectedLetter> {
    let counts = |d: &&Arc<Decision>| {
        d.spec.verdict == DecisionVerdict::Correct
            && d.spec.paper().uid == onboarding.uid().unwrap_or_default()
            && d.status.as_ref().and_then(|s| s.effect) == Some(Effect::Effective)
    };
    let corrections = decisions.iter().filter(counts);
    let last = corrections.max_by_key(|d| (d.metadata.creation_timestamp.clone(), number(d)))?;
    Some(CorrectedLetter { at: last.metadata.creation_timestamp.clone()?, document: last.spec.document.clone()? })
}

/// The letter's data as they count now, as they were recorded.
pub fn in_force(onboarding: &Onboarding) -> Option<&Document> {
    recorded(onboarding).map(|letter| &letter.document).or(onboarding.spec.letter.as_ref())
}

/// When they were given: with the paper, or by its correction.
pub fn given(onboarding: &Onboarding) -> Option<&Time> {
    recorded(onboarding).map(|letter| &letter.at).or(onboarding.metadata.creation_timestamp.as_ref())
}

/// Whether a correction gave them.
pub fn is_corrected(onboarding: &Onboarding) -> bool {
    recorded(onboarding).is_some()
}

fn recorded(onboarding: &Onboarding) -> Option<&CorrectedLetter> {
    onboarding.status.as_ref()?.letter.as_ref()
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
