//! Acts of registers: each generation of an entry that is seen, by hand or by a paper.

use berth_crds::audit::{Act, AuditEntry};
use berth_crds::common::{Basis, BasisType};
use berth_crds::labels;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Draft, Look, UNKNOWN, World, bounded, clipped, created, entry, mark, operator, written};

pub fn all<'a>(world: &'a World, look: &'a Look) -> impl Iterator<Item = Draft> + 'a {
    macro_rules! unsettled {
        ($field:ident) => {
            world.$field.iter().filter(|o| !look.memory.is_settled(&o.metadata))
        };
    }
    macro_rules! plain {
        ($field:ident) => {
            unsettled!($field).map(|o| Draft::by_hand(o.as_ref(), &o.spec, look, None))
        };
    }
    let agencies = unsettled!(agencies).map(|o| Draft::by_hand(o.as_ref(), &o.spec, look, Some(o.name_any())));
    let tenants = unsettled!(tenants).map(|o| {
        let owner = Some(o.spec.agency_ref.name.clone());
        Draft::by_basis(o.as_ref(), &o.spec, &o.spec.basis, look, owner)
    });
    let environments = unsettled!(environments).map(|o| {
        let owner = look.owner(&o.spec.tenant_ref.name);
        Draft::by_basis(o.as_ref(), &o.spec, &o.spec.basis, look, owner)
    });
    let rules = plain!(profiles).chain(plain!(calendars)).chain(plain!(plans));
    let places = plain!(sites).chain(plain!(classes));
    agencies.chain(places).chain(rules).chain(tenants).chain(environments).flatten()
}

/// From when an entry by papers counts: from the date of the document that decided, the latest of several, however late
/// it was entered here.
fn by_document(basis: &Basis, look: &Look) -> Option<String> {
    let documents = basis.decision_uids.iter().filter_map(|uid| look.documents.get(uid.as_str()));
    documents.map(|document| document.date.clone()).max()
}

impl Draft {
    /// An entry that only people write: admission stamped who.
    fn by_hand<K>(object: &K, spec: &impl Serialize, look: &Look, agency: Option<String>) -> Option<Self>
    where
        K: Resource<DynamicType = ()>,
    {
        let who = object.annotations().get(labels::CHANGED_BY).cloned();
        Self::registered(object, spec, look, |entry| AuditEntry {
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
        look: &Look,
        agency: Option<String>,
    ) -> Option<Self>
    where
        K: Resource<DynamicType = ()>,
    {
        if basis.type_ == BasisType::Direct {
            let reason = basis.reason.as_deref().map(clipped);
            return Self::by_hand(object, spec, look, agency)
                .map(|d| Self { entry: AuditEntry { reason, ..d.entry }, ..d });
        }
        let paper = basis.onboarding_ref.as_ref().map(|paper| format!("Onboarding {}/{}", paper.namespace, paper.name));
        Self::registered(object, spec, look, |entry| AuditEntry {
            agency,
            who: operator(),
            legal_basis: paper,
            effective_at: by_document(basis, look).unwrap_or(entry.effective_at),
            ..entry
        })
    }

    fn registered<K>(
        object: &K,
        spec: &impl Serialize,
        look: &Look,
        complete: impl FnOnce(AuditEntry) -> AuditEntry,
    ) -> Option<Self>
    where
        K: Resource<DynamicType = ()>,
    {
        let generation = object.meta().generation.unwrap_or(1);
        let state: Value = json!(spec);
        let transition = format!("Registered {generation} {}", mark(&state));
        if !look.open(object.meta(), &transition) {
            return None;
        }
        let at = if generation == 1 { created(object.meta()) } else { written(object.meta()) };
        let entry = entry(object, Act::Registered, &transition, at);
        let before = look.memory.registered(&entry.object.uid).map(str::to_owned);
        Some(Self { at, entry: complete(AuditEntry { before, after: Some(bounded(state)), ..entry }) })
    }
}
