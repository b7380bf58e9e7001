//! What would be violated if a running namespace were taken over as it is. Nothing is restarted by that: quota, limits and
//! levels hold for pods that start, policies of the network at once.

use berth_crds::Environment;
use berth_crds::back_ends;
use berth_crds::connection::{ConnectionEnd, ConnectionState};
use berth_crds::environment::AdoptedNamespace;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::{Resource, ResourceExt};

use super::{Seen, need, obstacles};
use crate::desired::DesiredNamespace;

/// When something comes to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum When {
    /// It is not taken over at all.
    Refused,
    /// As soon as it is taken over.
    AtOnce,
    /// When a pod starts anew; what runs goes on.
    NextStart,
    /// It stays beside the rules until somebody takes it away: nothing of others is written or deleted.
    Stays,
}

impl When {
    /// The word of tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "Refused",
            Self::AtOnce => "AtOnce",
            Self::NextStart => "NextStart",
            Self::Stays => "Stays",
        }
    }
}

/// One thing that would be violated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Finding {
    /// When.
    pub when: When,
    /// What it is about: `Pod/web-0`.
    pub object: String,
    /// What is so, and what follows.
    pub message: String,
}

impl Finding {
    pub(super) fn new(when: When, object: impl Into<String>, message: impl Into<String>) -> Self {
        Self { when, object: object.into(), message: message.into() }
    }
}

/// Everything that would be violated, in the order in which it comes to bear.
pub fn report(
    environment: &Environment,
    wish: &AdoptedNamespace,
    desired: &DesiredNamespace,
    seen: &Seen,
) -> Vec<Finding> {
    let mut all = Vec::new();
    let namespace = format!("Namespace/{}", seen.namespace.name_any());
    all.extend(
        obstacles(environment, wish, &seen.namespace).into_iter().map(|w| Finding::new(When::Refused, &namespace, w)),
    );
    all.extend(names_taken(desired, seen));
    all.push(traffic(environment, desired, seen));
    let warned =
        |w: &String| Finding::new(When::NextStart, format!("Namespace/{}", seen.namespace.name_any()), w.clone());
    all.extend(seen.pod_security.iter().map(warned));
    all.extend(need::over(desired, seen));
    all.extend(seen.pods.iter().filter(|pod| need::counts(pod)).flat_map(of_pod));
    all.extend(keys(
        &namespace,
        seen.namespace.annotations().keys().chain(seen.namespace.labels().keys()),
        When::Stays,
    ));
    all.extend(seen.services.iter().flat_map(of_service));
    all.extend(beside(seen));
    all.sort();
    all
}

/// What has a name that we give our own: it would be written over.
fn names_taken(desired: &DesiredNamespace, seen: &Seen) -> Vec<Finding> {
    fn taken<K: Resource<DynamicType = ()>>(ours: &[K], found: &[K]) -> Vec<Finding> {
        let clash = |o: &&K| ours.iter().any(|our| our.name_any() == o.name_any());
        let told = |o: &K| {
            let message = "It has a name that Berth gives an object of its own, and would be written over: rename it.";
            Finding::new(When::Refused, named(o), message)
        };
        found.iter().filter(clash).map(told).collect()
    }
    [
        taken(std::slice::from_ref(&desired.quota), &seen.quotas),
        taken(std::slice::from_ref(&desired.limits), &seen.limits),
        taken(&desired.policies, &seen.policies),
        taken(&desired.access, &seen.bindings),
        // `default` is everybody's, and ours only in part.
        taken(&desired.accounts, &seen.accounts).into_iter().filter(|f| f.object != "ServiceAccount/default").collect(),
    ]
    .concat()
}

/// What the network does from the first moment. Which flows there are nobody here can know: only what stays open is known.
fn traffic(environment: &Environment, desired: &DesiredNamespace, seen: &Seen) -> Finding {
    let both = desired
        .policies
        .iter()
        .any(|p| p.spec.iter().flat_map(|s| s.policy_types.iter().flatten()).any(|t| t == "Egress"));
    let what = if both { "comes in or goes out" } else { "comes in" };
    let name = environment.name_any();
    let of = |end: &ConnectionEnd| {
        end.environment.as_ref().is_some_and(|e| e.environment_ref.name == name && e.zone == desired.zone)
    };
    let open: Vec<String> = seen
        .connections
        .iter()
        .filter(|c| {
            c.status.as_ref().and_then(|s| s.summary.as_ref()).is_some_and(|s| s.state == ConnectionState::Open)
        })
        .filter(|c| of(&c.spec.source) || of(&c.spec.destination))
        .map(|c| format!("{}/{}", c.namespace().unwrap_or_default(), c.name_any()))
        .collect();
    let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
    let message = format!(
        "Nothing {what} any more but inside the environment and by open Connections ({open}). Flows that there are now are \
         not known here: ask for each before, with `berth conn request`."
    );
    Finding::new(When::AtOnce, format!("Namespace/{}", desired.name), message)
}

