//! When a recipient may be tried again, and who comes first: a server that cannot be reached is left alone as a whole, a
//! recipient that is refused by itself, an event that a webhook refuses by itself; who was tried longest ago comes first, so
//! that a few that always fail hold up nobody; what was taken is not sent a second time by this process. Kept in memory:
//! after a restart everybody is tried once.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use berth_crds::Notice;
use berth_crds::notice::{Channel, Recipient};
use berth_plan::notice::pending;

use super::Failure;

/// First pause.
const FIRST: Duration = Duration::from_millis(500);
/// Longest pause for a server: one try a minute costs it nothing, and an outage ends for us when it ends.
const SERVER: Duration = Duration::from_secs(60);
/// Longest pause for one recipient.
const RECIPIENT: Duration = Duration::from_secs(3600);

/// What this process knows of recipients.
#[derive(Debug, Default)]
pub(super) struct Gate {
    known: Mutex<Known>,
}

/// A notice, by its id, and one of its recipients.
type Entry = (String, String);

#[derive(Debug, Default)]
struct Known {
    /// Pauses, by server and by recipient.
    pauses: HashMap<String, Pause>,
    /// What servers took and is not written down yet.
    taken: HashSet<Entry>,
    /// When who was tried last with which notice, until it has arrived everywhere.
    tries: HashMap<Entry, Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    failures: u32,
    until: Instant,
}

impl Gate {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no code panics while it holds this lock")
    }

    /// How long until a recipient may be tried with a notice; zero when it may be now.
    pub(super) fn wait(&self, id: &str, to: &Recipient) -> Duration {
        let known = self.known();
        let keys = [server(to), recipient(id, to)];
        let until = keys.iter().filter_map(|key| known.pauses.get(key)).map(|p| p.until).max();
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// When a recipient was last tried with a notice.
    fn last(&self, id: &str, to: &Recipient) -> Option<Instant> {
        self.known().tries.get(&entry(id, to)).copied()
    }

    /// Who has not got a notice, those first who were never tried with it or longest ago.
    pub(super) fn queue<'a>(&self, notice: &'a Notice) -> Vec<&'a Recipient> {
        let mut queue = pending(notice);
        queue.sort_by_cached_key(|to| self.last(&notice.spec.id, to));
        queue
    }

    /// When the first of a notice's queue who may be tried now was tried last: notices of whom it was never come first.
    pub(super) fn turn(&self, notice: &Notice) -> Option<Instant> {
        let id = &notice.spec.id;
        let first = self.queue(notice).into_iter().find(|to| self.wait(id, to).is_zero())?;
        self.last(id, first)
    }

    /// Whether a recipient's server took a notice.
    pub(super) fn has_taken(&self, id: &str, to: &Recipient) -> bool {
        self.known().taken.contains(&entry(id, to))
    }

    /// Forgets what the status of a notice says now.
    pub(super) fn recorded(&self, notice: &Notice) {
        let mut known = self.known();
        known.taken.retain(|(id, _)| *id != notice.spec.id);
        if pending(notice).is_empty() {
            known.tries.retain(|(id, _), _| *id != notice.spec.id);
        }
    }

    /// Takes down what came of a try.
    pub(super) fn tried(&self, id: &str, to: &Recipient, failure: Option<&Failure>) {
        let known = &mut *self.known();
        known.tries.insert(entry(id, to), Instant::now());
        match failure {
            None => {
                known.pauses.remove(&server(to));
                known.pauses.remove(&recipient(id, to));
                known.taken.insert(entry(id, to));
            }
            Some(Failure::Unreachable(_)) => fail(&mut known.pauses, server(to), SERVER),
            Some(Failure::Refused(_)) => {
                // It answered: the server is there.
                known.pauses.remove(&server(to));
                fail(&mut known.pauses, recipient(id, to), RECIPIENT);
            }
        }
    }
}

fn fail(pauses: &mut HashMap<String, Pause>, key: String, longest: Duration) {
    let failures = pauses.get(&key).map_or(0, |p| p.failures);
    let pause = FIRST.saturating_mul(1 << failures.min(16)).min(longest);
    pauses.insert(key, Pause { failures: failures.saturating_add(1), until: Instant::now() + pause });
}

/// All e-mails go through one server, every webhook is one of its own.
fn server(to: &Recipient) -> String {
    match to.channel {
        Channel::Mail => "smtp".into(),
        Channel::Webhook => format!("webhook {}", to.to),
    }
}

