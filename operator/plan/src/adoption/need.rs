//! What runs in a namespace, counted as its quota would count it if everything started anew today.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, Service};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::quantity::{milli, shown};
use super::report::{Finding, When};
use super::seen::Seen;
use crate::desired::DesiredNamespace;

/// Resources of a container that a quota counts, and whether the limits give a default for them.
const COUNTED: [(&str, bool); 3] = [("cpu", true), ("memory", true), ("nvidia.com/gpu", false)];

type Defaults = BTreeMap<String, Quantity>;

/// Whether a pod counts: one that has ended does not start anew.
pub(super) fn counts(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    !matches!(phase, Some("Succeeded" | "Failed"))
}

/// What is more than granted, what is larger than any container may be, and who gets a default.
pub(super) fn over(desired: &DesiredNamespace, seen: &Seen) -> Vec<Finding> {
    let limits = desired.limits.spec.iter().flat_map(|s| &s.limits).find(|l| l.type_ == "Container");
    let of = |map: Option<&Option<Defaults>>| map.cloned().flatten().unwrap_or_default();
    let (asks, most) = (of(limits.map(|l| &l.default_request)), of(limits.map(|l| &l.max)));
    let may = of(limits.map(|l| &l.default));
    let pods: Vec<&Pod> = seen.pods.iter().filter(|pod| counts(pod)).collect();
    let mut all = Vec::new();
    let mut needed: BTreeMap<String, i128> = BTreeMap::new();
    for pod in &pods {
        all.extend(of_containers(pod, &asks, &may, &most));
        for (resource, defaulted) in COUNTED {
            let (asks, may) = if defaulted { (asks.get(resource), may.get(resource)) } else { (None, None) };
            let requests = of_pod(pod, |c| asked(c, resource).or_else(|| limit(c, resource)).or_else(|| asks.cloned()));
            *needed.entry(format!("requests.{resource}")).or_default() += requests;
            *needed.entry(format!("limits.{resource}")).or_default() +=
                of_pod(pod, |c| limit(c, resource).or_else(|| may.cloned()));
        }
    }
    let whole = |n: usize| i128::try_from(n).unwrap_or(i128::MAX / 1000) * 1000;
    let services = |pick: fn(&Service) -> usize| whole(seen.services.iter().map(pick).sum());
    needed.extend([
        ("pods".to_owned(), whole(pods.len())),
        ("persistentvolumeclaims".to_owned(), whole(seen.claims.len())),
        ("requests.storage".to_owned(), storage(seen)),
        ("services".to_owned(), whole(seen.services.len())),
        ("services.loadbalancers".to_owned(), services(|s| usize::from(type_(s) == "LoadBalancer"))),
        ("services.nodeports".to_owned(), services(node_ports)),
    ]);
    all.extend(more_than_granted(desired, &needed));
    all
}

fn more_than_granted(desired: &DesiredNamespace, needed: &BTreeMap<String, i128>) -> Vec<Finding> {
    let hard = desired.quota.spec.as_ref().and_then(|s| s.hard.clone()).unwrap_or_default();
    let told = |(resource, quantity): (&String, &Quantity)| {
        let (granted, needs) = (milli(&quantity.0)?, *needed.get(resource)?);
        let message = format!(
            "{resource}: {} used, {} granted. What is there goes on; nothing that needs more of it starts until less is used.",
            shown(resource, needs),
            shown(resource, granted)
        );
        (needs > granted)
            .then(|| Finding::new(When::NextStart, format!("ResourceQuota/{}", desired.quota.name_any()), message))
    };
    hard.iter().filter_map(told).collect()
}

/// Sum over what runs together, or the largest that runs before it.
fn of_pod(pod: &Pod, amount: impl Fn(&Container) -> Option<Quantity>) -> i128 {
    let Some(spec) = &pod.spec else { return 0 };
    let of = |c: &Container| amount(c).and_then(|q| milli(&q.0)).unwrap_or(0);
    let before = spec.init_containers.as_deref().unwrap_or_default();
    let stays = |c: &&Container| c.restart_policy.as_deref() == Some("Always");
    let together: i128 = spec.containers.iter().chain(before.iter().filter(stays)).map(of).sum();
    before.iter().filter(|c| !stays(c)).map(of).fold(together, i128::max)
}

fn asked(container: &Container, resource: &str) -> Option<Quantity> {
    container.resources.as_ref()?.requests.as_ref()?.get(resource).cloned()
}

fn limit(container: &Container, resource: &str) -> Option<Quantity> {
    container.resources.as_ref()?.limits.as_ref()?.get(resource).cloned()
}

/// Containers that are larger than the limits allow, and those that say nothing.
fn of_containers(pod: &Pod, asks: &Defaults, may: &Defaults, most: &Defaults) -> Vec<Finding> {
    let spec = pod.spec.clone().unwrap_or_default();
    let mut all = Vec::new();
    let object = format!("Pod/{}", pod.name_any());
    for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        for (resource, most) in most {
            let large = limit(container, resource).filter(|q| milli(&q.0) > milli(&most.0));
            let message = large.map(|q| {
                format!(
                    "Container {:?} may use {} {resource}, the most is {}: refused at its next start.",
                    container.name, q.0, most.0
                )
            });
            all.extend(message.map(|m| Finding::new(When::NextStart, &object, m)));
        }
        let silent = |map: &Defaults, get: fn(&Container, &str) -> Option<Quantity>| -> Vec<String> {
            let missing = map.iter().filter(|(resource, _)| get(container, resource).is_none());
            missing.map(|(resource, q)| format!("{} {resource}", q.0)).collect()
        };
        let limits = silent(may, limit);
        // A request that is missing beside a limit is that limit.
        let requests = silent(asks, |c, resource| asked(c, resource).or_else(|| limit(c, resource)));
        for (what, gets) in [("limits", limits), ("requests", requests)] {
            if !gets.is_empty() {
                let message = format!(
                    "Container {:?} has no {what} of its own: at its next start it gets {}.",
                    container.name,
                    gets.join(", ")
                );
                all.push(Finding::new(When::NextStart, &object, message));
            }
        }
    }
    all
}

fn storage(seen: &Seen) -> i128 {
    let asked =
        seen.claims.iter().filter_map(|c| c.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?.get("storage"));
    asked.filter_map(|q| milli(&q.0)).sum()
}

fn type_(service: &Service) -> &str {
    service.spec.as_ref().and_then(|s| s.type_.as_deref()).unwrap_or("ClusterIP")
}

/// Ports of nodes that a Service takes.
fn node_ports(service: &Service) -> usize {
    let takes = matches!(type_(service), "NodePort" | "LoadBalancer");
    let ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
    ports.filter(|p| takes && p.node_port.is_some_and(|n| n != 0)).count()
}
