//! The policies of a connection: one object on each side that needs one. Between environments peers are labels; `ipBlock` is
//! for ends outside the cluster alone, always for both families or with the reason why not (ipv6 §1.7; measured on Cilium:
//! it matches no pod by address, and a labelled rule matches no outside host).

use std::collections::BTreeMap;

use berth_crds::connection::{ConnectionPort, FamilyEnd, OutsideEnd, OutsideKind};
use berth_crds::{Connection, labels, names};
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::{End, Ends, Side};

/// IPv4 space that is not the Internet: RFC 1122, 1918, 3927, 5771, 6598. Pods of other tenants have addresses in it.
const NOT_INTERNET: [&str; 8] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
];
/// The whole IPv4 Internet, before [`NOT_INTERNET`] is taken out.
const INTERNET_IPV4: &str = "0.0.0.0/0";
/// Global unicast (RFC 4291 §2.4 as allocated by IANA): all that the IPv6 Internet is numbered from.
const INTERNET_IPV6: &str = "2000::/3";

/// What should stand of an opening, on both sides. `numbered` are the prefixes from which tenants are numbered.
///
/// A side whose leaving traffic is not denied gets no policy: it would isolate the namespace and close everything else.
pub fn render(connection: &Connection, ends: &Ends, numbered: &[IpNet]) -> Vec<NetworkPolicy> {
    let ports = || Some(connection.spec.ports.iter().map(port).collect());
    let mut policies = Vec::new();
    if let End::Inside(side) = &ends.destination {
        let rule = NetworkPolicyIngressRule { from: Some(peers(&ends.source, numbered)), ports: ports() };
        let spec = NetworkPolicySpec { ingress: Some(vec![rule]), ..spec("Ingress") };
        policies.push(NetworkPolicy { metadata: metadata(connection, side, &ends.source), spec: Some(spec) });
    }
    if let End::Inside(side) = &ends.source
        && side.leaving_denied
    {
        let rule = NetworkPolicyEgressRule { to: Some(peers(&ends.destination, numbered)), ports: ports() };
        let spec = NetworkPolicySpec { egress: Some(vec![rule]), ..spec("Egress") };
        policies.push(NetworkPolicy { metadata: metadata(connection, side, &ends.destination), spec: Some(spec) });
    }
    policies
}

fn spec(direction: &str) -> NetworkPolicySpec {
    NetworkPolicySpec {
        pod_selector: Some(LabelSelector::default()),
        policy_types: Some(vec![direction.to_owned()]),
        ..Default::default()
    }
}

fn port(port: &ConnectionPort) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(port.protocol.as_str().into()),
        port: Some(IntOrString::Int(port.port)),
        end_port: port.end_port,
    }
}

fn metadata(connection: &Connection, side: &Side, peer: &End) -> ObjectMeta {
    let namespace = connection.namespace().unwrap_or_default();
    let agency = names::agency_of_namespace(&namespace).unwrap_or(&namespace);
    let mut own = BTreeMap::from([
        (labels::MANAGED_BY.to_owned(), labels::OPERATOR.to_owned()),
        (labels::PART_OF.to_owned(), labels::BERTH.to_owned()),
        (labels::TENANT.to_owned(), side.tenant.name_any()),
        (labels::ENVIRONMENT.to_owned(), side.environment.name_any()),
        (labels::CONNECTION.to_owned(), connection.uid().unwrap_or_default()),
    ]);
    if let Some(zone) = side.zone {
        own.insert(labels::ZONE.into(), zone.as_str().into());
    }
    let mut annotations =
        BTreeMap::from([(labels::PAPER.to_owned(), format!("{namespace}/{}", connection.name_any()))]);
    if let End::Outside(outside) = peer {
        let families = [(labels::NO_IPV4, &outside.ipv4), (labels::NO_IPV6, &outside.ipv6)];
        let none = |family: &FamilyEnd| family.none.clone();
        annotations.extend(families.into_iter().filter_map(|(key, f)| Some((key.to_owned(), none(f.as_ref()?)?))));
    }
    ObjectMeta {
        name: Some(names::connection_policy(agency, &connection.name_any())),
        namespace: Some(side.namespace.clone()),
        labels: Some(own),
        annotations: Some(annotations),
        ..Default::default()
    }
}

fn peers(end: &End, numbered: &[IpNet]) -> Vec<NetworkPolicyPeer> {
    match end {
        End::Inside(side) => vec![labelled(side)],
        End::Outside(outside) if outside.kind == OutsideKind::Internet => internet(numbered),
        End::Outside(outside) => named(outside),
    }
}

fn labelled(side: &Side) -> NetworkPolicyPeer {
    let mut wanted = BTreeMap::from([(labels::ENVIRONMENT.to_owned(), side.environment.name_any())]);
    if let Some(zone) = side.zone {
        wanted.insert(labels::ZONE.into(), zone.as_str().into());
    }
    let selector = LabelSelector { match_labels: Some(wanted), ..Default::default() };
    NetworkPolicyPeer { namespace_selector: Some(selector), ..Default::default() }
}

fn block(cidr: &str, except: Vec<String>) -> NetworkPolicyPeer {
    let except = (!except.is_empty()).then_some(except);
    NetworkPolicyPeer { ip_block: Some(IPBlock { cidr: cidr.into(), except }), ..Default::default() }
}

fn named(outside: &OutsideEnd) -> Vec<NetworkPolicyPeer> {
    super::check::blocks(outside).map(|cidr| block(cidr, Vec::new())).collect()
}

fn internet(numbered: &[IpNet]) -> Vec<NetworkPolicyPeer> {
    let ours = numbered.iter().filter(|net| matches!(net, IpNet::V6(_))).map(ToString::to_string).collect();
    vec![block(INTERNET_IPV4, NOT_INTERNET.map(String::from).to_vec()), block(INTERNET_IPV6, ours)]
}
