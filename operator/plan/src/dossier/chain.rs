//! The chain of submissions: a returned dossier comes back as a new Onboarding that `supersedes` the earlier one.
//! Receipt, clocks and returns belong to the whole chain (design §2).

use std::collections::BTreeSet;
use std::sync::Arc;

use berth_crds::common::UidRef;
use berth_crds::decision::{DecisionVerdict, Effect, SignerRole};
use berth_crds::onboarding::{OutcomeResult, Verdict};
use berth_crds::profile::DayUnit;
use berth_crds::{Decision, Onboarding, PolicyProfile};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::checks;
use crate::day::Calendar;
use crate::register::Register;

/// Most submissions of one chain that are looked at: a loop of papers must end.
const MOST: usize = 64;

/// One submission, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Day of submission.
    pub submitted: Date,
    /// Day on which it went back to the requester.
    pub returned: Option<Date>,
}

/// Days that were the requester's: they count for no limit, and are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequesterTime {
    /// Every day.
    pub calendar: i64,
    /// Working days.
    pub working: i64,
}

/// The papers of a chain, oldest first, the newest last. A reference counts only when the UID is right too; a paper that
/// supersedes what it may not begins a dossier of its own.
pub fn papers(newest: &Onboarding, agencys: &[Arc<Onboarding>]) -> Vec<Arc<Onboarding>> {
    let mut chain = vec![Arc::new(newest.clone())];
    let mut seen: BTreeSet<Option<String>> = BTreeSet::from([newest.uid()]);
    while let Some(paper) = chain.last().filter(|paper| resubmits(paper)).and_then(|paper| earlier(paper, agencys))
        && chain.len() < MOST
        && seen.insert(paper.uid())
    {
        chain.push(paper);
    }
    chain.reverse();
    chain
}

/// The paper that a paper supersedes.
pub fn earlier(paper: &Onboarding, agencys: &[Arc<Onboarding>]) -> Option<Arc<Onboarding>> {
    let named = paper.spec.supersedes.as_ref()?;
    agencys.iter().find(|p| is(p, named) && p.namespace() == paper.namespace()).cloned()
}

/// Whether a paper carries an earlier dossier on: it names one, and its check has not found that it may not.
pub fn resubmits(paper: &Onboarding) -> bool {
    let checks = paper.status.as_ref().map(|status| status.checks.as_slice()).unwrap_or_default();
    paper.spec.supersedes.is_some() && checks::verdict(checks, checks::CHAIN) != Some(Verdict::Failed)
}

/// Whether a later paper of the agency takes this one's place: the dossier lives on there, and nothing is awaited here.
pub fn superseded(paper: &Onboarding, agencys: &[Arc<Onboarding>]) -> bool {
    let named = |later: &Arc<Onboarding>| later.spec.supersedes.as_ref().is_some_and(|former| is(paper, former));
    agencys.iter().any(|later| named(later) && later.namespace() == paper.namespace() && resubmits(later))
}

/// Whether a reference means this paper.
pub fn is(paper: &Onboarding, reference: &UidRef) -> bool {
    paper.name_any() == reference.name && paper.uid().as_deref() == Some(reference.uid.as_str())
}

/// The chain in days; `day_of` knows where days begin.
pub fn submissions(chain: &[Arc<Onboarding>], day_of: impl Fn(&Time) -> Date) -> Vec<Submission> {
    let returned = |paper: &Onboarding| {
        let outcome = paper.status.as_ref()?.outcome.as_ref()?;
        (outcome.result == OutcomeResult::Returned).then(|| day_of(&outcome.decided_at))
    };
    let days = chain.iter().filter_map(|paper| {
        let submitted = day_of(paper.metadata.creation_timestamp.as_ref()?);
        Some(Submission { submitted, returned: returned(paper) })
    });
    days.collect()
}

/// The rule set whose clocks run for a chain, in every one of its submissions: the one under which the first was checked,
/// or the one in force on its day, `first`, while nobody has checked it.
pub fn profile<'a>(chain: &[Arc<Onboarding>], register: &'a Register, first: Date) -> Option<&'a Arc<PolicyProfile>> {
    match chain.first().and_then(|paper| paper.status.as_ref()?.profile_ref.as_ref()) {
        Some(recorded) => register.profiles.get(&recorded.name),
        None => register.profile(first),
    }
}

/// Day of the appraiser's yes, among the Decisions on a paper.
pub fn appraised<'a>(
    decisions: impl IntoIterator<Item = &'a Decision>,
    day_of: impl Fn(&Time) -> Date,
) -> Option<Date> {
    let yes = decisions.into_iter().find(|decision| {
        let verdict = matches!(decision.spec.verdict, DecisionVerdict::Approve | DecisionVerdict::ApproveWithChanges);
        let counts = decision.status.as_ref().and_then(|status| status.effect) != Some(Effect::Void);
        decision.spec.role == SignerRole::Appraiser && verdict && counts
    });
    yes.and_then(|decision| decision.metadata.creation_timestamp.as_ref()).map(day_of)
}

/// The requester's time: from each return to the next submission, and to `today` while it is with the requester.
pub fn requester_time(chain: &[Submission], today: Date, calendar: &Calendar) -> RequesterTime {
    let back = chain.iter().skip(1).map(|s| s.submitted).chain([today]);
    let legs = chain.iter().zip(back).filter_map(|(s, back)| Some((s.returned?, back)));
    legs.fold(RequesterTime::default(), |sum, (from, to)| RequesterTime {
        calendar: sum.calendar + calendar.count(from, to, DayUnit::Calendar),
        working: sum.working + calendar.count(from, to, DayUnit::Working),
    })
}
