//! Objects by which a namespace takes names on a gateway that it shares with others, and which names it may take: those that
//! its open Connections grant, which the operator writes into an annotation of the namespace.

pub mod cases;

use berth_crds::labels;

use crate::cel::quoted;
use crate::yaml::{Named, Policy, Rule, Validation};

/// Where an object says which hosts it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// An Ingress: `spec.rules[].host` and `spec.tls[].hosts`; a default back end is for every host.
    Ingress,
    /// A route: `spec.hostnames`.
    Route,
    /// A Gateway or a set of listeners: `spec.listeners[].hostname`.
    Listeners,
    /// Nowhere: it takes whole ports, and with them every host.
    Every,
}

/// One resource.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// API group.
    pub group: &'static str,
    /// Kind, as a manifest writes it.
    pub kind: &'static str,
    /// Resource.
    pub resource: &'static str,
    /// Where its hosts stand.
    pub hosts: Hosts,
}

/// Group of Ingress.
pub const INGRESS: &str = "networking.k8s.io";
/// Group of the Gateway API.
pub const GATEWAY: &str = "gateway.networking.k8s.io";
/// Group of what the Gateway API is trying out.
const TRYING: &str = "gateway.networking.x-k8s.io";

const fn shape(group: &'static str, kind: &'static str, resource: &'static str, hosts: Hosts) -> Shape {
    Shape { group, kind, resource, hosts }
}

/// All of them, whether a cluster has the kind or not. The roles of the chart give tenants the first four; somebody else's
/// role must open no more.
pub const ALL: &[Shape] = &[
    shape(INGRESS, "Ingress", "ingresses", Hosts::Ingress),
    shape(GATEWAY, "HTTPRoute", "httproutes", Hosts::Route),
    shape(GATEWAY, "GRPCRoute", "grpcroutes", Hosts::Route),
    shape(GATEWAY, "TLSRoute", "tlsroutes", Hosts::Route),
    shape(GATEWAY, "Gateway", "gateways", Hosts::Listeners),
    shape(GATEWAY, "ListenerSet", "listenersets", Hosts::Listeners),
    shape(GATEWAY, "TCPRoute", "tcproutes", Hosts::Every),
    shape(GATEWAY, "UDPRoute", "udproutes", Hosts::Every),
    shape(TRYING, "XHTTPRoute", "xhttproutes", Hosts::Route),
    shape(TRYING, "XGRPCRoute", "xgrpcroutes", Hosts::Route),
    shape(TRYING, "XTLSRoute", "xtlsroutes", Hosts::Route),
    shape(TRYING, "XGateway", "xgateways", Hosts::Listeners),
    shape(TRYING, "XListenerSet", "xlistenersets", Hosts::Listeners),
    shape(TRYING, "XTCPRoute", "xtcproutes", Hosts::Every),
    shape(TRYING, "XUDPRoute", "xudproutes", Hosts::Every),
];

/// What keys of annotations that a tenant may write on them begin with: those of tools that deploy, and who signs its
/// certificates. Any other key with a domain in front may be a gateway's, and gateways take further hosts and whole pieces
/// of configuration from theirs. Chart value `guards.gatewayAnnotations`.
pub const ANNOTATIONS: &[&str] = &[
    "kubectl.kubernetes.io/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
];

/// Name of the list above in CEL; the chart finds the line by it.
pub const ANNOTATIONS_VARIABLE: &str = "known_annotations";

const WHY: &str = "On a gateway that many share, a host name is whoever's object names it. In a tenant's namespace an object \
    may name only hosts that an open Connection of the namespace grants: the operator writes them into the annotation \
    `berth.dev/host-names`, which policy `berth-namespace-keys` protects. An object that names none is for every host, and \
    refused. Judged is what a request makes or changes: who takes a name out, a finalizer off or a label on is not in the way, \
    and what stands when a grant ends is not taken down. Annotations too, because gateways read hosts and configuration from \
    theirs: keys that are not known are refused. Nobody is exempt. A kind that the cluster does not have matches nothing.";

