//! Time limits: working and calendar days, Tết, swapped days, year ends.

use berth_crds::decision::SignerRole::{self, Appraiser, Approver, GoverningBody};
use berth_crds::onboarding::OutcomeResult;
use berth_crds::profile::ClockStep::{Appraisal3, AppraisalHigh, AppraisalLow, Checking, Decision, Supplement};
use berth_crds::profile::DayUnit;
use berth_crds::{PolicyProfile, Reason, WorkingCalendar};
use berth_plan::day::Calendar;
use berth_plan::dossier::chain::Submission;
use berth_plan::dossier::clock::{Clocks, is_overdue, steps};
use berth_plan::status::onboarding::{Event, Times, due, overdue, record};
use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::json;

use crate::world::*;

/// The limits of `data/level_procedure_clocks.csv`; vn-2016 counts appraisals in calendar days.
pub fn rules(appraisal_unit: &str) -> PolicyProfile {
    let clock = |step: &str, days: i64, unit: &str| json!({"step": step, "days": days, "unit": unit, "source": "[L]"});
    profile(json!({"clocks": [
        clock("Checking", 5, "Working"), clock("AppraisalLow", 3, "Working"),
        clock("Appraisal3", 15, appraisal_unit), clock("AppraisalHigh", 30, appraisal_unit),
        clock("Decision", 7, "Working"), clock("Supplement", 30, "Calendar"), clock("Capacity", 10, "Working")
    ]}))
}

/// 2026 with Tết 16–20 February and the swapped 10 January; 2027 begins with a day off.
pub fn calendar() -> Calendar {
    let next: WorkingCalendar = kind(
        "WorkingCalendar",
        "2027",
        json!({"year": 2027, "legalBasis": "[K]", "holidays": [{"date": "2027-01-01", "name": "Tết Dương lịch"}]}),
    );
    Calendar::new([&calendar_2026().spec, &next.spec])
}

pub fn fresh(submitted: &str) -> Submission {
    Submission { submitted: day(submitted), returned: None }
}

pub fn returned(submitted: &str, returned: &str) -> Submission {
    Submission { submitted: day(submitted), returned: Some(day(returned)) }
}

#[test]
fn each_step_ends_on_the_day_that_the_rule_set_says() {
    let (working, by_calendar, days) = (rules("Working"), rules("Calendar"), calendar());
    let table = [
        ("an ordinary week", &working, "2026-03-02", Checking, "2026-03-09"),
        ("A7: the Friday before Tết", &working, "2026-02-13", Checking, "2026-02-27"),
        ("the decision over Tết", &working, "2026-02-13", Decision, "2026-03-03"),
        ("a swapped Saturday is worked", &working, "2026-01-08", AppraisalLow, "2026-01-12"),
        ("the year's end", &working, "2026-12-28", Checking, "2027-01-05"),
        ("level 3 in working days", &working, "2026-03-02", Appraisal3, "2026-03-23"),
        ("level 3 in calendar days", &by_calendar, "2026-03-02", Appraisal3, "2026-03-17"),
        ("calendar days that end in Tết roll on", &by_calendar, "2026-02-03", Appraisal3, "2026-02-23"),
        ("calendar days that end on a Sunday roll on", &by_calendar, "2026-03-07", Appraisal3, "2026-03-23"),
        ("levels 4 and 5", &by_calendar, "2026-03-02", AppraisalHigh, "2026-04-01"),
        ("supplements", &working, "2026-11-24", Supplement, "2026-12-24"),
    ];
    for (what, profile, from, step, last) in table {
        let clocks = Clocks { profile, calendar: &days };
        assert_eq!(clocks.after(day(from), step), Some(day(last)), "{what}");
    }
    let silent = profile(json!({"clocks": []}));
    assert_eq!(Clocks { profile: &silent, calendar: &days }.after(day("2026-03-02"), Checking), None);
}

