//! `berth onboard wait`: exit codes for pipelines.

use std::time::Instant;

use super::{
    Exit, Result,
    args::{Until, Wait},
    connect::Session,
    output,
    requests::{follow, named},
    rows,
};
use crate::proto::v1::{self as pb, onboarding::State};

/// Waits; one line on stderr per change.
pub async fn wait(session: &Session, wait: Wait) -> Result {
    let name = named(session, &wait.which).await?;
    let (begin, mut told, mut last) = (Instant::now(), String::new(), None);
    let waiting = follow(session, &name, async |onboarding: pb::Onboarding| {
        let state = rows::state(&onboarding);
        if state != told {
            eprintln!("{:>6.1}s  {state}  {}", begin.elapsed().as_secs_f32(), onboarding.holder);
            told = state;
        }
        let exit = reached(&onboarding, wait.until);
        last = Some(onboarding);
        Ok(exit)
    });
    let ended = tokio::time::timeout(wait.timeout, waiting).await;
    if let Some(onboarding) = &last {
        output::one(onboarding, session.format)?;
    }
    match ended {
        Ok(Ok(exit)) => {
            tell(exit, &name, last.as_ref());
            Ok(exit)
        }
        Ok(Err(failure)) => Err(failure),
        Err(_) => {
            eprintln!("{name} is still pending after {:?}; it goes on. Next: berth onboard get {name}", wait.timeout);
            Ok(Exit::TimedOut)
        }
    }
}

fn tell(exit: Exit, name: &str, last: Option<&pb::Onboarding>) {
    let environment = last.map(|o| o.environment.as_str()).filter(|e| !e.is_empty());
    match (exit, environment) {
        (Exit::Refused, _) => eprintln!("{name} ended otherwise. Next: berth onboard get {name} -o yaml"),
        (_, Some(environment)) => eprintln!("{name} reached. Next: berth env get {}", rows::id(environment)),
        (_, None) => eprintln!("{name} reached."),
    }
}

/// Whether waiting is over, and how.
fn reached(onboarding: &pb::Onboarding, until: Until) -> Option<Exit> {
    let is = |type_: &str| onboarding.conditions.iter().any(|c| c.r#type == type_ && c.status == "True");
    let state = onboarding.state();
    let no = matches!(state, State::Refused | State::Returned | State::Withdrawn) || is("Rejected") || is("Withdrawn");
    let yes = onboarding.outcome.as_ref().is_some_and(|o| o.result() == pb::outcome::Result::Approved);
    let ready = state == State::HandedOver || is("Ready");
    // Before the decision, `Stalled` only says that it is a person's turn.
    let stuck = yes && is("Stalled");
    match until {
        Until::Decided if yes || no => Some(Exit::Done),
        Until::Approved if yes && !no => Some(Exit::Done),
        Until::Ready if ready && !no => Some(Exit::Done),
        Until::Approved | Until::Ready if no => Some(Exit::Refused),
        Until::Ready if stuck => Some(Exit::Refused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn onboarding(state: State, outcome: Option<pb::outcome::Result>, conditions: &[&str]) -> pb::Onboarding {
        let condition = |c: &&str| pb::Condition { r#type: (*c).into(), status: "True".into(), ..Default::default() };
        pb::Onboarding {
            state: state as i32,
            outcome: outcome.map(|result| pb::Outcome { result: result as i32, ..Default::default() }),
            conditions: conditions.iter().map(condition).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn waiting_ends_when_it_is_reached_or_cannot_be_any_more() {
        use pb::outcome::Result::{Approved, Rejected};
        let table = [
            (onboarding(State::Submitted, None, &[]), [None, None, None]),
            (onboarding(State::AwaitingApproval, None, &["Stalled"]), [None, None, None]),
            (
                onboarding(State::Refused, Some(Rejected), &["Rejected"]),
                [Some(Exit::Done), Some(Exit::Refused), Some(Exit::Refused)],
            ),
            (onboarding(State::WaitingForCapacity, Some(Approved), &[]), [Some(Exit::Done), Some(Exit::Done), None]),
            (
                onboarding(State::Provisioning, Some(Approved), &["Stalled"]),
                [Some(Exit::Done), Some(Exit::Done), Some(Exit::Refused)],
            ),
            (onboarding(State::HandedOver, Some(Approved), &["Ready"]), [Some(Exit::Done); 3]),
        ];
        for (onboarding, expected) in table {
            assert_eq!(
                [Until::Decided, Until::Approved, Until::Ready].map(|u| reached(&onboarding, u)),
                expected,
                "{onboarding:?}"
            );
        }
    }
}