fn named<K: Resource<DynamicType = ()>>(object: &K) -> String {
    format!("{}/{}", K::kind(&()), object.name_any())
}

/// What a pod does that its next start may not.
fn of_pod(pod: &Pod) -> Vec<Finding> {
    let object = named(pod);
    let mut all = keys(&object, pod.annotations().keys().chain(pod.labels().keys()), When::NextStart);
    let Some(spec) = &pod.spec else { return all };
    let mut say = |message: String| all.push(Finding::new(When::NextStart, &object, message));
    if spec.host_network == Some(true) {
        say("It runs in the node's network (`hostNetwork`): refused at its next start, and no policy selects it."
            .into());
    }
    let ports = spec.containers.iter().flat_map(|c| c.ports.iter().flatten()).filter_map(|p| p.host_port);
    for port in ports.filter(|port| *port != 0 && spec.host_network != Some(true)) {
        say(format!("It takes port {port} of its node (`hostPort`): no policy sees who comes in by it."));
    }
    let account = spec.service_account_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
    if account == "default" && spec.automount_service_account_token.is_none() {
        say("It gets no token of the API server after its next start, unless its manifest asks for one \
             (`automountServiceAccountToken: true`)."
            .into());
    }
    all
}

/// Keys by which an object chooses its own address or network.
fn keys<'a>(object: &str, keys: impl Iterator<Item = &'a String>, when: When) -> Vec<Finding> {
    let chosen = |key: &'a String| {
        let by = back_ends::ALL.iter().find(|b| b.keys.iter().any(|k| k.matches(key)))?;
        let follows = if when == When::NextStart { "it is refused at its next start" } else { "it stays as it is" };
        Some(Finding::new(
            when,
            object,
            format!("Key `{key}` chooses addresses or networks of {}: {follows}.", by.title),
        ))
    };
    keys.filter_map(chosen).collect()
}

fn of_service(service: &Service) -> Vec<Finding> {
    let object = named(service);
    let mut all = keys(&object, service.annotations().keys().chain(service.labels().keys()), When::Stays);
    let Some(spec) = &service.spec else { return all };
    let mut say = |what: String| {
        let message = format!(
            "{what}: it goes on, and is refused when it is made anew. What is reached from outside is granted by a Connection."
        );
        all.push(Finding::new(When::Stays, &object, message));
    };
    if let Some(type_) = spec.type_.as_deref().filter(|t| matches!(*t, "LoadBalancer" | "NodePort")) {
        say(format!("It is of type {type_}"));
    }
    let external = spec.external_ips.as_deref().unwrap_or_default();
    if !external.is_empty() {
        say(format!("It catches traffic to {} (`externalIPs`)", external.join(", ")));
    }
    if let Some(address) = spec.load_balancer_ip.as_deref().filter(|a| !a.is_empty()) {
        say(format!("It chooses the address {address} (`loadBalancerIP`)"));
    }
    all
}

/// What others have put into the namespace that speaks against the environment's own rules.
fn beside(seen: &Seen) -> Vec<Finding> {
    let stays = |object: String, message: String| Finding::new(When::Stays, object, message);
    let mut all = Vec::new();
    for quota in &seen.quotas {
        all.push(stays(named(quota), "A second quota counts beside the environment's own; with two, more than either may get through. Delete it.".into()));
    }
    for limits in &seen.limits {
        all.push(stays(
            named(limits),
            "Its defaults and bounds hold beside the environment's own. Delete it where they differ.".into(),
        ));
    }
    for policy in &seen.policies {
        all.push(stays(named(policy), "It opens what it opens: policies only add, and no paper speaks of this one. Ask for a Connection, then delete it.".into()));
    }
    for binding in &seen.bindings {
        let who = binding.subjects.iter().flatten().map(|s| format!("{} {:?}", s.kind, s.name));
        let who = who.collect::<Vec<_>>().join(", ");
        all.push(stays(
            named(binding),
            format!(
                "Gives {} to {who}: not of the access list. It can be deleted, and never changed.",
                binding.role_ref.name
            ),
        ));
    }
    for ingress in &seen.ingresses {
        let rules = ingress.spec.iter().flat_map(|s| s.rules.iter().flatten());
        let hosts = rules.map(|r| r.host.clone().unwrap_or_else(|| "any host".into())).collect::<Vec<_>>().join(", ");
        all.push(stays(named(ingress), format!("Serves {hosts}: exposure is granted, not taken, and is closed at once by the default deny unless a Connection opens it.")));
    }
    all
}
