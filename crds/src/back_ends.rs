//! Network back ends and the keys by which a pod, Service or Namespace chooses its own address, network or name.
//!
//! A CNI takes the pod's word before the namespace's: on Cilium a pod of one tenant ran with an address of another
//! tenant's prefix because its annotation named that pool (measured). So tenants write none of these keys.

/// How a key of a back end is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// This key.
    Exact(&'static str),
    /// Every key that begins so.
    Prefix(&'static str),
    /// Every key that ends so: templates such as `<network>.<namespace>.ovn.kubernetes.io/ip_pool`.
    Suffix(&'static str),
}

impl Key {
    /// A key that a hostile manifest carries.
    pub fn sample(self) -> String {
        match self {
            Self::Exact(key) => key.to_owned(),
            Self::Prefix(prefix) => format!("{prefix}pool"),
            Self::Suffix(suffix) => format!("net1.default.ovn{suffix}"),
        }
    }

    /// Whether a key is one of these.
    pub fn matches(self, key: &str) -> bool {
        match self {
            Self::Exact(exact) => key == exact,
            Self::Prefix(prefix) => key.starts_with(prefix),
            Self::Suffix(suffix) => key.ends_with(suffix),
        }
    }

    /// As the book writes it.
    pub fn shown(self) -> String {
        match self {
            Self::Exact(key) => key.to_owned(),
            Self::Prefix(prefix) => format!("{prefix}*"),
            Self::Suffix(suffix) => format!("*{suffix}"),
        }
    }
}

/// One network back end.
#[derive(Clone, Copy, Debug)]
pub struct BackEnd {
    /// Its name in messages.
    pub title: &'static str,
    /// Its name in chart values and CEL.
    pub id: &'static str,
    /// Keys that choose addresses, pools, networks or names.
    pub keys: &'static [Key],
    /// Its own accounts, where its documentation installs it; chart value `guards.networkIdentities.<id>`.
    pub identities: &'static [&'static str],
}

use Key::{Exact, Prefix, Suffix};

/// All back ends; the keys are those of the back ends' own sources, listed by the reference on IPv6.
pub const ALL: &[BackEnd] = &[
    BackEnd {
        title: "Calico",
        id: "calico",
        keys: &[
            Exact("cni.projectcalico.org/ipv4pools"),
            Exact("cni.projectcalico.org/ipv6pools"),
            Exact("cni.projectcalico.org/ipAddrs"),
            Exact("cni.projectcalico.org/ipAddrsNoIpam"),
            Exact("cni.projectcalico.org/floatingIPs"),
            Exact("cni.projectcalico.org/ipFamilies"),
            Exact("projectcalico.org/ipv4pools"),
            Exact("projectcalico.org/ipv6pools"),
            Exact("projectcalico.org/loadBalancerIPs"),
        ],
        identities: &[
            "system:serviceaccount:calico-system:calico-node",
            "system:serviceaccount:calico-system:calico-cni-plugin",
            "system:serviceaccount:calico-system:calico-kube-controllers",
            "system:serviceaccount:kube-system:calico-node",
            "system:serviceaccount:kube-system:calico-cni-plugin",
            "system:serviceaccount:kube-system:calico-kube-controllers",
        ],
    },
    BackEnd {
        title: "Cilium",
        id: "cilium",
        keys: &[
            Prefix("ipam.cilium.io/"),
            Exact("config.cilium.io/delegate-source-ip-verification"),
            Exact("config.cilium.io/disable-source-ip-verification"),
            Exact("lbipam.cilium.io/ips"),
            Exact("lbipam.cilium.io/sharing-key"),
            Exact("lbipam.cilium.io/sharing-cross-namespace"),
            Exact("io.cilium/lb-ipam-ips"),
            Exact("io.cilium/lb-ipam-sharing-key"),
            Exact("io.cilium/lb-ipam-sharing-cross-namespace"),
        ],
        identities: &["system:serviceaccount:kube-system:cilium", "system:serviceaccount:kube-system:cilium-operator"],
    },
    BackEnd {
        title: "Kube-OVN",
        id: "kubeOvn",
        keys: &[
            Suffix(".kubernetes.io/logical_switch"),
            Suffix(".kubernetes.io/ip_address"),
            Suffix(".kubernetes.io/ip_pool"),
            Suffix(".kubernetes.io/cidr"),
            Suffix(".kubernetes.io/gateway"),
            Suffix(".kubernetes.io/mac_address"),
            Exact("ovn.kubernetes.io/logical_switch"),
            Exact("ovn.kubernetes.io/ip_address"),
            Exact("ovn.kubernetes.io/ip_pool"),
            Exact("ovn.kubernetes.io/cidr"),
            Exact("ovn.kubernetes.io/gateway"),
            Exact("ovn.kubernetes.io/mac_address"),
        ],
        identities: &[
            "system:serviceaccount:kube-system:ovn",
            "system:serviceaccount:kube-system:kube-ovn-cni",
            "system:serviceaccount:kube-system:kube-ovn-app",
        ],
    },
    BackEnd {
        title: "OVN-Kubernetes",
        id: "ovnKubernetes",
        keys: &[Prefix("k8s.ovn.org/")],
        identities: &[
            "system:serviceaccount:ovn-kubernetes:ovnkube-cluster-manager",
            "system:serviceaccount:ovn-kubernetes:ovnkube-master",
            "system:serviceaccount:ovn-kubernetes:ovnkube-node",
        ],
    },
    BackEnd {
        title: "Spiderpool",
        id: "spiderpool",
        keys: &[Prefix("ipam.spidernet.io/")],
        identities: &[
            "system:serviceaccount:kube-system:spiderpool-agent",
            "system:serviceaccount:kube-system:spiderpool-controller",
        ],
    },
    BackEnd {
        title: "Antrea",
        id: "antrea",
        keys: &[Exact("ipam.antrea.io/ippools"), Exact("ipam.antrea.io/pod-ips")],
        identities: &[
            "system:serviceaccount:kube-system:antrea-agent",
            "system:serviceaccount:kube-system:antrea-controller",
        ],
    },
    BackEnd {
        title: "Multus",
        id: "multus",
        keys: &[Exact("k8s.v1.cni.cncf.io/networks"), Exact("v1.multus-cni.io/default-network")],
        identities: &["system:serviceaccount:kube-system:multus"],
    },
    BackEnd {
        title: "MetalLB",
        id: "metallb",
        keys: &[
            Exact("metallb.io/address-pool"),
            Exact("metallb.io/loadBalancerIPs"),
            Exact("metallb.io/allow-shared-ip"),
            Exact("metallb.universe.tf/address-pool"),
            Exact("metallb.universe.tf/loadBalancerIPs"),
            Exact("metallb.universe.tf/allow-shared-ip"),
        ],
        identities: &[
            "system:serviceaccount:metallb-system:controller",
            "system:serviceaccount:metallb-system:speaker",
        ],
    },
    // It makes records in DNS: a name is taken there like an address.
    BackEnd {
        title: "ExternalDNS",
        id: "externalDns",
        keys: &[Prefix("external-dns.alpha.kubernetes.io/")],
        identities: &["system:serviceaccount:external-dns:external-dns"],
    },
];
