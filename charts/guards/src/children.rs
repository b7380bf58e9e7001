//! What the operator makes in its namespaces: quota, limits, policies, bindings.

use crate::cel::break_glass;
use crate::yaml::{Named, Policy, Rule, Validation};
use crate::{GARBAGE_COLLECTOR, NAMESPACE_CONTROLLER, OPERATOR};

/// A request of anybody but the operator and break-glass.
fn by_anybody() -> [Named; 2] {
    [
        Named::new("others", format!("request.userInfo.username != '{OPERATOR}'")),
        Named::new("not-break-glass", break_glass()),
    ]
}

/// The same without the controllers that empty a namespace that goes.
pub(crate) fn by_others() -> Vec<Named> {
    let controllers = [
        Named::new(
            "not-emptying",
            format!("!(request.operation == 'DELETE' && request.userInfo.username == '{NAMESPACE_CONTROLLER}')"),
        ),
        Named::new("not-collecting", format!("request.userInfo.username != '{GARBAGE_COLLECTOR}'")),
    ];
    by_anybody().into_iter().chain(controllers).collect()
}

/// One kind of child.
pub struct Child {
    /// API group.
    pub group: &'static str,
    /// API version, for requests.
    pub version: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Resource.
    pub resource: &'static str,
    /// What others may do with objects that do not carry our mark.
    pub others: Others,
}

/// What somebody who is not the operator may do with an object of the kind that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Anything: it adds nothing against our own.
    Free,
    /// Not create: one beside ours would undo it.
    NoneBeside,
    /// Only delete: rights come from the access list.
    DeleteOnly,
}

/// The kinds.
pub const ALL: &[Child] = &[
    Child { group: "", version: "v1", kind: "ResourceQuota", resource: "resourcequotas", others: Others::NoneBeside },
    Child { group: "", version: "v1", kind: "LimitRange", resource: "limitranges", others: Others::Free },
    Child {
        group: "networking.k8s.io",
        version: "v1",
        kind: "NetworkPolicy",
        resource: "networkpolicies",
        others: Others::Free,
    },
    Child {
        group: "rbac.authorization.k8s.io",
        version: "v1",
        kind: "RoleBinding",
        resource: "rolebindings",
        others: Others::DeleteOnly,
    },
];

const WHY: &str = "What stands in our namespaces (of environments and of agencies: both carry the operator's label, \
    which policy `berth-namespace-keys` protects) stays as the operator made it. `resourcequotas/status` is not matched: \
    the quota controller writes use there, and a guard on it froze namespace deletion (of the mark there, policy \
    `berth-quota-mark`). The namespace controller may \
    delete the contents of a namespace that goes; the garbage collector may finish a foreground deletion. \
    `system:masters` and the break-glass groups of the chart are exempt: their edits come back as repaired drift.";

/// The policy on the objects.
pub fn policy() -> String {
    let marked = |root: &str, operation: &str| {
        format!(
            "request.operation != '{operation}'\n&& {root}.?metadata.?labels[?'app.kubernetes.io/managed-by'].orValue('') \
             == 'berth-operator'"
        )
    };
    let rules = ALL.chunk_by(|a, b| a.group == b.group).map(|group| Rule {
        group: group[0].group,
        operations: &["CREATE", "UPDATE", "DELETE"],
        resources: group.iter().map(|c| c.resource).collect(),
    });
    Policy {
        why: WHY,
        name: "berth-tenant-children",
        tenants_only: true,
        rules: rules.collect(),
        conditions: by_others(),
        variables: vec![
            Named::new("wasOurs", marked("oldObject", "CREATE")),
            Named::new("isOurs", marked("object", "DELETE")),
        ],
        validations: validations(),
    }
    .text()
}

const QUOTA_WHY: &str = "A subresource writes labels too: whoever took our mark off the quota through \
    `resourcequotas/status` could then change the quota itself, which policy `berth-tenant-children` knows by its mark. Only \
    the mark is compared; use and everything else in the status is written by whoever may, so that quotas go on counting.";

/// The policy on the one status through which the mark of a child is written: no other kind has a status.
pub fn quota_status() -> String {
    let marked = |root: &str| {
        format!("{root}.?metadata.?labels[?'app.kubernetes.io/managed-by'].orValue('') == 'berth-operator'")
    };
    Policy {
        why: QUOTA_WHY,
        name: "berth-quota-mark",
        tenants_only: true,
        rules: vec![Rule { group: "", operations: &["UPDATE"], resources: vec!["resourcequotas/status"] }],
        conditions: by_anybody().into(),
        variables: vec![Named::new("wasOurs", marked("oldObject")), Named::new("isOurs", marked("object"))],
        validations: vec![rule(
            "variables.wasOurs == variables.isOurs".into(),
            "`metadata.labels['app.kubernetes.io/managed-by']: berth-operator` is the operator's mark: leave it as it is.",
        )],
    }
    .text()
}

fn rule(expression: String, message: &str) -> Validation {
    Validation { expression, message: message.into(), message_expression: String::new() }
}

fn validations() -> Vec<Validation> {
    let mut list = vec![
        rule(
            "!variables.wasOurs".into(),
            "This object is the operator's: change the Environment (or submit an Onboarding), not what is made from it.",
        ),
        rule(
            "variables.wasOurs || !variables.isOurs".into(),
            "`metadata.labels['app.kubernetes.io/managed-by']: berth-operator` is the operator's mark: leave it out.",
        ),
    ];
    for child in ALL {
        let resource = child.resource;
        match child.others {
            Others::Free => {}
            Others::NoneBeside => list.push(rule(
                format!("request.resource.resource != '{resource}' || request.operation != 'CREATE'"),
                "There is exactly one ResourceQuota, the operator's: ask for another size with `action: Change`.",
            )),
            Others::DeleteOnly => list.push(rule(
                format!("request.resource.resource != '{resource}' || request.operation == 'DELETE'"),
                "Access to this namespace comes from `Environment.spec.access` (or the Agency's members): RoleBindings of \
                 others are refused.",
            )),
        }
    }
    list
}
