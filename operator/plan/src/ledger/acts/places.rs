//! Acts of what was provisioned: namespaces and prefixes.

use berth_crds::address::BlockState;
use berth_crds::audit::{Act, AuditEntry};
use berth_crds::{PrefixBlock, labels};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::json;

use super::{Draft, World, bounded, created, entry, written};

pub fn all(world: &World) -> impl Iterator<Item = Draft> + '_ {
    let namespaces = world.namespaces.iter().map(|n| of_namespace(n));
    namespaces.chain(world.blocks.iter().filter_map(|b| of_block(b, world)))
}

fn of_namespace(namespace: &Namespace) -> Draft {
    let at = created(&namespace.metadata);
    let label = |key| namespace.labels().get(key).cloned();
    let after = json!({"environment": label(labels::ENVIRONMENT), "zone": label(labels::ZONE)});
    let created = entry(namespace, Act::NamespaceCreated, "NamespaceCreated", at);
    Draft { at, entry: AuditEntry { agency: label(labels::AGENCY), after: Some(bounded(after)), ..created } }
}

/// A pending block is nobody's yet: the protocol may take it back.
fn of_block(block: &PrefixBlock, world: &World) -> Option<Draft> {
    // One claim is given a block once; an adoption after a crash is the same giving, a return to quarantine and back by a
    // claim that was made anew is another.
    let claim = &block.spec.claim_ref.uid;
    // Created, then confirmed: what was written after that came back from quarantine.
    let first = block.metadata.generation.is_none_or(|generation| generation <= 2);
    let (act, transition, at) = match block.spec.state {
        BlockState::Pending | BlockState::Releasing => return None,
        BlockState::Confirmed if first => (Act::PrefixGiven, format!("PrefixGiven {claim}"), created(&block.metadata)),
        BlockState::Confirmed => (Act::PrefixGiven, format!("PrefixGiven {claim}"), written(&block.metadata)),
        BlockState::Quarantined => (Act::PrefixReleased, format!("PrefixReleased {claim}"), written(&block.metadata)),
    };
    let after = json!({
        "cidr": block.spec.cidr, "claim": block.spec.claim_ref.name, "quarantineUntil": block.spec.quarantine_until,
    });
    let entry = entry(block, act, &transition, at);
    Some(Draft { at, entry: AuditEntry { agency: holder(block, world), after: Some(bounded(after)), ..entry } })
}

fn holder(block: &PrefixBlock, world: &World) -> Option<String> {
    let claim = &block.spec.claim_ref.name;
    let of_tenant = || world.owner(claim.strip_prefix("tenant-")?);
    claim.strip_prefix("agency-").map(str::to_owned).or_else(of_tenant)
}
