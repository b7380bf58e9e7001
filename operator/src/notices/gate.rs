//! When a recipient may be tried again: a server that cannot be reached is left alone as a whole, a recipient that is
//! refused by itself; what was taken is not sent a second time by this process. Kept in memory: after a restart everybody
//! is tried once.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use berth_crds::Notice;
use berth_crds::notice::{Channel, Recipient};

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
    /// Pauses, by server and by recipient.
    pauses: Mutex<HashMap<String, Pause>>,
    /// What servers took and is not written down yet: id of the notice, and recipient.
    taken: Mutex<HashSet<(String, String)>>,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    failures: u32,
    until: Instant,
}

impl Gate {
    /// How long until a recipient may be tried; zero when it may be now.
    pub(super) fn wait(&self, to: &Recipient) -> Duration {
        let pauses = self.pauses.lock().expect("no code panics while it holds this lock");
        let keys = [server(to), recipient(to)];
        let until = keys.iter().filter_map(|key| pauses.get(key)).map(|p| p.until).max();
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Whether a recipient's server took a notice.
    pub(super) fn has_taken(&self, id: &str, to: &Recipient) -> bool {
        let taken = self.taken.lock().expect("no code panics while it holds this lock");
        taken.contains(&(id.to_owned(), recipient(to)))
    }

    /// Forgets what the status of a notice says now.
    pub(super) fn recorded(&self, notice: &Notice) {
        let mut taken = self.taken.lock().expect("no code panics while it holds this lock");
        taken.retain(|(id, _)| *id != notice.spec.id);
    }

    /// Takes down what came of a try.
    pub(super) fn tried(&self, id: &str, to: &Recipient, failure: Option<&Failure>) {
        let mut pauses = self.pauses.lock().expect("no code panics while it holds this lock");
        match failure {
            None => {
                pauses.remove(&server(to));
                pauses.remove(&recipient(to));
                let mut taken = self.taken.lock().expect("no code panics while it holds this lock");
                taken.insert((id.to_owned(), recipient(to)));
            }
            Some(Failure::Unreachable(_)) => fail(&mut pauses, server(to), SERVER),
            Some(Failure::Refused(_)) => {
                // It answered: the server is there.
                pauses.remove(&server(to));
                fail(&mut pauses, recipient(to), RECIPIENT);
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

fn recipient(to: &Recipient) -> String {
    format!("{:?} to {}", to.channel, to.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str) -> Recipient {
        Recipient { to: to.into(), ..Recipient::default() }
    }

    #[test]
    fn a_server_that_is_down_holds_all_its_recipients_and_a_refusal_only_the_one() {
        let (gate, one, two) = (Gate::default(), mail("a@x.gov.vn"), mail("b@x.gov.vn"));
        let hook = Recipient { channel: Channel::Webhook, to: "itsm".into(), ..Recipient::default() };
        gate.tried("n", &one, Some(&Failure::Unreachable("down".into())));
        assert!(!gate.wait(&one).is_zero() && !gate.wait(&two).is_zero() && gate.wait(&hook).is_zero());
        gate.tried("n", &one, Some(&Failure::Refused("no such mailbox".into())));
        assert!(!gate.wait(&one).is_zero() && gate.wait(&two).is_zero());
        gate.tried("n", &one, None);
        assert!(gate.wait(&one).is_zero() && gate.has_taken("n", &one));
        assert!(!gate.has_taken("n", &two) && !gate.has_taken("m", &one));
    }

    #[test]
    fn pauses_grow_up_to_a_minute_for_a_server_and_to_an_hour_for_a_recipient() {
        let (gate, to) = (Gate::default(), mail("a@x.gov.vn"));
        for _ in 0..40 {
            gate.tried("n", &to, Some(&Failure::Unreachable("down".into())));
        }
        let server = gate.wait(&to);
        assert!(server > SERVER / 2 && server <= SERVER, "{server:?}");
        for _ in 0..40 {
            gate.tried("n", &to, Some(&Failure::Refused("no".into())));
        }
        let recipient = gate.wait(&to);
        assert!(recipient > RECIPIENT / 2 && recipient <= RECIPIENT, "{recipient:?}");
    }
}
