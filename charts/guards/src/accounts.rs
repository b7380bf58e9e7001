//! Accounts of a tenant namespace: which of their fields are the operator's. A ServiceAccount is not ours as a whole: whoever
//! administers the environment puts names of pull secrets into `default`.

use crate::children::by_others;
use crate::yaml::{Named, Policy, Rule, Validation};

const WHY: &str = "No pod of a tenant gets a token that it did not ask for: the operator sets `automountServiceAccountToken: \
    false` on `default`, and nobody else takes it back; a pod that needs a token says so in its own manifest. The account \
    for deployments exists as long as the Environment asks for it. Everything else in an account is the tenant's.";

/// The policy.
pub fn policy() -> String {
    let marked = |root: &str| {
        format!("{root}.?metadata.?labels[?'app.kubernetes.io/managed-by'].orValue('') == 'berth-operator'")
    };
    Policy {
        why: WHY,
        name: "berth-account-keys",
        tenants_only: true,
        rules: vec![Rule {
            group: "",
            operations: &["CREATE", "UPDATE", "DELETE"],
            resources: vec!["serviceaccounts"],
        }],
        conditions: by_others(),
        variables: vec![
            Named::new("wasOurs", format!("request.operation != 'CREATE' && {}", marked("oldObject"))),
            Named::new("isOurs", format!("request.operation != 'DELETE' && {}", marked("object"))),
        ],
        validations: vec![
            rule(
                "request.operation != 'DELETE' || !variables.wasOurs",
                "This account is the operator's: `default` belongs to every namespace, and `berth-deploy` goes with \
                 `Environment.spec.deployAccount`.",
            ),
            rule(
                "request.operation == 'DELETE' || variables.wasOurs == variables.isOurs",
                "`metadata.labels['app.kubernetes.io/managed-by']: berth-operator` is the operator's mark: leave it as it \
                 is.",
            ),
            rule(
                "!variables.wasOurs || request.operation == 'DELETE' \
                 || !object.?automountServiceAccountToken.orValue(true)",
                "`automountServiceAccountToken` stays false here: a pod that needs a token says so in its own manifest.",
            ),
        ],
    }
    .text()
}

fn rule(expression: &str, message: &str) -> Validation {
    Validation { expression: expression.into(), message: message.into(), message_expression: String::new() }
}
