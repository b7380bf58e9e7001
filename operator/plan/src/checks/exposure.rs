//! What is reached from outside is reached over both families, or by an exception that ends.

use berth_crds::Reason;
use berth_crds::environment::Ipv4Exception;
use berth_crds::onboarding::{Action, CheckResult, Verdict};

use super::{Subject, gather, number, passed, result};
use crate::{day, ipv4, text};

/// Exposure over IPv4 only is an exception with a reason and a last day; whoever approves sees both.
pub fn ipv4(s: &Subject) -> CheckResult {
    let asked = s.onboarding.spec.environment.as_ref().and_then(|environment| environment.ipv4_only.as_ref());
    let Some(asked) = asked else {
        return passed("ipv4", "No exception is asked for: what is exposed is reached over both families.");
    };
    let defects = defects(s, asked);
    let Some(last) = ipv4::last_day(asked).filter(|_| defects.is_empty()) else {
        return gather("ipv4", Reason::InvalidSpec, defects, "");
    };
    let days = s.day.until(last).map(|span| span.get_days()).unwrap_or_default();
    let message = format!(
        "An exception is asked for, which whoever approves grants: exposed over IPv4 only until {last}, for {days} days, because: {}",
        asked.reason
    );
    CheckResult {
        numbers: vec![number("until", last), number("days", days)],
        ..result("ipv4", Verdict::Warning, Reason::Ipv4Excepted, message)
    }
}

fn defects(s: &Subject, asked: &Ipv4Exception) -> Vec<String> {
    let field = |part: &str| format!("`spec.environment.ipv4Only.{part}`");
    let mut defects = Vec::new();
    if let Some(defect) = text::defect(&asked.reason, 500, true) {
        defects.push(format!("{} {defect}.", field("reason")));
    }
    match &asked.until {
        None => defects.push(format!("{} is missing; an exception ends: give its last day.", field("until"))),
        Some(until) if day::parse(until).is_none_or(|last| last <= s.day) => {
            defects.push(format!("{} is {until:?}; give a last day after {}.", field("until"), s.day));
        }
        Some(_) => {}
    }
    if !is_exposed(s) {
        let nothing = "is an exception for what is exposed, and nothing is; name `exposure`, or leave it out";
        defects.push(format!("`spec.environment.ipv4Only` {nothing}."));
    }
    defects
}

/// Whether anything is exposed: a change keeps what the environment has and does not name anew.
fn is_exposed(s: &Subject) -> bool {
    let spec = &s.onboarding.spec;
    let asked = spec.environment.as_ref().is_some_and(|environment| !environment.exposure.is_empty());
    let known = spec.environment_ref.as_ref().and_then(|known| s.register.environments.get(&known.name));
    match spec.action {
        Action::Change => asked || known.is_none_or(|environment| !environment.spec.exposure.is_empty()),
        _ => asked,
    }
}
