//! What day it is, where the province is.

use std::sync::Arc;

use jiff::{
    SignedDuration, Timestamp,
    civil::Date,
    tz::{TimeZone, offset},
};

/// A clock that tests can set.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that stands still.
    pub fn fixed(now: Timestamp) -> Self {
        Self(Arc::new(move || now))
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// Asia/Ho_Chi_Minh: UTC+7 all year, so no time zone database is needed.
    pub fn zone() -> TimeZone {
        TimeZone::fixed(offset(7))
    }

    /// The day in the province.
    pub fn today(&self) -> Date {
        self.day_of(self.now())
    }

    /// The day of an instant in the province.
    pub fn day_of(&self, instant: Timestamp) -> Date {
        instant.to_zoned(Self::zone()).date()
    }

    /// The instant at which a day begins in the province; the first instant of all for days before it.
    pub fn start_of(&self, day: Date) -> Timestamp {
        day.to_zoned(Self::zone()).map_or(Timestamp::MIN, |midnight| midnight.timestamp())
    }

    /// The last instant of a day in the province; `None` where no instant is that late.
    pub fn end_of(&self, day: Date) -> Option<Timestamp> {
        let next = self.start_of(day.tomorrow().ok()?);
        Some(next.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(next))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_at_midnight_in_vietnam() {
        let before = Clock::fixed("2026-11-24T16:59:59Z".parse().unwrap());
        let after = Clock::fixed("2026-11-24T17:00:00Z".parse().unwrap());
        assert_eq!((before.today().to_string(), after.today().to_string()), ("2026-11-24".into(), "2026-11-25".into()));
    }

    #[test]
    fn a_day_ends_a_moment_before_the_next_also_where_the_calendar_begins_and_ends() {
        let clock = Clock::system();
        let end = |day: Date| clock.end_of(day).map(|end| end.to_string());
        assert_eq!(end(jiff::civil::date(2026, 11, 24)), Some("2026-11-24T16:59:59.999999999Z".into()));
        assert_eq!((clock.end_of(Date::MIN), end(Date::MAX)), (Some(Timestamp::MIN), None));
    }
}
