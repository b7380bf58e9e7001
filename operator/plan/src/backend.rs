//! Address back ends: what makes a reserved prefix an address of pods and Services (reference: ipv6 §1, measured facts of
//! Cilium).
//!
//! One file per project, all behind [`BackEnd`]. What a project can do here is *discovered* ([`Offers`]), what it did is
//! *seen* ([`Seen`]); from both follow the objects to write, the keys on namespaces, the steps that take away what is no
//! longer wanted, and what `Addressed` says. Another project is one more file and one more line in [`ALL`].

mod calico;
mod cilium;
mod health;
mod metallb;
mod object;
mod offers;
mod plain;
mod retire;
mod seen;

use std::collections::BTreeMap;

use berth_crds::environment::{Exposure, Stage};
use berth_crds::{Environment, Reason};
use ipnet::Ipv6Net;
use serde_json::Value;

use crate::desired::{Desired, DesiredNamespace};
use crate::life;

pub use calico::Calico;
pub use cilium::{Cilium, CiliumServices};
pub use health::{Told, tell};
pub use metallb::MetalLb;
pub use object::{Kind, Object, Scope};
pub use offers::{Families, Offered, Offers, Schema};
pub use plain::Plain;
pub use retire::{Step, namespaces, retire};
pub use seen::{Occupancy, Seen};

/// Every back end. Which of them serve an environment is discovered, in this order.
pub const ALL: &[&dyn BackEnd] = &[&Cilium, &Calico, &MetalLb, &CiliumServices];

/// What a back end gives addresses to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Pods: exactly one back end of the cluster does it.
    Pods,
    /// Services of type LoadBalancer: the first that is offered does it.
    Services,
}

/// What an environment's addresses are planned from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The environment: exposure and lifecycle.
    pub environment: &'a Environment,
    /// Its namespaces with their leaves.
    pub desired: &'a Desired,
    /// Families that its pods shall have.
    pub families: Families,
    /// What the cluster offers.
    pub offers: &'a Offers,
    /// What stands there.
    pub seen: &'a Seen,
}

/// What one back end wants of an environment.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Rendered {
    /// Objects in the order in which they are written.
    pub objects: Vec<Object>,
    /// Annotations by namespace.
    pub annotations: Annotations,
}

/// Annotations by namespace.
pub type Annotations = BTreeMap<String, BTreeMap<String, String>>;

/// Why a back end cannot carry the plan: a sentence with object, value and what to do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unfit(pub String);

/// What a back end reports about one of our objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It serves the addresses.
    Serving,
    /// It has not said anything yet; the text says what is missing.
    Pending(String),
    /// It says that it cannot.
    Fault(String),
}

/// Whether addresses of an object are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Nothing uses it any more.
    Free,
    /// Something does; the text says what.
    InUse(String),
}

/// One project that gives addresses.
pub trait BackEnd: Sync {
    /// Name for people.
    fn name(&self) -> &'static str;
    /// What it gives addresses to.
    fn role(&self) -> Role;
    /// Kinds that it writes, in the order of writing. Pools come before what announces them.
    fn writes(&self) -> &'static [Kind];
    /// Kinds that it only reads.
    fn reads(&self) -> &'static [Kind];
    /// Keys on namespaces that are its own to set and to remove.
    fn keys(&self) -> &'static [&'static str];
    /// Whether the cluster offers it and uses it.
    fn offered(&self, offers: &Offers, seen: &Seen) -> bool;
    /// Annotations that a tenant namespace has from its creation, whatever else becomes of the plan.
    fn guard(&self, _namespace: &DesiredNamespace) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    /// The objects of an environment, or why there can be none. All of it or nothing: half a plan gives foreign addresses.
    fn render(&self, input: &Input) -> Result<Rendered, Unfit>;
    /// What the project says about an object that we wrote.
    fn health(&self, wanted: &Object, stands: &Value, input: &Input) -> Health;
    /// Merge patch that keeps new users away; `None` when nothing is left to say.
    fn stop(&self, stands: &Value) -> Option<Value>;
    /// Whether anything still uses an object.
    fn used(&self, stands: &Value, seen: &Seen) -> Usage;
}

/// Everything about the addresses of one environment.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Plan {
    /// Objects in the order in which they are written.
    pub objects: Vec<Object>,
    /// Annotations by namespace; our other keys are removed.
    pub annotations: Annotations,
    /// What `Addressed` says before the objects are looked at.
    pub unfit: Option<Unfit>,
    /// Which back end serves which objects, for health.
    #[serde(skip)]
    pub serving: Vec<&'static str>,
}

