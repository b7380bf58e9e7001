//! Checks of the request as a paper among the agency's papers: its letter, and the submission that it supersedes.

use std::sync::Arc;

use berth_crds::onboarding::{Action, CheckResult, OutcomeResult, Verdict};
use berth_crds::{Onboarding, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{CHAIN, Subject, gather, number, passed, result};
use crate::dossier::{chain, letter};

/// A letter number is used once per issuer and year; a second use warns and stops nothing, whether the paper brought it or a
/// correction. A warning must not get lost: of two within one second both are warned, and a correction is compared with
/// every paper, because it is known later than it was made, and whoever came between saw the number that it replaced.
pub fn letter(s: &Subject) -> CheckResult {
    let in_force = letter::in_force(s.onboarding);
    let Some(mine) = in_force.and_then(letter::identity) else {
        return passed("letter", "No letter is given, or its date cannot be read.");
    };
    let own: Vec<Option<String>> = chain::papers(s.onboarding, s.papers).iter().map(|paper| paper.uid()).collect();
    let other = s.papers.iter().find(|paper| {
        let theirs = letter::in_force(paper).and_then(letter::identity);
        let corrected = letter::is_corrected(paper) || letter::is_corrected(s.onboarding);
        let used = corrected || given(paper) <= given(s.onboarding);
        theirs.as_ref() == Some(&mine) && !own.contains(&paper.uid()) && used
    });
    match other {
        None => passed("letter", "The letter number is new for its issuer and year."),
        Some(paper) => {
            let number = in_force.map(|letter| letter.number.as_str()).unwrap_or_default();
            let message = format!("`spec.letter.number` {number:?} of {} was used for {:?}.", mine.2, paper.name_any());
            result("letter", Verdict::Warning, Reason::DuplicateLetter, message)
        }
    }
}

/// Who came first. A request that is not submitted yet comes last; of two within one second one must be the first, so the
/// name decides.
fn order(paper: &Onboarding) -> ((bool, Option<jiff::Timestamp>), String) {
    (second(paper.metadata.creation_timestamp.as_ref()), paper.name_any())
}

/// When the letter's data that count were given.
fn given(paper: &Onboarding) -> (bool, Option<jiff::Timestamp>) {
    second(letter::given(paper))
}

/// The second of a submission: within it nothing that lasts tells who was first.
fn second(created: Option<&Time>) -> (bool, Option<jiff::Timestamp>) {
    let created = created.map(|time| time.0);
    (created.is_none(), created)
}

/// What a resubmission supersedes: a returned submission of the same dossier, once.
pub fn chain(s: &Subject) -> CheckResult {
    let Some(named) = &s.onboarding.spec.supersedes else {
        return passed(CHAIN, "This is the first submission of the dossier.");
    };
    let Some(earlier) = chain::earlier(s.onboarding, s.papers) else {
        let message = format!(
            "`spec.supersedes` names {:?} with UID {:?}, which is no request of this agency; read its name and UID again.",
            named.name, named.uid
        );
        return result(CHAIN, Verdict::Failed, Reason::InvalidSpec, message);
    };
    let defects = unfit(s, &earlier);
    if !defects.is_empty() {
        return gather(CHAIN, Reason::InvalidSpec, defects, "");
    }
    let papers = chain::papers(s.onboarding, s.papers);
    let submissions = chain::submissions(&papers, |time| (s.day_of)(time));
    let time = chain::requester_time(&submissions, s.day, &s.register.calendar());
    let message = format!("It comes back after {:?} was returned; the days between are the requester's.", named.name);
    CheckResult {
        numbers: vec![
            number("returns", papers.len() - 1),
            number("requester.days", time.calendar),
            number("requester.workingDays", time.working),
        ],
        ..passed(CHAIN, message)
    }
}

fn unfit(s: &Subject, earlier: &Arc<Onboarding>) -> Vec<String> {
    let name = earlier.name_any();
    let mut defects = Vec::new();
    let outcome = earlier.status.as_ref().and_then(|status| status.outcome.as_ref()).map(|o| o.result);
    let again = matches!(outcome, Some(OutcomeResult::Returned | OutcomeResult::Rejected | OutcomeResult::Withdrawn));
    if !again {
        defects
            .push(format!("`spec.supersedes` names {name:?}, which is not over; withdraw it or wait for its outcome."));
    }
    if about(earlier) != about(s.onboarding) {
        defects.push(format!("`spec.supersedes` names {name:?}, another dossier; leave it out, or ask for the same."));
    }
    let successor = s.papers.iter().find(|paper| {
        let names = paper.spec.supersedes.as_ref().is_some_and(|named| chain::is(earlier, named));
        let other = paper.uid() != s.onboarding.uid() && chain::resubmits(paper);
        names && other && order(paper) < order(s.onboarding)
    });
    if let Some(successor) = successor {
        let successor = successor.name_any();
        defects
            .push(format!("`spec.supersedes` names {name:?}, which {successor:?} supersedes already; name that one."));
    }
    defects
}

/// What a dossier is about: what is asked, of which system or environment.
fn about(paper: &Onboarding) -> impl PartialEq {
    let spec = &paper.spec;
    // The kind is what another environment is known by; that of a new system's first one may be corrected.
    let kind = spec.environment.as_ref().filter(|_| spec.action == Action::AddEnvironment).map(|asked| asked.kind);
    let code = spec.system.as_ref().map(|system| system.code.clone());
    let environment = spec.environment_ref.as_ref().map(|reference| reference.name.clone());
    (spec.action, code, spec.tenant_ref.clone(), environment, kind)
}