/// What a refusal is taken to be about: of an e-mail the mailbox, of a webhook the one event, which others need not share.
fn recipient(id: &str, to: &Recipient) -> String {
    match to.channel {
        Channel::Mail => format!("mail to {}", to.to),
        Channel::Webhook => format!("{id} to webhook {}", to.to),
    }
}

fn entry(id: &str, to: &Recipient) -> Entry {
    (id.to_owned(), recipient(id, to))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mail(to: &str) -> Recipient {
        Recipient { to: to.into(), ..Recipient::default() }
    }

    fn hook(name: &str) -> Recipient {
        Recipient { channel: Channel::Webhook, to: name.into(), ..Recipient::default() }
    }

    fn notice(id: &str, recipients: &[Recipient]) -> Notice {
        let about = json!({"kind": "Onboarding", "name": "p", "uid": "u"});
        let at = "2026-11-24T09:00:00Z";
        let spec = json!({"id": id, "occasion": "Receipt", "about": about, "at": at, "recipients": recipients});
        Notice::new(id, serde_json::from_value(spec).unwrap())
    }

    fn down() -> Failure {
        Failure::Unreachable("down".into())
    }

    fn refused() -> Failure {
        Failure::Refused("no".into())
    }

    #[test]
    fn a_server_that_is_down_holds_all_its_recipients_and_a_refusal_only_the_one() {
        let (gate, one, two) = (Gate::default(), mail("a@x.gov.vn"), mail("b@x.gov.vn"));
        gate.tried("n", &one, Some(&down()));
        assert!(!gate.wait("n", &one).is_zero() && !gate.wait("n", &two).is_zero());
        assert!(gate.wait("n", &hook("itsm")).is_zero());
        gate.tried("n", &one, Some(&refused()));
        assert!(!gate.wait("n", &one).is_zero() && !gate.wait("m", &one).is_zero() && gate.wait("n", &two).is_zero());
        gate.tried("n", &one, None);
        assert!(gate.wait("n", &one).is_zero() && gate.has_taken("n", &one));
        assert!(!gate.has_taken("n", &two) && !gate.has_taken("m", &one));
    }

    #[test]
    fn a_webhook_that_refuses_an_event_is_called_with_the_others_and_one_that_is_down_with_none() {
        let (gate, hook) = (Gate::default(), hook("itsm"));
        gate.tried("n", &hook, Some(&refused()));
        assert!(!gate.wait("n", &hook).is_zero() && gate.wait("m", &hook).is_zero());
        gate.tried("n", &hook, Some(&down()));
        assert!(!gate.wait("m", &hook).is_zero());
    }

    #[test]
    fn who_was_tried_longest_ago_comes_first_within_a_notice_and_among_notices() {
        let (gate, a, b) = (Gate::default(), mail("a@x.gov.vn"), hook("itsm"));
        let both = notice("n1", &[a.clone(), b.clone()]);
        let names = |gate: &Gate| gate.queue(&both).iter().map(|r| r.to.clone()).collect::<Vec<_>>();
        assert_eq!(names(&gate), ["a@x.gov.vn", "itsm"]);
        gate.tried("n1", &a, Some(&refused()));
        assert_eq!(names(&gate), ["itsm", "a@x.gov.vn"]);
        gate.tried("n1", &b, Some(&refused()));
        assert_eq!(names(&gate), ["a@x.gov.vn", "itsm"]);
        let each = ["n2", "n3", "n4"].map(|id| notice(id, std::slice::from_ref(&b)));
        gate.tried("n2", &b, Some(&refused()));
        gate.tried("n3", &b, Some(&refused()));
        while ["n2", "n3"].iter().any(|id| !gate.wait(id, &b).is_zero()) {
            std::thread::yield_now();
        }
        let mut order: Vec<&Notice> = each.iter().collect();
        order.sort_by_key(|n| gate.turn(n));
        assert_eq!(order.iter().map(|n| n.spec.id.as_str()).collect::<Vec<_>>(), ["n4", "n2", "n3"]);
    }

    #[test]
    fn pauses_grow_up_to_a_minute_for_a_server_and_to_an_hour_for_a_recipient() {
        let (gate, to) = (Gate::default(), mail("a@x.gov.vn"));
        for _ in 0..40 {
            gate.tried("n", &to, Some(&down()));
        }
        let server = gate.wait("n", &to);
        assert!(server > SERVER / 2 && server <= SERVER, "{server:?}");
        for _ in 0..40 {
            gate.tried("n", &to, Some(&refused()));
        }
        let recipient = gate.wait("n", &to);
        assert!(recipient > RECIPIENT / 2 && recipient <= RECIPIENT, "{recipient:?}");
    }
}
