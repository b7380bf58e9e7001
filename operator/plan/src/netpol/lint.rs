//! Policies in pairs. A rule with a block of one family leaves the other family open or shut by accident (cilium #22610,
//! aws-network-policy-agent #55): each rule has blocks of both families, or its policy says why there are none.

use std::collections::BTreeSet;

use berth_crds::labels::{NO_IPV4, NO_IPV6};
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicy, NetworkPolicyPeer};
use kube::ResourceExt;

use super::{Family, full_name};

/// One defect.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// `namespace/name`.
    pub policy: String,
    /// Where: `spec.egress[0].to`.
    pub field: String,
    /// What, and what to do.
    pub message: String,
}

/// Judges everything that is rendered. `tenants` are the prefixes from which tenants are numbered.
pub fn lint(policies: &[NetworkPolicy], tenants: &[IpNet]) -> Vec<Finding> {
    policies.iter().flat_map(|policy| of(policy, tenants)).collect()
}

fn of(policy: &NetworkPolicy, tenants: &[IpNet]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |field: &str, message: String| {
        findings.push(Finding { policy: full_name(policy), field: field.to_owned(), message });
    };
    let mut used: BTreeSet<Family> = BTreeSet::new();
    for (field, peers) in peers(policy) {
        let blocks: Vec<&IPBlock> = peers.iter().filter_map(|p| p.ip_block.as_ref()).collect();
        for block in &blocks {
            defects(block, tenants).into_iter().for_each(|message| say(&field, message));
        }
        let families: BTreeSet<Family> = blocks.iter().filter_map(|b| net(&b.cidr)).map(family).collect();
        used.extend(&families);
        for missing in Family::ALL.into_iter().filter(|f| !families.is_empty() && !families.contains(f)) {
            if reason(policy, missing).is_none() {
                say(
                    &field,
                    format!(
                        "has no block for {missing:?}; add one, or say why there is none in annotation `{}`.",
                        key(missing)
                    ),
                );
            }
        }
    }
    for family in Family::ALL {
        let field = format!("metadata.annotations[{}]", key(family));
        match policy.annotations().get(key(family)) {
            Some(why) if why.trim().is_empty() => say(&field, "is empty; say why there is none.".into()),
            Some(_) if used.contains(&family) => {
                say(&field, format!("says that there is no {family:?}, and a rule has it."))
            }
            _ => {}
        }
    }
    findings
}

fn key(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => NO_IPV4,
        Family::Ipv6 => NO_IPV6,
    }
}

fn reason(policy: &NetworkPolicy, family: Family) -> Option<&String> {
    policy.annotations().get(key(family)).filter(|why| !why.trim().is_empty())
}

/// Peers of every rule with the field that holds them.
fn peers(policy: &NetworkPolicy) -> Vec<(String, &[NetworkPolicyPeer])> {
    let Some(spec) = &policy.spec else { return Vec::new() };
    let from = spec.ingress.iter().flatten().enumerate();
    let from = from.map(|(i, r)| (format!("spec.ingress[{i}].from"), r.from.as_deref().unwrap_or_default()));
    let to = spec.egress.iter().flatten().enumerate();
    let to = to.map(|(i, r)| (format!("spec.egress[{i}].to"), r.to.as_deref().unwrap_or_default()));
    from.chain(to).collect()
}

/// A block as it must be: in its one spelling, with exceptions inside it, and not over tenants (between them labels decide:
/// Cilium matches no pod by address, and a prefix that moves to another agency must not take an opening along).
fn defects(block: &IPBlock, tenants: &[IpNet]) -> Vec<String> {
    let Some(whole) = net(&block.cidr) else {
        return vec![format!(
            "{:?} is not a prefix in its one spelling; write it masked and in lower case.",
            block.cidr
        )];
    };
    let mut all = Vec::new();
    let mut cut = Vec::new();
    for except in block.except.iter().flatten() {
        match net(except) {
            Some(inner) if whole.contains(&inner) && inner != whole => cut.push(inner),
            _ => all.push(format!("`except` {except:?} is not a part of {whole}.")),
        }
    }
    for tenant in tenants.iter().filter(|t| whole.contains(*t) || t.contains(&whole)) {
        if !cut.iter().any(|c| c.contains(tenant)) {
            all.push(format!(
                "{whole} meets {tenant}, from which tenants are numbered; except it, and use labels between tenants."
            ));
        }
    }
    all
}

/// A prefix in its one spelling.
fn net(text: &str) -> Option<IpNet> {
    let net: IpNet = text.parse().ok()?;
    (net.trunc() == net && net.to_string() == text).then_some(net)
}

fn family(net: IpNet) -> Family {
    Family::of(net.addr())
}
