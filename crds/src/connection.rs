//! Connection: the only opening between an environment and anything else. Immutable, never deleted.

mod status;

pub use status::*;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Document, Identity, NameRef, PaperRef};
use crate::environment::Zone;
use crate::host::EVERY_IS_HOST_NAME;

/// One opening.
#[derive(CustomResource, Clone, Debug, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "Connection", plural = "connections", shortname = "conn",
    namespaced, category = "provincial", status = "ConnectionStatus", derive = "PartialEq",
    selectable = ".spec.requester.username",
    doc = "One opening: who may reach whom, on which ports, until when. Its spec never changes and it is never deleted.",
    validation = Rule::new("self.metadata.name.matches('^conn-[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 63")
        .message("`metadata.name` must begin `conn-`, must not contain a dot and must not exceed 63 characters"),
    validation = Rule::new("self.metadata.name.startsWith('conn-for-') == has(self.spec.counterpartOf)")
        .message("`metadata.name` must begin `conn-for-` exactly when the paper is a counterpart, which only the operator writes"),
    printcolumn(name = "From", type_ = "string", json_path = ".status.from"),
    printcolumn(name = "To", type_ = "string", json_path = ".status.to"),
    printcolumn(name = "Ports", type_ = "string", json_path = ".status.ports"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.summary.state"),
    printcolumn(name = "Holder", type_ = "string", json_path = ".status.summary.holder"),
    printcolumn(name = "Open", type_ = "string", json_path = r#".status.conditions[?(@.type=="Open")].status"#),
    printcolumn(name = "Expires", type_ = "string", json_path = ".spec.expiresAt"),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Open")].reason"#),
    printcolumn(name = "Requester", type_ = "string", json_path = ".spec.requester.username", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: ask for a new Connection and close this one"))]
#[x_kube(validation = Rule::new("self.direction == (has(self.source.outside) ? 'Inbound' : has(self.destination.outside) ? 'Outbound' : 'Between')").message("`direction` must be Inbound from an outside end, Outbound to one, Between two environments"))]
#[x_kube(validation = Rule::new("has(self.source.environment) || has(self.destination.environment)").message("`source` or `destination` must be an environment"))]
#[x_kube(validation = Rule::new("!has(self.source.environment) || !has(self.destination.environment) || self.source.environment.environmentRef.name != self.destination.environment.environmentRef.name").message("`source` and `destination` must be two environments: what is open inside one is the rule set's matter"))]
#[x_kube(validation = Rule::new("!has(self.destination.environment) || !has(self.destination.environment.zone) || self.destination.environment.zone != 'db' || (has(self.source.environment) && has(self.source.environment.zone) && self.source.environment.zone == 'app' && self.source.environment.environmentRef.name.split('-')[0] == self.destination.environment.environmentRef.name.split('-')[0])").message("zone `db` may be reached only from zone `app` of the same tenant"))]
#[x_kube(validation = Rule::new("!has(self.destination.outside) || self.destination.outside.kind != 'Internet'").message("an end of kind Internet must be the `source`: name where a connection goes"))]
#[x_kube(validation = Rule::new("!has(self.source.outside) || self.source.outside.kind == 'Named' || !has(self.destination.environment) || !has(self.destination.environment.zone) || self.destination.environment.zone == 'dmz'").message("only zone `dmz` may be exposed to the Internet or to TSLCD"))]
#[x_kube(validation = Rule::new("!has(self.source.outside) || self.source.outside.kind != 'Internet' || self.ports.all(p, !has(p.endPort))").message("an exposure to the Internet must name each port: `endPort` is for other ends"))]
#[x_kube(validation = Rule::new("!has(self.hostNames) || size(self.hostNames) == 0 || (has(self.source.outside) && self.source.outside.kind != 'Named')").message("`hostNames` may be asked for with an exposure alone: its `source` must be of kind Internet or TSLCD"))]
pub struct ConnectionSpec {
    /// Who connects.
    pub source: ConnectionEnd,
    /// To whom.
    pub destination: ConnectionEnd,
    /// Which way the connection is made, said once more so that swapped ends are noticed.
    pub direction: FlowDirection,
    /// Ports of the destination.
    #[schemars(length(min = 1, max = 16))]
    pub ports: Vec<ConnectionPort>,
    /// Host names of an exposure, whole and in lower case; as long as it is open, Ingresses and routes of the destination may have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new(EVERY_IS_HOST_NAME).message("`hostNames` must be whole DNS names in lower case, such as dichvucong.tinh.example: no wildcard, no address, no final dot"))]
    pub host_names: Vec<String>,
    /// What it is for.
    #[schemars(length(min = 1, max = 1000))]
    pub purpose: String,
    /// When it closes by itself, RFC 3339.
    pub expires_at: Time,
    /// Legal basis of the exchange of data.
    #[schemars(length(min = 1, max = 1000))]
    pub legal_basis: String,
    /// Official letter of the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Document>,
    /// The paper of the asking agency, in the copy that the other owner consents to; only the operator writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart_of: Option<PaperRef>,
    /// Who asked; stamped by admission.
    pub requester: Identity,
    /// Tells a repeat from a second request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[-A-Za-z0-9_.]+$"))]
    pub request_id: Option<String>,
}

/// One end: an environment, or something outside the cluster.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.environment) != has(self.outside)").message("an end must have either `environment` or `outside`"))]
pub struct ConnectionEnd {
    /// An environment, or one zone of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentEnd>,
    /// An end outside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideEnd>,
}

/// An environment, or one zone of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentEnd {
    /// The environment.
    pub environment_ref: NameRef,
    /// The zone; absent exactly when the environment is not zoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

/// A named end outside the cluster. Its addresses are assigned by others: recorded here, never chosen.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.kind == 'Internet' ? !has(self.ipv4) && !has(self.ipv6) : has(self.ipv4) && has(self.ipv6)").message("an end of kind Internet must not have `ipv4` or `ipv6`; every other must have both, each with blocks or with a reason why there are none"))]
#[x_kube(validation = Rule::new("self.kind == 'Internet' || !has(self.ipv4) || !has(self.ipv6) || has(self.ipv4.blocks) || has(self.ipv6.blocks)").message("an outside end must have blocks in at least one family"))]
pub struct OutsideEnd {
    /// What it is.
    pub kind: OutsideKind,
    /// Its name, for people.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Who runs it.
    #[schemars(length(min = 1, max = 300))]
    pub run_by: String,
    /// Its IPv4 addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("!has(self.blocks) || self.blocks.all(c, isCIDR(c) && cidr(c).ip().family() == 4 && cidr(c) == cidr(c).masked() && cidr(c).prefixLength() >= 16 && !['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].exists(r, cidr(r).containsCIDR(cidr(c))))").message("`blocks` of `ipv4` must be masked IPv4 prefixes of /16 or longer, none of them loopback, link-local or multicast"))]
    pub ipv4: Option<FamilyEnd>,
    /// Its IPv6 addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("!has(self.blocks) || self.blocks.all(c, isCIDR(c) && cidr(c).ip().family() == 6 && cidr(c) == cidr(c).masked() && ip.isCanonical(c.split('/')[0]) && cidr(c).prefixLength() >= 32 && ['2000::/3', 'fc00::/7'].exists(r, cidr(r).containsCIDR(cidr(c))))").message("`blocks` of `ipv6` must be canonical, masked IPv6 prefixes of /32 or longer in 2000::/3 or fc00::/7"))]
    pub ipv6: Option<FamilyEnd>,
}

/// Addresses of one family, or why there are none.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("(has(self.blocks) && size(self.blocks) > 0) != has(self.none)").message("a family must have either `blocks` or, in `none`, the reason why there are none"))]
pub struct FamilyEnd {
    /// Prefixes, masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 43)))]
    pub blocks: Vec<String>,
    /// Why the end has no addresses of this family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub none: Option<String>,
}

/// What an outside end is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutsideKind {
    /// A named system outside the cluster.
    #[default]
    Named,
    /// Everybody on the Internet; an exposure.
    Internet,
    /// The state's specialised data network (mạng truyền số liệu chuyên dùng); an exposure.
    #[serde(rename = "TSLCD")]
    Tslcd,
}

/// Which way a connection is made.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowDirection {
    /// From outside into an environment.
    Inbound,
    /// From an environment to an outside end.
    Outbound,
    /// Between two environments.
    #[default]
    Between,
}

/// One port, or a short range of ports.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.endPort) || (self.endPort >= self.port && self.endPort - self.port < 1024)").message("`endPort` must not be before `port`, and a range may have 1024 ports at most"))]
pub struct ConnectionPort {
    /// Transport.
    pub protocol: Transport,
    /// The port, or the first of a range.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The last port of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub end_port: Option<i32>,
}

/// Transports that NetworkPolicy knows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    #[default]
    #[serde(rename = "TCP")]
    Tcp,
    /// UDP.
    #[serde(rename = "UDP")]
    Udp,
    /// SCTP.
    #[serde(rename = "SCTP")]
    Sctp,
}

impl Transport {
    /// The text in a policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}
