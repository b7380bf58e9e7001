//! Days and clocks (domain §6.2 invariant 15).

use berth_crds::agency::DayRange;
use berth_crds::decision::SignerRole;
use berth_crds::profile::DayUnit::{Calendar as Every, Working};
use berth_plan::day::{Calendar, covers, parse, within};
use berth_plan::dossier::chain::Submission;
use berth_plan::dossier::clock::{Clocks, steps};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{calendar_2026, day, profile};

fn calendar() -> Calendar {
    Calendar::new([&calendar_2026().spec])
}

#[test]
fn limits_across_tet_count_working_days_only() {
    // Friday 13 February is the last working day before Tết (16–20 February), Monday 23 the first after it.
    for (start, days, expected) in [
        ("2026-02-09", 4, "2026-02-13"),
        ("2026-02-12", 1, "2026-02-13"),
        ("2026-02-12", 2, "2026-02-23"),
        ("2026-02-13", 1, "2026-02-23"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-17", 1, "2026-02-23"),
        ("2026-02-14", 15, "2026-03-13"),
        ("2026-04-24", 3, "2026-05-04"),
    ] {
        assert_eq!(calendar().due(day(start), days, Working), day(expected), "{days} working days from {start}");
    }
}

#[test]
fn calendar_limits_count_every_day_and_end_on_a_working_day() {
    for (start, days, expected) in [
        ("2026-03-02", 15, "2026-03-17"),
        ("2026-03-02", 5, "2026-03-09"), // 7 March is a Saturday
        ("2026-02-09", 7, "2026-02-23"), // 16 February is the first day of Tết
        ("2026-02-09", 14, "2026-02-23"),
        ("2025-12-26", 6, "2026-01-05"), // New Year and the swapped Friday
    ] {
        assert_eq!(calendar().due(day(start), days, Every), day(expected), "{days} days from {start}");
    }
}

#[test]
fn a_swapped_saturday_is_worked_and_the_day_for_it_is_off() {
    let working = |text| calendar().is_working(day(text));
    assert_eq!(
        ["2026-01-02", "2026-01-09", "2026-01-10", "2026-01-11", "2026-01-17"].map(working),
        [false, true, true, false, false]
    );
    assert_eq!(calendar().due(day("2026-01-09"), 1, Working), day("2026-01-10"));
}

#[test]
fn the_signers_day_is_the_completeness_check_and_then_the_decision() {
    let due_for = |clocks| {
        let profile = profile(json!({"clocks": clocks}));
        let chain = [Submission { submitted: day("2026-02-10"), returned: None }];
        Clocks { profile: &profile, calendar: &calendar() }.due(&chain, &steps(&[SignerRole::Approver], 1))
    };
    let clock = |step: &str, days: i64, unit: &str| json!({"step": step, "days": days, "unit": unit, "source": "[D]"});
    let both = json!([clock("Checking", 5, "Working"), clock("Decision", 7, "Working")]);
    // 11, 12, 13, 23, 24 February; then 25, 26, 27 February, 2, 3, 4, 5 March.
    assert_eq!(due_for(both), Some(day("2026-03-05")));
    let mixed = json!([clock("Checking", 5, "Working"), clock("Decision", 15, "Calendar")]);
    assert_eq!(due_for(mixed), Some(day("2026-03-11")));
}

#[test]
fn intervals_hold_both_ends_and_an_unreadable_bound_holds_nothing() {
    let range = |from: &str, to: Option<&str>| DayRange { from: from.into(), to: to.map(Into::into) };
    for (range, on, inside) in [
        (range("2025-03-01", Some("2025-06-30")), "2025-02-28", false),
        (range("2025-03-01", Some("2025-06-30")), "2025-03-01", true),
        (range("2025-03-01", Some("2025-06-30")), "2025-06-30", true),
        (range("2025-03-01", Some("2025-06-30")), "2025-07-01", false),
        (range("2025-03-01", None), "2100-01-01", true),
        (range("2025-02-30", None), "2100-01-01", false),
        (range("2025-03-01", Some("2025-02-30")), "2025-03-01", false),
    ] {
        assert_eq!(within(&range, day(on)), inside, "{on} in {range:?}");
        assert_eq!(covers(&range.from, range.to.as_deref(), day(on)), inside);
    }
}

#[test]
fn a_date_is_read_in_one_form_only() {
    assert_eq!(parse("2028-02-29"), Some(day("2028-02-29")));
    for bad in [
        "",
        "2026-02-29",
        "2026-2-03",
        "03/02/2026",
        "2026-13-01",
        "2026-00-10",
        "20260203",
        "2026-02-3 ",
        "+2026-02-3",
        "2026-02-03T",
        "26-002-03",
        "2026.02.03",
    ] {
        assert_eq!(parse(bad), None, "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_limit_ends_on_a_working_day_after_its_start_and_grows_with_its_days(
        start in 0i64..700, days in 1i64..60, working in any::<bool>()
    ) {
        let unit = if working { Working } else { Every };
        let start = day("2025-06-01").checked_add(jiff::Span::new().days(start)).unwrap();
        let calendar = calendar();
        let (end, later) = (calendar.due(start, days, unit), calendar.due(start, days + 1, unit));
        prop_assert!(calendar.is_working(end) && end > start && later >= end);
        if working {
            prop_assert!(later > end);
            let mut counted = 0;
            let mut day = start;
            while day < end {
                day = day.tomorrow().unwrap();
                counted += i64::from(calendar.is_working(day));
            }
            prop_assert_eq!(counted, days);
        }
        prop_assert!(calendar.due(start, days, Working) >= calendar.due(start, days, Every));
    }
}
