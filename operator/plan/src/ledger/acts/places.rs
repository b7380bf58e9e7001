//! Acts of what was provisioned: namespaces and prefixes.

use berth_crds::address::BlockState;
use berth_crds::audit::{Act, AuditEntry};
use berth_crds::{PrefixBlock, labels, names};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::json;

use super::{Draft, Look, World, bounded, created, entry, written};

pub fn all<'a>(world: &'a World, look: &'a Look) -> impl Iterator<Item = Draft> + 'a {
    let namespaces = world.namespaces.iter().filter(|n| !look.memory.is_settled(&n.metadata));
    let blocks = world.blocks.iter().filter(|b| !look.memory.is_settled(&b.metadata));
    namespaces.filter_map(|n| of_namespace(n, look)).chain(blocks.filter_map(|b| of_block(b, look)))
}

fn of_namespace(namespace: &Namespace, look: &Look) -> Option<Draft> {
    // What was there before its environment was not created for it, and is taken over anew by each environment.
    let adopted = namespace.annotations().contains_key(labels::ADOPT);
    let by = namespace.annotations().get(labels::ENVIRONMENT_UID).map_or("", String::as_str);
    let (act, transition, at) = match adopted {
        true => (Act::NamespaceAdopted, format!("NamespaceAdopted {by}"), written(&namespace.metadata)),
        false => (Act::NamespaceCreated, "NamespaceCreated".to_owned(), created(&namespace.metadata)),
    };
    if !look.open(&namespace.metadata, &transition) {
        return None;
    }
    let label = |key| namespace.labels().get(key).cloned();
    let after = json!({"environment": label(labels::ENVIRONMENT), "zone": label(labels::ZONE)});
    let entry = entry(namespace, act, &transition, at);
    Some(Draft { at, entry: AuditEntry { agency: label(labels::AGENCY), after: Some(bounded(after)), ..entry } })
}

/// A pending block is nobody's yet: the protocol may take it back.
fn of_block(block: &PrefixBlock, look: &Look) -> Option<Draft> {
    // One claim is given a block once; an adoption after a crash is the same giving, a return to quarantine and back by a
    // claim that was made anew is another. A quarantine that is put off is told again.
    let claim = &block.spec.claim_ref.uid;
    // Created, then confirmed: what was written after that came back from quarantine.
    let first = block.metadata.generation.is_none_or(|generation| generation <= 2);
    let until = block.spec.quarantine_until.as_deref().unwrap_or_default();
    let (act, transition) = match block.spec.state {
        BlockState::Pending | BlockState::Releasing => return None,
        BlockState::Confirmed => (Act::PrefixGiven, format!("PrefixGiven {claim}")),
        BlockState::Quarantined => (Act::PrefixReleased, format!("PrefixReleased {claim} {until}")),
    };
    if !look.open(&block.metadata, &transition) {
        return None;
    }
    let given = act == Act::PrefixGiven;
    let at = if given && first { created(&block.metadata) } else { written(&block.metadata) };
    // Everything that a cluster which lost the block needs to take it back in.
    let mut after = json!(block.spec);
    after[super::super::prefixes::CLAIM] = json!(block.spec.claim_ref.name);
    let entry = entry(block, act, &transition, at);
    Some(Draft { at, entry: AuditEntry { agency: holder(block, look), after: Some(bounded(after)), ..entry } })
}

fn holder(block: &PrefixBlock, look: &Look) -> Option<String> {
    let claim = &block.spec.claim_ref.name;
    let of_tenant = || look.owner(names::tenant_of_claim(claim)?);
    names::agency_of_claim(claim).map(str::to_owned).or_else(of_tenant)
}
