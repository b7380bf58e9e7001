//! Whether one end reaches another by what should stand: the planned policies of both environments and of every connection
//! that is open, judged by the evaluator. What a network really does with them is its own matter.

use std::net::IpAddr;

use berth_crds::environment::Zone;
use berth_crds::{AddressPlan, ConditionType, Connection, condition};
use ipnet::IpNet;
use jiff::civil::Date;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use super::{namespace_of, render, resolve};
use crate::address;
use crate::desired::{self, Blocked};
use crate::netpol::{Attempt, Blocks, End, Family, Pod, Protocol, Verdict, judge};
use crate::register::Register;

/// An end that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A tenant's namespace.
    Namespace {
        /// The environment.
        environment: String,
        /// The zone, where it is zoned.
        zone: Option<Zone>,
    },
    /// An address outside the cluster.
    Address(IpAddr),
}

/// What is asked.
pub struct Question<'a> {
    /// Who connects.
    pub source: &'a Place,
    /// To whom.
    pub destination: &'a Place,
    /// Transport.
    pub protocol: Protocol,
    /// Port of the destination.
    pub port: u16,
    /// The registers, as far as the ends need them.
    pub register: &'a Register,
    /// The address plan.
    pub addresses: Option<&'a AddressPlan>,
    /// Connections; those that are not open say nothing.
    pub connections: &'a [Connection],
    /// Today.
    pub today: Date,
}

/// The answer in each family.
///
/// # Errors
/// Why the objects of an end cannot be planned.
pub fn reach(question: &Question) -> Result<Vec<(Family, Verdict)>, Blocked> {
    let (mut from, mut policies) = end(question, question.source)?;
    let (mut to, of_destination) = end(question, question.destination)?;
    policies.extend(of_destination);
    policies.extend(openings(question));
    // Any addresses do: between pods labels decide, and both ends have both families.
    for (end, last) in [(&mut from, 1), (&mut to, 2)] {
        if let End::Pod(pod) = end {
            pod.name = format!("pod-{last}");
            pod.addresses =
                vec![IpAddr::from([10, 0, 0, last]), IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(last)])];
        }
    }
    let ask = |family| {
        let (from, to) = (&from, &to);
        let attempt = Attempt { from, to, protocol: question.protocol, port: question.port, family };
        (family, judge(&policies, &attempt, Blocks::OutsideOnly))
    };
    Ok(Family::ALL.map(ask).into())
}

/// An end, and the policies of its namespace.
fn end(question: &Question, place: &Place) -> Result<(End, Vec<NetworkPolicy>), Blocked> {
    let (environment, zone) = match place {
        Place::Address(address) => return Ok((End::Outside(*address), Vec::new())),
        Place::Namespace { environment, zone } => (environment, *zone),
    };
    let register = question.register;
    let seen = register.environments.get(environment);
    let name = namespace_of(environment, zone, seen.map(AsRef::as_ref));
    let missing = || Blocked {
        reason: berth_crds::Reason::MissingReference,
        message: format!("There is no namespace {name:?}; see the environment's own list."),
    };
    let environment = seen.ok_or_else(missing)?;
    let tenant = register.tenants.get(&environment.spec.tenant_ref.name);
    let prefix = tenant.and_then(|t| t.status.as_ref()?.prefix.clone());
    let planned = desired::plan(&desired::Input {
        environment,
        tenant: tenant.map(AsRef::as_ref),
        class: register.classes.get(&environment.spec.class_ref.name).map(AsRef::as_ref),
        profile: register.profiles.get(&environment.spec.profile_ref.name).map(AsRef::as_ref),
        system_prefix: prefix.as_deref().and_then(address::parse),
        addresses: question.addresses,
        today: question.today,
    })?;
    let found = planned.namespaces.into_iter().find(|n| n.name == name).ok_or_else(missing)?;
    let pod = Pod {
        namespace: name,
        namespace_labels: found.namespace.metadata.labels.unwrap_or_default(),
        ..Default::default()
    };
    Ok((End::Pod(pod), found.policies))
}

/// What stands for connections. A copy stands for its paper: who reads one of them must see the policy once.
fn openings(question: &Question) -> Vec<NetworkPolicy> {
    let open = |c: &&Connection| {
        let conditions = c.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        condition::is_true(conditions, ConditionType::Open)
    };
    let roots = question.addresses.map(|plan| address::roots(&plan.spec)).unwrap_or_default();
    let numbered: Vec<IpNet> = roots.into_iter().map(IpNet::V6).collect();
    let mut policies: Vec<NetworkPolicy> = Vec::new();
    for connection in question.connections.iter().filter(open) {
        let mut paper = connection.clone();
        if let Some(of) = &connection.spec.counterpart_of {
            paper.metadata.name = Some(of.name.clone());
            paper.metadata.namespace = Some(of.namespace.clone());
        }
        let Ok(ends) = resolve(&paper.spec, question.register) else { continue };
        for policy in render(&paper, &ends, &numbered) {
            let same = |p: &NetworkPolicy| {
                (&p.metadata.namespace, &p.metadata.name) == (&policy.metadata.namespace, &policy.metadata.name)
            };
            if !policies.iter().any(same) {
                policies.push(policy);
            }
        }
    }
    policies
}