#[test]
fn who_signs_at_which_level_says_which_steps_follow_each_other() {
    let table: [(&[SignerRole], i64, &[_]); 5] = [
        (&[], 1, &[]),
        (&[Approver], 3, &[Checking, Decision]),
        (&[Appraiser, GoverningBody], 2, &[Checking, AppraisalLow, Decision]),
        (&[Appraiser, GoverningBody], 3, &[Checking, Appraisal3, Decision]),
        (&[GoverningBody, Appraiser], 4, &[Checking, AppraisalHigh, Decision]),
    ];
    for (signers, level, expected) in table {
        assert_eq!(steps(signers, level), expected, "{signers:?} at level {level}");
    }
}

#[test]
fn the_limit_of_a_chain_counts_only_the_authoritys_days() {
    let (profile, days) = (rules("Working"), calendar());
    let clocks = Clocks { profile: &profile, calendar: &days };
    let of = |chain: &[Submission]| clocks.due(chain, &[Checking, Appraisal3, Decision]).unwrap();
    let submitted = "2026-03-02";
    let all = of(&[fresh(submitted)]);
    assert_eq!(all, day("2026-04-08"), "5 + 15 + 7 working days");
    // A8: returned from checking on day 3, resubmitted ten days later: everything begins anew.
    let from_checking = of(&[returned(submitted, "2026-03-05"), fresh("2026-03-16")]);
    assert_eq!(from_checking, of(&[fresh("2026-03-16")]));
    // Returned on the third day of the appraisal: a new check, then twelve days are left of it.
    let from_appraisal = of(&[returned(submitted, "2026-03-12"), fresh("2026-03-16")]);
    let expected = days.due(days.due(days.due(day("2026-03-16"), 5, W), 12, W), 7, W);
    assert_eq!(from_appraisal, expected);
    // Twice: what both submissions used is taken off.
    let twice = of(&[returned(submitted, "2026-03-12"), returned("2026-03-16", "2026-03-25"), fresh("2026-04-01")]);
    assert_eq!(twice, days.due(days.due(days.due(day("2026-04-01"), 5, W), 10, W), 7, W));
    assert_eq!(clocks.due(&[], &[Checking]), None);
    assert_eq!(clocks.due(&[fresh(submitted)], &[]), None);
}

const W: DayUnit = DayUnit::Working;

#[test]
fn who_holds_a_request_has_until_the_end_of_its_own_step() {
    let (profile, days) = (rules("Working"), calendar());
    let chain = [fresh("2026-03-02")];
    let of = |event: &Event, result, signers: &[SignerRole], appraised: Option<&str>| {
        let clocks = Clocks { profile: &profile, calendar: &days };
        let appraised = appraised.map(day);
        let times = Times { clocks, chain: &chain, level: 3, signers, appraised, today: day("2026-03-20") };
        due(event, result, &times).map(|d| d.to_string())
    };
    let both: &[SignerRole] = &[Appraiser, GoverningBody];
    let signed = |missing: &[SignerRole]| Event::Signed { missing: missing.to_vec() };
    let said = || Event::Decided { message: String::new() };
    let table = [
        (Event::Checked, None, &[Approver][..], None, Some("2026-03-18")),
        (Event::Checked, None, both, None, Some("2026-03-30")),
        (signed(&[Appraiser]), None, both, None, Some("2026-03-30")),
        (signed(&[GoverningBody]), None, both, Some("2026-03-20"), Some("2026-03-31")),
        (Event::Waiting, None, &[], None, Some("2026-03-09")),
        (Event::NoProfile, None, &[], None, None),
        (said(), Some(OutcomeResult::Returned), both, None, Some("2026-04-20")),
        (said(), Some(OutcomeResult::Approved), both, None, None),
        (Event::NoHeadroom { message: String::new() }, Some(OutcomeResult::Approved), both, None, Some("2026-04-03")),
    ];
    for (event, result, signers, appraised, expected) in table {
        assert_eq!(of(&event, result, signers, appraised).as_deref(), expected, "{event:?} {signers:?}");
    }
}

