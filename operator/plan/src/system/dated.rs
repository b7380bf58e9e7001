//! Intervals of days that neither overlap nor leave a gap: one entry ends on the day before the next begins.

use berth_crds::common::DatedAgency;
use berth_crds::tenant::LevelRecord;
use jiff::civil::Date;

use crate::day;

/// An entry that holds from one day to another.
pub(super) trait Dated {
    fn from(&self) -> &str;
    fn until(&mut self, last: String);
}

impl Dated for DatedAgency {
    fn from(&self) -> &str {
        &self.from
    }

    fn until(&mut self, last: String) {
        self.to = Some(last);
    }
}

impl Dated for LevelRecord {
    fn from(&self) -> &str {
        &self.in_force.from
    }

    fn until(&mut self, last: String) {
        self.in_force.to = Some(last);
    }
}

/// Ends the last entry and returns the first day of the next: `day`, or the day after the last entry began, where that
/// is later. A day belongs to one entry alone, so what begins on the day on which something else began waits a day.
pub(super) fn end_last<T: Dated>(list: &mut [T], day: Date) -> Date {
    let Some(last) = list.last_mut() else { return day };
    let begun = day::parse(last.from()).and_then(|begun| begun.tomorrow().ok());
    let first = begun.map_or(day, |earliest| earliest.max(day));
    // The first day that the calendar knows has no day before it; nothing is dated so early.
    if let Ok(before) = first.yesterday() {
        last.until(before.to_string());
    }
    first
}
