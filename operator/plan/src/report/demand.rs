//! "Demand met" of a year (S-24; domain §6.5, A26): granted ÷ (submitted − withdrawn − refused by law), by count in whole
//! numbers, and per resource. What waits stays in the denominator: without it everything is always met.
//!
//! Demand is what asks for resources. It counts in the year of its first submission, once for its whole chain of
//! submissions, as it stands now.

mod amounts;

use std::collections::BTreeSet;
use std::sync::Arc;

use berth_crds::decision::SignerRole;
use berth_crds::onboarding::{OnboardingStatus, OutcomeResult, Verdict};
use berth_crds::{ConditionType, Decision, Onboarding, Reason, condition, names};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::day::Calendar;
use crate::dossier::{chain, clock};
use crate::register::Register;
use crate::status::onboarding::{Event, Times, due};
use crate::{act, checks};

pub use amounts::Sums;

/// What is counted.
pub struct Input<'a> {
    /// The year.
    pub year: i16,
    /// Papers of the agencies that are counted, of every year: a chain may begin in the year before.
    pub papers: &'a [Arc<Onboarding>],
    /// Decisions on them.
    pub decisions: &'a [Arc<Decision>],
    /// The registers.
    pub register: &'a Register,
    /// The day of an instant, where the province is.
    pub day_of: &'a dyn Fn(&Time) -> Date,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The requester took it back.
    Withdrawn,
    /// The rule set refused its data or level.
    RefusedByLaw,
    /// Refused otherwise: by people, or for a defect.
    Refused,
    /// Handed over by the last day of its clocks.
    GrantedInTime,
    /// Handed over after it.
    GrantedLate,
    /// Approved; there is no headroom.
    Waiting,
    /// Not decided, returned, or being provided.
    Open,
}

/// One request, so that every number can be traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Agency that asked.
    pub agency: String,
    /// Name of the newest submission.
    pub name: String,
    /// Day of the first submission.
    pub submitted: Date,
    /// Last day of its clocks; absent where no limit runs.
    pub due: Option<Date>,
    /// Day of the handover.
    pub granted: Option<Date>,
    /// What became of it.
    pub standing: Standing,
}

/// A part of a whole that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// The part.
    pub part: usize,
    /// The whole.
    pub whole: usize,
}

/// The report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Every request of the year, in order of submission.
    pub requests: Vec<Counted>,
    /// Amounts of what is in the denominator.
    pub amounts: Sums,
}

impl Demand {
    /// Requests of a standing.
    pub fn count(&self, standing: Standing) -> usize {
        self.requests.iter().filter(|request| request.standing == standing).count()
    }

    /// The denominator: submitted − withdrawn − refused by law.
    pub fn demanded(&self) -> usize {
        self.requests.iter().filter(|request| request.standing.counts()).count()
    }

    /// Granted in time; `None` where nothing was demanded, which is not everything.
    pub fn in_time(&self) -> Option<Fraction> {
        self.fraction(self.count(Standing::GrantedInTime))
    }

    /// Granted at all.
    pub fn met(&self) -> Option<Fraction> {
        self.fraction(self.count(Standing::GrantedInTime) + self.count(Standing::GrantedLate))
    }

    fn fraction(&self, part: usize) -> Option<Fraction> {
        let whole = self.demanded();
        (whole > 0).then_some(Fraction { part, whole })
    }
}

impl Standing {
    /// Whether it is in the denominator.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Withdrawn | Self::RefusedByLaw)
    }
}

/// What every request is counted with.
struct Books<'a> {
    input: &'a Input<'a>,
    calendar: Calendar,
    /// Decisions of appraisers: of them a limit may begin.
    appraisals: Vec<&'a Decision>,
}

/// Counts a year.
pub fn demand(input: &Input) -> Demand {
    let decisions = input.decisions.iter().map(AsRef::as_ref);
    let appraisals = decisions.filter(|decision| decision.spec.role == SignerRole::Appraiser).collect();
    let books = Books { input, calendar: input.register.calendar(), appraisals };
    let superseded = superseded(input.papers);
    let newest = input.papers.iter().filter(|paper| act::books(paper.spec.action) && !superseded.contains(&key(paper)));
    let mut found: Vec<(&Arc<Onboarding>, Counted)> =
        newest.filter_map(|paper| Some((paper, counted(&books, paper)?))).collect();
    found.retain(|(_, counted)| counted.submitted.year() == input.year);
    found.sort_by(|(_, a), (_, b)| (a.submitted, &a.agency, &a.name).cmp(&(b.submitted, &b.agency, &b.name)));
    let demanded = found.iter().filter(|(_, counted)| counted.standing.counts()).map(|(paper, _)| *paper);
    let amounts = amounts::sum(input, demanded);
    Demand { requests: found.into_iter().map(|(_, counted)| counted).collect(), amounts }
}

