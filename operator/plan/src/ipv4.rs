//! Exceptions from the rule that what is exposed is reached over IPv6 too: which are open, which are over, how many. An
//! exception that is over closes nothing: it is told and counted, until a paper ends it or IPv6 is there.

use berth_crds::condition::Is;
use berth_crds::environment::Ipv4Exception;
use berth_crds::profile::ClockStep;
use berth_crds::{Environment, Reason};
use jiff::civil::Date;

use crate::dossier::clock::Clocks;
use crate::{day, life};

/// Where an exception stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its last day is today or later.
    Open,
    /// Its last day is over, or is no day at all.
    Over,
}

/// Exceptions of several environments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many are open.
    pub open: usize,
    /// How many are over and still what the environment stands by.
    pub over: usize,
}

/// Last day of an exception.
pub fn last_day(exception: &Ipv4Exception) -> Option<Date> {
    exception.until.as_deref().and_then(day::parse)
}

/// Where the exception of an environment stands; `None` without one, and for what is being removed or gone.
pub fn standing(environment: &Environment, today: Date) -> Option<Standing> {
    let exception = environment.spec.ipv4_only.as_ref().filter(|_| !life::is_leaving_for_good(environment))?;
    let open = last_day(exception).is_some_and(|last| last >= today);
    Some(if open { Standing::Open } else { Standing::Over })
}

/// The exceptions of environments, counted by where they stand on a day.
pub fn count<'a>(environments: impl IntoIterator<Item = &'a Environment>, today: Date) -> Counted {
    let mut counted = Counted::default();
    for standing in environments.into_iter().filter_map(|environment| standing(environment, today)) {
        match standing {
            Standing::Open => counted.open += 1,
            Standing::Over => counted.over += 1,
        }
    }
    counted
}

/// What is said of an environment's exception: the condition, and the sentence for people. Its end is near by the same
/// clock as an environment's own last day.
pub fn told(environment: &Environment, clocks: &Clocks, today: Date) -> Option<(Is, Reason, String)> {
    let (standing, exception) = (standing(environment, today)?, environment.spec.ipv4_only.as_ref()?);
    let until = exception.until.as_deref().unwrap_or("a day that is not given");
    let next = "make it reachable over IPv6, or ask for a `Change` with another exception";
    if standing == Standing::Over {
        let message = format!("The exception was until {until}; nothing was closed: {next}.");
        return Some((Is::False, Reason::Ipv4ExceptionOver, message));
    }
    let near = clocks.after(today, ClockStep::EndNotice).zip(last_day(exception)).is_some_and(|(by, last)| last <= by);
    let because = &exception.reason;
    Some(if near {
        let message = format!("Over IPv4 only until {until}, because: {because} Before that day, {next}.");
        (Is::True, Reason::Ipv4ExceptionEndsSoon, message)
    } else {
        (Is::True, Reason::Ipv4Excepted, format!("Over IPv4 only until {until}, because: {because}"))
    })
}
