//! What of an environment's grant is in force on a day. An increase that ends returns to the grant before it on the day
//! after its last, by what the spec says alone: no step is taken because a process was awake on the day, and nothing is
//! booked for it, because what it returns to is never given up meanwhile.

use berth_crds::condition::Is;
use berth_crds::environment::TemporaryGrant;
use berth_crds::onboarding::Grant;
use berth_crds::profile::ClockStep;
use berth_crds::{EnvironmentSpec, Reason};
use jiff::civil::Date;

use crate::amounts::Amounts;
use crate::day;
use crate::dossier::clock::Clocks;

/// What the last paper granted, for a while or for good.
fn granted(spec: &EnvironmentSpec) -> Grant {
    Grant { class_ref: spec.class_ref.clone(), quota: spec.quota.clone() }
}

/// What is granted for good: what an increase returns to, however often it is prolonged.
pub fn lasting(spec: &EnvironmentSpec) -> Grant {
    spec.temporary.as_ref().map_or_else(|| granted(spec), |temporary| temporary.former.clone())
}

/// Whether an increase is over; one whose last day is no day never began.
fn is_over(temporary: &TemporaryGrant, today: Date) -> bool {
    day::parse(&temporary.until).is_none_or(|last| last < today)
}

/// What is in force today.
pub fn in_force(spec: &EnvironmentSpec, today: Date) -> Grant {
    match &spec.temporary {
        Some(temporary) if is_over(temporary, today) => temporary.former.clone(),
        _ => granted(spec),
    }
}

/// What must stay booked: what is in force, and as long as an increase lasts no less than what it returns to.
pub fn to_book(spec: &EnvironmentSpec, today: Date) -> Option<Amounts> {
    let amounts = |grant: &Grant| Amounts::parse(&grant.quota).ok();
    Some(amounts(&in_force(spec, today))?.max(amounts(&lasting(spec))?))
}

/// The increase that a paper asks for until a day, over what is granted for good.
pub fn raised(existing: &EnvironmentSpec, until: Option<&String>) -> Option<TemporaryGrant> {
    until.map(|until| TemporaryGrant { until: until.clone(), former: lasting(existing) })
}

/// What is wrong with an increase of this size: what ends by itself is more than what it returns to, and nowhere less.
pub fn no_raise(existing: &EnvironmentSpec, asked: &Grant) -> Option<String> {
    let lasting = Amounts::parse(&lasting(existing).quota).ok()?;
    let asked = Amounts::parse(&asked.quota).ok()?;
    let less = asked.each().into_iter().zip(lasting.each()).find(|((_, asked), (_, lasting))| asked < lasting);
    let what = match less {
        Some(((resource, _), _)) => format!("less {resource} is asked than it returns to"),
        None if asked == lasting => "nothing more is asked than it returns to".to_owned(),
        None => return None,
    };
    Some(format!("`spec.environment.until` is for an increase, and {what}; ask for more, or leave it out."))
}

/// What is said of an increase: the condition, and the sentence for people. Its end is near by the same clock as an
/// environment's own last day.
pub fn told(spec: &EnvironmentSpec, clocks: &Clocks, today: Date) -> Option<(Is, Reason, String)> {
    let temporary = spec.temporary.as_ref()?;
    let Grant { class_ref, quota } = &temporary.former;
    let until = &temporary.until;
    let former = format!(
        "class {:?} with {} CPU, {} memory, {} storage",
        class_ref.name, quota.cpu, quota.memory, quota.storage
    );
    if is_over(temporary, today) {
        let message = format!(
            "The increase was until {until}; granted is {former} again. What runs beyond it stays, nothing more starts, and what is used stays booked until it is given up."
        );
        return Some((Is::False, Reason::TemporaryGrantOver, message));
    }
    let near = clocks.after(today, ClockStep::EndNotice).zip(day::parse(until)).is_some_and(|(by, last)| last <= by);
    Some(if near {
        let message = format!("After {until} granted is {former} again: use no more by then, or ask for a `Change`.");
        (Is::True, Reason::TemporaryGrantEndsSoon, message)
    } else {
        (Is::True, Reason::TemporaryGrant, format!("Raised until {until}; then granted is {former} again."))
    })
}
