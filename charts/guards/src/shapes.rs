//! Objects whose labels and annotations a network back end reads, and fields that lead around the granted addresses.

use crate::cel::{self, Removal, field};
use crate::yaml::{Named, Policy, Rule, Validation};

/// Objects that are guarded by one policy, because their metadata stands at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Pods, and every subresource through which their metadata is written.
    Pods,
    /// Everything that holds a pod template.
    Templates,
    /// Services.
    Services,
}

/// One resource of a family.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Policy that guards it.
    pub family: Family,
    /// API group.
    pub group: &'static str,
    /// Kind, as a manifest writes it.
    pub kind: &'static str,
    /// Resource, with its subresource.
    pub resource: &'static str,
    /// From the object to what holds the guarded `metadata` and `spec`; empty: the object itself.
    pub template: &'static [&'static str],
}

const TEMPLATE: &[&str] = &["spec", "template"];

const fn shape(
    family: Family,
    group: &'static str,
    kind: &'static str,
    resource: &'static str,
    template: &'static [&'static str],
) -> Shape {
    Shape { family, group, kind, resource, template }
}

/// All of them. A binding's annotations become the pod's; `pods/status` takes annotations too (tried).
pub const ALL: &[Shape] = &[
    shape(Family::Pods, "", "Pod", "pods", &[]),
    shape(Family::Pods, "", "Pod", "pods/status", &[]),
    shape(Family::Pods, "", "Pod", "pods/ephemeralcontainers", &[]),
    shape(Family::Pods, "", "Pod", "pods/resize", &[]),
    shape(Family::Pods, "", "Binding", "pods/binding", &[]),
    shape(Family::Pods, "", "Binding", "bindings", &[]),
    shape(Family::Templates, "", "ReplicationController", "replicationcontrollers", TEMPLATE),
    shape(Family::Templates, "", "PodTemplate", "podtemplates", &["template"]),
    shape(Family::Templates, "apps", "Deployment", "deployments", TEMPLATE),
    shape(Family::Templates, "apps", "StatefulSet", "statefulsets", TEMPLATE),
    shape(Family::Templates, "apps", "DaemonSet", "daemonsets", TEMPLATE),
    shape(Family::Templates, "apps", "ReplicaSet", "replicasets", TEMPLATE),
    shape(Family::Templates, "batch", "Job", "jobs", TEMPLATE),
    shape(Family::Templates, "batch", "CronJob", "cronjobs", &["spec", "jobTemplate", "spec", "template"]),
    shape(Family::Services, "", "Service", "services", &[]),
    shape(Family::Services, "", "Service", "services/status", &[]),
];

/// A field that a tenant must not set.
pub struct Field {
    /// Family whose objects have it.
    pub family: Family,
    /// Below `spec` of the object or of its template.
    pub name: &'static str,
    /// A hostile value as JSON.
    pub hostile: &'static str,
    /// Value of an object that does not have it, in CEL.
    pub absent: &'static str,
    /// Whether the value is a list, of which entries may go but not come.
    pub list: bool,
    /// What it would do, and what to do instead.
    pub message: &'static str,
}

const HOST_NETWORK: &str = "`hostNetwork` must stay off: a pod in the node's network has the node's addresses, and no \
                            policy selects it. Use a Service.";

/// The fields. `externalIPs` lets a Service catch traffic to any address (CVE-2020-8554).
pub const FIELDS: &[Field] = &[
    Field {
        family: Family::Pods,
        name: "hostNetwork",
        hostile: "true",
        absent: "false",
        list: false,
        message: HOST_NETWORK,
    },
    Field {
        family: Family::Templates,
        name: "hostNetwork",
        hostile: "true",
        absent: "false",
        list: false,
        message: HOST_NETWORK,
    },
    Field {
        family: Family::Services,
        name: "externalIPs",
        hostile: "[\"2001:db8::53\"]",
        absent: "[]",
        list: true,
        message: "`spec.externalIPs` must be empty: it would catch traffic to addresses of others. Ask for an opening \
                  instead.",
    },
    Field {
        family: Family::Services,
        name: "loadBalancerIP",
        hostile: "\"2001:db8::53\"",
        absent: "''",
        list: false,
        message: "`spec.loadBalancerIP` must be absent: addresses come from the Environment.",
    },
    Field {
        family: Family::Services,
        name: "loadBalancerClass",
        hostile: "\"example.com/other\"",
        absent: "''",
        list: false,
        message: "`spec.loadBalancerClass` must be absent: which load balancer serves a system is decided with its \
                  opening.",
    },
];

/// The policy of a family.
pub fn policy(family: Family) -> String {
    let (name, why) = match family {
        Family::Pods => (
            "berth-pod-keys",
            "A pod in a tenant's namespace does not choose its own address: keys of network back ends are refused on pods \
             and on every subresource that writes their metadata, whoever makes the pod, controllers included. This is \
             the one place that all pods pass. Each back end's own accounts are exempt for its own keys, by exact name.",
        ),
        Family::Templates => (
            "berth-template-keys",
            "The same keys in pod templates: the pod would be refused anyway (policy `berth-pod-keys`), but its owner \
             would only see a workload that never starts. Keys may be taken out of a template.",
        ),
        Family::Services => (
            "berth-service-keys",
            "A Service in a tenant's namespace takes no address of its own choice, neither by a key of a network back end \
             nor by a field.",
        ),
    };
    let (old, new) = roots(family);
    let map = |root: &str| format!("{root}.?metadata.?{{map}}.orValue({{}})");
    let removal = if family == Family::Pods { Removal::Refused } else { Removal::Allowed };
    let mut variables = vec![Named::new("old", old), Named::new("new", new)];
    variables.extend(cel::touched(&map("variables.old"), &map("variables.new"), removal));
    variables.extend(cel::back_end_variables());
    let fields = FIELDS.iter().filter(|f| f.family == family).map(frozen);
    let shapes: Vec<&Shape> = ALL.iter().filter(|s| s.family == family).collect();
    let rules = shapes.chunk_by(|a, b| a.group == b.group).map(|group| Rule {
        group: group[0].group,
        operations: &["CREATE", "UPDATE"],
        resources: group.iter().map(|s| s.resource).collect(),
    });
    Policy {
        why,
        name,
        tenants_only: true,
        rules: rules.collect(),
        conditions: Vec::new(),
        variables,
        validations: fields.chain(cel::back_end_validations("")).collect(),
    }
    .text()
}

/// What holds the guarded `metadata` and `spec` before and after the request.
fn roots(family: Family) -> (String, String) {
    let before = |expression: String| format!("request.operation == 'UPDATE' ? {expression} : {{}}");
    if family != Family::Templates {
        return (before("oldObject".into()), "object".into());
    }
    let root = |object: &str| {
        let at = |template: &[&str]| field(object, template, "{}");
        let special = ALL.iter().filter(|s| s.family == family && s.template != TEMPLATE);
        let special =
            special.map(|s| format!("request.resource.resource == '{}' ? {}\n: ", s.resource, at(s.template)));
        format!("({}{})", special.collect::<String>(), at(TEMPLATE))
    };
    (before(root("oldObject")), root("object"))
}

/// A field that may keep or lose its value, never get another.
fn frozen(f: &Field) -> Validation {
    let (was, is) =
        (field("variables.old", &["spec", f.name], f.absent), field("variables.new", &["spec", f.name], f.absent));
    let expression =
        if f.list { format!("{is}.all(v, v in {was})") } else { format!("{is} == {}\n|| {is} == {was}", f.absent) };
    Validation { expression, message: f.message.into(), message_expression: String::new() }
}