#[test]
fn a_passed_limit_is_said_once_decides_nothing_and_is_forgotten_when_the_holder_acts() {
    let mut paper = onboarding(json!({}));
    let mut status = berth_crds::onboarding::OnboardingStatus { signers: vec![Approver], ..Default::default() };
    status = record(&paper, status, &Event::Checked, Some(day("2026-11-27")), &at("09:00"));
    paper.status = Some(status);
    assert_eq!(overdue(&paper, day("2026-11-27"), &at("10:00")), None, "the last day is in time");
    let late = overdue(&paper, day("2026-11-28"), &at("10:00")).unwrap();
    let told = |status: &berth_crds::onboarding::OnboardingStatus| {
        let found = status.conditions.iter().find(|c| c.type_ == "Overdue");
        found.map(|c| (c.status.clone(), c.reason.clone()))
    };
    assert_eq!(told(&late), Some(("True".into(), Reason::Overdue.as_str().into())));
    assert_eq!((late.outcome.clone(), late.summary.clone()), (None, paper.status.clone().unwrap().summary));
    paper.status = Some(late.clone());
    assert_eq!(overdue(&paper, day("2026-11-29"), &at("10:00")), None, "said once");
    let again = record(&paper, late.clone(), &Event::Checked, Some(day("2026-11-27")), &at("11:00"));
    assert_eq!(told(&again), told(&late), "nobody has acted");
    assert_eq!(again.summary, late.summary, "since when does not move");
    let acted = record(&paper, late, &Event::Signed { missing: vec![GoverningBody] }, None, &at("11:00"));
    assert_eq!(told(&acted), Some(("False".into(), Reason::InTime.as_str().into())));
    assert!(!is_overdue(None, Date::MAX), "where no limit runs nothing is late");
}

fn some_day() -> impl Strategy<Value = Date> {
    (0i32..700).prop_map(|n| day("2026-01-01").checked_add(n.days()).unwrap())
}

fn unit() -> impl Strategy<Value = DayUnit> {
    prop_oneof![Just(DayUnit::Working), Just(DayUnit::Calendar)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn one_more_holiday_never_shortens_a_limit(from in some_day(), days in 1i64..40, unit in unit(), off in some_day()) {
        let holiday: WorkingCalendar = kind("WorkingCalendar", "x", json!({"year": 2026, "legalBasis": "[A]",
            "holidays": [{"date": off.to_string(), "name": "nghỉ"}]}));
        let more = Calendar::new([&calendar_2026().spec, &holiday.spec]);
        let less = Calendar::new([&calendar_2026().spec]);
        prop_assert!(more.due(from, days, unit) >= less.due(from, days, unit));
        prop_assert!(more.count(from, off, W) <= less.count(from, off, W));
    }

    #[test]
    fn a_later_begin_or_one_more_day_never_ends_earlier(
        from in some_day(), later in 0i32..30, days in 1i64..40, unit in unit()
    ) {
        let days_off = calendar();
        let after = from.checked_add(later.days()).unwrap();
        prop_assert!(days_off.due(after, days, unit) >= days_off.due(from, days, unit));
        prop_assert!(days_off.due(from, days + 1, unit) >= days_off.due(from, days, unit));
    }

    #[test]
    fn a_limit_of_working_days_holds_exactly_that_many_and_ends_on_one(from in some_day(), days in 1i64..40) {
        let calendar = calendar();
        let last = calendar.due(from, days, W);
        prop_assert_eq!(calendar.count(from, last, W), days);
        prop_assert!(calendar.is_working(last));
    }

    #[test]
    fn what_an_earlier_submission_used_never_makes_the_limit_later_than_a_fresh_one(
        first in some_day(), back in 0i32..60, away in 0i32..60
    ) {
        let (profile, days) = (rules("Calendar"), calendar());
        let clocks = Clocks { profile: &profile, calendar: &days };
        let sent_back = first.checked_add(back.days()).unwrap();
        let again = sent_back.checked_add(away.days()).unwrap();
        let resubmitted = Submission { submitted: again, returned: None };
        let chain = [Submission { submitted: first, returned: Some(sent_back) }, resubmitted];
        let steps = [Checking, Appraisal3, Decision];
        let (whole, alone) = (clocks.due(&chain, &steps).unwrap(), clocks.due(&[resubmitted], &steps).unwrap());
        prop_assert!(whole <= alone);
        prop_assert!(whole >= days.due(again, 5, W), "the new check is never cut short");
    }
}
