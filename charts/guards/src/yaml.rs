//! A policy with its binding as commented YAML text, in the shape of the files that are written by hand.

use std::fmt::Write as _;

/// Columns of prose.
const WIDTH: usize = 118;

/// What a policy is matched on.
pub struct Rule {
    /// API group.
    pub group: &'static str,
    /// `CREATE`, `UPDATE`, `DELETE`.
    pub operations: &'static [&'static str],
    /// Resources with their subresources.
    pub resources: Vec<&'static str>,
}

/// A named expression.
pub struct Named {
    /// Remark above it; empty for none.
    pub remark: String,
    /// Name.
    pub name: String,
    /// CEL.
    pub expression: String,
}

impl Named {
    /// A named expression without a remark.
    pub fn new(name: &str, expression: impl Into<String>) -> Self {
        Self { remark: String::new(), name: name.into(), expression: expression.into() }
    }
}

/// One validation.
pub struct Validation {
    /// CEL that must be true.
    pub expression: String,
    /// What the caller reads when it is not, and no better message can be made.
    pub message: String,
    /// CEL that names the key or value; empty for none.
    pub message_expression: String,
}

/// A ValidatingAdmissionPolicy with its binding.
pub struct Policy {
    /// Why it exists.
    pub why: &'static str,
    /// Name of policy and binding.
    pub name: &'static str,
    /// Whether only namespaces that the operator manages are matched.
    pub tenants_only: bool,
    /// What it is matched on.
    pub rules: Vec<Rule>,
    /// Whom it is for.
    pub conditions: Vec<Named>,
    /// Parts of the validations.
    pub variables: Vec<Named>,
    /// What must hold.
    pub validations: Vec<Validation>,
}

impl Policy {
    /// The file.
    pub fn text(&self) -> String {
        let mut out = String::new();
        remark(
            &mut out,
            "",
            "Generated from the table in charts/guards: run `cargo run -p berth-guards --bin guardgen`.",
        );
        remark(&mut out, "", self.why);
        let head = |kind: &str| {
            format!(
                "apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {}\n  \
                 labels: {{app.kubernetes.io/part-of: berth}}\nspec:\n",
                self.name
            )
        };
        out += &head("ValidatingAdmissionPolicy");
        out += "  failurePolicy: Fail\n  matchConstraints:\n";
        if self.tenants_only {
            out += "    namespaceSelector:\n      matchLabels: {app.kubernetes.io/managed-by: berth-operator}\n";
        }
        out += "    resourceRules:\n";
        for rule in &self.rules {
            let group = if rule.group.is_empty() { "\"\"" } else { rule.group };
            let (operations, resources) = (rule.operations.join(", "), rule.resources.join(", "));
            let _ = writeln!(
                out,
                "      - apiGroups: [{group}]\n        apiVersions: [\"*\"]\n        operations: [{operations}]\n        \
                 resources: [{resources}]"
            );
        }
        named(&mut out, "matchConditions", &self.conditions);
        named(&mut out, "variables", &self.variables);
        out += "  validations:\n";
        for validation in &self.validations {
            block(&mut out, "    - expression: >-", &validation.expression);
            out += "      message: >-\n";
            folded(&mut out, &validation.message);
            out += "      reason: Forbidden\n";
            if !validation.message_expression.is_empty() {
                block(&mut out, "      messageExpression: >-", &validation.message_expression);
            }
        }
        out += "---\n# In force everywhere.\n";
        out += &head("ValidatingAdmissionPolicyBinding");
        let _ = writeln!(out, "  policyName: {}\n  validationActions: [Deny]", self.name);
        out
    }
}

fn named(out: &mut String, key: &str, list: &[Named]) {
    if list.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {key}:");
    for entry in list {
        if !entry.remark.is_empty() {
            remark(out, "    ", &entry.remark);
        }
        let _ = writeln!(out, "    - name: {}", entry.name);
        block(out, "      expression: >-", &entry.expression);
    }
}

fn block(out: &mut String, head: &str, expression: &str) {
    let _ = writeln!(out, "{head}");
    for line in expression.lines() {
        let _ = writeln!(out, "        {line}");
    }
}

fn folded(out: &mut String, text: &str) {
    for line in wrap(text, WIDTH - 8) {
        let _ = writeln!(out, "        {line}");
    }
}

/// Commented prose.
pub fn remark(out: &mut String, indent: &str, text: &str) {
    for line in wrap(text, WIDTH - indent.len()) {
        let _ = writeln!(out, "{indent}# {line}");
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() > width {
            lines.push(word.to_owned());
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines
}
