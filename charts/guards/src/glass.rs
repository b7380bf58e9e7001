//! Break-glass: groups of the chart's value `guards.breakGlass.groups`, which the guards let through. Whoever uses one is
//! told so, the API server's audit log says so, and the object says so: the operator makes an Event of it.

use std::fmt::Write as _;

use crate::yaml::{Named, Policy, Rule, Validation};

/// The groups as a list of CEL; the chart puts its value here. Off: nobody is let through, nothing is marked.
pub const GROUPS: &str = "[]";
/// Annotation that says who wrote an object by break-glass.
pub const MARK: &str = "berth.dev/break-glass";

const WHY: &str = "Whoever passes our guards by break-glass is warned, and the API server's audit log gets an annotation \
    (`validation.policy.admission.k8s.io/validation_failure`). Nothing is refused here. `system:masters` is not meant: \
    RBAC does not hold it, and a cluster's own administration uses it every day.";

const STAMP: &str = "What is written by break-glass says so, in an annotation with the username: the operator tells it as an \
    Event and puts right what it can. A delete leaves no object to mark: only the audit log has it.";

fn rules() -> Vec<Rule> {
    let write: &[&str] = &["CREATE", "UPDATE"];
    vec![
        Rule {
            group: "",
            operations: write,
            resources: vec![
                "namespaces",
                "namespaces/finalize",
                "pods",
                "services",
                "resourcequotas",
                "limitranges",
                "serviceaccounts",
            ],
        },
        Rule { group: "networking.k8s.io", operations: write, resources: vec!["networkpolicies"] },
        Rule { group: "rbac.authorization.k8s.io", operations: write, resources: vec!["rolebindings"] },
    ]
}

/// Whether the caller is one of the break-glass groups. The chart finds this text.
pub fn used() -> String {
    format!("{GROUPS}.exists(g, g in request.userInfo.groups)")
}

/// The warning.
pub fn warning() -> String {
    let all: &[&str] = &["CREATE", "UPDATE", "DELETE"];
    let text = Policy {
        why: WHY,
        name: "berth-break-glass",
        tenants_only: true,
        rules: rules().into_iter().map(|rule| Rule { operations: all, ..rule }).collect(),
        conditions: vec![Named::new("break-glass", used())],
        variables: Vec::new(),
        validations: vec![Validation {
            expression: "false".into(),
            message: "Break-glass: you act past the guards of Berth. It is recorded, and people are told.".into(),
            message_expression: String::new(),
        }],
    }
    .text();
    text.replace("validationActions: [Deny]", "validationActions: [Warn, Audit]")
}

/// The mark on what was written.
pub fn stamp() -> String {
    let mut out =
        String::from("# Generated from the table in charts/guards: run `cargo run -p berth-guards --bin guardgen`.\n");
    crate::yaml::remark(&mut out, "", STAMP);
    let head = |kind: &str| {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: berth-stamp-break-glass\n  \
             labels: {{app.kubernetes.io/part-of: berth}}\nspec:\n"
        )
    };
    out += &head("MutatingAdmissionPolicy");
    out += "  failurePolicy: Fail\n  reinvocationPolicy: IfNeeded\n  matchConstraints:\n    namespaceSelector:\n      \
            matchLabels: {app.kubernetes.io/managed-by: berth-operator}\n    resourceRules:\n";
    for rule in rules() {
        let group = if rule.group.is_empty() { "\"\"" } else { rule.group };
        let resources: Vec<_> = rule.resources.iter().filter(|r| !r.contains('/')).copied().collect();
        let _ = writeln!(
            out,
            "      - apiGroups: [{group}]\n        apiVersions: [\"*\"]\n        operations: [CREATE, UPDATE]\n        \
             resources: [{}]",
            resources.join(", ")
        );
    }
    let _ = write!(
        out,
        "  matchConditions:\n    - name: break-glass\n      expression: >-\n        {}\n  mutations:\n    - patchType: \
         JSONPatch\n      jsonPatch:\n        expression: >-\n          has(object.metadata.annotations)\n            ? \
         [JSONPatch{{op: \"add\", path: \"/metadata/annotations/\" + jsonpatch.escapeKey(\"{MARK}\"), value: \
         request.userInfo.username}}]\n            : [JSONPatch{{op: \"add\", path: \"/metadata/annotations\", value: \
         {{\"{MARK}\": request.userInfo.username}}}}]\n",
        used()
    );
    out += "---\n# In force everywhere.\n";
    out += &head("MutatingAdmissionPolicyBinding");
    out += "  policyName: berth-stamp-break-glass\n";
    out
}
