//! The rights of the chart, role by role, each with the sentence that stands over it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use serde_json::Value;

use super::{cell, remark};

const HEAD: &str = "# Rights

What the chart gives, and to whom: every object of `charts/berth/files/rbac`, with the sentence that stands over it there. Nothing is
granted by a wildcard. Groups are the defaults: `signers.<role>` and `guards.breakGlass.groups` are [values of the chart](values.md).
`signoffroles` is a resource of which no object exists: the right to `approve` on a name is the right to sign in that role. What nobody
may do although they have the right stands in [Guards](guards.md).

The operator binds some of these roles to the members of an Agency and to the access list of an Environment, and can bind no other:
[Guards and rights](../explanation/guards-and-rights.md).
";

/// One object of a file and the comments that say why it is as it is.
struct Object {
    /// Paragraphs over it.
    why: Vec<String>,
    /// Over each rule; empty where one sentence is for several.
    rules: Vec<String>,
    /// The object.
    value: Value,
}

/// Who is bound to a role, by the role's heading.
type Bound = BTreeMap<String, Vec<String>>;

/// Text of `docs/src/reference/rights.md`; `files` are names and contents, in order.
///
/// # Errors
/// A file that is not YAML, or has a comment that belongs to no rule.
pub fn page(files: &[(String, String)]) -> Result<String, Box<dyn Error>> {
    let mut objects = Vec::new();
    for (name, text) in files {
        for document in text.split("\n---\n") {
            objects.push(object(document).map_err(|error| format!("{name}: {error}"))?);
        }
    }
    let bound = bindings(&objects);
    let mut out = String::from(HEAD);
    out += "\n## Accounts and namespaces\n\n| object | |\n| --- | --- |\n";
    for object in objects.iter().filter(|o| matches!(kind(o), "Namespace" | "ServiceAccount")) {
        let what = format!("{} `{}`", kind(object), place(&object.value["metadata"]));
        let _ = writeln!(out, "| {what} | {} |", cell(&object.why.join(" ")));
    }
    for object in objects.iter().filter(|o| matches!(kind(o), "ClusterRole" | "Role")) {
        role(&mut out, object, &bound);
    }
    Ok(out)
}

fn object(text: &str) -> Result<Object, Box<dyn Error>> {
    let value: Value = serde_yaml::from_str(text)?;
    let (mut why, mut rules) = (vec![String::new()], Vec::new());
    let mut over = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match remark(line) {
            Some(words) if indent == 0 => join(why.last_mut().expect("it begins with one and only grows"), words),
            Some(words) if indent == 2 => join(&mut over, words),
            None if line.is_empty() => why.push(String::new()),
            None if line.starts_with("  - apiGroups:") => rules.push(std::mem::take(&mut over)),
            _ => {}
        }
    }
    let written = value["rules"].as_array().map_or(0, Vec::len);
    if rules.len() != written || !over.is_empty() {
        return Err(format!("{written} rules, of which {} begin `  - apiGroups:`; left: {over:?}", rules.len()).into());
    }
    why.retain(|paragraph| !paragraph.is_empty());
    Ok(Object { why, rules, value })
}

fn join(text: &mut String, words: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(words);
}

fn bindings(objects: &[Object]) -> Bound {
    let mut bound = Bound::new();
    for object in objects.iter().filter(|o| matches!(kind(o), "ClusterRoleBinding" | "RoleBinding")) {
        let (role, namespace) = (&object.value["roleRef"], text(&object.value["metadata"]["namespace"]));
        // A Role is another one in each namespace, and its heading says in which.
        let own = role["kind"] == "Role";
        let title = heading(text(&role["name"]), if own { namespace } else { "" });
        for subject in items(&object.value["subjects"]) {
            let who = match text(&subject["kind"]) {
                "ServiceAccount" => format!("account `{}`", place(subject)),
                kind => format!("{} `{}`", kind.to_lowercase(), text(&subject["name"])),
            };
            let within = if own || namespace.is_empty() { String::new() } else { format!(" in `{namespace}`") };
            bound.entry(title.clone()).or_default().push(format!("{who}{within}"));
        }
    }
    // What the operator may bind, it binds.
    let binds = |rule: &&Value| items(&rule["verbs"]).any(|verb| verb == "bind");
    for rule in objects.iter().flat_map(|o| items(&o.value["rules"])).filter(binds) {
        for name in items(&rule["resourceNames"]) {
            let by = "by the operator, in namespaces of agencies or of environments";
            bound.entry(heading(text(name), "")).or_default().push(by.to_owned());
        }
    }
    bound
}