/// Plans the addresses of an environment. Total: what cannot be served is a value that says why.
pub fn plan(input: &Input) -> Plan {
    // What runs keeps its addresses, and what starts anew beside it gets them from where it always did.
    if !input.environment.spec.adopt.is_empty() {
        return Plan::nothing();
    }
    let chosen = match choose(input.offers, input.seen) {
        Ok(chosen) => chosen,
        Err(unfit) => return refused(input, unfit),
    };
    let mut plan = Plan {
        objects: Vec::new(),
        annotations: guarded(input, &chosen),
        unfit: None,
        serving: chosen.iter().map(|b| b.name()).collect(),
    };
    if life::is_over(input.environment) {
        return plan;
    }
    for back_end in chosen {
        match back_end.render(input).and_then(|r| disjoint(r, input)) {
            Ok(rendered) => {
                plan.objects.extend(rendered.objects);
                for (namespace, keys) in rendered.annotations {
                    plan.annotations.entry(namespace).or_default().extend(keys);
                }
            }
            Err(unfit) => plan.unfit = plan.unfit.or(Some(unfit)),
        }
    }
    plan
}

/// Two projects that both give pods addresses: whichever we write to, the other may serve them.
fn refused(input: &Input, unfit: Unfit) -> Plan {
    let annotations = guarded(input, &offered(input.offers, input.seen, Role::Pods));
    Plan { objects: Vec::new(), annotations, unfit: Some(unfit), serving: Vec::new() }
}

fn guarded(input: &Input, chosen: &[&'static dyn BackEnd]) -> Annotations {
    let keys = |n: &DesiredNamespace| chosen.iter().flat_map(|b| b.guard(n)).collect::<BTreeMap<_, _>>();
    input.desired.namespaces.iter().map(|n| (n.name.clone(), keys(n))).filter(|(_, k)| !k.is_empty()).collect()
}

fn offered(offers: &Offers, seen: &Seen, role: Role) -> Vec<&'static dyn BackEnd> {
    ALL.iter().copied().filter(|b| b.role() == role && b.offered(offers, seen)).collect()
}

fn choose(offers: &Offers, seen: &Seen) -> Result<Vec<&'static dyn BackEnd>, Unfit> {
    let mut chosen = offered(offers, seen, Role::Pods);
    if let [first, second, ..] = chosen.as_slice() {
        return Err(Unfit(format!(
            "{} and {} both offer addresses to pods; remove the CRDs of the one that is not the cluster's network.",
            first.name(),
            second.name()
        )));
    }
    chosen.extend(offered(offers, seen, Role::Services).first());
    if chosen.is_empty() {
        chosen.push(&Plain);
    }
    Ok(chosen)
}

/// No project refuses a pool that overlaps another one before it does harm (Cilium never, Calico and MetalLB afterwards), so
/// we do.
fn disjoint(rendered: Rendered, input: &Input) -> Result<Rendered, Unfit> {
    for object in &rendered.objects {
        for prefix in object.prefixes() {
            if let Some(other) = input.seen.overlapping(prefix, object) {
                return Err(Unfit(format!("{prefix} overlaps {other}; take one of the two away.")));
            }
        }
    }
    Ok(rendered)
}

/// The back end that writes a kind.
pub fn of_kind(kind: &Kind) -> Option<&'static dyn BackEnd> {
    ALL.iter().copied().find(|b| b.writes().contains(kind))
}

/// Every kind that some back end writes or reads, once.
pub fn kinds() -> Vec<Kind> {
    let mut all: Vec<Kind> = ALL.iter().flat_map(|b| b.writes().iter().chain(b.reads())).copied().collect();
    all.sort();
    all.dedup();
    all
}

/// Every key on namespaces that is ours to set and to remove.
pub fn keys() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|b| b.keys().iter().copied())
}

/// The namespace that may be reached from outside: the only one, or the dmz.
fn exposed<'a>(input: &Input<'a>) -> Option<&'a DesiredNamespace> {
    // What is stopped is not reached from outside.
    let open = input.desired.stage == Stage::Active;
    let open =
        open && input.environment.spec.exposure.iter().any(|e| matches!(e, Exposure::Internet | Exposure::Tslcd));
    let outside = |n: &&DesiredNamespace| n.zone.is_none_or(|z| z == berth_crds::environment::Zone::Dmz);
    input.desired.namespaces.iter().find(outside).filter(|_| open)
}

/// Leaf of the environment for load balancers.
fn services_leaf(desired: &Desired) -> Result<Ipv6Net, Unfit> {
    let leaf = desired.services.as_deref().and_then(crate::address::parse);
    leaf.ok_or_else(|| Unfit(format!("The address plan cuts no leaf for load balancers from {}.", desired.prefix)))
}

/// Leaf of a namespace's pods.
fn pods_leaf(namespace: &DesiredNamespace) -> Result<Ipv6Net, Unfit> {
    crate::address::parse(&namespace.prefix)
        .ok_or_else(|| Unfit(format!("Namespace {:?} has no leaf for pods.", namespace.name)))
}

impl Plan {
    /// The plan of an environment of which nothing is left.
    pub fn nothing() -> Self {
        Self { objects: Vec::new(), annotations: BTreeMap::new(), unfit: None, serving: Vec::new() }
    }

    /// What `Addressed` says, now that the objects that stand there are known.
    pub fn told(&self, input: &Input) -> Told {
        if !input.environment.spec.adopt.is_empty() {
            return Told::plainly(Reason::AddressesKept);
        }
        if let Some(Unfit(why)) = &self.unfit {
            return Told::new(Reason::BackEndUnfit, why.clone());
        }
        health::told(self, input)
    }
}
