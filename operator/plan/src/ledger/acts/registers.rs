//! Acts of registers: each generation of an entry that is seen, by hand or by a paper.

use berth_crds::audit::{Act, AuditEntry};
use berth_crds::common::{Basis, BasisType};
use berth_crds::labels;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Draft, Memory, UNKNOWN, World, bounded, clipped, created, entry, operator, written};

pub fn all<'a>(world: &'a World, memory: &'a Memory) -> impl Iterator<Item = Draft> + 'a {
    let by_hand = |draft: Option<Draft>| draft;
    let agencies = world.agencies.iter().map(|o| Draft::by_hand(o.as_ref(), &o.spec, memory, Some(o.name_any())));
    let tenants = world.tenants.iter().map(|o| {
        let owner = Some(o.spec.agency_ref.name.clone());
        Draft::by_basis(o.as_ref(), &o.spec, &o.spec.basis, memory, owner)
    });
    let environments = world.environments.iter().map(|o| {
        let owner = world.owner(&o.spec.tenant_ref.name);
        Draft::by_basis(o.as_ref(), &o.spec, &o.spec.basis, memory, owner)
    });
    macro_rules! plain {
        ($field:ident) => {
            world.$field.iter().map(|o| Draft::by_hand(o.as_ref(), &o.spec, memory, None))
        };
    }
    let rules = plain!(profiles).chain(plain!(calendars)).chain(plain!(plans));
    let places = plain!(sites).chain(plain!(classes));
    agencies.chain(places).chain(rules).chain(tenants).chain(environments).filter_map(by_hand)
}

impl Draft {
    /// An entry that only people write: admission stamped who.
    fn by_hand<K>(object: &K, spec: &impl Serialize, memory: &Memory, agency: Option<String>) -> Option<Self>
    where
        K: Resource<DynamicType = ()>,
    {
        let who = object.annotations().get(labels::CHANGED_BY).cloned();
        Self::registered(object, spec, memory, |entry| AuditEntry {
            agency,
            who: who.unwrap_or_else(|| UNKNOWN.to_owned()),
            ..entry
        })
    }

    /// An entry that the operator writes from papers and people write with a reason.
    fn by_basis<K>(
        object: &K,
        spec: &impl Serialize,
        basis: &Basis,
        memory: &Memory,
        agency: Option<String>,
    ) -> Option<Self>
    where
        K: Resource<DynamicType = ()>,
    {
        if basis.type_ == BasisType::Direct {
            let reason = basis.reason.as_deref().map(clipped);
            return Self::by_hand(object, spec, memory, agency)
                .map(|d| Self { entry: AuditEntry { reason, ..d.entry }, ..d });
        }
        let paper = basis.onboarding_ref.as_ref().map(|paper| format!("Onboarding {}/{}", paper.namespace, paper.name));
        Self::registered(object, spec, memory, |entry| AuditEntry {
            agency,
            who: operator(),
            legal_basis: paper,
            ..entry
        })
    }

    fn registered<K>(
        object: &K,
        spec: &impl Serialize,
        memory: &Memory,
        complete: impl FnOnce(AuditEntry) -> AuditEntry,
    ) -> Option<Self>
    where
        K: Resource<DynamicType = ()>,
    {
        let generation = object.meta().generation.unwrap_or(1);
        let at = if generation == 1 { created(object.meta()) } else { written(object.meta()) };
        let entry = entry(object, Act::Registered, &format!("Registered {generation}"), at);
        // At rest nearly everything is recorded: do not write it all down again to find that out.
        if memory.has(&entry.id) {
            return None;
        }
        let state: Value = json!(spec);
        let before = memory.registered(&entry.object.uid).map(str::to_owned);
        Some(Self { at, entry: complete(AuditEntry { before, after: Some(bounded(state)), ..entry }) })
    }
}