/// The policy.
pub fn policy() -> String {
    let groups = ALL.chunk_by(|a, b| a.group == b.group).map(|group| Rule {
        group: group[0].group,
        operations: &["CREATE", "UPDATE"],
        resources: group.iter().flat_map(paths).collect(),
    });
    let old = |field: &str, default: &str| {
        format!("request.operation == 'UPDATE' ? oldObject.?{field}.orValue({default}) : {default}")
    };
    let keys = ANNOTATIONS.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(", ");
    Policy {
        why: WHY,
        name: "berth-host-names",
        tenants_only: true,
        rules: groups.collect(),
        conditions: Vec::new(),
        variables: vec![
            Named::new(
                "granted",
                format!(
                    "namespaceObject.?metadata.?annotations[?{}].orValue('').split(',').filter(h, h != '')",
                    quoted(labels::HOST_NAMES)
                ),
            ),
            Named::new("old", old("spec", "{}")),
            Named::new("new", "object.?spec.orValue({})"),
            Named::new("changed", "request.operation == 'CREATE' || variables.new != variables.old"),
            Named {
                remark: "A list of hosts for each part of the object that has its own; an empty one is every host.".into(),
                name: "parts".into(),
                expression: parts(),
            },
            Named::new("foreign", "variables.parts.map(p, p.filter(h, !(h in variables.granted))).filter(p, p.size() > 0)"),
            Named::new("old_annotations", old("metadata.?annotations", "{}")),
            Named::new("new_annotations", "object.?metadata.?annotations.orValue({})"),
            Named {
                remark: "The chart puts `guards.gatewayAnnotations` here.".into(),
                name: ANNOTATIONS_VARIABLE.into(),
                expression: format!("[{keys}]"),
            },
            Named::new(
                "unknown",
                format!(
                    "variables.new_annotations.filter(k, k.contains('/') && !variables.{ANNOTATIONS_VARIABLE}.exists(p, k.startsWith(p))\n\
                     && (!(k in variables.old_annotations) || variables.old_annotations[k] != variables.new_annotations[k]))"
                ),
            ),
        ],
        validations: validations(),
    }
    .text()
}

/// The resource, and of Ingress the status too: metadata that comes with it is taken.
fn paths(shape: &Shape) -> Vec<&'static str> {
    match shape.hosts {
        Hosts::Ingress => vec![shape.resource, "ingresses/status"],
        _ => vec![shape.resource],
    }
}

/// The hosts of an object, part by part.
fn parts() -> String {
    let of = |hosts: Hosts| {
        let names = ALL.iter().filter(|shape| shape.hosts == hosts).map(|shape| quoted(shape.resource));
        format!("request.resource.resource in [{}]", names.collect::<Vec<_>>().join(", "))
    };
    let spec = "variables.new";
    let ingress = format!(
        "{spec}.?rules.orValue([]).map(r, r.?host.hasValue() ? [r.host] : [])\n\
         + {spec}.?tls.orValue([]).map(t, t.?hosts.orValue([]))\n\
         + ({spec}.?defaultBackend.hasValue() || {spec}.?rules.orValue([]).size() == 0 ? [[]] : [])"
    );
    let route = format!("[{spec}.?hostnames.orValue([])]");
    let listeners = format!("{spec}.?listeners.orValue([]).map(l, l.?hostname.hasValue() ? [l.hostname] : [])");
    format!(
        "{} ? {ingress}\n: {} ? {route}\n: {} ? {listeners}\n: [[]]",
        of(Hosts::Ingress),
        of(Hosts::Route),
        of(Hosts::Listeners)
    )
}

fn validations() -> Vec<Validation> {
    let granted_by = "ask for it with a Connection from the Internet or TSLCD (`hostNames`)";
    vec![
        Validation {
            expression: "!variables.changed || variables.parts.all(p, p.size() > 0)".into(),
            message:
                "`spec` is for every host: name the hosts of each rule, listener and certificate, and leave a default \
                      back end out. Kinds that cannot name hosts are refused."
                    .into(),
            message_expression: String::new(),
        },
        Validation {
            expression: "!variables.changed || variables.foreign.size() == 0".into(),
            message: format!("`spec` names a host that is not granted to this namespace: {granted_by}."),
            message_expression: format!(
                "'`spec` names the host \"' + string(variables.foreign[0][0]) + '\", which is not granted to this namespace: \
                 {granted_by}.'"
            ),
        },
        Validation {
            expression: "variables.unknown.size() == 0".into(),
            message:
                "`metadata.annotations`: a gateway may read hosts or configuration from a key that is not known: leave \
                      it out."
                    .into(),
            message_expression: "'`metadata.annotations`: a gateway may read hosts or configuration from \"' + \
                                 variables.unknown[0] + '\": leave it out, or have the platform operator allow it.'"
                .into(),
        },
    ]
}