fn role(out: &mut String, object: &Object, bound: &Bound) {
    let metadata = &object.value["metadata"];
    let title = heading(text(&metadata["name"]), text(&metadata["namespace"]));
    let _ = writeln!(out, "\n## {title}\n");
    for paragraph in &object.why {
        let _ = writeln!(out, "{paragraph}\n");
    }
    let to = bound.get(&title).map_or_else(|| "nobody".to_owned(), |to| to.join(", "));
    let _ = writeln!(out, "{}, bound: {to}.\n", kind(object));
    out.push_str("| resources | verbs | |\n| --- | --- | --- |\n");
    for (rule, why) in items(&object.value["rules"]).zip(&object.rules) {
        let _ = writeln!(out, "| {} | {} | {} |", resources(rule), codes(&rule["verbs"]), cell(why));
    }
}

/// What a rule is about: resources by group, and which names of them.
fn resources(rule: &Value) -> String {
    let groups = items(&rule["apiGroups"]).map(text).map(|group| match group {
        "" => "core".to_owned(),
        group => format!("`{group}`"),
    });
    let groups = groups.collect::<Vec<_>>().join(", ");
    let only = codes(&rule["resourceNames"]);
    let only = if only.is_empty() { only } else { format!("; only {only}") };
    format!("{groups}: {}{only}", codes(&rule["resources"]))
}

fn heading(name: &str, namespace: &str) -> String {
    if namespace.is_empty() { format!("`{name}`") } else { format!("`{name}` in `{namespace}`") }
}

/// `namespace/name`, or the name alone.
fn place(metadata: &Value) -> String {
    let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

fn kind(object: &Object) -> &str {
    text(&object.value["kind"])
}

fn codes(list: &Value) -> String {
    items(list).map(|item| format!("`{}`", text(item))).collect::<Vec<_>>().join(" ")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rules: &str) -> Result<String, Box<dyn Error>> {
        let text = format!(
            "# What the file is about.\n\n# The role.\napiVersion: v1\nkind: ClusterRole\nmetadata: {{name: r}}\nrules:\n{rules}"
        );
        page(&[("10-r.yaml".to_owned(), text)])
    }

    #[test]
    fn a_role_has_its_sentences_and_who_is_bound_to_it() {
        let rules = "  # It reads.\n  - apiGroups: [\"\"]\n    resources: [pods]\n    verbs: [get]\n  - apiGroups: [a.b]\n    \
            resources: [things]\n    resourceNames: [one]\n    verbs: [get, list]\n";
        let page = of(rules).unwrap();
        let expected = "\n## `r`\n\nWhat the file is about.\n\nThe role.\n\nClusterRole, bound: nobody.\n\n\
            | resources | verbs | |\n| --- | --- | --- |\n\
            | core: `pods` | `get` | It reads. |\n| `a.b`: `things`; only `one` | `get` `list` |  |\n";
        assert!(page.ends_with(expected), "{page}");
    }

    #[test]
    fn a_comment_that_belongs_to_no_rule_is_an_error_and_not_left_out() {
        let error = of("  - apiGroups: [a]\n    resources: [b]\n    verbs: [get]\n  # Lost.\n").unwrap_err();
        assert_eq!(error.to_string(), "10-r.yaml: 1 rules, of which 1 begin `  - apiGroups:`; left: \"Lost.\"");
    }
}
