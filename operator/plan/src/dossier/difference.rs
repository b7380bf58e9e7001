//! What a decision changes of what was asked: computed, never typed.

use berth_crds::common::Bilingual;
use berth_crds::environment::Exposure;
use berth_crds::onboarding::Grant;
use berth_crds::{EnvironmentSpec, OnboardingSpec};
use jiff::civil::Date;

use super::print;
use crate::amounts::Amounts;
use crate::register::Register;
use crate::{admit, grant};

/// What a request asks for, as a grant: its own amounts, or the class's.
pub fn asked(spec: &OnboardingSpec, register: &Register) -> Option<Grant> {
    let environment = spec.environment.as_ref()?;
    let class = register.classes.get(&environment.class_ref.name)?;
    let quota = environment.quota.clone().unwrap_or_else(|| class.spec.resources.clone());
    Some(Grant { class_ref: environment.class_ref.clone(), quota: Amounts::parse(&quota).ok()?.to_resources() })
}

/// One difference between what was asked and what was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What differs: `class`, `cpu`, `memory`, …
    pub field: &'static str,
    /// As asked.
    pub asked: String,
    /// As decided.
    pub decided: String,
}

/// Everything that differs, in the order of the form. Amounts are compared as numbers: `1024Mi` is `1Gi`.
pub fn between(asked: &Grant, decided: &Grant) -> Vec<Change> {
    let mut changes = Vec::new();
    if asked.class_ref != decided.class_ref {
        changes.push(Change {
            field: "class",
            asked: asked.class_ref.name.clone(),
            decided: decided.class_ref.name.clone(),
        });
    }
    let (Ok(from), Ok(to)) = (Amounts::parse(&asked.quota), Amounts::parse(&decided.quota)) else { return changes };
    let written = texts(from).into_iter().zip(texts(to));
    let differ = from.each().into_iter().zip(to.each()).zip(written);
    let differ = differ.filter(|(((_, from), (_, to)), _)| from != to);
    changes.extend(differ.map(|(((field, _), _), (asked, decided))| Change { field, asked, decided }));
    changes
}

/// Everything that a change asks for otherwise than it is in force: size, exposure, account for deployments.
pub fn of_change(standing: &EnvironmentSpec, asked: &OnboardingSpec, register: &Register, today: Date) -> Vec<Change> {
    let size = |asked: Grant| between(&grant::in_force(standing, today), &asked);
    let mut changes = self::asked(asked, register).map(size).unwrap_or_default();
    let Some(environment) = &asked.environment else { return changes };
    let (exposure, account) = admit::opened(standing, environment);
    let mut differ = |field, asked: String, decided: String| {
        if asked != decided {
            changes.push(Change { field, asked, decided });
        }
    };
    differ("exposure", places(&standing.exposure), places(&exposure));
    differ("deployAccount", format!("{:?}", standing.deploy_account), format!("{account:?}"));
    changes
}

fn places(exposure: &[Exposure]) -> String {
    let word = |from: &Exposure| match from {
        Exposure::Internet => "Internet",
        Exposure::Tslcd => "TSLCD",
    };
    let words: Vec<&str> = exposure.iter().map(word).collect();
    if words.is_empty() { "none".into() } else { words.join(" and ") }
}

/// The changes as one sentence.
pub fn sentence(changes: &[Change]) -> String {
    joined(changes, |field| field)
}

/// The changes for people of both languages; in Vietnamese each field is called as the official form calls it.
pub fn sentences(changes: &[Change]) -> Bilingual {
    Bilingual { vi: joined(changes, |field| print::label(field).unwrap_or(field)), en: sentence(changes) }
}

fn joined(changes: &[Change], called: fn(&'static str) -> &'static str) -> String {
    let one = |c: &Change| format!("{} {} → {}", called(c.field), c.asked, c.decided);
    changes.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Each amount as people write it, in the order of [`Amounts::each`].
fn texts(amounts: Amounts) -> Vec<String> {
    let written = amounts.to_resources();
    let objects = written.object_storage.unwrap_or_else(|| "0".into());
    vec![written.cpu, written.memory, written.storage, objects, written.gpus.unwrap_or(0).to_string()]
}
