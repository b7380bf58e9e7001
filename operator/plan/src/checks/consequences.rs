//! What a decision on a whole system changes, and what it does not, before it is taken.

use berth_crds::onboarding::{Action, CheckResult, Verdict};
use berth_crds::{Reason, Tenant};
use kube::ResourceExt;

use super::{Subject, passed, result};
use crate::dossier::difference;
use crate::system::{self, level, transfer};

/// A higher level never silently changes what runs; a change of owner changes nothing of it.
pub fn consequences(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    if spec.action == Action::Change {
        return of_change(s);
    }
    let Some(tenant) = system::tenant(s.onboarding, s.register) else {
        return passed("consequences", "Nothing changes beyond what is asked.");
    };
    match spec.action {
        Action::RecordLevel => of_level(s, tenant),
        Action::Transfer => of_transfer(s, tenant),
        _ => passed("consequences", "What is granted to be reached from outside opens with the permission to operate."),
    }
}

/// A change beside what stands, so that whoever decides reads it in one line.
fn of_change(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    let known = spec.environment_ref.as_ref().and_then(|known| s.register.environments.get(&known.name));
    let changes = known.map(|known| difference::of_change(&known.spec, spec, s.register, s.day)).unwrap_or_default();
    if changes.is_empty() {
        return passed("consequences", "Nothing changes beyond what is asked.");
    }
    let opens = changes.iter().any(|change| change.field == "exposure");
    let opens = if opens {
        " From outside it is reached by a Connection of its own, and not before it may operate."
    } else {
        ""
    };
    passed("consequences", format!("It changes: {}.{opens}", difference::sentence(&changes)))
}

fn of_level(s: &Subject, tenant: &Tenant) -> CheckResult {
    let asked = s.onboarding.spec.level.as_ref().map_or(tenant.spec.level, |asked| asked.level);
    let name = tenant.name_any();
    let profile = |name: &str| s.register.profiles.get(name).cloned();
    let gaps = level::gaps(system::environments(s.register, &name), profile, tenant.spec.level, asked);
    if gaps.is_empty() {
        return passed("consequences", format!("Every environment enforces level {asked} already."));
    }
    let message = format!("Nothing that runs changes by this record. To enforce the level: {}", gaps.join(" "));
    result("consequences", Verdict::Warning, Reason::LevelNotEnforced, message)
}

fn of_transfer(s: &Subject, tenant: &Tenant) -> CheckResult {
    let Some(asked) = &s.onboarding.spec.transfer else {
        return passed("consequences", "No change of owner is asked for.");
    };
    let name = tenant.name_any();
    let environments: Vec<String> = system::standing(s.register, &name).map(|e| e.name_any()).collect();
    let message = format!(
        "Owner, budget, access and labels of {} change; plate, namespaces, prefixes and workloads stay. {} must ask for the same in a paper of its own.",
        if environments.is_empty() { name.clone() } else { environments.join(", ") },
        transfer::other(asked, s.agency)
    );
    passed("consequences", message)
}
