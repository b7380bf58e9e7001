//! Shares: how often and how much at a time each caller may ask, and how often a peer may fail to sign in.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    crowd::{Crowd, Place},
    limits::{Adjustable, CALLS, CALLS_PER_SUBJECT, REMEMBERED},
    problem::{Problem, Result},
    proto::pool,
    rate::Buckets,
};

/// How long to wait for a place: nobody knows when one becomes free.
const A_PLACE: Duration = Duration::from_secs(1);

/// Methods that change something: those that take a `request_id`, by the rule of the API.
static WRITES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let services = pool().services().filter(|service| service.package_name() == "berth.v1");
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let writes = methods.filter(|method| method.input().get_field_by_name("request_id").is_some());
    writes.map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name())).collect()
});

/// Counts calls, in bounded memory.
pub struct Turnstile {
    calls: Crowd<String>,
    reads: Mutex<Buckets<String>>,
    writes: Mutex<Buckets<String>>,
    failures: Mutex<Buckets<IpAddr>>,
}

impl Turnstile {
    /// A turnstile that has counted nothing.
    pub fn new(limits: &Adjustable) -> Self {
        Self {
            calls: Crowd::new(CALLS, CALLS_PER_SUBJECT),
            reads: Mutex::new(Buckets::new(limits.rate_reads, REMEMBERED)),
            writes: Mutex::new(Buckets::new(limits.rate_writes, REMEMBERED)),
            failures: Mutex::new(Buckets::new(limits.rate_failures, REMEMBERED)),
        }
    }

    /// Whether a peer may try to sign in.
    pub fn may_try(&self, peer: IpAddr, now: Instant) -> Result<()> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.wait(&peer, now).map_err(|wait| Problem::TooMany { what: "failed sign-ins from this address", wait })
    }

    /// Counts a sign-in that failed.
    pub fn failed(&self, peer: IpAddr, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        // One more than there are tokens is refused at the next try.
        failures.take(peer, now).ok();
    }

    /// A place of somebody who is known, before what they send is read: a body that comes slowly is a call as well.
    pub fn place(&self, username: &str) -> Result<Place<String>> {
        let place = self.calls.enter(username.to_owned());
        place.map_err(|_| Problem::TooMany { what: "calls at a time", wait: A_PLACE })
    }

    /// A call of a known caller: its place until the answer is out, or how long to wait.
    pub fn call(&self, username: &str, path: &str, now: Instant) -> Result<Place<String>> {
        let place = self.place(username)?;
        let (buckets, what) = match WRITES.contains(path) {
            true => (&self.writes, "changes"),
            false => (&self.reads, "calls"),
        };
        let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take(username.to_owned(), now).map_err(|wait| Problem::TooMany { what, wait })?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "/berth.v1.TenantService/ListTenants";
    const WRITE: &str = "/berth.v1.OnboardingService/CreateOnboarding";

    fn turnstile(reads: &str, writes: &str, failures: &str) -> Turnstile {
        let rate = |text: &str| text.parse().unwrap();
        Turnstile::new(&Adjustable {
            rate_reads: rate(reads),
            rate_writes: rate(writes),
            rate_failures: rate(failures),
            ..Adjustable::default()
        })
    }

    #[test]
    fn what_changes_something_is_counted_as_a_change() {
        let mut writes: Vec<_> = WRITES.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
        writes.sort_unstable();
        let expected = [
            "AcknowledgeExport",
            "ApproveOnboarding",
            "CorrectOnboarding",
            "CreateConnection",
            "CreateOnboarding",
            "DecideConnection",
            "InterveneEnvironment",
            "ReconcileOnboarding",
            "RejectOnboarding",
            "ReturnOnboarding",
            "WithdrawOnboarding",
        ];
        assert_eq!(writes, expected);
    }

    #[test]
    fn changes_and_reads_of_one_caller_and_calls_of_another_are_counted_apart() {
        let (turnstile, now) = (turnstile("1/2", "1/1", "1/1"), Instant::now());
        let call = |who: &str, path: &str| turnstile.call(who, path, now).map(drop);
        let wait = Duration::from_secs(1);
        assert_eq!([call("lan", WRITE), call("lan", WRITE)], [Ok(()), Err(Problem::TooMany { what: "changes", wait })]);
        assert_eq!([call("lan", READ), call("lan", READ)], [Ok(()), Ok(())]);
        assert_eq!(call("lan", READ), Err(Problem::TooMany { what: "calls", wait }));
        assert_eq!([call("minh", WRITE), call("minh", READ)], [Ok(()), Ok(())]);
    }

    #[test]
    fn one_caller_has_so_many_calls_at_a_time_and_leaves_room_for_others() {
        let (turnstile, now) = (turnstile("1000/1000", "1/1", "1/1"), Instant::now());
        let mut held: Vec<_> = (0..CALLS_PER_SUBJECT).map(|_| turnstile.call("lan", READ, now).unwrap()).collect();
        let refused = Problem::TooMany { what: "calls at a time", wait: A_PLACE };
        assert_eq!(turnstile.call("lan", READ, now).err(), Some(refused));
        assert!(turnstile.call("minh", READ, now).is_ok());
        held.pop();
        assert!(turnstile.call("lan", READ, now).is_ok());
    }

    #[test]
    fn whose_bodies_are_still_read_has_no_further_calls_and_is_asked_for_no_rate() {
        let (turnstile, now) = (turnstile("1/1", "1/1", "1/1"), Instant::now());
        let mut held: Vec<_> = (0..CALLS_PER_SUBJECT).map(|_| turnstile.place("lan").unwrap()).collect();
        let refused = Problem::TooMany { what: "calls at a time", wait: A_PLACE };
        assert_eq!(turnstile.place("lan").err(), Some(refused.clone()));
        assert_eq!(turnstile.call("lan", READ, now).err(), Some(refused));
        held.pop();
        assert!(turnstile.call("lan", READ, now).is_ok());
    }

    #[test]
    fn a_peer_that_fails_too_often_waits_and_others_do_not() {
        let (turnstile, now) = (turnstile("1/1", "1/1", "1/2"), Instant::now());
        let [bad, good] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        for _ in 0..2 {
            assert_eq!(turnstile.may_try(bad, now), Ok(()));
            turnstile.failed(bad, now);
        }
        let wait = Duration::from_secs(1);
        let refused = Problem::TooMany { what: "failed sign-ins from this address", wait };
        assert_eq!((turnstile.may_try(bad, now), turnstile.may_try(good, now)), (Err(refused), Ok(())));
        assert_eq!(turnstile.may_try(bad, now + wait), Ok(()));
    }
}
