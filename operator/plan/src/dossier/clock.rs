//! Time limits: of the rule set in force at submission, in working or calendar days, over the whole chain of
//! submissions (design §2 Onboarding, §3; domain §4.5, §6.2 invariant 15).

use berth_crds::PolicyProfile;
use berth_crds::decision::SignerRole;
use berth_crds::profile::{ClockStep, DayUnit};
use jiff::civil::Date;

use super::chain::Submission;
use crate::day::Calendar;

/// What limits are computed with.
pub struct Clocks<'a> {
    /// Rule set in force at the first submission.
    pub profile: &'a PolicyProfile,
    /// Working days.
    pub calendar: &'a Calendar,
}

impl Clocks<'_> {
    fn limit(&self, step: ClockStep) -> Option<(i64, DayUnit)> {
        self.profile.spec.clocks.iter().find(|c| c.step == step).map(|c| (c.days, c.unit))
    }

    /// The last day of a step that begins on a day; `None` when the rule set gives it no limit.
    pub fn after(&self, begun: Date, step: ClockStep) -> Option<Date> {
        let (days, unit) = self.limit(step)?;
        Some(self.calendar.due(begun, days, unit))
    }

    /// The last day of the last of `steps`, which follow each other from the newest submission.
    ///
    /// A check for completeness begins anew with every submission; later steps go on where an earlier submission left
    /// them when it was returned (domain §4.5 [A]): the requester's days count for nobody's limit.
    pub fn due(&self, chain: &[Submission], steps: &[ClockStep]) -> Option<Date> {
        let (newest, earlier) = chain.split_last()?;
        let mut left: Vec<(i64, DayUnit)> = steps.iter().filter_map(|step| self.limit(*step)).collect();
        if left.is_empty() {
            return None;
        }
        let fresh = steps.iter().map(|step| *step == ClockStep::Checking).collect::<Vec<_>>();
        for submission in earlier {
            self.spend(submission, &mut left, &fresh);
        }
        Some(left.iter().fold(newest.submitted, |day, (days, unit)| self.calendar.due(day, *days, *unit)))
    }

    /// Takes off what a returned submission used of each step.
    fn spend(&self, submission: &Submission, left: &mut [(i64, DayUnit)], fresh: &[bool]) {
        let Some(returned) = submission.returned else { return };
        let mut begun = submission.submitted;
        for ((days, unit), fresh) in left.iter_mut().zip(fresh) {
            let end = self.calendar.due(begun, *days, *unit);
            if !fresh {
                *days = (*days - self.calendar.count(begun, returned.min(end), *unit)).max(0);
            }
            if returned <= end {
                return;
            }
            begun = end;
        }
    }
}

/// The steps of a request whose signers are these: check, appraisal where somebody appraises, decision.
pub fn steps(signers: &[SignerRole], level: i64) -> Vec<ClockStep> {
    let appraisal = match level {
        ..=2 => ClockStep::AppraisalLow,
        3 => ClockStep::Appraisal3,
        _ => ClockStep::AppraisalHigh,
    };
    match signers {
        [] => vec![],
        signers if signers.contains(&SignerRole::Appraiser) => {
            vec![ClockStep::Checking, appraisal, ClockStep::Decision]
        }
        _ => vec![ClockStep::Checking, ClockStep::Decision],
    }
}

/// Whether a limit has passed: the last day itself is still in time.
pub fn is_overdue(due: Option<Date>, today: Date) -> bool {
    due.is_some_and(|due| today > due)
}
