//! Ends of a connection.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Address families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// Family of an address; an IPv4-mapped one (RFC 4291 §2.5.5.2) is IPv4 on the wire.
    pub fn of(address: IpAddr) -> Self {
        if address.to_canonical().is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }
}

/// Transports that NetworkPolicy knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The text in a policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// Whether an `ipBlock` matches pods by their addresses, which the API leaves to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// It does (the upstream scenarios; Calico).
    MatchPods,
    /// Only ends outside the cluster (Cilium, measured).
    OutsideOnly,
}

/// A named port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPort {
    /// Name.
    pub name: String,
    /// Transport.
    pub protocol: Protocol,
    /// Number.
    pub port: u16,
}

/// A pod on the cluster network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Labels of the namespace; `kubernetes.io/metadata.name` is added by the API server to every one.
    pub namespace_labels: BTreeMap<String, String>,
    /// Name.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Addresses, at most one of each family.
    pub addresses: Vec<IpAddr>,
    /// Named ports.
    pub ports: Vec<NamedPort>,
}

/// One end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A pod. Pods on the host's network are not: no selector ever picks them, they are [`End::Outside`].
    Pod(Pod),
    /// An address outside of the pod network.
    Outside(IpAddr),
    /// The node on which the other end runs.
    OwnNode(IpAddr),
}

impl End {
    /// Address in a family.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        let all: &[IpAddr] = match self {
            Self::Pod(pod) => &pod.addresses,
            Self::Outside(address) | Self::OwnNode(address) => std::slice::from_ref(address),
        };
        all.iter().find(|a| Family::of(**a) == family).copied()
    }
}
