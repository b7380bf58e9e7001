//! Our keys on namespaces, and what else must not be done to a namespace of ours.

use crate::cel::{self, Removal, quoted};
use crate::yaml::{Named, Policy, Rule, Validation};
use crate::{MASTERS, NAMESPACE_CONTROLLER, OPERATOR};

/// The three ways to write a namespace's metadata: CVE-2026-30963 came by the second and third.
pub const RESOURCES: [&str; 3] = ["namespaces", "namespaces/status", "namespaces/finalize"];

/// Prefixes of keys that are guarded on every namespace.
pub const OURS: &str = "berth.dev/";
/// Annotation by which a platform operator gives a running namespace to an Environment: the one key of ours that people write.
pub const GIVEN: &str = "berth.dev/adopt";
/// Prefix of labels that are guarded on our namespaces.
pub const POD_SECURITY: &str = "pod-security.kubernetes.io/";
/// Label whose value marks a namespace as the operator's.
const MARK: &str = "app.kubernetes.io/managed-by";

const WHY: &str = "Our keys on namespaces say whose they are and how they are guarded; nobody but the operator writes \
    them. The policy compares keys between the old and the new object and never denies whole objects: the namespace \
    controller, the API server and CNIs write status, finalizers and annotations of their own, and those must pass. All \
    three ways to write metadata are covered (the object, `status`, `finalize`). It has no namespaceSelector: for a \
    Namespace that is judged by the new labels, so whoever takes our label away would be past it. The one key that people \
    write is `berth.dev/adopt`, and only platform operators on a namespace that is not ours: by it they give it to an \
    Environment.";

/// The policy.
pub fn policy() -> String {
    let old = "request.operation == 'UPDATE' ? oldObject.?metadata.?{map}.orValue({}) : {}";
    let new = "object.?metadata.?{map}.orValue({})";
    let mut variables = cel::touched(old, new, Removal::Refused);
    let managed = |map: &str| format!("variables.{map}_labels[?{}].orValue('') == 'berth-operator'", quoted(MARK));
    variables.extend([
        Named::new("wasManaged", managed("old")),
        Named::new("isManaged", managed("new")),
        Named::new(
            "wasOurs",
            format!("variables.wasManaged || variables.old_labels.exists(k, k.startsWith('{OURS}'))"),
        ),
        Named::new("oldFinalizers", "request.operation == 'UPDATE' ? oldObject.?metadata.?finalizers.orValue([]) : []"),
        Named::new("newFinalizers", "object.?metadata.?finalizers.orValue([])"),
        Named::new(
            "oldOwners",
            "request.operation == 'UPDATE' ? oldObject.?metadata.?ownerReferences.orValue([]) : []",
        ),
        Named::new("newOwners", "object.?metadata.?ownerReferences.orValue([])"),
        Named::new("mayGive", may_give()),
        Named::new(
            "ourKeys",
            format!("variables.touched.filter(k, k.startsWith('{OURS}') && !(k == '{GIVEN}' && variables.mayGive))"),
        ),
        Named::new("podSecurityKeys", format!("variables.touched.filter(k, k.startsWith('{POD_SECURITY}'))")),
    ]);
    variables.extend(cel::back_end_variables());
    let mut validations = ours();
    validations.extend(cel::back_end_validations("!variables.wasOurs || "));
    Policy {
        why: WHY,
        name: "berth-namespace-keys",
        tenants_only: false,
        rules: vec![Rule { group: "", operations: &["CREATE", "UPDATE"], resources: RESOURCES.to_vec() }],
        conditions: vec![
            Named::new("others", format!("request.userInfo.username != '{OPERATOR}'")),
            Named::new("not-break-glass", cel::no_glass()),
        ],
        variables,
        validations,
    }
    .text()
}

/// A platform operator gives a namespace that is not ours and not the system's, by an annotation of the object itself.
fn may_give() -> String {
    format!(
        "request.operation == 'UPDATE' && request.?subResource.orValue('') == '' && !variables.wasOurs\n\
         && request.userInfo.groups.exists(g, g == 'berth:platform-operator')\n\
         && !request.userInfo.groups.exists(g, g.startsWith('berth:') && g.endsWith(':contractor'))\n\
         && !('{GIVEN}' in variables.old_labels) && !('{GIVEN}' in variables.new_labels)\n\
         && !(object.metadata.name in ['default', 'berth-system'])\n\
         && !object.metadata.name.startsWith('kube-') && !object.metadata.name.startsWith('agency-')"
    )
}

fn ours() -> Vec<Validation> {
    let rule = |expression: &str, message: &str, message_expression: &str| Validation {
        expression: expression.into(),
        message: message.into(),
        message_expression: message_expression.into(),
    };
    vec![
        rule(
            "variables.ourKeys.size() == 0",
            "`metadata`: keys that begin `berth.dev/` are written by the operator only. Change the Environment, or submit \
             an Onboarding to get a namespace of Berth.",
            "'`metadata`: key \"' + variables.ourKeys[0] + '\" is written by the operator only: change the Environment, \
             or submit an Onboarding to get a namespace of Berth.'",
        ),
        rule(
            "!variables.wasOurs || variables.podSecurityKeys.size() == 0",
            "`metadata.labels`: Pod Security labels of our namespaces follow from the level and are written by the \
             operator only.",
            "'`metadata.labels`: \"' + variables.podSecurityKeys[0] + '\" follows from the level of the system: it is \
             written by the operator only.'",
        ),
        rule(
            "variables.wasManaged == variables.isManaged",
            "`metadata.labels['app.kubernetes.io/managed-by']`: only the operator takes a namespace under its care or \
             gives it up.",
            "",
        ),
        rule(
            "variables.oldFinalizers.filter(f, f.startsWith('berth.dev/')) == \
             variables.newFinalizers.filter(f, f.startsWith('berth.dev/'))",
            "`metadata.finalizers`: those that begin `berth.dev/` are written by the operator only.",
            "",
        ),
        rule(
            "!variables.wasOurs || variables.newOwners.all(o, variables.oldOwners.exists(p, p.uid == o.uid))",
            "`metadata.ownerReferences`: a namespace of Berth has no owner, or the garbage collector would take it with \
             everything in it. Leave the reference out.",
            "",
        ),
        rule(
            &format!(
                "!variables.wasOurs || request.userInfo.username == '{NAMESPACE_CONTROLLER}' \
                 || '{MASTERS}' in request.userInfo.groups\n\
                 || oldObject.?spec.?finalizers.orValue([]).all(f, f in object.?spec.?finalizers.orValue([]))"
            ),
            "`spec.finalizers`: only the namespace controller says that a namespace is empty; what is left in it would \
             go on living without one. See the runbook for namespaces that stay in Terminating.",
            "",
        ),
    ]
}
