//! Whether a system of the same function exists already (domain S-10, A28): a warning, never a refusal.

use std::collections::BTreeSet;

use berth_crds::onboarding::{Action, CheckResult, Verdict};
use berth_crds::tenant::MigrationStage;
use berth_crds::{Reason, Tenant};

use super::{Subject, number, passed, result};
use crate::search;

/// Words that say nothing about a function.
const EMPTY: [&str; 12] = ["he", "thong", "phan", "mem", "co", "so", "du", "lieu", "thong tin", "tinh", "cua", "va"];
/// Share of the words that two names have in common from which they sound alike, in percent [A].
pub(crate) const ALIKE: usize = 60;

/// Another living system whose name says the same.
pub fn function(s: &Subject) -> CheckResult {
    let fine = "No other system sounds alike.";
    let (Action::New, Some(system)) = (s.onboarding.spec.action, &s.onboarding.spec.system) else {
        return passed("function", fine);
    };
    let mine = words(&system.display_name);
    let uid = s.onboarding.metadata.uid.as_deref();
    let others = s.register.tenants.iter().filter(|(_, tenant)| {
        let own = tenant.spec.basis.onboarding_ref.as_ref().is_some_and(|r| Some(r.uid.as_str()) == uid);
        !own && lives(tenant) && tenant.spec.code != system.code
    });
    let nearest = others
        .map(|(plate, tenant)| (alike(&mine, &words(&tenant.spec.display_name.vi)), plate, tenant))
        .max_by_key(|(share, plate, _)| (*share, std::cmp::Reverse((*plate).clone())));
    match nearest {
        Some((share, plate, tenant)) if share >= ALIKE => {
            // The plate says nothing to the agency, and which system it is to those who appraise.
            let other = if tenant.spec.agency_ref.name == s.agency {
                format!("{:?}, the tenant {plate:?}", tenant.spec.display_name.vi)
            } else {
                format!("a system of another body, the tenant {plate:?}")
            };
            let message = format!("`spec.system.displayName` {:?} sounds like {other}.", system.display_name);
            let warning = result("function", Verdict::Warning, Reason::DuplicateFunction, message);
            CheckResult { numbers: vec![number("alike.percent", share)], ..warning }
        }
        _ => passed("function", fine),
    }
}

/// Whether a system could still be used: it has not left. One that only stands in an inventory lives too.
pub(crate) fn lives(tenant: &Tenant) -> bool {
    let left = tenant.status.as_ref().is_some_and(|status| status.left.is_some());
    tenant.spec.migration_stage != MigrationStage::Closed && !left
}

/// Words of a name by which its function is known: without diacritics, capitals and what says nothing.
pub(crate) fn words(name: &str) -> BTreeSet<String> {
    search::words(name).into_iter().filter(|word| !EMPTY.contains(&word.as_str())).collect()
}

/// Share of common words among all words of both, in percent.
pub(crate) fn alike(a: &BTreeSet<String>, b: &BTreeSet<String>) -> usize {
    (a.intersection(b).count() * 100).checked_div(a.union(b).count()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sound_alike_without_diacritics_capitals_and_empty_words() {
        let share = |a, b| alike(&words(a), &words(b));
        assert_eq!(share("Hệ thống Quản lý văn bản và điều hành", "quan ly VAN BAN, dieu hanh"), 100);
        assert_eq!(share("Hệ thống quản lý văn bản", "Phần mềm quản lý đất đai"), 33);
        assert_eq!(share("Hệ thống", "Phần mềm"), 0, "nothing is not like nothing");
    }
}
