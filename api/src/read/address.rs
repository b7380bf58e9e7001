//! Addresses and moments.

use berth_plan::network::{Moment, text};
use ipnet::IpNet;
use jiff::Timestamp;

use super::{Findings, shown};
use crate::clock::Clock;

/// Which end of a day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What was so at some time of the day counts: `since`.
    First,
    /// What was so when the day was over counts: `at`.
    Last,
}

/// An address or prefix in its one spelling.
pub fn net(findings: &mut Findings, field: &str, value: &str) -> Option<IpNet> {
    let read = text::parse(value);
    if let Err(what) = &read {
        findings.add(field, format!("{} {what}", shown(value)));
    }
    read.ok()
}

/// A day `YYYY-MM-DD` or an instant (RFC 3339); `None` when it is empty, or is neither.
pub fn moment(findings: &mut Findings, field: &str, value: &str, end: End, clock: &Clock) -> Option<Moment> {
    if value.is_empty() {
        return None;
    }
    let day = || value.parse::<jiff::civil::Date>().ok().filter(|day| day.to_string() == value);
    let of_day = |day: jiff::civil::Date| match end {
        End::First => Some(clock.start_of(day)),
        End::Last => clock.end_of(day),
    };
    let at = day().and_then(of_day).or_else(|| value.parse::<Timestamp>().ok());
    if at.is_none() {
        findings.bad(field, value, "is neither a day (YYYY-MM-DD) nor an instant (2026-11-24T09:00:00Z)");
    }
    at.map(|at| Moment::new(at, &Clock::zone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_means_one_of_its_ends_and_an_instant_itself() {
        let clock = Clock::system();
        let read = |value: &str, end| {
            let mut findings = Findings::default();
            let moment = moment(&mut findings, "at", value, end, &clock);
            findings.or(moment.map(|m| (m.at.to_string(), m.day.to_string())))
        };
        let expected = |at: &str, day: &str| Ok(Some((at.to_owned(), day.to_owned())));
        assert_eq!(read("2026-11-24", End::First), expected("2026-11-23T17:00:00Z", "2026-11-24"));
        assert_eq!(read("2026-11-24", End::Last), expected("2026-11-24T16:59:59.999999999Z", "2026-11-24"));
        assert_eq!(read("2026-11-24T18:00:00Z", End::Last), expected("2026-11-24T18:00:00Z", "2026-11-25"));
        assert_eq!(read("", End::Last), Ok(None));
        for bad in ["2026-02-30", "24/11/2026", "yesterday", "2026-11-24T09:00:00"] {
            let said = read(bad, End::Last).unwrap_err().to_string();
            assert!(said.contains("at:") && said.contains(bad), "{said}");
        }
    }
}
