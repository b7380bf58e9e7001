//! `berth onboard check`: every check of a request before it is submitted.

use super::{
    Exit, Result,
    args::{Create, Format},
    connect::{Session, call},
    create, output,
};
use crate::proto::v1::{self as pb, check::Result as Verdict};

/// Makes the checks.
pub async fn check(session: &Session, asked: Create) -> Result {
    let request = create::request(session, asked).await?;
    let request = pb::CheckOnboardingRequest { parent: request.parent, onboarding: request.onboarding };
    let client = &session.client.onboardings;
    let checked = call("checking the request", async || client.clone().check_onboarding(request.clone()).await).await?;
    tell(session, &checked)
}

/// Shows the checks; a request that would be refused ends with the code of a refusal.
pub fn tell(session: &Session, checked: &pb::Onboarding) -> Result {
    let table = session.format == Format::Table;
    match table {
        true => output::table(&["CHECK", "RESULT", "REASON", "FOUND"], checked.checks.iter().map(row).collect())?,
        false => output::one(checked, session.format)?,
    }
    let text = |words: &Option<pb::Bilingual>| session.text(words.as_ref());
    for check in checked.checks.iter().filter(|check| check.advice.is_some()) {
        eprintln!("{}: {}", text(&check.title), text(&check.advice));
    }
    let refused = checked.checks.iter().any(|c| matches!(c.result(), Verdict::Failed | Verdict::Refused));
    eprintln!("nothing was submitted; it would be: {}", text(&checked.state_words));
    Ok(if refused { Exit::Refused } else { Exit::Done })
}

fn row(check: &pb::Check) -> Vec<String> {
    let result = format!("{:?}", check.result());
    let numbers = check.numbers.iter().map(|n| format!("{}={}", n.name, n.value)).collect::<Vec<_>>().join(" ");
    let found = if numbers.is_empty() { check.message.clone() } else { format!("{} ({numbers})", check.message) };
    vec![check.id.clone(), result, check.reason.clone(), found]
}
