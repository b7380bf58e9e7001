//! Days: intervals that facts hold in, and working days that clocks count in.

use std::collections::BTreeSet;

use berth_crds::WorkingCalendarSpec;
use berth_crds::agency::DayRange;
use berth_crds::profile::DayUnit;
use jiff::civil::{Date, Weekday};

/// Reads `YYYY-MM-DD`; 30 February is no date, and neither is another spelling of one, with a time behind it for example.
pub fn parse(text: &str) -> Option<Date> {
    let separates = |at: usize| at == 4 || at == 7;
    let place = |(at, byte): (usize, u8)| if separates(at) { byte == b'-' } else { byte.is_ascii_digit() };
    (text.len() == 10 && text.bytes().enumerate().all(place)).then(|| text.parse().ok()).flatten()
}

/// Whether a day lies in an interval; an unreadable bound contains nothing.
pub fn within(range: &DayRange, day: Date) -> bool {
    covers(&range.from, range.to.as_deref(), day)
}

/// Whether two periods have a day in common.
pub fn meet(a: &DayRange, b: &DayRange) -> bool {
    let begins_by = |a: &DayRange, b: &DayRange| b.to.as_deref().is_none_or(|end| parse(&a.from) <= parse(end));
    begins_by(a, b) && begins_by(b, a)
}

/// Whether a day lies between two dates, the last one included.
pub fn covers(from: &str, to: Option<&str>, day: Date) -> bool {
    let begun = parse(from).is_some_and(|from| from <= day);
    let lasting = match to {
        None => true,
        Some(to) => parse(to).is_some_and(|to| day <= to),
    };
    begun && lasting
}

/// Working days of all known years.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    off: BTreeSet<Date>,
    worked: BTreeSet<Date>,
}

impl Calendar {
    /// Joins the calendars of several years.
    pub fn new<'a>(years: impl IntoIterator<Item = &'a WorkingCalendarSpec>) -> Self {
        let mut calendar = Self::default();
        for year in years {
            calendar.off.extend(year.holidays.iter().filter_map(|d| parse(&d.date)));
            calendar.worked.extend(year.working_days.iter().filter_map(|d| parse(&d.date)));
        }
        calendar
    }

    /// Whether people work on a day.
    pub fn is_working(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.worked.contains(&day) || (!weekend && !self.off.contains(&day))
    }

    /// Days after `from` up to and with `to`; none when `to` is not later.
    pub fn count(&self, from: Date, to: Date, unit: DayUnit) -> i64 {
        let days = from.series(jiff::Span::new().days(1)).skip(1).take_while(|day| *day <= to);
        let counted = days.filter(|day| unit == DayUnit::Calendar || self.is_working(*day)).count();
        i64::try_from(counted).unwrap_or(i64::MAX)
    }

    /// The last day of a time limit that begins the day after `start`. A calendar limit that ends on a day off ends
    /// on the next working day (Bộ luật Dân sự 2015 Đ148 [K]). No days are the same day, whatever day it is.
    pub fn due(&self, start: Date, days: i64, unit: DayUnit) -> Date {
        if days == 0 {
            return start;
        }
        let mut day = start;
        let mut left = days;
        while left > 0 {
            day = next(day);
            if unit == DayUnit::Calendar || self.is_working(day) {
                left -= 1;
            }
        }
        while !self.is_working(day) {
            day = next(day);
        }
        day
    }
}

fn next(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_crds::calendar::CalendarDay;

    fn day(text: &str) -> Date {
        parse(text).unwrap()
    }

    #[test]
    fn a_limit_that_begins_before_tet_skips_the_holidays() {
        let tet = WorkingCalendarSpec {
            year: 2026,
            holidays: (16..=20).map(|d| CalendarDay { date: format!("2026-02-{d}"), name: "Tết".into() }).collect(),
            ..Default::default()
        };
        let calendar = Calendar::new([&tet]);
        assert_eq!(calendar.due(day("2026-02-13"), 3, DayUnit::Working), day("2026-02-25"));
        assert_eq!(calendar.due(day("2026-02-13"), 3, DayUnit::Calendar), day("2026-02-23"));
    }

    #[test]
    fn intervals_include_both_ends_and_bad_dates_contain_nothing() {
        let range = DayRange { from: "2025-03-01".into(), to: Some("2025-06-30".into()) };
        let inside: Vec<bool> =
            ["2025-02-28", "2025-03-01", "2025-06-30", "2025-07-01"].iter().map(|d| within(&range, day(d))).collect();
        assert_eq!(inside, [false, true, true, false]);
        assert_eq!((parse("2025-02-30"), parse("2025-2-3")), (None, None));
        assert!(!covers("2025-02-30", None, day("2026-01-01")));
    }
}