fn counted(books: &Books, paper: &Arc<Onboarding>) -> Option<Counted> {
    let (chain, day_of) = (chain::papers(paper, books.input.papers), books.input.day_of);
    let submitted = day_of(chain.first()?.metadata.creation_timestamp.as_ref()?);
    let (due, granted) = (last_day(books, &chain), handed_over(paper).map(day_of));
    let namespace = paper.namespace()?;
    Some(Counted {
        agency: names::agency_of_namespace(&namespace)?.to_owned(),
        name: paper.name_any(),
        submitted,
        due,
        granted,
        standing: standing(paper.status.as_ref(), due, granted),
    })
}

fn standing(status: Option<&OnboardingStatus>, due: Option<Date>, granted: Option<Date>) -> Standing {
    let Some((status, outcome)) = status.and_then(|status| Some((status, status.outcome.as_ref()?))) else {
        return Standing::Open;
    };
    // A refusal of a person names a legal basis too: only what the rule set itself refuses is out of the denominator.
    let by_law =
        outcome.decision_uids.is_empty() && checks::verdict(&status.checks, checks::LAW) == Some(Verdict::Refused);
    let booked = condition::get(&status.conditions, ConditionType::Booked);
    match (outcome.result, granted) {
        (OutcomeResult::Withdrawn, _) => Standing::Withdrawn,
        (OutcomeResult::Approved, _) if condition::is_true(&status.conditions, ConditionType::Withdrawn) => {
            Standing::Withdrawn
        }
        (OutcomeResult::Rejected, _) if by_law => Standing::RefusedByLaw,
        (OutcomeResult::Rejected, _) => Standing::Refused,
        (OutcomeResult::Approved, Some(day)) if clock::is_overdue(due, day) => Standing::GrantedLate,
        (OutcomeResult::Approved, Some(_)) => Standing::GrantedInTime,
        (OutcomeResult::Approved, None) if booked.is_some_and(|c| c.reason == Reason::NoHeadroom.as_str()) => {
            Standing::Waiting
        }
        (OutcomeResult::Approved | OutcomeResult::Returned, _) => Standing::Open,
    }
}

/// When what was asked for was there: then it is granted, not when somebody said yes.
fn handed_over(paper: &Onboarding) -> Option<&Time> {
    let ready = condition::get(&paper.status.as_ref()?.conditions, ConditionType::Ready)?;
    (ready.status == "True").then_some(&ready.last_transition_time)
}

/// The last day of all its steps, as its receipt promised it: by the rule set of the first submission, over the chain.
fn last_day(books: &Books, chain: &[Arc<Onboarding>]) -> Option<Date> {
    let (paper, input) = (chain.last()?, books.input);
    let days = chain::submissions(chain, input.day_of);
    let profile = chain::profile(chain, input.register, days.first()?.submitted)?;
    let about = |decision: &&&Decision| {
        decision.namespace() == paper.namespace() && decision.spec.is_about_onboarding(&paper.name_any())
    };
    let times = Times {
        clocks: clock::Clocks { profile, calendar: &books.calendar },
        chain: &days,
        level: input.register.level_of(&paper.spec).unwrap_or(1),
        signers: &paper.status.as_ref()?.signers,
        appraised: chain::appraised(books.appraisals.iter().filter(about).copied(), input.day_of),
        today: days.last()?.submitted,
    };
    due(&Event::Signed { missing: Vec::new() }, None, &times)
}

type Key = (Option<String>, String, String);

fn key(paper: &Onboarding) -> Key {
    (paper.namespace(), paper.name_any(), paper.uid().unwrap_or_default())
}

/// Papers whose dossier lives on in a later one.
fn superseded(papers: &[Arc<Onboarding>]) -> BTreeSet<Key> {
    let later = papers.iter().filter(|paper| chain::resubmits(paper));
    later
        .filter_map(|paper| {
            let named = paper.spec.supersedes.as_ref()?;
            Some((paper.namespace(), named.name.clone(), named.uid.clone()))
        })
        .collect()
}
