//! Demand per resource: what was asked for, what of it was approved, and what was handed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::Onboarding;
use berth_crds::onboarding::{Action, OutcomeResult};
use jiff::Timestamp;
use kube::ResourceExt;

use super::{Input, handed_over};
use crate::amounts::Amounts;
use crate::dossier::difference;

/// Sums over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Asked for.
    pub asked: Amounts,
    /// Approved.
    pub approved: Amounts,
    /// Handed over.
    pub granted: Amounts,
}

/// What environments were granted, by their name: when it was decided, by which paper, and how much.
type Grants<'a> = BTreeMap<&'a str, Vec<(Timestamp, Option<String>, Amounts)>>;

/// Sums the amounts of requests. Of a change only what it adds counts: the rest is the demand of an earlier paper.
pub(super) fn sum<'a>(input: &Input, demanded: impl Iterator<Item = &'a Arc<Onboarding>>) -> Sums {
    let grants = grants(input.papers);
    demanded.filter_map(|paper| of(input, &grants, paper)).fold(Sums::default(), |sum, one| Sums {
        asked: sum.asked.plus(one.asked),
        approved: sum.approved.plus(one.approved),
        granted: sum.granted.plus(one.granted),
    })
}

fn of(input: &Input, grants: &Grants, paper: &Onboarding) -> Option<Sums> {
    let before = before(grants, paper)?;
    let approved = approved(paper);
    let asked = difference::asked(&paper.spec, input.register).and_then(|grant| Amounts::parse(&grant.quota).ok());
    let more = |amounts: Option<Amounts>| amounts.unwrap_or_default().minus(before);
    Some(Sums {
        // The class may be gone from the catalogue since.
        asked: more(asked.or(approved)),
        approved: more(approved),
        granted: more(approved.filter(|_| handed_over(paper).is_some())),
    })
}

fn approved(paper: &Onboarding) -> Option<Amounts> {
    let outcome = paper.status.as_ref()?.outcome.as_ref()?;
    let granted = outcome.granted.as_ref().filter(|_| outcome.result == OutcomeResult::Approved)?;
    Amounts::parse(&granted.quota).ok()
}

/// What the environment had when the request was submitted; `None` for a change of one that no paper made: how much more
/// it asks for is not known, and is left out.
fn before(grants: &Grants, paper: &Onboarding) -> Option<Amounts> {
    if paper.spec.action != Action::Change {
        return Some(Amounts::default());
    }
    let submitted = paper.metadata.creation_timestamp.as_ref()?.0;
    let earlier = grants.get(paper.spec.environment_ref.as_ref()?.name.as_str())?.iter();
    let earlier = earlier.filter(|(decided, by, _)| *decided <= submitted && *by != paper.uid());
    earlier.max_by_key(|(decided, _, _)| *decided).map(|(_, _, amounts)| *amounts)
}

fn grants(papers: &[Arc<Onboarding>]) -> Grants<'_> {
    let mut grants = Grants::new();
    for paper in papers.iter().filter(|paper| handed_over(paper).is_some()) {
        let made = paper.status.as_ref().and_then(|s| Some((s.environment_ref.as_ref()?, s.outcome.as_ref()?)));
        if let (Some((environment, outcome)), Some(amounts)) = (made, approved(paper)) {
            grants.entry(&environment.name).or_default().push((outcome.decided_at.0, paper.uid(), amounts));
        }
    }
    grants
}
