//! Systems that seem to do the same (domain S-10, A28): what the check of a new request warns of, for the whole register.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use berth_crds::Tenant;

use crate::checks::reuse::{ALIKE, alike, lives, words};

/// Two systems whose names say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Plates, in order.
    pub plates: [String; 2],
    /// Share of common words among all words of both, in percent.
    pub percent: usize,
    /// The words that both have, as they are compared.
    pub common: Vec<String>,
}

/// Every pair of living systems that sounds alike, the most alike first.
pub fn pairs(tenants: &BTreeMap<String, Arc<Tenant>>) -> Vec<Pair> {
    let living = tenants.iter().filter(|(_, tenant)| lives(tenant));
    let named: Vec<(&String, BTreeSet<String>)> =
        living.map(|(plate, tenant)| (plate, words(&tenant.spec.display_name.vi))).collect();
    let each = named.iter().enumerate();
    let mut found: Vec<Pair> =
        each.flat_map(|(at, one)| named[at + 1..].iter().filter_map(|other| pair(one, other))).collect();
    found.sort_by(|a, b| b.percent.cmp(&a.percent).then_with(|| a.plates.cmp(&b.plates)));
    found
}

fn pair(
    (plate, one): &(&String, BTreeSet<String>),
    (other_plate, other): &(&String, BTreeSet<String>),
) -> Option<Pair> {
    let percent = alike(one, other);
    (percent >= ALIKE).then(|| Pair {
        plates: [(*plate).clone(), (*other_plate).clone()],
        percent,
        common: one.intersection(other).cloned().collect(),
    })
}
